"""Checkpoints on disk: which family a folder holds, and its network with the weights in place.

A checkpoint is a folder with ``config.json``, ``generation_config.json``, ``tokenizer.json`` and
``model.safetensors``. Nothing is ever fetched from a network and nothing is unpickled. Torch is
imported when something is loaded.
"""

from __future__ import annotations

import hashlib
import json
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, cast

from companion.engine.requests import ModelInfo
from companion.errors import CheckpointMismatch, ModelMissing, OutOfMemory
from companion.model_store import pull_hint

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Mapping
    from pathlib import Path

    import torch
    from torch import Tensor, nn

    from companion.beatmap import Mode
    from companion.engine.adapters import Adapter
    from companion.engine.families import Family
    from companion.engine.model.backbone import Backbone
    from companion.engine.model.settings import ModelSettings
    from companion.settings import Precision

DeviceName = Literal["auto", "cpu", "cuda", "mps"]
Json = dict[str, Any]

WEIGHTS = "model.safetensors"
CONFIG = "config.json"
GENERATION_CONFIG = "generation_config.json"
VOCABULARY = "tokenizer.json"

_MAX_LAYERS = 512
MODE_FOLDER = "gamemode="
"""How the sub-folder of a game mode begins; its number follows."""

_FLOAT32_ONLY = "spectrogram."
"""Tensors below this name are never rounded to a smaller type."""


def load(
    folder: Path,
    device: DeviceName = "auto",
    dtype: torch.dtype | None = None,
    adapter: Path | None = None,
    precision: Precision = "fp32",
) -> Backbone:
    """Load the checkpoint in a folder.

    Args:
        folder: The checkpoint.
        device: ``auto`` takes the fastest one that is there.
        dtype: Type of weights and activations; as the precision says unless given. Results are
            float32 always.
        adapter: Folder of an adapter that changes the weights (see `companion.engine.adapters`).
        precision: See `companion.engine.precision`.

    Raises:
        OptionRefused: The device cannot compute so.
        ModelMissing: The folder or one of its files is not there, or the device is not.
        CheckpointMismatch: Files or tensors do not fit; the first misfit is named.
        OutOfMemory: The device cannot hold the weights.
    """
    from companion.engine.precision import AutocastBackbone, require_precision, weights_type

    family = family_of(folder)
    chosen = choose_device(device)
    require_precision(precision, chosen)
    changes = None if adapter is None else _adapter_for(folder, adapter)
    with misfit_is_typed(folder, chosen):
        backbone = family.load(folder, chosen, dtype or weights_type(precision), changes)
    return AutocastBackbone(backbone) if precision == "amp" else backbone


@contextmanager
def misfit_is_typed(folder: Path, device: torch.device) -> Generator[None]:
    """Raise a typed error for whatever files that make no sense end in while they are loaded.

    Raises:
        CheckpointMismatch: They do not describe a model.
        OutOfMemory: The device cannot hold the weights.
    """
    import torch

    try:
        yield
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise OutOfMemory(
            f"The model in {folder} does not fit into the memory of the {device.type} device. "
            "Close other programs, or run it on the CPU."
        ) from error
    except _misfits() as error:
        raise CheckpointMismatch(
            f"The files of the model in {folder} do not describe one that can be loaded "
            f"({type(error).__name__}: {error})."
        ) from error


def settings_of(folder: Path) -> ModelSettings:
    """What the checkpoint in a folder says of itself; its weights are not looked at.

    Raises:
        ModelMissing: There is no checkpoint.
        CheckpointMismatch: It is of no known kind, or does not describe one.
    """
    family = family_of(folder)
    try:
        return family.settings(read_json(folder / CONFIG))
    except _misfits() as error:
        raise CheckpointMismatch(
            f"{folder / CONFIG} does not describe a network of its family: {error}."
        ) from error


def folder_for(folder: Path, mode: Mode) -> Path:
    """Where a checkpoint keeps its weights for a game mode.

    Repositories may hold networks that were trained on for one mode, in sub-folders named after
    it (``gamemode=3``), each a whole checkpoint with a vocabulary of its own.

    Returns:
        The mode's sub-folder where there is one, else ``folder`` itself.
    """
    own = folder / f"{MODE_FOLDER}{mode.value}"
    return own if own.is_dir() else folder


def _adapter_for(folder: Path, adapter: Path) -> Adapter:
    from companion.engine.adapters import Adapter

    changes = Adapter.read(adapter)
    if not changes.fits(folder):
        raise CheckpointMismatch(
            f"The adapter in {adapter} is made for other folders of a model than {folder}."
        )
    return changes


def describe(folder: Path, backbone: Backbone, adapter: Path | None = None) -> ModelInfo:
    """Name a loaded checkpoint and fingerprint its weights."""
    named: object = read_json(folder / CONFIG).get("name")
    name = named if isinstance(named, str) and named else _name_of(folder.resolve())
    family = backbone.settings.family
    sha256 = digest(folder)
    if adapter is not None:
        from companion.engine.adapters import fingerprint

        name, sha256 = f"{name} + {adapter.resolve().name}", fingerprint(sha256, adapter)
    return ModelInfo(name, family, backbone.n_parameters, sha256, folder)


def _name_of(folder: Path) -> str:
    is_of_a_mode = folder.name.startswith(MODE_FOLDER)
    return f"{folder.parent.name}/{folder.name}" if is_of_a_mode else folder.name


def family_of(folder: Path) -> Family:
    """The family of the checkpoint in a folder, by its ``config.json``.

    Raises:
        ModelMissing: There is no checkpoint.
        CheckpointMismatch: It is of a family that this version cannot run.
    """
    from companion.engine.families import FAMILIES

    config = read_json(folder / CONFIG)
    verify_depth(config, folder)
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


def digest(folder: Path, name: str = WEIGHTS) -> str:
    """The sha256 of a folder's weights; read again only when the file has changed."""
    path = folder / name
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


def read_weights(folder: Path, name: str = WEIGHTS) -> dict[str, Tensor]:
    """All tensors of a checkpoint by name, on the CPU.

    Raises:
        ModelMissing: There is no weights file.
        CheckpointMismatch: It is not a whole safetensors file.
    """
    from safetensors import SafetensorError

    # Its path parameter is an unparametrised os.PathLike.
    from safetensors.torch import load_file  # pyright: ignore[reportUnknownVariableType]

    path = folder / name
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


def verify_depth(config: Json, folder: Path) -> None:
    """Refuse more layers than any network has: each costs time before anything can be compared.

    Raises:
        CheckpointMismatch: There are more.
    """
    for name, value in config.items():
        if isinstance(value, dict):
            verify_depth(cast("Json", value), folder)
        elif name.endswith(("layers", "depth")) and isinstance(value, int) and value > _MAX_LAYERS:
            raise CheckpointMismatch(f"{folder / CONFIG} asks for {value} “{name}”.")


_digests: dict[tuple[str, int, int], str] = {}
_digests_lock = threading.Lock()
