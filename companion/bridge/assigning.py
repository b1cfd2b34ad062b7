"""Work for the inference thread: each order of the session as what it does with an engine."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, assert_never

from companion.engine.guest_writing import write_guest
from companion.session import StartGuest, StartMap, StartRegenerate, StartScore, StartTiming
from companion.suggestions import generate
from companion.worker import Lane

if TYPE_CHECKING:
    from collections.abc import Iterator

    from companion.engine.cancellation import CancelToken
    from companion.engine.map_requests import MapAnswer, MapRequest
    from companion.engine.requests import (
        Engine,
        HeardTiming,
        RegenerateRequest,
        ScoreProgress,
        ScoreRequest,
        TimingProgress,
        TimingRequest,
    )
    from companion.session import StartOrder
    from companion.worker import Worker


def assign(worker: Worker, order: StartOrder) -> None:
    """Hand an order to the inference thread."""
    match order:
        case StartScore(job_id, request):
            worker.submit(Lane.SCORE, job_id, partial(_score, request))
        case StartRegenerate(job_id, request):
            require = partial(_require, request)
            worker.submit(Lane.GENERATE, job_id, partial(generate, request), require)
        case StartTiming(job_id, request):
            require = partial(_require, request)
            worker.submit(Lane.GENERATE, job_id, partial(_hear, request), require)
        case StartGuest(job_id, request):
            require = partial(_require, request)
            worker.submit(Lane.GENERATE, job_id, partial(write_guest, request), require)
        case StartMap(job_id, request):
            require = partial(_require, request)
            worker.submit(Lane.GENERATE, job_id, partial(_write_map, request), require)
        case _:
            assert_never(order)


def _score(request: ScoreRequest, engine: Engine, token: CancelToken) -> Iterator[ScoreProgress]:
    return engine.score(request, token)


def _hear(
    request: TimingRequest, engine: Engine, token: CancelToken
) -> Iterator[TimingProgress | HeardTiming]:
    return engine.hear_timing(request, token)


def _write_map(request: MapRequest, engine: Engine, token: CancelToken) -> Iterator[MapAnswer]:
    return engine.generate_map(request, token)


def _require(request: RegenerateRequest | TimingRequest | MapRequest, engine: Engine) -> None:
    engine.require_able(request)
