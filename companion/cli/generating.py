"""``companion generate``: a whole difficulty, for a map's song or for a song alone."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Self

import typer

from companion.beatmap import Document, TimeRange, storage
from companion.bridge.entry import provenance
from companion.bridge.song import look_at_song
from companion.cli import workbench
from companion.cli.map_wish import flag_of
from companion.cli.notice import confirm_notice
from companion.cli.progress import SongProgress
from companion.engine.cancellation import CancelToken
from companion.engine.conditioning import star_rating
from companion.engine.map_requests import STEP_WORDS, MapBegun, MapProgress, WrittenMap
from companion.engine.map_wish import background_line, file_name_of
from companion.errors import AudioUnreadable, Cancelled, OptionRefused, StaleEdit
from companion.journal import Journal
from companion.session.plans import GeneratedBy, PlannedWrite

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from companion.cli.map_wish import CommandWish
    from companion.cli.terminal import Terminal
    from companion.engine.map_requests import MapRequest
    from companion.engine.requests import Engine, ModelInfo
    from companion.settings import Settings

INTERRUPTED = 130
"""Exit status after Ctrl+C, as a shell has it."""


@dataclass(frozen=True, slots=True)
class _Target:
    """What is to be written, and where."""

    kind: Literal["osu", "folder", "osz"]
    path: Path
    osu_name: str
    background: Path | None

    def require_free(self) -> None:
        """Say now, not after minutes of work, that it cannot be written."""
        wanted = {"osu": ".osu", "osz": ".osz"}.get(self.kind)
        suffix = self.path.suffix.lower()
        if wanted is not None and suffix != wanted:
            raise OptionRefused(f"{self.path.name} should end in {wanted}.")
        if wanted is None and suffix in {".osu", ".osz"}:
            raise OptionRefused(
                "For a song alone a new folder is written, and with --osz an .osz; "
                f"{self.path.name} is neither."
            )
        if self.path.exists():
            raise StaleEdit(f"{self.path} exists already; choose another name with --out.")
        if not self.path.parent.is_dir():
            raise OptionRefused(f"There is no folder {self.path.parent} to write into.")
        if self.kind == "osu" and self.background is not None:
            here = self.path.parent / self.background.name
            if not (here.exists() and here.samefile(self.background)):
                raise OptionRefused("The background has to lie in the folder of the new map.")

    def write(self, journal: Journal, planned: PlannedWrite, audio_path: Path) -> None:
        """Write it, whole or not at all; the journal knows before."""
        if self.kind == "osu":
            workbench.write_new(journal, planned, self.path)
            return
        files = {self.osu_name: planned.document.to_bytes(), audio_path.name: _read(audio_path)}
        if self.background is not None:
            files[self.background.name] = _read(self.background)
        record = provenance(
            self.path / self.osu_name if self.kind == "folder" else self.path, planned
        )
        if record is not None:
            journal.record(record)
        if self.kind == "folder":
            storage.create_folder(self.path, files)
        else:
            storage.create(self.path, _zipped(files))


class _Steps:
    """One bar after the other, each over the whole song."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self.length_ms = 1.0
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

    def show(self, progress: MapProgress) -> None:
        """Go on with a bar, or begin the next one."""
        if progress.step != self._step or self._bar is None:
            self.__exit__(None, None, None)
            self._step = progress.step
            self._terminal.note(f"The model {STEP_WORDS.get(progress.step, progress.step)} …")
            self._bar = SongProgress(self._terminal, TimeRange(0, round(self.length_ms)))
            self._bar.__enter__()
        self._bar.reach(progress.reached_ms)


def generate_map(settings: Settings, terminal: Terminal, source: Path, wish: CommandWish) -> None:
    """Write a whole difficulty for a map's song or a song.

    Raises:
        CompanionError: Anything that keeps it from being done; nothing is then written.
    """
    if source.suffix.lower() == ".osu":
        _for_map(settings, terminal, source, wish)
    else:
        _for_song(settings, terminal, source.absolute(), wish)


def _for_map(settings: Settings, terminal: Terminal, path: Path, wish: CommandWish) -> None:
    bench = workbench.Workbench(settings, path)
    beatmap, folder = bench.document.beatmap, bench.path.parent
    line, background = _background(bench.document, folder)
    request = wish.request(folder / beatmap.audio_filename, beatmap, line)
    osu_name = file_name_of(request.header)
    kind = "osz" if wish.osz else "osu"
    path = wish.out or (folder / osu_name).with_suffix(f".{kind}")
    # The map's own background is there already, or it is not; only a new one has to be brought.
    brought = wish.background or (background if wish.osz else None)
    target = _Target(kind, path.absolute(), osu_name, brought)
    target.require_free()
    fair_use = bench.session.fair_use
    if confirm_notice(fair_use, terminal, acknowledged=wish.acknowledge):
        bench.acknowledge()
    bench.session.fair_use.require_generating()
    look_at_song(folder, beatmap.audio_filename)
    _write(bench.engine, bench.journal, terminal, request, target)


def _for_song(settings: Settings, terminal: Terminal, path: Path, wish: CommandWish) -> None:
    request = wish.request(path)
    osu_name = file_name_of(request.header)
    stem = osu_name[: osu_name.rindex(" (")]
    default = path.parent / (f"{stem}.osz" if wish.osz else stem)
    kind = "osz" if wish.osz else "folder"
    target = _Target(kind, (wish.out or default).absolute(), osu_name, wish.background)
    target.require_free()
    journal = Journal(settings.data_folder)
    fair_use = workbench.stored_fair_use(settings, journal, target.path)
    if confirm_notice(fair_use, terminal, acknowledged=wish.acknowledge):
        workbench.keep_acknowledgement(journal)
    workbench.stored_fair_use(settings, journal, target.path).require_generating()
    look_at_song(path.parent, path.name)
    _write(workbench.make_engine(settings), journal, terminal, request, target)


def _write(
    engine: Engine, journal: Journal, terminal: Terminal, request: MapRequest, target: _Target
) -> None:
    written = _generated(engine, terminal, request)
    model = engine.load()
    # The original's files begin with a byte order mark.
    encoding = "utf-8-sig" if request.options.original_quirks else "utf-8"
    document = Document.parse(written.text.encode(encoding))
    document.require_readable()
    planned = PlannedWrite(
        document,
        "",
        (),
        f"Generated difficulty “{request.header.version}”",
        TimeRange(0, round(written.song_length_ms)),
        GeneratedBy("accepted", model.name, model.digest, request.options.seed),
    )
    target.write(journal, planned, request.audio_path)
    stars = star_rating(document.to_bytes())
    n_objects = len(document.beatmap.hit_objects)
    stars_text = "star rating unknown" if stars is None else f"{stars:.2f} stars"
    terminal.result(
        f"{n_objects} objects, {stars_text}, {len(written.red_lines)} red lines, "
        f"written to {target.path}.",
        _value(request, written, document, stars, model, target),
    )


def _generated(engine: Engine, terminal: Terminal, request: MapRequest) -> WrittenMap:
    """Let the model write, telling how far it is; Ctrl+C calls it off."""
    terminal.note(
        f"Mapping {request.audio_path.name}, seed {request.options.seed} … "
        "Ctrl+C stops; nothing is written before the end."
    )
    token, answer = CancelToken(), None
    try:
        with _Steps(terminal) as steps:
            for answer in engine.generate_map(request, token):
                if isinstance(answer, MapBegun):
                    steps.length_ms = answer.song_length_ms
                    _say_what_is_ignored(answer, terminal)
                elif isinstance(answer, MapProgress):
                    steps.show(answer)
    except KeyboardInterrupt:
        token.cancel()
        terminal.complain(Cancelled("Stopped. Nothing was written."))
        raise typer.Exit(INTERRUPTED) from None
    if not isinstance(answer, WrittenMap):
        raise Cancelled("The work ended before its end. Try again.")
    return answer


def _say_what_is_ignored(begun: MapBegun, terminal: Terminal) -> None:
    if begun.ignored:
        names = ", ".join(flag_of(name) for name in begun.ignored)
        terminal.note(f"This model knows nothing of {names}; it writes without.")


def _background(document: Document, folder: Path) -> tuple[str, Path | None]:
    """The line that names a map's background, with its ending, and the image if it is there."""
    line = background_line(document)
    if not line:
        return "", None
    image = folder / line.strip().split(",")[2].strip('"').replace("\\", "/")
    return line, image if image.is_file() else None


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise AudioUnreadable(
            f"{path.name} cannot be read any more. Nothing was written."
        ) from error


def _zipped(files: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return file.getvalue()


def _value(
    request: MapRequest,
    written: WrittenMap,
    document: Document,
    stars: float | None,
    model: ModelInfo,
    target: _Target,
) -> dict[str, Any]:
    header, about, options = request.header, request.conditioning, request.options
    return {
        "written": str(target.path),
        "kind": target.kind,
        "digest": storage.digest_of(document.to_bytes()),
        "audio": str(request.audio_path),
        "title": header.title,
        "artist": header.artist,
        "difficulty_name": header.version,
        "gamemode": int(header.mode),
        "objects": len(document.beatmap.hit_objects),
        "star_rating": stars,
        "red_lines": len(written.red_lines),
        "tokens": written.n_tokens,
        "settings": {
            "difficulty": about.difficulty,
            "seed": options.seed,
            "cfg_scale": options.guidance,
            "temperature": options.temperature,
            "top_p": options.top_p,
            "top_k": options.top_k,
            "original_quirks": options.original_quirks,
            "timing": "heard" if request.red_lines is None else "given",
            "diffusion": None
            if request.diffusion_folder is None
            else str(request.diffusion_folder),
        },
        "model": {"name": model.name, "family": model.family, "digest": model.digest},
    }
