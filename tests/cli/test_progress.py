from __future__ import annotations

import time
from types import SimpleNamespace
from typing import TYPE_CHECKING

from companion.beatmap import TimeRange
from companion.cli import generating
from companion.cli.progress import Progress, SongProgress
from companion.cli.terminal import Terminal
from companion.engine.map_requests import MapBegun, MapProgress

if TYPE_CHECKING:
    import pytest


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_lines_in_a_log_are_rare_but_the_end_is_said(capsys: pytest.CaptureFixture[str]):
    clock = Clock()
    with Progress(Terminal(), "windows", clock) as progress:
        for done in range(1, 101):
            clock.now_s = done / 4
            progress.show(done, 100)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "  40/100 windows, 4.0/s, 0:15 left",
        "  80/100 windows, 4.0/s, 0:05 left",
        "  100/100 windows, 4.0/s, 0:00 left",
    ]


def test_slow_work_says_how_long_each_takes(capsys: pytest.CaptureFixture[str]):
    clock = Clock()
    with Progress(Terminal(), "windows", clock) as progress:
        clock.now_s = 25
        progress.show(10, 40)
    assert capsys.readouterr().err == "  10/40 windows, 2.5 s each, 1:15 left\n"


def test_a_terminal_gets_a_bar_with_the_time_left(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("FORCE_COLOR", "1")
    with Progress(Terminal(), "windows") as progress:
        progress.show(5, 10)
        progress._bar.refresh()
        assert "50%" in capsys.readouterr().err


def test_a_song_is_counted_from_the_start_of_the_stretch(capsys: pytest.CaptureFixture[str]):
    with SongProgress(Terminal(), TimeRange(10_000, 20_000)) as progress:
        progress.reach(15_000)
        progress.reach(12_000)
        progress.reach(20_000)
    assert capsys.readouterr().err.startswith("  10/10 s of song, ")


def test_the_first_part_of_a_step_counts_in_its_pace(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    past = SimpleNamespace(monotonic=lambda: time.monotonic() - 100)
    monkeypatch.setattr(generating, "time", past)
    with generating._Steps(Terminal(), None) as steps:
        steps.begin(MapBegun((), 10_000))
        steps.show(MapProgress("map", 10_000))
    assert "10/10 s of song, 10.0 s each" in capsys.readouterr().err
