"""What a loaded checkpoint says of windows of one map, through the engine's interface."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
import torch

from companion.engine.events import ContextType
from companion.engine.model.backbone import HasFrameHead
from companion.engine.prompts import pad_left
from companion.engine.scanning import ScanPlanner
from companion.engine.token_kinds import TokenKinds
from companion.engine.vocabulary import PAD_ID
from companion.engine.windows import windows_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from companion.beatmap import Beatmap, Document, Mode
    from companion.engine.conditioning import Conditioning
    from companion.engine.events import Event, EventType
    from companion.engine.kind_score import KindScore
    from companion.engine.loaded_model import LoadedModel, Song
    from companion.engine.model.backbone import EncodedWindows, WindowInput
    from companion.engine.prompts import Context
    from companion.engine.scanning import Scan
    from companion.engine.scoring import WindowTask
    from companion.engine.windows import Window

BATCH = 8
EDGE = 0.25
"""Share of a window at each end that is not judged."""


class Sound(StrEnum):
    """What is heard beside a map."""

    RIGHT = "right"
    NONE = "none"


@runtime_checkable
class KnowsNoSound(Protocol):
    """A network that was trained on maps without a song, too, and can be told that there is none.

    Others are given silence.
    """

    def encode_unheard(self, windows: Sequence[WindowInput]) -> EncodedWindows:
        """As ``encode``, but the samples are unknown."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class MapView:
    """One map as a checkpoint is shown it."""

    document: Document
    conditioning: Conditioning
    contexts: tuple[Context, ...]

    @property
    def beatmap(self) -> Beatmap:
        """The map."""
        return self.document.beatmap

    @property
    def map_context(self) -> int:
        """Which of the contexts holds the objects."""
        kinds = [context.kind for context in self.contexts]
        return kinds.index(ContextType.MAP)

    @property
    def events(self) -> Sequence[Event]:
        """The events of the objects."""
        return self.contexts[self.map_context].events


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """The judged tokens of one window's events of one context, in order; arrays of shape (n,)."""

    window: Window
    context: ContextType
    indices: NDArray[np.int64]
    """Among the context's events of the whole map."""
    kinds: tuple[EventType, ...]
    tokens: NDArray[np.int64]
    values: NDArray[np.int64]
    """Event values, song times of time events."""
    times_ms: NDArray[np.int64]
    bits: NDArray[np.float64]
    by_kind: KindScore
    """Kinds and values told apart."""


class MapListener:
    """Asks one checkpoint about windows of maps."""

    def __init__(self, model: LoadedModel) -> None:
        self.model = model
        self.backbone = model.backbone
        self.settings = model.backbone.settings
        self._token_kinds = TokenKinds(model.backbone.vocabulary, model.backbone.device)

    def view(self, document: Document, conditioning: Conditioning) -> MapView:
        """Encode a map."""
        contexts = self.model.prompting.contexts_of(document.beatmap, conditioning.song_length_ms)
        return MapView(document, conditioning, contexts)

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

    def encoded(
        self, view: MapView, song: Song, windows: Sequence[Window], sound: Sound = Sound.RIGHT
    ) -> EncodedWindows:
        """Hear windows; ``song`` need not be the map's own."""
        red_lines = view.beatmap.red_lines
        inputs = [song.input_of(window, red_lines, view.conditioning) for window in windows]
        if sound is Sound.NONE:
            if isinstance(self.backbone, KnowsNoSound):
                return self.backbone.encode_unheard(inputs)
            return self.backbone.encode(
                [replace(given, samples=np.zeros_like(given.samples)) for given in inputs]
            )
        scorer, audio_id = self.model.scorer, song.waveform.audio_id
        keys = [
            scorer.encoder_key(audio_id, window, given)
            for window, given in zip(windows, inputs, strict=True)
        ]
        return scorer.encoded(list(zip(keys, inputs, strict=True)))

    def judge(
        self, view: MapView, song: Song, windows: Sequence[Window], sound: Sound = Sound.RIGHT
    ) -> list[Judged]:
        """Bits of the events that each window answers for, context by context."""
        mode, prompting = view.beatmap.mode, self.model.prompting
        planner = ScanPlanner(prompting.builder, prompting.template(mode), prompting.given(mode))
        scan = planner.plan(view.contexts, view.conditioning, windows)
        judged: list[Judged] = []
        for start in range(0, len(scan.tasks), BATCH):
            tasks = scan.tasks[start : start + BATCH]
            encoded = self.encoded(view, song, [task.window for task in tasks], sound)
            judged += self._judge(scan, tasks, encoded)
        return judged

    def judge_map(
        self, view: MapView, song: Song, windows: Sequence[Window], sound: Sound = Sound.RIGHT
    ) -> list[Judged]:
        """The same for the context with the objects alone."""
        judged = self.judge(view, song, windows, sound)
        return [one for one in judged if one.context is ContextType.MAP]

    @torch.inference_mode()
    def _judge(
        self, scan: Scan, tasks: Sequence[WindowTask], encoded: EncodedWindows
    ) -> list[Judged]:
        tokens = torch.as_tensor(pad_left([task.tokens for task in tasks]))
        inputs = tokens[:, :-1].to(self.backbone.device)
        logits = self.backbone.logits(inputs, inputs != PAD_ID, encoded)
        judged: list[Judged] = []
        for row, task in enumerate(tasks):
            shift = tokens.shape[1] - len(task.tokens)
            places = torch.as_tensor(task.positions) + shift
            real = tokens[row, places]
            asked = logits[row, (places - 1).to(logits.device)]
            judged += _by_context(scan, task, real.numpy(), *self._said(asked, real))
        return judged

    def _said(
        self, logits: torch.Tensor, real: torch.Tensor
    ) -> tuple[NDArray[np.float64], KindScore]:
        """Bits, shape = (n,), and kinds and values told apart."""
        real = real.to(logits.device)
        log_probs = torch.log_softmax(logits, dim=-1)
        bits = -log_probs.gather(1, real[:, None])[:, 0].double() / np.log(2)
        return bits.cpu().numpy(), self._token_kinds.score(log_probs.exp(), real)

    def onsets(self, encoded: EncodedWindows) -> NDArray[np.float32] | None:
        """Log-odds of the frame head, shape = (n_windows, n_bins); None without one."""
        if not isinstance(self.backbone, HasFrameHead):
            return None
        return self.backbone.onset_log_odds(encoded).cpu().numpy()

    def knows(self, mode: Mode) -> bool:
        """Whether the checkpoint was trained on maps of a mode."""
        return mode in self.model.prompting.builder.options.modes


def _by_context(
    scan: Scan,
    task: WindowTask,
    tokens: NDArray[np.int64],
    bits: NDArray[np.float64],
    by_kind: KindScore,
) -> list[Judged]:
    result: list[Judged] = []
    place = 0
    for run in task.runs:
        context = scan.contexts[run.context]
        events = context.events[run.first_event : run.first_event + run.n_events]
        part = slice(place, place + run.n_events)
        result.append(
            Judged(
                task.window,
                context.kind,
                np.arange(run.first_event, run.first_event + run.n_events),
                tuple(event.kind for event in events),
                tokens[part],
                np.array([event.value for event in events], dtype=np.int64),
                np.array([event.time_ms for event in events], dtype=np.int64),
                bits[part],
                by_kind.part(part),
            )
        )
        place += run.n_events
    return result
