"""Difficulty settings of the easier osu!mania difficulties."""

from __future__ import annotations

from companion.beatmap import Mode
from companion.checks.check import DifficultyCheck
from companion.checks.level import Level
from companion.checks.setting_ranges import Setting, limits, out_of_range
from companion.findings import Severity

HIGHEST = limits((None, 7), (None, 7.5), (None, 8))
SETTINGS = (
    Setting("The HP drain rate", lambda beatmap: beatmap.hp, HIGHEST),
    Setting("The overall difficulty", lambda beatmap: beatmap.od, HIGHEST),
)

CHECKS = (
    DifficultyCheck(
        code="mania_settings_range",
        title="High difficulty settings in easier difficulties",
        category="Settings",
        cause="HP or OD is above 7 in Easy, 7.5 in Normal or 8 in Hard.",
        criterion="HP and OD should not be higher than 7 in Easy, 7.5 in Normal and 8 in Hard.",
        answers=("MapsetVerifier:DiffSettingsLowerDifficulties",),
        differs=(
            "Names that say no level are taken by star rating; Mapset Verifier mentions each of "
            "them as minor."
        ),
        severities=(Severity.WARNING,),
        modes=frozenset({Mode.MANIA}),
        levels=frozenset({Level.EASY, Level.NORMAL, Level.HARD}),
        find=out_of_range(SETTINGS, Severity.WARNING),
    ),
)
