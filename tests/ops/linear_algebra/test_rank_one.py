"""A sum with a rank-one product: the same routine of BLAS on every machine, and NumPy for complex matrices."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.linalg.blas

import backprop as bp
from backprop.errors import ShapeError
from backprop.ops.linear_algebra import rank_one
from backprop.ops.linear_algebra.rank_one import rank_one_added

C, X, Y = np.arange(12.0).reshape(3, 4), np.arange(3.0)[:, None], np.arange(4.0)[None]
EXPECTED = C - 0.5 * X * Y


@pytest.mark.parametrize("dtype", ["float64", "float32", "complex128"])
def test_the_sum_in_place_and_anew(dtype: str) -> None:
    operands: list[Any] = [array.astype(dtype) for array in (C, X, Y)]
    out = np.empty_like(operands[0])
    assert rank_one_added.compute(*operands, out=out, by=-0.5) is out
    np.testing.assert_array_equal(out, EXPECTED)
    np.testing.assert_array_equal(rank_one_added(*operands, by=-0.5), EXPECTED)
    np.testing.assert_array_equal(operands[0], C)


@pytest.mark.parametrize(("dtype", "ger"), [("float64", scipy.linalg.blas.dger), ("float32", scipy.linalg.blas.sger)])
def test_the_bits_are_those_of_blas_whatever_the_layout(dtype: str, ger: Any) -> None:
    rng = np.random.default_rng(0)
    c, x, y = (rng.normal(size=shape).astype(dtype) for shape in ((37, 53), (37, 1), (1, 53)))
    expected = ger(-0.3, y[0], x[:, 0], a=np.array(c.T, order="F")).T
    wide_x, wide_y = np.repeat(x, 2, axis=1)[:, :1], np.repeat(y, 2, axis=1)[:, ::2]
    assert not wide_y.flags.c_contiguous
    for operands in ((c, x, y), (np.asfortranarray(c), wide_x, wide_y)):
        np.testing.assert_array_equal(rank_one_added(*operands, by=-0.3), expected)


@pytest.mark.parametrize("shape", [(0, 4), (3, 0), (1, 4), (3, 1), (1, 1)])
def test_short_axes(shape: tuple[int, int]) -> None:
    c, x, y = np.ones(shape), np.full((shape[0], 1), 2.0), np.full((1, shape[1]), 3.0)
    np.testing.assert_array_equal(rank_one_added(c, x, y, by=-0.5), np.full(shape, -2.0))


def test_axes_that_blas_cannot_count_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    types = (bp.ArrayType((3, 4)), bp.ArrayType((3, 1)), bp.ArrayType((1, 4)))
    assert rank_one_added.infer(*types, by=1.0) == types[0]
    monkeypatch.setattr(rank_one, "LARGEST", 3)
    with pytest.raises(ShapeError, match="too long for BLAS"):
        rank_one_added.infer(*types, by=1.0)
