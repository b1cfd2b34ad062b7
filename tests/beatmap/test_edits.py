from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from companion.beatmap import Document, TextEdit, edit_between, inverted, rebased, relocate
from companion.beatmap.edits import edits_of
from companion.errors import EditConflict, StaleEdit


def doc(*lines: str) -> Document:
    return Document.parse("".join(f"{line}\n" for line in lines).encode())


def edit(first: int, removed: str = "", added: str = "") -> TextEdit:
    return TextEdit(
        first, tuple(f"{c}\n".encode() for c in removed), tuple(f"{c}\n".encode() for c in added)
    )


@pytest.mark.parametrize(
    ("old", "new", "smallest"),
    [
        ("abc", "abc", None),
        ("abc", "aXc", edit(1, "b", "X")),
        ("abc", "ac", edit(1, "b")),
        ("abc", "abXc", edit(2, "", "X")),
        ("aa", "aaa", edit(2, "", "a")),
        ("", "a", edit(0, "", "a")),
        ("abc", "", edit(0, "abc")),
    ],
)
def test_the_smallest_edit_between_two_documents(
    old: str, new: str, smallest: TextEdit | None
) -> None:
    assert edit_between(doc(*old), doc(*new)) == smallest


texts = st.text(alphabet="abc", max_size=12)


@given(texts, texts)
def test_the_edit_between_two_documents_leads_there_and_back(old: str, new: str) -> None:
    before, after = doc(*old), doc(*new)
    if not old or not new:
        return  # an empty file cannot be edited
    found = edit_between(before, after)
    edits = () if found is None else (found,)
    assert before.apply(edits) == after
    assert after.apply(inverted(edits)) == before


def test_several_edits_are_undone_together() -> None:
    before = doc(*"abcdef")
    edits = (edit(4, "e"), edit(1, "b", "XYZ"))
    after = before.apply(edits)
    assert after == doc(*"aXYZcdf")
    assert after.apply(inverted(edits)) == before


def test_an_edit_moves_with_its_lines() -> None:
    base, newer = doc(*"abcdef"), doc(*"12abcdeX")
    edits = (edit(1, "bc", "Y"), edit(4, "", "Z"))
    moved = rebased(edits, base, newer)
    assert [e.first_line for e in moved] == [3, 6]
    assert newer.apply(moved) == doc(*"12aYdZeX")
    assert base.apply(rebased(edits, base, base)) == base.apply(edits)


@pytest.mark.parametrize(
    ("change", "newer"),
    [
        (edit(1, "bc"), "aXcd"),
        (edit(1, "bc"), "abXcd"),
        (edit(1, "bc"), "ad"),
        (edit(2, "", "Y"), "abXcd"),
        (edit(4, "", "Y"), "abcdX"),
    ],
)
def test_an_edit_whose_lines_were_changed_is_stale(change: TextEdit, newer: str) -> None:
    with pytest.raises(StaleEdit):
        rebased((change,), doc(*"abcd"), doc(*newer))


def test_lines_may_be_added_at_both_ends() -> None:
    base = doc(*"abc")
    for change in (edit(0, "", "X"), edit(3, "", "X")):
        newer = doc(*"aQc")
        assert rebased((change,), base, newer) == (change,)


@given(texts.filter(bool), st.data())
def test_a_rebased_edit_still_replaces_what_it_expects(old: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(old)))
    end = data.draw(st.integers(start, len(old)))
    newer = doc(*data.draw(texts.filter(bool)))
    try:
        moved = rebased((edit(start, old[start:end], "X"),), doc(*old), newer)
    except StaleEdit:
        return
    assert newer.apply(moved).to_bytes().count(b"X") == 1


def test_added_lines_join_the_edit_they_touch() -> None:
    document = doc(*"abcd")
    edits = edits_of(document, {1, 2}, {2: [b"X"], 3: [b"Y"]})
    assert edits == (TextEdit(1, (b"b\n", b"c\n"), (b"X\n", b"Y\n")),)
    assert edits_of(document, {0, 3}, {1: []}) == (edit(0, "a"), edit(3, "d"))


@pytest.mark.parametrize(
    ("removed", "added", "result"),
    [
        (set[int](), {2: [b"X", b"Y"]}, b"a\r\nb\r\nX\r\nY"),
        ({1}, {2: [b"X"]}, b"a\r\nX"),
        ({1}, {}, b"a\r\n"),
        (set[int](), {1: [b"X"]}, b"a\r\nX\r\nb"),
    ],
)
def test_a_file_without_a_final_newline_stays_so(
    removed: set[int], added: dict[int, list[bytes]], result: bytes
) -> None:
    document = Document.parse(b"a\r\nb")
    assert document.apply(edits_of(document, removed, added)).to_bytes() == result


def test_lines_are_found_where_they_moved() -> None:
    document = Document.parse(b"a\nb\nc\n")
    edit = TextEdit(1, (b"b\n",), (b"x\n",))
    assert relocate([edit], document) == (edit,)
    moved = Document.parse(b"// one more line\n" + document.to_bytes())
    assert relocate([edit], moved)[0].first_line == 2


@pytest.mark.parametrize(
    ("edit", "data"),
    [
        (TextEdit(3, (b"gone\n",), ()), b"a\nb\n"),
        (TextEdit(3, (b"a\n",), ()), b"a\nb\na\n"),
        (TextEdit(3, (), (b"new\n",)), b"a\n"),
    ],
)
def test_lines_that_cannot_be_told_are_a_conflict(edit: TextEdit, data: bytes) -> None:
    with pytest.raises(EditConflict):
        relocate([edit], Document.parse(data))
