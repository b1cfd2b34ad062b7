"""Suggestions: their passages, variants and parts, and the ground that they stand on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from companion.beatmap import Document, TimeRange, TimingPoint
from companion.engine.cancellation import CancelToken
from companion.engine.fake import FakeEngine
from companion.engine.requests import (
    Passage,
    RegenerateOptions,
    RegenerateRequest,
    VariantRank,
)
from companion.errors import OptionRefused, RequestError, UnknownId
from companion.suggestions import (
    KEPT_SUGGESTIONS,
    Suggestion,
    Suggestions,
    SuggestionState,
    generate,
    ground_difference,
    preview,
    splice,
)

SPAN = TimeRange(2000, 4000)


def document(*rows, timing="0,500,4,2,0,50,1,0\n"):
    head = f"osu file format v14\n\n[TimingPoints]\n{timing}\n[HitObjects]\n"
    return Document.parse((head + "".join(f"{row}\n" for row in rows)).encode())


BASE = document(*(f"100,100,{ms},1,0" for ms in range(500, 6000, 500)))


def make(number=1, **fields):
    given: dict[str, Any] = {
        "id": f"s{number}",
        "request_id": "r",
        "job_id": f"j{number}",
        "base_revision": 1,
        "base": BASE,
        "range": SPAN,
        "options": RegenerateOptions(),
    }
    return Suggestion(**(given | fields))


def test_lines_of_a_variant_are_in_time_order_whatever_order_they_came_in():
    late = Passage(0, TimeRange(3000, 4000), (b"late",), -2.0)
    early = Passage(0, TimeRange(2000, 3000), (b"early", b"next"), -1.0)
    other = Passage(1, TimeRange(2000, 4000), (), -3.0)
    suggestion = make(passages=(late, early, other))
    assert suggestion.variants == (0, 1)
    assert suggestion.lines(0) == (b"early", b"next", b"late")
    assert suggestion.lines(1) == ()
    assert suggestion.mean_logprob(0) == pytest.approx(-4 / 3)
    assert suggestion.mean_logprob(1) == -3.0
    assert suggestion.mean_logprob(2) is None


OFFERED: dict[str, Any] = {
    "state": SuggestionState.OFFERED,
    "passages": (Passage(0, SPAN, (b"300,300,2000,1,8,0:0:0:0:",), -1.0),),
}


def test_a_part_of_a_variant_is_a_variant():
    suggestions = Suggestions()
    given = suggestions.add(make(**OFFERED))
    parted = suggestions.take(given, 0, "hitsounds")
    assert parted is suggestions.get("s1")
    assert parted.variants == (0, 1)
    assert parted.part(0) is None
    part = parted.part(1)
    assert part is not None
    assert (part.of, part.take) == (0, "hitsounds")
    assert parted.lines(1)[0] == b"100,100,2000,1,8"
    assert len(parted.lines(1)) == 4
    assert parted.mean_logprob(1) == -1.0
    edits, document = splice(parted, 1, BASE)
    assert document.to_bytes() == BASE.to_bytes().replace(b"100,100,2000,1,0", b"100,100,2000,1,8")
    assert len(edits) == 1


def test_a_part_is_made_once_and_only_of_a_whole_variant():
    suggestions = Suggestions()
    parted = suggestions.take(suggestions.add(make(**OFFERED)), 0, "hitsounds")
    assert suggestions.take(parted, 0, "hitsounds") is parted
    with pytest.raises(UnknownId, match="whole variant"):
        suggestions.take(parted, 1, "positions")
    with pytest.raises(UnknownId):
        suggestions.take(parted, 7, "positions")
    with pytest.raises(RequestError, match="generating"):
        suggestions.take(suggestions.add(make(2)), 0, "positions")


def test_what_is_kept_cannot_be_taken():
    options = RegenerateOptions(keep=frozenset({"rhythm"}))
    given = Suggestions().add(make(**OFFERED, options=options))
    with pytest.raises(OptionRefused, match="keeps the map's own rhythm"):
        Suggestions().take(given, 0, "rhythm")


@pytest.mark.parametrize(
    ("options", "take", "change"),
    [
        (RegenerateOptions(), None, False),
        (RegenerateOptions(change_green_lines=True), None, True),
        (RegenerateOptions(change_green_lines=True), "rhythm", True),
        (RegenerateOptions(change_green_lines=True), "positions", False),
        (RegenerateOptions(change_green_lines=True, keep=frozenset({"rhythm"})), None, False),
    ],
)
def test_green_lines_change_with_the_objects_that_they_are_made_for(options, take, change):
    suggestions = Suggestions()
    point = TimingPoint(2000.0, -50.0, 4, 2, 0, 50, uninherited=False, effects=0)
    passages = (Passage(0, SPAN, (b"300,300,2000,1,8,0:0:0:0:",), -1.0, (point,)),)
    given = suggestions.add(make(options=options, state=SuggestionState.OFFERED, passages=passages))
    variant = 0
    if take is not None:
        given, variant = suggestions.take(given, 0, take), 1
    assert given.green_lines(variant) == ((point,) if change else None)


def test_old_ended_suggestions_are_forgotten_and_open_ones_kept():
    suggestions = Suggestions()
    first = suggestions.add(make(0))
    for number in range(1, KEPT_SUGGESTIONS + 5):
        suggestions.end(suggestions.add(make(number)), SuggestionState.REJECTED)
    assert first in list(suggestions)
    suggestions.add(make(99))
    assert len(list(suggestions)) <= KEPT_SUGGESTIONS
    with pytest.raises(UnknownId):
        suggestions.get("s1")
    assert suggestions.of_job("j99") == make(99)
    assert suggestions.of_job("j1") is None


def test_a_decided_suggestion_cannot_be_rejected():
    suggestions = Suggestions()
    suggestions.accept(suggestions.add(make()), 0)
    with pytest.raises(RequestError, match="accepted"):
        suggestions.reject("s1")


def test_rebasing_leaves_ended_suggestions_alone():
    suggestions = Suggestions()
    suggestions.end(suggestions.add(make(1)), SuggestionState.REJECTED)
    suggestions.add(make(2))
    changed = suggestions.rebase(document("100,100,3000,1,0"), 2)
    assert [(s.id, s.state) for s in changed] == [("s2", SuggestionState.STALE)]


def test_ground_is_the_same_under_edits_elsewhere():
    edited = Document.parse(BASE.to_bytes().replace(b",5500,", b",5400,") + b"// a remark\n")
    assert ground_difference(BASE, edited, SPAN) is None


@pytest.mark.parametrize(
    "edited",
    [
        Document.parse(b""),
        Document.parse(BASE.to_bytes().replace(b"100,100,2500", b"101,100,2500")),
        Document.parse(BASE.to_bytes().replace(b"100,100,2500,1,0\n", b"")),
        Document.parse(BASE.to_bytes().replace(b"100,100,1500,1,0", b"100,100,1500,12,0,2300")),
        Document.parse(BASE.to_bytes().replace(b"0,500,4", b"10,500,4")),
    ],
)
def test_ground_differs_when_objects_or_timing_do(edited):
    difference = ground_difference(BASE, edited, SPAN)
    assert difference is not None
    assert difference.endswith((".", "once it can."))


def test_a_preview_has_the_maps_timing_and_only_the_new_objects():
    shown = preview(BASE, [b"1,2,2000,1,0"]).beatmap
    assert [o.start_ms for o in shown.hit_objects] == [2000]
    assert shown.red_lines == BASE.beatmap.red_lines


def test_several_variants_are_ranked_at_the_end():
    def results(variants):
        options = RegenerateOptions(variants=variants)
        request = RegenerateRequest(BASE, Path("x.mp3"), SPAN, options)
        return list(generate(request, FakeEngine(), CancelToken()))

    assert not any(isinstance(item, VariantRank) for item in results(1))
    assert isinstance(results(2)[-1], VariantRank)
