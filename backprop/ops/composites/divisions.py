"""Roots and quotients of polynomials, the coefficients from the highest power down.

Source of names and defaults: the NumPy 2 reference.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import ShapeError
from ..arrays.arguments import answer
from ..arrays.as_array import asarray, stack
from ..arrays.axes import atleast_1d
from ..arrays.joins import concatenate
from ..elementwise.conversion import cast
from ..linear_algebra.spectral.eigen import eigvals
from .polynomials import vector

__all__ = ["polydiv", "roots"]


def roots(p: Any) -> Any:
    """`numpy.roots`: the roots of a polynomial, complex; how many coefficients at both ends are 0 is asked for.

    Arguments:
        p: coefficients, a vector.
    Returns:
        the roots, as many as the degree; their derivatives are infinite or NaN where two are equal.
    Errors:
        ShapeError: coefficients that are no vector.
    """
    coefficients = atleast_1d(asarray(p))
    if len(coefficients.shape) != 1:
        raise ShapeError(f"roots takes a vector, not the shape {coefficients.shape}", fix="ravel the coefficients")
    places = answer(np.flatnonzero, coefficients)
    if not len(places):
        return np.array([])
    kept = coefficients[int(places[0]) : int(places[-1]) + 1]
    kept = kept if kept.dtype.kind in "fc" else asarray(kept, np.float64)
    zeros = np.zeros(coefficients.shape[0] - 1 - int(places[-1]), np.result_type(kept.dtype, np.complex64))
    if kept.shape[0] < 2:
        return zeros
    first = -kept[1:] / kept[0]
    below = np.eye(kept.shape[0] - 2, kept.shape[0] - 1, dtype=first.dtype)
    return concatenate([eigvals(concatenate([first[None], below])), zeros])


def polydiv(u: Any, v: Any) -> tuple[Any, Any]:
    """`numpy.polydiv`: the quotient and the remainder of two polynomials.

    Arguments:
        u, v: coefficients, vectors; v[0] is not 0.
    Returns:
        both as vectors; leading coefficients of the remainder that are about 0 are left out, which is asked for.
    Errors:
        ShapeError: coefficients that are no vectors, or none.
    """
    whole, by = vector("polydiv", u, atleast_1d), vector("polydiv", v, atleast_1d)
    if not whole.shape[0] or not by.shape[0]:
        raise ShapeError("polydiv takes vectors with elements", fix="give at least one coefficient")
    whole, by = whole + 0.0, by + 0.0  # as NumPy makes them floats
    dtype = np.result_type(whole.dtype, by.dtype)
    rest, scale = cast(whole, dtype=dtype.name), 1.0 / by[0]
    m, n = whole.shape[0] - 1, by.shape[0] - 1
    quotient = [np.zeros((), dtype)] if m < n else []
    for k in range(m - n + 1):
        share = scale * rest[k]
        quotient.append(share)
        rest = concatenate([rest[:k], rest[k : k + n + 1] - share * by, rest[k + n + 1 :]])
    start = answer(_leading, rest)
    return stack(quotient), rest[start:]


def _leading(rest: Any) -> int:
    """How many leading coefficients are about 0, but for the last."""
    large = np.flatnonzero(~np.isclose(rest[:-1], 0, rtol=1e-14))
    return int(large[0]) if len(large) else len(rest) - 1
