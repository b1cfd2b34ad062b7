"""Checks of a difficulty's numbers, colours and switches."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from companion.beatmap import Mode, Spinner, TimeRange
from companion.beatmap.colours import colours_of
from companion.beatmap.numbers import number_or, whole_or
from companion.checks.check import DifficultyCheck, Issue
from companion.checks.gameplay.score import best_play
from companion.checks.wording import plain
from companion.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from companion.beatmap.colours import Colour, Colours
    from companion.checks.check import Check
    from companion.checks.difficulty import Difficulty

VALUES = {
    "HPDrainRate": "HP drain",
    "CircleSize": "circle size",
    "OverallDifficulty": "overall difficulty",
    "ApproachRate": "approach rate",
}
FEWEST_KEYS, MOST_KEYS = 4, 18
TICK_RATES = (1 / 2, 4 / 3, 3 / 2)
"""Besides whole numbers."""
DARK_PROBLEM, DARK_WARNING, BRIGHT_WARNING = 30.0, 43.0, 250.0
"""Luminosity in the HSP model, 0 to 255."""
MAX_COMBO, MAX_SCORE = 65_535, 2_147_483_647
"""What osu!(stable) can count."""


def find_odd_values(difficulty: Difficulty) -> Iterator[Issue]:
    """Difficulty values with too many decimals or out of range."""
    beatmap = difficulty.beatmap
    for key, name in VALUES.items():
        text = beatmap.difficulty.get(key)
        value = number_or(text, math.nan) if text is not None else 5.0
        low, high = 0.0, 10.0
        if key == "CircleSize" and beatmap.mode is Mode.MANIA:
            low, high, name = FEWEST_KEYS, MOST_KEYS, "number of keys"
        if not low <= value <= high:
            yield Issue(
                severity=Severity.PROBLEM if high == MOST_KEYS else Severity.WARNING,
                message=f"The {name} is {text}; it has to be {plain(low)} to {plain(high)}.",
                detail=key,
            )
        elif abs(value * 10 - round(value * 10)) > 1e-4:
            yield Issue(
                severity=Severity.PROBLEM,
                message=f"The {name} is {text}; it may have one decimal.",
                detail=key,
            )


def find_odd_tick_rate(difficulty: Difficulty) -> Iterator[Issue]:
    """A slider tick rate that puts ticks off the beat."""
    text = difficulty.beatmap.difficulty.get("SliderTickRate", "1")
    rate = number_or(text, math.nan)
    whole = rate == round(rate) if math.isfinite(rate) else False
    if not whole and not any(abs(rate - allowed) < 1e-3 for allowed in TICK_RATES):
        yield Issue(
            severity=Severity.PROBLEM,
            message=f"The slider tick rate is {text}; use a whole number, 1/2, 4/3 or 3/2.",
        )


def find_default_colours(difficulty: Difficulty) -> Iterator[Issue]:
    """No combo colours of the map's own, so that it looks another way for everybody."""
    if difficulty.beatmap.general.get("SkinPreference", "") != "":
        return
    if not difficulty.fact(_colours).combos:
        yield Issue(
            severity=Severity.PROBLEM,
            message="The map has no combo colours of its own and prefers no skin.",
        )


def _colours(difficulty: Difficulty) -> Colours:
    return colours_of(difficulty.document)


def find_hard_to_see_colours(difficulty: Difficulty) -> Iterator[Issue]:
    """Colours that vanish against the dark, or dazzle in kiai."""
    colours = difficulty.fact(_colours)
    in_kiai = _first_in_kiai(difficulty, colours) if colours.combos else {}
    for number, colour in colours.combos.items():
        light = luminosity(colour)
        if light < DARK_WARNING:
            yield _dark(f"Combo colour {number}", light, f"combo {number}")
        elif light > BRIGHT_WARNING and number in in_kiai:
            at_ms = math.floor(in_kiai[number])
            yield Issue(
                severity=Severity.WARNING,
                message=f"Combo colour {number} is very bright, and kiai makes it brighter.",
                at=TimeRange(at_ms, at_ms + 1),
                detail=f"bright {number}",
            )
    if colours.slider_border is not None:
        light = luminosity(colours.slider_border)
        if light < DARK_WARNING:
            yield _dark("The slider border", light, "border")


def _dark(what: str, light: float, detail: str) -> Issue:
    return Issue(
        severity=Severity.PROBLEM if light < DARK_PROBLEM else Severity.WARNING,
        message=f"{what} is very dark (luminosity {light:.0f} of 255).",
        detail=detail,
    )


def luminosity(colour: Colour) -> float:
    """How bright a colour looks, 0 to 255, after Darel Rex Finley's HSP colour model."""
    red, green, blue = colour
    return round(math.sqrt(0.299 * red * red + 0.587 * green * green + 0.114 * blue * blue), 6)


def _first_in_kiai(difficulty: Difficulty, colours: Colours) -> dict[int, float]:
    """When each combo colour, by number, is first seen in kiai."""
    beatmap = difficulty.beatmap
    found: dict[int, float] = {}
    # The first combo has the second colour (stable's oddity), so counting begins at 0 for it.
    place = 0
    for item, number in zip(beatmap.hit_objects, beatmap.combo_numbers, strict=True):
        if number == 1:
            place += 1 + item.combo_skip
        if isinstance(item, Spinner) or not beatmap.kiai_at(item.start_ms):
            continue
        found.setdefault(colours.combo(place), item.start_ms)
        if len(found) == len(colours.combos):
            break
    return found


def find_overflow(difficulty: Difficulty) -> Iterator[Issue]:
    """More combo or score than osu!(stable) can count."""
    combo, score = difficulty.fact(best_play)
    if combo > MAX_COMBO:
        yield Issue(
            severity=Severity.PROBLEM,
            message=f"The greatest combo is {combo}; osu!(stable) counts to {MAX_COMBO}.",
            detail="combo",
        )
    if score > MAX_SCORE:
        yield Issue(
            severity=Severity.PROBLEM,
            message=(
                f"The greatest score with all mods is about {score / 1e9:.1f} thousand million; "
                "osu!(stable) counts to 2.1."
            ),
            detail="score",
        )


def switched_on(difficulty: Difficulty, key: str) -> bool:
    """Whether a switch of ``[General]`` is on."""
    return whole_or(difficulty.beatmap.general.get(key, ""), 0) != 0


CHECKS: tuple[Check, ...] = (
    DifficultyCheck(
        code="difficulty_values",
        title="Difficulty values",
        category="Settings",
        cause=(
            "HP, CS, OD or AR has more than one decimal (problem) or is outside 0 to 10 (warning); "
            "in mania there are fewer than 4 or more than 18 keys (problem)."
        ),
        criterion="Difficulty values have one decimal and lie within what the editor offers.",
        answers=(
            "MapsetVerifier:DiffSettingsAllModes",
            "lazer:OsuAbnormalDifficultySettings",
            "lazer:TaikoAbnormalDifficultySettings",
            "lazer:CatchAbnormalDifficultySettings",
            "lazer:ManiaAbnormalDifficultySettings",
            "lazer:KeyCount",
        ),
        severities=(Severity.PROBLEM, Severity.WARNING),
        find=find_odd_values,
    ),
    DifficultyCheck(
        code="tick_rate",
        title="Slider tick rate",
        category="Settings",
        cause="The slider tick rate is neither a whole number nor 1/2, 4/3 or 3/2.",
        criterion="Slider ticks have to fall on the beat grid.",
        answers=("MapsetVerifier:TickRate",),
        severities=(Severity.PROBLEM,),
        modes=frozenset({Mode.OSU, Mode.TAIKO, Mode.CATCH}),
        differs="Not in mania, where nothing has ticks.",
        find=find_odd_tick_rate,
    ),
    DifficultyCheck(
        code="default_colours",
        title="Default combo colours",
        category="Settings",
        cause="There are no combo colours in the file, and no preferred skin.",
        criterion="A map has combo colours of its own, or forces the default skin.",
        answers=("MapsetVerifier:DefaultColours",),
        severities=(Severity.PROBLEM,),
        modes=frozenset({Mode.OSU, Mode.CATCH}),
        find=find_default_colours,
    ),
    DifficultyCheck(
        code="colour_brightness",
        title="Brightness of colours",
        category="Settings",
        cause=(
            "A combo colour or the slider border has an HSP luminosity below 30 (problem) or 43 "
            "(warning), or a combo colour in kiai one above 250 (warning)."
        ),
        criterion="Combo colours and slider borders have to be seen without hurting the eyes.",
        answers=("MapsetVerifier:Luminosity",),
        severities=(Severity.PROBLEM, Severity.WARNING),
        modes=frozenset({Mode.OSU, Mode.CATCH}),
        find=find_hard_to_see_colours,
    ),
    DifficultyCheck(
        code="score_overflow",
        title="Overflowing score or combo",
        category="Settings",
        cause=(
            "A perfect play with Hidden, Hard Rock, Double Time and Flashlight scores more than "
            "2 147 483 647, or has a combo above 65 535."
        ),
        criterion="osu!(stable) has to be able to count the score and the combo.",
        answers=("MapsetVerifier:ScoreOverflow",),
        severities=(Severity.PROBLEM,),
        find=find_overflow,
    ),
)
