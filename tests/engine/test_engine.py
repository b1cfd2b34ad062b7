from __future__ import annotations

import itertools
import json
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import soundfile
import torch
from safetensors.torch import save_file

from companion.beatmap import Document, TextEdit, TimeRange
from companion.engine.cancellation import CancelToken
from companion.engine.engine import LocalEngine
from companion.engine.requests import ScoreRequest
from companion.errors import (
    AudioMissing,
    AudioUnreadable,
    Cancelled,
    ModelMissing,
    UnreadableBeatmap,
)

if TYPE_CHECKING:
    from pathlib import Path

MAP = "common/maps_cut/std_1341554_cut38000.osu"
SECONDS = 13


@pytest.fixture(scope="module")
def song(goldens: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    samples, rate_hz = soundfile.read(goldens / "common" / "clip40.wav", dtype="int16")
    path = tmp_path_factory.mktemp("song") / "clip.wav"
    soundfile.write(path, samples[: SECONDS * rate_hz], rate_hz)
    return path


@pytest.fixture(scope="module")
def document(goldens: Path) -> Document:
    return Document.parse((goldens / MAP).read_bytes())


@pytest.fixture(scope="module")
def engine(goldens: Path) -> LocalEngine:
    return LocalEngine(goldens / "v29" / "model", "cpu", threads=1)


def test_importing_the_engine_does_not_import_torch() -> None:
    code = "import sys, companion.engine.engine; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_scan_covers_the_song_without_gaps_and_a_second_one_is_at_hand(
    engine: LocalEngine, document: Document, song: Path
) -> None:
    request = ScoreRequest(document, song, near_ms=6_000)
    progress = list(engine.score(request, CancelToken()))
    covered = sorted(p.covered for p in progress)
    assert covered[0].start_ms == 0
    assert covered[-1].end_ms >= SECONDS * 1000
    assert all(a.end_ms == b.start_ms for a, b in itertools.pairwise(covered))
    assert [p.done for p in progress] == sorted(p.done for p in progress)
    assert progress[-1].done == progress[-1].total
    assert all(p.covered.contains(f.at.start_ms) for p in progress for f in p.findings)

    again = list(engine.score(request, CancelToken()))
    assert [p.covered for p in again] == [TimeRange(0, covered[-1].end_ms)]
    found = {f.id: f for p in progress for f in p.findings}
    assert {f.id: f for p in again for f in p.findings} == found


def test_scoring_after_an_edit_finds_what_scoring_anew_finds(
    engine: LocalEngine, goldens: Path, document: Document, song: Path
) -> None:
    list(engine.score(ScoreRequest(document, song), CancelToken()))
    item = next(o for o in document.beatmap.hit_objects if o.start_ms > 6_000)
    line = document.lines[item.line]
    fields = line.raw.split(b",")
    fields[2] = str(int(fields[2]) + 30).encode()
    edit = TextEdit(item.line, (line.whole,), (b",".join(fields) + line.ending,))
    edited = document.apply([edit])

    def found(by: LocalEngine):
        progress = by.score(ScoreRequest(edited, song), CancelToken())
        return {f.id: f.message for p in progress for f in p.findings}

    assert found(engine) == found(LocalEngine(goldens / "v29" / "model", "cpu"))


def test_a_cancelled_scan_stops(engine: LocalEngine, document: Document, song: Path) -> None:
    token = CancelToken()
    scan = engine.score(ScoreRequest(document, song), token)
    token.cancel()
    with pytest.raises(Cancelled):
        next(scan)


def test_an_unloaded_engine_loads_again_when_it_is_needed(
    engine: LocalEngine, document: Document, song: Path
) -> None:
    engine.unload()
    assert engine.describe() is None
    next(engine.score(ScoreRequest(document, song), CancelToken()))
    info = engine.describe()
    assert info is not None
    assert info == engine.load()
    assert info.family == "v29"


def test_a_missing_model_is_a_typed_error(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing):
        LocalEngine(tmp_path, "cpu").load()


def test_a_missing_song_is_a_typed_error(
    engine: LocalEngine, document: Document, tmp_path: Path
) -> None:
    with pytest.raises(AudioMissing):
        list(engine.score(ScoreRequest(document, tmp_path / "nowhere.mp3"), CancelToken()))


def test_an_unreadable_song_is_a_typed_error(
    engine: LocalEngine, document: Document, tmp_path: Path
) -> None:
    noise = tmp_path / "song.mp3"
    noise.write_bytes(b"this is no song" * 100)
    with pytest.raises(AudioUnreadable):
        list(engine.score(ScoreRequest(document, noise), CancelToken()))


def test_a_file_that_is_no_map_is_a_typed_error(engine: LocalEngine, song: Path) -> None:
    with pytest.raises(UnreadableBeatmap):
        list(engine.score(ScoreRequest(Document.parse(b"\xff\xfe\x00\xd8"), song), CancelToken()))


def test_a_map_without_objects_or_timing_has_nothing_to_say(
    engine: LocalEngine, song: Path
) -> None:
    empty = Document.parse(b"osu file format v14\r\n\r\n[HitObjects]\r\n")
    progress = list(engine.score(ScoreRequest(empty, song), CancelToken()))
    assert [f for p in progress for f in p.findings] == []


def test_a_map_is_judged_by_its_mode_s_own_weights(
    goldens: Path, document: Document, song: Path, tmp_path: Path
) -> None:
    model = tmp_path / "model"
    own = model / "gamemode=0"
    shutil.copytree(goldens / "v29" / "model", model)
    shutil.copytree(goldens / "v29" / "model", own)
    engine = LocalEngine(model, "cpu", threads=1)
    assert engine.load().folder == model
    list(engine.score(ScoreRequest(document, song), CancelToken()))
    info = engine.describe()
    assert info is not None
    assert info.folder == own


def test_an_adapter_changes_the_model_and_its_identity(goldens: Path, tmp_path: Path) -> None:
    name = "base_model.model.transformer.model.decoder.layers.0.self_attn.q_proj"
    config = {"peft_type": "LORA", "r": 2, "lora_alpha": 4, "init_lora_weights": True}
    (tmp_path / "adapter_config.json").write_text(json.dumps(config))
    weights = {
        f"{name}.lora_A.weight": torch.ones(2, 64),
        f"{name}.lora_B.weight": torch.ones(64, 2),
    }
    save_file(weights, tmp_path / "adapter_model.safetensors")
    folder = goldens / "v29" / "model"
    plain = LocalEngine(folder, "cpu", threads=1).load()
    changed = LocalEngine(folder, "cpu", threads=1, adapter=tmp_path).load()
    assert changed.digest != plain.digest
