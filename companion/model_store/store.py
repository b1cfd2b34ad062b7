"""The models in the data folder, one folder each, and which of them is used by default."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from companion.errors import CheckpointMismatch, ModelMissing, WriteFailed
from companion.model_store.catalogue import (
    BUNDLED,
    CATALOGUE,
    MODELS_FOLDER,
    pull_hint,
    verify_name,
)
from companion.settings import BUNDLED_MODEL_FOLDER

if TYPE_CHECKING:
    from collections.abc import Generator

    from companion.settings import Settings

CONFIG: Final = "config.json"
_ORIGIN = "origin.json"
_CHOSEN = "chosen.json"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a pulled model comes from."""

    repository: str
    revision: str
    """Commit of the repository."""


class ModelStore:
    """The folder of models in a data folder."""

    def __init__(self, data_folder: Path) -> None:
        self.folder = data_folder / MODELS_FOLDER

    def folder_of(self, name: str) -> Path:
        """Where a model of this name lies, or would lie.

        Raises:
            OptionRefused: It cannot be a model's name.
        """
        verify_name(name)
        return BUNDLED_MODEL_FOLDER if name == BUNDLED else self.folder / name

    def has(self, name: str) -> bool:
        """Whether there is a model of this name."""
        return (self.folder_of(name) / CONFIG).is_file()

    def names(self) -> tuple[str, ...]:
        """The models that are there, the bundled one first."""
        found = (path.parent.name for path in self.folder.glob(f"*/{CONFIG}"))
        return (BUNDLED, *sorted(name for name in found if not name.startswith(".")))

    def origin(self, name: str) -> Origin | None:
        """Where a model was pulled from; ``None`` when it was put there by hand.

        Raises:
            CheckpointMismatch: The note about it is damaged.
        """
        values = _read(self.folder_of(name) / _ORIGIN, f"“companion models pull {name}” mends it.")
        if values is None:
            return None
        return Origin(str(values.get("repository", "")), str(values.get("revision", "")))

    # ------------------------------------------------------------------ which one is used

    def chosen(self) -> str | None:
        """The name that `choose` has kept; ``None`` before.

        Raises:
            CheckpointMismatch: The note about it is damaged.
        """
        path = self.folder / _CHOSEN
        repair = "“companion models use NAME” writes it anew."
        values = _read(path, repair)
        if values is None:
            return None
        name = values.get("model")
        if not isinstance(name, str):
            raise CheckpointMismatch(f"{path} is damaged; {repair}")
        verify_name(name)
        return name

    def choose(self, name: str) -> None:
        """Use a model wherever none is named.

        Raises:
            ModelMissing: It is not there.
            OptionRefused: It cannot be a model's name.
            WriteFailed: The disk does not take the note.
        """
        if not self.has(name):
            raise ModelMissing(_absent(name, self.folder_of(name)))
        with _disk_errors(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            handle, fresh = tempfile.mkstemp(prefix=".chosen-", dir=self.folder)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump({"model": name}, file)
            Path(fresh).replace(self.folder / _CHOSEN)

    def settled(self, settings: Settings) -> Settings:
        """The settings with a model's name replaced by its folder, and the chosen one if none is.

        A folder that exists wins over a model of the same name. Whether the model is there is
        found out when it is loaded: without one, rules still work.
        """
        engine = settings.engine
        if "model_folder" in engine.model_fields_set:
            name = str(engine.model_folder)
            if engine.model_folder.exists() or not self._names(name):
                return settings
        else:
            name = self.chosen()
            if name is None:
                return settings
        # not model_copy alone: whether a folder was given shall stay visible
        settled = engine.model_copy(update={"model_folder": self.folder_of(name)})
        return settings.model_copy(update={"engine": settled})

    def _names(self, text: str) -> bool:
        return text == BUNDLED or text in CATALOGUE or text in self.names()

    # ------------------------------------------------------------------ putting one in

    @contextmanager
    def arriving(self, name: str, origin: Origin) -> Generator[Path]:
        """A folder to put a model's files into; when all went well it takes its name, at once.

        Whatever ends it early, Ctrl+C included, leaves the model of that name as it was and nothing
        half done.

        Raises:
            WriteFailed: The disk does not take it, or another program holds the old model open.
        """
        target = self.folder_of(name)
        with _disk_errors(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            work = Path(tempfile.mkdtemp(prefix=".arriving-", dir=self.folder))
        try:
            fresh, old = work / "fresh", work / "old"
            with _disk_errors(self.folder):
                fresh.mkdir()
            yield fresh
            with _disk_errors(target):
                (fresh / _ORIGIN).write_text(json.dumps(asdict(origin)), encoding="utf-8")
                if target.exists():
                    target.rename(old)
                try:
                    fresh.rename(target)
                except OSError:
                    with suppress(OSError):
                        old.rename(target)
                    raise
        finally:
            shutil.rmtree(work, ignore_errors=True)


def _absent(name: str, folder: Path) -> str:
    hint = pull_hint(folder) or "“companion models list” shows those there are."
    return f"There is no model “{name}” in {folder.parent}. {hint}"


def _read(path: Path, repair: str) -> dict[str, Any] | None:
    try:
        values: object = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointMismatch(f"{path} cannot be read; {repair}") from error
    if not isinstance(values, dict):
        raise CheckpointMismatch(f"{path} is damaged; {repair}")
    return cast("dict[str, Any]", values)


@contextmanager
def _disk_errors(target: Path) -> Generator[None]:
    try:
        yield
    except OSError as error:
        raise WriteFailed(f"{target} cannot be written: {error.strerror or error}.") from error
