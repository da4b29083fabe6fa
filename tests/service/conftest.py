"""Services in this process: each listens on loopback, at a port that is free, and is drained at the end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from backprop.scheduler.executors.threads import Threads
from backprop.service.server.serving import Serving
from backprop.service.server.settings import Settings

Start = Callable[..., Any]


@contextmanager
def serving(
    state: Path, ops: Any = None, executor: Any = None, models: Any = None, **settings: Any
) -> Iterator[Serving]:
    """A service that runs in a thread."""
    chosen = replace(Settings(port=0, state=state), **settings)
    service = Serving(chosen, executor or Threads(2), ops or {}, models or {}, "test")
    thread = threading.Thread(target=service.run)
    thread.start()
    try:
        yield service
    finally:
        service.stop()
        thread.join(30)
        assert not thread.is_alive()


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Serving]:
    with serving(tmp_path / "state") as service:
        yield service
