"""Whole maps judged by the recorded V30 and V31 networks, event by event."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch

from companion.beatmap import Document
from companion.engine.audio import Waveform, load_audio
from companion.engine.cancellation import CancelToken
from companion.engine.events import EventType
from companion.engine.loaded_model import LoadedModel, Song
from companion.engine.modding import ModdingSettings
from companion.engine.prompting import Prompting
from tests.parity.replay import recorded_conditioning

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from companion.engine.conditioning import Conditioning
    from companion.engine.modding import JudgedEvent
    from companion.engine.scanning import Scan

FAMILIES = ["v30", "v31"]
"""Of the others no report is recorded."""
SILENCE = {"silence20.wav": 20}
"""Length in seconds of songs that are nothing but silence."""
ENTROPY_STEP_BITS = 2 * 2**-24 / np.log(2)
"""Two steps of a float32 probability below one, in bits. The records hold the ratio of surprisal
and entropy; of an entropy of a few millionths of a bit, no more than these steps is left."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    goldens = cast("Path", metafunc.config.getoption("--goldens"))
    reports = [path for name in FAMILIES for path in sorted((goldens / name).glob("maimod/*.txt"))]
    ids = [f"{path.parent.parent.name}-{path.stem}" for path in reports]
    metafunc.parametrize("report", reports, ids=ids)


def model_of(folder: Path, sharpness: float) -> LoadedModel:
    """The recorded network in the original's ways, its predictions as sharp as in a record."""
    model = LoadedModel.load(folder / "model", "cpu")
    backbone: Any = model.backbone
    with torch.no_grad():
        backbone._network.transformer.proj_out.weight.mul_(sharpness)
    builder = backbone.settings.prompt_builder(backbone.vocabulary, original_quirks=True)
    return replace(model, prompting=Prompting(builder), modding=ModdingSettings())


def song_of(goldens: Path, name: str, model: LoadedModel) -> Song:
    settings = model.backbone.settings
    if name in SILENCE:
        samples = np.zeros(SILENCE[name] * settings.rate_hz, np.float32)
        return Song(Waveform(samples, settings.rate_hz, name), settings.window_samples)
    path = goldens / "common" / name
    return Song(load_audio(path, settings.rate_hz), settings.window_samples)


def judge(
    model: LoadedModel, document: Document, song: Song, about: Conditioning
) -> tuple[Scan, list[dict[int, JudgedEvent]]]:
    """A scan, and what was said of each context's events by their index."""
    # The recorded windows overlap as they do for generating.
    scan = model.scan(document, song, about, overlap=model.backbone.settings.windows)
    judged: list[dict[int, JudgedEvent]] = [{} for _ in scan.contexts]
    for batch in model.scored(scan, song, document, about, CancelToken()):
        for scored in batch:
            for said, context in zip(judged, model.judged(scan, scored), strict=True):
                said |= {event.index: event for event in context}
    return scan, judged


def test_events_surprise_as_much_as_recorded(goldens: Path, report: Path):
    inputs = json.loads(report.with_suffix(".json").read_text(encoding="utf-8"))
    model = model_of(report.parent.parent, inputs["proj_out_scale"])
    song = song_of(goldens, inputs["audio"], model)
    document = Document.parse((goldens / inputs["beatmap"]).read_bytes())
    about = recorded_conditioning(inputs["generation_config"], song.length_ms)
    scan, judged = judge(model, document, song, about)
    assert [window.frame_time_ms for window in scan.windows] == inputs["frame_times"]
    assert [context.kind.value for context in scan.contexts] == inputs["contexts"]
    for place, (context, said) in enumerate(zip(scan.contexts, judged, strict=True)):
        with np.load(report.parent / f"{report.stem}.ctx{place}.npz") as content:
            recorded = dict(content)
        kinds = [EventType(name) for name in recorded["type_names"]]
        events = [(event.kind, event.value, event.time_ms) for event in context.events]
        assert events == [
            (kinds[kind], value, time_ms)
            for kind, value, time_ms in zip(
                recorded["type"].tolist(),
                recorded["value"].tolist(),
                recorded["time"].tolist(),
                strict=True,
            )
        ]
        _compare(said, recorded, kinds)


def _compare(
    said: dict[int, JudgedEvent], recorded: dict[str, Any], kinds: list[EventType]
) -> None:
    """What was not judged is recorded as nought."""
    ours = np.zeros(len(recorded["surprisal"]))
    allowed = np.full(len(ours), 1e-2)
    for index, event in said.items():
        ours[index] = event.relative_surprisal
        rounding = ENTROPY_STEP_BITS / max(event.entropy_bits, 1e-12)
        allowed[index] = max(1e-2, (1e-3 + rounding) * event.relative_surprisal)
        expected = kinds[recorded["expected_type"][index]]
        assert expected is (event.expected_kind or EventType.CONTROL)
        assert recorded["expected_value"][index] == event.expected_value
    off = np.flatnonzero(np.abs(ours - recorded["surprisal"]) > allowed)
    assert off.size == 0, [(i, ours[i], recorded["surprisal"][i]) for i in off[:5]]
