"""Adapters in the making: LoRA factors beside a network's matrices, in the format of peft."""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from companion.engine import adapters, checkpoint
from companion.errors import OptionRefused
from companion.training.finetuning.extra import needs_extra

if TYPE_CHECKING:
    from pathlib import Path

    from torch import nn

    from companion.training.finetuning.trained_model import TrainedModel

_WHISPER = ("k_proj", "v_proj", "q_proj", "out_proj")
TARGETS = {
    "v29": _WHISPER,
    "v30": _WHISPER,
    "v31": _WHISPER,
    "v32": ("Wq", "Wkv", "Wqkv", "Wo"),
    "bundled": ("inward", "outward", "query", "memory"),
}
"""Matrices that adapters change, by family. Those of the published families are the ones that
Mapperatorinator's own adapters change; of the bundled model also the feed-forward parts."""


@dataclass(frozen=True, slots=True)
class LoraOptions:
    """Size of an adapter."""

    rank: int = 16
    alpha: float | None = None
    """Strength of the change, twice the rank unless given."""
    dropout: float = 0.05
    principal: bool = False
    """Whether to begin with the largest singular values (PiSSA), as Mapperatorinator does."""

    def verify(self) -> None:
        """Raises `OptionRefused` where no adapter can be like that."""
        if not 1 <= self.rank <= 1024:
            raise OptionRefused("The rank has to be between 1 and 1024.")
        if self.alpha is not None and not self.alpha > 0:
            raise OptionRefused("Alpha has to be above zero.")


def add_factors(model: TrainedModel, options: LoraOptions) -> None:
    """Put factors beside the family's matrices; they alone are trained from then on.

    Without PiSSA the model says the same as before until it is trained.

    Raises:
        OptionRefused: The family takes none, or peft is not installed.
    """
    options.verify()
    family = model.backbone.settings.family
    if family not in TARGETS:
        raise OptionRefused(f"There is no way to make an adapter for a model of the kind {family}.")
    with needs_extra():
        from peft import LoraConfig, get_peft_model
    config = LoraConfig(
        r=options.rank,
        lora_alpha=cast("Any", options.alpha or 2 * options.rank),
        lora_dropout=options.dropout,
        target_modules=list(TARGETS[family]),
        bias="none",
        init_lora_weights="pissa" if options.principal else True,
    )
    with warnings.catch_warnings():
        # It looks for fields of transformers' configurations, which these networks have not.
        warnings.simplefilter("ignore")
        # Factors go into the network in place; the wrapper around it has no part in running it.
        wrapped = get_peft_model(cast("Any", model.network), config)
    model.network = cast("nn.Module", wrapped)


def export_adapter(model: TrainedModel, base: Path, folder: Path) -> None:
    """Write an adapter that `companion.engine.adapters`, peft and Mapperatorinator read.

    Args:
        model: With factors.
        base: Folder of the checkpoint that it changes.
        folder: Where to.

    Raises:
        OSError: The disk does not take it.
    """
    import peft

    # Its path parameter is an unparametrised os.PathLike.
    from safetensors.torch import save_file  # pyright: ignore[reportUnknownVariableType]

    # peft's own types are partly unknown.
    wrapped, library = cast("Any", model.network), cast("Any", peft)
    folder.mkdir(parents=True, exist_ok=True)
    tensors = cast(
        "dict[str, Any]", library.get_peft_model_state_dict(wrapped, save_embedding_layers=False)
    )
    save_file(
        {name: value.detach().cpu().contiguous() for name, value in tensors.items()},
        folder / adapters.WEIGHTS,
        metadata={"format": "pt"},
    )
    config = cast("dict[str, Any]", wrapped.peft_config["default"].to_dict())
    plain = {name: _plain(value) for name, value in sorted(config.items())}
    _write_json(folder / adapters.CONFIG, plain | {"inference_mode": True})
    _write_json(
        folder / adapters.METADATA, {"ckpt_subfolders": _made_for(base), "format_version": 1}
    )


def _made_for(base: Path) -> list[str] | None:
    """The folders of a checkpoint that an adapter fits: a mode's own, or the checkpoint's."""
    if base.name.startswith(checkpoint.MODE_FOLDER):
        return [base.name]
    has_modes = any(base.glob(f"{checkpoint.MODE_FOLDER}*"))
    return [""] if has_modes else None


def _plain(value: Any) -> Any:
    if isinstance(value, set | frozenset):
        return sorted(cast("set[str]", value))
    return value


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2, default=str) + "\n", encoding="utf-8")
