"""A recorded generation, done again by our own engine."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, field, replace
from functools import cache, cached_property, reduce
from typing import TYPE_CHECKING, Any

import numpy as np
import soundfile

from companion.beatmap import Document, Mode
from companion.engine.audio import Waveform, decode_audio
from companion.engine.cancellation import CancelToken
from companion.engine.conditioning import Conditioning
from companion.engine.encoding import (
    encode_kiai,
    encode_map,
    encode_red_lines,
    encode_scroll_speeds,
    encode_timing,
    retime,
)
from companion.engine.encoding.positions import columns_as_positions, in_pixels
from companion.engine.events import BEAT_TYPES, ContextType, Event, EventType, merge, without
from companion.engine.generation import (
    GeneratedWindow,
    Generation,
    GenerationOptions,
    Part,
    generate,
)
from companion.engine.postprocess import PostprocessOptions, resnap, write_map
from companion.engine.prompts import Context, PromptBuilder
from companion.engine.sampling import Greedy, Sampler
from companion.engine.timing import generate_timing
from companion.engine.windows import windows_of
from tests.parity.conftest import map_header

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from companion.beatmap import Beatmap, TimingPoint
    from companion.engine.encoding import EncodingOptions
    from companion.engine.model.backbone import EncodedWindows
    from companion.engine.sampling import TokenChooser

CLIP = re.compile(r"clip(\d+)\.wav")
"""The first so many seconds of the longest clip, unless the file is there."""


@cache
def song(goldens: Path, name: str) -> Waveform:
    path = goldens / "common" / name
    if path.is_file():
        return decode_audio(path.read_bytes(), name, 16000)
    longest = max((goldens / "common").glob("clip[0-9][0-9].wav"))
    pcm, rate_hz = soundfile.read(longest, dtype="int16")
    cut = CLIP.fullmatch(name)
    pcm = pcm[: int(cut[1]) * rate_hz] if cut is not None else np.zeros_like(pcm[: 20 * rate_hz])
    file = io.BytesIO()
    soundfile.write(file, pcm, rate_hz, format="WAV", subtype="PCM_16")
    return decode_audio(file.getvalue(), name, 16000)


@dataclass
class Recorder:
    """A backbone that notes the prompts it is started with."""

    inner: Any
    prompts: list[list[list[int]]] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def start(self, tokens: Any, mask: Any, encoded: EncodedWindows) -> Any:
        self.prompts.append([[i for i in row if i != 0] for row in tokens.tolist()])
        return self.inner.start(tokens, mask, encoded)


def recorded_conditioning(config: dict[str, Any], song_length_ms: float) -> Conditioning:
    """What a record's ``generation_config`` says about the whole map."""
    return Conditioning(
        mode=Mode(config["gamemode"]),
        difficulty=config["difficulty"],
        mapper_id=config["mapper_id"],
        beatmap_id=config["beatmap_id"],
        year=config["year"],
        hitsounded=config["hitsounded"],
        cs=config["circle_size"],
        keycount=config["keycount"],
        hold_note_ratio=config["hold_note_ratio"],
        scroll_speed_ratio=config["scroll_speed_ratio"],
        slider_multiplier=config["slider_multiplier"],
        descriptors=config["descriptors"],
        negative_descriptors=config["negative_descriptors"],
        song_length_ms=song_length_ms,
    )


class Replay:
    """The recorded run, done again."""

    def __init__(
        self,
        goldens: Path,
        record: dict[str, Any],
        backbone: Any,
        chooser: TokenChooser | None = None,
    ) -> None:
        """Without a chooser, tokens are chosen as they were in the recorded run."""
        self.args = record["args"]
        self.record = record
        self.backbone = Recorder(backbone)
        self.waveform = song(goldens, record["audio"])
        map_path = goldens / record["beatmap"] if record["beatmap"] else None
        self.beatmap: Beatmap | None = (
            Document.parse(map_path.read_bytes()).beatmap if map_path is not None else None
        )
        self.map_bytes = map_path.read_bytes() if map_path is not None else b""
        self.encoding = replace(backbone.settings.encoding, original_quirks=True)
        self.prompts = PromptBuilder(
            backbone.vocabulary,
            backbone.settings.window_ms,
            replace(backbone.settings.prompts, tgt_seq_len=self.args["tgt_seq_len"]),
            self.encoding,
        )
        if chooser is None:
            chooser = Sampler.seeded([record["seed"]]) if record["do_sample"] else Greedy()
        self.chooser = chooser
        self.written: list[GeneratedWindow] = []
        self.timing: Sequence[TimingPoint] | None = None
        self.results: list[list[tuple[ContextType, list[Event]]]] = []

    def run(self) -> None:
        for run in self.record["passes"]:
            out = [ContextType(kind) for kind in run["out_context"]]
            given = [ContextType(kind) for kind in run["in_context"]]
            self.results.append(self._pass(given, out))
            if out == [ContextType.TIMING]:
                events = self.results[-1][0][1]
                self.timing = self._drawn(
                    [e for e in events if e.kind in BEAT_TYPES | {EventType.TIME_SHIFT}]
                )

    def _drawn(self, events: Sequence[Event]) -> tuple[TimingPoint, ...]:
        return generate_timing(
            events,
            types_first=self.encoding.types_first,
            leniency_ms=self.args["timing_leniency"],
        )

    @property
    def merged(self) -> list[Event]:
        return reduce(merge, [events for _, events in self.results[-1]])

    @cached_property
    def red_lines(self) -> Sequence[TimingPoint] | None:
        if self.timing is not None:
            return self.timing
        if self.beatmap is not None and "timing" in self.args["in_context"]:
            return self.beatmap.red_lines
        return self._drawn(self.merged) if self.encoding.add_timing else None

    @property
    def final_events(self) -> list[Event]:
        red_lines = self.red_lines
        only_timing = "map" not in self.args["output_type"]
        if only_timing or not self.args["resnap_events"] or red_lines is None:
            return self.merged
        return resnap(self.merged, red_lines, original_quirks=True)

    @property
    def final_text(self) -> str:
        header = map_header(self.record["beatmap_config"])
        options = replace(
            PostprocessOptions.of(self.encoding),
            timing_leniency_ms=self.args["timing_leniency"],
            snap_near_overlaps=self.args["snap_near_perfect_overlaps"],
            seed=self.record["seed"] or 0,
            original_quirks=True,
        )
        return write_map(self.final_events, header, self.red_lines, options)

    @property
    def conditioning(self) -> Conditioning:
        return recorded_conditioning(self.record["generation_config"], self.waveform.duration_ms)

    def _known_events(self, kind: ContextType) -> list[Event]:
        return self._events_of(kind, self.encoding, self.waveform.duration_ms)

    def _events_of(
        self, kind: ContextType, encoding: EncodingOptions, length_ms: float | None
    ) -> list[Event]:
        if kind is ContextType.TIMING and self.timing is not None:
            return encode_red_lines(self.timing, encoding, length_ms)
        if kind is ContextType.NONE:
            return []
        assert self.beatmap is not None
        if kind is ContextType.TIMING:
            return encode_timing(self.beatmap, encoding, length_ms)
        if kind is ContextType.KIAI:
            return encode_kiai(self.beatmap, encoding)
        if kind is ContextType.SV:
            return encode_scroll_speeds(self.beatmap, encoding)
        events = encode_map(self.beatmap, encoding, length_ms)
        if kind is ContextType.NO_HS:
            return without(events, {EventType.HITSOUND, EventType.VOLUME})
        return events

    def _given(self, kind: ContextType) -> Context:
        about = None
        if kind is ContextType.GD:
            assert self.beatmap is not None
            from companion.beatmap.star_rating import star_rating

            about = Conditioning.of(
                self.beatmap,
                self.waveform.duration_ms,
                star_rating(self.map_bytes),
                self.backbone.vocabulary,
            )
        return Context(kind, self._known_events(kind), about)

    def _part(self, kind: ContextType, known: Sequence[ContextType]) -> Part:
        if kind in known:
            return Part(kind, self._known_events(kind), finished=True)
        if self.args["add_to_beatmap"] and self.args["start_time"] is not None:
            events = self._known_events(kind)
            _drop_tail(events, self.args["start_time"] - 1)
            return Part(kind, events)
        return Part(kind)

    def _pass(
        self, given: Sequence[ContextType], out: Sequence[ContextType]
    ) -> list[tuple[ContextType, list[Event]]]:
        known = [*given, *([ContextType.TIMING] if self.timing is not None else [])]
        args, about = self.args, self.conditioning
        plan = self.prompts.plan(known, out, about.mode)
        parts = [self._part(kind, known) for kind in plan.produced]
        generation = Generation(
            self.backbone,  # pyright: ignore[reportArgumentType]
            self.waveform,
            windows_of(
                len(self.waveform.samples),
                self.backbone.settings.windows,
                args["start_time"],
                args["end_time"],
            ),
            self.prompts,
            plan.template,
            [self._given(kind) for kind in plan.template.given],
            parts,
            about,
            self.chooser,
            GenerationOptions(
                guidance=args["cfg_scale"],
                temperature=args["temperature"],
                timing_temperature=args["timing_temperature"],
                mania_column_temperature=args["mania_column_temperature"],
                taiko_hit_temperature=args["taiko_hit_temperature"],
                time_bias=args["timeshift_bias"],
                top_k=args["top_k"],
                top_p=args["top_p"],
                max_tokens=args["tgt_seq_len"],
                original_quirks=True,
            ),
        )
        events = {part.kind: list(part.events) for part in parts}
        for window in generate(generation, CancelToken()):
            self.written.append(window)
            events[window.kind].extend(window.events)
        return [
            (kind, self._returned(kind, self._retimed(written)))
            for kind, written in events.items()
            if kind in out
        ]

    def _retimed(self, events: list[Event]) -> list[Event]:
        return retime(events, self.waveform.duration_ms, types_first=self.encoding.types_first)

    def _returned(self, kind: ContextType, events: list[Event]) -> list[Event]:
        """Events as the original hands them on: in pixels, the rest of a map around a range."""
        start_ms, end_ms = self.args["start_time"], self.args["end_time"]
        if start_ms is not None:
            events = [event for event in events if event.time_ms >= start_ms - 10]
        if end_ms is not None:
            _drop_tail(events, end_ms + 10)
        if kind is ContextType.MAP:
            events = in_pixels(events, self.encoding)
        if self.args["add_to_beatmap"]:
            exact = replace(self.encoding, position_precision_px=1, position_split_axes=True)
            reference = self._events_of(kind, exact, None)
            if start_ms is not None:
                before = list(reference)
                _drop_tail(before, start_ms - 1)
                events = [*before, *events]
            if end_ms is not None:
                events += [event for event in reference if event.time_ms >= end_ms + 1]
        if kind is ContextType.MAP and self.conditioning.mode is Mode.MANIA:
            events = columns_as_positions(events, self.conditioning.keycount)
        return events


def _drop_tail(events: list[Event], after_ms: float) -> None:
    while events and events[-1].time_ms > after_ms:
        events.pop()


def recorded_events(file: Path) -> list[Event]:
    with np.load(file) as arrays:
        names, kinds = arrays["type_names"], arrays["type"]
        times = arrays["time"] if "time" in arrays else np.zeros(len(kinds))
        columns = zip(kinds, arrays["value"], times, strict=True)
        return [Event(EventType(str(names[k])), int(v), int(t)) for k, v, t in columns]
