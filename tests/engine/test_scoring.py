from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from companion.beatmap import TimeRange
from companion.engine.cancellation import CancelToken
from companion.engine.conditioning import Conditioning
from companion.engine.model.backbone import EncodedWindows, WindowInput
from companion.engine.model.weight_layout import FULL_SIZE_PARAMETERS
from companion.engine.scoring import (
    BATCH_WINDOWS,
    EncoderCache,
    JudgedRun,
    Scorer,
    WindowTask,
    batch_windows,
)
from companion.engine.windows import Window
from companion.errors import Cancelled, OutOfMemory

VOCAB = 23
WINDOW_SAMPLES = 100


@dataclass
class StubBackbone:
    """A causal toy: each position's logits depend on the running sum of all tokens so far."""

    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    encoded_windows: int = 0
    scored_rows: int = 0
    n_parameters: int = 1000

    def __post_init__(self) -> None:
        generator = torch.Generator().manual_seed(3)
        self.embedding = torch.randn(VOCAB, 8, generator=generator)
        self.output = torch.randn(8, VOCAB, generator=generator)

    def encode(self, windows):
        self.encoded_windows += len(windows)
        rows = [torch.full((8,), float(w.samples.sum()) / WINDOW_SAMPLES) for w in windows]
        return EncodedWindows({"mean": torch.stack(rows)})

    def encoding_key(self, window):
        return str(window.conditioning.difficulty).encode()

    def logits(self, tokens, mask, encoded, *, since=0):
        self.scored_rows += len(tokens)
        hidden = self.embedding[tokens]
        if mask is not None:
            hidden = hidden * mask[..., None]
        state = hidden.cumsum(1) + encoded.parts["mean"][:, None]
        return (torch.tanh(state) @ self.output)[:, since:]


def window(index: int) -> Window:
    start = index * 50
    return Window(
        index, start, start, TimeRange(start, start + 100), TimeRange(start + 25, start + 75)
    )


def task(index: int, tokens: list[int], n_judged: int) -> WindowTask:
    run = JudgedRun(0, 0, len(tokens) - n_judged, n_judged)
    return WindowTask(window(index), np.array(tokens, dtype=np.int64), (run,))


def input_of(of: Window, stars: float = 3.0) -> WindowInput:
    samples = np.full(WINDOW_SAMPLES, 0.1 * of.index, dtype=np.float32)
    return WindowInput(samples, of.frame_time_ms, (), Conditioning(difficulty=stars))


def scores_of(scorer: Scorer, tasks, token=None, near_ms=None):
    result = {}
    for batch in scorer.score(tasks, "song", input_of, token or CancelToken(), near_ms):
        for scored in batch:
            result[scored.task.window.index] = scored
    return result


def by_hand(backbone: StubBackbone, of: WindowTask):
    encoded = backbone.encode([input_of(of.window)])
    logits = backbone.logits(torch.from_numpy(of.tokens)[None], None, encoded)[0]
    p = logits.softmax(-1)
    positions = of.positions
    surprisal = [-float(torch.log2(p[q - 1, of.tokens[q]])) for q in positions]
    entropy = [-float((p[q - 1] * torch.log2(p[q - 1])).sum()) for q in positions]
    return surprisal, entropy, [int(p[q - 1].argmax()) for q in positions]


def test_scores_are_those_of_the_distributions_before_each_event() -> None:
    backbone = StubBackbone()
    tasks = [task(0, [1, 5, 6, 7, 8], 2), task(1, [1, 9, 3], 1), task(2, [1, 2, 3, 4, 5, 6, 7], 6)]
    scores = scores_of(Scorer(backbone, "weights"), tasks)
    for index, of in enumerate(tasks):
        surprisal, entropy, expected = by_hand(backbone, of)
        np.testing.assert_allclose(scores[index].score.surprisal_bits, surprisal, rtol=1e-4)
        np.testing.assert_allclose(scores[index].score.entropy_bits, entropy, rtol=1e-4)
        assert scores[index].score.expected.tolist() == expected


def test_several_runs_of_one_prompt_are_judged_each_in_its_place() -> None:
    tokens = np.array([1, 4, 5, 2, 6, 7, 8], dtype=np.int64)
    of = WindowTask(window(0), tokens, (JudgedRun(0, 3, 1, 2), JudgedRun(1, 9, 5, 2)))
    assert of.positions.tolist() == [1, 2, 5, 6]
    backbone = StubBackbone()
    score = scores_of(Scorer(backbone, "weights"), [of])[0].score
    np.testing.assert_allclose(score.surprisal_bits, by_hand(backbone, of)[0], rtol=1e-4)


@pytest.mark.parametrize(
    ("device", "n_parameters", "expected"),
    [
        ("cpu", FULL_SIZE_PARAMETERS, 1),
        ("cpu", FULL_SIZE_PARAMETERS - 1, BATCH_WINDOWS),
        ("meta", FULL_SIZE_PARAMETERS, BATCH_WINDOWS),
    ],
)
def test_a_processor_runs_a_full_size_network_window_by_window(
    device: str, n_parameters: int, expected: int
) -> None:
    assert batch_windows(StubBackbone(torch.device(device), n_parameters=n_parameters)) == expected


def test_a_second_scan_runs_nothing_again() -> None:
    backbone = StubBackbone()
    scorer = Scorer(backbone, "weights")
    tasks = [task(i, [1, 2, 3, i], 2) for i in range(5)]
    first = scores_of(scorer, tasks)
    rows = backbone.scored_rows
    second = scores_of(scorer, tasks)
    assert backbone.scored_rows == rows
    assert all(s.is_known for s in second.values())
    assert all(second[i].score is first[i].score for i in first)


def test_an_edit_runs_only_the_windows_whose_prompt_it_changed_and_encodes_none() -> None:
    backbone = StubBackbone()
    scorer = Scorer(backbone, "weights")
    scores_of(scorer, [task(i, [1, 2, 3, 4], 2) for i in range(5)])
    rows, encoded = backbone.scored_rows, backbone.encoded_windows
    edited = [task(i, [1, 2, 3, 4] if i != 2 else [1, 2, 9, 4], 2) for i in range(5)]
    known = [i for i, s in scores_of(scorer, edited).items() if s.is_known]
    assert known == [0, 1, 3, 4]
    assert backbone.scored_rows - rows == 1
    assert backbone.encoded_windows == encoded


def test_another_conditioning_of_the_encoder_is_another_window() -> None:
    backbone = StubBackbone()
    scorer = Scorer(backbone, "weights")
    tasks = [task(0, [1, 2, 3], 1)]
    list(scorer.score(tasks, "song", input_of, CancelToken()))
    [[scored]] = scorer.score(tasks, "song", lambda w: input_of(w, stars=5.0), CancelToken())
    assert not scored.is_known


def test_another_song_is_another_window() -> None:
    scorer = Scorer(StubBackbone(), "weights")
    tasks = [task(0, [1, 2, 3], 1)]
    list(scorer.score(tasks, "song", input_of, CancelToken()))
    [[scored]] = scorer.score(tasks, "other", input_of, CancelToken())
    assert not scored.is_known


def test_batches_begin_nearest_to_the_edit() -> None:
    scorer = Scorer(StubBackbone(), "weights", batch_windows=2)
    tasks = [task(i, [1, 2, 3, 4], 2) for i in range(12)]
    batches = list(scorer.score(tasks, "song", input_of, CancelToken(), near_ms=7 * 50 + 50))
    assert 7 in {s.task.window.index for s in batches[0]}
    assert len(batches) == 6


def test_a_cancelled_scan_stops_before_the_next_batch() -> None:
    backbone = StubBackbone()
    scorer = Scorer(backbone, "weights", batch_windows=2)
    token = CancelToken()
    scan = scorer.score([task(i, [1, 2, 3], 1) for i in range(6)], "song", input_of, token)
    next(scan)
    rows = backbone.scored_rows
    token.cancel()
    with pytest.raises(Cancelled):
        next(scan)
    assert backbone.scored_rows == rows


class SmallDevice(StubBackbone):
    """Has room for two windows at a time."""

    def logits(self, tokens, mask, encoded, *, since=0):
        if len(tokens) > 2:
            raise torch.OutOfMemoryError
        return super().logits(tokens, mask, encoded, since=since)


def test_a_batch_that_does_not_fit_is_tried_again_in_halves() -> None:
    tasks = [task(i, [1, 2, 3], 1) for i in range(4)]
    assert len(scores_of(Scorer(SmallDevice(), "weights", batch_windows=4), tasks)) == 4


def test_a_device_without_room_for_half_a_batch_is_a_typed_error() -> None:
    tasks = [task(i, [1, 2, 3], 1) for i in range(6)]
    with pytest.raises(OutOfMemory):
        scores_of(Scorer(SmallDevice(), "weights", batch_windows=6), tasks)


def test_encodings_are_forgotten_oldest_first_when_memory_is_full() -> None:
    one = EncodedWindows({"x": torch.zeros(1, 100)})
    cache = EncoderCache(max_bytes=2 * one.n_bytes)
    for name in (b"a", b"b"):
        cache.put(name, one)
    assert cache.get(b"a") is one
    cache.put(b"c", one)
    assert cache.get(b"b") is None
    assert cache.get(b"a") is one
    assert cache.get(b"c") is one


prompts = st.lists(
    st.lists(st.integers(3, VOCAB - 1), min_size=2, max_size=12), min_size=1, max_size=9
)


@settings(max_examples=60, deadline=None)
@given(before=prompts, after=prompts, batch=st.integers(1, 5))
def test_scoring_after_an_edit_agrees_with_scoring_anew(before, after, batch) -> None:
    def tasks(of):
        return [task(i, [1, *tokens], max(len(tokens) // 2, 1)) for i, tokens in enumerate(of)]

    # Most windows of the second map are those of the first, as after an edit.
    edited = [a if i % 3 == 0 else b for i, (b, a) in enumerate(zip(before, after, strict=False))]
    scorer = Scorer(StubBackbone(), "weights", batch_windows=batch)
    scores_of(scorer, tasks(before))
    incremental = scores_of(scorer, tasks(edited))
    anew = scores_of(Scorer(StubBackbone(), "weights", batch_windows=batch), tasks(edited))
    assert incremental.keys() == anew.keys()
    for index, scored in anew.items():
        for name in ("surprisal_bits", "entropy_bits", "expected_probability"):
            np.testing.assert_allclose(
                getattr(incremental[index].score, name), getattr(scored.score, name), atol=1e-4
            )
