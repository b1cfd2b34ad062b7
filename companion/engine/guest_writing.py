"""Writing a guest difficulty that was begun: its objects from any engine, put into their place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from companion.beatmap import splice_section
from companion.engine.guest import GuestBegun, WrittenDifficulty
from companion.engine.understanding import Described, ignored_in, unknown_in
from companion.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from companion.beatmap import TimingPoint
    from companion.engine.cancellation import CancelToken
    from companion.engine.requests import Engine, ModelInfo, Passage, RegenerateRequest


def write_guest(
    request: RegenerateRequest, engine: Engine, token: CancelToken
) -> Iterator[GuestBegun | Passage | WrittenDifficulty]:
    """Write a difficulty that was begun: what is ignored, its passages, then all of it.

    Raises what `Engine.load` and `Engine.regenerate` raise.
    """
    yield _begun(engine.load(), request)
    lines: list[bytes] = []
    points: list[TimingPoint] = []
    for passage in engine.regenerate(request, token):
        lines += passage.lines
        points += passage.green_lines
        yield passage
    base = request.document
    greens = points if request.options.change_green_lines else None
    yield WrittenDifficulty(base.apply(splice_section(base, request.range, lines, greens)))


def _begun(model: ModelInfo, request: RegenerateRequest) -> GuestBegun:
    about = request.conditioning
    try:
        known = Described.in_folder(model.folder)
    except ModelError:  # an engine that runs without files
        return GuestBegun((), ())
    if about is None:
        return GuestBegun((), ())
    return GuestBegun(tuple(ignored_in(known.settings, about)), tuple(unknown_in(known, about)))
