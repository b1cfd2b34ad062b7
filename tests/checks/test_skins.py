from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest

from companion.checks.catch import skin as catch_skin
from companion.checks.mania import skin as mania_skin
from companion.checks.osu import skin as osu_skin
from companion.checks.taiko import skin as taiko_skin
from companion.findings import Severity
from tests.checks.conftest import chart

if TYPE_CHECKING:
    from collections.abc import Iterable

    from companion.checks.skin_sets import ElementSet
    from companion.findings import Finding
    from tests.checks.conftest import FolderFinder

P, W = Severity.PROBLEM, Severity.WARNING
CIRCLE, SLIDER = "100,100,0,5,0", "100,100,500,2,0,L|240:100,2,140"
SPINNER = "256,192,3000,12,0,5000"
BORDER = ("SliderBorder : 255,255,255",)


def png(width: int = 1, height: int = 1, more: bytes = b"") -> bytes:
    return b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", width, height) + more


def names_of(group: ElementSet) -> list[str]:
    return [
        one.pattern.replace("-{n}", "").replace("{n}", "") + ".png"
        for one in group.elements
        if one.required
    ]


def messages(findings: Iterable[Finding]) -> list[tuple[str, str]]:
    return [(finding.severity, finding.message) for finding in findings]


GROUPS = {
    ("osu_skin", 0): osu_skin.GROUPS,
    ("taiko_skin", 1): taiko_skin.GROUPS,
    ("catch_skin", 2): (catch_skin.FRUITS, catch_skin.CATCHER),
    ("mania_skin", 3): mania_skin.GROUPS[:1],
}


@pytest.mark.parametrize(
    ("code", "mode", "group"),
    [(code, mode, group) for (code, mode), groups in GROUPS.items() for group in groups],
)
def test_sets_of_elements_are_complete_or_not_there(
    found_in_folder: FolderFinder, code: str, mode: int, group: ElementSet
) -> None:
    data = chart([CIRCLE, SLIDER, SPINNER], mode=mode, colours=BORDER)

    def incomplete(files: Iterable[str]) -> list[tuple[str, str]]:
        findings = found_in_folder(code, {"a.osu": data, **{name: png() for name in files}})
        return [found for found in messages(findings) if "incomplete" in found[1]]

    *others, last = names_of(group)
    assert incomplete([]) == []
    ((severity, message),) = incomplete(others)
    assert severity == P
    assert message.endswith(f"{last.removesuffix('.png')} is missing.")
    assert incomplete([last]) == []


def test_animated_and_double_sized_pictures_count(found_in_folder: FolderFinder) -> None:
    names = names_of(mania_skin.GROUPS[0])
    files = {name.replace(".png", "-0.png"): png() for name in names[:3]}
    files |= {name.replace(".png", "@2x.png").upper(): png() for name in names[3:]}
    data = chart([CIRCLE], mode=3)
    assert found_in_folder("mania_skin", {"a.osu": data, **files}) == []


def test_elements_that_no_map_shows_are_not_asked_for(found_in_folder: FolderFinder) -> None:
    data = chart([CIRCLE], colours=BORDER)
    names = ["approachcircle", "followpoint", "hitcircle", "hitcircleoverlay"]
    files = {f"{name}.png": png() for name in names}
    assert found_in_folder("osu_skin", {"a.osu": data, **files}) == []
    (finding,) = found_in_folder(
        "osu_skin", {"a.osu": chart([CIRCLE, SLIDER], colours=BORDER), **files}
    )
    assert "reversearrow" in finding.message


def test_pictures_should_be_png(found_in_folder: FolderFinder) -> None:
    files = {"cursor.jpg": b"x", "cursortrail.png": png()}
    (finding,) = found_in_folder("osu_skin", {"a.osu": chart([CIRCLE]), **files})
    assert (finding.severity, finding.file) == (W, "cursor.jpg")


OLD = [*osu_skin.SPINNER_OLD, *osu_skin.SPINNER_SHARED]
NEW = [*osu_skin.SPINNER_NEW, *osu_skin.SPINNER_SHARED]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (OLD, []),
        (OLD[1:], ["skin's spinner elements are incomplete: spinner-background is"]),
        (NEW, ["new spinner"]),
        (NEW[:-1], ["new spinner", "spinner-spin is missing"]),
        ([*OLD, NEW[0]], ["belongs to the old spinner"]),
        (["spinner-osu"], ["version 1 only"]),
        ([], []),
    ],
)
def test_spinners_have_one_style(
    found_in_folder: FolderFinder, names: list[str], expected: list[str]
) -> None:
    files = {f"{name}.png": png() for name in names}
    findings = found_in_folder("osu_skin", {"a.osu": chart([CIRCLE, SPINNER]), **files})
    assert len(findings) == len(expected)
    assert all(word in f.message for word, f in zip(expected, findings, strict=True))
    without = found_in_folder("osu_skin", {"a.osu": chart([CIRCLE]), **files})
    assert without == []


def test_bursts_differ_from_their_geki_and_katu(found_in_folder: FolderFinder) -> None:
    names = names_of(osu_skin.HIT_BURSTS)
    files = {name: png(more=name.encode()) for name in names}
    data = chart([CIRCLE])
    assert found_in_folder("osu_skin", {"a.osu": data, **files}) == []
    files["hit300k.png"] = files["hit300.png"]
    (finding,) = found_in_folder("osu_skin", {"a.osu": data, **files})
    assert (finding.severity, finding.file) == (P, "hit300k.png")


@pytest.mark.parametrize(
    ("colours", "expected"),
    [
        ((), ["states no slider border colour"]),
        (BORDER, []),
        ((*BORDER, "SliderTrackOverride : 225,255,255"), []),
        ((*BORDER, "SliderTrackOverride : 226,255,255"), ["too similar"]),
    ],
)
def test_skinned_sliders_have_a_border(
    found_in_folder: FolderFinder, colours: tuple[str, ...], expected: list[str]
) -> None:
    files = {name: png() for name in names_of(osu_skin.SLIDERS)}
    data = chart([CIRCLE, SLIDER], colours=colours)
    findings = found_in_folder("osu_skin", {"a.osu": data, **files})
    assert len(findings) == len(expected)
    assert all(word in f.message for word, f in zip(expected, findings, strict=True))


def test_score_points_are_taikos_own_only_without_osu(found_in_folder: FolderFinder) -> None:
    names = [name for name in names_of(taiko_skin.GROUPS[0]) if name != "sliderscorepoint.png"]
    files = {name: png() for name in names}
    taiko = chart([CIRCLE, SLIDER, SPINNER], mode=1)
    (finding,) = found_in_folder("taiko_skin", {"a.osu": taiko, **files})
    assert "sliderscorepoint is missing" in finding.message
    assert found_in_folder("taiko_skin", {"a.osu": taiko, "b.osu": chart([CIRCLE]), **files}) == []


def catch_files() -> dict[str, bytes]:
    files = {f"{name}.png": png(128, 128) for name in catch_skin.FRUIT_NAMES}
    files |= {f"{name}.png": png(82, 103) for name in catch_skin.DROP_NAMES}
    return files | {
        f"{name.replace('-{n}', '')}.png": png(306, 320) for name in catch_skin.CATCHER_NAMES
    }


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("fruit-apple.png", (127, 128)),
        ("fruit-drop.png", (82, 104)),
        ("fruit-catcher-idle.png", (306, 321)),
        ("fruit-pear@2x.png", (128, 128)),
    ],
)
def test_catch_pictures_have_the_defaults_size(
    found_in_folder: FolderFinder, name: str, size: tuple[int, int]
) -> None:
    fine = {"a.osu": chart([CIRCLE, SLIDER, SPINNER], mode=2), "skin.ini": b"Version: 2.5\n"}
    assert found_in_folder("catch_skin", {**fine, **catch_files()}) == []
    (finding,) = found_in_folder("catch_skin", {**fine, **catch_files(), name: png(*size)})
    assert (finding.severity, finding.file) == (P, name)
    assert f"{size[0]}×{size[1]} px" in finding.message


@pytest.mark.parametrize(
    ("skin", "n_found"),
    [
        (b"[General]\r\nVersion: 2\r\n", 0), (b"version:latest", 0), (b"Version: 1.9", 1),
        (b"Name: x", 1), (b"Version: new", 1), (b"", 1),
    ],
)  # fmt: skip
def test_a_catcher_needs_the_second_skin_version(
    found_in_folder: FolderFinder, skin: bytes, n_found: int
) -> None:
    files = {"a.osu": chart([CIRCLE, SLIDER, SPINNER], mode=2), "skin.ini": skin}
    assert len(found_in_folder("catch_skin", {**files, **catch_files()})) == n_found
