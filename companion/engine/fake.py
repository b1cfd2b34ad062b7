"""An engine without a model: the second implementation, for whoever tests without torch.

Everything it answers follows from the document and the options alone, so that a test can say
beforehand what will come. It can be held at a gate between two answers, and told to fail.
"""

from __future__ import annotations

import math
import random
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from companion.beatmap import Mode, TextEdit, TimeRange, TimingPoint, nearest_tick, objects_in
from companion.engine.events import ContextType, Event, EventType
from companion.engine.map_requests import MapBegun, MapProgress, Unknown, WrittenMap
from companion.engine.modding import object_fields
from companion.engine.postprocess import write_map
from companion.engine.requests import (
    HeardTiming,
    ModelInfo,
    Passage,
    ScoreProgress,
    TimingProgress,
    VariantRank,
)
from companion.errors import RangeRefused
from companion.findings import Finding, Severity, editor_link, finding_id

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from companion.beatmap import Beatmap, Document, HitObject
    from companion.engine.cancellation import CancelToken
    from companion.engine.map_requests import MapAnswer, MapRequest
    from companion.engine.requests import RegenerateRequest, ScoreRequest, TimingRequest
    from companion.errors import CompanionError

BATCH_MS = 10_000
"""A scan is answered in stretches of this length."""
PASSAGE_MS = 2_000
"""A regeneration is answered in stretches of this length, rounded up to whole beats."""
HEARD_BEATS, HEARD_MS = 16, 8_000.0
"""What is said of every song that is timed."""
KIAI_MS = (2_000, 4_000)
"""Where kiai begins and ends, if it is asked for."""
CODE = "maimod.rhythm.snap"
_FALLBACK_BEAT_MS = 500.0
_GATE_POLL_S = 0.01


class FakeEngine:
    """Finds objects off the 1/4 grid, and generates circles on beats, or claps and whistles.

    Args:
        gate: When given, every answer waits until the gate is set (or the token is cancelled).
        error: When given, the next `load`, `score` or `regenerate` raises it, once.
    """

    def __init__(
        self, *, gate: threading.Event | None = None, error: CompanionError | None = None
    ) -> None:
        self.gate = gate
        self.error = error
        self.waiting = threading.Event()
        """Set while an answer is held at the gate."""
        self.heard: tuple[TimingPoint, ...] = (
            TimingPoint(25.0, 500.0, 4, 2, 0, 100, uninherited=True, effects=0),
        )
        """The red lines that every song has to its ears."""
        self.requests: list[ScoreRequest | RegenerateRequest | TimingRequest] = []
        """Every request it was asked, in order."""
        self.map_requests: list[MapRequest] = []
        """Every whole map it was asked for."""
        self.ignored: tuple[str, ...] = ()
        """What it says that it ignores of them."""
        self.unknown: tuple[Unknown, ...] = ()
        """What it says that it has never met."""
        self.code = CODE
        """Of its findings. A rule explains those of a topic that MaiMod has."""
        self.refusal: CompanionError | None = None
        """What `require_able` raises."""
        self._loaded = False
        self._info = ModelInfo("fake", "fake", 0, "0" * 64, Path("fake"))

    def describe(self) -> ModelInfo | None:
        """Say which model is loaded."""
        return self._info if self._loaded else None

    def require_able(self, request: RegenerateRequest | TimingRequest | MapRequest) -> None:
        """Raise `refusal` if there is one."""
        del request
        if self.refusal is not None:
            raise self.refusal

    def load(self) -> ModelInfo:
        """Pretend to load."""
        self._fail_if_told()
        self._loaded = True
        return self._info

    def unload(self) -> None:
        """Pretend to unload."""
        self._loaded = False

    def score(self, request: ScoreRequest, token: CancelToken) -> Iterator[ScoreProgress]:
        """Yield the map in stretches of `BATCH_MS`, nearest to `near_ms` first."""
        self.requests.append(request)
        self.load()
        beatmap = request.document.beatmap
        last_ms = max((round(o.end_ms) for o in beatmap.hit_objects), default=0)
        starts = list(range(0, last_ms + 1, BATCH_MS))
        if request.near_ms is not None:
            near_ms = request.near_ms
            starts.sort(key=lambda start: abs(start + BATCH_MS // 2 - near_ms))
        for done, start_ms in enumerate(starts, start=1):
            self._pass_gate(token)
            covered = TimeRange(start_ms, start_ms + BATCH_MS)
            yield ScoreProgress(
                covered, tuple(_findings(request.document, covered, self.code)), done, len(starts)
            )

    def regenerate(self, request: RegenerateRequest, token: CancelToken) -> Iterator[Passage]:
        """Yield circles on beats, in stretches of `PASSAGE_MS`, one variant after the other.

        Asked for hitsounds, it yields the range's objects with other additions.
        """
        self.requests.append(request)
        self.load()
        request.verify()
        beatmap = request.document.beatmap
        if beatmap.timing_at(request.range.start_ms) is None:
            raise RangeRefused("The map has no timing yet: set a BPM and offset first.")
        for variant in range(request.options.variants):
            dice = random.Random(f"{request.options.seed}/{variant}")
            for stretch in _stretches(request.range, beatmap):
                self._pass_gate(token)
                if "rhythm" in request.options.kept and "hitsounds" not in request.options.kept:
                    lines = tuple(_resounded(stretch, request, dice))
                else:
                    lines = tuple(_circles(stretch, beatmap, dice))
                yield Passage(variant, stretch, lines, -1.0 - variant)

    def rank(
        self, request: RegenerateRequest, variants: Sequence[Sequence[bytes]], token: CancelToken
    ) -> VariantRank:
        """Rank variants in the order they were given in."""
        token.raise_if_cancelled()
        return VariantRank(
            tuple(range(len(variants))), tuple(1.0 + i for i in range(len(variants)))
        )

    def hear_timing(
        self, request: TimingRequest, token: CancelToken
    ) -> Iterator[TimingProgress | HeardTiming]:
        """Hear `heard` in as many steps as there are iterations, plain timing in one."""
        self.requests.append(request)
        self.load()
        request.options.verify()
        total = request.options.iterations or 1
        for done in range(1, total + 1):
            self._pass_gate(token)
            yield TimingProgress(done, total)
        yield HeardTiming(self.heard, HEARD_BEATS, HEARD_MS)

    def generate_map(self, request: MapRequest, token: CancelToken) -> Iterator[MapAnswer]:
        """Yield a map with a circle on each beat of its first red line, up to `HEARD_MS`.

        Asked for kiai by name, it writes `KIAI_MS`; asked for no objects, it writes none.
        """
        self.map_requests.append(request)
        request.verify()
        self.load()
        yield MapBegun(self.ignored, HEARD_MS, self.unknown)
        red_lines = self.heard if request.red_lines is None else request.red_lines
        steps = request.unfinished((ContextType.MAP,))
        if request.wanted is not None and ContextType.KIAI in request.wanted:
            steps.insert(0, ContextType.KIAI)
        if request.red_lines is None:
            steps.insert(0, ContextType.TIMING)
        for step in steps:
            self._pass_gate(token)
            yield MapProgress(step.value, round(HEARD_MS))
        events = _kiai() if ContextType.KIAI in steps else []
        text = write_map(events, request.header, red_lines)
        times_ms = _beats(red_lines[0], request.range) if ContextType.MAP in steps else []
        circles = "".join(f"256,192,{time_ms},1,0,0:0:0:0:\n" for time_ms in times_ms)
        yield WrittenMap(text + circles, red_lines, HEARD_MS, len(times_ms), tuple(steps))

    def _fail_if_told(self) -> None:
        error, self.error = self.error, None
        if error is not None:
            raise error

    def _pass_gate(self, token: CancelToken) -> None:
        if self.gate is not None:
            self.waiting.set()
            while not self.gate.wait(_GATE_POLL_S):
                token.raise_if_cancelled()
            self.waiting.clear()
        token.raise_if_cancelled()


def _kiai() -> list[Event]:
    events: list[Event] = []
    for is_on, ms in zip((1, 0), KIAI_MS, strict=True):
        events += [Event(EventType.KIAI, is_on, ms), Event(EventType.TIME_SHIFT, ms, ms)]
    return events


def _beats(first: TimingPoint, span: TimeRange | None) -> list[int]:
    n_beats = int((HEARD_MS - first.time_ms) / first.beat_length)
    times_ms = [int(first.time_ms + beat * first.beat_length) for beat in range(n_beats)]
    return [ms for ms in times_ms if span is None or span.contains(ms)]


def _findings(document: Document, covered: TimeRange, code: str) -> Iterator[Finding]:
    beatmap = document.beatmap
    for hit_object in beatmap.hit_objects:
        if not covered.contains(round(hit_object.start_ms)):
            continue
        tick = nearest_tick(hit_object.start_ms, beatmap, (1, 2, 4))
        if tick is None:
            continue
        tick_ms = math.floor(tick.time_ms + 1e-6)
        off_ms = abs(hit_object.start_ms - tick_ms)
        if off_ms > 2:
            yield _finding(document, hit_object, tick_ms, float(off_ms), code)


def _finding(
    document: Document, hit_object: HitObject, tick_ms: int, off_ms: float, code: str
) -> Finding:
    start_ms = round(hit_object.start_ms)
    return Finding(
        id=finding_id(code, TimeRange(start_ms, start_ms + 1), (start_ms,), ""),
        code=code,
        category="Rhythm",
        severity=Severity.SUGGESTION,
        at=TimeRange(start_ms, start_ms + 1),
        objects=(start_ms,),
        message=f"Expected this object {off_ms:.0f} ms away, on the beat.",
        weight=off_ms,
        surprisal_bits=off_ms,
        fix=_moved(document, hit_object, tick_ms),
        fix_label="Move to the beat",
        editor_link=editor_link(document.beatmap, start_ms, [hit_object]),
    )


def _moved(document: Document, hit_object: HitObject, time_ms: int) -> tuple[TextEdit, ...]:
    line = document.lines[hit_object.line]
    fields = line.raw.split(b",")
    fields[2] = str(time_ms).encode()
    old = line.raw + line.ending
    return (TextEdit(hit_object.line, (old,), (b",".join(fields) + line.ending,)),)


def _stretches(whole: TimeRange, beatmap: Beatmap) -> Iterator[TimeRange]:
    start_ms = whole.start_ms
    while start_ms < whole.end_ms:
        beat_ms = _beat_ms(beatmap, start_ms)
        end_ms = round(start_ms + beat_ms * -(-PASSAGE_MS // beat_ms))
        end_ms = min(max(end_ms, start_ms + 1), whole.end_ms)
        yield TimeRange(start_ms, end_ms)
        start_ms = end_ms


def _beat_ms(beatmap: Beatmap, time_ms: float) -> float:
    red_line = beatmap.timing_at(time_ms)
    return red_line.beat_length if red_line and red_line.beat_length > 0 else _FALLBACK_BEAT_MS


def _circles(stretch: TimeRange, beatmap: Beatmap, dice: random.Random) -> Iterator[bytes]:
    tick = nearest_tick(stretch.start_ms, beatmap, (1,))
    time_ms = tick.time_ms if tick is not None else float(stretch.start_ms)
    step_ms = _beat_ms(beatmap, stretch.start_ms)
    columns = beatmap.keycount if beatmap.mode is Mode.MANIA else 0
    first = True
    while time_ms < stretch.end_ms - 1:
        if time_ms >= stretch.start_ms - 1:
            if columns:
                x, y = (dice.randrange(columns) * 2 + 1) * 512 // (columns * 2), 192
            else:
                x, y = dice.randrange(64, 449), dice.randrange(64, 321)
            kind = 5 if first else 1
            yield f"{x},{y},{math.floor(time_ms + 1e-6)},{kind},0,0:0:0:0:".encode()
            first = False
        time_ms += step_ms


def _resounded(
    stretch: TimeRange, request: RegenerateRequest, dice: random.Random
) -> Iterator[bytes]:
    items = objects_in(request.document.beatmap, request.range)
    for item in sorted(items, key=lambda item: item.start_ms):
        if stretch.contains(item.start_ms):
            fields = object_fields.split(request.document.lines[item.line].raw)
            yield fields.with_sound(object_fields.Sound(dice.choice((2, 8)), 0, 0)).joined()


__all__ = ["BATCH_MS", "CODE", "PASSAGE_MS", "FakeEngine"]
