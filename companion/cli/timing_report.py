"""What ``companion timing`` says: BPM, offset, sections, and how well a map agrees."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from companion.beatmap.timing_agreement import CLOSE_MS
from companion.cli.modding import map_value
from companion.findings import timestamp

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from companion.beatmap import Agreement, TimingPoint
    from companion.cli.workbench import Workbench, Written
    from companion.engine.requests import HeardTiming, ModelInfo, TimingOptions

RELOAD_HINT = "Press Ctrl+L in the editor to load it."


@dataclass(frozen=True, slots=True)
class Report:
    """A song that has been timed."""

    audio_path: Path
    bench: Workbench | None
    """The map, if one was given."""
    model: ModelInfo
    options: TimingOptions
    heard: HeardTiming
    agreement: Agreement | None
    """With the map's own red lines; None without any."""
    written: Written | None

    @property
    def main_bpm(self) -> float:
        """The tempo that governs most of the song."""
        lengths: dict[float, float] = {}
        for red, end_ms in _spans(self.heard.red_lines, self.heard.song_length_ms):
            bpm = round(red.bpm, 3)
            lengths[bpm] = lengths.get(bpm, 0) + end_ms - red.time_ms
        return max(lengths, key=lambda bpm: lengths[bpm])


def _spans(red_lines: Sequence[TimingPoint], end_ms: float) -> list[tuple[TimingPoint, float]]:
    spans = [(red, following.time_ms) for red, following in pairwise(red_lines)]
    return [*spans, (red_lines[-1], end_ms)]


def report_text(report: Report) -> str:
    """The report for a person."""
    heard = report.heard
    reds = heard.red_lines
    count = "one section" if len(reds) == 1 else f"{len(reds)} sections"
    lines = [
        f"{report.audio_path.name}: {report.main_bpm:g} BPM, offset {reds[0].time_ms:.0f} ms, "
        f"{count}, {heard.n_beats} beats heard",
        "",
    ]
    lines += [
        f"  {timestamp(round(red.time_ms))}  {red.bpm:8.3f} BPM  {red.meter}/4" for red in reds
    ]
    lines += ["", *_agreement_lines(report)]
    written = report.written
    if written is not None:
        lines += ["", f"Red lines written to {written.path}."]
        if written.backup is not None:
            lines[-1] += f" {RELOAD_HINT}"
            lines += [f"Backup: {written.backup}", "“companion undo” takes it back."]
    return "\n".join(lines).rstrip()


def _agreement_lines(report: Report) -> list[str]:
    agreement = report.agreement
    if agreement is None:
        return [] if report.bench is None else ["The map has no red lines to compare with."]
    side = "after" if agreement.shift_ms >= 0 else "before"
    return [
        f"The map's own red lines: {agreement.close_share:.0%} of {agreement.n_beats} beats within "
        f"{CLOSE_MS:g} ms, same tempo at {agreement.same_tempo_share:.0%}",
        f"  error {agreement.mean_error_ms:.1f} ms on average, {agreement.worst_error_ms:.1f} ms "
        f"at most; heard {abs(agreement.shift_ms):.1f} ms {side} the map's",
    ]


def report_value(report: Report) -> dict[str, Any]:
    """The report for a script."""
    heard, options, written = report.heard, report.options, report.written
    model = report.model
    return {
        "song": {"path": str(report.audio_path), "length_ms": heard.song_length_ms},
        "map": map_value(report.bench) if report.bench is not None else None,
        "settings": {
            "super": options.iterations is not None,
            "iterations": options.iterations,
            "seed": options.seed,
            "leniency_ms": options.leniency_ms,
        },
        "model": {"name": model.name, "family": model.family, "digest": model.digest},
        "bpm": report.main_bpm,
        "offset_ms": heard.red_lines[0].time_ms,
        "beats": heard.n_beats,
        "sections": [
            {
                "start_ms": red.time_ms,
                "end_ms": end_ms,
                "bpm": red.bpm,
                "beat_length_ms": red.beat_length,
                "meter": red.meter,
            }
            for red, end_ms in _spans(heard.red_lines, heard.song_length_ms)
        ],
        "agreement": asdict(report.agreement) if report.agreement is not None else None,
        "written": str(written.path) if written else None,
        "in_place": written is not None and written.backup is not None,
        "backup": str(written.backup) if written and written.backup else None,
    }
