"""Derivatives of the incomplete gamma and beta functions by their parameters, as integrals.

The derivative of a distribution function by a parameter is the integral of its density times a score, log(t) less its
mean. The score changes its sign once, so that one of the two integrals, up to x or from x on, is that of numbers of one
sign, and that one is taken. In a variable in which the density is log-concave it falls from x on without a turn: Gauss
and Legendre's rule, on the intervals between which it falls by a factor, gives 12 digits and more. Second derivatives
have scores of second degree, which change their sign twice, and lose some digits near by.

Source: NIST Digital Library of Mathematical Functions, https://dlmf.nist.gov, sections 8.2, 8.17 and 3.5(v).
"""

from __future__ import annotations

from functools import cache, partial
from typing import Any

import numpy as np
import scipy.special

from .blocks import by_blocks
from .gammas import beta_density, gamma_density

# Where the intervals end, as parts of the distance after which the density is nothing: narrow ones near x.
ENDS = np.concatenate([[0.0], 2.0 ** np.arange(-11.0, -4.0), np.arange(1, 17) / 16])
NOTHING = 46.0  # exp(-46) is 1e-20


@cache
def _rule() -> tuple[Any, Any]:
    """The nodes and weights of the intervals, each a column."""
    roots, shares = np.polynomial.legendre.leggauss(12)
    nodes = ENDS[:-1, None] + np.diff(ENDS)[:, None] * (roots + 1) / 2
    return nodes.reshape(-1, 1), (np.diff(ENDS)[:, None] * shares / 2).reshape(-1, 1)


def gamma_moment(a: Any, x: Any, n: int) -> Any:
    """The n-th derivative by `a` of the regularized lower incomplete gamma function, for n = 1 or 2."""
    return by_blocks(partial(_gamma_moment, n), a, x)


def _gamma_moment(n: int, a: Any, x: Any) -> Any:
    mean = scipy.special.psi(a)
    log_x = np.log(x)
    side = np.where(log_x > mean, 1.0, -1.0)
    inside = (a > 0) & (x > 0) & np.isfinite(x)

    def fall(u: Any) -> Any:
        """How much the logarithm of t ** a exp(-t) at log(t) = log(x) + u lies below that at x."""
        return x * np.expm1(u) - a * u

    def score(u: Any) -> Any:
        first = log_x + u - mean
        return first if n == 1 else first * first - scipy.special.polygamma(1, a)

    reach = _reach(fall, side)
    nodes, weights = _rule()
    u = side * reach * nodes
    total = np.sum(weights * np.exp(-fall(u)) * score(u), axis=0)
    result = -side * reach * total * gamma_density(a, x) * x
    return np.where(inside, result, np.where((a > 0) & ((x == 0) | np.isinf(x)), 0.0, np.nan))


def beta_moment(a: Any, b: Any, x: Any, m: int, n: int) -> Any:
    """The derivative of the regularized incomplete beta function, m times by `a` and n times by `b`: once or twice."""
    return by_blocks(partial(_beta_moment, m, n), a, b, x)


def _beta_moment(m: int, n: int, a: Any, b: Any, x: Any) -> Any:
    both = scipy.special.psi(a + b)
    mean_a, mean_b = scipy.special.psi(a) - both, scipy.special.psi(b) - both
    inside = (a > 0) & (b > 0) & (x > 0) & (x < 1)
    x = np.where(inside, x, 0.5)
    log_x, log_y = np.log(x), np.log1p(-x)
    middle = log_x > mean_a if n == 0 else log_y < mean_b
    side = np.where(middle, 1.0, -1.0)

    def shares(u: Any) -> Any:
        """log(t / x) and log((1 - t) / (1 - x)) where the logit of t is that of x plus u."""
        turned = np.expm1(-np.abs(u))  # of one sign, and never overflows
        up = -np.log1p(np.where(u > 0, (1 - x) * turned, x * turned)) + np.minimum(u, 0.0)
        return up, up - u

    def fall(u: Any) -> Any:
        up, down = shares(u)
        return -(a * up + b * down)

    def score(u: Any) -> Any:
        up, down = shares(u)
        by_a, by_b = log_x + up - mean_a, log_y + down - mean_b
        variance = scipy.special.polygamma(1, a + b)
        if m + n == 1:
            return by_a if m else by_b
        if m == 1:
            return by_a * by_b + variance
        own = scipy.special.polygamma(1, a if m else b)
        return (by_a if m else by_b) ** 2 - own + variance

    reach = _reach(fall, side)
    nodes, weights = _rule()
    u = side * reach * nodes
    total = np.sum(weights * np.exp(-fall(u)) * score(u), axis=0)
    result = -side * reach * total * beta_density(a, b, x) * x * (1 - x)
    return np.where(inside, result, np.where((a > 0) & (b > 0), 0.0, np.nan))


def _reach(fall: Any, side: Any) -> Any:
    """How far to go, on a side, until the density has fallen to nothing: by bisection of its logarithm."""
    low, high = np.full_like(side, -60.0), np.full_like(side, 700.0)
    for _ in range(40):
        middle = (low + high) / 2
        far = fall(side * np.exp2(middle / 8)) > NOTHING
        low, high = np.where(far, low, middle), np.where(far, middle, high)
    return np.exp2(high / 8)
