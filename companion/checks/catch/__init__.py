"""Rules of osu!catch."""

from __future__ import annotations

from companion.checks.catch import chains, compose, dashes, settings, skin

CHECKS = (
    *dashes.CHECKS,
    *chains.CHECKS,
    *compose.CHECKS,
    *settings.CHECKS,
    *skin.CHECKS,
)
