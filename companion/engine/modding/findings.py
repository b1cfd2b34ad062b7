"""Judged events become findings: filtered, classified, worded, ordered by weight, with fixes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from companion.beatmap import Mode, TimeRange
from companion.engine.events import BEAT_TYPES
from companion.engine.modding.detectors import SCOPES
from companion.engine.modding.features import MapObjects
from companion.engine.modding.fixes import FixContext, fix_of
from companion.engine.modding.groups import owners_of
from companion.engine.modding.positions import PositionGrid
from companion.engine.modding.record import rarity_key
from companion.engine.modding.rules import (
    Surroundings,
    Topic,
    can_be_otherwise,
    classify,
    is_worth_showing,
)
from companion.engine.modding.selection import Candidate
from companion.engine.modding.suspects import find_suspects
from companion.engine.modding.wording import Words
from companion.findings import Finding, Severity, editor_link, finding_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from companion.beatmap import Beatmap, Document, HitObject
    from companion.engine.encoding.options import EncodingOptions
    from companion.engine.events import Event
    from companion.engine.kind_score import KindScore
    from companion.engine.modding.fixes import Fix
    from companion.engine.modding.groups import Group
    from companion.engine.modding.record import JudgedEvent, ModdingSettings
    from companion.engine.modding.rules import Category
    from companion.engine.modding.selection import Chosen
    from companion.engine.modding.suspects import Suspect

CODE_PREFIX = "maimod"


class MapModder:
    """Turns what a model said of one context of a map into findings.

    Made once per revision of the map; asked for as many stretches as there are.
    """

    def __init__(
        self,
        document: Document,
        events: Sequence[Event],
        options: EncodingOptions,
        settings: ModdingSettings,
    ) -> None:
        self._document = document
        self._settings = settings
        self._grid = PositionGrid(options)
        self._objects = MapObjects(events, document.beatmap, types_first=options.types_first)
        self._kinds, self._groups = self._objects.kinds, self._objects.groups
        self._owners = owners_of(self._groups, document.beatmap.hit_objects)
        self._next_beats = _next_beats(self._groups)
        self._group_of = _group_of_events(self._groups, len(events))
        self._detectors = settings.detectors.get(document.beatmap.mode, {})
        self._left_to_detectors = frozenset[str]().union(
            *(SCOPES[fault].instead_of for fault in self._detectors)
        )

    def findings(self, chosen: Iterable[Chosen]) -> tuple[Finding, ...]:
        """Words and fixes for what is to be shown, by time."""
        found = [self._finding(item.candidate.judged, item.weight) for item in chosen]
        return tuple(sorted(found, key=lambda finding: finding.at.start_ms))

    def candidates(self, judged_events: Iterable[JudgedEvent], context: int) -> list[Candidate]:
        """The events that are surprising enough; `context` is noted in them."""
        found: list[Candidate] = []
        for judged in judged_events:
            around = self._around(judged)
            if around is not None and self._is_shown(judged, around):
                key = rarity_key(judged, around.group.kind)
                if key not in self._left_to_detectors:
                    rarity = self._settings.kinds.get(key)
                    found.append(Candidate(judged, context, key, judged.excess_bits, rarity))
        return found

    def suspects(self, first_event: int, said: KindScore) -> list[Suspect]:
        """Objects that detectors suspect, where a window judged events from the first one on."""
        if not self._detectors:
            return []
        rows = self._objects.rows(first_event, said)
        found = (find_suspects(row, self._detectors, said, first_event) for row in rows)
        return [suspect for suspects in found for suspect in suspects]

    def candidate(self, judged: JudgedEvent, suspect: Suspect, context: int) -> Candidate | None:
        """A suspected object's telling event; None where it cannot be put into words."""
        around = self._around(judged)
        if around is None or not can_be_otherwise(judged, around):
            return None
        if self._topic(judged, around) is Topic.OTHER:
            return None
        bits, rarity = suspect.evidence_bits, suspect.rarity
        return Candidate(judged, context, suspect.fault, bits, rarity, is_detected=True)

    def shown(self, judged_events: Iterable[JudgedEvent]) -> list[tuple[JudgedEvent, Category]]:
        """The events that are worth showing and their category, in the order given."""
        mode = self._document.beatmap.mode
        shown: list[tuple[JudgedEvent, Category]] = []
        for judged in judged_events:
            around = self._around(judged)
            if around is not None and self._is_shown(judged, around):
                shown.append((judged, classify(judged, around, mode)[0]))
        return shown

    def _is_shown(self, judged: JudgedEvent, around: Surroundings) -> bool:
        if not is_worth_showing(judged, around, self._settings):
            return False
        # A small model now and then expects what cannot even stand there; that helps nobody.
        return not self._settings.kinds or self._topic(judged, around) is not Topic.OTHER

    def _topic(self, judged: JudgedEvent, around: Surroundings) -> Topic:
        return classify(judged, around, self._document.beatmap.mode)[1]

    def _around(self, judged: JudgedEvent) -> Surroundings | None:
        index = self._group_of[judged.index]
        if index < 0:
            return None
        following = self._groups[index + 1] if index + 1 < len(self._groups) else None
        return Surroundings(self._groups[index], following, self._next_beats[index])

    def _finding(self, judged: JudgedEvent, weight: float) -> Finding:
        around = self._around(judged)
        assert around is not None, "a candidate belongs to a group"
        beatmap = self._document.beatmap
        category, topic = classify(judged, around, beatmap.mode)
        group = around.group
        owner = self._owners[self._group_of[judged.index]]
        words = Words(judged, group, owner, self._kinds, beatmap, self._grid)
        fix = self._fix(judged, group, owner, topic)
        at = TimeRange(judged.time_ms, judged.time_ms + 1)
        objects = (round(owner.start_ms),) if owner is not None else ()
        code = f"{CODE_PREFIX}.{topic.value}"
        return Finding(
            id=finding_id(code, at, objects, self._detail(judged, owner)),
            code=code,
            category=category.value,
            severity=self._severity(weight),
            at=at,
            objects=objects,
            message=words.message(topic),
            weight=weight,
            surprisal_bits=judged.surprisal_bits,
            fix=fix.edits if fix is not None else (),
            fix_label=fix.label if fix is not None else None,
            editor_link=_link(beatmap, judged, owner),
        )

    def _fix(
        self, judged: JudgedEvent, group: Group, owner: HitObject | None, topic: Topic
    ) -> Fix | None:
        if owner is None or self._document.encoding != "utf-8":
            return None
        context = FixContext(self._document, judged, group, owner, self._kinds, self._grid)
        return fix_of(context, topic)

    def _severity(self, weight: float) -> Severity:
        if weight >= self._settings.warning_from:
            return Severity.WARNING
        return Severity.MINOR if weight >= self._settings.minor_from else Severity.SUGGESTION

    def _detail(self, judged: JudgedEvent, owner: HitObject | None) -> str:
        """What tells findings of one code at one time apart; not what was expected.

        A finding that a mapper dismissed stays dismissed while the model changes its mind about
        what should be there instead.
        """
        group = self._groups[self._group_of[judged.index]]
        detail = f"{judged.context}/{group.kind.value}/{judged.kind.value}/{judged.value}"
        same_kind = range(group.start, judged.index)
        order = sum(1 for i in same_kind if self._kinds[i] is judged.kind)
        beatmap = self._document.beatmap
        column = owner.column(beatmap.keycount) if owner and beatmap.mode is Mode.MANIA else 0
        return f"{detail}/{order}/{group.anchor_number}/{column}"


def _link(beatmap: Beatmap, judged: JudgedEvent, owner: HitObject | None) -> str:
    # The editor selects by combo number only what is at the time it jumps to.
    if owner is None:
        return editor_link(beatmap, judged.time_ms)
    return editor_link(beatmap, owner.start_ms, [owner])


def _next_beats(groups: Sequence[Group]) -> list[Group | None]:
    following: Group | None = None
    result: list[Group | None] = [None] * len(groups)
    for index in range(len(groups) - 1, -1, -1):
        result[index] = following
        if groups[index].kind in BEAT_TYPES:
            following = groups[index]
    return result


def _group_of_events(groups: Sequence[Group], n_events: int) -> list[int]:
    group_of = [-1] * n_events
    for index, group in enumerate(groups):
        for event in range(group.start, group.end):
            group_of[event] = index
    return group_of
