"""Checks of what a map says about its song and its makers."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from companion.checks.check import DifficultyCheck, Issue, SetCheck
from companion.checks.wording import listed
from companion.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from companion.checks.check import Check
    from companion.checks.difficulty import Difficulty
    from companion.checks.mapset import Mapset

# The genres and languages that osu!'s site knows, and languages for which it has "Other" only.
_GENRE = re.compile(
    "anime|rock|pop|novelty|electronic|metal|classical|folk|jazz"
    r"|^(?=.*video)(?=.*game)|^(?=.*hip)(?=.*hop)"
)
_LANGUAGE = re.compile(
    "english|chinese|french|german|italian|japanese|korean|spanish|swedish|russian|polish"
    "|instrumental|conlang|hindi|arabic|portuguese|turkish|vietnamese|persian|indonesian"
    "|ukrainian|romanian|dutch|thai|greek|somali|malay|hungarian|czech|norwegian|finnish|danish"
    "|latvian|lithuanian|estonian|punjabi|bengali|hebrew|tagalog|latin|cantonese|mandarin"
)

FIELDS = {
    "Artist": "artist",
    "ArtistUnicode": "original artist",
    "Title": "title",
    "TitleUnicode": "original title",
    "Source": "source",
    "Creator": "creator",
}
ROMANISED = {"Title": "title", "Artist": "artist", "Creator": "creator"}

_POSSESSOR = re.compile(r"(.+?)(?:['\u2019]s|(?<=s)['\u2019])(?=\s|$)", re.IGNORECASE)
_SEPARATORS = re.compile(r"[,&|/]|\sx\s", re.IGNORECASE)


WANTED_TAGS = {
    _GENRE: "the genre (rock, electronic, video game, …)",
    _LANGUAGE: "the language (english, japanese, instrumental, …)",
}


def find_missing_genre_or_language(mapset: Mapset) -> Iterator[Issue]:
    """No tag that names a genre, or none that names a language; told once for the whole set."""
    lacking = [(one, _unnamed(one)) for one in mapset.difficulties]
    alike = len({missing for _, missing in lacking}) == 1
    for one, missing in lacking[:1] if alike else lacking:
        if missing:
            yield Issue(
                severity=Severity.WARNING,
                message=f"No tag names {' or '.join(missing)}.",
                detail="tags",
                difficulty=None if alike else one,
            )


def _unnamed(difficulty: Difficulty) -> tuple[str, ...]:
    text = " ".join(difficulty.beatmap.tags).lower()
    return tuple(words for pattern, words in WANTED_TAGS.items() if not pattern.search(text))


def possessors(name: str) -> list[str]:
    """Whose difficulty it is by its name: ``A's & B's Hard`` belongs to A and B."""
    found: list[str] = []
    for part in _SEPARATORS.split(name):
        match = _POSSESSOR.match(part.strip())
        if match:
            found.append(_unwrapped(match[1].strip(), name))
    return [owner for owner in found if owner]


def _unwrapped(owner: str, name: str) -> str:
    """An owner without a bracket that is closed behind it; names may have brackets, too."""
    for opening, closing in ("()", "[]", "{}"):
        if owner.startswith(opening) and closing not in owner and closing in name:
            return owner[1:].strip()
    return owner


def find_missing_guest_tags(difficulty: Difficulty) -> Iterator[Issue]:
    """Guest mappers named in the difficulty's name but not in the tags."""
    beatmap = difficulty.beatmap
    tags = " ".join(beatmap.tags).lower()
    for owner in possessors(beatmap.version):
        wanted = owner.lower()
        forms = {wanted, wanted.replace(" ", "_")}
        if wanted == beatmap.creator.lower() or any(form in tags for form in forms):
            continue
        yield Issue(
            severity=Severity.WARNING,
            message=(f"“{beatmap.version}” seems to be {owner}'s, but the tags do not name them."),
            detail=wanted,
        )


def find_unromanised(difficulty: Difficulty) -> Iterator[Issue]:
    """Letters in the romanised fields that not everybody can type."""
    metadata = difficulty.beatmap.metadata
    for key, name in {**ROMANISED, "Version": "difficulty's name"}.items():
        odd = sorted({letter for letter in metadata.get(key, "") if ord(letter) > 127})
        if odd:
            yield Issue(
                severity=Severity.WARNING if key == "Version" else Severity.PROBLEM,
                message=(
                    f"The {'romanised ' if key in ('Title', 'Artist') else ''}{name} has letters "
                    f"beyond ASCII: {listed(odd)}."
                ),
                detail=key,
            )


def find_inconsistent_metadata(mapset: Mapset) -> Iterator[Issue]:
    """Fields and tags that are not what most difficulties of the set say."""
    for key, name in FIELDS.items():
        yield from _differing(mapset, key, name, lambda text: text)
    yield from _differing(mapset, "Tags", "tags", _tag_set)


def _tag_set(text: str) -> str:
    """Tags without regard to order and repetition."""
    return " ".join(sorted(set(text.split())))


def _differing(
    mapset: Mapset, key: str, name: str, meaning: Callable[[str], str]
) -> Iterator[Issue]:
    values = [one.beatmap.metadata.get(key, "") for one in mapset.difficulties]
    meanings = [meaning(value) for value in values]
    usual, _ = Counter(meanings).most_common(1)[0]
    model = meanings.index(usual)
    for one, value, meant in zip(mapset.difficulties, values, meanings, strict=True):
        if meant == usual:
            continue
        if key == "Tags":
            mine, theirs = set(value.split()), set(usual.split())
            message = f"The tags differ from those of [{mapset.difficulties[model].name}]: " + (
                "; ".join(
                    f"{words} {listed(sorted(tags))}"
                    for words, tags in (("without", theirs - mine), ("also", mine - theirs))
                    if tags
                )
                + "."
            )
        else:
            message = (
                f"The {name} is “{value}”, but “{values[model]}” in "
                f"[{mapset.difficulties[model].name}]."
            )
        yield Issue(
            severity=Severity.PROBLEM,
            message=message,
            detail=key,
            difficulty=one,
            fix=one.set_key("Metadata", key, values[model]),
            fix_label=f"Take the {name} of [{mapset.difficulties[model].name}]",
        )


CHECKS: tuple[Check, ...] = (
    SetCheck(
        code="genre_language_tags",
        title="Genre and language",
        category="Metadata",
        cause="None of the tags contains a genre, or none a language, that osu!'s site knows.",
        criterion="Genre and language should be among the tags, so that the game can search them.",
        answers=("MapsetVerifier:GenreLanguage", "lazer:MissingGenreLanguage"),
        differs="A warning, as in Mapset Verifier; lazer calls it a problem. Some songs fit none.",
        severities=(Severity.WARNING,),
        find=find_missing_genre_or_language,
    ),
    DifficultyCheck(
        code="guest_tags",
        title="Guests in the tags",
        category="Metadata",
        cause="The difficulty's name has a possessive (“X's Hard”), and X is not in the tags.",
        criterion="Everybody who made a difficulty has to be found by the tags.",
        answers=("MapsetVerifier:GuestTags",),
        severities=(Severity.WARNING,),
        find=find_missing_guest_tags,
    ),
    DifficultyCheck(
        code="unromanised",
        title="Romanised fields",
        category="Metadata",
        cause=(
            "Romanised title, romanised artist or creator (problem), or the difficulty's name "
            "(warning), has a letter beyond ASCII."
        ),
        criterion="Romanised fields have to be typed with the letters that every keyboard has.",
        answers=("MapsetVerifier:Unicode",),
        severities=(Severity.PROBLEM, Severity.WARNING),
        find=find_unromanised,
    ),
    SetCheck(
        code="inconsistent_metadata",
        title="Inconsistent metadata",
        category="Metadata",
        cause=(
            "Artist, title, source, creator or the set of tags differs from what most "
            "difficulties of the set have."
        ),
        criterion="Metadata has to be the same in all difficulties of a set.",
        answers=("MapsetVerifier:InconsistentMetadata", "lazer:InconsistentMetadata"),
        differs=(
            "It measures against the value that most difficulties have; Mapset Verifier takes the "
            "first one for right, lazer the one at hand."
        ),
        severities=(Severity.PROBLEM,),
        find=find_inconsistent_metadata,
    ),
)
