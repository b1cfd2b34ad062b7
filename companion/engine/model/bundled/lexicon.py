"""The vocabulary as the network needs it: ranges of ids, and numbers behind the ids."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from companion.engine.encoding import EncodingOptions
from companion.engine.events import TIMED_TYPES, EventType
from companion.engine.model.bundled.layers import sinusoids
from companion.errors import CheckpointMismatch

if TYPE_CHECKING:
    from companion.engine.vocabulary import Vocabulary

N_FEATURES_EACH = 32


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Id ranges (end exclusive) of one vocabulary."""

    size_in: int
    size_out: int
    times: tuple[int, int]
    distances: tuple[int, int]
    cells: tuple[int, int]
    timed_types: tuple[int, ...]
    """Ids of the types that are followed by a time token."""
    cell_px: int
    first_cell: tuple[int, int]
    """Column and row of the first cell, in cells from the origin."""
    cell_columns: int

    @staticmethod
    def of(vocabulary: Vocabulary) -> Lexicon:
        """The ranges that the network treats apart.

        Raises:
            CheckpointMismatch: The vocabulary lacks one, or its grid is not that of V29.
        """
        options = EncodingOptions()
        size, box = options.position_precision_px, options.position_range
        try:
            times, distances, cells = (
                vocabulary.ranges[kind]
                for kind in (EventType.TIME_SHIFT, EventType.DISTANCE, EventType.POS)
            )
        except KeyError as error:
            raise CheckpointMismatch(f"tokenizer.json has no tokens for {error}.") from error
        rows = box.y_max // size - box.y_min // size + 1
        if len(cells.ids) != options.columns * rows:
            raise CheckpointMismatch("tokenizer.json has positions of another grid than V29's.")
        return Lexicon(
            size_in=vocabulary.size_in,
            size_out=vocabulary.size_out,
            times=(times.first_id, times.end_id),
            distances=(distances.first_id, distances.end_id),
            cells=(cells.first_id, cells.end_id),
            timed_types=tuple(
                one.first_id for one in vocabulary.output_ranges if one.kind in TIMED_TYPES
            ),
            cell_px=size,
            first_cell=(box.x_min // size, box.y_min // size),
            cell_columns=options.columns,
        )

    @property
    def n_bins(self) -> int:
        """Number of time tokens."""
        return self.times[1] - self.times[0]

    @property
    def n_cells(self) -> int:
        """Number of position tokens."""
        return self.cells[1] - self.cells[0]

    @property
    def n_value_features(self) -> int:
        """Width of ``value_features``."""
        return 3 * N_FEATURES_EACH

    def plain_ids(self) -> torch.Tensor:
        """Output ids that are neither times nor cells, in order, shape = (n_plain,)."""
        apart = {*range(*self.times), *range(*self.cells)}
        # A list, not a mask: on the meta device nothing can be picked by values.
        return torch.tensor([i for i in range(self.size_out) if i not in apart])

    def cell_centres_px(self) -> torch.Tensor:
        """Middle of each position token's cell, shape = (n_cells, 2).

        Positions are cut off towards zero, so the cells at zero reach to both sides.
        """
        index = torch.arange(self.n_cells)
        column = index % self.cell_columns + self.first_cell[0]
        row = index // self.cell_columns + self.first_cell[1]
        cells = torch.stack([column, row], dim=1).float()
        return self.cell_px * (cells + 0.5 * torch.sign(cells))

    def value_features(self) -> torch.Tensor:
        """Sinusoids of x, y and distance in px for tokens that have them, zeros for others.

        Returns:
            Tensor, shape = (size_in, n_value_features).
        """
        each = N_FEATURES_EACH
        features = torch.zeros(self.size_in, 3 * each)
        centres = self.cell_centres_px() / 16
        first, end = self.cells
        features[first:end, :each] = sinusoids(centres[:, 0], each, 100.0)
        features[first:end, each : 2 * each] = sinusoids(centres[:, 1], each, 100.0)
        first, end = self.distances
        features[first:end, 2 * each :] = sinusoids(torch.arange(end - first) / 8, each, 100.0)
        return features
