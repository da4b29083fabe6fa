"""Distributions of whole numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...ops.elementwise import absolute, exp, expm1, log, log1p, sqrt, square
from ...ops.special import (
    bdtr,
    bdtrc,
    betainc,
    betaincc,
    betaln,
    gammaln,
    ive,
    pdtr,
    pdtrc,
    xlog1py,
    xlogy,
)
from .distribution import Discrete, everywhere, non_negative

__all__ = ["bernoulli", "betabinom", "binom", "geom", "nbinom", "poisson", "skellam"]


def _share(p: Any) -> Any:
    return (p >= 0) & (p <= 1)


def _log_choose(n: Any, k: Any) -> Any:
    return gammaln(n + 1) - (gammaln(k + 1) + gammaln(n - k + 1))


bernoulli = Discrete(
    "bernoulli",
    ("p",),
    log_density=lambda k, p: xlogy(k, p) + xlog1py(1 - k, -p),
    support=lambda p: (0, 1),
    cdf_of=lambda k, p: 1 - p,
    sf_of=lambda k, p: p,
    valid=_share,
)
binom = Discrete(
    "binom",
    ("n", "p"),
    log_density=lambda k, n, p: _log_choose(n, k) + xlogy(k, p) + xlog1py(n - k, -p),
    support=lambda n, p: (0, n),
    cdf_of=lambda k, n, p: bdtr(k, n, p),
    sf_of=lambda k, n, p: bdtrc(k, n, p),
    valid=lambda n, p: (n >= 0) & _share(p),
)
betabinom = Discrete(
    "betabinom",
    ("n", "a", "b"),
    log_density=lambda k, n, a, b: -log(n + 1) - betaln(n - k + 1, k + 1) + betaln(k + a, n - k + b) - betaln(a, b),
    support=lambda n, a, b: (0, n),
    valid=lambda n, a, b: (n >= 0) & (a > 0) & (b > 0),
)
nbinom = Discrete(
    "nbinom",
    ("n", "p"),
    log_density=lambda k, n, p: gammaln(n + k) - gammaln(k + 1) - gammaln(n) + n * log(p) + xlog1py(k, -p),
    support=non_negative,
    cdf_of=lambda k, n, p: betainc(n, k + 1, p),
    sf_of=lambda k, n, p: betaincc(n, k + 1, p),
    valid=lambda n, p: (n > 0) & (p > 0) & (p <= 1),
)
geom = Discrete(
    "geom",
    ("p",),
    log_density=lambda k, p: xlog1py(k - 1, -p) + log(p),
    support=lambda p: (1, np.inf),
    cdf_of=lambda k, p: -expm1(log1p(-p) * k),
    sf_of=lambda k, p: exp(log1p(-p) * k),
    logsf_of=lambda k, p: log1p(-p) * k,
    valid=lambda p: (p > 0) & (p <= 1),
)
poisson = Discrete(
    "poisson",
    ("mu",),
    log_density=lambda k, mu: xlogy(k, mu) - gammaln(k + 1) - mu,
    support=non_negative,
    cdf_of=lambda k, mu: pdtr(k, mu),
    sf_of=lambda k, mu: pdtrc(k, mu),
    valid=lambda mu: mu >= 0,
)


def _skellam(k: Any, mu1: Any, mu2: Any) -> Any:
    mean = sqrt(mu1 * mu2)
    return -square(sqrt(mu1) - sqrt(mu2)) + k / 2 * log(mu1 / mu2) + log(ive(absolute(k), 2 * mean))


skellam = Discrete("skellam", ("mu1", "mu2"), log_density=_skellam, support=everywhere)
