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
from companion.engine.modding.detectors import ALWAYS_TOLD
from companion.engine.modding.rarity import Rarity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from companion.engine.conditioning import Conditioning
    from companion.engine.loaded_model import LoadedModel
    from companion.engine.modding import Candidate, ModdingSettings
    from companion.engine.modding.detectors import Detector, Fault
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
HALVING_RANGE = (0.05, 3.0)


@dataclass(frozen=True, slots=True, eq=False)
class GoodMap:
    """A map that is taken to be without faults."""

    name: str
    document: Document
    audio: Path
    conditioning: Conditioning

    @property
    def mode(self) -> Mode:
        """Its mode."""
        return self.document.beatmap.mode

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
    """Settings with the strengths that the maps ask for, of kinds of events and of detectors."""
    # A kind of surprise that a detector takes the place of is still told of in other modes.
    every = dict.fromkeys(BUDGET, ALWAYS_TOLD)
    open_settings = replace(settings, kinds=every, detectors={})
    surprises = _Strengths()
    for one in maps:
        surprises.add(one, _candidates(model, one, open_settings))
    kinds = {key: rarity_of(surprises.of(key), rate) for key, rate in BUDGET.items()}
    detectors = {
        mode: _told_alike(model, [one for one in maps if one.mode is mode], mode, settings)
        for mode in settings.detectors
    }
    return replace(settings, kinds=kinds, detectors=detectors)


def _told_alike(
    model: LoadedModel, maps: Sequence[GoodMap], mode: Mode, settings: ModdingSettings
) -> dict[Fault, Detector]:
    """The detectors of a mode, each speaking up as often as the others in good maps."""
    found = _Strengths()
    detectors = {
        fault: replace(detector, rarity=ALWAYS_TOLD)
        for fault, detector in settings.detectors[mode].items()
    }
    for one in maps:
        found.add(one, _candidates(model, one, replace(settings, detectors={mode: detectors})))
    return {
        fault: replace(detector, rarity=pooled_rarity(found.of(fault), FAULT_BUDGET))
        for fault, detector in detectors.items()
    }


class _Strengths:
    """Bits of candidates by their sort, map by map."""

    def __init__(self) -> None:
        self._by_sort: dict[str, list[tuple[Sequence[float], float]]] = {}

    def add(self, one: GoodMap, candidates: Iterable[Candidate]) -> None:
        by_sort: dict[str, list[float]] = {}
        for candidate in candidates:
            if not candidate.judged.is_as_expected:
                by_sort.setdefault(candidate.sort, []).append(candidate.bits)
        for sort, bits in by_sort.items():
            self._by_sort.setdefault(sort, []).append((bits, one.minutes))

    def of(self, sort: str) -> list[tuple[Sequence[float], float]]:
        return self._by_sort.get(sort, [])


def _candidates(model: LoadedModel, one: GoodMap, settings: ModdingSettings) -> Iterator[Candidate]:
    song = model.listen(one.audio)
    scan = model.scan(one.document, song, one.conditioning)
    finder = CandidateFinder.of(scan, one.document, model.prompting, settings)
    for batch in model.scored(scan, song, one.document, one.conditioning, CancelToken()):
        for scored in batch:
            yield from finder.candidates(scored)


def pooled_rarity(per_map: Sequence[tuple[Sequence[float], float]], per_minute: float) -> Rarity:
    """The threshold that all maps together exceed as often as allowed; arguments as `rarity_of`."""
    if not per_map:
        return Rarity(UNKNOWN_BITS, UNKNOWN_HALVING_BITS, per_minute)
    values, minutes = _pooled(per_map)
    at = max(threshold(values, per_minute * minutes), 0.0)
    return Rarity(round(at, 2), _halving_bits(values, per_minute * minutes), per_minute)


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
    values, minutes = _pooled(per_map)
    halving = _halving_bits(values, per_minute * minutes)
    return Rarity(round(max(at, LEAST_BITS), 2), halving, per_minute)


def _pooled(per_map: Sequence[tuple[Sequence[float], float]]) -> tuple[list[float], float]:
    return [bits for values, _ in per_map for bits in values], sum(one for _, one in per_map)


def _halving_bits(values: Sequence[float], n: float) -> float:
    """By how many bits the number of values over a threshold falls to a half, beyond the nth."""
    low, high = HALVING_RANGE
    return round(min(max((threshold(values, n / 4) - threshold(values, n)) / 2, low), high), 2)


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
