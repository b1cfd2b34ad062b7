from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from companion.findings import Severity
from tests.checks.conftest import chart, found, found_in_set, severities

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.checks.conftest import FolderFinder

P, W, M = Severity.PROBLEM, Severity.WARNING, Severity.MINOR
WHISTLE, FINISH, CLAP = 2, 4, 8


def note(ms: int, column: int, sound: int = 0, sample: str = "0:0:0:0:") -> str:
    return f"{column * 128 + 64},192,{ms},1,{sound},{sample}"


def mania(lines: Sequence[str], version: str = "Hard", index: int = 1) -> bytes:
    return chart(
        lines,
        mode=3,
        timing=[f"0,500,4,2,{index},60,1,0"],
        metadata=[f"Version:{version}"],
        difficulty=["CircleSize:4"],
    )


def doubled(*lines: str) -> list[str]:
    return [f.message for f in found("mania_doubled_hitsounds", mania(lines))]


def test_a_sound_on_two_notes_of_a_chord_is_found() -> None:
    assert doubled(note(0, 0, CLAP), note(0, 1, CLAP)) == [
        "2 notes of the chord play soft-hitclap, which makes it louder."
    ]
    assert doubled(note(0, 0, CLAP), note(0, 1, FINISH)) == []
    assert doubled(note(0, 0, CLAP), note(9, 1, CLAP)) == []
    assert doubled(note(0, 0), note(0, 1), note(0, 2)) == []
    assert doubled(note(0, 0, CLAP, "1:0:0:0:"), note(0, 1, CLAP)) == []
    assert len(doubled(note(0, 0, CLAP | FINISH), note(0, 1, CLAP | FINISH))) == 2
    assert len(doubled(note(0, 0, 0, "0:0:0:0:a.wav"), note(0, 1, 0, "0:0:0:0:A.wav"))) == 1
    hitnormal = "0:0:0:0:soft-hitnormal9.wav"
    assert doubled(note(0, 0, 0, hitnormal), note(0, 1, 0, hitnormal)) == []


def test_very_many_are_told_as_one() -> None:
    chords = [note(n * 100, column, CLAP) for n in range(31) for column in (0, 1)]
    (message,) = doubled(*chords)
    assert message.startswith("31 times, for the first time at 00:00:000: 2 notes")
    assert len(doubled(*chords[:60])) == 30


def beats(*sounds: int, version: str = "Hard") -> bytes:
    return mania([note(n * 500, 0, sound) for n, sound in enumerate(sounds)], version)


def test_a_sound_that_others_have_is_missed() -> None:
    most = beats(CLAP, 0), beats(CLAP, 0), beats(0, 0)
    (finding,) = found_in_set("mania_hitsound_consistency", *most)
    assert (finding.file, finding.objects, finding.severity) == ("2.osu", (0,), W)
    assert finding.message == "soft-hitclap is played here in “Hard”, “Hard”."
    few = found_in_set("mania_hitsound_consistency", beats(CLAP, 0), beats(0, 0), beats(0, 0))
    assert [(f.file, f.severity) for f in few] == [("1.osu", M), ("2.osu", M)]


def test_where_there_is_no_note_nothing_is_missed() -> None:
    short = mania([note(500, 0)])
    assert found_in_set("mania_hitsound_consistency", beats(CLAP, 0), short) == []
    assert found_in_set("mania_hitsound_consistency", beats(CLAP)) == []


def test_a_difficulty_with_other_sounds_throughout_is_left_out() -> None:
    alike = [beats(*[CLAP, 0] * 10) for _ in range(3)]
    other = beats(*[FINISH, WHISTLE] * 10)
    (finding,) = found_in_set("mania_hitsound_consistency", *alike, other)
    assert (finding.file, finding.severity) == ("3.osu", W)
    assert "little in common" in finding.message
    quiet = beats(*[FINISH, WHISTLE] * 3, *[0] * 14)  # too few sounds to be one of its own
    assert len(found_in_set("mania_hitsound_consistency", *alike, quiet)) > 1


@pytest.mark.parametrize(
    ("files", "index", "expected"),
    [
        ([], 1, [M]),
        (["soft-hitclap.wav"], 1, [M]),
        (["soft-hitnormal.wav"], 1, []),
        (["SOFT-hitnormal.ogg"], 1, []),
        (["soft-hitnormal.wav"], 0, [W]),
        (["soft-hitnormal2.wav"], 1, [W]),
        (["soft-hitnormal2.wav"], 2, []),
        (["drum-hitnormal.wav"], 1, [W]),
    ],
)
def test_the_hitnormal_of_the_set_has_to_be_heard(
    found_in_folder: FolderFinder, files: list[str], index: int, expected: list[Severity]
) -> None:
    contents = {"a.osu": mania([note(0, 0)], index=index), **dict.fromkeys(files, b"x")}
    assert severities(found_in_folder("mania_hitnormal", contents)) == expected


def test_missing_sample_files_are_found_once(found_in_folder: FolderFinder) -> None:
    lines = [note(0, 0, CLAP), note(500, 1, CLAP), note(900, 2, 0, "0:0:0:0:sub/Kick.wav")]
    data = mania(lines, index=2)
    found_here = found_in_folder("mania_missing_samples", {"a.osu": data})
    assert [(f.severity, f.objects) for f in found_here] == [(W, (0,)), (W, (0,)), (P, (900,))]
    assert found_here[2].message == "The file sub/kick.wav is not in the folder."
    there = dict.fromkeys(
        ("soft-hitnormal2.wav", "Soft-HitClap2.ogg", "sub/kick.wav", "other.txt"), b"x"
    )
    assert found_in_folder("mania_missing_samples", {"a.osu": data, **there}) == []


def test_the_default_samples_need_no_file(found_in_folder: FolderFinder) -> None:
    assert found_in_folder("mania_missing_samples", {"a.osu": mania([note(0, 0, CLAP)])}) == []
