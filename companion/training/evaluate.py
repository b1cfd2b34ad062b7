"""How good a bundled model is on sets of songs, with songs as the units of every interval."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from companion.beatmap import Document
from companion.engine.audio import load_audio
from companion.engine.conditioning import Conditioning, star_rating
from companion.engine.events import HEAD_TYPES, TYPES, EventType
from companion.engine.windows import song_length_ms
from companion.training.continuing import compare, continued_onsets
from companion.training.faults import plant
from companion.training.hearings import BATCH, MapListener, moment_bits
from companion.training.library import MODES, TOO_HARD_STARS
from companion.training.measures import auc, f1_score, interval

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

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


@dataclass(slots=True)
class Findings:
    """Everything measured on one song in one mode."""

    bits: dict[str, list[float]] = field(default_factory=dict[str, "list[float]"])
    """Per token, by kind of event."""
    shuffled_bits: dict[str, list[float]] = field(default_factory=dict[str, "list[float]"])
    """The same with another song's sound."""
    plain_bits: dict[str, list[float]] = field(default_factory=dict[str, "list[float]"])
    """The same from frequencies of all tokens in the training maps of the mode."""
    kind_bits: dict[str, list[float]] = field(default_factory=dict[str, "list[float]"])
    """The same from frequencies among the tokens of the kind."""
    head: NDArray[np.float64] = field(default_factory=lambda: np.zeros(3))
    """Hits, false alarms, misses of the frame head on quarter ticks."""
    moved: list[float] = field(default_factory=list[float])
    """Suspicion of objects moved by a quarter of a beat."""
    untouched: list[float] = field(default_factory=list[float])
    continued: NDArray[np.float64] = field(default_factory=lambda: np.zeros(4))
    """Hits, false alarms, misses and strays of written second halves."""
    n_maps: int = 0
    n_windows: int = 0


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
            found.continued += compare(written, inside, ticks)


def quarter_ticks(beatmap: Beatmap, start_ms: float, end_ms: float) -> NDArray[np.float64]:
    """All ticks of a quarter of a beat in a range."""
    lines = beatmap.red_lines
    ticks: list[NDArray[np.float64]] = []
    for index, line in enumerate(lines):
        first = start_ms if index == 0 else max(line.time_ms, start_ms)
        last = min(lines[index + 1].time_ms if index + 1 < len(lines) else end_ms, end_ms)
        step = line.beat_length / 4
        if last <= first or not 5 < step < 10_000:
            continue
        low = np.ceil((first - line.time_ms) / step - 1e-6)
        ticks.append(line.time_ms + step * np.arange(low, np.ceil((last - line.time_ms) / step)))
    return np.concatenate(ticks) if ticks else np.zeros(0)


def _spread(n: int, at_most: int) -> list[int]:
    """Indices below n, evenly spread, first and last among them."""
    if n <= at_most:
        return list(range(n))
    return [round(float(i)) for i in np.linspace(0, n - 1, at_most)]


def summary(found: Sequence[Findings]) -> dict[str, Any]:
    """Pooled figures of some songs in one mode."""
    kinds = sorted({kind for one in found for kind in one.bits})
    head = np.sum([one.head for one in found], axis=0)
    written = np.sum([one.continued for one in found], axis=0)
    moved = [value for one in found for value in one.moved]
    untouched = [value for one in found for value in one.untouched]
    return {
        "bits": {kind: _mean([one.bits for one in found], kind) for kind in kinds},
        "shuffled_bits": {
            kind: _mean([one.shuffled_bits for one in found], kind) for kind in kinds
        },
        "unigram_bits": {kind: _mean([one.plain_bits for one in found], kind) for kind in kinds},
        "unigram_in_kind_bits": {
            kind: _mean([one.kind_bits for one in found], kind) for kind in kinds
        },
        "tokens": {kind: sum(len(one.bits.get(kind, [])) for one in found) for kind in kinds},
        "head_f1": f1_score(*head),
        "head_ratio": float((head[0] + head[1]) / max(head[0] + head[2], 1)),
        "displacement_auc": auc(moved, untouched),
        "displaced": len(moved),
        "continued_f1": f1_score(*written[:3]),
        "continued_ratio": float((written[0] + written[1]) / max(written[0] + written[2], 1)),
        "continued_off_tick": float(written[3] / max(written[0] + written[1] + written[3], 1)),
        "songs": len(found),
        "maps": sum(one.n_maps for one in found),
        "windows": sum(one.n_windows for one in found),
    }


def intervals(songs: Mapping[str, Findings]) -> dict[str, tuple[float, float]]:
    """95 % bootstrap intervals over songs of the figures that gates rest on."""

    def spread(figure: Callable[[Sequence[Findings]], float]) -> tuple[float, float]:
        return interval(songs, figure)

    def time_bits(found: Sequence[Findings]) -> float:
        return _mean([one.bits for one in found], "t")

    def gain(found: Sequence[Findings]) -> float:
        return _mean([one.shuffled_bits for one in found], "t") - time_bits(found)

    def head(found: Sequence[Findings]) -> float:
        return f1_score(*np.sum([one.head for one in found], axis=0))

    def continued(found: Sequence[Findings]) -> float:
        return f1_score(*np.sum([one.continued for one in found], axis=0)[:3])

    def displacement(found: Sequence[Findings]) -> float:
        return auc(*([v for one in found for v in part(one)] for part in (_moved, _untouched)))

    return {
        "time_bits": spread(time_bits),
        "gain_bits": spread(gain),
        "head_f1": spread(head),
        "continued_f1": spread(continued),
        "displacement_auc": spread(displacement),
    }


def _moved(one: Findings) -> list[float]:
    return one.moved


def _untouched(one: Findings) -> list[float]:
    return one.untouched


def _mean(rows: Sequence[dict[str, list[float]]], kind: str) -> float:
    values = [value for row in rows for value in row.get(kind, [])]
    return float(np.mean(values)) if values else float("nan")


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
