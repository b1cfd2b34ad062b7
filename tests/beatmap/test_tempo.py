from __future__ import annotations

import pytest

from companion.beatmap import TimingPoint, main_bpm, tempo_sections

RED_LINES = (TimingPoint(100, 400.0), TimingPoint(2_100, 500.0), TimingPoint(9_100, 400.0))


def test_each_red_line_governs_the_song_up_to_the_next_one():
    sections = tempo_sections(RED_LINES, 10_000)
    assert [(s.red_line.time_ms, s.end_ms) for s in sections] == [
        (100, 2_100),
        (2_100, 9_100),
        (9_100, 10_000),
    ]
    assert tempo_sections((), 10_000) == ()


@pytest.mark.parametrize(("end_ms", "bpm"), [(10_000, 120), (20_000, 150)])
def test_the_tempo_of_most_of_the_song_is_added_up_over_its_sections(end_ms: float, bpm: float):
    assert main_bpm(tempo_sections(RED_LINES, end_ms)) == bpm
