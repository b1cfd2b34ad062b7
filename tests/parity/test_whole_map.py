"""A whole map, from the song to the text, against what the original wrote of the same."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from companion.beatmap import Document
from companion.engine.cancellation import CancelToken
from companion.engine.checkpoint import load
from companion.engine.events import ContextType
from companion.engine.map_requests import MapOptions, MapRequest, WrittenMap
from companion.engine.whole_map import WholeMap
from tests.parity.conftest import FAMILIES, map_header
from tests.parity.replay import Replay

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from companion.engine.model.settings import ModelSettings


def is_whole(file: Path) -> bool:
    """Whether a record is of a whole map: from the song, or from another difficulty and it."""
    args = json.loads(file.read_text(encoding="utf-8"))["args"]
    return "map" in args["output_type"] and not args["add_to_beatmap"]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    folder: Any = metafunc.config.getoption("--goldens")
    files = [
        file
        for family in FAMILIES
        for file in sorted((folder / family).glob("generate/*.json"))
        if is_whole(file)
    ]
    names = [f"{file.parent.parent.name}-{file.stem}" for file in files]
    metafunc.parametrize("record_file", files, ids=names)


@cache
def backbone_of(folder: Path) -> Any:
    return load(folder / "model", "cpu")


@dataclass
class Shortened:
    """A backbone with the shorter memory of the recorded runs."""

    inner: Any
    settings: ModelSettings

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


def test_a_whole_map_is_the_recorded_one(goldens: Path, record_file: Path):
    record = json.loads(record_file.read_text(encoding="utf-8"))
    args, inner = record["args"], backbone_of(record_file.parent.parent)
    settings = replace(inner.settings, max_tokens=args["tgt_seq_len"])
    replay = Replay(goldens, record, inner)
    options = MapOptions(
        seed=record["seed"] or 0,
        guidance=args["cfg_scale"],
        temperature=args["temperature"],
        timing_temperature=args["timing_temperature"],
        mania_column_temperature=args["mania_column_temperature"],
        taiko_hit_temperature=args["taiko_hit_temperature"],
        top_p=args["top_p"],
        top_k=args["top_k"],
        time_bias=args["timeshift_bias"],
        timing_leniency_ms=args["timing_leniency"],
        original_quirks=True,
    )
    header = map_header(record["beatmap_config"])
    request = MapRequest(goldens, header, replay.conditioning, options)
    if record["beatmap"] is not None:
        reference = Document.parse(replay.map_bytes)
        given = tuple(ContextType(kind) for kind in args["in_context"] if kind != "timing")
        request = replace(
            request,
            red_lines=reference.beatmap.red_lines,
            reference=reference,
            given=given,
            wanted=(ContextType.MAP,),
        )
        request.verify()
    backbone: Any = Shortened(inner, settings)
    whole = WholeMap(backbone, replay.waveform, request, replay.chooser)
    *_, written = whole.written(CancelToken())
    assert isinstance(written, WrittenMap)
    recorded = record_file.with_suffix(".osu").read_text(encoding="utf-8-sig")
    assert written.text == recorded
