"""Convert a published osu-diffusion checkpoint to the companion's form, once.

``python scripts/convert_diffusion.py model_ema.pkl OUT_FOLDER`` reads the weights and, beside them,
``tokenizer.pkl`` (or ``--tokenizer FILE``), and writes ``config.json`` and ``model.safetensors``.
The published files are pickles. Only plain values and tensors are read from them; a file that asks
for anything else is refused, so nothing in it ever runs.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import torch
from safetensors.torch import save_file

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from companion.engine.checkpoint import CONFIG, WEIGHTS, fill  # noqa: E402
from companion.engine.diffusion.classes import ClassTable  # noqa: E402
from companion.engine.diffusion.model import DiffusionSettings  # noqa: E402
from companion.engine.diffusion.network import N_AXES, POSITION_CHANNELS, DiffusionNetwork  # noqa: E402
from companion.engine.diffusion.schedule import SQUARED_COSINE  # noqa: E402
from companion.errors import CheckpointMismatch, CompanionError  # noqa: E402
from pickles import read_pickle  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor

TOKENIZER = "tokenizer.pkl"
HEADS = {384: 6, 768: 12, 1024: 16, 1152: 16}
"""Attention heads by width: DiT-S, -B, -L and -XL. The weights themselves do not show them."""
N_TRAINED_STEPS = 1000
REACH_POINTS = 128
TABLE_FIELDS = (
    "beatmap_idx",
    "num_classes",
    "num_diff_classes",
    "max_difficulty",
    "beatmap_mapper",
    "mapper_idx",
    "num_mapper_classes",
    "descriptor_idx",
    "num_descriptor_classes",
    "num_cs_classes",
)
"""What is kept of the tokenizer; the descriptors of the maps it was trained with are not."""


def convert(weights_file: Path, out: Path, tokenizer_file: Path, heads: int | None = None) -> None:
    """Write the converted checkpoint, once it is certain that it fits.

    Args:
        weights_file: The published weights.
        out: Folder that receives the checkpoint; it is made where it is missing.
        tokenizer_file: The published table of classes.
        heads: Attention heads, for a network of an unpublished width.

    Raises:
        ModelMissing: A file is not there.
        CheckpointMismatch: A file is damaged, asks for code, or does not hold such a network.
    """
    weights = tensors_of(read_pickle(weights_file), weights_file)
    table = table_of(read_pickle(tokenizer_file), tokenizer_file)
    config = {
        "dit": size_of(weights, heads),
        "diffusion_steps": N_TRAINED_STEPS,
        "noise_schedule": SQUARED_COSINE,
        "seq_len": REACH_POINTS,
        "tokenizer": table,
    }
    settings = DiffusionSettings.from_config(config)
    if ClassTable.from_config(table).size != settings.size.class_size:
        raise CheckpointMismatch(f"{tokenizer_file} belongs to other weights than {weights_file}.")
    with torch.device("meta"):
        network = DiffusionNetwork(settings.size)
    fill(network, weights, device=torch.device("cpu"), dtype=torch.float32)
    out.mkdir(parents=True, exist_ok=True)
    # Tensors that share memory cannot be written, so each gets its own.
    save_file({name: t.detach().clone().contiguous() for name, t in weights.items()}, out / WEIGHTS)
    (out / CONFIG).write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")


def tensors_of(content: object, path: Path) -> dict[str, Tensor]:
    """Weights by name."""
    weights = cast("Mapping[object, object]", content) if isinstance(content, dict) else {}
    named = {
        name: tensor
        for name, tensor in weights.items()
        if isinstance(name, str) and isinstance(tensor, torch.Tensor)
    }
    if not named or len(named) != len(weights):
        raise CheckpointMismatch(f"{path} does not hold the weights of a diffusion model.")
    return named


def table_of(content: object, path: Path) -> dict[str, Any]:
    """The table of classes, fields that old files lack being empty."""
    if not isinstance(content, dict):
        raise CheckpointMismatch(f"{path} does not hold a table of classes.")
    found = cast("Mapping[str, Any]", content)
    empty = {field: 0 if field.startswith(("num", "max")) else {} for field in TABLE_FIELDS}
    return {field: found.get(field, empty[field]) for field in TABLE_FIELDS}


def size_of(weights: Mapping[str, Tensor], heads: int | None) -> dict[str, int]:
    """The sizes of a network, from the shapes of its tensors."""
    try:
        hidden, n_inputs = weights["context_embedder.mlp.0.weight"].shape
        class_size = weights["y_embedder.class_embedding.0.weight"].shape[1]
    except (KeyError, IndexError, ValueError) as error:
        raise CheckpointMismatch("The weights are not those of a diffusion model.") from error
    chosen = heads or HEADS.get(hidden)
    if chosen is None or hidden % chosen:
        raise CheckpointMismatch(
            f"A network of width {hidden} has not been published; say how many attention heads it "
            "has (--heads), a divisor of the width."
        )
    blocks = {name.split(".")[1] for name in weights if name.startswith("blocks.")}
    return {
        "context_size": n_inputs - N_AXES * POSITION_CHANNELS,
        "hidden_size": hidden,
        "depth": len(blocks),
        "num_heads": chosen,
        "class_size": class_size,
    }


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("weights", type=Path, metavar="IN.pt", help="usually model_ema.pkl")
    parser.add_argument("out", type=Path, metavar="OUT_FOLDER")
    parser.add_argument("--tokenizer", type=Path, help=f"default: {TOKENIZER} beside the weights")
    parser.add_argument("--heads", type=int, help="attention heads of an unpublished network")
    options = parser.parse_args(arguments)
    try:
        convert(
            options.weights,
            options.out,
            options.tokenizer or options.weights.with_name(TOKENIZER),
            options.heads,
        )
    except CompanionError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{options.out} holds the converted checkpoint.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
