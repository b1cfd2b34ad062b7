"""What a checkpoint cannot do is known before it is loaded."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from companion.beatmap import Document, TimeRange, TimingPoint
from companion.engine.conditioning import Conditioning
from companion.engine.engine import BUNDLED_MODEL, LocalEngine
from companion.engine.map_requests import MapRequest
from companion.engine.postprocess import MapHeader
from companion.engine.requests import RegenerateOptions, RegenerateRequest, TimingRequest
from companion.errors import ModelMissing, OptionRefused, RangeRefused

SONG = Path("song.mp3")
DOCUMENT = Document.parse(b"osu file format v14\n\n[TimingPoints]\n0,500,4,2,0,60,1,0\n")
RED_LINES = (TimingPoint(0, 500.0),)


def section(**options: object) -> RegenerateRequest:
    return RegenerateRequest(DOCUMENT, SONG, TimeRange(0, 9_000), RegenerateOptions(**options))  # pyright: ignore[reportArgumentType]


def whole_map(red_lines: tuple[TimingPoint, ...] | None) -> MapRequest:
    return MapRequest(SONG, MapHeader(), Conditioning(), red_lines=red_lines)


@pytest.fixture
def engine() -> LocalEngine:
    return LocalEngine(BUNDLED_MODEL, "cpu")


@pytest.mark.parametrize(
    "request_",
    [section(), section(replace="hitsounds"), section(replace="rhythm"), whole_map(RED_LINES)],
)
def test_the_bundled_model_can_do_these(engine: LocalEngine, request_: RegenerateRequest):
    engine.require_able(request_)
    assert engine.describe() is None


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (TimingRequest(SONG), "cannot hear timing"),
        (whole_map(None), "red lines"),
        (section(replace="hitsounds", guidance=2.0), "Guidance"),
        (section(temperature=9.0), "temperature"),
    ],
)
def test_the_bundled_model_cannot_do_these(
    engine: LocalEngine, request_: RegenerateRequest, words: str
):
    with pytest.raises(OptionRefused, match=words):
        engine.require_able(request_)
    assert engine.describe() is None


def test_a_model_without_hitsounds_chooses_none(tmp_path: Path):
    folder = tmp_path / "model"
    shutil.copytree(BUNDLED_MODEL, folder, ignore=shutil.ignore_patterns("*.safetensors"))
    config = json.loads((folder / "config.json").read_text())
    config["data"]["add_hitsounds"] = False
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(OptionRefused, match="no hitsounds"):
        LocalEngine(folder).require_able(section(replace="hitsounds"))
    LocalEngine(folder).require_able(section())


def test_a_missing_model_and_an_empty_range_are_told_as_such(engine: LocalEngine, tmp_path: Path):
    with pytest.raises(ModelMissing):
        LocalEngine(tmp_path / "gone").require_able(section())
    with pytest.raises(RangeRefused):
        engine.require_able(RegenerateRequest(DOCUMENT, SONG, TimeRange(5, 5)))


def test_to_ask_does_not_import_torch():
    code = (
        "import sys; from pathlib import Path; from companion.engine.engine import LocalEngine;"
        "from companion.engine.requests import TimingRequest\n"
        "try: LocalEngine().require_able(TimingRequest(Path('x')))\n"
        "except Exception as error: sys.exit('torch' in sys.modules or 'hear' not in str(error))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
