from __future__ import annotations

import pytest

from companion.checks.metadata import possessors
from companion.findings import Severity
from tests.checks.conftest import LONG, chart, fixed, found, found_in_set, severities

P, W, M = Severity.PROBLEM, Severity.WARNING, Severity.MINOR


def about(**fields: str) -> bytes:
    """A map with some metadata."""
    stated = {"Title": "Song", "Artist": "Band", "Creator": "Mapper", "Version": "Hard", **fields}
    return chart(LONG, metadata=[f"{key}:{value}" for key, value in stated.items()])


# Tags


@pytest.mark.parametrize(
    ("tags", "missing"),
    [
        ("japanese rock", set[str]()),
        ("japanese", {"genre"}),
        ("Electronic", {"language"}),
        ("video game instrumental", set[str]()),
        ("videogame instrumental", set[str]()),
        ("video instrumental", {"genre"}),
        ("hip hop english", set[str]()),
        ("hip english", {"genre"}),
        ("", {"genre", "language"}),
    ],
)
def test_tags_name_genre_and_language(tags: str, missing: set[str]) -> None:
    findings = found_in_set("genre_language_tags", about(Tags=tags))
    assert len(findings) == bool(missing)
    assert {
        word for f in findings for word in ("genre", "language") if word in f.message
    } == missing


def test_a_whole_set_without_genre_is_told_once() -> None:
    full, bare, other = (
        about(Tags="japanese rock"),
        about(Tags="japanese"),
        about(Tags="drum korean"),
    )
    (finding,) = found_in_set("genre_language_tags", bare, other)
    assert finding.file == ""
    (finding,) = found_in_set("genre_language_tags", full, bare)
    assert finding.file == "1.osu"


@pytest.mark.parametrize(
    ("name", "owners"),
    [
        ("Hard", []),
        ("Guest's Hard", ["Guest"]),
        ("Guests' Hard", ["Guests"]),
        ("A's & B's Extra", ["A", "B"]),
        ("A x B's Extra", ["B"]),
        ("Max Expert's Hard", ["Max Expert"]),
        ("Somebody Else's Hard", ["Somebody Else"]),
        ("(Guest's Hard)", ["Guest"]),
        ("[ [ [s's Hard", ["[ [ [s"]),
        ("Rock 'n' Roll", []),
    ],
)
def test_possessive_names_have_owners(name: str, owners: list[str]) -> None:
    assert possessors(name) == owners


@pytest.mark.parametrize(
    ("name", "tags", "count"),
    [
        ("Guest's Hard", "rock guest", 0),
        ("Guest's Hard", "rock", 1),
        ("Mapper's Hard", "rock", 0),
        ("A's & B's Hard", "a", 1),
        ("Some Body's Hard", "some_body", 0),
        ("Some Body's Hard", "some body", 0),
    ],
)
def test_guests_are_in_the_tags(name: str, tags: str, count: int) -> None:
    assert len(found("guest_tags", about(Version=name, Tags=tags))) == count


# Letters


@pytest.mark.parametrize(
    ("field", "expected"),
    [("Title", [P]), ("Artist", [P]), ("Creator", [P]), ("Version", [W]), ("TitleUnicode", [])],
)
def test_romanised_fields_have_plain_letters(field: str, expected: list[Severity]) -> None:
    assert severities(found("unromanised", about(**{field: "Café"}))) == expected
    assert found("unromanised", about(**{field: "Cafe~"})) == []


# Consistency


@pytest.mark.parametrize(
    "field", ["Title", "TitleUnicode", "Artist", "ArtistUnicode", "Source", "Creator"]
)
def test_the_value_of_most_difficulties_can_be_copied(field: str) -> None:
    usual, other = about(**{field: "One"}), about(**{field: "Two"})
    (finding,) = found_in_set("inconsistent_metadata", usual, other, usual)
    assert (finding.file, finding.severity) == ("1.osu", P)
    assert fixed(other, finding) == usual
    assert found_in_set("inconsistent_metadata", usual, usual) == []


def test_a_missing_field_is_added() -> None:
    usual = about(Source="Game")
    (finding,) = found_in_set("inconsistent_metadata", usual, usual, about())
    assert b"Source:Game" in fixed(about(), finding)


def test_tags_are_a_set() -> None:
    assert found_in_set("inconsistent_metadata", about(Tags="a b"), about(Tags="b  a a")) == []
    (finding,) = found_in_set("inconsistent_metadata", about(Tags="a b"), about(Tags="b c"))
    assert "without a; also c" in finding.message


# Credits


@pytest.mark.parametrize(
    ("artist", "mended"),
    [
        ("A (CV: B)", None),
        ("A (cv: B)", "A (CV: B)"),
        ("A (CV B)", "A (CV: B)"),
        ("A feat. B", None),
        ("A ft. B", "A feat. B"),
        ("A Feat B", "A feat. B"),
        ("A vs. B", None),
        ("A VS B", "A vs. B"),
        ("Havsmusik", None),
        ("Left", None),
        ("Acv Bft", None),
    ],
)
def test_credits_are_spelt_in_one_way(artist: str, mended: str | None) -> None:
    findings = found("credit_format", about(Artist=artist))
    assert len(findings) == (mended is not None)
    if mended is not None:
        assert fixed(about(Artist=artist), findings[0]) == about(Artist=mended)


@pytest.mark.parametrize(
    ("artist", "expected"),
    [
        ("A (CV: B)", []),
        ("A (CV:B)", [P]),
        ("A(CV: B)", [P]),
        ("A CV: B", [P]),
        ("A vs.B", [P]),
        ("A feat.B", [P]),
        ("Afeat. B", [P]),
        ("A(feat. B)", [W]),
        ("A, B", []),
        ("A,B", [P]),
        ("10,000", []),
        ("A & B", []),
        ("A& B", [W]),
        ("A &B", [W]),
    ],
)
def test_credits_stand_apart(artist: str, expected: list[Severity]) -> None:
    assert severities(found("credit_spacing", about(Artist=artist))) == expected


# Title markers


@pytest.mark.parametrize(
    ("title", "mended"),
    [
        ("Song (TV Size)", None),
        ("Song (TV size)", "Song (TV Size)"),
        ("Song -TV version-", "Song (TV Size)"),
        ("Song ~TV Ver.~", "Song (TV Size)"),
        ("Song [TV Edit]", "Song (TV Size)"),
        ("Song(TV Size)", "Song (TV Size)"),
        ("song (tv size)", None),
        ("SONG (TV SIZE)", None),
        ("Song (tv size)", "Song (TV Size)"),
        ("Song (Game Version)", "Song (Game Ver.)"),
        ("Song (Short ver)", "Song (Short Ver.)"),
        ("Song (Movie Edit)", "Song (Movie Ver.)"),
        ("Song (Cut Version)", "Song (Cut Ver.)"),
        ("Song (extended edit)", "Song (Extended Edit)"),
        ("Song (Speed Up Ver.)", "Song (Sped Up Ver.)"),
        ("Song (Nightcore Version)", "Song (Nightcore Mix)"),
        ("Song (sped up & cut ver.)", "Song (Sped Up & Cut Ver.)"),
        ("Song (Nightcore & cut)", "Song (Nightcore & Cut Ver.)"),
        ("Shortcake", None),
        ("Game Over", None),
        ("Uncut", None),
        ("Song (Live TV Ver. 2001)", None),
    ],
)
def test_title_markers_are_written_in_one_way(title: str, mended: str | None) -> None:
    findings = found("title_marker", about(Title=title))
    assert severities(findings) == ([P] if mended is not None else [])
    if mended is not None:
        assert fixed(about(Title=title), findings[0]) == about(Title=mended)
        assert found("title_marker", about(Title=mended)) == []


@pytest.mark.parametrize(
    ("title", "tags", "count"),
    [
        ("Song (TV Size) Remix", "", 1),
        ("Song (Extended Version)", "", 1),
        ("Song (Long)", "", 1),
        ("Song (Piano Ver.)", "", 0),
        ("Song (Remix Version)", "", 0),
        ("Song OP Version", "video game", 1),
        ("Song OP Version", "anime", 0),
    ],
)
def test_other_markers_are_worth_a_look(title: str, tags: str, count: int) -> None:
    assert severities(found("title_marker", about(Title=title, Tags=tags))) == [W] * count


def test_both_titles_have_the_same_markers() -> None:
    data = about(Title="Uta (TV Size)", TitleUnicode="歌")
    (finding,) = found("title_marker_mismatch", data)
    mended = about(Title="Uta (TV Size)", TitleUnicode="歌 (TV Size)")
    assert fixed(data, finding) == mended
    assert found("title_marker_mismatch", mended) == []
    assert found("title_marker_mismatch", about(Title="Uta (TV Size)")) == []


@pytest.mark.parametrize(("tags", "expected"), [("nightcore", [W]), ("night", [])])
def test_nightcore_is_not_sped_up(tags: str, expected: list[Severity]) -> None:
    data = about(Title="Song (Sped Up Ver.)", Tags=tags)
    assert severities(found("title_marker_mismatch", data)) == expected
