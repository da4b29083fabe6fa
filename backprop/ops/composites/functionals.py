"""Functions of functions, one applied along axes or piece by piece; and what a question about values decides.

Source of names and defaults: the NumPy 2 reference.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from ..arrays.arguments import answer, one_axis
from ..arrays.as_array import asarray, ndim, stack
from ..arrays.axes import expand_dims, moveaxis
from ..arrays.views import broadcast_to, reshape
from ..elementwise.complex_parts import real
from ..elementwise.selection import where

__all__ = ["apply_along_axis", "apply_over_axes", "piecewise", "real_if_close"]

# Functions of functions.


def apply_over_axes(func: Callable[..., Any], a: Any, axes: Any) -> Any:
    """`numpy.apply_over_axes`: a reduction `func(x, axis)` over one axis after the other, each kept with length 1."""
    x = asarray(a)
    for axis in (axes,) if isinstance(axes, int) else axes:
        y = func(x, axis)
        x = y if len(y.shape) == len(x.shape) else expand_dims(y, axis)
    return x


def apply_along_axis(func1d: Callable[..., Any], axis: int, arr: Any, *args: Any, **kwargs: Any) -> Any:
    """`numpy.apply_along_axis`: a function of each vector along an axis; its results take the place of the axis."""
    x = moveaxis(arr, axis, -1)
    rows = reshape(x, (-1, x.shape[-1]))
    results = stack([asarray(func1d(rows[i], *args, **kwargs)) for i in range(rows.shape[0])])
    shape = reshape(results, x.shape[:-1] + results.shape[1:])
    moved = tuple(range(len(x.shape) - 1, len(shape.shape)))
    start = one_axis("apply_along_axis", axis, len(x.shape))
    return moveaxis(shape, moved, tuple(range(start, start + len(moved))))


def piecewise(x: Any, condlist: Any, funclist: Sequence[Any], *args: Any, **kw: Any) -> Any:
    """`numpy.piecewise`: for each element the function, or number, of the last condition that holds there.

    Arguments:
        x: array.
        condlist: conditions, or one.
        funclist: as many functions or numbers, and perhaps one more for where none holds; else that is 0.
        args, kw: further arguments of the functions, each of which is called with the whole of `x`.
    Returns:
        an array like `x`.
    """
    array = asarray(x)
    conditions = list(condlist) if isinstance(condlist, list | tuple) or ndim(condlist) > ndim(x) else [condlist]
    pieces = list(funclist)
    default = pieces.pop() if len(pieces) == len(conditions) + 1 else 0
    result = broadcast_to(asarray(_piece(default, array, args, kw), array.dtype), array.shape)
    for condition, piece in zip(conditions, pieces, strict=True):
        result = where(condition, asarray(_piece(piece, array, args, kw), array.dtype), result)
    return result


def _piece(piece: Any, x: Any, args: tuple[Any, ...], kw: dict[str, Any]) -> Any:
    return piece(x, *args, **kw) if callable(piece) else piece


def real_if_close(a: Any, tol: float = 100) -> Any:
    """`numpy.real_if_close`: the real part, where all imaginary parts are about zero, which is asked of a Var.

    Arguments:
        a: array.
        tol: how many machine epsilons count as zero; below 1 an absolute bound.
    """
    x = asarray(a)
    return real(x) if x.dtype.kind == "c" and answer(partial(_is_close_to_real, tol=tol), x) else x


def _is_close_to_real(x: Any, tol: float) -> bool:
    return not np.iscomplexobj(np.real_if_close(x, tol))
