from __future__ import annotations

import pytest

from companion.checks import Level
from companion.findings import Severity
from tests.checks.conftest import chart, found, severities

P, W, M = Severity.PROBLEM, Severity.WARNING, Severity.MINOR
BPM_200 = ["0,300,4,1,1,60,1,0"]
"""A usual tempo, so that beats are as long as they are written."""
DON, KAT, BIG_DON, BIG_KAT = 0, 8, 4, 12


def notes(*at: tuple[int, int], timing: list[str] = BPM_200) -> bytes:
    lines = [f"256,192,{ms},1,{sound}" for ms, sound in at]
    return chart(lines, timing=timing, mode=1)


@pytest.mark.parametrize(
    ("level", "gap_ms", "n_found"),
    [
        (Level.EASY, 147, 1), (Level.EASY, 148, 0), (Level.NORMAL, 97, 1), (Level.NORMAL, 98, 0),
        (Level.HARD, 47, 1), (Level.HARD, 48, 0), (Level.INSANE, 47, 1), (Level.INSANE, 48, 0),
        (Level.EXPERT, 20, 0),
    ],
)  # fmt: skip
def test_each_level_has_a_smallest_gap(level: Level, gap_ms: int, n_found: int) -> None:
    data = notes((0, DON), (900, DON), (900 + gap_ms, KAT), (1800, DON))
    findings = found("taiko_smallest_gap", data, level)
    assert [f.objects for f in findings] == [(900, 900 + gap_ms)] * n_found


def test_a_run_of_small_gaps_is_told_once() -> None:
    data = notes(*((n * 40, DON) for n in range(5)), (900, DON))
    (finding,) = found("taiko_smallest_gap", data, Level.INSANE)
    assert "5 notes are as little as 40 ms apart, less than 1/6" in finding.message


def test_slow_songs_count_in_shorter_beats() -> None:
    # 100 BPM is counted as 200, so 1/2 is 150 ms, and 120 BPM as 180, so that it is 167 ms
    for beat_ms, least_ms in ((600, 148), (500, 165)):
        timing = [f"0,{beat_ms},4,1,1,60,1,0"]
        near = notes((0, DON), (least_ms - 1, DON), timing=timing)
        assert len(found("taiko_smallest_gap", near, Level.EASY)) == 1
        assert (
            found("taiko_smallest_gap", notes((0, 0), (least_ms, 0), timing=timing), Level.EASY)
            == []
        )


@pytest.mark.parametrize(
    ("level", "gap_ms", "n_found"),
    [
        (Level.EASY, 147, 1), (Level.EASY, 148, 0), (Level.HARD, 147, 1), (Level.HARD, 148, 0),
        (Level.INSANE, 72, 1), (Level.INSANE, 73, 0), (Level.EXPERT, 72, 1), (Level.EXPERT, 73, 0),
    ],
)  # fmt: skip
def test_before_a_spinner_there_is_a_gap(level: Level, gap_ms: int, n_found: int) -> None:
    lines = ["256,192,900,1,0", f"256,192,{900 + gap_ms},8,0,2000"]
    data = chart(lines, timing=BPM_200, mode=1)
    assert severities(found("taiko_near_spinner", data, level)) == [M] * n_found
    roll = chart(
        [
            "256,192,300,2,0,L|396:192,1,280",
            f"256,192,{900 + gap_ms},8,0,2000",
        ],
        timing=BPM_200,
        mode=1,
    )  # the drumroll lasts 600 ms
    assert len(found("taiko_near_spinner", roll, level)) == n_found


@pytest.mark.parametrize(
    ("level", "gap_ms", "expected"),
    [
        (Level.EASY, 152, [P]), (Level.EASY, 153, []), (Level.NORMAL, 102, [P]),
        (Level.NORMAL, 103, []), (Level.HARD, 77, [P]), (Level.HARD, 78, [W]),
        (Level.HARD, 102, [W]), (Level.HARD, 103, []), (Level.INSANE, 52, [P]),
        (Level.INSANE, 78, []), (Level.EXPERT, 30, []),
    ],
)  # fmt: skip
def test_finishers_have_no_place_in_quick_patterns(
    level: Level, gap_ms: int, expected: list[Severity]
) -> None:
    # last in its pattern, and of another colour: the best place there is
    data = notes((900, DON), (900 + gap_ms, BIG_KAT))
    assert severities(found("taiko_finisher", data, level)) == expected


@pytest.mark.parametrize(
    ("level", "gap_ms", "severity"), [(Level.INSANE, 75, P), (Level.EXPERT, 100, W)]
)
def test_a_finisher_is_the_last_note_and_of_another_colour(
    level: Level, gap_ms: int, severity: Severity
) -> None:
    def at(*sounds: int) -> list[Severity]:
        data = notes(*((900 + n * gap_ms, sound) for n, sound in enumerate(sounds)))
        return severities(found("taiko_finisher", data, level))

    assert at(DON, DON, BIG_KAT) == []
    assert at(DON, KAT, BIG_KAT) == [severity]
    assert at(DON, BIG_KAT, DON) == [severity]
    assert at(BIG_DON, KAT, KAT) == [severity]
    assert at(BIG_DON) == []
