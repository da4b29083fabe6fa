"""Remember what was made of graphs: many results of ordinary ones, and few of long ones, which take much memory."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

LONG = 5000
"""Nodes above which a graph is long."""

MANY, FEW = 512, 4
"""The results that are remembered of ordinary and of long graphs."""


def remembered(length: Callable[..., int]) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Decorates a function of graphs, so that it is not called again with what it was called with lately.

    Arguments:
        length: of the arguments, in nodes.
    """

    def decorated(function: Callable[P, R]) -> Callable[P, R]:
        ordinary, long = lru_cache(MANY)(function), lru_cache(FEW)(function)

        @wraps(function)
        def result(*args: Any) -> R:
            return (long if length(*args) > LONG else ordinary)(*args)

        return result  # type: ignore[return-value]

    return decorated
