"""Writes in place to plain arrays: `b += x` takes effect for all who hold the array, or it is an error.

`b += x` on a plain array calls the ufunc with `out=(b,)`, and Python binds the result to the name that was written to.
Where something else holds b too, such as the caller of a helper function, it would keep the old numbers. The number of
references to b tells, less those that open traces have: a name, an item of a list or an attribute, and what NumPy
holds meanwhile, which is measured once when this module is imported.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from ....errors import AssignmentError
from ...ownership import shares
from ..source_lines import user_line


class _Probe:
    """Stands in for a Var, to count the references to an array that is written to by an operator."""

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **params: Any) -> int:
        return references_of(params["out"][0])


def references_of(array: Any) -> int:
    """The references to an array, counted in one way by the probe and by `refuse_if_shared`."""
    return sys.getrefcount(array)


def _measured() -> int:
    """The references to an array that one name alone holds, while `+=` is at it."""
    array: Any = np.zeros(1)
    array += _Probe()
    return int(array)


def _measured_base() -> int:
    """The references to an array that nothing holds but one view of it, and the name by which it is asked."""
    view = np.zeros(2)[:1]
    base = view.base
    return references_of(base)


ALONE = _measured()
BASE_ALONE = _measured_base()


def refuse_if_shared(count: int, held: int, array: Any) -> None:
    """Raise where an array that `+=` is to bind anew is held by something else too.

    Arguments:
        count: the references to it, counted where NumPy called.
        held: how many of them the open trace has.
        array: the array.
    Errors:
        AssignmentError: another name, the caller of a helper function, or a view would miss the write.
    """
    base = array.base
    if count - held > ALONE or (base is not None and references_of(base) > BASE_ALONE):
        raise AssignmentError(
            "a traced value was written into a plain array that something else holds too: a caller, another name or a"
            " view, which would not see it",
            user_line(),
            "return the new array from the function instead, make the array by backprop.zeros(n) or"
            " numpy.zeros_like(x, shape=n), or write"
            " b = backprop.ops.at_add(b, ..., value)",
        )


def refuse_shared(written: Sequence[Any], all_of_them: Sequence[Any]) -> None:
    """Raise where an argument that was written to shares memory with another one, or with what the function captured.

    Errors:
        AssignmentError: NumPy would change both, and here each is a copy.
    """
    for array in written:
        others = [other for other in all_of_them if other is not array]
        if shares(array, others) or sum([other is array for other in all_of_them]) > 1:
            raise AssignmentError(
                "a function wrote to an argument that shares its memory with another one or an array from outside",
                user_line(),
                "call it with a copy, x.copy()",
            )
