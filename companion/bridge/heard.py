"""A song's timing that was heard, as a protocol value."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from companion.beatmap import main_bpm, tempo_sections
from protocol import timing as wire_timing

if TYPE_CHECKING:
    from companion.session import TimingReport


def timing(item: TimingReport | None) -> wire_timing.TimingReport | None:
    """A song's timing that was heard."""
    if item is None:
        return None
    heard, agreement = item.heard, item.agreement
    sections = tempo_sections(heard.red_lines, heard.song_length_ms)
    return wire_timing.TimingReport(
        id=item.id,
        request_id=item.request_id,
        bpm=main_bpm(sections),
        offset_ms=heard.red_lines[0].time_ms,
        n_beats=heard.n_beats,
        sections=[
            wire_timing.TempoSection(
                start_ms=section.red_line.time_ms,
                end_ms=section.end_ms,
                bpm=round(section.red_line.bpm, 3),
                meter=section.red_line.meter,
            )
            for section in sections
        ],
        iterations=item.options.iterations,
        seed=item.options.seed,
        leniency_ms=item.options.leniency_ms,
        agreement=None if agreement is None else wire_timing.TimingAgreement(**asdict(agreement)),
        applied=item.applied,
    )
