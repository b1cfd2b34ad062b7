from __future__ import annotations

import pytest

from companion.beatmap import Document
from companion.checks import Difficulty
from companion.checks.gameplay.taiko import MAX_BAR_LINES, bar_lines
from companion.findings import Severity
from tests.checks.conftest import chart, fixed, found, found_in_set, severities

P, W, M = Severity.PROBLEM, Severity.WARNING, Severity.MINOR
NOTE = "256,192,{},1,0"


def taiko(*lines: str, timing: list[str]) -> bytes:
    return chart(lines, timing=timing, mode=1)


def lines_of(data: bytes) -> tuple[float, ...]:
    return Difficulty(Document.parse(data)).fact(bar_lines).times_ms


def test_bar_lines_go_from_red_line_to_red_line() -> None:
    timing = ["0,500,4,1,1,60,1,0", "5000,400,3,1,1,60,1,0"]
    assert lines_of(taiko(NOTE.format(6000), timing=timing)) == (0, 2000, 4000, 5000, 6200)


def test_bar_lines_begin_with_the_song() -> None:
    timing = ["-5000,500,4,1,1,60,1,0"]
    assert lines_of(taiko(NOTE.format(1500), timing=timing)) == (1000, 3000)
    assert lines_of(taiko(NOTE.format(-1500), timing=timing))[0] == -1000


def test_the_first_bar_line_of_a_red_line_may_be_omitted() -> None:
    timing = ["0,500,4,1,1,60,1,0", "3000,500,4,1,1,60,1,8"]
    assert lines_of(taiko(NOTE.format(3500), timing=timing)) == (0, 2000, 5000)


def test_without_objects_or_tempo_there_are_none() -> None:
    assert lines_of(taiko(timing=["0,500,4,1,1,60,1,0"])) == ()
    assert lines_of(taiko(NOTE.format(0), timing=["0,0,4,1,1,60,1,0"])) == ()


def test_hostile_tempos_cost_little() -> None:
    far = taiko(NOTE.format(2_000_000_000), timing=["0,0.001,4,1,1,60,1,0"])
    assert len(lines_of(far)) == MAX_BAR_LINES


@pytest.mark.parametrize(
    ("offset", "note", "slider"),
    # the bar line is at 4000 plus the offset
    [(0.5, [], []), (0.995, [W], [W]), (1, [P], [M]), (1.9, [P], [M]), (2, [], [])],
)
def test_a_last_note_right_before_a_bar_line_hides_it(
    offset: float, note: list[Severity], slider: list[Severity]
) -> None:
    timing = [f"{offset},500,4,1,1,60,1,0"]
    early = taiko(NOTE.format(0), NOTE.format(4000), timing=timing)
    assert severities(found("taiko_hidden_bar_line", early)) == note
    spun = taiko("256,192,3000,8,0,4000", timing=timing)
    assert severities(found("taiko_hidden_bar_line", spun)) == slider


@pytest.mark.parametrize(
    ("line_ms", "n_found"), [(4000, 0), (4001, 1), (4005, 1), (4006, 0), (3999, 0)]
)
def test_a_bar_line_right_before_a_speed_change_keeps_its_speed(line_ms: int, n_found: int) -> None:
    timing = ["0,500,4,1,1,60,1,0", f"{line_ms},-50,4,1,1,60,0,0"]
    data = taiko(NOTE.format(9000), timing=timing)
    assert len(found("taiko_unaffected_bar_line", data)) == n_found
    same = taiko(NOTE.format(9000), timing=[timing[0], timing[1].replace("-50", "-100")])
    assert found("taiko_unaffected_bar_line", same) == []


@pytest.mark.parametrize(
    ("red_ms", "expected"),
    [
        (4001, []), (4002, [P]), (5000, [P]), (5001, [W]), (5997, [W]), (5998, []), (6000, []),
    ],
)  # fmt: skip
def test_red_lines_begin_a_bar_too_soon(red_ms: int, expected: list[Severity]) -> None:
    timing = ["0,500,4,1,1,60,1,0", f"{red_ms},400,4,1,1,60,1,0"]
    data = taiko(NOTE.format(9000), timing=timing)
    findings = found("taiko_close_bar_lines", data)
    assert severities(findings) == expected
    for finding in findings:
        if finding.severity == P:
            assert found("taiko_close_bar_lines", fixed(data, finding)) == []
    omitted = taiko(NOTE.format(9000), timing=[timing[0], timing[1][:-1] + "8"])
    assert found("taiko_close_bar_lines", omitted) == []


def test_a_bar_line_omitted_in_one_difficulty_only_is_found() -> None:
    shown, hidden = (
        taiko(NOTE.format(9000), timing=["0,500,4,1,1,60,1,0", f"4000,400,4,1,1,60,1,{effects}"])
        for effects in (0, 8)
    )
    (finding,) = found_in_set("taiko_inconsistent_bar_lines", shown, shown, hidden)
    assert (finding.file, finding.at.start_ms) == ("2.osu", 4000)
    assert "omitted, but it is shown" in finding.message
    assert found_in_set("taiko_inconsistent_bar_lines", shown, shown) == []
    near = hidden.replace(b"4000,400", b"4001,400")
    assert len(found_in_set("taiko_inconsistent_bar_lines", shown, near)) == 1
    far = hidden.replace(b"4000,400", b"4002,400")
    assert found_in_set("taiko_inconsistent_bar_lines", shown, far) == []
