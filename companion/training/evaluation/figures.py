"""Figures of a checkpoint from what was found on songs, with songs as the units of intervals."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from companion.training.measures import auc, f1_score, interval

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from companion.beatmap import Mode
    from companion.training.evaluation.bits import ByKind
    from companion.training.evaluation.faults import Scores
    from companion.training.evaluation.run import SongFindings
    from companion.training.evaluation.shapes import Likeness

    Found = Sequence[SongFindings]
    Figure = Callable[[Found], float]

RHYTHM = ("type", "t")
"""What happens and when. Types come first in an event, so some of what the song says of the time is
in them: that a slider ends here, that a note comes instead of a spinner."""


def ratio(above: float, below: float) -> float:
    """A quotient; NaN where there is nothing to divide by."""
    return float(above / below) if below else math.nan


def mean(values: Iterable[float]) -> float:
    """The mean of what is known; NaN without anything."""
    known = [value for value in values if not math.isnan(value)]
    return float(np.mean(known)) if known else math.nan


# Bits


def bits(found: Found, which: str, kind: str) -> float:
    """Mean bits per token of a kind; `which` names a field of `Bits`."""
    rows: list[ByKind] = [getattr(one.bits, which) for one in found]
    tallies = [row[kind] for row in rows if kind in row]
    return ratio(sum(tally.total for tally in tallies), sum(tally.n for tally in tallies))


def gain(found: Found, without: str) -> float:
    """What the right sound saves of a time token's bits against another sound or none."""
    return bits(found, without, "t") - bits(found, "right", "t")


def per_moment(found: Found, which: str, kinds: Sequence[str] = ("t",)) -> float:
    """Bits of all tokens of some kinds, spread over the moments that time tokens stand for."""
    rows: list[ByKind] = [getattr(one.bits, which) for one in found]
    total = sum(row[kind].total for row in rows for kind in kinds if kind in row)
    return ratio(total, sum(one.bits.n_moments for one in found))


def head_f1(found: Found) -> float:
    """F1 of the frame head; NaN without one."""
    if not any(one.bits.has_head for one in found):
        return math.nan
    return f1_score(*np.sum([one.bits.head for one in found], axis=0))


# Writing


def counts(found: Found, way: str, which: str) -> list[float]:
    """Summed counts of one way of writing; `which` names a field of `Written`."""
    rows = [getattr(one.written[way], which) for one in found if way in one.written]
    return np.sum(rows, axis=0).tolist() if rows else []


def written_f1(found: Found, way: str, which: str = "ticks") -> float:
    """F1 of onsets; NaN where nothing was written."""
    summed = counts(found, way, which)
    return f1_score(*summed[:3]) if sum(summed[:3]) else math.nan


def precision(found: Found, way: str, which: str = "ticks") -> float:
    """Share of what was written that is there."""
    summed = counts(found, way, which)
    return ratio(summed[0], summed[0] + summed[1]) if summed else math.nan


def recall(found: Found, way: str, which: str = "ticks") -> float:
    """Share of what is there that was written."""
    summed = counts(found, way, which)
    return ratio(summed[0], summed[0] + summed[2]) if summed else math.nan


def share(found: Found, way: str, which: str, above: int = 0, below: int = 1) -> float:
    """Quotient of two of the counts of one way of writing."""
    summed = counts(found, way, which)
    return ratio(summed[above], summed[below]) if summed else math.nan


def on_ticks(found: Found, way: str) -> float:
    """Share of the written onsets that lie on quarter ticks."""
    summed = counts(found, way, "ticks")
    return 1 - ratio(summed[3], summed[0] + summed[1] + summed[3]) if summed else math.nan


def hitsound_gain(found: Found) -> float:
    """Agreement with the mapper on matched objects above that of the map's most common sound."""
    return share(found, "section", "sounds", 1, 0) - share(found, "section", "sounds", 2, 0)


def forced_hitsound_gain(found: Found) -> float:
    """The same for the likeliest sound at every sound of the mapper's."""
    n, alike, usual = (sum(float(one.bits.sounds[i]) for one in found) for i in range(3))
    return ratio(alike - usual, n)


def energy(found: Found, place: str, part: int, *, of_other: bool) -> float:
    """Mean over maps of an energy distance to the mapper's; NaN without any.

    Args:
        found: Songs.
        place: ``section``, ``around``, ``free`` or ``excerpt``.
        part: 0 for spacings in px, 1 for angles in degrees.
        of_other: Whether another difficulty is compared, and not what was written.
    """
    distances: list[float] = []
    for one in found:
        for likeness in one.excerpt.shapes if place == "excerpt" else _shapes(one, place):
            if likeness.other is None:
                continue
            written = likeness.written.distance(likeness.mapped)[part]
            other = likeness.other.distance(likeness.mapped)[part]
            # Where one of the two cannot be told, neither counts.
            if not math.isnan(written + other):
                distances.append(other if of_other else written)
    return mean(distances)


def _shapes(one: SongFindings, way: str) -> Sequence[Likeness]:
    return one.written[way].shapes if way in one.written else ()


def excerpt_sum(found: Found, name: str) -> float:
    """Sum of a number over all excerpts."""
    return float(sum(getattr(one.excerpt, name) for one in found))


def problems_per_100(found: Found, name: str = "problems", of: str = "n_written") -> float:
    """Rule problems per hundred objects of excerpts."""
    return 100 * ratio(excerpt_sum(found, name), excerpt_sum(found, of))


def star_error(found: Found) -> float:
    """Mean distance of star ratings of excerpts, written and mapped."""
    return mean(abs(error) for one in found for error in one.excerpt.star_errors)


def seconds_per_minute(found: Found) -> float:
    """How long a minute of map takes to write."""
    return ratio(excerpt_sum(found, "seconds"), excerpt_sum(found, "minutes"))


# Faults


def fault_auc(found: Found, kind: str) -> float:
    """Chance that an object with a fault is suspected more than one without, in the same mode."""
    return _auc((one.mode, one.faults.scores.get(kind)) for one in found)


def weight_auc(found: Found, kind: str) -> float:
    """The same for the weights of MaiMod's findings at the objects."""
    return _auc((one.mode, one.faults.hunt.weights.get(kind)) for one in found)


def _auc(scores: Iterable[tuple[Mode, Scores | None]]) -> float:
    """Of modes together the mean, each counting as much as it has faults."""
    by_mode: dict[Mode, list[Scores]] = {}
    for mode, one in scores:
        if one is not None:
            by_mode.setdefault(mode, []).append(one)
    total, n = 0.0, 0
    for rows in by_mode.values():
        faulty = [value for one in rows for value in one.faulty]
        value = auc(faulty, [value for one in rows for value in one.clean])
        if not math.isnan(value):
            total, n = total + value * len(faulty), n + len(faulty)
    return ratio(total, n)


def fault_auc_mean(found: Found) -> float:
    """Mean over the kinds that were planted."""
    return mean(fault_auc(found, kind) for kind in fault_kinds(found))


def fault_kinds(found: Found) -> list[str]:
    """The kinds of faults that were planted, in order."""
    kinds = {kind: None for one in found for kind in one.faults.scores}
    return list(kinds)


def rules_share(found: Found, kind: str) -> float:
    """Share of the planted faults that the rules name."""
    rows = [one.faults.rules[kind] for one in found if kind in one.faults.rules]
    return ratio(sum(row[1] for row in rows), sum(row[0] for row in rows))


def top_precision(found: Found) -> float:
    """Share of MaiMod's first ten findings per minute that point at a planted fault."""
    hunts = [one.faults.hunt for one in found]
    return ratio(sum(one.right for one in hunts), sum(one.shown for one in hunts))


def top_chance(found: Found) -> float:
    """The same for somebody who points blindly."""
    return mean(value for one in found for value in one.faults.hunt.chance)


def top_recall(found: Found, kind: str | None = None, place: int = 1) -> float:
    """Share of planted faults at which MaiMod's first findings (1) or the rules (2) point."""
    rows = [
        row
        for one in found
        for name, row in one.faults.hunt.by_kind.items()
        if kind is None or name == kind
    ]
    return ratio(sum(row[place] for row in rows), sum(row[0] for row in rows))


# Timing


def timing_mean(found: Found, way: str, name: str, *, absolute: bool = False) -> float:
    """Mean of a number over all songs timed in one way."""
    values = [getattr(e, name) for one in found for e in one.timing.ways.get(way, ())]
    return mean(abs(value) if absolute else value for value in values)


# Sums


def value_and_interval(
    songs: Mapping[str, SongFindings], figure: Figure
) -> tuple[float, tuple[float, float]]:
    """A figure over all songs, and its 95 % interval over them."""
    value = figure([songs[name] for name in sorted(songs)])
    if math.isnan(value):
        return value, (math.nan, math.nan)
    return value, interval(songs, figure)
