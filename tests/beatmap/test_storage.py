from __future__ import annotations

import errno
import json
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from companion.beatmap import storage
from companion.beatmap.storage import (
    Backup,
    create,
    digest_of,
    read,
    restore,
    temporary_folder,
    write,
)
from companion.errors import StaleEdit, UnreadableBeatmap, WriteFailed

OLD, NEW = b"old map\r\n", b"new map, longer than before\r\n"


@pytest.fixture
def target(tmp_path: Path) -> Path:
    folder = tmp_path / "Songs" / "set"
    folder.mkdir(parents=True)
    path = folder / "Artist - Title (Me) [Hard].osu"
    path.write_bytes(OLD)
    return path


@pytest.fixture
def backups(tmp_path: Path) -> Path:
    return tmp_path / "data" / "backups"


def save(target: Path, backups: Path, data: bytes = NEW) -> Backup:
    return write(target, data, expected_digest=digest_of(target.read_bytes()), backups=backups)


def test_a_write_replaces_the_file_and_keeps_the_old_one(target: Path, backups: Path) -> None:
    backup = save(target, backups)
    assert target.read_bytes() == NEW
    assert backup.copy.read_bytes() == OLD
    assert backup.copy.parent == backups
    assert (backup.digest, backup.written_digest) == (digest_of(OLD), digest_of(NEW))
    assert list(target.parent.iterdir()) == [target]


def test_restoring_puts_the_old_bytes_back_and_can_itself_be_undone(
    target: Path, backups: Path
) -> None:
    undone = restore(save(target, backups))
    assert target.read_bytes() == OLD
    restore(undone)
    assert target.read_bytes() == NEW
    assert len(list(backups.iterdir())) == 3


def test_a_newer_file_is_never_overwritten(target: Path, backups: Path) -> None:
    with pytest.raises(StaleEdit, match="saved again"):
        write(target, NEW, expected_digest=digest_of(b"another"), backups=backups)
    assert target.read_bytes() == OLD
    backup = save(target, backups)
    target.write_bytes(b"saved by the editor")
    with pytest.raises(StaleEdit):
        restore(backup)
    assert target.read_bytes() == b"saved by the editor"


def test_a_save_between_backup_and_replacement_is_noticed(
    target: Path, backups: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync = storage._sync_folder

    def sync_and_save(folder: Path) -> None:
        sync(folder)
        target.write_bytes(b"saved by the editor")

    monkeypatch.setattr(storage, "_sync_folder", sync_and_save)
    with pytest.raises(StaleEdit):
        save(target, backups)
    assert target.read_bytes() == b"saved by the editor"
    assert list(target.parent.iterdir()) == [target]


def test_a_file_that_is_gone_is_not_made_anew(target: Path, backups: Path) -> None:
    target.unlink()
    with pytest.raises(StaleEdit, match="moved or deleted"):
        write(target, NEW, expected_digest=digest_of(OLD), backups=backups)
    assert not target.exists()
    with pytest.raises(UnreadableBeatmap, match="not there any more"):
        read(target)


def test_a_folder_is_no_beatmap(tmp_path: Path, backups: Path) -> None:
    with pytest.raises(UnreadableBeatmap, match="cannot be read"):
        read(tmp_path)
    with pytest.raises(WriteFailed, match="cannot be read"):
        write(tmp_path, NEW, expected_digest=digest_of(OLD), backups=backups)


def test_permissions_are_kept_and_the_backup_is_private(target: Path, backups: Path) -> None:
    target.chmod(0o640)
    backup = save(target, backups)
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert stat.S_IMODE(backup.copy.stat().st_mode) == 0o600


def test_a_write_protected_file_stays_as_it_is(
    target: Path, backups: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(WriteFailed, match="write-protected"):
        save(target, backups)
    assert target.read_bytes() == OLD


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows")
def test_a_link_stays_a_link(target: Path, backups: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.osu"
    link.symlink_to(target)
    save(link, backups)
    assert link.is_symlink()
    assert target.read_bytes() == NEW


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EACCES, "there is no permission"),
        (errno.EIO, "input/output error"),
    ],
)
@pytest.mark.parametrize("failing_sync", [1, 2, 3])
def test_a_failing_disk_leaves_the_old_file_and_no_stray_ones(
    target: Path,
    backups: Path,
    monkeypatch: pytest.MonkeyPatch,
    code: int,
    words: str,
    failing_sync: int,
) -> None:
    calls = 0
    real = os.fsync

    def fsync(descriptor: int) -> None:
        nonlocal calls
        calls += 1
        if calls == failing_sync:  # 1 the backup, 2 its folder, 3 the temporary file
            raise OSError(code, os.strerror(code))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(WriteFailed, match=words):
        save(target, backups)
    assert target.read_bytes() == OLD
    assert list(target.parent.iterdir()) == [target]
    assert all(copy.read_bytes() == OLD for copy in backups.iterdir())
    assert save(target, backups).copy.exists()  # and the next write works


def test_folders_that_cannot_be_synced_do_not_matter(
    target: Path, backups: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.fsync

    def fsync(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "not for folders")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    save(target, backups)
    assert target.read_bytes() == NEW
    monkeypatch.setattr(storage.sys, "platform", "win32")
    storage._sync_folder(Path("does not matter on Windows"))


@pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX processes")
def test_a_disk_without_room_is_reported_by_a_real_process(target: Path, backups: Path) -> None:
    script = (
        "import resource, signal, sys\n"
        "from pathlib import Path\n"
        "from companion.beatmap.storage import write, digest_of\n"
        "from companion.errors import WriteFailed\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "target, backups = map(Path, sys.argv[1:])\n"
        "try:\n"
        "    write(target, b'x' * 5000, expected_digest=digest_of(target.read_bytes()),"
        " backups=backups)\n"
        "except WriteFailed as error:\n"
        "    print(error)\n"
    )
    done = run_script(script, target, backups)
    assert b"could not be written" in done.stdout, done.stderr
    assert target.read_bytes() == OLD
    assert list(target.parent.iterdir()) == [target]


def run_script(script: str, *arguments: Path | str) -> subprocess.CompletedProcess[bytes]:
    root = Path(storage.__file__).parents[2]
    return subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)],
        capture_output=True,
        check=False,
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
    )


KILLED_AT_EACH_STEP = """
import json, os, signal, sys
from pathlib import Path
from companion.beatmap import storage

target, backups, before = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3] == "before"
old, new = b"old " * 4000, b"new " * 5000
steps = 0

def dying(function, step):
    def call(*args, **kwargs):
        global steps
        steps += 1
        mine = steps
        if before and mine == step:
            os.kill(os.getpid(), signal.SIGKILL)
        result = function(*args, **kwargs)
        if not before and mine == step:
            os.kill(os.getpid(), signal.SIGKILL)
        return result
    return call

def write_and_die(step, folder):
    for name in ("open", "fdopen", "fsync", "close"):
        setattr(os, name, dying(getattr(os, name), step))
    for name in ("replace", "unlink", "chmod", "mkdir"):
        setattr(Path, name, dying(getattr(Path, name), step))
    storage.write(target, new, expected_digest=storage.digest_of(old), backups=folder)
    os._exit(0)

for step in range(1, 100):
    target.write_bytes(old)
    folder = backups / str(step)
    child = os.fork()
    if child == 0:
        write_and_die(step, folder)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    found = {old: "old", new: "new"}.get(target.read_bytes(), "broken")
    kept = [copy.read_bytes() == old for copy in folder.glob("*")]
    print(json.dumps([status, found, kept]))
    if status != -signal.SIGKILL:
        break
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_killed_process_leaves_the_old_or_the_new_file_and_the_backup(
    target: Path, backups: Path, moment: str
) -> None:
    done = run_script(KILLED_AT_EACH_STEP, target, backups, moment)
    assert done.returncode == 0, done.stderr
    outcomes = [json.loads(line) for line in done.stdout.splitlines()]
    assert outcomes[-1] == [0, "new", [True]]
    killed = outcomes[:-1]
    assert len(killed) > 10
    assert killed[0][1] == "old"
    assert killed[-1][1] == "new"
    for status, found, kept in killed:
        assert status == -signal.SIGKILL
        assert found in ("old", "new")
        if found == "new":
            assert kept == [True]


def test_what_a_killed_process_left_is_removed_later(target: Path, backups: Path) -> None:
    prefix = storage._temporary_prefix(target.resolve())
    stale, fresh, foreign = (
        target.parent / name for name in (f"{prefix}1.tmp", f"{prefix}2.tmp", "other.tmp")
    )
    for leftover in (stale, fresh, foreign):
        leftover.write_bytes(b"half")
    long_ago = time.time() - 1000
    os.utime(stale, (long_ago, long_ago))
    os.utime(foreign, (long_ago, long_ago))
    save(target, backups)
    assert {path.name for path in target.parent.iterdir()} == {
        target.name,
        fresh.name,
        foreign.name,
    }


def test_no_file_of_ours_ever_lies_in_a_mounted_set(
    tmp_path: Path, backups: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mount = tmp_path / ("ab" * 32)
    (mount / "sub").mkdir(parents=True)
    assert temporary_folder(mount / "a.osu") == tmp_path
    assert temporary_folder(mount / "sub" / "a.osu") == tmp_path
    assert temporary_folder(tmp_path / "set" / "a.osu") == tmp_path / "set"
    target = mount / "a.osu"
    target.write_bytes(OLD)
    seen: list[set[str]] = []
    real = storage._replace

    def replace(temporary: Path, path: Path) -> None:
        seen.append({item.name for item in mount.iterdir()})
        real(temporary, path)

    monkeypatch.setattr(storage, "_replace", replace)
    save(target, backups)
    assert seen == [{"a.osu", "sub"}]
    assert target.read_bytes() == NEW


def test_a_file_held_open_by_another_program_is_tried_again(
    target: Path, backups: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "REPLACE_PATIENCE_S", 5.0)
    monkeypatch.setattr(storage, "REPLACE_PAUSE_S", 0.0)
    refusals = iter([True, True, False])
    real = Path.replace

    def replace(self: Path, other: Path) -> Path:
        if next(refusals):
            raise PermissionError(errno.EACCES, "in use")
        return real(self, other)

    monkeypatch.setattr(Path, "replace", replace)
    save(target, backups)
    assert target.read_bytes() == NEW


def test_a_file_that_stays_held_open_is_reported(
    target: Path, backups: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def replace(self: Path, other: Path) -> Path:
        raise PermissionError(errno.EACCES, "in use")

    monkeypatch.setattr(Path, "replace", replace)
    with pytest.raises(WriteFailed, match="no permission"):
        save(target, backups)
    assert list(target.parent.iterdir()) == [target]


def test_a_damaged_or_missing_backup_is_not_put_back(target: Path, backups: Path) -> None:
    backup = save(target, backups)
    backup.copy.write_bytes(b"damaged")
    with pytest.raises(WriteFailed, match="damaged"):
        restore(backup)
    backup.copy.unlink()
    with pytest.raises(WriteFailed, match="cannot be read"):
        restore(backup)
    assert target.read_bytes() == NEW


def test_reading_waits_until_the_file_is_at_rest(
    target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    contents = iter([b"h", b"ha", b"half", b"half"])
    monkeypatch.setattr(storage, "SETTLE_S", 0.0)
    monkeypatch.setattr(Path, "read_bytes", lambda self: next(contents))
    assert read(target) == b"half"


def test_a_file_that_never_rests_is_reported(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changing = iter(range(10_000))
    monkeypatch.setattr(storage, "SETTLE_S", 0.0)
    monkeypatch.setattr(Path, "read_bytes", lambda self: b"%d" % next(changing))
    with pytest.raises(UnreadableBeatmap, match="keeps changing"):
        read(target)


def test_readers_only_ever_see_whole_files(target: Path, backups: Path) -> None:
    versions = [bytes([n]) * 200_000 for n in range(20)]
    target.write_bytes(versions[0])
    seen: set[bytes] = set()
    stop = threading.Event()

    def watch() -> None:
        while not stop.is_set():
            seen.add(target.read_bytes())

    reader = threading.Thread(target=watch)
    reader.start()
    try:
        for data in versions[1:]:
            save(target, backups, data)
    finally:
        stop.set()
        reader.join()
    assert seen <= set(versions)


def test_odd_names_make_safe_backup_names(tmp_path: Path, backups: Path) -> None:
    target = tmp_path / ('A: "B" * ' + "x" * 150 + ".osu")
    target.write_bytes(OLD)
    name = save(target, backups).copy.name
    assert len(name) < 130
    assert not set(name) & set('<>:"/\\|?*')


def test_a_new_file_is_there_at_once_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "new.osu"
    create(path, NEW)
    assert path.read_bytes() == NEW
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_is_there_is_not_created_again(target: Path) -> None:
    with pytest.raises(StaleEdit, match="exists already"):
        create(target, NEW)
    assert target.read_bytes() == OLD
    assert list(target.parent.iterdir()) == [target]


def test_a_file_that_came_since_the_last_look_is_not_overwritten(
    target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "exists", lambda _path: False)
    with pytest.raises(StaleEdit):
        create(target, NEW)
    monkeypatch.undo()
    assert target.read_bytes() == OLD
    assert [item.name for item in target.parent.iterdir()] == [target.name]


def test_a_new_file_needs_no_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_self: Path, _target: Path) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    path = tmp_path / "new.osu"
    create(path, NEW)
    assert path.read_bytes() == NEW
    assert [item.name for item in tmp_path.iterdir()] == [path.name]


def test_a_new_file_in_a_folder_that_is_not_there_fails_in_words(tmp_path: Path) -> None:
    with pytest.raises(WriteFailed, match="cannot be written"):
        create(tmp_path / "gone" / "new.osu", NEW)


def test_a_new_folder_is_whole_or_not_there(tmp_path: Path):
    target = tmp_path / "set"
    storage.create_folder(target, {"a.osu": b"map", "song.mp3": b"song"})
    assert {path.name: path.read_bytes() for path in target.iterdir()} == {
        "a.osu": b"map",
        "song.mp3": b"song",
    }
    with pytest.raises(StaleEdit):
        storage.create_folder(target, {"b.osu": b"other"})
    with pytest.raises(WriteFailed):
        storage.create_folder(tmp_path / "other", {"no/b.osu": b"other"})
    with pytest.raises(WriteFailed):
        storage.create_folder(tmp_path / "no" / "other", {"b.osu": b"other"})
    assert list(tmp_path.iterdir()) == [target]
    assert len(list(target.iterdir())) == 2
