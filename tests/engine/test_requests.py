from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from companion.beatmap import Document, TimeRange
from companion.engine.requests import RegenerateOptions, RegenerateRequest
from companion.errors import OptionRefused, RangeRefused


def test_the_default_options_are_in_range() -> None:
    RegenerateOptions().verify()


@pytest.mark.parametrize(
    "change",
    [
        {"difficulty": -0.1},
        {"difficulty": 12.1},
        {"seed": -1},
        {"seed": 2**63},
        {"guidance": float("nan")},
        {"guidance": -1.0},
        {"temperature": -0.5},
        {"temperature": float("inf")},
        {"top_p": 0.0},
        {"top_p": 1.5},
        {"replace": "colours"},
        {"variants": 0},
        {"variants": 9},
        {"keep": frozenset({"colours"})},
        {"keep": frozenset({"rhythm", "positions", "hitsounds"})},
        {"keep": frozenset({"rhythm"}), "replace": "hitsounds"},
        {"keep": frozenset({"rhythm"}), "guidance": 2.0},
        {"replace": "hitsounds", "guidance": 2.0},
        {"keep": frozenset({"positions"}), "diffusion_folder": Path("diffusion")},
        {"replace": "hitsounds", "diffusion_folder": Path("diffusion")},
    ],
    ids=str,
)
def test_an_option_out_of_range_is_refused(change) -> None:
    with pytest.raises(OptionRefused):
        replace(RegenerateOptions(), **change).verify()


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        ({}, set()),
        ({"keep": frozenset({"hitsounds"})}, {"hitsounds"}),
        ({"replace": "positions"}, {"rhythm", "hitsounds"}),
        ({"replace": "rhythm"}, {"positions", "hitsounds"}),
    ],
    ids=str,
)
def test_what_is_replaced_says_what_is_kept(options, kept) -> None:
    made = RegenerateOptions(**options)
    made.verify()
    assert made.kept == kept


@pytest.mark.parametrize("mode", [1, 3])
def test_diffusion_is_refused_where_it_knows_no_positions(document_of, mode: int) -> None:
    options = RegenerateOptions(diffusion_folder=Path("diffusion"))
    document = document_of(["9,9,0,1,0"], mode=mode)
    with pytest.raises(OptionRefused, match="Diffusion"):
        RegenerateRequest(document, Path("song.mp3"), TimeRange(0, 500), options).verify()


@pytest.mark.parametrize("change", [{"difficulty": 0.0}, {"temperature": 0.0}], ids=str)
def test_zero_is_a_value_and_not_the_absence_of_one(change) -> None:
    replace(RegenerateOptions(), **change).verify()


def test_an_empty_range_is_refused() -> None:
    request = RegenerateRequest(Document.parse(b""), Path("song.mp3"), TimeRange(500, 500))
    with pytest.raises(RangeRefused):
        request.verify()
