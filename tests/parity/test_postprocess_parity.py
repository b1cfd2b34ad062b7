"""Events as maps against the texts that the original wrote."""

from __future__ import annotations

import json
from functools import reduce

import pytest

from companion.engine.events import merge
from companion.engine.postprocess import insert_like_original, resnap, write_map
from companion.engine.postprocess.lines import DraftLines
from companion.engine.postprocess.osu_text import format_lines
from companion.engine.timing import generate_timing
from tests.parity.conftest import map_header


def names_of(recorded) -> list[str]:
    return [file.name.split(".")[0] for file in recorded.files("postprocess/*.timing.json")]


def timing_of(recorded, name: str):
    return recorded.points(recorded.json(f"postprocess/{name}.timing.json")["timing"])


def test_red_lines_are_drawn_through_beats_as_recorded(recorded):
    options = recorded.postprocess
    for name in names_of(recorded):
        points = generate_timing(
            recorded.events(recorded.folder / "parser" / f"{name}.timing.npz"),
            types_first=options.types_first,
            leniency_ms=options.timing_leniency_ms,
        )
        texts = recorded.json(f"postprocess/{name}.timing.json")["timing"]
        assert format_lines(DraftLines.from_points(points), options) == texts, name


@pytest.mark.parametrize("form", ["model", "full"])
def test_maps_are_written_as_recorded(recorded, form: str):
    folder = recorded.folder / "postprocess"
    for name in names_of(recorded):
        events = recorded.events(folder / f"{name}.{form}.input.npz")
        text = write_map(
            events, recorded.map_headers[name], timing_of(recorded, name), recorded.postprocess
        )
        assert text == (folder / f"{name}.{form}.osu").read_text(encoding="utf-8"), name


def test_times_are_resnapped_as_recorded(recorded):
    folder = recorded.folder / "postprocess"
    for name in names_of(recorded):
        events = recorded.events(folder / f"{name}.model.input.npz")
        timing = timing_of(recorded, name)
        moved = resnap(events, timing, original_quirks=True)
        expected = recorded.events(folder / f"{name}.model.resnapped.npz")
        assert [(e.kind, e.value) for e in moved] == [(e.kind, e.value) for e in expected], name
        text = write_map(moved, recorded.map_headers[name], timing, recorded.postprocess)
        assert text == (folder / f"{name}.model.resnap.osu").read_text(encoding="utf-8"), name


def generations(recorded) -> list:
    found = []
    for file in recorded.files("generate/*.json"):
        record = json.loads(file.read_text(encoding="utf-8"))
        if record["error"] is None:
            found.append((file, record))
    return found


def final_events(recorded, file):
    return recorded.events(file.with_name(f"{file.stem}.final_events.npz"))


def options_of(recorded, record):
    from dataclasses import replace

    args = record["args"]
    return replace(
        recorded.postprocess,
        seed=record["seed"] or 0,
        timing_leniency_ms=args["timing_leniency"],
        snap_near_overlaps=args["snap_near_perfect_overlaps"],
    )


def test_generated_maps_are_written_as_recorded(recorded):
    for file, record in generations(recorded):
        args = record["args"]
        timing = None if record["timing"] is None else recorded.points(record["timing"])
        text = write_map(
            final_events(recorded, file),
            map_header(record["beatmap_config"]),
            timing,
            options_of(recorded, record),
        )
        if args["add_to_beatmap"]:
            base = recorded.document(record["beatmap"])
            text = insert_like_original(text, base, args["start_time"], args["end_time"])
        expected = file.with_suffix(".osu").read_text(encoding="utf-8")
        assert text == expected, file.stem


def test_contexts_are_merged_and_resnapped_as_recorded(recorded):
    for file, record in generations(recorded):
        last = len(record["passes"]) - 1
        parts = sorted(
            file.parent.glob(f"{file.stem}.pass{last}.ctx*.npz"),
            key=lambda part: int(part.suffixes[-2].removeprefix(".ctx")),
        )
        if record["passes"][last]["out_context"] == ["timing"]:
            continue
        events = reduce(merge, [recorded.events(part) for part in parts])
        if record["args"]["resnap_events"] and record["timing"] is not None:
            timing = recorded.points(record["timing"])
            events = resnap(events, timing, original_quirks=True)
        found = [(event.kind, event.value) for event in events]
        expected = [(event.kind, event.value) for event in final_events(recorded, file)]
        assert found == expected, file.stem
