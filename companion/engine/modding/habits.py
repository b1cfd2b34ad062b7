"""What a map's objects are usually like at a place of the bar: what a model does not see at once.

A model judges a window of some seconds. A mapper claps on the second and fourth beat for a minute,
and begins a combo every other bar: an object that is unlike those at the same place of the bars
around it stands out from all of them. All estimates leave out the object that they are about.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from companion.engine.events import HEAD_TYPES, EventType

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

    from companion.beatmap import Beatmap, TimingPoint
    from companion.engine.events import Event
    from companion.engine.modding.groups import Group

HABITS: tuple[str, ...] = (
    "habit.sound.bits",
    "habit.sound.entropy",
    "habit.sound.near",
    "habit.combo.bits",
    "habit.combo.near",
    "habit.kind.bits",
    "habit.kind.near",
    "habit.start.bits",
    "habit.start.near",
    "habit.end.near",
    "habit.skipped",
    "habit.next.skipped",
)
"""Names of an object's numbers: how surprising its additions, its new combo (or that it has none)
and its being long or not are, given its place in the bar; how seldom anything starts there, and
starts or ends where it ends; and how often something does in the stretch before it and before the
next object, where nothing is. ``near`` is by the bars around."""

PER_BEAT = 12
"""Slots; what is on no tick of 1/12 belongs to the nearest one."""
_TICK = PER_BEAT // 4
NEAR_BARS = 8
"""So many bars before and after an object are around it, of which every other one is compared."""
NEAR_STARTS_BARS = 4
"""The same where only starts are counted, in every bar."""
SHORTEST_BEAT_MS, LONGEST_BEAT_MS = 60.0, 6000.0
"""Red lines beyond are tricks, and there are no bars."""
MOST_SLOTS = 1 << 20
_PRIOR = 2.0
"""As many objects as what is usual elsewhere counts for."""
_N_ADDITIONS = 8
_LONG = frozenset({EventType.SLIDER_HEAD, EventType.HOLD_NOTE})
_ENDS = frozenset({EventType.LAST_ANCHOR, EventType.SLIDER_END, EventType.SPINNER_END})

Whole = NDArray[np.int64]
Real = NDArray[np.float64]


def habits_of(
    groups: Sequence[Group], events: Sequence[Event], beatmap: Beatmap
) -> dict[int, Real]:
    """Numbers of each object in the order of ``HABITS``, by the first event of its head's group.

    Args:
        groups: The context's.
        events: The context's.
        beatmap: Whose red lines say where bars begin.
    """
    objects = _Objects.of(groups, events)
    grid = _Grid.of(objects, beatmap.red_lines)
    if grid is None:
        return {}
    sound, combo = grid.usual(objects.additions, _N_ADDITIONS), grid.usual(objects.combos, 2)
    kind = grid.usual(objects.long, 2)
    starts = grid.around_slots(grid.slots)
    skipped = grid.skipped(*starts)
    columns = [
        *(sound.bits, sound.entropy_bits, sound.near_bits),
        *(combo.bits, combo.near_bits),
        *(kind.bits, kind.near_bits),
        *grid.start_bits(*starts),
        grid.end_bits(),
        skipped,
        np.append(skipped[1:], 0.0),
    ]
    rows = np.where(grid.known[:, None], np.stack(columns, axis=1), 0.0)
    return dict(zip(objects.first_events, rows, strict=True))


@dataclass(frozen=True, slots=True, eq=False)
class _Objects:
    """Arrays of shape (n,)."""

    first_events: list[int]
    times_ms: Real
    ends_ms: Real
    additions: Whole
    combos: Whole
    """1 with a new combo."""
    long: Whole
    """1 for sliders and hold notes."""

    @classmethod
    def of(cls, groups: Sequence[Group], events: Sequence[Event]) -> Self:
        first_events: list[int] = []
        times: list[int] = []
        ends: list[int] = []
        values: list[tuple[int, int, int]] = []
        for group in groups:
            if group.kind in HEAD_TYPES:
                parts = {one.kind: one.value for one in events[group.start : group.end]}
                first_events.append(group.start)
                times.append(group.time_ms)
                ends.append(group.time_ms)
                additions = parts.get(EventType.HITSOUND, 0) % _N_ADDITIONS
                values.append((additions, EventType.NEW_COMBO in parts, group.kind in _LONG))
            elif group.kind in _ENDS and ends:
                ends[-1] = max(ends[-1], group.time_ms)
        columns = np.array(values, dtype=np.int64).reshape(-1, 3).T
        return cls(first_events, np.array(times, float), np.array(ends, float), *columns)


@dataclass(frozen=True, slots=True, eq=False)
class _Usual:
    """How surprising the values of objects are, shape = (n,) each."""

    bits: Real
    entropy_bits: Real
    near_bits: Real


@dataclass(frozen=True, slots=True, eq=False)
class _Grid:
    """The slots of all bars with objects, section after section of the red lines.

    Arrays are of shape (n,), one value per object, unless said otherwise.
    """

    slots: Whole
    """Counted through all sections; they start at whole bars."""
    end_slots: Whole
    sections: Whole
    bar_slots: Whole
    """Length of a bar."""
    bars: Whole
    """Counted through all sections."""
    bounds: Whole
    """First slot of each section, and the end, shape = (n_sections + 1,)."""
    known: NDArray[np.bool_]
    """False where the red line is a trick."""

    @classmethod
    def of(cls, objects: _Objects, red_lines: Sequence[TimingPoint]) -> Self | None:
        """None without objects or beats, or where there are far too many."""
        if not len(objects.times_ms) or not red_lines:
            return None
        starts = np.array([line.time_ms for line in red_lines])
        beats = np.array([line.beat_length for line in red_lines])
        sane = (beats >= SHORTEST_BEAT_MS) & (beats <= LONGEST_BEAT_MS)
        beats = np.where(sane, beats, LONGEST_BEAT_MS)
        lengths = np.array([PER_BEAT * line.meter for line in red_lines], dtype=np.int64)
        # Of two lines at one time the later one counts; what lies before all is the first one's.
        section = np.clip(np.searchsorted(starts, objects.times_ms + 0.5) - 1, 0, None)
        used, section = np.unique(section, return_inverse=True)
        starts, beats, lengths, sane = starts[used], beats[used], lengths[used], sane[used]

        def local(times_ms: Real) -> Whole:
            beat = (times_ms - starts[section]) / beats[section]
            return np.round(PER_BEAT * beat).astype(np.int64)

        here, ends, length = local(objects.times_ms), local(objects.ends_ms), lengths[section]
        bar = here // length
        first = np.full(len(used), np.iinfo(np.int64).max)
        last = np.full(len(used), np.iinfo(np.int64).min)
        np.minimum.at(first, section, bar)
        np.maximum.at(last, section, bar)
        n_bars = last - first + 1
        bounds = np.concatenate([[0], np.cumsum(n_bars * lengths)])
        if bounds[-1] > MOST_SLOTS:
            return None
        bars_before = np.concatenate([[0], np.cumsum(n_bars)[:-1]])
        shift = bounds[:-1][section] - first[section] * length
        bars = bar - first[section] + bars_before[section]
        return cls(here + shift, ends + shift, section, length, bars, bounds, sane[section])

    def usual(self, values: Whole, n: int) -> _Usual:
        """How surprising values of 0 to n - 1 are where they stand."""
        own = np.eye(n)[values]
        places = (self.slots - self.bounds[self.sections]) % self.bar_slots
        all_objects = own.sum(0) - own
        everywhere = (all_objects + 0.5) / (len(own) - 1 + 0.5 * n)
        at_place = _shares(self._around(places, own, reach=None), everywhere)
        pairs = places + self.bar_slots * (self.bars % 2)
        near = _shares(self._around(pairs, own, reach=NEAR_BARS), at_place)
        rows = np.arange(len(own))
        bits = -np.log2(at_place)
        return _Usual(bits[rows, values], (at_place * bits).sum(1), -np.log2(near)[rows, values])

    def _around(self, places: Whole, own: Real, reach: int | None) -> Real:
        """Sum of the others' rows at the same place, of bars within reach; shape as ``own``."""
        room = int(self.bars[-1]) + 2 * NEAR_BARS + 1
        keys = places * room + self.bars
        order = np.argsort(keys, kind="stable")
        ordered = keys[order]
        low = keys - reach if reach is not None else places * room
        high = keys + reach if reach is not None else places * room + room - 1
        sums = np.concatenate([np.zeros((1, own.shape[1])), np.cumsum(own[order], axis=0)])
        past, first = np.searchsorted(ordered, high, "right"), np.searchsorted(ordered, low)
        return sums[past] - sums[first] - own

    def start_bits(self, found: Real, n_bars: Real) -> tuple[Real, Real]:
        """How seldom an object starts at the place of a bar: in all, and in the bars around.

        Args:
            found: In how many of the bars around one does, see `around_slots`.
            n_bars: How many bars there are around.
        """
        at, rows = np.unique(self.slots, return_index=True)
        section = self.sections[rows]
        counts = np.bincount((at - self.bounds[section]) % self.bar_slots[rows])
        place = (self.slots - self.bounds[self.sections]) % self.bar_slots
        share = (counts[place] - 1 + 0.25) / (int(self.bars[-1]) + 1)
        near = (found[self.slots] + share) / (n_bars[self.slots] + 1)
        return -np.log2(np.minimum(share, 1.0)), -np.log2(np.minimum(near, 1.0))

    def end_bits(self) -> Real:
        """How seldom something starts or ends, in the bars around, where an object ends."""
        inside = self.end_slots < self.bounds[self.sections + 1]
        ends = np.where(inside, self.end_slots, self.slots)
        found, n_bars = self.around_slots(np.concatenate([self.slots, ends]))
        share = (found[ends] + 0.5) / (n_bars[ends] + 1)
        return np.where(ends > self.slots, -np.log2(np.minimum(share, 1.0)), 0.0)

    def skipped(self, found: Real, n_bars: Real) -> Real:
        """How often something starts where nothing does between an object and the one before it.

        Of the ticks of 1/4 there, the one with a start in most of the bars around; four times the
        share of these bars. Arguments as those of `start_bits`.
        """
        share = np.where(np.arange(len(found)) % _TICK == 0, found / np.maximum(n_bars, 1), 0.0)
        result = np.zeros(len(self.slots))
        ends = np.maximum.accumulate(self.end_slots)
        gaps = (self.slots[1:] > ends[:-1] + 1) & (self.sections[1:] == self.sections[:-1])
        for row in (np.flatnonzero(gaps) + 1).tolist():
            result[row] = 4 * share[ends[row - 1] + 1 : self.slots[row]].max()
        return result

    def around_slots(self, busy: Whole) -> tuple[Real, Real]:
        """In how many of the bars around a slot is busy, and how many bars there are.

        Args:
            busy: Slots where something is.

        Returns:
            Two arrays, shape = (n_slots,).
        """
        is_busy = np.zeros(int(self.bounds[-1]))
        is_busy[busy] = 1.0
        sizes = np.diff(self.bounds)
        lengths = np.zeros(len(sizes), dtype=np.int64)
        lengths[self.sections] = self.bar_slots
        length, first = np.repeat(lengths, sizes), np.repeat(self.bounds[:-1], sizes)
        end, at = np.repeat(self.bounds[1:], sizes), np.arange(len(is_busy))
        found, n_bars = np.zeros(len(is_busy)), np.zeros(len(is_busy))
        for bars in range(-NEAR_STARTS_BARS, NEAR_STARTS_BARS + 1):
            other = at + bars * length
            inside = (other >= first) & (other < end) & (bars != 0)
            found += np.where(inside, is_busy[np.where(inside, other, 0)], 0.0)
            n_bars += inside
        return found, n_bars


def _shares(counts: Real, otherwise: Real) -> Real:
    """Shares of each row's counts, drawn to what is to be expected where there are few."""
    return (counts + _PRIOR * otherwise) / (counts.sum(1, keepdims=True) + _PRIOR)
