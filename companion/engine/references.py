"""What a model is shown of a map of the same song: another difficulty, or parts of this one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from companion.beatmap.star_rating import star_rating
from companion.engine.conditioning import Conditioning
from companion.engine.encoding import (
    encode_kiai,
    encode_map,
    encode_scroll_speeds,
    encode_timing,
)
from companion.engine.events import ContextType, EventType, merge, without
from companion.engine.prompts import Context

if TYPE_CHECKING:
    from collections.abc import Sequence

    from companion.beatmap import Beatmap, Document
    from companion.engine.encoding import EncodingOptions
    from companion.engine.events import Event
    from companion.engine.vocabulary import Vocabulary

SOUNDS = frozenset({EventType.HITSOUND, EventType.VOLUME})


def context_of(
    kind: ContextType,
    document: Document,
    encoding: EncodingOptions,
    vocabulary: Vocabulary,
    song_length_ms: float,
) -> Context:
    """A part of a map as the family would have written it down.

    Another difficulty (`ContextType.GD`) also says of itself what it is like.
    """
    beatmap = document.beatmap
    events = _events_of(kind, beatmap, encoding, song_length_ms)
    if kind is not ContextType.GD:
        return Context(kind, events)
    about = Conditioning.of(beatmap, song_length_ms, star_rating(document.to_bytes()), vocabulary)
    return Context(kind, events, about)


def _events_of(
    kind: ContextType, beatmap: Beatmap, encoding: EncodingOptions, song_length_ms: float
) -> Sequence[Event]:
    if kind is ContextType.KIAI:
        return encode_kiai(beatmap, encoding)
    if kind is ContextType.SV:
        return encode_scroll_speeds(beatmap, encoding)
    events = encode_map(beatmap, encoding, song_length_ms)
    return without(events, SOUNDS) if kind is ContextType.NO_HS else events


def events_before(
    kind: ContextType, beatmap: Beatmap, encoding: EncodingOptions, end_ms: int
) -> list[Event]:
    """What a map has of a context before a moment; of objects those that begin before it."""
    if kind is ContextType.TIMING:
        return encode_timing(replace(beatmap, hit_objects=()), encoding, end_ms - 1)
    if kind is ContextType.MAP:
        return objects_before(beatmap, encoding, end_ms)
    events = _events_of(kind, beatmap, encoding, end_ms)
    return [event for event in events if event.time_ms < end_ms]


def objects_before(beatmap: Beatmap, encoding: EncodingOptions, end_ms: int) -> list[Event]:
    """The objects that begin before a moment, and the beats before it where those go along."""
    before = tuple(hit for hit in beatmap.hit_objects if hit.start_ms < end_ms)
    apart = replace(encoding, add_timing=False)
    events = encode_map(replace(beatmap, hit_objects=before), apart)
    if not encoding.add_timing:
        return events
    # The beats go on where there are no objects, and end where the model has to go on.
    return merge(encode_timing(replace(beatmap, hit_objects=()), encoding, end_ms - 1), events)
