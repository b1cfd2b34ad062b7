from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from companion.beatmap import Document, Mode
from companion.beatmap.folder_files import list_files
from companion.checks import Difficulty, Level, read_folder

if TYPE_CHECKING:
    from pathlib import Path

MapText = Callable[..., bytes]


@pytest.fixture
def folder(tmp_path: Path, map_text: MapText) -> Path:
    (tmp_path / "b.osu").write_bytes(map_text(("0,0,0,1,0",)))
    (tmp_path / "a.OSU").write_bytes(map_text(("0,0,0,1,0",), mode=1))
    (tmp_path / "broken.osu").write_bytes(b"\0\0")
    (tmp_path / "story.osb").write_bytes(b"[Events]\r\n")
    (tmp_path / "sb").mkdir()
    (tmp_path / "sb" / "Star.PNG").write_bytes(b"12345")
    (tmp_path / "sb" / "other.osu").write_bytes(map_text())
    return tmp_path


def test_a_folder_is_read(folder: Path) -> None:
    found = read_folder(list_files(folder))
    assert [one.file_name for one in found.mapset.difficulties] == ["b.osu", "a.OSU"]
    assert set(found.mapset.by_mode) == {Mode.OSU, Mode.TAIKO}
    assert list(found.unreadable) == ["broken.osu"]
    assert found.storyboard is not None
    star = found.file('"SB\\star.png"')
    assert star is not None
    assert (star.name, star.size_bytes, star.extension) == ("sb/Star.PNG", 5, ".png")
    assert star.read() == b"12345"
    assert star.head(2) == b"12"
    assert found.file("moon.png") is None


def test_what_has_not_changed_is_not_read_again(folder: Path, map_text: MapText) -> None:
    files = list_files(folder)
    first = read_folder(files)
    (folder / "b.osu").write_bytes(map_text(("0,0,0,1,0", "0,0,500,1,0")))
    second = read_folder(list_files(folder, files))
    (old_osu, old_taiko), (new_osu, new_taiko) = (
        first.mapset.difficulties,
        second.mapset.difficulties,
    )
    assert new_taiko is old_taiko
    assert new_osu is not old_osu
    assert len(new_osu.beatmap.hit_objects) == 2


def test_a_level_can_be_stated(folder: Path) -> None:
    files = list_files(folder)
    levels = {"b.osu": Level.INSANE}
    stated = read_folder(files, levels=levels).mapset.difficulties[0]
    assert stated.level is Level.INSANE
    assert read_folder(files, levels=levels).mapset.difficulties[0] is stated
    assert read_folder(files).mapset.difficulties[0].level is Level.EASY


def test_the_open_map_stands_in_for_its_file(folder: Path, map_text: MapText) -> None:
    newer = Difficulty(Document.parse(map_text(("1,1,1,1,0",))), "b.osu")
    assert newer in read_folder(list_files(folder), open_map=newer).mapset.difficulties


def test_files_that_cannot_be_read_are_none(folder: Path) -> None:
    files = list_files(folder)
    for path in (folder / "sb" / "Star.PNG", folder / "b.osu"):
        path.unlink()
    found = read_folder(files)
    star = found.file("sb/star.png")
    assert star is not None
    assert star.read() is None
    assert found.unreadable["b.osu"] == "The file is empty."
    assert list_files(folder / "nowhere") == ()


def test_links_are_left_out(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "secret.png").write_bytes(b"x")
    try:
        (folder / "link.png").symlink_to(elsewhere / "secret.png")
        (folder / "links").symlink_to(elsewhere, target_is_directory=True)
    except OSError:
        pytest.skip("this system makes no links")
    assert not [file for file in list_files(folder) if "link" in file.name]


def test_a_mapset_can_be_narrowed_to_modes(folder: Path) -> None:
    mapset = read_folder(list_files(folder)).mapset
    assert mapset.of_modes(frozenset(Mode)) is mapset
    (taiko,) = mapset.of_modes(frozenset({Mode.TAIKO})).difficulties
    assert taiko.mode is Mode.TAIKO
