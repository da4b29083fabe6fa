"""Processes that tests start, and ports for them."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


def free_port() -> int:
    """A port of the loopback interface at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def process(*words: str, ready: str) -> Iterator[subprocess.Popen[str]]:
    """A Python process that has said that it is ready; it is killed in the end.

    Arguments:
        words: behind the interpreter.
        ready: a pattern of the line that says so.
    """
    with subprocess.Popen(
        [sys.executable, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as made:
        try:
            assert made.stdout is not None
            said = [""]
            while not re.search(ready, said[-1]):
                said.append(made.stdout.readline())
                assert said[-1], "".join(said)
            threading.Thread(target=made.stdout.read, daemon=True).start()
            yield made
        finally:
            made.kill()


def workers_of(cluster: Any) -> list[Any]:
    """The processes of the workers of a LocalCluster that run."""
    found = [getattr(getattr(nanny, "process", None), "process", None) for nanny in list(cluster.workers.values())]
    return [process for process in found if process is not None and process.pid is not None]
