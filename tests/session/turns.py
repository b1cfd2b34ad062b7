"""What happens between a session and the rest of the companion, in one call each."""

from __future__ import annotations

from companion.beatmap import TimeRange
from companion.engine.requests import Passage, RegenerateOptions, ScoreProgress, VariantRank
from companion.worker import (
    JobDone,
    JobStarted,
    JobYielded,
)

WHOLE = TimeRange(0, 60_000)
CLEAN, UNSNAPPED = b"128,192,3000,1,0,0:0:0:0:", b"128,192,3060,1,0,0:0:0:0:"
"""Lines of an object on a tick and beside one."""


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
