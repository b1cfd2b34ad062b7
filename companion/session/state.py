"""The parts of the session that are simple facts with a "did it change" each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from companion.session.values import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from companion.session.values import Job


class Problems:
    """What is wrong right now, one problem per code."""

    def __init__(self) -> None:
        self._by_code: dict[str, Problem] = {}

    def __iter__(self) -> Iterator[Problem]:
        return iter(self._by_code.values())

    def raise_(self, code: str, message: str) -> Problem | None:
        """Note a problem; None when it is known word for word."""
        problem = Problem(code, message)
        if self._by_code.get(code) == problem:
            return None
        self._by_code[code] = problem
        return problem

    def clear(self, *codes: str) -> tuple[str, ...]:
        """These problems are over; gives back the codes that were there."""
        return tuple(code for code in codes if self._by_code.pop(code, None) is not None)


class Jobs:
    """Jobs that are waiting or running, and the last one that ended of each kind."""

    def __init__(self) -> None:
        self._live: dict[str, Job] = {}
        self._ended: dict[str, Job] = {}

    def __iter__(self) -> Iterator[Job]:
        yield from self._ended.values()
        yield from self._live.values()

    @property
    def live(self) -> tuple[Job, ...]:
        """Jobs that are waiting or running."""
        return tuple(self._live.values())

    def get(self, job_id: str) -> Job | None:
        """A job that is waiting or running."""
        return self._live.get(job_id)

    def put(self, job: Job) -> Job:
        """Take in a job's new state."""
        if job.state.final:
            self._live.pop(job.id, None)
            self._ended[job.kind] = job
        else:
            self._live[job.id] = job
        return job
