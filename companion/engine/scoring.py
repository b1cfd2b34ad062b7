"""How surprising each event of a map is to a model, window by window.

A window's score is a pure function of what the decoder saw: the sound of the window, what the
encoder was told beside it, and the tokens up to the last event that is judged. So scoring again
after an edit is the same code with a memory: windows whose key is known are not run again. The
decoder is causal, so what comes after the last judged event is cut off and cannot matter.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch

from companion.engine.memory import in_one_batch_or_two
from companion.engine.model.backbone import EncodedWindows
from companion.engine.model.weight_layout import Sized, is_full_size_on_processor
from companion.engine.vocabulary import PAD_ID

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray
    from torch import Tensor

    from companion.engine.cancellation import CancelToken
    from companion.engine.kind_score import KindScore
    from companion.engine.model.backbone import WindowInput
    from companion.engine.token_kinds import TokenKinds
    from companion.engine.windows import Window

BATCH_WINDOWS = 8
"""Windows per forward pass: large enough for matrix work, small enough to stream and to cancel."""
_SORTED_BATCHES = 3
"""So many batches at a time are sorted by length, to pad less without straying from the edit."""
_TINY = 1e-10
"""Added to probabilities before their logarithm, so that no event has more than 33.2 bits."""
_SCORES_KEPT = 20_000
_DEFAULT_ENCODER_BYTES = 768 * 2**20


class Listener(Protocol):
    """What scoring needs of a `Backbone`."""

    @property
    def device(self) -> torch.device:
        """Where it runs."""
        ...

    def encode(self, windows: Sequence[WindowInput]) -> EncodedWindows:
        """See `Backbone`."""
        ...

    def encoding_key(self, window: WindowInput) -> bytes:
        """See `Backbone`."""
        ...

    def logits(
        self, tokens: Tensor, mask: Tensor | None, encoded: EncodedWindows, *, since: int = 0
    ) -> Tensor:
        """See `Backbone`."""
        ...


@dataclass(frozen=True, slots=True)
class JudgedRun:
    """Neighbouring events of one context, and where their tokens stand in the prompt."""

    context: int
    """Index of the context in the prompt's order."""
    first_event: int
    """Index of the first event in the context's events of the whole map."""
    first_position: int
    n_events: int


@dataclass(frozen=True, slots=True, eq=False)
class WindowTask:
    """One window to score."""

    window: Window
    tokens: NDArray[np.int64]
    """The prompt up to and with the last judged event, shape = (n_tokens,)."""
    runs: tuple[JudgedRun, ...]
    """What is judged; at least one run, in the order of their positions."""

    @property
    def n_judged(self) -> int:
        """Events that are judged."""
        return sum(run.n_events for run in self.runs)

    @property
    def positions(self) -> NDArray[np.int64]:
        """Where the judged tokens stand in `tokens`, shape = (n_judged,)."""
        return np.concatenate(
            [np.arange(run.first_position, run.first_position + run.n_events) for run in self.runs]
        )


@dataclass(frozen=True, slots=True, eq=False)
class WindowScore:
    """What the model said of a window's judged events; all of shape (n_judged,)."""

    surprisal_bits: NDArray[np.float32]
    entropy_bits: NDArray[np.float32]
    expected: NDArray[np.int32]
    """Token id of the most likely event."""
    expected_probability: NDArray[np.float32]
    kinds: KindScore | None = None
    """Kinds and values told apart, where the scorer was made to."""


@dataclass(frozen=True, slots=True)
class ScoredWindow:
    """A window that has been answered."""

    task: WindowTask
    score: WindowScore
    is_known: bool
    """Whether the answer came from memory."""


def batch_windows(backbone: Sized) -> int:
    """Windows per forward pass that suit a checkpoint and its device.

    For a processor one window of a full-size network is matrix work enough: more of them at a time
    only pad each other, ask for memory anew, and let a mapper wait.
    """
    return 1 if is_full_size_on_processor(backbone) else BATCH_WINDOWS


class EncoderCache:
    """Encoded windows of the songs heard last, up to a number of bytes."""

    def __init__(self, max_bytes: int = _DEFAULT_ENCODER_BYTES) -> None:
        self.max_bytes = max_bytes
        self._kept: OrderedDict[bytes, EncodedWindows] = OrderedDict()
        self._n_bytes = 0

    def get(self, key: bytes) -> EncodedWindows | None:
        """An encoded window, if it is kept."""
        encoded = self._kept.get(key)
        if encoded is not None:
            self._kept.move_to_end(key)
        return encoded

    def put(self, key: bytes, encoded: EncodedWindows) -> None:
        """Keep an encoded window and forget the ones used longest ago."""
        if key in self._kept:
            return
        self._kept[key] = encoded
        self._n_bytes += encoded.n_bytes
        while self._n_bytes > self.max_bytes and len(self._kept) > 1:
            _, dropped = self._kept.popitem(last=False)
            self._n_bytes -= dropped.n_bytes

    def clear(self) -> None:
        """Forget everything."""
        self._kept.clear()
        self._n_bytes = 0


@dataclass(slots=True)
class Scorer:
    """Scores windows with one loaded checkpoint, and remembers what it said."""

    backbone: Listener
    checkpoint_digest: str
    batch_windows: int = BATCH_WINDOWS
    token_kinds: TokenKinds | None = None
    """Tells kinds and values apart, for those who need it."""
    encoder_cache: EncoderCache = field(default_factory=EncoderCache)
    _scores: OrderedDict[bytes, WindowScore] = field(
        default_factory=lambda: OrderedDict[bytes, WindowScore]()
    )

    def score(
        self,
        tasks: Sequence[WindowTask],
        audio_id: str,
        input_of: Callable[[Window], WindowInput],
        token: CancelToken,
        near_ms: int | None = None,
    ) -> Iterator[list[ScoredWindow]]:
        """Yield known windows first, all at once, then the others batch by batch.

        Args:
            tasks: The windows, in any order.
            audio_id: Identity of the song's bytes.
            input_of: What the encoder gets for a window.
            token: Looked at before every batch.
            near_ms: The batches go outward from here; from the start when None.

        Raises:
            Cancelled: The token was cancelled.
            OutOfMemory: Not even half a batch fits the device.
        """
        known: list[ScoredWindow] = []
        unknown: list[_Job] = []
        for task in tasks:
            job = self._job(task, audio_id, input_of(task.window))
            score = self._known(job.key)
            if score is None:
                unknown.append(job)
            else:
                known.append(ScoredWindow(task, score, is_known=True))
        if known:
            token.raise_if_cancelled()
            yield known
        for batch in _batches(unknown, self.batch_windows, near_ms):
            token.raise_if_cancelled()
            scores = in_one_batch_or_two(self._run, batch, self.forget_encodings)
            for job, score in zip(batch, scores, strict=True):
                self._remember(job.key, score)
            yield [
                ScoredWindow(job.task, score, is_known=False)
                for job, score in zip(batch, scores, strict=True)
            ]

    def forget_encodings(self) -> None:
        """Give the memory of the encoder's results back."""
        self.encoder_cache.clear()

    def encoded(self, windows: Sequence[tuple[bytes, WindowInput]]) -> EncodedWindows:
        """Encoder results of windows by their key, from memory where they are known."""
        rows = {key: self.encoder_cache.get(key) for key, _ in windows}
        missing = {key: given for key, given in windows if rows[key] is None}
        if missing:
            fresh = self.backbone.encode(list(missing.values()))
            for index, key in enumerate(missing):
                row = fresh[index].clone()
                self.encoder_cache.put(key, row)
                rows[key] = row
        return EncodedWindows.cat([row for key, _ in windows if (row := rows[key]) is not None])

    def encoder_key(self, audio_id: str, window: Window, given: WindowInput) -> bytes:
        """Identity of a window's encoding."""
        digest = hashlib.blake2b(digest_size=16)
        for part in (self.checkpoint_digest.encode(), audio_id.encode()):
            digest.update(part + b"\0")
        digest.update(window.first_sample.to_bytes(8, "little", signed=True))
        digest.update(self.backbone.encoding_key(given))
        return digest.digest()

    def _job(self, task: WindowTask, audio_id: str, given: WindowInput) -> _Job:
        encoder_key = self.encoder_key(audio_id, task.window, given)
        digest = hashlib.blake2b(encoder_key, digest_size=16)
        digest.update(task.tokens.tobytes())
        digest.update(b"/")
        digest.update(task.positions.tobytes())
        return _Job(task, given, encoder_key, digest.digest())

    def _known(self, key: bytes) -> WindowScore | None:
        score = self._scores.get(key)
        if score is not None:
            self._scores.move_to_end(key)
        return score

    def _remember(self, key: bytes, score: WindowScore) -> None:
        self._scores[key] = score
        while len(self._scores) > _SCORES_KEPT:
            self._scores.popitem(last=False)

    @torch.inference_mode()
    def _run(self, batch: Sequence[_Job]) -> list[WindowScore]:
        encoded = self.encoded([(job.encoder_key, job.given) for job in batch])
        # The last judged token is only asked about, never given.
        lengths = [len(job.task.tokens) - 1 for job in batch]
        width = max(lengths)
        tokens = torch.full((len(batch), width), PAD_ID, dtype=torch.int64)
        for row, (job, length) in enumerate(zip(batch, lengths, strict=True)):
            tokens[row, width - length :] = torch.as_tensor(job.task.tokens[:-1])
        mask = None
        if min(lengths) < width:
            mask = (
                torch.arange(width)[None, :] >= torch.tensor([width - n for n in lengths])[:, None]
            )
        since = min(
            width - length + job.task.runs[0].first_position - 1
            for job, length in zip(batch, lengths, strict=True)
        )
        device = self.backbone.device
        logits = self.backbone.logits(
            tokens.to(device), None if mask is None else mask.to(device), encoded, since=since
        )
        return [
            self._score_of(job.task, logits[row], width - length - since)
            for row, (job, length) in enumerate(zip(batch, lengths, strict=True))
        ]

    def _score_of(self, task: WindowTask, logits: Tensor, offset: int) -> WindowScore:
        """Score a row; token p was predicted at position p - 1, which is at ``p - 1 + offset``."""
        positions = torch.as_tensor(task.positions)
        asked = logits[(positions - 1 + offset).to(logits.device)]
        real = torch.as_tensor(task.tokens)[positions].to(logits.device)
        probabilities = asked.softmax(dim=-1)
        bits = torch.log2(probabilities + _TINY)
        entropy = -(probabilities * bits).sum(dim=-1)
        surprisal = -bits.gather(1, real[:, None]).squeeze(1)
        best, expected = probabilities.max(dim=-1)
        return WindowScore(
            surprisal.cpu().numpy(),
            entropy.cpu().numpy(),
            expected.to(torch.int32).cpu().numpy(),
            best.cpu().numpy(),
            self.token_kinds and self.token_kinds.score(probabilities, real),
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    task: WindowTask
    given: WindowInput
    encoder_key: bytes
    key: bytes


def _batches(
    jobs: Sequence[_Job], batch_windows: int, near_ms: int | None
) -> Iterator[Sequence[_Job]]:
    def distance_ms(job: _Job) -> float:
        keep = job.task.window.keep
        if near_ms is None:
            return keep.start_ms
        return max(keep.start_ms - near_ms, near_ms - keep.end_ms, 0)

    nearest = sorted(jobs, key=distance_ms)
    stride = batch_windows * _SORTED_BATCHES
    for start in range(0, len(nearest), stride):
        # The nearest windows come in the first batch of all, whatever their length.
        chunk = nearest[start : start + stride]
        if start:
            chunk.sort(key=lambda job: len(job.task.tokens))
        for first in range(0, len(chunk), batch_windows):
            yield chunk[first : first + batch_windows]
