"""Which cell a position gets: the terms of the choice, and what it is told of the past."""

from __future__ import annotations

import math

import pytest
import torch

from companion.engine.model.bundled.lexicon import Lexicon
from companion.engine.model.bundled.network import Trail
from companion.engine.model.bundled.placing import CellChooser, Path
from companion.engine.vocabulary import Vocabulary
from tests.engine.test_bundled_backbone import TINY, TOKENIZER, prompt

LEXICON = Lexicon.of(Vocabulary.from_file(TOKENIZER))
CENTRES = LEXICON.cell_centres_px()


def cell(x: float, y: float) -> int:
    return int((CENTRES - torch.tensor([x, y])).square().sum(dim=1).argmin())


def chooser_for_turns(turn: int) -> CellChooser:
    """One that only cares for a class of turns."""
    chooser = CellChooser(TINY, LEXICON)
    with torch.no_grad():
        for part in chooser.parameters():
            part.zero_()
        chooser.turn.bias[turn] = 5.0
    return chooser


def favoured(chooser: CellChooser, before: int, last: int) -> torch.Tensor:
    """Cells of the greatest probability, as px."""
    path = Path(torch.tensor([[last]]), torch.tensor([[before]]), torch.tensor([[100.0]]))
    with torch.no_grad():
        log_probs = chooser(torch.zeros(1, 1, TINY.width), path)[0, 0]
    assert log_probs.exp().sum().item() == pytest.approx(1, abs=1e-4)
    return CENTRES[log_probs >= log_probs.max() - 1e-3]


@pytest.mark.parametrize("quarter", [0, 1, 2, 3])
def test_a_turn_is_an_angle_from_the_last_direction(quarter: int) -> None:
    before, last = cell(48, 208), cell(240, 208)
    chosen = favoured(chooser_for_turns(quarter * TINY.turns // 4), before, last)
    steps = chosen - CENTRES[last]
    angles = torch.atan2(steps[:, 1], steps[:, 0])
    wanted = quarter * math.pi / 2
    off = torch.remainder(angles - wanted + math.pi, 2 * math.pi) - math.pi
    assert len(chosen) > 3
    assert off.abs().max() <= math.pi / TINY.turns + 1e-4


def test_without_two_cells_there_is_no_turn() -> None:
    chooser, here = chooser_for_turns(TINY.turns), cell(240, 208)
    n_cells = LEXICON.n_cells
    for before, last in ((n_cells, here), (here, here), (n_cells, n_cells)):
        assert len(favoured(chooser, before, last)) == n_cells
    stacked = favoured(chooser, cell(48, 208), here)
    assert stacked.tolist() == [CENTRES[here].tolist()]


def test_turns_count_nothing_before_they_are_trained() -> None:
    chooser = CellChooser(TINY, LEXICON)
    h = torch.randn(1, 2, TINY.width)
    distances = torch.full((1, 2), 80.0)
    cells = torch.tensor([[cell(240, 208)] * 2])
    before = torch.tensor([[cell(48, 208), cell(400, 300)]])
    first = chooser(h, Path(cells, before, distances))
    second = chooser(h, Path(cells, before.flip(1), distances))
    assert torch.equal(first, second)


def test_a_trail_holds_the_latest_time_and_two_cells() -> None:
    first_cell, first_time = LEXICON.cells[0], LEXICON.times[0]
    tokens = torch.tensor(
        [[9999, first_time + 3, first_cell + 5, 1, first_cell + 7, first_cell + 9]]
    )
    trail = Trail.of(tokens, LEXICON)
    n_bins, n_cells = LEXICON.n_bins, LEXICON.n_cells
    assert trail.bins.tolist() == [[n_bins, 3, 3, 3, 3, 3]]
    assert trail.cells.tolist() == [[n_cells, n_cells, 5, 5, 7, 9]]
    assert trail.cells_before.tolist() == [[n_cells, n_cells, n_cells, n_cells, 5, 7]]


def test_a_trail_goes_on_token_by_token() -> None:
    tokens = prompt(60)
    whole = Trail.of(tokens, LEXICON)
    step = Trail.of(tokens[:, :1], LEXICON)
    for place in range(1, tokens.shape[1]):
        step = step.after(tokens[:, place : place + 1], LEXICON)
        expected = Trail(*(part[:, place : place + 1] for part in whole))
        assert all(torch.equal(a, b) for a, b in zip(step, expected, strict=True))
    swapped = whole.of_rows(torch.tensor([1, 0])).since(-1)
    assert torch.equal(swapped.cells, whole.cells[[1, 0], -1:])
