"""What the library keeps between calls, and how the user bounds and empties it."""

from __future__ import annotations

import os

from ..ops.core.cache import CACHE
from .executors import OPENED
from .sizes import in_bytes

VARIABLE = "BACKPROP_CACHE_LIMIT"
"""The environment variable that sets the limit when the library is imported."""


def clear_caches(limit: int | str | None = None) -> None:
    """Let go of all that was kept between calls: graphs, plans, programs, and the memory that these work in.

    Executors that were opened for a word, such as `executor="cluster:2"`, are let go of as well: their clusters and
    connections close where nothing else uses them.

    Nothing has to be cleared for results to be right. Functions that `compile` made keep what they have traced, as far
    as the limit allows, and what runs meanwhile is not disturbed.

    Arguments:
        limit: bytes to keep from now on, as a number or such as "1 GiB"; None leaves the limit as it is, which is
            256 MiB, or what the environment variable BACKPROP_CACHE_LIMIT said when the library was imported. With 0
            little more than the last result of each kind is kept.
    Errors:
        ArgumentError: a limit that is below zero, or no number of bytes.
    Example:
        >>> bp.clear_caches()
        >>> bp.grad(lambda x: x * x)(3.0)
        6.0
    """
    CACHE.clear(None if limit is None else in_bytes(limit, "limit"))
    OPENED.clear()


if os.environ.get(VARIABLE):
    CACHE.clear(in_bytes(os.environ[VARIABLE], VARIABLE))
