"""What a whole map is made from, where, and how its windows are written."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from companion.beatmap import Document, Mode, TimeRange, TimingPoint
from companion.engine import prompts
from companion.engine.cancellation import CancelToken
from companion.engine.conditioning import Conditioning
from companion.engine.engine import LocalEngine
from companion.engine.events import ContextType
from companion.engine.map_requests import (
    MapBegun,
    MapOptions,
    MapProgress,
    MapRequest,
    SuperTiming,
    Unknown,
    WrittenMap,
)
from companion.engine.postprocess import MapHeader
from companion.engine.requests import HeardTiming, TimingOptions
from companion.engine.sampling import Greedy
from companion.engine.timing_hearing import TimingHearing
from companion.engine.whole_map import chooser_of
from companion.errors import OptionRefused, RangeRefused
from tests.engine.short_maps import cut_clip, shorten_windows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from companion.engine.prompts import Prompt

RED = TimingPoint(100.0, 500.0, 4)
LENGTH_S = 12
REFERENCE = b"""osu file format v14

[General]
AudioFilename: clip.wav
Mode: 0

[Metadata]
Title:Song
Version:Easy

[Difficulty]
CircleSize:3
SliderMultiplier:1.4

[TimingPoints]
100,500,4,2,0,60,1,0
1100,-100,4,2,0,60,0,1
2100,-100,4,2,0,60,0,0

[HitObjects]
100,100,600,5,2,0:0:0:0:
200,100,1100,1,8,0:0:0:0:
300,100,1600,1,0,0:0:0:0:
400,300,2600,1,4,0:0:0:0:
"""


@pytest.fixture
def clip(goldens: Path, tmp_path: Path) -> Path:
    return cut_clip(goldens, tmp_path, LENGTH_S)


@pytest.fixture(autouse=True)
def short_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    shorten_windows(monkeypatch, max_tokens=120)


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[Prompt]:
    """Every prompt that is built."""
    built: list[Prompt] = []
    build = prompts.PromptBuilder.build

    def noted(*arguments: Any, **more: Any) -> Prompt:
        built.append(build(*arguments, **more))
        return built[-1]

    monkeypatch.setattr(prompts.PromptBuilder, "build", noted)
    return built


def asked(path: Path, **changes: Any) -> MapRequest:
    header = MapHeader(audio_filename=path.name, title="Song", version="Hard")
    options = MapOptions(seed=3, timing_leniency_ms=20)
    request = MapRequest(path, header, Conditioning(difficulty=4.0), options, (RED,))
    return replace(request, **changes)


def made(engine: LocalEngine, request: MapRequest) -> tuple[list[str], WrittenMap]:
    """The steps, and what came of them."""
    *answers, written = engine.generate_map(request, CancelToken())
    assert isinstance(written, WrittenMap)
    steps = (answer.step for answer in answers if isinstance(answer, MapProgress))
    return list(dict.fromkeys(steps)), written


def words_of(engine: LocalEngine) -> Any:
    engine.load()
    loaded: Any = engine._loaded
    return loaded.backbone.vocabulary


def test_another_difficulty_stands_first_in_every_prompt(
    v29: LocalEngine, clip: Path, shown: list[Prompt]
):
    request = asked(
        clip,
        reference=Document.parse(REFERENCE),
        given=(ContextType.GD,),
        wanted=(ContextType.KIAI,),
    )
    steps, written = made(v29, request)
    words = words_of(v29)
    assert steps == ["kiai"]
    assert written.contexts == (ContextType.KIAI,)
    assert all(prompt.ids[0] == words.context_sos[ContextType.GD] for prompt in shown)
    end = list(shown[0].ids).index(words.context_eos[ContextType.GD])
    assert end > 20  # its objects are between
    other = made(v29, replace(request, given=(ContextType.NO_HS,)))
    assert other[0] == ["kiai"]
    assert shown[-1].ids[0] == words.context_sos[ContextType.NO_HS]


def test_kiai_that_is_given_is_kept_and_not_written(v29: LocalEngine, clip: Path):
    request = asked(clip, reference=Document.parse(REFERENCE), given=(ContextType.KIAI,))
    steps, written = made(v29, request)
    assert steps == ["map"]
    beatmap = Document.parse(written.text.encode()).beatmap
    assert [(r.start_ms, r.end_ms) for r in beatmap.kiai_ranges] == [(1100, 2100)]


def test_kiai_can_be_all_that_is_written(v29: LocalEngine, clip: Path):
    steps, written = made(v29, asked(clip, wanted=(ContextType.KIAI,)))
    assert steps == ["kiai"]
    assert Document.parse(written.text.encode()).beatmap.hit_objects == ()


def test_timing_can_be_all_that_is_written(v29: LocalEngine, clip: Path):
    request = asked(clip, red_lines=None, wanted=(ContextType.TIMING,))
    steps, written = made(v29, request)
    assert steps == ["timing"]
    assert written.contexts == (ContextType.TIMING,)
    assert written.red_lines


def test_nothing_is_written_outside_the_range(v29: LocalEngine, clip: Path):
    span = TimeRange(5_000, 8_000)
    _, written = made(v29, asked(clip, range=span))
    hits = Document.parse(written.text.encode()).beatmap.hit_objects
    assert hits
    assert all(span.start_ms - 20 <= hit.start_ms < span.end_ms for hit in hits)


def test_what_the_map_has_before_the_range_is_the_past(
    v29: LocalEngine, clip: Path, shown: list[Prompt]
):
    request = asked(
        clip,
        range=TimeRange(3_000, 4_000),
        reference=Document.parse(REFERENCE),
        wanted=(ContextType.MAP,),
    )
    made(v29, replace(request, continues_reference=True))
    with_past = [len(prompt.ids) for prompt in shown]
    shown.clear()
    made(v29, request)
    without = [len(prompt.ids) for prompt in shown]
    assert max(with_past) > max(without)


@pytest.mark.parametrize(("guidance", "n_beams"), [(1.0, 1), (2.0, 1), (1.0, 2)])
def test_windows_side_by_side_do_not_depend_on_how_many_there_are(
    v29: LocalEngine, clip: Path, guidance: float, n_beams: int
):
    def text(rows: int) -> str:
        options = MapOptions(
            seed=3, parallel=True, max_batch_size=rows, guidance=guidance, n_beams=n_beams
        )
        # A context that follows on another one pads prompts, and beams come to the end of the row.
        wanted = None if n_beams == 1 else (ContextType.MAP,)
        return made(v29, asked(clip, options=options, wanted=wanted))[1].text

    assert text(4) == text(2)
    assert text(4) != made(v29, asked(clip))[1].text


def test_the_likeliest_tokens_need_no_seed(v29: LocalEngine, clip: Path):
    def text(seed: int) -> str:
        options = MapOptions(seed=seed, do_sample=False)
        return made(v29, asked(clip, options=options, wanted=(ContextType.KIAI,)))[1].text

    assert text(1) == text(2)
    assert isinstance(chooser_of(MapOptions(do_sample=False)), Greedy)


@pytest.mark.parametrize("do_sample", [False, True])
def test_beams_are_searched_and_the_same_again(v29: LocalEngine, clip: Path, *, do_sample: bool):
    def text(n_beams: int) -> str:
        options = MapOptions(seed=3, do_sample=do_sample, n_beams=n_beams)
        return made(v29, asked(clip, options=options, wanted=(ContextType.MAP,)))[1].text

    assert text(3) == text(3)
    assert text(3) != text(1)


def test_less_overlap_is_fewer_windows(v29: LocalEngine, clip: Path):
    def n_windows(**options: Any) -> int:
        request = asked(clip, options=MapOptions(**options), wanted=(ContextType.KIAI,))
        answers = v29.generate_map(request, CancelToken())
        return sum(isinstance(answer, MapProgress) for answer in answers)

    assert n_windows() > n_windows(lookback=0.1, lookahead=0.1)
    with pytest.raises(OptionRefused, match="nothing is left of them"):
        n_windows(lookback=0.7)


def test_super_timing_hears_the_song_first(v29: LocalEngine, clip: Path):
    request = asked(
        clip,
        red_lines=None,
        super_timing=SuperTiming(iterations=2),
        wanted=(ContextType.TIMING,),
        options=MapOptions(seed=3, max_batch_size=2),
    )
    steps, written = made(v29, request)
    assert steps == ["timing"]
    assert written.red_lines


def test_super_timing_hears_as_it_was_asked_to(
    v29: LocalEngine, clip: Path, monkeypatch: pytest.MonkeyPatch
):
    hearings: list[TimingHearing] = []

    def heard(hearing: TimingHearing, token: CancelToken) -> Iterator[HeardTiming]:
        hearings.append(hearing)
        yield HeardTiming((RED,), 1, LENGTH_S * 1000)

    monkeypatch.setattr(TimingHearing, "heard", heard)
    how = SuperTiming(iterations=3, tempo_majority=0.2, guidance=1.5, n_beams=4)
    options = MapOptions(seed=3, max_batch_size=5, timing_leniency_ms=20)
    wanted = (ContextType.TIMING,)
    made(v29, asked(clip, red_lines=None, super_timing=how, wanted=wanted, options=options))
    (hearing,) = hearings
    assert hearing.options == TimingOptions(3, 3, 20)
    assert (hearing.tempo_majority, hearing.guidance) == (0.2, 1.5)
    assert (hearing.n_beams, hearing.batch_rows) == (4, 5)


def test_what_no_checkpoint_of_the_family_can_do_is_refused_unloaded(
    goldens: Path, clip: Path, monkeypatch: pytest.MonkeyPatch
):
    def load(_: object) -> None:
        raise AssertionError("it was loaded")

    monkeypatch.setattr(LocalEngine, "_model", load)
    reference = Document.parse(REFERENCE)
    given = asked(clip, reference=reference, given=(ContextType.GD,))
    for family, request, words in (
        ("v32", given, "cannot be given gd"),
        (
            "v32",
            asked(clip, wanted=(ContextType.KIAI,)),
            r"cannot produce kiai.*produces: timing, map, sv\.",
        ),
        ("v30", given, "cannot be given gd"),
        ("v30", asked(clip, red_lines=None, wanted=(ContextType.TIMING,)), "only while it writes"),
        ("v29", asked(clip, wanted=(ContextType.SV,)), "exists in osu maps"),
    ):
        engine = LocalEngine(goldens / family / "model", "cpu")
        with pytest.raises(OptionRefused, match=words):
            next(engine.generate_map(request, CancelToken()))


def test_a_range_behind_the_song_is_refused(v29: LocalEngine, clip: Path):
    with pytest.raises(RangeRefused):
        list(v29.generate_map(asked(clip, range=TimeRange(90_000, 99_000)), CancelToken()))


def test_what_the_model_has_never_met_is_named(v29: LocalEngine, clip: Path):
    known = next(iter(words_of(v29).descriptor_index))
    about = Conditioning(
        descriptors=(known, "wobbly"), negative_descriptors=("dull",), mapper_id=-4
    )
    options = MapOptions(guidance=2)
    begun = next(v29.generate_map(asked(clip, conditioning=about, options=options), CancelToken()))
    assert isinstance(begun, MapBegun)
    assert begun.unknown == (
        Unknown("descriptors", "wobbly"),
        Unknown("negative_descriptors", "dull"),
        Unknown("mapper_id", "-4"),
    )
    style = asked(clip, conditioning=Conditioning(beatmap_id=7))
    begun = next(v29.generate_map(style, CancelToken()))
    assert isinstance(begun, MapBegun)
    assert begun.ignored == ("beatmap_id",)


def test_weights_of_the_mode_can_be_left_aside(goldens: Path, clip: Path, tmp_path: Path):
    folder = tmp_path / "model"
    folder.mkdir()
    for file in (goldens / "v29" / "model").iterdir():
        (folder / file.name).symlink_to(file)
    (folder / "gamemode=3").symlink_to(goldens / "v29" / "model", target_is_directory=True)
    engine = LocalEngine(folder, "cpu", threads=1)
    mania = asked(
        clip,
        header=MapHeader(mode=Mode.MANIA, cs=4),
        conditioning=Conditioning(mode=Mode.MANIA),
        wanted=(ContextType.KIAI,),
    )
    made(engine, mania)
    assert engine.load().folder.name == "gamemode=3"
    engine.unload()
    made(engine, replace(mania, weights_of_mode=False))
    assert engine.load().folder.name == "model"
