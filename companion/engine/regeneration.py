"""Generating a stretch of a map anew: passages as soon as their objects are final, and their rank.

Two ways lead to new objects. Where the rhythm stays, the model is given the objects that are there,
token by token, and chooses only what is wanted of them: positions, hitsounds, or both. Where it
does not, the stretch is written from nothing after what stands before it; with another rhythm there
are other objects, so kept positions are the way of the cursor, and kept hitsounds those of each
moment.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

from companion.beatmap import TimeRange, splice_objects, splice_section
from companion.engine.events import ContextType
from companion.engine.kept_rhythm import KeptRhythm
from companion.engine.new_rhythm import NewRhythm
from companion.engine.requests import Passage, VariantRank
from companion.engine.seeds import seed_of_part
from companion.errors import RangeRefused

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from companion.engine.cancellation import CancelToken
    from companion.engine.checkpoint import DeviceName
    from companion.engine.conditioning import Conditioning
    from companion.engine.loaded_model import LoadedModel, Song
    from companion.engine.model.backbone import EncodedWindows, WindowInput
    from companion.engine.requests import RegenerateOptions, RegenerateRequest
    from companion.engine.windows import Window

RANKED_AFTER_MS = 4_000
"""So much of the map after a range judges the variants."""


@dataclass(frozen=True, slots=True, eq=False)
class Regeneration:
    """One request, with everything it needs."""

    model: LoadedModel
    request: RegenerateRequest
    song: Song
    conditioning: Conditioning

    @classmethod
    def of(cls, model: LoadedModel, request: RegenerateRequest) -> Regeneration:
        """Prepare a request.

        Raises:
            AudioError: The song cannot be listened to.
            RangeRefused: The map has no timing, or the range lies outside the song.
        """
        document = request.document
        document.require_readable()
        if document.beatmap.timing_at(request.range.start_ms) is None:
            raise RangeRefused("The map has no timing yet: set its BPM and offset first.")
        song = model.listen(request.audio_path)
        if request.range.end_ms <= 0 or request.range.start_ms >= song.length_ms:
            raise RangeRefused("There is no song in this range. Choose one before the song ends.")
        about = request.conditioning or model.conditioning_of(document, song)
        return cls(model, request, song, _wished(about, request.options))

    def passages(self, token: CancelToken) -> Iterator[Passage]:
        """Everything that is asked for, all variants side by side."""
        way = KeptRhythm(self) if "rhythm" in self.options.kept else NewRhythm(self)
        folder = self.options.diffusion_folder
        if folder is None:
            yield from way.passages(token)
        else:
            yield from self._refined(way.passages(token), folder, token)

    def _refined(
        self, drafted: Iterator[Passage], folder: Path, token: CancelToken
    ) -> Iterator[Passage]:
        """The variants with positions drawn anew by diffusion, each whole: one passage for all."""
        from companion.engine.diffusion import load, refine_section

        model = load(folder, cast("DeviceName", self.model.backbone.device.type))
        passages = list(drafted)
        for variant, seed in enumerate(self.seeds):
            own = [passage for passage in passages if passage.variant == variant]
            lines = tuple(line for passage in own for line in passage.lines)
            greens = tuple(point for passage in own for point in passage.green_lines)
            document = self.request.document
            points = greens if self.options.green_lines_change else None
            edits = splice_section(document, self.request.range, lines, points)
            yield Passage(
                variant,
                self.request.range,
                refine_section(
                    model,
                    document.apply(edits),
                    self.request.range,
                    self.conditioning,
                    seed,
                    token,
                ),
                own[-1].mean_logprob,
                greens,
            )

    @property
    def options(self) -> RegenerateOptions:
        """How to generate."""
        return self.request.options

    @property
    def seeds(self) -> list[int]:
        """One per variant."""
        return [seed_of_part(self.options.seed, i) for i in range(self.options.variants)]

    def input_of(self, window: Window) -> WindowInput:
        """What the encoder gets for a window."""
        red_lines = self.request.document.beatmap.red_lines
        return self.song.input_of(window, red_lines, self.conditioning)

    def hear(self, window: Window, given: WindowInput) -> EncodedWindows:
        """A window's encoding, from memory if it was heard before."""
        scorer = self.model.scorer
        key = scorer.encoder_key(self.song.waveform.audio_id, window, given)
        return scorer.encoded([(key, given)])

    def rank(self, variants: Sequence[Sequence[bytes]], token: CancelToken) -> VariantRank:
        """Rank finished variants by how little they make what follows surprising."""
        bits = [self._bits_after(variant, token) for variant in variants]
        if any(b is None for b in bits):
            return VariantRank(tuple(range(len(variants))), ())
        known = [b for b in bits if b is not None]
        order = sorted(range(len(known)), key=lambda i: known[i])
        return VariantRank(tuple(order), tuple(known[i] for i in order))

    def _bits_after(self, lines: Sequence[bytes], token: CancelToken) -> float | None:
        wanted = self.request.range
        document = self.request.document
        document = document.apply(splice_objects(document, wanted, lines))
        end_ms = wanted.end_ms
        after = TimeRange(end_ms, end_ms + RANKED_AFTER_MS)
        scan = self.model.scan(document, self.song, self.conditioning, after)
        total, n = 0.0, 0
        scored = self.model.scored(scan, self.song, document, self.conditioning, token)
        for window in (window for batch in scored for window in batch):
            place = 0
            for run in window.task.runs:
                context = scan.contexts[run.context]
                for offset in range(run.n_events):
                    event = context.events[run.first_event + offset]
                    if context.kind is ContextType.MAP and after.contains(event.time_ms):
                        total += float(window.score.surprisal_bits[place])
                        n += 1
                    place += 1
        return total / n if n else None


def _wished(about: Conditioning, options: RegenerateOptions) -> Conditioning:
    """The map's own facts with the star rating that is asked for."""
    stars = options.difficulty
    if stars is None or about.difficulty == stars:
        return about
    # The old difficulty's density would contradict the new star rating.
    return replace(about, difficulty=stars, note_density=None)
