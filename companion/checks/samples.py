"""Checks of the hit sound files in a set's folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from companion.beatmap import Mode, TimeRange
from companion.beatmap.storyboard import Shown
from companion.checks.check import DifficultyCheck, FolderCheck, Issue
from companion.checks.files import bare_name
from companion.checks.gameplay.durations import drain_ms
from companion.checks.gameplay.sample_names import SampleUse, sample_use
from companion.checks.gameplay.sounds import FINISH, sounds
from companion.checks.media.sounds import SILENT_PEAK, format_of, sample_of
from companion.checks.skin_files import is_hit_sound
from companion.checks.story import events_of, shared_events
from companion.checks.wording import counted, listed
from companion.findings import Severity, timestamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from companion.beatmap.folder_files import FolderFile
    from companion.beatmap.storyboard import StoryEvent
    from companion.checks.check import Check
    from companion.checks.difficulty import Difficulty
    from companion.checks.mapset import Folder

HEADER_BYTES = 16
SAMPLE_FORMATS = {"wav": (".wav",), "ogg": (".ogg",), "mp3": (".mp3",)}
DELAY_MS = 5
SHORTEST_S = 0.025
BLANK_BYTES = 44
"""A WAV file that has a header and nothing else: osu!'s own ``blank.wav``."""
UNEVEN = 2.0
"""One side is this many times as loud as the other."""
OFTEN_MS = 10_000.0
"""A sound that comes more often than this, on average, is heard all the time."""
FINISH_OFTEN_MS = 2_000.0
DRUM = 3


@dataclass(frozen=True, slots=True)
class Played:
    """A hit sound file that is there and played."""

    file: FolderFile
    stem: str
    users: tuple[tuple[Difficulty, SampleUse], ...]

    @property
    def pressed_at(self) -> tuple[Difficulty, float] | None:
        """Where it first answers a press; None where it never does."""
        for one, use in self.users:
            if self.stem in use.first_press_ms:
                return one, use.first_press_ms[self.stem]
        return None


def played_samples(folder: Folder) -> list[Played]:
    """The hit sound files that some difficulty plays."""
    uses = [(one, one.fact(sample_use)) for one in folder.mapset.difficulties]
    found: list[Played] = []
    for file in folder.files:
        if file.extension not in (".wav", ".ogg", ".mp3"):
            continue
        stem = file.name.lower().removesuffix(file.extension)
        users = tuple((one, use) for one, use in uses if stem in use.names)
        if users:
            found.append(Played(file, stem, users))
    return found


def _format(file: FolderFile) -> str:
    return format_of(file.head(HEADER_BYTES) or b"")


def find_bad_sample_formats(folder: Folder) -> Iterator[Issue]:
    """Hit sounds in formats that begin late, or that the game cannot play."""
    for played in folder.fact(played_samples):
        file = played.file
        if not file.size_bytes:
            continue
        kind = file.fact(_format)
        if kind == "mp3" and played.pressed_at is not None:
            one, ms = played.pressed_at
            yield Issue(
                severity=Severity.PROBLEM,
                message=(
                    f"“{file.name}” is MP3, which begins with a short silence, and is played for a "
                    f"press at {timestamp(ms)} in [{one.name}]; use WAV or Ogg."
                ),
                file=file.name,
            )
        elif kind not in SAMPLE_FORMATS:
            yield Issue(
                severity=Severity.PROBLEM,
                message=f"“{file.name}” is neither WAV nor Ogg.",
                file=file.name,
            )
        elif file.extension not in SAMPLE_FORMATS[kind]:
            yield Issue(
                severity=Severity.WARNING,
                message=f"“{file.name}” is {kind.upper()}, whatever its name says.",
                file=file.name,
                detail="extension",
            )


def find_delayed_samples(folder: Folder) -> Iterator[Issue]:
    """Hit sounds for presses that begin late."""
    for played in folder.fact(played_samples):
        sample = played.file.fact(sample_of)
        if sample is None or played.pressed_at is None or sample.peak < SILENT_PEAK:
            continue
        late_ms = sample.silence_ms + sample.rise_ms
        if late_ms < 1:
            continue
        if sample.silence_ms >= DELAY_MS:
            severity = Severity.PROBLEM
        else:
            severity = Severity.WARNING if late_ms >= DELAY_MS else Severity.MINOR
        yield Issue(
            severity=severity,
            message=(
                f"“{played.file.name}” begins with {sample.silence_ms} ms of silence and takes "
                f"{sample.rise_ms} ms more to be heard."
            ),
            file=played.file.name,
        )


def find_short_samples(folder: Folder) -> Iterator[Issue]:
    """Hit sounds too short for some sound cards."""
    for file in _hit_sounds(folder):
        sample = file.fact(sample_of)
        if sample is not None and 0 < sample.seconds < SHORTEST_S:
            yield Issue(
                severity=Severity.PROBLEM,
                message=f"“{file.name}” lasts {sample.seconds * 1000:.0f} ms; 25 ms are needed.",
                file=file.name,
            )


def find_silent_samples(folder: Folder) -> Iterator[Issue]:
    """Silent hit sounds that are not the smallest possible file."""
    for file in _hit_sounds(folder):
        sample = file.fact(sample_of)
        if sample is None or file.size_bytes in (0, BLANK_BYTES):
            continue
        if sample.peak < SILENT_PEAK:
            yield Issue(
                severity=Severity.PROBLEM,
                message=(
                    f"“{file.name}” cannot be heard; use osu!'s blank.wav of {BLANK_BYTES} bytes."
                ),
                file=file.name,
            )


def _hit_sounds(folder: Folder) -> Iterator[FolderFile]:
    """Files that are hit sounds by their name or their use."""
    played = {one.file.name for one in folder.fact(played_samples)}
    for file in folder.files:
        if file.name in played or is_hit_sound(bare_name(file.name)):
            yield file


def find_uneven_samples(folder: Folder) -> Iterator[Issue]:
    """Hit sounds that come from one side."""
    for played in folder.fact(played_samples):
        sample = played.file.fact(sample_of)
        if sample is None or sample.peak < SILENT_PEAK:
            continue
        loud, faint = max(sample.left, sample.right), min(sample.left, sample.right)
        side = "left" if sample.left > sample.right else "right"
        if faint > 0 and loud / faint < UNEVEN:
            continue
        if faint == 0:
            severity, words = Severity.WARNING, f"is heard on the {side} only"
        else:
            often = any(
                use.edges[played.stem] * OFTEN_MS > one.fact(drain_ms) for one, use in played.users
            )
            severity = Severity.WARNING if often else Severity.MINOR
            words = f"is {loud / faint:.1f} times as loud on the {side}"
        yield Issue(
            severity=severity,
            message=f"“{played.file.name}” {words}.",
            file=played.file.name,
        )


def find_common_finishes(difficulty: Difficulty) -> Iterator[Issue]:
    """Cymbals all the time."""
    moments = {
        round(sound.time_ms)
        for sound in difficulty.fact(sounds)
        if sound.additions & FINISH and sound.addition_set != DRUM and not sound.custom
    }
    count = len(moments)
    length_ms = difficulty.fact(drain_ms)
    if count * FINISH_OFTEN_MS > length_ms > 0:
        yield Issue(
            severity=Severity.WARNING,
            message=(
                f"A normal or soft finish is played {counted(count, 'time')}, every "
                f"{length_ms / count / 1000:.1f} s on average; cymbals stand out less that way."
            ),
        )


def find_story_sounds(difficulty: Difficulty) -> Iterator[Issue]:
    """Sounds that the difficulty's own storyboard plays."""
    yield from _story_sounds(difficulty.fact(events_of))


def find_shared_story_sounds(folder: Folder) -> Iterator[Issue]:
    """Sounds that the set's storyboard plays."""
    if set(folder.mapset.by_mode) - {Mode.MANIA}:
        yield from _story_sounds(folder.fact(shared_events))


def _story_sounds(events: Iterable[StoryEvent]) -> Iterator[Issue]:
    found = [event for event in events if event.kind is Shown.SAMPLE]
    if not found:
        return
    first = min(event.start_ms for event in found)
    names = listed(dict.fromkeys(event.path for event in found))
    yield Issue(
        severity=Severity.WARNING,
        message=f"The storyboard plays {counted(len(found), 'sound')}: {names}.",
        at=TimeRange(first, first + 1),
        detail="story",
    )


CHECKS: tuple[Check, ...] = (
    DifficultyCheck(
        code="storyboard_sounds",
        title="Sounds of the storyboard",
        category="Events",
        cause="The difficulty's own storyboard plays sounds.",
        criterion="What is heard in the map comes from its objects, mania apart.",
        answers=("MapsetVerifier:StoryHitSounds",),
        differs="One finding for all sounds.",
        severities=(Severity.WARNING,),
        modes=frozenset({Mode.OSU, Mode.TAIKO, Mode.CATCH}),
        find=find_story_sounds,
    ),
    FolderCheck(
        code="shared_storyboard_sounds",
        title="Sounds of the set's storyboard",
        category="Events",
        cause="The set's .osb plays sounds.",
        criterion="What is heard in the map comes from its objects, mania apart.",
        answers=("MapsetVerifier:StoryHitSounds",),
        differs="One finding for all sounds.",
        severities=(Severity.WARNING,),
        modes=frozenset({Mode.OSU, Mode.TAIKO, Mode.CATCH}),
        find=find_shared_story_sounds,
    ),
    DifficultyCheck(
        code="common_finish",
        title="Frequent finishes",
        category="Audio",
        cause="Finishes of the normal or soft set come every 2 s of drain time or more often.",
        criterion="Cymbals are for the strong beats; all the time they tire the ear.",
        answers=("MapsetVerifier:CommonFinish",),
        differs="It counts moments, whatever files they play; Mapset Verifier looks at each file.",
        severities=(Severity.WARNING,),
        modes=frozenset({Mode.OSU, Mode.CATCH, Mode.MANIA}),
        find=find_common_finishes,
    ),
    FolderCheck(
        code="sample_format",
        title="Format of hit sounds",
        category="Audio",
        cause=(
            "A played hit sound is MP3 and answers presses, or is neither WAV nor Ogg (problem); "
            "or its extension says otherwise (warning)."
        ),
        criterion="Hit sounds are WAV or Ogg; MP3 begins with a silence.",
        answers=("MapsetVerifier:HitSoundFormat", "lazer:HitsoundsFormat"),
        severities=(Severity.PROBLEM, Severity.WARNING),
        find=find_bad_sample_formats,
    ),
    FolderCheck(
        code="sample_delay",
        title="Delayed hit sounds",
        category="Audio",
        cause=(
            "A hit sound that answers presses begins with 5 ms of silence (problem), or takes 5 ms "
            "(warning) or 1 ms (minor) with silence and rise together."
        ),
        criterion="A hit sound is heard at the press.",
        answers=("MapsetVerifier:HitSoundDelay", "lazer:DelayedHitsounds"),
        severities=(Severity.PROBLEM, Severity.WARNING, Severity.MINOR),
        find=find_delayed_samples,
    ),
    FolderCheck(
        code="sample_length",
        title="Short hit sounds",
        category="Audio",
        cause="A hit sound lasts less than 25 ms, but longer than 0.",
        criterion="Hit sounds last 25 ms at least: some sound cards play nothing shorter.",
        answers=("MapsetVerifier:HitSoundLength", "lazer:TooShortAudioFiles"),
        severities=(Severity.PROBLEM,),
        find=find_short_samples,
    ),
    FolderCheck(
        code="silent_sample",
        title="Silent hit sounds",
        category="Hit Sounds",
        cause="A hit sound's peak is below 0.01, and it is not osu!'s 44-byte blank.wav.",
        criterion="Silence is osu!'s own blank.wav, which is as small as a sound can be.",
        answers=("MapsetVerifier:SilentHitSounds",),
        severities=(Severity.PROBLEM,),
        find=find_silent_samples,
    ),
    FolderCheck(
        code="sample_balance",
        title="One-sided hit sounds",
        category="Audio",
        cause=(
            "One side of a played hit sound is silent, or half as loud as the other while the "
            "sound comes every 10 s (warning), or more seldom (minor)."
        ),
        criterion="Hit sounds come from the middle.",
        answers=("MapsetVerifier:HitSoundImbalance",),
        severities=(Severity.WARNING, Severity.MINOR),
        find=find_uneven_samples,
    ),
)
