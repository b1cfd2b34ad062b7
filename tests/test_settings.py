from __future__ import annotations

from pathlib import Path

import pytest

from companion.errors import OptionRefused
from companion.settings import (
    BUNDLED_MODEL_FOLDER,
    DEFAULT_PORT,
    Settings,
    config_file,
    default_songs_folder,
    load_settings,
)


@pytest.fixture(autouse=True)
def no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import os

    for name in list(os.environ):
        if name.upper().startswith("COMPANION_"):
            monkeypatch.delenv(name)
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "home")
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))


@pytest.fixture
def toml(tmp_path: Path) -> Path:
    return tmp_path / "companion.toml"


def test_defaults_need_no_file(toml: Path):
    settings = load_settings(file=toml)
    assert settings.port == DEFAULT_PORT
    assert settings.engine.model_folder == BUNDLED_MODEL_FOLDER
    assert settings.engine.device == "auto"
    assert not settings.modding_only


def test_a_flag_beats_the_environment_beats_the_file(toml: Path, monkeypatch: pytest.MonkeyPatch):
    toml.write_text("port = 1111\nmodding_only = true\n[engine]\nthreads = 1\ndevice = 'cpu'\n")
    monkeypatch.setenv("COMPANION_PORT", "2222")
    monkeypatch.setenv("COMPANION_ENGINE__THREADS", "2")
    from_environment = load_settings(file=toml)
    assert (from_environment.port, from_environment.engine.threads) == (2222, 2)
    settings = load_settings({"port": 3333, "engine": {"threads": 3}}, file=toml)
    assert (settings.port, settings.engine.threads) == (3333, 3)
    assert settings.engine.device == "cpu"
    assert settings.modding_only


def test_an_option_that_was_not_given_hides_nothing(toml: Path):
    toml.write_text("port = 1111\n[engine]\nthreads = 1\n")
    settings = load_settings({"port": None, "engine": {"threads": None}}, file=toml)
    assert (settings.port, settings.engine.threads) == (1111, 1)


def test_settings_are_frozen(toml: Path):
    settings = load_settings(file=toml)
    with pytest.raises(ValueError, match="frozen"):
        settings.port = 1  # pyright: ignore[reportAttributeAccessIssue]


def test_a_home_folder_is_expanded(toml: Path):
    toml.write_text("data_folder = '~/data'\n[engine]\nmodel_folder = '~/model'\n")
    settings = load_settings(file=toml)
    assert settings.data_folder == Path("~/data").expanduser()
    assert settings.engine.model_folder == Path("~/model").expanduser()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("port = 'x'", "The setting 'port' should be a valid integer, not 'x'"),
        ("port = 70000", "should be less than or equal to 65535, not 70000"),
        ("prot = 1", "There is no setting 'prot'"),
        ("[engine]\ndevice = 'gpu'", "'engine.device' should be 'auto', 'cpu', 'cuda' or 'mps'"),
        ("[engine]\nthreads = 0", "'engine.threads' should be greater than or equal to 1"),
        ("port =", "not valid TOML"),
    ],
)
def test_a_wrong_value_in_the_file_is_told_in_one_line(toml: Path, content: str, words: str):
    toml.write_text(content)
    with pytest.raises(OptionRefused) as caught:
        load_settings(file=toml)
    message = str(caught.value)
    assert words in message
    assert str(toml) in message
    assert "\n" not in message


def test_a_wrong_variable_is_named(toml: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COMPANION_PORT", "many")
    with pytest.raises(OptionRefused, match="environment variable COMPANION_PORT"):
        load_settings(file=toml)


def test_a_variable_that_is_no_json_is_told(toml: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COMPANION_ENGINE", "{")
    with pytest.raises(OptionRefused, match="COMPANION_"):
        load_settings(file=toml)


def test_a_wrong_option_is_told(toml: Path):
    with pytest.raises(OptionRefused, match="given as an option"):
        load_settings({"port": -1}, file=toml)


def test_a_folder_in_place_of_the_file_is_told(tmp_path: Path):
    assert isinstance(load_settings(file=tmp_path), Settings)  # not a file: nothing to read


def test_a_variable_moves_the_settings_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("COMPANION_CONFIG", str(tmp_path / "mine.toml"))
    assert config_file() == tmp_path / "mine.toml"


def test_without_an_install_there_is_no_songs_folder():
    assert default_songs_folder() is None


def test_the_songs_folder_lies_in_the_install(tmp_path: Path):
    songs = tmp_path / "local" / "osu!" / "Songs"
    songs.mkdir(parents=True)
    assert default_songs_folder() == songs


def test_the_games_own_settings_move_the_songs_folder(tmp_path: Path):
    install = tmp_path / "local" / "osu!"
    install.mkdir(parents=True)
    songs = tmp_path / "elsewhere"
    songs.mkdir()
    (install / "osu!.mapper.cfg").write_text(f"# osu!\nBeatmapDirectory = {songs}\nVolume = 50\n")
    assert default_songs_folder() == songs


def test_the_place_that_winello_noted_is_looked_at(tmp_path: Path):
    install = tmp_path / "wine"
    (install / "Songs").mkdir(parents=True)
    noted = tmp_path / "home" / ".local" / "share" / "osuconfig" / "osupath"
    noted.parent.mkdir(parents=True)
    noted.write_text(f"{install}\n")
    assert default_songs_folder() == install / "Songs"


def test_folders_do_not_depend_on_the_working_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = Settings(songs_folder=Path("Songs"), data_folder=Path("data"))
    assert settings.songs_folder == tmp_path / "Songs"
    assert settings.data_folder == tmp_path / "data"
