"""A stretch of a map written as the product does it: drawn, window after window, and tidied."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from companion.beatmap import Mode, TextEdit, TimeRange, objects_in, splice_objects
from companion.beatmap.star_rating import star_rating
from companion.checks.catalogue import run_checks
from companion.engine.cancellation import CancelToken
from companion.engine.requests import RegenerateOptions, RegenerateRequest
from companion.findings import Severity
from companion.training.evaluation.shapes import Likeness

if TYPE_CHECKING:
    from pathlib import Path

    from companion.beatmap import Document
    from companion.engine.loaded_model import LoadedModel
    from companion.training.evaluation.songs import Case, Effort

UNSNAPPED = "unsnapped_object"


@dataclass(slots=True)
class Excerpt:
    """What was found in one song's excerpt."""

    minutes: float = 0.0
    seconds: float = 0.0
    """How long it took to write."""
    n_written: int = 0
    n_mapped: int = 0
    """The mapper's objects in the same stretch."""
    problems: int = 0
    """Findings of severity problem about what was written."""
    mapper_problems: int = 0
    unsnapped: int = 0
    """Objects written off the grid."""
    star_errors: list[float] = field(default_factory=list[float])
    """Star rating of the stretch alone, written less mapped."""
    codes: list[str] = field(default_factory=list[str])
    """Of the problems."""
    shapes: list[Likeness] = field(default_factory=list[Likeness])


def examine_excerpt(
    model: LoadedModel,
    case: Case,
    other: Case | None,
    audio_path: Path,
    effort: Effort,
    found: Excerpt,
) -> None:
    """Write the middle of a map anew, as a mapper asks for it, and compare it to the mapper's.

    Args:
        model: The checkpoint.
        case: The map.
        other: Another difficulty at similar stars, to compare with.
        audio_path: Its song.
        effort: Length and seed.
        found: Where to note it.

    Raises:
        RangeRefused, AudioError: The map cannot be worked with.
    """
    document = case.document
    beatmap = document.beatmap
    first_ms, last_ms = beatmap.hit_objects[0].start_ms, beatmap.last_ms + 1
    length_ms = min(1000 * effort.excerpt_s, last_ms - first_ms)
    start_ms = (first_ms + last_ms - length_ms) / 2
    wanted = TimeRange(int(start_ms), round(start_ms + length_ms))
    request = RegenerateRequest(
        document, audio_path, wanted, RegenerateOptions(seed=effort.seed), case.conditioning
    )
    began = time.perf_counter()
    passages = list(model.regenerate(request, CancelToken()))
    found.seconds += time.perf_counter() - began
    found.minutes += wanted.duration_ms / 60_000
    lines = [line for passage in passages for line in passage.lines]
    written = only_in(document.apply(splice_objects(document, wanted, lines)), wanted)
    mapped = only_in(document, wanted)
    found.n_written += len(written.beatmap.hit_objects)
    found.n_mapped += len(mapped.beatmap.hit_objects)
    problems = _problems(written)
    found.problems += len(problems)
    found.codes += problems
    found.mapper_problems += len(_problems(mapped))
    found.unsnapped += sum(finding.code == UNSNAPPED for finding in run_checks(written))
    stars = star_rating(written.to_bytes()), star_rating(mapped.to_bytes())
    if stars[0] is not None and stars[1] is not None:
        found.star_errors.append(stars[0] - stars[1])
    if beatmap.mode is Mode.OSU:
        likeness = Likeness() if other is not None else Likeness(other=None)
        likeness.add(
            written.beatmap.hit_objects,
            mapped.beatmap.hit_objects,
            () if other is None else objects_in(other.document.beatmap, wanted),
        )
        found.shapes.append(likeness)


def only_in(document: Document, wanted: TimeRange) -> Document:
    """The map without the objects that do not lie in a range."""
    beatmap = document.beatmap
    kept = {hit.line for hit in objects_in(beatmap, wanted)}
    return document.apply(
        [
            TextEdit(hit.line, (document.lines[hit.line].whole,), ())
            for hit in sorted(beatmap.hit_objects, key=lambda hit: hit.line)
            if hit.line not in kept
        ]
    )


def _problems(document: Document) -> list[str]:
    """Codes of what cannot be ranked like this, as far as it is about objects."""
    return [
        finding.code
        for finding in run_checks(document)
        if finding.severity is Severity.PROBLEM and finding.objects
    ]
