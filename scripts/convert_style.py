"""Convert a published mapper classifier to the companion's form, once.

``python scripts/convert_style.py model.ckpt OUT_FOLDER`` reads the weights, the configuration they
were trained with and which class is which mapper, and writes ``config.json`` and
``model.safetensors``. ``--names FILE`` adds names from a JSON file, user id to name.

The published file is a pickle of a training program, with objects of its classes in it. Only plain
values and tensors are read, also of what these objects consist of; no class that the file names is
looked up, so nothing in it ever runs.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import torch
from pydantic import ValidationError
from safetensors.torch import save_file

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from companion.engine.analysis.configuration import StyleConfig, StyleData, StyleModel  # noqa: E402
from companion.engine.analysis.style_network import UNUSED_TENSORS, WRAPPER, StyleNetwork  # noqa: E402
from companion.engine.checkpoint import CONFIG, WEIGHTS, fill, read_json  # noqa: E402
from companion.errors import CheckpointMismatch, CompanionError  # noqa: E402
from pickles import Husk, with_husks  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor

COMPILED = "_orig_mod."
DEEPEST = 16


def convert(checkpoint_file: Path, out: Path, names: Mapping[str, Any] | None = None) -> None:
    """Write the converted classifier, once it is certain that it fits.

    Args:
        checkpoint_file: The published checkpoint.
        out: Folder that receives the classifier; it is made where it is missing.
        names: Names by user id, as far as they are known.

    Raises:
        ModelMissing: The file is not there.
        CheckpointMismatch: It is damaged, or does not hold such a classifier.
    """
    content = with_husks(checkpoint_file)
    if not isinstance(content, dict):
        raise CheckpointMismatch(f"{checkpoint_file} holds no checkpoint of a training program.")
    checkpoint = cast("Mapping[str, Any]", content)
    weights = weights_of(checkpoint.get("state_dict"), checkpoint_file)
    config = config_of(checkpoint.get("hyper_parameters"), checkpoint_file)
    known = set(map(str, config["mappers"]))
    config["mapper_names"] = {k: v for k, v in (names or {}).items() if k in known}
    try:
        checked = StyleConfig.model_validate(config)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise CheckpointMismatch(f"{checkpoint_file}: “{where}”: {first['msg']}.") from error
    with torch.device("meta"):
        network = StyleNetwork(checked)
    fill(network, weights, unused=UNUSED_TENSORS, device=torch.device("cpu"), dtype=torch.float32)
    out.mkdir(parents=True, exist_ok=True)
    # Tensors that share memory cannot be written, so each gets its own.
    save_file({name: t.detach().clone().contiguous() for name, t in weights.items()}, out / WEIGHTS)
    (out / CONFIG).write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")


def weights_of(content: object, path: Path) -> dict[str, Tensor]:
    """Weights under the names that the network gives them."""
    found = cast("Mapping[object, object]", content) if isinstance(content, dict) else {}
    named = {
        name.replace(COMPILED, "").removeprefix(WRAPPER): tensor
        for name, tensor in found.items()
        if isinstance(name, str) and isinstance(tensor, torch.Tensor)
    }
    if not named or len(named) != len(found):
        raise CheckpointMismatch(f"{path} does not hold the weights of a classifier.")
    return named


def config_of(content: object, path: Path) -> dict[str, Any]:
    """What ``config.json`` says, from what the training program was given."""
    given = plain(content)
    parts = given if isinstance(given, dict) else {}
    args, tokenizer = parts.get("args"), parts.get("tokenizer")
    classes = tokenizer.get("mapper_idx") if isinstance(tokenizer, dict) else None
    if not isinstance(args, dict) or not isinstance(classes, dict):
        raise CheckpointMismatch(
            f"{path} does not say how it was trained and which class is which mapper."
        )
    classes = cast("dict[int, int]", classes)
    order = sorted(classes, key=classes.__getitem__)
    if [classes[mapper] for mapper in order] != list(range(len(order))):
        raise CheckpointMismatch(f"The mappers in {path} are not numbered from 0 on.")
    return {
        "data": _known(args.get("data"), StyleData.model_fields),
        "model": _known(args.get("model"), StyleModel.model_fields),
        "mappers": [int(mapper) for mapper in order],
    }


def plain(value: object, depth: int = 0) -> Any:
    """A value without husks: nodes of a configuration as what they hold, others as their fields."""
    if depth > DEEPEST:  # objects may hold each other
        return None
    if isinstance(value, Husk):
        fields = value.fields
        for name in ("_content", "_val"):
            if name in fields:
                return plain(fields[name], depth + 1)
        return plain(fields, depth + 1)
    if isinstance(value, dict):
        items = cast("Mapping[Any, object]", value).items()
        return {plain(k, depth + 1): plain(v, depth + 1) for k, v in items if _is_key(k)}
    if isinstance(value, list | tuple):
        return [plain(item, depth + 1) for item in cast("Sequence[object]", value)]
    return value


def _is_key(key: object) -> bool:
    return isinstance(key, str | int)


def _known(part: object, fields: Mapping[str, object]) -> dict[str, Any]:
    given = cast("Mapping[str, Any]", part) if isinstance(part, dict) else {}
    return {name: given[name] for name in fields if name in given}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("checkpoint", type=Path, metavar="model.ckpt")
    parser.add_argument("out", type=Path, metavar="OUT_FOLDER")
    parser.add_argument("--names", type=Path, help="JSON file with the names of users by their id")
    options = parser.parse_args(arguments)
    try:
        names = read_json(options.names) if options.names else None
        convert(options.checkpoint, options.out, names)
    except CompanionError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{options.out} holds the converted classifier.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
