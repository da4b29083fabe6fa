"""A loop over integers, as a scan over them."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from .control_flow import scan

C = TypeVar("C")


def fori_loop(start: int, stop: int, body: Callable[[Any, C], C], init: C) -> C:
    """A loop over integers as one node: `carry = body(i, carry)` for i = start, ..., stop - 1.

    Arguments:
        start, stop: plain integers; no step where stop is not above start.
        body: from an integer, which may be an index, and a carry to the next carry. What it captures stays the same in
            all steps.
        init: the first carry, any structure of numbers and arrays; a step keeps their shapes and dtypes.
    Returns:
        the last carry.
    Errors:
        GraphTypeError: a step changes the structure, a shape or a dtype of the carry.
    Example:
        >>> bp.grad(lambda x: bp.fori_loop(0, 3, lambda i, y: y * x, 1.0))(2.0)
        12.0
    """
    steps = np.arange(operator.index(start), max(operator.index(start), operator.index(stop)))
    return scan(lambda carry, i: (body(i, carry), None), init, steps)[0]
