from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from companion.beatmap import Document, Slider, TextEdit
from companion.errors import EditConflict, UnreadableBeatmap

if TYPE_CHECKING:
    from pathlib import Path

SAMPLE = (
    b"osu file format v14\r\n\r\n[General]\nMode: 3\r[Events]\r\n//Break Periods\r\n"
    b"2,1000,2000\r\n[TimingPoints]\r\n0,500,4,2,1,60,1,0\r\n0,-50,4,2,1,60,0,1\r\n\r\n"
    b"[HitObjects]\r\n64,192,500,1,0,0:0:0:0:\r\n192,192,1000,128,0,1500:0:0:0:0:\r\n"
    b"10,20,2000,2,0,B|30:40|30:40|50:60,2,80.5,2|0|0,0:0|0:0|0:0,0:0:0:0:\r\n"
    b"256,192,3000,12,0,4000,0:0:0:0:"
)


def round_trips(data: bytes) -> Document:
    document = Document.parse(data)
    assert document.to_bytes() == data
    assert b"".join([document.bom, *(line.whole for line in document.lines)]) == data
    document.diagnostics  # noqa: B018  (the typed view must not raise)
    for item in document.beatmap.hit_objects:
        assert item.end_ms >= item.start_ms
    return document


@given(st.binary())
@example(b"")
@example(b"\0" * 100)
@example(b"\xff\xfe\n")
@example(b"\xef\xbb\xbf")
@example(b"\r\r\n\n\r")
@example(b"[")
def test_any_bytes_come_back_unchanged(data: bytes) -> None:
    round_trips(data)


snippets = st.sampled_from(
    [b"NaN", b"-", b"", b"|", b":", b",", b"1e309", b"\0", b"\r", b"\n", b"[HitObjects]\n",
     b"//", b"B", b"0.5", b"99999999999", b"\xff", b"_", b"P|1:1|", b"inf"]
)  # fmt: skip


@given(
    st.lists(st.tuples(st.integers(0, len(SAMPLE)), st.integers(0, 12), snippets), max_size=6),
    st.sampled_from([b"", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"]),
)
def test_damaged_maps_come_back_unchanged_and_are_read_as_far_as_possible(
    damages: list[tuple[int, int, bytes]], bom: bytes
) -> None:
    data = SAMPLE
    for at, length, new in damages:
        data = data[:at] + new + data[at + length :]
    round_trips(bom + data)


@given(
    st.lists(
        st.lists(
            st.one_of(
                st.integers(-10, 3000).map(str),
                st.floats().map(str),
                st.sampled_from(["1", "2", "8", "128", "B|1:1|2:2", "P|3:3|4:4|5:5", "C|1:1",
                                 "9000", "1:2:3:4:x.wav", "0|0", "0:0|", "7:x:y", "L|1:NaN"]),
            ),
            max_size=12,
        ).map(",".join),
        max_size=8,
    ),
    st.sampled_from([3, 14, 128]),
)  # fmt: skip
def test_any_fields_make_an_object_or_a_diagnostic(lines: list[str], version: int) -> None:
    head = f"osu file format v{version}\n[TimingPoints]\n0,500\n" + "\n".join(lines)
    data = (head + "\n[HitObjects]\n" + "\n".join(lines)).encode()
    document = round_trips(data)
    for item in document.beatmap.hit_objects:
        if isinstance(item, Slider):
            item.path.polyline()


def osu_files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.osu"))


def check_files(files: list[Path]) -> None:
    n_objects = n_points = 0
    for file in files:
        document = round_trips(file.read_bytes())
        n_objects += len(document.beatmap.hit_objects)
        n_points += len(document.beatmap.timing_points)
        assert document.readable, file
    assert n_objects > 100 * len(files)
    assert n_points > len(files)


@pytest.mark.slow
def test_every_real_map_comes_back_unchanged_and_is_read(shared_data: Path) -> None:
    files = osu_files(shared_data)
    if not files:
        pytest.skip("no .osu files beside the checkout")
    check_files(files)


@pytest.mark.slow
def test_every_map_of_the_archive_comes_back_unchanged_and_is_read(
    shared_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    archive = shared_data / "osu" / "osu.tar.zst"
    if not archive.is_file():
        pytest.skip("no archive beside the checkout")
    folder = tmp_path_factory.mktemp("archive")
    try:
        subprocess.run(
            ["tar", "--zstd", "-xf", str(archive), "-C", str(folder)],
            check=True,
            capture_output=True,
        )
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"the archive cannot be unpacked here: {error}")
    files = osu_files(folder)
    assert len(files) == 698
    check_files(files)


def test_line_endings_are_kept_line_by_line() -> None:
    document = Document.parse(b"a\r\nb\nc\rd")
    assert [line.ending for line in document.lines] == [b"\r\n", b"\n", b"\r", b""]
    assert [line.raw for line in document.lines] == [b"a", b"b", b"c", b"d"]


def test_the_usual_line_ending_is_the_commonest_one() -> None:
    assert Document.parse(b"a\nb\nc\r\n").newline == b"\n"
    assert Document.parse(b"a").newline == b"\r\n"


def test_the_byte_order_mark_is_no_part_of_the_first_line() -> None:
    document = Document.parse(b"\xef\xbb\xbfosu file format v9\n")
    assert document.lines[0].raw == b"osu file format v9"
    assert document.format_version == 9


@pytest.mark.parametrize(
    ("head", "version"),
    [
        ("osu file format v3", 3),
        ("\n\n  osu file format v128", 128),
        ("osu file format vX", 14),
        ("[General]", 14),
        ("", 14),
    ],
)
def test_a_missing_or_broken_header_means_the_latest_version(head: str, version: int) -> None:
    assert Document.parse(head.encode()).format_version == version


def test_lines_know_their_section() -> None:
    document = Document.parse(b"osu file format v14\n[Editor]\nA: 1\n[Odd one]\nx\n[Editor]\nB:2\n")
    assert [line.section for line in document.lines] == [
        "General", "Editor", "Editor", "Odd one", "Odd one", "Editor", "Editor",
    ]  # fmt: skip
    assert document.beatmap.editor == {"A": "1", "B": "2"}


def test_a_section_header_may_carry_a_comment() -> None:
    document = Document.parse(b"[Editor] // mine\nA: 1\n[Metadata]\nTitle:x\n[Odd//]\n")
    assert [line.section for line in document.lines][1::2] == ["Editor", "Metadata"]
    assert document.lines[-1].section == "Odd//"


def test_keys_before_the_first_section_are_general_ones() -> None:
    assert Document.parse(b"Mode: 2\n[Difficulty]\n").beatmap.mode == 2


def test_comments_are_cut_off_everywhere_but_in_metadata() -> None:
    document = Document.parse(
        b"[General]\nAudioFilename: a//b.mp3\n // Mode: 3\n[Metadata]\nTitle:A // B\n//Artist:C\n"
    )
    assert document.beatmap.audio_filename == "a"
    assert document.beatmap.mode == 0
    assert document.beatmap.title == "A // B"
    assert document.beatmap.artist == ""


def test_utf16_is_read_but_cannot_be_edited() -> None:
    text = "osu file format v14\r\n[Metadata]\rTitle:あ\n[HitObjects]\n1,2,3,1,0\n"
    for encoding, bom in (("utf-16-le", b"\xff\xfe"), ("utf-16-be", b"\xfe\xff")):
        document = round_trips(bom + text.encode(encoding))
        assert document.beatmap.title == "あ"
        assert len(document.beatmap.hit_objects) == 1
        assert not document.readable
        assert "UTF-16" in document.diagnostics[0].message
        with pytest.raises(UnreadableBeatmap, match="UTF-8"):
            document.apply([])


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"\0" * 64, "nothing but zeros"),
        (b"osu file\0format", "zero bytes"),
        ("osu".encode("utf-16-le"), "zero bytes"),
    ],
)
def test_a_damaged_file_says_what_is_wrong(data: bytes, words: str) -> None:
    document = Document.parse(data)
    assert not document.readable
    assert document.problem is not None
    assert words in document.problem
    with pytest.raises(UnreadableBeatmap, match=words):
        document.apply([TextEdit(0, (), (b"x\n",))])


def test_a_bad_line_is_named_and_left_out() -> None:
    document = Document.parse(b"[HitObjects]\n1,2\n1,2,3,1,0\n")
    assert [d.line for d in document.diagnostics] == [1]
    assert len(document.beatmap.hit_objects) == 1


def test_documents_are_equal_when_their_bytes_are() -> None:
    one, other = Document.parse(b"a\n"), Document.parse(b"a\n")
    assert one == other
    assert hash(one) == hash(other)
    assert one != Document.parse(b"a\r\n")
    assert one != b"a\n"
    assert one.digest in repr(one) or one.digest[:12] in repr(one)


def test_edits_are_made_at_once_and_leave_everything_else_alone() -> None:
    document = Document.parse(b"\xef\xbb\xbfa\r\nb\nc\r")
    edited = document.apply(
        [TextEdit(2, (b"c\r",), (b"C\r\n", b"D")), TextEdit(0, (), (b"start\n",))]
    )
    assert edited.to_bytes() == b"\xef\xbb\xbfstart\na\r\nb\nC\r\nD"
    assert document.to_bytes() == b"\xef\xbb\xbfa\r\nb\nc\r"
    assert document.apply([]) == document


@pytest.mark.parametrize(
    "edits",
    [
        [TextEdit(0, (b"b\n",), ())],
        [TextEdit(0, (b"a\n", b"b\n"), ()), TextEdit(1, (b"b\n",), ())],
        [TextEdit(2, (b"c\n",), ())],
        [TextEdit(3, (), (b"x\n",))],
        [TextEdit(1, (), (b"glued",))],
        [TextEdit(1, (), (b"",))],
    ],
)
def test_edits_that_do_not_fit_are_refused(edits: list[TextEdit]) -> None:
    with pytest.raises(EditConflict):
        Document.parse(b"a\nb\n").apply(edits)
