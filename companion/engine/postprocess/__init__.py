"""Events that a model has written as objects of a map.

Owns resnapping, positions, slider paths and lengths, and the green lines that a generated map needs.
May import `companion.beatmap` and `companion.engine.encoding`; knows nothing of tokens or networks.
"""

from __future__ import annotations

from companion.engine.postprocess.options import PostprocessOptions
from companion.engine.postprocess.osu_text import MapHeader, write_map
from companion.engine.postprocess.resnapping import resnap

__all__ = ["MapHeader", "PostprocessOptions", "resnap", "write_map"]
