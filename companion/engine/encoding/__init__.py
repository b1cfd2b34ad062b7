"""Beatmaps as events, the way a model family writes them down, and back to times and positions.

Owns everything about the event format that weights depend on. May import `companion.beatmap` and
the event types; knows nothing of tokens' ids, prompts or networks.
"""

from __future__ import annotations

from companion.engine.encoding.kiai import encode_kiai
from companion.engine.encoding.maps import encode_map
from companion.engine.encoding.options import EncodingOptions, PositionRange
from companion.engine.encoding.retiming import retime
from companion.engine.encoding.scroll_speeds import (
    encode_scroll_speeds,
    main_beat_length,
    scroll_speed_ratio,
)
from companion.engine.encoding.timing import encode_red_lines, encode_timing

__all__ = [
    "EncodingOptions",
    "PositionRange",
    "encode_kiai",
    "encode_map",
    "encode_red_lines",
    "encode_scroll_speeds",
    "encode_timing",
    "main_beat_length",
    "retime",
    "scroll_speed_ratio",
]
