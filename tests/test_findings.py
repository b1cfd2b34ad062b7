from __future__ import annotations

from dataclasses import replace

import pytest

from companion.beatmap import Circle, Document, TextEdit, TimeRange
from companion.findings import (
    Finding,
    Severity,
    counted,
    delta,
    editor_link,
    finding_id,
    timestamp,
)


def finding(key: str, message: str = "m") -> Finding:
    return Finding(
        id=key,
        code="code",
        category="Compose",
        severity=Severity.WARNING,
        at=TimeRange(0, 1),
        objects=(0,),
        message=message,
        weight=1.0,
    )


def test_findings_are_counted_by_severity() -> None:
    problem, warning, minor = (
        replace(finding("a"), severity=severity)
        for severity in (Severity.PROBLEM, Severity.WARNING, Severity.MINOR)
    )
    assert counted([]) == "nothing"
    assert counted([minor]) == "1 minor thing"
    assert counted([warning, problem, warning]) == "1 problem and 2 warnings"
    assert counted([minor, warning, problem, minor]) == "1 problem, 1 warning and 2 minor things"


def test_an_id_depends_on_the_code_the_objects_and_the_detail_alone() -> None:
    base = finding_id("code", TimeRange(0, 10), (5, 7), "d")
    assert base == finding_id("code", TimeRange(1, 99), (5, 7), "d")
    others = {
        finding_id("other", TimeRange(0, 10), (5, 7), "d"),
        finding_id("code", TimeRange(0, 10), (57,), "d"),
        finding_id("code", TimeRange(0, 10), (5, 7)),
        finding_id("code", TimeRange(0, 10)),
        finding_id("code", TimeRange(0, 11)),
        base,
    }
    assert len(others) == 6


def test_ids_are_the_same_in_every_process() -> None:
    assert finding_id("code", TimeRange(0, 10), (5,)) == "ce9224bcc9776c09"


def test_a_delta_names_what_is_new_and_what_is_gone() -> None:
    change = delta([finding("a"), finding("b")], [finding("b"), finding("c")])
    assert [f.id for f in change.added] == ["c"]
    assert change.removed_ids == ("a",)
    assert not change.empty


def test_a_finding_that_reads_differently_is_sent_again() -> None:
    change = delta([finding("a")], [finding("a", "other words")])
    assert [f.message for f in change.added] == ["other words"]
    assert change.removed_ids == ()


def test_a_fix_that_moved_to_another_line_is_no_change() -> None:
    before = replace(finding("a"), fix=(TextEdit(3, (b"x",), ()),))
    after = replace(finding("a"), fix=(TextEdit(4, (b"x",), ()),))
    assert delta([before], [after]).empty


@pytest.mark.parametrize(
    ("ms", "stamp"),
    [(0, "00:00:000"), (83_456.9, "01:23:456"), (-5, "00:00:000"), (6_000_001, "100:00:001")],
)
def test_times_are_written_as_the_editor_shows_them(ms: float, stamp: str) -> None:
    assert timestamp(ms) == stamp


def test_links_select_objects_by_their_combo_numbers() -> None:
    beatmap = Document.parse(b"[HitObjects]\n0,0,1000,1,0\n0,0,1234,1,0\n0,0,2000,5,0\n").beatmap
    assert editor_link(beatmap, 1234, beatmap.hit_objects[1:]) == "osu://edit/00:01:234 (2,1)"
    assert editor_link(beatmap, 1234) == "osu://edit/00:01:234"
    stranger = Circle(x=0, y=0, start_ms=0, end_ms=0, type_bits=1)
    assert editor_link(beatmap, 0, [stranger]) == "osu://edit/00:00:000"


def test_mania_links_select_objects_by_time_and_column() -> None:
    text = b"Mode: 3\n[Difficulty]\nCircleSize:4\n[HitObjects]\n448,192,1000.6,1,0\n"
    beatmap = Document.parse(text).beatmap
    assert editor_link(beatmap, 1000, beatmap.hit_objects) == "osu://edit/00:01:000 (1001|3)"
