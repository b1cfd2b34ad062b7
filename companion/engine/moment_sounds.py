"""What sounds in a map at every moment, for objects of another rhythm to take over.

A new rhythm has other objects, so hitsounds cannot be kept object by object. What can be kept is
what is heard at each moment.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING

from companion.beatmap import Mode, Slider, Spinner
from companion.engine.cursor_path import SAME_MS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from companion.beatmap import Beatmap, HitObject, HitSample

BODY_DELAY_MS = 1.0


@dataclass(frozen=True, slots=True)
class _Sound:
    """What one edge of an object sounds like."""

    ms: float
    bits: int
    sample: HitSample
    column: int = 0


class MomentSounds:
    """The sounds of a map's edges and bodies by time."""

    def __init__(self, beatmap: Beatmap) -> None:
        self._mode = beatmap.mode
        self._keycount = beatmap.keycount if beatmap.mode is Mode.MANIA else 1
        self._sliders = sorted(
            (item for item in beatmap.hit_objects if isinstance(item, Slider)), key=_start
        )
        self._slider_starts = [slider.start_ms for slider in self._sliders]
        self._sounds = sorted(
            (sound for item in beatmap.hit_objects for sound in self._of(item)),
            key=lambda sound: sound.ms,
        )
        self._times = [sound.ms for sound in self._sounds]

    def taken_over(self, items: Iterable[HitObject]) -> list[HitObject]:
        """New objects with the sounds of their moments.

        Of several notes at a time each takes one sound, that of its own column where there is one;
        those that are left over sound plainly. Where nothing sounded, sounds are as they are.
        """
        together = groupby(sorted(items, key=_start), key=_start)
        return [sounding for _, chord in together for sounding in self._chord(list(chord))]

    def _chord(self, items: Sequence[HitObject]) -> list[HitObject]:
        left = self._at(self._sounding_ms(items[0]))
        if len(items) == 1 or not left:
            return [self._one(item, left) for item in items]
        result: dict[int, HitObject] = {}
        own = {sound.column: sound for sound in left}
        for place, item in enumerate(items):
            sound = own.pop(item.column(self._keycount), None)
            if sound is not None:
                left.remove(sound)
                result[place] = self._one(item, [sound])
        left.sort(key=lambda sound: -sound.bits.bit_count())
        plain = _Sound(items[0].start_ms, 0, replace(items[0].sample, normal_set=0, addition_set=0))
        for place, item in enumerate(items):
            if place not in result:
                result[place] = self._one(item, [left.pop(0) if left else plain])
        return [result[place] for place in range(len(items))]

    def _one(self, item: HitObject, sounds: Sequence[_Sound]) -> HitObject:
        if isinstance(item, Slider):
            return self._slider(item)
        if not sounds:
            return item
        return replace(item, hitsound=sounds[0].bits, sample=sounds[0].sample)

    def _slider(self, item: Slider) -> Slider:
        edges = [self._at(ms)[:1] for ms in item.node_times_ms]
        bits = [
            edge[0].bits if edge else own for edge, own in zip(edges, item.edge_sounds, strict=True)
        ]
        sets = [
            (edge[0].sample.normal_set, edge[0].sample.addition_set) if edge else own
            for edge, own in zip(edges, item.edge_sets, strict=True)
        ]
        body = self._body_at(item.start_ms + BODY_DELAY_MS)
        if body is not None:
            item = replace(item, hitsound=body.hitsound, sample=body.sample)
        elif edges[0]:
            # A volume or sample of its own speaks for all edges of a slider.
            own, head = item.sample, edges[0][0].sample
            sample = replace(head, normal_set=own.normal_set, addition_set=own.addition_set)
            item = replace(item, sample=sample)
        return replace(item, edge_sounds=tuple(bits), edge_sets=tuple(sets))

    def _at(self, ms: float) -> list[_Sound]:
        """What sounds at a moment; only what is nearest to it, all columns of that."""
        first = bisect_left(self._times, ms - SAME_MS)
        past = bisect_right(self._times, ms + SAME_MS)
        near = self._sounds[first:past]
        if not near:
            return []
        nearest_ms = min((sound.ms for sound in near), key=lambda at: abs(at - ms))
        return [sound for sound in near if abs(sound.ms - nearest_ms) < 1]

    def _body_at(self, ms: float) -> Slider | None:
        index = bisect_right(self._slider_starts, ms + SAME_MS) - 1
        slider = self._sliders[index] if index >= 0 else None
        return slider if slider is not None and ms < slider.end_ms - SAME_MS else None

    def _of(self, item: HitObject) -> Iterator[_Sound]:
        if isinstance(item, Slider):
            edges = zip(item.node_times_ms, item.edge_sounds, item.edge_sets, strict=True)
            for ms, bits, (normal, addition) in edges:
                sample = replace(item.sample, normal_set=normal, addition_set=addition)
                yield _Sound(ms, bits, sample)
        else:
            column = item.column(self._keycount)
            yield _Sound(self._sounding_ms(item), item.hitsound, item.sample, column)

    def _sounding_ms(self, item: HitObject) -> float:
        """A spinner sounds where it ends, everything else where it begins."""
        at_end = isinstance(item, Spinner) and self._mode is not Mode.TAIKO
        return item.end_ms if at_end else item.start_ms


def _start(item: HitObject) -> float:
    return item.start_ms
