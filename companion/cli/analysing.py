"""``companion analyse``: a map's rhythm and style, as far as the weights at hand can tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from companion.beatmap import Document, storage
from companion.engine.analysis import count_rhythm
from companion.findings import timestamp

if TYPE_CHECKING:
    from pathlib import Path

    from companion.beatmap import Beatmap
    from companion.cli.terminal import Terminal
    from companion.engine.analysis import RhythmStatistics
    from companion.engine.analysis.mapper_style import MapperStyle
    from companion.engine.analysis.rhythm_complexity import RhythmComplexity
    from companion.settings import Settings

SHOWN_GAPS = 5
SHOWN_SURPRISES = 5
SHOWN_MAPPERS = 10

NO_RHYTHM_MODEL = (
    "Rhythm complexity: not known. It takes a trained rhythm model, and none comes with the "
    "companion; --rhythm-model FOLDER names one."
)
NO_STYLE_MODEL = (
    "Mapper style: not known. It takes a trained style model, and none comes with the companion; "
    "--style-model FOLDER names one."
)


@dataclass(frozen=True, slots=True)
class Analysis:
    """What could be told; None where no weights were given."""

    path: Path
    digest: str
    beatmap: Beatmap
    counted: RhythmStatistics
    complexity: RhythmComplexity | None
    style: MapperStyle | None


def analyse_map(
    settings: Settings,
    terminal: Terminal,
    path: Path,
    rhythm_model: Path | None,
    style_model: Path | None,
) -> None:
    """Analyse a map and print the result.

    Raises:
        UnreadableBeatmap: The file is gone, or not an ``.osu`` file that can be worked with.
        AudioError: The style model is to listen to the song, and it is missing or unreadable.
        OptionRefused: A model is to judge a map that is not for osu! standard.
        ModelError: A model is not there, or its files do not fit each other.
    """
    path = path.absolute()
    document = Document.parse(storage.read(path))
    document.require_readable()
    beatmap, device = document.beatmap, settings.engine.device
    complexity = style = None
    if rhythm_model is not None:
        from companion.engine.analysis.rhythm_complexity import rhythm_complexity

        complexity = rhythm_complexity(beatmap, rhythm_model, device)
    if style_model is not None:
        from companion.engine.analysis.mapper_style import mapper_style

        song = path.parent / beatmap.audio_filename
        style = mapper_style(beatmap, song, style_model, device)
    analysis = Analysis(path, document.digest, beatmap, count_rhythm(beatmap), complexity, style)
    terminal.result(analysis_text(analysis), analysis_value(analysis))


def analysis_text(analysis: Analysis) -> str:
    """The analysis for a person."""
    parts = (
        [f"{analysis.path.name} [{analysis.beatmap.version}]"],
        _counted_lines(analysis.counted),
        _complexity_lines(analysis.complexity),
        _style_lines(analysis.style),
    )
    return "\n\n".join("\n".join(lines) for lines in parts)


def _counted_lines(counted: RhythmStatistics) -> list[str]:
    if not counted.n_gaps:
        return ["Rhythm: there are not enough objects on red lines to count anything."]
    common = list(counted.gap_counts.items())[:SHOWN_GAPS]
    gaps = ", ".join(f"{gap} {n / counted.n_gaps:.0%}" for gap, n in common)
    snaps = ", ".join(
        f"{f'1/{divisor}' if divisor else 'off the grid'} {share:.0%}"
        for divisor, share in counted.divisor_shares.items()
    )
    lines = [
        f"Rhythm, counted in the map itself without a model: {counted.n_objects} objects",
        f"  gaps in beats: {gaps}",
        f"  entropy of the gaps: {counted.entropy_bits:.2f} bits (0: always the same gap)",
        f"  snapped to: {snaps}",
    ]
    if counted.stretches:
        lines.append("  least usual for this map:")
    return lines + [
        f"    {timestamp(stretch.range.start_ms)} – {timestamp(stretch.range.end_ms)}  "
        f"{stretch.bits_per_gap:.1f} bits per gap"
        for stretch in counted.stretches
    ]


def _complexity_lines(complexity: RhythmComplexity | None) -> list[str]:
    if complexity is None:
        return [NO_RHYTHM_MODEL]
    verdict = complexity.nats_per_second
    if verdict is None:
        return ["Rhythm complexity: the map has too few objects for the model to foresee any."]
    return [
        f"Rhythm complexity: {verdict:.3f} nats per second over {complexity.played_s:.0f} s "
        f"({len(complexity.surprises)} objects foreseen; more is less predictable)",
        "  least foreseen:",
        *(
            f"    {timestamp(surprise.time_ms)}  {surprise.nats:.1f} nats"
            for surprise in complexity.most_surprising(SHOWN_SURPRISES)
        ),
    ]


def _style_lines(style: MapperStyle | None) -> list[str]:
    if style is None:
        return [NO_STYLE_MODEL]
    if not style.windows:
        return ["Mapper style: no object lies in the song; there is nothing to look at."]
    count = "one window" if len(style.windows) == 1 else f"{len(style.windows)} windows"
    return [
        f"Mapper style, a guess from {count}:",
        *(
            f"  {mapper.probability:6.1%}  {mapper.name or 'user'} ({mapper.mapper_id})"
            for mapper in style.mappers[:SHOWN_MAPPERS]
        ),
    ]


def analysis_value(analysis: Analysis) -> dict[str, Any]:
    """The analysis for a script."""
    beatmap = analysis.beatmap
    return {
        "map": {
            "path": str(analysis.path),
            "version": beatmap.version,
            "digest": analysis.digest,
        },
        "rhythm_counts": _counted_value(analysis.counted),
        "rhythm_complexity": _complexity_value(analysis.complexity),
        "mapper_style": _style_value(analysis.style),
    }


def _counted_value(counted: RhythmStatistics) -> dict[str, Any]:
    return {
        "objects": counted.n_objects,
        "gaps": counted.n_gaps,
        "gap_beats": [
            {"beats": str(gap), "count": count} for gap, count in counted.gap_counts.items()
        ],
        "entropy_bits": counted.entropy_bits,
        "divisor_shares": {str(d): share for d, share in counted.divisor_shares.items()},
        "unusual": [
            {
                "start_ms": stretch.range.start_ms,
                "end_ms": stretch.range.end_ms,
                "bits_per_gap": stretch.bits_per_gap,
            }
            for stretch in counted.stretches
        ],
    }


def _complexity_value(complexity: RhythmComplexity | None) -> dict[str, Any] | None:
    if complexity is None:
        return None
    return {
        "nats_per_second": complexity.nats_per_second,
        "played_s": complexity.played_s,
        "objects": [
            {"time_ms": surprise.time_ms, "nats": surprise.nats}
            for surprise in complexity.surprises
        ],
    }


def _style_value(style: MapperStyle | None) -> dict[str, Any] | None:
    if style is None:
        return None
    return {
        "mappers": [
            {"id": mapper.mapper_id, "name": mapper.name, "probability": mapper.probability}
            for mapper in style.mappers
        ],
        "windows": [
            {
                "start_ms": window.start_ms,
                "mapper_id": window.likeliest.mapper_id,
                "probability": window.likeliest.probability,
            }
            for window in style.windows
        ],
    }
