"""What the daemon sends: `welcome`, a snapshot, then deltas.

Each frame after `welcome` has a `seq` one higher than the frame before on that connection; a gap
means that something was lost, and the client asks for a snapshot.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from protocol.base import Id, TimeMs, Wire
from protocol.beatmaps import MapCandidate, MapState, TimelineObject
from protocol.review import Review
from protocol.timing import TimingReport
from protocol.values import (
    ErrorInfo,
    FairUse,
    Finding,
    Job,
    ModelState,
    Problem,
    ProvenanceEntry,
    Suggestion,
    UndoState,
)


class Welcome(Wire):
    """The answer to a good `hello`."""

    type: Literal["welcome"] = "welcome"
    protocol_version: int
    """The daemon's `PROTOCOL_VERSION`."""
    daemon_version: str
    """The companion's version."""


class Update(Wire):
    """Base of everything after `welcome`."""

    seq: int = 0
    """Rises by one per frame on this connection; set when the frame is sent."""


class Snapshot(Update):
    """The whole state; replaces everything the client knew."""

    type: Literal["snapshot"] = "snapshot"
    map: MapState | None
    """The open map; null when there is none."""
    candidates: list[MapCandidate]
    """Maps that can be opened."""
    findings: list[Finding]
    """All findings of the open map that are not dismissed."""
    review: Review
    """What was decided about the findings, and what changed among them."""
    jobs: list[Job]
    """Jobs that are queued or running, and the last one that ended of each kind."""
    suggestions: list[Suggestion]
    """Suggestions of the open map, newest last."""
    timing: TimingReport | None
    """The song's timing as it was heard last; null before."""
    model: ModelState
    """The model."""
    undo: UndoState
    """What undo would do."""
    fair_use: FairUse
    """Whether generating is allowed."""
    problems: list[Problem]
    """What is wrong right now."""


class MapRevised(Update):
    """The open map has a new revision, is another map, or was closed (null)."""

    type: Literal["map_revised"] = "map_revised"
    map: MapState | None
    """The map. Findings and suggestions of another `map_id` are void."""


class CandidatesChanged(Update):
    """The maps that can be opened, or how they were found, have changed."""

    type: Literal["candidates"] = "candidates"
    candidates: list[MapCandidate]
    """All maps that can be opened; the selected one carries the current detection."""


class FindingsDelta(Update):
    """What changed among the findings."""

    type: Literal["findings_delta"] = "findings_delta"
    map_id: Id
    """The map."""
    revision: int
    """The revision the findings now belong to."""
    added: list[Finding]
    """New or changed ones; a known id is replaced."""
    removed_ids: list[Id]
    """Ids that are gone."""


class ReviewChanged(Update):
    """Something was decided about the findings, or other ones are new or gone."""

    type: Literal["review"] = "review"
    map_id: Id
    """The map."""
    review: Review
    """All of it as it is now."""


class JobChanged(Update):
    """A job's state or progress."""

    type: Literal["job"] = "job"
    job: Job
    """The job as it is now."""


class PassageAdded(Update):
    """Newly generated objects of a suggestion, while it is generated."""

    type: Literal["passage"] = "passage"
    suggestion_id: Id
    """The suggestion."""
    variant: int
    """Which variant."""
    start_ms: TimeMs
    """Start of what this passage covers."""
    end_ms: TimeMs
    """End of what this passage covers."""
    objects: list[TimelineObject]
    """The objects to add; they start in that stretch."""
    mean_logprob: float
    """How sure the model was of this passage."""
    changed: int
    """How many of these objects do not stand in the map like this."""


class SuggestionChanged(Update):
    """A suggestion is new, or its state changed."""

    type: Literal["suggestion"] = "suggestion"
    suggestion: Suggestion
    """The suggestion as it is now, with all its objects."""


class TimingChanged(Update):
    """The song's timing was heard, compares otherwise with the map now, or is void (null)."""

    type: Literal["timing"] = "timing"
    timing: TimingReport | None
    """The timing as it is now."""


class ModelChanged(Update):
    """The model was loaded, unloaded, or failed."""

    type: Literal["model"] = "model"
    model: ModelState
    """The model."""


class UndoChanged(Update):
    """What undo would do has changed."""

    type: Literal["undo_state"] = "undo_state"
    undo: UndoState
    """What it would do now."""


class FairUseChanged(Update):
    """A modding-only switch was turned, or the notice acknowledged."""

    type: Literal["fair_use"] = "fair_use"
    fair_use: FairUse
    """Whether generating is allowed now."""


class ProblemRaised(Update):
    """Something is wrong; stays until `problem_cleared` with the same code."""

    type: Literal["problem"] = "problem"
    problem: Problem
    """What."""


class ProblemCleared(Update):
    """A problem is over."""

    type: Literal["problem_cleared"] = "problem_cleared"
    code: str
    """Its code."""


class Provenance(Update):
    """The provenance journal of the open map."""

    type: Literal["provenance"] = "provenance"
    entries: list[ProvenanceEntry]
    """Oldest first."""
    disclosure: str
    """A text to paste into a map's description or a modding post."""


class Reply(Update):
    """The one answer to a request."""

    type: Literal["reply"] = "reply"
    request_id: Id
    """Which request."""
    ok: bool
    """Whether it was done, or for jobs: whether it was taken on."""
    error: ErrorInfo | None = None
    """Why not."""
    note: str | None = None
    """What the mapper should do now, e.g. press Ctrl+L in the editor."""
    job_id: Id | None = None
    """The job that was started."""
    suggestion_id: Id | None = None
    """The suggestion that was started."""


ServerUpdate = (
    Snapshot
    | MapRevised
    | CandidatesChanged
    | FindingsDelta
    | ReviewChanged
    | JobChanged
    | PassageAdded
    | SuggestionChanged
    | TimingChanged
    | ModelChanged
    | UndoChanged
    | FairUseChanged
    | ProblemRaised
    | ProblemCleared
    | Provenance
    | Reply
)
"""Everything the daemon sends after `welcome`."""

ServerMessage = Annotated[Welcome | ServerUpdate, Field(discriminator="type")]
"""Everything the daemon may send."""
