"""From which surprise or evidence on a small checkpoint's findings are worth showing.

Maps of songs that the checkpoint was not trained on are scored as they are. For each kind of event
and each fault the strength is found that so many per minute exceed as ``BUDGET`` allows, and by how
many bits half as many.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from companion.beatmap import Document, Mode
from companion.engine.cancellation import CancelToken
from companion.engine.candidates import CandidateFinder
from companion.engine.modding import MapModder, ModdingSettings
from companion.engine.modding.detectors import Fault
from companion.engine.modding.record import Rarity, fault_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from companion.engine.conditioning import Conditioning
    from companion.engine.loaded_model import LoadedModel
    from companion.training.library import SongSet

BUDGET = {
    "t": 1.5,
    "t:tail": 0.4,
    "circle": 0.2,
    "slider_head": 0.2,
    "spinner": 0.05,
    "spinner_end:tail": 0.05,
    "hold_note": 0.2,
    "hold_note_end:tail": 0.2,
    "last_anchor:tail": 0.1,
    "slider_end:tail": 0.1,
    "bezier_anchor:tail": 0.05,
    "perfect_anchor:tail": 0.05,
    "red_anchor:tail": 0.05,
    "snap": 0.2,
    "snap:tail": 0.1,
    "dist": 0.2,
    "pos": 0.3,
    "column": 0.3,
    "new_combo": 0.2,
    "new_combo:missing": 0.2,
    "hitsound": 0.4,
    "hitsound:tail": 0.2,
    "volume": 0.2,
    "volume:tail": 0.1,
    "scroll_speed": 0.2,
    "drumroll": 0.1,
    "drumroll_end:tail": 0.1,
    "denden": 0.1,
    "denden_end:tail": 0.1,
}
"""Findings per minute of a good map, by kind of event (`record.rarity_key`)."""
FAULT_BUDGET = 0.7
"""The same for each fault that detectors look for. It is one for all, so that what they find is
ordered by how rare it is in good maps, whatever the fault."""
LEAST_BITS = 1.0
"""Nothing is a surprise that is not at least twice as unlikely as the model meant to be."""
UNKNOWN_BITS, UNKNOWN_HALVING_BITS = 8.0, 1.0
"""Threshold and halving for kinds that none of the maps has."""
HALVING_RANGE = (0.3, 3.0)


@dataclass(frozen=True, slots=True, eq=False)
class GoodMap:
    """A map that is taken to be without faults."""

    name: str
    document: Document
    audio: Path
    conditioning: Conditioning

    @property
    def minutes(self) -> float:
        """Time with objects."""
        items = self.document.beatmap.hit_objects
        return max(items[-1].end_ms - items[0].start_ms, 1.0) / 60_000


def good_maps(model: LoadedModel, sets: Sequence[SongSet], per_song: int) -> Iterator[GoodMap]:
    """The middle difficulties of each song, osu! and mania."""
    for song_set in sets:
        for mode in (Mode.OSU, Mode.MANIA):
            maps = [one for one in song_set.maps if one.mode == mode]
            maps.sort(key=lambda one: len(Document.parse(one.path.read_bytes()).lines))
            for one in maps[max((len(maps) - per_song) // 2, 0) :][:per_song]:
                document = Document.parse(one.path.read_bytes())
                about = model.conditioning_of(document, model.listen(song_set.audio))
                yield GoodMap(one.path.stem, document, song_set.audio, about)


def calibrated(
    model: LoadedModel, maps: Sequence[GoodMap], settings: ModdingSettings
) -> ModdingSettings:
    """Settings with the strengths that the maps ask for; the detectors are taken as they are."""
    faults = {fault for of_mode in settings.detectors.values() for fault in of_mode}
    per_fault = {fault_key(fault): FAULT_BUDGET for fault in Fault if fault in faults}
    # A kind of surprise that a detector takes the place of is still told of in other modes.
    alone = _rarities(model, maps, replace(settings, detectors={}), BUDGET)
    return replace(settings, kinds=alone | _rarities(model, maps, settings, per_fault))


def _rarities(
    model: LoadedModel,
    maps: Sequence[GoodMap],
    settings: ModdingSettings,
    budget: dict[str, float],
) -> dict[str, Rarity]:
    settings = replace(settings, kinds=dict.fromkeys(budget, Rarity(-99.0, 1.0, 1.0)))
    by_key: dict[str, list[tuple[Sequence[float], float]]] = {key: [] for key in budget}
    for one in maps:
        for key, bits in _evidence(model, one, settings).items():
            by_key[key].append((bits, one.minutes))
    return {key: rarity_of(by_key[key], rate) for key, rate in budget.items()}


def _evidence(
    model: LoadedModel, one: GoodMap, settings: ModdingSettings
) -> dict[str, list[float]]:
    """Strength of every candidate of a map, by its key."""
    song = model.listen(one.audio)
    scan = model.scan(one.document, song, one.conditioning)
    modders = [
        MapModder(one.document, context.events, model.prompting.encoding, settings)
        for context in scan.contexts
    ]
    finder = CandidateFinder(scan, modders, model.backbone.vocabulary, settings)
    found: dict[str, list[float]] = {}
    for batch in model.scored(scan, song, one.document, one.conditioning, CancelToken()):
        for scored in batch:
            for candidate in finder.candidates(scored):
                if not candidate.judged.is_as_expected:
                    found.setdefault(candidate.key, []).append(candidate.evidence_bits)
    return found


def rarity_of(per_map: Sequence[tuple[Sequence[float], float]], per_minute: float) -> Rarity:
    """The threshold of a map that surprises little, and how many bits halve the rate beyond it.

    A third of the maps surprise even less. The others would have more findings than the budget,
    but of those only the most surprising are shown, twice the budget at most; and a fault in a map
    that is otherwise easy to foresee is not measured by maps that are not.

    Args:
        per_map: Strengths in bits and the map's minutes.
        per_minute: The budget.
    """
    if not per_map:
        return Rarity(UNKNOWN_BITS, UNKNOWN_HALVING_BITS, per_minute)
    at = lower_third([threshold(v, per_minute * minutes) for v, minutes in per_map])
    # How the rate falls beyond that only many minutes can tell.
    values, n = [bits for v, _ in per_map for bits in v], per_minute * sum(m for _, m in per_map)
    low, high = HALVING_RANGE
    halving = min(max((threshold(values, n / 4) - threshold(values, n)) / 2, low), high)
    return Rarity(round(max(at, LEAST_BITS), 2), round(halving, 2), per_minute)


def threshold(values: Sequence[float], n: float) -> float:
    """What about `n` of the values exceed; beyond the highest one for less than one of them.

    For fractions of an event the tail is taken to halve with every bit.
    """
    ordered = sorted(values, reverse=True)
    if n < 1:
        return ordered[0] - math.log2(max(n, 0.05))
    return ordered[min(int(n), len(ordered) - 1)]


def lower_third(values: Sequence[float]) -> float:
    """What a third of the values do not reach."""
    return sorted(values)[len(values) // 3]
