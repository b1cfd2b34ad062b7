"""Maps built in code."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes says nothing on a busy machine.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

MapText = Callable[..., bytes]


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
