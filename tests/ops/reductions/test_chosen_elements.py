"""Means and spreads of the elements that `where=` chooses: values, dtypes and shapes of NumPy's, and derivatives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import backprop as bp
from backprop.testing import check_grads

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

RNG = np.random.default_rng(1)
CHOSEN = RNG.random((4, 5)) > 0.4
CHOSEN[2] = False
M = 3 * RNG.normal(size=(4, 5))
OPTIONS: list[dict[str, Any]] = [{}, {"axis": 0}, {"axis": 1, "keepdims": True}, {"axis": (0, 1)}]
MASKS = {"all of them": CHOSEN, "a row": CHOSEN[0], "a column": CHOSEN[:, :1], "a list": [[True]]}


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.complex128, np.int64])
@pytest.mark.parametrize("reduce", [np.mean, np.var, np.std])
def test_values(reduce: Any, dtype: Any) -> None:
    x = M.astype(dtype)
    for mask in MASKS.values():
        for options in OPTIONS if reduce is np.mean else [*OPTIONS, {"axis": 1, "ddof": 1}, {"axis": 1, "ddof": 2}]:
            found = bp.compile(lambda x, o=options, m=mask: reduce(x, where=m, **o))(x)
            expected = reduce(x, where=mask, **options)
            assert (np.asarray(found).dtype, np.shape(found)) == (expected.dtype, np.shape(expected))
            np.testing.assert_allclose(found, expected, rtol=1e-5 if dtype is np.float32 else 1e-12)


def test_derivatives() -> None:
    mask = CHOSEN | (np.arange(4) == 2)[:, None]
    for reduce in (np.var, np.std):
        check_grads(lambda x, f=reduce: f(x, 1, where=mask), (M,), order=2)
    same = np.array([0.1, 0.1, 0.1, np.nan])
    np.testing.assert_array_equal(bp.grad(lambda x: np.std(x, where=[True, True, True, False]))(same), np.zeros(4))


def test_questions_by_the_methods_of_ufuncs() -> None:
    for ufunc in (np.logical_and, np.logical_or):
        np.testing.assert_array_equal(bp.compile(lambda x, f=ufunc: f.reduce(x > 0))(M), ufunc.reduce(M > 0))
