"""What the session remembers: maps, revisions, jobs and states, as immutable values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pathlib import Path

    from companion.beatmap import Agreement, Document, TimeRange
    from companion.engine.requests import HeardTiming, ModelInfo, TimingOptions
    from companion.errors import CompanionError
    from companion.findings import Finding

Probe = Literal["given", "picked", "window_title", "last_saved"]
"""Who said which map is being edited."""

Client = Literal["stable", "lazer"]
"""Which osu! it is."""

Origin = Literal["editor", "companion"]
"""Who wrote a revision."""

Source = Literal["rule", "model"]
"""What a finding comes from."""


@dataclass(frozen=True, slots=True)
class Detection:
    """How the daemon knows which map is being edited."""

    probe: Probe
    client: Client | None = None
    editor_open: bool | None = None
    """None when no probe can tell."""


@dataclass(frozen=True, slots=True)
class OpenMap:
    """The beatmap the session is about."""

    map_id: str
    path: Path
    detection: Detection

    @property
    def folder(self) -> Path:
        """The mapset's folder."""
        return self.path.parent


@dataclass(frozen=True, slots=True)
class MapCandidate:
    """A map that could be opened."""

    map_id: str
    label: str
    detection: Detection
    selected: bool


@dataclass(frozen=True, slots=True)
class Revision:
    """One saved state of the open map: the immutable snapshot that jobs get."""

    map_id: str
    number: int
    document: Document
    origin: Origin
    stars: float | None
    changed: tuple[TimeRange, ...]
    """Against the revision before; empty for the first."""

    @property
    def digest(self) -> str:
        """SHA-256 of the file's bytes."""
        return self.document.digest


@dataclass(frozen=True, slots=True)
class ShownFinding:
    """A finding and where it comes from."""

    finding: Finding
    source: Source
    support: tuple[Finding, ...] = ()
    """Of a rule's: what the model finds surprising there, too, the most surprising first."""

    @property
    def fixing(self) -> Finding | None:
        """Whose edit is on offer: the finding's own, or else what the model would rather have."""
        return next((one for one in (self.finding, *self.support) if one.fix), None)

    @property
    def fix_source(self) -> Source | None:
        """Who proposes the edit that is on offer."""
        fixing = self.fixing
        if fixing is None:
            return None
        return self.source if fixing is self.finding else "model"


JobKind = Literal["score", "regenerate", "hitsounds", "timing", "guest", "map"]
"""What a job does. All but `score` are done one at a time."""


class JobState(StrEnum):
    """Where a job is in its life."""

    QUEUED = "queued"
    """Waiting for the inference thread."""
    RUNNING = "running"
    """The thread is at it."""
    DONE = "done"
    """It ended by itself."""
    CANCELLED = "cancelled"
    """It was called off, or a newer one took its place."""
    FAILED = "failed"
    """It ended with an error."""

    @property
    def final(self) -> bool:
        """Whether nothing more will come."""
        return self in {JobState.DONE, JobState.CANCELLED, JobState.FAILED}


@dataclass(frozen=True, slots=True)
class Job:
    """A piece of work for the model."""

    id: str
    kind: JobKind
    revision: int
    state: JobState = JobState.QUEUED
    done: int = 0
    total: int = 0
    request_id: str | None = None
    suggestion_id: str | None = None
    file_name: str | None = None
    """The new file that it wrote."""
    note: str | None = None
    error: CompanionError | None = None

    @property
    def generates(self) -> bool:
        """Whether it is of those that the model does one at a time."""
        return self.kind != "score"

    @property
    def makes_content(self) -> bool:
        """Whether it makes what is written into a map; a timing is heard to be looked at first."""
        return self.generates and self.kind != "timing"


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """The model and whether it is in memory."""

    state: Literal["absent", "loading", "ready", "unloaded", "failed"] = "unloaded"
    info: ModelInfo | None = None
    error: CompanionError | None = None


@dataclass(frozen=True, slots=True)
class TimingReport:
    """The song's timing as it was heard, beside that of the map."""

    id: str
    request_id: str
    options: TimingOptions
    heard: HeardTiming
    agreement: Agreement | None
    """With the map's red lines as they are now; None when there is nothing to compare."""
    applied: bool
    """Whether the map's red lines are the ones that were heard."""


@dataclass(frozen=True, slots=True)
class UndoStatus:
    """What undo would do."""

    depth: int = 0
    description: str | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is wrong until it is cleared."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Song:
    """What is known about the map's song without decoding it."""

    file_name: str
    length_ms: float
