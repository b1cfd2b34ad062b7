from __future__ import annotations

import random

import pytest

from companion.engine.beat_votes import BeatBallot
from companion.engine.events import Event, EventType
from companion.engine.super_timing import SuperTimingOptions, settle_beats
from companion.engine.timing import generate_timing
from companion.errors import NoBeatHeard

B, M, R, T = EventType.BEAT, EventType.MEASURE, EventType.TIMING_POINT, EventType.TIME_SHIFT


def hearing(times: list[float], offset_ms: int = 0, *, meter: int = 4, jitter: int = 0, seed=0):
    """Beats as one hearing gives them: to 10 ms, from where the shifted song begins."""
    dice = random.Random(seed)
    events: list[Event] = []
    for i, ms in enumerate(times):
        heard = int(ms + offset_ms + dice.randint(-jitter, jitter)) // 10 * 10 + 5
        kind = R if i == 0 else B if i % meter else M
        events += [Event(kind), Event(T, heard)]
    return events


def ballot(times: list[float], length_ms: int = 40_000, n: int = 12, **how) -> BeatBallot:
    votes = BeatBallot(length_ms, types_first=True)
    dice = random.Random(5)
    for i in range(n):
        offset_ms = dice.randint(-4000, 4000)
        votes.cast(hearing(times, offset_ms, seed=i, **how), offset_ms)
    return votes


def steady(bpm: float, start_ms: float, end_ms: float) -> list[float]:
    n = int((end_ms - start_ms) * bpm / 60_000)
    return [start_ms + i * 60_000 / bpm for i in range(n)]


@pytest.mark.parametrize("bpm", [87, 128, 174.5, 240])
def test_many_coarse_hearings_give_one_fine_tempo(bpm: float):
    events = settle_beats(ballot(steady(bpm, 1234, 40_000), n=20, jitter=6).counted())
    (red,) = generate_timing(events, leniency_ms=12)
    assert red.bpm == pytest.approx(bpm, rel=1e-3)
    assert red.time_ms == pytest.approx(1234, abs=8)
    assert red.meter == 4


def test_waltzes_keep_their_meter():
    events = settle_beats(ballot(steady(150, 500, 40_000), meter=3).counted())
    kinds = [event.kind for event in events if event.kind is not T]
    assert kinds[:7] == [R, B, B, M, B, B, M]


def test_a_beat_in_silence_is_imagined():
    times = [ms for ms in steady(120, 1000, 30_000) if not 10_000 < ms < 12_800]
    events = settle_beats(ballot(times).counted())
    heard = [event.value for event in events if event.kind is T]
    assert any(ms == pytest.approx(11_500, abs=10) for ms in heard)


def test_types_may_come_last():
    votes = BeatBallot(20_000, types_first=False)
    for i in range(8):
        pairs = hearing(steady(120, 500, 20_000), jitter=4, seed=i)
        votes.cast([e for a, b in zip(pairs[::2], pairs[1::2], strict=True) for e in (b, a)])
    events = settle_beats(votes.counted(), SuperTimingOptions(types_first=False))
    assert [event.kind for event in events[:4]] == [T, R, T, B]


def test_what_is_outside_the_song_has_no_vote():
    votes = BeatBallot(1000, types_first=True)
    votes.cast([Event(B), Event(T, 50), Event(M), Event(T, 2500)], 100)
    counted = votes.counted()
    assert counted.beats.sum() == 0
    assert counted.measures.sum() == 0


def test_only_beats_have_a_vote_and_only_with_a_time():
    votes = BeatBallot(1000, types_first=True)
    votes.cast([Event(EventType.CIRCLE), Event(T, 300), Event(B), Event(R), Event(T, 500)])
    counted = votes.counted()
    assert counted.beats.sum() == 0
    assert counted.red_lines.argmax() == 500


def test_a_song_without_beats_is_said_to_have_none():
    votes = BeatBallot(5000, types_first=True)
    votes.cast([])
    with pytest.raises(NoBeatHeard, match="by hand"):
        settle_beats(votes.counted())
    with pytest.raises(IndexError):
        settle_beats(votes.counted(), SuperTimingOptions(original_quirks=True))


def test_a_crowd_of_votes_in_one_place_does_not_hold_the_walk_up():
    votes = BeatBallot(20_000, types_first=True)
    for _ in range(3):
        votes.cast(hearing(steady(80, 1000, 20_000)))
        votes.cast([e for _ in range(300) for e in (Event(B), Event(T, 10_000))])
    times = [e.value for e in settle_beats(votes.counted()) if e.kind is T]
    assert times == sorted(set(times))
    assert 10_000 in times
    assert settle_beats(votes.counted(), SuperTimingOptions(original_quirks=True))
