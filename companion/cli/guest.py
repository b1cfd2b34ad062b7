"""``companion guest``: another difficulty of a set, written by the model as a new file."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from companion.beatmap import TimeRange, storage
from companion.beatmap.new_difficulty import begin_difficulty, difficulty_file_name
from companion.cli.modding import map_value
from companion.cli.progress import SongProgress
from companion.cli.regenerating import show_notice
from companion.cli.workbench import Workbench
from companion.engine.cancellation import CancelToken
from companion.engine.conditioning import Conditioning, star_rating
from companion.engine.requests import RegenerateOptions, RegenerateRequest
from companion.engine.seeds import chosen_seed
from companion.errors import OptionRefused, StaleEdit
from companion.session.plans import GeneratedBy, PlannedWrite
from companion.suggestions import Suggestion, SuggestionState, splice

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from companion.beatmap import Document
    from companion.cli.terminal import Terminal
    from companion.engine.requests import ModelInfo, Passage
    from companion.settings import Settings

LEAST_LEFT_MS = 2_000
"""A song of which less than this is mapped gives no difficulty."""


@dataclass(frozen=True, slots=True)
class GuestWish:
    """The command's options; ``None`` means the engine's or the map's own."""

    difficulty: float
    name: str | None = None
    seed: int | None = None
    guidance: float | None = None
    temperature: float | None = None
    mapper_id: int | None = None
    year: int | None = None
    descriptors: Sequence[str] = ()
    negative_descriptors: Sequence[str] = ()
    stats: Mapping[str, float] = field(default_factory=dict[str, float])
    """New values of keys of `new_difficulty.STATS`."""
    green_lines: bool = False
    out: Path | None = None
    acknowledge: bool = False

    def options(self) -> RegenerateOptions:
        """The engine's options.

        Raises:
            OptionRefused: One of them is out of range.
        """
        plain = RegenerateOptions()
        options = RegenerateOptions(
            difficulty=self.difficulty,
            seed=chosen_seed(self.seed),
            guidance=plain.guidance if self.guidance is None else self.guidance,
            temperature=plain.temperature if self.temperature is None else self.temperature,
            change_green_lines=self.green_lines,
        )
        options.verify()
        if self.negative_descriptors and options.guidance == 1:
            raise OptionRefused("Descriptors to avoid need guidance above 1.")
        for key, value in self.stats.items():
            if not 0 <= value <= 10:
                raise OptionRefused(f"{key} has to be between 0 and 10.")
        return options

    def version(self) -> str:
        """The difficulty's name.

        Raises:
            OptionRefused: It cannot stand on a line of its own.
        """
        name = f"{self.difficulty:g} stars" if self.name is None else self.name.strip()
        if not name or not name.isprintable():
            raise OptionRefused("The difficulty's name has to be one line of text.")
        return name


def write_guest(settings: Settings, terminal: Terminal, path: Path, wish: GuestWish) -> None:
    """Write a new difficulty beside a map, from its song, timing and settings.

    Raises:
        CompanionError: Anything that keeps it from being done; no file is then made.
    """
    options, version = wish.options(), wish.version()
    bench = Workbench(settings, path)
    base = begin_difficulty(bench.document, version, wish.stats)
    target = wish.out or path.parent / difficulty_file_name(base.beatmap)
    if target.exists():  # said now, not after minutes of work
        raise StaleEdit(f"{target} exists already; choose another name with --name or --out.")
    show_notice(bench, terminal, acknowledged=wish.acknowledge)
    bench.session.fair_use.require_generating()
    bench.open_song()
    request = _request(bench, base, options, wish)
    request.verify()
    model = bench.load_model()
    _say_what_is_ignored(model, wish, terminal)
    passages: list[Passage] = []
    terminal.note(f"{model.name} maps with seed {options.seed} …")
    with SongProgress(terminal, request.range) as shown:
        for passage in bench.engine.regenerate(request, CancelToken()):
            passages.append(passage)
            shown.reach(passage.range.end_ms)
    suggestion = _offered(base, request, passages)
    _, document = splice(suggestion, 0, base)
    made = GeneratedBy("accepted", model.name, model.digest, options.seed)
    planned = PlannedWrite(
        document, bench.document.digest, (), f"Guest difficulty “{version}”", request.range, made
    )
    written = bench.write_copy(planned, target)
    stars = star_rating(document.to_bytes())
    n_objects = len(document.beatmap.hit_objects)
    stars_text = "star rating unknown" if stars is None else f"{stars:.2f} stars"
    terminal.result(
        f"{n_objects} objects, {stars_text}, written to {written.path}.",
        _value(bench, model, request, document, stars, written.path),
    )


def _request(
    bench: Workbench, base: Document, options: RegenerateOptions, wish: GuestWish
) -> RegenerateRequest:
    beatmap = bench.document.beatmap
    song = bench.session.song
    length_ms = 0.0 if song is None else song.length_ms
    about = Conditioning.of(beatmap, length_ms, bench.stars)
    about = replace(
        about,
        difficulty=wish.difficulty,
        note_density=None,  # the other difficulty's would contradict the star rating
        beatmap_id=None,
        mapper_id=wish.mapper_id,
        year=wish.year,
        hitsounded=True,
        cs=base.beatmap.cs,
        descriptors=tuple(wish.descriptors) or None,
        negative_descriptors=tuple(wish.negative_descriptors) or None,
    )
    audio = bench.path.parent / beatmap.audio_filename
    return RegenerateRequest(base, audio, _mapped(bench, length_ms), options, about)


def _mapped(bench: Workbench, length_ms: float) -> TimeRange:
    """From the first to the last object of the other difficulty, or the whole song."""
    items = bench.document.beatmap.hit_objects
    if not items:
        wanted = TimeRange(0, int(length_ms))
    else:
        # The last object may begin right at its end.
        end_ms = min(bench.document.beatmap.last_ms + 1, length_ms)
        wanted = TimeRange(int(items[0].start_ms), int(end_ms))
    if wanted.end_ms - wanted.start_ms < LEAST_LEFT_MS:
        raise OptionRefused("There are less than two seconds of song to map.")
    return wanted


def _say_what_is_ignored(model: ModelInfo, wish: GuestWish, terminal: Terminal) -> None:
    asked = {
        "--mapper-id": wish.mapper_id,
        "--year": wish.year,
        "--descriptors": wish.descriptors,
        "--negative-descriptors": wish.negative_descriptors,
    }
    ignored = [name for name, value in asked.items() if value]
    if model.family == "bundled" and ignored:
        terminal.note(f"{model.name} does not know {' and '.join(ignored)}; it is left out.")


def _offered(base: Document, request: RegenerateRequest, passages: Sequence[Passage]) -> Suggestion:
    """What was written, as a suggestion that can be put into the empty difficulty."""
    return Suggestion(
        "guest",
        "guest",
        "guest",
        0,
        base,
        request.range,
        request.options,
        SuggestionState.OFFERED,
        tuple(passages),
    )


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
