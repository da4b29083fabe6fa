"""The trace that is going on: who makes an array of nothing traced, as `backprop.zeros` does, asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from .steering import Owner

CURRENT: ContextVar[Owner | None] = ContextVar("current", default=None)
"""The builder of the innermost function that is being traced, in this thread; None outside of all."""


@contextmanager
def tracing(builder: Owner) -> Iterator[None]:
    """Meanwhile a builder is the current one."""
    token = CURRENT.set(builder)
    try:
        yield
    finally:
        CURRENT.reset(token)
