"""Whose maps a map resembles, as the style network has it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from companion.beatmap import Mode
from companion.engine.analysis.style_network import load_style_network
from companion.engine.analysis.style_vocabulary import window_samples
from companion.engine.analysis.style_windows import style_windows
from companion.engine.audio import load_audio
from companion.engine.checkpoint import choose_device
from companion.errors import OptionRefused

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from torch import Tensor

    from companion.beatmap import Beatmap
    from companion.engine.analysis.configuration import StyleConfig
    from companion.engine.analysis.style_network import StyleNetwork
    from companion.engine.analysis.style_windows import StyleWindow
    from companion.engine.audio import Waveform
    from companion.engine.checkpoint import DeviceName

BATCH = 4
"""Windows at a time."""


@dataclass(frozen=True, slots=True)
class MapperLikeness:
    """How much a mapper's style a map has."""

    mapper_id: int
    name: str | None
    """None where the model's folder does not say."""
    probability: float


@dataclass(frozen=True, slots=True)
class WindowStyle:
    """The verdict on one window."""

    start_ms: float
    likeliest: MapperLikeness


@dataclass(frozen=True, slots=True)
class MapperStyle:
    """The verdict on a map."""

    mappers: tuple[MapperLikeness, ...]
    """All that the model knows, likeliest first; probabilities are means over the windows."""
    windows: tuple[WindowStyle, ...]
    """Those that objects start in; empty for a map without any, as is ``mappers``."""


def mapper_style(
    beatmap: Beatmap, song: Path, folder: Path, device: DeviceName = "auto"
) -> MapperStyle:
    """Ask the style model in a folder about a map and its song.

    Raises:
        OptionRefused: The map is not for osu! standard.
        AudioError: The song is missing or cannot be decoded.
        ModelMissing: There is no model, or the machine has no such device.
        CheckpointMismatch: Its files do not fit each other; the first misfit is named.
    """
    if beatmap.mode is not Mode.OSU:
        raise OptionRefused("The style model knows osu! standard maps only.")
    network, config = load_style_network(folder, choose_device(device))
    waveform = load_audio(song, config.model.spectrogram.sample_rate)
    windows = style_windows(beatmap, config, len(waveform.samples))
    if not windows:
        return MapperStyle((), ())
    shares = torch.cat(list(_shares(network, windows, waveform, window_samples(config))))

    mean = shares.mean(dim=0)
    mappers = [_likeness(config, i, mean) for i in range(len(config.mappers))]
    return MapperStyle(
        # stable: of equals the one whose class comes first
        tuple(sorted(mappers, key=lambda mapper: -mapper.probability)),
        tuple(
            WindowStyle(window.start_ms, _likeness(config, int(shares[i].argmax()), shares[i]))
            for i, window in enumerate(windows)
        ),
    )


def _likeness(config: StyleConfig, place: int, shares: Tensor) -> MapperLikeness:
    mapper_id = config.mappers[place]
    return MapperLikeness(mapper_id, config.mapper_names.get(mapper_id), float(shares[place]))


def _shares(
    network: StyleNetwork, windows: Sequence[StyleWindow], waveform: Waveform, n_samples: int
) -> Iterator[Tensor]:
    """Probabilities of all mappers, shape = (n, n_mappers), some windows at a time."""
    device = next(network.parameters()).device
    for first in range(0, len(windows), BATCH):
        batch = windows[first : first + BATCH]
        cuts = [torch.as_tensor(waveform.cut(w.first_sample, n_samples)) for w in batch]
        tokens = torch.tensor([window.tokens for window in batch])
        with torch.inference_mode():
            reading = network(torch.stack(cuts).to(device), tokens.to(device))
        yield reading.logits.softmax(-1).cpu()
