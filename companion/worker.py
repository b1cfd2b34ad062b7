"""The inference thread: the one place where work crosses between the event loop and a thread.

Work is a generator made from an engine and a cancel token. It waits in a lane; in each lane only
the newest work counts, and work in `generate` goes before work in `score`: a scan that is running
pauses after its current batch, with everything it has computed, until the passage is there.

Reports come back on the loop, in order. Whether a job still counts is decided on the loop when its
report arrives, so once `cancel` or a newer `submit` has returned, nothing of the old job is
delivered, even if its thread was in the middle of a batch.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import threading
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, cast

from companion.engine.cancellation import CancelToken
from companion.errors import Cancelled, CompanionError, InternalError, ModelError

if TYPE_CHECKING:
    from companion.engine.requests import Engine, ModelInfo

log = logging.getLogger(__name__)

Work = Callable[["Engine", CancelToken], Iterator[object]]
"""What a job does on the thread; each value it yields is delivered as `JobYielded`."""

Require = Callable[["Engine"], None]
"""Refuses a job that the engine's model cannot do, before the model is loaded."""

EngineSource = Callable[[], "Engine"]
"""Makes the engine, on the thread, when the first work arrives: importing torch takes seconds."""


class Lane(IntEnum):
    """A queue of length one; the lower number goes first."""

    GENERATE = 0
    SCORE = 1


@dataclass(frozen=True, slots=True)
class JobStarted:
    """The thread has taken the job on."""

    job_id: str


@dataclass(frozen=True, slots=True)
class JobYielded:
    """The job has a result; more may follow."""

    job_id: str
    value: object


@dataclass(frozen=True, slots=True)
class JobDone:
    """The job ended by itself; this is its last report."""

    job_id: str


@dataclass(frozen=True, slots=True)
class JobFailed:
    """The job ended with an error; this is its last report."""

    job_id: str
    error: CompanionError


@dataclass(frozen=True, slots=True)
class ModelLoading:
    """The engine is about to load its model."""


@dataclass(frozen=True, slots=True)
class ModelReady:
    """The model is in memory."""

    info: ModelInfo


@dataclass(frozen=True, slots=True)
class ModelUnloaded:
    """The model has given its memory back."""


@dataclass(frozen=True, slots=True)
class ModelFailed:
    """The model could not be loaded."""

    error: CompanionError


JobReport = JobStarted | JobYielded | JobDone | JobFailed
Report = JobReport | ModelLoading | ModelReady | ModelUnloaded | ModelFailed


@dataclass(slots=True, eq=False)
class _Job:
    id: str
    lane: Lane
    work: Work
    require: Require | None
    token: CancelToken = field(default_factory=CancelToken)


class Worker:
    """Runs jobs on its own thread, named ``inference``.

    All public methods belong to the loop that `start` was called on.

    Args:
        source: Makes the engine; called on the thread.
        deliver: Called on the loop with every report that still counts.
        idle_unload_s: The model is unloaded after so much time without work.
    """

    def __init__(
        self, source: EngineSource, deliver: Callable[[Report], None], *, idle_unload_s: float
    ) -> None:
        self._source = source
        self._deliver = deliver
        self._idle_unload_s = idle_unload_s
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, name="inference", daemon=True)
        self._condition = threading.Condition()
        self._waiting: dict[Lane, _Job] = {}  # guarded by the condition, like _closing
        self._closing = False
        self._live: dict[str, _Job] = {}  # loop only: jobs whose reports still count
        self._engine: Engine | None = None  # thread only
        self._finished = asyncio.Event()

    # ------------------------------------------------------------------ loop side

    def start(self) -> None:
        """Start the thread; reports come to the running loop."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    async def close(self) -> None:
        """Call everything off and wait until the thread has ended. The model is unloaded.

        The thread ends after the batch or token it is at, so this can take a moment.
        """
        for job_id in list(self._live):
            self.cancel(job_id)
        with self._condition:
            self._closing = True
            self._condition.notify()
        if self._loop is not None:
            await self._finished.wait()
            self._thread.join()

    def submit(
        self, lane: Lane, job_id: str, work: Work, require: Require | None = None
    ) -> tuple[str, ...]:
        """Queue work; it replaces whatever is waiting or running in the same lane.

        Args:
            lane: Where it waits.
            job_id: Its name in the reports.
            work: What it does.
            require: Called before the model is loaded; what it raises is the job's error.

        Returns:
            The ids of the jobs it replaced. Nothing more is delivered for them.
        """
        replaced = tuple(job.id for job in self._live.values() if job.lane is lane)
        for old_id in replaced:
            self.cancel(old_id)
        job = _Job(job_id, lane, work, require)
        self._live[job_id] = job
        with self._condition:
            self._waiting[lane] = job
            self._condition.notify()
        return replaced

    def cancel(self, job_id: str) -> bool:
        """Call a job off. Nothing more is delivered for it, though it may run for a moment longer.

        Returns:
            Whether it was still waiting or running.
        """
        job = self._live.pop(job_id, None)
        if job is None:
            return False
        job.token.cancel()
        return True

    def _receive(self, job: _Job | None, report: Report) -> None:
        if job is not None and self._live.get(job.id) is not job:
            return
        if isinstance(report, JobDone | JobFailed):
            del self._live[report.job_id]
        self._deliver(report)

    # ------------------------------------------------------------------ thread side

    def _report(self, job: _Job | None, report: Report) -> None:
        loop = cast("asyncio.AbstractEventLoop", self._loop)
        loop.call_soon_threadsafe(self._receive, job, report)

    def _run(self) -> None:
        try:
            while (job := self._next()) is not None:
                self._perform(job)
            if self._engine is not None:
                gc.unfreeze()
                self._engine.unload()
        except Exception:  # the thread's end must be seen by close(), whatever the engine does
            log.exception("the inference thread failed while it ended")
        finally:
            loop = cast("asyncio.AbstractEventLoop", self._loop)
            with contextlib.suppress(RuntimeError):  # the loop is gone, and nobody waits
                loop.call_soon_threadsafe(self._finished.set)

    def _next(self) -> _Job | None:
        """The next job, or None when the worker closes. Unloads the model when idle."""
        while True:
            with self._condition:
                loaded = self._engine is not None and self._engine.describe() is not None
                timeout_s = self._idle_unload_s if loaded else None
                ready = self._condition.wait_for(self._has_news, timeout_s)
                if self._closing:
                    return None
                if ready:
                    return self._take(min(self._waiting))
            self._unload()

    def _has_news(self) -> bool:
        return self._closing or bool(self._waiting)

    def _take(self, lane: Lane) -> _Job:
        return self._waiting.pop(lane)

    def _more_urgent(self, lane: Lane) -> _Job | None:
        with self._condition:
            waiting = min(self._waiting, default=lane)
            return self._take(waiting) if waiting < lane else None

    def _unload(self) -> None:
        if self._engine is not None:
            gc.unfreeze()  # or what the model leaves behind in cycles would never be collected
            try:
                self._engine.unload()
            except Exception:  # supervisor: a broken unload must not end the thread
                log.exception("the model could not be unloaded")
            self._report(None, ModelUnloaded())

    def _perform(self, job: _Job) -> None:
        """Run one job to its end; whatever it raises becomes a report."""
        if job.token.cancelled:
            return
        self._report(job, JobStarted(job.id))
        try:
            if job.require is not None:
                with contextlib.suppress(ModelError):  # loading says so, and of the model as well
                    job.require(self._made_engine())
            engine = self._ready_engine()
            self._drain(job, job.work(engine, job.token))
        except Cancelled:
            return
        except CompanionError as error:
            self._report(job, JobFailed(job.id, error))
        except Exception as error:  # supervisor: the thread survives any job
            log.exception("job %s failed", job.id)
            self._report(job, JobFailed(job.id, internal_error(error)))
        else:
            self._report(job, JobDone(job.id))

    def _drain(self, job: _Job, values: Iterator[object]) -> None:
        for value in values:
            if job.token.cancelled:
                _close(values)
                raise Cancelled("The work was called off.")
            self._report(job, JobYielded(job.id, value))
            while (urgent := self._more_urgent(job.lane)) is not None:
                self._perform(urgent)

    def _ready_engine(self) -> Engine:
        """The engine with its model loaded."""
        if self._engine is not None and self._engine.describe() is not None:
            return self._engine
        self._report(None, ModelLoading())
        try:
            engine = self._made_engine()
            info = engine.load()
            # The libraries that a model brings are half a million objects. Whenever the garbage
            # collector went through them, a save would wait a sixth of a second for its findings.
            gc.collect()
            gc.freeze()
        except Exception as error:  # whatever it was, the model must not stay "loading" for ever
            failure = error if isinstance(error, CompanionError) else internal_error(error)
            self._report(None, ModelFailed(failure))
            raise
        self._report(None, ModelReady(info))
        return engine

    def _made_engine(self) -> Engine:
        """The engine, whose model may not be loaded."""
        if self._engine is None:
            self._engine = self._source()
        return self._engine


def internal_error(error: Exception) -> InternalError:
    """What a mapper is told of a fault of the companion's own."""
    return InternalError(
        f"Something went wrong in the companion ({type(error).__name__}: {error}). "
        "The log file has the details."
    )


def _close(values: Iterator[object]) -> None:
    """Let a generator run its clean-up now; other iterators have none."""
    if isinstance(values, Generator):
        values.close()
