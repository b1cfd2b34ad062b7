"""A map's positions refined: events in, the same events with other positions out."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, cast

import torch

from companion.engine.diffusion.denoising import Chunk, Guide, band, denoise
from companion.engine.diffusion.paths import chorded_path, smooth_path
from companion.engine.diffusion.placing import placed, placed_like_original
from companion.engine.diffusion.schedule import NoiseSchedule
from companion.engine.diffusion.sequence import PointSequence, in_pixels, points_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from companion.beatmap import TimingPoint
    from companion.engine.cancellation import CancelToken
    from companion.engine.diffusion.classes import MapTraits
    from companion.engine.diffusion.denoising import Noise
    from companion.engine.diffusion.model import DiffusionModel
    from companion.engine.diffusion.slider_ends import SliderEnd
    from companion.engine.diffusion_options import DiffusionOptions
    from companion.engine.events import Event


def refine_positions(
    model: DiffusionModel,
    events: Sequence[Event],
    timing: Sequence[TimingPoint],
    traits: MapTraits,
    options: DiffusionOptions,
    *,
    slider_multiplier: float,
    refiner: DiffusionModel | None = None,
    noise: Noise | None = None,
    cancel: CancelToken | None = None,
) -> list[Event]:
    """Draw the positions of a map anew, close to where they are.

    Args:
        model: The network that draws.
        events: A map in song time, with positions in pixels, one axis each.
        timing: The map's timing points, from which the ends of sliders follow.
        traits: What the map should be like.
        options: How to go about it, and in which range of time.
        slider_multiplier: Base velocity in hundreds of pixels per beat.
        refiner: A network for further iterations at the least noise, on the same device.
        noise: Where noise comes from; a seeded generator of its own unless given.
        cancel: Looked at between steps.

    Returns:
        The same events; only positions differ, and distances make room for positions.

    Raises:
        OptionRefused: The steps do not fit the model's schedule.
        CheckpointMismatch: The model's noise schedule is not known.
        Cancelled: The work was called off.
    """
    sequence = PointSequence.from_events(events, timing, slider_multiplier, options)
    if not len(sequence):
        return list(events)
    source = noise or seeded(options.seed)
    positions = Refinement(model, refiner, traits, options, source, cancel).run(sequence)
    pixels = points_of(in_pixels(positions))
    if options.original_quirks:
        return placed_like_original(events, sequence.point_of, pixels)
    free = free_points(sequence.times_ms, options)
    moved = {slider.end for slider in _moving(sequence.sliders, free)}
    moved.update(point for point, is_free in enumerate(_flags(free)) if is_free)
    return placed(events, sequence.point_of, pixels, moved)


def seeded(seed: int) -> Noise:
    """Noise from a generator of its own, made on the CPU so that devices agree about it."""
    generator = torch.Generator().manual_seed(seed)
    return lambda n_points: torch.randn(2, n_points, generator=generator)


def free_points(times_ms: Tensor, options: DiffusionOptions) -> Tensor:
    """Which points lie in the range that is refined; bool tensor, shape = (n_points,)."""
    start_ms = -math.inf if options.start_ms is None else options.start_ms
    end_ms = math.inf if options.end_ms is None else options.end_ms
    before_end = times_ms <= end_ms if options.original_quirks else times_ms < end_ms
    return (times_ms >= start_ms) & before_end


def chunk_spans(n_points: int, options: DiffusionOptions) -> list[range]:
    """The stretches of points that are seen at once, each overlapping the one before it twice."""
    margins = 2 * options.overlap_points
    starts = range(0, n_points - margins, options.max_points - margins)
    if not starts and not options.original_quirks:
        starts = range(1)
    return [range(start, min(start + options.max_points, n_points)) for start in starts]


class Refinement:
    """One way through all chunks of a map."""

    def __init__(
        self,
        model: DiffusionModel,
        refiner: DiffusionModel | None,
        traits: MapTraits,
        options: DiffusionOptions,
        noise: Noise,
        cancel: CancelToken | None,
    ) -> None:
        self._options = options
        self._noise = noise
        self._cancel = cancel
        self._model = model
        self._stages = _schedule(model, options).stages()
        self._guide = _guide(model, traits, options)
        self._further = ()
        self._further_guide = self._guide
        if refiner is not None:
            main = model if options.original_quirks else refiner
            self._further = (_schedule(main, options).stages()[-1],) * options.further_iterations
            self._further_guide = _guide(main, traits, options)

    def run(self, sequence: PointSequence) -> Tensor:
        """Refined positions, normalised, shape = (2, n_points)."""
        device, overlap = self._model.device, self._options.overlap_points
        begin = sequence.positions.to(device)
        if self._options.random_start:
            begin = self._start(sequence).to(device)
        free = free_points(sequence.times_ms, self._options).to(device)
        positions = begin.clone()
        for span in chunk_spans(len(sequence), self._options):
            chunk_free = free[span.start : span.stop].clone()
            if span.start:
                # The first overlap was finished with the chunk before. The second one was drawn
                # without knowing what follows it, so it is drawn again.
                again = slice(span.start + overlap, span.start + 2 * overlap)
                positions[:, again] = begin[:, again]
                chunk_free[:overlap] = False
            if chunk_free.any():
                chunk = self._chunk(sequence, span, positions, chunk_free)
                positions[:, span.start : span.stop] = self._drawn(chunk)
        return positions

    def _start(self, sequence: PointSequence) -> Tensor:
        """Noise, but the points that are kept are known."""
        random = self._noise(len(sequence))
        if self._options.original_quirks:
            return random
        return torch.where(
            free_points(sequence.times_ms, self._options), random, sequence.positions
        )

    def _chunk(
        self, sequence: PointSequence, span: range, positions: Tensor, free: Tensor
    ) -> Chunk:
        inside = [s for s in sequence.sliders if s.within(span.start, span.stop)]
        sliders = [slider.shifted(span.start) for slider in inside]
        if not self._options.original_quirks:
            sliders = _moving(sliders, free)
        return Chunk(
            start=positions[:, span.start : span.stop].clone(),
            free=free,
            context=sequence.context[:, span.start : span.stop].to(positions.device),
            blocked=band(len(span), self._model.settings.reach_points, positions.device),
            sliders=sliders,
            path_of=chorded_path if self._options.original_quirks else smooth_path,
        ).with_ends()

    def _drawn(self, chunk: Chunk) -> Tensor:
        drawn = denoise(chunk, self._stages, self._guide, self._noise, self._cancel)
        return denoise(
            chunk, self._further, self._further_guide, self._noise, self._cancel, begin=drawn
        )


def _moving(sliders: Sequence[SliderEnd], free: Tensor) -> list[SliderEnd]:
    """Sliders with a point that is drawn."""
    is_free = _flags(free)
    return [s for s in sliders if any(is_free[point] for point in (*s.controls, s.end))]


def _flags(mask: Tensor) -> list[bool]:
    return cast("list[bool]", mask.cpu().numpy().tolist())


def _schedule(model: DiffusionModel, options: DiffusionOptions) -> NoiseSchedule:
    settings = model.settings
    return NoiseSchedule.respaced(settings.noise_schedule, settings.n_trained_steps, options.steps)


def _guide(model: DiffusionModel, traits: MapTraits, options: DiffusionOptions) -> Guide:
    quirks = options.original_quirks
    classes = [model.classes.vector(t, original_quirks=quirks) for t in (traits, traits.opposite)]
    return Guide(model, torch.stack(classes).to(model.device), options.guidance)
