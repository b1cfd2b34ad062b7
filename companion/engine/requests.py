"""What the engine is asked, what it answers, and the interface that every engine has.

Nothing here imports torch: the session, the worker and the daemon speak to an engine through these
values alone. Streams are generators; whoever wants to stop one cancels its token.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol, get_args

from companion.engine.diffusion_options import require_positions
from companion.errors import OptionRefused, RangeRefused

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from companion.beatmap import Document, TimeRange, TimingPoint
    from companion.engine.cancellation import CancelToken
    from companion.engine.conditioning import Conditioning
    from companion.engine.map_requests import MapAnswer, MapRequest
    from companion.findings import Finding

Replace = Literal["all", "rhythm", "positions", "hitsounds"]
"""What a regeneration may change of the objects in its range; the rest of them stays as it is."""
Aspect = Literal["rhythm", "positions", "hitsounds"]
"""What can be told apart of objects: when they are and what kind of, where, and how they sound."""
ASPECTS: frozenset[Aspect] = frozenset(get_args(Aspect))

MAX_VARIANTS = 8
MAX_SEED = 2**63 - 1
MAX_ITERATIONS = 1000


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """Which checkpoint an engine works with."""

    name: str
    """What the checkpoint calls itself, e.g. ``bundled``."""
    family: str
    """The model family, e.g. ``v29`` or ``bundled``."""
    n_parameters: int
    digest: str
    """Hex digest of the weights; the identity in caches and in the provenance journal."""
    folder: Path


@dataclass(frozen=True, slots=True)
class ScoreRequest:
    """Ask how surprising each event of a map is."""

    document: Document
    audio_path: Path
    conditioning: Conditioning | None = None
    """What is said about the whole map in every prompt; ``None`` takes it from the document.

    Whoever scores the same map again and again pins it, because any change of it (a star rating
    that moves by a class) forces a full rescore.
    """
    near_ms: int | None = None
    """The edit or the playhead: the stretch around it is answered first."""
    lookback: float | None = None
    """Leading part of a window that is not judged, as a fraction; ``None`` is the model's own."""
    lookahead: float | None = None
    """Trailing part of a window that is not judged; ``None`` is the model's own."""


def verify_overlap(lookback: float | None, lookahead: float | None) -> None:
    """Raise `OptionRefused` when the parts at a window's ends leave nothing between them."""
    parts = [part for part in (lookback, lookahead) if part is not None]
    if any(part < 0 for part in parts) or sum(parts) >= 1:
        raise OptionRefused(
            "Lookback and lookahead are parts of a window: not below 0, and together below 1."
        )


@dataclass(frozen=True, slots=True)
class ScoreProgress:
    """A stretch of the song that has been scored; `findings` replaces every model finding in it."""

    covered: TimeRange
    findings: tuple[Finding, ...]
    done: int
    """Windows scored so far, those known from earlier requests included."""
    total: int


@dataclass(frozen=True, slots=True)
class RegenerateOptions:
    """How a stretch of a map is generated anew."""

    difficulty: float | None = None
    """Star rating to aim at; ``None`` keeps the map's own."""
    seed: int = 0
    guidance: float = 1.0
    """Classifier-free guidance scale; 1 is off."""
    temperature: float = 0.8
    """0 always takes the most likely event."""
    top_p: float = 0.95
    """Nucleus size: the unlikely events that together have less than ``1 - top_p`` are left out."""
    replace: Replace = "all"
    keep: frozenset[Aspect] = frozenset()
    """What stays of the objects in the range; says the same as `replace`, which then is ``all``.

    With the rhythm, objects stay and the other aspects of them are chosen anew. Without it there
    are other objects: kept positions are the way of the cursor, which the new objects lie on at
    their times; kept hitsounds are those of every moment at which something sounded, and the model
    chooses them where nothing did. Combos belong to the rhythm, volumes to the hitsounds.
    """
    change_green_lines: bool = False
    """Whether inherited timing points in the range may change too. Red lines never do."""
    variants: int = 1
    diffusion_folder: Path | None = None
    """A diffusion checkpoint that draws the positions anew around what the model has chosen; the
    objects around the range are seen and stay. Passages then come when all is written."""

    @property
    def kept(self) -> frozenset[Aspect]:
        """What stays, in whichever way it was said."""
        return self.keep if self.replace == "all" else ASPECTS - {self.replace}

    @property
    def green_lines_change(self) -> bool:
        """Whether there are other green lines: objects that stay keep those they were made for."""
        return self.change_green_lines and "rhythm" not in self.kept

    def verify(self) -> None:
        """Raise `OptionRefused` in plain words when no model can do what is asked for."""
        if self.difficulty is not None and not 0 <= self.difficulty <= 12:
            raise OptionRefused("The star rating has to be between 0 and 12.")
        if not 0 <= self.seed <= MAX_SEED:
            raise OptionRefused("The seed has to be a whole number from 0 up.")
        if not (math.isfinite(self.guidance) and 0 <= self.guidance <= 20):
            raise OptionRefused("Guidance has to be between 0 and 20; 1 is off.")
        if not 0 <= self.temperature <= 5:
            raise OptionRefused("The temperature has to be between 0 and 5.")
        if not 0 < self.top_p <= 1:
            raise OptionRefused("Top-p has to be above 0 and at most 1.")
        if self.replace not in get_args(Replace):
            raise OptionRefused(f"“{self.replace}” is nothing that can be replaced.")
        self._verify_kept()
        if not 1 <= self.variants <= MAX_VARIANTS:
            raise OptionRefused(f"Between 1 and {MAX_VARIANTS} variants can be asked for.")

    def _verify_kept(self) -> None:
        unknown = sorted(self.keep - ASPECTS)
        if unknown:
            raise OptionRefused(
                f"“{unknown[0]}” is nothing that can be kept: rhythm, positions and hitsounds are."
            )
        if self.keep and self.replace != "all":
            raise OptionRefused("Say either what is replaced or what is kept, not both.")
        if self.keep == ASPECTS:
            raise OptionRefused("With everything kept there is nothing left to generate.")
        if self.diffusion_folder is not None and "positions" in self.kept:
            raise OptionRefused("Diffusion draws positions anew, so that they cannot be kept.")
        if self.guidance != 1 and "rhythm" in self.kept:
            raise OptionRefused(
                "Guidance works only where the rhythm is new; set it to 1 to keep the rhythm."
            )


@dataclass(frozen=True, slots=True)
class RegenerateRequest:
    """Ask for new objects in a stretch of a map."""

    document: Document
    audio_path: Path
    range: TimeRange
    """Already snapped outward to whole beats."""
    options: RegenerateOptions = field(default_factory=RegenerateOptions)
    conditioning: Conditioning | None = None
    """As in `ScoreRequest`; the options' star rating is put over it."""

    def verify(self) -> None:
        """Raise `OptionRefused` or `RangeRefused` when the request cannot be meant as it stands."""
        self.options.verify()
        if self.range.end_ms <= self.range.start_ms:
            raise RangeRefused("The range is empty: its end is not after its start.")
        if self.options.diffusion_folder is not None:
            require_positions(self.document.beatmap.mode)


@dataclass(frozen=True, slots=True)
class Passage:
    """Objects that are final, of one variant of a regeneration.

    The passages of a variant follow each other without gaps and tile the request's range; a range
    with no lines is an answer too: nothing belongs there.
    """

    variant: int
    range: TimeRange
    lines: tuple[bytes, ...]
    """``.osu`` hit object lines without line endings, in time order."""
    mean_logprob: float
    """Natural logarithm, per generated token; how sure the model was of these objects."""
    green_lines: tuple[TimingPoint, ...] = ()
    """Only with `RegenerateOptions.change_green_lines`: what takes the place of the inherited
    timing points in the passage's range. The objects are made for them, so both go in or neither
    does."""


@dataclass(frozen=True, slots=True)
class VariantRank:
    """How the variants of a finished regeneration compare, best first.

    A variant is judged by the objects that follow the range: the less they surprise the model after
    the variant, the less of a seam there is.
    """

    order: tuple[int, ...]
    surprisal_bits: tuple[float, ...]
    """Mean surprisal of the events after the range, in the same order; empty when none follow."""


@dataclass(frozen=True, slots=True)
class TimingOptions:
    """How a song is timed."""

    iterations: int | None = None
    """How many hearings of the shifted song super timing adds up; ``None`` is plain timing, one
    hearing in which each window knows what was heard before."""
    seed: int = 0
    """For the draws of plain timing and the shifts of super timing."""
    leniency_ms: float = 10.0
    """How far a beat may lie from its red line; less gives more red lines."""

    def verify(self) -> None:
        """Raise `OptionRefused` in plain words when a value is out of its range."""
        if self.iterations is not None and not 1 <= self.iterations <= MAX_ITERATIONS:
            raise OptionRefused(f"Super timing takes 1 to {MAX_ITERATIONS} iterations.")
        if not 0 <= self.seed <= MAX_SEED:
            raise OptionRefused("The seed has to be a whole number from 0 up.")
        if not (math.isfinite(self.leniency_ms) and 0 < self.leniency_ms <= 100):
            raise OptionRefused("The leniency has to be above 0 and at most 100 ms.")


@dataclass(frozen=True, slots=True)
class TimingRequest:
    """Ask where the beats of a song are."""

    audio_path: Path
    document: Document | None = None
    """A map of the song, for what it says about itself; its own timing is not looked at."""
    options: TimingOptions = field(default_factory=TimingOptions)


@dataclass(frozen=True, slots=True)
class TimingProgress:
    """So many windows of all hearings have been heard."""

    done: int
    total: int
    """An estimate as long as hearings of differently shifted songs are to come."""


@dataclass(frozen=True, slots=True)
class HeardTiming:
    """What was heard; the last answer."""

    red_lines: tuple[TimingPoint, ...]
    """At least one, with plain samples and full volume."""
    n_beats: int
    """How many beats they were drawn through."""
    song_length_ms: float


class Engine(Protocol):
    """Judges and writes maps; lives on the inference thread and is used by one caller at a time."""

    def require_able(self, request: RegenerateRequest | TimingRequest | MapRequest) -> None:
        """Refuse what the checkpoint cannot do, as far as that is known before it is loaded.

        Raises:
            OptionRefused: An option is out of range, or this model cannot do it.
            RangeRefused: The range is empty.
            ModelMissing, CheckpointMismatch: There is no checkpoint, or it is of no known kind.
        """
        ...

    def describe(self) -> ModelInfo | None:
        """Say which checkpoint is loaded, or ``None`` when none is."""
        ...

    def load(self) -> ModelInfo:
        """Load the checkpoint unless it is loaded.

        Raises:
            ModelMissing: There is no checkpoint in the engine's folder.
            CheckpointMismatch: The checkpoint does not fit its family.
            OutOfMemory: It does not fit the device.
        """
        ...

    def unload(self) -> None:
        """Give the memory back; the next request loads again."""
        ...

    def score(self, request: ScoreRequest, token: CancelToken) -> Iterator[ScoreProgress]:
        """Score a whole map, nearest to `near_ms` first; stretches that are known come at once.

        Raises:
            Cancelled: The token was cancelled; nothing more comes.
            AudioError: The song cannot be listened to.
            ModelError: As for `load`.
        """
        ...

    def regenerate(self, request: RegenerateRequest, token: CancelToken) -> Iterator[Passage]:
        """Generate new objects in the range, each stretch as soon as its objects are final.

        Raises:
            Cancelled: The token was cancelled; nothing more comes.
            RangeRefused: The range is outside the song or cannot be worked on.
            OptionRefused: An option is out of range, or this model cannot do it.
            AudioError: The song cannot be listened to.
            ModelError: As for `load`.
        """
        ...

    def rank(
        self, request: RegenerateRequest, variants: Sequence[Sequence[bytes]], token: CancelToken
    ) -> VariantRank:
        """Rank finished variants (all lines of each) by how well what follows the range suits them.

        Raises:
            Cancelled: The token was cancelled.
        """
        ...

    def hear_timing(
        self, request: TimingRequest, token: CancelToken
    ) -> Iterator[TimingProgress | HeardTiming]:
        """Time a song by ear: progress after each window or batch of them, then what was heard.

        Raises:
            Cancelled: The token was cancelled; nothing more comes.
            OptionRefused: An option is out of range, or this model cannot hear timing; that is
                known before it is loaded.
            NoBeatHeard: There is no beat in the song.
            AudioError: The song cannot be listened to.
            ModelError: As for `load`.
        """
        ...

    def generate_map(self, request: MapRequest, token: CancelToken) -> Iterator[MapAnswer]:
        """Write a whole map of a song: what is ignored, progress after each window, then the map.

        Raises:
            Cancelled: The token was cancelled; nothing more comes.
            OptionRefused: An option is out of range, or this model cannot do it; where that can
                be known before, it is not loaded.
            NoBeatHeard: There is no beat in the song.
            AudioError: The song cannot be listened to.
            ModelError: As for `load`.
        """
        ...
