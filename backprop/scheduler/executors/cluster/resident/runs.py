"""One run of a part on one worker: which tasks may start, what they have given, and who has taken it.

It lives in the event loop of the worker, so that nothing needs a lock. Where the run fails, everybody who waits for one
of its results is told.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeAlias

from ..remote import Report
from .parts import Argument, Given, Local, Part, PartTask, Remote

Execute: TypeAlias = Callable[[int, Sequence[Any]], Awaitable[tuple[tuple[Any, ...], Report]]]
"""(place of a task in the part, values of its arguments) -> its results and its report."""

Pull: TypeAlias = Callable[[Remote], Awaitable[Any]]
"""A result of another worker."""


class Run:
    """A run of a part, or what others ask of one that has not come yet."""

    def __init__(self) -> None:
        self._taken = 0
        self._to_take: int | None = None
        self._error: Exception | None = None
        self._futures: dict[int, asyncio.Future[tuple[Any, ...]]] = {}
        self._working: list[asyncio.Task[Any]] = []

    @property
    def is_over(self) -> bool:
        """Whether all is done, and taken by who needs it."""
        return self._to_take is not None and self._taken >= self._to_take

    async def take(self, task: int, result: int) -> Any:
        """A result of a task, when it is there."""
        try:
            return (await self._future(task))[result]
        finally:
            self._taken += 1

    async def done(self, part: Part, given: Sequence[Any], execute: Execute, pull: Pull) -> tuple[list[Any], Any]:
        """The results that are wanted of a part, and the reports of its tasks.

        Arguments:
            part: the part.
            given: the values that the call brings.
            execute: runs a task.
            pull: gets a result of another worker.
        """
        sources = dict.fromkeys([a for task in part.tasks for a in task.args if isinstance(a, Remote)])
        pulls = {source: self._begin(pull(source)) for source in sources}
        tasks = [self._begin(self._task(k, task, given, pulls, execute)) for k, task in enumerate(part.tasks)]
        reports = await asyncio.gather(*tasks)
        results = [self._futures[task].result()[result] for task, result in part.wanted]
        self._to_take = part.taken
        return results, reports

    def fail(self, error: Exception) -> None:
        """Stop: who waits for a result gets the error, and no task starts any more."""
        self._error = error
        for future in self._futures.values():
            _give(future, error)
        for each in self._working:
            each.cancel()

    def _begin(self, work: Any) -> asyncio.Task[Any]:
        task = asyncio.get_running_loop().create_task(work)
        self._working.append(task)
        return task

    def _future(self, task: int) -> asyncio.Future[tuple[Any, ...]]:
        if task not in self._futures:
            self._futures[task] = asyncio.get_running_loop().create_future()
            if self._error is not None:
                _give(self._futures[task], self._error)
        return self._futures[task]

    async def _task(self, k: int, task: PartTask, given: Sequence[Any], pulls: Any, execute: Execute) -> Report:
        values = [await self._argument(source, given, pulls) for source in task.args]
        results, report = await execute(k, values)
        future = self._future(task.index)
        if not future.done():
            future.set_result(results)
        return report

    async def _argument(self, source: Argument, given: Sequence[Any], pulls: Any) -> Any:
        if isinstance(source, Given):
            return given[source.place]
        if isinstance(source, Local):
            return (await self._future(source.task))[source.result]
        return await asyncio.shield(pulls[source])


def _give(future: asyncio.Future[Any], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
        future.exception()  # nobody need ask for it
