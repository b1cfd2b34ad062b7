"""Revisions of a map, scans of it, and what the model lives through."""

from __future__ import annotations

import pytest

from companion.beatmap import TimeRange
from companion.engine.requests import RegenerateOptions, ScoreProgress
from companion.errors import (
    AudioMissing,
    CheckpointMismatch,
    OutOfMemory,
    RangeRefused,
    RequestError,
    UnreadableBeatmap,
)
from companion.session import (
    CancelJob,
    FindingsNews,
    JobNews,
    MapNews,
    ProblemClearedNews,
    ProblemNews,
    Song,
    StartScore,
)
from companion.worker import (
    JobDone,
    JobFailed,
    JobYielded,
    ModelFailed,
    ModelLoading,
    ModelUnloaded,
)
from tests.session.turns import WHOLE, scored

# ------------------------------------------------------------------------------------- revisions


def test_opening_tells_the_map_and_its_findings_and_starts_a_scan(driver):
    outputs = driver.open()
    kinds = [type(o) for o in outputs]
    assert kinds.index(MapNews) < kinds.index(FindingsNews) < kinds.index(StartScore)
    assert driver.session.revision.number == 1


def test_a_save_tells_rule_findings_before_anything_that_takes_longer(opened, new_map):
    outputs = opened.save(new_map(moved={4: 37}))
    kinds = [type(o) for o in outputs]
    assert kinds.index(FindingsNews) < kinds.index(MapNews) < kinds.index(StartScore)
    news = next(o for o in outputs if isinstance(o, FindingsNews))
    assert news.revision == 2
    assert any(3037 in shown.finding.objects for shown in news.added)


def test_a_save_calls_the_older_scan_off_before_it_is_told(opened, new_map):
    old = opened.score.job_id
    outputs = opened.save(new_map(moved={4: 37}))
    assert isinstance(outputs[0], CancelJob)
    assert outputs[0].job_id == old
    position = next(i for i, o in enumerate(outputs) if isinstance(o, MapNews))
    assert all(o.job.id != old for o in outputs[position:] if isinstance(o, JobNews))


def test_reports_of_an_older_scan_change_nothing(opened, new_map, new_finding):
    old = opened.score.job_id
    opened.save(new_map(moved={4: 37}))
    shown = opened.session.board.shown
    opened.session.reported(JobYielded(old, ScoreProgress(WHOLE, (new_finding(1000),), 1, 1)))
    opened.session.reported(JobDone(old))
    assert opened.take() == []
    assert opened.session.board.shown == shown


def test_what_the_rules_find_in_the_set_stands_beside_the_rest(opened, new_map, new_finding):
    before = {shown.finding.id for shown in opened.session.board.shown}
    about_set, again = new_finding(70_000), new_finding(80_000)
    first = opened.session.revision
    opened.session.set_checked(first, (about_set,))
    (news,) = opened.take()
    assert [shown.finding for shown in news.added] == [about_set]
    opened.session.set_checked(first, (again,))
    news = next(o for o in opened.take() if isinstance(o, FindingsNews))
    assert ([s.finding for s in news.added], news.removed_ids) == ([again], (about_set.id,))
    assert {s.finding.id for s in opened.session.board.shown} == before | {again.id}
    opened.save(new_map(moved={4: 37}))
    assert again.id in {s.finding.id for s in opened.session.board.shown}
    opened.session.set_checked(first, ())  # of a revision that is no more
    assert opened.take() == []
    opened.save(b"")
    assert opened.session.board.shown == ()


def test_the_scan_starts_where_the_edit_was(opened, new_map):
    opened.save(new_map(moved={4: 37}))
    assert abs(opened.score.request.near_ms - 3000) < 500


def test_model_findings_at_a_change_are_dropped_and_others_stay(opened, new_map, new_finding):
    scored(opened, new_finding(3000), new_finding(8000))
    opened.save(new_map(moved={4: 37}))
    assert [s.finding.objects for s in opened.session.board.shown if s.source == "model"] == [
        (8000,)
    ]


def test_a_scanned_stretch_replaces_what_was_said_about_it(opened, new_finding):
    scored(opened, new_finding(3000), new_finding(8000))
    (news,) = [
        o
        for o in scored(opened, new_finding(3500), covered=TimeRange(2000, 5000))
        if isinstance(o, FindingsNews)
    ]
    assert [s.finding.objects for s in news.added] == [(3500,)]
    assert news.removed_ids == (new_finding(3000).id,)


def test_a_file_that_cannot_be_used_shows_nothing_and_says_why(opened, new_finding):
    scored(opened, new_finding(3000))
    outputs = opened.save(b"")
    assert any(isinstance(o, ProblemNews) and o.problem.code == "map_unreadable" for o in outputs)
    assert opened.session.board.shown == ()
    assert not any(isinstance(o, StartScore) for o in outputs)
    with pytest.raises(UnreadableBeatmap):
        opened.session.rescan()
    with pytest.raises(UnreadableBeatmap):
        opened.session.plan_undo(b"")


def test_a_map_with_another_song_waits_for_that_song(opened, new_map):
    outputs = opened.save(new_map().replace(b"a.mp3", b"b.mp3"))
    assert not any(isinstance(o, StartScore) for o in outputs)
    opened.session.song_known(Song("b.mp3", 50_000.0))
    assert any(isinstance(o, StartScore) for o in opened.take())


def test_a_song_that_cannot_be_heard_ends_the_scan(opened):
    opened.session.song_unusable(AudioMissing("The song is gone."))
    outputs = opened.take()
    assert any(isinstance(o, CancelJob) for o in outputs)
    assert any(isinstance(o, ProblemNews) and o.problem.code == "audio_missing" for o in outputs)
    with pytest.raises(RequestError):
        opened.session.rescan()
    with pytest.raises(RequestError):
        opened.session.regenerate("r", 1, WHOLE, RegenerateOptions())


def test_a_deleted_file_is_a_problem_until_the_next_save(opened, new_map):
    opened.session.gone()
    outputs = opened.take()
    assert any(isinstance(o, ProblemNews) and o.problem.code == "map_missing" for o in outputs)
    outputs = opened.save(new_map(moved={1: 3}))
    assert ProblemClearedNews("map_missing") in outputs


def test_closing_forgets_everything_about_the_map(opened, new_finding):
    scored(opened, new_finding(3000))
    opened.session.close()
    outputs = opened.take()
    assert MapNews(None, None) in outputs
    assert opened.session.board.shown == ()
    assert opened.session.jobs.live == ()
    opened.session.close()
    assert opened.take() == []


def test_opening_another_map_voids_jobs_of_the_first(opened):
    first = opened.score.job_id
    opened.open()
    assert any(isinstance(o, CancelJob) and o.job_id == first for o in opened.outputs)
    opened.session.reported(JobDone(first))
    assert opened.take() == []


# --------------------------------------------------------------------------------- conditioning


def test_conditioning_is_pinned_over_small_changes(opened, new_map):
    first = opened.score.request.conditioning
    opened.save(new_map(moved={4: 1}))
    assert opened.score.request.conditioning is first


def test_a_large_change_moves_it_and_says_so(opened, new_map):
    first = opened.score.request.conditioning
    outputs = opened.save(new_map().replace(b"CircleSize:4", b"CircleSize:6"))
    assert opened.score.request.conditioning is not first
    job = next(o.job for o in outputs if isinstance(o, JobNews) and o.job.state == "queued")
    assert job.note is not None
    assert "circle size" in job.note
    assert "scored anew" in job.note


# --------------------------------------------------------------------------------------- models


def test_the_models_life_is_told(opened):
    session = opened.session
    session.reported(ModelLoading())
    assert session.model.state == "loading"
    session.reported(ModelUnloaded())
    assert (session.model.state, session.model.info.name) == ("unloaded", "fake")
    session.reported(ModelFailed(CheckpointMismatch("tensor x has shape (1,)")))
    assert session.model.state == "failed"
    assert [p.code for p in session.problems] == ["checkpoint_mismatch"]


def test_a_failed_scan_is_a_problem_until_one_succeeds(opened, new_map):
    opened.session.reported(JobFailed(opened.score.job_id, OutOfMemory("The card is full.")))
    assert [p.code for p in opened.session.problems] == ["out_of_memory"]
    opened.save(new_map(moved={1: 3}))
    opened.session.reported(JobDone(opened.score.job_id))
    assert list(opened.session.problems) == []


def test_a_refusal_by_the_engine_is_the_jobs_affair_alone(opened):
    opened.session.regenerate("r", 1, TimeRange(3000, 5000), RegenerateOptions())
    opened.take()
    opened.session.reported(JobFailed(opened.generation.job_id, RangeRefused("Not there.")))
    outputs = opened.take()
    assert not any(isinstance(o, ProblemNews) for o in outputs)
    (suggestion,) = opened.session.suggestions
    assert (suggestion.state, suggestion.reason) == ("failed", "Not there.")
