"""Writing windows that stand alone, several of them at a time.

None knows what the others have written, so that they can be decoded as rows of one batch: that is
how a song is heard for super timing, and how a map is written where speed counts more than seams.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from companion.engine.encoding import retime
from companion.engine.events import ContextType
from companion.engine.guided_hearing import hear_windows
from companion.engine.memory import in_one_batch_or_two
from companion.engine.prompts import Context
from companion.engine.rhythm import NOTHING_KNOWN
from companion.engine.window_writer import WHOLE_WINDOW, WindowWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from companion.engine.cancellation import CancelToken
    from companion.engine.events import Event
    from companion.engine.generation import Generation
    from companion.engine.model.backbone import EncodedWindows
    from companion.engine.rhythm import OnsetPlan
    from companion.engine.sampling import TokenChooser
    from companion.engine.windows import Window

    ChooserFor = Callable[[Sequence[Window]], TokenChooser]


@dataclass(frozen=True, slots=True)
class LoneWindow:
    """What was written into one window."""

    window: Window
    events: dict[ContextType, list[Event]]
    """In song time, of each part that was not finished."""
    n_tokens: int


def write_apart(
    generation: Generation, chooser_for: ChooserFor, batch_rows: int, token: CancelToken
) -> Iterator[LoneWindow]:
    """Write all unfinished parts of each window before those of later ones.

    Args:
        generation: Its windows should not overlap; its chooser and range are not looked at.
        chooser_for: Gives what decides for the rows of some windows.
        batch_rows: So many rows are written side by side: of each window one for each beam, and
            with guidance as many again.
        token: Stops the work between two tokens.

    Raises:
        Cancelled: The token was cancelled.
        OptionRefused: A prompt cannot be built.
        OutOfMemory: Not even half of a batch fits the device.
    """
    windows, options = generation.windows, generation.options
    rows_of_window = options.n_beams * (1 if options.guidance == 1 else 2)
    batch_windows = max(batch_rows // rows_of_window, 1)
    for first in range(0, len(windows), batch_windows):
        batch = in_one_batch_or_two(
            lambda some: _written(generation, some, chooser_for(some), token),
            windows[first : first + batch_windows],
        )
        for lone in batch:
            token.raise_if_cancelled()
            yield lone


def _written(
    generation: Generation, windows: Sequence[Window], chooser: TokenChooser, token: CancelToken
) -> list[LoneWindow]:
    backbone, about = generation.backbone, generation.conditioning
    writer = WindowWriter(backbone, generation.options, about, chooser)
    token.raise_if_cancelled()
    encoded = hear_windows(generation, windows)
    contexts: list[list[Context]] = [[] for _ in windows]
    lone = [LoneWindow(window, {}, 0) for window in windows]
    for part in generation.parts:
        if part.finished:
            for before in contexts:
                before.append(Context(part.kind, part.events))
            continue
        prompts = [
            generation.prompts.build(
                generation.given,
                [*before, Context(part.kind)],
                about,
                window.frame_time_ms,
                generation.template,
            )
            for window, before in zip(windows, contexts, strict=True)
        ]
        plan = _plan(generation, windows, encoded) if part.kind is ContextType.MAP else None
        rows = writer.write_windows(prompts, encoded, part.kind, token, plan=plan)
        for index, (window, row) in enumerate(zip(windows, rows, strict=True)):
            tokens = writer.kept(row.tokens, part.kind, WHOLE_WINDOW)
            events = retime(
                backbone.vocabulary.decode_window(tokens, window.frame_time_ms),
                window.frame_time_ms + backbone.settings.window_ms,
                types_first=generation.prompts.encoding.types_first,
            )
            contexts[index].append(Context(part.kind, events))
            done = lone[index]
            lone[index] = replace(
                done,
                events={**done.events, part.kind: events},
                n_tokens=done.n_tokens + len(row.tokens),
            )
    return lone


def _plan(
    generation: Generation, windows: Sequence[Window], encoded: EncodedWindows
) -> OnsetPlan | None:
    planner, n = generation.planner, len(windows)
    if planner is None:
        return None
    starts_ms = [window.frame_time_ms for window in windows]
    return planner.plan(encoded[:n], starts_ms, [NOTHING_KNOWN] * n, [generation.seeds[0]] * n)
