"""How surprised a model is at maps that it is not trained on: bits per event, by kind."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from companion.engine.events import TYPES, EventType
from companion.training.data.draws import Drawn, collate
from companion.training.finetuning.trained_model import on_device

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from numpy.typing import NDArray
    from torch import Tensor

    from companion.engine.vocabulary import Vocabulary
    from companion.training.data.draws import Batch
    from companion.training.data.examples import ExampleBuilder, MapPlace
    from companion.training.finetuning.trained_model import TrainedModel

BATCH = 8


@dataclass(slots=True)
class Bits:
    """Surprise at some tokens."""

    bits: float = 0.0
    n: int = 0

    @property
    def mean(self) -> float:
        """Bits per token; NaN without any."""
        return self.bits / self.n if self.n else math.nan

    def add(self, bits: float, n: int) -> None:
        """Take in more tokens."""
        self.bits += bits
        self.n += n


@dataclass(slots=True)
class Surprise:
    """What a look at held-out maps has found."""

    every: Bits = field(default_factory=Bits)
    """All events; the ends of contexts and sequences are none."""
    by_kind: dict[str, Bits] = field(default_factory=dict[str, Bits])
    by_map: dict[str, Bits] = field(default_factory=dict[str, Bits])


@dataclass(frozen=True, slots=True, eq=False)
class _Look:
    name: str
    drawn: Drawn


class HeldOut:
    """The same windows of the same maps at every look, as they are.

    Args:
        builder: Builds their examples.
        places: The maps.
        windows_per_map: At most so many, spread evenly over each map.
    """

    def __init__(
        self, builder: ExampleBuilder, places: Sequence[MapPlace], windows_per_map: int = 12
    ) -> None:
        self._vocabulary = builder.vocabulary
        looks = [
            _Look(f"{place.record.name} [{place.one.version}]", Drawn(example, example.ids[:-1]))
            for place in places
            for first_sample in first_samples(builder, place, windows_per_map)
            for example in [builder.build(place, first_sample, lookback=builder.settings.lookback)]
        ]
        looks.sort(key=lambda look: len(look.drawn.given))
        self._parts = [looks[start : start + BATCH] for start in range(0, len(looks), BATCH)]

    @property
    def n_windows(self) -> int:
        """Windows that are looked at."""
        return sum(len(part) for part in self._parts)

    @torch.no_grad()
    def look(
        self, model: TrainedModel, precision: Callable[..., AbstractContextManager[object]]
    ) -> Surprise:
        """Measure a model; it is left in the mode that it was in."""
        was_training = model.training
        model.eval()
        surprise = Surprise()
        for part in self._parts:
            batch = on_device(collate([look.drawn for look in part]), model.backbone.device)
            with precision():
                logits = model(batch)
            bits = bits_of(logits, batch).cpu().numpy()
            kinds = _kinds(batch.targets.cpu(), self._vocabulary)
            for row, look in enumerate(part):
                _count(surprise, look.name, bits[row], kinds[row])
        model.train(was_training)
        return surprise


def first_samples(builder: ExampleBuilder, place: MapPlace, at_most: int) -> list[int]:
    """Where the judged windows of a map begin: their judged parts lie end to end."""
    settings, beatmap = builder.settings, builder.beatmap(place)
    stride = max(int(settings.window_samples * (1 - settings.lookback)), 1)
    lead_ms = settings.lookback * settings.window_ms
    first = int(max(beatmap.hit_objects[0].start_ms - lead_ms, 0) * settings.rate_hz / 1000)
    last_ms = beatmap.hit_objects[-1].start_ms - lead_ms
    past = max(int(last_ms * settings.rate_hz / 1000), first + 1)
    every = list(range(first, past, stride))
    if len(every) <= at_most:
        return every
    return [every[round(i)] for i in np.linspace(0, len(every) - 1, at_most).tolist()]


def bits_of(logits: Tensor, batch: Batch) -> Tensor:
    """Surprise at the targets, NaN where nothing is asked for, shape = (n, n_tokens), float64."""
    # Ids that only stand in prompts lie beyond what a model can say; they are not asked for.
    targets = batch.targets.clamp(max=logits.shape[2] - 1).unsqueeze(2)
    nats = -torch.log_softmax(logits.float(), dim=-1).gather(2, targets).squeeze(2).double()
    return torch.where(batch.predicted, nats / math.log(2), torch.nan)


def _kinds(targets: Tensor, vocabulary: Vocabulary) -> NDArray[Any]:
    """Index of each target's kind in ``tuple(EventType)``, -1 for ends."""
    return vocabulary.kind_index[targets.numpy()]


def _count(surprise: Surprise, name: str, bits: NDArray[Any], kinds: NDArray[Any]) -> None:
    asked = ~np.isnan(bits)
    found: list[int] = np.unique(kinds[asked]).tolist()
    for index in found:
        chosen = bits[asked & (kinds == index)]
        total, n = float(chosen.sum()), len(chosen)
        kind = "end" if index < 0 else _name(tuple(EventType)[index])
        surprise.by_kind.setdefault(kind, Bits()).add(total, n)
        if index >= 0:
            surprise.every.add(total, n)
            surprise.by_map.setdefault(name, Bits()).add(total, n)


def _name(kind: EventType) -> str:
    return "type" if kind in TYPES else kind.value
