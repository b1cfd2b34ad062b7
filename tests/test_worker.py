"""The inference thread: lanes, order, cancelling, survival."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref

import pytest

from companion.engine.fake import FakeEngine
from companion.errors import CheckpointMismatch, ModelMissing, OptionRefused
from companion.worker import (
    JobDone,
    JobFailed,
    JobStarted,
    JobYielded,
    Lane,
    ModelFailed,
    ModelLoading,
    ModelReady,
    ModelUnloaded,
    Worker,
)

PATIENCE_S = 20


class Desk:
    """Takes reports in and lets a test wait for one."""

    def __init__(self):
        self.reports = []
        self._news = asyncio.Event()

    def __call__(self, report):
        self.reports.append(report)
        self._news.set()

    async def until(self, condition):
        async with asyncio.timeout(PATIENCE_S):
            while not condition(self.reports):
                self._news.clear()
                await self._news.wait()

    async def ended(self, job_id):
        await self.until(
            lambda reports: any(
                isinstance(r, JobDone | JobFailed) and r.job_id == job_id for r in reports
            )
        )

    def of(self, job_id):
        return [r for r in self.reports if getattr(r, "job_id", None) == job_id]


@pytest.fixture
async def desk():
    return Desk()


@pytest.fixture
async def worker(desk):
    made = Worker(FakeEngine, desk, idle_unload_s=600)
    made.start()
    yield made
    await made.close()
    assert "inference" not in [thread.name for thread in threading.enumerate()]


def counting(n):
    def work(_engine, _token):
        yield from range(n)

    return work


class Gate:
    """Work that waits, between two values, until it is let through."""

    def __init__(self):
        self.reached = threading.Event()
        self.open = threading.Event()

    def __call__(self, _engine, _token):
        yield "before"
        self.reached.set()
        assert self.open.wait(PATIENCE_S)
        yield "after"

    async def wait(self):
        assert await asyncio.to_thread(self.reached.wait, PATIENCE_S)


async def test_results_come_in_order_after_the_model_is_ready(desk, worker):
    worker.submit(Lane.SCORE, "a", counting(3))
    await desk.ended("a")
    assert [type(r) for r in desk.reports] == [
        JobStarted,
        ModelLoading,
        ModelReady,
        JobYielded,
        JobYielded,
        JobYielded,
        JobDone,
    ]
    assert [r.value for r in desk.reports if isinstance(r, JobYielded)] == [0, 1, 2]


async def test_nothing_is_delivered_after_cancel_returns(desk, worker):
    gate = Gate()
    worker.submit(Lane.SCORE, "a", gate)
    await gate.wait()
    assert worker.cancel("a") is True
    count = len(desk.of("a"))
    gate.open.set()
    worker.submit(Lane.SCORE, "b", counting(1))
    await desk.ended("b")
    assert len(desk.of("a")) == count
    assert worker.cancel("a") is False


async def test_the_latest_submission_of_a_lane_wins(desk, worker):
    gate = Gate()
    worker.submit(Lane.SCORE, "running", gate)
    await gate.wait()
    assert worker.submit(Lane.SCORE, "waiting", counting(1)) == ("running",)
    assert worker.submit(Lane.SCORE, "latest", counting(1)) == ("waiting",)
    gate.open.set()
    await desk.ended("latest")
    assert desk.of("waiting") == []
    assert not any(isinstance(r, JobYielded) and r.value == "after" for r in desk.of("running"))


async def test_generating_overtakes_a_running_scan_which_then_goes_on(desk, worker):
    gate = Gate()
    worker.submit(Lane.SCORE, "scan", gate)
    await gate.wait()
    worker.submit(Lane.GENERATE, "passage", counting(2))
    gate.open.set()
    await desk.ended("scan")
    order = [r.job_id for r in desk.reports if isinstance(r, JobDone)]
    assert order == ["passage", "scan"]
    assert [r.value for r in desk.of("scan") if isinstance(r, JobYielded)] == ["before", "after"]


async def test_a_scan_does_not_overtake_generating(desk, worker):
    gate = Gate()
    worker.submit(Lane.GENERATE, "passage", gate)
    await gate.wait()
    worker.submit(Lane.SCORE, "scan", counting(1))
    gate.open.set()
    await desk.ended("scan")
    assert [r.job_id for r in desk.reports if isinstance(r, JobDone)] == ["passage", "scan"]


async def test_cancelled_work_runs_its_clean_up(desk, worker):
    cleaned = threading.Event()
    reached = threading.Event()
    go_on = threading.Event()

    def work(_engine, _token):
        try:
            reached.set()
            assert go_on.wait(PATIENCE_S)
            yield 1
            yield 2
        finally:
            cleaned.set()

    worker.submit(Lane.SCORE, "a", work)
    assert await asyncio.to_thread(reached.wait, PATIENCE_S)
    worker.cancel("a")
    go_on.set()
    assert await asyncio.to_thread(cleaned.wait, PATIENCE_S)


async def test_the_thread_survives_any_error(desk, worker):
    def broken(_engine, _token):
        yield 1
        raise ZeroDivisionError("of its own")

    def not_even_a_generator(_engine, _token):
        raise RuntimeError("at once")

    worker.submit(Lane.SCORE, "a", broken)
    await desk.ended("a")
    worker.submit(Lane.SCORE, "b", not_even_a_generator)
    await desk.ended("b")
    worker.submit(Lane.SCORE, "c", counting(1))
    await desk.ended("c")
    failures = [r for r in desk.reports if isinstance(r, JobFailed)]
    assert [f.job_id for f in failures] == ["a", "b"]
    assert failures[0].error.code == "internal_error"
    assert "ZeroDivisionError" in str(failures[0].error)


async def test_a_model_that_cannot_be_loaded_fails_the_job_and_is_tried_again(desk):
    engine = FakeEngine(error=CheckpointMismatch("tensor x has shape (1,)"))
    worker = Worker(lambda: engine, desk, idle_unload_s=600)
    worker.start()
    worker.submit(Lane.SCORE, "a", counting(1))
    await desk.ended("a")
    assert any(isinstance(r, ModelFailed) for r in desk.reports)
    assert desk.of("a")[-1].error.code == "checkpoint_mismatch"
    worker.submit(Lane.SCORE, "b", counting(1))
    await desk.ended("b")
    assert any(isinstance(r, ModelReady) for r in desk.reports)
    await worker.close()


async def test_an_engine_that_cannot_be_made_fails_the_job(desk):
    def no_torch():
        raise ImportError("No module named 'torch'")

    worker = Worker(no_torch, desk, idle_unload_s=600)
    worker.start()
    worker.submit(Lane.SCORE, "a", counting(1))
    await desk.ended("a")
    assert "torch" in str(desk.of("a")[-1].error)
    await worker.close()


class Layer:
    """Part of a model that refers to itself, as networks do."""

    def __init__(self):
        self.parent = self


class LayeredEngine(FakeEngine):
    def load(self):
        self.layer = Layer()
        return super().load()

    def unload(self):
        del self.layer
        super().unload()
        gc.collect()


async def test_an_unloaded_model_gives_its_memory_back(desk):
    engine = LayeredEngine()
    worker = Worker(lambda: engine, desk, idle_unload_s=0.01)
    worker.start()
    layers = []

    def work(engine, _token):
        layers.append(weakref.ref(engine.layer))
        yield 1

    worker.submit(Lane.SCORE, "a", work)
    await desk.until(lambda reports: any(isinstance(r, ModelUnloaded) for r in reports))
    assert layers[0]() is None
    await worker.close()


async def test_an_idle_model_is_unloaded_and_loaded_again(desk):
    engine = FakeEngine()
    worker = Worker(lambda: engine, desk, idle_unload_s=0.01)
    worker.start()
    worker.submit(Lane.SCORE, "a", counting(1))
    await desk.until(lambda reports: any(isinstance(r, ModelUnloaded) for r in reports))
    assert engine.describe() is None
    worker.submit(Lane.SCORE, "b", counting(1))
    await desk.ended("b")
    assert sum(isinstance(r, ModelReady) for r in desk.reports) == 2
    await worker.close()


async def test_closing_does_not_wait_for_the_rest_of_a_job(desk):
    worker = Worker(FakeEngine, desk, idle_unload_s=600)
    worker.start()
    endless = threading.Event()

    def work(_engine, token):
        while True:
            endless.set()
            token.raise_if_cancelled()
            yield 1

    worker.submit(Lane.SCORE, "a", work)
    assert await asyncio.to_thread(endless.wait, PATIENCE_S)
    await worker.close()


async def test_the_engine_is_not_made_before_there_is_work(desk):
    made = threading.Event()

    def source():
        made.set()
        return FakeEngine()

    worker = Worker(source, desk, idle_unload_s=600)
    worker.start()
    await worker.close()
    assert not made.is_set()


async def test_a_job_that_the_model_cannot_do_fails_before_the_model_is_loaded(desk, worker):
    def require(_engine):
        raise OptionRefused("Not this model.")

    worker.submit(Lane.GENERATE, "a", counting(3), require)
    await desk.ended("a")
    assert [type(report) for report in desk.reports] == [JobStarted, JobFailed]


async def test_a_missing_model_is_the_models_news_and_not_only_the_jobs(desk):
    missing = ModelMissing("There is none.")
    worker = Worker(lambda: FakeEngine(error=missing), desk, idle_unload_s=600)
    worker.start()

    def require(_engine):
        raise missing

    worker.submit(Lane.GENERATE, "a", counting(3), require)
    await desk.ended("a")
    await worker.close()
    kinds = [type(report) for report in desk.reports]
    assert kinds == [JobStarted, ModelLoading, ModelFailed, JobFailed]
