"""A real daemon over loopback: saves, findings, suggestions, writes, undo."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace

import pytest

from companion.daemon import Daemon
from companion.engine.fake import FakeEngine
from companion.engine.requests import RegenerateRequest
from companion.errors import PortInUse
from protocol import messages as m


async def _generated(client, *, start_ms=5000, end_ms=9000, **options):
    """A suggestion on offer."""
    await client.ask(m.AcknowledgeNotice)
    reply = await client.ask(
        m.Regenerate,
        base_revision=client.map.revision,
        start_ms=start_ms,
        end_ms=end_ms,
        options=m.RegenerateOptions(seed=1, **options),
    )
    assert reply.ok, reply.error
    return await client.offered(reply.suggestion_id)


async def _part(client, suggestion, take):
    return await client.ask(m.TakePart, suggestion_id=suggestion.id, variant=0, take=take)


async def test_snapshot_shows_the_open_map(start, join, mapset):
    async with start() as daemon, join(daemon) as client:
        assert client.map.title == "Song"
        assert client.map.file_name == mapset.map.name
        assert client.map.revision == 1
        assert len(client.map.timeline.objects) == 40
        assert client.map.timeline.length_ms == 30_000
        assert client.map.detection.probe == "given"
        assert client.problems == {}


async def test_a_save_brings_rule_findings_then_model_findings(start, join, mapset):
    async with start() as daemon, join(daemon) as client:
        await client.scanned()
        mapset.save(moved={10: 37})
        await client.until(lambda c: c.map.revision == 2)
        await client.scanned()
        sources = {f.source for f in client.findings.values()}
        assert sources == {"rule", "model"}
        rules = [i for i, s in enumerate(client.seen) if _adds(s, "rule")]
        model = [i for i, s in enumerate(client.seen) if _adds(s, "model")]
        assert rules[0] < model[0]


async def test_what_a_rule_explains_of_the_models_is_one_finding(start, join, mapset):
    mapset.save(moved={10: 37})
    engine = FakeEngine()
    engine.code = "maimod.snap"
    async with start(engine) as daemon, join(daemon) as client:
        unsnapped = await client.until(
            lambda c: next((f for f in c.findings.values() if f.support), None)
        )
        assert {f.source for f in client.findings.values()} == {"rule"}
        [surprise] = unsnapped.support
        assert (unsnapped.code, unsnapped.fix_source) == ("unsnapped_object", "rule")
        assert surprise.surprisal_bits == 37.0
        await client.ask(m.Dismiss, finding_id=unsnapped.id)
        assert client.findings[surprise.id].source == "model"
        await client.ask(m.RestoreDismissed)
        assert surprise.id not in client.findings


async def test_a_finding_names_its_file_within_the_set(start, join, mapset):
    (mapset.folder / "sb").mkdir()
    (mapset.folder / "sb" / "left over.png").write_bytes(b"1")
    async with start() as daemon, join(daemon) as client:
        await client.until(lambda c: any(f.code == "unused_file" for f in c.findings.values()))
        files = {f.code: f.file for f in client.findings.values()}
        assert files["unused_file"] == "sb/left over.png"
        # a rule about the set that is about the open map
        assert files["preview_time"] is None
        assert str(mapset.folder) not in "".join(
            f.model_dump_json() for f in client.findings.values()
        )


def _adds(message, source):
    return isinstance(message, m.FindingsDelta) and any(f.source == source for f in message.added)


def _telling(client, start_ms):
    """The delta with a finding on the object at this time."""
    deltas = (message for message in client.seen if isinstance(message, m.FindingsDelta))
    return next((d for d in deltas if any(f.objects_ms == [start_ms] for f in d.added)), None)


async def test_the_set_is_checked_after_the_map_and_after_every_save(start, join, mapset):
    def found(client, code):
        return code in {finding.code for finding in client.findings.values()}

    async with start() as daemon, join(daemon) as client:
        await client.until(lambda c: found(c, "preview_time"))
        assert not found(client, "unused_file")
        (mapset.folder / "junk.txt").write_bytes(b"1")
        mapset.save(moved={10: 37})
        await client.until(lambda c: found(c, "unused_file"))
        (mapset.folder / "junk.txt").unlink()
        mapset.save(moved={10: 38})
        await client.until(lambda c: not found(c, "unused_file"))


async def test_an_unchanged_save_is_no_revision(start, join, mapset):
    async with start() as daemon, join(daemon) as client:
        await client.scanned()
        mapset.save()
        mapset.save(moved={3: 40})
        delta = await client.until(lambda c: _telling(c, 2540))
        assert delta.revision == 2


async def test_atomic_replacement_is_seen(start, join, mapset, new_map):
    async with start() as daemon, join(daemon) as client:
        other = mapset.folder / "save.tmp"
        other.write_bytes(new_map(moved={3: 40}))
        other.replace(mapset.map)
        await client.until(lambda c: c.map.revision == 2)
        assert client.problems == {}


async def test_accepting_splices_and_undo_restores_every_byte(start, join, mapset):
    before = mapset.map.read_bytes()
    async with start() as daemon, join(daemon) as client:
        suggestion = await _generated(client, variants=2)
        assert (suggestion.start_ms, suggestion.end_ms) == (5000, 9000)
        assert len(suggestion.variants) == 2
        reply = await client.ask(m.Accept, suggestion_id=suggestion.id, variant=1)
        assert reply.ok
        assert "Ctrl+L" in reply.note
        written = mapset.map.read_bytes()
        assert written != before
        assert client.map.revision == 2
        assert client.map.origin == "companion"
        assert client.suggestions[suggestion.id].state == "accepted"
        assert client.undo.depth == 1
        # Everything outside the range is as it was.
        old, new = before.split(b"\r\n"), written.split(b"\r\n")
        outside = [line for line in old if not _in_range(line)]
        assert [line for line in new if not _in_range(line)] == outside
        reply = await client.ask(m.Undo)
        assert reply.ok
        assert mapset.map.read_bytes() == before
        assert client.undo.available is False


def _in_range(line):
    fields = line.split(b",")
    return len(fields) > 5 and fields[2].isdigit() and 5000 <= int(fields[2]) < 9000


class UnsnappedFirst(FakeEngine):
    """Puts an object of its first variant off the beat."""

    def regenerate(self, request, token):
        for passage in super().regenerate(request, token):
            first = passage.variant == 0 and passage.range.start_ms == request.range.start_ms
            line = b"256,192,%d,1,0,0:0:0:0:" % (request.range.start_ms + 60)
            yield replace(passage, lines=(line, *passage.lines[1:])) if first else passage


async def test_a_variant_comes_with_what_the_rules_would_find(start, join):
    async with start(UnsnappedFirst()) as daemon, join(daemon) as client:
        suggestion = await _generated(client, variants=2)
        first, second = suggestion.variants
        [problem] = [f for f in first.findings if f.severity == "problem"]
        assert (problem.code, problem.source, problem.start_ms) == (
            "unsnapped_object",
            "rule",
            5060,
        )
        assert (problem.fix_label, problem.editor_link) == (None, "")
        assert not [f for f in second.findings if f.severity == "problem"]
        assert suggestion.ranking == [1, 0]  # the fake prefers the first
        assert problem.id not in client.findings
        states = [s.suggestion for s in client.seen if isinstance(s, m.SuggestionChanged)]
        assert [s.state for s in states] == ["generating", "offered"]
        await client.ask(m.Accept, suggestion_id=suggestion.id, variant=0)
        assert problem.id in client.findings


async def test_a_part_of_the_map_is_kept_and_a_part_of_a_variant_taken(start, join, mapset):
    engine = FakeEngine()
    before = mapset.map.read_bytes()
    async with start(engine) as daemon, join(daemon) as client:
        suggestion = await _generated(client, keep=("rhythm",))
        assert suggestion.settings.kept == ["rhythm"]
        request = engine.requests[-1]
        assert isinstance(request, RegenerateRequest)
        assert request.options.keep == {"rhythm"}
        reply = await _part(client, suggestion, "rhythm")
        assert reply.error.code == "option_refused"
        suggestion = await _generated(client)
        assert (await _part(client, suggestion, "positions")).ok
        (_, part) = client.suggestions[suggestion.id].variants
        assert (part.variant, part.part_of, part.part) == (1, 0, "positions")
        assert len(part.objects) == 8
        await client.until(lambda c: c.suggestions[suggestion.id].variants[1].findings is not None)
        assert (await client.ask(m.Accept, suggestion_id=suggestion.id, variant=1)).ok
        lines = zip(before.split(b"\r\n"), mapset.map.read_bytes().split(b"\r\n"), strict=True)
        changed = [(old.split(b","), new.split(b",")) for old, new in lines if old != new]
        assert changed
        assert all(old[2:] == new[2:] for old, new in changed)
        assert client.undo.description.startswith("New positions 00:05:000")
        await client.ask(m.Undo)
        refused = await client.ask(
            m.Regenerate,
            base_revision=client.map.revision,
            start_ms=5000,
            end_ms=9000,
            options=m.RegenerateOptions(keep=("rhythm",), replace="positions"),
        )
        assert refused.error.code == "option_refused"
    assert mapset.map.read_bytes() == before


async def test_the_companions_own_write_is_one_revision(start, join, mapset):
    async with start() as daemon, join(daemon) as client:
        suggestion = await _generated(client)
        await client.ask(m.Accept, suggestion_id=suggestion.id, variant=0)
        data = mapset.map.read_bytes()
        mapset.map.write_bytes(data + b"// a comment\r\n")
        await client.until(lambda c: c.map.origin == "editor" and c.map.revision > 1)
        assert client.map.revision == 3


async def test_undo_survives_a_restart(start, join, mapset):
    before = mapset.map.read_bytes()
    async with start() as daemon, join(daemon) as client:
        suggestion = await _generated(client)
        await client.ask(m.Accept, suggestion_id=suggestion.id)
    async with start() as daemon, join(daemon) as client:
        assert client.undo.description.startswith("Regenerated 00:05:000")
        assert (await client.ask(m.Undo)).ok
    assert mapset.map.read_bytes() == before


async def test_undo_keeps_what_the_mapper_saved_since(start, join, mapset):
    before = mapset.map.read_bytes()
    async with start() as daemon, join(daemon) as client:
        suggestion = await _generated(client)
        await client.ask(m.Accept, suggestion_id=suggestion.id)
        edited = mapset.map.read_bytes().replace(b",20000,", b",20010,")
        mapset.map.write_bytes(edited)
        await client.until(lambda c: c.map.revision == 3)
        assert (await client.ask(m.Undo)).ok
    assert mapset.map.read_bytes() == before.replace(b",20000,", b",20010,")


async def test_taking_it_back_in_the_editor_leaves_nothing_to_undo(start, join, mapset):
    before = mapset.map.read_bytes()
    async with start() as daemon, join(daemon) as client:
        suggestion = await _generated(client)
        await client.ask(m.Accept, suggestion_id=suggestion.id)
        assert client.undo.available
        mapset.map.write_bytes(before)
        await client.until(lambda c: not c.undo.available)


async def test_a_suggestion_survives_a_save_elsewhere(start, join, mapset):
    async with start() as daemon, join(daemon) as client:
        suggestion = await _generated(client)
        mapset.save(moved={35: 40})
        await client.until(lambda c: c.map.revision == 2)
        reply = await client.ask(m.Accept, suggestion_id=suggestion.id)
        assert reply.ok
        assert b",18540," in mapset.map.read_bytes()


async def test_a_suggestion_is_stale_once_its_section_changed(start, join, mapset):
    async with start() as daemon, join(daemon) as client:
        suggestion = await _generated(client)
        saved = mapset.save(moved={10: 40})
        await client.until(lambda c: c.suggestions[suggestion.id].state == "stale")
        assert client.suggestions[suggestion.id].reason
        reply = await client.ask(m.Accept, suggestion_id=suggestion.id)
        assert reply.error.code == "request_error"
        assert mapset.map.read_bytes() == saved


async def test_accept_looks_at_the_disk_not_at_the_last_event(start, join, mapset):
    async with start() as daemon, join(daemon) as client:
        suggestion = await _generated(client)
        saved = mapset.save(moved={10: 40})  # no event has been taken in yet
        reply = await client.ask(m.Accept, suggestion_id=suggestion.id)
        assert reply.ok is False
        assert mapset.map.read_bytes() == saved


async def test_cancelling_ends_a_generation(start, join):
    gate = threading.Event()
    engine = FakeEngine(gate=gate)
    async with start(engine) as daemon, join(daemon) as client:
        await client.ask(m.AcknowledgeNotice)
        reply = await client.ask(m.Regenerate, base_revision=1, start_ms=5000, end_ms=9000)
        assert (await client.ask(m.Cancel, job_id=reply.job_id)).ok
        assert client.jobs[reply.job_id].state == "cancelled"
        assert client.suggestions[reply.suggestion_id].state == "cancelled"
        gate.set()
        again = await client.ask(m.Cancel, job_id=reply.job_id)
        assert again.error.code == "unknown_id"


async def test_ten_saves_leave_only_the_newest_findings(start, join, mapset):
    gate = threading.Event()
    async with start(FakeEngine(gate=gate)) as daemon, join(daemon) as client:
        for number in range(10):
            mapset.save(moved={10 + number: 37})
            await client.until(lambda c, n=number: c.map.revision == n + 2)
        newest = client.map.revision
        gate.set()
        position = len(client.seen)
        await client.scanned()
        # One more round trip: whatever an older job still had to say would be here by now.
        await client.ask(m.GetSnapshot)
        for message in client.seen[position:]:
            if isinstance(message, m.JobChanged):
                assert message.job.revision == newest
            if isinstance(message, m.FindingsDelta):
                assert message.revision == newest
        assert {tuple(f.objects_ms) for f in client.findings.values() if f.source == "model"} == {
            (1000 + 19 * 500 + 37,)
        }
        assert [j.revision for j in client.jobs.values() if j.state != "cancelled"] == [newest]


async def test_ten_saves_at_once_end_at_the_last(start, join, mapset):
    async with start() as daemon, join(daemon) as client:
        for number in range(10):
            mapset.save(moved={10 + number: 37})
        moved_ms = 1000 + 19 * 500 + 37
        newest = (await client.until(lambda c: _telling(c, moved_ms))).revision
        await client.until(lambda c: c.map.revision == newest)
        await client.scanned()
        assert {tuple(f.objects_ms) for f in client.findings.values() if f.source == "model"} == {
            (moved_ms,)
        }


async def test_generation_overtakes_a_scan(start, join):
    gate = threading.Event()
    engine = FakeEngine(gate=gate)
    async with start(engine) as daemon, join(daemon) as client:
        await client.ask(m.AcknowledgeNotice)
        reply = await client.ask(m.Regenerate, base_revision=1, start_ms=5000, end_ms=9000)
        gate.set()
        await client.offered(reply.suggestion_id)
        await client.scanned()
        passages = [i for i, s in enumerate(client.seen) if isinstance(s, m.PassageAdded)]
        [scored] = [
            i
            for i, s in enumerate(client.seen)
            if isinstance(s, m.JobChanged) and (s.job.kind, s.job.state) == ("score", "done")
        ]
        assert passages[-1] < scored


async def test_dismissed_findings_stay_dismissed(start, join, mapset):
    mapset.save(moved={10: 37})
    async with start() as daemon, join(daemon) as client:
        await client.scanned()
        finding = next(f for f in client.findings.values() if f.source == "rule")
        assert (await client.ask(m.Dismiss, finding_id=finding.id)).ok
        assert finding.id not in client.findings
        mapset.save(moved={10: 37, 20: 37})
        await client.until(lambda c: c.map.revision == 2)
        await client.scanned()
        assert finding.id not in client.findings
    async with start() as daemon, join(daemon) as client:
        await client.scanned()
        assert finding.id not in client.findings
        await client.ask(m.RestoreDismissed)
        assert finding.id in client.findings


async def test_a_rules_fix_is_applied_and_undone(start, join, mapset):
    before = mapset.save(moved={10: 3})
    async with start() as daemon, join(daemon) as client:
        fixable = await client.until(
            lambda c: [f for f in c.findings.values() if f.source == "model" and f.fix_label]
        )
        refused = await client.ask(m.ApplyFix, finding_id=fixable[0].id, base_revision=1)
        assert refused.error.code == "notice_not_acknowledged"
        await client.ask(m.AcknowledgeNotice)
        reply = await client.ask(m.ApplyFix, finding_id=fixable[0].id, base_revision=1)
        assert reply.ok
        assert b",6000," in mapset.map.read_bytes()
        await client.ask(m.Undo)
    assert mapset.map.read_bytes() == before


async def test_modding_only_refuses_generating(start, join, mapset):
    before = mapset.map.read_bytes()
    async with start() as daemon, join(daemon) as client:
        suggestion = await _generated(client)
        await client.ask(m.SetModdingOnly, scope="mapset", enabled=True)
        assert client.fair_use.can_generate is False
        accept = await client.ask(m.Accept, suggestion_id=suggestion.id)
        assert accept.error.code == "modding_only"
        again = await client.ask(m.Regenerate, base_revision=1, start_ms=0, end_ms=4000)
        assert again.error.code == "modding_only"
    async with start() as daemon, join(daemon) as client:
        assert client.fair_use.modding_only_mapset is True
        assert client.fair_use.notice_acknowledged is True
    assert mapset.map.read_bytes() == before


async def test_modding_only_from_the_settings_cannot_be_switched_off(start, join):
    async with start(modding_only=True) as daemon, join(daemon) as client:
        reply = await client.ask(m.SetModdingOnly, scope="global", enabled=False)
        assert reply.error.code == "option_refused"
        assert client.fair_use.modding_only_global is True


async def test_the_notice_comes_before_the_first_generation(start, join):
    async with start() as daemon, join(daemon) as client:
        reply = await client.ask(m.Regenerate, base_revision=1, start_ms=0, end_ms=4000)
        assert reply.error.code == "notice_not_acknowledged"
        assert client.fair_use.notice.paragraphs


async def test_provenance_names_what_was_generated(start, join, mapset):
    async with start() as daemon, join(daemon) as client:
        suggestion = await _generated(client)
        await client.ask(m.Accept, suggestion_id=suggestion.id)
        await client.ask(m.GetProvenance)
        journal = next(s for s in client.seen if isinstance(s, m.Provenance))
        (entry,) = journal.entries
        assert (entry.action, entry.model, entry.seed) == ("accepted", "fake", 1)
        assert entry.file_name == mapset.map.name
        assert "00:05:000 - 00:09:000" in journal.disclosure
        await client.ask(m.Undo)
        await client.ask(m.GetProvenance)
        journal = [s for s in client.seen if isinstance(s, m.Provenance)][-1]
        assert [e.action for e in journal.entries] == ["accepted", "undone"]
        assert "No part" in journal.disclosure


async def test_a_second_client_gets_the_same_state(start, join, mapset):
    async with start() as daemon, join(daemon) as first:
        suggestion = await _generated(first)
        async with join(daemon) as second:
            assert second.suggestions[suggestion.id] == first.suggestions[suggestion.id]
            assert (await second.ask(m.Reject, suggestion_id=suggestion.id)).ok
            await first.until(lambda c: c.suggestions[suggestion.id].state == "rejected")


async def test_a_second_daemon_on_the_port_is_told_so(start, settings):
    async with start() as daemon:
        other = Daemon(
            settings.model_copy(update={"port": daemon.port}), FakeEngine(), detect=False
        )
        with pytest.raises(PortInUse, match="running already"):
            await other.__aenter__()


async def test_a_stale_base_revision_is_refused(start, join, mapset):
    async with start() as daemon, join(daemon) as client:
        await client.ask(m.AcknowledgeNotice)
        mapset.save(moved={10: 40})
        await client.until(lambda c: c.map.revision == 2)
        reply = await client.ask(m.Regenerate, base_revision=1, start_ms=0, end_ms=4000)
        assert reply.error.code == "stale_edit"


async def test_no_map_is_a_state_of_its_own(start, join):
    async with start(map_path=None) as daemon, join(daemon) as client:
        assert client.map is None
        for kind, fields in (
            (m.Regenerate, {"base_revision": 1, "start_ms": 0, "end_ms": 1}),
            (m.Undo, {}),
            (m.Rescan, {}),
            (m.Dismiss, {"finding_id": "x"}),
            (m.Accept, {"suggestion_id": "x"}),
            (m.SetModdingOnly, {"scope": "mapset", "enabled": True}),
            (m.GetProvenance, {}),
            (m.SelectMap, {"map_id": "/etc/passwd"}),
        ):
            reply = await client.ask(kind, **fields)
            assert reply.ok is False
            assert reply.error.message


async def test_the_model_is_loaded_on_first_use_and_unloaded_when_idle(start, join, settings):
    engine = FakeEngine()
    quick = settings.engine.model_copy(update={"idle_unload_s": 0.01})
    async with start(engine, engine=quick) as daemon, join(daemon) as client:
        await client.until(lambda c: c.model.state == "unloaded" and c.model.name == "fake")
        assert engine.describe() is None
        job_id = (await client.ask(m.Rescan)).job_id
        await client.until(lambda c: c.jobs[job_id].state == "done")


async def test_ending_the_daemon_ends_its_clients(start, join):
    async with start() as daemon, join(daemon) as client:
        await daemon.__aexit__(None, None, None)
        await asyncio.wait_for(client.socket.wait_closed(), 10)
        assert client.socket.close_code == 1001
