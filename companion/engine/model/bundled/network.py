"""The whole bundled network: hearing, writing, and the distribution over the vocabulary."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

import torch
from torch import nn

from companion.engine.model.bundled.hearing import (
    BinReader,
    Condition,
    Encoder,
    FrameHead,
    Hearing,
)
from companion.engine.model.bundled.layers import DropoutPool
from companion.engine.model.bundled.placing import CellChooser, Path
from companion.engine.model.bundled.writing import Decoder, Places, TimePointer

if TYPE_CHECKING:
    from torch import Tensor

    from companion.engine.model.bundled.configuration import NetworkSizes
    from companion.engine.model.bundled.lexicon import Lexicon

UNLIKELY = -20.0
"""Log-probability of what the grammar rules out; finite, so that a surprise has a size."""


class Ask(NamedTuple):
    """What is put into the encoder for n windows (and their n * m maps)."""

    columns: Tensor
    """Normalised log-mel, shape = (n, n_mels, window_frames)."""
    phases: Tensor
    """shape = (n, n_frames, N_PHASES)."""
    ticks: Tensor
    """shape = (n, n_bins), int64."""
    beats: Tensor
    """shape = (n, n_bins), float32."""
    classes: Tensor
    """shape = (n * m, 4), int64."""
    deaf: Tensor | None = None
    """shape = (n,), bool."""


class Trail(NamedTuple):
    """The latest time and the latest two cells up to and with each token."""

    bins: Tensor
    """n_bins where there was none, shape = (n, t)."""
    cells: Tensor
    """n_cells where there was none, shape = (n, t)."""
    cells_before: Tensor
    """The cell before the latest, n_cells where there was none, shape = (n, t)."""

    @staticmethod
    def of(tokens: Tensor, lexicon: Lexicon) -> Trail:
        """Read off tokens, shape = (n, t)."""
        bins = _values(tokens, _latest(tokens, *lexicon.times), *lexicon.times)
        latest = _latest(tokens, *lexicon.cells)
        # What was the latest just before the latest; -1 stays -1.
        before = torch.gather(latest, 1, (latest - 1).clamp(min=0))
        before = torch.where(latest > 0, before, -1)
        cells, cells_before = (_values(tokens, one, *lexicon.cells) for one in (latest, before))
        return Trail(bins, cells, cells_before)

    def after(self, token: Tensor, lexicon: Lexicon) -> Trail:
        """Where one more token, shape = (n, 1), leads from the trail of one position."""
        new = Trail.of(token, lexicon)
        placed = new.cells != lexicon.n_cells
        return Trail(
            torch.where(new.bins == lexicon.n_bins, self.bins, new.bins),
            torch.where(placed, new.cells, self.cells),
            torch.where(placed, self.cells, self.cells_before),
        )

    def of_rows(self, rows: Tensor) -> Trail:
        """The trails of some sequences, in the given order."""
        return Trail(*(part[rows] for part in self))

    def since(self, first: int) -> Trail:
        """From one position on; negative ones count from the end."""
        return Trail(*(part[:, first:] for part in self))


def _latest(tokens: Tensor, first: int, end: int) -> Tensor:
    """Index of the latest token of a range up to and with each, -1 where there was none."""
    inside = (tokens >= first) & (tokens < end)
    index = torch.arange(tokens.shape[1], device=tokens.device)
    return torch.where(inside, index, -1).cummax(dim=1).values


def _values(tokens: Tensor, where: Tensor, first: int, end: int) -> Tensor:
    value = torch.gather(tokens, 1, where.clamp(min=0)) - first
    return torch.where(where < 0, end - first, value)


class Rows(NamedTuple):
    """Some positions of each sequence, padded to the same number."""

    places: Tensor
    """shape = (n, rows)."""
    valid: Tensor
    """False where padded, shape = (n, rows)."""

    @staticmethod
    def where(chosen: Tensor) -> Rows | None:
        """The positions where ``chosen`` (n, t) holds; ``None`` when there is none at all."""
        most = int(chosen.sum(dim=1).max())
        if most == 0:
            return None
        index = torch.argsort((~chosen).to(torch.uint8), dim=1, stable=True)[:, :most]
        return Rows(index, torch.gather(chosen, 1, index))

    def take(self, x: Tensor) -> Tensor:
        """(n, t, width) -> (n, rows, width), or (n, t) -> (n, rows)."""
        if x.dim() == 2:
            return torch.gather(x, 1, self.places)
        return torch.gather(x, 1, self.places.unsqueeze(2).expand(-1, -1, x.shape[2]))


class BundledNetwork(nn.Module):
    """Windows, beats and tokens to log-probabilities of next tokens."""

    def __init__(self, sizes: NetworkSizes, lexicon: Lexicon, dropout: float = 0.0) -> None:
        super().__init__()
        self.sizes, self.lexicon = sizes, lexicon
        pool = DropoutPool(dropout)
        self.encoder = Encoder(sizes, pool)
        self.reader = BinReader(sizes, lexicon.n_bins)
        self.condition = Condition(sizes)
        self.head = FrameHead(sizes)
        self.decoder = Decoder(sizes, lexicon, pool)
        self.pointer = TimePointer(sizes)
        self.chooser = CellChooser(sizes, lexicon)
        ids = lexicon.plain_ids()
        self.plain = nn.Linear(sizes.width, len(ids) + 2)
        place = torch.zeros(lexicon.size_out, dtype=torch.long)
        place[slice(*lexicon.times)] = len(ids)
        place[slice(*lexicon.cells)] = len(ids) + 1
        place[ids] = torch.arange(len(ids))
        timed = torch.zeros(lexicon.size_in, dtype=torch.bool)
        timed[list(lexicon.timed_types)] = True
        self.register_buffer("plain_ids", ids, persistent=False)
        self.register_buffer("plain_place", place, persistent=False)
        self.register_buffer("timed", timed, persistent=False)

    def tables(self) -> list[nn.Parameter]:
        """Matrices whose rows belong to tokens or classes: embeddings and the output layer."""
        embeddings = [one.weight for one in self.modules() if isinstance(one, nn.Embedding)]
        return [cast("nn.Parameter", one) for one in (*embeddings, self.plain.weight)]

    def hear(self, ask: Ask) -> Hearing:
        """Encode windows and let the head judge their bins."""
        frames = self.encoder(ask.columns, ask.phases, ask.deaf)
        condition = self.condition(ask.classes)
        odds = self.head(self.reader(frames), ask.ticks, condition)
        return Hearing(frames, odds[..., 0], odds[..., 1], ask.ticks, ask.beats, condition)

    def time_rows(self, tokens: Tensor) -> Tensor:
        """Whether a time comes next, shape = (n, t)."""
        return cast("Tensor", self.timed)[tokens]

    def cell_rows(self, tokens: Tensor) -> Tensor:
        """Whether a cell comes next, shape = (n, t)."""
        first, end = self.lexicon.distances
        return (tokens >= first) & (tokens < end)

    def time_log_probs(self, h: Tensor, rows: Rows, trail: Trail, places: Places) -> Tensor:
        """Log-probabilities of the bins at some rows, shape = (n, rows, n_bins)."""
        return cast("Tensor", self.pointer(rows.take(h), rows.take(trail.bins), places))

    def cell_log_probs(self, h: Tensor, rows: Rows, trail: Trail, tokens: Tensor) -> Tensor:
        """Log-probabilities of the cells at some rows, shape = (n, rows, n_cells)."""
        distances = (rows.take(tokens) - self.lexicon.distances[0]).float()
        path = Path(rows.take(trail.cells), rows.take(trail.cells_before), distances)
        return cast("Tensor", self.chooser(rows.take(h), path))

    def log_probs(self, h: Tensor, tokens: Tensor, trail: Trail, places: Places) -> Tensor:
        """The distribution after each position.

        Args:
            h: Tensor, shape = (n, t, width).
            tokens: The tokens at the same positions, shape = (n, t).
            trail: Of the same positions.
            places: Of n windows.

        Returns:
            Tensor, shape = (n, t, vocab_out), float32. Times and cells where the grammar has no
            place for them get almost nothing of the share that was meant for them.
        """
        plain = torch.log_softmax(self.plain(h).float(), dim=-1)
        n, t, _ = h.shape
        out = plain.new_empty(n, t, self.lexicon.size_out)
        out[:, :, cast("Tensor", self.plain_ids)] = plain[:, :, :-2]
        times, cells = slice(*self.lexicon.times), slice(*self.lexicon.cells)
        out[:, :, times] = plain[:, :, -2:-1] + UNLIKELY
        out[:, :, cells] = plain[:, :, -1:] + UNLIKELY
        rows = Rows.where(self.time_rows(tokens))
        if rows is not None:
            gate = rows.take(plain[:, :, -2:-1])
            which = self.time_log_probs(h, rows, trail, places)
            _put(out, rows, times, gate + which)
        rows = Rows.where(self.cell_rows(tokens))
        if rows is not None:
            gate = rows.take(plain[:, :, -1:])
            which = self.cell_log_probs(h, rows, trail, tokens)
            _put(out, rows, cells, gate + which)
        return out


def _put(out: Tensor, rows: Rows, columns: slice, values: Tensor) -> None:
    row, place = rows.valid.nonzero(as_tuple=True)
    out[row, rows.places[row, place], columns] = values[row, place]
