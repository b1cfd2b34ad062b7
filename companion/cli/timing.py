"""``companion timing``: where a song's beats are, and how far a map's red lines are from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from companion.beatmap import Document, TimeRange, compare_timing, storage
from companion.bridge.song import look_at_song
from companion.cli import workbench
from companion.cli.notice import confirm_notice
from companion.cli.plain_errors import NOTHING_WRITTEN, calling_off
from companion.cli.progress import Progress
from companion.cli.timing_report import Report, report_text, report_value
from companion.engine.cancellation import CancelToken
from companion.engine.requests import HeardTiming, TimingOptions, TimingRequest
from companion.engine.seeds import chosen_seed
from companion.errors import Cancelled, OptionRefused
from companion.journal import Journal
from companion.session.plans import GeneratedBy, PlannedWrite

if TYPE_CHECKING:
    from pathlib import Path

    from companion.beatmap import TimingPoint
    from companion.cli.terminal import Terminal
    from companion.cli.workbench import Workbench, Written
    from companion.engine.requests import Engine, ModelInfo
    from companion.settings import Settings


@dataclass(frozen=True, slots=True)
class TimingWish:
    """The command's options; ``None`` means the engine's default."""

    iterations: int | None = None
    super_timing: bool = False
    leniency_ms: float | None = None
    seed: int | None = None
    out: Path | None = None
    in_place: bool = False
    acknowledge: bool = False

    @property
    def writes(self) -> bool:
        """Whether anything is to be written."""
        return self.in_place or self.out is not None

    def options(self) -> TimingOptions:
        """The engine's options.

        Raises:
            OptionRefused: One of them is out of range, or two exclude each other.
        """
        if self.iterations is not None and not self.super_timing:
            raise OptionRefused("--iterations belongs to --super; plain timing hears a song once.")
        if self.out is not None and self.in_place:
            raise OptionRefused("Give either --out or --in-place, not both.")
        if self.out is not None and self.out.suffix.lower() != ".osu":
            raise OptionRefused(f"{self.out.name} should end in .osu.")
        if self.out is not None and self.out.exists():
            raise OptionRefused(f"{self.out} exists already; choose another name.")
        plain = TimingOptions()
        options = TimingOptions(
            self.iterations,
            chosen_seed(self.seed),
            plain.leniency_ms if self.leniency_ms is None else self.leniency_ms,
        )
        options.verify()
        return options


def time_song(settings: Settings, terminal: Terminal, source: Path, wish: TimingWish) -> None:
    """Time a song or a map's song; print what was heard, and write it where the wish says.

    Raises:
        CompanionError: Anything that keeps it from being done; nothing is then written.
    """
    options = wish.options()
    if source.suffix.lower() == ".osu":
        _time_map(settings, terminal, source, wish, options)
    else:
        _time_audio(settings, terminal, source, wish, options)


def _time_map(
    settings: Settings, terminal: Terminal, path: Path, wish: TimingWish, options: TimingOptions
) -> None:
    bench = workbench.Workbench(settings, path)
    fair_use = bench.session.fair_use
    if wish.writes:
        if confirm_notice(fair_use, terminal, acknowledged=wish.acknowledge):
            bench.acknowledge()
        bench.session.fair_use.require_generating()  # before the song and the model are loaded
    beatmap = bench.document.beatmap
    look_at_song(bench.path.parent, beatmap.audio_filename)
    audio_path = bench.path.parent / beatmap.audio_filename
    request = TimingRequest(audio_path, bench.document, options)
    heard = _listen(bench.engine, terminal, request)
    model = bench.load_model()
    agreement = compare_timing(heard.red_lines, beatmap.red_lines, heard.song_length_ms)
    written = _write_map(bench, wish, options, heard) if wish.writes else None
    _print(terminal, Report(audio_path, bench, model, options, heard, agreement, written))


def _write_map(
    bench: Workbench, wish: TimingWish, options: TimingOptions, heard: HeardTiming
) -> Written:
    disk = storage.read(bench.path)
    planned = bench.session.plan_timing(
        heard.red_lines, round(heard.song_length_ms), options.seed, disk
    )
    return bench.accept(planned) if wish.out is None else bench.write_copy(planned, wish.out)


def _time_audio(
    settings: Settings, terminal: Terminal, path: Path, wish: TimingWish, options: TimingOptions
) -> None:
    if wish.in_place:
        raise OptionRefused("--in-place needs a map. Give an .osu file, or write one with --out.")
    path = path.absolute()
    journal = Journal(settings.data_folder)
    if wish.out is not None:
        folder = wish.out.absolute().parent
        fair_use = workbench.stored_fair_use(settings, journal, folder)
        if confirm_notice(fair_use, terminal, acknowledged=wish.acknowledge):
            workbench.keep_acknowledgement(journal)
        workbench.stored_fair_use(settings, journal, folder).require_generating()
    look_at_song(path.parent, path.name)
    engine = workbench.make_engine(settings)
    heard = _listen(engine, terminal, TimingRequest(path, None, options))
    model = engine.load()
    written: Written | None = None
    if wish.out is not None:
        planned = _new_map(path, heard, model, options)
        written = workbench.write_new(journal, planned, wish.out)
    _print(terminal, Report(path, None, model, options, heard, None, written))


def _new_map(
    audio_path: Path, heard: HeardTiming, model: ModelInfo, options: TimingOptions
) -> PlannedWrite:
    """A map of the song with nothing in it but its timing."""
    return PlannedWrite(
        Document.parse(_map_text(audio_path, heard.red_lines).encode()),
        "",
        (),
        "Timed by ear",
        TimeRange(0, round(heard.song_length_ms)),
        GeneratedBy("accepted", model.name, model.digest, options.seed),
    )


def _map_text(audio_path: Path, red_lines: tuple[TimingPoint, ...]) -> str:
    from companion.engine.postprocess import MapHeader, write_map

    title = audio_path.stem
    header = MapHeader(
        audio_filename=audio_path.name, title=title, title_unicode=title, version="Timing"
    )
    return write_map([], header, red_lines)


def _listen(engine: Engine, terminal: Terminal, request: TimingRequest) -> HeardTiming:
    """Let the model hear the song, telling how far it is; Ctrl+C calls it off."""
    terminal.note(
        f"Listening to {request.audio_path.name}, seed {request.options.seed} … "
        "Ctrl+C stops; nothing is written before the end."
    )
    token = CancelToken()
    heard: HeardTiming | None = None
    with calling_off(token, NOTHING_WRITTEN), Progress(terminal, "windows") as progress:
        for answer in engine.hear_timing(request, token):
            if isinstance(answer, HeardTiming):
                heard = answer
            else:
                progress.show(answer.done, answer.total)
    if heard is None:
        raise Cancelled("The hearing ended before its end. Try again.")
    return heard


def _print(terminal: Terminal, report: Report) -> None:
    terminal.result(report_text(report), report_value(report))
