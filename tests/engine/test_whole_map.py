from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from companion.beatmap import Document, Mode, TimingPoint
from companion.engine.cancellation import CancelToken
from companion.engine.conditioning import Conditioning
from companion.engine.engine import BUNDLED_MODEL, LocalEngine
from companion.engine.events import ContextType
from companion.engine.map_requests import (
    MapBegun,
    MapOptions,
    MapProgress,
    MapRequest,
    Refinement,
    WrittenMap,
)
from companion.engine.model.settings import ModelSettings
from companion.engine.postprocess import MapHeader
from companion.engine.prompts import PromptOptions
from companion.engine.understanding import ignored_wishes
from companion.errors import Cancelled, OptionRefused
from tests.engine.short_maps import cut_clip, shorten_windows

if TYPE_CHECKING:
    from pathlib import Path


RED = TimingPoint(100.0, 500.0, 4)
SHORT_S = 3


@pytest.fixture
def clip(goldens: Path, tmp_path: Path) -> Path:
    return cut_clip(goldens, tmp_path, SHORT_S)


@pytest.fixture(autouse=True)
def short_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    shorten_windows(monkeypatch, max_tokens=250)


def asked(path: Path, mode: Mode = Mode.OSU, **changes: Any) -> MapRequest:
    header = MapHeader(mode=mode, audio_filename=path.name, title="Song", version="Hard")
    options = MapOptions(seed=3, timing_leniency_ms=20)
    request = MapRequest(path, header, Conditioning(mode=mode, difficulty=4.0), options, (RED,))
    return replace(request, **changes)


def test_a_song_with_red_lines_is_mapped_on_them(v29: LocalEngine, clip: Path):
    begun, *steps, written = v29.generate_map(asked(clip), CancelToken())
    assert begun == MapBegun((), SHORT_S * 1000)
    assert isinstance(written, WrittenMap)
    assert written.red_lines == (RED,)
    assert written.n_tokens > 0
    assert all(isinstance(step, MapProgress) for step in steps)
    shown = [step for step in steps if isinstance(step, MapProgress)]
    assert list(dict.fromkeys(step.step for step in shown)) == ["kiai", "map"]
    last = {step.step: step.reached_ms for step in shown}
    assert last == {"kiai": SHORT_S * 1000, "map": SHORT_S * 1000}
    beatmap = Document.parse(written.text.encode()).beatmap
    assert beatmap.hit_objects
    assert (beatmap.title, beatmap.version) == ("Song", "Hard")
    # What stands before the first red line moves it back by whole measures.
    (line,) = beatmap.red_lines
    assert line.beat_length == RED.beat_length
    assert (RED.time_ms - line.time_ms) % (4 * RED.beat_length) == 0


def test_the_same_seed_gives_the_same_map(v29: LocalEngine, clip: Path):
    def text(seed: int) -> str:
        request = asked(clip, options=MapOptions(seed=seed))
        *_, written = v29.generate_map(request, CancelToken())
        assert isinstance(written, WrittenMap)
        return written.text

    assert text(1) == text(1)
    assert text(1) != text(2)


def test_scroll_speeds_are_written_in_mania_alone(v29: LocalEngine, clip: Path):
    request = asked(clip, Mode.MANIA)
    request = replace(request, header=replace(request.header, cs=4))
    answers = list(v29.generate_map(request, CancelToken()))
    steps = dict.fromkeys(a.step for a in answers if isinstance(a, MapProgress))
    assert list(steps) == ["kiai", "map", "sv"]


def test_a_song_alone_is_timed_first(v29: LocalEngine, clip: Path):
    answers = list(v29.generate_map(asked(clip, red_lines=None), CancelToken()))
    steps = dict.fromkeys(a.step for a in answers if isinstance(a, MapProgress))
    assert list(steps) == ["timing", "kiai", "map"]
    written = answers[-1]
    assert isinstance(written, WrittenMap)
    assert written.red_lines


def test_the_weights_for_all_modes_hear_and_the_modes_own_map(
    goldens: Path, clip: Path, tmp_path: Path
):
    folder = tmp_path / "model"
    folder.mkdir()
    for file in (goldens / "v29" / "model").iterdir():
        (folder / file.name).symlink_to(file)
    (folder / "gamemode=3").symlink_to(goldens / "v29" / "model", target_is_directory=True)
    engine = LocalEngine(folder, "cpu", threads=1)
    request = asked(clip, Mode.MANIA, red_lines=None)
    used = [
        f"{answer.step} {engine.load().folder.name}"
        for answer in engine.generate_map(request, CancelToken())
        if isinstance(answer, MapProgress)
    ]
    own = "gamemode=3"
    assert list(dict.fromkeys(used)) == ["timing model", f"kiai {own}", f"map {own}", f"sv {own}"]


@pytest.mark.parametrize("mode", [Mode.OSU, Mode.CATCH])
def test_diffusion_moves_objects_and_nothing_else(
    v29: LocalEngine, clip: Path, goldens: Path, mode: Mode
):
    how = asked(clip, mode, wanted=(ContextType.MAP,), options=MapOptions(seed=4))
    *_, plain = v29.generate_map(how, CancelToken())
    request = replace(how, refinement=Refinement(goldens / "diffusion"))
    *_, step, refined = v29.generate_map(request, CancelToken())
    assert step == MapProgress("positions", SHORT_S * 1000)
    assert isinstance(plain, WrittenMap)
    assert isinstance(refined, WrittenMap)
    before, after = (
        Document.parse(written.text.encode()).beatmap.hit_objects for written in (plain, refined)
    )
    assert [hit.start_ms for hit in before] == [hit.start_ms for hit in after]
    assert [(hit.x, hit.y) for hit in before] != [(hit.x, hit.y) for hit in after]


def test_it_stops_when_it_is_called_off(v29: LocalEngine, clip: Path):
    token = CancelToken()
    answers = v29.generate_map(asked(clip), token)
    next(answers)
    next(answers)
    token.cancel()
    with pytest.raises(Cancelled):
        next(answers)


@pytest.mark.parametrize(
    "changes",
    [
        {"options": MapOptions(temperature=6)},
        {"options": MapOptions(top_p=0)},
        {"options": MapOptions(guidance=float("nan"))},
        {"conditioning": Conditioning(year=1990)},
        {"conditioning": Conditioning(mode=Mode.MANIA)},
        {"conditioning": Conditioning(negative_descriptors=("tech",))},
        {"red_lines": ()},
        {"red_lines": None},
    ],
)
def test_what_cannot_be_done_is_refused_before_anything_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any]
):
    def load(_: object) -> None:
        raise AssertionError("it was loaded")

    monkeypatch.setattr(LocalEngine, "_model", load)
    request = asked(tmp_path / "no song", **changes)
    with pytest.raises(OptionRefused):
        list(LocalEngine(BUNDLED_MODEL).generate_map(request, CancelToken()))


def test_v30_is_refused_other_modes_before_it_is_loaded(goldens: Path, clip: Path):
    engine = LocalEngine(goldens / "v30" / "model", "cpu")
    with pytest.raises(OptionRefused, match="osu! maps only"):
        next(engine.generate_map(asked(clip, Mode.TAIKO), CancelToken()))
    assert engine.describe() is None


def test_wishes_that_a_model_has_no_words_for_are_named(tmp_path: Path):
    about = Conditioning(difficulty=4, mapper_id=7, year=2015, descriptors=("tech",), cs=4)
    request = asked(tmp_path, conditioning=about)
    deaf = PromptOptions(add_diff_token=False, add_mapper_token=False, add_year_token=False)
    settings = ModelSettings("v29", 16000, 128, 1024, 2048)
    assert ignored_wishes(settings, request) == ()
    assert ignored_wishes(replace(settings, prompts=deaf), request) == (
        "difficulty",
        "mapper_id",
        "year",
    )
    # Their encoder is told what their prompts do not say.
    told = replace(settings, prompts=deaf, family="v30")
    assert ignored_wishes(told, request) == ("year",)
    types_last = replace(settings, encoding=replace(settings.encoding, types_first=False))
    cool = replace(request, options=MapOptions(timing_temperature=0.5))
    assert ignored_wishes(types_last, cool) == ("timing_temperature",)
    busy = replace(request, options=MapOptions(time_bias=2))
    assert ignored_wishes(settings, busy) == ("time_bias",)
    assert ignored_wishes(types_last, busy) == ()
