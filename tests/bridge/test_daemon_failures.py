"""Whatever goes wrong, the daemon lives, says so in plain words, and leaves the map alone."""

from __future__ import annotations

import contextlib
import errno
import os

import pytest

from companion.engine.fake import FakeEngine
from companion.errors import ModelMissing, OutOfMemory
from protocol import messages as m


@contextlib.asynccontextmanager
async def _opened(start, join, fake=None):
    async with start(fake) as daemon, join(daemon) as client:
        yield client


async def _problem(client, code):
    """Wait for the problem; it has to be in words."""
    problem = await client.until(lambda c: c.problems.get(code))
    assert len(problem.message) > 20
    return problem


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "empty"),
        (b"\0" * 4096, "zeros"),
        ("osu file format v14\n[General]\n".encode("utf-16"), "UTF-16"),
        (b"osu file format v14\n\0\0\0\n[HitObjects]\n", "damaged"),
    ],
)
async def test_a_file_that_cannot_be_used_is_a_problem(start, join, mapset, content, word):
    mapset.map.write_bytes(content)
    async with _opened(start, join) as client:
        assert word in (await _problem(client, "map_unreadable")).message
        assert client.map.readable is False
        assert client.map.timeline.objects == []
        for kind, fields in (
            (m.Rescan, {}),
            (m.Undo, {}),
            (m.ApplyFix, {"finding_id": "x", "base_revision": 1}),
        ):
            assert (await client.ask(kind, **fields)).ok is False
        assert mapset.map.read_bytes() == content
        mapset.save()  # and it recovers by itself
        await client.until(lambda c: c.map.readable and "map_unreadable" not in c.problems)
        await client.scanned()


async def test_a_map_that_breaks_while_open_recovers(start, join, mapset):
    async with _opened(start, join) as client:
        await client.scanned()
        mapset.map.write_bytes(b"")
        await _problem(client, "map_unreadable")
        await client.until(lambda c: c.findings == {})
        mapset.save(moved={4: 37})
        await client.until(lambda c: c.map.readable and not c.problems)
        await client.scanned()
        assert client.findings


@pytest.mark.parametrize(
    "content",
    [
        b"this is not a beatmap",
        b"\x89PNG\r\n\x1a\n" + bytes(range(1, 256)) * 20,
        b"osu file format v999999999999\n[HitObjects]\n1,2\n,,,,\nnan,nan,nan,1,0\n",
        b"osu file format v14\n[TimingPoints]\n0,0,4\n0,nan\n0,-inf,x\n[HitObjects]\n"
        b"0,0,99999999999999999999,2,0,B|1:1,99999999,1e308\n256,192,0,12,0,-5\n",
    ],
)
async def test_nonsense_is_survived(start, join, mapset, content):
    mapset.map.write_bytes(content)
    async with _opened(start, join) as client:
        await client.ask(m.GetSnapshot)
        mapset.save()
        await client.until(lambda c: c.map is not None and len(c.map.timeline.objects) == 40)
    assert b"osu file format v14" in mapset.map.read_bytes()


async def test_lines_that_are_no_objects_are_named(start, join, mapset, new_map):
    mapset.map.write_bytes(new_map() + b"garbage\r\n1,2,three,1,0\r\n")
    async with _opened(start, join) as client:
        problem = await _problem(client, "map_lines")
        assert "2 lines" in problem.message
        mapset.save()
        await client.until(lambda c: "map_lines" not in c.problems)


async def test_a_missing_song_is_a_problem_until_it_is_there(start, join, mapset, new_song):
    mapset.song.unlink()
    async with _opened(start, join) as client:
        problem = await _problem(client, "audio_missing")
        assert "audio.wav" in problem.message
        mapset.save(moved={10: 37})  # rules work without it
        await client.until(lambda c: c.map.revision == 2 and c.findings)
        await client.ask(m.AcknowledgeNotice)
        reply = await client.ask(m.Regenerate, base_revision=2, start_ms=0, end_ms=4000)
        assert reply.ok is False
        new_song(mapset.song)
        mapset.save(moved={11: 37})
        await client.until(lambda c: "audio_missing" not in c.problems)
        await client.scanned()


async def test_an_unreadable_song_is_a_problem(start, join, mapset):
    mapset.song.write_bytes(b"not a song at all" * 100)
    async with _opened(start, join) as client:
        await _problem(client, "audio_unreadable")


async def test_a_song_that_is_too_short_is_a_problem(start, join, mapset, new_song):
    new_song(mapset.song, seconds=0.2)
    async with _opened(start, join) as client:
        await _problem(client, "audio_too_short")


async def test_a_map_without_objects_or_timing_is_no_problem(start, join, mapset, new_map):
    mapset.map.write_bytes(new_map(0))
    async with _opened(start, join) as client:
        assert client.map.timeline.objects == []
        assert client.problems == {}
        assert (await client.ask(m.Rescan)).ok is False
        mapset.map.write_bytes(new_map().replace(b"0,500,4,2,0,50,1,0\r\n", b""))
        await client.until(lambda c: len(c.map.timeline.objects) == 40)
        await client.ask(m.AcknowledgeNotice)
        reply = await client.ask(m.Regenerate, base_revision=2, start_ms=0, end_ms=4000)
        assert reply.error.code == "range_refused"


async def test_ten_thousand_objects_are_fine(start, join, mapset, new_song):
    new_song(mapset.song, seconds=600)
    mapset.save(10_000)
    async with _opened(start, join) as client:
        assert len(client.map.timeline.objects) == 10_000
        mapset.save(10_000, moved={5000: 37})
        await client.until(lambda c: c.map.revision == 2)
        assert any(f.objects_ms == [2_501_037] for f in client.findings.values()) or (
            await client.until(
                lambda c: any(f.objects_ms == [2_501_037] for f in c.findings.values())
            )
        )


async def test_a_deleted_map_is_a_problem_until_it_is_back(start, join, mapset):
    async with _opened(start, join) as client:
        await client.scanned()
        data = mapset.map.read_bytes()
        mapset.map.unlink()
        problem = await _problem(client, "map_missing")
        assert mapset.map.name in problem.message
        reply = await client.ask(m.Undo)
        assert reply.ok is False
        mapset.map.write_bytes(data)
        await client.until(lambda c: "map_missing" not in c.problems)
        await client.scanned()


async def test_a_deleted_folder_is_a_problem_until_it_is_back(start, join, mapset, new_song):
    async with _opened(start, join) as client:
        await client.scanned()
        for path in mapset.folder.iterdir():
            path.unlink()
        mapset.folder.rmdir()
        await _problem(client, "map_missing")
        mapset.folder.mkdir()
        new_song(mapset.song)
        mapset.save(moved={10: 37})
        await client.until(lambda c: "map_missing" not in c.problems)
        mapset.save(moved={11: 37})
        await client.until(lambda c: any(f.objects_ms == [6537] for f in c.findings.values()))


async def test_a_renamed_map_is_followed(start, join, mapset):
    async with _opened(start, join) as client:
        await client.scanned()
        new = mapset.map.with_name("Band - Song (Mapper) [Insane].osu")
        mapset.map.rename(new)
        await client.until(lambda c: c.map.file_name == new.name)
        assert client.problems == {}
        mapset.map = new
        mapset.save(moved={10: 37})
        await client.until(lambda c: c.map.revision == 2)


async def test_a_renamed_folder_is_followed(start, join, mapset):
    async with _opened(start, join) as client:
        await client.scanned()
        new = mapset.folder.with_name("2 Band - Song")
        mapset.folder.rename(new)
        mapset.map = new / mapset.map.name
        mapset.save(moved={10: 37})
        await client.until(lambda c: c.map.revision == 2)
        assert client.problems == {}


async def test_a_map_that_appears_later_is_opened(start, join, mapset, new_map):
    mapset.map.unlink()
    async with _opened(start, join) as client:
        await _problem(client, "map_missing")
        mapset.map.write_bytes(new_map())
        await client.until(lambda c: c.map is not None)
        assert "map_missing" not in client.problems


async def test_a_full_disk_leaves_the_map_alone(start, join, mapset, monkeypatch):
    before = mapset.map.read_bytes()
    async with _opened(start, join) as client:
        await client.ask(m.AcknowledgeNotice)
        reply = await client.ask(m.Regenerate, base_revision=1, start_ms=5000, end_ms=9000)
        await client.offered(reply.suggestion_id)
        with monkeypatch.context() as patched:
            patched.setattr(os, "fsync", _full)
            failed = await client.ask(m.Accept, suggestion_id=reply.suggestion_id)
        assert failed.error.code == "write_failed"
        await _problem(client, "write_failed")
        assert mapset.map.read_bytes() == before
        assert {p.name for p in mapset.folder.iterdir()} == {mapset.map.name, "audio.wav"}
        assert client.undo.depth == 0
        again = await client.ask(m.Accept, suggestion_id=reply.suggestion_id)
        assert again.ok
        assert "write_failed" not in client.problems


def _full(_descriptor):
    raise OSError(errno.ENOSPC, "No space left on device")


async def test_a_disk_that_fills_up_at_the_map_takes_the_undo_step_back(
    start, join, mapset, monkeypatch
):
    before = mapset.map.read_bytes()
    async with _opened(start, join) as client:
        await client.ask(m.AcknowledgeNotice)
        reply = await client.ask(m.Regenerate, base_revision=1, start_ms=5000, end_ms=9000)
        await client.offered(reply.suggestion_id)
        with monkeypatch.context() as patched:
            patched.setattr("companion.beatmap.storage._replace", _no_replace)
            failed = await client.ask(m.Accept, suggestion_id=reply.suggestion_id)
        assert failed.error.code == "write_failed"
        assert client.undo.depth == 0
        assert mapset.map.read_bytes() == before
        await client.ask(m.GetProvenance)
        journal = [s for s in client.seen if isinstance(s, m.Provenance)][-1]
        assert [e.action for e in journal.entries] == ["accepted", "failed"]
        assert "No part" in journal.disclosure


def _no_replace(_temporary, _target):
    raise OSError(errno.ENOSPC, "No space left on device")


async def test_a_missing_model_is_a_problem_and_rules_go_on(start, join, mapset):
    fake = FakeEngine(error=ModelMissing("There is no model in the folder; pull one."))
    async with _opened(start, join, fake) as client:
        await _problem(client, "model_missing")
        assert client.model.state == "absent"
        mapset.save(moved={10: 37})
        await client.until(lambda c: c.map.revision == 2 and c.findings)
        await client.scanned()  # the fake fails once
        assert client.model.state == "ready"
        assert client.problems == {}


async def test_running_out_of_memory_is_a_problem_until_it_works(start, join, mapset):
    fake = FakeEngine()
    async with _opened(start, join, fake) as client:
        await client.scanned()
        fake.unload()
        fake.error = OutOfMemory("The graphics card is full; close the game or use the processor.")
        mapset.save(moved={10: 37})
        await _problem(client, "out_of_memory")
        mapset.save(moved={11: 37})
        await client.until(lambda c: not c.problems)


async def test_an_engine_that_breaks_is_survived(start, join, mapset, monkeypatch):
    fake = FakeEngine()
    async with _opened(start, join, fake) as client:
        await client.scanned()
        with monkeypatch.context() as patched:
            patched.setattr(FakeEngine, "score", _broken)
            mapset.save(moved={10: 37})
            await _problem(client, "internal_error")
            assert [j.state for j in client.jobs.values()][-1] == "failed"
        mapset.save(moved={11: 37})
        await client.until(lambda c: not c.problems)


def _broken(_engine, _request, _token):
    raise ZeroDivisionError("of its own")


async def test_a_check_that_breaks_is_survived(start, join, mapset, monkeypatch):
    async with _opened(start, join) as client:
        await client.scanned()
        with monkeypatch.context() as patched:
            patched.setattr("companion.session.examination.run_checks", _broken_check)
            mapset.save(moved={10: 37})
            await _problem(client, "internal_error")
        mapset.save(moved={11: 37})
        await client.until(lambda c: c.map.revision == 2)


def _broken_check(_document):
    raise ZeroDivisionError("of its own")
