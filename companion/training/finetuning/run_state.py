"""A run on disk: everything that going on exactly needs, never half written.

Each state is a folder of its own that gets its name when it is complete; then older ones go.
"""

from __future__ import annotations

import json
import math
import shutil
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, cast

import torch
from safetensors.torch import load_file, save_file  # pyright: ignore[reportUnknownVariableType]

from companion.errors import OptionRefused

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from torch import Tensor
    from torch.optim import Optimizer

_PREFIX, _UNFINISHED = "state-", ".part"
_CLOCK, _OPTIMIZER = "clock.json", "optimizer-{}.pt"
_WEIGHTS, _AVERAGE, _BEST = "weights.safetensors", "average.safetensors", "best.safetensors"


@dataclass(slots=True)
class Clock:
    """How far a run is."""

    step: int = 0
    n_steps: int | None = None
    """How many there will be; unknown until the first ones have been timed."""
    n_looks: int = 0
    """How often held-out maps will be looked at, evenly spread."""
    seconds: float = 0.0
    """Spent on steps so far."""
    best_bits: float = math.inf
    """Lowest figure of a look at held-out maps so far."""
    best_step: int = 0


class RunFolder:
    """Where a run keeps its states.

    Args:
        folder: Made when there is something to keep.
        plan: What the run was asked to do; going on with another plan is refused.
    """

    def __init__(self, folder: Path, plan: Mapping[str, Any]) -> None:
        self.folder = folder
        self._plan = json.loads(json.dumps(plan, default=str))

    def save(
        self,
        clock: Clock,
        weights: Mapping[str, Tensor],
        average: Mapping[str, Tensor],
        optimizers: Sequence[Optimizer],
    ) -> None:
        """Keep a state."""
        target = self.folder / f"{_PREFIX}{clock.step:08d}"
        if target.is_dir():
            return
        part = target.with_name(target.name + _UNFINISHED)
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        save_file(_stored(weights), part / _WEIGHTS)
        save_file(_stored(average), part / _AVERAGE)
        for index, optimizer in enumerate(optimizers):
            torch.save(optimizer.state_dict(), part / _OPTIMIZER.format(index))
        text = json.dumps({"clock": asdict(clock), "plan": self._plan}, indent=1)
        (part / _CLOCK).write_text(text, encoding="utf-8")
        part.rename(target)
        for old in self.folder.glob(f"{_PREFIX}*"):
            if old != target:
                shutil.rmtree(old, ignore_errors=True)

    def resume(
        self, optimizers: Sequence[Optimizer]
    ) -> tuple[Clock, dict[str, Tensor], dict[str, Tensor]] | None:
        """The latest state: clock, weights and average; None when there is none.

        Raises:
            OptionRefused: It is of a run that was asked to do something else.
        """
        states = sorted(
            path for path in self.folder.glob(f"{_PREFIX}*") if path.suffix != _UNFINISHED
        )
        if not states:
            return None
        state = states[-1]
        stored = cast("dict[str, Any]", json.loads((state / _CLOCK).read_text(encoding="utf-8")))
        if stored["plan"] != self._plan:
            other = sorted(
                name
                for name in {*stored["plan"], *self._plan}
                if stored["plan"].get(name) != self._plan.get(name)
            )
            raise OptionRefused(
                f"The run in {self.folder} was begun with other options ({', '.join(other)}). "
                "Give the same ones again, or another --out."
            )
        for index, optimizer in enumerate(optimizers):
            values: dict[str, Any] = torch.load(
                state / _OPTIMIZER.format(index), weights_only=True, map_location="cpu"
            )
            optimizer.load_state_dict(values)
        clock = Clock(**stored["clock"])
        return clock, load_file(state / _WEIGHTS), load_file(state / _AVERAGE)

    def keep_best(self, weights: Mapping[str, Tensor]) -> None:
        """Keep the best weights so far."""
        self.folder.mkdir(parents=True, exist_ok=True)
        part = self.folder / (_BEST + _UNFINISHED)
        save_file(_stored(weights), part)
        part.replace(self.folder / _BEST)

    def best(self) -> dict[str, Tensor] | None:
        """The best weights so far; None before the first look."""
        path = self.folder / _BEST
        return load_file(path) if path.is_file() else None


def _stored(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
