"""What NumPy's own functions make an array of, `numpy.asarray` and its like: a write takes effect, or is an error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import backprop as bp
from backprop.errors import AssignmentError, BackpropError

X = np.arange(1.0, 5.0)
WEIGHTS = np.arange(1.0, 5.0)

TAKEN: dict[str, Callable[[Any], Any]] = {
    "asarray": np.asarray,
    "asanyarray": np.asanyarray,
    "ascontiguousarray": np.ascontiguousarray,
    "asfortranarray": np.asfortranarray,
    "asarray_chkfinite": np.asarray_chkfinite,
    "asarray in an order": lambda a: np.asarray(a, order="C"),
    "asarray of a dtype": lambda a: np.asarray(a, dtype=float),
    "array that need not copy": lambda a: np.array(a, copy=None),
    "array": np.array,
    "copy": np.copy,
    "asarray of a copy": lambda a: np.asarray(a, copy=True),
    "require": np.require,
    "require that it can be written to": lambda a: np.require(a, requirements=["C", "W"]),
    "atleast_1d": np.atleast_1d,
    "atleast_2d": np.atleast_2d,
    "atleast_3d": np.atleast_3d,
    "ravel": np.ravel,
    "reshape": lambda a: np.reshape(a, (2, 2)),
    "squeeze": np.squeeze,
    "transpose": np.transpose,
    "real": np.real,
    "astype": lambda a: a.astype(float),
    "astype that need not copy": lambda a: a.astype(float, copy=False),
    "astype of NumPy": lambda a: np.astype(a, float, copy=False),
    "nan_to_num": np.nan_to_num,
    "nan_to_num in place": lambda a: np.nan_to_num(a, copy=False),
}
IN_ELEMENTS = ("asarray", "asanyarray", "ascontiguousarray", "asfortranarray", "asarray_chkfinite")


def operator(base: Any, taken: Any) -> None:
    taken *= 3.0


def items(base: Any, taken: Any) -> None:
    taken[...] = 7.0


def operator_on_the_base(base: Any, taken: Any) -> None:
    base *= 3.0


def items_of_the_base(base: Any, taken: Any) -> None:
    base[1:3] = 7.0


def view_of_the_base(base: Any, taken: Any) -> None:
    part = base[1:]
    part += 2.0


WRITES = [operator, items, operator_on_the_base, items_of_the_base, view_of_the_base]


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("name", TAKEN)
def test_a_write_takes_effect_for_both_or_is_an_error(name: str, write: Callable[[Any, Any], None]) -> None:
    def f(x: Any) -> Any:
        base = x * 1.0
        taken = TAKEN[name](base)
        write(base, taken)
        return np.sum(base * WEIGHTS) + 10.0 * np.sum(taken)

    for run in (bp.evaluate(f), lambda x: bp.vjp(f, x)[0], bp.compile(f)):
        try:
            found = run(X.copy())
        except BackpropError as error:
            told = str(error)
        else:
            told = ""
            np.testing.assert_allclose(found, f(X.copy()))
        assert not told or "test_lent.py" in told


@pytest.mark.parametrize("name", IN_ELEMENTS)
def test_what_is_only_read_is_no_error(name: str) -> None:
    def f(x: Any) -> Any:
        base = x * 1.0
        total = np.sum(TAKEN[name](base) * WEIGHTS)
        base *= 2.0
        return total + np.sum(base)

    np.testing.assert_allclose(bp.grad(f)(X), WEIGHTS + 2.0)


def test_the_error_says_what_to_leave_out() -> None:
    def f(x: Any) -> Any:
        base = x * 1.0
        taken = np.asarray(base)
        base[0] = 3.0
        return np.sum(taken)

    with pytest.raises(AssignmentError, match=r"leave numpy\.asarray out"):
        bp.grad(f)(X)
