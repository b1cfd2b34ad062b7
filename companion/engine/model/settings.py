"""What a checkpoint's own files say about how it wants to be used; free of torch."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from companion.engine.encoding import EncodingOptions
from companion.engine.prompts import PromptBuilder, PromptOptions
from companion.engine.windows import WindowSettings

if TYPE_CHECKING:
    from companion.engine.rhythm.habits import Habits
    from companion.engine.vocabulary import Vocabulary

Resampler = Literal["linear", "torchaudio"]


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """The numbers of one checkpoint that its callers need, read from its configuration files."""

    family: str
    """Name of the model family, e.g. ``v29`` or ``bundled``."""
    rate_hz: int
    """Sample rate of the waveform the network hears."""
    hop_samples: int
    """Distance of two spectrogram columns."""
    window_frames: int
    """Spectrogram columns of one window; the window is one hop shorter, because frames are
    centred."""
    max_tokens: int
    """Longest token sequence, prompt included."""
    lookback: float = 0.5
    """Leading part of a window whose events are given, as a fraction of the window."""
    lookahead: float = 0.4
    """Trailing part of a window that is heard but not written, as a fraction of the window."""
    resampler: Resampler = "linear"
    """How songs of another rate were brought to ``rate_hz`` for this checkpoint."""
    prompts: PromptOptions = field(default_factory=PromptOptions)
    """Which tokens its prompts have; its ``tgt_seq_len`` gives way to ``max_tokens``."""
    encoding: EncodingOptions = field(default_factory=EncodingOptions)
    """How it writes maps down."""
    habits: Habits | None = None
    """What the rest of a map tells of where objects begin, if that is known."""

    def __post_init__(self) -> None:
        """Refuse numbers that no window can be cut with; raises ``ValueError``."""
        if min(self.rate_hz, self.hop_samples, self.window_frames - 1, self.max_tokens) < 1:
            raise ValueError("rate, hop, window and longest sequence have to be above zero")
        if not (min(self.lookback, self.lookahead) >= 0 and self.lookback + self.lookahead < 1):
            raise ValueError("lookback and lookahead have to leave a part of the window")

    @property
    def window_samples(self) -> int:
        """Samples of one window."""
        return (self.window_frames - 1) * self.hop_samples

    @property
    def window_ms(self) -> float:
        """Length of one window."""
        return self.window_samples * 1000 / self.rate_hz

    @property
    def windows(self) -> WindowSettings:
        """How songs are cut into windows for this checkpoint."""
        return WindowSettings(self.window_samples, self.rate_hz, self.lookback, self.lookahead)

    def prompt_builder(
        self, vocabulary: Vocabulary, *, original_quirks: bool = False
    ) -> PromptBuilder:
        """What builds prompts for this checkpoint."""
        return PromptBuilder(
            vocabulary,
            self.window_ms,
            replace(self.prompts, tgt_seq_len=self.max_tokens),
            replace(self.encoding, original_quirks=original_quirks),
        )
