"""What the mapper decides about findings, and what came and went among them."""

from __future__ import annotations

import pytest

from companion.beatmap import TimeRange
from companion.checks import Level, run_checks
from companion.engine.requests import ScoreProgress
from companion.errors import RequestError, UnknownId, UnreadableBeatmap
from companion.session import (
    KeepDismissed,
    KeepDismissedRules,
    KeepLevel,
    MapNews,
    ReviewNews,
    StartScore,
)
from companion.worker import JobDone, JobYielded

WHOLE = TimeRange(0, 60_000)
EASY_ONLY = "osu_settings_range"


def scan(driver, *findings, covered=WHOLE, done=True):
    job_id = driver.score.job_id
    driver.session.reported(JobYielded(job_id, ScoreProgress(covered, findings, 1, 1)))
    if done:
        driver.session.reported(JobDone(job_id))
    return driver.take()


def unsnapped(driver):
    """Start times of the unsnapped objects on show."""
    shown = (s.finding for s in driver.session.board.shown)
    return sorted(f.objects[0] for f in shown if f.code == "unsnapped_object")


def times(driver, new_ids):
    shown = (s.finding for s in driver.session.board.shown)
    return sorted(f.at.start_ms for f in shown if f.id in new_ids)


def gone(comparison):
    return [shown.finding.at.start_ms for shown in comparison.gone]


def id_of(driver, code):
    return next(s.finding.id for s in driver.session.board.shown if s.finding.code == code)


# ------------------------------------------------------------------------------------- dismissing


def test_a_dismissed_finding_comes_back_only_when_its_objects_change(driver, new_map):
    driver.open(new_map(moved={4: 37}))
    driver.session.dismiss(id_of(driver, "unsnapped_object"))
    driver.save(new_map(moved={4: 37, 9: 250}))  # elsewhere
    assert unsnapped(driver) == []
    driver.save(new_map(moved={4: 37}).replace(b"\n", b"\r\n"))
    assert unsnapped(driver) == []
    driver.save(new_map(moved={4: 39}))
    assert unsnapped(driver) == [3039]
    driver.save(new_map(moved={4: 37}))
    assert unsnapped(driver) == []


def test_dismissed_findings_are_listed_and_restored_one_by_one(driver, new_map):
    driver.open(new_map(moved={4: 37, 8: 37}))
    first, second = (
        s.finding.id for s in driver.session.board.shown if s.finding.code == "unsnapped_object"
    )
    driver.session.dismiss(first)
    driver.session.dismiss(second)
    driver.take()
    assert [s.finding.id for s in driver.session.review.dismissed.findings] == [first, second]
    driver.session.restore(first)
    assert unsnapped(driver) == [3037]
    outputs = driver.take()
    assert KeepDismissed(frozenset({second})) in outputs
    news = next(o for o in outputs if isinstance(o, ReviewNews))
    assert [s.finding.id for s in news.review.dismissed.findings] == [second]
    with pytest.raises(UnknownId, match="not dismissed"):
        driver.session.restore(first)


def test_dismissed_findings_that_are_not_found_any_more_are_counted(driver, new_map):
    driver.open(new_map(moved={4: 37}))
    driver.session.dismiss(id_of(driver, "unsnapped_object"))
    driver.save(new_map())
    hidden = driver.session.review.dismissed
    assert (hidden.findings, hidden.absent_count) == ((), 1)


def test_a_dismissed_rule_is_silent_in_later_revisions_until_it_is_restored(driver, new_map):
    driver.open(new_map(moved={4: 37}))
    driver.session.dismiss_rule("unsnapped_object")
    assert KeepDismissedRules(frozenset({"unsnapped_object"})) in driver.take()
    driver.save(new_map(moved={4: 37, 8: 37}))
    assert unsnapped(driver) == []
    (rule,) = driver.session.review.dismissed.rules
    assert (rule.code, rule.count) == ("unsnapped_object", 2)
    driver.session.restore_rule("unsnapped_object")
    assert KeepDismissedRules(frozenset()) in driver.take()
    assert unsnapped(driver) == [3037, 5037]
    with pytest.raises(UnknownId, match="not dismissed"):
        driver.session.restore_rule("unsnapped_object")


def test_what_the_model_says_can_be_dismissed_as_a_whole(opened, new_finding):
    scan(opened, new_finding(3000))
    opened.session.dismiss_rule("maimod.rhythm")
    scan(opened, new_finding(3000), new_finding(4000), done=False)
    assert not [s for s in opened.session.board.shown if s.source == "model"]


def test_a_rule_without_findings_cannot_be_dismissed(opened):
    with pytest.raises(UnknownId):
        opened.session.dismiss_rule("unsnapped_object")
    assert opened.take() == []


def test_a_rule_that_is_dismissed_on_top_of_a_finding_leaves_that_dismissed(driver, new_map):
    driver.open(new_map(moved={4: 37, 8: 37}))
    driver.session.dismiss(id_of(driver, "unsnapped_object"))
    driver.session.dismiss_rule("unsnapped_object")
    driver.session.restore_rule("unsnapped_object")
    assert unsnapped(driver) == [5037]
    driver.session.restore_dismissed()
    assert unsnapped(driver) == [3037, 5037]


def test_everything_dismissed_is_restored_at_once(driver, new_map):
    driver.open(new_map(moved={4: 37}), dismissed_rules={"unsnapped_object"}, dismissed={"old"})
    assert unsnapped(driver) == []
    driver.session.restore_dismissed()
    outputs = driver.take()
    assert KeepDismissed(frozenset()) in outputs
    assert KeepDismissedRules(frozenset()) in outputs
    assert unsnapped(driver) == [3037]


# ------------------------------------------------------------------------------------------ level


def set_level(driver, level):
    document = driver.session.revision.document
    driver.session.set_level(level, run_checks(document, level))
    return driver.take()


def test_another_level_changes_the_findings_at_once_and_is_remembered(driver, new_map):
    head = new_map()[: new_map().index(b"[HitObjects]\n") + len(b"[HitObjects]\n")].decode()
    named = head.replace("[Difficulty]", "[Metadata]\nVersion:Normal\n\n[Difficulty]")
    driver.open(new_map(head=named))
    assert driver.session.review.level.interpreted is Level.NORMAL
    codes = sorted(s.finding.code for s in driver.session.board.shown)
    assert EASY_ONLY in codes
    outputs = set_level(driver, Level.EXPERT)
    assert KeepLevel(Level.EXPERT) in outputs
    assert EASY_ONLY not in [s.finding.code for s in driver.session.board.shown]
    level = driver.session.review.level
    assert (level.interpreted, level.stated) == (Level.NORMAL, Level.EXPERT)
    assert not [o for o in outputs if isinstance(o, MapNews | StartScore)]  # nothing was saved
    set_level(driver, None)
    assert sorted(s.finding.code for s in driver.session.board.shown) == codes


def test_another_level_is_no_change_of_the_map(driver, new_map):
    driver.open()
    set_level(driver, Level.INSANE)
    driver.save(new_map(moved={4: 37}))
    before = driver.session.review
    assert times(driver, before.since_save.new_ids) == [3037]
    set_level(driver, Level.EASY)
    review = driver.session.review
    assert EASY_ONLY in [s.finding.code for s in driver.session.board.shown]
    assert review.since_save.new_ids == before.since_save.new_ids
    assert (review.since_save.gone, review.since_opening.gone) == ((), ())
    set_level(driver, Level.INSANE)
    assert driver.session.review.since_opening == before.since_opening


def test_a_look_at_the_set_at_another_level_is_no_news(opened, new_finding):
    revision = opened.session.revision
    opened.session.set_checked(revision, (new_finding(0, code="spread"),))
    set_level(opened, Level.EASY)
    opened.session.set_checked(revision, ())  # it began before the level was said
    assert "spread" in [s.finding.code for s in opened.session.board.shown]
    opened.session.set_checked(revision, (new_finding(1, code="spread"),), Level.EASY)
    review = opened.session.review
    assert (review.since_save.new_ids, review.since_save.gone) == (frozenset(), ())


def test_a_level_needs_a_map_that_can_be_read(driver):
    with pytest.raises(RequestError):
        driver.session.set_level(Level.EASY, ())
    driver.open(b"")
    with pytest.raises(UnreadableBeatmap):
        driver.session.set_level(Level.EASY, ())
    assert driver.session.review.level is None


def test_the_level_is_that_of_one_map(driver):
    driver.open(level=Level.HARD)
    assert driver.session.review.level.stated is Level.HARD
    driver.session.close()
    driver.open()
    assert driver.session.review.level.stated is None


# ------------------------------------------------------------------------------------ what changed


def test_what_came_and_went_is_told_since_save_and_opening(driver, new_map):
    driver.open(new_map(moved={4: 37}))
    review = driver.session.review
    assert (review.since_save.new_ids, review.since_opening.new_ids) == (frozenset(), frozenset())
    driver.save(new_map(moved={8: 37}))
    review = driver.session.review
    assert times(driver, review.since_save.new_ids) == [5037]
    assert gone(review.since_save) == [3037]
    driver.save(new_map(moved={8: 37, 10: 37}))
    review = driver.session.review
    assert times(driver, review.since_save.new_ids) == [6037]
    assert gone(review.since_save) == []
    assert times(driver, review.since_opening.new_ids) == [5037, 6037]
    assert gone(review.since_opening) == [3037]


def test_the_models_first_scan_brings_nothing_new(opened, new_finding):
    scan(opened, new_finding(3000), done=False)
    assert opened.session.review.since_opening.new_ids == frozenset()
    scan(opened, new_finding(5000))
    assert opened.session.review.since_opening.new_ids == frozenset()


def test_what_the_model_finds_after_a_save_is_new_at_once_and_gone_at_the_end(
    opened, new_map, new_finding
):
    scan(opened, new_finding(3000), new_finding(9000))
    opened.save(new_map(moved={4: 250}))  # the object at 3000 is another one now
    assert opened.session.review.since_save.gone == ()  # the model has not looked yet
    scan(opened, new_finding(3250), covered=TimeRange(0, 5000), done=False)
    assert times(opened, opened.session.review.since_save.new_ids) == [3250]
    assert opened.session.review.since_save.gone == ()
    scan(opened, new_finding(9000), covered=TimeRange(5000, 60_000))
    review = opened.session.review
    assert times(opened, review.since_save.new_ids) == [3250]
    assert gone(review.since_save) == gone(review.since_opening) == [3000]


def test_a_save_during_a_scan_is_compared_with_the_last_scan_that_ended(
    opened, new_map, new_finding
):
    scan(opened, new_finding(3000))
    opened.save(new_map(moved={4: 250}))
    opened.save(new_map(moved={4: 375}))
    scan(opened, new_finding(3375))
    review = opened.session.review
    assert times(opened, review.since_save.new_ids) == [3375]
    assert gone(review.since_save) == [3000]


def test_scanning_again_changes_nothing(opened, new_finding):
    scan(opened, new_finding(3000))
    before = opened.session.review
    opened.session.rescan()
    assert opened.session.review == before
    scan(opened, new_finding(3000))
    assert opened.session.review == before


def test_what_is_dismissed_neither_comes_nor_goes(driver, new_map):
    driver.open(new_map(moved={4: 37}))
    driver.save(new_map(moved={4: 37, 8: 37}))
    driver.session.dismiss_rule("unsnapped_object")
    driver.take()
    assert driver.session.review.since_save.new_ids == frozenset()
    driver.save(new_map())
    assert gone(driver.session.review.since_save) == []
    driver.session.restore_rule("unsnapped_object")
    assert gone(driver.session.review.since_save) == [3037, 5037]


def test_after_a_revision_that_cannot_be_read_the_one_before_it_counts(driver, new_map):
    driver.open(new_map(moved={4: 37}))
    driver.save(b"")
    review = driver.session.review
    assert (review.since_save.new_ids, review.since_save.gone) == (frozenset(), ())
    driver.save(new_map(moved={4: 37, 8: 37}))
    review = driver.session.review
    assert times(driver, review.since_save.new_ids) == [5037]
    assert gone(review.since_save) == []


def test_a_look_at_the_set_counts_from_the_first_on(opened, new_map, new_finding):
    about_set, other = new_finding(0, code="spread"), new_finding(1, code="spread")
    opened.session.set_checked(opened.session.revision, (about_set,))
    assert opened.session.review.since_save.new_ids == frozenset()
    opened.session.set_checked(opened.session.revision, (other,))  # another difficulty was saved
    review = opened.session.review
    assert review.since_save.new_ids == {other.id}
    assert gone(review.since_save) == [0]
    opened.save(new_map())
    assert opened.session.review.since_save.new_ids == frozenset()
    assert opened.session.review.since_opening.new_ids == {other.id}


def test_the_review_is_told_only_when_it_differs(opened, new_map):
    assert [o for o in opened.outputs if isinstance(o, ReviewNews)]
    assert not [o for o in opened.save(new_map()) if isinstance(o, ReviewNews)]
    news = [o for o in opened.save(new_map(moved={4: 37})) if isinstance(o, ReviewNews)]
    assert len(news) == 1
    opened.session.close()
    assert [o for o in opened.open(new_map()) if isinstance(o, ReviewNews)]
