"""What holds of all rules on real maps; some of them, evenly chosen, stand for all."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from companion.beatmap import Document
from companion.beatmap.folder_files import list_files
from companion.checks import read_folder
from tests.checks.variants import (
    FIXING,
    SPELLINGS,
    found,
    heard,
    unsettled,
    unsettled_in_set,
    with_byte_order_mark,
    with_endings,
    with_numbers_respelt,
    with_sections_reversed,
)

if TYPE_CHECKING:
    from pathlib import Path

    from companion.findings import Finding

LARGEST_BYTES = 60_000
"""Larger maps would take the time of many."""
N_MAPS, N_SETS, N_FIXES = 12, 4, 2


def sampled(folder: Path) -> list[bytes]:
    """Maps from all over the folder's sets."""
    files = sorted(path for path in folder.rglob("*.osu") if path.stat().st_size < LARGEST_BYTES)
    return [path.read_bytes() for path in files[:: max(1, len(files) // N_MAPS)]]


@pytest.fixture(scope="module")
def real_maps(shared_data: Path) -> list[bytes]:
    maps = sampled(shared_data)
    assert len({Document.parse(data).beatmap.mode for data in maps}) == 4
    return maps


def test_how_a_real_map_is_written_does_not_matter(real_maps: list[bytes]) -> None:
    for number, data in enumerate(real_maps):
        expected = heard(data)
        spelling = SPELLINGS[number % len(SPELLINGS)]
        for variant in (
            with_endings(data, (b"\n", b"\r", b"\r\n")[number % 3]),
            with_byte_order_mark(data),
            with_sections_reversed(data),
            with_numbers_respelt(data, spelling),
        ):
            assert heard(variant) == expected


def test_fixes_of_real_maps_settle_their_findings(real_maps: list[bytes]) -> None:
    fixed: Counter[str] = Counter()
    for data in real_maps:
        before = found(data)
        some: list[Finding] = []
        for finding in before:
            if finding.fix and sum(f.code == finding.code for f in some) < N_FIXES:
                some.append(finding)
        fixed.update(finding.code for finding in some)
        assert list(unsettled(data, some, before)) == []
    assert len(fixed) > 1
    assert set(fixed) <= FIXING  # those are tried on maps made for it


def test_fixes_of_real_sets_settle_their_findings(shared_data: Path) -> None:
    folders = sorted({path.parent for path in (shared_data / "real").rglob("*.osu")})
    for folder in folders[:: max(1, len(folders) // N_SETS)]:
        assert list(unsettled_in_set(read_folder(list_files(folder)).mapset)) == []
