"""A step's attention reads keys and values as they are laid out, and mixes what `attend` mixes."""

from __future__ import annotations

import pytest
import torch

from companion.engine.model.attention import (
    CACHE_BLOCK_TOKENS,
    DecoderMemory,
    LayerCache,
    attend,
    attend_newest,
)

N_HEADS, WIDTH, N_TOKENS, N_HEARD = 3, 8, 5, 11


def random(n: int, n_tokens: int, seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, N_HEADS, n_tokens, WIDTH, generator=generator)


def cache_of(n: int, *, shared: bool = False) -> LayerCache:
    heard = [random(1 if shared else n, N_HEARD, seed).expand(n, -1, -1, -1) for seed in (2, 3)]
    return LayerCache(random(n, N_TOKENS, 0), random(n, N_TOKENS, 1), *heard)


@pytest.mark.parametrize("n", [1, 3])
def test_a_prepared_cache_holds_what_it_held(n: int) -> None:
    plain, prepared = cache_of(n), cache_of(n)

    prepared.prepare(4)

    for found, expected in zip(prepared.until(N_TOKENS), plain.until(N_TOKENS), strict=True):
        torch.testing.assert_close(found, expected, rtol=0, atol=0)
    torch.testing.assert_close(prepared.heard_keys, plain.heard_keys, rtol=0, atol=0)
    torch.testing.assert_close(prepared.heard_values, plain.heard_values, rtol=0, atol=0)
    assert prepared.keys.shape[2] == prepared.values.shape[2] == N_TOKENS + 4


def test_each_head_is_read_in_one_piece() -> None:
    interleaved = [random(1, N_TOKENS, i).transpose(1, 2).contiguous() for i in range(4)]
    cache = LayerCache(*(tensor.transpose(1, 2) for tensor in interleaved))

    cache.prepare(4)

    for tensor in (cache.keys, cache.values, cache.heard_keys, cache.heard_values):
        assert tensor.is_contiguous()


def test_rounded_numbers_and_autocast_keep_fused_attention() -> None:
    queries, keys, values = (random(1, n, i) for i, n in enumerate((1, N_TOKENS, N_TOKENS)))
    rounded = [tensor.bfloat16() for tensor in (queries, keys, values)]

    torch.testing.assert_close(attend_newest(*rounded), attend(*rounded), rtol=0, atol=0)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        mixed = attend_newest(queries, keys, values)
        torch.testing.assert_close(mixed, attend(queries, keys, values), rtol=0, atol=0)


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("n", [1, 3])
def test_a_step_hears_what_a_prompt_hears(n: int, shared: bool) -> None:
    cache, queries = cache_of(n, shared=shared), random(n, 1, 4)
    expected = attend(queries, cache.heard_keys, cache.heard_values)

    cache.prepare(4)

    torch.testing.assert_close(cache.listen(queries), expected, rtol=1e-5, atol=1e-6)


def test_rows_that_share_a_window_share_its_memory() -> None:
    cache = cache_of(3, shared=True)

    cache.prepare(4)

    assert cache.heard_keys.stride(0) == cache.heard_values.stride(0) == 0


def test_padding_is_not_looked_at() -> None:
    cache, queries = cache_of(2), random(2, 1, 4)
    visible = torch.ones(2, 1, 1, N_TOKENS, dtype=torch.bool)
    visible[1, ..., :2] = False
    expected = attend(queries, cache.keys, cache.values, visible)

    cache.prepare(4)
    mixed = attend_newest(queries, *cache.until(N_TOKENS), visible)

    torch.testing.assert_close(mixed, expected, rtol=1e-5, atol=1e-6)


def test_tokens_are_put_after_the_others_and_stay_when_room_is_made() -> None:
    cache = cache_of(1)
    cache.prepare(1)
    memory = DecoderMemory([cache], N_TOKENS, torch.tensor([N_TOKENS]), None)
    newest = random(1, 1, 5), random(1, 1, 6)

    cache.put(N_TOKENS, *newest)
    memory.make_room()

    keys, values = cache.until(N_TOKENS + 1)
    torch.testing.assert_close(keys[:, :, -1:], newest[0], rtol=0, atol=0)
    torch.testing.assert_close(values[:, :, -1:], newest[1], rtol=0, atol=0)
    assert cache.keys.shape[2] == N_TOKENS + 1 + CACHE_BLOCK_TOKENS
