"""An executor of each class, found as the verbs find them: by the words that its class declares.

A new executor is taken into the contract without a line here, if one of its words needs no address. Words that do are
tested where there is somebody at the address.
"""

from __future__ import annotations

import threading
from functools import partial
from typing import Any, TypeAlias

from backprop.api.executors import executor_classes
from backprop.scheduler.executors.base import AbstractExecutor
from backprop.scheduler.executors.cluster.connection import closing
from backprop.scheduler.executors.cluster.executor import Cluster
from backprop.scheduler.executors.threads import Threads

Make: TypeAlias = "partial[AbstractExecutor]"

IN_THREADS = "cluster:2-in-threads"
FURTHER: dict[str, Make] = {
    "threads:1": partial(Threads, 1),
    "threads:4": partial(Threads, 4),
    IN_THREADS: partial(Cluster, n_workers=2, processes=False),
}
"""Executors of classes that are found anyway, with other arguments."""


def found() -> dict[str, Make]:
    """What makes an executor of each class, by its word: the one with a number, where there is one."""
    words = {cls: [word for word in cls.words if "HOST" not in word] for cls in executor_classes()}
    best = {cls: max(each, key=len).replace(":N", ":2") for cls, each in words.items() if each}
    return {word: partial(cls, **(cls.arguments_for(word) or {})) for cls, word in best.items()}


def executors() -> dict[str, Make]:
    """What makes each executor that the contract holds for, by name."""
    return {**found(), **FURTHER}


def is_local(make: Make) -> bool:
    """Whether an executor runs all tasks in this process, and costs nothing to start."""
    return isinstance(make.func, type) and issubclass(make.func, AbstractExecutor) and make.func.shares_gil


def status_when_let_go(client: Any) -> str:
    """The status of a client, once the thread has ended that closes it where nobody uses it any more."""
    for thread in threading.enumerate():
        if thread.name == closing(client):
            thread.join(30)
    return str(client.status)
