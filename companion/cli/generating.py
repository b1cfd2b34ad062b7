"""``companion generate``: a whole difficulty, for a map's song or for a song alone."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

from companion.beatmap import Document, TimeRange, edit_between, inverted, storage
from companion.beatmap.new_difficulty import content_lines, difficulty_file_name
from companion.beatmap.star_rating import star_rating
from companion.bridge.song import look_at_song
from companion.checks import findings_brought, run_checks
from companion.checks.wording import counted
from companion.cli import workbench
from companion.cli.filling import Filling
from companion.cli.ignored import tell_ignored
from companion.cli.modding import rule_values
from companion.cli.notice import confirm_notice
from companion.cli.plain_errors import NOTHING_WRITTEN, calling_off
from companion.cli.progress import SongProgress
from companion.cli.rule_report import rule_report
from companion.cli.target import Target
from companion.cli.wish_checks import without_effect
from companion.cli.wish_reading import LONGEST_MS, Reading, wished_flags
from companion.engine.cancellation import CancelToken
from companion.engine.difficulty_wish import file_name_of
from companion.engine.map_requests import STEP_WORDS, MapBegun, MapProgress, WrittenMap
from companion.errors import Cancelled, OptionRefused
from companion.journal import Journal
from companion.session.plans import GeneratedBy, PlannedWrite

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from types import TracebackType

    from companion.cli.map_wish import MapWish
    from companion.cli.terminal import Terminal
    from companion.engine.map_requests import MapRequest
    from companion.engine.requests import Engine, ModelInfo
    from companion.findings import Finding
    from companion.settings import Settings

RELOAD_HINT = "Press Ctrl+L in the editor to load it."


class _Steps:
    """One bar after the other, each over the whole song or the range."""

    def __init__(self, terminal: Terminal, span: TimeRange | None) -> None:
        self._terminal = terminal
        self._range = span
        self._length_ms = 1.0
        self._told_s = time.monotonic()
        self._step = ""
        self._bar: SongProgress | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.__exit__(kind, error, at)

    def begin(self, begun: MapBegun) -> None:
        """The model is loaded."""
        self._length_ms = begun.song_length_ms
        self._told_s = time.monotonic()

    def show(self, progress: MapProgress) -> None:
        """Go on with a bar, or begin the next one: a step is named when its first part is done."""
        if progress.step != self._step or self._bar is None:
            self.__exit__(None, None, None)
            self._step = progress.step
            self._terminal.note(f"The model {STEP_WORDS.get(progress.step, progress.step)} …")
            self._bar = SongProgress(self._terminal, self._span, self._told_s)
            self._bar.__enter__()
        self._bar.reach(min(progress.reached_ms, self._span.end_ms))
        self._told_s = time.monotonic()

    @property
    def _span(self) -> TimeRange:
        song = TimeRange(0, max(round(self._length_ms), 1))
        if self._range is None or not self._range.overlaps(song):
            return song
        start_ms, end_ms = max(self._range.start_ms, 0), min(self._range.end_ms, song.end_ms)
        return TimeRange(start_ms, end_ms)


def generate_map(
    settings: Settings, terminal: Terminal, source: Path | None, wish: MapWish
) -> None:
    """Write a whole difficulty for a map's song or a song.

    Raises:
        CompanionError: Anything that keeps it from being done; nothing is then written.
    """
    audio, map_path = _sources(source, wish)
    if map_path is not None:
        _for_map(settings, terminal, map_path, audio, wish)
    elif audio is not None:
        _for_song(settings, terminal, audio.absolute(), wish)
    else:
        raise OptionRefused("There is neither a song nor a map to write a difficulty for.")


def _sources(source: Path | None, wish: MapWish) -> tuple[Path | None, Path | None]:
    """The song and the map, as far as they are named."""
    audio, map_path = wish.audio_path, wish.beatmap_path
    if source is None:
        return audio, map_path
    if source.suffix.lower() == ".osu":
        if map_path is not None:
            raise OptionRefused("There are two maps: AUDIO|MAP and --beatmap-path.")
        return audio, source
    if audio is not None:
        raise OptionRefused("There are two songs: AUDIO|MAP and --audio-path.")
    return source, map_path


def _for_map(
    settings: Settings, terminal: Terminal, path: Path, audio: Path | None, wish: MapWish
) -> None:
    bench = workbench.Workbench(settings, path)
    folder = bench.path.parent
    song = _song_beside(folder, bench.document.beatmap.audio_filename, audio)
    audio_path = folder / song
    request = Reading(wish, bench.document).request(audio_path)
    filling = Filling(bench.document, wish, request)
    target = _target_for_map(bench, filling, wish)
    target.require_free()
    if confirm_notice(bench.session.fair_use, terminal, acknowledged=wish.acknowledge):
        bench.acknowledge()
    bench.session.fair_use.require_generating()
    look_at_song(folder, song)
    _say_what_has_no_effect(wish, request, terminal)
    written = _generated(bench.engine, terminal, request, wish)
    made = _Made(written, bench.engine.load(), filling.document(written))
    if target.kind == "map":
        made = replace(made, before=bench.document)
        result = bench.accept(_planned_into(bench.document, made, request))
        made = replace(made, backup=result.backup)
    else:
        target.write(bench.journal, _planned(made, request), audio_path)
    _tell(terminal, request, made, target)


def _song_beside(folder: Path, own: str, audio: Path | None) -> str:
    """The name of a new difficulty's song, which has to lie in the set's folder."""
    if audio is None:
        return own
    here = folder / audio.name
    if not (audio.exists() and here.exists() and here.samefile(audio)):
        raise OptionRefused(f"{audio.name} has to lie in the folder of the map: {folder}.")
    return audio.name


def _target_for_map(bench: workbench.Workbench, filling: Filling, wish: MapWish) -> Target:
    folder, name = bench.path.parent, difficulty_file_name(filling.start().beatmap)
    if wish.overwrite_reference_beatmap:
        return Target("map", bench.path, bench.path.name, wish.background)
    kind = "osz" if wish.export_osz else "osu"
    path = wish.output_path or (folder / name).with_suffix(f".{kind}")
    # The map's own background is there already, or it is not; only a new one has to be brought.
    own = _background(bench.document, folder) if wish.export_osz else None
    return Target(kind, path.absolute(), name, wish.background or own)


def _for_song(settings: Settings, terminal: Terminal, path: Path, wish: MapWish) -> None:
    request = Reading(wish).request(path)
    osu_name = file_name_of(request.header)
    stem = osu_name[: osu_name.rindex(" (")]
    default = path.parent / (f"{stem}.osz" if wish.export_osz else stem)
    kind = "osz" if wish.export_osz else "folder"
    target = Target(kind, (wish.output_path or default).absolute(), osu_name, wish.background)
    target.require_free()
    journal = Journal(settings.data_folder)
    fair_use = workbench.stored_fair_use(settings, journal, target.path)
    if confirm_notice(fair_use, terminal, acknowledged=wish.acknowledge):
        workbench.keep_acknowledgement(journal)
    workbench.stored_fair_use(settings, journal, target.path).require_generating()
    look_at_song(path.parent, path.name)
    _say_what_has_no_effect(wish, request, terminal)
    engine = workbench.make_engine(settings)
    written = _generated(engine, terminal, request, wish)
    # The original's files begin with a byte order mark.
    encoding = "utf-8-sig" if request.options.original_quirks else "utf-8"
    made = _Made(written, engine.load(), Document.parse(written.text.encode(encoding)))
    target.write(journal, _planned(made, request), path)
    _tell(terminal, request, made, target)


@dataclass(frozen=True, slots=True)
class _Made:
    """What has been written, and by what."""

    written: WrittenMap
    model: ModelInfo
    document: Document
    before: Document | None = None
    """The map that it has been written into."""
    backup: Path | None = None

    def findings(self, span: TimeRange | None) -> tuple[Finding, ...]:
        """What the rules find in it, and have not found before in a range of a map."""
        found = run_checks(self.document)
        if self.before is None or span is None:
            return found
        return findings_brought(run_checks(self.before), found, span)

    @property
    def stars(self) -> float | None:
        return star_rating(self.document.to_bytes())


def _planned(made: _Made, request: MapRequest) -> PlannedWrite:
    """A new file."""
    made.document.require_readable()
    span = request.range or TimeRange(0, LONGEST_MS)
    end_ms = min(span.end_ms, round(made.written.song_length_ms))
    by = GeneratedBy("accepted", made.model.name, made.model.digest, request.options.seed)
    title = f"Generated difficulty “{request.header.version}”"
    at = TimeRange(span.start_ms, max(end_ms, span.start_ms))
    return PlannedWrite(made.document, "", (), title, at, by)


def _planned_into(current: Document, made: _Made, request: MapRequest) -> PlannedWrite:
    """A write into the map, which can be taken back."""
    edit = edit_between(current, made.document)
    undo = () if edit is None else inverted((edit,))
    planned = _planned(made, request)
    return replace(
        planned, expected_digest=current.digest, undo=undo, description="Generated into the map"
    )


def _tell(terminal: Terminal, request: MapRequest, made: _Made, target: Target) -> None:
    stars = made.stars
    stars_text = "star rating unknown" if stars is None else f"{stars:.2f} stars"
    text = (
        f"{counted(len(made.document.beatmap.hit_objects), 'object')}, {stars_text}, "
        f"{counted(len(made.document.beatmap.red_lines), 'red line')}, written to {target.path}."
    )
    if made.backup is not None:
        text += f" {RELOAD_HINT}\nBackup: {made.backup}\n“companion undo” takes it back."
    findings = made.findings(request.range)
    terminal.result(text, _value(request, made, target, findings))
    for line in rule_report("in it", findings):
        terminal.note(line)


def _generated(
    engine: Engine, terminal: Terminal, request: MapRequest, wish: MapWish
) -> WrittenMap:
    """Let the model write, telling how far it is; Ctrl+C calls it off."""
    terminal.note(
        f"Mapping {request.audio_path.name}, seed {request.options.seed} … "
        "Ctrl+C stops; nothing is written before the end."
    )
    token, answer = CancelToken(), None
    with calling_off(token, NOTHING_WRITTEN), _Steps(terminal, request.range) as steps:
        for answer in engine.generate_map(request, token):
            if isinstance(answer, MapBegun):
                steps.begin(answer)
                tell_ignored(terminal, answer.ignored, answer.unknown, wished_flags(wish))
            elif isinstance(answer, MapProgress):
                steps.show(answer)
    if not isinstance(answer, WrittenMap):
        raise Cancelled("The work ended before its end. Try again.")
    return answer


def _say_what_has_no_effect(wish: MapWish, request: MapRequest, terminal: Terminal) -> None:
    for sentence in without_effect(wish, timing_is_given=request.red_lines is not None):
        terminal.note(sentence)


def _background(document: Document, folder: Path) -> Path | None:
    """A map's background image, if it is there."""
    for text in content_lines(document, "Events"):
        fields = text.split(",")
        if fields[0].strip() in {"0", "Background"} and len(fields) > 2:
            image = folder / fields[2].strip().strip('"').replace("\\", "/")
            return image if image.is_file() else None
    return None


def _value(
    request: MapRequest, made: _Made, target: Target, findings: Iterable[Finding]
) -> dict[str, Any]:
    about, options, model = request.conditioning, request.options, made.model
    beatmap, span, how = made.document.beatmap, request.range, request.refinement
    return {
        "written": str(target.path),
        "kind": target.kind,
        "digest": storage.digest_of(made.document.to_bytes()),
        "backup": None if made.backup is None else str(made.backup),
        "audio": str(request.audio_path),
        "title": beatmap.title,
        "artist": beatmap.artist,
        "difficulty_name": beatmap.version,
        "gamemode": int(request.header.mode),
        "objects": len(beatmap.hit_objects),
        "star_rating": made.stars,
        "red_lines": len(made.written.red_lines),
        "tokens": made.written.n_tokens,
        "range": None if span is None else {"start_ms": span.start_ms, "end_ms": span.end_ms},
        "settings": {
            "difficulty": about.difficulty,
            "seed": options.seed,
            "cfg_scale": options.guidance,
            "temperature": options.temperature,
            "do_sample": options.do_sample,
            "top_p": options.top_p,
            "top_k": options.top_k,
            "num_beams": options.n_beams,
            "parallel": options.parallel,
            "original_quirks": options.original_quirks,
            "in_context": [kind.value for kind in request.given],
            "output_type": [kind.value for kind in made.written.contexts],
            "timing": "heard" if request.red_lines is None else "given",
            "super_timing": request.super_timing is not None,
            "diffusion": None if how is None else str(how.folder),
        },
        "model": {"name": model.name, "family": model.family, "digest": model.digest},
        "findings": rule_values(findings),
    }
