"""The same surprises are shown, under the same headings, as in reports of the original."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, cast

import numpy as np

from companion.beatmap import Document
from companion.engine.encoding import EncodingOptions
from companion.engine.events import Event, EventType
from companion.engine.modding import JudgedEvent, MapModder, ModdingSettings

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

FAMILIES = ["v30", "v31"]
"""Of V29 no report is recorded; headings and rules are the same in all families."""
PRINTED_PER_CATEGORY = 10
FILTER_EDGE = 1e-2
BETTER_THAN_MISC = {
    # A slider head with a velocity of its own: this too is about a combo.
    (EventType.SCROLL_SPEED, EventType.NEW_COMBO),
    (EventType.NEW_COMBO, EventType.SCROLL_SPEED),
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    goldens = cast("Path", metafunc.config.getoption("--goldens"))
    reports = [path for name in FAMILIES for path in sorted((goldens / name).glob("maimod/*.txt"))]
    ids = [f"{path.parent.parent.name}-{path.stem}" for path in reports]
    metafunc.parametrize("report", reports, ids=ids)


def read_context(folder: Path, name: str, index: int):
    data = np.load(folder / f"{name}.ctx{index}.npz")
    names = data["type_names"]
    kinds = [EventType(names[t]) for t in data["type"]]
    expected = [EventType(names[t]) for t in data["expected_type"]]
    events = [
        Event(k, int(v), int(t)) for k, v, t in zip(kinds, data["value"], data["time"], strict=True)
    ]
    # Only the ratio is recorded; an entropy of one bit makes it the surprisal.
    judged = [
        JudgedEvent(
            context="map",
            index=i,
            window=0,
            kind=event.kind,
            value=event.value,
            time_ms=event.time_ms,
            expected_kind=None if kind is EventType.CONTROL else kind,
            expected_value=int(value),
            expected_probability=1.0,
            surprisal_bits=float(surprisal),
            entropy_bits=1.0,
        )
        for i, (event, kind, value, surprisal) in enumerate(
            zip(events, expected, data["expected_value"], data["surprisal"], strict=True)
        )
    ]
    return events, judged


def read_report(path: Path):
    text = path.read_text(encoding="utf-8")
    found = re.search(r"Found (\d+) suggestions", text)
    assert found is not None
    listed: dict[str, list[str]] = {}
    category = ""
    for line in text.splitlines():
        if line.endswith(":") and not line.startswith((" ", "Found")):
            category = line[:-1]
        elif stamp := re.search(r"\[green\]([\d:]+)\[/green\]", line):
            listed.setdefault(category, []).append(stamp[1])
    return int(found[1]), listed


def stamp(time_ms: int) -> str:
    return f"{time_ms // 60000:02}:{time_ms // 1000 % 60:02}:{time_ms % 1000:03}"


def test_the_same_events_are_shown_under_the_same_headings(goldens: Path, report: Path) -> None:
    folder, stem = report.parent, report.stem
    inputs = json.loads((folder / f"{stem}.json").read_text(encoding="utf-8"))
    document = Document.parse((goldens / inputs["beatmap"]).read_bytes())
    family = json.loads((folder.parent / "train_config.json").read_text(encoding="utf-8"))
    options = EncodingOptions.from_train_config(family["data"])
    shown = []
    for index in range(len(inputs["contexts"])):
        events, judged = read_context(folder, stem, index)
        shown += MapModder(document, events, options, ModdingSettings()).shown(judged)
    shown.sort(key=lambda pair: pair[0].time_ms)
    n_shown, listed = read_report(report)
    edge = sum(abs(j.relative_surprisal - 20) < FILTER_EDGE for j, _ in shown)
    assert abs(len(shown) - n_shown) <= edge
    mine: dict[str, list[str]] = {}
    for judged, category in shown:
        better = (judged.kind, judged.expected_kind) in BETTER_THAN_MISC
        heading = "Misc" if better else category.value
        mine.setdefault(heading, []).append(stamp(judged.time_ms))
    assert {c: times[:PRINTED_PER_CATEGORY] for c, times in mine.items()} == listed
