"""Everything that a run trains on and is judged by, gathered from one data folder."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from companion.engine.encoding import EncodingOptions
from companion.engine.model.bundled.folder import PROMPTS
from companion.engine.prompts import PromptBuilder, PromptOptions
from companion.training.charts import read_chart
from companion.training.draws import Drawer, songs_of
from companion.training.library import MODES, TOO_HARD_STARS, find_sets, find_unpaired, split
from companion.training.spectra import SPEEDS, Spectra

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from companion.engine.model.bundled.configuration import NetworkSizes
    from companion.engine.vocabulary import Vocabulary
    from companion.training.charts import Chart
    from companion.training.draws import Song
    from companion.training.library import MapFile, SongSet

PAIRED_FOLDERS = ("real", "real_extra")
UNPAIRED_ARCHIVE = "osu/osu.tar.zst"


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """What there is to train on, and what is left out of it."""

    paired: tuple[Song, ...]
    silent: tuple[Song, ...]
    """Maps without a song."""
    held_out: tuple[Song, ...]
    held_out_names: tuple[str, ...]
    spectra: Spectra
    drawer: Drawer


def prompt_builder(vocabulary: Vocabulary, sizes: NetworkSizes) -> PromptBuilder:
    """Prompts as the engine builds them for the bundled model."""
    return PromptBuilder(
        vocabulary,
        sizes.window_ms,
        PromptOptions.from_train_config(PROMPTS),
        EncodingOptions.from_train_config(PROMPTS),
    )


def gather(data: Path, cache: Path, sizes: NetworkSizes, vocabulary: Vocabulary) -> Material:
    """Read the sets and maps below ``data``; spectrograms and events are kept in ``cache``."""
    sets = find_sets(folder for name in PAIRED_FOLDERS if (folder := data / name).is_dir())
    training, held_out = split(sets)
    spectra = Spectra(cache / "spectra", sizes)
    reader = _Reader(spectra, vocabulary, cache / "charts")
    return Material(
        tuple(song for one in training for song in reader.songs(one)),
        tuple(reader.alone(find_unpaired(_unpacked(data, cache), held_out))),
        tuple(song for one in held_out for song in reader.songs(one)),
        tuple(one.name for one in held_out),
        spectra,
        Drawer(sizes, prompt_builder(vocabulary, sizes), int(PROMPTS["tgt_seq_len"]) + 1),
    )


def prepare_sound(material: Material) -> None:
    """Make all spectrograms that training will ask for."""
    for song in {song.name: song for song in material.paired}.values():
        for speed in SPEEDS:
            if song.audio is not None:
                material.spectra.of(song.audio, speed)


def token_counts(material: Material) -> dict[str, dict[str, int]]:
    """How often each id occurs in the training maps with a song, by mode; the unigram baseline."""
    words, window_ms = material.drawer.vocabulary, material.drawer.sizes.window_ms
    counts = {mode: np.zeros(words.size_out, dtype=np.int64) for mode in MODES}
    for song in material.paired:
        for chart in song.charts:
            for start_ms in np.arange(0, chart.events_ms[-1] + 1, window_ms):
                ids = chart.window(words, float(start_ms), window_ms)
                counts[MODES[song.mode]] += np.bincount(ids, minlength=words.size_out)
    return {
        mode: {str(index): int(row[index]) for index in np.flatnonzero(row)}
        for mode, row in counts.items()
    }


@dataclass(frozen=True, slots=True, eq=False)
class _Reader:
    spectra: Spectra
    vocabulary: Vocabulary
    cache: Path

    def songs(self, one: SongSet) -> list[Song]:
        length_ms = self.spectra.length_ms(one.audio)
        charts = [self.chart(file, length_ms) for file in one.maps]
        return songs_of(one.audio, one.name, [chart for chart in charts if _usable(chart)])

    def alone(self, files: Iterable[MapFile]) -> list[Song]:
        charts = (self.chart(file, 0.0) for file in files)
        return [
            song
            for chart in charts
            if _usable(chart)
            for song in songs_of(None, chart.name, [chart])
        ]

    def chart(self, file: MapFile, length_ms: float) -> Chart:
        return read_chart(file, length_ms, self.vocabulary, self.cache)


def _usable(chart: Chart) -> bool:
    stars = chart.conditioning.difficulty
    keys = chart.conditioning.keycount
    return (stars is None or stars < TOO_HARD_STARS) and len(chart.onsets_ms) >= 20 and keys <= 18


def _unpacked(data: Path, cache: Path) -> Path:
    archive, folder = data / UNPAIRED_ARCHIVE, cache / "unpaired"
    if archive.is_file() and not folder.is_dir():
        folder.mkdir(parents=True)
        subprocess.run(["tar", "--zstd", "-xf", str(archive), "-C", str(folder)], check=True)
    return folder if folder.is_dir() else data / "osu"
