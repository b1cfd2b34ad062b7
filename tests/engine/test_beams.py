"""Beam search, against transformers' own and against every continuation there is."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
import torch
from transformers import (
    GenerationConfig,
    GenerationMixin,
    LogitsProcessor,
    LogitsProcessorList,
    PretrainedConfig,
    PreTrainedModel,
)
from transformers.modeling_outputs import CausalLMOutput

from companion.engine.cancellation import CancelToken
from companion.engine.decoding import DecodingTask
from companion.engine.events import ContextType, EventType
from companion.engine.logit_filters import (
    Guidance,
    LookbackRedistribution,
    MonotonicTime,
    Temperature,
    TokenHistory,
    TopK,
    TopP,
)
from companion.engine.model.backbone import EncodedWindows
from companion.engine.model.bundled import BundledBackbone
from companion.engine.sampling import Greedy, Sampler
from companion.engine.vocabulary import PAD_ID, EventRange, Vocabulary
from companion.errors import Cancelled
from tests.engine import test_bundled_backbone, test_rope_whisper, test_var_whisper, test_whisper

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from torch import Tensor

    from companion.engine.decoding import DecodedRow
    from companion.engine.sampling import TokenChooser

N_TOKENS = 14
VOCABULARY = Vocabulary(
    (
        EventRange(EventType.TIME_SHIFT, 5, 0, 5),
        EventRange(EventType.CIRCLE, 11, 0, 0),
        EventRange(EventType.SLIDER_HEAD, 12, 0, 0),
        EventRange(EventType.BEAT, 13, 0, 0),
    ),
    (),
    {ContextType.MAP: 3},
    {ContextType.MAP: 4},
    N_TOKENS,
    N_TOKENS,
)
T0, CIRCLE = 5, 11
EMPTY = EncodedWindows({"nothing": torch.zeros(1, 1)})
PROMPT = [1, 3]
END = 2


@cache
def table(seed: int) -> Tensor:
    """Logits after any two tokens; an end is neither rare nor sure."""
    generator = torch.Generator().manual_seed(seed)
    logits = 2 * torch.randn(N_TOKENS, N_TOKENS, N_TOKENS, generator=generator)
    logits[..., END] += 0.5
    logits[..., PAD_ID] -= 20  # transformers fills what it gives back with it
    return logits


def after(rows: Sequence[Sequence[int]], seed: int) -> Tensor:
    return torch.stack([table(seed)[row[-2], row[-1]] for row in rows])


@dataclass
class Rows:
    """A state that remembers all tokens of its rows."""

    rows: list[list[int]]
    seeds: list[int]

    @property
    def n_tokens(self) -> int:
        return len(self.rows[0])

    def spread(self, n: int) -> None:
        self.rows = [list(row) for row in self.rows for _ in range(n)]
        self.seeds = [seed for seed in self.seeds for _ in range(n)]

    def reorder(self, parents: Tensor) -> None:
        self.rows = [list(self.rows[parent]) for parent in parents.tolist()]


@dataclass
class Tables:
    """Predicts from tables; with negative prompts their half of the rows from another one."""

    seed: int
    negative_seed: int | None = None
    vocabulary: Vocabulary = VOCABULARY
    cancel_at: tuple[int, CancelToken] | None = None
    steps: list[list[int]] = field(default_factory=list)

    def start(self, tokens: Tensor, mask: Tensor | None, encoded: EncodedWindows) -> Any:
        assert mask is None
        assert len(encoded) == len(tokens)
        n = len(tokens)
        seeds = [self.seed] * n
        if self.negative_seed is not None:
            seeds[n // 2 :] = [self.negative_seed] * (n // 2)
        state = Rows(tokens.tolist(), seeds)
        return self._predictions(state), state

    def step(self, tokens: Tensor, state: Rows) -> Any:
        self.steps.append(tokens.tolist())
        if self.cancel_at is not None and len(self.steps) == self.cancel_at[0]:
            self.cancel_at[1].cancel()
        for row, token in zip(state.rows, tokens.tolist(), strict=True):
            row.append(token)
        return self._predictions(state), state

    @staticmethod
    def _predictions(state: Rows) -> Tensor:
        pairs = zip(state.rows, state.seeds, strict=True)
        return torch.cat([after([row], seed) for row, seed in pairs])


def search(
    backbone: Any,
    n_beams: int,
    chooser: TokenChooser | None = None,
    prompts: Sequence[Sequence[int]] = (PROMPT,),
    **parts: Any,
) -> list[DecodedRow]:
    parts = {"filters": [], "stop_ids": {END}, "max_tokens": 30} | parts
    token = parts.pop("token", CancelToken())
    negatives = prompts if "mixer" in parts else None
    task = DecodingTask(backbone, chooser=chooser or Greedy(), n_beams=n_beams, **parts)
    return task.run(prompts, negatives, EMPTY, token)


# Against transformers


class TablesConfig(PretrainedConfig):
    model_type = "tables"
    vocab_size: int = N_TOKENS


class TransformersTables(PreTrainedModel, GenerationMixin):
    """The same tables for transformers; the rows of a negative prompt come after the others."""

    config_class = TablesConfig

    def __init__(self, seed: int, negative_seed: int | None) -> None:
        super().__init__(TablesConfig())
        self.anything = torch.nn.Parameter(torch.zeros(1))
        self._seeds = [seed] if negative_seed is None else [seed, negative_seed]

    def forward(self, input_ids: Tensor, **rest: Any) -> CausalLMOutput:
        logits = torch.cat([after(input_ids.tolist(), seed) for seed in self._seeds])
        return CausalLMOutput(logits=logits[:, None])

    def prepare_inputs_for_generation(self, input_ids: Any, *rest: Any, **others: Any) -> Any:
        return {"input_ids": input_ids}


class Mixed(LogitsProcessor):
    """Guidance as a processor, which is given twice as many rows of scores as of tokens."""

    def __init__(self, scale: float) -> None:
        self._scale = scale

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        wanted, unwanted = scores.chunk(2)
        return unwanted + self._scale * (wanted - unwanted)


class Monotonic(LogitsProcessor):
    """No time before the last one."""

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        scores = scores.clone()
        for row, ids in enumerate(input_ids.tolist()):
            times = [token for token in ids if T0 <= token < CIRCLE]
            if times:
                scores[row, T0 : times[-1]] = -torch.inf
        return scores


def transformers_tokens(
    n_beams: int,
    seed: int,
    *,
    stop_ids: Sequence[int] = (END,),
    negative_seed: int | None = None,
    processors: Sequence[LogitsProcessor] = (),
    max_length: int = 30,
    **options: Any,
) -> tuple[int, ...]:
    model: Any = TransformersTables(seed, negative_seed).eval()
    how = GenerationConfig(
        num_beams=n_beams,
        max_length=max_length,
        eos_token_id=list(stop_ids),
        pad_token_id=0,
        use_cache=False,
        early_stopping=False,
        length_penalty=1.0,
        **options,
    )
    rows = model.generate(
        torch.tensor([PROMPT]),
        generation_config=how,
        logits_processor=LogitsProcessorList(processors),
    )
    tokens = rows[0].tolist()[len(PROMPT) :]
    while tokens and tokens[-1] == 0:
        tokens.pop()
    return tuple(tokens)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("n_beams", [2, 3, 5])
def test_the_search_is_transformers(n_beams: int, seed: int):
    (row,) = search(Tables(seed), n_beams)
    assert row.tokens == transformers_tokens(n_beams, seed, do_sample=False)


@pytest.mark.parametrize("seed", range(6))
def test_many_ends_leave_enough_beams_to_go_on(seed: int):
    stops = (END, 4, 6, 7, 8, 9)
    (row,) = search(Tables(seed), 3, stop_ids=set(stops))
    assert row.tokens == transformers_tokens(3, seed, stop_ids=stops, do_sample=False)


@pytest.mark.parametrize("seed", range(6))
def test_full_rows_are_ranked_with_the_ended_ones(seed: int):
    (row,) = search(Tables(seed), 3, max_tokens=6)
    assert row.tokens == transformers_tokens(3, seed, max_length=6, do_sample=False)
    assert len(row.tokens) <= 4


@pytest.mark.parametrize("seed", range(6))
def test_filters_hold_along_each_beam(seed: int):
    filters = [MonotonicTime(VOCABULARY), Temperature(0.7)]
    (row,) = search(Tables(seed), 4, filters=filters)
    expected = transformers_tokens(
        4, seed, processors=[Monotonic(), _Divided(0.7)], do_sample=False
    )
    assert row.tokens == expected


class _Divided(LogitsProcessor):
    def __init__(self, temperature: float) -> None:
        self._temperature = temperature

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        return scores / self._temperature


@pytest.mark.parametrize("seed", range(6))
def test_guidance_mixes_each_beam_with_its_own_negative(seed: int):
    (row,) = search(Tables(seed, negative_seed=99), 3, mixer=Guidance(1.8))
    expected = transformers_tokens(
        3, seed, negative_seed=99, processors=[Mixed(1.8)], do_sample=False
    )
    assert row.tokens == expected


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("n_beams", [2, 4])
def test_beams_are_drawn_as_transformers_draws_them(n_beams: int, seed: int):
    filters = [TopK(6), TopP(0.95, at_least=2)]
    (row,) = search(Tables(seed), n_beams, Sampler.seeded([17]), filters=filters)
    torch.manual_seed(17)
    expected = transformers_tokens(n_beams, seed, do_sample=True, top_k=6, top_p=0.95)
    assert row.tokens == expected


@pytest.mark.parametrize("seed", range(4))
def test_the_originals_draws_count_every_end(seed: int):
    stops = (END, 4, 8)
    filters = [TopK(1, at_least=4), TopP(0.3, at_least=4)]
    (row,) = search(
        Tables(seed),
        2,
        Sampler.seeded([5]),
        filters=filters,
        stop_ids=set(stops),
        draws_per_beam=4,
    )
    torch.manual_seed(5)
    expected = transformers_tokens(2, seed, stop_ids=stops, do_sample=True, top_k=1, top_p=0.3)
    assert row.tokens == expected


# Properties


@pytest.mark.parametrize("seed", range(5))
def test_as_many_beams_as_continuations_find_the_best(seed: int):
    n_new = 3
    (row,) = search(Tables(seed), N_TOKENS**2, max_tokens=len(PROMPT) + n_new)
    (greedy,) = search(Tables(seed), 1, max_tokens=len(PROMPT) + n_new)
    best = max(_endings(n_new), key=lambda tokens: _logprob(tokens, seed) / len(tokens))
    assert row.tokens == best
    assert row.logprob == pytest.approx(_logprob(best, seed), abs=1e-4)
    assert row.mean_logprob >= greedy.mean_logprob - 1e-6


def _endings(n_new: int) -> list[tuple[int, ...]]:
    others = [token for token in range(N_TOKENS) if token != END]
    ended = [(*tokens, END) for n in range(n_new) for tokens in itertools.product(others, repeat=n)]
    return [*ended, *itertools.product(others, repeat=n_new)]


def _logprob(tokens: Sequence[int], seed: int) -> float:
    row, total = list(PROMPT), 0.0
    for token in tokens:
        total += float(after([row], seed)[0].log_softmax(-1)[token])
        row.append(token)
    return total


@pytest.mark.parametrize("seed", range(3))
def test_a_beam_whose_likelihood_is_told_is_the_one_that_was_found(seed: int):
    (row,) = search(Tables(seed), 4, filters=[Temperature(0.5)])
    assert row.logprob == pytest.approx(_logprob(row.tokens, seed), abs=1e-4)


def test_prompts_side_by_side_find_what_they_find_alone():
    prompts = [[1, 3], [3, CIRCLE], [3, T0]]
    together = search(Tables(3), 3, prompts=prompts)
    assert together == [search(Tables(3), 3, prompts=[prompt])[0] for prompt in prompts]
    assert len({len(row.tokens) for row in together}) > 1
    drawn = search(Tables(3), 3, Sampler.seeded([1, 2, 3]), prompts=prompts)
    alone = [
        search(Tables(3), 3, Sampler.seeded([seed]), prompts=[prompt])[0]
        for seed, prompt in enumerate(prompts, start=1)
    ]
    assert drawn == alone


def test_draws_differ_by_seed():
    found = {search(Tables(1), 2, Sampler.seeded([seed]))[0].tokens for seed in range(8)}
    assert len(found) > 1


def test_a_full_prompt_is_not_continued():
    (row,) = search(Tables(0), 3, max_tokens=len(PROMPT))
    assert row.tokens == ()


def test_where_nothing_may_come_next_the_beam_so_far_is_kept():
    class TwoTokensAndNoEnd:
        def __init__(self) -> None:
            self.n_calls = 0

        def apply(self, logits: Tensor, history: TokenHistory) -> Tensor:
            self.n_calls += 1
            logits = logits.clone()
            logits[:, slice(None) if self.n_calls == 3 else END] = -torch.inf
            return logits

    for chooser in (Greedy(), Sampler.seeded([1])):
        (row,) = search(Tables(0), 3, chooser, filters=[TwoTokensAndNoEnd()])
        assert len(row.tokens) == 2


def test_cancelling_stops_between_two_tokens():
    token = CancelToken()
    backbone = Tables(0, cancel_at=(2, token))
    with pytest.raises(Cancelled):
        search(backbone, 3, stop_ids=(), token=token)
    assert len(backbone.steps) == 2


def test_history_and_lookback_follow_the_beams():
    past = TokenHistory(VOCABULARY, [[3, T0 + 1], [3, T0 + 4]])
    past.append([CIRCLE, 12], [1, 1])
    assert past.last_steps == [4, 4]
    assert past.recent(0, 2) == past.recent(1, 2) == T0 + 4
    past.append([T0 + 5, CIRCLE], [0, 0])
    assert past.last_steps == [5, 4]
    assert past.last_types == [EventType.CIRCLE, EventType.CIRCLE]

    before, now = after([[1, 3], [3, 4]], 0), after([[1, 3], [1, 3]], 1)

    def redistributed(parents: list[int], previous: Tensor) -> Tensor:
        bias, rows = LookbackRedistribution(VOCABULARY, 2), TokenHistory(VOCABULARY, [[3], [3]])
        bias.apply(previous, rows)
        rows.append([CIRCLE, CIRCLE], parents)
        return bias.apply(now, rows)

    crossed = redistributed([1, 0], before)
    torch.testing.assert_close(crossed, redistributed([0, 1], before[[1, 0]]))
    assert not torch.allclose(crossed, redistributed([0, 1], before))


# Each family's memory


@pytest.fixture(params=["whisper", "rope", "var", "bundled"])
def network(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Any, EncodedWindows]:
    """A tiny network, and two windows that it has heard."""
    torch.manual_seed(1)
    if request.param == "rope":
        backbone: Any = test_rope_whisper.load(test_rope_whisper.write(tmp_path), "cpu")
        windows = [test_rope_whisper.window(backbone, seed=seed) for seed in (1, 2)]
        return backbone, backbone.encode(windows)
    if request.param == "bundled":
        words = Vocabulary.from_file(test_bundled_backbone.TOKENIZER)
        backbone = BundledBackbone(
            test_bundled_backbone.tiny_network(),
            words,
            test_bundled_backbone.settings_of(test_bundled_backbone.TINY, {}),
        )
        windows = [test_bundled_backbone.window(seed) for seed in (1, 2)]
        return backbone, backbone.encode(windows)
    if request.param == "var":
        backbone = test_var_whisper.backbone_of(**test_var_whisper.LOCAL)
        return backbone, test_var_whisper.hear(backbone)
    network = test_whisper.WhisperNetwork(test_whisper.config())
    settings = test_whisper.model_settings(test_whisper.config())
    backbone = test_whisper.WhisperBackbone(network, test_whisper.V, settings)
    return backbone, test_whisper.hear(backbone)


@pytest.mark.parametrize("guided", [False, True], ids=["plain", "guided"])
def test_every_family_remembers_each_beam_and_not_its_neighbour(
    network: tuple[Any, EncodedWindows], *, guided: bool
):
    backbone, encoded = network
    words = backbone.vocabulary
    start = words.context_sos[ContextType.MAP]
    time = words.ranges[EventType.TIME_SHIFT].first_id
    prompts = [[words.sos_id, start, time + 1, time + 2], [words.sos_id, start]]
    task = DecodingTask(
        backbone,
        [],
        Sampler.seeded([3, 4]),
        (),
        max_tokens=16,
        mixer=Guidance(1.0) if guided else None,
        n_beams=3,
    )
    rows = task.run_windows(prompts, prompts if guided else None, encoded, CancelToken())
    for place, (prompt, row) in enumerate(zip(prompts, rows, strict=True)):
        ids = torch.tensor([[*prompt, *row.tokens]])
        logits = backbone.logits(ids, None, encoded[place], since=len(prompt) - 1)[0, :-1]
        told = logits.log_softmax(-1).gather(1, torch.tensor(row.tokens)[:, None]).sum()
        assert row.logprob == pytest.approx(float(told), abs=2e-3)


def test_beams_of_one_window_share_what_was_heard(network: tuple[Any, EncodedWindows]):
    backbone, encoded = network
    words = backbone.vocabulary
    prompt = [words.sos_id, words.context_sos[ContextType.MAP]]

    def found(windows: EncodedWindows, n_prompts: int) -> list[DecodedRow]:
        task = DecodingTask(backbone, [], Greedy(), (), max_tokens=12, n_beams=3)
        return task.run([prompt] * n_prompts, None, windows, CancelToken())

    (alone,) = found(encoded[1], 1)
    assert [row.tokens for row in found(encoded[1], 2)] == [alone.tokens] * 2
