from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
import torch

from companion.beatmap import Mode
from companion.engine.cancellation import CancelToken
from companion.engine.decoding import DecodingTask, pad_left
from companion.engine.events import ContextType, EventType
from companion.engine.logit_filters import (
    ConditionalTemperature,
    Guidance,
    InvertedGuidance,
    LookbackMask,
    LookbackRedistribution,
    MonotonicTime,
    Temperature,
    TimeBias,
    TimeFence,
    TokenHistory,
    TopK,
    TopP,
    temperature_rules,
)
from companion.engine.model.backbone import EncodedWindows
from companion.engine.sampling import Greedy
from companion.engine.vocabulary import EventRange, Vocabulary
from companion.errors import Cancelled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

INF = torch.inf
N_TIMES = 10


def small_vocabulary() -> Vocabulary:
    kinds = [
        (EventType.TIME_SHIFT, N_TIMES - 1),
        (EventType.SNAPPING, 4),
        (EventType.CIRCLE, 0),
        (EventType.SLIDER_HEAD, 0),
        (EventType.LAST_ANCHOR, 0),
        (EventType.BEAT, 0),
        (EventType.SCROLL_SPEED, 3),
        (EventType.HOLD_NOTE, 0),
        (EventType.HOLD_NOTE_END, 0),
    ]
    ranges: list[EventRange] = []
    first_id = 5
    for kind, highest in kinds:
        ranges.append(EventRange(kind, first_id, 0, highest))
        first_id = ranges[-1].end_id
    return Vocabulary(
        output_ranges=tuple(ranges),
        input_ranges=(),
        context_sos={ContextType.MAP: 3},
        context_eos={ContextType.MAP: 4},
        size_out=first_id,
        size_in=first_id,
    )


V = small_vocabulary()
T0 = V.token(EventType.TIME_SHIFT, 0)
CIRCLE = V.token(EventType.CIRCLE)
HEAD = V.token(EventType.SLIDER_HEAD)
ANCHOR = V.token(EventType.LAST_ANCHOR)
EMPTY = EncodedWindows({"nothing": torch.zeros(1, 1)})


def history(*prompts: list[int]) -> TokenHistory:
    return TokenHistory(V, prompts)


def flat(n: int = 1) -> Tensor:
    return torch.zeros(n, V.size_out)


def forbidden(logits: Tensor, row: int = 0) -> list[int]:
    return (logits[row] == -INF).nonzero()[:, 0].tolist()


@dataclass
class Scripted:
    """Predicts, for each row, the next token of a script with certainty."""

    scripts: Sequence[Sequence[int]]
    vocabulary: Vocabulary = V
    taken_in: list[list[int]] = field(default_factory=list)
    step_tokens: list[list[int]] = field(default_factory=list)
    mask: Tensor | None = None
    cancel_at: tuple[int, CancelToken] | None = None

    def predictions(self) -> Tensor:
        logits = torch.zeros(len(self.scripts), V.size_out)
        position = len(self.step_tokens)
        for row, script in enumerate(self.scripts):
            logits[row, script[min(position, len(script) - 1)]] = 20.0
        return logits

    def start(self, tokens: Tensor, mask: Tensor | None, encoded: EncodedWindows) -> Any:
        assert len(encoded) == len(tokens)
        self.taken_in, self.mask = tokens.tolist(), mask
        return self.predictions(), self

    def step(self, tokens: Tensor, state: Any) -> Any:
        self.step_tokens.append(tokens.tolist())
        if self.cancel_at is not None and len(self.step_tokens) == self.cancel_at[0]:
            self.cancel_at[1].cancel()
        return self.predictions(), state


def decode(backbone: Any, prompts: Any, negatives: Any = None, **parts: Any) -> Any:
    parts = {"filters": [], "chooser": Greedy(), "stop_ids": {2}, "max_tokens": 50} | parts
    token = parts.pop("token", CancelToken())
    return DecodingTask(backbone, **parts).run(prompts, negatives, EMPTY, token)


def test_a_row_ends_with_its_stop_token():
    (row,) = decode(Scripted([[CIRCLE, T0, 2, CIRCLE]]), [[1, 3]])
    assert row.tokens == (CIRCLE, T0, 2)
    assert row.mean_logprob == pytest.approx(0, abs=1e-6)


def test_a_row_ends_when_it_is_full():
    (row,) = decode(Scripted([[CIRCLE]]), [[1, 3]], max_tokens=6)
    assert row.tokens == (CIRCLE,) * 4


def test_a_full_prompt_is_not_continued():
    (row,) = decode(Scripted([[CIRCLE]]), [[1, 3]], max_tokens=2)
    assert row.tokens == ()
    assert row.mean_logprob == 0


def test_rows_end_one_by_one_and_the_ended_go_on_with_padding():
    backbone = Scripted([[2], [CIRCLE, T0, 2]])
    short, long = decode(backbone, [[1], [1, 3]])
    assert (short.tokens, long.tokens) == ((2,), (CIRCLE, T0, 2))
    assert backbone.step_tokens == [[0, CIRCLE], [0, T0]]


def test_prompts_of_different_lengths_are_padded_on_the_left():
    ids, mask = pad_left([[7], [8, 9, 10]])
    assert ids.tolist() == [[0, 0, 7], [8, 9, 10]]
    assert mask is not None
    assert mask.tolist() == [[False, False, True], [True, True, True]]
    assert pad_left([[7], [8]])[1] is None


def test_cancelling_stops_between_two_tokens():
    token = CancelToken()
    backbone = Scripted([[CIRCLE]], cancel_at=(3, token))
    with pytest.raises(Cancelled):
        decode(backbone, [[1]], token=token)
    assert len(backbone.step_tokens) == 3


def test_a_cancelled_task_does_not_start():
    token = CancelToken()
    token.cancel()
    backbone = Scripted([[CIRCLE]])
    with pytest.raises(Cancelled):
        decode(backbone, [[1]], token=token)
    assert backbone.taken_in == []


def test_guidance_reads_both_prompts_side_by_side():
    backbone = Scripted([[CIRCLE, 2], [HEAD, 2]])
    (row,) = decode(backbone, [[1, 3]], [[1, 3]], mixer=Guidance(2.0))
    assert row.tokens == (CIRCLE, 2)
    assert backbone.step_tokens == [[CIRCLE, CIRCLE]]


def test_inverted_guidance_goes_to_the_negative_prompt():
    backbone = Scripted([[CIRCLE, 2], [HEAD, 2]])
    (row,) = decode(backbone, [[1, 3]], [[1, 3]], mixer=InvertedGuidance(2.0))
    assert row.tokens == (HEAD, 2)


def test_guidance_of_one_changes_nothing():
    wanted, unwanted = torch.randn(2, 1, 7)
    torch.testing.assert_close(Guidance(1.0).mix(wanted, unwanted), wanted)


def test_history_remembers_the_last_time_since_the_last_start():
    past = history([1, T0 + 7, 3], [3, T0 + 4, CIRCLE], [CIRCLE])
    assert past.last_steps == [0, 4, 0]
    past.append([T0 + 2, T0 + 6, 3])
    assert past.last_steps == [2, 6, 0]
    past.append([3, CIRCLE, CIRCLE])
    assert past.last_steps == [0, 6, 0]
    assert [past.recent(0, d) for d in (1, 2, 3)] == [3, T0 + 2, 3]
    assert history([]).recent(0, 1) == -1


def test_time_does_not_run_backwards_in_any_row():
    filtered = MonotonicTime(V).apply(flat(3), history([3], [3, T0 + 2], [3, T0]))
    assert forbidden(filtered, 0) == []
    assert forbidden(filtered, 1) == [T0, T0 + 1]
    assert forbidden(filtered, 2) == []


def test_filters_leave_their_input_alone():
    logits = flat(1)
    past = history([3, T0 + 5])
    for logit_filter in [
        MonotonicTime(V),
        TimeFence(V, 2, 4),
        LookbackMask(V, 3),
        TopK(1),
        TopP(0.5),
    ]:
        logit_filter.apply(logits, past)
    assert not logits.any()


def test_the_fence_lets_beginnings_past_the_end_through_as_a_sign_to_stop():
    fence = TimeFence(V, 2, 6)
    after_head = fence.apply(flat(), history([3, T0 + 3, HEAD]))
    assert forbidden(after_head) == [T0, T0 + 1]
    after_anchor = fence.apply(flat(), history([3, T0 + 3, ANCHOR]))
    assert forbidden(after_anchor) == [T0, T0 + 1, T0 + 7, T0 + 8, T0 + 9]


def test_where_types_come_last_a_time_may_end_a_window_unless_an_object_is_open():
    fence = TimeFence(V, 2, 6, types_first=False)

    def forbidden_after(*row: int) -> list[int]:
        return forbidden(fence.apply(flat(), history([3, *row])))

    circle, slider, beat = (
        V.token(kind) for kind in (EventType.CIRCLE, EventType.SLIDER_HEAD, EventType.BEAT)
    )
    assert forbidden_after() == [T0, T0 + 1]
    assert forbidden_after(T0 + 3, circle) == [T0, T0 + 1]
    open_ended = [T0, T0 + 1, T0 + 7, T0 + 8, T0 + 9]
    assert forbidden_after(T0 + 3, slider) == open_ended
    assert forbidden_after(T0 + 3, slider, T0 + 4, beat) == open_ended
    assert forbidden_after(T0 + 3, slider, T0 + 4, circle) == [T0, T0 + 1]


def test_beats_do_not_hide_the_object_around_them():
    past = history([3, T0 + 1, HEAD, T0 + 2, V.token(EventType.BEAT)])
    assert past.last_types == [EventType.BEAT]
    assert past.last_object_types == [EventType.SLIDER_HEAD]
    past.append([V.token(EventType.BEAT)])
    assert past.last_object_types == [EventType.SLIDER_HEAD]
    past.append([V.token(EventType.CIRCLE)])
    assert past.last_types == past.last_object_types == [EventType.CIRCLE]
    past.append([V.sos_id])
    assert past.last_object_types == [None]


def test_the_fence_never_forbids_every_time():
    fence = TimeFence(V, 2, 6)
    combined = MonotonicTime(V).apply(
        fence.apply(flat(), history([3, T0 + 8, ANCHOR])), history([3, T0 + 8, ANCHOR])
    )
    assert (combined[0, T0 : T0 + N_TIMES] == 0).sum() == 2


def test_time_bias_touches_times_only():
    biased = TimeBias(V, 1.5).apply(flat(), history([3]))
    assert biased[0, T0 : T0 + N_TIMES].tolist() == [1.5] * N_TIMES
    assert biased.sum() == pytest.approx(1.5 * N_TIMES)


def test_each_row_has_its_own_temperature():
    rules = temperature_rules(V, [Mode.OSU], 1.0, timing=0.5, mania_column=0.25, taiko_hit=0.125)
    beat = V.token(EventType.BEAT)
    temperature = ConditionalTemperature(1.0, rules)
    scaled = temperature.apply(flat(2) + 1, history([3, beat], [3, CIRCLE]))
    assert scaled[:, 0].tolist() == [2.0, 1.0]
    same = temperature.apply(flat(2) + 1, history([beat], [beat]))
    assert same[:, 0].tolist() == [2.0, 2.0]


def test_rules_of_other_modes_only_apply_when_asked_for():
    def scale(modes: Sequence[Mode], prompt: list[int]) -> float:
        rules = temperature_rules(V, modes, 1.0, timing=0.5, mania_column=0.25, taiko_hit=0.125)
        return float(ConditionalTemperature(1.0, rules).apply(flat() + 1, history(prompt))[0, 0])

    column_next = [V.token(EventType.CIRCLE), T0, V.token(EventType.SNAPPING)]
    hit_next = [V.token(EventType.SCROLL_SPEED, 2)]
    assert scale([Mode.OSU], column_next) == 1
    assert scale([Mode.MANIA], column_next) == 4
    assert scale(tuple(Mode), column_next) == 4
    assert scale([Mode.OSU], hit_next) == 1
    assert scale([Mode.TAIKO], hit_next) == 8


def test_a_temperature_of_zero_leaves_the_likeliest():
    rules = temperature_rules(V, [Mode.OSU], 0.9, timing=0, mania_column=1, taiko_hit=1)
    logits = flat()
    logits[0, [T0 + 2, T0 + 4]] = torch.tensor([3.0, 3.1])
    logits[0, T0] = -INF
    past = history([3, V.token(EventType.BEAT)])
    p = ConditionalTemperature(0.9, rules).apply(logits, past).softmax(-1)
    assert p[0, T0 + 4] == 1
    assert not p.isnan().any()


def test_a_rule_equal_to_the_base_is_left_out():
    assert temperature_rules(V, Mode, 0.8, timing=0.8, mania_column=0.8, taiko_hit=0.8) == []


def test_one_temperature_divides():
    assert Temperature(0.5).apply(flat() + 1, history([3]))[0, 0] == 2
    logits = flat()
    assert Temperature(1.0).apply(logits, history([3])) is logits


def test_what_falls_into_the_lookback_becomes_an_end():
    past = history([3])
    bias = LookbackRedistribution(V, 3)
    before = flat()
    assert bias.apply(before, past) is before
    past.append([CIRCLE])
    p = bias.apply(flat(), past).exp()
    n, n_other, n_ends = V.size_out, V.size_out - 3, 2
    p_end = n_ends / n
    scale = 1 / (n_other / n * (1 - p_end) + p_end)
    assert p[0, T0 + 1] == 0
    assert p[0, T0 + 5] == pytest.approx(scale / n)
    assert p[0, T0] == pytest.approx((scale - 1) * p_end / (1 - p_end))
    assert p.sum() == pytest.approx(1, abs=1e-5)


def test_the_lookback_is_left_alone_after_tokens_that_no_time_follows():
    past = history([3])
    bias = LookbackRedistribution(V, 3)
    bias.apply(flat(2), past := history([3], [3]))
    past.append([CIRCLE, T0 + 4])
    filtered = bias.apply(flat(2), past)
    assert filtered[0].any()
    assert not filtered[1].any()


def test_a_certain_end_gives_no_nan():
    past = history([3])
    bias = LookbackRedistribution(V, 3)
    certain = flat() - INF
    certain[0, 2] = 0
    bias.apply(certain, past)
    past.append([CIRCLE])
    assert not bias.apply(flat(), past).isnan().any()


def test_top_k_keeps_ties():
    logits = torch.tensor([[1.0, 3.0, 2.0, 2.0, 0.0]])
    assert forbidden(TopK(2).apply(logits, history([3]))) == [0, 4]
    assert forbidden(TopK(99).apply(logits, history([3]))) == []


def test_top_p_keeps_the_smallest_set_that_is_likely_enough():
    logits = torch.tensor([[0.5, 0.3, 0.15, 0.05]]).log()
    assert forbidden(TopP(0.7).apply(logits, history([3]))) == [2, 3]
    assert forbidden(TopP(0.1).apply(logits, history([3]))) == [1, 2, 3]
