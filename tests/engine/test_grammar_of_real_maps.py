"""Every family's grammar against real maps, and against what can be said within it."""

from __future__ import annotations

import random
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
import torch

from companion.beatmap import Document, Mode
from companion.engine.encoding import EncodingOptions, encode_map
from companion.engine.encoding.positions import in_pixels
from companion.engine.events import HEAD_TYPES, Event, EventType
from companion.engine.logit_filters import ObjectGrammar, TokenHistory, TypesLastGrammar
from companion.engine.model.rope_whisper import V30_ENCODING, V31_ENCODING
from companion.engine.model.var_whisper import ENCODING as V32_ENCODING
from companion.engine.postprocess.assembly import Single, assemble, settle_positions
from companion.engine.postprocess.groups import groups_of
from companion.engine.vocabulary import EOS_ID, Vocabulary
from tests.engine.test_round_trip import maps_of

if TYPE_CHECKING:
    from pathlib import Path

    from companion.beatmap import Beatmap
    from companion.engine.postprocess.assembly import Assembled

FAMILIES = {
    "v29": EncodingOptions(),
    "v30": V30_ENCODING,
    "v31": V31_ENCODING,
    "v32": V32_ENCODING,
}
CASES = [(f, m) for f in FAMILIES for m in Mode if f != "v30" or m is Mode.OSU]
N_EVENTS = 400


def grammar_of(vocabulary: Vocabulary, encoding: EncodingOptions, mode: Mode):
    (kind,) = [g for g in (ObjectGrammar, TypesLastGrammar) if g.knows(encoding)]
    return kind(vocabulary, encoding, mode)


def vocabulary_of(goldens: Path, family: str) -> Vocabulary:
    return Vocabulary.from_file(goldens / family / "model" / "tokenizer.json")


def is_usual(beatmap: Beatmap) -> bool:
    """Whether no object begins while another one goes on, and none has too many anchors."""
    items = sorted(beatmap.hit_objects, key=lambda item: item.start_ms)
    return beatmap.mode is Mode.MANIA or all(
        before.end_ms < after.start_ms for before, after in pairwise(items)
    )


def tokens_of(events: list[Event], vocabulary: Vocabulary) -> list[int]:
    """Ids of events; all times as if they were at the start of a window."""
    return [
        vocabulary.token(e.kind, 0 if e.kind is EventType.TIME_SHIFT else e.value) for e in events
    ]


@pytest.mark.parametrize(("family", "mode"), CASES)
def test_nothing_of_a_real_map_is_forbidden(
    goldens: Path, shared_data: Path, family: str, mode: Mode
):
    encoding, vocabulary = FAMILIES[family], vocabulary_of(goldens, family)
    grammar = grammar_of(vocabulary, encoding, mode)
    beatmaps = [Document.parse(f.read_bytes()).beatmap for f in maps_of(shared_data, mode)]
    usual = [beatmap for beatmap in beatmaps if is_usual(beatmap)]
    assert usual
    for beatmap in usual:
        events = encode_map(beatmap, encoding)[:N_EVENTS]
        history = TokenHistory(vocabulary, [[vocabulary.sos_id]])
        anything = torch.zeros(1, vocabulary.size_out)
        for place, token in enumerate(tokens_of(events, vocabulary)):
            logits = grammar.apply(anything, history)
            assert logits[0, token] == 0, (family, events[max(place - 8, 0) : place + 1])
            history.append([token])


@pytest.mark.parametrize(("family", "mode"), CASES)
def test_whatever_is_said_within_the_grammar_is_complete_objects(
    goldens: Path, family: str, mode: Mode
):
    encoding, vocabulary = FAMILIES[family], vocabulary_of(goldens, family)
    grammar = grammar_of(vocabulary, encoding, mode)
    dice = random.Random(f"{family} {mode}")
    history = TokenHistory(vocabulary, [[vocabulary.sos_id]])
    anything = torch.zeros(1, vocabulary.size_out)
    events: list[Event] = []
    while True:
        logits = grammar.apply(anything, history)[0]
        if logits[EOS_ID] == 0 and len(events) > N_EVENTS:
            break
        known = vocabulary.output_ranges
        ids = dice.choice([r.ids for r in known if logits[r.first_id] == 0])
        token = dice.choice(ids)
        events.append(vocabulary.decode(token))
        history.append([token])
    groups = groups_of(in_pixels(events, encoding), types_first=encoding.types_first)
    settle_positions(groups, mode, seed=0)
    heads = [group for group in groups if group.kind in HEAD_TYPES]
    made = [item for item in assemble(groups) if _begins(item)]
    assert len(heads) > 8
    if mode is Mode.MANIA:
        assert all(len(head.hitsounds) == len(head.volumes) == 1 for head in heads)
    else:
        assert len(made) == len(heads)


def _begins(item: Assembled) -> bool:
    """Whether it is an object, and no beat."""
    head = item.group if isinstance(item, Single) else item.head
    return head.kind in HEAD_TYPES
