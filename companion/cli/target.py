"""Where a whole difficulty is written: beside a map, into it, or as a mapset of its own."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from companion.beatmap import storage
from companion.bridge.entry import provenance
from companion.cli import workbench
from companion.errors import AudioUnreadable, OptionRefused, StaleEdit

if TYPE_CHECKING:
    from pathlib import Path

    from companion.journal import Journal
    from companion.session.plans import PlannedWrite


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be written, and where."""

    kind: Literal["osu", "folder", "osz", "map"]
    """A new difficulty of a set, a new folder or archive with a song, or a map that is there."""
    path: Path
    osu_name: str
    background: Path | None

    def require_free(self) -> None:
        """Say now, not after minutes of work, that it cannot be written."""
        if self.kind in {"osu", "map"}:
            self._require_background()
        if self.kind == "map":
            return
        wanted = {"osu": ".osu", "osz": ".osz"}.get(self.kind)
        suffix = self.path.suffix.lower()
        if wanted is not None and suffix != wanted:
            raise OptionRefused(f"{self.path.name} should end in {wanted}.")
        if wanted is None and suffix in {".osu", ".osz"}:
            raise OptionRefused(
                "For a song alone a new folder is written, and with --osz an .osz; "
                f"{self.path.name} is neither."
            )
        if self.path.exists():
            raise StaleEdit(f"{self.path} exists already; choose another name with --out.")
        if not self.path.parent.is_dir():
            raise OptionRefused(f"There is no folder {self.path.parent} to write into.")

    def _require_background(self) -> None:
        if self.background is not None:
            here = self.path.parent / self.background.name
            if not (here.exists() and here.samefile(self.background)):
                raise OptionRefused("The background has to lie in the folder of the new map.")

    def write(self, journal: Journal, planned: PlannedWrite, audio_path: Path) -> None:
        """Write it, whole or not at all; the journal knows before."""
        if self.kind == "osu":
            workbench.write_new(journal, planned, self.path)
            return
        files = {self.osu_name: planned.document.to_bytes(), audio_path.name: _read(audio_path)}
        if self.background is not None:
            files[self.background.name] = _read(self.background)
        record = provenance(
            self.path / self.osu_name if self.kind == "folder" else self.path, planned
        )
        if record is not None:
            journal.record(record)
        if self.kind == "folder":
            storage.create_folder(self.path, files)
        else:
            storage.create(self.path, _zipped(files))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise AudioUnreadable(
            f"{path.name} cannot be read any more. Nothing was written."
        ) from error


def _zipped(files: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return file.getvalue()
