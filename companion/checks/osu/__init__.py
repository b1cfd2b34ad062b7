"""Rules of osu! itself."""

from __future__ import annotations

from companion.checks.osu import (
    compose,
    low_levels,
    settings,
    shapes,
    skin,
    spacing,
    spinners,
    stacks,
)

CHECKS = (
    *compose.CHECKS,
    *shapes.CHECKS,
    *spacing.CHECKS,
    *stacks.CHECKS,
    *spinners.CHECKS,
    *low_levels.CHECKS,
    *settings.CHECKS,
    *skin.CHECKS,
)
