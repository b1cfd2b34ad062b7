"""Skins of osu!catch sets: complete, of the right size, with a catcher of the second version."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from companion.beatmap import Mode, Slider, Spinner
from companion.checks.check import FolderCheck, Issue
from companion.checks.media.pictures import picture_of
from companion.checks.skin_sets import (
    Element,
    ElementSet,
    elements,
    find_set_issues,
    has_picture,
    pictures_of,
    shows,
)
from companion.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from companion.checks.mapset import Folder

has_streams = shows(Mode.CATCH, lambda item: isinstance(item, Slider))
has_bananas = shows(Mode.CATCH, lambda item: isinstance(item, Spinner))

FRUIT_NAMES = tuple(
    f"fruit-{name}{overlay}"
    for name in ("apple", "grapes", "orange", "pear", "bananas")
    for overlay in ("", "-overlay")
)
DROP_NAMES = ("fruit-drop", "fruit-drop-overlay")
CATCHER_NAMES = ("fruit-catcher-fail-{n}", "fruit-catcher-idle-{n}", "fruit-catcher-kiai-{n}")
FRUITS = ElementSet(
    "fruits",
    [
        *(Element(name, used=has_bananas if "bananas" in name else None) for name in FRUIT_NAMES),
        *(Element(name, used=has_streams) for name in DROP_NAMES),
    ],
)
CATCHER = ElementSet(
    "catcher pictures", [*elements(*CATCHER_NAMES), Element("lighting", required=False)]
)
SIZES_PX = (
    (FRUIT_NAMES, (128, 128)),
    (DROP_NAMES, (82, 103)),
    (CATCHER_NAMES, (306, 320)),
)
SKIN_FILE = "skin.ini"
FIRST_CATCHER_VERSION = 2.0
_VERSION = re.compile(rb"^\s*version\s*:\s*([\w.]+)", re.IGNORECASE | re.MULTILINE)


def find_skin_issues(folder: Folder) -> Iterator[Issue]:
    """Incomplete sets, pictures of another size, and a catcher without its version."""
    yield from find_set_issues((FRUITS, CATCHER), folder)
    for names, size in SIZES_PX:
        for name in names:
            yield from _sizes(name, size, folder)
    if any(has_picture(name, folder) for name in CATCHER_NAMES) and not _newer_catcher(folder):
        yield Issue(
            severity=Severity.PROBLEM,
            message="A catcher of one's own needs “Version: 2” or higher in skin.ini.",
            detail="version",
        )


def _sizes(name: str, size: tuple[int, int], folder: Folder) -> Iterator[Issue]:
    for file in pictures_of(name, folder):
        picture = file.fact(picture_of)
        if picture is None:
            continue
        doubled = file.name.lower().removesuffix(file.extension).endswith("@2x")
        wanted = tuple(side * 2 for side in size) if doubled else size
        if (picture.width_px, picture.height_px) != wanted:
            yield Issue(
                severity=Severity.PROBLEM,
                message=(
                    f"The picture is {picture.width_px}×{picture.height_px} px and has to be "
                    f"{wanted[0]}×{wanted[1]}."
                ),
                file=file.name,
                detail="size",
            )


def _newer_catcher(folder: Folder) -> bool:
    file = folder.file(SKIN_FILE)
    found = _VERSION.search((file.head(65_536) if file else None) or b"")
    if found is None:
        return False
    text = found[1].decode("ascii", "replace").lower()
    try:
        return text == "latest" or float(text) >= FIRST_CATCHER_VERSION
    except ValueError:
        return False


CHECKS = (
    FolderCheck(
        code="catch_skin",
        title="Incomplete or unsuitable skin",
        category="Skinning",
        cause=(
            "A set of skin elements lacks some, a picture has another size than the default's, or "
            "a catcher comes without skin version 2 (problems); an element is no PNG (warning)."
        ),
        criterion=(
            "Fruits must be 128×128 px, drops 82×103 and the catcher 306×320, in complete sets; "
            "the catcher in the format of skin version 2."
        ),
        answers=("MapsetVerifier:SkinningCatch",),
        differs="Double-sized pictures (@2x) have to be twice as large.",
        severities=(Severity.PROBLEM, Severity.WARNING),
        modes=frozenset({Mode.CATCH}),
        find=find_skin_issues,
    ),
)
