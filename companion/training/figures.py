"""Figures of a model from what was found on songs, pooled and with songs as units."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from companion.training.measures import auc, f1_score, interval

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

RHYTHM = ("type", "t")
"""What happens and when. Types come first in an event, so some of what the song says of the time is
in them: that a slider ends here, that a note comes instead of a spinner."""


@dataclass(slots=True)
class Findings:
    """Everything measured on one song in one mode."""

    bits: dict[str, list[float]] = field(default_factory=dict[str, "list[float]"])
    """Per token, by kind of event."""
    shuffled_bits: dict[str, list[float]] = field(default_factory=dict[str, "list[float]"])
    """The same with another song's sound."""
    plain_bits: dict[str, list[float]] = field(default_factory=dict[str, "list[float]"])
    """The same from frequencies of all tokens in the training maps of the mode."""
    kind_bits: dict[str, list[float]] = field(default_factory=dict[str, "list[float]"])
    """The same from frequencies among the tokens of the kind."""
    head: NDArray[np.float64] = field(default_factory=lambda: np.zeros(3))
    """Hits, false alarms, misses of the frame head on quarter ticks."""
    moved: list[float] = field(default_factory=list[float])
    """Suspicion of objects moved by a quarter of a beat."""
    untouched: list[float] = field(default_factory=list[float])
    continued: NDArray[np.float64] = field(default_factory=lambda: np.zeros(4))
    """Hits, false alarms, misses and strays of written second halves."""
    n_moments: int = 0
    """Judged times that differ from the one before: chords and slider tails count once."""
    n_maps: int = 0
    n_windows: int = 0


def summary(found: Sequence[Findings]) -> dict[str, Any]:
    """Pooled figures of some songs in one mode."""
    kinds = sorted({kind for one in found for kind in one.bits})
    head = np.sum([one.head for one in found], axis=0)
    written = np.sum([one.continued for one in found], axis=0)
    moved = [value for one in found for value in one.moved]
    untouched = [value for one in found for value in one.untouched]
    return {
        "bits": {kind: _mean([one.bits for one in found], kind) for kind in kinds},
        "shuffled_bits": {
            kind: _mean([one.shuffled_bits for one in found], kind) for kind in kinds
        },
        "unigram_bits": {kind: _mean([one.plain_bits for one in found], kind) for kind in kinds},
        "unigram_in_kind_bits": {
            kind: _mean([one.kind_bits for one in found], kind) for kind in kinds
        },
        "moment_bits": _per_moment(found, [one.bits for one in found]),
        "moment_shuffled_bits": _per_moment(found, [one.shuffled_bits for one in found]),
        "rhythm_bits": _per_moment(found, [one.bits for one in found], RHYTHM),
        "rhythm_shuffled_bits": _per_moment(found, [one.shuffled_bits for one in found], RHYTHM),
        "moments": sum(one.n_moments for one in found),
        "tokens": {kind: sum(len(one.bits.get(kind, [])) for one in found) for kind in kinds},
        "head_f1": f1_score(*head),
        "head_ratio": float((head[0] + head[1]) / max(head[0] + head[2], 1)),
        "displacement_auc": auc(moved, untouched),
        "displaced": len(moved),
        "continued_f1": f1_score(*written[:3]),
        "continued_ratio": float((written[0] + written[1]) / max(written[0] + written[2], 1)),
        "continued_off_tick": float(written[3] / max(written[0] + written[1] + written[3], 1)),
        "songs": len(found),
        "maps": sum(one.n_maps for one in found),
        "windows": sum(one.n_windows for one in found),
    }


def intervals(songs: Mapping[str, Findings]) -> dict[str, tuple[float, float]]:
    """95 % bootstrap intervals over songs of the figures that gates rest on."""

    def spread(figure: Callable[[Sequence[Findings]], float]) -> tuple[float, float]:
        return interval(songs, figure)

    def time_bits(found: Sequence[Findings]) -> float:
        return _mean([one.bits for one in found], "t")

    def moment_bits(found: Sequence[Findings]) -> float:
        return _per_moment(found, [one.bits for one in found])

    def gain(found: Sequence[Findings]) -> float:
        return _per_moment(found, [one.shuffled_bits for one in found]) - moment_bits(found)

    def rhythm_gain(found: Sequence[Findings]) -> float:
        right, other = ([one.bits for one in found], [one.shuffled_bits for one in found])
        return _per_moment(found, other, RHYTHM) - _per_moment(found, right, RHYTHM)

    def head(found: Sequence[Findings]) -> float:
        return f1_score(*np.sum([one.head for one in found], axis=0))

    def continued(found: Sequence[Findings]) -> float:
        return f1_score(*np.sum([one.continued for one in found], axis=0)[:3])

    def displacement(found: Sequence[Findings]) -> float:
        return auc(*([v for one in found for v in part(one)] for part in (_moved, _untouched)))

    return {
        "time_bits": spread(time_bits),
        "moment_bits": spread(moment_bits),
        "moment_gain_bits": spread(gain),
        "rhythm_gain_bits": spread(rhythm_gain),
        "head_f1": spread(head),
        "continued_f1": spread(continued),
        "displacement_auc": spread(displacement),
    }


def _moved(one: Findings) -> list[float]:
    return one.moved


def _untouched(one: Findings) -> list[float]:
    return one.untouched


def _per_moment(
    found: Sequence[Findings],
    rows: Sequence[dict[str, list[float]]],
    kinds: Sequence[str] = ("t",),
) -> float:
    """Bits of all tokens of some kinds, spread over the moments that time tokens stand for."""
    total = sum(sum(row.get(kind, [])) for row in rows for kind in kinds)
    moments = sum(one.n_moments for one in found)
    return total / moments if moments else float("nan")


def _mean(rows: Sequence[dict[str, list[float]]], kind: str) -> float:
    values = [value for row in rows for value in row.get(kind, [])]
    return float(np.mean(values)) if values else float("nan")
