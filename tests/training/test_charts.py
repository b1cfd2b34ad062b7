from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from companion.beatmap import Document
from companion.engine.encoding import EncodingOptions, encode_map
from companion.engine.events import ContextType, EventType
from companion.engine.prompts import Context
from companion.training.charts import Mirror, cell_index, read_chart
from companion.training.draws import Drawer, songs_of
from companion.training.library import MapFile
from companion.training.material import prompt_builder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from companion.engine.model.bundled.configuration import NetworkSizes
    from companion.engine.vocabulary import Vocabulary


@pytest.mark.parametrize(("index", "mode"), [(0, 0), (2, 3)])
@pytest.mark.parametrize("start_ms", [0, 2008, 8000])
def test_windows_hold_exactly_the_tokens_of_the_engines_prompts(
    make_set: Callable[..., Path],
    vocabulary: Vocabulary,
    tiny_sizes: NetworkSizes,
    index: int,
    mode: int,
    start_ms: int,
) -> None:
    path = make_set(f"Prompts {index} {start_ms}") / f"{index}.osu"
    chart = read_chart(MapFile(path, mode, "t"), 12_000, vocabulary)
    builder = prompt_builder(vocabulary, tiny_sizes)
    drawer = Drawer(tiny_sizes, builder, 1025)
    (song,) = songs_of(None, "t", [chart])
    view = drawer.plain_window(song, chart, start_ms // 8).views[0]
    events = encode_map(Document.parse(path.read_bytes()).beatmap, EncodingOptions())
    prompt = builder.build((), [Context(ContextType.MAP, events)], chart.conditioning, start_ms).ids
    assert view.tokens[:-2].tolist() == prompt.tolist()
    assert view.n_prompt == prompt.tolist().index(vocabulary.context_sos[ContextType.MAP]) + 1


def test_cells_of_mirrored_positions_are_those_of_a_mirrored_map(
    make_set: Callable[..., Path], vocabulary: Vocabulary
) -> None:
    path = make_set("Mirrors") / "0.osu"
    chart = read_chart(MapFile(path, 0, "t"), 12_000, vocabulary)
    plain = chart.window(vocabulary, 0, 8184)
    both = chart.window(vocabulary, 0, 8184, mirror=Mirror(x=True, y=True))
    cells = vocabulary.ranges[EventType.POS]
    where = (plain >= cells.first_id) & (plain < cells.end_id)
    assert where.any()
    assert (plain[~where] == both[~where]).all()
    assert cell_index(np.array([512 - 100]), np.array([384 - 50]))[0] + cells.first_id in range(
        cells.first_id, cells.end_id
    )
    again = chart.window(vocabulary, 0, 8184, mirror=Mirror())
    assert (again == plain).all()


@pytest.mark.parametrize("x", [-300, -256, -33, -1, 0, 31, 32, 255, 256, 480, 512, 768, 900])
def test_cell_index_cuts_off_toward_zero(x: int) -> None:
    column = int(max(-256, min(x, 768)) / 32) + 8
    assert cell_index(np.array([x]), np.array([0]))[0] == column + 8 * 33


def test_onsets_and_events_are_told_apart(
    make_set: Callable[..., Path], vocabulary: Vocabulary
) -> None:
    path = make_set("Times") / "0.osu"
    chart = read_chart(MapFile(path, 0, "t"), 12_000, vocabulary)
    hits = Document.parse(path.read_bytes()).beatmap.hit_objects
    assert chart.onsets_ms.tolist() == [hit.start_ms for hit in hits]
    assert set(chart.onsets_ms) < set(chart.events_ms)


def test_a_cached_chart_is_the_same(
    make_set: Callable[..., Path], vocabulary: Vocabulary, tmp_path: Path
) -> None:
    file = MapFile(make_set("Cache") / "2.osu", 3, "t")
    first = read_chart(file, 12_000, vocabulary, tmp_path)
    second = read_chart(file, 12_000, vocabulary, tmp_path)
    assert list(tmp_path.iterdir())
    for name in ("codes", "values", "times_ms", "onsets_ms", "events_ms"):
        assert (getattr(first, name) == getattr(second, name)).all()


def test_speed_moves_events_and_scales_times(
    make_set: Callable[..., Path], vocabulary: Vocabulary
) -> None:
    chart = read_chart(MapFile(make_set("Speed") / "2.osu", 3, "t"), 12_000, vocabulary)
    fast = chart.window(vocabulary, 0, 8184, speed=2.0)
    whole = chart.window(vocabulary, 0, 16_368)
    assert len(fast) == len(whole)
    times = vocabulary.ranges[EventType.TIME_SHIFT]
    step = fast[(fast >= times.first_id) & (fast < times.end_id)][0] - times.first_id
    assert step == int(chart.onsets_ms[0] / 2 / 10)
