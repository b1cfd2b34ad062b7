"""How a song is cut into windows that overlap.

A model hears one window at a time. Of what it says about a window only the middle is kept: the
*lookback* at its start is covered by the windows before (and shown to the model as its past), the
*lookahead* at its end by those after. The stride is what remains, so with the usual lookback of 0.5
and lookahead of 0.4 each moment lies in about ten windows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

from companion.beatmap import TimeRange

if TYPE_CHECKING:
    from collections.abc import Sequence


WIDE_LOOKAHEAD = 0.2
"""Lookahead for judging maps and for writing sections, at most, as a fraction of a window.

The released inference has 0.4 and so keeps a tenth of each window. With this, three tenths are kept
after no less of the past and before a part that is still heard, at a third of the work.
"""
WIDE_LOOKAHEAD_MS = 3277.0
"""The same as a time: of windows of 32 s less than a fifth is sound enough after an event."""


@dataclass(frozen=True, slots=True)
class WindowSettings:
    """Size and overlap of the windows that a checkpoint works with."""

    window_samples: int
    rate_hz: int
    lookback: float = 0.5
    """Fraction of a window."""
    lookahead: float = 0.4
    """Fraction of a window."""

    @classmethod
    def of(cls, src_seq_len: int, hop_length: int, rate_hz: int) -> Self:
        """Settings of a checkpoint whose spectrogram has `src_seq_len` columns.

        A centred spectrogram has one column more than hops, hence the one hop less.
        """
        return cls((src_seq_len - 1) * hop_length, rate_hz)

    @property
    def stride_samples(self) -> int:
        """Samples from one window's start to the next one's."""
        return max(int(self.window_samples * (1 - self.lookback - self.lookahead)), 1)

    @property
    def window_ms(self) -> float:
        """Length of a window."""
        return self.window_samples * 1000 / self.rate_hz

    @property
    def stride_ms(self) -> float:
        """Time from one window's start to the next one's."""
        return self.stride_samples * 1000 / self.rate_hz

    @property
    def lookback_ms(self) -> float:
        """Length of the lookback, from the window's start."""
        return self.lookback * self.window_ms

    @property
    def lookahead_start_ms(self) -> float:
        """Where the lookahead begins, from the window's start."""
        return (1 - self.lookahead) * self.window_ms

    @property
    def lookahead_ms(self) -> float:
        """Length of the lookahead."""
        return self.lookahead * self.window_ms

    def overlapping(self, lookback: float | None, lookahead: float | None) -> WindowSettings:
        """The same windows with another lookback and lookahead; ``None`` leaves one as it is."""
        return replace(
            self,
            lookback=self.lookback if lookback is None else lookback,
            lookahead=self.lookahead if lookahead is None else lookahead,
        )

    def keeping_more(self) -> WindowSettings:
        """The same windows, but with no more lookahead than is needed."""
        needed = min(WIDE_LOOKAHEAD, WIDE_LOOKAHEAD_MS / self.window_ms)
        return replace(self, lookahead=min(self.lookahead, needed))

    def without_overlap(self) -> WindowSettings:
        """The same windows laid end to end."""
        return replace(self, lookback=0.0, lookahead=0.0)


@dataclass(frozen=True, slots=True)
class Window:
    """One window of a song."""

    index: int
    """Position among all windows of the song, whatever range was asked for."""
    first_sample: int
    """Where its audio begins; past the song's end the samples are zero."""
    frame_time_ms: int
    """Song time of its start, cut off to whole milliseconds; time tokens count from here."""
    audio: TimeRange
    """What the model hears."""
    keep: TimeRange
    """The part that this window and no other answers for."""


def song_length_ms(n_samples: int, rate_hz: int) -> float:
    """Length of a song from its samples."""
    return n_samples / rate_hz * 1000


def windows_of(
    n_samples: int,
    settings: WindowSettings,
    start_ms: float | None = None,
    end_ms: float | None = None,
) -> tuple[Window, ...]:
    """All windows of a song of `n_samples`, or those that answer for a range of it.

    The last window is padded so that the whole song is covered; a song shorter than a window has
    one. Windows whose kept part lies before `start_ms` or after `end_ms` are left out, but at least
    one remains. The kept parts of the windows given tile the time from the first one's start to the
    last one's end.
    """
    stride = settings.stride_samples
    beyond = max(n_samples - settings.window_samples, 0)
    starts = [i * stride for i in range(math.ceil(beyond / stride) + 1)]
    times = [start * 1000 // settings.rate_hz for start in starts]
    first, past = _in_range(times, settings, start_ms, end_ms)
    edges = _keep_edges(times[first:past], settings)
    return tuple(
        Window(
            index=i,
            first_sample=starts[i],
            frame_time_ms=times[i],
            audio=TimeRange(times[i], times[i] + math.ceil(settings.window_ms)),
            keep=TimeRange(edges[i - first], edges[i - first + 1]),
        )
        for i in range(first, past)
    )


def _in_range(
    times: Sequence[int], settings: WindowSettings, start_ms: float | None, end_ms: float | None
) -> tuple[int, int]:
    first, past = 0, len(times)
    if start_ms is not None:
        threshold = start_ms - settings.lookahead_start_ms
        first = min(sum(time <= threshold for time in times), len(times) - 1)
    if end_ms is not None:
        threshold = end_ms - settings.lookback_ms
        past = first + max(sum(time < threshold for time in times[first:]), 1)
    return first, past


def _keep_edges(times: Sequence[int], settings: WindowSettings) -> list[int]:
    inner = [math.ceil(time + settings.lookback_ms) for time in times[1:]]
    return [times[0], *inner, times[-1] + math.ceil(settings.window_ms)]
