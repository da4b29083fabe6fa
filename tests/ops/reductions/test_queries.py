"""Questions about traced arrays are answered as NumPy answers them about plain ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from backprop.ops.composites import searching
from backprop.ops.reductions import queries
from tests.ops.tape import TapeVar, value_of

X = np.array([[0.0, 1.0, np.nan], [np.inf, -np.inf, -0.0]])
Y = np.array([[1e-9, 1.1, np.nan], [np.inf, np.inf, 0.0]])
Z = np.array([1.0 + 2.0j, 3.0, 0.0])

QUESTIONS: tuple[tuple[str, tuple[Any, ...], dict[str, Any]], ...] = (
    ("isclose", (X, Y), {}),
    ("isclose", (X, Y), {"equal_nan": True, "rtol": 0.2}),
    ("allclose", (X, X), {}),
    ("allclose", (X, X), {"equal_nan": True}),
    ("array_equal", (X, X), {"equal_nan": True}),
    ("array_equal", (X, X[0]), {}),
    ("array_equal", (X[1], X[1]), {}),
    ("array_equiv", (np.ones((2, 3)), np.ones(3)), {}),
    ("array_equiv", (np.ones((2, 3)), np.ones(2)), {}),
    ("isposinf", (X,), {}),
    ("isneginf", (X,), {}),
    ("isreal", (Z,), {}),
    ("iscomplex", (Z,), {}),
    ("iscomplexobj", (Z,), {}),
    ("iscomplexobj", (X,), {}),
    ("isrealobj", (X,), {}),
    ("isin", (X, [1.0, np.inf]), {}),
    ("isin", (X, 0), {"invert": True}),
    ("nanargmax", (X[:, :2],), {"axis": 1}),
    ("nanargmin", (Y,), {}),
    ("nanargmin", (X[0],), {"keepdims": True}),
    ("result_type", (X.astype("float32"), Z.astype("complex64")), {}),
    ("can_cast", (np.dtype("float64"), "float32"), {}),
    ("common_type", (X.astype("float32"),), {}),
    ("diag_indices_from", (np.ones((3, 3)),), {}),
    ("tril_indices_from", (X,), {"k": 1}),
    ("triu_indices_from", (X,), {}),
)


@pytest.mark.parametrize(("name", "args", "params"), QUESTIONS)
def test_an_answer_is_numpys(name: str, args: tuple[Any, ...], params: dict[str, Any]) -> None:
    expected = getattr(np, name)(*args, **params)
    traced = [TapeVar(x) if isinstance(x, np.ndarray) else x for x in args]
    for operands in (traced, args):
        found = value_of(getattr(queries, name)(*operands, **params))
        if isinstance(expected, np.ndarray | np.generic | tuple):
            np.testing.assert_array_equal(found, expected)
        else:
            assert found == expected


@pytest.mark.parametrize("right", [False, True])
@pytest.mark.parametrize("bins", [[0.0, 1.0, 2.0], [2.0, 1.0, 0.0]])
def test_digitize(bins: list[float], right: bool) -> None:
    x = np.array([-1.0, 0.0, 0.5, 1.0, 2.0, 3.0])
    np.testing.assert_array_equal(value_of(searching.digitize(TapeVar(x), bins, right)), np.digitize(x, bins, right))


@pytest.mark.parametrize("side", ["left", "right"])
def test_searchsorted(side: Any) -> None:
    a, v = np.array([0.0, 1.0, 1.0, 2.0]), np.array([[1.0, -1.0], [0.5, 5.0]])
    np.testing.assert_array_equal(value_of(searching.searchsorted(TapeVar(a), v, side)), np.searchsorted(a, v, side))


def test_interp_at_its_points_and_outside() -> None:
    x, y = np.array([0.0, 1.0, 3.0]), np.array([2.0, -1.0, 0.5])
    at = np.array([-1.0, 0.0, 1.0, 2.0, 3.0, 4.0])
    np.testing.assert_array_equal(searching.interp(at, x, y), np.interp(at, x, y))
    np.testing.assert_array_equal(searching.interp(at, x, y, 7.0, 8.0), np.interp(at, x, y, 7.0, 8.0))
