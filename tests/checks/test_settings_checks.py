from __future__ import annotations

import pytest

from companion.beatmap import Document, Slider
from companion.checks import Difficulty
from companion.checks.gameplay.score import best_play
from companion.checks.gameplay.sliders import tick_count, tick_distance_px
from companion.checks.settings import luminosity
from companion.findings import Severity
from tests.checks.conftest import LONG, chart, fixed, found, found_in_set, severities

P, W, M = Severity.PROBLEM, Severity.WARNING, Severity.MINOR


def values(**stated: str) -> bytes:
    return chart(LONG, difficulty=[f"{key}:{value}" for key, value in stated.items()])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("5", []),
        ("5.5", []),
        ("5.55", [P]),
        ("0", []),
        ("-0.1", [W]),
        ("10", []),
        ("10.1", [W]),
        ("9.3000001", []),  # as programs write 9.3
        ("NaN", [W]),
        ("1e400", [W]),
        ("rubbish", [W]),
    ],
)
@pytest.mark.parametrize("key", ["HPDrainRate", "CircleSize", "OverallDifficulty", "ApproachRate"])
def test_difficulty_values(key: str, value: str, expected: list[Severity]) -> None:
    assert severities(found("difficulty_values", values(**{key: value}))) == expected


@pytest.mark.parametrize(
    ("keys", "expected"), [("3", [P]), ("4", []), ("7", []), ("18", []), ("19", [P])]
)
def test_key_counts(keys: str, expected: list[Severity]) -> None:
    data = chart(LONG, difficulty=(f"CircleSize:{keys}",), mode=3)
    assert severities(found("difficulty_values", data)) == expected


@pytest.mark.parametrize(
    ("rate", "count"),
    [
        ("1", 0), ("2", 0), ("4", 0), ("0.5", 0), ("1.5", 0), ("1.333", 0), ("1.33333333333333", 0),
        ("1.3", 1), ("2.5", 1), ("0.75", 1), ("NaN", 1),
    ],
)  # fmt: skip
def test_tick_rates(rate: str, count: int) -> None:
    data = chart(LONG, difficulty=(f"SliderTickRate:{rate}",))
    assert len(found("tick_rate", data)) == count
    assert found("tick_rate", chart(LONG, difficulty=("SliderTickRate:1.3",), mode=3)) == []


@pytest.mark.parametrize(
    ("mode", "colours", "general", "count"),
    [
        (0, (), (), 1),
        (2, (), (), 1),
        (1, (), (), 0),
        (3, (), (), 0),
        (0, ("Combo1 : 255,0,0",), (), 0),
        (0, ("SliderBorder : 255,0,0",), (), 1),
        (0, (), ("SkinPreference:Default",), 0),
    ],
)
def test_combo_colours(
    mode: int, colours: tuple[str, ...], general: tuple[str, ...], count: int
) -> None:
    data = chart(LONG, mode=mode, colours=colours, general=general)
    assert len(found("default_colours", data)) == count


@pytest.mark.parametrize(
    ("grey", "expected"), [(29, [P]), (30, [W]), (42, [W]), (43, []), (250, []), (251, [])]
)
def test_dark_colours(grey: int, expected: list[Severity]) -> None:
    assert round(luminosity((grey, grey, grey)), 6) == grey
    for key in ("Combo1", "SliderBorder"):
        data = chart(LONG, colours=(f"{key} : {grey},{grey},{grey}",))
        assert severities(found("colour_brightness", data)) == expected


def test_bright_colours_dazzle_in_kiai_if_they_are_seen_there() -> None:
    kiai = ("0,500,4,2,1,60,1,0", "5000,-100,4,2,1,60,0,1", "9000,-100,4,2,1,60,0,0")
    for grey, count in ((250, 0), (251, 1)):
        bright = f"{grey},{grey},{grey}"
        # the first combo, which lasts all map, has the second colour
        data = chart(LONG, timing=kiai, colours=("Combo1 : 9,99,99", f"Combo2 : {bright}"))
        assert len(found("colour_brightness", data)) == count
        data = chart(LONG, timing=kiai, colours=(f"Combo1 : {bright}", "Combo2 : 99,99,99"))
        assert found("colour_brightness", data) == []


def test_ticks_are_counted_as_the_game_does() -> None:
    def ticks(length: float, rate: str = "1", line: str = "", slides: int = 1) -> int:
        document = Document.parse(
            chart(
                [f"0,0,0,2,0,L|{length}:0,{slides},{length}"],
                difficulty=("SliderMultiplier:1", f"SliderTickRate:{rate}"),
                timing=("0,500,4,2,1,60,1,0", *([line] if line else [])),
            )
        )
        (item,) = document.beatmap.hit_objects
        assert isinstance(item, Slider)
        return tick_count(item, tick_distance_px(item, document.beatmap))

    assert ticks(100) == 0
    assert ticks(102) == 0  # its tick would be 10 ms before its end
    assert ticks(103) == 1
    assert ticks(250) == 2
    assert ticks(250, rate="2") == 4
    assert ticks(250, slides=3) == 6
    assert ticks(250, line="0,-200,4,2,1,60,0,0") == 4
    assert ticks(250, line="0,NaN,4,2,1,60,0,0") == 0


def test_combo_and_score_of_a_perfect_play() -> None:
    one = Difficulty(Document.parse(chart(["0,0,0,1,0", "0,0,500,1,0", "0,0,1000,1,0"])))
    # (5 + 4 + 7 + 16) / 38 * 5 is about 4; the third hit has a combo of 2 before it
    assert one.fact(best_play) == (3, 900 + round(300 * 1 * 4 / 25 * 1.06**2 * 1.12**2))
    taiko = Difficulty(Document.parse(chart(LONG, mode=1)))
    # every ten hits up to the hundredth add (1 + factor) * 2 * 8, of (5 + 2 + 7 + 16) / 38 * 5
    assert taiko.fact(best_play) == (100, 30000 + round(10 * 45 * 80 * 1.06**2 * 1.12**2))


def test_scores_and_combos_overflow() -> None:
    many = [f"0,0,{n * 50},1,0" for n in range(9000)]
    assert [f.message[:18] for f in found("score_overflow", chart(many))] == ["The greatest score"]
    assert found("score_overflow", chart(many[:3000])) == []
    assert found("score_overflow", chart(many, mode=3)) == []
    repeats = [f"0,0,{n * 100_000},2,0,L|1:0,8000,1" for n in range(9)]
    assert "combo is 72009" in found("score_overflow", chart(repeats, mode=2))[0].message
    assert found("score_overflow", chart(repeats[:8], mode=2))[0].message.startswith(
        "The greatest s"
    )


# Sets


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("AudioLeadIn: 1000", [W]),
        ("SamplesMatchPlaybackRate: 1", [W]),
        ("SkinPreference:Mine", [W]),
        ("LetterboxInBreaks: 1", []),  # without breaks
        ("EpilepsyWarning: 1", []),  # without anything that flashes
        ("WidescreenStoryboard: 1", []),
        ("Countdown: 0", []),  # there is no time for one
    ],
)
def test_settings_agree(setting: str, expected: list[Severity]) -> None:
    usual, other = chart(LONG), chart(LONG, general=(setting,))
    assert severities(found_in_set("inconsistent_settings", usual, usual, other)) == expected


def test_settings_count_where_they_matter() -> None:
    pause = ("2,20000,21000",)
    usual, other = (
        chart(LONG, events=pause),
        chart(LONG, events=pause, general=("LetterboxInBreaks: 1",)),
    )
    assert len(found_in_set("inconsistent_settings", usual, usual, other)) == 1
    mania = chart(LONG, events=pause, general=("LetterboxInBreaks: 1",), mode=3)
    assert found_in_set("inconsistent_settings", usual, usual, mania) == []
    late = [f"1,1,{10_000 + n * 500},1,0" for n in range(90)]
    on, off = chart(late, general=("Countdown: 1",)), chart(late, general=("Countdown: 2",))
    assert len(found_in_set("inconsistent_settings", on, on, off)) == 1
    film = ('Video,0,"film.mp4"',)
    usual, other = (
        chart(LONG, events=film),
        chart(LONG, events=film, general=("EpilepsyWarning: 1",)),
    )
    assert len(found_in_set("inconsistent_settings", usual, usual, other)) == 1


def test_tick_rates_agree_within_a_mode_and_can_be_copied() -> None:
    one, two = (chart(LONG, difficulty=(f"SliderTickRate:{n}",)) for n in (1, 2))
    (finding,) = found_in_set("inconsistent_settings", one, one, two)
    assert (finding.severity, finding.file) == (M, "2.osu")
    assert fixed(two, finding) == one
    taiko = chart(LONG, difficulty=("SliderTickRate:2",), mode=1)
    assert found_in_set("inconsistent_settings", one, one, taiko) == []


def test_set_ids_agree() -> None:
    stated = ("Title:Song", "BeatmapSetID:5")
    findings = found_in_set(
        "inconsistent_settings", chart(LONG, metadata=stated), chart(LONG, metadata=stated),
        chart(LONG, metadata=("Title:Song", "BeatmapSetID:6")),
    )  # fmt: skip
    assert severities(findings) == [P]


def test_songs_agree() -> None:
    other = chart(LONG).replace(b"song.mp3", b"other.mp3")
    (finding,) = found_in_set("inconsistent_audio", chart(LONG), chart(LONG), other)
    assert (finding.file, finding.severity) == ("2.osu", P)
    none = chart(LONG).replace(b"AudioFilename: song.mp3", b"AudioLeadIn: 0")
    assert len(found_in_set("inconsistent_audio", none)) == 1
    assert found_in_set("inconsistent_audio", chart(LONG), chart(LONG)) == []


@pytest.mark.parametrize(
    ("name", "count"),
    [("Hitsounds", 1), ("hit sound", 1), ("_HS_", 1), ("Hard", 0), ("Sound hit", 0), ("HS", 0)],
)
def test_difficulties_for_hit_sounds_are_named(name: str, count: int) -> None:
    data = chart(LONG, metadata=(f"Version:{name}",))
    assert len(found_in_set("hitsound_difficulty", data)) == count


def test_videos_agree() -> None:
    film, other, later = (
        chart(LONG, events=(f"Video,{line}",)) for line in ('0,"a.mp4"', '0,"b.mp4"', '9,"a.mp4"')
    )
    assert found_in_set("inconsistent_video", film, film) == []
    assert severities(found_in_set("inconsistent_video", film, film, other)) == [W]
    assert severities(found_in_set("inconsistent_video", film, film, later)) == [P]
    assert severities(found_in_set("inconsistent_video", film, film, chart(LONG))) == [W]
    assert severities(found_in_set("inconsistent_video", film, chart(LONG, mode=2))) == [W]
    assert found_in_set("inconsistent_video", film, chart(LONG, mode=1)) == []


# Spread


@pytest.mark.parametrize(
    ("mode", "name", "needed_s"),
    [
        (0, "Hard", 210), (0, "Insane", 255), (0, "Expert", 300), (1, "Muzukashii", 150),
        (1, "Oni", 195), (1, "Inner Oni", 240), (2, "Platter", 150), (2, "Rain", 195),
        (2, "Overdose", 240), (3, "Hard", 150), (3, "Insane", 165), (3, "Expert", 210),
    ],
)  # fmt: skip
def test_the_easiest_difficulty_suits_the_length(mode: int, name: str, needed_s: int) -> None:
    def lasting(seconds: int, version: str = name) -> bytes:
        objects = ("1,1,0,1,0", f"1,1,{seconds * 1000},1,0")
        return chart(objects, metadata=(f"Version:{version}",), mode=mode)

    assert found_in_set("lowest_difficulty", lasting(needed_s)) == []
    (finding,) = found_in_set("lowest_difficulty", lasting(needed_s - 1))
    assert (finding.severity, finding.file) == (P, "0.osu")
    assert found_in_set("lowest_difficulty", lasting(60, "Easy"), lasting(60)) == []


def test_breaks_of_half_a_minute_count_as_played_in_the_hardest_difficulty() -> None:
    def with_break(seconds: int) -> bytes:
        objects = ("1,1,0,1,0", f"1,1,{(150 + seconds) * 1000},1,0", "1,1,270000,1,0")
        pause = (f"2,500,{(150 + seconds) * 1000 - 2000}",)
        return chart(objects, events=pause, metadata=("Version:Hard",))

    # 150 and some seconds of break leave 120 and some less of drain, and 30 are forgiven
    assert len(found_in_set("lowest_difficulty", with_break(0))) == 1
    assert found_in_set("lowest_difficulty", chart(("1,1,0,1,0", "1,1,270000,1,0"))) == []
