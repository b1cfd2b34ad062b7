from __future__ import annotations

from collections.abc import Callable

import pytest

from companion.beatmap import Document
from companion.checks import run_checks
from companion.findings import Finding, Severity

MapText = Callable[..., bytes]
DIFFICULTY = ("ApproachRate:5", "CircleSize:4")  # appears 1200 ms before its time
OBJECTS = ("1,1,1000,1,0", "1,1,10000,1,0")


def found(data: bytes) -> list[Finding]:
    return [f for f in run_checks(Document.parse(data)) if f.code == "bad_break"]


@pytest.mark.parametrize("pause", ["2,1200,8800", "2,1199,8801", "2,3000,4000"])
def test_breaks_that_the_editor_makes_are_fine(map_text: MapText, pause: str) -> None:
    assert found(map_text(OBJECTS, events=(pause,), difficulty=DIFFICULTY)) == []


@pytest.mark.parametrize(
    ("objects", "pause", "words", "fitted"),
    [
        (OBJECTS, "2,1100,8800", "less than 200 ms after an object", "2,1200,8800"),
        (OBJECTS, "2,1200,9000", "when the next object appears", "2,1200,8800"),
        (OBJECTS, "2,900,8800", "objects in the break", "2,1200,8800"),
        (OBJECTS, "2,1200,10500", "objects in the break", "2,1200,8800"),
        (("1,1,1000,1,0", "1,1,2800,1,0"), "2,1300,1700", "when the next object", None),
        (OBJECTS[1:], "2,-500,9000", "when the next object", "2,0,8800"),
        (OBJECTS[:1], "2,1100,9000", "less than 200 ms after", "2,1200,9000"),
    ],
)
def test_breaks_that_are_too_near_to_objects_are_found_and_can_be_fitted(
    map_text: MapText, objects: tuple[str, ...], pause: str, words: str, fitted: str | None
) -> None:
    data = map_text(objects, events=(pause,), difficulty=DIFFICULTY)
    (finding,) = found(data)
    assert words in finding.message
    assert finding.severity == Severity.PROBLEM
    fixed = Document.parse(data).apply(finding.fix).to_bytes()
    assert fixed == map_text(objects, events=(fitted,) if fitted else (), difficulty=DIFFICULTY)
    assert found(fixed) == []


def test_a_break_that_does_nothing_can_be_removed(map_text: MapText) -> None:
    data = map_text(OBJECTS, events=("2,3000,3600",), difficulty=DIFFICULTY)
    (finding,) = found(data)
    assert finding.severity == Severity.WARNING
    assert finding.fix_label == "Remove the break"
    assert Document.parse(data).apply(finding.fix).beatmap.breaks == ()
