"""Whether plans are corrected by what was measured, for the code that runs in a `with` block."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache

VARIABLE = "BACKPROP_MEASURED_COSTS"
"""The environment variable that says it for a process: 0 for not at all."""

_ON: ContextVar[bool | None] = ContextVar("measured costs", default=None)


def measures() -> bool:
    """Whether runs are timed, and plans corrected."""
    on = _ON.get()
    return _is_on_by_default() if on is None else on


@cache
def _is_on_by_default() -> bool:
    """What the environment says, read once a process."""
    return os.environ.get(VARIABLE) != "0"


@contextmanager
def measured_costs(on: bool = True) -> Iterator[None]:
    """Correct plans by what their tasks take, or leave them as they are predicted, in a `with` block.

    The first replays of a plan are timed. Where a task takes another time than was predicted, its ops are timed once,
    and the graph is cut anew, so that threads share the work as it is; `explain` tells. What was learned of ops is kept
    in the user's cache folder. Results are the same to the bit either way. Outside of such blocks it is on, unless the
    environment variable BACKPROP_MEASURED_COSTS is 0.

    Arguments:
        on: whether to measure.
    Example:
        >>> with bp.measured_costs(False):
        ...     bp.grad(lambda x: x * x)(3.0)
        6.0
    """
    token = _ON.set(on)
    try:
        yield
    finally:
        _ON.reset(token)
