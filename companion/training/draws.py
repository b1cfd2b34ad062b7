"""Windows of songs and maps, drawn at random with augmentation, as batches of arrays."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from companion.engine.events import TYPES, ContextType, EventType
from companion.engine.model.bundled.conditions import (
    UNKNOWN_DENSITY,
    UNKNOWN_STARS,
    condition_classes,
)
from companion.training.charts import Mirror, end_tokens
from companion.training.spectra import SPEEDS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.random import Generator
    from numpy.typing import NDArray

    from companion.engine.conditioning import Conditioning
    from companion.engine.model.bundled.configuration import NetworkSizes
    from companion.engine.prompts import PromptBuilder
    from companion.engine.vocabulary import Vocabulary
    from companion.training.charts import Chart
    from companion.training.spectra import Spectra

MODE_SHARES = (0.5, 0.06, 0.04, 0.4)
"""How often a batch is of each mode."""
UNKNOWN_SHARE = 0.1
"""How often stars, and how often density, are withheld."""
MAX_TRAINED_TOKENS = 513
"""Longer windows are cut while training, either at their start or at their end."""
NOISY_SHARE = 0.3
"""How often noise is laid over a window."""
CANDIDATES = 3
"""Windows drawn per window used: those of about the same length make a batch."""

_TYPE_KINDS = [index for index, kind in enumerate(EventType) if kind in TYPES]


@dataclass(frozen=True, slots=True, eq=False)
class Song:
    """A song with the maps that share its red lines; without audio it is one map alone."""

    name: str
    audio: Path | None
    mode: int
    charts: tuple[Chart, ...]


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """One map's window: labels and tokens."""

    chart: Chart
    speed: float
    start_ms: float
    """In the played song's time."""
    classes: tuple[int, int, int, int]
    tokens: NDArray[np.int64]
    """Prompt, events and end."""
    n_prompt: int
    """Tokens that are given and not to be predicted."""


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """A window of a song with the views of some maps."""

    song: Song
    speed: Fraction
    first_column: int
    views: tuple[View, ...]

    @property
    def length(self) -> int:
        """Tokens of the longest view."""
        return max(len(view.tokens) for view in self.views)


def songs_of(audio: Path | None, name: str, charts: Sequence[Chart]) -> list[Song]:
    """Group a set's maps by mode and red lines, so that a group can share encoded windows."""
    groups: dict[tuple[int, bytes], list[Chart]] = {}
    for chart in charts:
        key = chart.mode, chart.lines.near(-1e12, 1e12)
        groups.setdefault(key, []).append(chart)
    return [Song(name, audio, mode, tuple(group)) for (mode, _), group in groups.items()]


def pick_songs(songs: Sequence[Song], n: int, rng: Generator) -> list[Song]:
    """Songs of one mode, by the modes' shares; every song of a mode has the same chance."""
    by_mode = [[song for song in songs if song.mode == mode] for mode in range(4)]
    shares = np.array(MODE_SHARES) * [bool(group) for group in by_mode]
    group = by_mode[rng.choice(4, p=shares / shares.sum())]
    # Groups of one song (maps with different red lines) share the song's chance.
    weights = np.array([len(song.charts) for song in group], dtype=np.float64)
    totals: dict[str, float] = {}
    for song, weight in zip(group, weights, strict=True):
        totals[song.name] = totals.get(song.name, 0.0) + weight
    weights /= [totals[song.name] for song in group]
    picks = rng.choice(len(group), size=n, p=weights / weights.sum())
    return [group[index] for index in picks]


@dataclass(frozen=True, slots=True, eq=False)
class Drawer:
    """Draws training windows."""

    sizes: NetworkSizes
    prompts: PromptBuilder
    max_tokens: int

    @property
    def vocabulary(self) -> Vocabulary:
        """The tokens."""
        return self.prompts.vocabulary

    def batch(self, songs: Sequence[Song], n: int, each: int, rng: Generator) -> list[Window]:
        """``n`` windows of one mode and of about the same number of tokens."""
        picks = pick_songs(songs, n * CANDIDATES, rng)
        drawn = sorted((self.window(song, each, rng) for song in picks), key=_length)
        # The first and last places in the order are as likely as those in the middle.
        first = int(rng.integers(1 - n, len(drawn)))
        first = min(max(first, 0), len(drawn) - n)
        return drawn[first : first + n]

    def window(self, song: Song, each: int, rng: Generator) -> Window:
        """A window at a random place of a song, played at a random speed."""
        speed = SPEEDS[rng.integers(len(SPEEDS))]
        picks: list[int] = rng.choice(
            len(song.charts), size=each, replace=len(song.charts) < each
        ).tolist()
        charts = [song.charts[index] for index in picks]
        column = self._random_column(charts[0], float(speed), rng)
        views = tuple(self._view(chart, float(speed), column, rng) for chart in charts)
        return Window(song, speed, column, views)

    def plain_window(self, song: Song, chart: Chart, first_column: int) -> Window:
        """A map's window as it is, everything known."""
        wish = chart.conditioning
        classes = condition_classes(chart.mode, wish.difficulty, wish.note_density, wish.keycount)
        view = self._written(chart, 1.0, first_column, classes, wish, Mirror())
        return Window(song, Fraction(1), first_column, (view,))

    def _view(self, chart: Chart, speed: float, column: int, rng: Generator) -> View:
        wish = chart.conditioning
        stars = None if wish.difficulty is None else wish.difficulty * speed
        density = None if wish.note_density is None else wish.note_density * speed
        mode, star_class, density_class, keys = condition_classes(
            chart.mode, stars, density, wish.keycount
        )
        if rng.random() < UNKNOWN_SHARE:
            star_class, stars = UNKNOWN_STARS, None
        if rng.random() < UNKNOWN_SHARE:
            density_class = UNKNOWN_DENSITY
        wish = replace(wish, difficulty=stars)
        mirror = Mirror(bool(rng.random() < 0.5), mode == 0 and bool(rng.random() < 0.5))
        classes = mode, star_class, density_class, keys
        return self._cut(self._written(chart, speed, column, classes, wish, mirror), rng)

    def _cut(self, view: View, rng: Generator) -> View:
        """The start or the end of a window that is too long; in use, too, a past may be missing."""
        tokens = view.tokens
        if len(tokens) <= MAX_TRAINED_TOKENS:
            return view
        if rng.random() < 0.5:
            return replace(view, tokens=tokens[:MAX_TRAINED_TOKENS])
        first = len(tokens) - (MAX_TRAINED_TOKENS - view.n_prompt)
        kinds = self.vocabulary.kind_index[tokens[first:]]
        starts = np.flatnonzero(np.isin(kinds, _TYPE_KINDS))
        first += int(starts[0]) if len(starts) else 0
        return replace(view, tokens=np.concatenate([tokens[: view.n_prompt], tokens[first:]]))

    def _written(
        self,
        chart: Chart,
        speed: float,
        column: int,
        classes: tuple[int, int, int, int],
        wish: Conditioning,
        mirror: Mirror,
    ) -> View:
        start_ms = column * self.sizes.column_ms
        events = chart.window(self.vocabulary, start_ms, self.sizes.window_ms, speed, mirror)
        prompt = [
            *self.prompts.class_tokens(wish),
            chart.scroll_speed_before(self.vocabulary, start_ms, speed),
            self.vocabulary.sos_id,
            self.vocabulary.context_sos[ContextType.MAP],
        ]
        tokens = np.concatenate([prompt, events, end_tokens(self.vocabulary)])
        return View(
            chart, speed, start_ms, classes, tokens[: self.max_tokens].astype(np.int64), len(prompt)
        )

    def _random_column(self, chart: Chart, speed: float, rng: Generator) -> int:
        window_ms = self.sizes.window_ms
        first = chart.onsets_ms[0] / speed - 0.4 * window_ms
        last = chart.events_ms[-1] / speed - 0.4 * window_ms
        place_ms = first + float(rng.random()) * max(last - first, 1.0)
        return max(int(place_ms / self.sizes.column_ms), 0)


def sound_of(windows: Sequence[Window], spectra: Spectra) -> NDArray[np.float32]:
    """Log-mel columns, zeros where there is no audio, shape = (n, n_mels, window_frames)."""
    return np.stack(
        [
            spectra.silence()
            if window.song.audio is None
            else spectra.window(window.song.audio, window.speed, window.first_column)
            for window in windows
        ]
    )


def augmented(log_mel: NDArray[np.float32], rng: Generator) -> NDArray[np.float32]:
    """Another equaliser, a shift by mel bands, noise, and masked stretches of time and bands."""
    n, n_mels, n_columns = log_mel.shape
    bands = np.linspace(0, np.pi, n_mels, dtype=np.float32)
    out = np.empty_like(log_mel)
    for index in range(n):
        amount = rng.normal(0, 0.4, 4).astype(np.float32)
        curve = np.cos(np.outer(bands, np.arange(1, 5))) @ amount
        row = np.roll(log_mel[index], rng.integers(-2, 3), axis=0) + curve[:, None]
        level = row.mean()
        if rng.random() < NOISY_SHARE:
            # Below the mean by one to four nats, so that only what is quiet drowns in it.
            noise = rng.normal(level - rng.uniform(1, 4), 0.5, (n_mels, n_columns))
            row = np.logaddexp(row, np.asarray(noise, dtype=np.float32))
        for _ in range(rng.integers(0, 3)):
            low, width = _below(rng, n_mels), 1 + _below(rng, 11)
            row[low : low + width] = level
        for _ in range(rng.integers(0, 4)):
            low, width = _below(rng, n_columns), 1 + _below(rng, 23)
            row[:, low : low + width] = level
        out[index] = row
    return out


def _below(rng: Generator, n: int) -> int:
    return int(rng.integers(n))


def _length(window: Window) -> int:
    return window.length
