"""What all values on the wire are made of.

Times are song time in milliseconds, ranges are half open, positions are osu! pixels (512 by 384).
Ids are opaque strings that the daemon hands out; a client never sends a path.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Id = Annotated[str, Field(max_length=128)]
"""An opaque id."""

TimeMs = Annotated[int, Field(ge=-(2**31), le=2**31 - 1)]
"""Song time."""


class Wire(BaseModel):
    """Base of everything on the wire: immutable, and closed against unknown fields."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        use_attribute_docstrings=True,
        json_schema_serialization_defaults_required=True,
    )


class Span(Wire):
    """A half-open stretch of song time."""

    start_ms: TimeMs
    """First millisecond of the stretch."""
    end_ms: TimeMs
    """First millisecond after the stretch."""
