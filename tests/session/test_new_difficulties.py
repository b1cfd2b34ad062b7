"""New difficulties: drafts until the shell has made files of them."""

from __future__ import annotations

import pytest

from companion.beatmap import TimeRange
from companion.engine.difficulty_wish import DifficultyWish
from companion.engine.guest import GuestBegun, GuestWish, WrittenDifficulty
from companion.engine.map_requests import MapBegun, MapProgress, WrittenMap
from companion.engine.requests import Passage
from companion.errors import ModdingOnly, OptionRefused, StaleEdit, UnknownId, WriteFailed
from companion.session import (
    CancelJob,
    CreateDifficulty,
    Detection,
    JobNews,
    OpenMap,
    StartGuest,
    StartMap,
    examine,
)
from companion.worker import JobDone, JobFailed, JobStarted, JobYielded

GUEST = GuestWish(difficulty=3.5, seed=9)


def notes(outputs):
    return [o.job.note for o in outputs if isinstance(o, JobNews)]


def finish(driver, wish=GUEST):
    """A guest difficulty of one object that waits for its file."""
    session = driver.session
    job_id = session.write_guest("r1", session.revision.number, wish, frozenset())
    request = [o for o in driver.take() if isinstance(o, StartGuest)][-1].request
    passage = Passage(0, request.range, (b"100,100,1000,1,0,0:0:0:0:",), -1.0)
    written = request.document.to_bytes().replace(
        b"[HitObjects]\n", b"[HitObjects]\n100,100,1000,1,0,0:0:0:0:\n"
    )
    session.reported(JobStarted(job_id))
    session.reported(JobYielded(job_id, GuestBegun(("descriptors", "slider_multiplier"), ())))
    session.reported(JobYielded(job_id, passage))
    session.reported(JobYielded(job_id, WrittenDifficulty(examine(written, None).document)))
    session.reported(JobDone(job_id))
    return job_id


def test_a_guest_is_asked_for_where_the_map_has_objects(opened):
    job_id = opened.session.write_guest("r", 1, GUEST, frozenset())
    (order,) = [o for o in opened.take() if isinstance(o, StartGuest)]
    assert (order.job_id, order.request.range) == (job_id, TimeRange(1000, 10_501))
    assert order.request.document.beatmap.hit_objects == ()
    about = order.request.conditioning
    assert about is not None
    assert about.difficulty == 3.5


def test_a_job_is_done_when_its_file_is_there(opened):
    job_id = finish(opened)
    outputs = opened.take()
    assert CreateDifficulty(job_id) in outputs
    assert opened.session.jobs.get(job_id) is not None
    name, planned = opened.session.plan_new_difficulty(job_id, frozenset())
    assert name == "-  () [3.5 stars].osu"
    assert (planned.generated.action, planned.generated.seed) == ("accepted", 9)
    assert planned.undo == ()
    opened.session.difficulty_written(job_id, name, planned.document, ())
    (job,) = [o.job for o in opened.take() if isinstance(o, JobNews)]
    assert (job.state, job.file_name) == ("done", name)
    assert job.note is not None
    assert job.note.startswith("1 object, ")


def test_the_note_says_what_the_rules_find(opened, new_finding):
    job_id = finish(opened)
    name, planned = opened.session.plan_new_difficulty(job_id, frozenset())
    opened.take()
    opened.session.difficulty_written(job_id, name, planned.document, (new_finding(1000),))
    (job,) = [o.job for o in opened.take() if isinstance(o, JobNews)]
    assert job.note is not None
    assert job.note.endswith(" The rules find 1 suggestion in it.")


def test_a_name_that_was_taken_meanwhile_gets_a_number(opened):
    job_id = finish(opened)
    taken = frozenset({"-  () [3.5 stars].osu", "-  () [3.5 stars 2].osu"})
    name, planned = opened.session.plan_new_difficulty(job_id, taken)
    assert name == "-  () [3.5 stars 3].osu"
    assert planned.document.beatmap.version == "3.5 stars 3"


def test_a_typed_name_that_is_taken_is_refused_before_any_work(opened):
    taken = frozenset({"-  () [mine].osu"})
    with pytest.raises(OptionRefused, match="already"):
        opened.session.write_guest("r", 1, GuestWish(difficulty=3, name="Mine"), taken)
    with pytest.raises(OptionRefused, match="already"):
        opened.session.write_map("r", 1, DifficultyWish(name="Mine"), taken)
    assert opened.take() == []


def test_a_disk_that_says_no_fails_the_job(opened):
    job_id = finish(opened)
    opened.session.difficulty_not_written(job_id, WriteFailed("The disk is full."))
    (job,) = [o.job for o in opened.take() if isinstance(o, JobNews) and o.job.state == "failed"]
    assert (job.id, str(job.error)) == (job_id, "The disk is full.")


def test_nothing_is_planned_for_a_job_that_was_called_off(opened):
    job_id = finish(opened)
    opened.session.cancel(job_id)
    with pytest.raises(UnknownId):
        opened.session.plan_new_difficulty(job_id, frozenset())
    opened.session.difficulty_written(job_id, "x.osu", opened.session.revision.document, ())
    assert all(job.file_name is None for job in opened.session.jobs)


def test_modding_only_calls_it_off_even_when_it_is_finished(opened):
    job_id = finish(opened)
    opened.session.set_modding_only(everywhere=True, enabled=True)
    assert opened.session.jobs.get(job_id) is None
    with pytest.raises(ModdingOnly):
        opened.session.write_map("r", 1, DifficultyWish(), frozenset())


def test_a_whole_map_tells_its_steps_and_what_is_ignored(opened):
    session = opened.session
    job_id = session.write_map("r", 1, DifficultyWish(difficulty=4, seed=3), frozenset())
    (order,) = [o for o in opened.take() if isinstance(o, StartMap)]
    assert order.request.header.version == "4 stars"
    assert order.request.red_lines is not None
    assert [(p.time_ms, p.bpm) for p in order.request.red_lines] == [(0, 120)]
    session.reported(JobYielded(job_id, MapBegun(("difficulty", "cs"), 60_000.0)))
    session.reported(JobYielded(job_id, MapProgress("map", 30_000)))
    (note,) = notes(opened.take())
    assert note == "The model maps. This model knows nothing of star rating; it writes without."
    text = order.request.header.version.join(["osu file format v14\n\n[Metadata]\nVersion:", "\n"])
    session.reported(JobYielded(job_id, WrittenMap(text, (), 60_000.0, 5)))
    session.reported(JobDone(job_id))
    assert CreateDifficulty(job_id) in opened.take()
    assert session.plan_new_difficulty(job_id, frozenset())[0] == "-  () [4 stars].osu"


def test_wishes_of_a_guest_that_the_model_does_not_know_are_told(opened):
    finish(opened, GuestWish(difficulty=3, descriptors=("tech",)))
    (told,) = {note for note in notes(opened.take()) if note}
    assert told == "This model knows nothing of descriptors; it writes without."


def test_a_save_with_other_timing_or_song_calls_it_off(opened, new_map):
    for changed in (b"5,500,4,2,0,50,1,0", b"0,500,3,2,0,50,1,0"):
        job_id = opened.session.write_map(
            "r", opened.session.revision.number, DifficultyWish(), frozenset()
        )
        opened.save(new_map(moved={3: 40}))
        assert opened.session.jobs.get(job_id) is not None
        outputs = opened.save(new_map().replace(b"0,500,4,2,0,50,1,0", changed))
        assert CancelJob(job_id) in outputs
        assert any("timing" in (note or "") for note in notes(outputs))
        opened.save(new_map())


def test_another_map_calls_it_off_and_an_old_revision_is_refused(opened, new_map):
    opened.session.write_guest("r", 1, GUEST, frozenset())
    opened.save(new_map(moved={1: 3}))
    with pytest.raises(StaleEdit):
        opened.session.write_guest("r", 1, GUEST, frozenset())
    path = opened.session.open_map.path.with_name("other.osu")
    opened.session.open(OpenMap("m2", path, Detection("given")), examine(new_map(), None))
    assert not any(job.generates for job in opened.session.jobs.live)


def test_an_error_of_the_engine_is_the_jobs(opened):
    job_id = opened.session.write_guest("r", 1, GUEST, frozenset())
    opened.session.reported(JobFailed(job_id, OptionRefused("Not this model.")))
    (job,) = [o.job for o in opened.take() if isinstance(o, JobNews) and o.job.state == "failed"]
    assert str(job.error) == "Not this model."
    with pytest.raises(UnknownId):
        opened.session.plan_new_difficulty(job_id, frozenset())
