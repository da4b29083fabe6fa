"""Norms of vectors and matrices, with derivative 0 where they are 0."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...errors import ShapeError
from ..arrays.arguments import shape_of
from ..arrays.as_array import asarray
from ..arrays.views import reshape
from ..core.op import Op
from ..elementwise.arithmetic import absolute, sign
from ..elementwise.complex_parts import conjugate
from ..elementwise.conversion import cast
from ..elementwise.masking import ratio
from ..elementwise.powers import pow_static
from .making import Axes, count, fold, prepared, reduction, spread, without
from .questions import count_nonzero
from .reductions import max, min, sum
from .running import float_dtype, real_dtype

# Norms. Source of the second: the derivative of (sum |x|^p)^(1/p) is sign(x) (|x| / norm)^(p - 1).


def _norm(x: Any, *, axes: Axes, keepdims: bool) -> Any:
    squares = x.real**2 + x.imag**2 if np.iscomplexobj(x) else np.square(x, dtype=float_dtype(np.asarray(x).dtype))
    return np.sqrt(fold(np.add, squares, axes=axes, keepdims=keepdims))


def _norm_vjp(g: Any, out: Any, x: Any, *, axes: Axes, keepdims: bool) -> Any:
    return spread(g, x, axes) * ratio(conjugate(x), spread(out, x, axes))


def _p_norm(x: Any, *, axes: Axes, keepdims: bool, p: float) -> Any:
    powers = np.power(np.abs(x), p, dtype=real_dtype(np.asarray(x).dtype))
    return np.power(fold(np.add, powers, axes=axes, keepdims=keepdims), 1.0 / p)


def _p_norm_vjp(g: Any, out: Any, x: Any, *, axes: Axes, keepdims: bool, p: float) -> Any:
    return spread(g, x, axes) * (conjugate(sign(x)) * pow_static(ratio(absolute(x), spread(out, x, axes)), p - 1))


reduce_norm: Op = reduction("reduce_norm", real_dtype, _norm, _norm_vjp, home=__name__)
reduce_p_norm: Op = reduction("reduce_p_norm", real_dtype, _p_norm, _p_norm_vjp, home=__name__)


def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """`numpy.linalg.norm`, apart from the norms made of singular values; the derivative is 0 where the norm is.

    Arguments:
        x: Var or array.
        ord: of vectors None, a number, inf or -inf; of matrices None, "fro", 1, -1, inf or -inf.
        axis: an int for vectors, a pair for matrices, None for the whole of `x`.
        keepdims: whether the axes stay, with length 1.
    Returns:
        the norms.
    Errors:
        ShapeError: a norm that needs singular values, or an `ord` that is no norm of this number of axes.
    """
    operand, axes = prepared("norm", x, axis)
    operand = asarray(operand, float_dtype(operand.dtype))
    whole = ord is None and (axis is None or len(axes) in (1, 2))
    if whole or (ord == 2 and len(axes) == 1) or (ord in ("fro", "f") and len(axes) == 2):
        return reduce_norm(operand, axes=axes, keepdims=bool(keepdims))
    if len(axes) == 1 and not isinstance(ord, str):
        return _vector_norm(operand, ord, axes, keepdims)
    if len(axes) == 2 and ord in (1, -1, math.inf, -math.inf):
        return _matrix_norm(operand, ord, axes, keepdims)
    raise ShapeError(
        f"norm: there is no norm with ord={ord!r} over {len(axes)} axes",
        fix="norms of vectors go over one axis, and have a number as ord; those of matrices go over two",
    )


def _vector_norm(x: Any, ord: Any, axes: Axes, keepdims: bool) -> Any:
    if ord == 0:
        return cast(count_nonzero(x, axes, keepdims=keepdims), dtype=real_dtype(x.dtype).name)
    if ord == 1:
        return sum(absolute(x), axes, keepdims=keepdims)
    if ord in (math.inf, -math.inf):
        if ord > 0 and not count(shape_of(x), axes):
            return sum(absolute(x), axes, keepdims=keepdims)  # the maximum of nothing is 0, as NumPy says for norms
        return (max if ord > 0 else min)(absolute(x), axes, keepdims=keepdims)
    return reduce_p_norm(x, axes=axes, keepdims=bool(keepdims), p=float(ord))


def _matrix_norm(x: Any, ord: Any, axes: Axes, keepdims: bool) -> Any:
    rows, columns = axes if ord in (1, -1) else axes[::-1]
    sums = sum(absolute(x), rows, keepdims=True)
    if ord > 0 and not shape_of(x)[columns]:
        value = sum(sums, columns, keepdims=True)
    else:
        value = (max if ord > 0 else min)(sums, columns, keepdims=True)
    return value if keepdims else reshape(value, without(shape_of(x), axes))
