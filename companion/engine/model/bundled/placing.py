"""Choosing the cell of a position: how far from the last one, and in which direction from there."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple, cast

import torch
from torch import nn

if TYPE_CHECKING:
    from torch import Tensor

    from companion.engine.model.bundled.configuration import NetworkSizes
    from companion.engine.model.bundled.lexicon import Lexicon


class Path(NamedTuple):
    """What was placed before some rows, and how far away the next cell is announced to be."""

    cells: Tensor
    """Last cell, n_cells where there is none, shape = (n, rows)."""
    cells_before: Tensor
    """The one before it, n_cells where there is none, shape = (n, rows)."""
    distances_px: Tensor
    """Value of the distance token, shape = (n, rows)."""


class CellChooser(nn.Module):
    """Chooses the cell of a position from the two cells and the distance token before it."""

    def __init__(self, sizes: NetworkSizes, lexicon: Lexicon) -> None:
        super().__init__()
        self.rings, self.ring_px, self.turns = sizes.rings, sizes.ring_px, sizes.turns
        self.cells = nn.Linear(sizes.width, lexicon.n_cells)
        self.misfit = nn.Linear(sizes.width, 2 * sizes.rings + 2)
        # The last class: no direction, as two of the three cells are one or not there.
        self.turn = nn.Linear(sizes.width, sizes.turns + 1)
        # Weights from before there were turns go on as they were.
        nn.init.zeros_(self.turn.weight)
        nn.init.zeros_(self.turn.bias)
        self.register_buffer("centres_px", lexicon.cell_centres_px(), persistent=False)

    def forward(self, h: Tensor, path: Path) -> Tensor:
        """Log-probabilities of all cells.

        Args:
            h: Tensor, shape = (n, rows, width).
            path: Of the same rows.

        Returns:
            Tensor, shape = (n, rows, n_cells), float32.
        """
        centres = cast("Tensor", self.centres_px)
        n_cells = centres.shape[0]
        last = centres[path.cells.clamp(max=n_cells - 1)]
        steps = centres - last.unsqueeze(2)
        apart = steps.square().sum(dim=-1).sqrt()
        misfit = apart - path.distances_px.unsqueeze(2)
        ring = torch.round(misfit / self.ring_px).clamp(-self.rings, self.rings) + self.rings
        ring = torch.where((path.cells == n_cells).unsqueeze(2), 2 * self.rings + 1, ring)
        by_misfit = torch.gather(self.misfit(h).float(), 2, ring.long())
        turn = self._turn_class(path, last, steps)
        by_turn = torch.gather(self.turn(h).float(), 2, turn)
        return torch.log_softmax(self.cells(h).float() + by_misfit + by_turn, dim=-1)

    def _turn_class(self, path: Path, last: Tensor, steps: Tensor) -> Tensor:
        """By how much each cell turns from the last direction, in classes of one size."""
        centres = cast("Tensor", self.centres_px)
        n_cells = centres.shape[0]
        came = last - centres[path.cells_before.clamp(max=n_cells - 1)]
        came_x, came_y = came[..., 0].unsqueeze(2), came[..., 1].unsqueeze(2)
        along = steps[..., 0] * came_x + steps[..., 1] * came_y
        across = steps[..., 1] * came_x - steps[..., 0] * came_y
        turn = torch.atan2(across, along) * (self.turns / (2 * math.pi))
        classes = torch.round(turn).long() % self.turns
        unknown = (path.cells_before == n_cells) | (came.square().sum(dim=-1) == 0)
        nowhere = unknown.unsqueeze(2) | (steps.square().sum(dim=-1) == 0)
        return torch.where(nowhere, self.turns, classes)
