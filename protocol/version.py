"""The version of the wire format."""

from __future__ import annotations

from typing import Final

PROTOCOL_VERSION: Final = 3
"""Raised with every change that an older overlay or daemon would misread. `hello` must match it."""
