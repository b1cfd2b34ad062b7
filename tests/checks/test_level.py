from __future__ import annotations

import pytest

from companion.beatmap import Mode
from companion.checks.level import (
    Level,
    interpreted_level,
    level_called,
    level_from_name,
    level_from_stars,
    level_name,
)


@pytest.mark.parametrize(
    ("name", "mode", "level"),
    [
        ("Easy", Mode.OSU, Level.EASY),
        ("Mapper's Normal", Mode.OSU, Level.NORMAL),
        ("Somebodys' Advanced", Mode.OSU, Level.HARD),
        ("Collab Insane", Mode.OSU, Level.INSANE),
        ("~EXTRA~", Mode.OSU, Level.EXPERT),
        ("Hyper", Mode.OSU, Level.INSANE),
        ("[7K] Hyper", Mode.MANIA, Level.HARD),
        ("4K Another", Mode.MANIA, Level.INSANE),
        ("Black Another", Mode.MANIA, Level.EXPERT),
        ("Kantan", Mode.TAIKO, Level.EASY),
        ("Somebody's Inner Oni", Mode.TAIKO, Level.EXPERT),
        ("Salad", Mode.CATCH, Level.NORMAL),
        ("Rain", Mode.CATCH, Level.INSANE),
        ("Normal", Mode.CATCH, Level.NORMAL),
    ],
)
def test_a_name_states_a_level(name: str, mode: Mode, level: Level) -> None:
    assert level_from_name(name, mode) is level


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("Hard Rain", Mode.OSU),
        ("Lunatic", Mode.OSU),  # second or first, who knows
        ("Kantan", Mode.OSU),
        ("", Mode.OSU),
        ("Easygoing", Mode.OSU),
    ],
)
def test_other_names_state_none(name: str, mode: Mode) -> None:
    assert level_from_name(name, mode) is None


@pytest.mark.parametrize(
    ("stars", "level"),
    [
        (0.0, Level.EASY),
        (1.99, Level.EASY),
        (2.0, Level.NORMAL),
        (2.69, Level.NORMAL),
        (2.7, Level.HARD),
        (3.99, Level.HARD),
        (4.0, Level.INSANE),
        (5.29, Level.INSANE),
        (5.3, Level.EXPERT),
        (12.0, Level.EXPERT),
    ],
)
def test_star_ratings_fall_into_levels(stars: float, level: Level) -> None:
    assert level_from_stars(stars) is level


def test_a_name_comes_before_the_star_rating() -> None:
    assert interpreted_level("Easy", Mode.OSU, 6.0) is Level.EASY
    assert interpreted_level("Spring", Mode.OSU, 2.5) is Level.NORMAL
    assert interpreted_level("Spring", Mode.OSU, None) is Level.EXPERT


def test_the_star_rating_raises_an_oni_but_no_other_name() -> None:
    assert interpreted_level("Oni", Mode.TAIKO, 5.29) is Level.INSANE
    assert interpreted_level("Oni", Mode.TAIKO, 5.3) is Level.EXPERT
    assert interpreted_level("Insane", Mode.OSU, 6.5) is Level.INSANE


def test_each_mode_has_its_own_words() -> None:
    assert [level_name(Level.EASY, mode) for mode in Mode] == ["Easy", "Kantan", "Cup", "Easy"]
    for mode in Mode:
        for level in Level:
            assert level_from_name(level_name(level, mode), mode) is level


def test_a_stored_level_is_found_by_its_name_and_nothing_else_is_one() -> None:
    assert [level_called(level.name.lower()) for level in Level] == list(Level)
    assert [level_called(name) for name in (None, "", "ultra", "4")] == [None] * 4
