from __future__ import annotations

import pytest

from companion.beatmap import TimeRange, TimingPoint, TimingTable
from companion.beatmap.layers import overlaid

RED = TimingPoint(0.0, 500.0, volume=60)
ALL = TimeRange(-(2**31), 2**31)


def green(ms: float, velocity: float, volume: int = 60, *, kiai: bool = False) -> TimingPoint:
    return TimingPoint(ms, -100 / velocity, volume=volume, uninherited=False, effects=int(kiai))


OLD = [RED, green(1000, 2, 40), green(3000, 0.5, 80, kiai=True)]
NEW = [RED, green(2000, 4, 10, kiai=True), green(4000, 1.5, 20)]


def state(points: list[TimingPoint], ms: float) -> tuple[float, int, bool]:
    point = TimingTable(points).point_at(ms)
    assert point is not None
    return point.unclamped_velocity, point.volume, point.kiai


@pytest.mark.parametrize("kiai", [False, True])
@pytest.mark.parametrize("velocity", [False, True])
@pytest.mark.parametrize("span", [ALL, TimeRange(1500, 3500)])
def test_each_aspect_comes_from_its_own_map(kiai: bool, velocity: bool, span: TimeRange):
    result = overlaid(OLD, NEW, span, kiai=kiai, velocity=velocity)
    for ms in (0, 999, 1000, 1500, 2000, 2999, 3000, 3499, 3500, 4000, 5000):
        inside = span.contains(ms)
        (old_velocity, volume, old_kiai), (new_velocity, _, new_kiai) = (
            state(points, ms) for points in (OLD, NEW)
        )
        wanted = (
            new_velocity if velocity and inside else old_velocity,
            volume,
            new_kiai if kiai and inside else old_kiai,
        )
        assert state(result, ms) == pytest.approx(wanted), ms


def test_nothing_taken_changes_nothing():
    assert overlaid(OLD, NEW, ALL, kiai=False, velocity=False) == OLD


def test_outside_of_the_stretch_every_point_stays_as_it_is():
    two = [green(4000, 3), green(4000, 1.25, 30)]
    barline = TimingPoint(5000.0, -100.0, uninherited=False, effects=8)
    before = [*OLD, *two, barline]
    result = overlaid(before, NEW, TimeRange(1500, 3500), kiai=True, velocity=True)
    assert [point for point in result if point.time_ms > 3500] == [*two, barline]
    assert result[:2] == OLD[:2]


def test_a_point_that_nothing_changes_for_is_the_maps_own():
    uneven = TimingPoint(1000.0, -98.0392156862745, volume=40, uninherited=False, effects=8)
    (_, same, *_) = overlaid([RED, uneven], [RED], ALL, kiai=True, velocity=False)
    assert same == uneven


def test_red_lines_stay_and_take_kiai():
    new = [TimingPoint(0.0, 500.0, effects=1)]
    result = overlaid([RED], new, ALL, kiai=True, velocity=False)
    assert [(p.time_ms, p.beat_length, p.kiai) for p in result if p.uninherited] == [(0, 500, True)]
    assert TimingTable(result).kiai_at(5000)


def test_before_the_first_point_there_is_nothing():
    late = [TimingPoint(900.0, 500.0)]
    result = overlaid(late, NEW, TimeRange(0, 2500), kiai=True, velocity=True)
    assert min(point.time_ms for point in result) == 900
