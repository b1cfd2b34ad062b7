"""Difficulty settings of osu!catch difficulties."""

from __future__ import annotations

from companion.beatmap import Mode
from companion.checks.check import DifficultyCheck
from companion.checks.setting_ranges import Setting, limits, out_of_range
from companion.findings import Severity

RATES = limits((None, 6), (None, 7), (None, 8), (None, 9), (9, None))
SETTINGS = (
    Setting("The approach rate", lambda beatmap: beatmap.ar, RATES),
    Setting("The overall difficulty", lambda beatmap: beatmap.od, RATES),
    Setting(
        "The HP drain rate",
        lambda beatmap: beatmap.hp,
        limits((2, 3), (3, 4), (4, 5), (5, 6), (5, None)),
    ),
    Setting(
        "The circle size",
        lambda beatmap: beatmap.cs,
        limits((None, 2.5), (None, 3), (None, 3.5), (None, 4), (4, None)),
    ),
)

CHECKS = (
    DifficultyCheck(
        code="catch_settings_range",
        title="Difficulty settings outside of the recommended range",
        category="Settings",
        cause="AR, OD, HP or CS lies outside of what is recommended for the difficulty's level.",
        criterion=(
            "Each level has a recommended range for approach rate, overall difficulty, HP drain "
            "rate and circle size."
        ),
        answers=("MapsetVerifier:DiffSettingsCatch",),
        severities=(Severity.MINOR,),
        modes=frozenset({Mode.CATCH}),
        find=out_of_range(SETTINGS, Severity.MINOR),
    ),
)
