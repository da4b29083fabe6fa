"""Distributions on an interval."""

from __future__ import annotations

import math
from typing import Any

from ...ops.elementwise import arctan, cos, log, square, tan, where
from ...ops.special import betainc, betaincc, betaincinv, betaln, xlog1py, xlogy
from .distribution import Continuous

__all__ = ["beta", "uniform", "wrapcauchy"]

beta = Continuous(
    "beta",
    ("a", "b"),
    log_density=lambda y, a, b: xlog1py(b - 1, -y) + xlogy(a - 1, y) - betaln(a, b),
    support=lambda a, b: (0.0, 1.0),
    cdf_of=lambda y, a, b: betainc(a, b, y),
    sf_of=lambda y, a, b: betaincc(a, b, y),
    ppf_of=lambda q, a, b: betaincinv(a, b, q),
)
uniform = Continuous(
    "uniform",
    (),
    log_density=lambda y: 0 * y,
    support=lambda: (0.0, 1.0),
    cdf_of=lambda y: y,
    sf_of=lambda y: 1 - y,
    ppf_of=lambda q: q,
)


def _wrapped_cdf(y: Any, c: Any) -> Any:
    ratio = (1 + c) / (1 - c)
    turned = where(y < math.pi, y, 2 * math.pi - y)
    share = arctan(ratio * tan(turned / 2)) / math.pi
    return where(y < math.pi, share, 1 - share)


wrapcauchy = Continuous(
    "wrapcauchy",
    ("c",),
    log_density=lambda y, c: log((1 - square(c)) / (2 * math.pi * (1 + square(c) - 2 * c * cos(y)))),
    support=lambda c: (0.0, 2 * math.pi),
    cdf_of=_wrapped_cdf,
    valid=lambda c: (c > 0) & (c < 1),
)
