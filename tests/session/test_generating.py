"""Passages from the request to the accepted lines."""

from __future__ import annotations

import pytest

from companion.beatmap import TimeRange
from companion.engine.requests import Passage, RegenerateOptions, VariantRank
from companion.errors import (
    OptionRefused,
    RangeRefused,
    RequestError,
    StaleEdit,
    UnknownId,
)
from companion.session import (
    CancelJob,
    CheckVariants,
    JobNews,
    PassageNews,
    SuggestionNews,
)
from companion.suggestions import check_variants
from companion.worker import (
    JobDone,
    JobYielded,
)
from tests.session.turns import CLEAN, UNSNAPPED, WHOLE, generate, offer_two


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
