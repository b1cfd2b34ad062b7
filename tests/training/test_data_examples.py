from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from companion.beatmap import Document, Mode
from companion.engine import checkpoint
from companion.engine.audio import load_audio
from companion.engine.conditioning import Conditioning
from companion.engine.encoding import EncodingOptions, encode_map
from companion.engine.events import ContextType, EventType, without
from companion.engine.model.settings import ModelSettings
from companion.engine.prompting import Prompting
from companion.engine.prompts import Context
from companion.engine.scanning import ScanPlanner
from companion.engine.vocabulary import EOS_ID, SOS_ID, Vocabulary
from companion.engine.windows import windows_of
from companion.settings import BUNDLED_MODEL_FOLDER
from companion.training.data.draws import Draws, collate, places_of
from companion.training.data.examples import Example, ExampleBuilder, MapPlace
from companion.training.data.options import OPTIONS, ExampleOptions, options_for
from companion.training.data.records import read_records
from companion.training.data.sounds import SoundCache
from companion.training.data.sources import FolderSet
from companion.training.data.variation import (
    Variation,
    at_speed,
    lines_at_speed,
    mirrored,
    stars_at_speed,
)
from tests.training.tiny_checkpoints import FAMILIES, make

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Model = tuple[ModelSettings, Vocabulary]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Model]:
    folders = {name: make(name, tmp_path_factory.mktemp("models") / name) for name in FAMILIES}
    folders["bundled"] = BUNDLED_MODEL_FOLDER
    loaded = {name: checkpoint.load(folder, "cpu") for name, folder in folders.items()}
    return {name: (one.settings, one.vocabulary) for name, one in loaded.items()}


@pytest.fixture(scope="module")
def folder(make_set: Callable[..., Path]) -> Path:
    return make_set("Song b", (0, 3, 0))


@pytest.fixture
def builder_of(
    models: dict[str, Model], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], ExampleBuilder]:
    def build(family: str) -> ExampleBuilder:
        settings, vocabulary = models[family]
        cache = tmp_path_factory.mktemp("sounds")
        return ExampleBuilder(settings, vocabulary, SoundCache.of(cache, settings))

    return build


def places(folder: Path) -> list[MapPlace]:
    return places_of(read_records(FolderSet(folder)))[0]


def engine_view(
    builder: ExampleBuilder, folder: Path, place: MapPlace
) -> tuple[Document, Conditioning, Any]:
    """What the engine itself makes of a map, from its file and song."""
    document = Document.parse((folder / place.one.file).read_bytes())
    waveform = load_audio(folder / "song.wav", builder.settings.rate_hz, builder.settings.resampler)
    length_ms = len(waveform.samples) / builder.settings.rate_hz * 1000
    about = Conditioning.of(document.beatmap, length_ms, place.one.stars, builder.vocabulary)
    return document, about, waveform


@pytest.mark.parametrize(
    ("family", "mode"),
    [
        *((name, 0) for name in FAMILIES),
        *((name, 3) for name in FAMILIES if name != "v30"),
        ("bundled", 0),
        ("bundled", 3),
    ],
)
def test_prompts_are_those_of_the_engine(
    builder_of: Callable[[str], ExampleBuilder], folder: Path, family: str, mode: int
) -> None:
    builder = builder_of(family)
    place = next(one for one in places(folder) if one.one.mode == mode)
    document, about, waveform = engine_view(builder, folder, place)
    prompting = Prompting(builder.settings.prompt_builder(builder.vocabulary))
    planner = ScanPlanner(
        prompting.builder, prompting.template(Mode(mode)), prompting.given(Mode(mode))
    )
    contexts = prompting.contexts_of(document.beatmap, about.song_length_ms)
    # Without a lookahead all events of a window are judged, so all are in the engine's prompt.
    settings = replace(builder.settings.windows, lookback=0.0, lookahead=0.0)
    windows = windows_of(len(waveform.samples), settings)
    tasks = planner.plan(contexts, about, windows).tasks
    assert len(tasks) > 1
    for task in tasks:
        example = builder.build(place, task.window.first_sample)
        n = len(task.tokens)
        assert example.ids[:n].tolist() == task.tokens.tolist()
        assert example.window.start_ms == task.window.frame_time_ms
        assert example.window.red_lines == document.beatmap.red_lines
        assert example.window.conditioning == about
        samples = waveform.cut(task.window.first_sample, builder.settings.window_samples)
        np.testing.assert_allclose(example.window.samples, samples, atol=2 / 32767)
        assert example.ids[-1] == EOS_ID


@pytest.mark.parametrize("given", [ContextType.NO_HS, ContextType.GD])
@pytest.mark.parametrize("variation", [Variation(), Variation(Fraction(5, 4), mirror_x=True)])
def test_given_contexts_stand_in_front_as_the_engine_would_put_them(
    builder_of: Callable[[str], ExampleBuilder],
    folder: Path,
    given: ContextType,
    variation: Variation,
) -> None:
    builder = builder_of("v29")
    place, _, other = places(folder)
    document, about, _ = engine_view(builder, folder, place)
    template = next(one for one in builder.templates(place) if one.given == (given,))
    example = builder.build(place, 32_000, variation, template=template, other=other.one)
    told = builder.conditioning(place, variation)
    if variation.speed == 1:
        assert told == about
    prompting = builder.prompting

    def events_of(one: MapPlace) -> list[Any]:
        beatmap = Document.parse((folder / one.one.file).read_bytes()).beatmap
        beatmap = mirrored(beatmap, variation)
        return at_speed(encode_map(beatmap, prompting.encoding), variation.speed)

    if given is ContextType.GD:
        shown = Context(given, events_of(other), builder.conditioning(other, variation))
    else:
        shown = Context(given, without(events_of(place), {EventType.HITSOUND, EventType.VOLUME}))
    produced = [
        replace(context, events=at_speed(context.events, variation.speed))
        for context in prompting.contexts_of(
            mirrored(document.beatmap, variation), about.song_length_ms
        )
    ]
    prompt = prompting.builder.build([shown], produced, told, 2000, template)
    assert example.ids[: len(prompt.ids)].tolist() == prompt.ids.tolist()
    assert not example.predicted[: example.n_head].any()
    assert example.ids[example.n_head - 1] == SOS_ID


def test_only_what_comes_after_the_lookback_is_asked_for(
    builder_of: Callable[[str], ExampleBuilder], folder: Path
) -> None:
    builder, place = builder_of("v29"), places(folder)[0]
    whole, half = (builder.build(place, 32_000, lookback=share) for share in (0.0, 0.5))
    assert whole.ids.tolist() == half.ids.tolist()
    starts = np.isin(whole.ids, list(builder.vocabulary.context_sos.values()))
    # What the engine always gives is never asked for: the start of each context.
    assert int(starts[whole.n_head :].sum()) == 3
    assert (whole.predicted[whole.n_head :] == ~starts[whole.n_head :]).all()
    kind = builder.vocabulary.ranges[EventType.TIME_SHIFT]
    # Of two equal windows end to end the second half is asked for.
    times = [
        (int(token) - kind.first_id, bool(asked))
        for token, asked in zip(half.ids, half.predicted, strict=True)
        if kind.first_id <= token < kind.end_id
    ]
    middle = builder.settings.window_ms / 2 / 10
    assert {asked for step, asked in times if step < middle - 1} == {False}
    assert {asked for step, asked in times if step > middle + 1} == {True}


def test_a_map_alone_in_its_set_gives_no_second_difficulty(
    builder_of: Callable[[str], ExampleBuilder], folder: Path
) -> None:
    builder = builder_of("v29")
    [record] = read_records(FolderSet(folder))
    alone = MapPlace(replace(record, maps=record.maps[:1]), record.maps[0])
    assert [one.given for one in builder.templates(alone)] == [
        (ContextType.NONE,),
        (ContextType.NO_HS,),
    ]


def test_long_windows_lose_their_end(
    models: dict[str, Model], folder: Path, tmp_path: Path
) -> None:
    settings, vocabulary = models["v29"]
    builder = ExampleBuilder(settings, vocabulary, SoundCache.of(tmp_path, settings), 40)
    example = builder.build(places(folder)[0], 32_000)
    assert len(example.ids) == len(example.predicted) == 41


def test_facts_from_beside_the_map_are_told(
    builder_of: Callable[[str], ExampleBuilder], folder: Path
) -> None:
    builder = builder_of("v29")
    [record] = read_records(FolderSet(folder))
    for year, expected in ((2015, 2015), (1999, None)):
        one = replace(record.maps[0], year=year, mapper_id=77)
        about = builder.conditioning(MapPlace(record, one))
        assert (about.year, about.mapper_id) == (expected, 77)


# Draws


@pytest.fixture
def draws_of(builder_of: Callable[[str], ExampleBuilder], folder: Path) -> Callable[..., Draws]:
    def make_draws(family: str, options: ExampleOptions | None = None, **how: Any) -> Draws:
        chosen = [one for one in places(folder) if family != "v30" or one.one.mode == 0]
        return Draws(builder_of(family), [chosen], options or options_for(family), 3, **how)

    return make_draws


def same(first: Example, second: Example) -> bool:
    return (
        first.ids.tolist() == second.ids.tolist()
        and bool((first.window.samples == second.window.samples).all())
        and first.window.conditioning == second.window.conditioning
    )


@pytest.mark.parametrize("family", OPTIONS)
def test_the_same_number_gives_the_same_example(
    draws_of: Callable[..., Draws], family: str
) -> None:
    one, two, other = draws_of(family), draws_of(family), draws_of(family, seed=1)
    for number in range(6):
        first, second = one.example(number), two.example(number)
        assert same(first.example, second.example)
        assert first.given.tolist() == second.given.tolist()
    assert not all(same(one.example(n).example, other.example(n).example) for n in range(6))


def test_batches_can_be_taken_from_anywhere(draws_of: Callable[..., Draws]) -> None:
    one, two = draws_of("v29"), draws_of("v29")
    expected = [one.batch(number) for number in range(6)]
    found = two.batch(5)
    assert found.tokens.tolist() == expected[5].tokens.tolist()
    lengths = sorted(batch.mask.sum(dim=1).tolist() for batch in expected[:4])
    assert lengths[0][0] < lengths[3][0]


def test_a_batch_asks_for_what_comes_next(draws_of: Callable[..., Draws]) -> None:
    plain = replace(options_for("v29"), time_noise_steps=0, snap_noise_share=0.0)
    draws = draws_of("v29", plain)
    drawn = [draws.example(number) for number in range(3)]
    batch = collate(drawn)
    assert batch.tokens.shape == batch.mask.shape == batch.targets.shape == batch.predicted.shape
    for row, one in enumerate(drawn):
        kept = batch.mask[row]
        assert batch.tokens[row][kept].tolist() == one.example.ids[:-1].tolist()
        assert batch.targets[row][kept].tolist() == one.example.ids[1:].tolist()
        assert batch.predicted[row][kept].tolist() == one.example.predicted[1:].tolist()
        assert not batch.predicted[row][~kept].any()
        # The first thing that is asked for comes after the start of the first context.
        first = batch.predicted[row].tolist().index(True)
        assert int(batch.tokens[row][first - 1]) == SOS_ID
        assert (
            int(batch.tokens[row][first])
            == draws.builder.vocabulary.context_sos[ContextType.TIMING]
        )


def test_noise_is_given_and_never_asked_for(draws_of: Callable[..., Draws]) -> None:
    noisy = replace(options_for("v32"), time_noise_steps=2, snap_noise_share=1.0)
    draws = draws_of("v32", noisy)
    words = draws.builder.vocabulary
    times, snaps = words.ranges[EventType.TIME_SHIFT], words.ranges[EventType.SNAPPING]
    moved = changed = 0
    for number in range(8):
        one = draws.example(number)
        clean = one.example.ids[:-1]
        other = clean != one.given
        is_time = (clean >= times.first_id) & (clean < times.end_id)
        is_snap = (clean >= snaps.first_id) & (clean < snaps.end_id)
        assert not (other & ~is_time & ~is_snap).any()
        assert not other[: one.example.n_head].any()
        assert np.abs((clean - one.given)[is_time]).max(initial=0) <= 2
        assert ((one.given >= times.first_id) & (one.given < times.end_id))[is_time].all()
        moved += int((other & is_time).sum())
        changed += int((other & is_snap).sum())
    assert moved > 10
    assert changed > 10


def test_facts_are_withheld_about_as_often_as_asked(draws_of: Callable[..., Draws]) -> None:
    draws = draws_of("v29")
    told = [draws.example(number).example.window.conditioning for number in range(60)]
    unknown = sum(about.difficulty is None for about in told)
    assert 4 <= unknown <= 22
    # What is always known is always told.
    assert all(about.note_density is not None for about in told)


# Variations


def test_mirroring_twice_changes_nothing(folder: Path) -> None:
    for place in places(folder):
        beatmap = Document.parse((folder / place.one.file).read_bytes()).beatmap
        both = Variation(mirror_x=True, mirror_y=True)
        once = mirrored(beatmap, both)
        assert once.hit_objects != beatmap.hit_objects
        assert mirrored(once, both).hit_objects == beatmap.hit_objects


def test_mirrored_columns_run_from_the_other_side(folder: Path) -> None:
    place = next(one for one in places(folder) if one.one.mode == 3)
    beatmap = Document.parse((folder / place.one.file).read_bytes()).beatmap
    turned = mirrored(beatmap, Variation(mirror_x=True))
    for before, after in zip(beatmap.hit_objects, turned.hit_objects, strict=True):
        assert after.column(4) == 3 - before.column(4)


def test_at_another_speed_times_and_tempo_follow(folder: Path) -> None:
    place = places(folder)[0]
    data = (folder / place.one.file).read_bytes()
    beatmap = Document.parse(data).beatmap
    speed = Fraction(5, 4)
    [line] = lines_at_speed(beatmap.red_lines, speed)
    assert line.beat_length == 320
    events = encode_map(beatmap, EncodingOptions(), 12_000)
    for before, after in zip(events, at_speed(events, speed), strict=True):
        assert after.time_ms == int(before.time_ms / 1.25)
        if before.kind is EventType.TIME_SHIFT:
            assert after.value == int(before.value / 1.25)
    slow, fast = stars_at_speed(data, Fraction(1)), stars_at_speed(data, Fraction(3, 2))
    assert slow is not None
    assert fast is not None
    assert fast > slow
