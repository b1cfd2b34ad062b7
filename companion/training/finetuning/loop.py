"""A run of training: steps, looks at held-out maps, states to go on from, logs.

Every step's examples and chances come from its number, so a run that is killed and resumed takes
the same steps as one that was not. One process or several (``accelerate launch``, ``torchrun``):
each draws its own examples.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from statistics import median
from typing import TYPE_CHECKING, Any, Literal, Protocol, cast

import torch

from companion.errors import Cancelled, OptionRefused
from companion.training.finetuning.average import Average, put
from companion.training.finetuning.logs import Logs
from companion.training.finetuning.loss import token_loss
from companion.training.finetuning.run_state import Clock, RunFolder
from companion.training.finetuning.trained_model import TrainedModel, on_device
from companion.training.optimizers import OptimizerName, make_optimizers, rate_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from accelerate import Accelerator
    from torch import nn

    from companion.training.data.draws import Batch, Draws
    from companion.training.data.options import ExampleOptions
    from companion.training.finetuning.held_out import HeldOut, Surprise

Precision = Literal["auto", "no", "bf16"]
MEASURED_STEPS = 6
"""So many steps are timed before it is settled how many a run of some minutes has."""
LOOKING_SHARE = 0.2
"""At most this part of a run of some minutes goes into looks at held-out maps."""
_WARMING_STEPS = 2
"""The first steps are slower than those that follow."""


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How a run is trained."""

    steps: int | None = None
    minutes: float | None = None
    """Instead of steps: about so long, looks included, on this machine."""
    batch: int = 8
    accumulate: int = 1
    """Batches per step."""
    learning_rate: float = 1e-3
    warm_up: int = 10
    last_share: float = 0.05
    """Learning rate at the end, as a share of the highest."""
    weight_decay: float = 0.01
    clip: float = 1.0
    """Longest gradient."""
    optimizer: OptimizerName = "adamw"
    looks: int = 4
    """How often held-out maps are looked at while training goes on, the end included; less often
    where that would take too much of the minutes."""
    save_every: int = 25
    """Steps between states."""
    workers: int = 0
    """Processes that draw examples; without any they are drawn between the steps."""
    seed: int = 0

    def verify(self) -> None:
        """Raises `OptionRefused` where a run cannot be like that."""
        if (self.steps is None) == (self.minutes is None):
            raise OptionRefused("Say either for how many steps or for how many minutes to train.")
        if self.steps is not None and self.steps < 1:
            raise OptionRefused("At least one step has to be taken.")
        if self.minutes is not None and not 0 < self.minutes < 1e6:
            raise OptionRefused("The minutes have to be more than none.")
        if self.batch < 1 or self.accumulate < 1:
            raise OptionRefused("A batch has at least one example.")
        if not 0 < self.learning_rate < 1:
            raise OptionRefused("The learning rate has to be between 0 and 1.")


@dataclass(frozen=True, slots=True)
class StepReport:
    """What is told after each step."""

    clock: Clock
    loss: float
    """Nats per token, weights included."""
    rate: float
    """The learning rate."""


class Listener(Protocol):
    """Who is told how a run goes; may raise `Cancelled` to end it."""

    def planned(self, n_steps: int, seconds: float) -> None:
        """So many steps there will be in all, and about so long the rest of them will take."""
        ...

    def stepped(self, report: StepReport) -> None:
        """A step is done."""
        ...

    def looked(self, step: int, surprise: Surprise) -> None:
        """Held-out maps have been looked at after so many steps."""
        ...


def make_accelerator(
    device: str, precision: Precision, accumulate: int, folder: Path
) -> Accelerator:
    """What places tensors and sums gradients; one per process.

    Raises:
        OptionRefused: accelerate is not installed.
    """
    from companion.training.finetuning.extra import needs_extra

    with needs_extra():
        from accelerate import Accelerator, DistributedDataParallelKwargs
    on_cpu = device == "cpu" or (device == "auto" and not _has_accelerator())
    if precision == "auto":
        # Without AVX-512 torch works bfloat16 products out value by value.
        is_fast = not on_cpu or torch.backends.cpu.get_cpu_capability() == "AVX512"
        precision = "bf16" if is_fast else "no"
    return Accelerator(
        cpu=on_cpu,
        mixed_precision=precision,
        gradient_accumulation_steps=accumulate,
        project_dir=folder,
        # Windows without sliders, for instance, ask nothing of some weights.
        kwargs_handlers=[DistributedDataParallelKwargs(find_unused_parameters=True)],
    )


class Run:
    """One run in one folder.

    Args:
        model: What is trained: its weights that ask for gradients.
        draws: What it is trained on.
        examples: How losses are weighed.
        held_out: What is looked at meanwhile.
        accelerator: See `make_accelerator`.
        folder: Where states are kept.
        options: How long and how fast.
        plan: What else makes this run another one, for going on with it.
    """

    def __init__(
        self,
        model: TrainedModel,
        draws: Draws,
        examples: ExampleOptions,
        held_out: HeldOut | None,
        accelerator: Accelerator,
        folder: Path,
        options: RunOptions,
        plan: dict[str, Any] | None = None,
    ) -> None:
        options.verify()
        self.model = model
        self.options = options
        self.clock = Clock(n_steps=options.steps, n_looks=options.looks)
        self._draws = draws
        self._examples = examples
        self._held_out = held_out
        # Its own types are partly unknown.
        self._accelerator = cast("Any", accelerator)
        self._weights: dict[str, nn.Parameter] = model.trained()
        self._average = Average(self._weights)
        self._bare = make_optimizers(
            options.optimizer, self._weights.values(), options.weight_decay
        )
        self._folder = RunFolder(folder, {**asdict(options), **(plan or {})})
        self._logs = Logs(folder, enabled=accelerator.is_main_process)

    def resume(self) -> bool:
        """Go on from the folder's latest state if there is one.

        Raises:
            OptionRefused: It is of a run with other options.
        """
        found = self._folder.resume(self._bare)
        if found is None:
            return False
        self.clock, weights, average = found
        put(self._weights, weights)
        device = self.model.backbone.device
        self._average.values = {name: value.to(device) for name, value in average.items()}
        return True

    def look(self) -> Surprise | None:
        """Look at the held-out maps with the weights as they are."""
        if self._held_out is None:
            return None
        return self._held_out.look(self.model, self._accelerator.autocast)

    def train(self, listener: Listener) -> None:
        """Take the steps that are left; afterwards the best weights are the model's.

        Raises:
            Cancelled: The listener ended it; a state has been kept.
        """
        prepared = self._accelerator.prepare(self.model, *self._bare)
        module, optimizers = prepared[0], prepared[1:]
        if self.clock.n_steps is not None:
            listener.planned(self.clock.n_steps, 0.0)
        try:
            self._take_steps(module, optimizers, listener)
        except Cancelled:
            self._save()
            raise
        finally:
            self._logs.close()
        best = self._folder.best() if self._held_out is not None else None
        put(self._weights, best or self._average.values)

    def _take_steps(self, module: nn.Module, optimizers: list[Any], listener: Listener) -> None:
        clock, durations = self.clock, list[float]()
        batches = self._batches(clock.step * self.options.accumulate)
        module.train()
        while clock.n_steps is None or clock.step < clock.n_steps:
            began = time.monotonic()
            rate = rate_at(
                clock.step,
                clock.n_steps,
                self.options.learning_rate,
                self.options.warm_up,
                self.options.last_share,
            )
            loss = self._step(module, optimizers, rate, batches)
            self._average.follow(clock.step)
            durations.append(time.monotonic() - began)
            clock.step += 1
            clock.seconds += durations[-1]
            self._logs.step(clock.step, loss, rate, durations[-1])
            if clock.n_steps is None and len(durations) >= MEASURED_STEPS:
                self._plan(durations[_WARMING_STEPS:], listener)
            self._look_if_due(listener)
            if clock.step % self.options.save_every == 0 or clock.step == clock.n_steps:
                self._save()
            listener.stepped(StepReport(clock, loss, rate))

    def _step(
        self, module: nn.Module, optimizers: list[Any], rate: float, batches: Iterator[Batch]
    ) -> float:
        accelerator, device = self._accelerator, self.model.backbone.device
        number = self.options.seed * 1_000_003 + self.clock.step
        number = number * accelerator.num_processes + accelerator.process_index
        torch.manual_seed(number)  # pyright: ignore[reportUnknownMemberType]
        total = 0.0
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = rate
        for _ in range(self.options.accumulate):
            batch = on_device(next(batches), device)
            with accelerator.accumulate(module):
                with accelerator.autocast():
                    logits = module(batch)
                loss = token_loss(
                    logits.float(), batch, self.model.backbone.vocabulary, self._examples
                )
                accelerator.backward(loss)
                if accelerator.sync_gradients:
                    accelerator.clip_grad_norm_(list(self._weights.values()), self.options.clip)
                for optimizer in optimizers:
                    optimizer.step()
                    optimizer.zero_grad(set_to_none=True)
            total += float(loss.detach())
        return total / self.options.accumulate

    def _plan(self, durations: list[float], listener: Listener) -> None:
        """Settle how many steps the minutes are good for, by those that have been timed."""
        assert self.options.minutes is not None
        each, clock = median(durations), self.clock
        left = self.options.minutes * 60 - clock.seconds
        n_looks, each_look = self.options.looks, 0.0
        if self._held_out is not None:
            began = time.monotonic()
            self.look()
            each_look = time.monotonic() - began
            affordable = int(LOOKING_SHARE * left / max(each_look, 1e-9))
            n_looks = min(n_looks, max(affordable, 1))
        import accelerate.utils

        n_left = max(int((left - (n_looks + 1) * each_look) / each), 1)
        plan = [n_left, n_looks, each * n_left + each_look * n_looks]
        # One process decides for all: they have to take as many steps.
        cast("Any", accelerate.utils).broadcast_object_list(plan)
        clock.n_steps, clock.n_looks = clock.step + int(plan[0]), int(plan[1])
        listener.planned(clock.n_steps, float(plan[2]))

    def _look_if_due(self, listener: Listener) -> None:
        clock, looks = self.clock, self.clock.n_looks
        if self._held_out is None or clock.n_steps is None or not looks:
            return
        due = {max(round(clock.n_steps * (k + 1) / looks), 1) for k in range(looks)}
        if clock.step not in due:
            return
        with self._average.in_place():
            surprise = self.look()
        assert surprise is not None
        if surprise.every.mean < clock.best_bits:
            clock.best_bits, clock.best_step = surprise.every.mean, clock.step
            if self._accelerator.is_main_process:
                self._folder.keep_best(self._average.values)
        self._logs.look(clock.step, surprise)
        listener.looked(clock.step, surprise)

    def _save(self) -> None:
        if self._accelerator.is_main_process:
            weights = {name: weight.detach() for name, weight in self._weights.items()}
            self._folder.save(self.clock, weights, self._average.values, self._bare)
        self._accelerator.wait_for_everyone()

    def _batches(self, first: int) -> Iterator[Batch]:
        """This process's batches from one on, for ever."""
        share, place = self._accelerator.num_processes, self._accelerator.process_index
        numbers = _Numbers(first * share + place, share)
        if not self.options.workers:
            return (self._draws.batch(number) for number in numbers)
        loader = torch.utils.data.DataLoader(
            _Drawn(self._draws.batch),
            sampler=cast("Any", numbers),
            batch_size=None,
            num_workers=self.options.workers,
        )
        return iter(loader)


class _Numbers:
    """Whole numbers from one on, at some distance."""

    def __init__(self, first: int, stride: int) -> None:
        self._first, self._stride = first, stride

    def __iter__(self) -> Iterator[int]:
        number = self._first
        while True:
            yield number
            number += self._stride


class _Drawn(torch.utils.data.Dataset["Batch"]):
    """Batches by number, for torch's loader."""

    def __init__(self, batch: Callable[[int], Batch]) -> None:
        self._batch = batch

    def __getitem__(self, number: int) -> Batch:
        return self._batch(number)


def _has_accelerator() -> bool:
    return torch.cuda.is_available() or torch.backends.mps.is_available()
