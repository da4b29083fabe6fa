"""Checks of derivatives, for the tests of users as well as our own.

    bp.testing.check_grads(loss, (params, batch))           a function, at some arguments
    bp.testing.check_op(bp.ops.logaddexp, (x, y))           an op, over dtypes, layouts, broadcasting, empty arrays
    bp.testing.check_value_laws(Signal, s, t)               a class made known by bp.register (see api/laws.py)

The first two compare a reverse-mode gradient, projected on a random direction, with finite differences; where a
function takes complex numbers and is analytic, with the complex step, which has no rounding error to speak of.
Directions are seeded, so that a failure repeats. Each raises an AssertionError that says which operand, what was
expected, and what was got.

Sources: W. Squire and G. Trapp, Using complex variables to estimate derivatives of real functions, SIAM Review 40(1),
1998; B. Fornberg, Generation of finite difference formulas on arbitrarily spaced grids, 1988 (the central formula).
"""

from __future__ import annotations

from ..api.user_ops.laws import check_value_laws
from .derivatives import check_grads
from .ops import check_op

__all__ = ["check_grads", "check_op", "check_value_laws"]
