"""Derivatives of scaled Bessel functions, which far out are much smaller than what they are differences of.

Source: NIST Digital Library of Mathematical Functions, https://dlmf.nist.gov, sections 10.29 and 10.40.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy.special


def ive_derivative(v: Any, x: Any, n: int) -> Any:
    """The n-th derivative by real `x` of exp(-|x|) I_v(x); at the corner at 0 the first is that of I_v."""
    side = np.where((x == 0) & (n > 1), np.nan, np.sign(x))
    parity = np.where(side < 0, np.where(v == np.rint(v), (-1.0) ** ((np.rint(v) + n) % 2), np.nan), 1.0)
    return parity * _scaled_derivative(scipy.special.ive, np.abs(side), v, np.abs(x), n)


def kve_derivative(v: Any, x: Any, n: int) -> Any:
    """The n-th derivative by `x` > 0 of exp(x) K_v(x)."""
    return _scaled_derivative(scipy.special.kve, -np.ones_like(x), v, x, n)


def iv_derivative(v: Any, x: Any, n: int) -> Any:
    """The n-th derivative by real `x` of I_v(x), which may be finite where exp(|x|) is not."""
    half = np.exp(np.abs(x) / 2)
    return half * (half * _pure(scipy.special.ive, v, x, n))


def yv_derivative(v: Any, x: Any, n: int) -> Any:
    """The n-th derivative by `x` > 0 of Y_v(x): where terms are infinite that of the highest order prevails."""
    terms = [(-1) ** i * math.comb(n, i) * scipy.special.yv(v - n + 2 * i, x) for i in range(n + 1)]
    total = sum(terms)
    return 0.5**n * np.where(np.isnan(total) & np.isinf(terms[-1]) & (v >= 0), terms[-1], total)


def kv_derivative(v: Any, x: Any, n: int) -> Any:
    """The n-th derivative by `x` > 0 of K_v(x), where SciPy's kv may have underflowed."""
    return np.exp(-x) * _pure(scipy.special.kve, v, x, n)


def _scaled_derivative(f: Any, sign: Any, v: Any, x: Any, n: int) -> Any:
    """The n-th derivative of exp(-sign x) f(v, x) for x > 0.

    Near by the neighbours (10.29.1), far out, where they cancel, by the asymptotic series (10.40.1, 10.40.2).
    """
    far = x > 19.0 + 2.0 * v * v
    near = _near(f, sign, v, np.where(far, 1.0, x), n)
    return np.where(far, _far(sign, v, np.where(far, x, 1e3 + 40.0 * v * v), n), near)


def _pure(f: Any, v: Any, x: Any, n: int) -> Any:
    """The sum of neighbours that is the n-th derivative of the function which f is a multiple of."""
    half = 0.5 if f is scipy.special.ive else -0.5
    return half**n * sum(math.comb(n, i) * f(_order(v - n + 2 * i), x) for i in range(n + 1))


def _order(v: Any) -> Any:
    """An order without its sign where it is whole, as SciPy computes those of negative orders less exactly."""
    return np.where(v == np.rint(v), np.abs(v), v)


def _near(f: Any, sign: float, v: Any, x: Any, n: int) -> Any:
    total = 0.0
    for j in range(n + 1):
        total = total + math.comb(n, j) * (-sign) ** (n - j) * _pure(f, v, x, j)
    return total


def _far(sign: float, v: Any, x: Any, n: int) -> Any:
    """Sum of (-sign) ** k a_k(v) x ** (-k - 1 / 2), each power differentiated n times."""
    term, total = np.ones_like(x), np.zeros_like(x)
    for k in range(40):
        slope = math.prod(-(k + 0.5) - j for j in range(n))
        total = total + term * slope
        term = term * (-sign * (4 * v * v - (2 * k + 1) ** 2) / (8 * (k + 1))) / x
    front = np.where(sign > 0, math.sqrt(1 / (2 * math.pi)), math.sqrt(math.pi / 2))
    return front * total * np.power(x, -n) / np.sqrt(x)
