"""A tiny song with maps, as a set on disk."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile

from companion.engine.model.bundled.configuration import NetworkSizes
from companion.engine.vocabulary import Vocabulary

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

TOKENIZER = Path(__file__).parents[2] / "companion/models/bundled/tokenizer.json"
BEAT_MS = 400
CLICKS = tuple(400 + 200 * k for k in range(48))


def map_lines(mode: int, title: str, objects: Sequence[str], version: str = "Normal") -> bytes:
    return "\n".join(
        [
            "osu file format v14",
            "",
            "[General]",
            "AudioFilename: song.wav",
            f"Mode: {mode}",
            "",
            "[Metadata]",
            f"Title:{title}",
            f"Version:{version}",
            "",
            "[Difficulty]",
            "CircleSize:4",
            "SliderMultiplier:1.4",
            "",
            "[TimingPoints]",
            f"0,{BEAT_MS},4,1,0,60,1,0",
            "",
            "[HitObjects]",
            *objects,
            "",
        ]
    ).encode()


def osu_objects(seed: int = 0) -> list[str]:
    rng = np.random.default_rng(seed)
    lines: list[str] = []
    for count, time in enumerate(CLICKS):
        x, y = int(rng.integers(0, 513)), int(rng.integers(0, 385))
        if count % 7 == 3:
            lines.append(f"{x},{y},{time},2,0,L|{x + 60}:{y},1,70,2|0,0:0|0:0,0:0:0:0:")
        elif count % 7 != 4:
            lines.append(f"{x},{y},{time},{5 if count % 4 == 0 else 1},{2 * (count % 3)},0:0:0:0:")
    return lines


def mania_objects(seed: int = 0) -> list[str]:
    rng = np.random.default_rng(seed)
    lines: list[str] = []
    for time in CLICKS:
        for column in rng.choice(4, size=int(rng.integers(1, 3)), replace=False):
            x = int(64 + 128 * column)
            held = rng.random() < 0.2
            lines.append(
                f"{x},192,{time},128,0,{time + 150}:0:0:0:0:"
                if held
                else f"{x},192,{time},1,0,0:0:0:0:"
            )
    return lines


@pytest.fixture(scope="session")
def make_set(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Writes a set and returns its folder."""

    def make(title: str, modes: Sequence[int] = (0, 0, 3), parent: Path | None = None) -> Path:
        folder = (parent or tmp_path_factory.mktemp("sets")) / title.replace(" ", "-")
        folder.mkdir(parents=True)
        rng = np.random.default_rng(len(title))
        samples = rng.normal(0, 0.01, 16_000 * 12)
        for time in CLICKS:
            at = 16 * (time + 20)
            samples[at : at + 400] += rng.normal(0, 0.5, 400)
        soundfile.write(folder / "song.wav", samples, 16_000)
        for index, mode in enumerate(modes):
            objects = mania_objects(index) if mode == 3 else osu_objects(index)
            (folder / f"{index}.osu").write_bytes(map_lines(mode, title, objects, str(index)))
        return folder

    return make


@pytest.fixture(scope="session")
def vocabulary() -> Vocabulary:
    """The bundled model's."""
    return Vocabulary.from_file(TOKENIZER)


@pytest.fixture(scope="session")
def tiny_sizes() -> NetworkSizes:
    """A network that takes no time."""
    return NetworkSizes(
        width=16,
        heads=2,
        feed_forward=16,
        convolutions=1,
        encoder_layers=1,
        decoder_layers=1,
        pointer_width=8,
        head_width=16,
    )
