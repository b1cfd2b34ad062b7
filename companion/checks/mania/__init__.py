"""Rules of osu!mania."""

from __future__ import annotations

from companion.checks.mania import compose, hitsounds, scroll, settings, skin

CHECKS = (
    *compose.CHECKS,
    *hitsounds.CHECKS,
    *scroll.CHECKS,
    *settings.CHECKS,
    *skin.CHECKS,
)
