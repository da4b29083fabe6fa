"""Distributions of positive numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...ops.elementwise import exp, expm1, log, log1p, power, square
from ...ops.special import (
    betaln,
    chdtr,
    chdtrc,
    erf,
    fdtr,
    fdtrc,
    fdtri,
    gammainc,
    gammaincc,
    gammaincinv,
    gammaln,
    log_ndtr,
    ndtr,
    ndtri,
    xlogy,
)
from .distribution import Continuous, non_negative

__all__ = [
    "chi2",
    "expon",
    "f",
    "gamma",
    "halfnorm",
    "invgamma",
    "lognorm",
    "pareto",
    "rayleigh",
    "weibull_min",
]

SMALLEST = 5e-324


def above_zero(*shapes: Any) -> tuple[Any, Any]:
    """The support of positive numbers, without 0."""
    return SMALLEST, np.inf


expon = Continuous(
    "expon",
    (),
    log_density=lambda y: -y,
    support=non_negative,
    cdf_of=lambda y: -expm1(-y),
    sf_of=lambda y: exp(-y),
    logsf_of=lambda y: -y,
    ppf_of=lambda q: -log1p(-q),
)
gamma = Continuous(
    "gamma",
    ("a",),
    log_density=lambda y, a: xlogy(a - 1, y) - y - gammaln(a),
    support=non_negative,
    cdf_of=lambda y, a: gammainc(a, y),
    sf_of=lambda y, a: gammaincc(a, y),
    ppf_of=lambda q, a: gammaincinv(a, q),
)
chi2 = Continuous(
    "chi2",
    ("df",),
    log_density=lambda y, df: xlogy(df / 2 - 1, y) - y / 2 - gammaln(df / 2) - math.log(2) * df / 2,
    support=non_negative,
    cdf_of=lambda y, df: chdtr(df, y),
    sf_of=lambda y, df: chdtrc(df, y),
    ppf_of=lambda q, df: 2 * gammaincinv(df / 2, q),
)
invgamma = Continuous(
    "invgamma",
    ("a",),
    log_density=lambda y, a: -(a + 1) * log(y) - gammaln(a) - 1 / y,
    support=above_zero,
    cdf_of=lambda y, a: gammaincc(a, 1 / y),
    sf_of=lambda y, a: gammainc(a, 1 / y),
)


def _f_log_density(y: Any, n: Any, m: Any) -> Any:
    front = m / 2 * log(m) + n / 2 * log(n) - betaln(n / 2, m / 2)
    return front + xlogy(n / 2 - 1, y) - (n + m) / 2 * log(m + n * y)


f = Continuous(
    "f",
    ("dfn", "dfd"),
    log_density=_f_log_density,
    support=non_negative,
    cdf_of=lambda y, n, m: fdtr(n, m, y),
    sf_of=lambda y, n, m: fdtrc(n, m, y),
    ppf_of=lambda q, n, m: fdtri(n, m, q),
)
lognorm = Continuous(
    "lognorm",
    ("s",),
    log_density=lambda y, s: -square(log(y)) / (2 * square(s)) - log(s * y * math.sqrt(2 * math.pi)),
    support=above_zero,
    cdf_of=lambda y, s: ndtr(log(y) / s),
    sf_of=lambda y, s: ndtr(-log(y) / s),
    logcdf_of=lambda y, s: log_ndtr(log(y) / s),
    logsf_of=lambda y, s: log_ndtr(-log(y) / s),
    ppf_of=lambda q, s: exp(s * ndtri(q)),
)
pareto = Continuous(
    "pareto",
    ("b",),
    log_density=lambda y, b: log(b) - (b + 1) * log(y),
    support=lambda b: (1.0, np.inf),
    cdf_of=lambda y, b: -expm1(-b * log(y)),
    sf_of=lambda y, b: power(y, -b),
    logsf_of=lambda y, b: -b * log(y),
    ppf_of=lambda q, b: exp(-log1p(-q) / b),
)
weibull_min = Continuous(
    "weibull_min",
    ("c",),
    log_density=lambda y, c: log(c) + xlogy(c - 1, y) - power(y, c),
    support=non_negative,
    cdf_of=lambda y, c: -expm1(-power(y, c)),
    sf_of=lambda y, c: exp(-power(y, c)),
    logsf_of=lambda y, c: -power(y, c),
    ppf_of=lambda q, c: power(-log1p(-q), 1 / c),
)
rayleigh = Continuous(
    "rayleigh",
    (),
    log_density=lambda y: log(y) - square(y) / 2,
    support=above_zero,
    cdf_of=lambda y: -expm1(-square(y) / 2),
    sf_of=lambda y: exp(-square(y) / 2),
    logsf_of=lambda y: -square(y) / 2,
)
halfnorm = Continuous(
    "halfnorm",
    (),
    log_density=lambda y: math.log(2 / math.pi) / 2 - square(y) / 2,
    support=non_negative,
    cdf_of=lambda y: erf(y * math.sqrt(0.5)),
    sf_of=lambda y: 2 * ndtr(-y),
)
