"""Refining positions, with a small network of random weights."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
import torch

from companion.beatmap.timing import TimingPoint
from companion.engine.cancellation import CancelToken
from companion.engine.diffusion import (
    ClassTable,
    DiffusionModel,
    DiffusionOptions,
    DiffusionSettings,
    MapTraits,
    PointSequence,
    refine_positions,
)
from companion.engine.diffusion.model import guided
from companion.engine.diffusion.network import DiffusionNetwork, NetworkSize
from companion.engine.diffusion.refining import Refinement, chunk_spans, seeded
from companion.engine.diffusion.schedule import SQUARED_COSINE
from companion.engine.diffusion.sequence import in_pixels, points_of
from companion.engine.events import Event, EventType
from companion.errors import Cancelled, CheckpointMismatch, OptionRefused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

OPTIONS = DiffusionOptions(
    steps=(3, *[0] * 9), max_points=12, overlap_points=3, further_iterations=2
)
TABLE = ClassTable(
    n_beatmaps=0,
    n_difficulties=4,
    max_stars=12,
    n_mappers=3,
    n_descriptors=3,
    n_circle_sizes=4,
    beatmaps={},
    beatmap_mappers={100: 1001},
    mappers={1001: 0, 1002: 1},
    descriptors={"streams": 0, "simple": 1},
)
TRAITS = MapTraits(stars=5, descriptors=("streams",), negative_descriptors=("simple",))
TIMING = (TimingPoint(0, 500),)


def model_of(seed: int = 1) -> DiffusionModel:
    torch.manual_seed(seed)
    size = NetworkSize(272, hidden_size=16, depth=1, num_heads=2, class_size=TABLE.size)
    network = DiffusionNetwork(size).requires_grad_(requires_grad=False).eval()
    torch.nn.init.normal_(network.get_parameter("blocks.0.attn.in_proj_weight"), std=0.2)
    return DiffusionModel(network, DiffusionSettings(size, 1000, SQUARED_COSINE, 4), TABLE)


@pytest.fixture
def model() -> DiffusionModel:
    return model_of()


def group(
    kind: EventType, ms: int, x: int | None = None, y: int | None = None, *more: Event
) -> list[Event]:
    events = [Event(kind, 0, ms), Event(EventType.TIME_SHIFT, ms, ms)]
    if x is not None and y is not None:
        events += [Event(EventType.POS_X, x, ms), Event(EventType.POS_Y, y, ms)]
    return [*events, *more]


def circles(n: int) -> list[Event]:
    return [e for i in range(n) for e in group(EventType.CIRCLE, 200 * i, 40 + 9 * i, 300 - 7 * i)]


def slider(ms: int = 0) -> list[Event]:
    """100 px long; its end is written far away from where it belongs."""
    speed = Event(EventType.SCROLL_SPEED, 100, ms)
    return [
        *group(EventType.SLIDER_HEAD, ms, 100, 100, speed),
        *group(EventType.LAST_ANCHOR, ms + 500, 300, 100),
        *group(EventType.SLIDER_END, ms + 500, 20, 20),
    ]


def places(events: Sequence[Event]) -> list[tuple[int, int]]:
    xs = [e.value for e in events if e.kind is EventType.POS_X]
    ys = [e.value for e in events if e.kind is EventType.POS_Y]
    return list(zip(xs, ys, strict=True))


def refine(
    model: DiffusionModel, events: list[Event], options: DiffusionOptions = OPTIONS, **more
) -> list[Event]:
    return refine_positions(model, events, TIMING, TRAITS, options, slider_multiplier=1.0, **more)


class CountingNoise:
    """Calls work off after some draws."""

    def __init__(self, cancel: CancelToken | None = None, after: int = 0) -> None:
        self.draws = 0
        self._noise = seeded(0)
        self._cancel = cancel
        self._after = after

    def __call__(self, n_points: int, /) -> Tensor:
        self.draws += 1
        if self._cancel is not None and self.draws == self._after:
            self._cancel.cancel()
        return self._noise(n_points)


def calls_of(model: DiffusionModel) -> list[int]:
    """Grows by the batch size whenever the network runs."""
    calls: list[int] = []
    model.network.register_forward_hook(lambda _network, _inputs, out: calls.append(len(out)))
    return calls


def test_only_positions_change(model: DiffusionModel):
    events = circles(5)
    refined = refine(model, events)
    assert places(refined) != places(events)
    others = [e for e in refined if e.kind not in {EventType.POS_X, EventType.POS_Y}]
    assert others == [e for e in events if e.kind not in {EventType.POS_X, EventType.POS_Y}]


def test_short_maps_are_refined(model: DiffusionModel):
    for n in (1, 2, 2 * OPTIONS.overlap_points):
        assert places(refine(model, circles(n))) != places(circles(n))


def test_the_original_does_nothing_to_short_maps(model: DiffusionModel):
    quirks = replace(OPTIONS, original_quirks=True)
    calls = calls_of(model)
    n = 2 * OPTIONS.overlap_points
    assert places(refine(model, circles(n), quirks)) == places(circles(n))
    assert not calls
    assert places(refine(model, circles(n + 1), quirks)) != places(circles(n + 1))


def test_nothing_becomes_nothing(model: DiffusionModel):
    kiai = [Event(EventType.KIAI, 1, 5)]
    assert refine(model, []) == []
    assert refine(model, kiai) == kiai


def test_a_seed_gives_the_same_positions_again(model: DiffusionModel):
    events = circles(20)
    first = refine(model, events)
    torch.manual_seed(99)
    before = torch.get_rng_state()
    assert refine(model, events) == first
    assert torch.equal(torch.get_rng_state(), before)
    assert refine(model, events, replace(OPTIONS, seed=1)) != first


def test_cancelling_is_noticed_before_the_next_step(model: DiffusionModel):
    cancel = CancelToken()
    calls, noise = calls_of(model), CountingNoise(cancel, after=2)
    with pytest.raises(Cancelled):
        refine(model, circles(5), noise=noise, cancel=cancel)
    assert noise.draws == len(calls) == 2


def test_cancelling_is_noticed_between_further_iterations(model: DiffusionModel):
    cancel = CancelToken()
    noise = CountingNoise(cancel, after=4)
    with pytest.raises(Cancelled):
        refine(model, circles(5), noise=noise, cancel=cancel, refiner=model_of(2))
    assert noise.draws == 4


def test_points_outside_the_range_stay(model: DiffusionModel):
    events = circles(10)
    options = replace(OPTIONS, start_ms=400, end_ms=1200, random_start=True)
    before, after = places(events), places(refine(model, events, options))
    changed = [i for i in range(10) if before[i] != after[i]]
    assert changed == [2, 3, 4, 5]


def test_the_original_refines_a_point_at_the_end_of_the_range(model: DiffusionModel):
    events = circles(10)
    options = replace(OPTIONS, start_ms=400, end_ms=1200, original_quirks=True)
    before, after = places(events), places(refine(model, events, options))
    assert [i for i in range(10) if before[i] != after[i]] == [2, 3, 4, 5, 6]


def test_nothing_runs_for_a_range_without_points(model: DiffusionModel):
    calls = calls_of(model)
    options = replace(OPTIONS, start_ms=10_000, end_ms=20_000)
    assert refine(model, circles(20), options) == circles(20)
    assert not calls


def test_chunks_overlap_and_cover_everything():
    for n in range(1, 60):
        spans = chunk_spans(n, OPTIONS)
        assert {i for span in spans for i in span} == set(range(n))
        assert all(len(span) <= OPTIONS.max_points for span in spans)
        margins = [a.stop - b.start for a, b in pairwise(spans)]
        assert all(margin == 2 * OPTIONS.overlap_points for margin in margins)


def test_what_a_chunk_has_finished_does_not_change_in_the_next(model: DiffusionModel):
    long, short = circles(18), circles(12)
    first = places(refine(model, short))
    both = places(refine(model, long))
    assert both[:9] == first[:9]
    assert both[9:12] != first[9:]


def test_an_overlap_of_half_a_chunk_is_refused():
    with pytest.raises(OptionRefused):
        DiffusionOptions(max_points=10, overlap_points=5)


def test_no_steps_are_refused():
    for steps in ((), (0, 0), (3, -1)):
        with pytest.raises(OptionRefused):
            DiffusionOptions(steps=steps)


def test_guidance_of_one_saves_half_of_the_work(model: DiffusionModel):
    calls = calls_of(model)
    refine(model, circles(5))
    assert set(calls) == {1}
    calls.clear()
    refine(model, circles(5), replace(OPTIONS, guidance=2.0))
    assert set(calls) == {2}


def test_guidance_leads_away_from_the_opposite():
    estimates = torch.stack([torch.full((4, 3), 5.0), torch.full((4, 3), 3.0)])
    for guidance, expected in ((0.0, 3.0), (1.0, 5.0), (2.0, 7.0)):
        noise, spread = guided(estimates, guidance)
        assert bool((noise == expected).all())
        assert bool((spread == 5.0).all())


def test_random_starts_forget_where_points_were(model: DiffusionModel):
    def map_at(x: int) -> list[Event]:
        # Stated distances are all that the network is told beside the positions.
        moved = Event(EventType.DISTANCE, 30)
        return [e for i in range(6) for e in group(EventType.CIRCLE, 200 * i, x, 100, moved)]

    for random_start in (False, True):
        options = replace(OPTIONS, random_start=random_start)
        same = places(refine(model, map_at(50), options)) == places(
            refine(model, map_at(400), options)
        )
        assert same is random_start


def test_slider_ends_follow_from_the_path(model: DiffusionModel):
    refined = refine(model, slider())
    head, anchor, end = (torch.tensor(p, dtype=torch.float32) for p in places(refined))
    length = float((anchor - head).norm())
    expected = head + (anchor - head) * min(100 / length, 1.0)
    assert float((end - expected).abs().max()) <= 1.5
    free = places(refine(model, slider(), replace(OPTIONS, has_velocities=False)))
    assert free[2] != places(refined)[2]


def kept_points(model: DiffusionModel, options: DiffusionOptions) -> list[tuple[float, float]]:
    """The points of a slider, and where they lie after a later circle has been refined."""
    events = [*slider(), *group(EventType.CIRCLE, 9000, 200, 200)]
    chosen = replace(options, start_ms=8000, overlap_points=1)
    sequence = PointSequence.from_events(events, TIMING, 1.0, chosen)
    refinement = Refinement(model, None, TRAITS, chosen, seeded(0), None)
    points = points_of(in_pixels(refinement.run(sequence)))
    assert points[3] != pytest.approx((200, 200), abs=1e-2)
    return [(round(x, 2), round(y, 2)) for x, y in points[:3]]


def test_sliders_outside_the_range_keep_their_ends(model: DiffusionModel):
    assert kept_points(model, OPTIONS) == [(100, 100), (300, 100), (20, 20)]


def test_the_original_recomputes_the_ends_of_sliders_outside_the_range(model: DiffusionModel):
    quirks = replace(OPTIONS, original_quirks=True)
    assert kept_points(model, quirks) == [(100, 100), (300, 100), (200, 100)]


def test_a_random_start_keeps_the_points_outside_the_range(model: DiffusionModel):
    random = replace(OPTIONS, random_start=True)
    assert kept_points(model, random) == kept_points(model, OPTIONS)


def test_a_random_start_of_the_original_forgets_them(model: DiffusionModel):
    quirks = replace(OPTIONS, random_start=True, original_quirks=True)
    assert kept_points(model, quirks)[0] != (100, 100)


def test_the_refining_network_makes_the_further_iterations(model: DiffusionModel):
    refiner = model_of(2)
    main_calls, further_calls = calls_of(model), calls_of(refiner)
    refine(model, circles(5), refiner=refiner)
    assert (len(main_calls), len(further_calls)) == (3, 2)


def test_the_original_makes_the_further_iterations_with_the_main_network(model: DiffusionModel):
    refiner = model_of(2)
    main_calls, further_calls = calls_of(model), calls_of(refiner)
    refine(model, circles(8), replace(OPTIONS, original_quirks=True), refiner=refiner)
    assert (len(main_calls), len(further_calls)) == (5, 0)


def test_an_unknown_schedule_is_refused(model: DiffusionModel):
    other = replace(model, settings=replace(model.settings, noise_schedule="cubic"))
    with pytest.raises(CheckpointMismatch, match="cubic"):
        refine(other, circles(3))
