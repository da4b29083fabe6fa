"""Products of matrices: which function computes them, and that a large one is not written over what it reads."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import backprop as bp
from backprop.ops.linear_algebra.products import LARGE, matmul

RNG = np.random.default_rng(8)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "complex64", "complex128", "int64", "longdouble"])
@pytest.mark.parametrize("shape", [(3, 4, 5), (100, 7, 90), (100, 1, 90), (1, 5, LARGE), (LARGE, 5, 1), (100, 0, 90)])
@pytest.mark.parametrize("flips", [(False, False), (True, False), (False, True), (True, True)])
def test_a_product_is_that_of_numpy(dtype: str, shape: tuple[int, int, int], flips: tuple[bool, bool]) -> None:
    m, k, n = shape
    x, y = RNG.integers(-4, 5, (m, k)).astype(dtype), RNG.integers(-4, 5, (k, n)).astype(dtype)  # exact sums
    x = np.asfortranarray(x) if flips[0] else x
    y = np.asfortranarray(y) if flips[1] else y
    found = matmul.compute(x, y)
    assert found.dtype == x.dtype
    assert np.array_equal(found, x @ y)
    out = np.empty_like(found)
    assert matmul.compute(x, y, out=out) is out
    assert np.array_equal(out, found)


@pytest.mark.parametrize("n", [4, 100])
def test_compiled_products_have_the_bits_of_the_first_run(n: int) -> None:
    """n = 100 is beyond LARGE; the second product reads what the first one made, for the last time."""

    def f(x: Any) -> Any:
        return np.sum(np.tanh((x * 2.0) @ (x + 1.0)) @ x)

    x = RNG.normal(size=(n, n))
    expected, compiled = bp.grad(f)(x), bp.compile(bp.grad(f))
    assert all(np.array_equal(compiled(x), expected) for _ in range(4))


def test_a_large_product_that_overflows_warns_at_the_line() -> None:
    x = np.full((100, 100), 1e300)
    with pytest.warns(RuntimeWarning, match="overflow encountered in matmul") as caught:
        bp.compile(lambda x: np.sum(x @ x))(x)
    assert caught[0].filename == __file__
