"""Integrals of samples: the trapezoidal rule, Simpson's and Romberg's."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import ShapeError
from ...graph.tracing.source_lines import user_line
from ...ops.arrays import asarray, broadcast_to, concatenate, flip, moveaxis, reshape, stack
from ...ops.arrays.as_array import ndim
from ...ops.composites import trapezoid as _trapezoid
from ...ops.reductions import cumsum, sum

__all__ = ["cumulative_simpson", "cumulative_trapezoid", "romb", "simpson", "trapezoid"]


def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    """`scipy.integrate.trapezoid`: the integral of samples along an axis; arguments as of numpy.trapezoid."""
    return _trapezoid(y, x, dx, axis)


def _last(y: Any, x: Any, dx: Any, axis: int) -> tuple[Any, Any]:
    """The samples with their axis at the end, and the distances between them there: a number, or an array."""
    values = asarray(y)
    count = values.shape[axis]
    if x is None:
        steps = dx if not ndim(dx) else moveaxis(asarray(dx), axis, -1)
    else:
        points = asarray(x)
        if points.ndim not in (1, values.ndim) or points.shape[-1 if points.ndim == 1 else axis] != count:
            raise ShapeError(
                f"points {points.shape} do not fit samples {values.shape} along the axis {axis}",
                user_line(),
                "give as many points as samples, or an array of their shape",
            )
        points = points if points.ndim == 1 else moveaxis(points, axis, -1)
        steps = points[..., 1:] - points[..., :-1]
    return moveaxis(values, axis, -1), steps


def cumulative_trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1, initial: Any = None) -> Any:
    """`scipy.integrate.cumulative_trapezoid`: the integral up to each sample.

    Arguments:
        y: samples along an axis.
        x: where they are taken; None for distances `dx`.
        dx, axis: as their names say.
        initial: 0 to begin with a zero, or None.
    Returns:
        an array with one element less along the axis, or as many with `initial`.
    Errors:
        ShapeError: points that do not fit the samples.
    """
    values, steps = _last(y, x, dx, axis)
    found = cumsum((values[..., 1:] + values[..., :-1]) * 0.5 * steps, -1)
    return moveaxis(_with_initial(found, initial), -1, axis)


def _with_initial(found: Any, initial: Any) -> Any:
    if initial is None:
        return found
    begin = broadcast_to(asarray(initial, found.dtype), (*found.shape[:-1], 1))
    return concatenate([begin, found], -1)


def simpson(y: Any, x: Any = None, *, dx: Any = 1.0, axis: int = -1) -> Any:
    """`scipy.integrate.simpson`: the integral of samples by parabolas; of an even number with Cartwright's correction.

    Arguments and errors are those of `cumulative_trapezoid`; points have to be distinct.
    """
    values, steps = _last(y, x, dx, axis)
    count = values.shape[-1]
    if count == 2:
        return 0.5 * (values[..., 0] + values[..., 1]) * (steps if x is None else steps[..., -1])
    pairs = (count - 1) // 2 * 2
    first, middle, last = values[..., 0:pairs:2], values[..., 1 : pairs + 1 : 2], values[..., 2 : pairs + 2 : 2]
    left, right = (steps, steps) if x is None else (steps[..., 0:pairs:2], steps[..., 1 : pairs + 1 : 2])
    whole, ratio = left + right, left / right
    inner = first * (2.0 - 1.0 / ratio) + middle * (whole * whole / (left * right)) + last * (2.0 - ratio)
    total = sum(whole / 6.0 * inner, axis=-1)
    return total if count % 2 else total + _last_interval(values, steps, x is None)


def _last_interval(values: Any, steps: Any, even: bool) -> Any:
    """The integral over the last interval, by the parabola through the last three samples.

    Source: Cartwright, J. Math. Sci. Math. Educ. 12(2), 2017, equation 8.
    """
    h0, h1 = (steps, steps) if even else (steps[..., -2], steps[..., -1])
    alpha = (2 * h1**2 + 3 * h0 * h1) / (6 * (h1 + h0))
    beta = (h1**2 + 3 * h0 * h1) / (6 * h0)
    eta = h1**3 / (6 * h0 * (h0 + h1))
    return alpha * values[..., -1] + beta * values[..., -2] - eta * values[..., -3]


def cumulative_simpson(y: Any, *, x: Any = None, dx: Any = 1.0, axis: int = -1, initial: Any = None) -> Any:
    """`scipy.integrate.cumulative_simpson`: the integral up to each sample by parabolas.

    Arguments and errors are those of `cumulative_trapezoid`.

    Source: Cartwright, J. Math. Sci. Math. Educ. 12(2), 2017, equation 8.
    """
    values, steps = _last(y, x, dx, axis)
    if values.shape[-1] < 3:
        found = moveaxis(cumulative_trapezoid(y, x, dx, axis), axis, -1)
        return moveaxis(_begun(found, initial), -1, axis)
    steps = broadcast_to(asarray(steps), (*values.shape[:-1], values.shape[-1] - 1))
    ahead = _first_intervals(values, steps)
    behind = flip(_first_intervals(flip(values, -1), flip(steps, -1)), -1)
    return moveaxis(_begun(cumsum(_alternating(ahead, behind), -1), initial), -1, axis)


def _begun(found: Any, initial: Any) -> Any:
    """Integrals that begin with a value, which is added to all of them."""
    return found if initial is None else _with_initial(found + initial, initial)


def _alternating(ahead: Any, behind: Any) -> Any:
    """ahead[0], behind[0], ahead[2], behind[2], ...; the last interval by the last of `behind`."""
    count = ahead.shape[-1] + 1
    one, other = ahead[..., ::2], behind[..., ::2]
    mixed = reshape(stack([one, other], -1), (*one.shape[:-1], 2 * one.shape[-1]))
    return concatenate([mixed[..., : count - 1], behind[..., -1:]], -1)


def _first_intervals(y: Any, dx: Any) -> Any:
    """The integral over the first interval of each three samples, by the parabola through them."""
    x21, x32 = dx[..., :-1], dx[..., 1:]
    share, ratio = x21 / (x21 + x32), x21 / x32
    first, middle, last = 3 - share, 3 + share * ratio + share, -share * ratio
    return x21 / 6 * (first * y[..., :-2] + middle * y[..., 1:-1] + last * y[..., 2:])


def romb(y: Any, dx: Any = 1.0, axis: int = -1, show: bool = False) -> Any:
    """`scipy.integrate.romb`: the integral of 2^k + 1 samples of equal distance, by Romberg's extrapolation.

    Arguments:
        y: samples along an axis.
        dx: their distance.
        axis: the axis.
        show: ignored.
    Errors:
        ShapeError: another number of samples.
    """
    values = moveaxis(asarray(y), axis, -1)
    intervals = values.shape[-1] - 1
    if intervals < 1 or intervals & (intervals - 1):
        raise ShapeError(f"romb takes 2^k + 1 samples, not {intervals + 1}", user_line(), "give 3, 5, 9, 17, ...")
    h, step = intervals * dx, intervals
    row = [(values[..., 0] + values[..., -1]) / 2.0 * h]
    while step > 1:
        halved = 0.5 * (row[0] + h * sum(values[..., step // 2 :: step], axis=-1))
        step, h, fresh = step // 2, h / 2, [halved]
        for j, before in enumerate(row, 1):
            fresh.append(fresh[-1] + (fresh[-1] - before) / ((1 << (2 * j)) - 1))
        row = fresh
    return row[-1]


def nodes_and_weights(n: int) -> tuple[Any, Any]:
    """Those of Gauss and Legendre between -1 and 1."""
    return np.polynomial.legendre.leggauss(n)
