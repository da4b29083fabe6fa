"""Convolutions and polynomials, the coefficients from the highest power down.

Source of names and defaults: the NumPy 2 reference.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import GraphTypeError, ShapeError
from ..arrays.as_array import asarray, ndim, stack
from ..arrays.axes import expand_dims
from ..arrays.creation import zeros_like
from ..arrays.joins import concatenate
from ..arrays.views import ravel, reshape
from ..core.op import Op
from ..core.types import NumericType, ValueType, numeric, value_type
from ..elementwise.powers import pow_static, sqrt
from ..linear_algebra.least_squares import lstsq
from ..linear_algebra.products import conjugated
from ..reductions.reductions import sum

__all__ = [
    "convolve",
    "correlate",
    "poly",
    "polyadd",
    "polyder",
    "polyfit",
    "polyint",
    "polymul",
    "polysub",
    "polyval",
    "vander",
]

# Convolution.


def _convolution_type(a: ValueType[Any], v: ValueType[Any]) -> NumericType[Any]:
    s, t = numeric("convolve", a, v)
    if s.ndim != 1 or t.ndim != 1 or not s.size or not t.size:
        raise ShapeError(
            f"convolve takes vectors with elements, not the shapes {s.shape} and {t.shape}",
            fix="ravel the operands, and give at least one element",
        )
    return value_type((s.size + t.size - 1,), np.result_type(s.dtype, t.dtype))


def _convolution_vjp(g: Any, out: Any, a: Any, v: Any) -> tuple[Any, Any]:
    m, n = a.shape[0], v.shape[0]
    return convolution(g, v[::-1])[n - 1 : n - 1 + m], convolution(g, a[::-1])[m - 1 : m - 1 + n]


convolution: Op = Op(
    "convolution",
    _convolution_type,
    lambda a, v: np.convolve(a, v),
    _convolution_vjp,
    flops=lambda a, v, out: 2.0 * a.size * v.size,
    home=__name__,
)


def convolve(a: Any, v: Any, mode: str = "full") -> Any:
    """`numpy.convolve`: the convolution of two vectors.

    Arguments:
        a, v: vectors (m,) and (n,).
        mode: "full" for m + n - 1 elements, "same" for max(m, n), "valid" for those where the vectors overlap wholly.
    Returns:
        the convolution.
    Errors:
        ShapeError: no vectors.
    """
    x, y = ravel(a), ravel(v)
    short, long = sorted((x.shape[0], y.shape[0]))
    starts = {"full": (0, short + long - 1), "same": ((short - 1) // 2, long), "valid": (short - 1, long - short + 1)}
    start, length = starts[mode]
    return convolution(x, y)[start : start + length]


def correlate(a: Any, v: Any, mode: str = "valid") -> Any:
    """`numpy.correlate`: the convolution of `a` with the reversed conjugate of `v`."""
    x, y = ravel(a), conjugated(ravel(v))[::-1]
    if mode != "same" or x.shape[0] >= y.shape[0]:
        return convolve(x, y, mode)
    m, n = x.shape[0], y.shape[0]
    return convolution(x, y)[m // 2 : m // 2 + n]


# Polynomials, coefficients from the highest power down.


def vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:
    """`numpy.vander`: the matrix of the powers of a vector, one a column, from N - 1 down to 0, or up."""
    column = ravel(x)
    powers = range(column.shape[0] if N is None else N)
    return stack([pow_static(column, i) for i in (powers if increasing else reversed(powers))], 1)


def polyval(p: Any, x: Any) -> Any:
    """`numpy.polyval`: the polynomial with coefficients `p` at `x`, by Horner's scheme."""
    coefficients, at = ravel(p), asarray(x)
    value = zeros_like(at)
    for i in range(coefficients.shape[0]):
        value = value * at + coefficients[i]
    return value


def polyadd(a1: Any, a2: Any) -> Any:
    """`numpy.polyadd`: the sum of two polynomials."""
    p, q = ravel(a1), ravel(a2)
    n = max(p.shape[0], q.shape[0])
    return _longer(p, n) + _longer(q, n)


def polysub(a1: Any, a2: Any) -> Any:
    """`numpy.polysub`: the difference of two polynomials."""
    p, q = ravel(a1), ravel(a2)
    n = max(p.shape[0], q.shape[0])
    return _longer(p, n) - _longer(q, n)


def _longer(p: Any, n: int) -> Any:
    return concatenate([np.zeros(n - p.shape[0], p.dtype), p]) if n > p.shape[0] else p


def polymul(a1: Any, a2: Any) -> Any:
    """`numpy.polymul`: the product of two polynomials."""
    return convolve(a1, a2)


def polyder(p: Any, m: int = 1) -> Any:
    """`numpy.polyder`: the m-th derivative of a polynomial."""
    q = ravel(p)
    for _ in range(m):
        q = q[:-1] * np.arange(q.shape[0] - 1, 0, -1).astype(q.dtype)
    return q


def polyint(p: Any, m: int = 1, k: Any = None) -> Any:
    """`numpy.polyint`: the m-th antiderivative of a polynomial, with the constants `k`, by default 0."""
    q = ravel(p)
    constants = [0.0] * m if k is None else [k] * m if ndim(k) == 0 else k
    for i in range(m):
        new = reshape(asarray(constants[i], q.dtype), (1,))
        q = concatenate([q / np.arange(q.shape[0], 0, -1).astype(q.dtype), new])
    return q


def polyfit(
    x: Any, y: Any, deg: int, rcond: float | None = None, full: bool = False, w: Any = None, cov: bool = False
) -> Any:
    """`numpy.polyfit`: the coefficients of the polynomial of a degree that fits the points best in least squares.

    Arguments:
        x: vector (m,).
        y: vector (m,), or matrix (m, k) for k polynomials.
        deg: degree.
        rcond: which singular values count as zero, relative to the largest; by default m eps.
        full, cov: False.
        w: weights (m,) of the distances, not squared.
    Returns:
        coefficients (deg + 1,) or (deg + 1, k).
    Errors:
        GraphTypeError: `full` or `cov` given.
    """
    if full or cov:
        raise GraphTypeError("polyfit: there is no full= or cov= here", fix="use numpy.linalg.lstsq of numpy.vander")
    points, values = asarray(x), asarray(y)
    matrix = vander(points, deg + 1)
    if w is not None:
        matrix = matrix * expand_dims(w, 1)
        values = values * (w if len(values.shape) == 1 else expand_dims(w, 1))
    scale = sqrt(sum(matrix * matrix, 0))
    limit = points.shape[0] * float(np.finfo(points.dtype).eps) if rcond is None else rcond
    solution = lstsq(matrix / scale, values, limit)[0]
    return solution / (scale if len(solution.shape) == 1 else expand_dims(scale, 1))


def poly(seq_of_zeros: Any) -> Any:
    """`numpy.poly`: the coefficients of the polynomial with leading coefficient 1 and the zeros in a vector."""
    zeros = ravel(seq_of_zeros)
    p = np.ones(1, zeros.dtype)
    for i in range(zeros.shape[0]):
        p = convolve(p, stack([np.ones((), zeros.dtype), -zeros[i]]))
    return p
