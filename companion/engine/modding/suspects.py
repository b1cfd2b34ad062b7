"""Objects that a checkpoint's detectors suspect, and the event that each of them is told by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from companion.engine.modding.detectors import SCOPES, Fault

if TYPE_CHECKING:
    from collections.abc import Mapping

    from companion.engine.kind_score import KindScore
    from companion.engine.modding.detectors import Detector
    from companion.engine.modding.features import ObjectRow
    from companion.engine.modding.rarity import Rarity

_ABOUT_KINDS = frozenset({Fault.COMBO_MISSING, Fault.COMBO_EXTRA})
"""Told by what kind of event there is, and not by its value."""


@dataclass(frozen=True, slots=True)
class Suspect:
    """One object with one fault."""

    fault: Fault
    event: int
    """Index of the telling event among the context's."""
    evidence_bits: float
    rarity: Rarity


def find_suspects(
    row: ObjectRow,
    detectors: Mapping[Fault, Detector],
    said: KindScore,
    first_event: int,
) -> list[Suspect]:
    """What an object is suspected of; of several faults told by one event the gravest alone.

    Args:
        row: The object.
        detectors: Of the map's mode.
        said: What was said of the judged events.
        first_event: Index of the first of them.
    """
    gravest: dict[int, tuple[float, Suspect]] = {}
    for fault, detector in detectors.items():
        if not SCOPES[fault].holds(row):
            continue
        rarity, evidence_bits = detector.rarity, detector.evidence_bits(row)
        event = _telling(fault, row, said, first_event)
        if evidence_bits < rarity.from_bits or event is None:
            continue
        weight = rarity.weight(evidence_bits)
        if event not in gravest or weight > gravest[event][0]:
            gravest[event] = weight, Suspect(fault, event, evidence_bits, rarity)
    return [suspect for _, suspect in gravest.values()]


def _telling(fault: Fault, row: ObjectRow, said: KindScore, first_event: int) -> int | None:
    """The most surprising of the events that may tell of a fault; None if all are as expected."""
    events = [row.events[part] for part in SCOPES[fault].told_by if part in row.events]
    if fault not in _ABOUT_KINDS:
        events = [event for event in events if not said.is_likeliest[event - first_event]]

    def surprise(event: int) -> float:
        place = event - first_event
        return float(said.value_bits[place] - said.value_entropy_bits[place])

    return max(events, key=surprise, default=None)
