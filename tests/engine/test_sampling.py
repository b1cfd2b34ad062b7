from __future__ import annotations

import torch

from companion.engine.sampling import Greedy, Sampler


def test_greedy_takes_the_most_likely_token():
    assert Greedy().choose(
        torch.tensor([[0.0, 2.0, 1.0], [3.0, 2.0, 1.0]]), [True] * 2
    ).tolist() == [1, 0]


def test_a_seed_draws_what_multinomial_draws():
    logits = torch.randn(50, 200, generator=torch.Generator().manual_seed(3))
    sampler = Sampler.seeded([17])
    generator = torch.Generator().manual_seed(17)
    for row in logits:
        expected = torch.multinomial(row.softmax(-1)[None], 1, generator=generator)
        assert sampler.choose(row[None], [True]).tolist() == expected[0].tolist()


def test_a_row_does_not_depend_on_its_neighbours():
    logits = torch.randn(1, 40, generator=torch.Generator().manual_seed(4)).expand(3, -1)
    together, alone = Sampler.seeded([1, 2, 3]), Sampler.seeded([2])
    for _ in range(20):
        assert together.choose(logits, [True] * 3)[1] == alone.choose(logits[:1], [True])[0]


def test_forbidden_tokens_are_never_drawn():
    logits = torch.zeros(1, 5)
    logits[0, [0, 2, 4]] = -torch.inf
    sampler = Sampler.seeded([5])
    assert {int(sampler.choose(logits, [True])[0]) for _ in range(200)} == {1, 3}


def test_a_row_that_has_ended_draws_nothing():
    logits = torch.randn(2, 40, generator=torch.Generator().manual_seed(4))
    paused, alone = Sampler.seeded([1, 2]), Sampler.seeded([2])
    for _ in range(5):
        paused.choose(logits, [True, False])
    assert paused.choose(logits, [False, True])[1] == alone.choose(logits[1:], [True])[0]
