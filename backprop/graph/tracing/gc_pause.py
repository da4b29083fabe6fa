"""Pause Python's garbage collection while graphs are made.

Nodes are many, live long and form no cycles; the collector visits all of them again and again, which takes longer than
making them. Reference counts still free what is no longer used.

Limits: the collector belongs to the process, so it is paused for other threads as well.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class gc_paused:  # noqa: N801 - used as a function; a class, as generators take longer
    """No garbage collection in a `with` block, or in a function that this decorates."""

    __slots__ = ("_enabled",)

    def __enter__(self) -> None:
        self._enabled = gc.isenabled()
        gc.disable()

    def __exit__(self, *error: object) -> None:
        if self._enabled:
            gc.enable()

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """The function, with garbage collection paused in each of its calls."""

        @wraps(function)
        def paused(*args: P.args, **kwargs: P.kwargs) -> R:
            with gc_paused():
                return function(*args, **kwargs)

        return paused
