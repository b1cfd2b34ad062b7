"""Frames: every message survives the round trip, and nothing else gets through."""

from __future__ import annotations

from typing import Any

import msgpack
import pytest

from protocol import beatmaps
from protocol import messages as m
from protocol import review as r
from protocol import timing as t
from protocol import values as v
from protocol.codec import (
    MAX_CLIENT_FRAME_BYTES,
    BadFrame,
    PreparedUpdate,
    decode_client,
    decode_server,
    encode_client,
    encode_welcome,
)

CLIENT: list[Any] = [
    m.Hello(protocol_version=2, token="t"),
    m.GetSnapshot(request_id="1"),
    m.SelectMap(request_id="1", map_id="m1"),
    m.FollowEditor(request_id="1"),
    m.Regenerate(request_id="1", base_revision=2, start_ms=-5, end_ms=10),
    m.Regenerate(
        request_id="1",
        base_revision=2,
        start_ms=0,
        end_ms=10,
        options=m.RegenerateOptions(difficulty=3.5, seed=7, replace="rhythm", variants=3),
    ),
    m.Regenerate(
        request_id="1",
        base_revision=2,
        start_ms=0,
        end_ms=10,
        options=m.RegenerateOptions(keep=("rhythm", "hitsounds")),
    ),
    m.ChooseHitsounds(request_id="1", base_revision=2),
    m.ChooseHitsounds(
        request_id="1",
        base_revision=2,
        start_ms=0,
        end_ms=10,
        options=m.HitsoundOptions(seed=3, temperature=0, variants=2),
    ),
    m.HearTiming(request_id="1"),
    m.HearTiming(request_id="1", options=m.TimingOptions(iterations=20, seed=1, leniency_ms=5)),
    m.ApplyTiming(request_id="1", timing_id="t1"),
    m.WriteGuest(request_id="1", base_revision=1, options=m.GuestOptions(difficulty=3.5)),
    m.WriteMap(request_id="1", base_revision=1),
    m.WriteMap(
        request_id="1",
        base_revision=1,
        options=m.MapOptions(mode="mania", key_count=7, name="Mine", descriptors=("tech",)),
    ),
    m.Cancel(request_id="1", job_id="j"),
    m.Accept(request_id="1", suggestion_id="s", variant=1),
    m.TakePart(request_id="1", suggestion_id="s", variant=0, take="positions"),
    m.Reject(request_id="1", suggestion_id="s"),
    m.Undo(request_id="1"),
    m.Rescan(request_id="1"),
    m.ApplyFix(request_id="1", finding_id="f", base_revision=1),
    m.Dismiss(request_id="1", finding_id="f"),
    m.Restore(request_id="1", finding_id="f"),
    m.DismissRule(request_id="1", code="c"),
    m.RestoreRule(request_id="1", code="c"),
    m.RestoreDismissed(request_id="1"),
    m.SetLevel(request_id="1", level="hard"),
    m.SetLevel(request_id="1", level=None),
    m.SetModdingOnly(request_id="1", scope="global", enabled=True),
    m.AcknowledgeNotice(request_id="1"),
    m.GetProvenance(request_id="1"),
]

ERROR = v.ErrorInfo(code="stale_edit", message="Saved since.")
MODEL = v.ModelState(state="ready", name="n", family="f", n_parameters=1, digest="d", error=None)
UNDO = v.UndoState(available=False, depth=0, description=None)
FAIR_USE = v.FairUse(
    modding_only_global=False,
    modding_only_mapset=False,
    notice_acknowledged=True,
    can_generate=True,
    notice=v.FairUseNotice(title="t", paragraphs=["p"], link="l"),
)
OBJECT = beatmaps.TimelineObject(
    start_ms=1,
    end_ms=2,
    kind="slider",
    x=1.5,
    y=2.0,
    new_combo=True,
    combo_number=1,
    column=None,
    path=[(1.0, 2.0), (3.0, 4.0)],
    slides=1,
    sounds=[2, 0],
)
JOB = v.Job(
    id="j",
    kind="score",
    state="failed",
    revision=1,
    done=0,
    total=0,
    request_id=None,
    suggestion_id=None,
    file_name="a.osu",
    note=None,
    error=ERROR,
)

NOTHING_NEW = r.Comparison(new_ids=[], gone=[], gone_count=0)
REVIEW = r.Review(
    level=r.MapLevel(
        interpreted="hard", stated=None, names=["Easy", "Normal", "Hard", "Insane", "Expert"]
    ),
    dismissed=r.Dismissed(
        findings=[], rules=[r.DismissedRule(code="c", title="Rule", count=2)], absent_count=1
    ),
    since_save=NOTHING_NEW,
    since_opening=r.Comparison(new_ids=["f"], gone=[], gone_count=3),
)
TIMING = t.TimingReport(
    id="t1",
    request_id="1",
    bpm=174.0,
    offset_ms=12.5,
    n_beats=3,
    sections=[t.TempoSection(start_ms=12.5, end_ms=900.0, bpm=174.0, meter=4)],
    iterations=None,
    seed=1,
    leniency_ms=10.0,
    agreement=t.TimingAgreement(
        n_beats=3,
        close_share=1.0,
        same_tempo_share=1.0,
        shift_ms=-0.5,
        mean_error_ms=0.5,
        worst_error_ms=0.5,
    ),
    applied=False,
)

SERVER: list[Any] = [
    m.Snapshot(
        map=None,
        candidates=[],
        findings=[],
        review=REVIEW,
        jobs=[JOB],
        suggestions=[],
        timing=TIMING,
        model=MODEL,
        undo=UNDO,
        fair_use=FAIR_USE,
        problems=[v.Problem(code="c", message="m")],
    ),
    m.MapRevised(map=None),
    m.CandidatesChanged(candidates=[]),
    m.FindingsDelta(map_id="m", revision=1, added=[], removed_ids=["a"]),
    m.ReviewChanged(map_id="m", review=REVIEW),
    m.JobChanged(job=JOB),
    m.PassageAdded(
        suggestion_id="s",
        variant=0,
        start_ms=0,
        end_ms=1,
        objects=[OBJECT],
        mean_logprob=-1.5,
        changed=1,
    ),
    m.TimingChanged(timing=None),
    m.TimingChanged(timing=TIMING),
    m.ModelChanged(model=MODEL),
    m.UndoChanged(undo=UNDO),
    m.FairUseChanged(fair_use=FAIR_USE),
    m.ProblemRaised(problem=v.Problem(code="c", message="m")),
    m.ProblemCleared(code="c"),
    m.Provenance(entries=[], disclosure="none"),
    m.Reply(request_id="1", ok=False, error=ERROR),
]


def _packed(values) -> bytes:
    return msgpack.packb(values) or b""


@pytest.mark.parametrize("message", CLIENT, ids=lambda message: message.type)
def test_client_messages_survive_the_round_trip(message):
    assert decode_client(encode_client(message)) == message


@pytest.mark.parametrize("message", SERVER, ids=lambda message: message.type)
def test_server_messages_survive_the_round_trip_with_their_number(message):
    prepared = PreparedUpdate(message)
    assert decode_server(prepared.frame(7)) == message.model_copy(update={"seq": 7})
    again: Any = decode_server(prepared.frame(8))
    assert again.seq == 8
    assert prepared.kind == message.type


def test_welcome_survives_the_round_trip():
    welcome = m.Welcome(protocol_version=1, daemon_version="0.1")
    assert decode_server(encode_welcome(welcome)) == welcome


@pytest.mark.parametrize(
    "values",
    [
        None,
        [],
        "hello",
        {},
        {"type": "no such message"},
        {"protocol_version": 1, "token": "t"},
        {"type": "undo"},
        {"type": "undo", "request_id": "1", "more": 1},
        {"type": "undo", "request_id": 1},
        {"type": "undo", "request_id": "x" * 129},
        {"type": "hello", "protocol_version": 1, "token": "x" * 257},
        {"type": "regenerate", "request_id": "1", "base_revision": 1, "start_ms": 0},
        {
            "type": "regenerate",
            "request_id": "1",
            "base_revision": 1,
            "start_ms": 0,
            "end_ms": 2**40,
        },
        {
            "type": "regenerate",
            "request_id": "1",
            "base_revision": 1,
            "start_ms": 0,
            "end_ms": 1,
            "options": {"guidance": float("nan")},
        },
    ],
)
def test_other_values_are_no_client_message(values):
    with pytest.raises(BadFrame):
        decode_client(_packed(values))


@pytest.mark.parametrize("frame", [b"", b"\xc1", b"\x81", b"\x80\x80", b"\xdf\xff\xff\xff\xff"])
def test_frames_that_are_not_msgpack_are_refused(frame):
    with pytest.raises(BadFrame):
        decode_client(frame)


def test_a_frame_nested_without_end_is_refused():
    with pytest.raises(BadFrame):
        decode_client(b"\x91" * 5000 + b"\xc0")


def test_a_frame_over_the_limit_is_refused_unread():
    with pytest.raises(BadFrame, match="over the limit"):
        decode_client(b"\xc0" * (MAX_CLIENT_FRAME_BYTES + 1))


def test_a_refusal_does_not_repeat_the_frame():
    with pytest.raises(BadFrame) as caught:
        decode_client(_packed({"type": "undo", "request_id": ["secret"]}))
    assert "secret" not in str(caught.value)


def test_values_cannot_be_changed():
    hello: Any = CLIENT[0]
    with pytest.raises(ValueError, match="frozen"):
        hello.token = "other"
