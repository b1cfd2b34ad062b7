"""Everything that is generated besides sections, through a real daemon over loopback."""

from __future__ import annotations

import threading

from companion.beatmap import Document, storage
from companion.checks import run_checks
from companion.engine.fake import FakeEngine
from companion.errors import OptionRefused, OutOfMemory
from companion.findings import counted
from companion.journal import Journal
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


# ------------------------------------------------------------------------------ new difficulties


def _set_of(mapset):
    return {path.name for path in mapset.folder.iterdir()}


async def test_a_guest_difficulty_becomes_a_new_file_of_the_set(start, join, mapset):
    before, files = mapset.map.read_bytes(), _set_of(mapset)
    async with start() as daemon, join(daemon) as client:
        options = m.GuestOptions(difficulty=3.5, seed=5, descriptors=("tech",))
        reply = await _asked(client, m.WriteGuest, options=options)
        job = await client.until(lambda c: _ended(c, reply.job_id))
        assert (job.state, job.error) == ("done", None)
        assert job.file_name == "Band - Song (Mapper) [3.5 stars].osu"
        written = Document.parse((mapset.folder / job.file_name).read_bytes())
        assert written.beatmap.version == "3.5 stars"
        assert [(p.time_ms, p.beat_length) for p in written.beatmap.red_lines] == [(0, 500)]
        assert f"{len(written.beatmap.hit_objects)} objects" in job.note
        assert f"The rules find {counted(run_checks(written))} in it." in job.note
        assert _set_of(mapset) == {*files, job.file_name}
        assert mapset.map.read_bytes() == before
        assert not client.undo.available
    (record,) = Journal(daemon.settings.data_folder).provenance(mapset.folder / job.file_name)
    assert (record.action, record.seed, record.model) == ("accepted", 5, "fake")


async def test_a_whole_map_is_written_with_the_timing_of_the_open_one(start, join, mapset):
    engine = FakeEngine()
    engine.ignored = ("difficulty",)
    async with start(engine) as daemon, join(daemon) as client:
        options = m.MapOptions(difficulty=2, mode="mania", key_count=7, name="Mine", guidance=2)
        reply = await _asked(client, m.WriteMap, options=options)
        job = await client.until(lambda c: _ended(c, reply.job_id))
        assert (job.state, job.file_name) == ("done", "Band - Song (Mapper) [Mine].osu")
        assert "knows nothing of star rating" in job.note
        notes = {s.job.note for s in client.seen if isinstance(s, m.JobChanged)}
        assert any(note is not None and "The model maps." in note for note in notes)
        (request,) = engine.map_requests
        assert (request.options.guidance, request.conditioning.keycount) == (2, 7)
        beatmap = Document.parse((mapset.folder / job.file_name).read_bytes()).beatmap
        assert (beatmap.mode, beatmap.version, beatmap.audio_filename) == (3, "Mine", "audio.wav")
        assert [(p.time_ms, p.beat_length) for p in beatmap.red_lines] == [(0, 500)]


async def test_a_name_that_is_taken_is_refused_or_gets_a_number(start, join, mapset):
    taken = mapset.folder / "band - song (mapper) [3 STARS].osu"
    taken.write_bytes(b"mine")
    async with start() as daemon, join(daemon) as client:
        named = m.GuestOptions(difficulty=3, name="3 stars")
        reply = await _asked(client, m.WriteGuest, options=named)
        assert reply.error.code == "option_refused"
        assert "another name" in reply.error.message
        reply = await _asked(client, m.WriteGuest, options=m.GuestOptions(difficulty=3))
        job = await client.until(lambda c: _ended(c, reply.job_id))
        assert job.file_name == "Band - Song (Mapper) [3 stars 2].osu"
        reply = await _asked(client, m.WriteGuest, options=m.GuestOptions(difficulty=3))
        job = await client.until(lambda c: _ended(c, reply.job_id))
        assert job.file_name == "Band - Song (Mapper) [3 stars 3].osu"
    assert taken.read_bytes() == b"mine"


async def test_a_file_that_came_meanwhile_is_not_overwritten(start, join, mapset, monkeypatch):
    target = mapset.folder / "Band - Song (Mapper) [3 stars].osu"
    real = storage._place

    def place(temporary, wanted):
        target.write_bytes(b"somebody else's")
        real(temporary, wanted)

    monkeypatch.setattr(storage, "_place", place)
    async with start() as daemon, join(daemon) as client:
        reply = await _asked(client, m.WriteGuest, options=m.GuestOptions(difficulty=3))
        job = await client.until(lambda c: _ended(c, reply.job_id))
        assert (job.state, job.error.code, job.file_name) == ("failed", "stale_edit", None)
    assert target.read_bytes() == b"somebody else's"
    records = Journal(daemon.settings.data_folder).provenance(target)
    assert [record.action for record in records] == ["accepted", "failed"]


async def test_a_new_difficulty_that_is_called_off_leaves_no_file(start, join, mapset):
    files = _set_of(mapset)
    gate = threading.Event()
    async with start(FakeEngine(gate=gate)) as daemon, join(daemon) as client:
        for kind, options in (
            (m.WriteGuest, m.GuestOptions(difficulty=3)),
            (m.WriteMap, m.MapOptions()),
        ):
            reply = await _asked(client, kind, options=options)
            assert (await client.ask(m.Cancel, job_id=reply.job_id)).ok
            assert client.jobs[reply.job_id].state == "cancelled"
        gate.set()
        await client.scanned()
    assert _set_of(mapset) == files


async def test_new_difficulties_obey_the_notice_and_modding_only(start, join, mapset):
    files = _set_of(mapset)
    options = m.GuestOptions(difficulty=3)
    async with start(FakeEngine(gate=threading.Event())) as daemon, join(daemon) as client:
        refused = await client.ask(m.WriteGuest, base_revision=1, options=options)
        assert refused.error.code == "notice_not_acknowledged"
        refused = await client.ask(m.WriteMap, base_revision=1)
        assert refused.error.code == "notice_not_acknowledged"
        reply = await _asked(client, m.WriteGuest, options=options)
        await client.ask(m.SetModdingOnly, scope="mapset", enabled=True)
        assert client.jobs[reply.job_id].state == "cancelled"
        refused = await _asked(client, m.WriteMap)
        assert refused.error.code == "modding_only"
    assert _set_of(mapset) == files


async def test_a_save_with_other_red_lines_calls_a_new_difficulty_off(start, join, mapset):
    async with start(FakeEngine(gate=threading.Event())) as daemon, join(daemon) as client:
        reply = await _asked(client, m.WriteMap)
        mapset.save(moved={3: 40})
        await client.until(lambda c: c.map.revision == 2)
        assert client.jobs[reply.job_id].state in {"queued", "running"}
        mapset.map.write_bytes(mapset.map.read_bytes().replace(b"\r\n0,500,4", b"\r\n9,500,4"))
        job = await client.until(lambda c: _ended(c, reply.job_id))
        assert job.state == "cancelled"
        assert "timing" in job.note


async def test_a_new_difficulty_is_not_taken_for_the_map_that_was_saved_last(start, join, mapset):
    songs = mapset.folder.parent
    daemon = start(map_path=None, detect=True, songs_folder=songs)
    async with daemon, join(daemon) as client:
        mapset.save(30)
        await client.until(lambda c: c.map is not None)
        reply = await _asked(client, m.WriteGuest, options=m.GuestOptions(difficulty=3))
        job = await client.until(lambda c: _ended(c, reply.job_id))
        made = mapset.folder / job.file_name
        other = mapset.folder / "Band - Song (Mapper) [Easy].osu"
        other.write_bytes(made.read_bytes())  # whose event comes after that of the new difficulty
        await client.until(lambda c: c.map.file_name != mapset.map.name)
        assert client.map.file_name == other.name
        made.write_bytes(made.read_bytes() + b"// saved in the editor\r\n")
        await client.until(lambda c: c.map.file_name == made.name)


async def test_a_map_without_timing_is_told_so_before_any_work(start, join, mapset, new_map):
    mapset.map.write_bytes(new_map().replace(b"0,500,4,2,0,50,1,0\r\n", b""))
    async with start() as daemon, join(daemon) as client:
        reply = await _asked(client, m.WriteMap)
        assert "no timing" in reply.error.message
        reply = await _asked(client, m.WriteGuest, options=m.GuestOptions(difficulty=3))
        assert "no timing" in reply.error.message


async def test_an_engines_failure_is_the_jobs_and_leaves_no_file(start, join, mapset):
    files = _set_of(mapset)
    engine = FakeEngine()
    async with start(engine) as daemon, join(daemon) as client:
        await client.scanned()
        engine.error = OutOfMemory("The card is full.")
        reply = await _asked(client, m.WriteMap)
        job = await client.until(lambda c: _ended(c, reply.job_id))
        assert (job.state, job.error.code) == ("failed", "out_of_memory")
    assert _set_of(mapset) == files


async def test_a_fault_while_a_file_is_made_fails_the_job_and_nothing_else(
    start, join, mapset, monkeypatch
):
    def broken(*_args):
        raise RuntimeError("oops")

    monkeypatch.setattr("companion.bridge.scribe.create", broken)
    async with start() as daemon, join(daemon) as client:
        reply = await _asked(client, m.WriteGuest, options=m.GuestOptions(difficulty=3))
        job = await client.until(lambda c: _ended(c, reply.job_id))
        assert (job.state, job.error.code) == ("failed", "internal_error")
        mapset.save(moved={3: 40})
        await client.until(lambda c: c.map.revision == 2)
