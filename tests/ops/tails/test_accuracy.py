"""The errors on docs/coverage.md are those that are measured, and what is taken for true is what mpmath says.

The figures are those of the versions on the page; other versions of SciPy, and other processors, may lose some more in
functions of their own: ten times as much is allowed for, and nothing where the page says that all is right.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from tests.ops.tails.functions import TAILS, Tail
from tests.ops.tails.measure import errors, stored, truth

PAGE = Path(__file__).parents[3] / "docs" / "coverage.md"
CELL = r"(\d[\d.e+]*|inf)"
ROW = re.compile(rf"^\| ([^|]+) \| {CELL} \| {CELL} \| {CELL} \|$", re.MULTILINE)
ROWS = {row[1]: tuple(map(float, row.groups()[1:])) for row in ROW.finditer(PAGE.read_text(encoding="utf-8"))}


def test_the_page_has_a_row_for_each_function() -> None:
    assert set(ROWS) == {tail.name for tail in TAILS}


@pytest.mark.parametrize("tail", TAILS, ids=lambda tail: tail.name)
def test_no_error_is_larger_than_the_page_says(tail: Tail) -> None:
    for found, most in zip(errors(tail), ROWS[tail.name], strict=True):
        assert found <= 10 * most + 4


@pytest.mark.parametrize("tail", TAILS, ids=lambda tail: tail.name)
def test_the_derivatives_are_right_where_they_can_be(tail: Tail) -> None:
    """No derivative underflows to 0, or overflows, where the true one can be represented."""
    assert np.isfinite(errors(tail)[1:]).all()
    assert max(errors(tail)[1:]) < 1e10


CHEAP = [tail for tail in TAILS if not any(part in tail.name for part in ("erfcinv", "ndtri", "k0", "k1", "y0", "y1"))]


@pytest.mark.parametrize("tail", CHEAP, ids=lambda tail: tail.name)
def test_the_truth_is_that_of_mpmath(tail: Tail) -> None:
    """At one point of a grid, another one for each function."""
    middle = np.flatnonzero((abs(tail.grid) > 1e-3) & (abs(tail.grid) < 40))
    k = middle[len(tail.name) * 7 % len(middle)]
    np.testing.assert_array_equal(stored()[tail.name][:, k], truth(tail, float(tail.grid[k])))
