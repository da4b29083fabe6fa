"""Where keys overlap, against what NumPy selects by them."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from backprop.ops.arrays.indexing.keys import Key, numpy_key, selection
from backprop.ops.arrays.indexing.overlaps import composed, covers, disjoint, relative, seen_in

SHAPE = (5, 4)
PLACES = np.arange(20).reshape(SHAPE)
ends = st.none() | st.integers(-6, 6)
slices = st.builds(slice, ends, ends, st.sampled_from([None, 1, 2, 3, -1, -2]))


def items(n: int) -> st.SearchStrategy[Any]:
    return st.integers(-n, n - 1) | slices


keys = st.tuples(items(5)) | st.tuples(items(5), items(4))


def normal(key: Any) -> Key:
    return selection(SHAPE, key).key


def chosen(key: Key) -> Any:
    return PLACES[numpy_key(key, 0)]


@given(keys, keys)
def test_whether_two_keys_overlap(one: Any, other: Any) -> None:
    a, b = normal(one), normal(other)
    common = np.intersect1d(chosen(a), chosen(b))
    if disjoint(a, b):
        assert not common.size
    elif all(not isinstance(k, slice) or k.step in (None, 1) for k in (*one, *other)) and chosen(a).size:
        assert common.size or not chosen(b).size


@given(keys, keys)
def test_a_key_that_covers_another_one(one: Any, other: Any) -> None:
    outer, inner = normal(one), normal(other)
    if covers(outer, inner):
        found = chosen(outer)[numpy_key(relative(outer, inner, SHAPE), 0)]
        np.testing.assert_array_equal(found, chosen(inner))


@given(keys, st.data())
def test_a_key_of_a_selection(one: Any, data: Any) -> None:
    outer = normal(one)
    part = chosen(outer)
    if part.ndim and part.size:
        key = data.draw(st.tuples(*[items(n) for n in part.shape]))
        inner = selection(part.shape, key).key
        found = chosen(composed(outer, inner, SHAPE))
        np.testing.assert_array_equal(found, part[numpy_key(inner, 0)])


@given(keys, keys)
def test_a_part_seen_in_a_window(one: Any, other: Any) -> None:
    window, part = normal(one), normal(other)
    seen = None if disjoint(window, part) else seen_in(window, part, SHAPE)
    if seen is not None:
        array = np.full(SHAPE, -1)
        array[numpy_key(part, 0)] = chosen(part)
        expected = array[numpy_key(window, 0)]
        found = np.array(np.full(expected.shape, -1))
        found[numpy_key(seen.target, 0)] = chosen(part)[numpy_key(seen.source, 0)]
        np.testing.assert_array_equal(found, expected)
