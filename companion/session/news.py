"""What comes out of the session: news for whoever watches, and orders for the shell around it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from companion.checks import Level
    from companion.engine.map_requests import MapRequest
    from companion.engine.requests import Passage, RegenerateRequest, ScoreRequest, TimingRequest
    from companion.session.fair_use import FairUse
    from companion.session.review import Review
    from companion.session.values import (
        Job,
        MapCandidate,
        ModelStatus,
        OpenMap,
        Problem,
        Revision,
        ShownFinding,
        TimingReport,
        UndoStatus,
    )
    from companion.suggestions import Suggestion


@dataclass(frozen=True, slots=True)
class MapNews:
    """The open map has a new revision, is another one, or was closed."""

    open_map: OpenMap | None
    revision: Revision | None


@dataclass(frozen=True, slots=True)
class CandidatesNews:
    """The maps that can be opened have changed, or how they were found."""

    candidates: tuple[MapCandidate, ...]


@dataclass(frozen=True, slots=True)
class FindingsNews:
    """The shown findings have changed."""

    map_id: str
    revision: int
    added: tuple[ShownFinding, ...]
    removed_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReviewNews:
    """What the mapper decided about findings has changed, or how they compare with those before."""

    map_id: str
    review: Review


@dataclass(frozen=True, slots=True)
class JobNews:
    """A job's state or progress."""

    job: Job


@dataclass(frozen=True, slots=True)
class PassageNews:
    """New objects of a suggestion that is being generated."""

    suggestion: Suggestion
    passage: Passage


@dataclass(frozen=True, slots=True)
class SuggestionNews:
    """A suggestion is new, or its state changed."""

    suggestion: Suggestion


@dataclass(frozen=True, slots=True)
class TimingNews:
    """The song's timing was heard, compares otherwise with the map now, or is void (None)."""

    timing: TimingReport | None


@dataclass(frozen=True, slots=True)
class ModelNews:
    """The model was loaded, unloaded, or failed."""

    model: ModelStatus


@dataclass(frozen=True, slots=True)
class UndoNews:
    """What undo would do has changed."""

    undo: UndoStatus


@dataclass(frozen=True, slots=True)
class FairUseNews:
    """Whether generating is allowed has changed."""

    fair_use: FairUse


@dataclass(frozen=True, slots=True)
class ProblemNews:
    """Something is wrong."""

    problem: Problem


@dataclass(frozen=True, slots=True)
class ProblemClearedNews:
    """A problem is over."""

    code: str


News = (
    MapNews
    | CandidatesNews
    | FindingsNews
    | ReviewNews
    | JobNews
    | PassageNews
    | SuggestionNews
    | TimingNews
    | ModelNews
    | UndoNews
    | FairUseNews
    | ProblemNews
    | ProblemClearedNews
)
"""Goes to every client."""


@dataclass(frozen=True, slots=True)
class StartScore:
    """Score the map; a scan that still runs is replaced."""

    job_id: str
    request: ScoreRequest


@dataclass(frozen=True, slots=True)
class StartRegenerate:
    """Generate a passage; a generation that still runs is replaced."""

    job_id: str
    request: RegenerateRequest


@dataclass(frozen=True, slots=True)
class StartTiming:
    """Time the song by ear; whatever is generated is replaced."""

    job_id: str
    request: TimingRequest


@dataclass(frozen=True, slots=True)
class StartGuest:
    """Write another difficulty; whatever is generated is replaced."""

    job_id: str
    request: RegenerateRequest
    """Its document is the difficulty without objects."""


@dataclass(frozen=True, slots=True)
class StartMap:
    """Write a whole map of the song; whatever is generated is replaced."""

    job_id: str
    request: MapRequest


@dataclass(frozen=True, slots=True)
class CreateDifficulty:
    """A job has written a difficulty, which is to become a new file in the set."""

    job_id: str


@dataclass(frozen=True, slots=True)
class CheckVariants:
    """Have the rules look at the variants of a suggestion; it is offered once they have."""

    suggestion: Suggestion


@dataclass(frozen=True, slots=True)
class CancelJob:
    """Call a job off."""

    job_id: str


@dataclass(frozen=True, slots=True)
class KeepDismissed:
    """Remember which findings of the open map are dismissed."""

    ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class KeepDismissedRules:
    """Remember which rules are dismissed in the open mapset."""

    codes: frozenset[str]


@dataclass(frozen=True, slots=True)
class KeepLevel:
    """Remember how hard the mapper says the open map is."""

    level: Level | None


StartOrder = StartScore | StartRegenerate | StartTiming | StartGuest | StartMap
"""Work for the inference thread."""

KeepOrder = KeepDismissed | KeepDismissedRules | KeepLevel
"""What has to survive restarts."""

Order = StartOrder | CheckVariants | CancelJob | CreateDifficulty | KeepOrder
"""Goes to the shell, which has the worker, the disk and the journal."""

Output = News | Order
