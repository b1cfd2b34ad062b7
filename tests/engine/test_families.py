from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from companion.engine.checkpoint import family_of
from companion.errors import CheckpointMismatch

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("config", "family"),
    [
        ({"model_family": "bundled"}, "bundled"),
        ({"backbone_model_name": "openai/whisper-small"}, "v29"),
        ({"backbone_model_name": "Tiger14n/ropewhisper-small", "vocab_size_in": 9}, "v31"),
        (
            {
                "backbone_model_name": "Tiger14n/ropewhisper-small",
                "vocab_size_in": 9,
                "vocab_size": 9,
            },
            "v30",
        ),
        ({"backbone_model_name": "OliBomby/varwhisper-small"}, "v32"),
        ({"backbone_model_name": "OliBomby/varwhisper-base"}, "v32"),
    ],
)
def test_families_are_told_by_the_configuration(
    tmp_path: Path, config: dict[str, Any], family: str
):
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert family_of(tmp_path).name == family


@pytest.mark.parametrize("config", [{}, {"backbone_model_name": None}, {"model_family": "t5"}])
def test_a_configuration_of_no_family_is_refused(tmp_path: Path, config: dict[str, Any]):
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(CheckpointMismatch, match="cannot run"):
        family_of(tmp_path)
