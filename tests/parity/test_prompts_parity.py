"""Prompts against the recorded ones, token by token."""

from __future__ import annotations

import gzip
import json
from collections import Counter

import pytest

from companion.beatmap import Mode
from companion.engine.conditioning import Conditioning
from companion.engine.encoding import (
    encode_kiai,
    encode_map,
    encode_scroll_speeds,
    encode_timing,
)
from companion.engine.events import ContextType, EventType, without
from companion.engine.prompts import Context, PromptBuilder
from companion.errors import OptionRefused

SPECIALS = {
    EventType.KIAI: "last_kiai",
    EventType.SCROLL_SPEED: "last_sv",
    EventType.SONG_POSITION: "song_position",
}


@pytest.fixture(scope="module")
def record(recorded):
    with gzip.open(recorded.folder / "prompts.json.gz", "rt", encoding="utf-8") as file:
        return json.load(file)


@pytest.fixture(scope="module")
def builder(recorded) -> PromptBuilder:
    return PromptBuilder(
        recorded.vocabulary, recorded.windows.window_ms, recorded.prompts, recorded.encoding
    )


def conditioning_of(config, song_length_ms: float) -> Conditioning:
    def words(name: str):
        return None if config[name] is None else tuple(config[name])

    return Conditioning(
        mode=Mode(config["gamemode"]),
        beatmap_id=config["beatmap_id"],
        difficulty=config["difficulty"],
        mapper_id=config["mapper_id"],
        year=config["year"],
        hitsounded=config["hitsounded"],
        cs=config["circle_size"],
        slider_multiplier=config["slider_multiplier"],
        keycount=config["keycount"],
        hold_note_ratio=config["hold_note_ratio"],
        scroll_speed_ratio=config["scroll_speed_ratio"],
        descriptors=words("descriptors"),
        negative_descriptors=words("negative_descriptors"),
        song_length_ms=song_length_ms,
    )


class KnownContexts:
    """The contexts of the recorded maps."""

    def __init__(self, recorded, song_length_ms: float) -> None:
        self._recorded = recorded
        self._song_length_ms = song_length_ms
        self._known: dict[tuple[str, ContextType], Context] = {}

    def of(self, name: str, kind: ContextType) -> Context:
        key = (name, kind)
        if key not in self._known:
            self._known[key] = self._make(name, kind)
        return self._known[key]

    def _make(self, name: str, kind: ContextType) -> Context:
        recorded, length_ms = self._recorded, self._song_length_ms
        beatmap = recorded.document(f"{name}.osu").beatmap
        match kind:
            case ContextType.NONE:
                return Context(kind)
            case ContextType.TIMING:
                return Context(kind, encode_timing(beatmap, recorded.encoding, length_ms))
            case ContextType.KIAI:
                return Context(kind, encode_kiai(beatmap, recorded.encoding))
            case ContextType.SV:
                return Context(kind, encode_scroll_speeds(beatmap, recorded.encoding))
            case ContextType.NO_HS:
                sounds = {EventType.HITSOUND, EventType.VOLUME}
                events = encode_map(beatmap, recorded.encoding, length_ms)
                return Context(kind, without(events, sounds))
            case ContextType.MAP:
                return Context(kind, encode_map(beatmap, recorded.encoding, length_ms))
            case ContextType.GD:
                stars = recorded.map_stars[name]
                about = Conditioning.of(beatmap, length_ms, stars, recorded.vocabulary)
                return Context(kind, encode_map(beatmap, recorded.encoding, length_ms), about)


def test_templates_are_chosen_as_recorded(record, builder: PromptBuilder):
    for entry in record["records"]:
        mode = Mode(record["configs"][entry["config"]]["gamemode"])
        given = [ContextType(kind) for kind in entry["in_context"]]
        wanted = [ContextType(kind) for kind in entry["out_request"]]
        if entry.get("error"):
            with pytest.raises(OptionRefused):
                builder.plan(given, wanted, mode)
            continue
        plan = builder.plan(given, wanted, mode)
        assert list(plan.template.given) == entry["gen_in"]
        assert list(plan.produced) == entry["gen_out"]
        required = builder.required_specials(plan.template)
        assert {SPECIALS[kind] for kind in required} == set(entry["req_special"])


def test_prompts_are_as_recorded(recorded, record, builder: PromptBuilder):
    known = KnownContexts(recorded, record["song_length"])
    outcome: Counter[str] = Counter()
    wrong: list[dict] = []
    for entry in record["records"]:
        if "cond" not in entry:
            continue
        about = conditioning_of(record["configs"][entry["config"]], record["song_length"])
        given = [ContextType(kind) for kind in entry["in_context"]]
        plan = builder.plan(given, [ContextType(k) for k in entry["out_request"]], about.mode)
        contexts = [
            known.of(entry["beatmap"], kind) if finished else Context(kind)
            for kind, finished in zip(plan.produced, entry["finished"], strict=True)
        ]
        prompt = builder.build(
            [known.of(entry["beatmap"], kind) for kind in plan.template.given],
            contexts[: entry["ctx_index"] + 1],
            about,
            entry["frame_time"],
            plan.template,
        )
        for name, ids in (("cond", prompt.ids), ("uncond", prompt.negative_ids)):
            outcome[name] += 1
            if entry[name] is not None and ids.tolist() != entry[name]:
                wrong.append({k: v for k, v in entry.items() if k not in {"cond", "uncond"}})
    assert outcome["cond"]
    assert not wrong, f"{len(wrong)} of {outcome.total()} prompts differ, first {wrong[0]}"
