"""What a whole map is like: how predictable its rhythm is, and whose style it resembles.

Two small networks of the Mapperatorinator project can be asked, each from a folder with its
weights; a count of the map's own rhythm needs none. Everything here reads and nothing writes. May
import what the engine has for weights, songs and events; nothing else of the engine imports it.

The modules that load weights import torch, so they are imported by whoever needs them:
`rhythm_complexity` and `mapper_style`.
"""

from __future__ import annotations

from companion.engine.analysis.rhythm_statistics import (
    RhythmStatistics,
    UnusualStretch,
    count_rhythm,
)

__all__ = ["RhythmStatistics", "UnusualStretch", "count_rhythm"]
