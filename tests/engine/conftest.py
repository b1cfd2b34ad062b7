"""Maps built in code, and a recorded checkpoint."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from companion.beatmap import Beatmap, Document
from companion.engine.engine import LocalEngine

BeatmapOf = Callable[..., Beatmap]


def _document_of(
    objects: Sequence[str] = (),
    timing: Sequence[str] = ("0,500,4,2,0,60,1,0",),
    mode: int = 0,
    version: int = 14,
    cs: float = 4,
    multiplier: float = 1.4,
    sample_set: str = "Normal",
) -> Document:
    lines = [
        f"osu file format v{version}",
        "",
        "[General]",
        f"Mode: {mode}",
        f"SampleSet: {sample_set}",
        "",
        "[Metadata]",
        "BeatmapID:7",
        "",
        "[Difficulty]",
        f"CircleSize:{cs}",
        f"SliderMultiplier:{multiplier}",
        "",
        "[Events]",
        "2,4000,6000",
        "",
        "[TimingPoints]",
        *timing,
        "",
        "[HitObjects]",
        *objects,
    ]
    return Document.parse("\r\n".join(lines).encode())


def _beatmap_of(*args, **kwargs) -> Beatmap:
    return _document_of(*args, **kwargs).beatmap


@pytest.fixture(scope="session")
def document_of() -> Callable[..., Document]:
    """Builds a small document; objects and timing points are given as lines."""
    return _document_of


@pytest.fixture(scope="session")
def beatmap_of() -> BeatmapOf:
    """The same, as the typed view."""
    return _beatmap_of


@pytest.fixture(scope="module")
def v29(request: pytest.FixtureRequest) -> LocalEngine:
    """The recorded network of the V29 family."""
    folder = request.getfixturevalue("goldens") / "v29" / "model"
    return LocalEngine(folder, "cpu", threads=1)
