from __future__ import annotations

from collections.abc import Callable

import pytest

from companion.beatmap import Document
from companion.checks import run_checks
from companion.findings import Finding, Severity

MapText = Callable[..., bytes]


def unsnapped(data: bytes) -> list[Finding]:
    return [f for f in run_checks(Document.parse(data)) if f.code == "unsnapped_object"]


@pytest.mark.parametrize("ms", [0, 500, 125, 166, 167, 100, 71, 72, 55, 56, 31, 1041])
def test_objects_on_a_tick_are_fine(map_text: MapText, ms: int) -> None:
    assert unsnapped(map_text((f"100,100,{ms},1,0",))) == []


@pytest.mark.parametrize(
    ("ms", "severity", "words", "snapped"),
    [
        (505, Severity.PROBLEM, "circle is 5.0 ms after", "500"),
        (248, Severity.PROBLEM, "circle is 2.0 ms before", "250"),
        (501, Severity.MINOR, "circle is 1.0 ms after", "500"),
    ],
)
def test_a_circle_off_the_grid_is_found_and_can_be_snapped(
    map_text: MapText, ms: int, severity: Severity, words: str, snapped: str
) -> None:
    data = map_text((f"100,100,{ms},1,0",))
    (finding,) = unsnapped(data)
    assert finding.severity == severity
    assert words in finding.message
    fixed = Document.parse(data).apply(finding.fix).to_bytes()
    assert fixed == map_text((f"100,100,{snapped},1,0",))
    assert unsnapped(fixed) == []


@pytest.mark.parametrize(
    ("mode", "names"),
    [(0, ["circle", "slider"]), (1, ["note", "drumroll"]), (2, ["fruit", "slider"])],
)
def test_objects_are_called_what_their_ruleset_calls_them(
    map_text: MapText, mode: int, names: list[str]
) -> None:
    lines = ("100,100,505,1,0", "100,100,1505,2,0,L|240:100,1,140")
    findings = unsnapped(map_text(lines, mode=mode))
    assert [f.message.split()[1] for f in findings] == names


@pytest.mark.parametrize(("count", "n_found"), [(100, 100), (101, 1)])
def test_a_map_off_the_grid_throughout_is_told_once(
    map_text: MapText, count: int, n_found: int
) -> None:
    findings = unsnapped(map_text([f"100,100,{n * 500 + 5},1,0" for n in range(count)]))
    assert len(findings) == n_found


def test_notes_of_a_chord_are_one_finding_and_snapped_together(map_text: MapText) -> None:
    notes = ("64,192,505,1,0", "192,192,505,1,0", "320,192,505,128,0,1000:0:0:0:0:")
    data = map_text(notes, mode=3)
    (finding,) = unsnapped(data)
    assert finding.message.startswith("3 objects are 5.0 ms after")
    assert unsnapped(Document.parse(data).apply(finding.fix).to_bytes()) == []
    (finding,) = unsnapped(map_text(notes[:2], mode=3))
    assert finding.message.startswith("2 notes are")


def test_a_long_note_is_not_snapped_away(map_text: MapText) -> None:
    timing = ("0,200,4,2,1,60,1,0",)
    for end_ms in (1006, 1019):  # the nearest ticks are at 1000 and 1016.7
        lines = (f"64,192,1000,128,0,{end_ms}:0:0:0:0:",)
        (finding,) = unsnapped(map_text(lines, mode=3, timing=timing))
        assert finding.fix == ()


@pytest.mark.parametrize(("velocity", "fixable"), [(-100, True), (-90, False)])
def test_a_slider_is_not_snapped_where_its_end_would_go_astray(
    map_text: MapText, velocity: int, fixable: bool
) -> None:
    timing = ("0,500,4,2,1,60,1,0", f"500,{velocity},4,2,1,60,0,0")
    data = map_text(("100,100,499,2,0,L|240:100,1,140",), timing=timing)
    (finding,) = unsnapped(data)
    assert bool(finding.fix) is fixable


def test_the_fix_says_to_which_divisor_it_snaps(map_text: MapText) -> None:
    (finding,) = unsnapped(map_text(("100,100,253,1,0",)))
    assert finding.fix_label == "Snap to 1/2"


def test_a_slider_is_judged_at_head_repeats_and_end(map_text: MapText) -> None:
    head = unsnapped(map_text(("100,100,505,2,0,L|240:100,1,140",)))
    assert [f.message[:13] for f in head] == ["The slider is"]
    assert head[0].fix_label == "Snap to 1/1"
    end = unsnapped(map_text(("100,100,500,2,0,L|240:100,1,138",)))
    assert "slider end is 7.1 ms before" in end[0].message
    assert end[0].fix == ()
    assert end[0].fix_label is None
    repeat = unsnapped(map_text(("100,100,500,2,0,L|240:100,2,139",)))
    assert len(repeat) == 1
    worst = unsnapped(map_text(("100,100,500,2,0,L|240:100,3,140.4",)))
    assert "slider end is 4.3 ms after" in worst[0].message
    assert unsnapped(map_text(("100,100,500,2,0,L|240:100,3,140",))) == []
    twice = unsnapped(map_text(("100,100,500,2,0,L|240:100,2,138",)))
    assert "slider end is 14.3 ms before" in twice[0].message
    early = unsnapped(map_text(("100,100,500,2,0,L|240:100,2,145",)))
    assert "slider repeat" in early[0].message or "slider end" in early[0].message


def test_a_spinner_is_snapped_at_either_end(map_text: MapText) -> None:
    data = map_text(("256,192,503,12,0,1000,0:0:0:0:",))
    (finding,) = unsnapped(data)
    assert Document.parse(data).apply(finding.fix).to_bytes() == map_text(
        ("256,192,500,12,0,1000,0:0:0:0:",)
    )
    data = map_text(("256,192,500,12,0,1003,0:0:0:0:",))
    (finding,) = unsnapped(data)
    assert finding.fix_label == "Snap to 1/1 (end)"
    assert Document.parse(data).apply(finding.fix).to_bytes() == map_text(
        ("256,192,500,12,0,1000,0:0:0:0:",)
    )


def test_a_hold_note_keeps_its_sounds_when_its_end_is_snapped(map_text: MapText) -> None:
    data = map_text(("64,192,500,128,0,1003:1:2:0:0:x.wav",), mode=3)
    (finding,) = unsnapped(data)
    assert "hold note end" in finding.message
    assert Document.parse(data).apply(finding.fix).to_bytes() == map_text(
        ("64,192,500,128,0,1000:1:2:0:0:x.wav",), mode=3
    )
    bare = map_text(("64,192,500,128,0,1003",), mode=3)
    fixed = Document.parse(bare).apply(unsnapped(bare)[0].fix).to_bytes()
    assert fixed == map_text(("64,192,500,128,0,1000",), mode=3)


@pytest.mark.parametrize("line", ["256,192,495,12,0,499", "256,192,500,12,0,503"])
def test_a_snap_that_would_leave_no_length_is_not_offered(map_text: MapText, line: str) -> None:
    (finding,) = unsnapped(map_text((line,)))
    assert finding.fix == ()


def test_the_red_line_in_effect_counts_and_the_start_of_the_next(map_text: MapText) -> None:
    timing = ("0,500,4,2,1,60,1,0", "1003.4,400,4,2,1,60,1,0")
    assert unsnapped(map_text(("1,1,1003,1,0", "1,1,1403,1,0"), timing)) == []
    assert len(unsnapped(map_text(("1,1,1000,1,0", "1,1,1500,1,0"), timing))) == 1


def test_before_the_first_red_line_its_own_grid_goes_on(map_text: MapText) -> None:
    timing = ("1000,500,4,2,1,60,1,0",)
    assert unsnapped(map_text(("1,1,500,1,0",), timing)) == []
    assert len(unsnapped(map_text(("1,1,510,1,0",), timing))) == 1


@pytest.mark.parametrize("timing", [(), ("0,-100,4,2,1,60,0,0",), ("0,-5,4,2,1,60,1,0",)])
def test_without_a_tempo_nothing_is_unsnapped(map_text: MapText, timing: tuple[str, ...]) -> None:
    assert unsnapped(map_text(("1,1,507,1,0",), timing)) == []


def test_the_snap_of_an_early_format_is_written_without_its_offset(map_text: MapText) -> None:
    data = map_text(("100,100,505,1,0",), version=4)
    (finding,) = unsnapped(data)
    assert finding.objects == (529,)
    assert b"100,100,500,1,0" in Document.parse(data).apply(finding.fix).to_bytes()


def test_an_unsnapped_slider_of_thousands_of_repeats_is_found_once(map_text: MapText) -> None:
    assert len(unsnapped(map_text(("1,1,505,2,0,L|2:1,9000,0.3",)))) == 1
