"""The trace that is going on: who makes an array of nothing traced, as `backprop.zeros` does, asks for it."""

from __future__ import annotations

from contextvars import ContextVar, Token

from .steering import Owner

CURRENT: ContextVar[Owner | None] = ContextVar("current", default=None)
"""The builder of the innermost function that is being traced, in this thread; None outside of all."""


class tracing:  # noqa: N801 - used as a function; a class, as each trace opens one, and generators take longer
    """A context in which a builder is the current one.

    Arguments:
        builder: of the function that is traced.
    """

    __slots__ = ("_builder", "_token")

    def __init__(self, builder: Owner) -> None:
        self._builder = builder

    def __enter__(self) -> None:
        self._token: Token[Owner | None] = CURRENT.set(self._builder)

    def __exit__(self, *error: object) -> None:
        CURRENT.reset(self._token)
