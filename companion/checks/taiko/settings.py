"""Difficulty settings, base scroll speed and backgrounds of osu!taiko sets."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from companion.beatmap import Mode
from companion.beatmap.storyboard import Shown
from companion.checks.check import DifficultyCheck, Issue, SetCheck
from companion.checks.gameplay.durations import drain_ms
from companion.checks.level import Level, level_name
from companion.checks.story import events_of
from companion.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from companion.checks.difficulty import Difficulty
    from companion.checks.mapset import Mapset

TAIKO = frozenset({Mode.TAIKO})
OD = {Level.EASY: 3.0, Level.NORMAL: 4.0, Level.HARD: 5.0, Level.INSANE: 5.5}
HP = {
    Level.EASY: (9.0, 8.0, 7.0, 6.0),
    Level.NORMAL: (8.0, 7.0, 6.0, 5.0),
    Level.HARD: (7.0, 6.0, 5.0, 4.0),
    Level.INSANE: (7.0, 5.5, 5.0, 4.0),
}
"""By drain time: up to 1:00, then from there on, from 3:45 and from 4:45."""
DRAIN_MS = (60_000.0, 225_000.0, 285_000.0)
LEAST_FOR_PROGRESSION = 3


def find_settings(difficulty: Difficulty) -> Iterator[Issue]:
    """OD and HP that are not what is recommended for the level and the length."""
    beatmap = difficulty.beatmap
    lasting = difficulty.fact(drain_ms)
    short, long, longer = DRAIN_MS
    index = 0 if lasting <= short else 1 + (lasting >= long) + (lasting >= longer)
    name = level_name(difficulty.level, Mode.TAIKO)
    for setting, value, recommended, leniency, why in (
        ("OD", beatmap.od, OD[difficulty.level], 0.5, f"in {name}"),
        ("HP", beatmap.hp, HP[difficulty.level][index], 1.0, f"in {name} of this length"),
    ):
        off = round(abs(value - recommended), 4)
        if off > 0:
            yield Issue(
                severity=Severity.WARNING if off > leniency else Severity.MINOR,
                message=f"{setting} is {value:g}; {recommended:g} is usual {why}.",
                detail=setting,
            )


def find_base_velocity(mapset: Mapset) -> Iterator[Issue]:
    """Difficulties whose base slider velocity goes against the set's direction."""
    if len(mapset.difficulties) < LEAST_FOR_PROGRESSION:
        return
    ordered = sorted(mapset.difficulties, key=lambda one: (one.level, one.stars or 0.0))
    speeds = [round(one.beatmap.slider_multiplier, 2) for one in ordered]
    falls = sum(b < a for a, b in pairwise(speeds))
    rises = sum(b > a for a, b in pairwise(speeds))
    sign = 1 if falls <= rises else -1
    for (easier, slow), (harder, fast) in pairwise(zip(ordered, speeds, strict=True)):
        if (fast - slow) * sign < 0:
            yield Issue(
                severity=Severity.WARNING,
                message=(
                    f"The base slider velocity is {fast:.2f}, after {slow:.2f} in “{easier.name}”; "
                    f"elsewhere in the set it {'rises' if sign > 0 else 'falls'} with difficulty."
                ),
                difficulty=harder,
            )


def find_background_offsets(mapset: Mapset) -> Iterator[Issue]:
    """Backgrounds that are moved sideways, or not alike in all difficulties."""
    first: dict[str, tuple[float, Difficulty]] = {}
    for difficulty in mapset.difficulties:
        for event in difficulty.fact(events_of):
            if event.kind is not Shown.BACKGROUND:
                continue
            x, y = event.offset_px
            if x:
                yield Issue(
                    severity=Severity.WARNING,
                    message=f"The background is moved {x:g} px sideways.",
                    detail=f"x|{event.path}",
                    difficulty=difficulty,
                )
            usual, other = first.setdefault(event.path.lower(), (y, difficulty))
            if y != usual:
                yield Issue(
                    severity=Severity.WARNING,
                    message=(
                        f"The background is moved {y:g} px down, but {usual:g} px in "
                        f"“{other.name}”."
                    ),
                    detail=f"y|{event.path}",
                    difficulty=difficulty,
                )


CHECKS = (
    DifficultyCheck(
        code="taiko_settings_range",
        title="Difficulty settings outside of the recommended values",
        category="Settings",
        cause=(
            "OD is not 3, 4, 5 or 5.5 (warning beyond 0.5), or HP not what suits the level and the "
            "drain time (warning beyond 1)."
        ),
        criterion=(
            "Each level has recommended values for overall difficulty and HP drain rate, the "
            "latter by length."
        ),
        answers=("MapsetVerifier:DiffSettingsTaiko",),
        severities=(Severity.WARNING, Severity.MINOR),
        modes=TAIKO,
        levels=frozenset(OD),
        find=find_settings,
    ),
    SetCheck(
        code="taiko_base_velocity",
        title="Base slider velocity out of order",
        category="Settings",
        cause=(
            "In a set of three or more the base slider velocity neither only rises nor only falls "
            "with difficulty."
        ),
        criterion="The base slider velocity should be the same, or change one way through the set.",
        answers=("MapsetVerifier:BaseSvProgression",),
        severities=(Severity.WARNING,),
        modes=TAIKO,
        find=find_base_velocity,
    ),
    SetCheck(
        code="taiko_background_offset",
        title="Background offsets",
        category="Design",
        cause=(
            "A background is moved sideways, or not as far down as the same one of another "
            "difficulty."
        ),
        criterion=(
            "The background should be placed under the playfield in the same way in all "
            "difficulties."
        ),
        answers=("MapsetVerifier:BgOffsetIssues",),
        severities=(Severity.WARNING,),
        modes=TAIKO,
        find=find_background_offsets,
    ),
)
