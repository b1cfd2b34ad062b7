"""All messages, one tagged union per direction.

A connection starts with `hello`. The daemon answers with `welcome` and a `snapshot`, then sends
deltas. Each frame after `welcome` has a `seq` one higher than the frame before on that connection;
a gap means that something was lost, and the client asks for a snapshot. Requests carry a
`request_id` of the client's choice, unique within the connection, and get exactly one `reply`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from protocol.values import (
    ErrorInfo,
    FairUse,
    Finding,
    Id,
    Job,
    MapCandidate,
    MapState,
    ModelState,
    Problem,
    ProvenanceEntry,
    Suggestion,
    TimelineObject,
    TimeMs,
    UndoState,
    Wire,
)

# --------------------------------------------------------------------------- client to daemon


class Hello(Wire):
    """The first message of a connection; anything else, or a wrong token, closes it."""

    type: Literal["hello"] = "hello"
    protocol_version: int
    """The client's `PROTOCOL_VERSION`."""
    token: Annotated[str, Field(max_length=256)]
    """The token from the page's URL fragment."""


class Request(Wire):
    """Base of all requests."""

    request_id: Id
    """Comes back in the reply."""


class GetSnapshot(Request):
    """Asks for a new snapshot, after a gap in `seq`. The snapshot comes before the reply."""

    type: Literal["get_snapshot"] = "get_snapshot"


class SelectMap(Request):
    """Opens one of the candidates. A map picked by hand beats every detector until it is gone."""

    type: Literal["select_map"] = "select_map"
    map_id: Id
    """One of the candidates' ids."""


class FollowEditor(Request):
    """Forgets the map picked by hand, so that the detectors decide again."""

    type: Literal["follow_editor"] = "follow_editor"


class RegenerateOptions(Wire):
    """How to regenerate. Values out of range are refused, not clamped."""

    difficulty: Annotated[float, Field(ge=0, le=12)] | None = None
    """Star rating to aim for; null means the map's own."""
    seed: Annotated[int, Field(ge=0, lt=2**31)] | None = None
    """Same seed, same result; null lets the daemon choose."""
    guidance: Annotated[float, Field(ge=1, le=10)] = 1.0
    """Classifier-free guidance scale; 1 is off."""
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.8
    """Sampling temperature; 0 always takes the likeliest."""
    replace: Literal["all", "rhythm", "positions", "hitsounds"] = "all"
    """What of the existing objects is replaced."""
    change_green_lines: bool = False
    """Whether green lines in the range may change. Red lines never do."""
    variants: Annotated[int, Field(ge=1, le=4)] = 1
    """How many alternatives."""


class Regenerate(Request):
    """Starts the generation of a passage. The reply names its job and suggestion."""

    type: Literal["regenerate"] = "regenerate"
    base_revision: int
    """The revision the range was drawn on."""
    start_ms: TimeMs
    """Start of the range; the daemon snaps it outward to a beat."""
    end_ms: TimeMs
    """End of the range; the daemon snaps it outward to a beat."""
    options: RegenerateOptions = RegenerateOptions()
    """How."""


class Cancel(Request):
    """Calls a job off."""

    type: Literal["cancel"] = "cancel"
    job_id: Id
    """The job."""


class Accept(Request):
    """Writes one variant of an offered suggestion into the map."""

    type: Literal["accept"] = "accept"
    suggestion_id: Id
    """The suggestion."""
    variant: int = 0
    """Which variant."""


class Reject(Request):
    """Drops a suggestion."""

    type: Literal["reject"] = "reject"
    suggestion_id: Id
    """The suggestion."""


class Undo(Request):
    """Takes back the companion's last write to the open map."""

    type: Literal["undo"] = "undo"


class Rescan(Request):
    """Scores the whole open map anew."""

    type: Literal["rescan"] = "rescan"


class ApplyFix(Request):
    """Writes a finding's fix into the map."""

    type: Literal["apply_fix"] = "apply_fix"
    finding_id: Id
    """The finding."""
    base_revision: int
    """The revision the finding was shown for."""


class Dismiss(Request):
    """Hides a finding for good, also in later revisions and after a restart."""

    type: Literal["dismiss"] = "dismiss"
    finding_id: Id
    """The finding."""


class RestoreDismissed(Request):
    """Shows all dismissed findings of the open map again."""

    type: Literal["restore_dismissed"] = "restore_dismissed"


class SetModdingOnly(Request):
    """Turns the modding-only switch."""

    type: Literal["set_modding_only"] = "set_modding_only"
    scope: Literal["global", "mapset"]
    """For all maps, or for the open mapset."""
    enabled: bool
    """On means: no action that writes generated content."""


class AcknowledgeNotice(Request):
    """The mapper has read the fair-use notice."""

    type: Literal["acknowledge_notice"] = "acknowledge_notice"


class GetProvenance(Request):
    """Asks for the provenance journal of the open map; a `provenance` comes before the reply."""

    type: Literal["get_provenance"] = "get_provenance"


ClientRequest = (
    GetSnapshot
    | SelectMap
    | FollowEditor
    | Regenerate
    | Cancel
    | Accept
    | Reject
    | Undo
    | Rescan
    | ApplyFix
    | Dismiss
    | RestoreDismissed
    | SetModdingOnly
    | AcknowledgeNotice
    | GetProvenance
)
"""Everything a client may send after `hello`."""

ClientMessage = Annotated[Hello | ClientRequest, Field(discriminator="type")]
"""Everything a client may send."""


# --------------------------------------------------------------------------- daemon to client


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
    dismissed_count: int
    """How many findings of this revision are hidden."""
    jobs: list[Job]
    """Jobs that are queued or running, and the last one that ended of each kind."""
    suggestions: list[Suggestion]
    """Suggestions of the open map, newest last."""
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
    dismissed_count: int
    """How many findings of this revision are hidden."""


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


class SuggestionChanged(Update):
    """A suggestion is new, or its state changed."""

    type: Literal["suggestion"] = "suggestion"
    suggestion: Suggestion
    """The suggestion as it is now, with all its objects."""


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
    | JobChanged
    | PassageAdded
    | SuggestionChanged
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
