"""What training needs beside the companion's own requirements."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from companion.errors import OptionRefused

if TYPE_CHECKING:
    from collections.abc import Generator


@contextmanager
def needs_extra() -> Generator[None]:
    """Imports that belong to the extra ``train``.

    Raises:
        OptionRefused: It is not installed.
    """
    try:
        yield
    except ImportError as error:
        raise OptionRefused(
            f"Training needs {error.name or 'more'}, which is not installed: "
            "pip install osu-companion[train]."
        ) from error
