"""Checks of what the player hears."""

from __future__ import annotations

from itertools import groupby, pairwise
from typing import TYPE_CHECKING

from companion.beatmap import Mode, Slider, TimeRange
from companion.checks.check import DifficultyCheck, Issue, name_of
from companion.checks.gameplay.sounds import ADDITIONS, WHISTLE, Sound, sounds
from companion.checks.summaries import summarised
from companion.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from companion.beatmap import Beatmap
    from companion.checks.check import Check
    from companion.checks.difficulty import Difficulty

FEW_OBJECTS = 10
"""A map with fewer objects than this is only begun."""

STRETCH_WARNING_MS, STRETCH_WARNING_OBJECTS = 10_000.0, 8
STRETCH_PROBLEM_MS, STRETCH_PROBLEM_OBJECTS = 30_000.0, 16

QUIET_PERCENT, FAINT_PERCENT = 20, 10


def find_silent_stretches(difficulty: Difficulty) -> Iterator[Issue]:
    """Long stretches in which nothing but the plain hit sound is heard."""
    beatmap = difficulty.beatmap
    if len(beatmap.hit_objects) < FEW_OBJECTS:
        return
    heard = difficulty.fact(sounds)
    marked = list(_standing_out(heard))
    if not marked:
        yield Issue(
            severity=Severity.PROBLEM,
            message="The map has no hit sounds at all.",
            at=TimeRange(int(beatmap.hit_objects[0].start_ms), int(beatmap.last_ms) + 1),
            detail="none",
        )
        return
    for before, after in pairwise([-1, *marked, len(heard)]):
        plain = heard[before + 1 : after]
        if plain:
            yield from _stretch(plain, beatmap)


def _standing_out(heard: Sequence[Sound]) -> Iterator[int]:
    """Which sounds have an addition or a sample of their own, or differ from the one before."""
    before: tuple[int, int, int] | None = None
    for n, sound in enumerate(heard):
        sets = sound.normal_set, sound.addition_set, sound.custom_index
        if sound.hitsound & ADDITIONS or sound.custom or (before is not None and sets != before):
            yield n
        before = sets


def _stretch(plain: Sequence[Sound], beatmap: Beatmap) -> Iterator[Issue]:
    start_ms, end_ms = plain[0].time_ms, plain[-1].time_ms
    if end_ms - start_ms < STRETCH_WARNING_MS:
        return
    played_ms = (end_ms - start_ms) - sum(
        max(0.0, min(end_ms, pause.end_ms) - max(start_ms, pause.start_ms))
        for pause in beatmap.breaks
    )
    count = len({sound.item.line for sound in plain})
    if played_ms >= STRETCH_PROBLEM_MS and count >= STRETCH_PROBLEM_OBJECTS:
        severity = Severity.PROBLEM
    elif played_ms >= STRETCH_WARNING_MS and count >= STRETCH_WARNING_OBJECTS:
        severity = Severity.WARNING
    else:
        return
    yield Issue(
        severity=severity,
        message=f"{count} objects over {played_ms / 1000:.0f} s have no hit sounds.",
        at=TimeRange(int(start_ms), int(end_ms) + 1),
        detail=f"from {plain[0].item.start_ms:.0f}",
        objects=(plain[0].item,),
    )


def find_muted(difficulty: Difficulty) -> Iterator[Issue]:
    """Runs of objects that can hardly be heard."""
    if all(sound.volume > QUIET_PERCENT for sound in difficulty.fact(sounds)):
        return
    run: list[Sound] = []
    level: Severity | None = None
    for _, group in groupby(difficulty.fact(sounds), key=lambda sound: sound.item.line):
        quietest = min(group, key=_faintness)
        severity = _faint_severity(quietest)
        if severity != level and run:
            yield _muted(run, level, difficulty.mode)
            run = []
        level = severity
        if severity is not None:
            run.append(quietest)
    if run:
        yield _muted(run, level, difficulty.mode)


def _faintness(sound: Sound) -> tuple[int, int]:
    order = {Severity.WARNING: 0, Severity.MINOR: 1, None: 2}
    return order[_faint_severity(sound)], sound.volume


def _faint_severity(sound: Sound) -> Severity | None:
    if sound.volume <= FAINT_PERCENT:
        return Severity.WARNING if sound.active else Severity.MINOR
    if sound.active and sound.volume <= QUIET_PERCENT:
        return Severity.MINOR
    return None


def _muted(run: Sequence[Sound], severity: Severity | None, mode: Mode) -> Issue:
    volumes = sorted({sound.volume for sound in run})
    heard = f"{volumes[0]} %" if len(volumes) == 1 else f"{volumes[0]} to {volumes[-1]} %"
    first, last = run[0], run[-1]
    if len(run) == 1:
        name = name_of(first.item, mode)
        part = f"{name}'s end or a repeat" if isinstance(first.item, Slider) else name
        part = name if first.active else part
        message = f"The {part} has a volume of {heard} and can hardly be heard."
    else:
        message = f"{len(run)} objects in a row have a volume of {heard}."
    return Issue(
        severity=severity or Severity.MINOR,
        message=message,
        at=TimeRange(int(first.item.start_ms), int(last.item.end_ms) + 1),
        objects=(first.item,),
        detail=heard,
    )


def find_body_additions(difficulty: Difficulty) -> Iterator[Issue]:
    """Runs of sliders whose body has a whistle, which sounds all along it."""
    for has, group in groupby(
        (item for item in difficulty.beatmap.hit_objects if isinstance(item, Slider)),
        key=lambda item: item.stated_sounds is None and bool(item.hitsound & WHISTLE),
    ):
        if not has:
            continue
        run = list(group)
        who = "The slider's body has" if len(run) == 1 else f"The bodies of {len(run)} sliders have"
        yield Issue(
            severity=Severity.MINOR,
            message=f"{who} a whistle; make sure that it is meant to sound all along.",
            objects=(run[0],),
            at=TimeRange(int(run[0].start_ms), int(run[-1].end_ms) + 1),
            detail="body",
        )


CHECKS: tuple[Check, ...] = (
    DifficultyCheck(
        code="missing_hitsounds",
        title="Missing hit sounds",
        category="Hit Sounds",
        cause=(
            "There is no hit sound at all, or 8 objects over 10 s (16 over 30 s: problem) without "
            "an addition, a sample of their own or a change of the sample set."
        ),
        criterion=(
            "Hit sounds have to follow the song: additions or sample sets should be heard "
            "throughout, without long stretches of the bare sound."
        ),
        answers=(
            "MapsetVerifier:HitSounds",
            "lazer:FewHitsounds",
            "lazer:CatchFewHitsounds",
        ),
        differs=(
            "Both tools add up a score of time and objects with different weights; a plain "
            "duration and a number of objects can be followed by hand, and mappers asked for more "
            "patience."
        ),
        severities=(Severity.PROBLEM, Severity.WARNING),
        modes=frozenset({Mode.OSU, Mode.CATCH}),
        find=find_silent_stretches,
    ),
    DifficultyCheck(
        code="muted_objects",
        title="Muted objects",
        category="Hit Sounds",
        cause=(
            "What has to be pressed sounds at 10 % or less (warning) or 20 % or less (minor), or "
            "a slider's end or repeat at 10 % or less (minor)."
        ),
        criterion="What the player presses has to give audible feedback.",
        answers=("MapsetVerifier:Muted", "lazer:MutedObjects"),
        differs=(
            "Mapset Verifier's 10 and 20 %; lazer calls 5 % a problem, which many ranked maps "
            "break on purpose."
        ),
        severities=(Severity.WARNING, Severity.MINOR),
        find=summarised(find_muted),
    ),
    DifficultyCheck(
        code="slider_body_whistle",
        title="Whistles on slider bodies",
        category="Hit Sounds",
        cause="A slider has a whistle for its body, beside the sounds of its edges.",
        criterion="What sounds along a slider is chosen on purpose.",
        answers=("MapsetVerifier:HitSoundConsistency",),
        differs=(
            "Finish and clap make no sound on a body. Sliders whose line has no sounds for its "
            "edges are left out: there the body's are theirs. Neighbours are one finding."
        ),
        severities=(Severity.MINOR,),
        modes=frozenset({Mode.OSU, Mode.CATCH}),
        find=summarised(find_body_additions),
    ),
)
