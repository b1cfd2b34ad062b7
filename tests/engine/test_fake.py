from __future__ import annotations

import itertools
import threading
from pathlib import Path

import pytest

from companion.beatmap import Document, TimeRange, nearest_tick
from companion.engine.cancellation import CancelToken
from companion.engine.fake import FakeEngine
from companion.engine.requests import RegenerateOptions, RegenerateRequest, ScoreRequest
from companion.errors import Cancelled, ModelMissing, RangeRefused

MAP = b"""osu file format v14

[TimingPoints]
0,500,4,2,0,60,1,0

[HitObjects]
100,100,1000,5,0,0:0:0:0:
200,100,1540,1,0,0:0:0:0:
300,100,15030,1,0,0:0:0:0:
"""
SONG = Path("song.mp3")


@pytest.fixture
def document() -> Document:
    return Document.parse(MAP)


def test_a_scan_finds_what_is_off_the_grid_and_covers_the_map(document: Document) -> None:
    progress = list(FakeEngine().score(ScoreRequest(document, SONG), CancelToken()))
    assert [p.covered for p in progress] == [TimeRange(0, 10_000), TimeRange(10_000, 20_000)]
    assert [f.objects for p in progress for f in p.findings] == [(1540,), (15030,)]
    assert (progress[-1].done, progress[-1].total) == (2, 2)


def test_a_scan_begins_nearest_to_the_playhead(document: Document) -> None:
    request = ScoreRequest(document, SONG, near_ms=16_000)
    assert next(FakeEngine().score(request, CancelToken())).covered.start_ms == 10_000


def test_a_fix_moves_the_object_onto_the_grid(document: Document) -> None:
    first = next(FakeEngine().score(ScoreRequest(document, SONG), CancelToken()))
    assert [o.start_ms for o in document.apply(first.findings[0].fix).beatmap.hit_objects] == [
        1000,
        1500,
        15030,
    ]


def test_passages_tile_the_range_with_circles_on_beats(document: Document) -> None:
    wanted = TimeRange(2000, 8000)
    request = RegenerateRequest(document, SONG, wanted, RegenerateOptions(variants=2))
    passages = list(FakeEngine().regenerate(request, CancelToken()))
    for variant in (0, 1):
        ranges = [p.range for p in passages if p.variant == variant]
        assert (ranges[0].start_ms, ranges[-1].end_ms) == (2000, 8000)
        assert all(a.end_ms == b.start_ms for a, b in itertools.pairwise(ranges))
    times = [float(line.split(b",")[2]) for p in passages for line in p.lines]
    assert len(times) == 24
    ticks = [nearest_tick(t, document.beatmap, (1,)) for t in times]
    assert [tick.time_ms for tick in ticks if tick is not None] == times


def test_a_seed_gives_the_same_passages_again(document: Document) -> None:
    def lines(seed: int):
        options = RegenerateOptions(seed=seed)
        request = RegenerateRequest(document, SONG, TimeRange(2000, 4000), options)
        return [p.lines for p in FakeEngine().regenerate(request, CancelToken())]

    assert lines(1) == lines(1)
    assert lines(1) != lines(2)


def test_a_map_without_timing_is_refused() -> None:
    request = RegenerateRequest(Document.parse(b"osu file format v14\n"), SONG, TimeRange(0, 9))
    with pytest.raises(RangeRefused):
        next(FakeEngine().regenerate(request, CancelToken()))


def test_an_engine_that_was_told_to_fails_once(document: Document) -> None:
    engine = FakeEngine(error=ModelMissing("There is no model."))
    with pytest.raises(ModelMissing):
        next(engine.score(ScoreRequest(document, SONG), CancelToken()))
    assert engine.describe() is None
    assert next(engine.score(ScoreRequest(document, SONG), CancelToken())).total == 2
    assert engine.describe() is not None
    engine.unload()
    assert engine.describe() is None


def test_answers_wait_at_the_gate_until_it_opens_or_the_work_is_cancelled(
    document: Document,
) -> None:
    gate, token, outcome = threading.Event(), CancelToken(), []
    engine = FakeEngine(gate=gate)

    def scan() -> None:
        try:
            outcome.extend(engine.score(ScoreRequest(document, SONG), token))
        except Cancelled as error:
            outcome.append(error)

    thread = threading.Thread(target=scan)
    thread.start()
    assert engine.waiting.wait(5)
    assert outcome == []
    token.cancel()
    thread.join(5)
    assert isinstance(outcome[0], Cancelled)
    gate.set()
    assert len(list(engine.score(ScoreRequest(document, SONG), CancelToken()))) == 2
