"""Colourings: what has one colour can be told apart, on random patterns and on some that are known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from backprop.graph.sparsity.colouring import alone, colour_columns, colour_stars, count

patterns = st.tuples(st.integers(0, 8), st.integers(0, 8)).flatmap(lambda shape: arrays(bool, shape))
squares = st.integers(1, 9).flatmap(lambda n: arrays(bool, (n, n))).map(lambda a: a | a.T)


@given(patterns)
def test_no_row_has_two_columns_of_one_colour(pattern: Any) -> None:
    colours = colour_columns(sp.csr_array(pattern))
    assert len(colours) == pattern.shape[1]
    for row in pattern:
        mine = colours[row]
        assert len(set(mine.tolist())) == len(mine)
    if pattern.size:
        assert count(colours) >= pattern.sum(axis=1).max()


@given(squares)
def test_each_element_of_a_symmetric_matrix_or_its_mirror_image_stands_alone_in_its_row(
    pattern: Any,
) -> None:
    pattern = pattern | np.eye(len(pattern), dtype=bool)
    matrix = sp.csr_array(pattern)
    shows = sp.csr_array((alone(matrix, colour_stars(matrix)), matrix.indices, matrix.indptr), shape=matrix.shape)
    found = shows.toarray()
    assert np.array_equal(found | found.T, pattern)
    assert found.diagonal().all()


def banded(n: int, width: int) -> Any:
    return sp.csr_array(sp.diags_array(np.ones((2 * width + 1, n)), offsets=range(-width, width + 1), shape=(n, n)))


def arrow(n: int) -> Any:
    dense = np.eye(n, dtype=bool)
    dense[0] = dense[:, 0] = True
    return sp.csr_array(dense)


@pytest.mark.parametrize(
    ("pattern", "columns", "stars"),
    [(banded(1000, 2), 5, 5), (banded(1000, 1), 3, 3), (arrow(200), 200, 2), (sp.eye_array(30), 1, 1)],
)
def test_how_many_colours_known_patterns_take(pattern: Any, columns: int, stars: int) -> None:
    assert count(colour_columns(pattern)) == columns
    assert count(colour_stars(pattern)) <= stars
