"""Nothing is kept for ever: many calls with a fresh executor, a fresh shape, a fresh closure each, in bounded memory.

A few hundred calls by default; 10,000 of each kind with `--hypothesis-profile=deep` (`make chaos`), figures printed.
"""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import settings

import backprop as bp
from backprop.ops.core.cache import CACHE

CALLS, LIMIT = 300, 1 << 20
"""By default: so many calls fill a cache of so many bytes."""
LONG_CALLS, LONG_LIMIT = 10_000, 4 << 20
"""In a long run."""
SLACK = 3 << 20
"""Bytes beside the cache: entries that come and go, and what Python keeps of its own."""
TABLES = 7 << 20
"""Bytes of the tables of types (`lru_cache`), which are bounded by number: up to 8,192 shapes, 6.1 MB when full."""
FLAT = 1 << 19
"""Bytes by which memory may grow in a tenth of the calls, when the cache and the tables are full."""


def calls_and_limit() -> tuple[int, int]:
    """Of this run."""
    return (LONG_CALLS, LONG_LIMIT) if settings().max_examples >= 2_000 else (CALLS, LIMIT)


@pytest.fixture(autouse=True)
def _small_cache() -> Iterator[None]:
    limit = CACHE.limit
    bp.clear_caches(limit=calls_and_limit()[1])
    yield
    bp.clear_caches(limit=limit)


def loss(x: Any) -> Any:
    return np.sum(np.sin(x) * x)


def fresh_executor(k: int) -> None:
    x = np.ones(20_000)
    bp.grad(loss, executor=bp.Threads(2) if k % 2 else bp.Serial())(x)


def fresh_shape(k: int) -> None:
    bp.grad(loss)(np.ones(k + 1))


def fresh_closure(k: int) -> None:
    bp.grad(lambda x: np.sum(np.sin(x) * float(k) + x))(np.ones(7))


def fresh_op_with_data(k: int) -> None:
    data = np.full(10_000, float(k))
    scaled = bp.op(lambda x: x * data, name="scaled", like=0)
    scaled.defvjp(lambda g, ans, x: g * data)
    bp.grad(lambda x: np.sum(scaled(x)))(np.ones(10_000))


COMPILED = bp.compile(bp.grad(loss))


def fresh_signature(k: int) -> None:
    COMPILED(np.ones(k + 1))


def fresh_compiled(k: int) -> None:
    bp.compile(bp.grad(lambda x: np.sum(np.sin(x) * float(k) + x)))(np.ones(7))


HELD: list[Callable[..., Any]] = []


def held_compiled(k: int) -> None:
    """Many compiled functions that stay: what they traced is within the bound, all together."""
    if k % 64 == 0:
        HELD[:] = [bp.compile(bp.grad(loss)) for _ in range(8)]
    HELD[k % 8](np.ones(k + 1))


KINDS: tuple[Callable[[int], None], ...] = (
    *(fresh_executor, fresh_shape, fresh_closure),
    *(fresh_op_with_data, fresh_signature),
    *(fresh_compiled, held_compiled),
)


@pytest.mark.parametrize("kind", KINDS)
def test_memory_is_flat_after_the_bound(kind: Callable[[int], None]) -> None:
    calls, limit = calls_and_limit()
    held = []  # at eight and nine tenths and at the end
    tracemalloc.start()
    try:
        for k in range(calls):
            kind(k)
            assert CACHE.nbytes <= limit
            if k + 1 in (calls * 8 // 10, calls * 9 // 10, calls):
                gc.collect()
                held.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    told = ", ".join(f"{nbytes:,}" for nbytes in held)
    print(f"{kind.__name__}: {calls} calls, {told} bytes at 8, 9 and 10 tenths, cache {CACHE.nbytes:,}")
    assert held[-1] < limit + SLACK + (TABLES if calls == LONG_CALLS else 0)
    assert min(held[1] - held[0], held[2] - held[1]) < FLAT  # in one of them a table of Python's own may become larger
