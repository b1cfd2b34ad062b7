from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import MAP
from tests.engine.tiny_analysis_models import write_rhythm_model, write_style_model

if TYPE_CHECKING:
    from tests.cli.conftest import Commands

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def longer_map(map_path: Path) -> Path:
    more = b"".join(b"100,100,%d,1,0,0:0:0:0:\r\n" % ms for ms in range(5250, 7000, 250))
    map_path.write_bytes(MAP + more)
    return map_path


def test_without_weights_it_counts_and_says_what_it_cannot_know(
    companion: Commands, map_path: Path
):
    before = map_path.read_bytes()
    answer = companion("analyse", map_path)
    assert answer.status == 0
    assert "map.osu [Normal]" in answer.out
    assert "counted in the map itself without a model: 5 objects" in answer.out
    assert "Rhythm complexity: not known." in answer.out
    assert "Mapper style: not known." in answer.out
    assert answer.out.count("none comes with the companion") == 2
    assert map_path.read_bytes() == before


def test_json_has_null_for_what_is_not_known(companion: Commands, map_path: Path):
    value = companion("analyse", map_path, "--json").value
    assert value["map"]["version"] == "Normal"
    assert value["rhythm_complexity"] is None
    assert value["mapper_style"] is None
    counted = value["rhythm_counts"]
    assert (counted["objects"], counted["gaps"]) == (5, 4)
    assert {gap["beats"]: gap["count"] for gap in counted["gap_beats"]} == {
        "1": 1, "49/48": 1, "95/48": 1, "4": 1,
    }  # fmt: skip
    assert counted["entropy_bits"] == pytest.approx(2)
    assert counted["divisor_shares"] == {"0": 0.2, "1": 0.8}


def test_a_map_without_objects_is_said_to_have_none(companion: Commands, map_path: Path):
    map_path.write_bytes(MAP[: MAP.index(b"100,100,1000")])
    answer = companion("analyse", map_path)
    assert answer.status == 0
    assert "not enough objects" in answer.out


def test_weights_give_verdicts(companion: Commands, longer_map: Path, tmp_path: Path):
    rhythm = write_rhythm_model(tmp_path / "rhythm")
    style = write_style_model(tmp_path / "style")
    arguments = ("analyse", longer_map, "--rhythm-model", rhythm, "--style-model", style)
    answer = companion(*arguments, "--device", "cpu")
    assert answer.status == 0
    assert "nats per second" in answer.out
    assert "not known" not in answer.out
    assert "Somebody (202)" in answer.out
    value = companion(*arguments, "--json").value
    assert value == companion(*arguments, "--json").value
    complexity = value["rhythm_complexity"]
    assert [item["time_ms"] for item in complexity["objects"]] == [5000, *range(5250, 7000, 250)]
    assert f"{complexity['nats_per_second']:.3f} nats" in answer.out
    style_value = value["mapper_style"]
    assert sum(mapper["probability"] for mapper in style_value["mappers"]) == pytest.approx(1)
    assert [window["start_ms"] for window in style_value["windows"]] == [
        0,
        1008,
        2016,
        4032,
        5040,
        6048,
    ]


def test_folders_without_weights_are_refused_by_name(
    companion: Commands, map_path: Path, tmp_path: Path
):
    for option in ("--rhythm-model", "--style-model"):
        answer = companion("analyse", map_path, option, tmp_path / "nowhere", "--json")
        assert answer.status == 2
        assert answer.value["error"]["code"] == "model_missing"


def test_a_misfit_is_one_line(companion: Commands, map_path: Path, tmp_path: Path):
    folder = write_rhythm_model(tmp_path / "rhythm")
    (folder / "config.json").write_text('{"data": {}, "model": {"hidden_size": 3}}')
    answer = companion("analyse", map_path, "--rhythm-model", folder)
    assert answer.status == 2
    assert "“model.0.weight”" in answer.err
    assert len(answer.err.splitlines()) == 1


def test_what_is_no_map_is_refused(companion: Commands, tmp_path: Path):
    answer = companion("analyse", tmp_path / "none.osu", "--json")
    assert answer.status == 2
    assert answer.value["error"]["code"] == "unreadable_beatmap"


def test_counting_loads_no_torch_and_help_names_the_command(map_path: Path):
    code = (
        "import sys\nfrom companion.cli import main\n"
        f"sys.argv = ['companion', 'analyse', {str(map_path)!r}]\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print('torch' in sys.modules)\n"
        "sys.argv = ['companion', '--help']\nmain()\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "\nFalse\n" in result.stdout
    assert "analyse" in result.stdout.split("\nFalse\n")[1]
