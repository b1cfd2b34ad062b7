"""One hit object line cut into its comma-separated fields, for changing few and keeping the rest.

Facts: ``x,y,time,type,hitSound`` stand first in every line. A slider goes on with
``curve,slides,length[,edgeSounds[,edgeSets[,hitSample]]]``, a spinner with ``endTime[,hitSample]``,
a mania hold with ``endTime:hitSample``, a circle with ``[hitSample]``. ``hitSample`` is
``normalSet:additionSet:index:volume:filename``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_X, _Y, _TIME, _TYPE, _HITSOUND, _REST = range(6)
_CURVE = 5
_EDGE_SOUNDS, _EDGE_SETS, _SLIDER_SAMPLE = 8, 9, 10
_SLIDER, _NEW_COMBO, _SPINNER, _HOLD = 2, 4, 8, 128
_CIRCLE = 1
_KINDS = _CIRCLE | _SLIDER | _SPINNER | _HOLD
_NO_SAMPLE = (b"0", b"0", b"0", b"0", b"")
_NORMAL_BIT = 1


@dataclass(frozen=True, slots=True)
class Sound:
    """Additions and sample sets of one edge or object; set 0 is inherited."""

    additions: int
    """Bits: 1 normal (always sounds anyway), 2 whistle, 4 finish, 8 clap."""
    normal_set: int
    addition_set: int

    @classmethod
    def from_event(cls, value: int, default_set: int) -> Sound:
        """The sound that a hitsound event stands for, inheriting what the timing point gives."""
        additions = value % 8 * 2
        normal_set, addition_set = value // 8 % 3 + 1, value // 24 % 3 + 1
        own_normal = 0 if normal_set == default_set else normal_set
        own_addition = 0 if addition_set == normal_set or not additions else addition_set
        return cls(additions, own_normal, own_addition)

    def sounds_like(self, other: Sound, default_set: int) -> bool:
        """Whether both sound the same under a timing point with `default_set`."""
        return self._heard(default_set) == other._heard(default_set)

    def _heard(self, default_set: int) -> tuple[int, int, int]:
        normal = self.normal_set or default_set
        additions = self.additions & ~_NORMAL_BIT
        return additions, normal, (self.addition_set or normal) if additions else 0


@dataclass(frozen=True, slots=True)
class ObjectFields:
    """The fields of a hit object line."""

    fields: tuple[bytes, ...]

    def joined(self) -> bytes:
        """The line again, without its ending."""
        return b",".join(self.fields)

    @property
    def type_bits(self) -> int:
        """What kind of object the line is."""
        return int(self.fields[_TYPE])

    def with_start(self, time: int) -> ObjectFields:
        """Start at another time; ends of spinners and holds stay."""
        return self._with(_TIME, _int(time))

    def with_end(self, time: int) -> ObjectFields:
        """End a spinner or a hold at another time."""
        if self.type_bits & _HOLD:
            _, colon, sample = self.fields[_REST].partition(b":")
            return self._with(_REST, _int(time) + colon + sample)
        return self._with(_REST, _int(time))

    def with_x(self, x: int) -> ObjectFields:
        """Put at another x."""
        return self._with(_X, _int(x))

    def with_place(self, x: float, y: float) -> ObjectFields:
        """Put elsewhere, in whole pixels; a slider's control points stay."""
        return self._with(_X, _int(round(x)))._with(_Y, _int(round(y)))

    def with_curve(self, curve: bytes) -> ObjectFields:
        """Give a slider another curve: its type and its control points after the head."""
        return self._with(_CURVE, curve)

    def shifted(self, dx: int, dy: int) -> ObjectFields:
        """Move by whole pixels, a slider with all its control points."""
        fields = self
        if dx:
            fields = fields._with(_X, _plus(self.fields[_X], dx))
        if dy:
            fields = fields._with(_Y, _plus(self.fields[_Y], dy))
        if not self.type_bits & _SLIDER:
            return fields
        parts = [_shifted_point(part, dx, dy) for part in self.fields[_CURVE].split(b"|")]
        return fields._with(_CURVE, b"|".join(parts))

    def placed_like(self, other: ObjectFields) -> ObjectFields:
        """Stand where an object of the same kind does, a slider with its curve; lengths stay."""
        fields = self._with(_X, other.fields[_X])._with(_Y, other.fields[_Y])
        if not self.type_bits & _SLIDER:
            return fields
        return fields._with(_CURVE, other.fields[_CURVE])

    def sounding_like(self, other: ObjectFields) -> ObjectFields:
        """Sound like an object of the same kind, at all edges and with its samples."""
        fields = self._with(_HITSOUND, other.fields[_HITSOUND])
        if self.type_bits & _SLIDER:
            kept = fields.fields[:_EDGE_SOUNDS]
            return ObjectFields((*kept, *other.fields[_EDGE_SOUNDS:]))
        sample = other._sample()
        return fields if fields._sample() == sample else fields._with_sample(sample)

    def with_new_combo(self) -> ObjectFields:
        """Begin a combo."""
        return self._with(_TYPE, _int(self.type_bits | _NEW_COMBO))

    def without_new_combo(self) -> ObjectFields:
        """Begin no combo; colours to skip go too, because they mean nothing then."""
        return self._with(_TYPE, _int(self.type_bits & _KINDS))

    def with_sound(self, sound: Sound) -> ObjectFields:
        """Sound otherwise; of a slider, its body."""
        fields = self._with(_HITSOUND, _int(_bits(sound, int(self.fields[_HITSOUND]))))
        sample = list(self._sample())
        old_sets = sample[0], sample[1]
        sample[0], sample[1] = _int(sound.normal_set), _int(sound.addition_set)
        if (sample[0], sample[1]) == old_sets:
            return fields
        return fields._with_sample(sample)

    def with_edge_sound(self, edge: int, sound: Sound, present: Sequence[Sound]) -> ObjectFields:
        """Sound otherwise at one edge of a slider; `present` is what all edges have now."""
        edges = list(present)
        bits = [edge_sound.additions for edge_sound in edges]
        bits[edge] = _bits(sound, bits[edge])
        edges[edge] = sound
        sets = [_int(e.normal_set) + b":" + _int(e.addition_set) for e in edges]
        padded = self._padded(_EDGE_SETS + 1)
        return padded._with(_EDGE_SOUNDS, b"|".join(_int(b) for b in bits))._with(
            _EDGE_SETS, b"|".join(sets)
        )

    def with_volume(self, volume: int) -> ObjectFields:
        """Sound with a volume of its own, in per cent."""
        sample = list(self._sample())
        sample[3] = _int(volume)
        return self._with_sample(sample)

    def as_circle(self, sound: Sound | None) -> ObjectFields:
        """Keep only the head; `sound` is a slider head's, other objects keep their own."""
        sample = list(self._sample())
        hitsound = self.fields[_HITSOUND]
        if sound is not None:
            hitsound = _int(sound.additions)
            sample[0], sample[1] = _int(sound.normal_set), _int(sound.addition_set)
        bits = (self.type_bits & ~_KINDS) | _CIRCLE
        head = (*self.fields[:_TYPE], _int(bits), hitsound)
        return ObjectFields((*head, b":".join(sample)))

    def _with(self, index: int, value: bytes) -> ObjectFields:
        fields = list(self.fields)
        fields[index] = value
        return replace(self, fields=tuple(fields))

    def _padded(self, length: int) -> ObjectFields:
        missing = length - len(self.fields)
        return replace(self, fields=self.fields + (b"",) * missing) if missing > 0 else self

    @property
    def _sample_index(self) -> int:
        bits = self.type_bits
        if bits & _CIRCLE:
            return _REST
        if bits & _SLIDER:
            return _SLIDER_SAMPLE
        return _REST if bits & _HOLD else _REST + 1

    def _sample(self) -> tuple[bytes, ...]:
        index = self._sample_index
        text = self.fields[index] if index < len(self.fields) else b""
        if self.type_bits & _HOLD and not self.type_bits & (_CIRCLE | _SLIDER | _SPINNER):
            text = text.partition(b":")[2]
        parts = text.split(b":", 4) if text.strip() else []
        return (*(p.strip() or b"0" for p in parts[:4]), *parts[4:], *_NO_SAMPLE[len(parts) :])

    def _with_sample(self, sample: Sequence[bytes]) -> ObjectFields:
        text = b":".join(sample)
        index = self._sample_index
        fields = self._padded(index + 1)
        if self.type_bits & _HOLD and not self.type_bits & (_CIRCLE | _SLIDER | _SPINNER):
            text = fields.fields[index].partition(b":")[0] + b":" + text
        elif index == _SLIDER_SAMPLE:
            fields = fields._with_edges()
        return fields._with(index, text)

    def _with_edges(self) -> ObjectFields:
        """Fill in edge fields that a short slider line leaves out, as they are understood."""
        fields = self
        spans = max(int(self.fields[6] or b"1"), 1)
        if not fields.fields[_EDGE_SOUNDS].strip():
            hitsounds = (self.fields[_HITSOUND],) * (spans + 1)
            fields = fields._with(_EDGE_SOUNDS, b"|".join(hitsounds))
        if not fields.fields[_EDGE_SETS].strip():
            fields = fields._with(_EDGE_SETS, b"|".join((b"0:0",) * (spans + 1)))
        return fields


def split(raw: bytes) -> ObjectFields:
    """Cut a hit object line (without its ending) into fields; a missing hitsound is 0."""
    fields = tuple(raw.split(b","))
    return ObjectFields(fields + (b"0",) * (_REST - len(fields)))


def _bits(sound: Sound, before: int) -> int:
    # Whether the "normal" bit is set makes no difference to what is heard; keep the mapper's way.
    return sound.additions | (before & _NORMAL_BIT)


def _int(value: int) -> bytes:
    return str(value).encode()


def _plus(text: bytes, delta: int) -> bytes:
    try:
        return _int(int(text) + delta)
    except ValueError:
        return repr(float(text) + delta).encode()


def _shifted_point(part: bytes, dx: int, dy: int) -> bytes:
    x, colon, y = part.partition(b":")
    return _plus(x, dx) + colon + _plus(y, dy) if colon else part
