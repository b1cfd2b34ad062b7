from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
import soundfile

from companion.checks.media.pictures import Picture, read_picture
from companion.checks.media.sounds import format_of
from companion.checks.skin_files import is_hit_sound, is_skin_file, is_skin_picture
from companion.findings import Severity
from tests.checks.conftest import LONG, FolderFinder, chart, found, found_in_set, severities

P, W, M = Severity.PROBLEM, Severity.WARNING, Severity.MINOR
RATE_HZ = 44_100
BACKGROUND = ('0,0,"bg.png",0,0',)


def png(width: int, height: int, padding: int = 0) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + b"\0" * padding


def jpeg(width: int, height: int) -> bytes:
    comment = b"\xff\xfe" + struct.pack(">H", 102) + b"x" * 100
    frame = b"\xff\xc2" + struct.pack(">HBHH", 11, 8, height, width)
    return b"\xff\xd8" + comment + b"\xff" + frame + b"\x01\x11\x00"


def sound(
    seconds: float = 0.1,
    *,
    silence_ms: float = 0,
    kind: str = "WAV",
    sides: tuple[float, ...] = (0.5,),
) -> bytes:
    """A short noise after a silence, with a volume for each channel."""
    n_silent = round(silence_ms * RATE_HZ / 1000)
    noise = np.random.default_rng(1).choice([-1.0, 1.0], size=(round(seconds * RATE_HZ), 1))
    wave = np.concatenate([np.zeros((n_silent, len(sides))), noise * np.array(sides)])
    file = io.BytesIO()
    subtype = {"OGG": "VORBIS", "MP3": "MPEG_LAYER_III", "WAV": "PCM_16"}[kind]
    soundfile.write(file, wave, RATE_HZ, format=kind, subtype=subtype)
    return file.getvalue()


# Pictures


@pytest.mark.parametrize(
    ("data", "picture"),
    [
        (png(3, 2), Picture("png", 3, 2)),
        (jpeg(1920, 1080), Picture("jpg", 1920, 1080)),
        (b"GIF89a" + struct.pack("<HH", 7, 9), Picture("gif", 7, 9)),
        (b"BM" + b"\0" * 16 + struct.pack("<ii", 5, -6), Picture("bmp", 5, 6)),
        (b"", None),
        (b"\xff\xd8\xff", None),
        (b"\xff\xd8" + b"\xff\xfe\x00\x00" * 9, None),
        (png(3, 2)[:20], None),
        (b"RIFF", None),
    ],
)
def test_pictures_are_known_by_their_header(data: bytes, picture: Picture | None) -> None:
    assert read_picture(data) == picture


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (png(2560, 1440), []),
        (png(2561, 1440), [P]),
        (png(2560, 1441), [P]),
        (png(1024, 640), []),
        (png(1023, 640), [W]),
        (png(1024, 639), [W]),
        (png(159, 640), [P]),
        (jpeg(1920, 1080), []),
        (png(1920, 1080, padding=2_621_440), [P]),
        (png(1920, 1080, padding=2_000_000), []),
        (b"no picture", [W]),
    ],
)
def test_background_sizes(
    found_in_folder: FolderFinder, data: bytes, expected: list[Severity]
) -> None:
    files = {"a.osu": chart(LONG, events=BACKGROUND), "bg.png": data}
    assert severities(found_in_folder("background_size", files)) == expected


def test_backgrounds_are_named_and_there(found_in_folder: FolderFinder) -> None:
    without, with_one = chart(LONG), chart(LONG, events=BACKGROUND)
    assert [f.file for f in found_in_set("missing_background", without, with_one)] == ["0.osu"]
    assert found_in_set("missing_background", with_one) == []
    (finding,) = found_in_folder("lost_background", {"a.osu": with_one})
    assert (finding.file, finding.severity) == ("a.osu", P)
    (finding,) = found_in_folder("lost_background", {"a.osu": with_one, "b.osu": with_one})
    assert (finding.file, "of 2 difficulties" in finding.message) == ("", True)
    assert found_in_folder("lost_background", {"BG.png": png(9, 9)}) == []


def test_skin_elements_and_sprites_have_sizes(found_in_folder: FolderFinder) -> None:
    files = {
        "a.osu": chart(LONG, events=('Sprite,Foreground,Centre,"sb/big.png",320,240',)),
        "hitcircle.png": png(2561, 9),
        "cursor.png": png(9, 9, padding=2_621_440),
        "approachcircle.png": png(2560, 1440),
        "sb/big.png": png(17_000, 1001),
        "sb/hitcircle-0.png": png(99, 99),
    }
    assert [f.file for f in found_in_folder("skin_picture_size", files)] == [
        "cursor.png", "hitcircle.png",
    ]  # fmt: skip
    assert [f.file for f in found_in_folder("sprite_size", files)] == ["sb/big.png"]
    assert found_in_folder("sprite_size", {"sb/big.png": png(17_000, 1000)}) == []


@pytest.mark.parametrize(
    ("layer", "count"), [("Overlay", 1), ("4", 1), ("Foreground", 0), ("3", 0)]
)
def test_overlays(found_in_folder: FolderFinder, layer: str, count: int) -> None:
    line = f'Sprite,{layer},Centre,"a.png",320,240'
    assert len(found("overlay_layer", chart(LONG, events=(line,)))) == count
    files = {"a.osu": chart(LONG), "set.osb": f"[Events]\n{line}\n".encode()}
    assert len(found_in_folder("shared_overlay_layer", files)) == count


@pytest.mark.parametrize(("tags", "count"), [("rock mpg", 1), ("mappers' guild", 1), ("mpgx", 0)])
def test_the_guild_is_reminded_of_its_backgrounds(tags: str, count: int) -> None:
    assert len(found_in_set("guild_background", chart(LONG, metadata=(f"Tags:{tags}",)))) == count


# Files


def test_unreadable_and_empty_files_are_named(found_in_folder: FolderFinder) -> None:
    files = {
        "a.osu": chart(LONG),
        "empty.osu": b"",
        "zero.osu": b"\0\0",
        "x.wav": b"",
        "y.wav": b"1",
    }
    found_files = [f.file for f in found_in_folder("unreadable_difficulty", files)]
    assert found_files == ["empty.osu", "zero.osu"]
    assert [f.file for f in found_in_folder("empty_file", files)] == ["x.wav"]


def test_file_names(found_in_folder: FolderFinder) -> None:
    files = {
        "Band - Song (Mapper) [Hard].osu": chart(LONG),
        "other.osu": chart(LONG),
        "x" * 127 + ".wav": b"",
        "x" * 126 + ".wav": b"",
    }
    findings = found_in_folder("file_name", files)
    assert [f.file for f in findings] == ["x" * 127 + ".wav", "other.osu"]


def test_unused_files(found_in_folder: FolderFinder) -> None:
    events = ('0,0,"bg.jpg"', 'Animation,Pass,Centre,"sb\\a.png",1,1,2,50', 'Sample,0,0,"hm"')
    objects = [*LONG, "1,1,90000,1,0,2:0:2:60:", "1,1,90500,1,2,0:0:0:0:Own.WAV"]
    used = {
        "a.osu": chart(objects, events=events), "song.mp3": b"1", "BG.jpg": b"1", "sb/a0.png": b"1",
        "sb/a1.png": b"1", "hm.ogg": b"1", "soft-hitnormal2.wav": b"1", "soft-hitnormal.wav": b"1",
        "own.wav": b"1", "hitcircle@2x.png": b"1", "skin.ini": b"1", "thumbs.db": b"1",
        "set.osb": b'[Variables]\n$p="shared.png"\n[Events]\nSprite,Fail,Centre,$p,1,1\n',
        "shared.png": b"1",
    }  # fmt: skip
    unused = {
        "sb/a2.png": b"1", "soft-hitnormal3.wav": b"1", "drum-hitclap.wav": b"1",
        "old.osu.bak": b"1", "song.ogg": b"1",
    }  # fmt: skip
    findings = found_in_folder("unused_file", {**used, **unused})
    assert sorted(f.file for f in findings) == sorted(unused)


def test_names_of_skins() -> None:
    for name in ("hitcircle.png", "Followpoint-0.png", "score-7@2x.png", "taiko-roll-end.png",
                 "mania-key1D.png", "fruit-catcher-idle-2.png", "default-0.png"):  # fmt: skip
        assert is_skin_picture(name)
    for name in ("combobreak.wav", "count3s.ogg", "skin.ini", "failsound.mp3"):
        assert is_skin_file(name)
        assert not is_skin_picture(name)
    for name in ("hitcircle.txt", "bg.png", "hitcircleoverlays.png", "soft-hitclap.wav"):
        assert not is_skin_file(name)
    assert is_hit_sound("taiko-Drum-hitclap12.WAV")
    assert not is_hit_sound("soft-hitclap-2.wav")


# Song


def test_songs_are_there_in_formats_that_the_game_plays(found_in_folder: FolderFinder) -> None:
    (lost,) = found_in_folder("lost_song", {"a.osu": chart(LONG)})
    assert lost.file == "a.osu"
    for data, expected in (
        (sound(kind="MP3"), []),
        (sound(kind="OGG"), [W]),
        (sound(kind="WAV"), [P]),
        (b"\xff\xfbno sound", [P]),
    ):
        assert severities(found_in_folder("song_format", {"song.mp3": data})) == expected
    assert found_in_folder("lost_song", {}) == []


@pytest.mark.parametrize(("padding", "count"), [(0, 1), (15_000, 0), (30_000, 1)])
def test_bit_rates(found_in_folder: FolderFinder, padding: int, count: int) -> None:
    # A second of silence is small; bytes behind it that decoders skip make up the bit rate.
    data = sound(1.0, kind="OGG", sides=(0.0,))
    files = {"a.osu": chart(LONG), "song.mp3": data + b"\0" * padding}
    assert len(found_in_folder("bit_rate", files)) == count


def test_tags_do_not_count_for_the_bit_rate(found_in_folder: FolderFinder) -> None:
    tag = b"ID3\x04\0\0" + bytes([0, 1, 0x7F, 0x7F]) + b"\0" * ((1 << 14) + (127 << 7) + 127)
    mp3 = sound(2.0, kind="MP3")
    plain = found_in_folder("bit_rate", {"a.osu": chart(LONG), "song.mp3": mp3})
    tagged = found_in_folder("bit_rate", {"song.mp3": tag + mp3})
    assert [f.message for f in tagged] == [f.message for f in plain]
    assert format_of(tag + mp3) == "mp3"


@pytest.mark.parametrize(("last_ms", "count"), [(800, 0), (790, 1)])
def test_audio_after_the_last_object(
    found_in_folder: FolderFinder, last_ms: int, count: int
) -> None:
    objects = ("1,1,0,1,0", f"1,1,{last_ms},1,0")
    files = {"a.osu": chart(objects), "song.mp3": sound(1.0)}
    assert len(found_in_folder("unused_audio", files)) == count


# Hit sound files


def played(objects: tuple[str, ...] = ("1,1,0,1,0", "1,1,9000,1,0")) -> bytes:
    return chart(objects, timing=("0,500,4,2,1,60,1,0",))


NAME = "soft-hitnormal.wav"


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        (NAME, sound(), []),
        ("soft-hitnormal.ogg", sound(kind="OGG"), []),
        (NAME, sound(kind="OGG"), [W]),
        ("soft-hitnormal.mp3", sound(kind="MP3"), [P]),
        (NAME, b"no sound at all", [P]),
        (NAME, b"", []),  # that is an empty file
        ("soft-hitclap.mp3", sound(kind="MP3"), []),  # nothing plays it
    ],
)
def test_formats_of_hit_sounds(
    found_in_folder: FolderFinder, name: str, data: bytes, expected: list[Severity]
) -> None:
    assert severities(found_in_folder("sample_format", {"a.osu": played(), name: data})) == expected


@pytest.mark.parametrize(
    ("silence_ms", "expected"), [(0, []), (1.5, [M]), (4.5, [M]), (5.5, [P]), (20, [P])]
)
def test_delays_of_hit_sounds(
    found_in_folder: FolderFinder, silence_ms: float, expected: list[Severity]
) -> None:
    files = {"a.osu": played(), NAME: sound(silence_ms=silence_ms)}
    assert severities(found_in_folder("sample_delay", files)) == expected


def test_a_slow_rise_is_a_delay_too(found_in_folder: FolderFinder) -> None:
    slope = np.concatenate([np.full(RATE_HZ // 100, 0.005), np.full(RATE_HZ // 10, 0.9)])
    file = io.BytesIO()
    soundfile.write(file, slope, RATE_HZ, format="WAV")
    findings = found_in_folder("sample_delay", {"a.osu": played(), NAME: file.getvalue()})
    assert severities(findings) == [W]


def test_sounds_that_answer_no_press_may_be_late(found_in_folder: FolderFinder) -> None:
    spinner = played(("256,192,0,8,0,9000",))
    assert found_in_folder("sample_delay", {"a.osu": spinner, NAME: sound(silence_ms=50)}) == []


@pytest.mark.parametrize(("seconds", "count"), [(0.024, 1), (0.0255, 0), (0.0, 0)])
def test_lengths_of_hit_sounds(found_in_folder: FolderFinder, seconds: float, count: int) -> None:
    files = {"a.osu": played(), "drum-hitclap4.wav": sound(seconds)}
    assert len(found_in_folder("sample_length", files)) == count


def test_silence_is_the_blank_file(found_in_folder: FolderFinder) -> None:
    for data, count in ((sound(sides=(0.005,)), 1), (sound(sides=(0.02,)), 0), (sound(0.0), 0)):
        files = {"a.osu": played(), NAME: data}
        assert len(found_in_folder("silent_sample", files)) == count
    assert len(sound(0.0)) == 44


@pytest.mark.parametrize(
    ("sides", "gap_ms", "expected"),
    [
        ((0.5,), 9000, []),
        ((0.5, 0.5), 9000, []),
        ((0.5, 0.0), 9000, [W]),
        ((0.5, 0.24), 9000, [W]),
        ((0.5, 0.24), 30_000, [M]),
        ((0.5, 0.26), 9000, []),
    ],
)
def test_hit_sounds_come_from_the_middle(
    found_in_folder: FolderFinder, sides: tuple[float, ...], gap_ms: int, expected: list[Severity]
) -> None:
    files = {"a.osu": played(("1,1,0,1,0", f"1,1,{gap_ms},1,0")), NAME: sound(sides=sides)}
    assert severities(found_in_folder("sample_balance", files)) == expected


def test_storyboards_play_no_sounds(found_in_folder: FolderFinder) -> None:
    line = 'Sample,1234,0,"a.wav",70'
    (finding,) = found("storyboard_sounds", chart(LONG, events=(line,)))
    assert (finding.at.start_ms, finding.severity) == (1234, W)
    assert found("storyboard_sounds", chart(LONG, events=(line,), mode=3)) == []
    story = f'[Events]\n{line}\n5,9,0,"b.wav"\n'.encode()
    files = {"a.osu": chart(LONG), "set.osb": story}
    (finding,) = found_in_folder("shared_storyboard_sounds", files)
    assert "2 sounds: a.wav and b.wav" in finding.message


def test_storyboards_of_mania_sets_may_play_sounds(found_in_folder: FolderFinder) -> None:
    files = {"a.osu": chart(LONG, mode=3), "set.osb": b'[Events]\n5,9,0,"b.wav"\n'}
    assert found_in_folder("shared_storyboard_sounds", files) == []
