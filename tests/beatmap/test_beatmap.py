from __future__ import annotations

import pytest

from companion.beatmap import Beatmap, Document, Mode, TimeRange


def view(text: str) -> Beatmap:
    return Document.parse(text.encode()).beatmap


FULL = """osu file format v14
[General]
AudioFilename: sub\\song.mp3
PreviewTime: 1234
SampleSet: Soft
StackLeniency: 0.5
Mode: 1
[Editor]
Bookmarks: 10,20,x,30
BeatDivisor: 6
[Metadata]
Title:Song: the song
TitleUnicode:うた
Artist:Band
Creator:Someone
Version:Oni
Source:Game
Tags:one two  three
BeatmapID:12
BeatmapSetID:34
[Difficulty]
HPDrainRate:6.5
CircleSize:4
OverallDifficulty:8
ApproachRate:9
SliderMultiplier:1.8
SliderTickRate:2
"""


def test_settings_are_read() -> None:
    beatmap = view(FULL)
    assert beatmap.mode is Mode.TAIKO
    assert beatmap.audio_filename == "sub/song.mp3"
    assert beatmap.preview_time_ms == 1234
    assert beatmap.default_sample_set == 2
    assert beatmap.stack_leniency == 0.5
    assert beatmap.bookmarks == (10, 20, 30)
    assert beatmap.beat_divisor == 6
    assert (beatmap.title, beatmap.title_unicode) == ("Song: the song", "うた")
    assert (beatmap.artist, beatmap.artist_unicode) == ("Band", "Band")
    assert (beatmap.creator, beatmap.version, beatmap.source) == ("Someone", "Oni", "Game")
    assert beatmap.tags == ("one", "two", "three")
    assert (beatmap.beatmap_id, beatmap.beatmap_set_id) == (12, 34)
    assert (beatmap.hp, beatmap.cs, beatmap.od, beatmap.ar) == (6.5, 4, 8, 9)
    assert (beatmap.slider_multiplier, beatmap.slider_tick_rate) == (1.8, 2)
    assert beatmap.preempt_ms == 600
    assert beatmap.keycount == 4


def test_an_empty_map_has_the_games_defaults() -> None:
    beatmap = view("")
    assert beatmap.format_version == 14
    assert beatmap.mode is Mode.OSU
    assert beatmap.preview_time_ms == -1
    assert beatmap.default_sample_set == 1
    assert (beatmap.hp, beatmap.cs, beatmap.od, beatmap.ar) == (5, 5, 5, 5)
    assert (beatmap.slider_multiplier, beatmap.slider_tick_rate) == (1.4, 1)
    assert (beatmap.beatmap_id, beatmap.beatmap_set_id) == (0, -1)
    assert beatmap.preempt_ms == 1200
    assert beatmap.bookmarks == ()
    assert beatmap.last_ms == 0
    assert beatmap.timing_at(0) is None
    assert beatmap.kiai_ranges == ()
    assert beatmap.combo_numbers == ()


def test_a_missing_approach_rate_equals_the_overall_difficulty() -> None:
    beatmap = view("[Difficulty]\nOverallDifficulty:3\n")
    assert beatmap.ar == 3
    assert beatmap.preempt_ms == 1440


def test_values_are_clamped_in_the_view() -> None:
    beatmap = view(
        "Mode: 9\nSampleSet: 7\n[Difficulty]\nHPDrainRate:-2\nCircleSize:12\n"
        "OverallDifficulty:99\nSliderMultiplier:100\nSliderTickRate:0\n"
    )
    assert beatmap.mode is Mode.OSU
    assert beatmap.default_sample_set == 1
    assert (beatmap.hp, beatmap.cs, beatmap.od) == (0, 10, 10)
    assert (beatmap.slider_multiplier, beatmap.slider_tick_rate) == (3.6, 0.5)


def test_mania_has_up_to_eighteen_keys() -> None:
    assert view("Mode: 3\n[Difficulty]\nCircleSize:18\n").keycount == 18
    assert view("Mode: 3\n[Difficulty]\nCircleSize:0\n").keycount == 1


def test_of_a_doubled_key_the_last_one_counts_and_unknown_ones_are_there() -> None:
    beatmap = view("[General]\nMode: 1\nMode: 2\nAudioHash: abc\nno colon\n")
    assert beatmap.mode is Mode.CATCH
    assert beatmap.general["AudioHash"] == "abc"


def test_formats_before_five_are_shifted_as_a_whole() -> None:
    beatmap = view(
        "osu file format v4\nPreviewTime: 1000\n[Events]\n2,100,900\n[TimingPoints]\n0,500\n"
        "[HitObjects]\n1,2,100,1,0\n"
    )
    assert beatmap.time_offset_ms == 24
    assert beatmap.preview_time_ms == 1024
    assert beatmap.breaks[0].start_ms == 124
    assert beatmap.timing_points[0].time_ms == 24
    assert beatmap.hit_objects[0].start_ms == 124
    assert view("osu file format v4\n").preview_time_ms == -1


def test_breaks_are_read_by_number_and_by_name() -> None:
    document = Document.parse(
        b'[Events]\n0,0,"bg.jpg"\n2,100,900\nBreak,2000,1000\n2,x,5\n2,5\nSprite,a\n'
    )
    breaks = document.beatmap.breaks
    assert [(b.start_ms, b.end_ms, b.line) for b in breaks] == [(100, 900, 2), (2000, 2000, 3)]
    assert [d.line for d in document.diagnostics] == [4, 5]


def test_points_and_objects_are_sorted_by_time_and_keep_file_order_for_equal_times() -> None:
    beatmap = view(
        "[TimingPoints]\n100,-50,4,1,0,50,0,0\n0,500\n100,400\nSliderBorder : 1,2,3\n"
        "[HitObjects]\n3,0,200,1,0\n1,0,100,1,0\n2,0,100,1,0\n"
    )
    assert [p.line for p in beatmap.timing_points] == [2, 1, 3]
    assert [o.x for o in beatmap.hit_objects] == [1, 2, 3]
    assert [p.beat_length for p in beatmap.red_lines] == [500, 400]
    assert beatmap.velocity_at(100) == 2.0
    point = beatmap.timing_at(150)
    assert point is not None
    assert point.beat_length == 400
    assert len(beatmap.diagnostics) == 1


def test_kiai_and_samples_are_looked_up() -> None:
    beatmap = view(
        "[TimingPoints]\n0,500,4,1,0,50,1,0\n1000,-100,4,2,0,70,0,1\n[HitObjects]\n0,0,3000,1,0\n"
    )
    assert beatmap.kiai_ranges == (TimeRange(1000, 3000),)
    assert beatmap.kiai_at(1500)
    point = beatmap.sample_point_at(996)
    assert point is not None
    assert point.volume == 70


def test_combos_begin_where_they_are_asked_for_and_after_spinners_and_breaks() -> None:
    beatmap = view(
        "[Events]\n2,600,2900\n[HitObjects]\n0,0,0,1,0\n0,0,100,1,0\n0,0,200,5,0\n0,0,300,1,0\n"
        "0,0,400,8,0,500\n0,0,550,1,0\n0,0,560,1,0\n0,0,3000,1,0\n0,0,3100,1,0\n"
    )
    assert beatmap.combo_numbers == (1, 2, 1, 2, 3, 1, 2, 1, 2)
    assert beatmap.combo_number_by_line[3] == 1


@pytest.mark.parametrize("n_objects", [10_000])
def test_a_marathon_map_is_read(n_objects: int) -> None:
    lines = "".join(f"{n % 512},9,{n * 50},1,0,0:0:0:0:\n" for n in range(n_objects))
    beatmap = view("[TimingPoints]\n0,500\n[HitObjects]\n" + lines)
    assert len(beatmap.hit_objects) == n_objects
