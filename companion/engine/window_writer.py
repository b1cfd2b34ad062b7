"""Writing one window: which rules hold for its tokens, and what of them is kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from companion.beatmap import Mode
from companion.engine.decoding import DecodingTask
from companion.engine.events import ContextType, EventType
from companion.engine.logit_filters import (
    ConditionalTemperature,
    Guidance,
    InvertedGuidance,
    LookbackMask,
    LookbackRedistribution,
    MonotonicTime,
    NoConcurrentObjects,
    ObjectGrammar,
    PlannedOnsets,
    Temperature,
    TimeBias,
    TimeFence,
    TopK,
    TopP,
    TypesLastGrammar,
    temperature_rules,
)
from companion.engine.vocabulary import EOS_ID, MS_PER_STEP, PAD_ID

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from companion.engine.cancellation import CancelToken
    from companion.engine.conditioning import Conditioning
    from companion.engine.decoding import DecodedRow
    from companion.engine.logit_filters import LogitFilter, LogitMixer
    from companion.engine.model.backbone import Backbone, EncodedWindows
    from companion.engine.prompts import Prompt
    from companion.engine.rhythm import OnsetPlan
    from companion.engine.sampling import TokenChooser
    from companion.engine.windows import WindowSettings


@dataclass(frozen=True, slots=True)
class GenerationOptions:
    """How a model's predictions are turned into tokens. The defaults are the released ones."""

    guidance: float = 1.0
    """Strength of classifier-free guidance; 1 is none, and saves half of the work."""
    temperature: float = 0.9
    """Below 1 more careful, above more daring; 0 always takes the most likely token."""
    timing_temperature: float = 0.1
    """For the times of beats."""
    mania_column_temperature: float = 0.8
    taiko_hit_temperature: float = 0.8
    time_bias: float = 0.0
    """Added to the logits of all time tokens, in families that say the time first: elsewhere a time
    follows its type in any case."""
    top_k: int = 0
    """Only so many tokens are drawn from; 0 is all."""
    top_p: float = 0.9
    """Only the most likely tokens with this much probability are drawn from; 1 is all."""
    n_beams: int = 1
    """Continuations that are followed side by side, of which the best is kept: beam search."""
    max_tokens: int | None = None
    """Longest row, prompt included; the model's own limit unless given."""
    original_quirks: bool = False
    """Whether to repeat what Mapperatorinator gets wrong: guidance is inverted and does not concern
    what the encoder is told, the temperatures of mania columns and taiko hits apply in every mode,
    objects need not be complete nor apart from each other, and beams are drawn from as many tokens
    as could end a window."""


@dataclass(frozen=True, slots=True)
class WindowLimits:
    """Which time tokens of a window are written; all in 10 ms steps from its start."""

    lookback_steps: int
    """Times below end the window, for they are settled; 0 for none."""
    lookahead_step: int | None
    """Times from here on are left out, for later windows know better; None for none."""
    stop_step: int | None
    """Times from here on end the window. The released inference rounds the length of the lookahead
    here, but where it begins there; what lies between is written and then left out."""
    fence: tuple[int, int] | None = None
    """First and last step where something may begin, and last where it may end."""

    @classmethod
    def of(
        cls, settings: WindowSettings, n_steps: int, *, is_first: bool, is_last: bool
    ) -> WindowLimits:
        """The limits of one of several windows that are written in order.

        Args:
            settings: Size and overlap of the windows.
            n_steps: Number of time tokens.
            is_first: Whether nothing before it has been written.
            is_last: Whether nothing comes after it.
        """
        return cls(
            0 if is_first else int(settings.lookback_ms / MS_PER_STEP),
            None if is_last else int(settings.lookahead_start_ms / MS_PER_STEP),
            None if is_last else n_steps - int(settings.lookahead_ms / MS_PER_STEP),
        )

    @property
    def first_step(self) -> int:
        """Nothing is written before."""
        return max(self.lookback_steps, self.fence[0] if self.fence is not None else 0)

    def cuts(self, step: int) -> bool:
        """Whether a beginning at this step is not this window's to write."""
        return (
            step < self.lookback_steps
            or (self.lookahead_step is not None and step >= self.lookahead_step)
            or (self.fence is not None and step > self.fence[1])
        )


WHOLE_WINDOW = WindowLimits(lookback_steps=0, lookahead_step=None, stop_step=None)
"""The limits of a window that stands alone."""


class WindowWriter:
    """Continues the prompts of one window after the other with the same options."""

    def __init__(
        self,
        backbone: Backbone,
        options: GenerationOptions,
        conditioning: Conditioning,
        chooser: TokenChooser,
    ) -> None:
        mode = conditioning.mode
        self._backbone = backbone
        self._vocabulary = backbone.vocabulary
        self._times = backbone.vocabulary.ranges[EventType.TIME_SHIFT].ids
        self._types_first = backbone.settings.encoding.types_first
        self._options = options
        self._modes: Collection[Mode] = tuple(Mode) if options.original_quirks else (mode,)
        self._mode = mode
        self._chooser = chooser
        encoding = backbone.settings.encoding
        grammars = () if options.original_quirks else (ObjectGrammar, TypesLastGrammar)
        known = [grammar for grammar in grammars if grammar.knows(encoding)]
        self._grammar: list[LogitFilter] = []
        if known:
            self._grammar = [
                known[0](backbone.vocabulary, encoding, mode),
                NoConcurrentObjects(backbone.vocabulary, encoding, mode, conditioning.keycount),
            ]

    def write(
        self,
        prompts: Sequence[Prompt],
        encoded: EncodedWindows,
        kind: ContextType,
        limits: WindowLimits,
        token: CancelToken,
        plan: OnsetPlan | None = None,
    ) -> list[DecodedRow]:
        """Continue the last context of each prompt as far as the limits go; a row per prompt.

        Args:
            prompts: One per variant.
            encoded: The window; or it twice, the second time as guidance should not hear it.
            kind: The context that is written.
            limits: What of the window is written.
            token: Stops the work between two tokens.
            plan: Where objects begin, a row per prompt; the model decides unless given.

        Raises:
            Cancelled: The token was cancelled.
        """
        task = self._task(kind, limits, plan)
        wanted: list[list[int]] = [prompt.ids.tolist() for prompt in prompts]
        unwanted: list[list[int]] = [prompt.negative_ids.tolist() for prompt in prompts]
        return task.run(wanted, unwanted if task.mixer is not None else None, encoded, token)

    def write_windows(
        self,
        prompts: Sequence[Prompt],
        encoded: EncodedWindows,
        kind: ContextType,
        token: CancelToken,
        limits: WindowLimits = WHOLE_WINDOW,
        plan: OnsetPlan | None = None,
    ) -> list[DecodedRow]:
        """Write several windows side by side; a row per window.

        Args:
            prompts: One per window.
            encoded: The windows; or all twice, the second time as guidance should not hear them.
            kind: The context that is written.
            token: Stops the work between two tokens.
            limits: What of each window is written.
            plan: Where objects begin, a row per prompt; the model decides unless given.

        Raises:
            Cancelled: The token was cancelled.
        """
        task = self._task(kind, limits, plan)
        wanted: list[list[int]] = [prompt.ids.tolist() for prompt in prompts]
        unwanted: list[list[int]] = [prompt.negative_ids.tolist() for prompt in prompts]
        negatives = unwanted if task.mixer is not None else None
        return task.run_windows(wanted, negatives, encoded, token)

    def _task(
        self, kind: ContextType, limits: WindowLimits, plan: OnsetPlan | None
    ) -> DecodingTask:
        options, stops = self._options, self._stop_ids(kind, limits)
        # So that one candidate is left when all that could end a window are drawn. They all mean
        # the same, which the original does not consider.
        n_ends = len(stops) if options.original_quirks else 1
        return DecodingTask(
            self._backbone,
            [*self._planned(kind, limits, plan), *self._filters(kind, limits, n_ends)],
            self._chooser,
            stops,
            options.max_tokens or self._backbone.settings.max_tokens,
            self._mixer(),
            options.n_beams,
            1 + n_ends,
            self._types_first,
        )

    def kept(self, tokens: Sequence[int], kind: ContextType, limits: WindowLimits) -> list[int]:
        """What of the written tokens counts: no end ids, no time that only ended the window.

        A time that is left out takes its type along when types come first.
        """
        ends = self._end_ids(kind) | {PAD_ID}
        kept = list(tokens)
        while kept and kept[-1] in ends:
            kept.pop()
        if kept and kept[-1] in self._times and limits.cuts(kept[-1] - self._times.start):
            del kept[-2 if self._types_first else -1 :]
        return kept

    def _stop_ids(self, kind: ContextType, limits: WindowLimits) -> frozenset[int]:
        stops = set(self._end_ids(kind))
        if not self._options.original_quirks:
            # What is left when the rules contradict each other and nothing may come next.
            stops.add(PAD_ID)
        first = self._times.start
        stops.update(range(first, first + limits.lookback_steps))
        if limits.stop_step is not None:
            stops.update(range(first + limits.stop_step, self._times.stop))
        if limits.fence is not None:
            stops.update(range(first + limits.fence[1] + 1, self._times.stop))
        return frozenset(stops)

    def _end_ids(self, kind: ContextType) -> frozenset[int]:
        """What says that a context is over; to name the wrong one means no less."""
        ends = self._vocabulary.context_eos
        if self._options.original_quirks:
            return frozenset({EOS_ID, *([ends[kind]] if kind in ends else [])})
        return frozenset({EOS_ID, *ends.values()})

    def _mixer(self) -> LogitMixer | None:
        scale = self._options.guidance
        if scale == 1 or (self._options.original_quirks and scale < 1):
            return None
        return InvertedGuidance(scale) if self._options.original_quirks else Guidance(scale)

    def _planned(
        self, kind: ContextType, limits: WindowLimits, plan: OnsetPlan | None
    ) -> Iterator[LogitFilter]:
        if plan is not None and kind is ContextType.MAP:
            planned = plan.planned.clone()
            planned[:, : limits.first_step] = False
            yield PlannedOnsets(
                self._vocabulary, planned, plan.quarters, self._mode, self._end_ids(kind)
            )

    def _filters(self, kind: ContextType, limits: WindowLimits, n_ends: int) -> list[LogitFilter]:
        options, vocabulary = self._options, self._vocabulary
        at_least = 1 + n_ends if options.original_quirks and options.n_beams > 1 else 1
        filters: list[LogitFilter] = [MonotonicTime(vocabulary)]
        if kind is ContextType.MAP:
            filters += self._grammar
        if limits.fence is not None:
            filters.append(TimeFence(vocabulary, *limits.fence, types_first=self._types_first))
        if options.time_bias and (options.original_quirks or not self._types_first):
            filters.append(TimeBias(vocabulary, options.time_bias))
        if options.temperature > 0:
            filters.append(self._temperature())
        if limits.lookback_steps > 0:
            lookback = LookbackRedistribution if self._types_first else LookbackMask
            filters.append(lookback(vocabulary, limits.lookback_steps))
        if options.top_k > 0:
            filters.append(TopK(options.top_k, at_least))
        if options.top_p < 1:
            filters.append(TopP(options.top_p, at_least))
        return filters

    def _temperature(self) -> LogitFilter:
        options = self._options
        if not self._types_first:
            return Temperature(options.temperature)
        rules = temperature_rules(
            self._vocabulary,
            self._modes,
            options.temperature,
            timing=options.timing_temperature,
            mania_column=options.mania_column_temperature,
            taiko_hit=options.taiko_hit_temperature,
        )
        return ConditionalTemperature(options.temperature, rules)
