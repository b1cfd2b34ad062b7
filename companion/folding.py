"""Which surprises of the model a rule explains: the two are one finding then, and shown once.

A rule explains a surprise when it speaks of the same objects and of the same matter, and is no less
grave: an unsnapped object is surprising because it is unsnapped.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from companion.engine.modding import CODE_PREFIX, Topic

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from companion.findings import Finding

_TIMES = frozenset({Topic.TIME, Topic.SNAP, Topic.UNSNAPPED, Topic.EXTRA_OBJECT})
_PLACES = frozenset({Topic.POSITION, Topic.DISTANCE})
_COLUMNS = frozenset({Topic.COLUMN})
_CURVES = frozenset({Topic.ANCHOR_MISSING, Topic.ANCHOR_EXTRA, Topic.ANCHOR_KIND, *_PLACES})
_SOUNDS = frozenset({Topic.HITSOUND, Topic.VOLUME})
_KIAI = frozenset({Topic.KIAI_START, Topic.KIAI_END})

EXPLAINED: Final[dict[str, frozenset[Topic]]] = {
    **dict.fromkeys(
        (
            "unsnapped_object",
            "snapped_to_old_line",
            "inconsistent_snapping",
            "concurrent_objects",
            "taiko_smallest_gap",
            "taiko_near_spinner",
            "catch_spinner_gap",
        ),
        _TIMES,
    ),
    **dict.fromkeys(
        ("zero_length_object", "short_spinner", "mania_short_hold"),
        _TIMES | {Topic.OBJECT_KIND},
    ),
    **dict.fromkeys(
        (
            "offscreen_object",
            "abnormal_spacing",
            "uneven_spacing",
            "low_level_overlap",
            "perfect_stack",
            "hard_rock_stack",
            "catch_hyperdash",
            "catch_quick_hyperdash",
            "catch_slider_hyperdash",
            "catch_edge_dash",
            "catch_hyperdash_antiflow",
        ),
        _PLACES,
    ),
    **dict.fromkeys(
        (
            "invisible_slider",
            "crowded_anchors",
            "ambiguous_slider",
            "folded_slider",
            "covered_reverse_arrow",
        ),
        _CURVES,
    ),
    **dict.fromkeys(("short_slider", "multiple_reverses"), frozenset({Topic.REPEATS})),
    **dict.fromkeys(
        (
            "missing_hitsounds",
            "muted_objects",
            "slider_body_whistle",
            "inconsistent_hitsounds",
            "taiko_finisher",
            "mania_doubled_hitsounds",
            "mania_hitsound_consistency",
        ),
        _SOUNDS,
    ),
    "catch_long_combo": frozenset({Topic.NEW_COMBO_MISSING}),
    "mania_chord_size": _COLUMNS | {Topic.EXTRA_OBJECT},
    "unsnapped_kiai": _KIAI | _TIMES,
    **dict.fromkeys(("taiko_kiai_flash", "taiko_inconsistent_kiai"), _KIAI),
}
"""Of each rule that explains anything: what it explains."""

_SAME_OBJECT_MS: Final = 1
"""Rules cut the decimals of an object's start off, the model rounds it."""
_SAME_PLACE_MS: Final = 10
"""A time token is so wide; this near is the same line, where there is no object to go by."""


class Folding:
    """The findings of the rules, by what they explain.

    Args:
        rules: Those that are on show; who is hidden explains nothing.
    """

    def __init__(self, rules: Iterable[Finding]) -> None:
        self._about: dict[int, list[Finding]] = defaultdict(list)  # by an object's start
        self._at: dict[int, list[Finding]] = defaultdict(list)  # by place, of those without objects
        for rule in rules:
            if rule.code not in EXPLAINED:
                continue
            for start_ms in rule.objects:
                self._about[start_ms].append(rule)
            if not rule.objects and rule.editor_link:  # without a link it has no place in time
                self._at[rule.at.start_ms].append(rule)

    def rule_for(self, surprise: Finding) -> Finding | None:
        """The rule's finding that explains one of the model's; of several the gravest."""
        topic, place = surprise.code.removeprefix(f"{CODE_PREFIX}."), surprise.severity.place
        fitting = [
            rule
            for rule in self._candidates(surprise)
            if topic in EXPLAINED[rule.code] and rule.severity.place <= place
        ]
        return min(fitting, key=_by_gravity, default=None)

    def _candidates(self, surprise: Finding) -> Iterator[Finding]:
        """Findings of the rules about the same objects; without any, about the same place."""
        if not surprise.objects:
            at_ms = surprise.at.start_ms
            for near_ms in range(at_ms - _SAME_PLACE_MS, at_ms + _SAME_PLACE_MS + 1):
                yield from self._at.get(near_ms, ())
            return
        first, *others = surprise.objects
        for near_ms in range(first - _SAME_OBJECT_MS, first + _SAME_OBJECT_MS + 1):
            for rule in self._about.get(near_ms, ()):
                if all(_is_among(start_ms, rule) for start_ms in others):
                    yield rule


def _is_among(start_ms: int, rule: Finding) -> bool:
    return any(abs(start_ms - other_ms) <= _SAME_OBJECT_MS for other_ms in rule.objects)


def _by_gravity(rule: Finding) -> tuple[int, float, str]:
    return rule.severity.place, -rule.weight, rule.id
