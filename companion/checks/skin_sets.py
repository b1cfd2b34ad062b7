"""Skin elements in a set's folder: complete sets, and pictures that can be transparent.

An element's name may end in ``-{n}`` or ``{n}``: it may be animated, with numbered pictures, or be
a single one without the number. Facts: osu! wiki, "Skinning".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from companion.checks.check import Issue
from companion.checks.wording import listed
from companion.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from companion.beatmap import HitObject, Mode
    from companion.beatmap.folder_files import FolderFile
    from companion.checks.mapset import Folder

PICTURES = (".png", ".jpg", ".jpeg")


@dataclass(frozen=True, slots=True)
class Element:
    """One element of a set."""

    pattern: str
    required: bool = True
    """Whether the set is incomplete without it."""
    used: Callable[[Folder], bool] | None = None
    """Whether the maps show it at all; None for always."""

    def in_use(self, folder: Folder) -> bool:
        """Whether the maps of a folder show it."""
        return self.used is None or self.used(folder)


@dataclass(frozen=True, slots=True)
class ElementSet:
    """Elements that are skinned together or not at all."""

    name: str
    elements: Sequence[Element]


def elements(*patterns: str, required: bool = True) -> list[Element]:
    """Elements that are always in use."""
    return [Element(pattern, required) for pattern in patterns]


@lru_cache(maxsize=256)
def _expression(pattern: str) -> re.Pattern[str]:
    text = re.escape(pattern).replace(r"\-\{n\}", r"(?:-\d+)?").replace(r"\{n\}", r"\d*")
    return re.compile(text + r"(?:@2x)?")


def pictures_of(pattern: str, folder: Folder) -> Iterator[FolderFile]:
    """The pictures of an element, frames and double-sized ones included."""
    expression = _expression(pattern)
    for name, file in folder.fact(_pictures):
        if expression.fullmatch(name):
            yield file


def _pictures(folder: Folder) -> tuple[tuple[str, FolderFile], ...]:
    """A fact: the pictures in the folder itself, by name in lower case without extension."""
    return tuple(
        (file.name.lower().removesuffix(file.extension), file)
        for file in folder.files
        if file.extension in PICTURES and "/" not in file.name
    )


def has_picture(pattern: str, folder: Folder) -> bool:
    """Whether there is any picture of an element."""
    return next(pictures_of(pattern, folder), None) is not None


def is_skinned(group: ElementSet, folder: Folder) -> bool:
    """Whether any element of a set that the maps show is there."""
    return any(one.in_use(folder) and has_picture(one.pattern, folder) for one in group.elements)


def find_set_issues(groups: Iterable[ElementSet], folder: Folder) -> Iterator[Issue]:
    """Sets that lack a required element, and elements that are no PNG."""
    for group in groups:
        if not is_skinned(group, folder):
            continue
        missing = [
            one.pattern.replace("-{n}", "").replace("{n}", "")
            for one in group.elements
            if one.required and one.in_use(folder) and not has_picture(one.pattern, folder)
        ]
        if missing:
            yield incomplete(group.name, missing)
        for one in group.elements:
            for file in pictures_of(one.pattern, folder):
                if file.extension != ".png":
                    yield Issue(
                        severity=Severity.WARNING,
                        message="A skin element should be a PNG, as only that can be transparent.",
                        file=file.name,
                        detail="png",
                    )


def incomplete(name: str, missing: Sequence[str]) -> Issue:
    """A set that is skinned in part."""
    return Issue(
        severity=Severity.PROBLEM,
        message=f"The skin's {name} are incomplete: {listed(missing)} "
        f"{'is' if len(missing) == 1 else 'are'} missing.",
        detail=name,
    )


def shows(mode: Mode, test: Callable[[HitObject], bool]) -> Callable[[Folder], bool]:
    """Whether any object of a mode's difficulties is of a kind; for ``Element.used``."""

    def used(folder: Folder) -> bool:
        return any(
            test(item)
            for difficulty in folder.mapset.by_mode.get(mode, ())
            for item in difficulty.beatmap.hit_objects
        )

    return used
