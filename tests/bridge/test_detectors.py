"""Finding the map: titles, the Songs folder, and choosing."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from companion.bridge.detectors import (
    EditorState,
    LastSaved,
    SongsIndex,
    WindowTitle,
    rank,
    read_title,
    system_titles,
)
from companion.bridge.detectors.songs_index import REBUILD_AFTER_S
from companion.bridge.detectors.window_title import HOLD_S
from companion.bridge.detectors.windows_titles import list_titles
from companion.bridge.detectors.x11_titles import X11Titles

NAME = "Band - Song (Mapper) [Hard].osu"


class Clock:
    def __init__(self):
        self.now_s = 100.0

    def __call__(self):
        return self.now_s


@pytest.mark.parametrize(
    ("title", "client"),
    [
        (f"osu!  - {NAME}", "stable"),
        (f"osu!cuttingedge b20260624 - {NAME}", "stable"),
        (f"osu!cuttingedge b20260624.1  - {NAME}", "stable"),
        (f"osu! - {NAME}", "lazer"),
        (f"osu! - {NAME} ", "lazer"),
    ],
)
def test_editor_titles_name_the_map(title, client):
    found = read_title(title)
    assert found is not None
    assert (found.file_name, found.client) == (NAME, client)


@pytest.mark.parametrize(
    "title",
    [
        "",
        "osu!",
        "osu! - Band - Song [Hard]",
        "osu!  - Band - Song [Hard]",
        "osu! - new beatmap",
        f"Notepad - {NAME}",
        f"{NAME}",
        "osu!  - .osu.txt",
    ],
)
def test_other_titles_name_nothing(title):
    assert read_title(title) is None


def test_a_dash_in_the_song_is_no_separator():
    found = read_title("osu!  - A - B - C (D) [E - F].osu")
    assert found is not None
    assert found.file_name == "A - B - C (D) [E - F].osu"


def test_the_title_is_held_for_a_moment():
    clock, titles = Clock(), [f"osu!  - {NAME}"]
    detector: Any = WindowTitle(lambda: titles, clock=clock)
    assert detector.probe().file_name == NAME
    titles[:] = ["osu!"]
    clock.now_s += HOLD_S
    assert detector.probe().file_name == NAME
    clock.now_s += 0.1
    assert detector.probe() is None


def test_a_display_that_does_not_answer_is_unknown():
    def fail():
        raise OSError("no display")

    detector = WindowTitle(fail)
    assert detector.probe() is None
    assert detector.probe() is None


def test_the_songs_folder_gives_the_path(tmp_path):
    folder = tmp_path / "1 Band - Song"
    folder.mkdir()
    (folder / NAME).write_bytes(b"x")
    detector = WindowTitle(lambda: [f"osu!  - {NAME}"], SongsIndex(tmp_path))
    state = detector.probe()
    assert state == EditorState("window_title", folder / NAME, NAME, "stable", editor_open=True)


def test_of_copies_the_newest_is_taken(tmp_path):
    for age, name in enumerate(("new", "old")):
        (tmp_path / name).mkdir()
        (tmp_path / name / NAME).write_bytes(b"x")
        os.utime(tmp_path / name / NAME, (1000 - age, 1000 - age))
    assert SongsIndex(tmp_path).find(NAME) == tmp_path / "new" / NAME


def test_a_name_that_is_not_known_is_looked_for_again_later(tmp_path):
    clock = Clock()
    index = SongsIndex(tmp_path, clock)
    assert index.find(NAME) is None
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / NAME).write_bytes(b"x")
    assert index.find(NAME) is None
    clock.now_s += REBUILD_AFTER_S
    assert index.find(NAME) == tmp_path / "set" / NAME


@pytest.mark.parametrize("name", ["../x.osu", "/etc/x.osu", "a/b.osu", "a\\b.osu"])
def test_titles_cannot_point_outside(tmp_path, name):
    assert SongsIndex(tmp_path).find(name) is None


def test_a_songs_folder_that_is_away_finds_nothing(tmp_path):
    assert SongsIndex(tmp_path / "none").find(NAME) is None


def test_last_saved_remembers_the_last():
    detector = LastSaved()
    assert detector.probe() is None
    detector.saw(Path("/a.osu"))
    detector.saw(Path("/b.osu"))
    assert detector.probe() == EditorState("last_saved", Path("/b.osu"))


def test_a_person_beats_a_title_and_a_title_beats_a_guess():
    a, b, c = Path("/a.osu"), Path("/b.osu"), Path("/c.osu")
    states = [
        EditorState("last_saved", a),
        EditorState("window_title", b, "b.osu", "stable", editor_open=True),
        EditorState("picked", c),
    ]
    assert [s.map_path for s in rank(states)] == [c, b, a]


def test_a_map_is_named_once_by_its_best_probe():
    a = Path("/a.osu")
    states = [EditorState("last_saved", a), EditorState("given", a)]
    assert [s.probe for s in rank(states)] == ["given"]


def test_a_given_map_learns_from_the_title_that_its_editor_is_open():
    states = [
        EditorState("given", Path("/x/" + NAME)),
        EditorState("window_title", None, NAME, "lazer", editor_open=True),
    ]
    (best,) = rank(states)
    assert (best.probe, best.client, best.editor_open) == ("given", "lazer", True)


def test_no_display_is_an_os_error(monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    with pytest.raises(OSError, match="display"):
        X11Titles().list()


# python-xlib leaves its socket to the garbage collector when it cannot connect.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_display_that_is_not_there_is_an_os_error(monkeypatch):
    monkeypatch.setenv("DISPLAY", ":987")
    with pytest.raises(OSError, match=":987"):
        X11Titles().list()


def test_listing_windows_titles_elsewhere_is_an_os_error():
    if sys.platform == "win32":
        assert isinstance(list_titles(), list)
        return
    with pytest.raises(OSError, match="not Windows"):
        list_titles()


def test_this_system_has_a_way_to_list_titles():
    assert callable(system_titles())


@pytest.fixture
def display(monkeypatch):
    """A bare X server without a window manager."""
    program = shutil.which("Xvfb")
    if program is None:
        pytest.skip("no Xvfb")
    reading, writing = os.pipe()
    command = [program, "-displayfd", str(writing), "-nolisten", "tcp", "-screen", "0", "64x64x24"]
    with subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL) as server:
        os.close(writing)
        with os.fdopen(reading) as pipe:
            number = pipe.readline().strip()  # written once it accepts connections
        if not number:
            pytest.skip("Xvfb does not start")
        monkeypatch.setenv("DISPLAY", f":{number}")
        yield f":{number}"
        server.terminate()


def _show_window(display, title, *, legacy):
    window = display.screen().root.create_window(0, 0, 10, 10, 0, display.screen().root_depth)
    if legacy:
        window.set_wm_name(title)
    else:
        name, kind = (display.intern_atom(n) for n in ("_NET_WM_NAME", "UTF8_STRING"))
        window.change_property(name, kind, 8, title.encode())
    window.map()
    display.sync()
    return window


def test_titles_are_read_from_a_real_display(display):
    from Xlib.display import Display

    titles = X11Titles()
    assert f"osu!  - {NAME}" not in titles.list()
    own = Display(display)
    first = _show_window(own, "osu!  - Bänd - Sông (M) [H].osu", legacy=False)
    _show_window(own, f"osu! - {NAME}", legacy=True)
    found = [read_title(title) for title in titles.list()]
    names = {(f.file_name, f.client) for f in found if f is not None}
    assert names == {("Bänd - Sông (M) [H].osu", "stable"), (NAME, "lazer")}
    first.destroy()
    own.sync()
    assert "osu!  - Bänd - Sông (M) [H].osu" not in titles.list()
    # With a window manager, its list of clients is enough.
    root = own.screen().root
    second = _show_window(own, "osu!  - Listed.osu", legacy=False)
    root.change_property(
        own.intern_atom("_NET_CLIENT_LIST"), own.intern_atom("WINDOW"), 32, [second.id]
    )
    own.sync()
    assert titles.list() == ["osu!  - Listed.osu"]
    own.close()
    titles.close()
    titles.close()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.usefixtures("display")
def test_a_connection_that_breaks_is_an_os_error_and_made_anew():
    titles = X11Titles()
    titles.list()
    connection: Any = titles._display
    connection.display.socket.shutdown(socket.SHUT_RDWR)
    with pytest.raises(OSError, match="display"):
        titles.list()
    assert isinstance(titles.list(), list)
    titles.close()
