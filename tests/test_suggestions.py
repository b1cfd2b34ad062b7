"""Suggestions, and finding lines again that have moved."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from companion.beatmap import Document, TextEdit, TimeRange
from companion.engine.cancellation import CancelToken
from companion.engine.fake import FakeEngine
from companion.engine.requests import (
    Passage,
    RegenerateOptions,
    RegenerateRequest,
    VariantRank,
)
from companion.errors import EditConflict, RequestError, UnknownId
from companion.suggestions import (
    KEPT_SUGGESTIONS,
    Suggestion,
    Suggestions,
    SuggestionState,
    generate,
    ground_difference,
    preview,
    relocate,
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


def test_lines_are_found_where_they_moved():
    at = next(i for i, line in enumerate(BASE.lines) if b",3000," in line.raw)
    edit = TextEdit(at, (b"100,100,3000,1,0\n",), (b"x\n",))
    assert relocate([edit], BASE) == (edit,)
    moved = Document.parse(b"// one more line\n" + BASE.to_bytes())
    assert relocate([edit], moved)[0].first_line == at + 1


@pytest.mark.parametrize(
    ("edit", "data"),
    [
        (TextEdit(3, (b"gone\n",), ()), b"a\nb\n"),
        (TextEdit(3, (b"a\n",), ()), b"a\nb\na\n"),
        (TextEdit(3, (), (b"new\n",)), b"a\n"),
    ],
)
def test_lines_that_cannot_be_told_are_a_conflict(edit, data):
    with pytest.raises(EditConflict):
        relocate([edit], Document.parse(data))


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
