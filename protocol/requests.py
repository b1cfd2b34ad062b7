"""What a client may send: `hello`, then requests.

Requests carry a `request_id` of the client's choice, unique within the connection, and get exactly
one `reply`. Values out of range are refused, not clamped.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from protocol.base import Id, TimeMs, Wire
from protocol.review import LevelName
from protocol.values import Aspect

Seed = Annotated[int, Field(ge=0, lt=2**31)]
"""Same seed, same result."""

Stars = Annotated[float, Field(ge=0, le=12)]
"""A star rating."""


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

    difficulty: Stars | None = None
    """Star rating to aim for; null means the map's own."""
    seed: Seed | None = None
    """Same seed, same result; null lets the daemon choose."""
    guidance: Annotated[float, Field(ge=1, le=10)] = 1.0
    """Classifier-free guidance scale; 1 is off."""
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.8
    """Sampling temperature; 0 always takes the likeliest."""
    replace: Literal["all", "rhythm", "positions", "hitsounds"] = "all"
    """What of the existing objects is replaced."""
    keep: tuple[Aspect, ...] = ()
    """What of them stays; says the same the other way round, so that `replace` then is `all`."""
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


class HitsoundOptions(Wire):
    """How to choose hitsounds."""

    seed: Seed | None = None
    """Same seed, same result; null lets the daemon choose."""
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.8
    """Sampling temperature; 0 always takes the likeliest."""
    variants: Annotated[int, Field(ge=1, le=4)] = 1
    """How many alternatives."""


class ChooseHitsounds(Request):
    """Starts choosing the hitsounds of existing objects anew; nothing else of them changes.

    The reply names its job and suggestion, which is accepted like that of `regenerate`.
    """

    type: Literal["choose_hitsounds"] = "choose_hitsounds"
    base_revision: int
    """The revision it was asked for."""
    start_ms: TimeMs | None = None
    """Start of the range; null begins with the first object."""
    end_ms: TimeMs | None = None
    """End of the range; null ends with the last object."""
    options: HitsoundOptions = HitsoundOptions()
    """How."""


class TimingOptions(Wire):
    """How to time a song by ear."""

    iterations: Annotated[int, Field(ge=1, le=1000)] | None = None
    """How many hearings super timing adds up; null is plain timing, one hearing."""
    seed: Seed | None = None
    """Same seed, same result; null lets the daemon choose."""
    leniency_ms: Annotated[float, Field(gt=0, le=100)] = 10.0
    """How far a beat may lie from its red line; less gives more red lines."""


class HearTiming(Request):
    """Starts timing the open map's song by ear. Nothing is written: a `timing` tells the result."""

    type: Literal["hear_timing"] = "hear_timing"
    options: TimingOptions = TimingOptions()
    """How."""


class ApplyTiming(Request):
    """Puts the red lines that were heard in the place of the map's own."""

    type: Literal["apply_timing"] = "apply_timing"
    timing_id: Id
    """The timing on show."""


Name = Annotated[str, Field(min_length=1, max_length=100)]
"""A difficulty's name."""

Descriptor = Annotated[str, Field(min_length=1, max_length=64)]
"""A word for what a map should be."""


class GuestOptions(Wire):
    """What a guest difficulty should be."""

    difficulty: Stars
    """Star rating to aim for."""
    name: Name | None = None
    """Its name; null makes one of its stars."""
    descriptors: tuple[Descriptor, ...] = ()
    """Words for what it should be, for models that know them."""
    seed: Seed | None = None
    """Same seed, same result; null lets the daemon choose."""
    guidance: Annotated[float, Field(ge=1, le=10)] = 1.0
    """Classifier-free guidance scale; 1 is off."""
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.8
    """Sampling temperature; 0 always takes the likeliest."""


class WriteGuest(Request):
    """Starts writing another difficulty of the set, from the open map's timing and settings.

    The job ends with a new file, which replaces none.
    """

    type: Literal["write_guest"] = "write_guest"
    base_revision: int
    """The revision it was asked for."""
    options: GuestOptions
    """What it should be."""


class MapOptions(Wire):
    """What a whole map of the song should be."""

    difficulty: Stars | None = None
    """Star rating to aim for; null leaves it to the model."""
    mode: Literal["osu", "taiko", "catch", "mania"] | None = None
    """The ruleset; null means the open map's."""
    key_count: Annotated[int, Field(ge=1, le=18)] | None = None
    """Number of columns, in osu!mania alone; null means the open map's, or 4."""
    name: Name | None = None
    """Its name; null makes one of its stars."""
    descriptors: tuple[Descriptor, ...] = ()
    """Words for what it should be, for models that know them."""
    seed: Seed | None = None
    """Same seed, same result; null lets the daemon choose."""
    guidance: Annotated[float, Field(ge=1, le=10)] = 1.0
    """Classifier-free guidance scale; 1 is off."""
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.9
    """Sampling temperature; 0 always takes the likeliest."""


class WriteMap(Request):
    """Starts writing a whole map of the open map's song, with its timing.

    The job ends with a new file, which replaces none.
    """

    type: Literal["write_map"] = "write_map"
    base_revision: int
    """The revision it was asked for."""
    options: MapOptions = MapOptions()
    """What it should be."""


class Cancel(Request):
    """Calls a job off."""

    type: Literal["cancel"] = "cancel"
    job_id: Id
    """The job."""


class TakePart(Request):
    """Makes a further variant of an offered suggestion, in which only a part is new.

    It is told with a `suggestion` before the reply, and accepted like the others.
    """

    type: Literal["take_part"] = "take_part"
    suggestion_id: Id
    """The suggestion."""
    variant: int
    """Which variant; none that is a part itself."""
    take: Aspect
    """What is taken of its objects; the rest stays as the map has it."""


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


class Restore(Request):
    """Shows a dismissed finding again."""

    type: Literal["restore"] = "restore"
    finding_id: Id
    """The finding."""


class DismissRule(Request):
    """Hides what a rule finds in all difficulties of the open mapset, also after a restart."""

    type: Literal["dismiss_rule"] = "dismiss_rule"
    code: Id
    """The findings' `code`; there has to be one now."""


class RestoreRule(Request):
    """Shows what a dismissed rule finds again."""

    type: Literal["restore_rule"] = "restore_rule"
    code: Id
    """The rule's code."""


class RestoreDismissed(Request):
    """Shows all dismissed findings of the open map again, and all rules dismissed in its set."""

    type: Literal["restore_dismissed"] = "restore_dismissed"


class SetLevel(Request):
    """Says how hard the open difficulty is meant to be; the rules judge it anew at once."""

    type: Literal["set_level"] = "set_level"
    level: LevelName | None
    """The level; null leaves it to the difficulty's name and star rating."""


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
    | ChooseHitsounds
    | HearTiming
    | ApplyTiming
    | WriteGuest
    | WriteMap
    | Cancel
    | TakePart
    | Accept
    | Reject
    | Undo
    | Rescan
    | ApplyFix
    | Dismiss
    | Restore
    | DismissRule
    | RestoreRule
    | RestoreDismissed
    | SetLevel
    | SetModdingOnly
    | AcknowledgeNotice
    | GetProvenance
)
"""Everything a client may send after `hello`."""

ClientMessage = Annotated[Hello | ClientRequest, Field(discriminator="type")]
"""Everything a client may send."""
