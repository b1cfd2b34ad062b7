"""Whole generations against the recorded ones: every prompt, every token, every event.

Each is done twice: by the family's own network, and with the recorded tokens dictated, which shows
that all else is right even where a network is wrong.
"""

from __future__ import annotations

import json
import math
from functools import cache
from typing import TYPE_CHECKING, Any

from companion.beatmap import Document
from companion.engine.checkpoint import load
from tests.parity.conftest import FAMILIES
from tests.parity.dictation import Dictation, Undecided
from tests.parity.replay import Replay, recorded_events

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from companion.engine.model.backbone import Backbone

WAYS = ("dictated", "network")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    folder: Any = metafunc.config.getoption("--goldens")
    cases = [
        (how, file)
        for how in WAYS
        for family in FAMILIES
        for file in sorted((folder / family).glob("generate/*.json"))
    ]
    names = [f"{how}-{file.parent.parent.name}-{file.stem}" for how, file in cases]
    metafunc.parametrize(("how", "record_file"), cases, ids=names)


@cache
def backbone_of(folder: Path) -> Backbone:
    return load(folder / "model", "cpu")


@cache
def replayed(goldens: Path, how: str, file: Path) -> Replay:
    record, folder = json.loads(file.read_text(encoding="utf-8")), file.parent.parent
    if how == "dictated":
        # Every token may be said that is not forbidden, however unlikely.
        record["args"] |= {"top_k": 0, "top_p": 1.0}
        replay = Replay(goldens, record, Undecided(folder), Dictation(record["calls"]))
    else:
        replay = Replay(goldens, record, backbone_of(folder))
    replay.run()
    return replay


def test_every_prompt_and_every_token_is_as_recorded(goldens: Path, how: str, record_file: Path):
    replay = replayed(goldens, how, record_file)
    calls = replay.record["calls"]
    prompts = replay.backbone.prompts
    for i, (call, prompt, window) in enumerate(zip(calls, prompts, replay.written, strict=True)):
        assert window.kind == call["context_type"], i
        assert prompt[0] == [token for token in call["prompt"] if token != 0], i
        if call["negative_prompt"] is not None:
            assert prompt[1] == [token for token in call["negative_prompt"] if token != 0], i
        assert list(window.decoded.tokens) == call["generated"], i


def test_every_returned_event_is_as_recorded(goldens: Path, how: str, record_file: Path):
    replay = replayed(goldens, how, record_file)
    n_files = 0
    for p, contexts in enumerate(replay.results):
        for c, (kind, events) in enumerate(contexts):
            file = record_file.with_name(f"{record_file.stem}.pass{p}.ctx{c}.npz")
            assert events == recorded_events(file), (p, kind)
            n_files += 1
    assert n_files == len(list(record_file.parent.glob(f"{record_file.stem}.pass*.npz")))


def test_the_final_events_are_as_recorded(goldens: Path, how: str, record_file: Path):
    replay = replayed(goldens, how, record_file)
    recorded = recorded_events(record_file.with_suffix(".final_events.npz"))
    said = [(event.kind, event.value) for event in replay.final_events]
    assert said == [(event.kind, event.value) for event in recorded]


def test_the_final_text_is_as_recorded(goldens: Path, how: str, record_file: Path):
    replay = replayed(goldens, how, record_file)
    recorded = record_file.with_suffix(".osu").read_text(encoding="utf-8-sig")
    if replay.args["add_to_beatmap"]:
        # The original writes the whole map anew here; ours splices. What is in the range is equal.
        ours, theirs = (
            Document.parse(text.encode()).beatmap for text in (replay.final_text, recorded)
        )
        start_ms = replay.args["start_time"] or -math.inf
        end_ms = replay.args["end_time"] or math.inf
        objects = [
            [
                (type(hit), hit.start_ms, hit.end_ms, hit.x, hit.y, hit.type_bits, hit.hitsound)
                for hit in beatmap.hit_objects
                if start_ms <= hit.start_ms <= end_ms
            ]
            for beatmap in (ours, theirs)
        ]
        assert objects[0] == objects[1]
    else:
        assert replay.final_text == recorded
