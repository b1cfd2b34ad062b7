"""``companion mod`` with recorded checkpoints of the original's families."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import Commands

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Answer

MAPS = {
    "osu": "std_1341554_cut38000.osu",
    "taiko": "taiko_diffcalc_cut30000.osu",
    "catch": "ctb_2571731_cut30000.osu",
    "mania": "mania_diffcalc_cut30000.osu",
}


def mod(goldens: Path, folder: Path, family: str, mode: str) -> Answer:
    document = (goldens / "common" / "maps_cut" / MAPS[mode]).read_bytes()
    (folder / "map.osu").write_bytes(document)
    (folder / "audio.wav").write_bytes((goldens / "common" / "clip40.wav").read_bytes())
    model = goldens / family / "model"
    return Commands(folder)(
        "mod", folder / "map.osu", "--model", model, "--device", "cpu", "--threads", 1, "--json"
    )


@pytest.fixture(autouse=True)
def _only_what_the_command_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.upper().startswith("COMPANION_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("COMPANION_CONFIG", str(tmp_path / "companion.toml"))


@pytest.mark.parametrize(
    ("family", "mode"),
    [("v30", "osu"), ("v31", "osu"), ("v31", "taiko"), ("v31", "catch"), ("v31", "mania")],
)
def test_a_map_is_judged(goldens: Path, tmp_path: Path, family: str, mode: str):
    answer = mod(goldens, tmp_path, family, mode)
    assert answer.status == 0, answer.err
    assert answer.value["model_error"] is None
    assert answer.value["model"]["family"] == family
    assert answer.value["map"]["mode"] == mode
    findings = [f for f in answer.value["findings"] if f["source"] == "model"]
    assert findings
    assert all(f["surprisal_bits"] > 0 for f in findings)


@pytest.mark.parametrize("mode", ["taiko", "catch", "mania"])
def test_a_mode_that_v30_never_saw_leaves_the_rules_and_status_2(
    goldens: Path, tmp_path: Path, mode: str
):
    answer = mod(goldens, tmp_path, "v30", mode)
    assert answer.status == 2
    assert answer.value["model_error"]["code"] == "option_refused"
    assert f"this is a {mode} map" in answer.err
