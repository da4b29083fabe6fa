"""Distributions on the whole line."""

from __future__ import annotations

import math
from typing import Any

from ...ops.elementwise import absolute, arctan2, exp, expit, expm1, log, log1p, power, square, tan, where
from ...ops.special import (
    cosm1,
    gammaincc,
    gammaln,
    i0e,
    log_expit,
    log_ndtr,
    logit,
    ndtr,
    ndtri,
    stdtr,
    stdtrit,
)
from .distribution import Continuous

__all__ = ["cauchy", "gennorm", "gumbel_l", "gumbel_r", "laplace", "logistic", "norm", "t", "truncnorm", "vonmises"]

LOG_SQRT_2PI = math.log(2 * math.pi) / 2

norm = Continuous(
    "norm",
    (),
    log_density=lambda y: -square(y) / 2 - LOG_SQRT_2PI,
    cdf_of=ndtr,
    sf_of=lambda y: ndtr(-y),
    logcdf_of=log_ndtr,
    logsf_of=lambda y: log_ndtr(-y),
    ppf_of=ndtri,
)


def _t_log_density(y: Any, df: Any) -> Any:
    front = gammaln((df + 1) / 2) - gammaln(df / 2) - log(df * math.pi) / 2
    return front - (df + 1) / 2 * log1p(square(y) / df)


t = Continuous(
    "t",
    ("df",),
    log_density=_t_log_density,
    cdf_of=lambda y, df: stdtr(df, y),
    sf_of=lambda y, df: stdtr(df, -y),
    ppf_of=lambda q, df: stdtrit(df, q),
)
cauchy = Continuous(
    "cauchy",
    (),
    log_density=lambda y: -math.log(math.pi) - log1p(square(y)),
    cdf_of=lambda y: arctan2(1.0, -y) / math.pi,
    sf_of=lambda y: arctan2(1.0, y) / math.pi,
    ppf_of=lambda q: tan(math.pi * q - math.pi / 2),
)
laplace = Continuous(
    "laplace",
    (),
    log_density=lambda y: -absolute(y) - math.log(2),
    cdf_of=lambda y: where(y > 0, 1 - 0.5 * exp(-absolute(y)), 0.5 * exp(-absolute(y))),
    sf_of=lambda y: where(y > 0, 0.5 * exp(-absolute(y)), 1 - 0.5 * exp(-absolute(y))),
    logcdf_of=lambda y: where(y > 0, log1p(-0.5 * exp(-absolute(y))), y - math.log(2)),
    logsf_of=lambda y: where(y > 0, -y - math.log(2), log1p(-0.5 * exp(-absolute(y)))),
    ppf_of=lambda q: where(q > 0.5, -log(2 * (1 - q)), log(2 * q)),
)
logistic = Continuous(
    "logistic",
    (),
    log_density=lambda y: -absolute(y) - 2 * log1p(exp(-absolute(y))),
    cdf_of=expit,
    sf_of=lambda y: expit(-y),
    logcdf_of=log_expit,
    logsf_of=lambda y: log_expit(-y),
    ppf_of=logit,
)
gumbel_r = Continuous(
    "gumbel_r",
    (),
    log_density=lambda y: -y - exp(-y),
    cdf_of=lambda y: exp(-exp(-y)),
    sf_of=lambda y: -expm1(-exp(-y)),
    logcdf_of=lambda y: -exp(-y),
    ppf_of=lambda q: -log(-log(q)),
)
gumbel_l = Continuous(
    "gumbel_l",
    (),
    log_density=lambda y: y - exp(y),
    cdf_of=lambda y: -expm1(-exp(y)),
    sf_of=lambda y: exp(-exp(y)),
    logsf_of=lambda y: -exp(y),
    ppf_of=lambda q: log(-log1p(-q)),
)


def _gennorm_tail(y: Any, beta: Any) -> Any:
    """The probability beyond |y| on one side."""
    return 0.5 * gammaincc(1 / beta, power(absolute(y), beta))


gennorm = Continuous(
    "gennorm",
    ("beta",),
    log_density=lambda y, beta: log(0.5 * beta) - gammaln(1 / beta) - power(absolute(y), beta),
    cdf_of=lambda y, beta: where(y > 0, 1 - _gennorm_tail(y, beta), _gennorm_tail(y, beta)),
    sf_of=lambda y, beta: where(y > 0, _gennorm_tail(y, beta), 1 - _gennorm_tail(y, beta)),
)
vonmises = Continuous(
    "vonmises",
    ("kappa",),
    log_density=lambda y, kappa: kappa * cosm1(y) - math.log(2 * math.pi) - log(i0e(kappa)),
)


def _log_mass(a: Any, b: Any) -> Any:
    """The logarithm of the probability of a normal variable between `a` and `b`, taken on the left, without loss."""
    low, high = where(a > 0, -b, a), where(a > 0, -a, b)
    aside = high <= 0
    left = where(aside, high, 0.0)
    tail = log_ndtr(left) + log1p(-exp(log_ndtr(where(aside, low, -1.0)) - log_ndtr(left)))
    middle = log1p(-ndtr(where(aside, -1.0, low)) - ndtr(-where(aside, 1.0, high)))
    return where(aside, tail, middle)


truncnorm = Continuous(
    "truncnorm",
    ("a", "b"),
    log_density=lambda y, a, b: -square(y) / 2 - LOG_SQRT_2PI - _log_mass(a, b),
    support=lambda a, b: (a, b),
    logcdf_of=lambda y, a, b: _log_mass(a, y) - _log_mass(a, b),
    logsf_of=lambda y, a, b: _log_mass(y, b) - _log_mass(a, b),
    cdf_of=lambda y, a, b: exp(_log_mass(a, y) - _log_mass(a, b)),
    sf_of=lambda y, a, b: exp(_log_mass(y, b) - _log_mass(a, b)),
    valid=lambda a, b: a < b,
)
