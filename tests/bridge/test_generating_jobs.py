"""Everything that is generated besides sections, through a real daemon over loopback."""

from __future__ import annotations

import threading

from companion.engine.fake import FakeEngine
from companion.errors import OptionRefused
from protocol import messages as m


def _ended(client, job_id):
    job = client.jobs.get(job_id)
    return job if job is not None and job.state in {"done", "failed", "cancelled"} else None


async def _asked(client, kind, **fields):
    """The reply to a request that starts a job, with the notice read."""
    await client.ask(m.AcknowledgeNotice)
    return await client.ask(kind, base_revision=client.map.revision, **fields)


def _without_sounds(data):
    """Every line of a map of circles, without what they sound like."""
    lines = data.split(b"\r\n")
    first = lines.index(b"[HitObjects]") + 1
    return [*lines[:first], *(line.split(b",")[:4] for line in lines[first:])]


# ------------------------------------------------------------------------------------ hitsounds


async def test_new_hitsounds_change_nothing_else_and_can_be_undone(start, join, mapset):
    before = mapset.map.read_bytes()
    async with start() as daemon, join(daemon) as client:
        reply = await _asked(client, m.ChooseHitsounds, options=m.HitsoundOptions(seed=5))
        suggestion = await client.offered(reply.suggestion_id)
        (variant,) = suggestion.variants
        assert (len(variant.objects), variant.changed) == (40, 40)
        assert sum(isinstance(s, m.PassageAdded) for s in client.seen) > 5
        assert client.jobs[reply.job_id].done == client.jobs[reply.job_id].total == 20_000
        assert (await client.ask(m.Accept, suggestion_id=suggestion.id)).ok
        after = mapset.map.read_bytes()
        assert after != before
        assert _without_sounds(after) == _without_sounds(before)
        assert client.undo.description.startswith("New hitsounds 00:01:000")
        await client.ask(m.GetProvenance)
        journal = [s for s in client.seen if isinstance(s, m.Provenance)][-1]
        assert [(e.action, e.seed) for e in journal.entries] == [("accepted", 5)]
        assert (await client.ask(m.Undo)).ok
        assert mapset.map.read_bytes() == before


async def test_hitsounds_of_a_range_leave_the_others_alone(start, join, mapset):
    before = mapset.map.read_bytes().split(b"\r\n")
    async with start() as daemon, join(daemon) as client:
        reply = await _asked(client, m.ChooseHitsounds, start_ms=5000, end_ms=9000)
        await client.offered(reply.suggestion_id)
        assert (await client.ask(m.Accept, suggestion_id=reply.suggestion_id)).ok
    after = mapset.map.read_bytes().split(b"\r\n")
    changed = [
        int(old.split(b",")[2]) for old, new in zip(before, after, strict=True) if old != new
    ]
    assert changed == list(range(5000, 9000, 500))


async def test_hitsounds_are_stale_once_an_object_moved(start, join, mapset):
    async with start() as daemon, join(daemon) as client:
        reply = await _asked(client, m.ChooseHitsounds)
        await client.offered(reply.suggestion_id)
        saved = mapset.save(moved={10: 40})
        await client.until(lambda c: c.suggestions[reply.suggestion_id].state == "stale")
        assert not (await client.ask(m.Accept, suggestion_id=reply.suggestion_id)).ok
        assert mapset.map.read_bytes() == saved


async def test_hitsounds_wait_for_the_notice_and_for_modding_only(start, join):
    async with start() as daemon, join(daemon) as client:
        refused = await client.ask(m.ChooseHitsounds, base_revision=1)
        assert refused.error.code == "notice_not_acknowledged"
        await client.ask(m.SetModdingOnly, scope="mapset", enabled=True)
        refused = await _asked(client, m.ChooseHitsounds)
        assert refused.error.code == "modding_only"


async def test_turning_modding_only_on_calls_hitsounds_off(start, join):
    async with start(FakeEngine(gate=threading.Event())) as daemon, join(daemon) as client:
        reply = await _asked(client, m.ChooseHitsounds)
        await client.ask(m.SetModdingOnly, scope="mapset", enabled=True)
        assert client.jobs[reply.job_id].state == "cancelled"
        assert client.suggestions[reply.suggestion_id].state == "cancelled"


async def test_what_the_model_cannot_do_is_refused_before_it_is_loaded(start, join, mapset):
    mapset.save(0)  # nothing to scan, so nothing else loads the model
    engine = FakeEngine()
    engine.refusal = OptionRefused("This model knows no hitsounds.")
    async with start(engine) as daemon, join(daemon) as client:
        reply = await _asked(client, m.Regenerate, start_ms=0, end_ms=4000)
        job = await client.until(lambda c: _ended(c, reply.job_id))
        assert (job.state, job.error.code) == ("failed", "option_refused")
        assert job.error.message == "This model knows no hitsounds."
        assert engine.describe() is None
        assert client.problems == {}


# --------------------------------------------------------------------------------------- timing


async def _timed(client, **options):
    reply = await client.ask(m.HearTiming, options=m.TimingOptions(seed=5, **options))
    assert reply.ok, reply.error
    await client.until(lambda c: _ended(c, reply.job_id))
    return client.timing


async def test_a_song_is_timed_and_the_timing_applied_and_undone(start, join, mapset):
    before = mapset.map.read_bytes()
    async with start() as daemon, join(daemon) as client:
        timing = await _timed(client, iterations=4)
        assert (timing.bpm, timing.offset_ms, timing.iterations) == (120.0, 25.0, 4)
        assert round(timing.agreement.shift_ms, 6) == 25.0
        assert not timing.applied
        assert mapset.map.read_bytes() == before
        refused = await client.ask(m.ApplyTiming, timing_id=timing.id)
        assert refused.error.code == "notice_not_acknowledged"
        await client.ask(m.AcknowledgeNotice)
        reply = await client.ask(m.ApplyTiming, timing_id=timing.id)
        assert reply.ok
        assert "Ctrl+L" in reply.note
        written = mapset.map.read_bytes()
        assert written == before.replace(b"\r\n0,500,4,2,0,50,1,0", b"\r\n25,500,4,2,0,50,1,0")
        assert client.timing.applied
        assert client.undo.description == "Timed by ear, one red line"
        await client.ask(m.GetProvenance)
        journal = [s for s in client.seen if isinstance(s, m.Provenance)][-1]
        assert [(e.action, e.seed) for e in journal.entries] == [("accepted", 5)]
        async with join(daemon) as second:
            assert second.timing == client.timing
        assert (await client.ask(m.Undo)).ok
        assert mapset.map.read_bytes() == before
        assert not client.timing.applied


async def test_a_timing_is_not_written_over_red_lines_that_were_just_saved(start, join, mapset):
    async with start() as daemon, join(daemon) as client:
        await client.ask(m.AcknowledgeNotice)
        timing = await _timed(client)
        saved = mapset.map.read_bytes().replace(b"\r\n0,500,4", b"\r\n10,500,4")
        mapset.map.write_bytes(saved)  # no event has been taken in yet
        reply = await client.ask(m.ApplyTiming, timing_id=timing.id)
        assert reply.error.code == "stale_edit"
        assert mapset.map.read_bytes() == saved


async def test_a_hearing_can_be_called_off(start, join):
    async with start(FakeEngine(gate=threading.Event())) as daemon, join(daemon) as client:
        reply = await client.ask(m.HearTiming)
        assert (await client.ask(m.Cancel, job_id=reply.job_id)).ok
        assert client.jobs[reply.job_id].state == "cancelled"
        assert client.timing is None


async def test_a_model_that_cannot_hear_is_not_loaded_for_it(start, join, mapset):
    mapset.save(0)
    engine = FakeEngine()
    engine.refusal = OptionRefused("This model cannot hear timing.")
    async with start(engine) as daemon, join(daemon) as client:
        reply = await client.ask(m.HearTiming)
        job = await client.until(lambda c: _ended(c, reply.job_id))
        assert (job.state, job.error.message) == ("failed", "This model cannot hear timing.")
        assert engine.describe() is None
