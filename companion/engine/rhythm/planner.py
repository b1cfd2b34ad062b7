"""Plans the beginnings of windows from what is heard and what the rest of the map does."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import torch

from companion.engine.model.backbone import HasFrameHead
from companion.engine.model.bundled.grid import BIN_MS, BeatLines
from companion.engine.rhythm.habits import NOTHING_KNOWN
from companion.engine.rhythm.plan import LEAST_LOG_ODDS, OnsetPlan, planned_onsets
from companion.engine.rhythm.ticks import N_PLACES, QuarterTicks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from companion.beatmap import TimingPoint
    from companion.engine.conditioning import Conditioning
    from companion.engine.model.backbone import Backbone, EncodedWindows
    from companion.engine.rhythm.habits import KnownOnsets

HEARD, HABITUAL, UNTOLD = 0.7, 0.7, -0.5
"""Weights of the log-odds of what is heard, of what the map does elsewhere, and of what would be
said if nothing of it were known, which both already hold."""
VARIETY = 0.5
"""Standard deviation of what is added to the log-odds of each place in the measure at temperature
1, so that variants differ, and each in the same way throughout; their density does not."""
_EDGE_MS = 5e-4
"""A tick on the edge of two bins belongs to the later one, however its time was rounded."""


@dataclass(frozen=True, eq=False)
class OnsetPlanner:
    """Plans for one map.

    Args:
        backbone: Hears where something begins.
        conditioning: What is said about the map.
        red_lines: Its uninherited timing points.
        temperature: How daring a plan is; 0 always plans what is likeliest.
    """

    backbone: Backbone
    conditioning: Conditioning
    red_lines: tuple[TimingPoint, ...]
    temperature: float = 0.0

    @staticmethod
    def can_plan(backbone: Backbone) -> bool:
        """Whether a network hears beginnings and writes to a plan."""
        return isinstance(backbone, HasFrameHead) and backbone.settings.encoding.types_first

    def plan(
        self,
        encoded: EncodedWindows,
        starts_ms: Sequence[float],
        known: Sequence[KnownOnsets],
        seeds: Sequence[int],
    ) -> OnsetPlan:
        """The beginnings of some windows.

        Args:
            encoded: One window for all rows, or one for each.
            starts_ms: Where each row's window starts.
            known: What is known of the rest of each row's map.
            seeds: What each row's plan is varied by, where it is.
        """
        assert isinstance(self.backbone, HasFrameHead)
        n = len(starts_ms)
        log_odds = self.backbone.onset_log_odds(encoded).cpu().expand(n, -1).clone()
        ticks, quarters = (
            self.backbone.ticks(encoded, quarters=only).cpu().expand(n, -1)
            for only in (False, True)
        )
        for row, (start_ms, knowledge, seed) in enumerate(
            zip(starts_ms, known, seeds, strict=True)
        ):
            self._join(log_odds[row], start_ms, knowledge, seed)
        return OnsetPlan(planned_onsets(log_odds, ticks), quarters)

    def _join(self, log_odds: torch.Tensor, start_ms: float, known: KnownOnsets, seed: int) -> None:
        """Change the log-odds at 1/4 ticks of one window in place."""
        rows = self._ticks.within(start_ms - _EDGE_MS, start_ms + BIN_MS * len(log_odds) - _EDGE_MS)
        if not len(rows):
            return
        bins = ((self._ticks.times_ms[rows] - start_ms + _EDGE_MS) / BIN_MS).astype(np.int64)
        told = self._told(log_odds[bins].double().numpy(), rows, known)
        if self.temperature > 0:
            told = as_many(told + self._variety(seed)[self._ticks.places[rows]], told)
        log_odds[bins] = torch.as_tensor(told, dtype=log_odds.dtype)

    def _told(
        self, heard: NDArray[np.float64], rows: NDArray[np.int64], known: KnownOnsets
    ) -> NDArray[np.float64]:
        habits = self.backbone.settings.habits
        if habits is None:
            return heard
        mode, density = self.conditioning.mode, self.conditioning.note_density
        told, untold = (
            habits.log_odds(mode, self._ticks, some, rows, density)
            for some in (known, NOTHING_KNOWN)
        )
        return HEARD * heard + HABITUAL * told + UNTOLD * untold

    def _variety(self, seed: int) -> NDArray[np.float64]:
        noise = np.random.default_rng(seed % 2**63).standard_normal(N_PLACES)
        return VARIETY * self.temperature * noise

    @cached_property
    def _ticks(self) -> QuarterTicks:
        # Windows begin before the song and end after it.
        margin_ms = self.backbone.settings.window_ms
        lines = BeatLines.of(self.red_lines)
        return QuarterTicks.of(lines, -margin_ms, self.conditioning.song_length_ms + margin_ms)


def as_many(varied: NDArray[np.float64], plain: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log-odds raised or lowered together until as many of them are planned as of the plain ones.

    Most ticks are empty, so what is added to all of them makes more beginnings than it takes away.
    """
    n = int((plain > LEAST_LOG_ODDS).sum())
    if not 0 < n < len(plain):
        return plain
    sorted_down = np.sort(varied)[::-1]
    return varied + LEAST_LOG_ODDS - (sorted_down[n - 1] + sorted_down[n]) / 2
