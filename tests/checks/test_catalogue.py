from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from companion.beatmap import Document, TimeRange
from companion.checks import CHECKS, Difficulty, Issue, catalogue, rule_title, run_checks
from companion.checks.catalogue import DIFFICULTY_CHECKS
from companion.findings import Severity

if TYPE_CHECKING:
    from pathlib import Path

MapText = Callable[..., bytes]


def test_every_check_is_described_and_has_a_code_of_its_own() -> None:
    codes = [check.code for check in CHECKS]
    assert len(set(codes)) == len(codes)
    for check in CHECKS:
        assert check.title
        assert check.cause.endswith(".")
        assert check.criterion.endswith(".")
        assert check.severities == tuple(s for s in Severity if s in check.severities)
        assert check.answers
        assert all(answer.split(":")[0] in ("MapsetVerifier", "lazer") for answer in check.answers)
        assert check.modes


def test_a_check_that_fails_says_so_and_does_not_silence_the_others(
    map_text: MapText, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail_late(difficulty: Difficulty) -> Iterator[Issue]:
        yield Issue(severity=Severity.MINOR, message="First.", at=TimeRange(1, 2))
        raise ZeroDivisionError

    (unsnapped,) = [check for check in DIFFICULTY_CHECKS if check.code == "unsnapped_object"]
    faulty = replace(unsnapped, code="faulty", title="Faulty", find=fail_late)
    monkeypatch.setattr(catalogue, "DIFFICULTY_CHECKS", (faulty, unsnapped))
    failed, first, sound = run_checks(Document.parse(map_text(("1,1,503,1,0",))))
    assert failed.message == (
        "The check “Faulty” has failed (ZeroDivisionError) and may have missed something; "
        "the log has the details."
    )
    assert (first.message, sound.code) == ("First.", "unsnapped_object")
    assert "the check faulty failed" in caplog.text


@pytest.mark.parametrize("data", [b"", b"\0" * 9, b"\xff\xfe["])
def test_there_is_nothing_to_say_about_an_unreadable_file(data: bytes) -> None:
    assert run_checks(Document.parse(data)) == ()


def test_findings_come_by_time_with_unique_ids(map_text: MapText) -> None:
    lines = ["-200,1,2013,1,0", "-200,1,2013,1,0", "1,1,503,1,0", "1,1,505,1,0"]
    findings = run_checks(Document.parse(map_text(lines)))
    assert [f.at for f in findings] == sorted(f.at for f in findings)
    assert len({f.id for f in findings}) == len(findings)


def test_ids_stay_when_lines_move(map_text: MapText) -> None:
    lines = ["1,1,503,1,0", "1,1,1000,1,0"]
    before = run_checks(Document.parse(map_text(lines)))
    after = run_checks(Document.parse(map_text(lines, events=("2,5000,9000",))))
    assert before == after


def test_a_map_of_ten_thousand_objects_takes_about_a_second(map_text: MapText) -> None:
    lines = [
        f"{n * 37 % 512},{n * 91 % 384},{n * 250},1,0,0:0:0:0:"
        if n % 3
        else f"{n * 37 % 512},{n * 91 % 384},{n * 250},2,0,B|256:192|300:{n % 384},1,60"
        for n in range(10_000)
    ]
    document = Document.parse(map_text(lines))
    start = time.process_time()
    assert run_checks(document)
    assert time.process_time() - start < 3  # generous: it takes half a second at rest


@pytest.mark.slow
def test_real_maps_are_checked_and_every_fix_fits(shared_data: Path) -> None:
    for file in sorted(shared_data.rglob("*.osu"))[::8]:
        document = Document.parse(file.read_bytes())
        for finding in run_checks(document):
            assert finding.message
            assert bool(finding.fix) == (finding.fix_label is not None)
            fixed = document.apply(finding.fix)
            assert finding.fix == () or fixed != document


def test_what_is_found_under_a_code_has_a_title() -> None:
    assert [rule_title(check.code) for check in CHECKS] == [check.title for check in CHECKS]
    assert rule_title("maimod.new_combo_missing") == "Model: new combo missing"
