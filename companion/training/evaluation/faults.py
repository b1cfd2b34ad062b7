"""How well a checkpoint's surprise, MaiMod and the rules find planted faults."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from companion.beatmap import TimeRange
from companion.checks.catalogue import run_checks
from companion.engine.cancellation import CancelToken
from companion.engine.events import EventType
from companion.engine.modding.features import MapObjects
from companion.engine.requests import ScoreRequest
from companion.training.evaluation.fault_kinds import RED_LINE_KINDS, FaultKind
from companion.training.evaluation.planting import (
    change_in,
    kinds_for,
    plant,
    planted,
    shifted_red_lines,
)
from companion.training.evaluation.suspicion import SeenObject, can_have, seen_objects, suspicion
from companion.training.measures import spread

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from companion.beatmap import Document
    from companion.engine.loaded_model import Song
    from companion.engine.requests import ScoreProgress
    from companion.engine.windows import Window
    from companion.findings import Finding
    from companion.training.evaluation.fault_kinds import Change, PlantedFault
    from companion.training.evaluation.listening import Judged, MapListener, MapView

TOP_PER_MINUTE = 10
SEED_STRIDE = 1_000_003


@dataclass(slots=True)
class Scores:
    """What was suspected of objects with a fault, and of untouched ones."""

    faulty: list[float] = field(default_factory=list[float])
    clean: list[float] = field(default_factory=list[float])


@dataclass(slots=True)
class Hunt:
    """How MaiMod's findings of one song's map compare to the faults planted in it."""

    shown: int = 0
    """Findings among the first ten per minute."""
    right: int = 0
    """Of them those that point at a fault."""
    chance: list[float] = field(default_factory=list[float])
    """Per map the share of objects at which pointing would have been right."""
    by_kind: dict[str, list[int]] = field(default_factory=dict[str, "list[int]"])
    """How many faults were planted, pointed at among the first, and pointed at by rules."""
    weights: dict[str, Scores] = field(default_factory=dict[str, Scores])
    """Weights of MaiMod's findings at objects."""


@dataclass(slots=True)
class Faults:
    """Everything about faults in one song."""

    scores: dict[str, Scores] = field(default_factory=dict[str, Scores])
    """By kind of fault."""
    rules: dict[str, list[int]] = field(default_factory=dict[str, "list[int]"])
    """How many faults were planted, and how many of them the rules name."""
    hunt: Hunt = field(default_factory=Hunt)


@dataclass(frozen=True, slots=True, eq=False)
class FaultExaminer:
    """Plants faults into maps and looks for them."""

    listener: MapListener
    per_kind: int
    """Faults of each kind in a map, at most."""
    seed: int

    def examine(self, view: MapView, song: Song, windows: Sequence[Window], found: Faults) -> None:
        """Plant every kind of fault into a map, each by itself."""
        clean = self.listener.judge_map(view, song, windows)
        untouched = self._objects(view, clean)
        known = {finding.id for finding in run_checks(view.document)}
        apart = windows_apart(windows)
        apart = [apart[index] for index in spread(len(apart), self.per_kind)]
        for kind in kinds_for(view.beatmap):
            edited, faults, faulty = self.seen_faults(view, song, kind, apart)
            if not faults:
                continue
            scores = found.scores.setdefault(kind.value, Scores())
            detectors = self.listener.model.modding.detectors.get(view.beatmap.mode, {})
            scores.faulty += [suspicion(kind, one.row, detectors) for one in faulty]
            scores.clean += [
                suspicion(kind, one.row, detectors) for one in untouched if can_have(kind, one.row)
            ]
            named = _named_by_rules(edited, known)
            counts = found.rules.setdefault(kind.value, [0, 0])
            counts[0] += len(faults)
            counts[1] += sum(_is_named(fault, named) for fault in faults)
        for kind in RED_LINE_KINDS:
            self._examine_red_lines(view, song, kind, clean, apart, known, found)

    def seen_faults(
        self, view: MapView, song: Song, kind: FaultKind, windows: Sequence[Window]
    ) -> tuple[Document, tuple[PlantedFault, ...], list[SeenObject]]:
        """The map with a fault of one kind in each window, the faults, and how they were seen."""
        ranges = [window.keep for window in windows]
        edited, faults = plant(view.document, kind, ranges, self._rng(view.document))
        # What is said about the whole map stays: a mapper's slip does not change the star rating.
        changed = self.listener.view(edited, view.conditioning)
        marks = {(fault.at_ms, fault.column) for fault in faults}
        seen = self.seen_objects(changed, song, windows) if faults else []
        return edited, faults, [one for one in seen if (one.time_ms, one.column) in marks]

    def seen_objects(
        self, view: MapView, song: Song, windows: Sequence[Window]
    ) -> list[SeenObject]:
        """The objects of some windows."""
        return self._objects(view, self.listener.judge_map(view, song, windows))

    def _rng(self, document: Document) -> np.random.Generator:
        return np.random.default_rng(len(document.lines) + SEED_STRIDE * self.seed)

    def _objects(self, view: MapView, judged: Iterable[Judged]) -> list[SeenObject]:
        types_first = self.listener.settings.encoding.types_first
        objects = MapObjects(view.events, view.beatmap, types_first=types_first)
        return [item for one in judged for item in seen_objects(one, objects)]

    def _examine_red_lines(
        self,
        view: MapView,
        song: Song,
        kind: FaultKind,
        clean: Sequence[Judged],
        windows: Sequence[Window],
        known: set[str],
        found: Faults,
    ) -> None:
        """Here windows are told apart and not objects: all of them are a little wrong."""
        edited = shifted_red_lines(view.document, kind)
        if edited is None:
            return
        changed = self.listener.view(edited, view.conditioning)
        scores = found.scores.setdefault(kind.value, Scores())
        scores.clean += [_unease(one) for one in clean if len(one.kinds)]
        shifted = self.listener.judge_map(changed, song, windows)
        scores.faulty += [_unease(one) for one in shifted if len(one.kinds)]
        named = _named_by_rules(edited, known)
        counts = found.rules.setdefault(kind.value, [0, 0])
        counts[0] += len(windows)
        counts[1] += sum(
            any(window.keep.contains(finding.at.start_ms) for finding in named)
            for window in windows
        )

    # MaiMod

    def hunt(
        self, view: MapView, audio_path: Path, windows: Sequence[Window], found: Faults
    ) -> None:
        """Plant faults of all kinds all over a map and see what MaiMod points at."""
        document = view.document
        rng = self._rng(document)
        kinds = list(kinds_for(view.beatmap))
        changes: list[Change] = []
        for window in windows_apart(windows):
            rng.shuffle(kinds)
            changes += [
                change
                for kind in kinds
                if (change := change_in(document, kind, window.keep, rng)) is not None
            ][:1]
        edited, faults = planted(document, changes)
        if not faults:
            return
        request = ScoreRequest(edited, audio_path, view.conditioning)
        findings = _latest(self.listener.model.score(request, CancelToken()))
        known = {finding.id for finding in run_checks(document)}
        self._note_hunt(edited, faults, findings, _named_by_rules(edited, known), found.hunt)

    def _note_hunt(
        self,
        edited: Document,
        faults: Sequence[PlantedFault],
        findings: Sequence[Finding],
        named: Sequence[Finding],
        hunt: Hunt,
    ) -> None:
        hits = edited.beatmap.hit_objects
        minutes = (edited.beatmap.last_ms - hits[0].start_ms) / 60_000
        ordered = sorted(findings, key=lambda finding: (-finding.weight, finding.at.start_ms))
        top = ordered[: max(round(TOP_PER_MINUTE * minutes), 1)]
        about = {ms for fault in faults for ms in fault.about_ms}
        hunt.shown += len(top)
        hunt.right += sum(not about.isdisjoint(finding.objects) for finding in top)
        starts = sorted({int(hit.start_ms) for hit in hits})
        hunt.chance.append(len(about.intersection(starts)) / len(starts))
        pointed = {ms for finding in top for ms in finding.objects}
        weights: dict[int, float] = {}
        for finding in findings:
            for ms in finding.objects:
                weights[ms] = max(weights.get(ms, 0.0), finding.weight)
        clean = [
            max(weights.get(one, 0.0), weights.get(following, 0.0))
            for one, following in pairwise(starts)
            if about.isdisjoint((one, following))
        ]
        for fault in faults:
            counts = hunt.by_kind.setdefault(fault.kind.value, [0, 0, 0])
            counts[0] += 1
            counts[1] += not pointed.isdisjoint(fault.about_ms)
            counts[2] += _is_named(fault, named)
            scores = hunt.weights.setdefault(fault.kind.value, Scores())
            scores.faulty.append(max(weights.get(ms, 0.0) for ms in fault.about_ms))
        for kind in {fault.kind.value for fault in faults}:
            hunt.weights[kind].clean += clean


def windows_apart(windows: Sequence[Window]) -> list[Window]:
    """Windows of which none holds another one's part; a fault must not stand in another's past."""
    apart: list[Window] = []
    for window in windows:
        if not apart or window.index >= apart[-1].index + 2:
            apart.append(window)
    return apart


def _unease(judged: Judged) -> float:
    """Mean bits of the times and their snaps."""
    timed = [
        bits
        for kind, bits in zip(judged.kinds, judged.bits.tolist(), strict=True)
        if kind in (EventType.TIME_SHIFT, EventType.SNAPPING)
    ]
    return float(np.sum(timed)) / max(judged.kinds.count(EventType.TIME_SHIFT), 1)


def _named_by_rules(edited: Document, known: set[str]) -> list[Finding]:
    """What the rules say about a map that they did not say before."""
    return [finding for finding in run_checks(edited) if finding.id not in known]


def _is_named(fault: PlantedFault, named: Iterable[Finding]) -> bool:
    around = TimeRange(min(fault.at_ms, fault.from_ms) - 2, max(*fault.about_ms, fault.from_ms) + 2)
    return any(
        not set(fault.about_ms).isdisjoint(finding.objects)
        or (not finding.objects and around.contains(finding.at.start_ms))
        for finding in named
    )


def _latest(answers: Iterable[ScoreProgress]) -> list[Finding]:
    """The findings that hold in the end: what is told of a stretch replaces what was told of it."""
    found: dict[str, Finding] = {}
    for answer in answers:
        found = {
            id: finding
            for id, finding in found.items()
            if not answer.covered.contains(finding.at.start_ms)
        }
        found.update({finding.id: finding for finding in answer.findings})
    return list(found.values())
