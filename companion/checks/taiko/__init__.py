"""Rules of osu!taiko."""

from __future__ import annotations

from companion.checks.taiko import barlines, compose, kiai, patterns, scroll, settings, skin

CHECKS = (
    *compose.CHECKS,
    *patterns.CHECKS,
    *barlines.CHECKS,
    *kiai.CHECKS,
    *scroll.CHECKS,
    *settings.CHECKS,
    *skin.CHECKS,
)
