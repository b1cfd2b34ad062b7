from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from companion.beatmap import Circle, Document, HoldNote, Slider, TimeRange
from companion.training.evaluation.fault_kinds import FaultKind
from companion.training.evaluation.planting import (
    change_in,
    kinds_for,
    plant,
    planted,
    shifted_red_lines,
)
from companion.training.evaluation.shapes import hitsound_of
from tests.training.conftest import mania_objects, map_lines, osu_objects

if TYPE_CHECKING:
    from companion.beatmap import HitObject

WITHIN = [TimeRange(0, 3000), TimeRange(4000, 7000), TimeRange(90_000, 91_000)]
STD = Document.parse(map_lines(0, "Std", osu_objects()))
MANIA = Document.parse(map_lines(3, "Mania", mania_objects()))


def objects_at(document: Document, ms: int) -> list[HitObject]:
    return [hit for hit in document.beatmap.hit_objects if hit.start_ms == ms]


@pytest.mark.parametrize("document", [STD, MANIA])
@pytest.mark.parametrize(
    ("kind", "way_ms"),
    [
        (FaultKind.MOVED_EIGHTH, 50),
        (FaultKind.MOVED_SIXTH, 67),
        (FaultKind.MOVED_QUARTER, 100),
    ],
)
def test_one_object_per_range_is_moved_by_a_part_of_a_beat(
    document: Document, kind: FaultKind, way_ms: int
):
    edited, faults = plant(document, kind, WITHIN, np.random.default_rng(0))
    assert len(faults) == 2
    for fault, within in zip(faults, WITHIN, strict=False):
        assert within.contains(fault.from_ms)
        assert abs(abs(fault.at_ms - fault.from_ms) - way_ms) <= 1
        assert objects_at(edited, fault.at_ms)
    before = [hit.start_ms for hit in document.beatmap.hit_objects]
    after = [hit.start_ms for hit in edited.beatmap.hit_objects]
    assert len(before) == len(after)
    assert sum(after) - sum(before) == sum(one.at_ms - one.from_ms for one in faults)


def test_an_object_without_room_stays_where_it_is():
    dense = [f"256,192,{1000 + 50 * k},1,0,0:0:0:0:" for k in range(40)]
    document = Document.parse(map_lines(0, "Dense", dense))
    within = [TimeRange(1100, 2000)]
    edited, faults = plant(document, FaultKind.MOVED_QUARTER, within, np.random.default_rng(0))
    assert faults == ()
    assert edited == document


@pytest.mark.parametrize("document", [STD, MANIA])
def test_every_kind_of_fault_changes_one_object_line(document: Document):
    kinds = kinds_for(document.beatmap)
    for kind in kinds:
        change = change_in(document, kind, TimeRange(2000, 9000), np.random.default_rng(1))
        assert change is not None, kind
        edited, (fault,) = planted(document, [change])
        assert not edited.diagnostics, kind
        assert objects_at(edited, fault.at_ms), kind
        assert abs(len(edited.lines) - len(document.lines)) == (
            kind in (FaultKind.MISSING, FaultKind.EXTRA)
        )


def test_what_a_mode_does_not_have_is_not_planted():
    assert FaultKind.COMBO_EXTRA not in kinds_for(MANIA.beatmap)
    assert FaultKind.MISPLACED not in kinds_for(MANIA.beatmap)
    silent = Document.parse(map_lines(0, "", ["256,192,400,1,0,0:0:0:0:"] * 20))
    assert FaultKind.HITSOUND not in kinds_for(silent.beatmap)
    assert FaultKind.HITSOUND in kinds_for(STD.beatmap)


def changed(kind: FaultKind, seed: int = 0) -> tuple[HitObject, HitObject]:
    """The object before and after."""
    edited, (fault,) = plant(STD, kind, [TimeRange(2000, 9000)], np.random.default_rng(seed))
    return objects_at(STD, fault.from_ms)[0], objects_at(edited, fault.at_ms)[0]


@pytest.mark.parametrize("seed", range(4))
def test_faults_are_what_their_names_say(seed: int):
    before, after = changed(FaultKind.HITSOUND, seed)
    assert hitsound_of(before) != hitsound_of(after)
    before, after = changed(FaultKind.COMBO_MISSING, seed)
    assert (before.new_combo, after.new_combo) == (True, False)
    before, after = changed(FaultKind.COMBO_EXTRA, seed)
    assert (before.new_combo, after.new_combo) == (False, True)
    before, after = changed(FaultKind.MISPLACED, seed)
    assert 100 < np.hypot(before.x - after.x, before.y - after.y) < 270
    assert 0 <= after.x <= 512
    before, after = changed(FaultKind.SLIDER_LENGTH, seed)
    assert abs(after.duration_ms - before.duration_ms) == pytest.approx(100, rel=0.01) or abs(
        after.duration_ms - before.duration_ms
    ) == pytest.approx(200, rel=0.01)
    before, after = changed(FaultKind.OBJECT_KIND, seed)
    assert {type(before), type(after)} == {Circle, Slider}


def test_a_circle_that_becomes_a_slider_lasts_half_a_beat():
    objects = ["100,100,400,1,2,0:0:0:0:", "400,300,1600,1,0,0:0:0:0:"]
    document = Document.parse(map_lines(0, "", objects))
    edited, _ = plant(
        document, FaultKind.OBJECT_KIND, [TimeRange(0, 1000)], np.random.default_rng(0)
    )
    assert edited.beatmap.hit_objects[0].duration_ms == pytest.approx(200)
    notes = Document.parse(map_lines(3, "", objects))
    edited, _ = plant(notes, FaultKind.OBJECT_KIND, [TimeRange(0, 1000)], np.random.default_rng(0))
    assert isinstance(edited.beatmap.hit_objects[0], HoldNote)
    assert edited.beatmap.hit_objects[0].duration_ms == 200


def test_a_missing_object_is_suspected_where_the_next_one_is():
    edited, (fault,) = plant(
        STD, FaultKind.MISSING, [TimeRange(2000, 9000)], np.random.default_rng(0)
    )
    assert not objects_at(edited, fault.from_ms)
    starts = [hit.start_ms for hit in STD.beatmap.hit_objects]
    assert fault.at_ms == starts[starts.index(fault.from_ms) + 1]


def test_an_extra_object_stands_on_a_free_quarter_tick():
    edited, (fault,) = plant(
        STD, FaultKind.EXTRA, [TimeRange(2000, 9000)], np.random.default_rng(0)
    )
    assert fault.at_ms % 100 == 0
    assert not objects_at(STD, fault.at_ms)
    assert len(edited.beatmap.hit_objects) == len(STD.beatmap.hit_objects) + 1


def test_red_lines_are_shifted_alone():
    edited = shifted_red_lines(STD, FaultKind.RED_LINE_BEAT)
    assert edited is not None
    assert edited.beatmap.red_lines[0].time_ms == -200
    assert edited.beatmap.red_lines[0].beat_length == 400
    assert [h.start_ms for h in edited.beatmap.hit_objects] == [
        h.start_ms for h in STD.beatmap.hit_objects
    ]
    by_ms = shifted_red_lines(STD, FaultKind.RED_LINE_MS)
    assert by_ms is not None
    assert by_ms.beatmap.red_lines[0].time_ms == -20
