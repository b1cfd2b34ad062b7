"""The scripted mapper: works on the demo map as a person would, and times what comes back.

Saves an edit, watches the findings change, regenerates ten seconds, accepts, undoes, and takes the
edit back. Every step is checked; in the end the file has to be what it was, byte for byte.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from companion.demo.client import connected
from companion.errors import DemoFailed
from companion.findings import timestamp
from protocol.messages import (
    Accept,
    AcknowledgeNotice,
    FindingsDelta,
    GetSnapshot,
    JobChanged,
    MapRevised,
    PassageAdded,
    Regenerate,
    RegenerateOptions,
    Snapshot,
    SuggestionChanged,
    Undo,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from companion.demo.client import DaemonClient
    from protocol.beatmaps import MapState
    from protocol.messages import ServerMessage
    from protocol.values import Finding, Suggestion

UNSNAPPED: Final = b",11009,"
SNAPPED: Final = b",11000,"
"""The edit: the planted circle that is 9 ms late goes back to its beat."""

UNSNAPPED_CODE: Final = "unsnapped_object"

SECTION_MS: Final = (26_800, 36_800)
"""Ten seconds of the first chorus."""

SEED: Final = 727
MODEL_PATIENCE_S: Final = 240.0
"""A scan of the whole song may take so long on a slow machine that has other work."""


@dataclass(frozen=True, slots=True)
class Timing:
    """How long one thing took."""

    what: str
    ms: float


class ScriptedMapper:
    """Plays the script once.

    Args:
        map_path: The demo map that the daemon has open.
        say: Takes every line that is told to whoever watches.
    """

    def __init__(self, map_path: Path, say: Callable[[str], None]) -> None:
        self.map_path = map_path
        self.timings: list[Timing] = []
        self._say = say
        self._findings: dict[str, Finding] = {}

    async def play(self, port: int, token: str) -> list[Timing]:
        """Play the script against the daemon on this port.

        Raises:
            DemoFailed: A step did not go as it should; the message says which and why.
        """
        original = self._read()
        async with connected(port, token) as client:
            client.listeners.append(self._follow)
            await self._open(client)
            edited = await self._save_edit(client, original)
            suggestion = await self._regenerate(client)
            await self._accept(client, suggestion, edited)
            await self._undo(client, edited)
            await self._take_edit_back(client, original)
        return self.timings

    # ------------------------------------------------------------------ the steps

    async def _open(self, client: DaemonClient) -> None:
        """Wait until the map is open and scanned once."""
        mark, started = client.mark, time.perf_counter()
        await client.ask(GetSnapshot(request_id=client.new_id()))

        def opened(message: ServerMessage) -> MapState | None:
            return message.map if isinstance(message, Snapshot | MapRevised) else None

        _, state = await client.wait_for(opened, "open map", mark)
        self._say(
            f"open: {state.artist} - {state.title} [{state.difficulty_name}], "
            f"{state.star_rating or 0:.2f} stars, {len(state.timeline.objects)} objects"
        )
        at = await self._scan_ended(client, state.revision, mark)
        self._time("first scan, loading the model included", started, at)
        rules = sum(finding.source == "rule" for finding in self._findings.values())
        self._say(f"findings: {rules} by rules, {len(self._findings) - rules} by the model")

    async def _save_edit(self, client: DaemonClient, original: bytes) -> bytes:
        """Fix the planted circle in the file, as Ctrl+S in the editor would."""
        if original.count(UNSNAPPED) != 1:
            raise DemoFailed("The demo map is not the one that this demo was written for.")
        edited = original.replace(UNSNAPPED, SNAPPED)
        before = dict(self._findings)
        self._say("save: the unsnapped circle at 00:11:009 moves to its beat")
        mark, started = client.mark, time.perf_counter()
        self.map_path.write_bytes(edited)
        at, revision = await self._revision(client, mark, "editor")
        at, _ = await client.wait_for(
            lambda m: m if isinstance(m, FindingsDelta) and m.revision == revision else None,
            "findings for the save",
            mark,
        )
        self._time("save to the rules' findings", started, at)
        if any(finding.code == UNSNAPPED_CODE for finding in self._rules()):
            raise DemoFailed("The circle was moved, but a rule still complains about it.")
        at = await self._scan_ended(client, revision, mark)
        self._time("save to the model's last finding", started, at)
        self._say_difference(before)
        return edited

    async def _regenerate(self, client: DaemonClient) -> Suggestion:
        """Ask for ten new seconds and watch them come."""
        await client.ask(AcknowledgeNotice(request_id=client.new_id()))
        snapshot_mark = client.mark
        await client.ask(GetSnapshot(request_id=client.new_id()))
        _, state = await client.wait_for(
            lambda m: m.map if isinstance(m, Snapshot) else None, "snapshot", snapshot_mark
        )
        start_ms, end_ms = SECTION_MS
        self._say(f"regenerate: {timestamp(start_ms)} - {timestamp(end_ms)}, seed {SEED}")
        mark, started = client.mark, time.perf_counter()
        reply = await client.ask(
            Regenerate(
                request_id=client.new_id(),
                base_revision=state.revision,
                start_ms=start_ms,
                end_ms=end_ms,
                options=RegenerateOptions(seed=SEED),
            )
        )
        at, _ = await client.wait_for(
            lambda m: m if isinstance(m, PassageAdded) and m.objects else None,
            "generated object",
            mark,
            MODEL_PATIENCE_S,
        )
        self._time("regenerate to the first objects", started, at)

        def ended(message: ServerMessage) -> Suggestion | None:
            if not isinstance(message, SuggestionChanged):
                return None
            suggestion = message.suggestion
            over = suggestion.id == reply.suggestion_id and suggestion.state != "generating"
            return suggestion if over else None

        at, suggestion = await client.wait_for(ended, "suggestion", mark, MODEL_PATIENCE_S)
        self._time("regenerate to the whole section", started, at)
        if suggestion.state != "offered":
            reason = suggestion.reason or "no reason given"
            raise DemoFailed(f"The section is {suggestion.state} instead of offered: {reason}")
        return suggestion

    async def _accept(self, client: DaemonClient, suggestion: Suggestion, edited: bytes) -> None:
        """Take the section over into the file."""
        mark, started = client.mark, time.perf_counter()
        reply = await client.ask(Accept(request_id=client.new_id(), suggestion_id=suggestion.id))
        self._time("accept to the file written", started, time.perf_counter())
        written = self._read()
        _check_splice(edited, written, suggestion.start_ms, suggestion.end_ms)
        await self._revision(client, mark, "companion")
        objects = len(suggestion.variants[0].objects)
        self._say(f"accept: {objects} objects. {reply.note or ''}".rstrip())

    async def _undo(self, client: DaemonClient, edited: bytes) -> None:
        """Take the section out again."""
        mark, started = client.mark, time.perf_counter()
        await client.ask(Undo(request_id=client.new_id()))
        self._time("undo to the file restored", started, time.perf_counter())
        if self._read() != edited:
            raise DemoFailed("After the undo the file is not what it was before the accept.")
        await self._revision(client, mark, "companion")
        self._say("undo: the file is what it was before, byte for byte")

    async def _take_edit_back(self, client: DaemonClient, original: bytes) -> None:
        """Save the map as it was in the beginning."""
        mark = client.mark
        self.map_path.write_bytes(original)
        await self._revision(client, mark, "editor")
        if self._read() != original:
            raise DemoFailed("In the end the file is not what it was in the beginning.")
        self._say("end: the file is what it was in the beginning, byte for byte")

    # ------------------------------------------------------------------ what is waited for

    async def _revision(self, client: DaemonClient, mark: int, origin: str) -> tuple[float, int]:
        def revised(message: ServerMessage) -> int | None:
            if not isinstance(message, MapRevised) or message.map is None:
                return None
            return message.map.revision if message.map.origin == origin else None

        return await client.wait_for(revised, f"new revision by the {origin}", mark)

    async def _scan_ended(self, client: DaemonClient, revision: int, mark: int) -> float:
        """When the model's scan of a revision ended; fails when the scan did."""

        def ended(message: ServerMessage) -> str | None:
            jobs = message.jobs if isinstance(message, Snapshot) else ()
            jobs = (message.job,) if isinstance(message, JobChanged) else jobs
            for job in jobs:
                if job.kind == "score" and job.revision == revision and job.state == "failed":
                    reason = job.error.message if job.error else "no reason given"
                    raise DemoFailed(f"The model's scan failed: {reason}")
                if job.kind == "score" and job.revision == revision and job.state == "done":
                    return job.id
            return None

        at, _ = await client.wait_for(ended, "end of the model's scan", mark, MODEL_PATIENCE_S)
        return at

    def _follow(self, message: ServerMessage) -> None:
        """Keep the findings, and tell of objects while they are generated."""
        match message:
            case Snapshot():
                self._findings = {finding.id: finding for finding in message.findings}
            case FindingsDelta():
                self._findings.update({finding.id: finding for finding in message.added})
                for finding_id in message.removed_ids:
                    self._findings.pop(finding_id, None)
                if message.added or message.removed_ids:
                    added, removed = len(message.added), len(message.removed_ids)
                    self._say(f"  findings of revision {message.revision}: +{added} -{removed}")
            case PassageAdded():
                span = f"{timestamp(message.start_ms)} - {timestamp(message.end_ms)}"
                self._say(f"  passage {span}: {len(message.objects)} objects")
            case _:
                pass

    def _rules(self) -> list[Finding]:
        return [finding for finding in self._findings.values() if finding.source == "rule"]

    def _say_difference(self, before: dict[str, Finding]) -> None:
        now = self._findings
        for sign, those, others in (("-", before, now), ("+", now, before)):
            for finding_id, finding in those.items():
                if finding_id not in others:
                    self._say(f"  {sign} {timestamp(finding.start_ms)} {finding.message}")

    def _time(self, what: str, started_s: float, ended_s: float) -> None:
        self.timings.append(Timing(what, max(0.0, ended_s - started_s) * 1000))

    def _read(self) -> bytes:
        try:
            return self.map_path.read_bytes()
        except OSError as error:
            raise DemoFailed(f"The demo map cannot be read: {error}.") from error


def table(timings: list[Timing]) -> str:
    """The timings, one line each."""
    width = max(len(timing.what) for timing in timings)
    return "\n".join(f"{timing.what:<{width}}  {_duration(timing.ms):>9}" for timing in timings)


def _duration(ms: float) -> str:
    return f"{ms:.0f} ms" if ms < 1000 else f"{ms / 1000:.2f} s"


def _check_splice(before: bytes, after: bytes, start_ms: int, end_ms: int) -> None:
    """Only hit objects that start in the section may have changed."""
    if before == after:
        raise DemoFailed("The section was accepted, but the file has not changed.")
    old, new = _outside(before, start_ms, end_ms), _outside(after, start_ms, end_ms)
    if old != new:
        raise DemoFailed("Accepting the section changed lines outside of it.")


def _outside(data: bytes, start_ms: int, end_ms: int) -> list[bytes]:
    head, _, objects = data.partition(b"[HitObjects]")
    kept = [head]
    for line in objects.splitlines(keepends=True):
        fields = line.split(b",")
        if len(fields) < 4 or not start_ms <= int(fields[2]) < end_ms:
            kept.append(line)
    return kept
