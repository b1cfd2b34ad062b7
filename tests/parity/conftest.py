"""Recorded behaviour of the original, read as our own values."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from companion.beatmap import Document, Mode
from companion.beatmap.timing import parse_timing_point
from companion.engine.encoding import EncodingOptions
from companion.engine.events import Event, EventType
from companion.engine.postprocess import MapHeader, PostprocessOptions
from companion.engine.prompts import PromptOptions
from companion.engine.vocabulary import Vocabulary
from companion.engine.windows import WindowSettings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from companion.beatmap import TimingPoint

FAMILIES = ["v29", "v30", "v31", "v32"]
LENIENCY_MS = {"v29": 3.0}
POSTPROCESS_SEED = 7


def map_header(config: dict[str, Any]) -> MapHeader:
    """The head of a written map, from a recorded configuration."""
    return MapHeader(
        mode=Mode(config["mode"]),
        audio_filename=config["audio_filename"],
        preview_time_ms=config["preview_time"],
        title=config["title"],
        title_unicode=config["title_unicode"],
        artist=config["artist"],
        artist_unicode=config["artist_unicode"],
        creator=config["creator"],
        version=config["version"],
        source=config["source"],
        tags=config["tags"],
        hp=config["hp_drain_rate"],
        cs=config["circle_size"],
        od=config["overall_difficulty"],
        ar=config["approach_rate"],
        slider_multiplier=config["slider_multiplier"],
        slider_tick_rate=config["slider_tick_rate"],
        background_line=config["background_line"],
    )


@dataclass(frozen=True)
class Recorded:
    """The records of one family."""

    goldens: Path
    family: str

    @property
    def folder(self) -> Path:
        return self.goldens / self.family

    def json(self, name: str) -> Any:
        return json.loads((self.folder / name).read_text(encoding="utf-8"))

    def files(self, pattern: str) -> list[Path]:
        files = sorted(self.folder.glob(pattern))
        assert files, f"no {pattern} in {self.folder}"
        return files

    @cached_property
    def data_config(self) -> dict[str, Any]:
        return self.json("train_config.json")["data"]

    @cached_property
    def vocabulary(self) -> Vocabulary:
        return Vocabulary.from_file(self.folder / "model" / "tokenizer.json")

    @cached_property
    def encoding(self) -> EncodingOptions:
        options = EncodingOptions.from_train_config(self.data_config)
        return replace(options, original_quirks=True)

    @cached_property
    def full_encoding(self) -> EncodingOptions:
        return replace(self.encoding, position_precision_px=1, position_split_axes=True)

    @cached_property
    def prompts(self) -> PromptOptions:
        return PromptOptions.from_train_config(self.data_config)

    @cached_property
    def windows(self) -> WindowSettings:
        data = self.data_config
        return WindowSettings.of(data["src_seq_len"], data["hop_length"], data["sample_rate"])

    @cached_property
    def postprocess(self) -> PostprocessOptions:
        return replace(
            PostprocessOptions.of(self.encoding),
            timing_leniency_ms=LENIENCY_MS.get(self.family, 20.0),
            seed=POSTPROCESS_SEED,
            original_quirks=True,
        )

    def document(self, name: str) -> Document:
        path = self.goldens / ("common/maps" if "/" not in name else "") / name
        return Document.parse(path.read_bytes())

    def events(self, file: Path) -> list[Event]:
        with np.load(file) as record:
            kinds = [EventType(str(name)) for name in record["type_names"]]
            types, values = record["type"].tolist(), record["value"].tolist()
            times = record["time"].tolist() if "time" in record.files else [0] * len(types)
        return [Event(kinds[t], v, ms) for t, v, ms in zip(types, values, times, strict=True)]

    @cached_property
    def map_headers(self) -> dict[str, MapHeader]:
        text = (self.goldens / "common" / "map_configs.json").read_text(encoding="utf-8")
        return {n: map_header(c["beatmap_config"]) for n, c in json.loads(text).items()}

    @cached_property
    def map_stars(self) -> dict[str, float | None]:
        text = (self.goldens / "common" / "map_configs.json").read_text(encoding="utf-8")
        return {n: c["generation_config"]["difficulty"] for n, c in json.loads(text).items()}

    def points(self, texts: Sequence[str]) -> tuple[TimingPoint, ...]:
        return tuple(parse_timing_point(text, -1, 1, 0) for text in texts)


@pytest.fixture(scope="session", params=FAMILIES)
def recorded(request: pytest.FixtureRequest, goldens: Path) -> Recorded:
    if not (goldens / request.param).is_dir():
        pytest.skip(f"no records of {request.param}")
    return Recorded(goldens, request.param)
