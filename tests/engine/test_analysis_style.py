from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import soundfile
import torch

from companion.engine.analysis.configuration import StyleConfig
from companion.engine.analysis.mapper_style import mapper_style
from companion.engine.analysis.style_network import StyleNetwork, load_style_network
from companion.engine.analysis.style_vocabulary import StyleVocabulary, window_samples
from companion.engine.analysis.style_windows import style_events, style_windows
from companion.engine.events import Event, EventType
from companion.errors import AudioMissing, CheckpointMismatch, OptionRefused
from tests.engine.tiny_analysis_models import (
    MAPPERS,
    STYLE_CONFIG,
    STYLE_SHAPES,
    STYLE_VOCABULARY,
    WINDOW_SAMPLES,
    random_weights,
    write_folder,
    write_style_model,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine.conftest import BeatmapOf

CPU = torch.device("cpu")
CONFIG = StyleConfig.model_validate(STYLE_CONFIG)
T, BEAT, MEASURE = EventType.TIME_SHIFT, EventType.BEAT, EventType.MEASURE


def changed(part: str, **values: Any) -> dict[str, Any]:
    config = copy.deepcopy(STYLE_CONFIG)
    config[part] |= values
    return config


def circle(ms: int) -> str:
    return f"100,90,{ms},1,2,0:0:0:55:"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_style_model(tmp_path_factory.mktemp("style"))


@pytest.fixture(scope="module")
def network(folder: Path) -> StyleNetwork:
    return load_style_network(folder, CPU)[0]


@pytest.fixture
def song(tmp_path: Path) -> Path:
    path = tmp_path / "song.wav"
    noise = np.random.default_rng(1).uniform(-0.5, 0.5, 3 * 8000).astype(np.float32)
    soundfile.write(path, noise, 8000)
    return path


def test_every_value_of_every_event_has_an_id_of_its_own() -> None:
    vocabulary = StyleVocabulary(CONFIG)
    assert vocabulary.size == STYLE_VOCABULARY
    assert vocabulary.id_of(Event(T, 0)) == 1
    assert vocabulary.id_of(Event(T, 100)) == 101
    assert vocabulary.id_of(Event(EventType.SNAPPING, 0)) == 102
    assert vocabulary.id_of(Event(EventType.POS_X, -256)) == 119
    assert vocabulary.id_of(Event(EventType.POS_X, 768)) == 1143
    assert vocabulary.id_of(Event(EventType.POS_Y, 640)) == 1144 + 896
    assert vocabulary.id_of(Event(MEASURE)) == STYLE_VOCABULARY - 1


def test_options_decide_which_events_there_are() -> None:
    data = {"add_distances": True, "position_precision": 32, "position_split_axes": False}
    config = StyleConfig.model_validate(changed("data", **data, add_timing_points=True))
    vocabulary = StyleVocabulary(config)
    assert vocabulary.size == 1 + 101 + 17 + 641 + 33 * 29 + 1 + 73 + 101 + 13
    assert vocabulary.id_of(Event(EventType.TIMING_POINT)) == vocabulary.size - 1


def test_beats_stand_between_objects_and_volumes_are_the_lines(beatmap_of: BeatmapOf):
    events = style_events(beatmap_of([circle(500), circle(750)]), CONFIG.data)
    assert events[:4] == [
        Event(MEASURE, 0, 0),
        Event(T, 0, 0),
        Event(BEAT, 0, 500),
        Event(T, 500, 500),
    ]
    kinds = [event.kind for event in events[4:12]]
    assert kinds == [
        EventType.CIRCLE, T, EventType.SNAPPING, EventType.POS_X, EventType.POS_Y,
        EventType.HITSOUND, EventType.VOLUME, EventType.CIRCLE,
    ]  # fmt: skip
    assert [event.value for event in events if event.kind is EventType.VOLUME] == [60, 60]


def test_beats_end_with_the_map_and_before_the_next_red_line(beatmap_of: BeatmapOf):
    red = ("0,500,3,2,0,60,1,0", "1005,400,4,2,0,60,1,0")
    events = style_events(beatmap_of([circle(1405)], timing=red), CONFIG.data)
    beats = [(event.kind, event.time_ms) for event in events if event.kind in {BEAT, MEASURE}]
    assert beats == [(MEASURE, 0), (BEAT, 500), (MEASURE, 1005), (BEAT, 1405)]


def test_beats_are_laid_out_in_whole_microseconds(beatmap_of: BeatmapOf):
    events = style_events(
        beatmap_of([circle(1000)], timing=("0,333.333333333333,4,2,0,60,1,0",)), CONFIG.data
    )
    beats = [event.time_ms for event in events if event.kind in {BEAT, MEASURE}]
    assert beats == [0, 333, 666, 999]


def test_windows_follow_each_other_where_objects_start(beatmap_of: BeatmapOf):
    assert window_samples(CONFIG) == WINDOW_SAMPLES
    beatmap = beatmap_of([circle(500), circle(2100)])
    windows = style_windows(beatmap, CONFIG, 3 * 8000)
    assert [window.first_sample for window in windows] == [0, 2 * WINDOW_SAMPLES]
    assert all(len(window.tokens) == 48 for window in windows)
    vocabulary = StyleVocabulary(CONFIG)
    place = windows[1].tokens.index(vocabulary.id_of(Event(EventType.CIRCLE)))
    assert windows[1].tokens[place + 1] == 1 + (2100 - 2016) // 10
    assert windows[1].tokens[-1] == 0


def test_a_full_window_keeps_its_beginning(beatmap_of: BeatmapOf):
    objects = [circle(10 * i) for i in range(50)]
    (window,) = style_windows(beatmap_of(objects), CONFIG, 8000)
    assert len(window.tokens) == 48
    assert 0 not in window.tokens
    more = style_windows(beatmap_of([*objects, circle(700)]), CONFIG, 8000)
    assert more[0].tokens == window.tokens


def test_the_network_scores_every_mapper(network: StyleNetwork):
    tokens = torch.randint(1, STYLE_VOCABULARY, (2, 48))
    samples = torch.randn(2, WINDOW_SAMPLES)
    with torch.inference_mode():
        reading = network(samples, tokens)
        alone = network(samples[1:], tokens[1:])
    assert reading.logits.shape == (2, 3)
    assert reading.features.shape == (2, 5)
    torch.testing.assert_close(alone.logits, reading.logits[1:], atol=1e-4, rtol=1e-4)
    weights = random_weights(STYLE_SHAPES)
    expected = reading.features @ weights["classifier.weight"].T + weights["classifier.bias"]
    torch.testing.assert_close(reading.logits, expected)


def test_what_comes_before_does_not_hear_what_comes_after(network: StyleNetwork):
    hidden: list[torch.Tensor] = []
    network.projector.register_forward_pre_hook(lambda _, given: hidden.append(given[0]))
    tokens = torch.randint(1, STYLE_VOCABULARY, (1, 48))
    other = tokens.clone()
    other[0, 30:] = 0
    samples = torch.randn(1, WINDOW_SAMPLES)
    with torch.inference_mode():
        network(samples, tokens)
        network(samples, other)
    torch.testing.assert_close(hidden[0][:, :30], hidden[1][:, :30], atol=1e-5, rtol=1e-4)
    assert not torch.allclose(hidden[0][:, 30:], hidden[1][:, 30:], atol=1e-2)


def test_a_map_gets_the_mean_of_its_windows(folder: Path, song: Path, beatmap_of: BeatmapOf):
    beatmap = beatmap_of([circle(500), circle(2100)])
    style = mapper_style(beatmap, song, folder, "cpu")
    assert style == mapper_style(beatmap, song, folder, "cpu")
    assert [window.start_ms for window in style.windows] == [0, 2016]
    assert {mapper.mapper_id for mapper in style.mappers} == set(MAPPERS)
    assert sum(mapper.probability for mapper in style.mappers) == pytest.approx(1)
    shares = [mapper.probability for mapper in style.mappers]
    assert shares == sorted(shares, reverse=True)
    assert {m.name for m in style.mappers if m.mapper_id == 202} == {"Somebody"}
    assert {m.name for m in style.mappers if m.mapper_id != 202} == {None}


def test_weights_with_and_without_the_training_loops_prefix_are_the_same(
    folder: Path, song: Path, tmp_path: Path, beatmap_of: BeatmapOf
):
    plain = write_folder(tmp_path / "plain", STYLE_CONFIG, random_weights(STYLE_SHAPES))
    beatmap = beatmap_of([circle(500)])
    assert mapper_style(beatmap, song, plain, "cpu") == mapper_style(beatmap, song, folder, "cpu")


def test_a_map_without_objects_has_no_style(folder: Path, song: Path, beatmap_of: BeatmapOf):
    style = mapper_style(beatmap_of(), song, folder, "cpu")
    assert (style.mappers, style.windows) == ((), ())


def test_other_modes_and_missing_songs_are_refused(
    folder: Path, tmp_path: Path, beatmap_of: BeatmapOf
):
    with pytest.raises(OptionRefused, match="osu! standard"):
        mapper_style(beatmap_of(mode=1), tmp_path / "song.wav", folder, "cpu")
    with pytest.raises(AudioMissing):
        mapper_style(beatmap_of(), tmp_path / "none.wav", folder, "cpu")


def test_the_first_tensor_that_does_not_fit_is_named(tmp_path: Path):
    name = "transformer.decoder.layers.0.encoder_attn.q_proj.bias"
    weights = random_weights(STYLE_SHAPES)
    write_folder(tmp_path, STYLE_CONFIG, {k: w for k, w in weights.items() if k != name})
    with pytest.raises(CheckpointMismatch, match=f"lack “{name}”"):
        load_style_network(tmp_path, CPU)
    write_folder(tmp_path, STYLE_CONFIG | {"mappers": [1, 2]}, weights)
    with pytest.raises(CheckpointMismatch, match=r"“classifier\.weight” has the shape \(3, 5\)"):
        load_style_network(tmp_path, CPU)
    write_folder(tmp_path, STYLE_CONFIG, weights | {"style_embedder.weight": torch.zeros(1)})
    with pytest.raises(CheckpointMismatch, match=r"“style_embedder\.weight”"):
        load_style_network(tmp_path, CPU)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (STYLE_CONFIG | {"mappers": []}, "“mappers”"),
        (changed("model", name="google/t5-base"), "“model.name”"),
        (changed("model", overwrite={"width": 8}), "“model.overwrite.width”"),
        (changed("model", overwrite={"d_model": 10}), "cannot be shared by 6 heads"),
        (changed("data", src_seq_len=1), "“data.src_seq_len”"),
        (changed("data", position_range=[0, 512]), "“data.position_range"),
    ],
)
def test_a_configuration_that_cannot_be_used_is_named(
    tmp_path: Path, config: dict[str, Any], message: str
):
    write_folder(tmp_path, config, random_weights(STYLE_SHAPES))
    with pytest.raises(CheckpointMismatch, match=message):
        load_style_network(tmp_path, CPU)
