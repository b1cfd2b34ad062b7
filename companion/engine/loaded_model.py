"""A checkpoint in memory and everything that works with it: scoring, modding, generating."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from companion.beatmap.star_rating import star_rating
from companion.engine import checkpoint
from companion.engine.audio import load_audio
from companion.engine.candidates import CandidateFinder
from companion.engine.conditioning import Conditioning
from companion.engine.modding import ModdingSettings, Selection
from companion.engine.model.backbone import WindowInput
from companion.engine.model.layered_backbone import DecoderBackbone
from companion.engine.model.weight_layout import is_full_size_on_processor, lay_out_for_steps
from companion.engine.prompting import Prompting
from companion.engine.regeneration import Regeneration
from companion.engine.requests import ScoreProgress, verify_overlap
from companion.engine.scanning import ScanPlanner, judged_events
from companion.engine.scoring import Scorer, batch_windows
from companion.engine.timing_hearing import TimingHearing
from companion.engine.token_kinds import TokenKinds
from companion.engine.whole_map import WholeMap, chooser_of
from companion.engine.windows import song_length_ms, windows_of
from companion.errors import CheckpointMismatch

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from companion.beatmap import Document, TimeRange, TimingPoint
    from companion.engine.audio import Waveform
    from companion.engine.cancellation import CancelToken
    from companion.engine.checkpoint import DeviceName
    from companion.engine.map_requests import MapRequest
    from companion.engine.modding import Chosen, JudgedEvent, MapModder
    from companion.engine.model.backbone import Backbone
    from companion.engine.model.settings import ModelSettings
    from companion.engine.requests import (
        HeardTiming,
        ModelInfo,
        Passage,
        RegenerateRequest,
        ScoreRequest,
        TimingProgress,
        TimingRequest,
        VariantRank,
    )
    from companion.engine.scanning import Scan
    from companion.engine.scoring import ScoredWindow
    from companion.engine.windows import Window, WindowSettings
    from companion.settings import Precision


@dataclass(frozen=True, slots=True, eq=False)
class Song:
    """A decoded song, cut into inputs for the encoder on demand."""

    waveform: Waveform
    window_samples: int

    @property
    def length_ms(self) -> float:
        """Length of the song."""
        return song_length_ms(len(self.waveform.samples), self.waveform.rate_hz)

    def input_of(
        self, window: Window, red_lines: tuple[TimingPoint, ...], conditioning: Conditioning
    ) -> WindowInput:
        """What the encoder gets for a window; past the song's end there is silence."""
        samples = self.waveform.cut(window.first_sample, self.window_samples)
        return WindowInput(samples, window.frame_time_ms, red_lines, conditioning)


@dataclass(frozen=True, slots=True, eq=False)
class LoadedModel:
    """One checkpoint on its device."""

    info: ModelInfo
    backbone: Backbone
    prompting: Prompting
    modding: ModdingSettings
    scorer: Scorer

    @classmethod
    def load(
        cls,
        folder: Path,
        device: DeviceName,
        adapter: Path | None = None,
        precision: Precision = "fp32",
    ) -> LoadedModel:
        """Load a checkpoint folder, with a LoRA adapter's changes if there is one.

        Raises:
            ModelMissing, CheckpointMismatch, OutOfMemory, OptionRefused: As `checkpoint.load`.
        """
        backbone = checkpoint.load(folder, device, adapter=adapter, precision=precision)
        info = checkpoint.describe(folder, backbone, adapter)
        prompting = Prompting(backbone.settings.prompt_builder(backbone.vocabulary))
        modding = _modding_settings(folder, backbone.settings)
        if isinstance(backbone, DecoderBackbone) and is_full_size_on_processor(backbone):
            lay_out_for_steps(backbone.network)
        kinds = TokenKinds(backbone.vocabulary, backbone.device) if modding.kinds else None
        scorer = Scorer(backbone, info.digest, batch_windows(backbone), kinds)
        return cls(info, backbone, prompting, modding, scorer)

    def listen(self, audio_path: Path) -> Song:
        """Decode a song for this checkpoint; a song heard before is at hand at once.

        Raises:
            AudioError: It cannot be listened to.
        """
        settings = self.backbone.settings
        waveform = load_audio(audio_path, settings.rate_hz, settings.resampler)
        return Song(waveform, settings.window_samples)

    def conditioning_of(self, document: Document, song: Song) -> Conditioning:
        """What a map says about itself."""
        return Conditioning.of(
            document.beatmap,
            song.length_ms,
            star_rating(document.to_bytes()),
            self.backbone.vocabulary,
        )

    def score(self, request: ScoreRequest, token: CancelToken) -> Iterator[ScoreProgress]:
        """See `Engine.score`."""
        document = request.document
        document.require_readable()
        song = self.listen(request.audio_path)
        conditioning = request.conditioning or self.conditioning_of(document, song)
        overlap = self.judging_windows(request.lookback, request.lookahead)
        scan = self.scan(document, song, conditioning, overlap=overlap)
        finder = CandidateFinder.of(scan, document, self.prompting, self.modding)
        report = _Report(scan, finder.modders, Selection(_minutes(document)))
        asked = {task.window.index for task in scan.tasks}
        yield from report.tell([w for w in scan.windows if w.index not in asked])
        for batch in self.scored(scan, song, document, conditioning, token, request.near_ms):
            for scored in batch:
                report.selection.put(scored.task.window.index, finder.candidates(scored))
            yield from report.tell([scored.task.window for scored in batch])
        yield from report.revise()

    def regenerate(self, request: RegenerateRequest, token: CancelToken) -> Iterator[Passage]:
        """See `Engine.regenerate`."""
        yield from Regeneration.of(self, request).passages(token)

    def rank(
        self, request: RegenerateRequest, variants: Sequence[Sequence[bytes]], token: CancelToken
    ) -> VariantRank:
        """See `Engine.rank`."""
        return Regeneration.of(self, request).rank(variants, token)

    def hear_timing(
        self, request: TimingRequest, token: CancelToken
    ) -> Iterator[TimingProgress | HeardTiming]:
        """See `Engine.hear_timing`."""
        song = self.listen(request.audio_path)
        about = Conditioning(song_length_ms=song.length_ms)
        if request.document is not None:
            request.document.require_readable()
            about = self.conditioning_of(request.document, song)
        hearing = TimingHearing(self.backbone, song.waveform, about, request.options)
        yield from hearing.heard(token)

    def whole_map(self, request: MapRequest) -> WholeMap:
        """What writes a whole map of a song; see `Engine.generate_map`.

        Raises:
            AudioError: The song cannot be listened to.
        """
        song = self.listen(request.audio_path)
        chooser = chooser_of(request.options)
        return WholeMap(self.backbone, song.waveform, request, chooser)

    def scan(
        self,
        document: Document,
        song: Song,
        conditioning: Conditioning,
        within: TimeRange | None = None,
        overlap: WindowSettings | None = None,
    ) -> Scan:
        """Cut a map into the windows that are to be scored, or those that answer for a range."""
        overlap = overlap or self.judging_windows()
        windows = windows_of(len(song.waveform.samples), overlap)
        if within is not None:
            windows = tuple(window for window in windows if window.keep.overlaps(within))
        mode = document.beatmap.mode
        contexts = self.prompting.contexts_of(document.beatmap, song.length_ms)
        planner = ScanPlanner(
            self.prompting.builder, self.prompting.template(mode), self.prompting.given(mode)
        )
        return planner.plan(contexts, conditioning, windows)

    def scored(
        self,
        scan: Scan,
        song: Song,
        document: Document,
        conditioning: Conditioning,
        token: CancelToken,
        near_ms: int | None = None,
    ) -> Iterator[list[ScoredWindow]]:
        """Score a scan's windows; the known ones come first."""
        red_lines = document.beatmap.red_lines

        def input_of(window: Window) -> WindowInput:
            return song.input_of(window, red_lines, conditioning)

        return self.scorer.score(scan.tasks, song.waveform.audio_id, input_of, token, near_ms)

    def judged(self, scan: Scan, scored: ScoredWindow) -> list[list[JudgedEvent]]:
        """Everything that was said of a window's events, one list per context."""
        return judged_events(scan, scored, self.backbone.vocabulary)

    def judging_windows(
        self, lookback: float | None = None, lookahead: float | None = None
    ) -> WindowSettings:
        """How a song is cut for judging, which may overlap less than for generating.

        Raises:
            OptionRefused: Nothing of a window would be judged.
        """
        windows = self.backbone.settings.windows.keeping_more()
        windows = windows.overlapping(self.modding.lookback, self.modding.lookahead)
        windows = windows.overlapping(lookback, lookahead)
        verify_overlap(windows.lookback, windows.lookahead)
        return windows


class _Report:
    """What has been told of a scan so far, and what of it no longer holds."""

    def __init__(self, scan: Scan, modders: Sequence[MapModder], selection: Selection) -> None:
        self.selection = selection
        self._scan = scan
        self._modders = modders
        self._told: dict[int, tuple[Chosen, ...]] = {}

    def tell(self, windows: Sequence[Window]) -> Iterator[ScoreProgress]:
        """One answer per stretch of neighbouring windows, with what is shown in it by now."""
        chosen = self.selection.chosen()
        for window in windows:
            self._told[window.index] = tuple(chosen.get(window.index, ()))
        for part in _stretches(windows):
            covered = part[0].keep.union(part[-1].keep)
            shown = [item for window in part for item in self._told[window.index]]
            findings = [
                finding
                for context, modder in enumerate(self._modders)
                for finding in modder.findings(
                    item for item in shown if item.candidate.context == context
                )
            ]
            done, total = len(self._told), len(self._scan.windows)
            yield ScoreProgress(covered, tuple(findings), done, total)

    def revise(self) -> Iterator[ScoreProgress]:
        """Tell again of windows of which something else is shown now that all are known."""
        chosen = self.selection.chosen()
        yield from self.tell(
            [
                window
                for window in self._scan.windows
                if self._told[window.index] != tuple(chosen.get(window.index, ()))
            ]
        )


def _minutes(document: Document) -> float:
    """Time from the first object to the end of the last one."""
    items = document.beatmap.hit_objects
    return (document.beatmap.last_ms - items[0].start_ms) / 60_000 if items else 0.0


def _modding_settings(folder: Path, settings: ModelSettings) -> ModdingSettings:
    values = checkpoint.read_json(folder / checkpoint.GENERATION_CONFIG).get("modding")
    if values is None:
        is_small = settings.family == "bundled"
        return ModdingSettings.uncalibrated() if is_small else ModdingSettings()
    if not isinstance(values, dict):
        raise CheckpointMismatch("generation_config.json: modding must be an object.")
    return ModdingSettings.from_json(cast("dict[str, object]", values))


def _stretches(windows: Iterable[Window]) -> list[list[Window]]:
    stretches: list[list[Window]] = []
    for window in sorted(windows, key=lambda window: window.index):
        if not stretches or window.index != stretches[-1][-1].index + 1:
            stretches.append([])
        stretches[-1].append(window)
    return stretches
