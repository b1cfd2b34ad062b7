"""The engine that runs a checkpoint in this process. Importing it does not import torch."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from companion.errors import OutOfMemory

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from companion.beatmap import Document
    from companion.engine.cancellation import CancelToken
    from companion.engine.checkpoint import DeviceName
    from companion.engine.loaded_model import LoadedModel
    from companion.engine.map_requests import MapAnswer, MapRequest
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
    from companion.settings import Precision

BUNDLED_MODEL = Path(__file__).resolve().parent.parent / "models" / "bundled"


class LocalEngine:
    """Loads a checkpoint folder on first use and works with it until it is unloaded.

    Where the checkpoint has weights of its own for a map's game mode, those are used for it; only
    one set of weights is in memory at a time.

    Args:
        model_folder: The checkpoint.
        device: ``auto`` takes the fastest one that is there.
        threads: CPU threads for the network; torch's own choice when None.
        adapter: Folder of a LoRA adapter that changes the weights.
        precision: How exactly it computes.
    """

    def __init__(
        self,
        model_folder: Path = BUNDLED_MODEL,
        device: DeviceName = "auto",
        threads: int | None = None,
        adapter: Path | None = None,
        precision: Precision = "fp32",
    ) -> None:
        self._folder = model_folder
        self._precision: Precision = precision
        self._adapter = adapter
        self._device: DeviceName = device
        self._threads = threads
        self._loaded: LoadedModel | None = None

    def describe(self) -> ModelInfo | None:
        """See `Engine`."""
        return self._loaded.info if self._loaded is not None else None

    def load(self) -> ModelInfo:
        """See `Engine`."""
        return self._loaded.info if self._loaded is not None else self._model(self._folder).info

    def unload(self) -> None:
        """See `Engine`."""
        if self._loaded is None:
            return
        self._loaded = None
        from companion.engine.memory import release

        release()

    def require_able(self, request: RegenerateRequest | TimingRequest | MapRequest) -> None:
        """See `Engine`."""
        from companion.engine.generating_ability import require_generating
        from companion.engine.hearing_ability import require_hearing
        from companion.engine.map_requests import MapRequest
        from companion.engine.regenerating_ability import require_regenerating
        from companion.engine.requests import RegenerateRequest

        if isinstance(request, RegenerateRequest):
            request.verify()
            require_regenerating(self._folder, request)
        elif isinstance(request, MapRequest):
            request.verify()
            require_generating(self._folder, request)
        else:
            request.options.verify()
            require_hearing(self._folder)

    def score(self, request: ScoreRequest, token: CancelToken) -> Iterator[ScoreProgress]:
        """See `Engine`."""
        token.raise_if_cancelled()
        yield from self._model_for(request.document).score(request, token)

    def regenerate(self, request: RegenerateRequest, token: CancelToken) -> Iterator[Passage]:
        """See `Engine`."""
        self.require_able(request)
        token.raise_if_cancelled()
        yield from self._model_for(request.document).regenerate(request, token)

    def rank(
        self, request: RegenerateRequest, variants: Sequence[Sequence[bytes]], token: CancelToken
    ) -> VariantRank:
        """See `Engine`."""
        token.raise_if_cancelled()
        return self._model_for(request.document).rank(request, variants, token)

    def hear_timing(
        self, request: TimingRequest, token: CancelToken
    ) -> Iterator[TimingProgress | HeardTiming]:
        """See `Engine`."""
        self.require_able(request)
        token.raise_if_cancelled()
        # Beats are what the weights for all modes know; a mode's own have learned on without them.
        yield from self._model(self._folder).hear_timing(request, token)

    def generate_map(self, request: MapRequest, token: CancelToken) -> Iterator[MapAnswer]:
        """See `Engine`."""
        from companion.engine.checkpoint import folder_for
        from companion.engine.map_requests import MapBegun

        self.require_able(request)
        own = self._folder
        if request.weights_of_mode:
            own = folder_for(own, request.header.mode)
        token.raise_if_cancelled()
        if request.red_lines is None and own != self._folder:
            # As in `hear_timing`: beats are what the weights for all modes know.
            hearing = self._model(self._folder).whole_map(request)
            yield MapBegun((), hearing.waveform.duration_ms)
            red_lines = yield from hearing.heard(token)
            request = replace(request, red_lines=red_lines, super_timing=None)
        yield from self._model(own).whole_map(request).written(token)

    def _model_for(self, document: Document) -> LoadedModel:
        from companion.engine.checkpoint import folder_for

        return self._model(folder_for(self._folder, document.beatmap.mode))

    def _model(self, folder: Path) -> LoadedModel:
        if self._loaded is None or self._loaded.info.folder != folder:
            self.unload()
            try:
                from companion.engine.loaded_model import LoadedModel
            except MemoryError as error:
                raise OutOfMemory(
                    "There is not enough memory to start the model. Close other programs."
                ) from error
            if self._threads is not None:
                import torch

                torch.set_num_threads(self._threads)
            self._loaded = LoadedModel.load(folder, self._device, self._adapter, self._precision)
        return self._loaded
