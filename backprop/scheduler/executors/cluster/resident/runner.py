"""What stays on a worker: parts of plans as programs, values that calls have brought, and the runs that are under way.

A call of a part gives back what the caller wants of it. What another worker needs it takes from here, as soon as it is
there; the call for it may come before the call of the part. Tasks run in threads of their own, as many as the worker
has, and everything else in the worker's event loop, so that no lock is needed.

Source: distributed/shuffle/_worker_plugin.py, for handlers of a plugin's own.
Limits: Dask counts what is kept here as memory that it does not manage.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

import numpy as np
from distributed import WorkerPlugin
from distributed.core import clean_exception, error_message
from distributed.protocol import pickle
from distributed.protocol.serialize import to_serialize
from distributed.worker import _worker_cvar

from ....lower import Pick
from ..remote import Program, Settings, told
from ..runs import stop_run
from .parts import Part, Remote
from .runs import Run
from .wire import DROP, RUN, TAKE, VALUE, Brought, Kept, Lying, Sent

PARTS = 256
"""Parts that a worker keeps."""

LIMIT = 1 << 30
"""Bytes of values that a worker keeps for calls to come."""

RUNS = 1024
"""Runs that a worker knows of; where there are more, their callers have gone."""


class MissingError(Exception):
    """What a call refers to is not here, or not any more; the caller sends it again."""


class LostError(Exception):
    """A value or a worker that a part needs is gone, or the run was stopped."""


class Runner(WorkerPlugin):
    """A plugin of each worker of a cluster; Dask installs it on workers that join later, too."""

    name = "backprop-runner"
    idempotent = True

    def setup(self, worker: Any) -> None:
        """Begin; Dask calls this on the worker.

        Arguments:
            worker: the worker.
        """
        self._worker = worker
        self._pool = ThreadPoolExecutor(worker.state.nthreads, "backprop")
        self._parts: OrderedDict[str, tuple[Part, list[Callable[..., tuple[Any, ...]]]]] = OrderedDict()
        self._kept: OrderedDict[str, Any] = OrderedDict()
        self._runs: OrderedDict[str, Run] = OrderedDict()
        worker.handlers.update({RUN: self.run, TAKE: self.take, VALUE: self.value, DROP: self.drop})

    def teardown(self, worker: Any) -> None:
        """End; Dask calls this on the worker."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    # What others call.

    async def run(
        self, token: str, name: str, part: bytes | None, sent: Sequence[Sent], settings: Settings
    ) -> dict[str, Any]:
        """Do a part.

        Arguments:
            token: of the run, the same on all workers.
            name: of the part.
            part: the pickled part, with the pickled body of each of its tasks; None where it is known here.
            sent: what stands for each value that the part is given.
            settings: how tasks run.
        Returns:
            a message: the results that are wanted and the reports of tasks, or what was raised.
        """
        run = self._run(token)
        try:
            known, programs = self._part(name, part)
            given = await asyncio.gather(*[self._value(each) for each in sent])

            def execute(k: int, values: Sequence[Any]) -> Any:
                return self._executed(known.tasks[k].index, programs[k], values, settings)

            def pull(source: Remote) -> Any:
                return self._asked(source.address, TAKE, token=token, task=source.task, result=source.result)

            return _answer(await run.done(known, given, execute, pull))
        except MissingError:
            return {"status": "missing"}
        except Exception as error:
            run.fail(error)
            return _raised(error)
        finally:
            self._tidy(token)

    async def take(self, token: str, task: int, result: int) -> dict[str, Any]:
        """A result of a task of a run, when it is there.

        Arguments:
            token: of the run.
            task: its index in the plan.
            result: which of its results.
        """
        try:
            return _answer(await self._run(token).take(task, result))
        except Exception as error:
            return _raised(error)
        finally:
            self._tidy(token)

    async def value(self, key: Any) -> dict[str, Any]:
        """A value that lies here as a result of Dask."""
        data = self._worker.data
        return _answer(data[key]) if key in data else {"status": "lost"}

    async def drop(self, token: str) -> str:
        """Stop a run, and forget it."""
        await stop_run(token)
        run = self._runs.pop(token, None)
        if run is not None:
            run.fail(LostError("the run was stopped"))
        return "OK"

    # What a run asks for.

    def _executed(self, task: int, program: Any, values: Sequence[Any], settings: Settings) -> Any:
        """The results and the report of a task, in a thread."""
        context = copy_context()
        context.run(_worker_cvar.set, self._worker)  # an op may ask for the worker that it runs on
        address = self._worker.address
        call = lambda: context.run(told, task, program, values, settings, address)  # noqa: E731
        try:
            return asyncio.get_running_loop().run_in_executor(self._pool, call)
        except RuntimeError as error:  # its pool takes nothing any more
            raise LostError("the worker is ending") from error

    async def _asked(self, address: str, op: str, **message: Any) -> Any:
        """What another worker answers."""
        try:
            return unpacked(await getattr(self._worker.rpc(address), op)(**message))
        except OSError as error:
            raise LostError(f"{address} is gone") from error

    async def _value(self, sent: Sent) -> Any:
        if isinstance(sent, Brought):
            if sent.digest:
                self._keep(sent.digest, np.array(sent.value))  # in one process the caller's array would be kept
            return sent.value
        if isinstance(sent, Kept):
            if sent.digest not in self._kept:
                raise MissingError(sent.digest)
            self._kept.move_to_end(sent.digest)
            return self._kept[sent.digest]
        return Pick(0, None, sent.leaf, sent.rows, sent.type).of([await self._lying(sent)])

    async def _lying(self, sent: Lying) -> Any:
        if sent.key in self._worker.data:
            return self._worker.data[sent.key]
        if sent.address == self._worker.address:
            raise LostError(f"{sent.key} is not here any more")
        return await self._asked(sent.address, VALUE, key=sent.key)

    # What is kept.

    def _part(self, name: str, part: bytes | None) -> tuple[Part, list[Callable[..., tuple[Any, ...]]]]:
        if part is not None:
            known, bodies = pickle.loads(part)  # type: ignore[no-untyped-call]
            programs = [Program(body, task.name) for body, task in zip(bodies, known.tasks, strict=True)]
            self._parts[name] = known, [program.compiled() for program in programs]
        if name not in self._parts:
            raise MissingError(name)
        self._parts.move_to_end(name)
        while len(self._parts) > PARTS:
            self._parts.popitem(last=False)
        return self._parts[name]

    def _keep(self, digest: str, value: Any) -> None:
        self._kept[digest] = value
        self._kept.move_to_end(digest)
        while sum([each.nbytes for each in self._kept.values()]) > LIMIT and len(self._kept) > 1:
            self._kept.popitem(last=False)

    def _run(self, token: str) -> Run:
        if token not in self._runs:
            self._runs[token] = Run()
            while len(self._runs) > RUNS:
                self._runs.popitem(last=False)
        return self._runs[token]

    def _tidy(self, token: str) -> None:
        if token in self._runs and self._runs[token].is_over:
            del self._runs[token]


def _answer(value: Any) -> dict[str, Any]:
    return {"status": "OK", "result": to_serialize(value)}  # type: ignore[no-untyped-call]


def _raised(error: Exception) -> dict[str, Any]:
    if isinstance(error, LostError):
        return {"status": "lost"}
    return dict(error_message(error, status="raised"))


def unpacked(answer: Any) -> Any:
    """What a runner has answered.

    Arguments:
        answer: its message.
    Errors:
        MissingError: it has to be told again what was told before.
        LostError: it is gone, or has lost what it needs.
        Exception: what an op raised there.
    """
    status = answer.get("status") if isinstance(answer, dict) else None
    if status == "OK":
        return answer["result"]
    if status == "missing":
        raise MissingError
    if status != "raised":
        raise LostError(f"it answered {status!r}")
    _, error, traceback = clean_exception(**answer)
    raise error.with_traceback(traceback) if error is not None else LostError("it answered nothing")
