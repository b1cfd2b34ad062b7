from __future__ import annotations

import json
from pathlib import Path

import pytest

from companion.errors import CheckpointMismatch, ModelMissing, OptionRefused, WriteFailed
from companion.model_store import CATALOGUE, ModelStore, Origin, pull_hint
from companion.settings import BUNDLED_MODEL_FOLDER, EngineSettings, Settings

ORIGIN = Origin("somebody/model", "a" * 40)
TRICKS = (
    "../x",
    "..",
    ".",
    "",
    "/etc",
    "a/b",
    "a\\b",
    "C:x",
    ".hidden",
    "v30.",
    "nul",
    "COM1.x",
    "ä",
)


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "data")


def put(store: ModelStore, name: str, word: str = "one") -> Path:
    with store.arriving(name, ORIGIN) as folder:
        (folder / "config.json").write_text(json.dumps({"name": word}))
    return store.folder_of(name)


def settings(store: ModelStore, **engine: object) -> Settings:
    return Settings(data_folder=store.folder.parent, engine=EngineSettings.model_validate(engine))


@pytest.mark.parametrize("name", TRICKS)
def test_names_that_lead_elsewhere_are_refused(store: ModelStore, name: str):
    for action in (store.folder_of, store.has, store.choose, store.origin):
        with pytest.raises(OptionRefused, match="name"):
            action(name)


def test_every_published_name_can_be_a_folder(store: ModelStore):
    assert [store.folder_of(name).name for name in CATALOGUE] == list(CATALOGUE)


def test_a_model_arrives_with_its_origin(store: ModelStore):
    assert store.names() == ("bundled",)
    put(store, "v30")
    assert store.names() == ("bundled", "v30")
    assert store.has("v30")
    assert store.origin("v30") == ORIGIN


def interrupt(store: ModelStore) -> None:
    with store.arriving("v30", ORIGIN) as folder:
        (folder / "config.json").write_text("{}")
        raise KeyboardInterrupt


def test_an_interrupted_arrival_leaves_nothing(store: ModelStore):
    with pytest.raises(KeyboardInterrupt):
        interrupt(store)
    assert list(store.folder.iterdir()) == []


def test_an_interrupted_arrival_leaves_the_old_model(store: ModelStore):
    folder = put(store, "v30", "old")
    with pytest.raises(KeyboardInterrupt):
        interrupt(store)
    assert json.loads((folder / "config.json").read_text()) == {"name": "old"}
    assert list(store.folder.iterdir()) == [folder]


def test_a_new_arrival_replaces_the_old_model_whole(store: ModelStore):
    folder = put(store, "v30", "old")
    (folder / "left.json").write_text("{}")
    put(store, "v30", "new")
    assert {path.name for path in folder.iterdir()} == {"config.json", "origin.json"}
    assert list(store.folder.iterdir()) == [folder]


def test_a_model_that_cannot_take_its_place_leaves_the_old_one(
    store: ModelStore, monkeypatch: pytest.MonkeyPatch
):
    folder = put(store, "v30", "old")
    rename = Path.rename

    def refuse(path: Path, target: Path) -> Path:
        if path.name == "fresh":
            raise OSError("held open")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(WriteFailed, match="held open"):
        put(store, "v30", "new")
    assert json.loads((folder / "config.json").read_text()) == {"name": "old"}
    assert list(store.folder.iterdir()) == [folder]


def test_a_data_folder_that_is_a_file_is_a_typed_error(tmp_path: Path):
    (tmp_path / "data").write_text("")
    store = ModelStore(tmp_path / "data")
    assert store.names() == ("bundled",)
    with pytest.raises(WriteFailed):
        put(store, "v30")
    with pytest.raises(WriteFailed):
        store.choose("bundled")


def test_without_a_choice_the_bundled_model_is_used(store: ModelStore):
    assert store.settled(settings(store)).engine.model_folder == BUNDLED_MODEL_FOLDER


def test_the_chosen_model_is_used_where_none_is_named(store: ModelStore, tmp_path: Path):
    folder = put(store, "v30")
    store.choose("v30")
    assert store.settled(settings(store, threads=2)).engine.model_folder == folder
    assert store.settled(settings(store, threads=2)).engine.threads == 2
    given = settings(store, model_folder=tmp_path)
    assert store.settled(given).engine.model_folder == tmp_path
    store.choose("bundled")
    assert store.settled(settings(store)).engine.model_folder == BUNDLED_MODEL_FOLDER


def test_a_name_stands_for_its_folder(store: ModelStore, tmp_path: Path):
    for name in ("v30", "bundled"):
        settled = store.settled(settings(store, model_folder=Path(name)))
        assert settled.engine.model_folder == store.folder_of(name)
    for other in (Path("nothing"), tmp_path / "v30"):
        assert store.settled(settings(store, model_folder=other)).engine.model_folder == other


def test_a_folder_wins_over_a_name(
    store: ModelStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "v30").mkdir()
    monkeypatch.chdir(tmp_path)
    settled = store.settled(settings(store, model_folder=Path("v30")))
    assert settled.engine.model_folder == Path("v30")


def test_only_what_is_there_can_be_chosen(store: ModelStore):
    with pytest.raises(ModelMissing, match="companion models pull v30"):
        store.choose("v30")
    with pytest.raises(ModelMissing, match="companion models list"):
        store.choose("mine")
    assert store.chosen() is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"model": 3}', "\udcff", '{"model": "../x"}'])
def test_a_damaged_choice_is_told_and_can_be_mended(store: ModelStore, text: str):
    store.choose("bundled")
    (store.folder / "chosen.json").write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises((CheckpointMismatch, OptionRefused)):
        store.settled(settings(store))
    store.choose("bundled")
    assert store.chosen() == "bundled"


def test_the_hint_is_for_published_models_in_a_store(store: ModelStore, tmp_path: Path):
    assert "pull v30" in pull_hint(store.folder / "v30")
    assert pull_hint(store.folder / "mine") == pull_hint(tmp_path / "v30") == ""
