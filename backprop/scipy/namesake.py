"""How a function of SciPy's gets a namesake: plain values go to SciPy itself, traced ones to ours."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ..errors import GraphTypeError, ShapeError
from ..graph.tracing.boundary.namesakes import call_namesake
from ..ops.arrays.arguments import holds_traced

Function = Callable[..., Any]


def namesake(theirs: Function) -> Callable[[Function], Function]:
    """The decorator of a function that takes the place of SciPy's where a value is traced.

    Arguments:
        theirs: SciPy's function, which is called on plain values.
    Returns:
        from a function of traced values, whose arguments have SciPy's names and places, to the namesake. What is wrong
        with the arguments of a traced call is an error of ours with the user's line.
    """

    def made(ours: Function) -> Function:
        @functools.wraps(ours)
        def call(*args: Any, **params: Any) -> Any:
            if not holds_traced(args) and not holds_traced(params):
                return theirs(*args, **params)
            return call_namesake(lambda _: ours, theirs, args, params)

        return call

    return made


def one_of(name: str, option: str, value: Any, known: Iterable[Any]) -> Any:
    """An option's value, where it is a known one.

    Errors:
        ShapeError: another value, which is a ValueError in SciPy too.
    """
    choices = list(known)
    if value not in choices:
        raise ShapeError(f"{name}: there is no {option} {value!r}", fix=f"use one of {choices}")
    return value


def refuse_unless(condition: bool, what: str, instead: str) -> None:
    """Raise a GraphTypeError where an option is asked for that traced values do not have.

    Arguments:
        condition: whether it was not.
        what: what is not there.
        instead: what to write.
    """
    if not condition:
        raise GraphTypeError(what, fix=instead)


def inexact(*values: Any) -> np.dtype[Any]:
    """The dtype that arrays promote to, float64 where none of them has fractions."""
    dtype = np.result_type(*(value.dtype for value in values))
    return dtype if dtype.kind in "fc" else np.dtype(np.float64)
