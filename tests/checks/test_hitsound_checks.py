from __future__ import annotations

from collections.abc import Callable

import pytest

from companion.beatmap import Document
from companion.checks import run_checks
from companion.findings import Finding, Severity

MapText = Callable[..., bytes]


def found(code: str, data: bytes) -> list[Finding]:
    return [f for f in run_checks(Document.parse(data)) if f.code == code]


def circles(n: int, every_ms: int = 500, start_ms: int = 0, hitsound: int = 0) -> list[str]:
    return [f"100,100,{start_ms + i * every_ms},1,{hitsound},0:0:0:0:" for i in range(n)]


def test_a_map_without_any_hit_sound_is_found_once(map_text: MapText) -> None:
    (finding,) = found("missing_hitsounds", map_text(circles(100)))
    assert finding.message == "The map has no hit sounds at all."
    assert (finding.at.start_ms, finding.at.end_ms) == (0, 49_501)


def test_a_map_that_is_only_begun_is_left_alone(map_text: MapText) -> None:
    assert found("missing_hitsounds", map_text(circles(9))) == []
    assert found("missing_hitsounds", map_text(())) == []


@pytest.mark.parametrize(
    ("n", "every_ms", "severity"),
    [
        (18, 500, None),
        (24, 500, Severity.WARNING),
        (6, 3000, None),
        (65, 500, Severity.PROBLEM),
        (12, 3000, Severity.WARNING),
    ],
)
def test_a_long_stretch_without_hit_sounds_is_found(
    map_text: MapText, n: int, every_ms: int, severity: Severity | None
) -> None:
    end_ms = 10_000 + n * every_ms
    lines = [
        *circles(20, hitsound=8),
        *circles(n, every_ms, 10_000),
        *circles(3, start_ms=end_ms, hitsound=2),
    ]
    findings = found("missing_hitsounds", map_text(lines))
    assert [f.severity for f in findings] == ([severity] if severity else [])
    if findings:
        assert findings[0].at.start_ms == 10_000
        assert f"{n} objects" in findings[0].message


def test_breaks_do_not_count_as_silence(map_text: MapText) -> None:
    lines = [*circles(20, hitsound=8), *circles(4, 500, 10_000), *circles(6, 500, 22_000)]
    pause = ("2,11700,20800",)
    assert len(found("missing_hitsounds", map_text(lines))) == 1
    assert found("missing_hitsounds", map_text(lines, events=pause)) == []


@pytest.mark.parametrize(
    "middle",
    [
        "100,100,7500,1,8,0:0:0:0:",
        "100,100,7500,1,0,3:0:0:0:",
        "100,100,7500,1,0,0:3:0:0:",
        "100,100,7500,1,0,0:0:5:0:",
        "100,100,7500,1,0,0:0:0:0:clap.wav",
        "100,100,7500,2,0,L|110:100,1,10,0|2,0:0|0:0,0:0:0:0:",
        "256,192,7500,8,4,7600,0:0:0:0:",
    ],
)
def test_whatever_stands_out_ends_a_stretch(map_text: MapText, middle: str) -> None:
    lines = [*circles(15), middle, *circles(15, start_ms=8000)]
    assert found("missing_hitsounds", map_text(lines)) == []


def test_a_green_line_with_another_set_stands_out(map_text: MapText) -> None:
    lines = circles(30)
    timing = ("0,500,4,2,1,60,1,0", "7500,-100,4,3,1,60,0,0")
    assert found("missing_hitsounds", map_text(lines, timing)) == []


def test_taiko_and_mania_speak_with_other_sounds(map_text: MapText) -> None:
    for mode in (1, 3):
        assert found("missing_hitsounds", map_text(circles(100), mode=mode)) == []


@pytest.mark.parametrize(
    ("line", "severity", "words"),
    [
        ("1,1,0,1,0,0:0:0:10:", Severity.WARNING, "The circle has a volume of 10 %"),
        ("1,1,0,1,0,0:0:0:20:", Severity.MINOR, "The circle"),
        ("1,1,0,1,0,0:0:0:21:", None, ""),
        ("256,192,0,8,0,900,0:0:0:10:", Severity.MINOR, "The spinner has"),
        ("256,192,0,8,0,900,0:0:0:20:", None, ""),
    ],
)
def test_objects_that_can_hardly_be_heard_are_found(
    map_text: MapText, line: str, severity: Severity | None, words: str
) -> None:
    findings = found("muted_objects", map_text((line,)))
    assert [f.severity for f in findings] == ([severity] if severity else [])
    assert all(words in f.message for f in findings)


def test_a_quiet_slider_end_is_minor(map_text: MapText) -> None:
    timing = ("0,500,4,2,1,60,1,0", "400,-100,4,2,1,5,0,0")
    (finding,) = found("muted_objects", map_text(("1,1,0,2,0,L|141:1,1,140",), timing))
    assert finding.severity == Severity.MINOR
    assert "slider's end or a repeat" in finding.message


def test_muted_objects_in_a_row_are_one_finding(map_text: MapText) -> None:
    lines = [f"1,1,{n * 500},1,0,0:0:0:{v}:" for n, v in enumerate([9, 5, 5, 15, 15, 60, 10, 50])]
    findings = found("muted_objects", map_text(lines))
    assert [f.message[:48] for f in findings] == [
        "3 objects in a row have a volume of 5 to 9 %.",
        "2 objects in a row have a volume of 15 %.",
        "The circle has a volume of 10 % and can hardly b",
    ]
    assert [f.severity.value for f in findings] == ["warning", "minor", "warning"]


def test_without_timing_points_the_full_volume_counts(map_text: MapText) -> None:
    assert found("muted_objects", map_text(("1,1,0,1,0",), timing=())) == []
