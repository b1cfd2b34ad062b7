"""The command line on a small map, with an engine that needs no model."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from companion.cli import app, demonstration, serving, workbench
from companion.engine.fake import FakeEngine

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MAP = b"""osu file format v14\r
\r
[General]\r
AudioFilename: song.wav\r
Mode: 0\r
\r
[Metadata]\r
Title:Test\r
Artist:Nobody\r
Creator:Somebody\r
Version:Normal\r
\r
[Difficulty]\r
CircleSize:4\r
SliderMultiplier:1.4\r
SliderTickRate:1\r
\r
[TimingPoints]\r
0,500,4,2,0,60,1,0\r
\r
[HitObjects]\r
100,100,1000,5,2,0:0:0:0:\r
200,100,1500,1,0,0:0:0:0:\r
300,100,2009,1,8,0:0:0:0:\r
300,200,3000,5,0,0:0:0:0:\r
200,200,5000,1,0,0:0:0:0:\r
"""
WITH_DATA = {
    "mod", "regenerate", "hitsounds", "guest", "timing",
    "generate", "undo", "models", "doctor", "run", "wizard", "train",
}  # fmt: skip


@dataclass(frozen=True)
class Answer:
    """What a command printed, and its exit status."""

    status: int
    out: str
    err: str

    @property
    def value(self) -> Any:
        return json.loads(self.out)


class Commands:
    """Runs commands with a data folder of their own."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self._runner = CliRunner()

    def __call__(self, *arguments: object, stdin: str = "") -> Answer:
        words = [str(argument) for argument in arguments]
        if words and words[0] in WITH_DATA:
            words += ["--data", str(self.data)]
        result = self._runner.invoke(app, words, input=stdin)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Answer(result.exit_code, result.stdout, result.stderr)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    fake = FakeEngine()
    make: Callable[..., FakeEngine] = lambda settings: fake  # noqa: E731
    for module in (workbench, serving, demonstration):
        monkeypatch.setattr(module, "make_engine", make)
    return fake


@pytest.fixture
def companion(tmp_path: Path, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> Commands:
    for name in list(os.environ):
        if name.upper().startswith("COMPANION_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("COMPANION_CONFIG", str(tmp_path / "companion.toml"))
    return Commands(tmp_path)


@pytest.fixture
def map_path(tmp_path: Path) -> Path:
    folder = tmp_path / "set"
    folder.mkdir()
    soundfile.write(folder / "song.wav", np.zeros(8 * 8000, np.float32), 8000)
    path = folder / "map.osu"
    path.write_bytes(MAP)
    return path
