from __future__ import annotations

from collections.abc import Callable

import pytest

from companion.beatmap import Document
from companion.checks import run_checks
from companion.findings import Finding, Severity

MapText = Callable[..., bytes]


def found(code: str, data: bytes) -> list[Finding]:
    return [f for f in run_checks(Document.parse(data)) if f.code == code]


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (("1,1,500,1,0", "9,9,500,1,0"), "A circle and a circle begin at the same time."),
        (("1,1,500,1,0", "9,9,505,1,0"), "only 5 ms after the circle"),
        (("1,1,500,2,0,L|141:1,1,140", "9,9,900,1,0"), "before the slider before it has ended"),
        (("1,1,500,2,0,L|141:1,1,140", "9,9,1009,1,0"), "only 9 ms after the slider"),
        (("1,1,500,8,0,2000", "9,9,1500,2,0,L|50:1,1,35"), "The slider begins before the spinner"),
        (("1,1,500,2,0,L|141:1,1,140", "9,9,1000,1,0"), "The circle begins"),
    ],
)
def test_objects_that_are_too_near_in_time_are_found(
    map_text: MapText, lines: tuple[str, ...], words: str
) -> None:
    (finding,) = found("concurrent_objects", map_text(lines))
    assert words in finding.message
    assert finding.severity == Severity.PROBLEM
    assert len(finding.objects) == 2
    assert finding.fix == ()


def test_objects_with_a_gap_are_fine(map_text: MapText) -> None:
    lines = ("1,1,500,1,0", "9,9,510,1,0", "1,1,600,2,0,L|141:1,1,140", "1,1,1120,1,0")
    assert found("concurrent_objects", map_text(lines)) == []
    assert found("concurrent_objects", map_text(())) == []


def test_right_after_a_slider_osu_asks_for_a_little_more(map_text: MapText) -> None:
    lines = ("1,1,600,2,0,L|141:1,1,140", "1,1,1110,1,0")
    (finding,) = found("concurrent_objects", map_text(lines))
    assert finding.severity == Severity.WARNING
    assert "10 ms after the slider before it; there should be 20 ms" in finding.message
    assert found("concurrent_objects", map_text(lines, mode=2)) == []


def test_everything_under_a_long_spinner_is_found_once(map_text: MapText) -> None:
    lines = ("1,1,0,8,0,9000", "1,1,1000,1,0", "1,1,2000,1,0", "1,1,9500,1,0")
    assert [f.objects for f in found("concurrent_objects", map_text(lines))] == [
        (0, 1000),
        (0, 2000),
    ]


def test_a_doubled_object_can_be_removed(map_text: MapText) -> None:
    data = map_text(("1,1,500,1,0", "1,1,500,1,0"))
    (finding,) = found("concurrent_objects", data)
    assert finding.fix_label == "Remove the duplicate"
    assert Document.parse(data).apply(finding.fix).to_bytes() == map_text(("1,1,500,1,0",))


def test_mania_columns_are_looked_at_one_by_one(map_text: MapText) -> None:
    chord = ("64,192,500,1,0", "192,192,500,128,0,1000:0:0:0:0:", "64,192,530,1,0")
    assert found("concurrent_objects", map_text(chord, mode=3)) == []
    near = (*chord, "192,192,1029,1,0")
    (finding,) = found("concurrent_objects", map_text(near, mode=3))
    assert "only 29 ms" in finding.message


@pytest.mark.parametrize(
    ("x", "y", "inside"),
    [(-30, 100, True), (-31, 100, False), (100, -23, True), (100, -24, False),
     (542, 100, True), (543, 100, False), (100, 391, True), (100, 392, False)],
)  # fmt: skip
def test_circles_may_reach_up_to_the_edge_of_the_screen(
    map_text: MapText, x: int, y: int, inside: bool
) -> None:
    data = map_text((f"{x},{y},500,1,0",))
    findings = found("offscreen_object", data)
    assert (findings == []) is inside
    for finding in findings:
        assert found("offscreen_object", Document.parse(data).apply(finding.fix).to_bytes()) == []


def test_slider_bodies_beyond_the_screen_are_found(map_text: MapText) -> None:
    out = ("500,100,500,2,0,L|600:100,1,100",)
    (finding,) = found("offscreen_object", map_text(out))
    assert "58 px beyond" in finding.message
    assert finding.severity == Severity.PROBLEM
    barely = ("500,100,500,2,0,L|543:100,1,42.7",)
    assert [f.severity for f in found("offscreen_object", map_text(barely))] == [Severity.WARNING]
    inside = ("400,100,500,2,0,L|500:100,1,100", "500,100,900,2,0,L|400:100,1,100")
    assert found("offscreen_object", map_text(inside)) == []
    bulging = ("500,300,500,2,0,P|541:341|500:382,1,128",)
    assert found("offscreen_object", map_text(bulging)) == []


def test_only_osu_has_a_screen_to_leave(map_text: MapText) -> None:
    assert found("offscreen_object", map_text(("-300,100,500,1,0",), mode=2)) == []
    assert found("offscreen_object", map_text(("0,0,500,8,0,900",))) == []


@pytest.mark.parametrize(
    ("line", "mode", "name"),
    [
        ("1,1,500,2,0,L|1:1,1,0", 0, "slider"),
        ("1,1,500,8,0,500", 0, "spinner"),
        ("64,192,500,128,0,500:0:0:0:0:", 3, "hold note"),
    ],
)
def test_objects_without_length_are_found(
    map_text: MapText, line: str, mode: int, name: str
) -> None:
    (finding,) = found("zero_length_object", map_text((line,), mode=mode))
    assert finding.message == f"The {name} has no length."


@pytest.mark.parametrize(
    ("line", "note"),
    [
        ("64,192,500,132,2,500:1:2:0:0:x.wav", "64,192,500,5,2,1:2:0:0:x.wav"),
        ("64,192,500,128,2", "64,192,500,1,2"),
    ],
)
def test_a_hold_note_without_length_can_become_a_note(
    map_text: MapText, line: str, note: str
) -> None:
    data = map_text((line,), mode=3)
    (finding,) = found("zero_length_object", data)
    assert Document.parse(data).apply(finding.fix).to_bytes() == map_text((note,), mode=3)


def test_objects_with_length_are_fine(map_text: MapText) -> None:
    lines = ("1,1,0,1,0", "1,1,500,8,0,501", "1,1,1000,2,0,L|9:1,1,1")
    assert found("zero_length_object", map_text(lines)) == []


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("1,1,500,2,0,L,1,100", "no body"),
        ("1,1,500,2,0,L|1:1,1,100", "no body"),
        ("1,1,500,2,0,L|100:1,1,-50", "negative length"),
    ],
)
def test_sliders_that_cannot_be_seen_are_found(map_text: MapText, line: str, words: str) -> None:
    (finding,) = found("invisible_slider", map_text((line, "1,1,9000,1,0")))
    assert words in finding.message


def test_sliders_with_a_body_are_fine(map_text: MapText) -> None:
    assert found("invisible_slider", map_text(("1,1,500,2,0,L|100:1,1,99",))) == []


@pytest.mark.parametrize(("n_anchors", "count"), [(100, 0), (101, 1)])
def test_crowded_anchors(map_text: MapText, n_anchors: int, count: int) -> None:
    curve = "|".join(f"{n}:{n % 7}" for n in range(n_anchors - 1))
    data = map_text((f"0,0,0,2,0,B|{curve},1,100",))
    findings = [f for f in run_checks(Document.parse(data)) if f.code == "crowded_anchors"]
    assert len(findings) == count


@pytest.mark.parametrize(
    ("last_ms", "pause", "count"),
    [
        (30_000, (), 0),
        (29_999, (), 1),
        (39_999, ("2,1200,9000",), 1),
        (40_000, ("2,1200,9000",), 0),
    ],
)
@pytest.mark.parametrize("mode", [0, 1, 2, 3])
def test_drain_time(
    map_text: MapText, last_ms: int, pause: tuple[str, ...], count: int, mode: int
) -> None:
    times = (0, 10_000, last_ms) if pause else (0, last_ms)
    data = map_text([f"1,1,{ms},1,0" for ms in times], events=pause, mode=mode)
    findings = [f for f in run_checks(Document.parse(data)) if f.code == "drain_time"]
    assert len(findings) == count


def test_a_map_without_objects_is_only_begun(map_text: MapText) -> None:
    assert not [f for f in run_checks(Document.parse(map_text())) if f.code == "drain_time"]
