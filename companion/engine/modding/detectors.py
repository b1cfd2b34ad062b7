"""Reads from an object's surprises whether it has a fault of some kind.

A detector is a weighted sum, fitted by logistic regression to objects of good maps and the same
with faults planted into them (``companion.training.detecting``); its result is the logarithm of how
much likelier such surprises are with the fault than without. A checkpoint's
``generation_config.json`` holds its detectors by mode and kind of fault.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, cast

import numpy as np

from companion.beatmap import Mode
from companion.engine.events import HEAD_TYPES, EventType
from companion.engine.modding.features import FEATURE_INDEX, FEATURES
from companion.engine.modding.rarity import Rarity
from companion.errors import CheckpointMismatch

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from companion.engine.modding.features import ObjectRow


class Fault(StrEnum):
    """What may be wrong with an object."""

    MOVED = "moved"
    """Its time."""
    MISSING = "missing"
    """One is missing before it."""
    EXTRA = "extra"
    """It should not be there."""
    HITSOUND = "hitsound"
    COMBO_MISSING = "new_combo_missing"
    COMBO_EXTRA = "new_combo_extra"
    MISPLACED = "misplaced"
    SLIDER_LENGTH = "slider_length"
    OBJECT_KIND = "kind"


def _both(*parts: str) -> tuple[str, ...]:
    return tuple(f"{part}.{what}" for part in parts for what in ("bits", "entropy"))


_RHYTHM = (
    *_both("own.kind", "own.time", "own.snap", "tail.time", "tail.snap"),
    *_both("next.kind", "next.time", "next.snap"),
    "around.time",
)
_PLACE = _both(
    *("own.distance", "own.position", "own.column"),
    *("next.distance", "next.position", "next.column"),
)
_AT_THE_OBJECT = _both("own.kind", "own.time")
_SLIDERS = frozenset({EventType.SLIDER_HEAD})
_CLICKED = _SLIDERS | {EventType.CIRCLE}
_PRESSED = _CLICKED | {EventType.HOLD_NOTE}


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a fault can be, what speaks of it, and which event of an object tells of it."""

    heads: frozenset[EventType]
    features: tuple[str, ...]
    """What a detector may weigh; the rest says more about how faults were planted."""
    told_by: tuple[str, ...]
    instead_of: frozenset[str] = frozenset()
    """Kinds of surprise (``record.rarity_key``) that need not be shown beside it."""
    new_combo: bool | None = None
    """Whether only objects with (or without) a new combo can have it."""

    def holds(self, row: ObjectRow) -> bool:
        """Whether an object can have the fault."""
        return row.head in self.heads and self.new_combo in (None, row.has_new_combo)


_IS = ("is_long", "is_last")
_STARTS = ("habit.start.bits", "habit.start.near", "habit.skipped", "habit.next.skipped")
_COMBOS = ("habit.combo.bits", "habit.combo.near")
_TOLD_BY_COMBO = ("next.combo.kind", "next.combo.missing", *_both("own.distance"))
SCOPES: dict[Fault, Scope] = {
    Fault.MOVED: Scope(
        _PRESSED,
        (*_RHYTHM, *_STARTS, *_IS),
        ("own.time", "next.time"),
        frozenset({"t", "snap"}),
    ),
    Fault.MISSING: Scope(
        HEAD_TYPES,
        (*_RHYTHM, *_both("own.distance"), *_STARTS, *_IS),
        ("own.time", "own.kind"),
    ),
    Fault.EXTRA: Scope(_PRESSED, (*_RHYTHM, *_STARTS, *_IS), ("own.time",)),
    Fault.HITSOUND: Scope(
        _PRESSED,
        (
            *_both("own.sound", "next.sound", "own.volume"),
            *("habit.sound.bits", "habit.sound.entropy", "habit.sound.near"),
            *_AT_THE_OBJECT,
            *_IS,
        ),
        ("own.sound",),
        frozenset({"hitsound"}),
    ),
    Fault.COMBO_MISSING: Scope(
        _CLICKED,
        ("own.combo.kind", "own.combo.missing", *_TOLD_BY_COMBO, *_COMBOS, *_AT_THE_OBJECT, *_IS),
        ("own.combo",),
        frozenset({"new_combo:missing"}),
        new_combo=False,
    ),
    Fault.COMBO_EXTRA: Scope(
        _CLICKED,
        ("own.new_combo.kind", *_TOLD_BY_COMBO, *_COMBOS, *_AT_THE_OBJECT, *_IS),
        ("own.new_combo",),
        frozenset({"new_combo"}),
        new_combo=True,
    ),
    Fault.MISPLACED: Scope(
        _CLICKED,
        (*_PLACE, *_AT_THE_OBJECT, *_IS),
        ("own.position", "own.distance", "next.position", "next.distance"),
        frozenset({"dist", "pos"}),
    ),
    Fault.SLIDER_LENGTH: Scope(
        _SLIDERS,
        (*_RHYTHM, "habit.end.near", "habit.next.skipped", *_IS),
        ("tail.time",),
        frozenset({"t:tail", "snap:tail"}),
    ),
    Fault.OBJECT_KIND: Scope(
        _PRESSED,
        (*_RHYTHM, "habit.kind.bits", "habit.kind.near", "habit.end.near", *_IS),
        ("own.kind",),
        frozenset({"circle", "slider_head", "hold_note"}),
    ),
}


ALWAYS_TOLD = Rarity(-1000.0, 1.0, math.inf)
"""Of a detector of which is not known yet how much evidence it finds in good maps."""


@dataclass(frozen=True, slots=True, eq=False)
class Detector:
    """One weighted sum over an object's row, of the logarithms of its numbers.

    Of logarithms, because from 10 bits on it hardly matters how surprising an event is: sums of the
    bits themselves found fewer faults in songs that the detectors were not fitted to.
    """

    bias: float
    weights: NDArray[np.float64]
    """In the order of ``FEATURES``."""
    rarity: Rarity
    """Of its evidence."""

    @classmethod
    def of(
        cls, bias: float, weights: Mapping[str, float], rarity: Rarity = ALWAYS_TOLD
    ) -> Detector:
        """From weights by name.

        Raises:
            KeyError: There is no such feature.
        """
        row = np.zeros(len(FEATURES))
        for name, weight in weights.items():
            row[FEATURE_INDEX[name]] = weight
        return cls(bias, row, rarity)

    def evidence_bits(self, row: ObjectRow) -> float:
        """log2 of how much likelier the row is with the fault than without."""
        return float(self.bias + self.weights @ damped(row.values))


def damped(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows, as detectors weigh them."""
    return np.log2(1 + values)


Detectors = dict[Mode, dict[Fault, Detector]]

_PLAIN: dict[Fault, tuple[str, ...]] = {
    Fault.MOVED: ("around.time",),
    Fault.MISSING: ("own.kind.bits", "own.time.bits"),
    Fault.EXTRA: ("own.time.bits",),
    Fault.HITSOUND: ("own.sound.bits",),
    Fault.COMBO_MISSING: ("own.combo.kind",),
    Fault.COMBO_EXTRA: ("own.new_combo.kind",),
    Fault.MISPLACED: (
        *("own.distance.bits", "own.position.bits"),
        *("next.distance.bits", "next.position.bits"),
    ),
    Fault.SLIDER_LENGTH: ("tail.time.bits",),
    Fault.OBJECT_KIND: ("own.kind.bits", "around.time"),
}


def plain_bits(fault: Fault, row: ObjectRow) -> float:
    """The bits that speak of a fault, for checkpoints that have no detectors of their own.

    They put objects in order; how much evidence they are is not known.
    """
    return float(sum(row.values[FEATURE_INDEX[name]] for name in _PLAIN[fault]))


def detectors_from_json(values: object) -> Detectors:
    """The ``detectors`` of a configuration: mode, then fault, then ``bias`` and its like.

    Raises:
        CheckpointMismatch: There is something else, or a weight for no feature.
    """
    return {
        _mode(mode): {_fault(fault): _detector(fault, value) for fault, value in _items(given)}
        for mode, given in _items(values)
    }


def detectors_to_json(detectors: Detectors) -> dict[str, object]:
    """The opposite of `detectors_from_json`; weights to four digits."""
    return {
        mode.name.lower(): {
            fault.value: {
                "bias": round(detector.bias, 4),
                "weights": {
                    name: round(float(weight), 4)
                    for name, weight in zip(FEATURES, detector.weights, strict=True)
                    if weight
                },
                "rarity": detector.rarity.to_json(),
            }
            for fault, detector in of_mode.items()
        }
        for mode, of_mode in detectors.items()
    }


def _detector(fault: str, value: object) -> Detector:
    parts = dict(_items(value))
    bias, weights = parts.get("bias"), dict(_items(parts.get("weights")))
    numbers = [bias, *weights.values()]
    if parts.keys() != {"bias", "weights", "rarity"} or not all(map(_is_finite, numbers)):
        raise _mismatch(fault)
    rarity = Rarity.from_json(parts["rarity"], f"modding.detectors.{fault}.rarity")
    try:
        return Detector.of(cast("float", bias), cast("dict[str, float]", weights), rarity)
    except KeyError as error:
        raise _mismatch(str(error.args[0])) from None


def _mode(name: str) -> Mode:
    modes = {mode.name.lower(): mode for mode in Mode}
    if name not in modes:
        raise _mismatch(name)
    return modes[name]


def _fault(name: str) -> Fault:
    try:
        return Fault(name)
    except ValueError:
        raise _mismatch(name) from None


def _items(values: object) -> Iterable[tuple[str, object]]:
    if not isinstance(values, dict):
        raise _mismatch(str(values))
    return cast("dict[str, object]", values).items()


def _is_finite(value: object) -> bool:
    return (
        isinstance(value, int | float) and not isinstance(value, bool) and bool(np.isfinite(value))
    )


def _mismatch(what: str) -> CheckpointMismatch:
    return CheckpointMismatch(
        f"generation_config.json: modding.detectors cannot be read at “{what}”."
    )
