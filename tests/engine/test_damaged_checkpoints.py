"""Folders that pretend to be checkpoints: whatever is in them, loading ends in a typed error."""

from __future__ import annotations

import copy
import json
import random
import shutil
import struct
from typing import TYPE_CHECKING, Any

import pytest
import torch
from safetensors.torch import save_file

from companion.engine.checkpoint import describe, family_of, load
from companion.engine.model.bundled.configuration import NetworkSizes
from companion.engine.model.bundled.folder import save
from companion.engine.model.bundled.lexicon import Lexicon
from companion.engine.model.bundled.network import BundledNetwork
from companion.engine.model.rope_whisper import RopeWhisperNetwork
from companion.engine.model.whisper import WhisperNetwork
from companion.engine.vocabulary import Vocabulary
from companion.errors import CheckpointMismatch, CompanionError, ModelMissing
from companion.settings import BUNDLED_MODEL_FOLDER
from tests.engine import test_rope_whisper, test_var_whisper
from tests.engine.test_checkpoint import CONFIG, VOCABULARY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

# Layers without width make torch warn; what counts is how loading ends.
pytestmark = pytest.mark.filterwarnings("ignore")

WRONG: tuple[Any, ...] = (
    None, True, "", "much", -1, 0, 0.5, 10**9, 10**30, float("inf"), float("nan"), [], [1], {},
    {"a": 1},
)  # fmt: skip
FILES = ("config.json", "tokenizer.json", "model.safetensors")
SIZES = NetworkSizes(
    n_mels=8, window_frames=64, width=8, heads=2, feed_forward=8, convolutions=1, encoder_layers=1,
    decoder_layers=1, pointer_width=8, head_width=8,
)  # fmt: skip


def whisper(folder: Path) -> None:
    (folder / "config.json").write_text(json.dumps(CONFIG))
    (folder / "tokenizer.json").write_text(json.dumps(VOCABULARY))
    save_file(WhisperNetwork(CONFIG).state_dict(), folder / "model.safetensors")


def bundled(folder: Path) -> None:
    vocabulary = BUNDLED_MODEL_FOLDER / "tokenizer.json"
    lexicon = Lexicon.of(Vocabulary.from_file(vocabulary))
    save(folder, BundledNetwork(SIZES, lexicon), vocabulary.read_text(), {})


def rotary(folder: Path) -> None:
    test_rope_whisper.write(folder)


def rotary_v30(folder: Path) -> None:
    """V30 has one vocabulary, for prompts and predictions."""
    test_rope_whisper.write(folder)
    for name in ("config.json", "tokenizer.json"):
        content = json.loads((folder / name).read_text())
        size = content.get("vocab_size", content.get("vocab_size_out"))
        content["vocab_size_in"] = size
        content["input_event_ranges"] = []
        (folder / name).write_text(json.dumps(content))
    config = json.loads((folder / "config.json").read_text())
    config.pop("input_event_ranges")
    (folder / "config.json").write_text(json.dumps(config))
    save_file(RopeWhisperNetwork(config).state_dict(), folder / "model.safetensors")
    assert family_of(folder).name == "v30"


def varied(folder: Path) -> None:
    test_var_whisper.save(folder, test_var_whisper.network_of(), test_var_whisper.config())


@pytest.fixture(
    scope="module",
    params=[whisper, rotary_v30, rotary, varied, bundled],
    ids=lambda make: make.__name__,
)
def sound(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small checkpoint in order."""
    folder = tmp_path_factory.mktemp("sound")
    request.param(folder)
    return folder


@pytest.fixture
def folder(sound: Path, tmp_path: Path) -> Path:
    return shutil.copytree(sound, tmp_path / "model")


def ends_well(folder: Path, about: object) -> bool:
    """Whether it can be loaded; anything but a typed error fails the test."""
    try:
        describe(folder, load(folder, "cpu"))
    except CompanionError:
        return False
    except Exception as error:
        pytest.fail(f"{about!r} ended in {type(error).__name__}: {error}")
    return True


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where something else could stand in a JSON value; of long lists, the first two."""
    if path:
        yield path
    if isinstance(value, dict):
        for key in value:
            yield from places(value[key], (*path, key))
    elif isinstance(value, list):
        for index in range(min(len(value), 2)):
            yield from places(value[index], (*path, index))


def with_other(value: Any, path: tuple[Any, ...], other: Any) -> Any:
    value = copy.deepcopy(value)
    inner = value
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = other
    return value


def test_what_is_in_order_loads(folder: Path):
    assert ends_well(folder, "nothing")


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json"])
def test_wrong_values_anywhere_end_in_a_typed_error(folder: Path, name: str):
    content = json.loads((folder / name).read_text())
    cases = [(path, other) for path in places(content) for other in WRONG]
    refused = 0
    for path, other in random.Random(name).sample(cases, 120):
        (folder / name).write_text(json.dumps(with_other(content, path, other)))
        refused += not ends_well(folder, (path, other))
    assert refused > 30


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json"])
def test_a_missing_field_ends_in_a_typed_error(folder: Path, name: str):
    content = json.loads((folder / name).read_text())
    for key in content:
        (folder / name).write_text(json.dumps({k: v for k, v in content.items() if k != key}))
        ends_well(folder, key)


@pytest.mark.parametrize("name", FILES)
def test_random_bytes_are_refused(folder: Path, name: str):
    dice = random.Random(name)
    for length in (0, 1, 7, 8, 9, 100, 5000):
        (folder / name).write_bytes(dice.randbytes(length))
        assert not ends_well(folder, length)


@pytest.mark.parametrize("name", FILES)
def test_cut_off_files_are_refused(folder: Path, name: str):
    path = folder / name
    data = path.read_bytes().rstrip()
    dice = random.Random(name)
    for length in sorted({0, 1, 8, len(data) - 1, *(dice.randrange(len(data)) for _ in range(10))}):
        path.write_bytes(data[:length])
        assert not ends_well(folder, length)


@pytest.mark.parametrize("name", FILES)
def test_flipped_bytes_end_in_a_typed_error(folder: Path, name: str):
    path = folder / name
    data = path.read_bytes()
    dice = random.Random(name)
    for _ in range(40):
        damaged = bytearray(data)
        for _ in range(dice.randrange(1, 4)):
            damaged[dice.randrange(min(len(data), 4000))] = dice.randrange(256)
        path.write_bytes(damaged)
        ends_well(folder, bytes(damaged[:200]))


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_not_there_or_a_folder_is_refused(folder: Path, name: str):
    (folder / name).unlink()
    assert not ends_well(folder, "missing")
    (folder / name).mkdir()
    assert not ends_well(folder, "folder")


@pytest.mark.parametrize("header", [10 * 2**30, 2**64 - 1, 2**63, 0], ids=str)
def test_a_header_of_absurd_length_is_refused(folder: Path, header: int):
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", header) + b"{}" * 50)
    with pytest.raises(CheckpointMismatch, match="damaged"):
        load(folder, "cpu")


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json"])
@pytest.mark.parametrize("text", ["[" * 100_000, "1" * 10_000, '"\\ud800"', "\ufeff{}", "NaN"])
def test_json_that_is_no_object_is_refused(folder: Path, name: str, text: str):
    (folder / name).write_text(text, encoding="utf-8")
    assert not ends_well(folder, text[:20])


def test_sizes_that_the_weights_do_not_have_cost_no_memory(tmp_path: Path):
    bundled(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    config["network"] |= {"width": 2**16, "feed_forward": 2**16}
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(CheckpointMismatch, match="shape"):
        load(tmp_path, "cpu")


def test_whole_numbers_are_no_weights(folder: Path, sound: Path):
    from safetensors.torch import load_file

    weights: dict[str, torch.Tensor] = load_file(sound / "model.safetensors")
    name = next(iter(weights))
    save_file({**weights, name: weights[name].to(torch.int32)}, folder / "model.safetensors")
    with pytest.raises(CheckpointMismatch, match="int32"):
        load(folder, "cpu")


@pytest.mark.parametrize("change", [lambda f: f, lambda f: f / "no"], ids=["file", "below"])
def test_a_file_is_no_folder(folder: Path, change: Callable[[Path], Path]):
    with pytest.raises(ModelMissing):
        load(change(folder / "config.json"), "cpu")
