from __future__ import annotations

from dataclasses import replace

from companion.beatmap import Document, TextEdit, TimeRange
from companion.checks import findings_brought, run_checks
from companion.checks.check import WHOLE_MAP
from companion.findings import Finding, Severity

HEAD = b"osu file format v14\n\n[TimingPoints]\n0,500,4,2,0,50,1,0\n\n[HitObjects]\n"
SPAN = TimeRange(2000, 4000)


def circles(*times_ms: int) -> Document:
    return Document.parse(HEAD + b"".join(b"200,200,%d,1,0\n" % ms for ms in times_ms))


def brought(before: Document, after: Document) -> list[tuple[str, tuple[int, ...]]]:
    found = findings_brought(run_checks(before), run_checks(after), SPAN)
    return [(finding.code, finding.objects) for finding in found]


def finding(start_ms: int, end_ms: int, severity: Severity = Severity.WARNING) -> Finding:
    at = TimeRange(start_ms, end_ms)
    return Finding(f"{start_ms}", "code", "", severity, at, (), "", 1.0, editor_link="osu://edit/")


def test_what_an_edit_brings_is_what_was_not_there() -> None:
    before = circles(1000, 2060, 3000, 5000)
    assert brought(before, before) == []
    assert brought(before, circles(1000, 2060, 3060, 5000)) == [("unsnapped_object", (3060,))]
    assert brought(circles(1000, 2000, 3000, 5000), before) == [("unsnapped_object", (2060,))]


def test_what_lies_outside_of_the_edit_is_not_its_doing() -> None:
    after = circles(1000, 2000, 3000, 5040)
    assert brought(circles(1000, 2000, 3000, 5000), after) == []


def test_partly_inside_is_inside() -> None:
    found = [finding(1000, 2001), finding(1000, 2000), finding(3999, 3999), finding(4000, 4100)]
    brought = findings_brought((), found, SPAN)
    assert [one.at.start_ms for one in brought] == [1000, 3999]
    assert brought[0].at.end_ms == 2001


def test_what_has_no_place_in_time_is_not_in_the_range() -> None:
    everywhere = replace(finding(0, 0), at=WHOLE_MAP, editor_link="")
    assert findings_brought((), (everywhere,), TimeRange(-100, 100)) == ()


def test_what_has_become_graver_counts() -> None:
    mild, grave = finding(2500, 2501, Severity.MINOR), finding(2500, 2501, Severity.PROBLEM)
    assert [one.severity for one in findings_brought((mild,), (grave,), SPAN)] == ["problem"]
    assert findings_brought((grave,), (mild,), SPAN) == ()


def test_nothing_is_offered_for_a_map_that_is_not_there_yet() -> None:
    fixable = replace(finding(2500, 2501), fix=(TextEdit(0, (b"a",), (b"b",)),), fix_label="Snap")
    (one,) = findings_brought((), (fixable,), SPAN)
    assert (one.fix, one.fix_label, one.editor_link) == ((), None, "")
