"""Functions of one variable, what mpmath says of them, and where both are compared.

A grid is logarithmic, over all of float64 on either side of 0, and denser in the middle; further points stand beside
zeros and poles. A function ends where it overflows.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import mpmath as mp
import numpy as np
import scipy.special as sp

import backprop as bp

Oracle = Callable[[Any], Any]
Grid = np.ndarray[Any, Any]

SIDE = 10.0 ** np.arange(-300, 301, 25.0) * 1.7
MIDDLE = np.concatenate([np.geomspace(1e-3, 1, 8, endpoint=False), np.linspace(1.03, 45.0, 22)])
RIGHT = np.sort(np.concatenate([SIDE, MIDDLE, 10.0 ** np.arange(2, 18, 2.0) * 1.3]))
REAL = np.concatenate([-RIGHT[::-1], RIGHT])
UNIT = np.sort(
    np.concatenate([10.0 ** -np.arange(0.5, 300, 20), np.linspace(0.03, 0.97, 16), 1 - 2.0 ** -np.arange(3, 53, 7)])
)


class Tail(NamedTuple):
    """A row: the function, its meaning, the grid, and the digits that a difference quotient of it needs."""

    name: str
    f: Callable[[Any], Any]
    true: Oracle
    grid: Grid
    digits: int = 60
    derivatives: tuple[Oracle, Oracle] | None = None


def beside(*points: float) -> Grid:
    """Points beside some others, ever nearer."""
    return np.array(
        [p + side * max(abs(p), 1.0) * 2.0**-k for p in points for side in (-1, 1) for k in (3, 10, 24, 45)]
    )


def within(grid: Grid, low: float, high: float, *more: Grid) -> Grid:
    """The points of a grid between two numbers, and more."""
    return np.unique(np.concatenate([grid[(grid > low) & (grid < high)], *more]))


def off_poles(grid: Grid) -> Grid:
    """The points of a grid that are no integers left of 0."""
    return grid[(grid > 0) | (grid != np.rint(grid))]


# Functions that mpmath has not, or not so far out.


def series(x: Any, coefficient: Callable[[int], Any], count: int = 14) -> Any:
    return mp.fsum(coefficient(k) / x ** (2 * k) for k in range(count))


def erfcx(x: Any) -> Any:
    if x > 1e4:
        return series(x, lambda k: (-1) ** k * mp.fac2(2 * k - 1) / mp.mpf(2) ** k) / (x * mp.sqrt(mp.pi))
    return mp.exp(x * x) * mp.erfc(x)


def log_ndtr(x: Any) -> Any:
    if x < -1e3:
        return mp.log(erfcx(-x / mp.sqrt(2)) / 2) - x * x / 2
    return mp.log1p(-mp.erfc(x / mp.sqrt(2)) / 2) if x > 0 else mp.log(mp.erfc(-x / mp.sqrt(2)) / 2)


def dawsn(x: Any) -> Any:
    if abs(x) > 1e4:
        return series(x, lambda k: mp.fac2(2 * k - 1) / mp.mpf(2) ** k) / (2 * x)
    return mp.sqrt(mp.pi) / 2 * mp.exp(-x * x) * mp.erfi(x)


def erfinv(x: Any) -> Any:
    return mp.erfinv(x)


def erfcinv(x: Any) -> Any:
    return -ndtri(x / 2) / mp.sqrt(2)


def ndtri(x: Any) -> Any:
    if x > 0.5:
        return -ndtri(1 - x)
    start = float(sp.ndtri(float(x)))
    return mp.findroot(lambda y: mp.log(mp.erfc(-y / mp.sqrt(2)) / 2) - mp.log(x), start)


def normal_slope(y: Any) -> Any:
    return mp.sqrt(2 * mp.pi) * mp.exp(y * y / 2)


def scaled(f: Callable[..., Any], v: float, sign: int) -> Oracle:
    def value(x: Any) -> Any:
        if abs(x) > 1e4:
            term, total = mp.mpf(1), mp.mpf(0)
            for k in range(16):
                total, term = (
                    total + term,
                    term * (-sign * (4 * mp.mpf(v) ** 2 - (2 * k + 1) ** 2) / (8 * (k + 1)) / abs(x)),
                )
            return total * (1 / mp.sqrt(2 * mp.pi * abs(x)) if sign > 0 else mp.sqrt(mp.pi / 2 / abs(x)))
        return mp.exp(-sign * abs(x)) * f(v, abs(x))

    return lambda x: value(x) * (-1 if x < 0 and v % 2 else 1)


def kl_div(x: Any, y: Any) -> Any:
    return x * mp.log(x / y) - x + y


E = mp.e
ELEMENTARY = (
    Tail("exp", np.exp, mp.exp, within(REAL, -760, 709)),
    Tail("exp2", np.exp2, lambda x: mp.mpf(2) ** x, within(REAL, -1070, 1023)),
    Tail("expm1", np.expm1, mp.expm1, within(REAL, -760, 709), 400),
    Tail("log", np.log, mp.log, within(RIGHT, 0, 1e301, beside(1.0))),
    Tail("log2", np.log2, lambda x: mp.log(x) / mp.log(2), within(RIGHT, 0, 1e301, beside(1.0))),
    Tail("log10", np.log10, lambda x: mp.log(x) / mp.log(10), within(RIGHT, 0, 1e301, beside(1.0))),
    Tail("log1p", np.log1p, mp.log1p, within(REAL, -1, 1e301, -UNIT)),
    Tail("sqrt", np.sqrt, mp.sqrt, RIGHT),
    Tail("cbrt", np.cbrt, lambda x: mp.sign(x) * mp.cbrt(abs(x)), REAL),
    Tail("square", np.square, lambda x: x * x, REAL),
    Tail("reciprocal", np.reciprocal, lambda x: 1 / x, REAL),
    Tail("power of 2.5", lambda x: np.power(x, 2.5), lambda x: x ** mp.mpf("2.5"), RIGHT),
    Tail("sin", np.sin, mp.sin, within(REAL, -1e17, 1e17, beside(np.pi)), 120),
    Tail("cos", np.cos, mp.cos, within(REAL, -1e17, 1e17, beside(np.pi / 2)), 120),
    Tail("tan", np.tan, mp.tan, within(REAL, -1e17, 1e17, beside(np.pi)), 120),
    Tail("arcsin", np.arcsin, mp.asin, np.concatenate([-UNIT, UNIT])),
    Tail("arccos", np.arccos, mp.acos, np.concatenate([-UNIT, UNIT])),
    Tail("arctan", np.arctan, mp.atan, REAL),
    Tail("sinh", np.sinh, mp.sinh, within(REAL, -710, 710), 120),
    Tail("cosh", np.cosh, mp.cosh, within(REAL, -710, 710), 120),
    Tail("tanh", np.tanh, mp.tanh, within(REAL, -370, 370), 400),
    Tail("arcsinh", np.arcsinh, mp.asinh, REAL),
    Tail("arccosh", np.arccosh, mp.acosh, within(RIGHT, 1, 1e301, 1 + UNIT[UNIT > 1e-15])),
    Tail("arctanh", np.arctanh, mp.atanh, np.concatenate([-UNIT, UNIT])),
    Tail("sinc", np.sinc, lambda x: mp.sin(mp.pi * x) / (mp.pi * x), within(REAL, -50, 50), 120),
    Tail("hypot with 3", lambda x: np.hypot(x, 3.0), lambda x: mp.sqrt(x * x + 9), REAL),
    Tail("arctan2 over 3", lambda x: np.arctan2(x, 3.0), lambda x: mp.atan2(x, 3), REAL),
    Tail(
        "logaddexp with 0", lambda x: np.logaddexp(x, 0.0), lambda x: mp.log1p(mp.exp(x)), within(REAL, -745, 745), 400
    ),
    Tail("softplus", bp.ops.softplus, lambda x: mp.log1p(mp.exp(x)), within(REAL, -745, 745), 400),
    Tail("expit", sp.expit, lambda x: 1 / (1 + mp.exp(-x)), within(REAL, -745, 745), 400),
    Tail("log_expit", sp.log_expit, lambda x: -mp.log1p(mp.exp(-x)), within(REAL, -745, 745), 400),
    Tail("logit", sp.logit, lambda x: mp.log(x / (1 - x)), UNIT),
    Tail("entr", sp.entr, lambda x: -x * mp.log(x), RIGHT),
    Tail("xlogy(2.5, x)", lambda x: sp.xlogy(2.5, x), lambda x: 2.5 * mp.log(x), RIGHT),
    Tail(
        "xlogy(x, 2.5)",
        lambda x: sp.xlogy(x, 2.5),
        lambda x: x * mp.log(mp.mpf("2.5")),
        REAL,
        60,
        (lambda x: mp.log(mp.mpf("2.5")), lambda x: mp.mpf(0)),
    ),
    Tail("xlog1py(2.5, x)", lambda x: sp.xlog1py(2.5, x), lambda x: 2.5 * mp.log1p(x), within(REAL, -1, 1e301)),
    Tail("rel_entr(x, 3)", lambda x: sp.rel_entr(x, 3.0), lambda x: x * mp.log(x / 3), RIGHT),
    Tail(
        "rel_entr(1e200, x)",
        lambda x: sp.rel_entr(1e200, x),
        lambda x: mp.mpf(1e200) * mp.log(mp.mpf(1e200) / x),
        RIGHT,
    ),
    Tail(
        "kl_div(x, 3)",
        lambda x: sp.kl_div(x, 3.0),
        lambda x: kl_div(x, mp.mpf(3)),
        within(RIGHT, 0, 1e301, beside(3.0)),
    ),
    Tail("exprel", sp.exprel, lambda x: mp.expm1(x) / x, within(REAL, -1e301, 709), 120),
    Tail("exp10", sp.exp10, lambda x: mp.mpf(10) ** x, within(REAL, -320, 308)),
    Tail("cosm1", sp.cosm1, lambda x: mp.cos(x) - 1, within(REAL, -1e8, 1e8), 120),
    Tail("boxcox(x, 0.3)", lambda x: sp.boxcox(x, 0.3), lambda x: (x ** mp.mpf(0.3) - 1) / mp.mpf(0.3), RIGHT),
    Tail(
        "boxcox(3, x)", lambda x: sp.boxcox(3.0, x), lambda x: mp.expm1(x * mp.log(3)) / x, within(REAL, -640, 640), 400
    ),
    Tail(
        "inv_boxcox(2, x)",
        lambda x: sp.inv_boxcox(2.0, x),
        lambda x: mp.exp(mp.log1p(2 * x) / x),
        within(RIGHT, 0, 1e20),
        120,
    ),
    Tail("sindg", sp.sindg, lambda x: mp.sin(mp.pi * x / 180), within(REAL, -1e8, 1e8, beside(180.0)), 120),
    Tail(
        "pseudo_huber(2, x)", lambda x: sp.pseudo_huber(2.0, x), lambda x: 4 * (mp.sqrt(1 + x * x / 4) - 1), REAL, 120
    ),
)
ERRORS = (
    Tail("erf", sp.erf, mp.erf, within(REAL, -27.5, 27.5), 400),
    Tail("erfc", sp.erfc, mp.erfc, within(REAL, -27.5, 27.5), 400),
    Tail("erfi", sp.erfi, mp.erfi, within(REAL, -26.6, 26.6), 120),
    Tail("erfcx", sp.erfcx, erfcx, within(REAL, -26.6, 1e301), 120),
    Tail(
        "erfinv",
        sp.erfinv,
        erfinv,
        UNIT[UNIT < 1 - 1e-9],
        60,
        (
            lambda x: mp.sqrt(mp.pi) / 2 * mp.exp(mp.erfinv(x) ** 2),
            lambda x: mp.pi / 2 * mp.erfinv(x) * mp.exp(2 * mp.erfinv(x) ** 2),
        ),
    ),
    Tail(
        "erfcinv",
        sp.erfcinv,
        erfcinv,
        np.concatenate([UNIT, 1 + UNIT[UNIT > 1e-15]]),
        60,
        (
            lambda x: -mp.sqrt(mp.pi) / 2 * mp.exp(erfcinv(x) ** 2),
            lambda x: mp.pi / 2 * erfcinv(x) * mp.exp(2 * erfcinv(x) ** 2),
        ),
    ),
    Tail("ndtr", sp.ndtr, mp.ncdf, within(REAL, -38.5, 38.5), 400),
    Tail(
        "ndtri",
        sp.ndtri,
        ndtri,
        UNIT,
        60,
        (
            lambda x: normal_slope(ndtri(x)),
            lambda x: ndtri(x) * normal_slope(ndtri(x)) ** 2,
        ),
    ),
    Tail("log_ndtr", sp.log_ndtr, log_ndtr, within(REAL, -1e301, 38.5), 400),
    Tail("dawsn", sp.dawsn, dawsn, REAL, 120),
    Tail("expi", sp.expi, mp.ei, within(REAL, -740, 715), 120),
    Tail("exp1", sp.exp1, mp.e1, within(RIGHT, 0, 740), 120),
)
GAMMAS = (
    Tail("gamma", sp.gamma, mp.gamma, off_poles(within(REAL, -170, 171.6, beside(-1.0, -20.0))), 120),
    Tail(
        "gammaln",
        sp.gammaln,
        lambda x: mp.log(abs(mp.gamma(x))) if x < 1e3 else mp.loggamma(x),
        off_poles(within(REAL, -170, 1e301, beside(1.0, 2.0, -3.0))),
        60,
        (lambda x: mp.psi(0, x), lambda x: mp.psi(1, x)),
    ),
    Tail("rgamma", sp.rgamma, mp.rgamma, off_poles(within(REAL, -170, 171, beside(-1.0, -20.0))), 120),
    Tail(
        "psi",
        sp.psi,
        lambda x: mp.psi(0, x),
        off_poles(within(REAL, -1e8, 1e301, beside(-1.0))),
        60,
        (lambda x: mp.psi(1, x), lambda x: mp.psi(2, x)),
    ),
    Tail("beta(2.5, x)", lambda x: sp.beta(2.5, x), lambda x: mp.beta(mp.mpf(2.5), x), within(RIGHT, 1e-80, 1e100), 90),
    Tail(
        "betaln(2.5, x)",
        lambda x: sp.betaln(2.5, x),
        lambda x: mp.loggamma(mp.mpf(2.5)) + mp.loggamma(x) - mp.loggamma(x + mp.mpf(2.5)),
        within(RIGHT, 0, 1e100),
        160,
        (lambda x: mp.psi(0, x) - mp.psi(0, x + mp.mpf(2.5)), lambda x: mp.psi(1, x) - mp.psi(1, x + mp.mpf(2.5))),
    ),
    Tail(
        "gammainc(2.5, x)",
        lambda x: sp.gammainc(2.5, x),
        lambda x: mp.gammainc(mp.mpf(2.5), 0, x, regularized=True),
        within(RIGHT, 1e-30, 745),
        200,
    ),
    Tail(
        "gammaincc(2.5, x)",
        lambda x: sp.gammaincc(2.5, x),
        lambda x: mp.gammainc(mp.mpf(2.5), x, regularized=True),
        within(RIGHT, 1e-30, 745),
        200,
    ),
    Tail(
        "betainc(2.5, 4, x)",
        lambda x: sp.betainc(2.5, 4.0, x),
        lambda x: mp.betainc(mp.mpf(2.5), 4, 0, x, regularized=True),
        UNIT,
        200,
    ),
)


def bessel(name: str, f: Callable[..., Any], true: Callable[..., Any], v: float, grid: Grid) -> Tail:
    """The row of a Bessel function, whose derivatives mpmath has from its neighbours."""
    kind = {mp.besselj: (1, -1), mp.bessely: (1, -1), mp.besseli: (1, 1), mp.besselk: (-1, -1)}[true]

    def slope(order: int, u: Any, x: Any) -> Any:
        if order == 0:
            return true(u, x)
        a, b = kind
        return (a * slope(order - 1, u - 1, x) + b * slope(order - 1, u + 1, x)) / 2

    v = mp.mpf(v)
    return Tail(name, f, partial(slope, 0, v), grid, 60, (partial(slope, 1, v), partial(slope, 2, v)))


def scaled_k(name: str, f: Callable[[Any], Any], v: int) -> Tail:
    """The row of exp(x) K_v(x) for a whole v: beyond 1e4 by its asymptotic series, term by term."""

    def slope(order: int, x: Any) -> Any:
        if x < 1e4:
            parts = [mp.besselk(v + i, x) for i in range(-order, order + 1, 1)]
            k = dict(zip(range(v - order, v + order + 1), parts, strict=True))
            first = -(k[v - 1] + k[v + 1]) / 2 if order else 0
            second = (k[v - 2] + 2 * k[v] + k[v + 2]) / 4 if order == 2 else 0
            return mp.exp(x) * (k[v] + order * first + second)
        term, total = mp.mpf(1), mp.mpf(0)
        for i in range(16):
            total += term * mp.fprod(-(i + mp.mpf(0.5)) - j for j in range(order))
            term *= (4 * mp.mpf(v) ** 2 - (2 * i + 1) ** 2) / (8 * (i + 1)) / x
        return total * mp.sqrt(mp.pi / 2 / x) / x**order

    grid = within(RIGHT, 9e-4, 1e301)
    return Tail(name, f, partial(slope, 0), grid, 60, (partial(slope, 1), partial(slope, 2)))


OSCILLATING = within(RIGHT, 0, 2e4)
GROWING = within(REAL, -713, 713)
FALLING = within(RIGHT, 0, 740)
BESSELS = (
    bessel("j0", sp.j0, mp.besselj, 0, within(REAL, -2e4, 2e4)),
    bessel("j1", sp.j1, mp.besselj, 1, within(REAL, -2e4, 2e4)),
    bessel("jv(2.5, x)", lambda x: sp.jv(2.5, x), mp.besselj, 2.5, OSCILLATING),
    bessel("y0", sp.y0, mp.bessely, 0, OSCILLATING),
    bessel("y1", sp.y1, mp.bessely, 1, OSCILLATING),
    bessel("yv(2.5, x)", lambda x: sp.yv(2.5, x), mp.bessely, 2.5, OSCILLATING),
    bessel("i0", sp.i0, mp.besseli, 0, GROWING),
    bessel("i1", sp.i1, mp.besseli, 1, GROWING),
    bessel("iv(2.5, x)", lambda x: sp.iv(2.5, x), mp.besseli, 2.5, within(RIGHT, 0, 713)),
    bessel("k0", sp.k0, mp.besselk, 0, FALLING),
    bessel("k1", sp.k1, mp.besselk, 1, FALLING),
    bessel("kv(2.5, x)", lambda x: sp.kv(2.5, x), mp.besselk, 2.5, FALLING),
    Tail("i0e", sp.i0e, scaled(mp.besseli, 0, 1), REAL, 120),
    Tail("i1e", sp.i1e, scaled(mp.besseli, 1, 1), REAL, 120),
    Tail("ive(2.5, x)", lambda x: sp.ive(2.5, x), scaled(mp.besseli, 2.5, 1), RIGHT, 120),
    scaled_k("k0e", sp.k0e, 0),
    scaled_k("k1e", sp.k1e, 1),
    Tail("kve(2.5, x)", lambda x: sp.kve(2.5, x), scaled(mp.besselk, 2.5, -1), within(RIGHT, 9e-4, 1e301), 120),
)
TAILS = (*ELEMENTARY, *ERRORS, *GAMMAS, *BESSELS)
