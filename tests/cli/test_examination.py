from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from companion.cli import examination
from companion.errors import ModelMissing

if TYPE_CHECKING:
    from pathlib import Path

    from companion.engine.fake import FakeEngine
    from tests.cli.conftest import Commands


@pytest.fixture
def local_engine(engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    monkeypatch.setattr(examination, "LocalEngine", lambda *_: engine)
    return engine


def test_the_doctor_names_model_device_and_folders(companion: Commands, local_engine: FakeEngine):
    value = companion("doctor", "--device", "cpu", "--json").value
    assert value["model"]["name"] == "fake"
    assert value["device"] == "cpu"
    assert value["data_folder"]["path"] == str(companion.data)
    assert value["packages"]["torch"]


def test_a_missing_model_is_a_problem(companion: Commands, local_engine: FakeEngine):
    local_engine.error = ModelMissing("There is no model.")
    answer = companion("doctor")
    assert answer.status == 2
    assert "problem: There is no model." in answer.out


def test_a_songs_folder_that_is_not_there_is_a_problem(
    companion: Commands, local_engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("COMPANION_SONGS_FOLDER", str(tmp_path / "none"))
    answer = companion("doctor")
    assert answer.status == 2
    assert "there is no folder" in answer.out
