"""The training loop: two stages, an average of the weights, and a state that can be resumed.

First the encoder and the frame head learn alone where objects lie (*hearing*), then everything is
trained together (*writing*). Every step's random numbers come from its number, so an interrupted
run goes on exactly as it would have.
"""

from __future__ import annotations

import copy
import json
import math
import time
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file  # pyright: ignore[reportUnknownVariableType]

from companion.errors import CheckpointMismatch
from companion.training.batches import assemble
from companion.training.draws import augmented, sound_of
from companion.training.losses import head_loss, losses
from companion.training.optimizers import make_optimizers
from companion.training.precision import forward_precision

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from torch import Tensor

    from companion.engine.model.bundled.network import BundledNetwork
    from companion.training.batches import Batch
    from companion.training.material import Material

HEARING, WRITING = "hearing", "writing"
WEIGHT_DECAY = 0.05
HEARING_PARTS = ("encoder.", "condition.", "head.")
"""Names of the weights that the first stage trains."""


@dataclass(frozen=True, slots=True)
class Stage:
    """How one stage is trained; it ends with its seconds or its steps, whichever is given."""

    name: str
    seconds: float = math.inf
    steps: int | None = None
    learning_rate: float = 8e-4
    warm_up: int = 60
    last_share: float = 0.03
    """Learning rate at the end, as a share of the highest."""
    windows: int = 6
    each: int = 2
    """Maps per window."""
    silent_share: float = 0.0
    """Share of batches without audio, from maps without a song."""
    as_heard: bool = False
    """Whether the encoder and the frame head stay as they are while the rest is trained."""

    def progress(self, clock: Clock) -> float:
        """From 0 to 1."""
        return clock.step / self.steps if self.steps is not None else clock.seconds / self.seconds

    def rate(self, clock: Clock) -> float:
        """The learning rate of the next step: a warm-up, then a cosine."""
        done = min(self.progress(clock), 1.0)
        fall = self.last_share + (1 - self.last_share) * 0.5 * (1 + math.cos(math.pi * done))
        return self.learning_rate * fall * min(1.0, (clock.step + 1) / max(self.warm_up, 1))


@dataclass(slots=True)
class Clock:
    """How far a run is; stored with it."""

    stage: str = HEARING
    step: int = 0
    seconds: float = 0.0
    done_steps: dict[str, int] = field(default_factory=dict[str, int])
    """Steps of finished stages."""
    done_seconds: dict[str, float] = field(default_factory=dict[str, float])
    best: float = math.inf
    """Lowest score of an evaluation so far."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a listener is told after each step."""

    clock: Clock
    parts: dict[str, float]
    rate: float


class Trainer:
    """One run in one folder."""

    def __init__(
        self, network: BundledNetwork, material: Material, folder: Path, seed: int = 0
    ) -> None:
        self.network = network
        self.average = copy.deepcopy(network).eval()
        self.material = material
        self.folder = folder
        self.seed = seed
        self.clock = Clock()
        # Went 4 % below AdamW's loss within 90 steps, on the same batches from the same weights.
        self.optimizers = make_optimizers(
            "muon", network.parameters(), WEIGHT_DECAY, network.tables()
        )

    def run(
        self,
        stage: Stage,
        listen: Callable[[Report], None],
        stop: Callable[[], bool] = lambda: False,
    ) -> bool:
        """Train until the stage is over (True) or ``stop`` says so (False); then save."""
        if self.clock.stage != stage.name:
            self._begin(stage.name)
        for name, weight in self.network.named_parameters():
            weight.requires_grad_(not (stage.as_heard and name.startswith(HEARING_PARTS)))
        while stage.progress(self.clock) < 1 and not stop():
            began = time.monotonic()
            rate = stage.rate(self.clock)
            parts = self._step(stage, rate)
            self.clock.step += 1
            self.clock.seconds += time.monotonic() - began
            listen(Report(self.clock, parts, rate))
        self.save()
        return stage.progress(self.clock) >= 1

    def save(self) -> None:
        """Write the state; a crash while writing leaves the previous one."""
        self.folder.mkdir(parents=True, exist_ok=True)
        kept = {"weights": self.network, "average": self.average}
        for name, network in kept.items():
            _replace(self.folder / f"{name}.safetensors", lambda p, n=network: _save_network(n, p))
        states = [optimizer.state_dict() for optimizer in self.optimizers]
        _replace(self.folder / "optimizers.pt", lambda path: torch.save(states, path))
        text = json.dumps(asdict(self.clock), indent=1)
        _replace(self.folder / "clock.json", lambda path: path.write_text(text, encoding="utf-8"))

    def resume(self) -> bool:
        """Go on from the folder's state if there is one."""
        if not (self.folder / "clock.json").is_file():
            return False
        self.network.load_state_dict(load_file(self.folder / "weights.safetensors"))
        self.average.load_state_dict(load_file(self.folder / "average.safetensors"))
        states: list[dict[str, Any]] = torch.load(self.folder / "optimizers.pt", weights_only=True)
        for optimizer, state in zip(self.optimizers, states, strict=True):
            optimizer.load_state_dict(state)
        stored = json.loads((self.folder / "clock.json").read_text(encoding="utf-8"))
        self.clock = Clock(**stored)
        return True

    def begin_with(self, weights: dict[str, Tensor]) -> None:
        """Start the second stage from given weights, of all parts or of the first stage's."""
        missing = self.network.state_dict().keys() - weights.keys()
        if any(name.startswith(HEARING_PARTS) for name in missing):
            raise CheckpointMismatch("These weights lack the encoder or the frame head.")
        for network in (self.network, self.average):
            network.load_state_dict(weights, strict=False)
        self.clock.stage = WRITING

    def _begin(self, stage: str) -> None:
        clock = self.clock
        if clock.step:
            clock.done_steps[clock.stage] = clock.step
            clock.done_seconds[clock.stage] = clock.seconds
            # The average is better than the last weights, which were shaken to the end.
            self.network.load_state_dict(self.average.state_dict())
        clock.stage, clock.step, clock.seconds = stage, 0, 0.0

    def _step(self, stage: Stage, rate: float) -> dict[str, float]:
        number = (self.seed, stage.name == WRITING, self.clock.step)
        rng = np.random.default_rng(number)
        torch.manual_seed(int(rng.integers(1 << 31)))  # pyright: ignore[reportUnknownMemberType]
        batch = self._batch(stage, rng)
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = rate
        self.network.train()
        with forward_precision():
            if stage.name == HEARING:
                loss = head_loss(self.network.hear(batch.ask), batch)
                parts = {"head": loss, "total": 10 * loss}
            else:
                parts = losses(self.network, batch)._asdict()
        parts["total"].backward()  # pyright: ignore[reportUnknownMemberType]
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        for optimizer in self.optimizers:
            optimizer.step()  # pyright: ignore[reportUnknownMemberType]
            optimizer.zero_grad(set_to_none=True)
        self._update_average()
        values = {name: float(value.detach()) for name, value in parts.items()}
        return values | {"mode": float(batch.ask.classes[0, 0]), "length": batch.tokens.shape[1]}

    def _batch(self, stage: Stage, rng: np.random.Generator) -> Batch:
        material, drawer = self.material, self.material.drawer
        silent = bool(material.silent) and rng.random() < stage.silent_share
        songs = material.silent if silent else material.paired
        # A map without a song stands alone, so as many windows as maps are needed.
        n, each = (stage.windows * stage.each, 1) if silent else (stage.windows, stage.each)
        windows = drawer.batch(songs, n, each, rng)
        sound = sound_of(windows, material.spectra)
        sound = sound if silent else augmented(sound, rng)
        return assemble(windows, sound, drawer.sizes, self.network.lexicon.n_bins)

    @torch.no_grad()
    def _update_average(self) -> None:
        step = self.clock.step + sum(self.clock.done_steps.values())
        keep = min(0.995, (1 + step) / (10 + step))
        for mean, now in zip(self.average.parameters(), self.network.parameters(), strict=True):
            mean.lerp_(now, 1 - keep)


def _save_network(network: BundledNetwork, path: Path) -> None:
    save_file({name: value.contiguous() for name, value in network.state_dict().items()}, path)


def _replace(path: Path, write: Callable[[Path], object]) -> None:
    unfinished = path.with_name(path.name + ".part")
    write(unfinished)
    unfinished.replace(path)
