from __future__ import annotations

import pytest

from companion.checks import Level
from companion.findings import Severity
from tests.checks.conftest import chart, found, found_in_set, severities

W, M = Severity.WARNING, Severity.MINOR


def lasting(seconds: int, hp: float, od: float) -> bytes:
    lines = [f"256,192,{n * 500},1,0" for n in range(seconds * 2 + 1)]
    return chart(lines, mode=1, difficulty=[f"HPDrainRate:{hp}", f"OverallDifficulty:{od}"])


@pytest.mark.parametrize(
    ("level", "hps", "od"),
    [
        (Level.EASY, (9, 8, 7, 6), 3), (Level.NORMAL, (8, 7, 6, 5), 4),
        (Level.HARD, (7, 6, 5, 4), 5), (Level.INSANE, (7, 5.5, 5, 4), 5.5),
    ],
)  # fmt: skip
def test_hp_goes_by_length_and_od_by_level(level: Level, hps: tuple[float, ...], od: float) -> None:
    for seconds, hp in zip((60, 61, 225, 285), hps, strict=True):
        assert found("taiko_settings_range", lasting(seconds, hp, od), level) == []
    for seconds, hp in zip((60, 224, 284), hps, strict=False):
        for off, expected in ((0.1, [M]), (1, [M]), (1.1, [W])):
            data = lasting(seconds, hp + off if hp + off <= 10 else hp - off, od)
            assert severities(found("taiko_settings_range", data, level)) == expected
    for off, expected in ((0.1, [M]), (0.5, [M]), (0.6, [W])):
        data = lasting(60, hps[0], od + off)
        assert severities(found("taiko_settings_range", data, level)) == expected


def test_the_hardest_level_is_free() -> None:
    assert found("taiko_settings_range", lasting(60, 1, 10), Level.EXPERT) == []


def named(version: str, multiplier: float) -> bytes:
    return chart(
        ["256,192,0,1,0"],
        mode=1,
        metadata=[f"Version:{version}"],
        difficulty=[f"SliderMultiplier:{multiplier}"],
    )


NAMES = ("Kantan", "Futsuu", "Muzukashii", "Oni")


@pytest.mark.parametrize(
    ("speeds", "files"),
    [
        ((1.4, 1.4, 1.4, 1.4), []), ((1.2, 1.3, 1.4, 1.4), []), ((1.6, 1.5, 1.4, 1.4), []),
        ((1.2, 1.4, 1.3, 1.6), ["2.osu"]), ((1.6, 1.4, 1.5, 1.3), ["2.osu"]),
        ((1.4, 1.404, 1.4, 1.4), []), ((1.4, 1.3), []),
    ],
)  # fmt: skip
def test_base_velocities_go_one_way(speeds: tuple[float, ...], files: list[str]) -> None:
    maps = [named(name, speed) for name, speed in zip(NAMES, speeds, strict=False)]
    assert [f.file for f in found_in_set("taiko_base_velocity", *maps)] == files


def with_background(x: int, y: int, name: str = "bg.jpg") -> bytes:
    return chart(["256,192,0,1,0"], mode=1, events=[f'0,0,"{name}",{x},{y}'])


def test_backgrounds_are_moved_alike() -> None:
    def of(*maps: bytes) -> list[tuple[str, str]]:
        findings = found_in_set("taiko_background_offset", *maps)
        return [(f.file, f.message) for f in findings]

    assert of(with_background(0, 40), with_background(0, 40)) == []
    assert of(with_background(0, 40), with_background(0, 41)) == [
        ("1.osu", "The background is moved 41 px down, but 40 px in “Hard”.")
    ]
    assert of(with_background(0, 40), with_background(0, 41, "other.jpg")) == []
    assert of(with_background(1, 0)) == [("0.osu", "The background is moved 1 px sideways.")]
