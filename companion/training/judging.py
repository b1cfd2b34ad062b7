"""A quick look at held-out windows while training goes on."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import torch

from companion.engine.events import EventType
from companion.engine.model.bundled.grid import MEASURE_QUARTERS
from companion.engine.model.bundled.network import Trail
from companion.training.batches import assemble
from companion.training.draws import sound_of
from companion.training.measures import f1_score
from companion.training.precision import forward_precision

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from torch import Tensor

    from companion.engine.model.bundled.hearing import Hearing
    from companion.engine.model.bundled.network import BundledNetwork
    from companion.training.batches import Batch
    from companion.training.draws import Song, Window
    from companion.training.material import Material

BATCH = 8
JUDGED_MODES = {0: "osu", 3: "mania"}
ALL = "all"
"""Instead of a kind of token: whatever is predicted."""


def held_out_windows(material: Material, maps_per_song: int = 2, per_map: int = 4) -> list[Window]:
    """The same windows every time: some maps of every song, spread over their length."""
    windows: list[Window] = []
    for song in _judged(material.held_out):
        step = max(len(song.charts) // maps_per_song, 1)
        for chart in song.charts[::step][:maps_per_song]:
            last = chart.events_ms[-1] - 0.6 * material.drawer.sizes.window_ms
            first = max(float(chart.onsets_ms[0]) - 200, 0.0)
            for share in range(per_map):
                place_ms = first + share / max(per_map - 1, 1) * max(last - first, 0.0)
                column = int(place_ms / material.drawer.sizes.column_ms)
                windows.append(material.drawer.plain_window(song, chart, column))
    return windows


@torch.no_grad()
def quick_look(
    network: BundledNetwork, material: Material, windows: Sequence[Window]
) -> dict[str, float]:
    """Bits per token of each kind, with the right and another song's sound, and the head's F1."""
    sums: dict[str, list[float]] = {}
    counts = {name: np.zeros(3) for name in JUDGED_MODES.values()}
    kinds = material.drawer.vocabulary.kind_index
    names = tuple(EventType)
    for mode, mode_name in JUDGED_MODES.items():
        group = [window for window in windows if window.song.mode == mode]
        if not group:
            continue
        sounds = sound_of(group, material.spectra)
        others = _of_other_songs(group)
        for start in range(0, len(group), BATCH):
            rows = slice(start, start + BATCH)
            for label, sound in (("", sounds[rows]), ("_shuffled", sounds[others[rows]])):
                batch = assemble(group[rows], sound, network.sizes, network.lexicon.n_bins)
                hearing, bits = token_bits(network, batch)
                kind = kinds[batch.tokens[:, 1:].numpy()]
                for index in np.unique(kind[~np.isnan(bits)]).tolist():
                    name = names[int(index)].value if index >= 0 else "end"
                    chosen = bits[(kind == index) & ~np.isnan(bits)]
                    for kept in (name, ALL):
                        sums.setdefault(f"{mode_name}_{kept}{label}", []).extend(chosen.tolist())
                if not label:
                    counts[mode_name] += head_counts(hearing, batch)
    result = {name: float(np.mean(values)) for name, values in sorted(sums.items())}
    return result | {f"{name}_head_f1": f1_score(*count) for name, count in counts.items()}


def token_bits(network: BundledNetwork, batch: Batch) -> tuple[Hearing, NDArray[np.float64]]:
    """Surprise at each token after the first, NaN where none is predicted, shape = (n, t)."""
    with forward_precision():
        hearing = network.hear(batch.ask)
        inputs = batch.tokens[:, :-1]
        trail = Trail.of(inputs, network.lexicon)
        places = network.decoder.places(hearing)
        h, _ = network.decoder(inputs, None, trail.bins, places)
        log_probs = network.log_probs(h, inputs, trail, places)
    # Prompts hold ids beyond the output vocabulary; they are not judged.
    targets = batch.tokens[:, 1:].clamp(max=log_probs.shape[2] - 1)
    chosen = torch.gather(log_probs, 2, targets.unsqueeze(2)).squeeze(2)
    bits = (-chosen / math.log(2)).double().numpy()
    bits[~batch.predicted[:, 1:].numpy()] = np.nan
    return hearing, bits


def head_counts(hearing: Hearing, batch: Batch) -> NDArray[np.float64]:
    """True positives, false positives and misses of the head on quarter ticks."""
    ticks = batch.ask.ticks < MEASURE_QUARTERS
    truth = _near(batch.onsets)
    said = hearing.onsets > 0
    return np.array(
        [
            float((ticks & truth & said).sum()),
            float((ticks & ~truth & said).sum()),
            float((ticks & truth & ~said).sum()),
        ]
    )


def _near(onsets: Tensor) -> Tensor:
    """Bins that hold an onset or lie next to one that does (about 12 ms)."""
    return torch.nn.functional.max_pool1d(onsets.unsqueeze(1), 3, stride=1, padding=1)[:, 0] > 0


def _judged(songs: Sequence[Song]) -> list[Song]:
    """The largest group of maps of each song and judged mode."""
    best: dict[tuple[str, int], Song] = {}
    for song in songs:
        key = song.name, song.mode
        if song.mode in JUDGED_MODES and (
            key not in best or len(best[key].charts) < len(song.charts)
        ):
            best[key] = song
    return list(best.values())


def _of_other_songs(windows: Sequence[Window]) -> list[int]:
    """For each window the index of one of another song, always the same."""
    n = len(windows)
    chosen: list[int] = []
    for index, window in enumerate(windows):
        others = [k for k in range(n) if windows[k].song.name != window.song.name]
        chosen.append(others[(7 * index) % len(others)] if others else index)
    return chosen
