"""Difficulty settings of osu! difficulties."""

from __future__ import annotations

from companion.beatmap import Mode
from companion.checks.check import DifficultyCheck
from companion.checks.setting_ranges import Setting, limits, out_of_range
from companion.findings import Severity

SETTINGS = (
    Setting(
        "The approach rate",
        lambda beatmap: beatmap.ar,
        limits((None, 5), (4, 6), (6, 8), (7, 9.3), (8, None)),
    ),
    Setting(
        "The overall difficulty",
        lambda beatmap: beatmap.od,
        limits((1, 3), (3, 5), (5, 7), (7, 9), (8, None)),
    ),
    Setting(
        "The HP drain rate",
        lambda beatmap: beatmap.hp,
        limits((1, 3), (3, 5), (4, 6), (5, 8), (5, None)),
    ),
    Setting(
        "The circle size",
        lambda beatmap: beatmap.cs,
        limits((None, 4), (None, 5), (None, 6), (None, 7), (None, 7)),
    ),
)

CHECKS = (
    DifficultyCheck(
        code="osu_settings_range",
        title="Difficulty settings outside of the recommended range",
        category="Settings",
        cause="AR, OD, HP or CS lies outside of what is recommended for the difficulty's level.",
        criterion=(
            "Each level has a recommended range for approach rate, overall difficulty, HP drain "
            "rate and circle size."
        ),
        answers=("MapsetVerifier:DiffSettingsStandard",),
        severities=(Severity.MINOR,),
        modes=frozenset({Mode.OSU}),
        find=out_of_range(SETTINGS, Severity.MINOR),
    ),
)
