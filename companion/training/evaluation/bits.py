"""Bits per event by kind, with the right sound, with another song's and without any."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from companion.engine.events import TYPES, ContextType, EventType
from companion.engine.rhythm import onset_times
from companion.training.evaluation import onsets
from companion.training.evaluation.baselines import symbol_pairs
from companion.training.evaluation.listening import Sound
from companion.training.evaluation.shapes import is_hitsounded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from companion.engine.loaded_model import Song
    from companion.engine.windows import Window
    from companion.training.evaluation.baselines import Baselines
    from companion.training.evaluation.listening import Judged, MapListener, MapView


@dataclass(slots=True)
class Tally:
    """A sum, and of how many."""

    total: float = 0.0
    n: int = 0


ByKind = dict[str, Tally]
"""Bits of tokens by kind of event. All types are one kind, called "type"; kinds of other contexts
than the map have the context's name before theirs."""


def _by_kind() -> ByKind:
    return {}


@dataclass(slots=True)
class Bits:
    """Bits of one song's tokens."""

    right: ByKind = field(default_factory=_by_kind)
    other: ByKind = field(default_factory=_by_kind)
    """With another song's sound."""
    none: ByKind = field(default_factory=_by_kind)
    """Without sound."""
    unigram: ByKind = field(default_factory=_by_kind)
    """Frequencies among all tokens."""
    unigram_in_kind: ByKind = field(default_factory=_by_kind)
    """Frequencies among the tokens of the kind."""
    bigram: ByKind = field(default_factory=_by_kind)
    n_moments: int = 0
    """Judged times that differ from the one before: chords and slider tails count once."""
    head: NDArray[np.float64] = field(default_factory=lambda: np.zeros(3))
    """Hits, false alarms, misses of the frame head on quarter ticks."""
    has_head: bool = False
    sounds: NDArray[np.float64] = field(default_factory=lambda: np.zeros(3))
    """Hitsound tokens in hitsounded maps: how many, of them likeliest to the model, and of them the
    map's most common one."""
    n_maps: int = 0
    n_windows: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class BitsExaminer:
    """Judges windows of maps with three sounds."""

    listener: MapListener

    def examine(
        self,
        view: MapView,
        song: Song,
        other: Song,
        windows: Sequence[Window],
        baselines: Baselines,
        found: Bits,
    ) -> list[Judged]:
        """Note what the tokens of a map cost; returns what was judged with the right sound."""
        found.n_maps += 1
        found.n_windows += len(windows)
        judged = self.listener.judge(view, song, windows)
        self._note_right(view, judged, baselines, found)
        for one in self.listener.judge(view, other, windows):
            add(found.other, one, one.bits.tolist())
        for one in self.listener.judge(view, song, windows, Sound.NONE):
            add(found.none, one, one.bits.tolist())
        odds = self.listener.onsets(self.listener.encoded(view, song, windows))
        if odds is not None:
            found.has_head = True
            for row, window in zip(odds, windows, strict=True):
                found.head += _head_counts(view, window, row)
        return judged

    def _note_right(
        self, view: MapView, judged: Sequence[Judged], baselines: Baselines, found: Bits
    ) -> None:
        mode = view.beatmap.mode.name.lower()
        pairs = symbol_pairs(view.beatmap, view.events)
        has_sounds, usual = _usual_sound(view)
        for one in judged:
            add(found.right, one, one.bits.tolist())
            if one.context is not ContextType.MAP or not len(one.tokens):
                continue
            found.n_moments += count_moments(one)
            indices: list[int] = one.indices.tolist()
            symbols = [pairs[index] for index in indices]
            plain, within = baselines.unigram(mode, one.tokens, symbols)
            add(found.unigram, one, plain)
            add(found.unigram_in_kind, one, within)
            add(found.bigram, one, baselines.bigram(symbols))
            if has_sounds:
                sounds = np.array([kind is EventType.HITSOUND for kind in one.kinds])
                tokens, likeliest = one.tokens[sounds], one.by_kind.likeliest[sounds]
                alike = (one.values[sounds] == usual).sum()
                found.sounds += [len(tokens), (tokens == likeliest).sum(), alike]


def add(to: ByKind, judged: Judged, values: Sequence[float]) -> None:
    """Note one number for each judged token."""
    prefix = "" if judged.context is ContextType.MAP else f"{judged.context.value}."
    for kind, value in zip(judged.kinds, values, strict=True):
        name = "type" if kind in TYPES else kind.value
        tally = to.setdefault(prefix + name, Tally())
        tally.total += value
        tally.n += 1


def count_moments(judged: Judged) -> int:
    """Times that differ from the time before."""
    times = judged.values[[kind is EventType.TIME_SHIFT for kind in judged.kinds]]
    return int((np.diff(times) != 0).sum()) + 1 if len(times) else 0


def _usual_sound(view: MapView) -> tuple[bool, int]:
    """Whether a map is hitsounded, and the most common value of its hitsound events."""
    sounds = [event.value for event in view.events if event.kind is EventType.HITSOUND]
    if not sounds:
        return False, 0
    has_sounds = is_hitsounded([sound % 8 for sound in sounds])
    return has_sounds, max(set(sounds), key=sounds.count)


def _head_counts(view: MapView, window: Window, odds: NDArray[np.float32]) -> NDArray[np.float64]:
    start = window.frame_time_ms
    ticks = onsets.quarter_ticks(view.beatmap, start, start + onsets.BIN_MS * len(odds))
    said = onsets.head_onsets(odds, ticks, start)
    return onsets.compare(said, np.array(onset_times(view.events)), ticks)[:3]
