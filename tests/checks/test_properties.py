"""What holds of all rules, whatever the map."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from companion.beatmap import Document
from companion.beatmap.folder_files import list_files
from companion.checks import (
    Difficulty,
    Level,
    Mapset,
    check_difficulty,
    check_folder,
    check_set,
    read_folder,
)
from tests.checks.conftest import chart
from tests.checks.variants import (
    FIXING,
    found,
    heard,
    unsettled,
    unsettled_in_set,
    with_sections_reversed,
)

if TYPE_CHECKING:
    from pathlib import Path


METADATA = (
    "Title:Song -TV Version-", "TitleUnicode:歌", "Artist:Bånd ft. A", "Creator:Mapper",
    "Version:Guest's Hard", "Tags:nightcore",
)  # fmt: skip
TIMING = (
    "0,500,4,2,1,60,1,0",
    "1003,-50,4,2,1,60,0,0",
    "2000,-50,4,2,1,60,0,0",
    "2000,-50,4,2,1,60,0,0",
    "3003,-100,4,2,1,3,0,1",
    "9000,400,4,2,1,60,1,0",
    "41000,400,4,2,1,60,1,0",
)
EVENTS = ("2,5100,6000", 'Sample,12,0,"a.wav",70', 'Sprite,Overlay,Centre,"a.png",1,1')
OBJECTS = (
    "100,100,1000,2,0,L|240:100,1,140",
    "100,100,1000,2,0,L|240:100,1,140",
    "-200,100,2013,1,0,0:0:0:0:",
    "256,192,3500,12,0,4128,0:0:0:0:",
    "100,100,4505,2,2,B|100:100|240:100,1,140,0|0,0:0|0:0,0:0:0:0:",
    "300,100,4750,128,0,4750:0:0:0:0:",
    *(f"100,100,{7000 + n * 250},1,{n % 3 * 2},0:0:0:{5 + n % 20}:" for n in range(60)),
)
RICH: dict[str, Any] = {
    "timing": TIMING,
    "metadata": METADATA,
    "events": EVENTS,
    "colours": ("Combo1 : 1,1,1",),
    "difficulty": ("CircleSize:4.25", "HPDrainRate:5", "OverallDifficulty:8", "SliderTickRate:1.2"),
}


def rich(mode: int = 0, newline: str = "\r\n") -> bytes:
    """A map in which many rules find something."""
    return chart(OBJECTS, mode=mode, newline=newline, **RICH)


@pytest.mark.parametrize("mode", [0, 1, 2, 3])
def test_line_endings_and_byte_order_marks_do_not_matter(mode: int) -> None:
    expected = heard(rich(mode))
    assert len(expected) > 8
    assert heard(rich(mode, newline="\n")) == expected
    assert heard(rich(mode, newline="\r")) == expected
    assert heard(b"\xef\xbb\xbf" + rich(mode)) == expected


@pytest.mark.parametrize("mode", [0, 1, 2, 3])
def test_the_order_of_sections_does_not_matter(mode: int) -> None:
    assert heard(with_sections_reversed(rich(mode))) == heard(rich(mode))


def respelt(line: str, spelling: int) -> str:
    """A comma-separated line with its numbers spelt in another way."""
    forms = (
        lambda text: f" {text}",
        lambda text: f"{text}.0",
        lambda text: f"{text}.000",
        lambda text: f"{text}e0",
        lambda text: f"+{text}" if not text.startswith("-") else text,
    )
    fields = line.split(",")
    for index in (0, 1):
        fields[index] = forms[spelling](fields[index])
    return ",".join(fields)


@pytest.mark.parametrize("spelling", [0, 1, 2, 3, 4])
def test_the_spelling_of_numbers_does_not_matter(spelling: int) -> None:
    timing = tuple(respelt(line, spelling) for line in TIMING)
    objects = tuple(respelt(line, spelling) for line in OBJECTS)
    respelt_map: dict[str, Any] = {**RICH, "timing": timing}
    assert heard(chart(objects, **respelt_map)) == heard(rich())


@pytest.mark.parametrize("mode", [0, 1, 2, 3])
@pytest.mark.parametrize("level", [None, Level.EASY, Level.HARD])
def test_a_fix_settles_its_finding_and_makes_no_problem(mode: int, level: Level | None) -> None:
    data = rich(mode)
    before = found(data, level)
    fixes = [finding for finding in before if finding.fix]
    assert len(fixes) > 4
    assert list(unsettled(data, fixes, before, level)) == []


def uneven_set() -> Mapset:
    """A set of which one difficulty has another preview, tick rate and source."""
    metadata = (*METADATA, "Source:Game")
    apart: dict[str, Any] = {**RICH, "metadata": metadata, "general": ("PreviewTime: 9",)}
    maps = (rich(), rich(), chart(OBJECTS, **apart).replace(b"TickRate:1.2", b"TickRate:1"))
    return Mapset(tuple(Difficulty(Document.parse(d), f"{n}.osu") for n, d in enumerate(maps)))


def test_fixes_in_a_set_settle_their_findings() -> None:
    assert list(unsettled_in_set(uneven_set())) == []


def test_the_fixes_of_all_rules_are_among_those_tried_here() -> None:
    codes = {f.code for mode in range(4) for f in found(rich(mode), Level.HARD) if f.fix}
    codes |= {f.code for f in check_set(uneven_set()) if f.fix}
    assert codes == FIXING


NUMBERS = st.one_of(
    st.integers(-1000, 100_000).map(str),
    st.floats(-1e4, 1e5).map(str),
    st.sampled_from(
        ["", "NaN", "inf", "-inf", "1e999", "2e15", "-2e15", "2147483647", "-2147483648", "1e-300",
         "0", "-0", "0x10", "1_000", "9000", "1000000", "\u0660", "\x00", "131072", "1e-9"]
    ),
)  # fmt: skip
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"), max_size=40)


@st.composite
def hostile_maps(draw: st.DrawFn) -> bytes:
    """Maps of which every number may be anything."""

    def number() -> str:
        return draw(NUMBERS)

    lines = range(draw(st.integers(0, 8)))
    curve = "|".join([draw(st.sampled_from("BLPCX")), *(f"{number()}:{number()}" for _ in lines)])
    return chart(
        [
            *(f"{number()},{number()},{number()},{number()},{number()},{number()}" for _ in lines),
            *(f"1,1,{number()},2,{number()},{curve},{number()},{number()}" for _ in lines),
            *(f"1,1,{number()},8,0,{number()}" for _ in lines),
            *(f"1,1,{number()},128,0,{number()}:0:0:{number()}:{number()}:" for _ in lines),
        ],
        timing=[
            f"{number()},{number()},{number()},{number()},{number()},{number()},{n % 2},{number()}"
            for n in lines
        ],
        metadata=[f"{key}:{draw(TEXT)}" for key in ("Title", "Artist", "Version", "Tags")],
        difficulty=[
            f"{key}:{number()}"
            for key in ("CircleSize", "SliderMultiplier", "SliderTickRate", "OverallDifficulty")
        ],
        events=[f"2,{number()},{number()}", f'Video,{number()},"{draw(TEXT)}"', draw(TEXT)],
        colours=[f"Combo1 : {number()},{number()},{number()}", draw(TEXT)],
        general=[f"PreviewTime: {number()}", f"Countdown: {number()}"],
        mode=draw(st.integers(0, 3)),
        version=draw(st.sampled_from([3, 5, 14, 128])),
    )


@settings(max_examples=60, deadline=None)
@given(hostile_maps(), st.sampled_from([None, *Level]))
def test_hostile_maps_do_no_harm(data: bytes, level: Level | None) -> None:
    document = Document.parse(data.replace(b"\x00", b""))
    one = Difficulty(document, "a.osu", level)
    two = Difficulty(Document.parse(rich()), "b.osu", level)
    findings = [*check_difficulty(one), *check_set(Mapset((one, two)))]
    assert [f.message for f in findings if "has failed" in f.message] == []
    for finding in findings:
        if finding.fix and finding.file in ("a.osu", ""):
            document.apply(finding.fix)


def _slow_maps() -> dict[str, bytes]:
    many = [f"{n}00,{-50 - n % 3},4,2,1,60,0,0" for n in range(6000)]
    return {
        "repeats": chart(["0,0,0,2,0,L|9:0,1000000,1", "0,0,1,2,0,L|9:0,9000,131072"] * 99),
        "one moment": chart(["9,9,500,1,0"] * 2000),
        "all overlap": chart([f"9,9,{n},2,0,L|99:0,9000,90000" for n in range(500)]),
        "lines": chart(
            [f"9,9,{n}00,2,0,L|99:0,1,90000" for n in range(600)],
            timing=["0,500,4,2,1,60,1,0", *many],
        ),
        "red lines": chart(
            [f"9,9,{n}00,1,0" for n in range(2000)],
            timing=[f"{n},{300 + n},4,2,1,60,1,0" for n in range(6000)],
        ),
        "breaks": chart(
            [f"9,9,{n}00,1,0" for n in range(3000)], events=[f"2,{n},{n}99" for n in range(3000)]
        ),
        "variables": b"[Variables]\n"
        + b"\n".join(b"$v%d=$v%d$v%d" % (n, n + 1, n + 1) for n in range(100))
        + b"\n[Events]\n"
        + b"Sprite,$v0,$v1,$v2,$v3\n" * 1000,
        "frames": chart(events=['Animation,Pass,Centre,"a.png",1,1,2000000000,1'] * 1000),
        "anchors": chart(["0,0,0,2,0,B" + "|1:1|2:2" * 3000 + ",1,100"]),
        "colours": chart(["9,9,500,5,0"] * 3000, colours=[f"Combo{n} : 9,9,9" for n in range(999)]),
    }


SLOW_MAPS = _slow_maps()


@pytest.mark.parametrize("name", list(SLOW_MAPS))
def test_maps_made_to_be_slow_take_seconds_at_most(name: str, tmp_path: Path) -> None:
    data = SLOW_MAPS[name]
    for file in ("a.osu", "b.osu"):
        (tmp_path / file).write_bytes(data)
    started = time.process_time()
    folder = read_folder(list_files(tmp_path))
    for one in folder.mapset.difficulties:
        check_difficulty(one)
    check_set(folder.mapset)
    check_folder(folder)
    assert time.process_time() - started < 8


def test_markup_and_control_characters_are_passed_on_as_they_are() -> None:
    title = "<b>\x1b[31m\x07</b> (tv size) Ver"
    (finding,) = [f for f in found(chart(metadata=(f"Title:{title}",))) if f.code == "title_marker"]
    assert "<b>" in finding.message  # whoever shows it escapes it
