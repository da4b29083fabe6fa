"""Convolutions and polynomials, the coefficients from the highest power down.

Source of names and defaults: the NumPy 2 reference.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from ...errors import GraphTypeError, ShapeError
from ..arrays.as_array import asarray, ndim, stack
from ..arrays.axes import atleast_1d, expand_dims
from ..arrays.creation import zeros_like
from ..arrays.joins import concatenate
from ..arrays.views import reshape
from ..core.op import Op
from ..core.types import NumericType, ValueType, numeric, value_type
from ..elementwise.powers import pow_static, sqrt
from ..linear_algebra.least_squares import lstsq
from ..linear_algebra.products import conjugated
from ..linear_algebra.spectral.eigen import eigvals
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
    x, y = vector("convolve", a, atleast_1d), vector("convolve", v, atleast_1d)
    _with_elements("convolve", x, y)
    short, long = sorted((x.shape[0], y.shape[0]))
    starts = {"full": (0, short + long - 1), "same": ((short - 1) // 2, long), "valid": (short - 1, long - short + 1)}
    start, length = starts[mode]
    return convolution(x, y)[start : start + length]


def correlate(a: Any, v: Any, mode: str = "valid") -> Any:
    """`numpy.correlate`: the convolution of `a` with the reversed conjugate of `v`."""
    x, y = vector("correlate", a), conjugated(vector("correlate", v))[::-1]
    _with_elements("correlate", x, y)
    if mode != "same" or x.shape[0] >= y.shape[0]:
        return convolve(x, y, mode)
    m, n = x.shape[0], y.shape[0]
    return convolution(x, y)[m // 2 : m // 2 + n]


def vector(name: str, a: Any, made: Callable[[Any], Any] = asarray) -> Any:
    """An operand that has to be a vector; `made` makes an array of it.

    Errors:
        ShapeError: another number of axes, which is a ValueError in NumPy too.
    """
    x = made(a)
    if len(x.shape) != 1:
        raise ShapeError(f"{name} takes vectors, not the shape {x.shape}", fix="ravel the operand")
    return x


def _with_elements(name: str, *vectors: Any) -> None:
    if not all(x.shape[0] for x in vectors):
        raise ShapeError(f"{name} takes vectors with elements", fix="give at least one element")


# Polynomials, coefficients from the highest power down.


def vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:
    """`numpy.vander`: the matrix of the powers of a vector, one a column, from N - 1 down to 0, or up."""
    column = vector("vander", x)
    column = asarray(column, np.result_type(column.dtype, int))
    count = column.shape[0] if N is None else operator.index(N)
    if count < 0:
        raise ShapeError(f"vander: {count} columns are not possible", fix="give a number that is not below zero")
    if not count:
        return np.zeros((column.shape[0], 0), column.dtype)
    powers = range(count)
    return stack([pow_static(column, i) for i in (powers if increasing else reversed(powers))], 1)


def polyval(p: Any, x: Any) -> Any:
    """`numpy.polyval`: the polynomial with coefficients `p` at `x`, by Horner's scheme."""
    coefficients, at = _coefficients("polyval", p), asarray(x)
    value = zeros_like(at)
    for i in range(coefficients.shape[0]):
        value = value * at + coefficients[i]
    return value


def polyadd(a1: Any, a2: Any) -> Any:
    """`numpy.polyadd`: the sum of two polynomials."""
    p, q = vector("polyadd", a1, atleast_1d), vector("polyadd", a2, atleast_1d)
    n = max(p.shape[0], q.shape[0])
    return _longer(p, n) + _longer(q, n)


def polysub(a1: Any, a2: Any) -> Any:
    """`numpy.polysub`: the difference of two polynomials."""
    p, q = vector("polysub", a1, atleast_1d), vector("polysub", a2, atleast_1d)
    n = max(p.shape[0], q.shape[0])
    return _longer(p, n) - _longer(q, n)


def _longer(p: Any, n: int) -> Any:
    return concatenate([np.zeros(n - p.shape[0], p.dtype), p]) if n > p.shape[0] else p


def polymul(a1: Any, a2: Any) -> Any:
    """`numpy.polymul`: the product of two polynomials."""
    return convolve(_or_zero(vector("polymul", a1, atleast_1d)), _or_zero(vector("polymul", a2, atleast_1d)))


def _or_zero(p: Any) -> Any:
    """The coefficients, a 0 where there are none."""
    return p if p.shape[0] else np.zeros(1, p.dtype)


def _coefficients(name: str, p: Any) -> Any:
    """Coefficients as a vector; a number is none, which is a TypeError in NumPy too."""
    x = asarray(p)
    if not x.shape:
        raise GraphTypeError(f"{name} takes a vector of coefficients, not a number", fix="write [p]")
    return vector(name, x)


def _order(name: str, m: Any) -> int:
    if m < 0:
        raise ShapeError(f"{name}: the order {m} is below zero", fix="polyder undoes polyint, and the other way round")
    return operator.index(m)


def polyder(p: Any, m: int = 1) -> Any:
    """`numpy.polyder`: the m-th derivative of a polynomial."""
    q = _coefficients("polyder", p)
    for _ in range(_order("polyder", m)):
        q = q[:-1] * np.arange(q.shape[0] - 1, 0, -1)
    return q


def polyint(p: Any, m: int = 1, k: Any = None) -> Any:
    """`numpy.polyint`: the m-th antiderivative of a polynomial, with the constants `k`, by default 0."""
    q = _coefficients("polyint", p)
    constants = [0.0] * _order("polyint", m) if k is None else [k] * m if ndim(k) == 0 else k
    for i in range(m):
        powers = q / np.arange(q.shape[0], 0, -1)
        q = concatenate([powers, reshape(asarray(constants[i], powers.dtype), (1,))])
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
    points, values = asarray(x) + 0.0, asarray(y) + 0.0
    _check_points(points, values, deg)
    matrix = vander(points, deg + 1)
    if w is not None:
        matrix = matrix * expand_dims(w, 1)
        values = values * (w if len(values.shape) == 1 else expand_dims(w, 1))
    scale = sqrt(sum(matrix * matrix, 0))
    limit = points.shape[0] * float(np.finfo(points.dtype).eps) if rcond is None else rcond
    solution = lstsq(matrix / scale, values, limit)[0]
    return solution / (scale if len(solution.shape) == 1 else expand_dims(scale, 1))


def _check_points(x: Any, y: Any, deg: int) -> None:
    if deg < 0:
        raise ShapeError(f"polyfit: the degree {deg} is below zero", fix="give a degree of 0 or more")
    if len(x.shape) != 1 or not x.shape[0] or len(y.shape) not in (1, 2) or x.shape[0] != y.shape[0]:
        raise GraphTypeError(
            f"polyfit takes a vector x with elements and as many values y, not the shapes {x.shape} and {y.shape}",
            fix="give x of shape (m,), and y of shape (m,) or (m, k)",
        )


def poly(seq_of_zeros: Any) -> Any:
    """`numpy.poly`: the coefficients of the polynomial with leading coefficient 1 and the zeros in a vector."""
    given = atleast_1d(asarray(seq_of_zeros))
    square = len(given.shape) == 2 and given.shape[0] == given.shape[1] and given.shape[0]
    if len(given.shape) != 1 and not square:
        raise ShapeError(
            f"poly takes a vector of zeros or a square matrix, not the shape {given.shape}", fix="ravel the zeros"
        )
    zeros = eigvals(given) if square else given
    zeros = zeros if zeros.dtype.kind in "fc" else asarray(zeros, np.float64)
    if not zeros.shape[0]:
        return 1.0
    p = np.ones(1, zeros.dtype)
    for i in range(zeros.shape[0]):
        p = convolve(p, stack([np.ones((), zeros.dtype), -zeros[i]]))
    return p
