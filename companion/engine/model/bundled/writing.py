"""The decoder: tokens so far and a hearing to the distribution of the next token.

The distribution is a product: a plain output layer chooses among all tokens that are neither
times nor cells, or "a time" or "a cell"; which time is then a matter of pointing at bins (hazard of
the frame head, distance in beats from the last time, similarity), which cell a matter for
``placing``.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple, cast

import torch
from torch import nn
from torch.nn import functional as F

from companion.engine.model.bundled.grid import N_TICK_CLASSES
from companion.engine.model.bundled.hearing import SURE, BinReader
from companion.engine.model.bundled.layers import DecoderLayer, MaskedDropout, sinusoids

if TYPE_CHECKING:
    from torch import Tensor

    from companion.engine.model.bundled.configuration import NetworkSizes
    from companion.engine.model.bundled.hearing import Hearing
    from companion.engine.model.bundled.layers import DropoutPool
    from companion.engine.model.bundled.lexicon import Lexicon

LEAST_HAZARD = -14.0


class Places(NamedTuple):
    """What a hearing offers to the decoder, computed once per window."""

    cross: list[tuple[Tensor, Tensor]]
    """Keys and values of each layer, shape = (n_windows, heads, n_memory, width / heads)."""
    table: Tensor
    """What is at each bin, and last "no time yet", shape = (n_windows, n_bins + 1, width)."""
    keys: Tensor
    """What the pointer looks for, shape = (n_windows, n_bins, pointer_width)."""
    beats: Tensor
    """shape = (n_windows, n_bins), float32."""
    log_event: Tensor
    """Log-probability of an event in a bin, shape = (n, n_bins), float32."""
    log_quiet: Tensor
    """Summed log-probability of none up to and with a bin, shape = (n, n_bins), float32."""
    condition: Tensor
    """shape = (n, width)."""

    def spread(self, n: int) -> Places:
        """For each sequence ``n`` times over, side by side; windows serve any number of them."""
        return self._replace(
            log_event=self.log_event.repeat_interleave(n, dim=0),
            log_quiet=self.log_quiet.repeat_interleave(n, dim=0),
            condition=self.condition.repeat_interleave(n, dim=0),
        )


class TimePointer(nn.Module):
    """Chooses the bin of the next time, given the last one."""

    def __init__(self, sizes: NetworkSizes) -> None:
        super().__init__()
        self.twelfths = sizes.twelfths
        self.query = nn.Linear(sizes.width, sizes.pointer_width)
        # Same bin; 0..twelfths and beyond; no time yet; an earlier bin.
        self.distance = nn.Linear(sizes.width, sizes.twelfths + 4)
        self.hazard_weight = nn.Parameter(torch.ones(()))

    def forward(self, h: Tensor, last: Tensor, places: Places) -> Tensor:
        """Log-probabilities of all bins.

        Args:
            h: Tensor, shape = (n, rows, width).
            last: Last bin before each row, n_bins where there is none, shape = (n, rows).
            places: Of n windows, or of n / m that serve m sequences each.

        Returns:
            Tensor, shape = (n, rows, n_bins), float32.
        """
        n, rows, _ = h.shape
        windows, n_bins, width = places.keys.shape
        query = self.query(h).view(windows, -1, width)
        alike = torch.matmul(query, places.keys.to(query.dtype).transpose(1, 2))
        alike = alike.view(n, rows, n_bins).float() / math.sqrt(width)
        beats = places.beats.repeat_interleave(n // windows, dim=0)
        by_distance = torch.gather(self.distance(h).float(), 2, self._distance_class(last, beats))
        hazard = self._hazard(last, places)
        return torch.log_softmax(self.hazard_weight * hazard + alike + by_distance, dim=-1)

    def _distance_class(self, last: Tensor, beats: Tensor) -> Tensor:
        n_bins = beats.shape[1]
        start = torch.gather(beats, 1, last.clamp(max=n_bins - 1))
        twelfths = torch.round(12 * (beats.unsqueeze(1) - start.unsqueeze(2)))
        classes = twelfths.clamp(0, self.twelfths).long() + 1
        bins = torch.arange(n_bins, device=last.device)
        before = last.unsqueeze(2)
        classes = torch.where(bins == before, 0, classes)
        classes = torch.where(bins < before, self.twelfths + 3, classes)
        return torch.where(before == n_bins, self.twelfths + 2, classes)

    def _hazard(self, last: Tensor, places: Places) -> Tensor:
        n_bins = places.log_event.shape[1]
        quiet = F.pad(places.log_quiet, (1, 0))
        # quiet[:, j] sums over bins before j; nothing is summed up to and with the last time.
        past = torch.gather(quiet, 1, torch.where(last == n_bins, 0, last + 1))
        reach = places.log_event + quiet[:, :-1]
        hazard = (reach.unsqueeze(1) - past.unsqueeze(2)).clamp(min=LEAST_HAZARD, max=0.0)
        bins = torch.arange(n_bins, device=last.device)
        before = last.unsqueeze(2)
        hazard = torch.where((bins < before) & (before < n_bins), LEAST_HAZARD, hazard)
        return torch.where(bins == before, 0.0, hazard)


class Decoder(nn.Module):
    """Tokens to hidden states, whole sequences or one token at a time."""

    def __init__(self, sizes: NetworkSizes, lexicon: Lexicon, pool: DropoutPool) -> None:
        super().__init__()
        width = sizes.width
        self.sizes = sizes
        self.tokens = nn.Embedding(lexicon.size_in, width)
        self.values = nn.Linear(lexicon.n_value_features, width, bias=False)
        self.register_buffer("value_features", lexicon.value_features(), persistent=False)
        self.reader = BinReader(sizes, lexicon.n_bins)
        self.nowhere = nn.Parameter(torch.zeros(width))
        self.bin_ticks = nn.Embedding(N_TICK_CLASSES, width)
        self.bin_times = nn.Linear(width, width, bias=False)
        self.bin_frames = nn.Linear(width, width)
        bins = sinusoids(torch.arange(lexicon.n_bins), width)
        self.register_buffer("bin_sinusoids", bins, persistent=False)
        self.pointer_keys = nn.Linear(3 * width, sizes.pointer_width)
        self.memory = nn.Linear(sizes.memory_stride * width, width)
        self.condition = nn.Linear(width, width)
        self.dropout = MaskedDropout(pool)
        self.layers = nn.ModuleList(
            DecoderLayer(width, sizes.heads, sizes.feed_forward, pool)
            for _ in range(sizes.decoder_layers)
        )
        self.norm = nn.LayerNorm(width)
        for table in (self.tokens, self.bin_ticks):
            nn.init.normal_(table.weight, std=0.5)

    def places(self, hearing: Hearing) -> Places:
        """Prepare windows for any number of tokens."""
        frames = hearing.frames
        windows = frames.shape[0]
        memory = self.memory(frames.reshape(windows, -1, self.memory.in_features))
        bins = self.reader(frames)
        ticks = self.bin_ticks(hearing.ticks).to(bins.dtype)
        times = cast("Tensor", self.bin_sinusoids).to(bins.dtype).expand(windows, -1, -1)
        table = ticks + self.bin_times(times) + self.bin_frames(bins)
        nowhere = self.nowhere.to(table.dtype).expand(windows, 1, -1)
        events = hearing.events.float()
        # Bounded away from certainty, so that one sure bin cannot rule out all later ones.
        log_event = F.logsigmoid(events).clamp(min=math.log(SURE))
        log_quiet = F.logsigmoid(-events).clamp(min=math.log(SURE)).cumsum(dim=1)
        return Places(
            cross=[cast("DecoderLayer", layer).cross.keys_values(memory) for layer in self.layers],
            table=torch.cat([table, nowhere], dim=1),
            keys=self.pointer_keys(torch.cat([bins, times, ticks], dim=-1)),
            beats=hearing.beats,
            log_event=log_event,
            log_quiet=log_quiet,
            condition=self.condition(hearing.condition),
        )

    def embed(self, tokens: Tensor, positions: Tensor, last: Tensor, places: Places) -> Tensor:
        """Inputs of the first layer.

        Args:
            tokens: Tensor, shape = (n, t), int64.
            positions: Place in the unpadded sequence, shape = (n, t).
            last: Last bin up to and with each token, n_bins where there is none, (n, t).
            places: Of n windows, or of n / m that serve m sequences each.
        """
        n, t = tokens.shape
        width = self.tokens.embedding_dim
        windows, n_places, _ = places.table.shape
        rows = torch.arange(n, device=tokens.device) // (n // windows) * n_places
        where = F.embedding(last + rows.unsqueeze(1), places.table.flatten(0, 1))
        kind = self.tokens.weight.dtype
        features = cast("Tensor", self.value_features)[tokens].to(kind)
        places_in_text = 0.3 * sinusoids(positions, width).to(kind)
        x = self.tokens(tokens) + self.values(features) + places_in_text
        return self.dropout(x + where + places.condition.view(n, 1, width).expand(n, t, width))

    def forward(
        self,
        tokens: Tensor,
        mask: Tensor | None,
        last: Tensor,
        places: Places,
    ) -> tuple[Tensor, list[tuple[Tensor, Tensor]]]:
        """Hidden states of whole sequences, shape = (n, t, width), and each layer's cache."""
        n, t = tokens.shape
        if mask is None:
            positions = torch.arange(t, device=tokens.device).expand(n, t)
            allowed = None
        else:
            positions = (mask.long().cumsum(dim=1) - 1).clamp(min=0)
            causal = torch.ones(t, t, dtype=torch.bool, device=tokens.device).tril()
            itself = torch.eye(t, dtype=torch.bool, device=tokens.device)
            # Padding attends to itself, as a row without any key would be NaN.
            allowed = ((mask[:, None, :] & causal) | itself).unsqueeze(1)
        x = self.embed(tokens, positions, last, places)
        caches: list[tuple[Tensor, Tensor]] = []
        for layer, cross in zip(self.layers, places.cross, strict=True):
            x, k, v = layer(x, allowed, cross)
            caches.append((k, v))
        return self.norm(x), caches
