"""Pulling a published model: the only place that uses the network.

Only weights in safetensors form and JSON files are ever fetched; what unpickling could run code
from stays where it is. No account's token is sent along, and no telemetry.
"""

from __future__ import annotations

import errno
import os
import shutil
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Protocol

from companion.errors import CompanionError, DownloadFailed
from companion.model_store.catalogue import published
from companion.model_store.store import CONFIG, ModelStore, Origin
from companion.model_store.weights import WEIGHTS, read_weights_header

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS, errno.EPERM}
_MAX_DEPTH = 2
"""A model may have variants in folders of their own, e.g. one per game mode."""


@dataclass(frozen=True, slots=True)
class Listing:
    """A repository at one commit."""

    revision: str
    """The commit's full hash."""
    files: tuple[str, ...]
    """Paths within it."""


class Hub(Protocol):
    """Where models are published."""

    def listing(self, repository: str, revision: str | None) -> Listing:
        """The files of a repository at a revision, by default the newest one."""
        ...

    def fetch(self, repository: str, revision: str, file: str, folder: Path) -> None:
        """Put a file into a folder, under its path in the repository."""
        ...


def pull(
    store: ModelStore,
    name: str,
    revision: str | None,
    hub: Hub,
    tell: Callable[[str], None],
) -> Origin:
    """Fetch a published model into the store, or the same model at another revision.

    Args:
        store: Where it goes.
        name: A name of the catalogue.
        revision: Commit, branch or tag; the newest commit by default.
        hub: Where it comes from.
        tell: Is told of every file.

    Raises:
        OptionRefused: No such model is published.
        DownloadFailed: There is no network, or no such revision, or what came is no model.
        WriteFailed: The disk does not take it.
    """
    model = published(name)
    listing = hub.listing(model.repository, revision)
    origin = Origin(model.repository, listing.revision)
    if store.has(name) and store.origin(name) == origin:
        tell("It is there already.")
        return origin
    wanted = [file for file in listing.files if _is_wanted(file)]
    if CONFIG not in wanted or WEIGHTS not in wanted:
        raise DownloadFailed(
            f"{model.repository} at {listing.revision} has no {CONFIG} or no {WEIGHTS}; weights in "
            "another form are not fetched, because reading them could run foreign code."
        )
    with store.arriving(name, origin) as folder:
        for file in wanted:
            tell(f"{file} …")
            hub.fetch(model.repository, listing.revision, file, folder)
        _keep_only(folder, wanted)
        _verify(folder)
    return origin


def _is_wanted(file: str) -> bool:
    path = PurePosixPath(file)
    if "\\" in file or ":" in file or path.is_absolute() or len(path.parts) > _MAX_DEPTH:
        return False
    if any(part.startswith(".") for part in path.parts):
        return False
    return path.name == WEIGHTS or path.suffix == ".json"


def _keep_only(folder: Path, wanted: list[str]) -> None:
    """Remove what the hub's client keeps for itself beside the files."""
    tops = {PurePosixPath(file).parts[0] for file in wanted}
    for path in folder.iterdir():
        if path.name in tops:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink()


def _verify(folder: Path) -> None:
    try:
        read_weights_header(folder)
    except CompanionError as error:
        raise DownloadFailed(f"What was fetched is no model: {error}") from error


class HuggingFaceHub:
    """The hub that Mapperatorinator's checkpoints are published on."""

    def __init__(self) -> None:
        os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")  # read when it is imported

    def listing(self, repository: str, revision: str | None) -> Listing:
        """See `Hub`."""
        from huggingface_hub import HfApi

        with _HubErrors(repository, revision):
            info = HfApi(token=False).model_info(repository, revision=revision, timeout=20)
            if info.sha is None:
                raise DownloadFailed(f"The hub does not say which commit {repository} is at.")
            return Listing(info.sha, tuple(file.rfilename for file in info.siblings or ()))

    def fetch(self, repository: str, revision: str, file: str, folder: Path) -> None:
        """See `Hub`."""
        # Its signature has an unparametrised dict.
        from huggingface_hub import hf_hub_download  # pyright: ignore[reportUnknownVariableType]

        # One by one and in this thread, so that Ctrl+C ends it at once.
        with _HubErrors(repository, revision):
            hf_hub_download(repository, file, revision=revision, local_dir=folder, token=False)


class _HubErrors:
    """Words what the hub's client raises."""

    def __init__(self, repository: str, revision: str | None) -> None:
        self._what = repository if revision is None else f"{repository} at {revision}"

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        from huggingface_hub import errors

        # What its HTTP error derives from: the root of its HTTP client's errors, and OSError.
        network = (*errors.HfHubHTTPError.__bases__, RuntimeError)
        if isinstance(error, errors.RepositoryNotFoundError | errors.RevisionNotFoundError):
            raise DownloadFailed(f"The hub has no {self._what} that is open to all.") from error
        if isinstance(error, ValueError):
            raise DownloadFailed(f"{self._what} cannot be asked for: {error}") from error
        if isinstance(error, OSError) and error.errno in _DISK:
            raise DownloadFailed(f"The disk does not take it: {error.strerror}.") from error
        if isinstance(error, network):
            raise DownloadFailed(
                f"{self._what} cannot be fetched: the hub cannot be reached, or broke off. Look to "
                "the network connection and try again."
            ) from error
