"""``companion guest``: another difficulty of a set, written by the model as a new file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from companion.beatmap import storage
from companion.beatmap.new_difficulty import begin_difficulty, difficulty_file_name
from companion.beatmap.star_rating import star_rating
from companion.checks import run_checks
from companion.cli.ignored import tell_ignored
from companion.cli.modding import map_value, rule_values
from companion.cli.progress import SongProgress
from companion.cli.regenerating import show_notice
from companion.cli.rule_report import rule_report
from companion.cli.workbench import Workbench
from companion.engine.cancellation import CancelToken
from companion.engine.guest import GuestBegun, GuestWish, WrittenDifficulty
from companion.engine.guest_writing import write_guest as write_guest_difficulty
from companion.engine.requests import Passage
from companion.errors import StaleEdit
from companion.session.plans import GeneratedBy, PlannedWrite

if TYPE_CHECKING:
    from pathlib import Path

    from companion.beatmap import Document
    from companion.cli.terminal import Terminal
    from companion.engine.requests import ModelInfo, RegenerateRequest
    from companion.settings import Settings


@dataclass(frozen=True, slots=True)
class CommandWish(GuestWish):
    """The command's options."""

    out: Path | None = None
    acknowledge: bool = False


def write_guest(settings: Settings, terminal: Terminal, path: Path, wish: CommandWish) -> None:
    """Write a new difficulty beside a map, from its song, timing and settings.

    Raises:
        CompanionError: Anything that keeps it from being done; no file is then made.
    """
    wish.options()  # what cannot be meant is refused before the map is read
    version = wish.version()
    bench = Workbench(settings, path)
    base = begin_difficulty(bench.document, version, wish.stats)
    target = wish.out or path.parent / difficulty_file_name(base.beatmap)
    if target.exists():  # said now, not after minutes of work
        raise StaleEdit(f"{target} exists already; choose another name with --name or --out.")
    show_notice(bench, terminal, acknowledged=wish.acknowledge)
    bench.session.fair_use.require_generating()
    song = bench.open_song()
    audio_path = path.parent / bench.document.beatmap.audio_filename
    request = wish.request(bench.document, audio_path, song.length_ms, bench.stars)
    bench.engine.require_able(request)
    model = bench.load_model()
    options, document = request.options, base
    terminal.note(f"{model.name} maps with seed {options.seed} …")
    with SongProgress(terminal, request.range) as shown:
        for answer in write_guest_difficulty(request, bench.engine, CancelToken()):
            match answer:
                case GuestBegun(ignored, unknown):
                    tell_ignored(terminal, ignored, unknown, _flags(wish))
                case WrittenDifficulty(document):
                    pass
                case Passage():
                    shown.reach(answer.range.end_ms)
    made = GeneratedBy("accepted", model.name, model.digest, options.seed)
    planned = PlannedWrite(
        document, bench.document.digest, (), f"Guest difficulty “{version}”", request.range, made
    )
    written = bench.write_copy(planned, target)
    stars = star_rating(document.to_bytes())
    n_objects = len(document.beatmap.hit_objects)
    stars_text = "star rating unknown" if stars is None else f"{stars:.2f} stars"
    findings = run_checks(document)
    terminal.result(
        f"{n_objects} objects, {stars_text}, written to {written.path}.",
        {
            **_value(bench, model, request, document, stars, written.path),
            "findings": rule_values(findings),
        },
    )
    for line in rule_report("in it", findings):
        terminal.note(line)


def _flags(wish: GuestWish) -> dict[str, str]:
    return {name: f"--{name.replace('_', '-')}" for name in wish.asked}


def _value(
    bench: Workbench,
    model: ModelInfo,
    request: RegenerateRequest,
    document: Document,
    stars: float | None,
    path: Path,
) -> dict[str, Any]:
    options = request.options
    return {
        "map": map_value(bench),
        "written": str(path),
        "digest": storage.digest_of(document.to_bytes()),
        "difficulty_name": document.beatmap.version,
        "objects": len(document.beatmap.hit_objects),
        "star_rating": stars,
        "range": {"start_ms": request.range.start_ms, "end_ms": request.range.end_ms},
        "settings": {
            "difficulty": options.difficulty,
            "seed": options.seed,
            "guidance": options.guidance,
            "temperature": options.temperature,
            "change_green_lines": options.change_green_lines,
        },
        "model": {"name": model.name, "family": model.family, "digest": model.digest},
    }
