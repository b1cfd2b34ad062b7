"""Green lines for a section: the velocities and volumes that its objects ask for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from companion.beatmap import TimingPoint
from companion.beatmap.timing import KIAI_BIT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from companion.beatmap import Beatmap, TimeRange

NEUTRAL_VELOCITY = 1.0
SAME_VELOCITY = 1e-6


@dataclass(frozen=True, slots=True)
class Wish:
    """What should be in force from a moment on; ``None`` is as it is."""

    time_ms: int
    velocity: float | None = None
    volume: int | None = None


def green_lines(
    wishes: Iterable[Wish], beatmap: Beatmap, wanted: TimeRange, *, change_volumes: bool = True
) -> tuple[TimingPoint, ...]:
    """The green lines that fulfil wishes in a range, in place of those that are there.

    Kiai and sample sets stay what they are at every moment, and nothing is written that is in force
    anyway. The map's red lines keep resetting the velocity. Without `change_volumes`, volumes stay
    what they are, too, whatever is wished for.
    """
    by_time = {
        wish.time_ms: wish
        for wish in _kept_changes(beatmap, wanted, with_volumes=not change_volumes)
    }
    for wish in wishes if change_volumes else _with_own_volumes(wishes, beatmap):
        known = by_time.get(wish.time_ms, Wish(wish.time_ms))
        by_time[wish.time_ms] = Wish(
            wish.time_ms,
            known.velocity if wish.velocity is None else wish.velocity,
            known.volume if wish.volume is None else wish.volume,
        )
    reds = [red for red in beatmap.red_lines if wanted.contains(red.time_ms)]
    state = _state_before(beatmap, wanted)
    made: list[TimingPoint] = []
    for time_ms in sorted(by_time):
        while reds and reds[0].time_ms <= time_ms:
            state = reds.pop(0)
        point = _fulfilled(by_time[time_ms], state, beatmap)
        if point is not None:
            made.append(point)
            state = point
    return tuple(made)


def _fulfilled(wish: Wish, state: TimingPoint, beatmap: Beatmap) -> TimingPoint | None:
    """The green line for a wish; ``None`` when what is in force does."""
    governing = beatmap.timing.point_at(wish.time_ms) or state
    velocity = state.velocity if wish.velocity is None else wish.velocity
    volume = state.volume if wish.volume is None else wish.volume
    if (
        abs(velocity - state.velocity) < SAME_VELOCITY
        and volume == state.volume
        and governing.kiai == state.kiai
        and governing.sample_set == state.sample_set
        and governing.sample_index == state.sample_index
    ):
        return None
    return TimingPoint(
        time_ms=float(wish.time_ms),
        beat_length=-100.0 / velocity,
        meter=governing.meter,
        sample_set=governing.sample_set,
        sample_index=governing.sample_index,
        volume=volume,
        uninherited=False,
        effects=governing.effects & KIAI_BIT,
    )


def _state_before(beatmap: Beatmap, wanted: TimeRange) -> TimingPoint:
    before = beatmap.timing.point_at(wanted.start_ms - 1)
    if before is not None:
        return before
    first = beatmap.timing_points[0] if beatmap.timing_points else TimingPoint(0.0, 500.0)
    return replace(first, beat_length=-100.0 / NEUTRAL_VELOCITY, uninherited=False)


def _with_own_volumes(wishes: Iterable[Wish], beatmap: Beatmap) -> Iterable[Wish]:
    for wish in wishes:
        governing = beatmap.timing.point_at(wish.time_ms)
        yield replace(wish, volume=None if governing is None else governing.volume)


def _kept_changes(beatmap: Beatmap, wanted: TimeRange, *, with_volumes: bool) -> Iterable[Wish]:
    """Moments in the range at which kiai or the sounds' set changes, and the volume if wanted."""
    for before, point in pairwise(beatmap.timing_points):
        changes = (point.kiai, point.sample_set, point.sample_index) != (
            before.kiai,
            before.sample_set,
            before.sample_index,
        )
        louder = with_volumes and point.volume != before.volume
        if (changes or louder) and not point.uninherited and wanted.contains(point.time_ms):
            yield Wish(int(point.time_ms), volume=point.volume if with_volumes else None)
