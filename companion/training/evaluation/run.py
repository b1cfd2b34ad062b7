"""Goes through songs with one checkpoint, part after part, and yields what was found."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from companion.beatmap import Document, Mode
from companion.engine import checkpoint
from companion.engine.encoding import encode_map
from companion.engine.hearing_ability import require_hearing
from companion.engine.loaded_model import LoadedModel
from companion.engine.model.backbone import HasFrameHead
from companion.errors import AudioError, BeatmapError, OptionRefused, RequestError
from companion.training.evaluation.baselines import (
    Baselines,
    Frequencies,
    Pairs,
    symbol_pairs,
)
from companion.training.evaluation.bits import Bits, BitsExaminer
from companion.training.evaluation.excerpts import Excerpt, examine_excerpt
from companion.training.evaluation.faults import FaultExaminer, Faults
from companion.training.evaluation.listening import KnowsNoSound, MapListener
from companion.training.evaluation.onsets import Strength
from companion.training.evaluation.songs import Effort, examinee
from companion.training.evaluation.timing import Timing, examine_timing
from companion.training.evaluation.writing import WritingExaminer, Written
from companion.training.library import title_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from companion.engine.checkpoint import DeviceName
    from companion.training.evaluation.songs import Case, Examinee
    from companion.training.library import SongSet


class Part(StrEnum):
    """What can be looked at by itself."""

    BITS = "bits"
    GENERATION = "generation"
    FAULTS = "faults"
    TIMING = "timing"


@dataclass(slots=True)
class SongFindings:
    """Everything measured on one song in one mode."""

    mode: Mode = Mode.OSU
    bits: Bits = field(default_factory=Bits)
    written: dict[str, Written] = field(default_factory=dict[str, Written])
    """By the way of writing: ``section``, ``around``, ``free`` and perhaps ``plain``."""
    excerpt: Excerpt = field(default_factory=Excerpt)
    faults: Faults = field(default_factory=Faults)
    timing: Timing = field(default_factory=Timing)
    """In the song's first mode only."""
    n_maps: int = 0


@dataclass(frozen=True, slots=True)
class Examined:
    """One step of the way."""

    song: str
    mode: Mode
    done: int
    total: int
    findings: SongFindings | None
    """None when the song has no map of the mode that can be used."""


@dataclass(slots=True)
class Evaluation:
    """A checkpoint, songs to judge it by, and what is wanted.

    Args:
        folder: The checkpoint.
        sets: Songs with maps.
        effort: How much of them.
        parts: What is looked at.
        device: Where the model runs.
        adapter: A LoRA adapter's folder.
    """

    folder: Path
    sets: Sequence[SongSet]
    effort: Effort = field(default_factory=Effort)
    parts: frozenset[Part] = frozenset(Part)
    device: DeviceName = "auto"
    adapter: Path | None = None
    notes: list[str] = field(default_factory=list[str], init=False)
    """What could not be measured, and why."""
    traits: dict[str, object] = field(default_factory=dict[str, object], init=False)
    """What is to be known of the checkpoint to read its figures."""

    def run(self) -> Iterator[Examined]:
        """Examine song after song, mode after mode.

        Raises:
            OptionRefused: There are not two sets.
            ModelError: The checkpoint cannot be loaded.
        """
        if len(self.sets) < 2:
            raise OptionRefused("At least two sets are needed: one lends its sound to the other.")
        hears = Part.TIMING in self.parts and self._can_hear()
        done, total = 0, len(self.sets) * len(Mode)
        timed: set[str] = set()
        for folder, modes in self._folders().items():
            model = LoadedModel.load(folder, self.device, self.adapter)
            self._describe(model, folder)
            exam = _Exam.of(model, folder, self, modes)
            for index, one in enumerate(self.sets):
                for mode in modes:
                    done += 1
                    findings = exam.findings(index, mode)
                    if findings is not None and hears and one.name not in timed:
                        timed.add(one.name)
                        hears = self._time(model, one, findings.timing)
                    yield Examined(one.name, mode, done, total, findings)

    def _time(self, model: LoadedModel, one: SongSet, found: Timing) -> bool:
        try:
            examine_timing(model, one, self.effort.iterations, self.effort.seed, found)
        except RequestError as error:  # what a checkpoint's files do not say, its family does
            self.notes.append(str(error))
            return False
        return True

    def _folders(self) -> dict[Path, list[Mode]]:
        folders: dict[Path, list[Mode]] = {}
        for mode in Mode:
            folders.setdefault(checkpoint.folder_for(self.folder, mode), []).append(mode)
        return folders

    def _can_hear(self) -> bool:
        try:
            require_hearing(self.folder)
        except OptionRefused as error:
            self.notes.append(str(error))
            return False
        return True

    def _describe(self, model: LoadedModel, folder: Path) -> None:
        listener = MapListener(model)
        info = model.info
        self.traits.setdefault("name", info.name)
        self.traits.setdefault("family", info.family)
        self.traits.setdefault("digest", info.digest)
        self.traits.setdefault("n_parameters", info.n_parameters)
        self.traits.setdefault("has_frame_head", isinstance(model.backbone, HasFrameHead))
        told = isinstance(model.backbone, KnowsNoSound)
        self.traits.setdefault("without_sound", "unheard" if told else "silence")
        known = Frequencies.of_checkpoint(folder, model.backbone.vocabulary) is not None
        self.traits.setdefault("unigram_of", "training" if known else "other songs")
        unknown = [mode.name.lower() for mode in Mode if not listener.knows(mode)]
        if unknown:
            self.notes.append(f"This model knows no {', '.join(unknown)} maps; they are left out.")


@dataclass(frozen=True, slots=True, eq=False)
class _Exam:
    """One loaded set of weights."""

    model: LoadedModel
    evaluation: Evaluation
    listener: MapListener
    frequencies: Frequencies | None
    pairs: dict[tuple[int, Mode], Pairs]
    """Symbols of each song's maps in each mode."""

    @classmethod
    def of(
        cls, model: LoadedModel, folder: Path, evaluation: Evaluation, modes: Sequence[Mode]
    ) -> _Exam:
        listener = MapListener(model)
        frequencies = Frequencies.of_checkpoint(folder, model.backbone.vocabulary)
        exam = cls(model, evaluation, listener, frequencies, {})
        if Part.BITS in evaluation.parts:
            exam._count(modes)
        return exam

    def _count(self, modes: Sequence[Mode]) -> None:
        encoding = self.model.prompting.encoding
        for index, one in enumerate(self.evaluation.sets):
            for file in one.maps:
                mode = Mode(file.mode)
                if mode not in modes or not self.listener.knows(mode):
                    continue
                beatmap = Document.parse(file.path.read_bytes()).beatmap
                events = encode_map(beatmap, encoding, beatmap.last_ms)
                pairs = self.pairs.setdefault((index, mode), Pairs())
                pairs.count(symbol_pairs(beatmap, events))

    def _examinee(self, index: int, mode: Mode) -> Examinee | None:
        if not self.listener.knows(mode):
            return None
        return examinee(self.model, self.evaluation.sets, index, mode, self.evaluation.effort)

    def findings(self, index: int, mode: Mode) -> SongFindings | None:
        found = SongFindings(mode)
        try:
            self._examine(index, mode, found)
        except (AudioError, BeatmapError, RequestError) as error:
            # One song that cannot be worked with is no reason to lose all the others.
            name = self.evaluation.sets[index].name
            self.evaluation.notes.append(f"{name} ({mode.name.lower()}): {error}")
        return found if found.n_maps else None

    def _examine(self, index: int, mode: Mode, found: SongFindings) -> None:
        one = self._examinee(index, mode)
        if one is None:
            return
        baselines = self._baselines(index, mode)
        strength = Strength(one.song.waveform)
        for case in one.cases:
            self._examine_map(one, case, baselines, strength, found)
        middle = one.cases[len(one.cases) // 2]
        parts, effort = self.evaluation.parts, self.evaluation.effort
        if Part.FAULTS in parts:
            view = self.listener.view(middle.document, middle.conditioning)
            windows = self.listener.windows(len(one.song.waveform.samples), view, 1_000_000)
            self._hunter.hunt(view, one.song_set.audio, windows, found.faults)
        if Part.GENERATION in parts and effort.excerpt_s > 0:
            audio, like = one.song_set.audio, one.like(middle)
            examine_excerpt(self.model, middle, like, audio, effort, found.excerpt)

    def _examine_map(
        self,
        one: Examinee,
        case: Case,
        baselines: Baselines,
        strength: Strength,
        found: SongFindings,
    ) -> None:
        listener, song = self.listener, one.song
        parts, effort = self.evaluation.parts, self.evaluation.effort
        view = listener.view(case.document, case.conditioning)
        windows = listener.windows(len(song.waveform.samples), view, effort.windows_per_map)
        if not windows:
            return
        found.n_maps += 1
        if Part.BITS in parts:
            examiner = BitsExaminer(listener)
            examiner.examine(view, song, one.other, windows, baselines, found.bits)
        if Part.FAULTS in parts:
            self._hunter.examine(view, song, windows, found.faults)
        if Part.GENERATION in parts:
            like = one.like(case)
            writer = WritingExaminer(listener, effort.written_windows, effort.plain_sections)
            writer.examine(view, like and like.document, song, windows, strength, found.written)

    @property
    def _hunter(self) -> FaultExaminer:
        effort = self.evaluation.effort
        return FaultExaminer(self.listener, effort.faults_per_kind, effort.seed)

    def _baselines(self, index: int, mode: Mode) -> Baselines:
        others = (
            pairs
            for (song, of_mode), pairs in self.pairs.items()
            if of_mode == mode and self._title(song) != self._title(index)
        )
        return Baselines(self.model.backbone.vocabulary, self.frequencies, Pairs.sum(others))

    def _title(self, index: int) -> str:
        return title_key(self.evaluation.sets[index].title)
