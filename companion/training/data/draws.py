"""Examples by number: the same number gives the same example, whatever happened before.

So a run that was interrupted goes on with exactly the examples that it would have had.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch

from companion.engine.events import ContextType
from companion.engine.prompts import pad_left
from companion.engine.vocabulary import PAD_ID
from companion.training.data.disturbance import changed_sound, disturbed, forgetful
from companion.training.data.examples import MapPlace
from companion.training.data.variation import Variation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.random import Generator
    from numpy.typing import NDArray
    from torch import Tensor

    from companion.engine.model.backbone import WindowInput
    from companion.engine.templates import Template
    from companion.training.data.examples import Example, ExampleBuilder
    from companion.training.data.options import ExampleOptions
    from companion.training.data.records import SetRecord

POOL_BATCHES = 4
"""So many batches are drawn at once and parted by length, so that little is padded."""
SPEED_STEPS = 50
"""Speeds are whole numbers of these parts; then resampling needs short filters only."""
_BEFORE_FIRST, _BEFORE_LAST = 0.5, 0.25
"""Windows begin at most so many windows before the first object, at least before the last."""


class Batch(NamedTuple):
    """n windows of maps, padded on the left."""

    windows: list[WindowInput]
    tokens: Tensor
    """What the decoder is given, shape = (n, n_tokens), int64."""
    mask: Tensor
    """False at padding, shape = (n, n_tokens), bool."""
    targets: Tensor
    """What comes next, shape = (n, n_tokens), int64."""
    predicted: Tensor
    """Whether that is asked for, shape = (n, n_tokens), bool."""


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """An example and what of it is given."""

    example: Example
    given: NDArray[np.int64]
    """All ids but the last, perhaps with noise, shape = (n_tokens - 1,)."""


def places_of(records: Sequence[SetRecord]) -> list[list[MapPlace]]:
    """The maps of sets, set by set."""
    return [[MapPlace(record, one) for one in record.maps] for record in records]


class Draws:
    """Batches of examples by number.

    Args:
        builder: Builds them.
        sets: Maps, set by set; every set has the same chance, and every map of a set.
        options: How they are drawn.
        batch: Examples in a batch.
        seed: Another one gives other examples.
    """

    def __init__(
        self,
        builder: ExampleBuilder,
        sets: Sequence[Sequence[MapPlace]],
        options: ExampleOptions,
        batch: int,
        seed: int = 0,
    ) -> None:
        self.builder = builder
        self._sets = sets
        self._options = options
        self._batch = batch
        self._seed = seed
        self._pools: OrderedDict[int, list[Batch]] = OrderedDict()

    def batch(self, number: int) -> Batch:
        """A batch of examples of about the same length."""
        pool, place = divmod(number, POOL_BATCHES)
        if pool not in self._pools:
            self._pools.clear()
            self._pools[pool] = self._drawn_pool(pool)
        return self._pools[pool][place]

    def example(self, number: int) -> Drawn:
        """One example."""
        rng = np.random.default_rng((self._seed, number))
        group = self._sets[int(rng.integers(len(self._sets)))]
        place = group[int(rng.integers(len(group)))]
        options, builder = self._options, self.builder
        variation = self._variation(rng)
        template = self._template(place, rng)
        about = forgetful(builder.conditioning(place, variation), options.forgetting, rng)
        others = [one for one in place.record.maps if one.file != place.one.file]
        other = others[int(rng.integers(len(others)))] if others else None
        looks_back = rng.random() < options.lookback_share
        example = builder.build(
            place,
            self._first_sample(place, variation.speed, rng),
            variation,
            about=about,
            template=template,
            other=other if ContextType.GD in template.given else None,
            lookback=options.lookback if looks_back else 0.0,
        )
        window = example.window
        sound = changed_sound(window.samples, builder.settings.rate_hz, options.sound, rng)
        given = disturbed(example.ids[:-1], example.n_head, builder.vocabulary, options, rng)
        return Drawn(replace(example, window=replace(window, samples=sound)), given)

    def _drawn_pool(self, pool: int) -> list[Batch]:
        n = POOL_BATCHES * self._batch
        drawn = [self.example(pool * n + index) for index in range(n)]
        drawn.sort(key=lambda one: len(one.given))
        order = np.random.default_rng((self._seed, pool, 1)).permutation(POOL_BATCHES)
        return [collate(drawn[place * self._batch :][: self._batch]) for place in order.tolist()]

    def _variation(self, rng: Generator) -> Variation:
        options = self._options
        dice = rng.random(4)
        speed = Fraction(1)
        if dice[0] < options.speed_share:
            low, high = options.speeds
            share = dice[1] ** 0.5 if options.fast_more_often else dice[1]
            speed = Fraction(round((low + (high - low) * float(share)) * SPEED_STEPS), SPEED_STEPS)
        return Variation(
            speed, bool(dice[2] < options.mirror_x_share), bool(dice[3] < options.mirror_y_share)
        )

    def _template(self, place: MapPlace, rng: Generator) -> Template:
        templates = self.builder.templates(place)
        alone, with_given = self._options.context_weights
        weights = np.array([with_given if one.n_given else alone for one in templates])
        return templates[int(rng.choice(len(templates), p=weights / weights.sum()))]

    def _first_sample(self, place: MapPlace, speed: Fraction, rng: Generator) -> int:
        settings, beatmap = self.builder.settings, self.builder.beatmap(place)
        window_ms = settings.window_ms
        first_ms = beatmap.hit_objects[0].start_ms / float(speed) - _BEFORE_FIRST * window_ms
        last_ms = beatmap.last_ms / float(speed) - _BEFORE_LAST * window_ms
        start_ms = first_ms + rng.random() * max(last_ms - first_ms, 0.0)
        anywhere = rng.random() < self._options.offset_share
        step = settings.hop_samples if anywhere else settings.window_samples
        return max(int(start_ms * settings.rate_hz / 1000 / step), 0) * step


def collate(drawn: Sequence[Drawn]) -> Batch:
    """Put examples into one batch."""
    tokens = torch.as_tensor(pad_left([one.given for one in drawn]))
    targets = torch.as_tensor(pad_left([one.example.ids[1:] for one in drawn]))
    predicted = torch.zeros(targets.shape, dtype=torch.bool)
    for row, one in enumerate(drawn):
        predicted[row, targets.shape[1] - len(one.given) :] = torch.as_tensor(
            one.example.predicted[1:]
        )
    return Batch(
        [one.example.window for one in drawn], tokens, tokens != PAD_ID, targets, predicted
    )
