"""A stretch written from nothing, after what stands before it.

With another rhythm there are other objects. Kept positions are the way of the cursor then, and kept
hitsounds those of each moment.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from companion.beatmap import Mode, TimeRange, format_hit_object, objects_in
from companion.engine.cursor_path import CursorPath
from companion.engine.events import HEAD_TYPES, TYPES, EventType
from companion.engine.generation import generate_range
from companion.engine.moment_sounds import MomentSounds
from companion.engine.postprocess import PostprocessOptions, SectionOptions, write_section
from companion.engine.requests import Passage
from companion.engine.tidying import Tidier
from companion.engine.window_writer import GenerationOptions
from companion.errors import OptionRefused, RangeRefused

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from companion.beatmap import HitObject, TimingPoint
    from companion.engine.cancellation import CancelToken
    from companion.engine.events import Event
    from companion.engine.regeneration import Regeneration


class NewRhythm:
    """The passages of one request whose rhythm is not kept."""

    def __init__(self, given: Regeneration) -> None:
        self._given = given

    def passages(self, token: CancelToken) -> Iterator[Passage]:
        """All variants side by side, each stretch as soon as its objects are complete.

        Raises:
            Cancelled: The token was cancelled.
            OptionRefused, RangeRefused: What is to be kept means nothing with another rhythm.
        """
        self._require_keeping()
        document, wanted = self._given.request.document, self._given.request.range
        types_first = self._given.model.prompting.encoding.types_first
        drafts = [Draft(wanted.start_ms, self._tidier(), types_first) for _ in self._given.seeds]
        generated = generate_range(
            self._given.model.backbone,
            self._given.song.waveform,
            document.beatmap,
            self._given.conditioning,
            wanted,
            GenerationOptions(
                guidance=self._given.options.guidance,
                temperature=self._given.options.temperature,
                top_p=self._given.options.top_p,
            ),
            token,
            seeds=self._given.seeds,
            hear=self._given.hear,
            overlap=self._given.model.backbone.settings.windows.keeping_more(),
        )
        for window in generated:
            draft = drafts[window.variant]
            draft.events.extend(window.events)
            is_last = window.settled.end_ms >= wanted.end_ms
            end_ms = wanted.end_ms if is_last else draft.final_until(window.settled.end_ms)
            if end_ms > draft.start_ms or is_last:
                lines, green_lines = self._lines(draft, end_ms)
                covered = TimeRange(draft.start_ms, end_ms)
                draft.start_ms = end_ms
                yield Passage(window.variant, covered, lines, window.mean_logprob, green_lines)

    def _lines(
        self, draft: Draft, end_ms: int
    ) -> tuple[tuple[bytes, ...], tuple[TimingPoint, ...]]:
        """The lines of a draft that have become final, and the green lines that go with them."""
        encoding = self._given.model.prompting.encoding
        section = write_section(
            draft.events,
            self._given.request.document.beatmap,
            self._given.request.range,
            SectionOptions(
                encoding=encoding,
                postprocess=PostprocessOptions.of(encoding),
                change_green_lines=self._given.options.change_green_lines,
                change_volumes="hitsounds" not in self._given.options.kept,
            ),
        )
        fresh = TimeRange(draft.start_ms, end_ms)
        offset_ms = self._given.request.document.beatmap.time_offset_ms
        lines = [
            format_hit_object(item, time_offset_ms=offset_ms)
            for item in self._keeping(section.objects)
            if fresh.contains(item.start_ms)
        ]
        points = tuple(p for p in section.green_lines if fresh.contains(p.time_ms))
        return tuple(tidied.line for tidied in draft.tidier.let_through(lines)), points

    def _keeping(self, items: Sequence[HitObject]) -> list[HitObject]:
        """New objects with what they take over from the old ones."""
        kept, beatmap = self._given.options.kept, self._given.request.document.beatmap
        if "positions" in kept:
            cursor = CursorPath(beatmap)
            items = [cursor.followed(item) for item in items]
        if "hitsounds" in kept:
            items = MomentSounds(beatmap).taken_over(items)
        return list(items)

    def _tidier(self) -> Tidier:
        beatmap, wanted = self._given.request.document.beatmap, self._given.request.range
        replaced = {item.line for item in objects_in(beatmap, wanted)}
        kept = [item for item in beatmap.hit_objects if item.line not in replaced]
        return Tidier(self._given.request.document, wanted, kept)

    def _require_keeping(self) -> None:
        """Refuse to keep positions that say nothing about objects of another rhythm."""
        beatmap = self._given.request.document.beatmap
        if "positions" not in self._given.options.kept:
            return
        if beatmap.mode is Mode.MANIA:
            raise OptionRefused(
                "In mania, columns cannot stay while the rhythm changes: other notes are other "
                "columns. Keep the rhythm too, or let the columns change."
            )
        if beatmap.mode is Mode.TAIKO:
            raise OptionRefused("Taiko notes have no positions that could be kept.")
        if not beatmap.hit_objects:
            raise RangeRefused("The map has no objects yet whose positions could be kept.")


@dataclass(slots=True, eq=False)
class Draft:
    """One variant on its way."""

    start_ms: int
    """From here on nothing has been handed out."""
    tidier: Tidier
    types_first: bool = True
    events: list[Event] = field(default_factory=list["Event"])

    def final_until(self, settled_ms: int) -> int:
        """Up to when all objects are complete: the start of the first one that is still open."""
        open_since: dict[tuple[EventType, int], int] = {}
        for place, event in enumerate(self.events):
            if event.kind in HEAD_TYPES and event.kind is not EventType.CIRCLE:
                open_since[event.kind, self._column(place)] = event.time_ms
            elif event.kind in _HEAD_OF:
                open_since.pop((_HEAD_OF[event.kind], self._column(place)), None)
        return max(self.start_ms, min([settled_ms, *open_since.values()]))

    def _column(self, place: int) -> int:
        """The mania column of the group that a type event belongs to; 0 where there are none."""
        following = self.events[place + 1 : place + 1 + _GROUP_EVENTS]
        before = self.events[max(place - _GROUP_EVENTS, 0) : place]
        for event in following if self.types_first else reversed(before):
            if event.kind is EventType.MANIA_COLUMN:
                return event.value
            if event.kind in TYPES:
                break
        return 0


_GROUP_EVENTS = 4
"""A column is this near to the type that it belongs to."""
_HEAD_OF = {
    EventType.SLIDER_END: EventType.SLIDER_HEAD,
    EventType.SPINNER_END: EventType.SPINNER,
    EventType.HOLD_NOTE_END: EventType.HOLD_NOTE,
    EventType.DRUMROLL_END: EventType.DRUMROLL,
    EventType.DENDEN_END: EventType.DENDEN,
}
