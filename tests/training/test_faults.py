from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from companion.beatmap import Document, TimeRange
from companion.training.faults import plant

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.mark.parametrize("index", [0, 2])
def test_one_object_per_range_is_moved_by_a_quarter_beat(
    make_set: Callable[..., Path], index: int
) -> None:
    path = make_set(f"Faults {index}") / f"{index}.osu"
    document = Document.parse(path.read_bytes())
    ranges = [TimeRange(0, 3000), TimeRange(4000, 7000), TimeRange(90_000, 91_000)]
    edited, faults = plant(document, ranges, np.random.default_rng(0))
    assert len(faults) == 2
    for fault, within in zip(faults, ranges, strict=False):
        assert within.contains(fault.from_ms)
        assert abs(fault.to_ms - fault.from_ms) == 100
    before = [hit.start_ms for hit in document.beatmap.hit_objects]
    after = [hit.start_ms for hit in edited.beatmap.hit_objects]
    assert len(before) == len(after)
    assert sum(after) - sum(before) == sum(one.to_ms - one.from_ms for one in faults)


def test_an_object_without_room_stays_where_it_is(make_set: Callable[..., Path]) -> None:
    text = (make_set("Dense") / "0.osu").read_text()
    head = text[: text.index("[HitObjects]")]
    objects = "".join(f"256,192,{1000 + 50 * k},1,0,0:0:0:0:\n" for k in range(40))
    document = Document.parse((head + "[HitObjects]\n" + objects).encode())
    edited, faults = plant(document, [TimeRange(1100, 2000)], np.random.default_rng(0))
    assert faults == ()
    assert edited == document
