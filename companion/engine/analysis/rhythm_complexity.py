"""How hard a map's rhythm is to foresee, as the rhythm network has it.

The network reads the gaps before every object and says how likely each length of the next one is.
What it takes to tell it the true one, summed up and shared out over the time that is played, is
the complexity.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import torch

from companion.beatmap import Mode, Slider
from companion.engine.analysis.map_as_trained import MapAsTrained
from companion.engine.analysis.rhythm_network import load_rhythm_network
from companion.engine.analysis.rhythm_tokens import (
    RhythmVocabulary,
    foretellings,
    rhythm_steps,
)
from companion.engine.checkpoint import choose_device
from companion.engine.encoding.moments import as_ms, moment
from companion.errors import OptionRefused

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta
    from pathlib import Path

    from torch import Tensor

    from companion.beatmap import Beatmap, HitObject
    from companion.engine.analysis.rhythm_network import RhythmNetwork
    from companion.engine.analysis.rhythm_tokens import Foretelling
    from companion.engine.checkpoint import DeviceName

LONGEST_PAUSE_MS = 5000
"""From here on a pause is not time that is played."""
SMALLEST_PROBABILITY = 1e-4
"""Nothing is worse than this, so that one odd gap does not decide over a map."""
BATCH = 1024


@dataclass(frozen=True, slots=True)
class GapSurprise:
    """How unforeseen the start of an object was."""

    time_ms: float
    nats: float


@dataclass(frozen=True, slots=True)
class RhythmComplexity:
    """The verdict on a map."""

    surprises: tuple[GapSurprise, ...]
    """Of all objects that have enough before them, in order."""
    played_s: float
    """Time from object to object without long pauses."""

    @property
    def nats_per_second(self) -> float | None:
        """The complexity; None where there is nothing to foresee."""
        if not self.surprises:
            return None
        # A map without any time between objects is not shared out over it.
        return sum(surprise.nats for surprise in self.surprises) / (self.played_s or 1.0)

    def most_surprising(self, n: int) -> tuple[GapSurprise, ...]:
        """The ``n`` objects that were foreseen least, the worst first."""
        return tuple(sorted(self.surprises, key=lambda s: (-s.nats, s.time_ms))[:n])


def rhythm_complexity(
    beatmap: Beatmap, folder: Path, device: DeviceName = "auto"
) -> RhythmComplexity:
    """Ask the rhythm model in a folder about a map.

    Raises:
        OptionRefused: The map is not for osu! standard.
        ModelMissing: There is no model, or the machine has no such device.
        CheckpointMismatch: Its files do not fit each other; the first misfit is named.
    """
    if beatmap.mode is not Mode.OSU:
        raise OptionRefused("The rhythm model knows osu! standard maps only.")
    network, config = load_rhythm_network(folder, choose_device(device))
    vocabulary = RhythmVocabulary(config.data)
    steps = rhythm_steps(beatmap, vocabulary)
    asked = list(foretellings(steps, config.data.src_seq_len))
    reach = leniency_steps(beatmap.od, config.data.time_resolution)
    return RhythmComplexity(
        tuple(
            surprise
            for first in range(0, len(asked), BATCH)
            for surprise in _surprises(network, asked[first : first + BATCH], reach)
        ),
        played_s(beatmap),
    )


def leniency_steps(od: float, steps_per_ms: float) -> int:
    """How many steps a foreseen gap may be too short: the window of a 300, cut to whole steps."""
    return int((79.5 - 6 * od) * steps_per_ms)


@torch.inference_mode()
def _surprises(
    network: RhythmNetwork, asked: Sequence[Foretelling], reach: int
) -> list[GapSurprise]:
    device = next(network.parameters()).device
    contexts = torch.tensor([item.context for item in asked], device=device)
    gaps = torch.tensor([item.gap_token for item in asked])
    nats = gap_nats(network(contexts).cpu(), gaps, reach)
    return [GapSurprise(item.time_ms, float(nats[i])) for i, item in enumerate(asked)]


def gap_nats(logits: Tensor, gaps: Tensor, reach: int) -> Tensor:
    """What it costs to tell the true gaps, with some leniency.

    Lengths from ``reach`` steps shorter up to, but not with, ``reach`` steps longer count as right.
    Where that range would begin before the first token nothing counts: the published figures
    were made so, and this one is to be comparable.

    Args:
        logits: The network's, shape = (n, n_outputs).
        gaps: Tokens of the true gaps, shape = (n,).
        reach: See above.

    Returns:
        Nats, from 0 to 9.2, shape = (n,).
    """
    places = torch.arange(logits.shape[-1])
    first, past = (gaps - reach)[:, None], (gaps + reach)[:, None]
    right = (places >= first) & (places < past) & (first >= 0)
    probability = (logits.softmax(-1) * right).sum(-1)
    return -probability.clamp(SMALLEST_PROBABILITY, 1).log()


def played_s(beatmap: Beatmap) -> float:
    """Seconds between objects that follow each other within five seconds.

    From the end of a slider, but from the start of a spinner.
    """
    trained = MapAsTrained.of(beatmap)
    pauses_ms = [
        as_ms(moment(following.start_ms) - _let_go(trained, hit))
        for hit, following in pairwise(trained.beatmap.hit_objects)
    ]
    return sum(pause for pause in pauses_ms if pause < LONGEST_PAUSE_MS) / 1000


def _let_go(trained: MapAsTrained, hit: HitObject) -> timedelta:
    return trained.end_of(hit) if isinstance(hit, Slider) else moment(hit.start_ms)
