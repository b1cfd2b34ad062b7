"""Positions refined by diffusion against what the original drew from the same noise."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from companion.engine.diffusion import (
    DiffusionModel,
    DiffusionOptions,
    MapTraits,
    NoiseSchedule,
    PointSequence,
    load,
    refine_positions,
)
from companion.engine.diffusion.embedding import waves
from companion.engine.diffusion.model import guided
from companion.engine.diffusion.refining import Refinement
from companion.engine.diffusion.sequence import in_pixels
from companion.engine.events import EventType
from tests.parity.conftest import Recorded

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

    from companion.engine.events import Event

N_SEEN_CONTEXTS = 16
TIE_PX = 0.01
"""Float32 sums in another order differ by this much after ten steps."""


@pytest.fixture(scope="module")
def folder(goldens: Path) -> Path:
    folder = goldens / "diffusion"
    if not folder.is_dir():
        pytest.skip("no records of diffusion")
    return folder


@pytest.fixture(scope="module")
def model(folder: Path) -> DiffusionModel:
    return load(folder, "cpu")


@dataclass(frozen=True)
class Case:
    """One recorded run."""

    recorded: Recorded
    name: str

    @cached_property
    def record(self) -> dict[str, Any]:
        return self.recorded.json(f"{self.name}.json")

    @cached_property
    def options(self) -> DiffusionOptions:
        record = self.record
        return DiffusionOptions(
            steps=tuple(record["timesteps"]),
            guidance=record["diff_cfg_scale"],
            max_points=record["max_seq_len"],
            overlap_points=record["overlap_buffer"],
            random_start=record["random_init"],
            start_ms=record["start_time"],
            end_ms=record["end_time"],
            types_first=record["types_first"],
            has_velocities=record["has_sv"],
            original_quirks=True,
        )

    @cached_property
    def traits(self) -> MapTraits:
        config = self.record["generation_config"]
        return MapTraits(
            stars=config["difficulty"],
            mapper_id=config["mapper_id"],
            descriptors=tuple(config["descriptors"] or ()),
            negative_descriptors=tuple(config["negative_descriptors"] or ()),
            circle_size=config["circle_size"],
            beatmap_id=config["beatmap_id"],
        )

    @cached_property
    def slider_multiplier(self) -> float:
        return self.record["generation_config"]["slider_multiplier"]

    @cached_property
    def timing(self):
        return self.recorded.points(self.record["timing"])

    def events(self, what: str) -> list[Event]:
        return self.recorded.events(self.recorded.folder / f"{self.name}.{what}.npz")

    def arrays(self, what: str) -> dict[str, np.ndarray]:
        with np.load(self.recorded.folder / f"{self.name}.{what}.npz") as record:
            return {name: record[name] for name in record.files}

    @cached_property
    def sequence(self) -> PointSequence:
        return PointSequence.from_events(
            self.events("input"), self.timing, self.slider_multiplier, self.options
        )

    def refined(self, model: DiffusionModel) -> tuple[list[Event], np.ndarray]:
        """Events, and the positions in pixels before they are rounded, shape = (2, n_points)."""
        events = refine_positions(
            model,
            self.events("input"),
            self.timing,
            self.traits,
            self.options,
            slider_multiplier=self.slider_multiplier,
            noise=Replay(self),
        )
        replay = Replay(self)
        refinement = Refinement(model, None, self.traits, self.options, replay, None)
        unrounded = in_pixels(refinement.run(self.sequence)).numpy()
        assert replay.used == len(replay.draws), self.name
        return events, unrounded


class Replay:
    """Hands out the recorded noise; the original drew as much again for what it threw away."""

    def __init__(self, case: Case) -> None:
        arrays = case.arrays("noise")
        self.draws: list[Tensor] = []
        if case.options.random_start:  # not recorded, but it was the first draw from the seed
            generator = torch.Generator().manual_seed(case.record["seed"])
            shape = (2, 2, case.record["seq_len"])
            self.draws.append(torch.randn(*shape, generator=generator))
        self.draws += [torch.from_numpy(arrays[f"n{i}"]) for i in range(len(arrays["shapes"]))]
        self.used = 0

    def __call__(self, n_points: int, /) -> Tensor:
        draw = self.draws[self.used][0]
        self.used += 1
        assert draw.shape == (2, n_points)
        return draw


def assert_close(ours: Tensor, recorded: np.ndarray, tolerance: float) -> None:
    expected = torch.from_numpy(recorded)
    torch.testing.assert_close(ours, expected, atol=tolerance, rtol=tolerance)


def cases(folder: Path) -> list[Case]:
    names = sorted(file.name.removesuffix(".input.npz") for file in folder.glob("*.input.npz"))
    assert names, f"no cases in {folder}"
    return [Case(Recorded(folder.parent, folder.name), name) for name in names]


def test_the_network_estimates_as_recorded(folder: Path, model: DiffusionModel):
    with np.load(folder / "dit_forward.npz") as record:
        arrays = {name: torch.from_numpy(record[name]) for name in record.files}
    x, context, classes = arrays["x"], arrays["c"], arrays["y"]
    with torch.inference_mode():
        out = model.network(x, arrays["t"], context, classes, arrays["attn_mask"])
    torch.testing.assert_close(out, arrays["out"], atol=1e-4, rtol=1e-4)


def test_guidance_is_applied_as_recorded(folder: Path, model: DiffusionModel):
    with np.load(folder / "dit_forward.npz") as record:
        arrays = {name: torch.from_numpy(record[name]) for name in record.files}
    # Both rows were given the first row's positions, each with its own step and context.
    assert len(arrays["x"]) == 2
    x = arrays["x"][:1].expand(2, -1, -1)
    with torch.inference_mode():
        both = model.network(x, arrays["t"], arrays["c"], arrays["y"], arrays["attn_mask"])
    noise, spread = guided(both, 2.0)
    expected = arrays["out_cfg2"][0]
    torch.testing.assert_close(torch.cat([noise, spread]), expected, atol=1e-4, rtol=1e-4)


def test_steps_become_waves_as_recorded(folder: Path):
    with np.load(folder / "timestep_embedding.npz") as record:
        steps = torch.from_numpy(record["t"])
        for n_channels in (128, 256):
            expected = torch.from_numpy(record[f"emb{n_channels}"])
            # An angle cannot be more exact than the float32 number it is made from.
            slack = 1e-6 + steps.abs()[:, None] * torch.finfo(torch.float32).eps
            assert bool(((waves(steps, n_channels) - expected).abs() <= slack).all())


@pytest.mark.parametrize("n_steps", [10, 100])
def test_the_noise_schedule_is_as_recorded(folder: Path, model: DiffusionModel, n_steps: int):
    settings = model.settings
    schedule = NoiseSchedule.respaced(
        settings.noise_schedule, settings.n_trained_steps, (n_steps, *[0] * 9)
    )
    ours = {
        "betas": schedule.betas,
        "alphas_cumprod": schedule.kept,
        "posterior_variance": schedule.variance,
        "posterior_log_variance_clipped": schedule.log_variance,
        "posterior_mean_coef1": schedule.mean_from_clean,
        "posterior_mean_coef2": schedule.mean_from_noisy,
        "sqrt_recip_alphas_cumprod": schedule.clean_from_noisy,
        "sqrt_recipm1_alphas_cumprod": schedule.clean_from_noise,
        "timestep_map": np.array(schedule.trained_steps),
    }
    with np.load(folder / "schedule.npz") as record:
        prefix = f"r{n_steps}_"
        names = {n.removeprefix(prefix) for n in record.files if n.startswith(prefix)}
        assert names == set(ours)
        for name in ours:
            expected = record[f"r{n_steps}_{name}"]
            np.testing.assert_allclose(ours[name], expected, rtol=1e-10, atol=1e-14, err_msg=name)


def test_points_are_collected_as_recorded(folder: Path):
    for case in cases(folder):
        expected, sequence = case.arrays("seq"), case.sequence
        context = sequence.context
        assert_close(sequence.positions, expected["seq_x"], 1e-6)
        assert_close(sequence.times_ms, expected["seq_o"], 0)
        assert_close(context[:, :N_SEEN_CONTEXTS], expected["seq_c_first16"], 1e-3)
        assert_close(context.sum(0), expected["seq_c_sum"], 1e-3)
        pairs = [(i, point) for i, point in enumerate(sequence.point_of) if point is not None]
        assert pairs == [tuple(pair) for pair in expected["seq_indices"].tolist()], case.name


def test_the_traits_of_a_map_become_classes_as_recorded(folder: Path, model: DiffusionModel):
    for case in cases(folder):
        vector = model.classes.vector(case.traits, original_quirks=True)
        np.testing.assert_array_equal(vector, case.arrays("seq")["class_vector"], case.name)


def test_positions_are_refined_as_recorded(folder: Path, model: DiffusionModel):
    for case in cases(folder):
        (refined, unrounded), expected = case.refined(model), case.events("output")
        assert [e.kind for e in refined] == [e.kind for e in expected], case.name
        points = iter(points_of_places(case))
        for ours, theirs in zip(refined, expected, strict=True):
            if ours.kind not in {EventType.POS_X, EventType.POS_Y}:
                assert ours.value == theirs.value, case.name
                continue
            exact = float(unrounded[int(ours.kind is EventType.POS_Y), next(points)])
            assert ours.value == round(exact), case.name
            # Only a position right between two pixels may be rounded to the other one.
            assert abs(exact - theirs.value) <= 0.5 + TIE_PX, case.name
        assert next(points, None) is None, case.name


def points_of_places(case: Case) -> list[int | None]:
    """The point of each position that the original writes."""
    n_positions = {EventType.DISTANCE: 2, EventType.POS_X: 1, EventType.POS_Y: 1}
    pairs = zip(case.events("input"), case.sequence.point_of, strict=True)
    return [point for event, point in pairs for _ in range(n_positions.get(event.kind, 0))]
