"""Gaussians and repeated integrals of the complementary error function, without cancellation far out.

Source: NIST Digital Library of Mathematical Functions, https://dlmf.nist.gov, sections 7.18 and 7.9.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy.special

SQRT_PI = math.sqrt(math.pi)
SPLIT = 134217729.0  # 2 ** 27 + 1: the halves of a float64 have squares without rounding


def gaussian(x: Any, scale: float) -> Any:
    """exp(-scale x ** 2) for real or complex `x`: the square is not rounded where x is real.

    Arguments:
        x: an array.
        scale: a power of two.
    """
    if np.iscomplexobj(x):
        return np.exp(-scale * (x * x))
    x = np.clip(x, -64.0, 64.0)
    high = x * SPLIT - (x * SPLIT - x)
    return np.exp(-scale * (high * high)) * np.exp(-scale * ((x - high) * (x + high)))


def erfc_integral(x: Any, n: int) -> Any:
    """exp(x ** 2) times the n-th repeated integral of erfc from `x` to infinity, for n >= -1 (7.18.2).

    Left of 1 by the recurrence upwards, which adds positive numbers for x < 0; right of it by the recurrence downwards
    (7.18.7), which does so for x > 0, from where it no longer matters; the farther right, the sooner.
    """
    x = np.asarray(x, float)
    right = np.clip(x, 1.0, None)
    result = np.where(x < 1.0, _upwards(np.minimum(x, 1.0), n), 0.0)
    for low, high in ((1.0, 3.0), (3.0, 12.0), (12.0, np.inf)):
        inside = (x >= low) & (x < high)
        if np.any(inside):
            result[inside] = _downwards(right[inside], n, n + 24 + math.ceil((20.0 / low) ** 2 / 2))
    return np.where(np.isnan(x), np.nan, result)


def _upwards(x: Any, n: int) -> Any:
    below, here = np.full_like(x, 2 / SQRT_PI), scipy.special.erfcx(x)
    if n == -1:
        return below
    for k in range(1, n + 1):
        below, here = here, (below / 2 - x * here) / k
    return here


def _downwards(x: Any, n: int, start: int) -> Any:
    """The ratios of neighbours, r(k) = f(k) / f(k - 1) = 1 / (2 x + 2 (k + 1) r(k + 1)), from `start` to 0."""
    ratio, result = 1 / (2 * x), np.full_like(x, 2 / SQRT_PI)
    for k in range(start, -1, -1):
        ratio = 1 / (2 * x + 2 * (k + 1) * ratio)
        if k <= n:
            result = result * ratio
    return result


def hazard_excess(x: Any) -> Any:
    """phi(x) / Phi(x) + x for the normal distribution, which is 1 / |x| far on the left."""
    far = x < -1e7
    near = np.where(far, -1.0, x)
    left = np.minimum(near, 0.0) * -math.sqrt(0.5)
    small = math.sqrt(2.0) * erfc_integral(left, 1) / scipy.special.erfcx(left)
    return np.where(far, -1 / np.where(far, x, -1.0), np.where(near < 0, small, near + hazard(near)))


def hazard(x: Any) -> Any:
    """phi(x) / Phi(x) for the normal distribution."""
    left = math.sqrt(2 / math.pi) / scipy.special.erfcx(np.minimum(x, 0.0) * -math.sqrt(0.5))
    right = gaussian(x, 0.5) / math.sqrt(2 * math.pi) / scipy.special.ndtr(x)
    return np.where(x < 0, left, right)


def faddeeva(z: Any, n: int) -> Any:
    """The n-th derivative of Faddeeva's w at complex `z`: far above the real axis by its asymptotic series (7.12)."""
    far = (np.abs(z) > 6.2) & (z.imag >= 0)
    if np.all(far):
        return _far_faddeeva(z, n)
    below, here = scipy.special.wofz(z), -2 * z * scipy.special.wofz(z) + 2j / SQRT_PI
    if n == 0:
        return below
    for k in range(1, n):  # 7.10.3
        below, here = here, -2 * z * here - 2 * k * below
    return np.where(far, _far_faddeeva(np.where(far, z, 10.0), n), here)


def _far_faddeeva(z: Any, n: int) -> Any:
    inverse = 1 / z
    total, coefficient = np.zeros_like(z), 1.0
    for k in range(36):
        slope = math.prod(-(2 * k + 1) - j for j in range(n))
        total = total + coefficient * slope * (inverse * inverse) ** k
        coefficient *= (2 * k + 1) / 2
    return 1j / SQRT_PI * total * inverse ** (n + 1)


def dawson(x: Any, n: int) -> Any:
    """The n-th derivative of Dawson's integral at real `x`."""
    return SQRT_PI / 2 * faddeeva(x + 0j, n).imag


def quarter_turns(x: Any, quarter: int) -> Any:
    """sin(pi / 2 (x ** 2 + quarter)) for real or complex `x`: whole turns are left out before they are rounded."""
    if np.iscomplexobj(x):
        return np.sin(math.pi / 2 * (x * x + quarter))
    high = np.where(np.abs(x) < 1e150, x * SPLIT - (x * SPLIT - x), x)
    turns = np.fmod(high * high, 4.0) + np.fmod((x - high) * (x + high), 4.0) + quarter
    return scipy.special.sindg(90.0 * np.fmod(turns, 4.0))
