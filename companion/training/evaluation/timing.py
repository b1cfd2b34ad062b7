"""How far the timing that a checkpoint hears is from the mappers'."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from companion.beatmap import Document, compare_timing
from companion.engine.cancellation import CancelToken
from companion.engine.requests import HeardTiming, TimingOptions, TimingRequest
from companion.errors import NoBeatHeard

if TYPE_CHECKING:
    from collections.abc import Sequence

    from companion.beatmap import TimingPoint
    from companion.engine.loaded_model import LoadedModel
    from companion.training.library import SongSet


@dataclass(frozen=True, slots=True)
class TimingError:
    """One song timed in one way."""

    bpm_error: float
    """Main tempo heard less the map's, in beats per minute."""
    offset_ms: float
    """Median distance of the beats heard from the map's; above 0 they are late."""
    mean_error_ms: float
    close_share: float
    """Of the beats, within 10 ms of one of the map's."""
    same_tempo_share: float


@dataclass(slots=True)
class Timing:
    """What was heard in one song."""

    ways: dict[str, list[TimingError]] = field(default_factory=dict[str, "list[TimingError]"])
    """``plain`` and ``super``."""
    without_beat: dict[str, int] = field(default_factory=dict[str, int])
    """How often there was no beat to be heard."""


def examine_timing(
    model: LoadedModel, one: SongSet, iterations: int, seed: int, found: Timing
) -> None:
    """Time a song by ear and compare to the red lines of its first map.

    Raises:
        AudioError: The song cannot be listened to.
        OptionRefused: The checkpoint cannot hear timing.
    """
    document = Document.parse(one.maps[0].path.read_bytes())
    ways = {"plain": TimingOptions(seed=seed)}
    if iterations:
        ways["super"] = TimingOptions(iterations, seed)
    for name, options in ways.items():
        request = TimingRequest(one.audio, document, options)
        try:
            heard = [
                answer
                for answer in model.hear_timing(request, CancelToken())
                if isinstance(answer, HeardTiming)
            ][-1]
        except NoBeatHeard:
            found.without_beat[name] = found.without_beat.get(name, 0) + 1
            continue
        error = timing_error(heard, document.beatmap.red_lines)
        if error is not None:
            found.ways.setdefault(name, []).append(error)


def timing_error(heard: HeardTiming, red_lines: Sequence[TimingPoint]) -> TimingError | None:
    """How far apart two timings of a song are; None where there is no beat to compare."""
    agreement = compare_timing(heard.red_lines, red_lines, heard.song_length_ms)
    if agreement is None:
        return None
    length_ms = heard.song_length_ms
    return TimingError(
        main_bpm(heard.red_lines, length_ms) - main_bpm(red_lines, length_ms),
        agreement.shift_ms,
        agreement.mean_error_ms,
        agreement.close_share,
        agreement.same_tempo_share,
    )


def main_bpm(red_lines: Sequence[TimingPoint], end_ms: float) -> float:
    """The tempo that governs most of a song; 0 without any."""
    lengths: dict[float, float] = {}
    for place, red in enumerate(red_lines):
        until_ms = red_lines[place + 1].time_ms if place + 1 < len(red_lines) else end_ms
        bpm = round(red.bpm, 3)
        lengths[bpm] = lengths.get(bpm, 0) + until_ms - red.time_ms
    return max(lengths, key=lambda bpm: lengths[bpm], default=0.0)
