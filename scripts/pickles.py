"""Published pickles, of which only plain values and tensors are read.

torch's restricted reader refuses whatever else a file asks for, so that nothing in it ever runs.
Where a file holds objects beside what is wanted, `with_husks` puts a husk in the place of each: no
class that the file names is looked up, let alone called.
"""

from __future__ import annotations

import pickle
import struct
import warnings
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import torch
from torch.serialization import get_unsafe_globals_in_checkpoint, safe_globals

from companion.errors import CheckpointMismatch, ModelMissing

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

DAMAGE = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
)
"""What torch raises for bytes that are no checkpoint, depending on where they stop being one."""


class Husk:
    """Stands for an object of any class: keeps what it was given, and does nothing."""

    def __new__(cls, *arguments: object) -> Husk:
        """Take whatever the object would have been made with."""
        husk = super().__new__(cls)
        husk.arguments = arguments
        husk.state = None
        return husk

    def __init__(self, *arguments: object) -> None:
        self.arguments: tuple[object, ...] = arguments
        self.state: object

    def __setstate__(self, state: object) -> None:
        self.state = state

    @property
    def fields(self) -> dict[str, Any]:
        """Its attributes, in whichever of the two ways of pickle they were given."""
        parts = self.state if isinstance(self.state, tuple) else (self.state,)
        return {str(k): v for part in parts if isinstance(part, dict) for k, v in part.items()}


def read_pickle(path: Path) -> object:
    """The plain values and tensors in a pickle.

    Raises:
        ModelMissing: The file is not there.
        CheckpointMismatch: It is damaged, or asks for anything else.
    """
    return _read(path, nullcontext())


def with_husks(path: Path) -> object:
    """The same, with a `Husk` for each object of a class of its own.

    Raises:
        ModelMissing, CheckpointMismatch: As for `read_pickle`.
    """
    if not path.is_file():
        raise ModelMissing(f"There is no {path}.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            named = get_unsafe_globals_in_checkpoint(path)
    except (pickle.UnpicklingError, *DAMAGE) as error:
        raise CheckpointMismatch(f"{path} is damaged, or no checkpoint of this kind.") from error
    return _read(path, safe_globals([(Husk, name) for name in named]))


def _read(path: Path, allowed: AbstractContextManager[object]) -> object:
    if not path.is_file():
        raise ModelMissing(f"There is no {path}.")
    try:
        with allowed, warnings.catch_warnings():
            # Of other pickle protocols torch only says that it may have to refuse them.
            warnings.simplefilter("ignore", UserWarning)
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise CheckpointMismatch(
            f"{path} was not read: it is damaged, or holds more than weights, which could run "
            "code on this computer. Get the file from where it was first published."
        ) from error
    except DAMAGE as error:
        raise CheckpointMismatch(f"{path} is damaged; fetch it again.") from error
