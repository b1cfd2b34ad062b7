"""Which names in a set's folder osu! takes for parts of a skin.

Facts (osu! wiki, "Skinning"): an element may be animated (``name-0.png`` …), have a double-sized
twin (``name@2x.png``), and sounds come as WAV, OGG or MP3.
"""

from __future__ import annotations

import re

_PICTURES = re.compile(
    r"""(?:
    cursor(?:trail|middle|-smoke|-ripple)? | approachcircle | hitcircle(?:overlay|select)?
    | sliderstartcircle(?:overlay)? | sliderendcircle(?:overlay)? | reversearrow | followpoint
    | sliderb(?:-nd|-spec)?\d* | sliderfollowcircle | sliderscorepoint | sliderpoint(?:10|30)
    | lighting[ln]? | spinner-[a-z]+ | default-\d | combo-\d | score-(?:\d|comma|dot|percent|x)
    | scoreentry-(?:\d|comma|dot|percent|x) | hit(?:0|50|100k?|300[gk]?) | particle(?:50|100|300)
    | comboburst(?:-fruits|-mania)? | scorebar-[a-z0-9]+ | section-(?:fail|pass) | play-(?:skip
    |unranked|warningarrow) | warningarrow | arrow-(?:pause|warning) | pause-[a-z]+
    | fail-background | ranking-[a-z0-9]+(?:-small)? | count[123] | go | ready
    | inputoverlay-(?:background|key)
    | selection-(?:tab|mod-[a-z0-9]+) | menu-button-background | star2? | masking-border
    | taiko[a-z0-9-]* | pippidon[a-z]+ | fruit-[a-z-]+ | mania-[a-z0-9]+(?:-[a-z0-9]+)*
    | multi-skipped | options-offset-tick
    )(?:-?\d+)?(?:@2x)?\.(?:png|jpg)""",
    re.VERBOSE,
)
_SOUNDS = re.compile(
    r"(?:applause|combobreak|comboburst|failsound|section(?:pass|fail)|pause-loop|count[123]?s?|gos"
    r"|readys|spinner(?:bonus|spin)(?:-max)?|nightcore-[a-z]+|metronomelow|match-[a-z0-9]+"
    r"|taiko-[a-z-]+)(?:-?\d+)?\.(?:wav|ogg|mp3)"
)
_HIT_SOUND = re.compile(
    r"(?:taiko-)?(?:normal|soft|drum)-(?:hit(?:normal|whistle|finish|clap)"
    r"|slider(?:slide|tick|whistle))\d*\.(?:wav|ogg|mp3)"
)


def is_skin_picture(name: str) -> bool:
    """Whether a file's name, without folders, is that of a skin's picture."""
    return _PICTURES.fullmatch(name.lower()) is not None


def is_skin_file(name: str) -> bool:
    """Whether a file's name, without folders, is that of any part of a skin but a hit sound."""
    lower = name.lower()
    return lower == "skin.ini" or is_skin_picture(lower) or _SOUNDS.fullmatch(lower) is not None


def is_hit_sound(name: str) -> bool:
    """Whether a file's name, without folders, is that of a hit sound."""
    return _HIT_SOUND.fullmatch(name.lower()) is not None
