"""The noise schedule: how much noise is left after each step, and how to take some of it away.

Facts: squared cosine schedule (Nichol and Dhariwal, "Improved Denoising Diffusion Probabilistic
Models", 2021) with an offset of 0.008 and at most 0.999 of noise per step. A network is trained
with all steps and used with some of them, between which there is then more noise. The variance is
learned as a place between the smallest and the largest possible one, in logarithms.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from companion.errors import CheckpointMismatch, OptionRefused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from torch import Tensor

    Array = NDArray[np.float64]

SQUARED_COSINE = "squaredcos_cap_v2"
"""The schedule of all published networks, by its name in their configuration."""
OFFSET = 0.008
MAX_NOISE = 0.999


@dataclass(frozen=True, slots=True, eq=False)
class NoiseSchedule:
    """The steps that are taken; index 0 is the last one, with the least noise."""

    trained_steps: tuple[int, ...]
    """The number by which the network knows each step."""
    betas: Array
    """Noise that each step adds, as a share of the variance, shape = (n_steps,)."""

    @classmethod
    def respaced(cls, name: str, n_trained: int, sections: Sequence[int]) -> NoiseSchedule:
        """Take only some of the steps of a schedule.

        Args:
            name: Which schedule; only `SQUARED_COSINE` is known.
            n_trained: Steps of the whole schedule.
            sections: How many steps to take from each of as many equal parts of it, from its start.

        Raises:
            CheckpointMismatch: The schedule is not known.
            OptionRefused: A section has fewer steps than are to be taken.
        """
        if name != SQUARED_COSINE:
            raise CheckpointMismatch(
                f"The diffusion model uses a noise schedule ({name}) that this version does not "
                "know."
            )
        steps = chosen_steps(n_trained, sections)
        kept = np.cumprod(1.0 - _squared_cosine_betas(n_trained))[list(steps)]
        return cls(steps, 1.0 - kept / np.append(1.0, kept[:-1]))

    def __len__(self) -> int:
        return len(self.trained_steps)

    @property
    def kept(self) -> Array:
        """Share of the clean positions' variance that is left after each step."""
        return np.cumprod(1.0 - self.betas, dtype=np.float64)

    @property
    def _kept_before(self) -> Array:
        return np.append(1.0, self.kept[:-1])

    @property
    def clean_from_noisy(self) -> Array:
        """Weight of the noisy positions in the estimate of the clean ones."""
        return np.sqrt(1.0 / self.kept)

    @property
    def clean_from_noise(self) -> Array:
        """Weight of the noise that is taken away in that estimate."""
        return np.sqrt(1.0 / self.kept - 1.0)

    @property
    def variance(self) -> Array:
        """Variance of the positions before a step, once the clean ones are known."""
        return self.betas * (1.0 - self._kept_before) / (1.0 - self.kept)

    @property
    def log_variance(self) -> Array:
        """Its logarithm; the last step has none, so it borrows from the one before it."""
        variance = self.variance
        variance[0] = variance[1] if len(self) > 1 else self.betas[0]
        return np.log(variance)

    @property
    def mean_from_clean(self) -> Array:
        """Weight of the clean positions in the mean of the positions before a step."""
        return self.betas * np.sqrt(self._kept_before) / (1.0 - self.kept)

    @property
    def mean_from_noisy(self) -> Array:
        """Weight of the positions after the step in that mean."""
        return (1.0 - self._kept_before) * np.sqrt(1.0 - self.betas) / (1.0 - self.kept)

    def stages(self) -> tuple[Stage, ...]:
        """The steps in the order in which they are undone, most noise first."""
        logs = (self.log_variance, np.log(self.betas))
        columns = (
            self.clean_from_noisy,
            self.clean_from_noise,
            self.mean_from_clean,
            self.mean_from_noisy,
            *logs,
        )
        rows = zip(self.trained_steps, *(column.tolist() for column in columns), strict=True)
        stages = [Stage(step, *numbers, last=i == 0) for i, (step, *numbers) in enumerate(rows)]
        return tuple(reversed(stages))


@dataclass(frozen=True, slots=True)
class Stage:
    """One step with its numbers; see `NoiseSchedule` for what they mean."""

    trained_step: int
    clean_from_noisy: float
    clean_from_noise: float
    mean_from_clean: float
    mean_from_noisy: float
    min_log_variance: float
    max_log_variance: float
    last: bool
    """Whether no noise is left after it."""

    def clean(self, noisy: Tensor, noise: Tensor) -> Tensor:
        """The clean positions, if this is the noise in the noisy ones."""
        return self.clean_from_noisy * noisy - self.clean_from_noise * noise

    def before(self, clean: Tensor, noisy: Tensor, spread: Tensor, fresh: Tensor) -> Tensor:
        """Draw positions with one step less of noise.

        Args:
            clean: Estimate of the clean positions.
            noisy: Positions after the step.
            spread: Learned variance, from -1 (smallest) to 1 (largest).
            fresh: Standard normal noise; the last step does not use it.
        """
        mean = self.mean_from_clean * clean + self.mean_from_noisy * noisy
        if self.last:
            return mean
        share = (spread + 1) / 2
        log_variance = share * self.max_log_variance + (1 - share) * self.min_log_variance
        return mean + (0.5 * log_variance).exp() * fresh


def chosen_steps(n_trained: int, sections: Sequence[int]) -> tuple[int, ...]:
    """Steps that are taken of each section, evenly from its first to its last.

    Raises:
        OptionRefused: A section has fewer steps than are to be taken.
    """
    size, left_over = divmod(n_trained, len(sections))
    steps: list[int] = []
    start = 0
    for number, count in enumerate(sections):
        length = size + (number < left_over)
        if count > length:
            raise OptionRefused(f"Only {length} steps can be taken there, not {count}.")
        stride = (length - 1) / (count - 1) if count > 1 else 1.0
        at = 0.0
        for _ in range(count):  # added up, not multiplied: the roundings are the original's
            steps.append(start + round(at))
            at += stride
        start += length
    return tuple(sorted(set(steps)))


def _squared_cosine_betas(n_steps: int) -> Array:
    def kept(share: float) -> float:
        return math.cos((share + OFFSET) / (1 + OFFSET) * math.pi / 2) ** 2

    return np.array(
        [min(1 - kept((i + 1) / n_steps) / kept(i / n_steps), MAX_NOISE) for i in range(n_steps)]
    )
