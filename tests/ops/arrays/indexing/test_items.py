"""Indexing against NumPy, for keys that hypothesis makes up, and what wrong keys say."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from backprop.errors import ShapeError
from backprop.ops.arrays.indexing.items import at_add, at_set, getitem, put_index, scatter_add
from backprop.ops.arrays.indexing.keys import ARRAY, Slice
from backprop.ops.core.types import ArrayType
from tests.ops.tape import TapeVar, value_of

SHAPES = hnp.array_shapes(min_dims=1, max_dims=4, min_side=1, max_side=4)


@st.composite
def keyed(draw: st.DrawFn) -> tuple[np.ndarray[Any, Any], Any]:
    shape = draw(SHAPES)
    kinds = [
        hnp.basic_indices(shape, allow_newaxis=True),
        hnp.integer_array_indices(shape),
        hnp.arrays(bool, shape),
        mixed(shape),
    ]
    return np.arange(np.prod(shape), dtype=float).reshape(shape) + 1, draw(st.one_of(kinds))


@st.composite
def mixed(draw: st.DrawFn, shape: tuple[int, ...]) -> tuple[Any, ...]:
    """Ints, slices, index arrays, masks and None in one key."""
    key: list[Any] = []
    for n in shape[: draw(st.integers(1, len(shape)))]:
        rows = hnp.arrays(np.intp, (2,), elements=st.integers(-n, n - 1))
        two_of = st.permutations(range(max(n, 2))).map(lambda p, n=n: np.isin(np.arange(n), p[:2]))
        key.append(draw(st.one_of(st.integers(-n, n - 1), st.slices(n), rows, two_of if n > 1 else rows)))
        key.extend([None] * draw(st.integers(0, 1)))
    return tuple(key)


@given(keyed())
def test_getitem_is_numpys(pair: tuple[Any, Any]) -> None:
    x, key = pair
    for found in (getitem(x, key), value_of(getitem(TapeVar(x), key))):
        np.testing.assert_array_equal(found, x[key])


@given(keyed())
def test_assignments_are_numpys(pair: tuple[Any, Any]) -> None:
    x, key = pair
    values = 0.5 + np.arange(np.size(x[key])).reshape(np.shape(x[key]))
    wanted, total = x.copy(), x.copy()
    wanted[key] = values
    np.add.at(total, key, values)
    np.testing.assert_array_equal(value_of(at_set(TapeVar(x), key, values)), wanted)
    np.testing.assert_array_equal(value_of(at_add(TapeVar(x), key, values)), total)


@given(keyed())
def test_keys_in_normal_form_pickle_and_hash(pair: tuple[Any, Any]) -> None:
    made = getitem(TapeVar(pair[0]), pair[1])
    params = made.params if isinstance(made, TapeVar) else {}
    assert pickle.loads(pickle.dumps(params)) == params
    hash(tuple(params.items()))


def test_equal_keys_have_one_normal_form() -> None:
    x = TapeVar(np.ones((3, 4)))
    keys = {
        getitem(x, key).params["key"]
        for key in (-2, np.int64(1), (1,), (1, slice(None)), (1, ...), (..., 1, slice(0, 9)))
    }
    assert keys == {(1,)}
    assert getitem(x, slice(None, None, -1)).params["key"] == (Slice(2, None, -1),)
    assert getitem(x, (slice(None), slice(0, 4))) is x


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "complex128"])
def test_a_large_scatter_of_rows_adds_in_the_order_of_the_rows(dtype: str) -> None:
    rng = np.random.default_rng(0)
    rows, values = rng.integers(-50, 50, (40, 20)), rng.normal(size=(40, 20, 16)).astype(dtype)
    expected = np.zeros((50, 16), dtype)
    np.add.at(expected, rows, values)
    found = scatter_add(values, rows, shape=(50, 16), key=(ARRAY,), unique=False)
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("key", "text"),
    [
        (3, "index 3 is out of bounds for axis 0 with size 3"),
        ((slice(None), -5), "index -5 is out of bounds for axis 1 with size 4"),
        ((slice(None), [0, 4]), "index 4 is out of bounds for axis 1 with size 4"),
        ((0, 0, 0), "too many indices for array: array is 2-dimensional, but 3 were indexed"),
        ((..., ...), "single ellipsis"),
        (np.array([0.5]), "arrays of integers or booleans"),
        (np.ones(4, bool), "along axis 0: 4 against 3"),
        (([0, 1], [0, 1, 2]), "could not be broadcast"),
    ],
)
def test_a_wrong_key_is_an_index_error_at_once(key: Any, text: str) -> None:
    with pytest.raises(IndexError, match=text):
        getitem(TapeVar(np.ones((3, 4))), key)


def test_a_traced_mask_is_asked_for_its_count() -> None:
    x = TapeVar(np.array([1.0, -2.0, 3.0]))
    np.testing.assert_array_equal(getitem(x, x > 0).value, [1.0, 3.0])


def test_a_value_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ShapeError, match=r"\(2,\) does not broadcast to that of the selection, \(3,\)"):
        put_index.infer(ArrayType((3, 4)), ArrayType(2), key=(Slice(0, 3, 1), 0), unique=True)
