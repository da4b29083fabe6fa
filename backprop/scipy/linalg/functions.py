"""Functions of matrices."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from ...ops import linear_algebra as ops
from ...ops.arrays import asarray, concatenate, zeros_like
from ...ops.elementwise import absolute, imag, real
from ...ops.linear_algebra import expm, logm, matmul, solve, sqrtm
from ...ops.reductions import max
from .equations import epsilon

__all__ = [
    "coshm",
    "cosm",
    "expm",
    "expm_frechet",
    "fractional_matrix_power",
    "funm",
    "logm",
    "signm",
    "sinhm",
    "sinm",
    "sqrtm",
    "tanhm",
    "tanm",
]


def expm_frechet(
    A: Any, E: Any, method: str | None = None, compute_expm: bool = True, check_finite: bool = True
) -> Any:
    """`scipy.linalg.expm_frechet`: the derivative of the exponential at a matrix (n, n) in a direction.

    Arguments:
        A, E: the matrix and the direction.
        method, check_finite: ignored.
        compute_expm: whether to return (the exponential, the derivative).
    """
    x, e = asarray(A), asarray(E)
    n = x.shape[-1]
    whole = expm(concatenate([concatenate([x, e], -1), concatenate([zeros_like(x), x], -1)], -2))
    return (whole[..., :n, :n], whole[..., :n, n:]) if compute_expm else whole[..., :n, n:]


def fractional_matrix_power(A: Any, t: Any) -> Any:
    """`scipy.linalg.fractional_matrix_power`: a matrix to the power of a number, exp(t log A) where it is no integer.

    Arguments:
        A: a matrix (n, n); a real one has a real logarithm, else give it as a complex one.
        t: a number, which may be traced.
    Errors:
        LinAlgError: a real matrix without a real logarithm, when it runs.
    """
    try:
        return ops.matrix_power(asarray(A), operator.index(t))
    except TypeError:
        return expm(t * logm(asarray(A)))


def funm(A: Any, func: Callable[[Any], Any], disp: bool = True) -> Any:
    """`scipy.linalg.funm`: a function of a matrix (n, n), by its eigenvectors.

    Arguments:
        A: a matrix with eigenvalues that differ; where some are equal, the derivative is NaN.
        func: a function of an array of complex numbers, made of functions that have a derivative.
        disp: ignored; where it is False, an error estimate is wanted, which there is none of.
    Returns:
        the function of the matrix, real where `A` is and the imaginary part is but a rounding error.
    """
    x = asarray(A)
    w, v = ops.eig(x)
    found = matmul(v * func(w), ops.inv(v))
    if x.dtype.kind != "c" and max(absolute(imag(found))) <= 1000 * epsilon(x) * max(absolute(found)):
        return real(found)
    return found


def signm(A: Any, disp: bool = True) -> Any:
    """`scipy.linalg.signm`: the sign function of a matrix without an eigenvalue on the imaginary axis."""
    x = asarray(A)
    return solve(sqrtm(matmul(x, x)), x)


# The functions of an angle and their kin.


def cosm(A: Any) -> Any:
    """`scipy.linalg.cosm`: the cosine of matrices (..., n, n)."""
    x = asarray(A)
    return 0.5 * (expm(1j * x) + expm(-1j * x)) if x.dtype.kind == "c" else real(expm(1j * x))


def sinm(A: Any) -> Any:
    """`scipy.linalg.sinm`: the sine of matrices (..., n, n)."""
    x = asarray(A)
    return -0.5j * (expm(1j * x) - expm(-1j * x)) if x.dtype.kind == "c" else imag(expm(1j * x))


def tanm(A: Any) -> Any:
    """`scipy.linalg.tanm`: the tangent of matrices (..., n, n)."""
    return solve(cosm(A), sinm(A))


def coshm(A: Any) -> Any:
    """`scipy.linalg.coshm`: the hyperbolic cosine of matrices (..., n, n)."""
    x = asarray(A)
    return 0.5 * (expm(x) + expm(-x))


def sinhm(A: Any) -> Any:
    """`scipy.linalg.sinhm`: the hyperbolic sine of matrices (..., n, n)."""
    x = asarray(A)
    return 0.5 * (expm(x) - expm(-x))


def tanhm(A: Any) -> Any:
    """`scipy.linalg.tanhm`: the hyperbolic tangent of matrices (..., n, n)."""
    return solve(coshm(A), sinhm(A))
