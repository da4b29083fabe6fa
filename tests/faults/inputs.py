"""A table of inputs that once went wrong: a function, a point, and the answers that are right there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

import backprop as bp
from backprop.errors import BackpropError

NAN = np.nan


class Input(NamedTuple):
    """A function of one array or number, where it is asked, and what is right: a number, or NaN where none is."""

    function: Callable[[Any], Any]
    at: Any
    right: tuple[Any, ...]


def near(found: Any, expected: Any) -> bool:
    """Whether two results are equal to rounding; NaN is like itself."""
    return bool(np.allclose(found, expected, rtol=1e-6, atol=1e-300, equal_nan=True))


def right(found: Any, row: Input) -> bool:
    """Whether a result is one of the right answers."""
    return any(near(found, answer) for answer in row.right)


def refusal(function: Callable[[Any], Any], x: Any) -> str | None:
    """What an error of ours says where a function is refused; None where it is not. Other errors are raised."""
    try:
        bp.evaluate(function)(x)
    except BackpropError as error:
        return str(error)
    return None
