"""Classifier-free guidance: away from what the negative prompt would make of the song."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from torch import Tensor


class LogitMixer(Protocol):
    """Joins the predictions of two prompts."""

    def mix(self, wanted: Tensor, unwanted: Tensor) -> Tensor:
        """Predictions to go on with; all shapes are (n, vocab_out)."""
        ...


@dataclass(frozen=True, slots=True)
class Guidance:
    """Exaggerates what the wanted prompt predicts beyond the unwanted one; scale 1 does nothing.

    Ho and Salimans, "Classifier-Free Diffusion Guidance" (2022), on logits.
    """

    scale: float

    def mix(self, wanted: Tensor, unwanted: Tensor) -> Tensor:
        """See `LogitMixer`."""
        return wanted + (self.scale - 1) * (wanted - unwanted)


@dataclass(frozen=True, slots=True)
class InvertedGuidance:
    """Quirk: the released inference takes the two prompts for each other.

    With any scale above 1 it moves towards the negative prompt and away from the wanted one.
    """

    scale: float

    def mix(self, wanted: Tensor, unwanted: Tensor) -> Tensor:
        """See `LogitMixer`."""
        return wanted + self.scale * (unwanted - wanted)
