"""How good a bundled model is on sets of songs, with songs as the units of every interval."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from companion.beatmap import Document
from companion.beatmap.star_rating import star_rating
from companion.engine.audio import load_audio
from companion.engine.conditioning import Conditioning
from companion.engine.events import HEAD_TYPES, TYPES, EventType
from companion.engine.windows import song_length_ms
from companion.training.continuing import compare, continued_onsets
from companion.training.faults import plant
from companion.training.figures import Findings
from companion.training.hearings import BATCH, MapListener, count_moments, moment_bits
from companion.training.library import MODES, TOO_HARD_STARS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from companion.beatmap import Beatmap, TimeRange
    from companion.engine.audio import Waveform
    from companion.engine.model.backbone import WindowInput
    from companion.engine.windows import Window
    from companion.training.hearings import Judged, MapView
    from companion.training.library import SongSet


@dataclass(frozen=True, slots=True)
class Effort:
    """How much of each song is looked at."""

    maps_per_song: int = 3
    """Per mode, spread over the star ratings."""
    windows_per_map: int = 8
    continued_windows: int = 4
    """Windows per map whose second half is written; 0 for none."""


class Baseline:
    """Token frequencies of training maps."""

    def __init__(self, counts: dict[str, dict[str, int]], listener: MapListener) -> None:
        words = listener.backbone.vocabulary
        self._counts = {mode: np.zeros(words.size_out) for mode in MODES}
        for mode, by_id in counts.items():
            for token, count in by_id.items():
                self._counts[mode][int(token)] = count
        self._group = np.full(words.size_out, -1)
        for index, one in enumerate(words.output_ranges):
            # All types compete with each other.
            self._group[one.first_id : one.end_id] = -2 if one.kind in TYPES else index

    def bits(self, mode: str, tokens: NDArray[np.int64]) -> tuple[list[float], list[float]]:
        """Bits among all tokens, and among those of the same kind; add-one smoothed."""
        counts = self._counts[mode] + 1
        plain = -np.log2(counts[tokens] / counts.sum())
        sums = {group: counts[self._group == group].sum() for group in np.unique(self._group)}
        within = np.array([sums[group] for group in self._group[tokens]])
        return plain.tolist(), (-np.log2(counts[tokens] / within)).tolist()


@dataclass(frozen=True, slots=True, eq=False)
class Examiner:
    """Examines songs with one model."""

    listener: MapListener
    baseline: Baseline | None
    effort: Effort

    def examine(self, one: SongSet, other: SongSet) -> Iterator[tuple[str, Findings]]:
        """Findings per mode of a song; ``other`` lends its sound for comparison."""
        settings = self.listener.settings
        waveform = load_audio(one.audio, settings.rate_hz, settings.resampler)
        foreign = load_audio(other.audio, settings.rate_hz, settings.resampler)
        for mode, name in enumerate(MODES):
            found = Findings()
            for document, conditioning in self._maps(one, mode, waveform):
                self._examine_map(document, conditioning, waveform, foreign, name, found)
            if found.n_maps:
                yield name, found

    def _maps(
        self, one: SongSet, mode: int, waveform: Waveform
    ) -> list[tuple[Document, Conditioning]]:
        maps: list[tuple[float, Document, Conditioning]] = []
        for file in one.maps:
            if file.mode != mode:
                continue
            data = file.path.read_bytes()
            document = Document.parse(data)
            length_ms = song_length_ms(len(waveform.samples), waveform.rate_hz)
            stars = star_rating(data)
            if stars is not None and stars < TOO_HARD_STARS:
                conditioning = Conditioning.of(document.beatmap, length_ms, stars)
                maps.append((stars, document, conditioning))
        maps.sort(key=lambda entry: entry[0])
        n = min(len(maps), self.effort.maps_per_song)
        picks = _spread(len(maps), n)
        return [maps[index][1:] for index in picks]

    def _examine_map(
        self,
        document: Document,
        conditioning: Conditioning,
        waveform: Waveform,
        foreign: Waveform,
        mode: str,
        found: Findings,
    ) -> None:
        listener = self.listener
        view = listener.view(document.beatmap, conditioning)
        n_samples = len(waveform.samples)
        windows = listener.windows(n_samples, view, self.effort.windows_per_map)
        if not windows:
            return
        found.n_maps += 1
        found.n_windows += len(windows)
        inputs = listener.inputs(view, waveform, windows)
        judged = listener.judge(view, inputs, windows)
        self._note_bits(judged, mode, found)
        wrong = listener.inputs(view, foreign, windows)
        for one in listener.judge(view, wrong, windows):
            _add(found.shuffled_bits, one, one.bits.tolist())
        for odds, window in zip(listener.onsets(inputs), windows, strict=True):
            found.head += _head_counts(view, window, odds)
        self._note_faults(document, conditioning, waveform, windows, judged, found)
        if self.effort.continued_windows:
            self._note_continued(view, inputs, windows, found)

    def _note_bits(self, judged: Sequence[Judged], mode: str, found: Findings) -> None:
        for one in judged:
            _add(found.bits, one, one.bits.tolist())
            found.n_moments += count_moments(one)
            if self.baseline is not None and len(one.tokens):
                plain, within = self.baseline.bits(mode, one.tokens)
                _add(found.plain_bits, one, plain)
                _add(found.kind_bits, one, within)

    def _note_faults(
        self,
        document: Document,
        conditioning: Conditioning,
        waveform: Waveform,
        windows: Sequence[Window],
        judged: Sequence[Judged],
        found: Findings,
    ) -> None:
        for one in judged:
            found.untouched += [bits for _, _, bits in moment_bits(one)]
        rng = np.random.default_rng(len(document.lines))
        apart: list[Window] = []
        for window in windows:
            # A fault must not stand in the past of another one.
            if not apart or window.index >= apart[-1].index + 2:
                apart.append(window)
        ranges: list[TimeRange] = [window.keep for window in apart]
        edited, faults = plant(document, ranges, rng)
        view = self.listener.view(edited.beatmap, conditioning)
        inputs = self.listener.inputs(view, waveform, apart)
        marks = {(fault.to_ms, fault.column) for fault in faults}
        for one in self.listener.judge(view, inputs, apart):
            found.moved += [
                bits for time, column, bits in moment_bits(one) if (time, column) in marks
            ]

    def _note_continued(
        self,
        view: MapView,
        inputs: Sequence[WindowInput],
        windows: Sequence[Window],
        found: Findings,
    ) -> None:
        n = min(self.effort.continued_windows, len(windows), BATCH)
        picks = _spread(len(windows), n)
        chosen = [windows[index] for index in picks]
        onsets = continued_onsets(self.listener, view, [inputs[i] for i in picks], chosen)
        real = _onsets(view)
        for window, written in zip(chosen, onsets, strict=True):
            middle = window.frame_time_ms + self.listener.settings.window_ms / 2
            end = window.frame_time_ms + self.listener.settings.window_ms
            ticks = quarter_ticks(view.beatmap, middle, end)
            inside = real[(real >= middle) & (real < end)]
            # Where a map pauses or ends there is nothing to compare with. Chords count once.
            if len(inside):
                onsets_there = np.unique(written[(written >= middle) & (written < end)])
                found.continued += compare(onsets_there, inside, ticks)


def quarter_ticks(beatmap: Beatmap, start_ms: float, end_ms: float) -> NDArray[np.float64]:
    """All ticks of a quarter of a beat in a range."""
    lines = beatmap.red_lines
    ticks: list[NDArray[np.float64]] = [np.zeros(0)]
    for index, line in enumerate(lines):
        first = start_ms if index == 0 else max(line.time_ms, start_ms)
        last = min(lines[index + 1].time_ms if index + 1 < len(lines) else end_ms, end_ms)
        step = line.beat_length / 4
        if last <= first or not 5 < step < 10_000:
            continue
        low = math.ceil((first - line.time_ms) / step - 1e-6)
        past = math.ceil((last - line.time_ms) / step)
        ticks.append(line.time_ms + step * np.arange(low, past, dtype=np.float64))
    return np.concatenate(ticks)


def _spread(n: int, at_most: int) -> list[int]:
    """Indices below n, evenly spread, first and last among them."""
    if n <= at_most:
        return list(range(n))
    return [round(float(i)) for i in np.linspace(0, n - 1, at_most)]


def _head_counts(view: MapView, window: Window, odds: NDArray[np.float32]) -> NDArray[np.float64]:
    start, n_bins = window.frame_time_ms, len(odds)
    ticks = quarter_ticks(view.beatmap, start, start + 10 * n_bins)
    bins = np.floor((np.floor(ticks + 1e-3) - start) / 10).astype(int).clip(0, n_bins - 1)
    said = ticks[odds[bins] > 0]
    return compare(said, _onsets(view), ticks)[:3]


def _onsets(view: MapView) -> NDArray[np.float64]:
    events = view.events
    return np.array(
        [
            float(after.value)
            for event, after in pairwise(events)
            if event.kind in HEAD_TYPES and after.kind is EventType.TIME_SHIFT
        ]
    )


def _add(to: dict[str, list[float]], judged: Judged, values: Sequence[float]) -> None:
    for kind, value in zip(judged.kinds, values, strict=True):
        to.setdefault("type" if kind in TYPES else kind.value, []).append(value)
