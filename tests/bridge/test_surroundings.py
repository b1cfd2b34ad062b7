from __future__ import annotations

from typing import TYPE_CHECKING

from companion.beatmap import Document
from companion.bridge import surroundings
from companion.bridge.surroundings import Surroundings
from companion.checks import Level
from tests.checks.conftest import LONG, chart

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
USUAL = chart(LONG, general=("PreviewTime: 9",))
UNSET = chart(LONG)
UNSNAPPED = (*LONG, "100,100,50070,1,0,0:0:0:0:")


def nobody(path: Path) -> Level | None:
    """No level was stated for any difficulty."""
    assert path.suffix == ".osu"


def codes(look: Surroundings, path: Path) -> set[tuple[str, str]]:
    document = Document.parse(path.read_bytes())
    return {(finding.code, finding.file) for finding in look.look(path, document, None)}


def test_what_concerns_the_map_or_the_whole_set_is_found(tmp_path: Path) -> None:
    look = Surroundings(nobody)
    (tmp_path / "a.osu").write_bytes(UNSET)
    (tmp_path / "b.osu").write_bytes(USUAL)
    (tmp_path / "junk.txt").write_bytes(b"1")
    found = codes(look, tmp_path / "a.osu")
    assert {("preview_time", ""), ("unused_file", "junk.txt")} <= found
    assert ("preview_time", "") not in codes(look, tmp_path / "b.osu")
    (tmp_path / "a.osu").write_bytes(USUAL)
    (tmp_path / "junk.txt").unlink()
    found = codes(look, tmp_path / "a.osu")
    assert not {code for code, _ in found} & {"preview_time", "unused_file"}


def test_what_was_said_of_the_other_difficulties_levels_is_asked_for(tmp_path: Path) -> None:
    asked: list[Path] = []

    def stated(path: Path) -> Level:
        asked.append(path)
        return Level.EASY

    for name in ("a.osu", "b.osu", "song.mp3"):
        (tmp_path / name).write_bytes(UNSET)
    codes(Surroundings(stated), tmp_path / "a.osu")
    assert asked == [tmp_path / "a.osu", tmp_path / "b.osu"]


def test_a_difficulty_in_the_place_of_a_map_is_judged_against_the_set(tmp_path: Path) -> None:
    (tmp_path / "a.osu").write_bytes(UNSET)
    (tmp_path / "b.osu").write_bytes(USUAL)
    (tmp_path / "junk.txt").write_bytes(b"1")
    look = Surroundings(nobody)
    judged = {
        (finding.code, finding.file)
        for finding in look.judge(tmp_path / "a.osu", Document.parse(chart(UNSNAPPED)), level=None)
    }
    assert {("preview_time", ""), ("unsnapped_object", "")} <= judged
    assert "unused_file" not in {code for code, _ in judged}


def test_a_heap_of_maps_is_no_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(3):
        (tmp_path / f"{n}.osu").write_bytes(UNSET)
    assert codes(Surroundings(nobody), tmp_path / "0.osu")
    monkeypatch.setattr(surroundings, "MOST_DIFFICULTIES", 2)
    assert codes(Surroundings(nobody), tmp_path / "0.osu") == set()
