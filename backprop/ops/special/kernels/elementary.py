"""Quotients of elementary functions, without cancellation where both parts vanish."""

from __future__ import annotations

import math
from typing import Any

import numpy as np


def log_ratio(x: Any, y: Any) -> Any:
    """log(x / y)."""
    quotient = x / y
    near = np.abs(quotient - 1) < 0.5
    close = np.log1p(np.where(near, (x - y) / y, 0.0))
    usual = np.where(
        (quotient > 1e-300) & (quotient < 1e300) | (x == 0) | (y == 0), np.log(quotient), np.log(x) - np.log(y)
    )
    return np.where(near, close, usual)


def exprel(x: Any, n: int) -> Any:
    """The n-th derivative of (exp(x) - 1) / x: by its series near 0, elsewhere by integration by parts."""
    near = np.where(np.abs(x) < 2.0 + n, x, 0.0)
    series = sum(near**k / (math.factorial(k) * (n + 1 + k)) for k in range(40 + 4 * n))
    far = np.where(np.abs(x) < 2.0 + n, 1.0, x)
    half = np.exp(far / 2)
    top = half * (half / far)
    result = np.where(far < 30, np.expm1(far) / far, top)
    for k in range(1, n + 1):
        result = top - k * (result / far)
    return np.where(np.abs(x) < 2.0 + n, series, result)


def log1p_ratio(x: Any, n: int) -> Any:
    """The n-th derivative of log(1 + x) / x: by its series near 0, elsewhere from that of the product with x."""
    near = np.where(np.abs(x) < 0.5, x, 0.0)
    series = sum((-near) ** k * math.perm(k + n, n) / (k + n + 1) for k in range(80)) * (-1) ** n
    far = np.where(np.abs(x) < 0.5, 1.0, x)
    result = np.log1p(far) / far
    slope = 1 / (1 + far)
    for k in range(1, n + 1):
        result = (slope - k * result) / far
        slope = slope * -k / (1 + far)
    return np.where(np.abs(x) < 0.5, series, result)
