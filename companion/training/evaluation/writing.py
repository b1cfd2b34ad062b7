"""Windows that a checkpoint writes greedily, with a map's timing and with or without its past.

A *section* is the second half of a window whose first half is given; *around* is the same with the
rest of the map given as far as the engine looks at it, which is what a mapper asks for; *free* is a
whole window of which nothing is given. All are written by the engine's own writer, with its grammar
and its plan of beginnings; *plain* is a section without those.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from companion.beatmap import Mode, TimeRange
from companion.engine.cancellation import CancelToken
from companion.engine.encoding import retime
from companion.engine.events import ContextType, EventType
from companion.engine.generation import GenerationOptions
from companion.engine.postprocess import PostprocessOptions, write_section
from companion.engine.postprocess.section import SectionOptions
from companion.engine.prompts import Context
from companion.engine.rhythm import KnownOnsets, OnsetPlanner, onset_times
from companion.engine.sampling import Greedy
from companion.engine.vocabulary import MS_PER_STEP
from companion.engine.window_writer import WHOLE_WINDOW, WindowWriter
from companion.training.evaluation import onsets
from companion.training.evaluation.listening import BATCH
from companion.training.evaluation.shapes import Likeness, hitsound_of, is_hitsounded
from companion.training.measures import spread

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from companion.beatmap import Document, HitObject
    from companion.engine.events import Event
    from companion.engine.loaded_model import Song
    from companion.engine.model.backbone import EncodedWindows
    from companion.engine.prompts import Prompt
    from companion.engine.rhythm import OnsetPlan
    from companion.engine.window_writer import WindowLimits
    from companion.engine.windows import Window
    from companion.training.evaluation.listening import MapListener, MapView

AT_MOST = 840
"""Tokens written per window."""


def _zeros() -> NDArray[np.float64]:
    return np.zeros(4)


@dataclass(slots=True)
class Written:
    """What was found in the windows of one song that were written in one way."""

    ticks: NDArray[np.float64] = field(default_factory=_zeros)
    """Hits, false alarms, misses on quarter ticks within 12 ms, and strays off them."""
    strict: NDArray[np.float64] = field(default_factory=lambda: np.zeros(3))
    """Hits, false alarms, misses within 12 ms wherever they lie."""
    loose: NDArray[np.float64] = field(default_factory=lambda: np.zeros(3))
    """The same within half of a 1/4 beat."""
    mapper_strays: NDArray[np.float64] = field(default_factory=lambda: np.zeros(2))
    """The mapper's onsets off the quarter ticks, and all of them."""
    onsets: NDArray[np.float64] = field(default_factory=lambda: np.zeros(2))
    """How many were written, and how many there are."""
    sounds: NDArray[np.float64] = field(default_factory=lambda: np.zeros(3))
    """Matched objects of hitsounded maps: how many, of them with the mapper's sound, and how many
    would be with the map's most common one always."""
    grid: NDArray[np.float64] = field(default_factory=_zeros)
    """As ``ticks``, for an object on every half beat."""
    detector: NDArray[np.float64] = field(default_factory=_zeros)
    """As ``ticks``, for the ticks where the sound changes most, as many as the map's density."""
    shapes: list[Likeness] = field(default_factory=list[Likeness])
    """Per osu! map; in the other modes positions mean something else."""
    n_tokens: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """A part of a window that has been written."""

    range: TimeRange
    events: Sequence[Event]
    """As the checkpoint wrote them, song times in time events."""


class Author:
    """Writes windows of one map."""

    def __init__(self, listener: MapListener, view: MapView, song: Song) -> None:
        self._listener = listener
        self._view = view
        self._song = song

    def sections(
        self, windows: Sequence[Window], *, plain: bool = False
    ) -> tuple[list[Stretch], int]:
        """Second halves after real first halves, and the number of tokens written."""
        half_ms = self._listener.settings.window_ms / 2
        return self._written(windows, half_ms, plain=plain)

    def sections_within(self, windows: Sequence[Window]) -> tuple[list[Stretch], int]:
        """The same, of maps whose other beginnings are known, too."""
        half_ms = self._listener.settings.window_ms / 2
        return self._written(windows, half_ms, within=True)

    def free(self, windows: Sequence[Window]) -> tuple[list[Stretch], int]:
        """Whole windows after nothing."""
        return self._written(windows, 0.0)

    def _written(
        self,
        windows: Sequence[Window],
        given_ms: float,
        *,
        plain: bool = False,
        within: bool = False,
    ) -> tuple[list[Stretch], int]:
        stretches: list[Stretch] = []
        n_tokens = 0
        for start in range(0, len(windows), BATCH):
            part = windows[start : start + BATCH]
            prompts = [self._prompt(window, window.frame_time_ms + given_ms) for window in part]
            longest = max(len(prompt.ids) for prompt in prompts)
            writer = WindowWriter(
                self._listener.backbone,
                GenerationOptions(
                    temperature=0,
                    top_p=1,
                    max_tokens=min(longest + AT_MOST, self._listener.settings.max_tokens),
                    original_quirks=plain,
                ),
                self._view.conditioning,
                Greedy(),
            )
            encoded = self._listener.encoded(self._view, self._song, part)
            known = [self._known(window, given_ms, within=within) for window in part]
            plan = None if plain else self._plan(encoded, part, known)
            rows = writer.write_windows(
                prompts, encoded, ContextType.MAP, CancelToken(), self._limits(given_ms), plan
            )
            for window, row in zip(part, rows, strict=True):
                n_tokens += len(row.tokens)
                stretches.append(self._stretch(window, row.tokens, given_ms))
        return stretches, n_tokens

    def _plan(
        self, encoded: EncodedWindows, windows: Sequence[Window], known: Sequence[KnownOnsets]
    ) -> OnsetPlan | None:
        backbone, view = self._listener.backbone, self._view
        if not OnsetPlanner.can_plan(backbone):
            return None
        planner = OnsetPlanner(backbone, view.conditioning, view.beatmap.red_lines)
        starts_ms = [window.frame_time_ms for window in windows]
        return planner.plan(encoded, starts_ms, known, [0] * len(windows))

    def _known(self, window: Window, given_ms: float, *, within: bool) -> KnownOnsets:
        types_first = self._listener.settings.encoding.types_first
        real = np.array(onset_times(self._view.events, types_first=types_first))
        start_ms = window.frame_time_ms
        until_ms, end_ms = start_ms + given_ms, start_ms + self._listener.settings.window_ms
        if within:
            before, after = real[real < until_ms], real[real >= end_ms]
            return KnownOnsets.around(before.tolist(), until_ms, after.tolist())
        return KnownOnsets(real[(real >= start_ms) & (real < until_ms)], ((start_ms, until_ms),))

    def _limits(self, given_ms: float) -> WindowLimits:
        """What is given is complete, as everything before a range that is regenerated."""
        n_steps = len(self._listener.backbone.vocabulary.ranges[EventType.TIME_SHIFT].ids)
        fence = math.ceil(given_ms / MS_PER_STEP), n_steps - 1
        return replace(WHOLE_WINDOW, fence=fence)

    def _stretch(self, window: Window, tokens: Sequence[int], given_ms: float) -> Stretch:
        start_ms, window_ms = window.frame_time_ms, self._listener.settings.window_ms
        events = self._listener.backbone.vocabulary.decode_window(tokens, start_ms)
        within = TimeRange(round(start_ms + given_ms), round(start_ms + window_ms))
        return Stretch(within, events)

    def _prompt(self, window: Window, until_ms: float) -> Prompt:
        view, prompting = self._view, self._listener.model.prompting
        mode, upto = view.beatmap.mode, view.map_context
        past = [event for event in view.events if event.time_ms < until_ms]
        if until_ms <= window.frame_time_ms:
            past = []
        contexts = [*view.contexts[:upto], Context(ContextType.MAP, past)]
        return prompting.builder.build(
            [Context(kind) for kind in prompting.given(mode)],
            contexts,
            view.conditioning,
            window.frame_time_ms,
            prompting.template(mode),
        )

    def objects(self, stretch: Stretch) -> tuple[HitObject, ...]:
        """What was written as objects that fit into the map."""
        encoding = self._listener.model.prompting.encoding
        events = retime(
            list(stretch.events), stretch.range.end_ms, types_first=encoding.types_first
        )
        options = SectionOptions(encoding=encoding, postprocess=PostprocessOptions.of(encoding))
        return write_section(events, self._view.beatmap, stretch.range, options).objects


@dataclass(frozen=True, slots=True, eq=False)
class WritingExaminer:
    """Lets a checkpoint write windows of maps and compares."""

    listener: MapListener
    n_windows: int
    """Per map."""
    plain: bool = False
    """Whether sections are written once more without any grammar."""

    @torch.inference_mode()
    def examine(
        self,
        view: MapView,
        other: Document | None,
        song: Song,
        windows: Sequence[Window],
        strength: onsets.Strength,
        found: dict[str, Written],
    ) -> None:
        """Write some of the windows of a map and note how that compares to the mapper's.

        Args:
            view: The map.
            other: Another difficulty at similar stars, to compare with.
            song: Its song.
            windows: Those to choose from.
            strength: Of the song's onsets.
            found: Where to note it, by the way of writing.
        """
        author = Author(self.listener, view, song)
        n = min(self.n_windows, len(windows), BATCH)
        chosen = [windows[index] for index in spread(len(windows), n)]
        ways = {"section": author.sections, "around": author.sections_within, "free": author.free}
        for name, way in ways.items():
            began = time.perf_counter()
            stretches, n_tokens = way(chosen)
            into = found.setdefault(name, Written())
            into.seconds += time.perf_counter() - began
            into.n_tokens += n_tokens
            self._note_onsets(view, stretches, into)
            self._note_baselines(view, stretches, strength, into)
            self._note_objects(author, view, other, stretches, into)
        if self.plain:
            stretches, n_tokens = author.sections(chosen, plain=True)
            into = found.setdefault("plain", Written())
            into.n_tokens += n_tokens
            self._note_onsets(view, stretches, into)

    def _onsets(self, events: Sequence[Event]) -> NDArray[np.float64]:
        encoding = self.listener.settings.encoding
        return np.array(onset_times(events, types_first=encoding.types_first))

    def _comparable(
        self, view: MapView, stretches: Sequence[Stretch]
    ) -> Iterator[tuple[Stretch, NDArray[np.float64], NDArray[np.float64]]]:
        """Stretches with the mapper's onsets and the ticks in them; chords count once.

        Where a map pauses or ends there is nothing to compare with.
        """
        real = np.unique(self._onsets(view.events))
        for stretch in stretches:
            start, end = stretch.range.start_ms, stretch.range.end_ms
            inside = real[(real >= start) & (real < end)]
            if len(inside):
                yield stretch, inside, onsets.quarter_ticks(view.beatmap, start, end)

    def _note_onsets(self, view: MapView, stretches: Sequence[Stretch], into: Written) -> None:
        for stretch, inside, ticks in self._comparable(view, stretches):
            start, end = stretch.range.start_ms, stretch.range.end_ms
            said = self._onsets(stretch.events)
            said = np.unique(said[(said >= start) & (said < end)])
            loose_ms = onsets.half_a_quarter_ms(view.beatmap, start)
            into.ticks += onsets.compare(said, inside, ticks)
            into.strict += onsets.counts_of_matches(said, inside, onsets.TOLERANCE_MS)
            into.loose += onsets.counts_of_matches(said, inside, loose_ms)
            into.mapper_strays += [(~onsets.near(inside, ticks)).sum(), len(inside)]
            into.onsets += [len(said), len(inside)]

    def _note_baselines(
        self,
        view: MapView,
        stretches: Sequence[Stretch],
        strength: onsets.Strength,
        into: Written,
    ) -> None:
        real = np.unique(self._onsets(view.events))
        density = len(real) * 1000 / max(float(real[-1] - real[0]), 1000.0)
        for stretch, inside, ticks in self._comparable(view, stretches):
            halves = onsets.ticks_of(view.beatmap, stretch.range.start_ms, stretch.range.end_ms, 2)
            loud = onsets.loudest_ticks(ticks, strength, density)
            into.grid += onsets.compare(halves, inside, ticks)
            into.detector += onsets.compare(loud, inside, ticks)

    def _note_objects(
        self,
        author: Author,
        view: MapView,
        other: Document | None,
        stretches: Sequence[Stretch],
        into: Written,
    ) -> None:
        hits = view.beatmap.hit_objects
        sounds = [hitsound_of(hit) for hit in hits]
        has_sounds = is_hitsounded(sounds)
        usual = max(set(sounds), key=sounds.count)
        likeness = Likeness() if other is not None else Likeness(other=None)
        alike = () if other is None else other.beatmap.hit_objects
        for stretch in stretches:
            made = author.objects(stretch)
            there = [hit for hit in hits if stretch.range.contains(hit.start_ms)]
            if not there:
                continue
            likeness.add(made, there, [h for h in alike if stretch.range.contains(h.start_ms)])
            if not has_sounds:
                continue
            for i, j in onsets.matched(_starts(made), _starts(there), onsets.TOLERANCE_MS):
                right = hitsound_of(there[j])
                into.sounds += [1, hitsound_of(made[i]) == right, usual == right]
        if view.beatmap.mode is Mode.OSU:
            into.shapes.append(likeness)


def _starts(hits: Sequence[HitObject]) -> NDArray[np.float64]:
    return np.array([hit.start_ms for hit in hits], dtype=np.float64)
