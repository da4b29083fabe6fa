"""Hurwitz's zeta function and its derivatives by the exponent.

Source: NIST Digital Library of Mathematical Functions, https://dlmf.nist.gov, 25.11.5: Euler and Maclaurin's formula.
Limits: s > -8, beyond which the answer is NaN.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .gammas import BERNOULLI

TERMS = 16


def zeta(s: Any, q: Any, n: int) -> Any:
    """The n-th derivative by `s` of the sum of (k + q) ** -s over k >= 0, for s > -8, s != 1, and q > 0."""
    total = np.zeros_like(s)
    for k in range(TERMS):
        total = total + np.power(k + q, -s) * (-np.log(k + q)) ** n
    end = TERMS + q
    fall, log = np.power(end, -s), np.log(end)
    total = total + fall * (-log) ** n / 2
    for i in range(n + 1):
        pole = (-1) ** i * math.factorial(i) / (s - 1) ** (i + 1)
        total = total + math.comb(n, i) * end * fall * (-log) ** (n - i) * pole
    rising = np.polynomial.Polynomial([0.0, 1.0])
    for k, bernoulli in enumerate(BERNOULLI, 1):
        for i in range(n + 1):
            slope = rising.deriv(i)(s) if i else rising(s)
            term = math.comb(n, i) * slope * fall * (-log) ** (n - i)
            total = total + bernoulli / math.factorial(2 * k) * term * np.power(end, 1.0 - 2 * k)
        rising = rising * np.polynomial.Polynomial([2 * k - 1, 1.0]) * np.polynomial.Polynomial([2 * k, 1.0])
    return np.where((s > -8) & (q > 0), total, np.nan)
