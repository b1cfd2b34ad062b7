"""Checkpoints on disk: which family a folder holds, and its network with the weights in place.

A checkpoint is a folder with ``config.json``, ``generation_config.json``, ``tokenizer.json`` and
``model.safetensors``. Nothing is ever fetched from a network and nothing is unpickled. Torch is
imported when something is loaded.
"""

from __future__ import annotations

import hashlib
import json
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

from companion.engine.requests import ModelInfo
from companion.engine.vocabulary import Vocabulary
from companion.errors import CheckpointMismatch, ModelMissing, OutOfMemory
from companion.model_store import pull_hint

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from pathlib import Path

    import torch
    from torch import Tensor, nn

    from companion.engine.model.backbone import Backbone

DeviceName = Literal["auto", "cpu", "cuda", "mps"]
Json = dict[str, Any]

WEIGHTS = "model.safetensors"
CONFIG = "config.json"
GENERATION_CONFIG = "generation_config.json"
VOCABULARY = "tokenizer.json"

_MAX_LAYERS = 512
_FLOAT32_ONLY = "spectrogram."
"""Tensors below this name are never rounded to a smaller type."""


@dataclass(frozen=True, slots=True)
class Family:
    """One kind of network: how its folders are recognised, and how they are loaded."""

    name: str
    holds: Callable[[Json], bool]
    load: Callable[[Path, torch.device, torch.dtype], Backbone]


def load(folder: Path, device: DeviceName = "auto", dtype: torch.dtype | None = None) -> Backbone:
    """Load the checkpoint in a folder.

    Args:
        folder: The checkpoint.
        device: ``auto`` takes the fastest one that is there.
        dtype: Type of weights and activations; float32 unless given. Results are float32 always.

    Raises:
        ModelMissing: The folder or one of its files is not there, or the device is not.
        CheckpointMismatch: Files or tensors do not fit; the first misfit is named.
        OutOfMemory: The device cannot hold the weights.
    """
    import torch

    family = family_of(folder)
    chosen = choose_device(device)
    try:
        return family.load(folder, chosen, dtype or torch.float32)
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise OutOfMemory(
            f"The model in {folder} does not fit into the memory of the {chosen.type} device. "
            "Close other programs, or run it on the CPU."
        ) from error
    except _misfits() as error:
        raise CheckpointMismatch(
            f"The files of the model in {folder} do not describe one that can be loaded "
            f"({type(error).__name__}: {error})."
        ) from error


def describe(folder: Path, backbone: Backbone) -> ModelInfo:
    """Name a loaded checkpoint and fingerprint its weights."""
    named: object = read_json(folder / CONFIG).get("name")
    name = named if isinstance(named, str) and named else folder.resolve().name
    family = backbone.settings.family
    return ModelInfo(name, family, backbone.n_parameters, digest(folder), folder)


def family_of(folder: Path) -> Family:
    """The family of the checkpoint in a folder, by its ``config.json``.

    Raises:
        ModelMissing: There is no checkpoint.
        CheckpointMismatch: It is of a family that this version cannot run.
    """
    config = read_json(folder / CONFIG)
    _verify_depth(config, folder)
    for family in FAMILIES:
        if family.holds(config):
            return family
    kind = config.get("model_family") or config.get("backbone_model_name") or "unknown"
    raise CheckpointMismatch(
        f"The model in {folder} is of a kind ({kind}) that this version cannot run."
    )


def choose_device(name: DeviceName) -> torch.device:
    """The torch device of a name.

    Raises:
        ModelMissing: The machine has no such device.
    """
    import torch

    there = {
        "cuda": torch.cuda.is_available,
        "mps": torch.backends.mps.is_available,
        "cpu": lambda: True,
    }
    if name == "auto":
        return torch.device(next(kind for kind, is_there in there.items() if is_there()))
    if not there[name]():
        raise ModelMissing(f"There is no {name} device on this machine; choose “auto” or “cpu”.")
    return torch.device(name)


def digest(folder: Path) -> str:
    """The sha256 of a folder's weights; read again only when the file has changed."""
    path = folder / WEIGHTS
    try:
        status = path.stat()
        key = (str(path.resolve()), status.st_mtime_ns, status.st_size)
        with _digests_lock:
            known = _digests.get(key)
        if known is None:
            with path.open("rb") as file:
                known = hashlib.file_digest(file, "sha256").hexdigest()
            with _digests_lock:
                _digests[key] = known
    except OSError as error:
        raise ModelMissing(f"The model's weights are missing: {path}.") from error
    return known


def read_json(path: Path) -> Json:
    """One of a checkpoint's configuration files.

    Raises:
        ModelMissing: There is no such file.
        CheckpointMismatch: It is not a JSON object.
    """
    try:
        content: object = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        hint = pull_hint(path.parent)
        raise ModelMissing(
            f"There is no model in {path.parent}: {path.name} is missing. {hint}".rstrip()
        ) from error
    except (ValueError, RecursionError) as error:
        raise CheckpointMismatch(f"{path} is damaged: it is not JSON.") from error
    if not isinstance(content, dict):
        raise CheckpointMismatch(f"{path} is damaged: it is not a JSON object.")
    return cast("Json", content)


def read_weights(folder: Path) -> dict[str, Tensor]:
    """All tensors of a checkpoint by name, on the CPU.

    Raises:
        ModelMissing: There is no weights file.
        CheckpointMismatch: It is not a whole safetensors file.
    """
    from safetensors import SafetensorError

    # Its path parameter is an unparametrised os.PathLike.
    from safetensors.torch import load_file  # pyright: ignore[reportUnknownVariableType]

    path = folder / WEIGHTS
    if not path.is_file():
        raise ModelMissing(f"The model's weights are missing: {path}.")
    try:
        return load_file(path)
    except (SafetensorError, OSError, KeyError, ValueError, RuntimeError) as error:
        raise CheckpointMismatch(f"{path} is damaged; fetch the model again.") from error


def fill(
    network: nn.Module,
    weights: Mapping[str, Tensor],
    *,
    unused: Collection[str] = (),
    device: torch.device,
    dtype: torch.dtype,
) -> None:
    """Put weights into a network that was built on the ``meta`` device, by name.

    Args:
        network: Receives the tensors as they are, not copies.
        weights: A checkpoint's tensors.
        unused: Names that may be there and are left out.
        device: Where the network will run.
        dtype: What it computes in; spectrograms stay float32.

    Raises:
        CheckpointMismatch: As `verify`.
    """
    import torch

    verify(network, weights, unused=unused)
    placed = {
        name: weights[name].to(device, torch.float32 if name.startswith(_FLOAT32_ONLY) else dtype)
        for name in network.state_dict()
    }
    network.load_state_dict(placed, assign=True)


def verify(
    network: nn.Module, weights: Mapping[str, Tensor], *, unused: Collection[str] = ()
) -> None:
    """Check that weights are those of a network, by name, shape and kind of number.

    Args:
        network: May be on the ``meta`` device, where sizes from a file cost no memory.
        weights: A checkpoint's tensors.
        unused: Names that may be there and are left out.

    Raises:
        CheckpointMismatch: One is lacking, too many or other; the first such tensor is named.
    """
    expected = network.state_dict()
    for name, tensor in expected.items():
        found = weights.get(name)
        if found is None:
            raise CheckpointMismatch(f"The model's weights lack “{name}”.")
        if found.shape != tensor.shape:
            raise CheckpointMismatch(
                f"The model's weights do not fit: “{name}” has the shape {tuple(found.shape)}, "
                f"but its configuration asks for {tuple(tensor.shape)}."
            )
        if tensor.is_floating_point() != found.is_floating_point():
            raise CheckpointMismatch(
                f"The model's weights do not fit: “{name}” is made of {found.dtype}."
            )
    for name in weights:
        if name not in expected and name not in unused:
            raise CheckpointMismatch(
                f"The model's weights have a “{name}” that its configuration does not know."
            )


def _misfits() -> tuple[type[Exception], ...]:
    """What building a network from files that make no sense can end in.

    Files come from anywhere, and no list of checks would foresee everything that a size of zero or
    a word in place of a number does inside the libraries that build the layers.
    """
    from huggingface_hub.errors import StrictDataclassError

    return (
        ArithmeticError,
        AssertionError,
        AttributeError,
        LookupError,
        RecursionError,
        RuntimeError,
        StrictDataclassError,
        TypeError,
        ValueError,
    )


def _verify_depth(config: Json, folder: Path) -> None:
    """Refuse more layers than any network has: each costs time before anything can be compared."""
    for name, value in config.items():
        if isinstance(value, dict):
            _verify_depth(cast("Json", value), folder)
        elif name.endswith("layers") and isinstance(value, int) and value > _MAX_LAYERS:
            raise CheckpointMismatch(f"{folder / CONFIG} asks for {value} “{name}”.")


_digests: dict[tuple[str, int, int], str] = {}
_digests_lock = threading.Lock()


def _load_whisper(folder: Path, device: torch.device, dtype: torch.dtype) -> Backbone:
    import torch

    from companion.engine.model import whisper

    config = read_json(folder / CONFIG)
    vocabulary = Vocabulary.from_file(folder / VOCABULARY)
    try:
        settings = whisper.model_settings(config)
        with torch.device("meta"):
            network = whisper.WhisperNetwork(config)
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointMismatch(
            f"{folder / CONFIG} does not describe a network of its family: {error}."
        ) from error
    weights = read_weights(folder)
    fill(network, weights, unused=whisper.UNUSED_TENSORS, device=device, dtype=dtype)
    if vocabulary.size_out != config["vocab_size"] or vocabulary.size_in != config["vocab_size_in"]:
        raise CheckpointMismatch(
            f"{folder / VOCABULARY} has {vocabulary.size_out} and {vocabulary.size_in} tokens, but "
            f"the network {config['vocab_size']} and {config['vocab_size_in']}."
        )
    return whisper.WhisperBackbone(network, vocabulary, settings)


def _load_bundled(folder: Path, device: torch.device, dtype: torch.dtype) -> Backbone:
    from companion.engine.model import bundled

    # It asks for its own kind of state where the protocol promises any; states never change hands.
    return cast("Backbone", bundled.load(folder, device, dtype))


def _has_whisper_layers(config: Json) -> bool:
    return str(config.get("backbone_model_name", "")).startswith("openai/whisper")


FAMILIES = (
    Family("bundled", lambda config: config.get("model_family") == "bundled", _load_bundled),
    Family("v29", _has_whisper_layers, _load_whisper),
)
"""All families that can be run; the first that recognises a folder's configuration loads it."""
