"""Messages to msgpack frames and back.

The only module that touches msgpack, which ships no types: one typed function per direction and
side.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import msgpack
from pydantic import TypeAdapter, ValidationError

from protocol.messages import ClientMessage, ServerMessage, Welcome

if TYPE_CHECKING:
    from protocol.messages import ServerUpdate

MAX_CLIENT_FRAME_BYTES: Final = 64 * 1024
"""Largest frame a client may send; its longest honest message is below one kilobyte."""

MAX_SERVER_FRAME_BYTES: Final = 64 * 1024 * 1024
"""Largest frame a client has to expect: a snapshot of a map with some 100,000 objects."""

_M = TypeVar("_M")
_msgpack: Any = msgpack

_CLIENT: TypeAdapter[ClientMessage] = TypeAdapter(ClientMessage)
_SERVER: TypeAdapter[ServerMessage] = TypeAdapter(ServerMessage)


class BadFrame(Exception):
    """A frame that is not a message; its text says why, without repeating the frame's content."""


def encode_client(message: ClientMessage) -> bytes:
    """The frame a client sends."""
    return _pack(message.model_dump())


def decode_client(frame: bytes) -> ClientMessage:
    """Reads a client's frame.

    Raises:
        BadFrame: it is too large, not msgpack, or not one of the messages.
    """
    return _decode(_CLIENT, frame, MAX_CLIENT_FRAME_BYTES)


def encode_welcome(message: Welcome) -> bytes:
    """The frame that answers `hello`."""
    return _pack(message.model_dump())


class PreparedUpdate:
    """An update that is turned into plain values once and framed for any number of connections."""

    __slots__ = ("_body", "kind", "update")

    def __init__(self, update: ServerUpdate) -> None:
        self.update = update
        self.kind: str = update.type
        self._body: dict[str, Any] | None = None

    def frame(self, seq: int) -> bytes:
        """The frame with this sequence number."""
        if self._body is None:
            self._body = self.update.model_dump()
        return _pack({**self._body, "seq": seq})


def decode_server(frame: bytes) -> ServerMessage:
    """Reads a daemon's frame; for the demo's scripted client and for tests.

    Raises:
        BadFrame: it is too large, not msgpack, or not one of the messages.
    """
    return _decode(_SERVER, frame, MAX_SERVER_FRAME_BYTES)


def _pack(values: dict[str, Any]) -> bytes:
    return cast("bytes", _msgpack.packb(values))


def _decode(adapter: TypeAdapter[_M], frame: bytes, limit_bytes: int) -> _M:
    if len(frame) > limit_bytes:
        raise BadFrame(f"frame of {len(frame)} bytes is over the limit of {limit_bytes}")
    try:
        values: object = _msgpack.unpackb(frame)  # which limits lengths to the frame's
    except (ValueError, TypeError, msgpack.UnpackException, RecursionError) as error:
        raise BadFrame("frame is not msgpack") from error
    try:
        return adapter.validate_python(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BadFrame(f"not a message: {where or 'frame'}: {first['msg']}") from error
