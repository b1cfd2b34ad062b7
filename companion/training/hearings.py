"""What a loaded bundled model says of the windows of one map, through the engine's interface."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from companion.engine.encoding import encode_map
from companion.engine.events import ContextType, EventType
from companion.engine.model.backbone import WindowInput
from companion.engine.prompts import Context, pad_left
from companion.engine.vocabulary import PAD_ID
from companion.engine.windows import windows_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from companion.beatmap import Beatmap
    from companion.engine.audio import Waveform
    from companion.engine.conditioning import Conditioning
    from companion.engine.events import Event
    from companion.engine.model.bundled import BundledBackbone
    from companion.engine.windows import Window

BATCH = 8
EDGE = 0.25
"""Share of a window at each end that is not judged."""


@dataclass(frozen=True, slots=True, eq=False)
class MapView:
    """One map as a model is shown it."""

    beatmap: Beatmap
    conditioning: Conditioning
    events: Sequence[Event]


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """The judged tokens of one window, in order."""

    window: Window
    kinds: tuple[EventType, ...]
    tokens: NDArray[np.int64]
    values: NDArray[np.int64]
    """Event values, song times of time events."""
    times_ms: NDArray[np.int64]
    bits: NDArray[np.float64]


class MapListener:
    """Scores windows of maps with one model."""

    def __init__(self, backbone: BundledBackbone) -> None:
        self.backbone = backbone
        self.settings = backbone.settings
        self.builder = self.settings.prompt_builder(backbone.vocabulary)

    def view(self, beatmap: Beatmap, conditioning: Conditioning) -> MapView:
        """Encode a map."""
        length_ms = conditioning.song_length_ms
        return MapView(
            beatmap, conditioning, encode_map(beatmap, self.settings.encoding, length_ms)
        )

    def windows(self, n_samples: int, view: MapView, at_most: int) -> list[Window]:
        """Windows with objects in their middle half, evenly spread, at most so many."""
        cut = replace(self.settings.windows, lookback=EDGE, lookahead=EDGE)
        times = np.array([event.time_ms for event in view.events])
        chosen = [
            window
            for window in windows_of(n_samples, cut)
            if ((times >= window.keep.start_ms) & (times < window.keep.end_ms)).any()
        ]
        if len(chosen) <= at_most:
            return chosen
        return [chosen[round(i)] for i in np.linspace(0, len(chosen) - 1, at_most)]

    def inputs(
        self, view: MapView, waveform: Waveform, windows: Sequence[Window]
    ) -> list[WindowInput]:
        """What the encoder gets."""
        return [
            WindowInput(
                waveform.cut(window.first_sample, self.settings.window_samples),
                window.frame_time_ms,
                view.beatmap.red_lines,
                view.conditioning,
            )
            for window in windows
        ]

    def judge(
        self, view: MapView, inputs: Sequence[WindowInput], windows: Sequence[Window]
    ) -> list[Judged]:
        """Bits of the events that each window answers for."""
        judged: list[Judged] = []
        for start in range(0, len(windows), BATCH):
            rows = slice(start, start + BATCH)
            judged += self._judge(view, inputs[rows], windows[rows])
        return judged

    def _judge(
        self, view: MapView, inputs: Sequence[WindowInput], windows: Sequence[Window]
    ) -> list[Judged]:
        contexts = [Context(ContextType.MAP, view.events)]
        prompts = [
            self.builder.build((), contexts, view.conditioning, window.frame_time_ms)
            for window in windows
        ]
        ids = pad_left([prompt.ids for prompt in prompts])
        tokens = torch.as_tensor(ids)
        encoded = self.backbone.encode(inputs)
        logits = self.backbone.logits(tokens[:, :-1], tokens[:, :-1] != PAD_ID, encoded)
        # Class tokens lie beyond what a model can say; they are not judged.
        targets = tokens[:, 1:].clamp(max=logits.shape[2] - 1).unsqueeze(2)
        log_probs = torch.log_softmax(logits, dim=-1).gather(2, targets).squeeze(2)
        bits = np.pad(-log_probs.double().numpy() / np.log(2), ((0, 0), (1, 0)))
        result: list[Judged] = []
        for row, (prompt, window) in enumerate(zip(prompts, windows, strict=True)):
            block = prompt.blocks[0]
            shift = ids.shape[1] - len(prompt.ids)
            picked = [
                (block.first_event + offset, shift + block.first_position + offset)
                for offset in range(block.n_events)
                if window.keep.contains(view.events[block.first_event + offset].time_ms)
            ]
            events = [view.events[index] for index, _ in picked]
            places = [place for _, place in picked]
            result.append(
                Judged(
                    window,
                    tuple(event.kind for event in events),
                    ids[row, places],
                    np.array([event.value for event in events], dtype=np.int64),
                    np.array([event.time_ms for event in events], dtype=np.int64),
                    bits[row, places],
                )
            )
        return result

    def onsets(self, inputs: Sequence[WindowInput]) -> NDArray[np.float32]:
        """Log-odds of the frame head, shape = (n_windows, n_bins)."""
        rows = [
            self.backbone.onset_log_odds(self.backbone.encode(inputs[start : start + BATCH]))
            for start in range(0, len(inputs), BATCH)
        ]
        return torch.cat(rows).numpy()


def count_moments(judged: Judged) -> int:
    """Times that differ from the time before."""
    times = judged.values[[kind is EventType.TIME_SHIFT for kind in judged.kinds]]
    return int((np.diff(times) != 0).sum()) + 1 if len(times) else 0


def moment_bits(judged: Judged) -> list[tuple[int, int | None, float]]:
    """Per circle or note its time, column and suspicion.

    An object's suspicion is the larger of the bits of its own and of the next time token: a wrong
    place is as often noticed by what follows.
    """
    times = [i for i, kind in enumerate(judged.kinds) if kind is EventType.TIME_SHIFT]
    result: list[tuple[int, int | None, float]] = []
    for order, place in enumerate(times):
        if place == 0 or judged.kinds[place - 1] is not EventType.CIRCLE:
            continue
        following = times[order + 1] if order + 1 < len(times) else place
        column: int | None = None
        for later in range(place + 1, min(place + 4, len(judged.kinds))):
            if judged.kinds[later] is EventType.MANIA_COLUMN:
                column = later
        bits = float(max(judged.bits[place], judged.bits[following]))
        named = None if column is None else int(judged.values[column])
        result.append((int(judged.times_ms[place]), named, bits))
    return result
