"""Assignments: integers, which do not change where costs change a little."""

from __future__ import annotations

from typing import Any

from ...graph.implicit.choices import assignment
from ...ops.arrays import asarray
from ...ops.arrays.tuples import item

__all__ = ["linear_sum_assignment"]


def linear_sum_assignment(cost_matrix: Any, maximize: bool = False) -> tuple[Any, Any]:
    """`scipy.optimize.linear_sum_assignment`: which column each row is given, so that the costs are the least.

    Arguments:
        cost_matrix: costs (m, n), traced or plain.
        maximize: whether they are to be the most.
    Returns:
        rows and columns, integers (min(m, n),), without a derivative: `cost_matrix[rows, columns].sum()` has one.
    """
    pair = assignment(asarray(cost_matrix), maximize=bool(maximize))
    return item(pair, index=0), item(pair, index=1)
