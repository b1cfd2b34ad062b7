"""Reading and writing beatmap files; the only module of the package that touches the disk.

Writing keeps the mapper's file safe whatever happens, a killed process included: first the old
bytes go into a backup folder of our own, then the new ones into a temporary file on the same
volume, and only when both are on the disk does one atomic replacement take place.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import secrets
import shutil
import stat
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from companion.errors import StaleEdit, UnreadableBeatmap, WriteFailed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SETTLE_S = 0.01
"""Pause between two reads that have to agree."""
SETTLE_READS = 200
"""After so many reads the file counts as never at rest."""
REPLACE_PATIENCE_S = 1.0 if sys.platform == "win32" else 0.0
"""How long to try again while another program holds the file open (Windows only)."""
REPLACE_PAUSE_S = 0.05
LEFTOVER_AGE_S = 60.0
"""A temporary file this old was left by a killed process."""

_MOUNT_NAME = re.compile(r"[0-9a-fA-F]{64}")
_UNSAFE = re.compile(r'[<>:"/\\|?*\x00-\x1f]')


@dataclass(frozen=True, slots=True)
class Backup:
    """What one write replaced, and where the replaced bytes are kept."""

    target: Path
    """The beatmap file that was written."""
    copy: Path
    """The backup: the file's old bytes."""
    digest: str
    """SHA-256 of the old bytes."""
    written_digest: str
    """SHA-256 of the bytes that replaced them."""


def digest_of(data: bytes) -> str:
    """SHA-256 in hex, as ``Document.digest`` has it."""
    return hashlib.sha256(data).hexdigest()


def read(path: Path) -> bytes:
    """The file's bytes, once two reads in a row agree.

    Raises ``UnreadableBeatmap`` when the file is gone, cannot be opened, or never comes to rest.
    """
    try:
        data = path.read_bytes()
        for _ in range(SETTLE_READS):
            time.sleep(SETTLE_S)
            again = path.read_bytes()
            if again == data:
                return data
            data = again
    except FileNotFoundError as error:
        raise UnreadableBeatmap(
            f"{path.name} is not there any more. Save the map again, or open another one."
        ) from error
    except OSError as error:
        raise UnreadableBeatmap(f"{path.name} cannot be read: {_reason(error)}.") from error
    raise UnreadableBeatmap(f"{path.name} keeps changing; another program is writing it.")


def write(path: Path, data: bytes, *, expected_digest: str, backups: Path) -> Backup:
    """Replace a beatmap file at once and for good, with a backup of what was there.

    ``expected_digest`` is the SHA-256 of the bytes the new ones were made from. Raises
    ``StaleEdit`` when the file has others now or is gone, and ``WriteFailed`` when the disk says
    no; the old file is then as it was, and no temporary file is left.
    """
    target = path.resolve()
    old = _expect(target, expected_digest)
    if not os.access(target, os.W_OK):
        raise WriteFailed(f"{path.name} is write-protected. Nothing was changed.")
    temporary = temporary_folder(target) / _temporary_name(target)
    copy = backups / _backup_name(target, expected_digest)
    try:
        _remove_leftovers(target)
        backups.mkdir(parents=True, exist_ok=True)
        _write_durably(copy, old, mode=0o600)
        _sync_folder(backups)
        _write_durably(temporary, data, mode=stat.S_IMODE(target.stat().st_mode))
        _expect(target, expected_digest)  # somebody may have saved in the meantime
        _replace(temporary, target)
    except BaseException as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        if isinstance(error, OSError):
            raise WriteFailed(
                f"{path.name} could not be written: {_reason(error)}. The old file is untouched."
            ) from error
        raise
    with contextlib.suppress(OSError):  # the new file is in place; nothing to take back
        _sync_folder(target.parent)
    return Backup(target, copy, expected_digest, digest_of(data))


def create(path: Path, data: bytes) -> None:
    """Write a file that is not there yet, at once: nobody ever sees half of it.

    Raises ``StaleEdit`` when there is such a file already, and ``WriteFailed`` when the disk says
    no; then nothing is left.
    """
    target = path.resolve()
    temporary = temporary_folder(target) / _temporary_name(target)
    try:
        _write_durably(temporary, data, mode=0o644)
        _place(temporary, target)
    except FileExistsError as error:
        raise StaleEdit(f"{path} exists already; choose another name.") from error
    except OSError as error:
        raise WriteFailed(f"{path} cannot be written: {_reason(error)}.") from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()
    with contextlib.suppress(OSError):
        _sync_folder(target.parent)


def create_folder(path: Path, files: Mapping[str, bytes]) -> None:
    """Make a folder that is not there yet with files in it, at once: nobody ever sees half of it.

    Raises ``StaleEdit`` when there is something of that name already, and ``WriteFailed`` when the
    disk says no; then nothing is left.
    """
    target = path.resolve()
    temporary = temporary_folder(target) / _temporary_name(target)
    try:
        temporary.mkdir()
        for name, data in files.items():
            _write_durably(temporary / name, data, mode=0o644)
        _sync_folder(temporary)
        if target.exists():
            raise StaleEdit(f"{path} exists already; choose another name.")
        _replace(temporary, target)
    except OSError as error:
        raise WriteFailed(f"{path} cannot be written: {_reason(error)}.") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    with contextlib.suppress(OSError):
        _sync_folder(target.parent)


def restore(backup: Backup) -> Backup:
    """Put a backup back; the bytes it replaces are backed up in turn.

    Raises ``StaleEdit`` when the file has been changed since the backed-up write, and
    ``WriteFailed`` when the backup is gone or damaged or the disk says no.
    """
    try:
        data = backup.copy.read_bytes()
    except OSError as error:
        raise WriteFailed(f"The backup cannot be read: {_reason(error)}.") from error
    if digest_of(data) != backup.digest:
        raise WriteFailed("The backup is damaged. Nothing was changed.")
    return write(
        backup.target,
        data,
        expected_digest=backup.written_digest,
        backups=backup.copy.parent,
    )


def temporary_folder(target: Path) -> Path:
    """Where a file's temporary twin goes: its own folder, unless lazer has that one mounted.

    lazer's "edit externally" mounts a set as a folder in the temporary directory, named with 64
    hex digits, and imports whatever lies in it; beside that folder a file does no harm.
    """
    for folder in target.parents:
        if _MOUNT_NAME.fullmatch(folder.name):
            return folder.parent
    return target.parent


def _expect(target: Path, digest: str) -> bytes:
    try:
        data = target.read_bytes()
    except FileNotFoundError as error:
        raise StaleEdit(f"{target.name} has been moved or deleted.") from error
    except OSError as error:
        raise WriteFailed(f"{target.name} cannot be read: {_reason(error)}.") from error
    if digest_of(data) != digest:
        raise StaleEdit(f"{target.name} was saved again in the meantime. Nothing was changed.")
    return data


def _write_durably(path: Path, data: bytes, *, mode: int) -> None:
    """Write a new file and wait until the disk has it; nothing is left behind on failure."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        path.chmod(mode)
    except OSError:
        with contextlib.suppress(OSError):
            path.unlink()
        raise


def _place(temporary: Path, target: Path) -> None:
    """Give a file its name; `FileExistsError` when there is one of that name by now."""
    if target.exists():
        raise FileExistsError(errno.EEXIST, "exists already")
    if sys.platform == "win32":
        temporary.rename(target)  # which never replaces a file there
        return
    try:
        target.hardlink_to(temporary)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        _replace(temporary, target)


def _replace(temporary: Path, target: Path) -> None:
    deadline = time.monotonic() + REPLACE_PATIENCE_S
    while True:
        try:
            temporary.replace(target)
        except PermissionError:
            if time.monotonic() >= deadline:
                raise
            time.sleep(REPLACE_PAUSE_S)
        else:
            return


def _sync_folder(folder: Path) -> None:
    """Make a folder's new entries durable, where the system lets folders be opened."""
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some network file systems
            raise
    finally:
        os.close(descriptor)


def _remove_leftovers(target: Path) -> None:
    """Remove temporary files that a killed process left for this target."""
    oldest_kept = time.time() - LEFTOVER_AGE_S
    for leftover in temporary_folder(target).glob(f"{_temporary_prefix(target)}*.tmp"):
        with contextlib.suppress(OSError):
            if leftover.stat().st_mtime < oldest_kept:
                leftover.unlink()


def _temporary_prefix(target: Path) -> str:
    return f".companion-{digest_of(os.fsencode(target))[:12]}-"


def _temporary_name(target: Path) -> str:
    return f"{_temporary_prefix(target)}{secrets.token_hex(4)}.tmp"


def _backup_name(target: Path, digest: str) -> str:
    now = datetime.now(UTC).strftime("%Y%m%d-%H%M%S-%f")
    stem = _UNSAFE.sub("_", target.stem)[:80]
    return f"{now}-{digest[:8]}-{stem}.osu"


def _reason(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "the disk is full"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return "there is no permission"
    return (error.strerror or str(error)).lower()
