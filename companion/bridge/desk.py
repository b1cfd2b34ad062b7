"""Answers clients' requests: each protocol request as what it does to the session."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from companion.beatmap import TimeRange
from companion.bridge import wire
from companion.checks import level_called, run_checks
from companion.engine.difficulty_wish import DifficultyWish
from companion.engine.guest import GuestWish
from companion.engine.requests import RegenerateOptions, TimingOptions
from companion.engine.seeds import chosen_seed
from companion.errors import RequestError
from companion.journal import disclosure, map_key
from protocol import messages

if TYPE_CHECKING:
    from companion.bridge.conductor import Conductor
    from companion.suggestions import Suggestion
    from protocol.messages import ClientRequest, ServerUpdate

MODES_BY_NAME: Final = {name: mode for mode, name in wire.MODES.items()}

RELOAD_NOTE: Final = (
    "Written. Press Ctrl+L in the editor to load it; saving in the editor before that would "
    "overwrite it."
)


class RequestDesk:
    """The desk that connections bring their requests to; one request at a time."""

    def __init__(self, conductor: Conductor) -> None:
        self._conductor = conductor
        self._session = conductor.session
        self._journal = conductor.journal
        self._scribe = conductor.scribe

    def snapshot(self) -> messages.Snapshot:
        """The whole state."""
        return self._conductor.wire.snapshot()

    async def answer(self, request: ClientRequest) -> tuple[ServerUpdate, ...]:
        """Carry a request out; gives what this client alone gets, the reply last.

        Raises:
            CompanionError: it is refused.
        """
        async with self._conductor.turn:
            try:
                return await self._carry_out(request)
            finally:
                self._conductor.hand_out()

    async def _carry_out(self, request: ClientRequest) -> tuple[ServerUpdate, ...]:  # noqa: C901
        session = self._session
        reply = messages.Reply(request_id=request.request_id, ok=True)
        match request:
            case messages.GetSnapshot():
                return self.snapshot(), reply
            case messages.SelectMap(map_id=map_id):
                await self._conductor.pick(self._conductor.atlas.path_of(map_id))
            case messages.FollowEditor():
                await self._conductor.pick(None)
            case messages.Regenerate():
                return (self._regenerate(request, reply),)
            case messages.ChooseHitsounds():
                return (self._choose_hitsounds(request, reply),)
            case messages.HearTiming():
                return (self._hear_timing(request, reply),)
            case messages.ApplyTiming(timing_id=timing_id):
                await self._scribe.apply_timing(timing_id)
                return (reply.model_copy(update={"note": RELOAD_NOTE}),)
            case messages.WriteGuest():
                job_id = await self._write_guest(request)
                return (reply.model_copy(update={"job_id": job_id}),)
            case messages.WriteMap():
                job_id = await self._write_map(request)
                return (reply.model_copy(update={"job_id": job_id}),)
            case messages.Cancel(job_id=job_id):
                session.cancel(job_id)
            case messages.TakePart():
                session.take_part(request.suggestion_id, request.variant, request.take)
            case messages.Accept():
                await self._scribe.accept(request.suggestion_id, request.variant)
                return (reply.model_copy(update={"note": RELOAD_NOTE}),)
            case messages.Reject(suggestion_id=suggestion_id):
                session.reject(suggestion_id)
            case messages.Undo():
                await self._scribe.undo()
                return (reply.model_copy(update={"note": RELOAD_NOTE}),)
            case messages.Rescan():
                return (reply.model_copy(update={"job_id": session.rescan()}),)
            case messages.ApplyFix():
                await self._scribe.apply_fix(request.finding_id, request.base_revision)
                return (reply.model_copy(update={"note": RELOAD_NOTE}),)
            case messages.Dismiss(finding_id=finding_id):
                session.dismiss(finding_id)
            case messages.Restore(finding_id=finding_id):
                session.restore(finding_id)
            case messages.DismissRule(code=code):
                session.dismiss_rule(code)
            case messages.RestoreRule(code=code):
                session.restore_rule(code)
            case messages.RestoreDismissed():
                session.restore_dismissed()
            case messages.SetLevel():
                await self._set_level(request)
            case messages.SetModdingOnly():
                self._set_modding_only(request)
            case messages.AcknowledgeNotice():
                self._acknowledge_notice()
            case messages.GetProvenance():
                return await self._provenance(), reply
        return (reply,)

    def _regenerate(
        self, request: messages.Regenerate, reply: messages.Reply
    ) -> messages.ServerUpdate:
        wanted = request.options
        suggestion = self._session.regenerate(
            request.request_id,
            request.base_revision,
            TimeRange(request.start_ms, request.end_ms),
            RegenerateOptions(
                difficulty=wanted.difficulty,
                seed=chosen_seed(wanted.seed),
                guidance=wanted.guidance,
                temperature=wanted.temperature,
                replace=wanted.replace,
                keep=frozenset(wanted.keep),
                change_green_lines=wanted.change_green_lines,
                variants=wanted.variants,
            ),
        )
        return _started(reply, suggestion)

    def _choose_hitsounds(
        self, request: messages.ChooseHitsounds, reply: messages.Reply
    ) -> messages.ServerUpdate:
        wanted = request.options
        suggestion = self._session.choose_hitsounds(
            request.request_id,
            request.base_revision,
            request.start_ms,
            request.end_ms,
            RegenerateOptions(
                seed=chosen_seed(wanted.seed),
                temperature=wanted.temperature,
                variants=wanted.variants,
            ),
        )
        return _started(reply, suggestion)

    def _hear_timing(self, request: messages.HearTiming, reply: messages.Reply) -> messages.Reply:
        wanted = request.options
        options = TimingOptions(wanted.iterations, chosen_seed(wanted.seed), wanted.leniency_ms)
        job_id = self._session.hear_timing(request.request_id, options)
        return reply.model_copy(update={"job_id": job_id})

    async def _write_guest(self, request: messages.WriteGuest) -> str:
        wanted = request.options
        wish = GuestWish(
            difficulty=wanted.difficulty,
            name=wanted.name,
            seed=chosen_seed(wanted.seed),
            guidance=wanted.guidance,
            temperature=wanted.temperature,
            descriptors=wanted.descriptors,
        )
        taken = await self._scribe.names_in_set()
        return self._session.write_guest(request.request_id, request.base_revision, wish, taken)

    async def _write_map(self, request: messages.WriteMap) -> str:
        wanted = request.options
        wish = DifficultyWish(
            mode=None if wanted.mode is None else MODES_BY_NAME[wanted.mode],
            keycount=wanted.key_count,
            difficulty=wanted.difficulty,
            name=wanted.name,
            descriptors=wanted.descriptors,
            seed=chosen_seed(wanted.seed),
            guidance=wanted.guidance,
            temperature=wanted.temperature,
        )
        taken = await self._scribe.names_in_set()
        return self._session.write_map(request.request_id, request.base_revision, wish, taken)

    async def _set_level(self, request: messages.SetLevel) -> None:
        """Nothing is saved meanwhile: the turn is held."""
        revision = self._session.revision
        if revision is None:
            raise RequestError("No map is open, so there is none to say the level of.")
        level = level_called(request.level)
        findings = await asyncio.to_thread(run_checks, revision.document, level)
        self._session.set_level(level, findings)

    def _set_modding_only(self, request: messages.SetModdingOnly) -> None:
        """Turned on: first the switch, then the disk. Turned off: the other way round."""
        stored = self._journal.fair_use()
        everywhere = request.scope == "global"
        if everywhere:
            stored = replace(stored, modding_only_global=request.enabled)
        else:
            open_map = self._session.open_map
            if open_map is None:
                raise RequestError("No map is open, so there is no mapset to switch this for.")
            key = map_key(open_map.folder)
            others = stored.modding_only_mapsets - {key}
            stored = replace(
                stored, modding_only_mapsets=others | {key} if request.enabled else others
            )
        if request.enabled:
            self._session.set_modding_only(everywhere=everywhere, enabled=True)
        self._journal.keep_fair_use(stored)
        if not request.enabled:
            self._session.set_modding_only(everywhere=everywhere, enabled=False)

    def _acknowledge_notice(self) -> None:
        stored = self._journal.fair_use()
        now = datetime.now(UTC).isoformat(timespec="seconds")
        self._journal.keep_fair_use(replace(stored, notice_acknowledged=now))
        self._session.acknowledge_notice()

    async def _provenance(self) -> messages.Provenance:
        open_map = self._session.open_map
        if open_map is None:
            raise RequestError("No map is open. Open one to see its provenance journal.")
        records = await asyncio.to_thread(self._journal.provenance, open_map.path)
        return messages.Provenance(
            entries=[wire.provenance_entry(record) for record in records],
            disclosure=disclosure(records),
        )


def _started(reply: messages.Reply, suggestion: Suggestion) -> messages.Reply:
    return reply.model_copy(update={"job_id": suggestion.job_id, "suggestion_id": suggestion.id})
