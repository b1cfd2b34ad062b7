"""Events in, state and outputs out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from companion.beatmap import TextEdit, TimeRange
from companion.engine.requests import Passage, RegenerateOptions, ScoreProgress, VariantRank
from companion.errors import (
    AudioMissing,
    CheckpointMismatch,
    ModdingOnly,
    NoticeNotAcknowledged,
    OptionRefused,
    OutOfMemory,
    RangeRefused,
    RequestError,
    StaleEdit,
    UnknownId,
    UnreadableBeatmap,
)
from companion.findings import Severity
from companion.session import (
    CancelJob,
    CheckVariants,
    FairUse,
    FairUseNews,
    FindingsNews,
    JobNews,
    KeepDismissed,
    MapNews,
    PassageNews,
    ProblemClearedNews,
    ProblemNews,
    Song,
    StartRegenerate,
    StartScore,
    SuggestionNews,
)
from companion.suggestions import check_variants
from companion.worker import (
    JobDone,
    JobFailed,
    JobStarted,
    JobYielded,
    ModelFailed,
    ModelLoading,
    ModelUnloaded,
)

WHOLE = TimeRange(0, 60_000)


def scored(driver, *findings, covered=WHOLE):
    driver.session.reported(JobYielded(driver.score.job_id, ScoreProgress(covered, findings, 1, 1)))
    return driver.take()


def generate(driver, *, lines=(b"100,100,3000,1,0,0:0:0:0:",), **options):
    """A suggestion on offer, of one passage."""
    session = driver.session
    suggestion = session.regenerate(
        "r1", session.revision.number, TimeRange(3000, 5000), RegenerateOptions(seed=7, **options)
    )
    job_id = suggestion.job_id
    session.reported(JobStarted(job_id))
    session.reported(JobYielded(job_id, Passage(0, suggestion.range, tuple(lines), -1.0)))
    session.reported(JobDone(job_id))
    driver.check()
    return session.suggestions.get(suggestion.id)


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


# ----------------------------------------------------------------------------------- generating


def test_a_range_is_snapped_outward_to_beats(opened):
    suggestion = opened.session.regenerate("r", 1, TimeRange(3100, 4900), RegenerateOptions())
    assert suggestion.range == TimeRange(3000, 5000)
    assert opened.session.drain()[-1].request.range == TimeRange(3000, 5000)


@pytest.mark.parametrize(
    ("span", "error"),
    [
        (TimeRange(5000, 5000), RangeRefused),
        (TimeRange(5000, 4000), RangeRefused),
        (TimeRange(60_000, 61_000), RangeRefused),
        (TimeRange(-900, -100), RangeRefused),
    ],
)
def test_ranges_that_make_no_sense_are_refused(opened, span, error):
    with pytest.raises(error):
        opened.session.regenerate("r", 1, span, RegenerateOptions())
    assert opened.take() == []


@pytest.mark.parametrize(
    "options",
    [{"temperature": 99}, {"replace": "positions", "guidance": 2.0}],
)
def test_options_that_nobody_can_meet_are_refused(opened, options):
    with pytest.raises(OptionRefused):
        opened.session.regenerate("r", 1, WHOLE, RegenerateOptions(**options))
    assert opened.take() == []


def test_an_old_base_revision_is_refused(opened, new_map):
    opened.save(new_map(moved={1: 3}))
    with pytest.raises(StaleEdit):
        opened.session.regenerate("r", 1, WHOLE, RegenerateOptions())


def test_a_map_without_timing_is_refused(driver, new_map):
    driver.open(new_map().replace(b"0,500,4,2,0,50,1,0\n", b""))
    with pytest.raises(RangeRefused, match="timing"):
        driver.session.regenerate("r", 1, WHOLE, RegenerateOptions())


def test_a_new_generation_takes_the_place_of_the_running_one(opened):
    first = opened.session.regenerate("r1", 1, TimeRange(3000, 5000), RegenerateOptions())
    opened.session.regenerate("r2", 1, TimeRange(6000, 8000), RegenerateOptions())
    outputs = opened.take()
    assert CancelJob(first.job_id) in outputs
    assert opened.session.suggestions.get(first.id).state == "cancelled"


def test_passages_are_told_as_they_come(opened):
    suggestion = generate(opened)
    assert suggestion.state == "offered"
    (news,) = [o for o in opened.outputs if isinstance(o, PassageNews)]
    assert news.passage.lines == (b"100,100,3000,1,0,0:0:0:0:",)
    states = [o.suggestion.state for o in opened.outputs if isinstance(o, SuggestionNews)]
    assert states == ["generating", "offered"]


def test_the_ranking_of_variants_is_kept(opened):
    session = opened.session
    suggestion = session.regenerate("r", 1, TimeRange(3000, 5000), RegenerateOptions(variants=2))
    for variant in (0, 1):
        passage = Passage(variant, suggestion.range, (), -1.0)
        session.reported(JobYielded(suggestion.job_id, passage))
    session.reported(JobYielded(suggestion.job_id, VariantRank((1, 0), (1.0, 2.0))))
    session.reported(JobDone(suggestion.job_id))
    assert session.suggestions.get(suggestion.id).ranking == (1, 0)


def offer_two(opened, first, second):
    """A suggestion of two variants of one object each, of which the model prefers the second."""
    session = opened.session
    suggestion = session.regenerate("r", 1, TimeRange(3000, 5000), RegenerateOptions(variants=2))
    for variant, line in enumerate((first, second)):
        passage = Passage(variant, suggestion.range, (line,), -1.0)
        session.reported(JobYielded(suggestion.job_id, passage))
    session.reported(JobYielded(suggestion.job_id, VariantRank((1, 0), (1.0, 2.0))))
    session.reported(JobDone(suggestion.job_id))
    return suggestion.id


CLEAN, UNSNAPPED = b"128,192,3000,1,0,0:0:0:0:", b"128,192,3060,1,0,0:0:0:0:"


def test_a_variant_is_offered_once_the_rules_have_looked_at_it(opened):
    key = offer_two(opened, CLEAN, UNSNAPPED)
    (job,) = [job for job in opened.session.jobs.live if job.generates]
    assert job.note == "The rules look at what was written."
    assert opened.session.suggestions.get(key).state == "generating"
    with pytest.raises(RequestError, match="generating"):
        opened.session.plan_accept(key, 0, opened.data)
    outputs = opened.check()
    suggestion = opened.session.suggestions.get(key)
    assert [o.suggestion for o in outputs if isinstance(o, SuggestionNews)] == [suggestion]
    assert suggestion.state == "offered"
    assert suggestion.findings(0) == ()
    assert [f.code for f in suggestion.findings(1)] == ["unsnapped_object"]
    # the model prefers the one that the rules object to
    assert (suggestion.ranking, suggestion.order) == ((1, 0), (0, 1))
    ended = next(o.job for o in outputs if isinstance(o, JobNews))
    assert (ended.state, ended.note) == ("done", None)


def test_a_save_elsewhere_has_the_variants_looked_at_again(opened, new_map):
    key = offer_two(opened, CLEAN, UNSNAPPED)
    (early,) = [o for o in opened.take() if isinstance(o, CheckVariants)]
    opened.save(new_map(moved={10: 20}))
    late = opened.orders(CheckVariants)[-1]
    assert late.suggestion.base_revision == 2
    opened.session.variants_checked(early.suggestion, ())  # of a map that is no more
    assert opened.session.suggestions.get(key).state == "generating"
    opened.session.variants_checked(late.suggestion, check_variants(late.suggestion))
    assert opened.session.suggestions.get(key).state == "offered"
    opened.take()
    opened.save(new_map(moved={10: 20, 12: 20}))
    assert opened.session.suggestions.get(key).findings(0) == ()
    again = opened.orders(CheckVariants)[-1]
    assert again.suggestion.base_revision == 3
    opened.session.variants_checked(again.suggestion, ())
    (news,) = opened.take()
    assert news == SuggestionNews(opened.session.suggestions.get(key))
    assert news.suggestion.findings(0) is None


def test_what_cannot_be_checked_is_offered_all_the_same(opened):
    key = offer_two(opened, CLEAN, UNSNAPPED)
    (order,) = [o for o in opened.take() if isinstance(o, CheckVariants)]
    opened.session.variants_checked(order.suggestion, ())
    suggestion = opened.session.suggestions.get(key)
    assert (suggestion.state, suggestion.findings(1)) == ("offered", None)
    assert suggestion.order == (1, 0)


def test_a_suggestion_called_off_while_the_rules_look_stays_called_off(opened):
    key = offer_two(opened, CLEAN, UNSNAPPED)
    (order,) = [o for o in opened.take() if isinstance(o, CheckVariants)]
    opened.session.cancel(order.suggestion.job_id)
    opened.take()
    opened.session.variants_checked(order.suggestion, check_variants(order.suggestion))
    assert opened.take() == []
    assert opened.session.suggestions.get(key).state == "cancelled"


def test_what_the_mapper_has_dismissed_is_not_held_against_a_variant(opened, new_map):
    opened.save(new_map(moved={4: 60}))
    (unsnapped,) = [
        s.finding for s in opened.session.board.shown if s.finding.code == "unsnapped_object"
    ]
    opened.session.dismiss(unsnapped.id)
    opened.save(new_map())
    suggestion = opened.session.regenerate("r", 3, TimeRange(3000, 5000), RegenerateOptions())
    passage = Passage(0, suggestion.range, (UNSNAPPED,), -1.0)
    opened.session.reported(JobYielded(suggestion.job_id, passage))
    opened.session.reported(JobDone(suggestion.job_id))
    opened.check()
    assert opened.session.suggestions.get(suggestion.id).findings(0) == ()


def test_a_part_of_a_variant_is_looked_at_and_accepted_like_the_others(opened):
    suggestion = generate(opened, lines=(b"100,100,3000,1,8,0:0:0:0:",))
    opened.session.take_part(suggestion.id, 0, "positions")
    (news, order) = opened.take()
    assert news == SuggestionNews(opened.session.suggestions.get(suggestion.id))
    assert news.suggestion.findings(0) is not None
    assert news.suggestion.findings(1) is None
    opened.session.variants_checked(order.suggestion, check_variants(order.suggestion))
    assert opened.session.suggestions.get(suggestion.id).findings(1) is not None
    opened.take()
    opened.session.take_part(suggestion.id, 0, "positions")
    assert opened.take() == []
    planned = opened.session.plan_accept(suggestion.id, 1, opened.data)
    before, after = opened.data.split(b"\n"), planned.document.to_bytes().split(b"\n")
    changed = [new for old, new in zip(before, after, strict=True) if old != new]
    assert changed[0] == b"100,100,3000,1,0,0:0:0:0:"
    assert [line.split(b",")[2] for line in changed] == [b"3000", b"3500", b"4000", b"4500"]
    assert planned.description == "New positions 00:03:000 - 00:05:000"
    assert planned.document.apply(planned.undo).to_bytes() == opened.data


def test_objects_that_stay_keep_the_green_lines_that_they_were_made_for(driver, new_map):
    red = b"0,500,4,2,0,50,1,0\n"
    driver.open(new_map().replace(red, red + b"3000,-50,4,2,0,50,0,0\n"))
    keep = frozenset({"rhythm"})
    suggestion = generate(driver, lines=(CLEAN,), keep=keep, change_green_lines=True)
    planned = driver.session.plan_accept(suggestion.id, 0, driver.data)
    assert b"3000,-50,4,2,0,50,0,0\n" in planned.document.to_bytes()


def test_accepting_replaces_exactly_the_objects_in_the_range(opened):
    suggestion = generate(opened)
    planned = opened.session.plan_accept(suggestion.id, 0, opened.data)
    times = [o.start_ms for o in planned.document.beatmap.hit_objects]
    assert 3000 in times
    assert not {3500, 4000, 4500} & set(times)
    assert {2500, 5000} <= set(times)
    assert planned.generated.seed == 7
    assert planned.generated.model == "fake"
    assert planned.document.apply(planned.undo).to_bytes() == opened.data


def test_hitsounds_of_the_whole_map_reach_from_the_first_object_past_the_last(opened):
    suggestion = opened.session.choose_hitsounds("r", 1, None, None, RegenerateOptions(seed=3))
    assert suggestion.range == TimeRange(1000, 11_000)
    (job,) = [job for job in opened.session.jobs.live if job.generates]
    assert (job.kind, job.suggestion_id) == ("hitsounds", suggestion.id)
    asked = opened.session.drain()[-1].request.options
    assert (asked.replace, asked.seed, asked.guidance) == ("hitsounds", 3, 1)


def test_hitsounds_are_spliced_into_the_lines_and_undone(opened):
    session = opened.session
    suggestion = session.choose_hitsounds("r", 1, 3000, 4000, RegenerateOptions())
    assert suggestion.range == TimeRange(3000, 4000)
    lines = (b"128,192,3000,1,2,0:0:0:0:", b"144,192,3500,1,0,0:0:0:0:")
    session.reported(JobYielded(suggestion.job_id, Passage(0, suggestion.range, lines, -1.0)))
    session.reported(JobDone(suggestion.job_id))
    opened.check()
    planned = session.plan_accept(suggestion.id, 0, opened.data)
    old, new = opened.data.split(b"\n"), planned.document.to_bytes().split(b"\n")
    assert [pair for pair in zip(old, new, strict=True) if pair[0] != pair[1]] == [
        (b"128,192,3000,1,0,0:0:0:0:", b"128,192,3000,1,2,0:0:0:0:")
    ]
    assert planned.description == "New hitsounds 00:03:000 - 00:04:000"
    assert planned.document.apply(planned.undo).to_bytes() == opened.data


def test_a_map_without_objects_has_nothing_to_sound(driver, new_map):
    driver.open(new_map(0))
    with pytest.raises(RangeRefused, match="no objects"):
        driver.session.choose_hitsounds("r", 1, None, None, RegenerateOptions())


def test_hitsounds_and_sections_are_generated_one_at_a_time(opened):
    section = opened.session.regenerate("r1", 1, TimeRange(3000, 5000), RegenerateOptions())
    opened.session.choose_hitsounds("r2", 1, None, None, RegenerateOptions())
    assert CancelJob(section.job_id) in opened.take()
    assert [job.kind for job in opened.session.jobs.live if job.generates] == ["hitsounds"]


def test_accepting_moves_along_with_a_save_elsewhere(opened, new_map):
    suggestion = generate(opened)
    saved = new_map(moved={15: 40})
    planned = opened.session.plan_accept(suggestion.id, 0, saved)
    assert b",8540," in planned.document.to_bytes()
    assert planned.document.apply(planned.undo).to_bytes() == saved


@pytest.mark.parametrize(
    "change",
    [
        (b",3500,1,", b",3501,1,"),
        (b"0,500,4,2,0,50,1,0\n", b"0,510,4,2,0,50,1,0\n"),
        (b"0,500,4,2,0,50,1,0\n", b"0,500,4,2,0,50,1,0\n3500,400,4,2,0,50,1,0\n"),
        (b"0,500,4,2,0,50,1,0\n", b"0,500,4,2,0,50,1,0\n2000,-50,4,2,0,50,0,0\n"),
        (b"SliderMultiplier:1.4", b"SliderMultiplier:1.8"),
    ],
)
def test_accepting_is_stale_when_the_ground_has_changed(opened, change):
    suggestion = generate(opened)
    with pytest.raises(StaleEdit):
        opened.session.plan_accept(suggestion.id, 0, opened.data.replace(*change))
    assert opened.session.suggestions.get(suggestion.id).state == "stale"
    with pytest.raises(RequestError):
        opened.session.plan_accept(suggestion.id, 0, opened.data)


def test_a_save_of_the_section_makes_its_suggestion_stale_and_ends_its_job(opened, new_map):
    suggestion = opened.session.regenerate("r", 1, TimeRange(3000, 5000), RegenerateOptions())
    opened.take()
    outputs = opened.save(new_map(moved={5: 40}))
    assert CancelJob(suggestion.job_id) in outputs
    assert opened.session.suggestions.get(suggestion.id).state == "stale"


def test_a_save_elsewhere_moves_a_running_generation_to_the_new_revision(opened, new_map):
    suggestion = opened.session.regenerate("r", 1, TimeRange(3000, 5000), RegenerateOptions())
    opened.take()
    opened.save(new_map(moved={15: 40}))
    moved = opened.session.suggestions.get(suggestion.id)
    assert (moved.state, moved.base_revision) == ("generating", 2)
    assert opened.session.jobs.get(suggestion.job_id).revision == 2


def test_only_an_offered_variant_can_be_accepted(opened):
    suggestion = generate(opened)
    with pytest.raises(UnknownId):
        opened.session.plan_accept("s99", 0, opened.data)
    with pytest.raises(UnknownId):
        opened.session.plan_accept(suggestion.id, 5, opened.data)
    opened.session.reject(suggestion.id)
    with pytest.raises(RequestError, match="rejected"):
        opened.session.plan_accept(suggestion.id, 0, opened.data)
    with pytest.raises(RequestError):
        opened.session.reject(suggestion.id)


def test_rejecting_a_running_generation_ends_its_job(opened):
    suggestion = opened.session.regenerate("r", 1, TimeRange(3000, 5000), RegenerateOptions())
    opened.session.reject(suggestion.id)
    assert CancelJob(suggestion.job_id) in opened.take()
    assert opened.session.suggestions.get(suggestion.id).state == "rejected"


# ------------------------------------------------------------------------------------- fair use


def test_generating_is_refused_before_the_notice_is_read(new_driver):
    driver = new_driver(FairUse())
    driver.open()
    with pytest.raises(NoticeNotAcknowledged):
        driver.session.regenerate("r", 1, WHOLE, RegenerateOptions())
    driver.session.acknowledge_notice()
    driver.session.regenerate("r", 1, WHOLE, RegenerateOptions())


@pytest.mark.parametrize("everywhere", [True, False])
def test_modding_only_refuses_every_generating_action(opened, new_finding, everywhere):
    suggestion = generate(opened)
    line = opened.data.splitlines(keepends=True)[20]
    scored(opened, new_finding(3000, fix=(TextEdit(20, (line,), (line,)),)))
    opened.session.regenerate("r", 1, TimeRange(6000, 8000), RegenerateOptions())
    opened.session.set_modding_only(everywhere=everywhere, enabled=True)
    outputs = opened.take()
    assert any(isinstance(o, CancelJob) for o in outputs)
    assert any(isinstance(o, FairUseNews) and not o.fair_use.can_generate for o in outputs)
    with pytest.raises(ModdingOnly):
        opened.session.regenerate("r", 1, WHOLE, RegenerateOptions())
    with pytest.raises(ModdingOnly):
        opened.session.plan_accept(suggestion.id, 0, opened.data)
    with pytest.raises(ModdingOnly):
        opened.session.take_part(suggestion.id, 0, "rhythm")
    with pytest.raises(ModdingOnly):
        opened.session.plan_fix(new_finding(3000).id, 1, opened.data)
    opened.session.set_modding_only(everywhere=everywhere, enabled=False)
    assert opened.session.plan_accept(suggestion.id, 0, opened.data)


def test_the_switch_in_the_settings_cannot_be_turned_here(new_driver):
    driver = new_driver(FairUse(notice_acknowledged=True, modding_only_forced=True))
    driver.open()
    with pytest.raises(OptionRefused):
        driver.session.set_modding_only(everywhere=True, enabled=False)
    with pytest.raises(ModdingOnly):
        driver.session.regenerate("r", 1, WHOLE, RegenerateOptions())


# --------------------------------------------------------------------------- findings and undo


def test_a_fix_is_found_again_after_lines_moved(opened, new_finding):
    lines = opened.data.splitlines(keepends=True)
    at = next(i for i, line in enumerate(lines) if b",3000,1," in line)
    fixed = lines[at].replace(b",3000,", b",3010,")
    scored(opened, new_finding(3000, fix=(TextEdit(at, (lines[at],), (fixed,)),)))
    moved = opened.data.replace(b"[HitObjects]\n", b"[HitObjects]\n0,0,100,1,0\n0,0,200,1,0\n")
    planned = opened.session.plan_fix(new_finding(3000).id, 1, moved)
    assert planned.document.to_bytes() == moved.replace(lines[at], fixed)
    assert planned.generated.action == "fix_applied"
    gone = opened.data.replace(lines[at], b"")
    with pytest.raises(StaleEdit):
        opened.session.plan_fix(new_finding(3000).id, 1, gone)


def test_the_models_edit_in_a_rules_finding_is_generated_content(opened, new_finding):
    line = opened.data.splitlines(keepends=True)[20]
    rule = replace(new_finding(3000, code="inconsistent_snapping"), severity=Severity.MINOR)
    fix = (TextEdit(20, (line,), (b"0,0,3000,1,0\n",)),)
    scored(opened, new_finding(3000, code="maimod.snap", fix=fix))
    opened.session.set_checked(opened.session.revision, (rule,))
    planned = opened.session.plan_fix(rule.id, 1, opened.data)
    assert planned.document.to_bytes() == opened.data.replace(line, b"0,0,3000,1,0\n")
    assert planned.generated.action == "fix_applied"
    opened.session.set_modding_only(everywhere=True, enabled=True)
    with pytest.raises(ModdingOnly):
        opened.session.plan_fix(rule.id, 1, opened.data)


def test_a_finding_without_a_concrete_edit_has_nothing_to_apply(opened, new_finding):
    scored(opened, new_finding(3000))
    with pytest.raises(RequestError, match="no concrete edit"):
        opened.session.plan_fix(new_finding(3000).id, 1, opened.data)
    with pytest.raises(UnknownId):
        opened.session.plan_fix("unknown", 1, opened.data)


def test_dismissing_hides_in_later_scans_too(opened, new_finding):
    scored(opened, new_finding(3000))
    opened.session.dismiss(new_finding(3000).id)
    outputs = opened.take()
    assert KeepDismissed(frozenset({new_finding(3000).id})) in outputs
    news = next(o for o in outputs if isinstance(o, FindingsNews))
    assert news.removed_ids == (new_finding(3000).id,)
    scored(opened, new_finding(3000))
    assert not [s for s in opened.session.board.shown if s.source == "model"]
    opened.session.restore_dismissed()
    assert [s for s in opened.session.board.shown if s.source == "model"]


def test_undo_without_steps_is_refused(opened):
    with pytest.raises(RequestError, match="nothing to undo"):
        opened.session.plan_undo(opened.data)


def test_requests_without_a_map_are_refused(driver):
    for request in (
        driver.session.rescan,
        driver.session.restore_dismissed,
        lambda: driver.session.dismiss("x"),
        lambda: driver.session.restore("x"),
        lambda: driver.session.dismiss_rule("x"),
        lambda: driver.session.restore_rule("x"),
        lambda: driver.session.plan_undo(b""),
        lambda: driver.session.cancel("j1"),
        lambda: driver.session.set_modding_only(everywhere=False, enabled=True),
    ):
        with pytest.raises(RequestError):
            request()
    assert driver.take() == []


def test_a_generation_order_carries_everything_the_engine_needs(opened):
    generate(opened, difficulty=3.0, replace="positions")
    request = opened.orders(StartRegenerate)[0].request
    assert request.document is opened.session.revision.document
    assert request.audio_path.name == "a.mp3"
    assert request.options.replace == "positions"
    assert request.conditioning.song_length_ms == 60_000
