from __future__ import annotations

from typing import TYPE_CHECKING

from companion.errors import ModelMissing

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from companion.engine.fake import FakeEngine
    from tests.cli.conftest import Commands


def test_the_doctor_names_model_device_and_folders(companion: Commands, engine: FakeEngine):
    value = companion("doctor", "--device", "cpu", "--json").value
    assert value["model"]["name"] == "fake"
    assert value["device"] == "cpu"
    assert value["data_folder"]["path"] == str(companion.data)
    assert value["packages"]["torch"]


def test_a_missing_model_is_a_problem(companion: Commands, engine: FakeEngine):
    engine.error = ModelMissing("There is no model.")
    answer = companion("doctor")
    assert answer.status == 2
    assert "problem: There is no model." in answer.out


def test_a_songs_folder_that_is_not_there_is_a_problem(
    companion: Commands, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("COMPANION_SONGS_FOLDER", str(tmp_path / "none"))
    answer = companion("doctor")
    assert answer.status == 2
    assert "there is no folder" in answer.out
