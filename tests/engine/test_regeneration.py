from __future__ import annotations

import itertools
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import soundfile

from companion.beatmap import (
    Document,
    Slider,
    Spinner,
    TimeRange,
    objects_in,
    splice_objects,
)
from companion.checks.catalogue import run_checks
from companion.engine.cancellation import CancelToken
from companion.engine.cursor_path import SAME_MS, CursorPath
from companion.engine.engine import LocalEngine
from companion.engine.events import Event, EventType
from companion.engine.new_rhythm import Draft
from companion.engine.requests import Passage, RegenerateOptions, RegenerateRequest
from companion.engine.tidying import Tidier
from companion.errors import Cancelled, ModelMissing, OptionRefused, RangeRefused

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from companion.engine.requests import Aspect

STD = "common/maps_cut/std_1341554_cut38000.osu"
MANIA = "common/maps/mania_sample.osu"
RANGE = TimeRange(4096, 5874)
"""Whole beats of the map."""
SECONDS = 10
SERIOUS = {"concurrent_objects", "offscreen_object", "unsnapped_object", "zero_length_object"}


@pytest.fixture(scope="module")
def song(goldens: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    samples, rate_hz = soundfile.read(goldens / "common" / "clip40.wav", dtype="int16")
    path = tmp_path_factory.mktemp("song") / "clip.wav"
    soundfile.write(path, samples[: SECONDS * rate_hz], rate_hz)
    return path


@pytest.fixture(scope="module")
def document(goldens: Path) -> Document:
    return Document.parse((goldens / STD).read_bytes())


@pytest.fixture(scope="module")
def engine(goldens: Path) -> LocalEngine:
    return LocalEngine(goldens / "v29" / "model", "cpu", threads=1)


@pytest.fixture(scope="module")
def bundled() -> LocalEngine:
    return LocalEngine(device="cpu", threads=1)


@pytest.fixture
def request_(document: Document, song: Path) -> RegenerateRequest:
    return RegenerateRequest(document, song, RANGE, RegenerateOptions(seed=5))


def run(engine: LocalEngine, request: RegenerateRequest) -> list[Passage]:
    return list(engine.regenerate(request, CancelToken()))


def lines_of(passages: Sequence[Passage], variant: int = 0) -> list[bytes]:
    return [line for p in passages if p.variant == variant for line in p.lines]


def with_options(request: RegenerateRequest, **options) -> RegenerateRequest:
    return replace(request, options=replace(request.options, **options))


def spliced(request: RegenerateRequest, lines: Sequence[bytes]) -> Document:
    return request.document.apply(splice_objects(request.document, request.range, lines))


def serious(document: Document):
    return {(f.code, f.objects) for f in run_checks(document) if f.code in SERIOUS}


@pytest.mark.parametrize("what", ["all", "positions", "hitsounds"])
def test_passages_of_each_variant_tile_the_range(engine, request_, what) -> None:
    passages = run(engine, with_options(request_, replace=what, variants=2))
    assert {p.variant for p in passages} == {0, 1}
    for variant in (0, 1):
        ranges = [p.range for p in passages if p.variant == variant]
        assert (ranges[0].start_ms, ranges[-1].end_ms) == (RANGE.start_ms, RANGE.end_ms)
        assert all(a.end_ms == b.start_ms for a, b in itertools.pairwise(ranges))
    reader = request_.document.beatmap.object_reader
    for passage in passages:
        starts = [reader.read(line.decode(), -1).start_ms for line in passage.lines]
        assert starts == sorted(starts)
        assert all(passage.range.contains(start) for start in starts)


@pytest.mark.parametrize("what", ["all", "positions", "hitsounds"])
@pytest.mark.parametrize("seed", [1, 2])
def test_what_is_generated_breaks_no_rule_that_was_kept_before(
    engine, request_, what, seed
) -> None:
    lines = lines_of(run(engine, with_options(request_, replace=what, seed=seed)))
    assert serious(spliced(request_, lines)) <= serious(request_.document)


@pytest.mark.parametrize("what", ["all", "positions", "hitsounds"])
def test_a_seed_gives_the_same_again_and_variants_differ(engine, request_, what) -> None:
    request = with_options(request_, replace=what, variants=2, temperature=1.0, top_p=1.0)
    first, second = run(engine, request), run(engine, request)
    assert first == second
    if what != "all":  # a model of random weights may well write nothing twice
        assert lines_of(first, 0) != lines_of(first, 1)


def test_hitsounds_change_nothing_but_sounds(engine, request_) -> None:
    after = spliced(request_, lines_of(run(engine, with_options(request_, replace="hitsounds"))))
    before_items = request_.document.beatmap.hit_objects
    assert len(after.beatmap.hit_objects) == len(before_items)
    changed = 0
    for old, new in zip(before_items, after.beatmap.hit_objects, strict=True):
        assert (old.x, old.y, old.start_ms, old.end_ms) == (new.x, new.y, new.start_ms, new.end_ms)
        assert (old.type_bits, old.sample.volume) == (new.type_bits, new.sample.volume)
        if isinstance(old, Slider) and isinstance(new, Slider):
            assert (old.control_points, old.slides, old.length_px) == (
                new.control_points,
                new.slides,
                new.length_px,
            )
        changed += old != replace(new, line=old.line)
    assert changed > 0
    assert objects_in(after.beatmap, RANGE) != objects_in(request_.document.beatmap, RANGE)


def test_positions_change_nothing_but_places_and_sliders_keep_their_shape(engine, request_) -> None:
    after = spliced(request_, lines_of(run(engine, with_options(request_, replace="positions"))))
    moved = 0
    for old, new in zip(
        request_.document.beatmap.hit_objects, after.beatmap.hit_objects, strict=True
    ):
        assert (old.start_ms, old.end_ms, old.type_bits, old.hitsound, old.sample) == (
            new.start_ms,
            new.end_ms,
            new.type_bits,
            new.hitsound,
            new.sample,
        )
        shift = (new.x - old.x, new.y - old.y)
        moved += shift != (0, 0)
        if isinstance(old, Slider) and isinstance(new, Slider):
            assert new.control_points == tuple(
                (x + shift[0], y + shift[1]) for x, y in old.control_points
            )
    assert moved > 0


def test_mania_columns_are_chosen_without_two_notes_in_one_place(
    engine, goldens: Path, song: Path
) -> None:
    document = Document.parse((goldens / MANIA).read_bytes())
    first = document.beatmap.hit_objects[0].start_ms
    span = TimeRange(int(first), int(first) + 2000)
    options = RegenerateOptions(replace="positions", seed=3, temperature=1.0, top_p=1.0)
    request = RegenerateRequest(document, song, span, options)
    after = spliced(request, lines_of(run(engine, request)))
    assert serious(after) <= serious(document)
    assert [o.start_ms for o in after.beatmap.hit_objects] == [
        o.start_ms for o in document.beatmap.hit_objects
    ]


@pytest.mark.parametrize(
    "options",
    [{"keep": frozenset({"rhythm"}), "guidance": 2.0}, {"variants": 0}],
    ids=str,
)
def test_what_the_model_cannot_do_is_refused_in_plain_words(engine, request_, options) -> None:
    with pytest.raises(OptionRefused):
        run(engine, with_options(request_, **options))


def sounds_at(document: Document) -> dict[int, tuple[int, int, int]]:
    """Additions and sets of every edge in the range, by time."""
    found: dict[int, tuple[int, int, int]] = {}
    for item in objects_in(document.beatmap, RANGE):
        if isinstance(item, Slider):
            for ms, bits, sets in zip(
                item.node_times_ms, item.edge_sounds, item.edge_sets, strict=True
            ):
                found[round(ms)] = (bits, *sets)
        else:
            sample = item.sample
            found[round(item.end_ms)] = (item.hitsound, sample.normal_set, sample.addition_set)
    return found


def same_moments(old: Collection[int], new: Collection[int]) -> list[tuple[int, int]]:
    return [(a, b) for a in old for b in new if abs(a - b) < SAME_MS]


def test_with_the_rhythm_kept_objects_move_and_sound_otherwise(engine, request_) -> None:
    request = with_options(request_, keep=frozenset({"rhythm"}), temperature=1.0, top_p=1.0)
    after = spliced(request, lines_of(run(engine, request)))
    old_items = objects_in(request.document.beatmap, RANGE)
    new_items = objects_in(after.beatmap, RANGE)
    assert [(o.start_ms, o.end_ms, o.type_bits) for o in old_items] == [
        (o.start_ms, o.end_ms, o.type_bits) for o in new_items
    ]
    assert [(o.x, o.y) for o in old_items] != [(o.x, o.y) for o in new_items]
    assert sounds_at(request.document) != sounds_at(after)


@pytest.mark.parametrize("also", [{"positions"}, {"hitsounds"}])
def test_keeping_says_the_same_as_replacing_the_rest(engine, request_, also: set[Aspect]) -> None:
    (rest,) = {"positions", "hitsounds"} - also
    kept = with_options(request_, keep=frozenset({"rhythm", *also}))
    assert run(engine, kept) == run(engine, with_options(request_, replace=rest))


@pytest.mark.parametrize("seed", [1, 2])
def test_new_objects_take_over_the_hitsounds_of_their_moments(bundled, request_, seed) -> None:
    request = with_options(request_, keep=frozenset({"hitsounds"}), seed=seed)
    old = sounds_at(request.document)
    new = sounds_at(spliced(request, lines_of(run(bundled, request))))
    shared = same_moments(old, new)
    assert len(shared) > 3
    assert all(old[a] == new[b] for a, b in shared)


@pytest.mark.parametrize("keep", [{"positions"}, {"positions", "hitsounds"}], ids=sorted)
def test_a_new_rhythm_follows_the_cursor(bundled, request_, keep: set[Aspect]) -> None:
    request = with_options(request_, keep=frozenset(keep))
    after = spliced(request, lines_of(run(bundled, request)))
    assert serious(after) <= serious(request.document)
    items = [i for i in objects_in(after.beatmap, RANGE) if not isinstance(i, Spinner)]
    assert len(items) > 3
    cursor = CursorPath(request.document.beatmap)
    for item in items:
        assert cursor.at(item.start_ms) == pytest.approx((item.x, item.y), abs=1)
    if "hitsounds" in keep:
        old, new = sounds_at(request.document), sounds_at(after)
        assert all(old[a] == new[b] for a, b in same_moments(old, new))


@pytest.mark.parametrize(
    ("family", "keep"),
    [("v30", {"rhythm"}), ("v31", {"rhythm", "hitsounds"}), ("v32", {"rhythm", "hitsounds"})],
)
def test_positions_alone_are_chosen_whatever_a_family_calls_them(
    goldens: Path, request_, family: str, keep: set[Aspect]
) -> None:
    engine = LocalEngine(goldens / family / "model", "cpu", threads=1)
    options = {"keep": frozenset(keep), "temperature": 1.0, "top_p": 1.0}
    request = with_options(request_, **options)
    after = spliced(request, lines_of(run(engine, request)))
    old_items = objects_in(request.document.beatmap, RANGE)
    new_items = objects_in(after.beatmap, RANGE)
    assert [(o.start_ms, o.end_ms) for o in old_items] == [
        (o.start_ms, o.end_ms) for o in new_items
    ]
    moved = [(a.x, a.y) != (b.x, b.y) for a, b in zip(old_items, new_items, strict=True)]
    assert sum(moved) > len(moved) / 2
    assert (sounds_at(request.document) == sounds_at(after)) == ("hitsounds" in keep)
    assert serious(after) <= serious(request.document)


def test_diffusion_draws_what_the_model_has_chosen_once_more(
    bundled, request_, goldens: Path
) -> None:
    request = with_options(request_, variants=2)
    plain = run(bundled, request)
    passages = run(bundled, with_options(request, diffusion_folder=goldens / "diffusion"))
    assert [(p.variant, p.range) for p in passages] == [(0, RANGE), (1, RANGE)]
    moved = 0
    for variant in (0, 1):
        before = spliced(request, lines_of(plain, variant))
        after = spliced(request, lines_of(passages, variant))
        assert sounds_at(before) == sounds_at(after)
        assert serious(after) <= serious(request.document)
        for old, new in zip(before.beatmap.hit_objects, after.beatmap.hit_objects, strict=True):
            assert (old.start_ms, old.end_ms, old.type_bits) == (
                new.start_ms,
                new.end_ms,
                new.type_bits,
            )
            moved += (old.x, old.y) != (new.x, new.y)
    assert moved > 6


def test_a_diffusion_folder_that_is_none_is_refused(bundled, request_, tmp_path: Path) -> None:
    with pytest.raises(ModelMissing):
        run(bundled, with_options(request_, diffusion_folder=tmp_path / "no"))


@pytest.mark.parametrize("keep", [{"positions"}, {"positions", "hitsounds"}], ids=sorted)
@pytest.mark.parametrize("name", [MANIA, "common/maps/taiko_sample.osu"])
def test_where_positions_mean_nothing_without_the_rhythm_that_is_said(
    engine, goldens: Path, song: Path, name: str, keep: set[Aspect]
) -> None:
    document = Document.parse((goldens / name).read_bytes())
    options = RegenerateOptions(keep=frozenset(keep))
    first = int(document.beatmap.hit_objects[0].start_ms)
    with pytest.raises(OptionRefused, match=r"columns|no positions"):
        run(engine, RegenerateRequest(document, song, TimeRange(first, first + 1000), options))


def test_taiko_colours_are_chosen_for_a_kept_rhythm(engine, goldens: Path, song: Path) -> None:
    document = Document.parse((goldens / "common/maps/taiko_sample.osu").read_bytes())
    first = int(document.beatmap.hit_objects[0].start_ms)
    options = RegenerateOptions(keep=frozenset({"rhythm"}), temperature=1.0, top_p=1.0)
    request = RegenerateRequest(document, song, TimeRange(first, first + 3000), options)
    after = spliced(request, lines_of(run(engine, request)))
    assert [o.start_ms for o in after.beatmap.hit_objects] == [
        o.start_ms for o in document.beatmap.hit_objects
    ]
    assert [o.hitsound for o in after.beatmap.hit_objects] != [
        o.hitsound for o in document.beatmap.hit_objects
    ]


def test_taiko_notes_have_no_positions_to_choose(engine, goldens: Path, song: Path) -> None:
    document = Document.parse((goldens / "common/maps/taiko_sample.osu").read_bytes())
    options = RegenerateOptions(replace="positions")
    with pytest.raises(OptionRefused):
        run(engine, RegenerateRequest(document, song, RANGE, options))


def test_a_range_after_the_song_is_refused(engine, request_) -> None:
    with pytest.raises(RangeRefused):
        run(engine, replace(request_, range=TimeRange(60_000, 62_000)))


def test_a_map_without_timing_is_refused(engine, song: Path) -> None:
    empty = Document.parse(b"osu file format v14\n\n[HitObjects]\n")
    with pytest.raises(RangeRefused):
        run(engine, RegenerateRequest(empty, song, RANGE))


@pytest.mark.parametrize("what", ["all", "hitsounds"])
def test_a_cancelled_regeneration_stops(engine, request_, what) -> None:
    token = CancelToken()
    longer = replace(request_, range=TimeRange(1_000, 11_000))
    passages = engine.regenerate(with_options(longer, replace=what), token)
    next(passages)
    token.cancel()
    with pytest.raises(Cancelled):
        list(passages)


def test_variants_are_ranked_by_what_follows_the_range(engine, request_) -> None:
    kept = [
        request_.document.lines[item.line].raw
        for item in objects_in(request_.document.beatmap, RANGE)
    ]
    rank = engine.rank(request_, [[], kept, []], CancelToken())
    assert sorted(rank.order) == [0, 1, 2]
    assert rank.surprisal_bits == tuple(sorted(rank.surprisal_bits))
    # The two empty ones are judged alike.
    assert abs(rank.order.index(0) - rank.order.index(2)) in (1, 2)


def test_variants_with_nothing_after_them_keep_their_order(engine, request_) -> None:
    beatmap = request_.document.beatmap
    end = TimeRange(RANGE.start_ms, int(beatmap.last_ms) + 100_000)
    rank = engine.rank(replace(request_, range=end), [[], []], CancelToken())
    assert rank.order == (0, 1)
    assert rank.surprisal_bits == ()


@pytest.mark.parametrize("types_first", [True, False])
def test_what_is_not_complete_yet_is_not_handed_out(types_first: bool) -> None:
    def at(kind: EventType, time_ms: int, column: int) -> list[Event]:
        type_event = Event(kind, 0, time_ms)
        attributes = [
            Event(EventType.TIME_SHIFT, time_ms, time_ms),
            Event(EventType.MANIA_COLUMN, column, time_ms),
        ]
        return [type_event, *attributes] if types_first else [*attributes, type_event]

    draft = Draft(0, Tidier(Document.parse(b""), RANGE, []), types_first)
    draft.events += at(EventType.CIRCLE, 100, 0) + at(EventType.HOLD_NOTE, 200, 1)
    draft.events += at(EventType.HOLD_NOTE, 300, 2)
    assert draft.final_until(1000) == 200
    draft.events += at(EventType.HOLD_NOTE_END, 400, 1)
    assert draft.final_until(1000) == 300
    draft.events += at(EventType.HOLD_NOTE_END, 500, 2)
    assert draft.final_until(1000) == 1000
