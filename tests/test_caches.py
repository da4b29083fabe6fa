"""The public handle of the cache: it empties it, and sets its bound."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import backprop as bp
from backprop.errors import ArgumentError
from backprop.ops.core.cache import CACHE


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    limit = CACHE.limit
    yield
    bp.clear_caches(limit=limit)


def loss(x: Any) -> Any:
    return np.sum(np.sin(x) * x)


def long(x: Any) -> Any:
    for _ in range(800):
        x = np.sin(x) * 1.01
    return x


X = np.linspace(0.0, 1.0, 7)


def test_clearing_leaves_nothing_and_results_are_the_same() -> None:
    bp.clear_caches(limit=0)  # of what compiled functions of other tests have traced
    bp.clear_caches(limit="1 MiB")
    want = bp.grad(loss)(X)
    assert len(CACHE) > 0
    bp.clear_caches()
    assert (len(CACHE), CACHE.nbytes) == (0, 0)
    assert bp.grad(loss)(X).tobytes() == want.tobytes()


@pytest.mark.parametrize(("limit", "nbytes"), [("1 MiB", 1 << 20), ("2kB", 2_000), (12_345, 12_345), (0, 0)])
def test_a_limit_is_kept(limit: Any, nbytes: int) -> None:
    bp.clear_caches(limit=limit)
    assert CACHE.limit == nbytes
    for k in range(1, 30):
        bp.grad(loss)(np.ones(k))
    assert len(CACHE) == 1 or CACHE.nbytes <= nbytes
    bp.clear_caches()
    assert CACHE.limit == nbytes


@pytest.mark.parametrize("limit", [-1, "much", "-1 MB"])
def test_what_is_no_limit_is_refused(limit: Any) -> None:
    with pytest.raises(ArgumentError, match="number of bytes"):
        bp.clear_caches(limit=limit)


@pytest.mark.parametrize(("word", "nbytes"), [("3 MiB", 3 << 20), ("", 256 << 20)])
def test_the_environment_sets_the_limit(word: str, nbytes: int) -> None:
    code = "import backprop; from backprop.ops.core.cache import CACHE; print(CACHE.limit)"
    environment = {**os.environ, "BACKPROP_CACHE_LIMIT": word}
    told = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert int(told.stdout) == nbytes


def test_all_compiled_functions_are_within_one_limit_together() -> None:
    bp.clear_caches(limit="2 MiB")
    compiled = [
        bp.compile(bp.grad(lambda x, k=k: np.sum(np.sin(x) * x * np.full(20_000, float(k))))) for k in range(40)
    ]
    for f in compiled:
        f(np.ones(20_000))
        assert CACHE.nbytes <= 2 << 20
    bp.clear_caches(limit="1 MiB")
    assert CACHE.nbytes <= 1 << 20


def test_clearing_leaves_what_compiled_functions_have_captured() -> None:
    captured = [2.0]
    compiled = bp.compile(lambda x: np.sum(x) * captured[0])
    assert [compiled(np.ones(k)) for k in (1, 2)] == [2.0, 4.0]
    captured[0] = 5.0
    bp.clear_caches()
    assert [compiled(np.ones(k)) for k in (1, 2)] == [2.0, 4.0]
    assert compiled.traces == 2


def test_derivatives_that_are_parts_of_a_compiled_graph_are_let_go() -> None:
    bp.clear_caches(limit=0)
    bp.clear_caches(limit="64 MiB")
    bp.compile(bp.grad(np.sin), executor="serial")(0.7)  # loads what it needs
    tracemalloc.start()
    try:
        compiled = bp.compile(bp.grad(long), executor="serial")
        compiled(0.7)
        gc.collect()
        held = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert held < 230 * len(compiled.graph(0.7))  # 183 bytes a node, from the trace to the plan; 272 with what passes


def test_derivatives_of_functions_that_are_traced_at_every_call_are_kept() -> None:
    bp.clear_caches()
    second = bp.grad(bp.grad(long))
    want = second(0.7)
    before = len(CACHE)
    assert second(0.7) == want
    assert len(CACHE) == before
