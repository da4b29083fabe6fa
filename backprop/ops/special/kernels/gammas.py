"""Differences of polygamma functions and densities of the gamma and beta distributions, without cancellation.

Sources: NIST Digital Library of Mathematical Functions, https://dlmf.nist.gov, sections 5.11 and 5.15; C. Loader, Fast
and accurate computation of binomial probabilities (2000), for densities as exponentials of deviances.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy.special

BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510)
LARGE = 12.0


def derivative_of_digamma(x: Any, n: int) -> Any:
    """The n-th derivative of digamma at real `x`: left of 0 by reflection (5.15.6), but near the zeros of digamma."""
    if n == 0:
        return np.where((x < 0) & (np.abs(x - np.rint(x)) < 0.1), _reflected(x, 0), scipy.special.psi(x))
    return _reflected(x, n)


def half_turns(x: Any, quarter: int) -> Any:
    """sin(pi (x + quarter / 2)) for real `x`, of which whole turns are left out before they are rounded."""
    rest = x - np.rint(x)
    sign = np.where(np.rint(x) % 2 == 0, 1.0, -1.0) * (-1.0 if quarter % 4 > 1 else 1.0)
    return sign * (np.cos(np.pi * rest) if quarter % 2 else np.sin(np.pi * rest))


def _reflected(x: Any, n: int) -> Any:
    turned = np.where(x < 0, 1 - x, x)
    right = scipy.special.polygamma(n, turned) if n else scipy.special.psi(turned)
    if not np.any(x < 0):
        return right
    angle = np.pi * (x - np.rint(x))
    coefficients = np.polynomial.Polynomial([0.0, 1.0])
    for _ in range(n):  # the derivatives of cot are polynomials in it
        coefficients = coefficients.deriv() * np.polynomial.Polynomial([-1.0, 0.0, -1.0])
    with np.errstate(all="ignore"):
        left = (-1) ** n * right - np.pi ** (n + 1) * coefficients(1 / np.tan(angle))
    return np.where(x < 0, np.where(x == np.rint(x), np.nan, left), right)


def polygamma_step(a: Any, b: Any, n: int) -> Any:
    """polygamma(n, a + b) - polygamma(n, a), to full precision also where `b` is small beside `a`.

    Both points move to the right of LARGE by the recurrence (5.15.5), where the asymptotic series (5.15.8) is summed
    by differences; what is not positive is subtracted as it stands.
    """
    plain = (a <= 0) | (a + b <= 0)
    difference = derivative_of_digamma(a + b, n) - derivative_of_digamma(a, n) if np.any(plain) else 0.0
    a, b = np.where(plain, 1.0, a), np.where(plain, 1.0, b)
    sign = 1.0 if n % 2 else -1.0
    factor = sign * math.factorial(n)
    total = np.zeros(np.broadcast(a, b).shape)
    for k in range(int(LARGE)):
        total += factor * _power_step(a + k, b, n + 1)
    x = a + LARGE
    if n == 0:
        total += np.log1p(b / x)
    else:
        total += sign * math.factorial(n - 1) * _power_step(x, b, n)
    total += factor / 2 * _power_step(x, b, n + 1)
    for k, bernoulli in enumerate(BERNOULLI, 1):
        coefficient = sign * bernoulli * math.factorial(2 * k + n - 1) / math.factorial(2 * k)
        total += coefficient * _power_step(x, b, 2 * k + n)
    return np.where(plain, difference, total)


def _power_step(x: Any, b: Any, m: int) -> Any:
    """(x + b) ** -m - x ** -m for positive x and x + b."""
    u, v = 1 / (x + b), 1 / x
    return -b * u * v * sum(u**j * v ** (m - 1 - j) for j in range(m))


def stirling_error(a: Any) -> Any:
    """The logarithm of gamma(a) / (sqrt(2 pi / a) (a / e) ** a), for a > 0 (5.11.1)."""
    large = np.maximum(a, LARGE)
    square = 1 / (large * large)
    series = sum(b / (2 * k * (2 * k - 1)) * square ** (k - 1) for k, b in enumerate(BERNOULLI, 1)) / large
    small = np.minimum(a, LARGE)
    direct = scipy.special.gammaln(small) - ((small - 0.5) * np.log(small) - small + 0.5 * math.log(2 * math.pi))
    return np.where(a < LARGE, direct, series)


def deviance(d: Any, ratio: Any) -> Any:
    """d - log(ratio), where ratio is 1 + d, known to full precision where it is small."""
    near = np.where(np.abs(d) < 0.5, d, 0.0)
    r = near / (2 + near)
    square = r * r
    tail = np.zeros_like(square)
    for k in range(37, 1, -2):
        tail = tail * square + 1 / k
    return np.where(np.abs(d) < 0.5, near * r - 2 * r * square * tail, d - np.log(ratio))


def gamma_density(a: Any, x: Any) -> Any:
    """x ** (a - 1) exp(-x) / gamma(a) for a > 0 and x >= 0."""
    small = np.minimum(a, LARGE)
    half = np.power(x, (small - 1) / 2) * np.exp(-x / 2)
    direct = half * scipy.special.rgamma(small) * half
    large = np.maximum(a, LARGE)
    exponent = -large * deviance((x - large) / large, x / large) - stirling_error(large)
    scaled = np.sqrt(large / (2 * np.pi)) * (np.exp(exponent / 2) / np.where(x > 0, x, 1.0)) * np.exp(exponent / 2)
    result = np.where(a < LARGE, direct, np.where(x > 0, scaled, 0.0))
    return np.where((a > 0) & (x >= 0), np.where(np.isinf(x), 0.0, result), np.nan)


def beta_density(a: Any, b: Any, x: Any) -> Any:
    """x ** (a - 1) (1 - x) ** (b - 1) / beta(a, b) for a, b > 0 and 0 <= x <= 1."""
    direct = np.power(x, a - 1) * np.power(1 - x, b - 1) / scipy.special.beta(a, b)
    inside = (x > 0) & (x < 1)
    x = np.where(inside, x, 0.5)
    off = x * b - a * (1 - x)  # (x - p) (a + b), where p = a / (a + b)
    exponent = -a * deviance(off / a, x * (1 + b / a)) - b * deviance(-off / b, (1 - x) * (1 + a / b))
    exponent = exponent + stirling_error(a + b) - stirling_error(a) - stirling_error(b)
    scaled = np.sqrt(a / (2 * np.pi) * (b / (a + b))) * np.exp(exponent) / (x * (1 - x))
    return np.where((np.maximum(a, b) < LARGE) | ~inside, direct, scaled)
