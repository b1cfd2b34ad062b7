"""The song's timing: heard beside the map's own, and written only on a second wish."""

from __future__ import annotations

import pytest

from companion.beatmap import TimingPoint
from companion.engine.requests import HeardTiming, TimingOptions, TimingProgress
from companion.errors import (
    ModdingOnly,
    NoticeNotAcknowledged,
    OptionRefused,
    RequestError,
    StaleEdit,
    UnknownId,
)
from companion.session import CancelJob, FairUse, JobNews, Song, StartTiming, TimingNews
from companion.worker import JobDone, JobStarted, JobYielded

HEARD = (TimingPoint(25.0, 400.0, 4), TimingPoint(8025.0, 500.0, 3))


def hear(driver, red_lines=HEARD, **options):
    """A timing on show."""
    session = driver.session
    job_id = session.hear_timing("r1", TimingOptions(seed=9, **options))
    session.reported(JobStarted(job_id))
    session.reported(JobYielded(job_id, TimingProgress(1, 2)))
    session.reported(JobYielded(job_id, HeardTiming(red_lines, 40, 60_000.0)))
    session.reported(JobDone(job_id))
    driver.take()
    return session.timing


def apply(driver):
    """Write the timing on show into the map."""
    planned = driver.session.plan_heard_timing(driver.session.timing.id, driver.data)
    driver.save(planned.document.to_bytes())
    return planned


def test_a_hearing_tells_how_far_it_is_and_then_how_the_map_compares(opened):
    timing = hear(opened)
    (order,) = opened.orders(StartTiming)
    assert order.request.options == TimingOptions(seed=9)
    assert order.request.audio_path.name == "a.mp3"
    steps = [o.job for o in opened.outputs if isinstance(o, JobNews) and o.job.kind == "timing"]
    assert (1, 2) in [(job.done, job.total) for job in steps]
    assert steps[-1].state == "done"
    assert timing.heard.red_lines == HEARD
    assert timing.agreement.same_tempo_share < 1
    assert not timing.applied
    assert opened.session.revision.document.to_bytes() == opened.data


def test_applying_replaces_the_red_lines_and_undo_restores_them(opened):
    hear(opened)
    before = opened.data
    planned = apply(opened)
    assert planned.generated.action == "accepted"
    assert planned.generated.seed == 9
    assert [(p.time_ms, p.beat_length) for p in planned.document.beatmap.red_lines] == [
        (25.0, 400.0),
        (8025.0, 500.0),
    ]
    assert opened.session.timing.applied
    assert opened.session.timing.agreement.close_share == 1
    assert planned.document.apply(planned.undo).to_bytes() == before
    opened.save(before)
    assert not opened.session.timing.applied


def test_a_timing_is_compared_anew_with_every_save(opened, new_map):
    timing = hear(opened)
    outputs = opened.save(new_map().replace(b"0,500,4", b"25,400,4"))
    (news,) = [o for o in outputs if isinstance(o, TimingNews)]
    assert news.timing is not None
    assert news.timing.agreement is not None
    assert news.timing.agreement.close_share > timing.agreement.close_share
    assert TimingNews not in [type(o) for o in opened.save(new_map(2, head=HEAD_AGAIN))]


HEAD_AGAIN = (
    "osu file format v14\n\n[General]\nAudioFilename: a.mp3\n\n[TimingPoints]\n"
    "25,400,4,2,0,50,1,0\n\n[HitObjects]\n"
)


def test_red_lines_that_were_saved_since_are_not_replaced_unseen(opened, new_map):
    timing = hear(opened)
    newer = new_map().replace(b"0,500,4", b"10,500,4")
    with pytest.raises(StaleEdit):
        opened.session.plan_heard_timing(timing.id, newer)
    moved = new_map(moved={3: 40})
    planned = opened.session.plan_heard_timing(timing.id, moved)
    assert b",2540," in planned.document.to_bytes()


def test_the_map_may_have_no_timing_yet(driver, new_map):
    driver.open(new_map().replace(b"0,500,4,2,0,50,1,0\n", b""))
    timing = hear(driver)
    assert timing.agreement is None
    assert apply(driver).document.beatmap.red_lines
    assert driver.session.timing.applied


def test_hearing_needs_no_notice_and_applying_does(new_driver):
    driver = new_driver(FairUse())
    driver.open()
    timing = hear(driver)
    with pytest.raises(NoticeNotAcknowledged):
        driver.session.plan_heard_timing(timing.id, driver.data)


def test_modding_only_lets_a_hearing_go_on_and_refuses_to_write_it(opened):
    timing = hear(opened)
    job_id = opened.session.hear_timing("r2", TimingOptions())
    opened.session.set_modding_only(everywhere=False, enabled=True)
    assert opened.session.jobs.get(job_id) is not None
    with pytest.raises(ModdingOnly):
        opened.session.plan_heard_timing(timing.id, opened.data)


def test_options_out_of_range_and_a_missing_song_are_refused(opened):
    with pytest.raises(OptionRefused):
        opened.session.hear_timing("r", TimingOptions(leniency_ms=0))
    opened.session.song = None
    with pytest.raises(RequestError):
        opened.session.hear_timing("r", TimingOptions())


def test_another_timing_than_the_one_on_show_is_unknown(opened):
    with pytest.raises(UnknownId):
        opened.session.plan_heard_timing("t1", opened.data)
    old = hear(opened)
    hear(opened)
    with pytest.raises(UnknownId):
        opened.session.plan_heard_timing(old.id, opened.data)


def test_a_timing_is_void_with_another_song_and_another_map(opened, new_map):
    hear(opened)
    opened.save(new_map().replace(b"a.mp3", b"b.mp3"))
    opened.session.song_known(Song("b.mp3", 50_000.0))
    assert opened.session.timing is None
    assert TimingNews(None) in opened.take()
    hear(opened)
    opened.open()
    assert opened.session.timing is None


def test_a_newer_hearing_takes_the_place_of_the_running_one(opened):
    first = opened.session.hear_timing("r1", TimingOptions())
    opened.session.hear_timing("r2", TimingOptions())
    assert CancelJob(first) in opened.take()
