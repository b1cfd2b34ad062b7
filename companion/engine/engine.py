"""The engine that runs a checkpoint in this process. Importing it does not import torch."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from companion.errors import OutOfMemory

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from companion.engine.cancellation import CancelToken
    from companion.engine.checkpoint import DeviceName
    from companion.engine.loaded_model import LoadedModel
    from companion.engine.requests import (
        HeardTiming,
        ModelInfo,
        Passage,
        RegenerateRequest,
        ScoreProgress,
        ScoreRequest,
        TimingProgress,
        TimingRequest,
        VariantRank,
    )

BUNDLED_MODEL = Path(__file__).resolve().parent.parent / "models" / "bundled"


class LocalEngine:
    """Loads a checkpoint folder on first use and works with it until it is unloaded.

    Args:
        model_folder: The checkpoint.
        device: ``auto`` takes the fastest one that is there.
        threads: CPU threads for the network; torch's own choice when None.
    """

    def __init__(
        self,
        model_folder: Path = BUNDLED_MODEL,
        device: DeviceName = "auto",
        threads: int | None = None,
    ) -> None:
        self._folder = model_folder
        self._device: DeviceName = device
        self._threads = threads
        self._loaded: LoadedModel | None = None

    def describe(self) -> ModelInfo | None:
        """See `Engine`."""
        return self._loaded.info if self._loaded is not None else None

    def load(self) -> ModelInfo:
        """See `Engine`."""
        return self._model().info

    def unload(self) -> None:
        """See `Engine`."""
        if self._loaded is None:
            return
        self._loaded = None
        from companion.engine.memory import release

        release()

    def score(self, request: ScoreRequest, token: CancelToken) -> Iterator[ScoreProgress]:
        """See `Engine`."""
        token.raise_if_cancelled()
        yield from self._model().score(request, token)

    def regenerate(self, request: RegenerateRequest, token: CancelToken) -> Iterator[Passage]:
        """See `Engine`."""
        request.verify()
        token.raise_if_cancelled()
        yield from self._model().regenerate(request, token)

    def rank(
        self, request: RegenerateRequest, variants: Sequence[Sequence[bytes]], token: CancelToken
    ) -> VariantRank:
        """See `Engine`."""
        token.raise_if_cancelled()
        return self._model().rank(request, variants, token)

    def hear_timing(
        self, request: TimingRequest, token: CancelToken
    ) -> Iterator[TimingProgress | HeardTiming]:
        """See `Engine`."""
        from companion.engine.hearing_ability import require_hearing

        request.options.verify()
        require_hearing(self._folder)
        token.raise_if_cancelled()
        yield from self._model().hear_timing(request, token)

    def _model(self) -> LoadedModel:
        if self._loaded is None:
            try:
                from companion.engine.loaded_model import LoadedModel
            except MemoryError as error:
                raise OutOfMemory(
                    "There is not enough memory to start the model. Close other programs."
                ) from error
            if self._threads is not None:
                import torch

                torch.set_num_threads(self._threads)
            self._loaded = LoadedModel.load(self._folder, self._device)
        return self._loaded
