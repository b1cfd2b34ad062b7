"""Checks of the settings of a set's difficulties against each other."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from companion.beatmap import Mode
from companion.beatmap.numbers import number_or, whole_or
from companion.beatmap.storyboard import Shown
from companion.checks.check import Issue, SetCheck
from companion.checks.gameplay.edges import SHORTEST_BEAT_MS
from companion.checks.settings import switched_on
from companion.checks.story import events_of, own_storyboard
from companion.checks.wording import plain
from companion.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from companion.checks.check import Check
    from companion.checks.difficulty import Difficulty
    from companion.checks.mapset import Mapset

COUNTDOWN_BEATS = {0: 0.0, 1: 1.0, 2: 2.0, 3: 0.45}
"""How long a countdown takes, by its setting: none, normal, half, double (of six beats)."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting that a set's difficulties should have in common."""

    name: str
    severity: Severity
    value: Callable[[Difficulty], str]
    """In words."""
    matters: Callable[[Difficulty], bool] = lambda _: True
    """Whether anything comes of it in a difficulty; it counts where it does in two or more."""
    across_modes: bool = True
    key: str = ""
    """Where it stands, as ``Section/Key``, if the usual value can be copied."""


def _number(key: str, default: float = 0.0) -> Callable[[Difficulty], str]:
    return lambda one: plain(number_or(one.beatmap.general.get(key, ""), default), 4)


def _switch(key: str) -> Callable[[Difficulty], str]:
    return lambda one: "on" if switched_on(one, key) else "off"


def _tick_rate(one: Difficulty) -> str:
    return plain(one.beatmap.slider_tick_rate, 3)


def _countdown(one: Difficulty) -> str:
    setting = whole_or(one.beatmap.general.get("Countdown", ""), 1)
    return {1: "normal", 2: "half speed", 3: "double speed"}.get(setting, "off")


def has_countdown(difficulty: Difficulty) -> bool:
    """Whether a countdown is switched on, in a mode that has one, with enough time before the map.

    It takes six beats, five where the first beat comes after 5 ms; lazer and stable leave it out
    where there is no room.
    """
    beatmap = difficulty.beatmap
    setting = whole_or(beatmap.general.get("Countdown", ""), 1)
    if beatmap.mode in (Mode.TAIKO, Mode.MANIA) or setting == 0 or not beatmap.hit_objects:
        return False
    red = beatmap.timing_at(0)
    if red is None or red.beat_length < SHORTEST_BEAT_MS:
        return False
    first_beat_ms = red.time_ms % red.beat_length
    offset = number_or(beatmap.general.get("CountdownOffset", ""), 0.0)
    beats = ((5 if first_beat_ms > 5 else 6) + offset) * COUNTDOWN_BEATS.get(setting, 1.0)
    return round((beatmap.hit_objects[0].start_ms - first_beat_ms) / red.beat_length) >= beats


def _has_breaks(difficulty: Difficulty) -> bool:
    return bool(difficulty.beatmap.breaks)


def _has_video_or_storyboard(difficulty: Difficulty) -> bool:
    videos = any(event.kind is Shown.VIDEO for event in difficulty.fact(events_of))
    return videos or difficulty.fact(own_storyboard)


SETTINGS = (
    Setting(
        "set id",
        Severity.PROBLEM,
        lambda one: str(one.beatmap.beatmap_set_id),
        key="Metadata/BeatmapSetID",
    ),
    Setting("audio lead-in", Severity.WARNING, _number("AudioLeadIn"), key="General/AudioLeadIn"),
    Setting(
        "countdown", Severity.WARNING, _countdown, has_countdown, False, key="General/Countdown"
    ),
    Setting(
        "countdown offset",
        Severity.WARNING,
        _number("CountdownOffset"),
        has_countdown,
        False,
        key="General/CountdownOffset",
    ),
    Setting(
        "letterboxing in breaks",
        Severity.WARNING,
        _switch("LetterboxInBreaks"),
        _has_breaks,
        False,
        key="General/LetterboxInBreaks",
    ),
    Setting(
        "epilepsy warning",
        Severity.WARNING,
        _switch("EpilepsyWarning"),
        _has_video_or_storyboard,
        key="General/EpilepsyWarning",
    ),
    Setting(
        "widescreen support",
        Severity.WARNING,
        _switch("WidescreenStoryboard"),
        own_storyboard,
        key="General/WidescreenStoryboard",
    ),
    Setting(
        "storyboard in front of combo fire",
        Severity.WARNING,
        _switch("StoryFireInFront"),
        own_storyboard,
        key="General/StoryFireInFront",
    ),
    Setting(
        "use of skin sprites",
        Severity.WARNING,
        _switch("UseSkinSprites"),
        own_storyboard,
        key="General/UseSkinSprites",
    ),
    Setting(
        "samples at playback rate",
        Severity.WARNING,
        _switch("SamplesMatchPlaybackRate"),
        key="General/SamplesMatchPlaybackRate",
    ),
    Setting(
        "preferred skin",
        Severity.WARNING,
        lambda one: one.beatmap.general.get("SkinPreference", "") or "none",
    ),
    Setting(
        "storyboard of its own",
        Severity.WARNING,
        lambda one: "there" if one.fact(own_storyboard) else "missing",
    ),
    Setting(
        "slider tick rate",
        Severity.MINOR,
        _tick_rate,
        lambda one: one.mode is not Mode.MANIA,
        across_modes=False,
        key="Difficulty/SliderTickRate",
    ),
)


def find_inconsistent_settings(mapset: Mapset) -> Iterator[Issue]:
    """Settings that are not what most difficulties have, where they matter."""
    for setting in SETTINGS:
        groups = [mapset.difficulties]
        if not setting.across_modes:
            groups = list(mapset.by_mode.values())
        for group in groups:
            concerned = [one for one in group if setting.matters(one)]
            if len(concerned) > 1:
                yield from _unusual(setting, concerned)


def _unusual(setting: Setting, concerned: list[Difficulty]) -> Iterator[Issue]:
    values = [setting.value(one) for one in concerned]
    usual, _ = Counter(values).most_common(1)[0]
    model = concerned[values.index(usual)]
    section, _, key = setting.key.partition("/")
    text = _text_of(model, section, key)
    for one, value in zip(concerned, values, strict=True):
        if value != usual:
            yield Issue(
                severity=setting.severity,
                message=f"The {setting.name} is {value}, but {usual} in [{model.name}].",
                detail=setting.name,
                difficulty=one,
                fix=one.set_key(section, key, text) if text else (),
                fix_label=f"Take it from [{model.name}]",
            )


def _text_of(model: Difficulty, section: str, key: str) -> str:
    sections = {
        "General": model.beatmap.general,
        "Metadata": model.beatmap.metadata,
        "Difficulty": model.beatmap.difficulty,
    }
    return sections[section].get(key, "") if section else ""


def find_inconsistent_audio(mapset: Mapset) -> Iterator[Issue]:
    """Difficulties with another song than most, or with none."""
    names = [one.beatmap.audio_filename.lower() for one in mapset.difficulties]
    stated = [name for name in names if name]
    usual = Counter(stated).most_common(1)[0][0] if stated else ""
    for one, name in zip(mapset.difficulties, names, strict=True):
        if name and name == usual:
            continue
        message = (
            f"The song is “{one.beatmap.audio_filename}”, but “{usual}” in most difficulties."
            if name
            else "No song is named."
        )
        yield Issue(severity=Severity.PROBLEM, message=message, difficulty=one)


def find_set_for_hitsounds(mapset: Mapset) -> Iterator[Issue]:
    """Difficulties whose name says that they are there for their hit sounds only."""
    for one in mapset.difficulties:
        name = one.name.lower()
        start = name.find("hit")
        if (start >= 0 and "sound" in name[start:]) or name.strip() == "_hs_":
            yield Issue(
                severity=Severity.PROBLEM,
                message=f"[{one.name}] seems to be there for its hit sounds only; remove it.",
                difficulty=one,
            )


def find_inconsistent_videos(mapset: Mapset) -> Iterator[Issue]:
    """Videos that differ, or begin at another time."""
    for group in mapset.by_mode.values():
        yield from _other_videos(list(group))
    # Taiko's playfield covers videos; sets often leave them out there.
    first = [group[0] for mode, group in mapset.by_mode.items() if mode is not Mode.TAIKO]
    yield from _other_videos(first)
    starts: dict[str, list[tuple[int, Difficulty]]] = {}
    for one in mapset.difficulties:
        for event in one.fact(events_of):
            if event.kind is Shown.VIDEO:
                starts.setdefault(event.path.lower(), []).append((event.start_ms, one))
                break
    for path, uses in starts.items():
        usual, _ = Counter(ms for ms, _ in uses).most_common(1)[0]
        for ms, one in uses:
            if ms != usual:
                yield Issue(
                    severity=Severity.PROBLEM,
                    message=f"The video “{path}” begins at {ms} ms, but at {usual} ms elsewhere.",
                    detail="start",
                    difficulty=one,
                )


def _other_videos(group: list[Difficulty]) -> Iterator[Issue]:
    names = [_video(one) for one in group]
    if len(set(names)) < 2:
        return
    usual, _ = Counter(names).most_common(1)[0]
    model = group[names.index(usual)]
    for one, name in zip(group, names, strict=True):
        if name != usual:
            yield Issue(
                severity=Severity.WARNING,
                message=(
                    f"It has {f'the video “{name}”' if name else 'no video'}, but [{model.name}] "
                    f"has {f'“{usual}”' if usual else 'none'}."
                ),
                detail="video",
                difficulty=one,
            )


def _video(difficulty: Difficulty) -> str:
    events = difficulty.fact(events_of)
    return next((event.path for event in events if event.kind is Shown.VIDEO), "")


CHECKS: tuple[Check, ...] = (
    SetCheck(
        code="inconsistent_settings",
        title="Inconsistent settings",
        category="Settings",
        cause=(
            "Set id (problem), lead-in, countdown, letterboxing, epilepsy warning, preferred skin "
            "or a storyboard's switches (warning), or the slider tick rate (minor), is not what "
            "most difficulties have, and it matters in both."
        ),
        criterion="Settings should be the same in all difficulties that they matter in.",
        answers=("MapsetVerifier:InconsistentSettings", "lazer:InconsistentSettings"),
        differs="Each difficulty is measured once against the usual value, not against each other.",
        severities=(Severity.PROBLEM, Severity.WARNING, Severity.MINOR),
        find=find_inconsistent_settings,
    ),
    SetCheck(
        code="inconsistent_audio",
        title="Inconsistent song",
        category="Audio",
        cause="A difficulty names no song, or another one than most difficulties.",
        criterion="All difficulties of a set are made for the same audio file.",
        answers=("MapsetVerifier:MultipleAudio", "lazer:InconsistentAudio", "lazer:AudioPresence"),
        severities=(Severity.PROBLEM,),
        find=find_inconsistent_audio,
    ),
    SetCheck(
        code="hitsound_difficulty",
        title="Hit sound difficulties",
        category="Files",
        cause="A difficulty's name contains “hit … sound”, or is “_hs_”.",
        criterion="Difficulties that only hold hit sounds to copy are not uploaded.",
        answers=("MapsetVerifier:HitsoundDiff",),
        severities=(Severity.PROBLEM,),
        find=find_set_for_hitsounds,
    ),
    SetCheck(
        code="inconsistent_video",
        title="Inconsistent video",
        category="Resources",
        cause=(
            "Difficulties of a mode, or modes other than taiko, have different videos (warning), "
            "or the same one with another start (problem)."
        ),
        criterion="A set has one video that begins at one time.",
        answers=(
            "MapsetVerifier:MultipleVideo",
            "MapsetVerifier:VideoOffset",
            "lazer:VideoUsage",
        ),
        severities=(Severity.PROBLEM, Severity.WARNING),
        find=find_inconsistent_videos,
    ),
)
