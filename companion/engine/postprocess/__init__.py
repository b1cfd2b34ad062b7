"""Events that a model has written as objects of a map.

Owns resnapping, positions, slider paths and lengths, and the green lines that a generated map
needs. May import `companion.beatmap` and `companion.engine.encoding`; knows nothing of tokens or
networks.
"""

from __future__ import annotations

from companion.engine.postprocess.insertion import insert_like_original
from companion.engine.postprocess.options import PostprocessOptions
from companion.engine.postprocess.osu_text import MapHeader, write_map
from companion.engine.postprocess.resnapping import resnap
from companion.engine.postprocess.section import (
    Section,
    SectionOptions,
    section_lines,
    write_section,
)

__all__ = [
    "MapHeader",
    "PostprocessOptions",
    "Section",
    "SectionOptions",
    "insert_like_original",
    "resnap",
    "section_lines",
    "write_map",
    "write_section",
]
