"""Positions of a whole map drawn anew by diffusion, for those who have a checkpoint."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch

    from companion.beatmap import TimingPoint
    from companion.engine.cancellation import CancelToken
    from companion.engine.checkpoint import DeviceName
    from companion.engine.events import Event
    from companion.engine.map_requests import MapRequest
    from companion.engine.postprocess import PostprocessOptions


class Refining:
    """The diffusion checkpoints of a request, loaded."""

    def __init__(self, request: MapRequest, model: object, refiner: object) -> None:
        self._request = request
        self._model = model
        self._refiner = refiner

    @classmethod
    def of(cls, request: MapRequest, device: torch.device) -> Refining | None:
        """Load the checkpoints, if there are to be any."""
        how = request.refinement
        if how is None:
            return None
        from companion.engine.diffusion import load

        name = cast("DeviceName", device.type)
        refiner = None if how.refiner is None else load(how.refiner, name)
        return cls(request, load(how.folder, name), refiner)

    def refined(
        self,
        events: Sequence[Event],
        red_lines: Sequence[TimingPoint],
        post: PostprocessOptions,
        token: CancelToken,
    ) -> list[Event]:
        """The events with other positions; see `companion.engine.diffusion.refine_positions`."""
        from companion.engine.diffusion import DiffusionModel, refine_positions, traits_of

        assert isinstance(self._model, DiffusionModel)
        how = self._request.refinement
        assert how is not None
        return refine_positions(
            self._model,
            events,
            red_lines,
            traits_of(self._request.conditioning),
            replace(
                how.options,
                seed=self._request.options.seed,
                types_first=post.types_first,
                has_velocities=post.has_velocities,
                original_quirks=post.original_quirks,
            ),
            slider_multiplier=self._request.header.slider_multiplier,
            refiner=cast("DiffusionModel | None", self._refiner),
            cancel=token,
        )
