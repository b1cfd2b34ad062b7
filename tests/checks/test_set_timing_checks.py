from __future__ import annotations

import pytest

from companion.findings import Severity
from tests.checks.conftest import LONG, chart, fixed, found, found_in_set, severities

P, W, M = Severity.PROBLEM, Severity.WARNING, Severity.MINOR
RED = "0,500,4,2,1,60,1,0"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ((RED, "9000,400,4,2,1,60,1,0"), []),
        ((RED, "9000,400,4,2,1,60,1,0", "9500,-50,4,2,1,60,0,0"), []),
        ((RED,), [P]),
        ((RED, "9000,400,4,2,1,60,1,0", "12000,400,4,2,1,60,1,0"), [P]),
        ((RED, "9000,400,3,2,1,60,1,0"), [P]),
        ((RED, "9000,400.002,4,2,1,60,1,0"), [P]),
        ((RED, "9000,400.0005,4,2,1,60,1,0"), []),
        ((RED, "9000.5,400,4,2,1,60,1,0"), [M]),
        ((RED, "9000.0005,400,4,2,1,60,1,0"), []),
        ((RED, "9001,400,4,2,1,60,1,0"), [P, P]),  # one is missing, one is extra
    ],
)
def test_red_lines_agree(lines: tuple[str, ...], expected: list[Severity]) -> None:
    usual = chart(LONG, timing=(RED, "9000,400,4,2,1,60,1,0"))
    other = chart(LONG, timing=lines)
    findings = found_in_set("inconsistent_red_lines", usual, usual, other)
    assert severities(findings) == expected
    assert {finding.file for finding in findings} <= {"2.osu"}


def test_another_timing_altogether_is_one_finding() -> None:
    other = [f"{n * 1000},{300 + n},4,2,1,60,1,0" for n in range(30)]
    (finding,) = found_in_set(
        "inconsistent_red_lines", chart(LONG), chart(LONG), chart(LONG, timing=other)
    )
    assert finding.severity is P
    assert "in 30 places" in finding.message


@pytest.mark.parametrize(
    ("times", "files"),
    [
        ((5, 5, 5), []),
        ((5, 5, 6), ["2.osu"]),
        ((5, None, 5), ["1.osu"]),
        ((5, -1, 5), ["1.osu"]),
        ((None, None), ["0.osu", "1.osu"]),
    ],
)
def test_preview_points_agree(times: tuple[int | None, ...], files: list[str]) -> None:
    maps = [chart(LONG, general=[f"PreviewTime: {t}"] if t is not None else []) for t in times]
    findings = found_in_set("preview_time", *maps)
    assert [finding.file for finding in findings] == files
    assert set(severities(findings)) <= {P}
    for finding in findings:
        at = int(finding.file[0])
        if times[0] is None:
            assert finding.fix == ()  # nobody knows where
        else:
            maps[at] = fixed(maps[at], finding)
    if times[0] is not None:
        assert found_in_set("preview_time", *maps) == []


def test_a_copied_preview_point_counts_in_the_files_own_way() -> None:
    old = chart(LONG, version=4, general=("PreviewTime: 976",))
    new = chart(LONG, general=("PreviewTime: 1000",))
    assert found_in_set("preview_time", old, new) == []  # 24 ms are added to all times of v4
    unset = chart(LONG, version=4, general=("PreviewTime: -1",))
    (finding,) = found_in_set("preview_time", unset, new)
    assert b"PreviewTime: 976" in fixed(unset, finding)


# Snapping


def on(*times: int, name: str = "Easy", extra: int = 0) -> bytes:
    """A map with circles at some times, and some more from half a minute on to make it harder."""
    more = [f"{n * 97 % 500},{n * 31 % 380},{30_000 + n * 125},1,0" for n in range(extra)]
    return chart([*(f"1,1,{ms},1,0" for ms in times), *more], metadata=(f"Version:{name}",))


@pytest.mark.parametrize(
    ("easy", "hard", "expected"),
    [
        (1000, 1000, []),
        (1250, 1250, []),
        (1333, 1375, [W]),  # a third, taken for a quarter more
        (1250, 1333, [W]),  # a half, where the harder one has thirds
        (1250, 1313, [M]),  # a half, where the harder one has eighths
        (1250, 1375, []),  # a whole quarter away is another rhythm
        (1375, 1250, []),  # the harder one is simpler: that was meant
        (1250, 1252, []),  # within 3 ms
    ],
)
def test_harder_difficulties_have_other_rhythms_on_other_ticks(
    easy: int, hard: int, expected: list[Severity]
) -> None:
    one, other = on(500, easy), on(500, hard, name="Insane", extra=150)
    assert severities(found_in_set("inconsistent_snapping", one, other)) == expected


@pytest.mark.parametrize(("n", "count"), [(16, 16), (17, 1)])
def test_a_difficulty_that_swings_throughout_is_told_once(n: int, count: int) -> None:
    one = on(*(1250 + 1000 * i for i in range(n)))
    other = on(*(1333 + 1000 * i for i in range(n)), name="Insane", extra=200)
    findings = found_in_set("inconsistent_snapping", one, other)
    assert len(findings) == count
    assert ("at 17 places" in findings[0].message) is (count == 1)


def test_other_modes_have_other_rhythms() -> None:
    taiko = chart(["1,1,500,1,0", "1,1,1333,1,0"], mode=1)
    assert found_in_set("inconsistent_snapping", on(500, 1250), taiko) == []


# Hit sounds


def hits(*sounds: int, start: int = 0) -> bytes:
    """A map with a circle of given hit sound on each beat."""
    return chart([f"1,1,{start + n * 500},1,{bits}" for n, bits in enumerate(sounds)])


def test_additions_that_the_others_have_are_missing() -> None:
    full, bare = hits(2, 0, 8, 0), hits(2, 0, 0, 0)
    (finding,) = found_in_set("inconsistent_hitsounds", full, full, bare)
    assert (finding.severity, finding.file, finding.objects) == (W, "2.osu", (1000,))
    assert "no clap here" in finding.message


def test_an_addition_that_only_few_have_is_their_emphasis() -> None:
    full, bare, later = hits(2, 0, 8, 0), hits(2, 0, 0, 0), hits(*[2] * 4, start=9000)
    assert severities(found_in_set("inconsistent_hitsounds", full, bare)) == [W]
    assert found_in_set("inconsistent_hitsounds", full, bare, bare) == []
    # most of those that sound then, but not most of all
    assert severities(found_in_set("inconsistent_hitsounds", full, bare, later)) == [M]


def test_gaps_are_one_finding_while_somebody_has_them_all() -> None:
    full, most = hits(*[2] * 6), hits(2, 2, 2, 0, 2, 2).replace(b"Version:", b"Version:Most ")
    findings = found_in_set("inconsistent_hitsounds", *[full] * 3, most, hits(*[0] * 6))
    (finding,) = [finding for finding in findings if finding.file == "4.osu"]
    assert "no whistle at 6 places from here on" in finding.message
    assert "Most" not in finding.message


@pytest.mark.parametrize(("shift", "count"), [(0, 1), (1, 1), (2, 0)])
def test_one_moment_is_less_than_two_milliseconds(shift: int, count: int) -> None:
    full, bare = hits(2, 0, 8), hits(2, 0, 0, start=shift)
    assert len(found_in_set("inconsistent_hitsounds", full, bare)) == count


def test_a_difficulty_that_goes_its_own_way_is_named_once() -> None:
    usual, own = hits(*[2, 8] * 20), hits(*[8, 4] * 20)
    (finding,) = found_in_set("inconsistent_hitsounds", usual, usual, usual, own)
    assert finding.file == "3.osu"
    assert "throughout" in finding.message


def test_neighbouring_gaps_are_one_finding() -> None:
    full, bare = hits(*[2] * 6), hits(*[2] * 3, *[0] * 3)
    (finding,) = found_in_set("inconsistent_hitsounds", full, full, bare)
    assert "at 3 places" in finding.message
    assert (finding.at.start_ms, finding.at.end_ms) == (1500, 2501)


def test_hit_sounds_are_compared_in_osu_and_catch_only() -> None:
    mania = hits(2, 8).replace(b"Mode: 0", b"Mode: 3")
    assert found_in_set("inconsistent_hitsounds", mania, mania.replace(b",1,8", b",1,0")) == []


# Hit sounds of one difficulty


@pytest.mark.parametrize(
    ("line", "count"),
    [
        ("1,1,0,2,2,L|200:0,1,140,0|0,0:0|0:0,0:0:0:0:", 1),
        ("1,1,0,2,12,L|200:0,1,140,0|0,0:0|0:0,0:0:0:0:", 0),  # no body sounds like that
        ("1,1,0,2,0,L|200:0,1,140,2|0,0:0|0:0,0:0:0:0:", 0),
        ("1,1,0,2,2,L|200:0,1,140", 0),  # its edges take their sounds from there
    ],
)
def test_whistles_of_slider_bodies(line: str, count: int) -> None:
    assert len(found("slider_body_whistle", chart([line, *LONG]))) == count
    assert found("slider_body_whistle", chart([line], mode=1)) == []


@pytest.mark.parametrize(
    ("n", "sample_set", "count"), [(24, 2, 0), (25, 2, 1), (25, 1, 1), (25, 3, 0)]
)
def test_finishes_all_the_time(n: int, sample_set: int, count: int) -> None:
    # 99 beats of 500 ms are 49.5 s of drain time: one every 2 s would be 24.75
    objects = [
        line.replace(",1,0,0:0", ",1,4,0:0") if i < n else line for i, line in enumerate(LONG)
    ]
    data = chart(objects, timing=(f"0,500,4,{sample_set},1,60,1,0",))
    assert len(found("common_finish", data)) == count
    chords = [line for line in objects for _ in range(3)]
    mania = chart(chords, timing=(f"0,500,4,{sample_set},1,60,1,0",), mode=3)
    assert len(found("common_finish", mania)) == count
    taiko = chart(objects, timing=(f"0,500,4,{sample_set},1,60,1,0",), mode=1)
    assert found("common_finish", taiko) == []
