from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile

from companion.beatmap import Document
from companion.beatmap.star_rating import star_rating
from companion.checks import run_checks
from companion.demo import MAP_FILE, unpack
from companion.demo.files import MAPSET
from companion.demo.mapper import UNSNAPPED
from companion.errors import DemoFailed
from demo_set import map_file, score

if TYPE_CHECKING:
    from pathlib import Path

Composed = tuple[bytes, tuple[map_file.Fault, ...]]

CODES = {
    "unsnapped": "unsnapped_object",
    "off screen": "offscreen_object",
    "zero length": "zero_length_object",
    "concurrent": "concurrent_objects",
    "no hitsounds": "missing_hitsounds",
}


@pytest.fixture(scope="module")
def document() -> Document:
    return Document.parse((MAPSET / MAP_FILE).read_bytes())


@pytest.fixture(scope="module")
def composed() -> Composed:
    return map_file.compose()


def test_the_committed_map_is_what_the_composer_writes(document: Document, composed: Composed):
    assert map_file.MAP_FILE == MAP_FILE
    assert document.to_bytes() == composed[0]


def test_the_map_can_be_read_without_a_complaint(document: Document):
    assert document.readable
    assert document.diagnostics == ()
    assert 3 < (star_rating(document.to_bytes()) or 0) < 4.5


def test_the_rules_find_the_planted_faults_and_nothing_else(document: Document, composed: Composed):
    planted = {(CODES[f.kind], f.start_ms) for f in composed[1] if f.kind in CODES}
    found = {(finding.code, finding.objects[-1]) for finding in run_checks(document)}
    assert found == planted


def test_without_faults_the_rules_are_silent():
    data, faults = map_file.compose(faulty=False)
    assert faults == ()
    assert run_checks(Document.parse(data)) == ()


def test_the_scripted_edit_fits_once(document: Document):
    assert document.to_bytes().count(UNSNAPPED) == 1


def test_the_readme_names_every_fault(composed: Composed):
    text = (MAPSET / "README.md").read_text(encoding="utf-8")
    for fault in composed[1]:
        minutes, rest_ms = divmod(fault.start_ms, 60_000)
        assert f"{minutes:02d}:{rest_ms // 1000:02d}:{rest_ms % 1000:03d}" in text


def test_the_song_is_as_long_as_the_score_and_does_not_clip():
    samples, rate_hz = soundfile.read(MAPSET / map_file.AUDIO_FILE)
    assert len(samples) / rate_hz * 1000 == pytest.approx(score.SONG_MS, abs=1)
    assert 0.5 < np.abs(samples).max() < 1


def test_the_first_beat_is_where_the_red_line_says(document: Document):
    samples, rate_hz = soundfile.read(MAPSET / map_file.AUDIO_FILE)
    loud = np.abs(samples).max(axis=1) > 0.05
    first_ms = np.argmax(loud) / rate_hz * 1000
    assert document.beatmap.red_lines[0].time_ms == pytest.approx(first_ms, abs=5)


def test_every_bar_of_the_score_is_full():
    for section in score.SECTIONS:
        assert len(section.melody) == section.bars
        score.melody_notes(section)  # raises for a bar that is not


def test_unpacking_copies_the_set(tmp_path: Path):
    path = unpack(tmp_path)
    assert path.read_bytes() == (MAPSET / MAP_FILE).read_bytes()
    assert sorted(p.name for p in path.parent.iterdir()) == sorted([MAP_FILE, "audio.ogg"])


def test_unpacking_twice_is_refused(tmp_path: Path):
    unpack(tmp_path)
    with pytest.raises(DemoFailed, match="cannot be copied"):
        unpack(tmp_path)
