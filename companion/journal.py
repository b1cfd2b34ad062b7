"""What is remembered outside the maps: undo steps, backups, what the mapper decided, provenance.

Everything lies under one data folder, nothing ever beside a map::

    fair_use.json                the modding-only switches, and when the notice was acknowledged
    provenance.jsonl             one line per generated range that was written or taken back
    maps/<key>/undo.json         undo steps of one map, oldest first
    maps/<key>/dismissed.json    ids of its dismissed findings
    maps/<key>/level.json        how hard the mapper says it is
    maps/<key>/names.json        paths it had before it was renamed
    maps/<key>/backups/          copies of the file from before each write
    mapsets/<key>/dismissed_rules.json    codes of the rules dismissed in a set

Small files are replaced whole, so that a crash leaves the old or the new one; the provenance
journal only grows. A file that cannot be understood is set aside, never overwritten.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Final

from companion.beatmap import TextEdit
from companion.errors import WriteFailed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

log = logging.getLogger(__name__)

KEPT_UNDO_STEPS: Final = 100


@dataclass(frozen=True, slots=True)
class ProvenanceRecord:
    """A generated range that was written into a map, or taken back."""

    date: str
    """ISO 8601, UTC."""
    action: str
    """`accepted`, `fix_applied`, `undone`, or `failed` when it could not be written after all."""
    file: str
    """Path of the map at that time."""
    start_ms: int
    end_ms: int
    model: str
    model_digest: str
    seed: int


@dataclass(frozen=True, slots=True)
class UndoStep:
    """How to take back one write."""

    before_digest: str
    after_digest: str
    edits: tuple[TextEdit, ...]
    """From the file after the write to the file before it."""
    description: str
    date: str
    provenance: ProvenanceRecord | None = None
    """What was generated; None for a rule's fix."""


@dataclass(frozen=True, slots=True)
class StoredFairUse:
    """The fair-use state as it survives restarts."""

    modding_only_global: bool = False
    modding_only_mapsets: frozenset[str] = frozenset()
    """Keys of mapset folders."""
    notice_acknowledged: str | None = None
    """When, ISO 8601; None when it was not."""


def map_key(path: Path) -> str:
    """The name under which a map, or a mapset's folder, is remembered."""
    name = os.path.normcase(path.absolute())
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:24]


class Journal:
    """Reads and writes the data folder, which is made when first needed.

    Every method that writes raises `WriteFailed` when the disk does not take it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    # ------------------------------------------------------------------ fair use

    def fair_use(self) -> StoredFairUse:
        """The switches and the acknowledgement."""
        raw = self._read(self.folder / "fair_use.json", dict)
        mapsets = raw.get("modding_only_mapsets", [])
        acknowledged = raw.get("notice_acknowledged")
        return StoredFairUse(
            modding_only_global=raw.get("modding_only_global") is True,
            modding_only_mapsets=frozenset(str(key) for key in mapsets),
            notice_acknowledged=acknowledged if isinstance(acknowledged, str) else None,
        )

    def keep_fair_use(self, state: StoredFairUse) -> None:
        """Remember the switches and the acknowledgement."""
        raw = {
            "modding_only_global": state.modding_only_global,
            "modding_only_mapsets": sorted(state.modding_only_mapsets),
            "notice_acknowledged": state.notice_acknowledged,
        }
        self._write(self.folder / "fair_use.json", raw)

    # ------------------------------------------------------------------ per map

    def backups(self, path: Path) -> Path:
        """The folder for a map's backups."""
        return self._of(path) / "backups"

    def dismissed(self, path: Path) -> frozenset[str]:
        """Ids of the map's dismissed findings."""
        raw = self._read(self._of(path) / "dismissed.json", list)
        return frozenset(item for item in raw if isinstance(item, str))

    def keep_dismissed(self, path: Path, ids: Iterable[str]) -> None:
        """Remember which findings are dismissed."""
        self._write(self._of(path) / "dismissed.json", sorted(ids))

    def level(self, path: Path) -> str | None:
        """The name of the level that the mapper says the map has; None leaves it to its name."""
        raw = self._read(self._of(path) / "level.json", dict)
        stated = raw.get("stated")
        return stated if isinstance(stated, str) else None

    def keep_level(self, path: Path, stated: str | None) -> None:
        """Remember the level that the mapper says the map has."""
        self._write(self._of(path) / "level.json", {"stated": stated})

    def undo_steps(self, path: Path, digest: str) -> tuple[UndoStep, ...]:
        """The map's undo steps, oldest first.

        A step is written before the file is, and taken away after the file was put back. So a
        newest step that starts from the very bytes the file has now never happened, or was undone
        already, and is left out.

        Args:
            path: The map.
            digest: SHA-256 of the file as it is.
        """
        raw = self._read(self._of(path) / "undo.json", list)
        steps: list[UndoStep] = []
        for item in raw:
            try:
                steps.append(_undo_step(item))
            except (KeyError, TypeError, ValueError):
                log.warning("an undo step of %s cannot be understood and is left out", path)
        return standing_steps(steps, digest)

    def keep_undo_steps(self, path: Path, steps: Sequence[UndoStep]) -> None:
        """Remember the newest `KEPT_UNDO_STEPS` of these steps."""
        raw = [_undo_json(step) for step in steps[-KEPT_UNDO_STEPS:]]
        self._write(self._of(path) / "undo.json", raw)

    def rename(self, old: Path, new: Path) -> None:
        """A map or its folder was renamed: what is remembered about it goes along."""
        stored = self.fair_use()
        if map_key(old.parent) in stored.modding_only_mapsets:
            mapsets = stored.modding_only_mapsets | {map_key(new.parent)}
            self.keep_fair_use(replace(stored, modding_only_mapsets=mapsets))
        rules = self.dismissed_rules(old.parent)
        if rules and not self._of_set(new.parent).exists():  # the old folder may hold other maps
            self.keep_dismissed_rules(new.parent, rules)
        source, target = self._of(old), self._of(new)
        if not source.is_dir() or target.exists():
            return
        try:
            shutil.move(source, target)
        except OSError as error:
            raise _failed(target, error) from error
        self._write(target / "names.json", [*self._names(new), os.path.normcase(old)])

    # ------------------------------------------------------------------ per mapset

    def dismissed_rules(self, folder: Path) -> frozenset[str]:
        """Codes of the rules that are dismissed in the mapset of a folder."""
        raw = self._read(self._of_set(folder) / "dismissed_rules.json", list)
        return frozenset(item for item in raw if isinstance(item, str))

    def keep_dismissed_rules(self, folder: Path, codes: Iterable[str]) -> None:
        """Remember which rules are dismissed in the mapset of a folder."""
        self._write(self._of_set(folder) / "dismissed_rules.json", sorted(codes))

    # ------------------------------------------------------------------ provenance

    def record(self, record: ProvenanceRecord) -> None:
        """Add a line to the provenance journal."""
        path = self.folder / "provenance.jsonl"
        line = json.dumps(asdict(record)) + "\n"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with path.open("a", encoding="utf-8", newline="\n") as file:
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise _failed(path, error) from error

    def provenance(self, path: Path | None = None) -> tuple[ProvenanceRecord, ...]:
        """The records of one map (under earlier names too), or all, oldest first."""
        journal = self.folder / "provenance.jsonl"
        try:
            lines = journal.read_text(encoding="utf-8", errors="replace").splitlines()
        except FileNotFoundError:
            return ()
        except OSError as error:
            log.warning("the provenance journal cannot be read: %s", error)
            return ()
        records = [record for line in lines if (record := _provenance(line)) is not None]
        if path is not None:
            names = {*self._names(path), os.path.normcase(path)}
            records = [r for r in records if os.path.normcase(r.file) in names]
        return tuple(records)

    # ------------------------------------------------------------------ files

    def _names(self, path: Path) -> list[str]:
        """Paths that a map had before."""
        raw = self._read(self._of(path) / "names.json", list)
        return [name for name in raw if isinstance(name, str)]

    def _of(self, path: Path) -> Path:
        return self.folder / "maps" / map_key(path)

    def _of_set(self, folder: Path) -> Path:
        return self.folder / "mapsets" / map_key(folder)

    def _read(self, path: Path, kind: type) -> Any:
        """The content of a JSON file; an empty `kind` when it is missing or not understood."""
        try:
            content = json.loads(path.read_bytes())
        except FileNotFoundError:
            return kind()
        except OSError as error:
            log.warning("%s cannot be read: %s", path, error)
            return kind()
        except ValueError:
            content = None
        if isinstance(content, kind):
            return content
        log.warning("%s is damaged and was set aside", path)
        try:
            path.replace(path.with_suffix(".damaged"))
        except OSError:
            log.warning("%s cannot be set aside", path)
        return kind()

    def _write(self, path: Path, content: object) -> None:
        text = json.dumps(content, indent=1)  # ASCII: lines may hold surrogates, see _text
        temporary = path.with_suffix(".new")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with temporary.open("w", encoding="utf-8", newline="\n") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except OSError as error:
            raise _failed(path, error) from error


def standing_steps(steps: Sequence[UndoStep], digest: str) -> tuple[UndoStep, ...]:
    """The steps without the newest ones that start from what the file is now.

    Those never happened, or have been undone, by the companion or by hand in the editor.
    """
    standing = list(steps)
    while standing and standing[-1].before_digest == digest != standing[-1].after_digest:
        standing.pop()
    return tuple(standing)


def disclosure(records: Iterable[ProvenanceRecord]) -> str:
    """A text that says which parts of a map are generated, from its records.

    A range that was taken back, or never written, is left out.
    """
    standing: list[ProvenanceRecord] = []
    for record in records:
        if record.action not in {"undone", "failed"}:
            standing.append(record)
            continue
        same = [r for r in standing if _what(r) == _what(record)]
        if same:
            standing.remove(same[-1])
    if not standing:
        return "No part of this map was written by a generative tool through osu! companion."
    lines = [
        f"- {_stamp(r.start_ms)} - {_stamp(r.end_ms)}: generated with the model {r.model} "
        f"({r.model_digest[:12]}, seed {r.seed}) on {r.date[:10]}"
        for r in standing
    ]
    return "\n".join(
        ["Parts of this map were written by a generative tool (osu! companion):", *lines]
    )


def _what(record: ProvenanceRecord) -> tuple[object, ...]:
    return record.start_ms, record.end_ms, record.model_digest, record.seed


def _stamp(time_ms: int) -> str:
    minutes, rest_ms = divmod(max(time_ms, 0), 60_000)
    return f"{minutes:02d}:{rest_ms // 1000:02d}:{rest_ms % 1000:03d}"


def _failed(path: Path, error: OSError) -> WriteFailed:
    reason = error.strerror or str(error)
    return WriteFailed(f"The companion's own file {path} cannot be written: {reason}.")


def _provenance(line: str) -> ProvenanceRecord | None:
    try:
        return _provenance_record(json.loads(line))
    except (KeyError, TypeError, ValueError):
        log.warning("a line of the provenance journal cannot be understood and is left out")
        return None


def _provenance_record(raw: Mapping[str, Any]) -> ProvenanceRecord:
    return ProvenanceRecord(**{field.name: raw[field.name] for field in fields(ProvenanceRecord)})


def _undo_json(step: UndoStep) -> dict[str, object]:
    return {
        "before_digest": step.before_digest,
        "after_digest": step.after_digest,
        "description": step.description,
        "date": step.date,
        "provenance": None if step.provenance is None else asdict(step.provenance),
        "edits": [
            {
                "first_line": edit.first_line,
                "removed": [_text(line) for line in edit.removed],
                "added": [_text(line) for line in edit.added],
            }
            for edit in step.edits
        ],
    }


def _undo_step(raw: Mapping[str, Any]) -> UndoStep:
    provenance = raw["provenance"]
    return UndoStep(
        before_digest=str(raw["before_digest"]),
        after_digest=str(raw["after_digest"]),
        description=str(raw["description"]),
        date=str(raw["date"]),
        provenance=None if provenance is None else _provenance_record(provenance),
        edits=tuple(
            TextEdit(
                int(edit["first_line"]),
                tuple(_bytes(line) for line in edit["removed"]),
                tuple(_bytes(line) for line in edit["added"]),
            )
            for edit in raw["edits"]
        ),
    )


def _text(line: bytes) -> str:
    """Bytes as text, losslessly whatever they are: undo has to restore every one of them."""
    return line.decode("utf-8", "surrogateescape")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
