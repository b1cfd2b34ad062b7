from __future__ import annotations

import sys
from collections import Counter

import pytest

import check


def step(code: str, counts: str | None = None, needs: str | None = None) -> check.Step:
    return check.Step("a step", (sys.executable, "-c", code), counts=counts, needs=needs)


def test_a_command_that_exits_with_0_passes():
    result = check.run(step("print('fine')"))
    assert result.state == "passed"


def test_the_output_of_a_failing_command_is_shown(capfd: pytest.CaptureFixture[str]):
    result = check.run(step("print('what is wrong'); raise SystemExit(3)"))
    assert result.state == "failed"
    assert "what is wrong" in capfd.readouterr().out


def test_the_output_of_a_passing_command_is_not(capfd: pytest.CaptureFixture[str]):
    check.run(step("print('chatter')"))
    assert "chatter" not in capfd.readouterr().out


def test_a_step_without_its_program_is_left_out():
    result = check.run(step("raise SystemExit(1)", needs="no-such-program"))
    assert result.state == "left out"
    assert "no-such-program" in result.note


def test_a_program_that_is_not_there_fails():
    result = check.run(check.Step("a step", ("/no/such/program",)))
    assert result.state == "failed"


@pytest.mark.parametrize(
    ("line", "start", "expected"),
    [
        ("==== 3 failed, 10 passed, 2 skipped in 1.00s ====", "=", (10, 3, 2)),
        ("==== 10 passed, 1 error in 1.00s ====", "=", (10, 0, 0)),
        ("      Tests  1 failed | 31 passed (32)", "Tests ", (31, 1, 0)),
    ],
)
def test_tests_are_counted(line: str, start: str, expected: tuple[int, int, int]):
    result = check.run(step(f"print({line!r}); print('bye')", counts=start))
    tests = result.tests
    assert (tests["passed"], tests["failed"], tests["skipped"]) == expected


def test_the_summary_ends_with_the_number_of_tests():
    good = check.Result(step(""), "passed", 1.0, tests=Counter(passed=5, skipped=1))
    bad = check.Result(step(""), "failed", 2.0, tests=Counter(passed=2, failed=1, error=1))
    lines = check.summary([good, bad]).splitlines()
    assert lines[-1] == "7 passed, 2 failed, 1 skipped"
    assert "FAILED: a step" in lines[-2]


def test_pytest_gets_what_follows_the_dashes():
    (tests,) = [s for s in check.steps(["-k", "word"]) if s.name == "tests"]
    assert tests.command[-2:] == ("-k", "word")
