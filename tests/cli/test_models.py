from __future__ import annotations

import json
import shutil
import struct
from typing import TYPE_CHECKING

import pytest

from companion.cli import workbench
from companion.engine.engine import LocalEngine
from companion.model_store import CATALOGUE, ModelStore, Origin
from companion.settings import BUNDLED_MODEL_FOLDER
from tests.cli.test_app import REPORT_IMPORTS, run_python

if TYPE_CHECKING:
    from pathlib import Path

    from companion.settings import Settings
    from tests.cli.conftest import Commands


@pytest.fixture
def pulled(companion: Commands) -> Path:
    """The bundled model, as if it had been pulled as v30."""
    with ModelStore(companion.data).arriving("v30", Origin("somebody/model", "a" * 40)) as folder:
        shutil.copytree(BUNDLED_MODEL_FOLDER, folder, dirs_exist_ok=True)
    return companion.data / "models" / "v30"


def test_the_list_has_what_is_there_and_what_is_published(companion: Commands, pulled: Path):
    values = {value["name"]: value for value in companion("models", "list", "--json").value}
    assert set(values) == {"bundled", *CATALOGUE}
    assert {name for name, value in values.items() if value["there"]} == {"bundled", "v30"}
    assert {name for name, value in values.items() if value["used"]} == {"bundled"}
    assert values["v30"]["revision"] == "a" * 40
    assert values["v30"]["size_bytes"] > 1e6
    lines = companion("models", "list").out.splitlines()
    assert len(lines) == len(values)
    assert [line for line in lines if line.startswith("*")] == [lines[0]]


def test_a_model_is_shown_without_loading_it(companion: Commands, pulled: Path):
    value = companion("models", "show", "v30", "--json").value
    assert value["folder"] == str(pulled)
    assert (value["family"], value["can_run"], value["problem"]) == ("bundled", True, None)
    assert (value["repository"], value["revision"]) == ("somebody/model", "a" * 40)
    assert value["dtypes"] == ["F16"]
    config = json.loads((pulled / "config.json").read_text())
    assert value["n_parameters"] == config["n_parameters"]
    bundled = companion("models", "show", "--json").value
    assert bundled["name"] == "bundled"
    assert bundled["digest"] == value["digest"]
    assert "can be run  yes" in companion("models", "show", pulled).out


def test_showing_imports_no_torch(companion: Commands):
    arguments = ["models", "show", "--data", str(companion.data)]
    result = run_python(REPORT_IMPORTS.format(arguments=arguments))
    assert "sha256" in result.stdout
    assert "torch" not in result.stderr


def test_a_family_of_the_future_is_shown_and_cannot_be_run(companion: Commands, pulled: Path):
    (pulled / "config.json").write_text('{"backbone_model_name": "somebody/future"}')
    value = companion("models", "show", "v30", "--json").value
    assert (value["family"], value["can_run"]) == (None, False)
    assert "somebody/future" in value["problem"]


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("config.json", b"not json"),
        ("config.json", b"[]"),
        ("model.safetensors", struct.pack("<Q", 10 * 2**30) + b"{}"),
        ("model.safetensors", b"\x02\0\0\0\0\0\0\0{{"),
        ("model.safetensors", b""),
    ],
)
def test_damaged_files_are_told(companion: Commands, pulled: Path, file: str, content: bytes):
    (pulled / file).write_bytes(content)
    answer = companion("models", "show", "v30", "--json")
    assert answer.status == 2
    assert answer.value["error"]["code"] == "checkpoint_mismatch"
    assert "damaged" in answer.err
    assert answer.err.count("\n") == 1


def test_the_model_in_use_is_what_commands_load(companion: Commands, pulled: Path):
    assert companion("models", "use", "v30").status == 0
    assert companion("models", "show", "--json").value["name"] == "v30"
    values = companion("models", "list", "--json").value
    assert [value["name"] for value in values if value["used"]] == ["v30"]
    assert companion("models", "use", "bundled").status == 0
    assert companion("models", "show", "--json").value["name"] == "bundled"


def test_the_doctor_looks_at_the_model_in_use_or_the_one_that_is_named(
    companion: Commands, pulled: Path, monkeypatch: pytest.MonkeyPatch
):
    def model_folder(*options: object) -> str:
        return companion("doctor", *options, "--json").value["model_folder"]

    assert model_folder() == str(BUNDLED_MODEL_FOLDER)
    companion("models", "use", "v30")
    (pulled / "config.json").write_text("{}")  # not loaded, which is quicker
    assert model_folder() == str(pulled)
    assert model_folder("--model", pulled.parent) == str(pulled.parent)
    assert model_folder("--model", "v31") == str(pulled.parent / "v31")
    monkeypatch.setenv("COMPANION_ENGINE__MODEL_FOLDER", str(pulled.parent))
    assert model_folder() == str(pulled.parent)
    answer = companion("models", "use", "v30")
    assert "go first" in answer.err


def test_a_model_that_is_not_pulled_says_how_to_pull_it(companion: Commands):
    for words in (("use", "v31"), ("show", "v31")):
        answer = companion("models", *words)
        assert answer.status == 2
        assert "“companion models pull v31”" in answer.err
        assert answer.err.count("\n") == 1


def test_a_model_that_is_gone_says_how_to_pull_it(
    companion: Commands, pulled: Path, monkeypatch: pytest.MonkeyPatch
):
    def make_engine(settings: Settings) -> LocalEngine:
        return LocalEngine(settings.engine.model_folder, "cpu")

    monkeypatch.setattr(workbench, "make_engine", make_engine)
    companion("models", "use", "v30")
    shutil.rmtree(pulled)
    answer = companion("doctor", "--json")
    assert any("companion models pull v30" in problem for problem in answer.value["problems"])


@pytest.mark.parametrize("action", ["use", "pull"])
@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "..", "nul", ""])
def test_names_that_lead_elsewhere_are_refused(companion: Commands, action: str, name: str):
    answer = companion("models", action, name)
    assert answer.status == 2
    assert answer.err.count("\n") == 1


def test_pulling_without_a_network_is_one_sentence_and_no_zero(
    companion: Commands, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    answer = companion("models", "pull", "v30")
    assert answer.status == 2
    assert answer.out == ""
    assert "cannot be reached" in answer.err
    assert answer.err.count("\n") == 1
    assert not (companion.data / "models").exists()
