"""Ops of the operator's own in processes of their own, which can be ended in the middle of one.

No thread of Python can be ended from outside, and an opaque solver may take hours. So a plan is changed: each op that
is not the package's computes in a child process, to which its operands are sent, and which is ended when the run is
stopped. Children are used again, and started where there is none that is idle; they end with the process that started
them. The bits are the same.

Limits: an op that is local to its process (`local=True`) stays in it. Messages between these processes are pickles.
"""

from __future__ import annotations

import os
import pickle
import struct
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, BinaryIO

import cloudpickle

from ..errors import RemoteError, WorkerLostError
from ..graph.graph import Graph, with_bodies
from ..ops.core.cache import cached
from ..ops.core.op import Kind, Op
from ..ops.core.stopping import check_stop, current_stop
from ..scheduler.machine.blas import blas_threads
from ..scheduler.planning.plan import Plan

LENGTH = struct.Struct("<Q")


def isolated(plan: Plan) -> Plan:
    """A plan whose ops that are not the package's compute in child processes."""
    bodies = [_isolated(task.body) for task in plan.tasks]
    if all(body is task.body for body, task in zip(bodies, plan.tasks, strict=True)):
        return plan
    tasks = [replace(task, body=body) for body, task in zip(bodies, plan.tasks, strict=True)]
    return replace(plan, tasks=tuple(tasks))


def _isolated(graph: Graph) -> Graph:
    graph = with_bodies(graph, _isolated)
    if all(node.op.is_built_in for node in graph.nodes):
        return graph
    nodes = [node if _stays(node.op) else node._replace(op=_elsewhere(node.op)) for node in graph.nodes]
    return replace(graph, nodes=tuple(nodes))


def _stays(op: Op) -> bool:
    return op.is_built_in or op.kind is Kind.HOST_PINNED


@cached()
def _elsewhere(op: Op) -> Op:
    return replace(op, compute=Elsewhere(op))


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What an op computes, in a child process.

    Arguments:
        op: the op.
    """

    op: Op

    def __call__(self, *values: Any, **params: Any) -> Any:
        """The value."""
        return processes().call(self.op, values, params)


class Processes:
    """Children that compute."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._idle: list[Child] = []

    def call(self, op: Op, values: Sequence[Any], params: Mapping[str, Any]) -> Any:
        """The value of an op.

        Arguments:
            op: the op.
            values: of its operands.
            params: its parameters.
        Errors:
            WorkerLostError: the child ended. Exception: what the op raised, or what the run was stopped with.
        """
        data = cloudpickle.dumps((op, values, params), pickle.HIGHEST_PROTOCOL)
        child = self._child()
        stop = current_stop()
        try:
            with nullcontext() if stop is None else stop.calling(child.kill):
                answer = child.ask(data)
            check_stop()
        except BaseException as error:
            child.close()
            check_stop()
            if not isinstance(error, EOFError | OSError):
                raise
            what = f"the process that ran {op.name} ended in the middle of it"
            raise WorkerLostError(what, fix="see whether it ends itself, or takes more memory than there is") from error
        with self._lock:
            self._idle.append(child)
        failed, value = pickle.loads(answer)
        if failed:
            raise value
        return value

    def _child(self) -> Child:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        return Child()

    def close(self) -> None:
        """End the children that are idle."""
        with self._lock:
            idle, self._idle = self._idle, []
        for child in idle:
            child.close()


@lru_cache(1)
def processes() -> Processes:
    """The children of this process."""
    return Processes()


class Child:
    """A process that computes one value after the other."""

    def __init__(self) -> None:
        path = os.pathsep.join(filter(None, sys.path))
        words = [sys.executable, "-c", f"from {__name__} import serve; serve()"]
        environment = {**os.environ, "PYTHONPATH": path}
        self._process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)

    def ask(self, data: bytes) -> bytes:
        """The answer to a message.

        Errors:
            EOFError, OSError: the process has ended.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        send(self._process.stdin, data)
        return receive(self._process.stdout)

    def kill(self) -> None:
        """End it, whatever it does; any thread may call this."""
        self._process.kill()

    def close(self) -> None:
        """End it, and let go of it."""
        self.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            with suppress(OSError):  # what was still to be sent
                if stream is not None:
                    stream.close()


def send(stream: BinaryIO | Any, data: bytes) -> None:
    """Write a message."""
    stream.write(LENGTH.pack(len(data)))
    stream.write(data)
    stream.flush()


def receive(stream: BinaryIO | Any) -> bytes:
    """Read a message.

    Errors:
        EOFError: there is none.
    """
    head = stream.read(LENGTH.size)
    data = b"" if len(head) < LENGTH.size else stream.read(LENGTH.unpack(head)[0])
    if len(head) < LENGTH.size or len(data) < LENGTH.unpack(head)[0]:
        raise EOFError
    return bytes(data)


def serve() -> None:
    """What a child does until nobody asks any more; what ops print goes to the error stream."""
    asked, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    with blas_threads(1):
        while True:
            try:
                data = receive(asked)
            except EOFError:
                return
            send(answers, _answer(data))


def _answer(data: bytes) -> bytes:
    try:
        op, values, params = pickle.loads(data)
        return _pickled(False, op.compute(*values, **params))
    except Exception as error:
        try:
            return _pickled(True, error)
        except Exception:
            return _pickled(True, RemoteError(f"{type(error).__name__}: {error}", fix="see the log of the service"))


def _pickled(failed: bool, value: Any) -> bytes:
    data: bytes = cloudpickle.dumps((failed, value), pickle.HIGHEST_PROTOCOL)
    return data
