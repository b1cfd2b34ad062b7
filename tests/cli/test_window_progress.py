from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from companion.cli.window_progress import WindowProgress

if TYPE_CHECKING:
    import pytest


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_rate_and_time_left_are_said(capsys: pytest.CaptureFixture[str]):
    clock = Clock()
    progress = WindowProgress(clock)
    clock.now_s = 20
    progress.show(40, 200)
    assert capsys.readouterr().err == "  40/200 windows, 2.0/s, 1:20 left\n"


def test_slow_work_says_how_long_each_takes(capsys: pytest.CaptureFixture[str]):
    clock = Clock()
    progress = WindowProgress(clock)
    clock.now_s = 25
    progress.show(10, 40)
    assert capsys.readouterr().err == "  10/40 windows, 2.5 s each, 1:15 left\n"


def test_lines_in_a_log_are_rare_but_the_end_is_said(capsys: pytest.CaptureFixture[str]):
    clock = Clock()
    progress = WindowProgress(clock)
    for done in range(1, 101):
        clock.now_s = done / 4
        progress.show(done, 100)
    progress.close()
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 4
    assert lines[-1] == "  100/100 windows, 4.0/s, 0:00 left"


def test_a_terminal_has_one_line_that_is_written_over(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    clock = Clock()
    progress = WindowProgress(clock)
    progress.show(0, 10)
    clock.now_s = 1
    progress.show(5, 10)
    clock.now_s = 1.1
    progress.show(6, 10)
    progress.close()
    progress.close()
    assert capsys.readouterr().err == (
        "\r  0/10 windows, just begun\r  5/10 windows, 5.0/s, 0:01 left\n"
    )
