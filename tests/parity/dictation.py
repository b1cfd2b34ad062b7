"""A network without an opinion and a chooser that is told what to choose.

Together they write a recorded generation again: whatever is not the network's (prompts, which
tokens are forbidden, when a window ends, what of it is kept) has to come out as it was recorded.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NoReturn

import torch

from companion.engine.encoding import EncodingOptions
from companion.engine.model.backbone import EncodedWindows
from companion.engine.model.settings import ModelSettings
from companion.engine.prompts import PromptOptions
from companion.engine.vocabulary import Vocabulary

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from torch import Tensor

    from companion.engine.model.backbone import WindowInput


def settings_of(folder: Path) -> ModelSettings:
    """A family's settings as its training had them."""
    data = json.loads((folder / "train_config.json").read_text(encoding="utf-8"))["data"]
    return ModelSettings(
        family=folder.name,
        rate_hz=data["sample_rate"],
        hop_samples=data["hop_length"],
        window_frames=data["src_seq_len"],
        max_tokens=data["tgt_seq_len"],
        prompts=PromptOptions.from_train_config(data),
        encoding=EncodingOptions.from_train_config(data),
    )


class Undecided:
    """Finds every token equally likely."""

    n_parameters = 0
    device = torch.device("cpu")

    def __init__(self, folder: Path) -> None:
        self.vocabulary = Vocabulary.from_file(folder / "model" / "tokenizer.json")
        self.settings = settings_of(folder)

    def encode(self, windows: Sequence[WindowInput]) -> EncodedWindows:
        return EncodedWindows({"nothing": torch.zeros(len(windows), 1)})

    def encoding_key(self, window: WindowInput) -> bytes:
        del window
        return b""

    def start(self, tokens: Tensor, mask: Any, encoded: EncodedWindows) -> tuple[Tensor, None]:
        del mask
        assert len(encoded) == len(tokens)
        return self.step(tokens, None)

    def step(self, tokens: Tensor, state: None) -> tuple[Tensor, None]:
        return torch.zeros(len(tokens), self.vocabulary.size_out), state


class Dictation:
    """Chooses the recorded tokens, call after call, none of which may be forbidden."""

    def __init__(self, calls: Sequence[dict[str, Any]]) -> None:
        self._tokens = [token for call in calls for token in call["generated"]]
        self._n_said = 0

    def choose(self, logits: Tensor, going: Sequence[bool]) -> Tensor:
        assert all(going)
        assert self._n_said < len(self._tokens), "the recorded run had ended here"
        token = self._tokens[self._n_said]
        assert logits[0, token] > -torch.inf, f"token {self._n_said} ({token}) is forbidden"
        self._n_said += 1
        return torch.tensor([token])

    def choose_beams(self, scores: Any, ends: Any, n_drawn: Any, going: Any) -> NoReturn:
        raise NotImplementedError("nothing has been recorded with beams")
