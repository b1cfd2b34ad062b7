from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from companion.beatmap import Document, Mode, TimeRange
from companion.checks import (
    Difficulty,
    DifficultyCheck,
    Folder,
    FolderCheck,
    Issue,
    Level,
    Mapset,
    SetCheck,
)
from companion.checks.check import name_of
from companion.findings import Severity

MapText = Callable[..., bytes]


def difficulty_of(data: bytes) -> Difficulty:
    return Difficulty(Document.parse(data))


def every_object(difficulty: Difficulty) -> Iterator[Issue]:
    for item in difficulty.beatmap.hit_objects:
        yield Issue(
            severity=Severity.WARNING,
            message="Look.",
            objects=(item,),
            fix=difficulty.remove_line(item.line),
            fix_label="Remove it",
        )
    yield Issue(severity=Severity.MINOR, message="Everywhere.", at=TimeRange(0, 9))


LOOK = DifficultyCheck(
    code="look",
    title="Look",
    category="Compose",
    cause="There is something.",
    criterion="Everything has to be looked at.",
    answers=(),
    severities=(Severity.WARNING, Severity.MINOR),
    modes=frozenset({Mode.OSU}),
    find=every_object,
)


def test_issues_become_findings(map_text: MapText) -> None:
    difficulty = difficulty_of(map_text(("0,0,1000,1,0", "0,0,1500,2,0,L|140:0,1,140")))
    first, second, third = LOOK.run(difficulty)
    assert (first.code, first.category, first.severity) == ("look", "Compose", "warning")
    assert (first.at, first.objects) == (TimeRange(1000, 1001), (1000,))
    assert second.at == TimeRange(1500, 2001)
    assert second.editor_link == "osu://edit/00:01:500 (2)"
    assert second.weight > third.weight
    assert (third.at, third.objects) == (TimeRange(0, 9), ())
    assert first.surprisal_bits is None
    fixed = difficulty.document.apply(second.fix)
    assert fixed.to_bytes() == map_text(("0,0,1000,1,0",))


def test_a_check_only_runs_for_its_modes(map_text: MapText) -> None:
    assert list(LOOK.run(difficulty_of(map_text(("0,0,0,1,0",), mode=3)))) == []


def test_fields_are_replaced_in_place(map_text: MapText) -> None:
    difficulty = difficulty_of(map_text(("0, 5,1000,1,0,0:0:0:0:x,y",)))
    line = difficulty.beatmap.hit_objects[0].line
    fixed = difficulty.document.apply(difficulty.replace_fields(line, {2: "1001", 0: "7"}))
    assert fixed.to_bytes() == map_text(("7, 5,1001,1,0,0:0:0:0:x,y",))
    assert difficulty.field(line, 2) == "1000"
    assert difficulty.field(line, 99) == ""


def test_objects_have_names(map_text: MapText) -> None:
    lines = ("0,0,0,1,0", "0,0,1,2,0,L|9:0,1,9", "0,0,2,8,0,9", "0,0,3,128,0,9:0:0:0:0:")
    items = difficulty_of(map_text(lines)).beatmap.hit_objects
    for mode, names in (
        (Mode.OSU, ["circle", "slider", "spinner", "hold note"]),
        (Mode.TAIKO, ["note", "drumroll", "spinner", "hold note"]),
        (Mode.CATCH, ["fruit", "slider", "spinner", "hold note"]),
        (Mode.MANIA, ["note", "slider", "spinner", "hold note"]),
    ):
        assert [name_of(item, mode) for item in items] == names


def test_a_check_only_runs_for_its_levels(map_text: MapText) -> None:
    check = replace(LOOK, levels=frozenset({Level.HARD}))
    document = Document.parse(map_text(("0,0,0,1,0",)))
    assert list(check.run(Difficulty(document, stated_level=Level.HARD)))
    assert list(check.run(Difficulty(document, stated_level=Level.EASY))) == []


def test_facts_are_derived_once(map_text: MapText) -> None:
    asked: list[Difficulty] = []

    def n_objects(difficulty: Difficulty) -> int:
        asked.append(difficulty)
        return len(difficulty.beatmap.hit_objects)

    difficulty = difficulty_of(map_text(("0,0,0,1,0",)))
    assert difficulty.fact(n_objects) == difficulty.fact(n_objects) == 1
    assert asked == [difficulty]
    assert difficulty_of(map_text()).fact(n_objects) == 0


def test_a_set_check_sees_its_modes_and_names_the_difficulty(map_text: MapText) -> None:
    def every_difficulty(mapset: Mapset) -> Iterator[Issue]:
        for one in mapset.difficulties:
            yield Issue(severity=Severity.MINOR, message="Look.", difficulty=one)
        yield Issue(severity=Severity.PROBLEM, message="All of you.")

    check = SetCheck(
        code="look_around",
        title="Look around",
        category="Files",
        cause="There is a set.",
        criterion="Everything has to be looked at.",
        answers=(),
        severities=(Severity.PROBLEM, Severity.MINOR),
        modes=frozenset({Mode.OSU}),
        find=every_difficulty,
    )
    mapset = Mapset(
        (
            Difficulty(Document.parse(map_text()), "osu.osu"),
            Difficulty(Document.parse(map_text(mode=3)), "mania.osu"),
        )
    )
    one, whole = check.run(mapset)
    assert (one.file, whole.file) == ("osu.osu", "")
    assert (one.at, one.editor_link) == (TimeRange(0, 0), "")
    assert list(check.run(mapset.of_modes(frozenset({Mode.MANIA})))) == []


def test_a_folder_check_names_files(map_text: MapText) -> None:
    def every_file(folder: Folder) -> Iterator[Issue]:
        for name in folder.unreadable:
            yield Issue(severity=Severity.PROBLEM, message="Broken.", file=name)

    check = FolderCheck(
        code="look_inside",
        title="Look inside",
        category="Files",
        cause="There is a file.",
        criterion="Everything has to be looked at.",
        answers=(),
        severities=(Severity.PROBLEM,),
        find=every_file,
    )
    folder = Folder((), Mapset(()), {"a.osu": "Bad.", "b.osu": "Bad."})
    first, second = check.run(folder)
    assert (first.file, second.file) == ("a.osu", "b.osu")
    assert first.id != second.id
    assert list(replace(check, modes=frozenset({Mode.OSU})).run(folder)) == []
