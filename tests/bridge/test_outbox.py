"""What waits for a slow client."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from companion.bridge.outbox import Outbox, OutboxFull
from protocol import beatmaps
from protocol import messages as m
from protocol import values as v
from protocol.codec import PreparedUpdate


def finding(name, message="m"):
    return v.Finding(
        id=name,
        source="rule",
        code="c",
        rule="Rule",
        category="C",
        severity="minor",
        start_ms=0,
        end_ms=0,
        objects_ms=[],
        message=message,
        weight=1,
        surprisal_bits=None,
        fix_label=None,
        fix_source=None,
        editor_link="",
        file=None,
        support=[],
    )


def delta(*added, removed=(), revision=1, map_id="m"):
    return m.FindingsDelta(
        map_id=map_id,
        revision=revision,
        added=list(added),
        removed_ids=list(removed),
    )


def job(name, done):
    return m.JobChanged(
        job=v.Job(
            id=name,
            kind="score",
            state="running",
            revision=1,
            done=done,
            total=9,
            request_id=None,
            suggestion_id=None,
            file_name=None,
            note=None,
            error=None,
        )
    )


def passage(number):
    return m.PassageAdded(
        suggestion_id="s",
        variant=0,
        start_ms=number,
        end_ms=number,
        objects=[],
        mean_logprob=0,
        changed=0,
    )


def reply(number):
    return m.Reply(request_id=str(number), ok=True)


async def drained(*updates) -> list[Any]:
    outbox = Outbox()
    for update in updates:
        outbox.put(PreparedUpdate(update))
    return [(await outbox.get()).update for _ in range(len(outbox))]


async def test_state_replaces_its_predecessor_and_moves_to_the_end():
    assert await drained(job("a", 1), job("b", 1), job("a", 2)) == [job("b", 1), job("a", 2)]


async def test_replies_and_passages_are_kept_in_order():
    updates = [passage(1), reply(1), passage(2), reply(1), passage(3)]
    assert await drained(*updates) == updates


async def test_a_problem_and_its_end_are_one_topic():
    raised = m.ProblemRaised(problem=v.Problem(code="x", message="m"))
    assert await drained(raised, m.ProblemCleared(code="x")) == [m.ProblemCleared(code="x")]


async def test_deltas_of_findings_are_joined():
    first = delta(finding("a"), finding("b"), removed=["x"])
    second = delta(finding("c"), finding("x"), removed=["a", "y"], revision=2)
    (joined,) = await drained(first, second)
    assert [f.id for f in joined.added] == ["b", "c", "x"]
    assert joined.removed_ids == ["a", "y"]
    assert joined.revision == 2


async def test_what_a_request_led_to_stays_before_its_reply():
    answer, before, after = delta(finding("a")), job("s", 1), delta(finding("b"))
    waiting = [answer, before, reply(1), after, job("s", 2), job("s", 3)]
    assert await drained(*waiting) == [answer, before, reply(1), after, job("s", 3)]


async def test_a_joined_delta_takes_the_newer_wording():
    (joined,) = await drained(delta(finding("a", "old")), delta(finding("a", "new")))
    assert [f.message for f in joined.added] == ["new"]


def revised(map_id, revision):
    opened = beatmaps.MapState.model_construct(map_id=map_id, revision=revision)
    return m.MapRevised.model_construct(type="map_revised", map=opened)


async def test_a_newer_revision_stays_ahead_of_what_is_about_its_map():
    findings = delta(finding("a"), map_id="new")
    waiting = [revised("old", 3), revised("new", 1), findings, revised("new", 2)]
    assert await drained(*waiting) == [revised("new", 2), findings]


async def test_another_map_comes_after_what_was_about_the_one_before():
    findings = delta(finding("a"), map_id="old")
    closed = m.MapRevised(map=None)
    assert await drained(revised("old", 3), findings, revised("new", 1)) == [
        findings,
        revised("new", 1),
    ]
    assert await drained(revised("old", 3), findings, closed) == [findings, closed]


async def test_a_delta_of_another_map_is_not_joined():
    (joined,) = await drained(delta(finding("a")), delta(finding("b"), map_id="other"))
    assert [f.id for f in joined.added] == ["b"]


async def test_a_snapshot_makes_everything_but_replies_void():
    snapshot = m.Snapshot.model_construct(type="snapshot")
    left = await drained(job("a", 1), reply(1), passage(1), snapshot, passage(2))
    assert left == [reply(1), snapshot, passage(2)]


async def test_too_much_is_an_error():
    outbox = Outbox(limit=3)
    for number in range(3):
        outbox.put(PreparedUpdate(reply(number)))
    with pytest.raises(OutboxFull):
        outbox.put(PreparedUpdate(reply(4)))


async def test_state_never_fills_it():
    outbox = Outbox(limit=3)
    for number in range(100):
        outbox.put(PreparedUpdate(job("a", number)))
    assert len(outbox) == 1


async def test_a_cancelled_get_loses_nothing():
    outbox = Outbox()
    waiting = asyncio.create_task(outbox.get())
    while not outbox._filled._waiters:  # until it waits
        await asyncio.get_running_loop().run_in_executor(None, lambda: None)
    outbox.put(PreparedUpdate(reply(1)))
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    if waiting.cancelled():
        assert (await outbox.get()).update == reply(1)
    else:
        assert waiting.result().update == reply(1)
