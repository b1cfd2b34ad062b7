from __future__ import annotations

import json

import pytest

from companion.engine.events import ContextType, Event, EventType
from companion.engine.vocabulary import Vocabulary
from companion.errors import CheckpointMismatch, OptionRefused


def entry(kind: str, low: int, high: int) -> dict:
    return {"type": kind, "min_value": low, "max_value": high}


@pytest.fixture
def state() -> dict:
    return {
        "offset": 7,
        "context_sos": {"none": 3, "map": 5},
        "context_eos": {"none": 4, "map": 6},
        "event_ranges": [entry("t", 0, 99), entry("snap", 0, 16), entry("circle", 0, 0)],
        "input_event_ranges": [
            entry("difficulty", 0, 24),
            entry("mapper", 0, 2),
            entry("cs", 0, 21),
            entry("year", 2007, 2077),
            entry("song_length", 0, 60),
            entry("song_position", -1, 101),
            entry("hold_note_ratio", -1, 12),
            entry("global_sv", 40, 360),
            entry("descriptor", 0, 2),
        ],
        "num_diff_classes": 24,
        "max_difficulty": 12,
        "event_start": {"t": 7, "snap": 107, "circle": 124, "difficulty": 125},
        "vocab_size_out": 125,
        "vocab_size_in": 125 + 25 + 3 + 22 + 71 + 61 + 103 + 14 + 321 + 3,
        "beatmap_idx": {},
        "mapper_idx": {"42": 1},
        "num_mapper_classes": 2,
        "descriptor_idx": {"streams": 0, "aim": 1},
        "num_descriptor_classes": 2,
        "beatmap_descriptors": {"7": [1]},
        "num_cs_classes": 21,
    }


@pytest.fixture
def vocabulary(state: dict) -> Vocabulary:
    return Vocabulary.from_json(state)


def value_of(vocabulary: Vocabulary, token: int) -> int:
    return vocabulary.decode(token).value


def test_ids_follow_the_ranges_of_the_file(vocabulary: Vocabulary):
    assert vocabulary.token(EventType.SNAPPING, 16) == 123
    assert vocabulary.decode(124) == Event(EventType.CIRCLE)
    assert vocabulary.context_sos[ContextType.MAP] == 5


def test_control_ids_decode_to_control_events(vocabulary: Vocabulary):
    assert vocabulary.decode(5) == Event(EventType.CONTROL, 5)
    assert not vocabulary.is_event(2)
    assert not vocabulary.is_event(10_000)


def test_unknown_kinds_and_values_are_refused(vocabulary: Vocabulary):
    with pytest.raises(OptionRefused, match="no token"):
        vocabulary.token(EventType.VOLUME, 1)
    with pytest.raises(OptionRefused, match="between 2007 and 2077"):
        vocabulary.year_token(1999)


def test_times_are_cut_off_when_encoded_and_put_in_the_middle_when_decoded(
    vocabulary: Vocabulary,
):
    ids = vocabulary.encode_window([Event(EventType.TIME_SHIFT, 1019)], 1000)
    assert value_of(vocabulary, ids[0]) == 1
    (event,) = vocabulary.decode_window(ids, 1000)
    assert event.value == 1015
    assert vocabulary.encode_window([event], 1000) == ids


def test_times_beyond_the_window_are_kept_at_its_edge(vocabulary: Vocabulary):
    assert vocabulary.time_step(99_999, 0) == 99
    assert vocabulary.time_step(-50, 0) == 0


def test_decoding_stops_at_the_end_and_skips_control_ids(vocabulary: Vocabulary):
    assert vocabulary.decode_window([5, 124, 2, 124], 0) == [Event(EventType.CIRCLE)]


@pytest.mark.parametrize(("stars", "value"), [(0.0, 0), (5.49, 10), (99.0, 23), (None, 24)])
def test_star_ratings_have_half_a_star_per_class(vocabulary: Vocabulary, stars, value):
    assert value_of(vocabulary, vocabulary.difficulty_token(stars)) == value


@pytest.mark.parametrize(("cs", "value"), [(4.2, 8), (10, 20), (None, 21)])
def test_circle_sizes_have_half_a_unit_per_class(vocabulary: Vocabulary, cs, value):
    assert value_of(vocabulary, vocabulary.cs_token(cs)) == value


@pytest.mark.parametrize(("ratio", "value"), [(0.0, -1), (0.349, 3), (1.0, 11), (None, 12)])
def test_no_hold_notes_and_only_hold_notes_stand_apart(vocabulary: Vocabulary, ratio, value):
    token = vocabulary.ratio_token(EventType.HOLD_NOTE_RATIO, ratio)
    assert value_of(vocabulary, token) == value


def test_song_length_and_position_are_kept_in_range(vocabulary: Vocabulary):
    assert value_of(vocabulary, vocabulary.song_length_token(3_600_000)) == 60
    assert vocabulary.song_position_event(0, 1000).value == -1
    assert vocabulary.song_position_event(500, 1000).value == 50
    assert vocabulary.song_position_event(2000, 1000).value == 101
    assert vocabulary.song_position_event(10, 0).value == -1


def test_slider_multipliers_are_kept_in_range(vocabulary: Vocabulary):
    assert value_of(vocabulary, vocabulary.global_sv_token(0.1)) == 40
    assert value_of(vocabulary, vocabulary.global_sv_token(1.8)) == 180


def test_unknown_mappers_and_descriptors_have_a_token_of_their_own(vocabulary: Vocabulary):
    assert value_of(vocabulary, vocabulary.mapper_token(42)) == 1
    assert value_of(vocabulary, vocabulary.mapper_token(43)) == 2
    names = vocabulary.descriptor_tokens(["aim", "nonsense", 0])
    assert [value_of(vocabulary, token) for token in names] == [1, 0]
    assert [value_of(vocabulary, t) for t in vocabulary.descriptor_tokens([])] == [2]
    assert vocabulary.descriptors_of(7) == ("aim",)
    assert vocabulary.descriptors_of(8) is None


def test_a_file_that_contradicts_itself_is_refused(state: dict, tmp_path):
    state["event_start"]["snap"] = 9
    path = tmp_path / "tokenizer.json"
    path.write_text(json.dumps(state), encoding="utf-8")
    with pytest.raises(CheckpointMismatch, match="snap"):
        Vocabulary.from_file(path)


@pytest.mark.parametrize("key", ["vocab_size_out", "vocab_size_in"])
def test_sizes_have_to_fit_the_ranges(state: dict, key: str):
    state[key] += 1
    with pytest.raises(ValueError, match="size"):
        Vocabulary.from_json(state)


def test_a_missing_or_broken_file_is_refused(tmp_path):
    path = tmp_path / "tokenizer.json"
    with pytest.raises(CheckpointMismatch):
        Vocabulary.from_file(path)
    path.write_text("{", encoding="utf-8")
    with pytest.raises(CheckpointMismatch):
        Vocabulary.from_file(path)
