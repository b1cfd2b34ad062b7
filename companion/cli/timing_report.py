"""What ``companion timing`` says: BPM, offset, sections, and how well a map agrees."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from companion.beatmap import main_bpm, tempo_sections
from companion.beatmap.timing_agreement import CLOSE_MS
from companion.cli.modding import map_value
from companion.findings import timestamp

if TYPE_CHECKING:
    from pathlib import Path

    from companion.beatmap import Agreement, TempoSection
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
        return main_bpm(self.sections)

    @property
    def sections(self) -> tuple[TempoSection, ...]:
        """The stretches of the song that each red line governs."""
        return tempo_sections(self.heard.red_lines, self.heard.song_length_ms)


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
                "start_ms": section.red_line.time_ms,
                "end_ms": section.end_ms,
                "bpm": section.red_line.bpm,
                "beat_length_ms": section.red_line.beat_length,
                "meter": section.red_line.meter,
            }
            for section in report.sections
        ],
        "agreement": asdict(report.agreement) if report.agreement is not None else None,
        "written": str(written.path) if written else None,
        "in_place": written is not None and written.backup is not None,
        "backup": str(written.backup) if written and written.backup else None,
    }
