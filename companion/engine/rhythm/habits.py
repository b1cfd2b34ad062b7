"""What a map does at other places tells what it does here.

A logistic regression over 1/4 ticks: whether objects begin at the same place some beats or measures
away, how often they do at such places, near by and at all, and how dense the map is to be. It knows
nothing of the song.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np

from companion.beatmap import Mode
from companion.engine.rhythm.ticks import DIVISOR, N_PLACES, NEAR_MS
from companion.errors import CheckpointMismatch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from companion.engine.rhythm.ticks import QuarterTicks

    Array = NDArray[np.float64]

BEATS_AWAY = (1, 2, 3)
MEASURES_AWAY = (1, 2, 3, 4, 5, 6, 7, 8)
NEAR_TICKS = (16, 64)
N_FEATURES = 2 * (len(BEATS_AWAY) + len(MEASURES_AWAY)) + len(NEAR_TICKS) + 6 + N_PLACES
_RARE = 1e-3
_EVEN_ODDS = 0.25
"""Share of 1/4 ticks with an object, where nothing is known."""
_DOUBT = 8.0
"""Known ticks after which a share is half believed."""


@dataclass(frozen=True, slots=True, eq=False)
class KnownOnsets:
    """Where something begins, as far as that is known."""

    times_ms: Array
    """When something begins, in any order."""
    ranges_ms: tuple[tuple[float, float], ...]
    """Where nothing else does, ends exclusive. Outside nothing is known."""

    @staticmethod
    def around(
        before_ms: Sequence[float], from_ms: float, after_ms: Sequence[float]
    ) -> KnownOnsets:
        """What is known where a stretch from ``from_ms`` on is to be written.

        Nothing is known before the first and after the last beginning: the map may not be finished.

        Args:
            before_ms: Beginnings before the stretch.
            from_ms: Up to here the map is as it will be.
            after_ms: Beginnings that stay after the stretch.
        """
        ranges: list[tuple[float, float]] = []
        if len(before_ms):
            ranges.append((min(before_ms) - NEAR_MS, from_ms))
        if len(after_ms):
            ranges.append((min(after_ms) - NEAR_MS, max(after_ms) + NEAR_MS))
        return KnownOnsets(np.array([*before_ms, *after_ms], dtype=np.float64), tuple(ranges))

    def marks(self, ticks: QuarterTicks) -> Array:
        """Per tick 1 where something begins, -1 where nothing does, 0 where that is unknown."""
        marks = np.zeros(len(ticks))
        begins = np.where(ticks.near(self.times_ms), 1.0, -1.0)
        for start_ms, end_ms in self.ranges_ms:
            rows = ticks.within(start_ms, end_ms)
            marks[rows] = begins[rows]
        return marks


NOTHING_KNOWN = KnownOnsets(np.zeros(0), ())


def features(
    ticks: QuarterTicks, marks: Array, rows: NDArray[np.int64], density: float | None
) -> Array:
    """What is looked at of some ticks.

    Args:
        ticks: Of the map.
        marks: See `KnownOnsets.marks`, shape = (n,).
        rows: Indices of the ticks that are asked about.
        density: Beginnings per second that are wished for.

    Returns:
        Array, shape = (len(rows), N_FEATURES).
    """
    looked = _Looked(ticks, marks, rows)
    measures = ticks.measures[rows]
    columns = [looked.away(sign * DIVISOR * beats) for beats in BEATS_AWAY for sign in (-1, 1)]
    columns += [looked.away(sign * n * measures) for n in MEASURES_AWAY for sign in (-1, 1)]
    columns += [
        looked.share_of(ticks.places, N_PLACES),
        looked.share_of(ticks.places % DIVISOR, DIVISOR),
    ]
    columns += [looked.share_near(n) for n in NEAR_TICKS]
    columns += looked.shares_at_all()
    columns += [looked.expected(density), np.full(len(rows), float(density is not None))]
    return np.concatenate([np.stack(columns, axis=1), np.eye(N_PLACES)[ticks.places[rows]]], axis=1)


class _Looked:
    """The columns of one question."""

    def __init__(self, ticks: QuarterTicks, marks: Array, rows: NDArray[np.int64]) -> None:
        self._ticks, self._marks, self._rows = ticks, marks, rows
        self._known, self._begins = (marks != 0).astype(float), (marks > 0).astype(float)

    def away(self, by: NDArray[np.int64] | int) -> Array:
        """The marks so many ticks away, 0 beyond a red line."""
        there = self._rows + by
        inside = np.clip(there, 0, len(self._ticks) - 1)
        lines = self._ticks.lines
        same = (there == inside) & (lines[inside] == lines[self._rows])
        return np.where(same, self._marks[inside], 0.0)

    def share_of(self, classes: NDArray[np.int64], n: int) -> Array:
        """How often something begins at known ticks of the same class, as believed log-odds."""
        begins, known = np.zeros(n), np.zeros(n)
        np.add.at(begins, classes, self._begins)
        np.add.at(known, classes, self._known)
        return _believed(begins, known)[classes[self._rows]]

    def share_near(self, n: int) -> Array:
        """The same of the ticks up to ``n`` away."""
        known, begins = (np.concatenate([[0.0], np.cumsum(x)]) for x in (self._known, self._begins))
        low = np.maximum(self._rows - n, 0)
        high = np.minimum(self._rows + n + 1, len(self._ticks))
        return _believed(begins[high] - begins[low], known[high] - known[low])

    def shares_at_all(self) -> list[Array]:
        """The same of all ticks, and how many are known."""
        known = self._known.sum()
        all_alike = _believed(self._begins.sum(keepdims=True), self._known.sum(keepdims=True))[0]
        return [np.full(len(self._rows), x) for x in (all_alike, known / (known + 8 * _DOUBT))]

    def expected(self, density: float | None) -> Array:
        """Log-odds of a beginning at the wished density; 0 without a wish."""
        if density is None:
            return np.zeros(len(self._rows))
        seconds = np.gradient(self._ticks.times_ms)[self._rows] / 1000
        return _log_odds(np.clip(density * seconds, 0.02, 0.95))


def _believed(begins: Array, known: Array) -> Array:
    """Log-odds of a share, less where little is known."""
    share = (begins + 4 * _EVEN_ODDS) / (known + 4)
    return _log_odds(share) * known / (known + _DOUBT)


def _log_odds(share: Array) -> Array:
    share = np.clip(share, _RARE, 1 - _RARE)
    return np.log(share / (1 - share))


@dataclass(frozen=True, slots=True, eq=False)
class Habits:
    """Weights of the features per mode."""

    weights: Mapping[Mode, Array]

    def log_odds(
        self,
        mode: Mode,
        ticks: QuarterTicks,
        known: KnownOnsets,
        rows: NDArray[np.int64],
        density: float | None,
    ) -> Array:
        """Of a beginning at some ticks, shape = (len(rows),)."""
        marks = known.marks(ticks)
        return features(ticks, marks, rows, density) @ self.weights[mode]

    @staticmethod
    def from_json(values: object) -> Habits:
        """Read the ``rhythm`` of a checkpoint's generation configuration.

        Raises:
            CheckpointMismatch: It is not a list of as many numbers as there are features per mode.
        """
        if not isinstance(values, dict):
            raise CheckpointMismatch("generation_config.json: rhythm must be an object.")
        weights: dict[Mode, Array] = {}
        for mode in Mode:
            numbers = cast("dict[str, object]", values).get(mode.name.lower())
            try:
                weights[mode] = np.array(numbers, dtype=np.float64)
            except (TypeError, ValueError):
                weights[mode] = np.zeros(0)
            if weights[mode].shape != (N_FEATURES,) or not np.isfinite(weights[mode]).all():
                raise CheckpointMismatch(
                    f"generation_config.json: rhythm needs {N_FEATURES} numbers for "
                    f"{mode.name.lower()}."
                )
        return Habits(weights)

    def to_json(self) -> dict[str, list[float]]:
        """The same as plain values for json."""
        return {
            mode.name.lower(): [round(float(x), 4) for x in row]
            for mode, row in self.weights.items()
        }
