"""Fixtures shared by all tests: maps built in code, and the recorded data beside the checkout."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "2")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # spinning threads starve a busy machine

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"

MapText = Callable[..., bytes]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--goldens",
        type=Path,
        default=SHARED / "goldens",
        help="folder with recorded inputs and outputs of the original",
    )
    parser.addoption(
        "--beatmapsets",
        type=Path,
        default=SHARED / "data",
        help="folder with real beatmapsets",
    )


@pytest.fixture(scope="session")
def goldens(request: pytest.FixtureRequest) -> Path:
    folder = cast("Path", request.config.getoption("--goldens"))
    if not folder.is_dir():
        pytest.skip(f"no goldens at {folder}")
    return folder


@pytest.fixture(scope="session")
def shared_data(request: pytest.FixtureRequest) -> Path:
    folder = cast("Path", request.config.getoption("--beatmapsets"))
    if not folder.is_dir():
        pytest.skip(f"no beatmapsets at {folder}")
    return folder


def _map_text(
    objects: Sequence[str] = (),
    timing: Sequence[str] = ("0,500,4,2,1,60,1,0",),
    events: Sequence[str] = (),
    mode: int = 0,
    version: int = 14,
    difficulty: Sequence[str] = ("CircleSize:4", "OverallDifficulty:7", "SliderMultiplier:1.4"),
    newline: str = "\r\n",
) -> bytes:
    lines = [
        f"osu file format v{version}",
        "",
        "[General]",
        "AudioFilename: song.mp3",
        f"Mode: {mode}",
        "",
        "[Metadata]",
        "Title:A//B",
        "",
        "[Difficulty]",
        *difficulty,
        "",
        "[Events]",
        "//Break Periods",
        *events,
        "",
        "[TimingPoints]",
        *timing,
        "",
        "[HitObjects]",
        *objects,
    ]
    return "".join(line + newline for line in lines).encode()


@pytest.fixture(scope="session")
def map_text() -> MapText:
    """Builds the bytes of a small map; objects, timing points and events are given as lines."""
    return _map_text
