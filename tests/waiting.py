"""What tests of waiting share: to wait until something holds, and what work tells a user at a terminal meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType

import pytest

from backprop.scheduler.patience.waiting import Told


def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds, at most a minute."""
    for _ in range(6000):
        if holds():
            return
        threading.Event().wait(0.01)
    raise AssertionError("it never came to that")


def told_by(monkeypatch: pytest.MonkeyPatch, *modules: ModuleType) -> list[Told]:
    """What the work of some modules tells a terminal from now on, in the order in which it begins."""
    found: list[Told] = []

    @contextmanager
    def listening(what: str, total: int | None = None) -> Iterator[Told]:
        found.append(Told(what, total, listens=True))
        yield found[-1]

    for module in modules:
        monkeypatch.setattr(module, "told_of", listening)
    return found
