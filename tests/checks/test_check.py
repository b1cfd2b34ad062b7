from __future__ import annotations

from collections.abc import Callable, Iterator

from companion.beatmap import Document, Mode, TimeRange
from companion.checks import Check, CheckContext, Issue
from companion.checks.check import name_of
from companion.findings import Severity

MapText = Callable[..., bytes]


def context_of(data: bytes) -> CheckContext:
    document = Document.parse(data)
    return CheckContext(document, document.beatmap)


def every_object(context: CheckContext) -> Iterator[Issue]:
    for item in context.beatmap.hit_objects:
        yield Issue(
            severity=Severity.WARNING,
            message="Look.",
            objects=(item,),
            fix=context.remove_line(item.line),
            fix_label="Remove it",
        )
    yield Issue(severity=Severity.MINOR, message="Everywhere.", at=TimeRange(0, 9))


LOOK = Check(
    code="look",
    title="Look",
    category="Compose",
    criterion="Everything has to be looked at.",
    answers=(),
    modes=frozenset({Mode.OSU}),
    find=every_object,
)


def test_issues_become_findings(map_text: MapText) -> None:
    context = context_of(map_text(("0,0,1000,1,0", "0,0,1500,2,0,L|140:0,1,140")))
    first, second, third = LOOK.run(context)
    assert (first.code, first.category, first.severity) == ("look", "Compose", "warning")
    assert (first.at, first.objects) == (TimeRange(1000, 1001), (1000,))
    assert second.at == TimeRange(1500, 2001)
    assert second.editor_link == "osu://edit/00:01:500 (2)"
    assert second.weight > third.weight
    assert (third.at, third.objects) == (TimeRange(0, 9), ())
    assert first.surprisal_bits is None
    fixed = context.document.apply(second.fix)
    assert fixed.to_bytes() == map_text(("0,0,1000,1,0",))


def test_a_check_only_runs_for_its_modes(map_text: MapText) -> None:
    assert list(LOOK.run(context_of(map_text(("0,0,0,1,0",), mode=3)))) == []


def test_fields_are_replaced_in_place(map_text: MapText) -> None:
    context = context_of(map_text(("0, 5,1000,1,0,0:0:0:0:x,y",)))
    line = context.beatmap.hit_objects[0].line
    fixed = context.document.apply(context.replace_fields(line, {2: "1001", 0: "7"}))
    assert fixed.to_bytes() == map_text(("7, 5,1001,1,0,0:0:0:0:x,y",))
    assert context.field(line, 2) == "1000"
    assert context.field(line, 99) == ""


def test_objects_have_names(map_text: MapText) -> None:
    lines = ("0,0,0,1,0", "0,0,1,2,0,L|9:0,1,9", "0,0,2,8,0,9", "0,0,3,128,0,9:0:0:0:0:")
    names = [name_of(item) for item in context_of(map_text(lines)).beatmap.hit_objects]
    assert names == ["circle", "slider", "spinner", "hold note"]
