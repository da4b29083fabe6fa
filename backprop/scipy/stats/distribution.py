"""What a distribution of one variable is: its log density, and what follows from that.

A distribution names its shape parameters and gives functions of the standard variable and the shapes: the logarithm of
the density, and where they are elementary the distribution function, its complement, their logarithms and the quantile
function. Location, scale, the support and parameters without a meaning are cared for here, once: outside of its support
a density is 0, and its logarithm -inf; where a parameter is out of its range, the answer is NaN.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import UnknownFunctionError
from ...ops.elementwise import exp, floor, isfinite, log, log1p, where
from .plain import Plain, array

Function = Callable[..., Any]


def positive(*shapes: Any) -> Any:
    """Whether all shape parameters are positive."""
    valid: Any = True
    for shape in shapes:
        valid = valid & (shape > 0)
    return valid


def everywhere(*shapes: Any) -> tuple[Any, Any]:
    """The support of a distribution on the whole line."""
    return -np.inf, np.inf


def non_negative(*shapes: Any) -> tuple[Any, Any]:
    """The support of a distribution on the half line."""
    return 0.0, np.inf


@dataclass(frozen=True, slots=True)
class _Distribution(Plain):
    """What distributions with and without a density share.

    Arguments:
        name: SciPy's.
        shapes: the names of the shape parameters.
        log_density: (variable, *shapes) -> its logarithm in the standard form.
        support: (*shapes) -> the first and the last point.
        cdf_of, sf_of, logcdf_of, logsf_of, ppf_of: (variable, *shapes) -> what their names say, of the standard form.
        valid: (*shapes) -> whether they have a meaning.
    """

    name: str
    shapes: tuple[str, ...]
    log_density: Function
    support: Function = everywhere
    cdf_of: Function | None = None
    sf_of: Function | None = None
    logcdf_of: Function | None = None
    logsf_of: Function | None = None
    ppf_of: Function | None = None
    valid: Function = positive

    def _parsed(self, names: tuple[str, ...], args: tuple[Any, ...], named: dict[str, Any]) -> list[Any]:
        """The shapes and the further parameters that `names` lists, 0 and 1 by default."""
        order = (*self.shapes, *names)
        given = {"loc": 0, "scale": 1, **dict(zip(order, args, strict=False)), **named}
        unknown, missing = set(given) - {*order, "scale"}, [name for name in order if name not in given]
        if unknown or missing or len(args) > len(order) or set(order[: len(args)]) & set(named):
            raise TypeError(f"{self.name} takes the parameters {', '.join(order)}; look at {[*unknown, *missing]}")
        return [array(given[name]) for name in order]

    def _known(self, method: str, f: Function | None) -> Function:
        """A function that the distribution may not have."""
        if f is None:
            raise UnknownFunctionError(
                f"scipy.stats.{self.name}.{method} is not elementary", fix="use its density, or backprop.op"
            )
        return f

    def _cumulated(self, upper: bool, logarithm: bool, y: Any, shapes: list[Any]) -> Any:
        """The probability of at most `y`, or of more, or its logarithm, inside of the support."""
        direct, other = (self.sf_of, self.cdf_of) if upper else (self.cdf_of, self.sf_of)
        logs = self.logsf_of if upper else self.logcdf_of
        if logarithm and logs is not None:
            return logs(y, *shapes)
        if direct is None:
            value = 1 - self._known("sf" if upper else "cdf", other)(y, *shapes)
            return log(value) if logarithm else value
        value = direct(y, *shapes)
        if not logarithm:
            return value
        if other is None:
            return log(value)
        high = value > 0.5  # where the complement has the digits
        return where(high, log1p(-where(high, other(y, *shapes), 0.5)), log(where(high, 0.5, value)))


class Continuous(_Distribution):
    """A distribution with a density, of location `loc` and scale `scale`; parameters as in `scipy.stats`."""

    __slots__ = ()

    def logpdf(self, x: Any, *args: Any, **named: Any) -> Any:
        """The logarithm of the density at `x`."""
        *shapes, loc, scale = self._parsed(("loc", "scale"), args, named)
        y, low, high, valid = self._standard(x, shapes, loc, scale)
        inside = (y >= low) & (y <= high) & isfinite(y)
        value = self.log_density(_within(y, inside, low, high), *shapes) - log(where(valid, scale, 1.0))
        return where(valid, where(inside, value, -np.inf), np.nan)

    def pdf(self, x: Any, *args: Any, **named: Any) -> Any:
        """The density at `x`."""
        return exp(self.logpdf(x, *args, **named))

    def cdf(self, x: Any, *args: Any, **named: Any) -> Any:
        """The probability of at most `x`."""
        return self._probability(False, False, x, args, named)

    def sf(self, x: Any, *args: Any, **named: Any) -> Any:
        """The probability of more than `x`."""
        return self._probability(True, False, x, args, named)

    def logcdf(self, x: Any, *args: Any, **named: Any) -> Any:
        """The logarithm of the probability of at most `x`."""
        return self._probability(False, True, x, args, named)

    def logsf(self, x: Any, *args: Any, **named: Any) -> Any:
        """The logarithm of the probability of more than `x`."""
        return self._probability(True, True, x, args, named)

    def ppf(self, q: Any, *args: Any, **named: Any) -> Any:
        """The point that a share `q` lies below of."""
        *shapes, loc, scale = self._parsed(("loc", "scale"), args, named)
        q, quantile = array(q), self._known("ppf", self.ppf_of)
        low, high = self.support(*shapes)
        valid = self.valid(*shapes) & (scale > 0) & (q >= 0) & (q <= 1)
        inside = (q > 0) & (q < 1)
        value = quantile(where(inside, q, 0.5), *shapes)
        value = where(inside, value, where(q <= 0, low, high))
        return where(valid, value * scale + loc, np.nan)

    def _standard(self, x: Any, shapes: list[Any], loc: Any, scale: Any) -> tuple[Any, Any, Any, Any]:
        valid = self.valid(*shapes) & (scale > 0)
        y = (array(x) - loc) / where(scale > 0, scale, 1.0)
        return y, *self.support(*shapes), valid & (y == y)

    def _probability(self, upper: bool, logarithm: bool, x: Any, args: Any, named: Any) -> Any:
        *shapes, loc, scale = self._parsed(("loc", "scale"), args, named)
        y, low, high, valid = self._standard(x, shapes, loc, scale)
        inside = (y > low) & (y < high)
        value = self._cumulated(upper, logarithm, _within(y, inside, low, high), shapes)
        return where(valid, where(inside, value, _outside(upper, logarithm, y <= low)), np.nan)


class Discrete(_Distribution):
    """A distribution of whole numbers, moved by `loc`; parameters as in `scipy.stats`."""

    __slots__ = ()

    def logpmf(self, k: Any, *args: Any, **named: Any) -> Any:
        """The logarithm of the probability of `k`."""
        *shapes, loc = self._parsed(("loc",), args, named)
        y, (low, high) = array(k) - loc, self.support(*shapes)
        inside = (y >= low) & (y <= high) & (floor(y * 1.0) == y)
        value = self.log_density(_within(y * 1.0, inside, low, high), *shapes)
        return where(self.valid(*shapes) & (y == y), where(inside, value, -np.inf), np.nan)

    def pmf(self, k: Any, *args: Any, **named: Any) -> Any:
        """The probability of `k`."""
        return exp(self.logpmf(k, *args, **named))

    def cdf(self, k: Any, *args: Any, **named: Any) -> Any:
        """The probability of at most `k`."""
        return self._probability(False, False, k, args, named)

    def sf(self, k: Any, *args: Any, **named: Any) -> Any:
        """The probability of more than `k`."""
        return self._probability(True, False, k, args, named)

    def logcdf(self, k: Any, *args: Any, **named: Any) -> Any:
        """The logarithm of the probability of at most `k`."""
        return self._probability(False, True, k, args, named)

    def logsf(self, k: Any, *args: Any, **named: Any) -> Any:
        """The logarithm of the probability of more than `k`."""
        return self._probability(True, True, k, args, named)

    def _probability(self, upper: bool, logarithm: bool, k: Any, args: Any, named: Any) -> Any:
        *shapes, loc = self._parsed(("loc",), args, named)
        y, (low, high) = floor((array(k) - loc) * 1.0), self.support(*shapes)
        inside = (y >= low) & (y < high)
        value = self._cumulated(upper, logarithm, _within(y, inside, low, high), shapes)
        outside = where(inside, value, _outside(upper, logarithm, y < low))
        return where(self.valid(*shapes) & (y == y), outside, np.nan)


def _within(y: Any, inside: Any, low: Any, high: Any) -> Any:
    """The variable, and where it is outside of the support some point that is inside."""
    start, end = where(low > -np.inf, low, 0.0), where(high < np.inf, high, 0.0)
    finite = (low > -np.inf) & (high < np.inf)
    return where(inside, y, start + where(finite, (end - start) / 2, 1.0))


def _outside(upper: bool, logarithm: bool, below: Any) -> Any:
    nothing, everything = (-np.inf, 0.0) if logarithm else (0.0, 1.0)
    return where(below, everything, nothing) if upper else where(below, nothing, everything)
