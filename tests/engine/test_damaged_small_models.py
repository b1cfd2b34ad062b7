"""Folders that pretend to hold the smaller networks: whatever is in them ends in a typed error.

What can be loaded is used, too: a value that nothing of the weights contradicts still has to be
one that works.
"""

from __future__ import annotations

import json
import random
import shutil
import struct
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import soundfile
from safetensors.torch import save_file

from companion.beatmap import Document, TimeRange
from companion.engine.analysis.mapper_style import mapper_style
from companion.engine.analysis.rhythm_complexity import rhythm_complexity
from companion.engine.conditioning import Conditioning
from companion.engine.diffusion import load, refine_section
from companion.errors import CheckpointMismatch, CompanionError, ModelMissing
from tests.engine.test_damaged_checkpoints import WRONG, places, with_other
from tests.engine.test_diffusion import TABLE, model_of
from tests.engine.tiny_analysis_models import write_rhythm_model, write_style_model

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# Layers without width make torch warn; what counts is how loading ends.
pytestmark = pytest.mark.filterwarnings("ignore")

FILES = ("config.json", "model.safetensors")
OBJECTS = [f"{100 + 20 * i},{100 + 9 * i},{500 * i},1,0,0:0:0:0:" for i in range(6)]


def diffusion(folder: Path) -> None:
    model = model_of()
    table = asdict(TABLE)
    config = {
        "dit": asdict(model.settings.size),
        "diffusion_steps": model.settings.n_trained_steps,
        "noise_schedule": model.settings.noise_schedule,
        "seq_len": model.settings.reach_points,
        "tokenizer": {
            "num_classes": table["n_beatmaps"],
            "num_diff_classes": table["n_difficulties"],
            "max_difficulty": table["max_stars"],
            "num_mapper_classes": table["n_mappers"],
            "num_descriptor_classes": table["n_descriptors"],
            "num_cs_classes": table["n_circle_sizes"],
            "beatmap_idx": table["beatmaps"],
            "beatmap_mapper": table["beatmap_mappers"],
            "mapper_idx": table["mappers"],
            "descriptor_idx": table["descriptors"],
        },
    }
    (folder / "config.json").write_text(json.dumps(config))
    save_file(dict(model.network.state_dict()), folder / "model.safetensors")


def rhythm(folder: Path) -> None:
    write_rhythm_model(folder)


def style(folder: Path) -> None:
    write_style_model(folder)


def draw(folder: Path, document: Document, song: Path) -> None:
    del song
    about = Conditioning(difficulty=4.0, mapper_id=1001, cs=4.0)
    refine_section(load(folder, "cpu"), document, TimeRange(400, 1600), about, seed=1)


def tell_rhythm(folder: Path, document: Document, song: Path) -> None:
    del song
    rhythm_complexity(document.beatmap, folder, "cpu")


def tell_style(folder: Path, document: Document, song: Path) -> None:
    mapper_style(document.beatmap, song, folder, "cpu")


USES = {diffusion: draw, rhythm: tell_rhythm, style: tell_style}
MAKERS = pytest.mark.parametrize("make", USES, ids=lambda make: make.__name__)


@pytest.fixture(scope="module")
def sound_folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A small folder of each kind that is in order."""
    folders: dict[str, Path] = {}
    for make in USES:
        folders[make.__name__] = tmp_path_factory.mktemp(make.__name__)
        make(folders[make.__name__])
    return folders


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("song") / "song.wav"
    noise = np.random.default_rng(1).normal(scale=0.1, size=3 * 8000)
    soundfile.write(path, noise.astype(np.float32), 8000)
    return path


@pytest.fixture
def document(document_of) -> Document:
    return document_of(OBJECTS)


@pytest.fixture
def ends_well(document: Document, song: Path) -> Callable[[Any, Path, object], bool]:
    """Whether it can be used; anything but a typed error fails the test."""

    def used(make: Any, folder: Path, about: object) -> bool:
        try:
            USES[make](folder, document, song)
        except CompanionError:
            return False
        except Exception as error:
            pytest.fail(f"{about!r} ended in {type(error).__name__}: {error}")
        return True

    return used


@pytest.fixture
def folder(sound_folders: dict[str, Path], make: Any, tmp_path: Path) -> Path:
    return shutil.copytree(sound_folders[make.__name__], tmp_path / "model")


@MAKERS
def test_what_is_in_order_works(make: Any, folder: Path, ends_well):
    assert ends_well(make, folder, "nothing")


@MAKERS
def test_wrong_values_anywhere_end_in_a_typed_error(make: Any, folder: Path, ends_well):
    content = json.loads((folder / "config.json").read_text())
    cases = [(path, other) for path in places(content) for other in WRONG]
    refused = 0
    for path, other in random.Random(make.__name__).sample(cases, min(len(cases), 150)):
        (folder / "config.json").write_text(json.dumps(with_other(content, path, other)))
        refused += not ends_well(make, folder, (path, other))
    assert refused > 30


@pytest.mark.parametrize(
    ("name", "value"),
    [("diffusion_steps", 0), ("diffusion_steps", 10**9), ("seq_len", -1), ("seq_len", 10**30)],
)
@pytest.mark.parametrize("make", [diffusion])
def test_numbers_that_would_take_forever_are_refused_at_once(
    make: Any, folder: Path, name: str, value: int
):
    content = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**content, name: value}))
    with pytest.raises(CheckpointMismatch, match=name):
        load(folder, "cpu")


@MAKERS
def test_a_missing_field_ends_in_a_typed_error(make: Any, folder: Path, ends_well):
    content = json.loads((folder / "config.json").read_text())
    for path in places(content):
        inner, changed = content, json.loads(json.dumps(content))
        inner = changed
        for key in path[:-1]:
            inner = inner[key]
        del inner[path[-1]]
        (folder / "config.json").write_text(json.dumps(changed))
        ends_well(make, folder, path)


@MAKERS
@pytest.mark.parametrize("name", FILES)
def test_other_bytes_are_refused(make: Any, folder: Path, name: str, ends_well):
    data = (folder / name).read_bytes().rstrip()
    dice = random.Random(name)
    lengths = (0, 1, 8, 9, len(data) // 3, len(data) - 1)
    for damaged in [*(data[:n] for n in lengths), *(dice.randbytes(n) for n in lengths)]:
        (folder / name).write_bytes(damaged)
        assert not ends_well(make, folder, damaged[:40])


@MAKERS
@pytest.mark.parametrize("name", FILES)
def test_flipped_bytes_end_in_a_typed_error(make: Any, folder: Path, name: str, ends_well):
    data = (folder / name).read_bytes()
    dice = random.Random(name)
    for _ in range(30):
        damaged = bytearray(data)
        for _ in range(dice.randrange(1, 4)):
            damaged[dice.randrange(min(len(data), 3000))] = dice.randrange(256)
        (folder / name).write_bytes(damaged)
        ends_well(make, folder, bytes(damaged[:200]))


@MAKERS
@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_not_there_is_named(
    make: Any, folder: Path, name: str, document: Document, song: Path
):
    (folder / name).unlink()
    with pytest.raises(ModelMissing, match=name.replace(".", r"\.")):
        USES[make](folder, document, song)


@MAKERS
@pytest.mark.parametrize("header", [2**64 - 1, 2**63, 0], ids=str)
def test_a_header_of_absurd_length_is_refused(
    make: Any, folder: Path, header: int, document: Document, song: Path
):
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", header) + b"{}" * 50)
    with pytest.raises(CheckpointMismatch, match="damaged"):
        USES[make](folder, document, song)
