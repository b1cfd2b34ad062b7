"""What a generation's windows sound like to a network, and to what guidance steers away from."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from companion.engine.model.backbone import EncodedWindows, WindowInput

if TYPE_CHECKING:
    from collections.abc import Sequence

    from companion.engine.conditioning import Conditioning
    from companion.engine.generation import Generation
    from companion.engine.windows import Window


def hear_window(generation: Generation, window: Window) -> EncodedWindows:
    """A window, perhaps from memory; it twice, if guidance should hear it otherwise."""
    heard = _input_of(generation, window)
    unwanted = _as_unwanted(generation, heard)
    wanted = [heard] if unwanted is None else [heard, unwanted]
    if generation.hear is None:
        return EncodedWindows.cat([generation.backbone.encode([given]) for given in wanted])
    return EncodedWindows.cat([generation.hear(window, given) for given in wanted])


def hear_windows(generation: Generation, windows: Sequence[Window]) -> EncodedWindows:
    """Windows side by side; all of them once more, if guidance should hear them otherwise."""
    heard = [_input_of(generation, window) for window in windows]
    encoded = generation.backbone.encode(heard)
    unwanted = [one for given in heard if (one := _as_unwanted(generation, given)) is not None]
    if not unwanted:
        return encoded
    return EncodedWindows.cat([encoded, generation.backbone.encode(unwanted)])


def _input_of(generation: Generation, window: Window) -> WindowInput:
    return WindowInput(
        generation.waveform.cut(window.first_sample, generation.backbone.settings.window_samples),
        window.frame_time_ms,
        generation.red_lines,
        generation.conditioning,
    )


def _as_unwanted(generation: Generation, heard: WindowInput) -> WindowInput | None:
    """As guidance should hear a window; None where that is no different."""
    if generation.options.guidance == 1 or generation.options.original_quirks:
        return None
    unwanted = replace(heard, conditioning=unspecific(generation.conditioning))
    key = generation.backbone.encoding_key
    return None if key(unwanted) == key(heard) else unwanted


def unspecific(conditioning: Conditioning) -> Conditioning:
    """What guidance steers away from in networks whose encoder is told what map is wished for."""
    return replace(conditioning, difficulty=None, note_density=None, mapper_id=None)
