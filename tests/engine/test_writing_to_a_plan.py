"""Whatever a network thinks, what it writes begins where the plan says."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np
import pytest
import torch

from companion.beatmap import Mode
from companion.engine.cancellation import CancelToken
from companion.engine.conditioning import Conditioning
from companion.engine.events import ContextType, EventType
from companion.engine.model.bundled import BundledBackbone
from companion.engine.model.bundled.folder import settings_of
from companion.engine.prompts import Context
from companion.engine.rhythm import OnsetPlan, onset_times
from companion.engine.sampling import Greedy, Sampler
from companion.engine.vocabulary import MS_PER_STEP, Vocabulary
from companion.engine.window_writer import WHOLE_WINDOW, GenerationOptions, WindowWriter
from tests.engine.test_bundled_backbone import TINY, TOKENIZER, tiny_network, window

if TYPE_CHECKING:
    from companion.engine.model.backbone import Backbone

PLANNED_STEPS = (20, 60, 70, 80, 150, 160, 400, 640, 800)


@pytest.mark.parametrize("seed", [None, 1, 2])
@pytest.mark.parametrize("mode", list(Mode))
def test_an_untrained_network_keeps_to_the_plan(mode: Mode, seed: int | None) -> None:
    vocabulary = Vocabulary.from_file(TOKENIZER)
    backbone = BundledBackbone(tiny_network(7), vocabulary, settings_of(TINY, {}))
    wish = Conditioning(mode=mode, difficulty=4.0, keycount=4, song_length_ms=60_000.0)
    builder = backbone.settings.prompt_builder(vocabulary)
    template = builder.plan({ContextType.TIMING}, {ContextType.MAP}, mode).template
    prompt = builder.build([], [Context(ContextType.MAP, [])], wish, 0, template)
    n_steps = len(vocabulary.ranges[EventType.TIME_SHIFT].ids)
    planned = torch.zeros(1, n_steps, dtype=torch.bool)
    planned[0, list(PLANNED_STEPS)] = True
    quarters = (torch.arange(n_steps) % 10 == 0)[None]
    options = GenerationOptions(temperature=0 if seed is None else 1.0, top_p=1)
    chooser = Greedy() if seed is None else Sampler.seeded([seed])
    writer = WindowWriter(cast("Backbone", backbone), options, wish, chooser)
    encoded = backbone.encode([window(1, mode)])
    plan = OnsetPlan(planned, quarters)
    [row] = writer.write([prompt], encoded, ContextType.MAP, WHOLE_WINDOW, CancelToken(), plan)
    events = vocabulary.decode_window(row.tokens, 0)
    steps = (np.array(onset_times(events)) // MS_PER_STEP).astype(int)
    assert len(steps) >= 3
    # A row may be full before the window is, but leaves nothing out on its way.
    assert sorted(set(steps.tolist())) == list(PLANNED_STEPS[: len(set(steps.tolist()))])
    if mode is not Mode.MANIA:
        assert len(set(steps.tolist())) == len(steps)
