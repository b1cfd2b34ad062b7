"""The values inside messages that are no maps: findings, jobs, suggestions, states."""

from __future__ import annotations

from typing import Literal

from protocol.base import Id, TimeMs, Wire
from protocol.beatmaps import TimelineObject

Aspect = Literal["rhythm", "positions", "hitsounds"]
"""What can be told apart of objects: when they are and what kind of, where, and how they sound."""


class Support(Wire):
    """What the model says to a rule's finding: it is surprised by the same, too."""

    id: Id
    """Its id; it is a finding of its own once the rule's is dismissed or gone."""
    category: str
    """Group of checks."""
    message: str
    """What the model expected instead."""
    surprisal_bits: float | None
    """How surprised the model is."""


class Finding(Wire):
    """Something about the map worth a look."""

    id: Id
    """Stable: the same fault in the next revision has the same id."""
    source: Literal["rule", "model"]
    """Whether a rule that can be verified by hand says so, or the model's surprise does."""
    code: str
    """Which check, e.g. `unsnapped`."""
    rule: str
    """What the check is called."""
    category: str
    """Group of checks, for filters."""
    severity: Literal["problem", "warning", "minor", "suggestion"]
    """How grave, gravest first in this list."""
    start_ms: TimeMs
    """Where it begins."""
    end_ms: TimeMs
    """Where it ends; may equal `start_ms`."""
    objects_ms: list[int]
    """Start times of the objects concerned."""
    message: str
    """What is the matter and, for the model's findings, what it expected instead."""
    weight: float
    """Order of importance within a severity, larger is more important."""
    surprisal_bits: float | None
    """How surprised the model is; null for rules."""
    fix_label: str | None
    """What `apply_fix` would do, in a few words; null when there is no concrete edit."""
    fix_source: Literal["rule", "model"] | None
    """Who proposes that edit: what the model proposes is generated content. Null without one."""
    editor_link: str
    """`osu://edit/...` link that jumps the editor there."""
    file: str | None
    """The file that it is about, by its name within the mapset's folder; null for the open map and
    for the mapset as a whole."""
    support: list[Support]
    """Of a rule's finding: what the model finds surprising there, too, most surprising first."""


class ErrorInfo(Wire):
    """Why something failed."""

    code: str
    """Short name, e.g. `stale_edit`; the same as in the command line's JSON output."""
    message: str
    """What happened and what to do, for a mapper."""


class Job(Wire):
    """A piece of work for the model."""

    id: Id
    """Its id; `cancel` takes it."""
    kind: Literal["score", "regenerate", "hitsounds", "timing", "guest", "map"]
    """A MaiMod scan, or what is generated: a passage, hitsounds, a timing, a guest difficulty, a
    whole map of the song."""
    state: Literal["queued", "running", "done", "cancelled", "failed"]
    """`done`, `cancelled` and `failed` are final."""
    revision: int
    """The revision it works on."""
    done: int
    """Windows scanned, or milliseconds of song generated."""
    total: int
    """Windows to do; 0 while unknown."""
    request_id: Id | None
    """The client request that started it; null for scans after a save."""
    suggestion_id: Id | None
    """The suggestion it fills; null for scans."""
    file_name: str | None
    """The new file in the set's folder that it wrote, once it is done."""
    note: str | None
    """What it is at, what came of it, or why it runs, when that is not obvious, e.g. that the star
    rating moved so far that the whole song has to be scored anew."""
    error: ErrorInfo | None
    """Why it failed."""


class GenerationSettings(Wire):
    """What a suggestion was generated with."""

    difficulty: float | None
    """Star rating asked for; null means the map's own."""
    seed: int
    """Seed, chosen by the daemon when the request had none."""
    guidance: float
    """Classifier-free guidance scale."""
    temperature: float
    """Sampling temperature."""
    replace: Literal["all", "rhythm", "positions", "hitsounds"]
    """What of the existing objects is replaced."""
    kept: list[Aspect]
    """What of them stays, in whichever way that was asked for."""
    change_green_lines: bool
    """Whether green lines in the range may change."""


class Variant(Wire):
    """One generated alternative of a suggestion."""

    variant: int
    """Its number, from 0."""
    objects: list[TimelineObject]
    """The objects so far, in time order."""
    part_of: int | None
    """The variant that it takes a part of; null for one that was generated."""
    part: Aspect | None
    """What it takes of that."""
    mean_logprob: float | None
    """Mean natural log probability of its tokens: how sure the model was. Null before the first
    passage."""
    changed: int
    """How many of these objects do not stand in the map like this."""
    findings: list[Finding] | None
    """What the rules would find within the range if it was accepted, and do not find now. Null as
    long as they have not looked at it."""


class Suggestion(Wire):
    """A generated passage on offer."""

    id: Id
    """Its id; `accept` and `reject` take it."""
    request_id: Id
    """The request that asked for it."""
    base_revision: int
    """The revision it was generated for."""
    start_ms: TimeMs
    """Start of the range, snapped outward to a beat."""
    end_ms: TimeMs
    """End of the range, snapped outward to a beat."""
    settings: GenerationSettings
    """What it was generated with."""
    state: Literal["generating", "offered", "accepted", "rejected", "stale", "failed", "cancelled"]
    """`offered` once all its passages are there and the rules have looked at them; only `offered`
    can be accepted. `stale` means that the map moved on under it."""
    reason: str | None
    """Why it is stale or failed, in plain words."""
    accepted_variant: int | None
    """Which variant is in the file now."""
    ranking: list[int]
    """Variant numbers, best first: those that bring problems last, and else judged by what follows
    the range. Empty while unknown."""
    variants: list[Variant]
    """The alternatives, in order of variant number."""


class ModelState(Wire):
    """The model and whether it is in memory."""

    state: Literal["absent", "loading", "ready", "unloaded", "failed"]
    """`absent`: there is no checkpoint; `unloaded`: it will be loaded when needed."""
    name: str | None
    """Its name."""
    family: str | None
    """Which family of checkpoints it belongs to."""
    n_parameters: int | None
    """Number of weights."""
    digest: str | None
    """Digest of its weights, as in the provenance journal."""
    error: ErrorInfo | None
    """Why it could not be loaded."""


class UndoState(Wire):
    """What `undo` would do."""

    available: bool
    """Whether there is something to undo on the open map."""
    depth: int
    """How many steps can be undone, one after the other."""
    description: str | None
    """What the next undo takes back, e.g. `Regenerated 00:12:340 - 00:18:200`."""


class FairUseNotice(Wire):
    """The ranking criteria's AI policy in plain words."""

    title: str
    """Headline."""
    paragraphs: list[str]
    """The text."""
    link: str
    """Where the policy itself can be read."""


class FairUse(Wire):
    """Whether generating is allowed here."""

    modding_only_global: bool
    """The switch for all maps."""
    modding_only_mapset: bool
    """The switch for the open mapset."""
    notice_acknowledged: bool
    """Whether the notice has been read; generating is refused before."""
    can_generate: bool
    """Whether a generating action would be let through now."""
    notice: FairUseNotice
    """The text to show before the first generating action."""


class Problem(Wire):
    """Something that is wrong until it is cleared."""

    code: str
    """Short name; one problem per code at a time."""
    message: str
    """What is wrong and what to do, for a mapper."""


class ProvenanceEntry(Wire):
    """One record of the provenance journal."""

    date: str
    """When, ISO 8601 in UTC."""
    action: str
    """What was done: `accepted` or `undone`, for example."""
    file_name: str
    """The map's file name."""
    start_ms: TimeMs
    """Start of the range."""
    end_ms: TimeMs
    """End of the range."""
    model: str
    """Name of the model."""
    model_digest: str
    """Digest of its weights."""
    seed: int
    """The seed."""
