"""How suspicious each object of a window is, by what may be wrong with it.

A checkpoint with detectors of its own is judged by them, as MaiMod uses them; of any other one the
bits that speak of a fault are added up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from companion.engine.events import HEAD_TYPES, EventType
from companion.engine.modding.detectors import SCOPES, Fault, plain_bits
from companion.training.evaluation.fault_kinds import FaultKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from companion.engine.modding.detectors import Detector
    from companion.engine.modding.features import MapObjects, ObjectRow
    from companion.training.evaluation.listening import Judged

DETECTED_AS: dict[FaultKind, Fault] = {
    FaultKind.MOVED_EIGHTH: Fault.MOVED,
    FaultKind.MOVED_SIXTH: Fault.MOVED,
    FaultKind.MOVED_QUARTER: Fault.MOVED,
    FaultKind.HITSOUND: Fault.HITSOUND,
    FaultKind.COMBO_MISSING: Fault.COMBO_MISSING,
    FaultKind.COMBO_EXTRA: Fault.COMBO_EXTRA,
    FaultKind.MISPLACED: Fault.MISPLACED,
    FaultKind.SLIDER_LENGTH: Fault.SLIDER_LENGTH,
    FaultKind.OBJECT_KIND: Fault.OBJECT_KIND,
    FaultKind.MISSING: Fault.MISSING,
    FaultKind.EXTRA: Fault.EXTRA,
}
_POINTS = frozenset({EventType.CIRCLE})
_PLANTED_IN: dict[Fault, frozenset[EventType]] = {
    Fault.MOVED: _POINTS,
    Fault.HITSOUND: _POINTS,
    Fault.MISPLACED: _POINTS,
    Fault.EXTRA: _POINTS,
}
"""Where a fault is only ever planted in some of the objects that can have it."""


@dataclass(frozen=True, slots=True, eq=False)
class SeenObject:
    """One object of a map and what was thought of it."""

    time_ms: int
    column: int | None
    row: ObjectRow


def seen_objects(judged: Judged, objects: MapObjects) -> list[SeenObject]:
    """The objects that begin in a window, as far as it has judged their groups whole."""
    if not len(judged.indices):
        return []
    first = int(judged.indices[0])
    found: list[SeenObject] = []
    for row in objects.rows(first, judged.by_kind):
        time_ms = int(judged.values[row.events["own.time"] - first])
        column = row.events.get("own.column")
        found.append(
            SeenObject(time_ms, None if column is None else int(judged.values[column - first]), row)
        )
    return found


def can_have(kind: FaultKind, row: ObjectRow) -> bool:
    """Whether an object is one from which those with a planted fault are to be told."""
    fault = DETECTED_AS[kind]
    return SCOPES[fault].holds(row) and row.head in _PLANTED_IN.get(fault, HEAD_TYPES)


def suspicion(kind: FaultKind, row: ObjectRow, detectors: Mapping[Fault, Detector]) -> float:
    """The higher, the likelier an object has a fault."""
    fault = DETECTED_AS[kind]
    detector = detectors.get(fault)
    return plain_bits(fault, row) if detector is None else detector.evidence_bits(row)
