"""Functions that are integrals, or solve differential equations: exponential integrals, Airy functions and others.

Source: NIST Digital Library of Mathematical Functions, https://dlmf.nist.gov, sections 6.2, 8.19, 9.2, 12.2, 25.11.
"""

from __future__ import annotations

from typing import Any

import scipy.special

from ..core.op import Op
from ..elementwise.arithmetic import absolute, square
from ..elementwise.exponential import exp, log
from ..elementwise.masking import over
from ..elementwise.selection import where
from ..elementwise.trigonometric import cos, cosh, sin, spherical_jn
from ..elementwise.ufunc import is_complex
from .bessel_functions import i0, j0, k0, modstruve, struve, y0
from .elementary import exprel_derivative, log1p_ratio
from .kernels import zeta as kernels
from .making import Rule, hidden_op, kernel_op, part_op, series_op

__all__ = [
    "airy",
    "exp1",
    "expi",
    "expn",
    "it2i0k0",
    "it2j0y0",
    "it2struve0",
    "itairy",
    "iti0k0",
    "itj0y0",
    "itmodstruve0",
    "itstruve0",
    "pbdv",
    "pbvv",
    "pbwa",
    "shichi",
    "sici",
    "spence",
    "wrightomega",
    "zetac",
]

# Exponential integrals.


def _exp_over(x: Any, y: Any) -> Any:
    """exp(x) / y, which may be finite where exp(x) is not."""
    half = exp(x / 2)
    return half * over(half, y)


def _expn_slope(n: Any, x: Any) -> Any:
    return where(n > 0, -expn(where(n > 0, n - 1, 0), x), -over(exp(-x) * (1 + over(1, x)), x))


expi: Op = series_op("expi", lambda g, out, x: g * _exp_over(x, x))
exp1: Op = series_op("exp1", lambda g, out, x: g * -_exp_over(-x, x))
expn: Op = series_op("expn", lambda g, out, n, x: (NotImplemented, g * _expn_slope(n, x)))

# The integrals of sin(x) / x, cos(x) / x, sinh(x) / x, cosh(x) / x.


def _sinc(x: Any) -> Any:
    return over(sin(x), x) if is_complex(x) else spherical_jn(x, n=0)


def _sinhc(x: Any) -> Any:
    if is_complex(x):
        return 0.5 * (over(exp(x), x) - over(exp(-x), x))
    return 0.5 * exprel_derivative(x, n=0) + 0.5 * exprel_derivative(-x, n=0)


def _coshc(x: Any) -> Any:
    return over(cosh(x), x) if is_complex(x) else _exp_over(absolute(x), 2 * x) + _exp_over(-absolute(x), 2 * x)


sine_integral: Op = part_op("sine_integral", scipy.special.sici, 0, lambda g, out, x: g * _sinc(x))
cosine_integral: Op = part_op("cosine_integral", scipy.special.sici, 1, lambda g, out, x: g * over(cos(x), x))
sinh_integral: Op = part_op("sinh_integral", scipy.special.shichi, 0, lambda g, out, x: g * _sinhc(x))
cosh_integral: Op = part_op("cosh_integral", scipy.special.shichi, 1, lambda g, out, x: g * _coshc(x))


def sici(x: Any) -> Any:
    """`scipy.special.sici`: the sine and cosine integrals."""
    return sine_integral(x), cosine_integral(x)


def shichi(x: Any) -> Any:
    """`scipy.special.shichi`: the hyperbolic sine and cosine integrals."""
    return sinh_integral(x), cosh_integral(x)


def _spence_vjp(g: Any, out: Any, z: Any) -> Any:
    if is_complex(z):
        return g * over(log(z), 1 - z)
    near = absolute(z - 1) < 0.5
    return g * where(near, -log1p_ratio(where(near, z - 1, 0), n=0), over(log(z), 1 - z))


spence: Op = series_op("spence", _spence_vjp)
wrightomega: Op = series_op("wrightomega", lambda g, out, z: g * over(out, 1 + out))

# The n-th derivative by s of Hurwitz's zeta function, the sum of (k + q) ** -s.
zeta_derivative: Op = kernel_op(
    "zeta_derivative",
    lambda s, q, *, n: kernels.zeta(s, q, n),
    lambda g, out, s, q, *, n: (
        g * zeta_derivative(s, q, n=n + 1),
        g * -(s * zeta_derivative(s + 1, q, n=n) + (n * zeta_derivative(s + 1, q, n=n - 1) if n else 0)),
    ),
    like=2,
)
zetac: Op = series_op("zetac", lambda g, out, x: g * zeta_derivative(x, 1.0, n=1))
riemann_zeta: Op = hidden_op("riemann_zeta", "_riemann_zeta", lambda g, out, s: g * zeta_derivative(s, 1.0, n=1))
hurwitz_zeta: Op = hidden_op(
    "hurwitz_zeta",
    "_zeta",
    lambda g, out, s, q: (g * zeta_derivative(s, q, n=1), g * -(s * hurwitz_zeta(s + 1, q))),
)

# Lambert's W, w exp(w) = z, of a branch and to a tolerance.
lambert_w: Op = hidden_op(
    "lambert_w", "_lambertw", lambda g, out, z, branch, tolerance: (g * over(1.0, z + exp(out)), None, None)
)

# Airy functions.

airy_a: Op = part_op("airy_a", scipy.special.airy, 0, lambda g, out, z: g * airy_a_slope(z))
airy_a_slope: Op = part_op("airy_a_slope", scipy.special.airy, 1, lambda g, out, z: g * (z * airy_a(z)))
airy_b: Op = part_op("airy_b", scipy.special.airy, 2, lambda g, out, z: g * airy_b_slope(z))
airy_b_slope: Op = part_op("airy_b_slope", scipy.special.airy, 3, lambda g, out, z: g * (z * airy_b(z)))


def airy(z: Any) -> Any:
    """`scipy.special.airy`: Ai, its derivative, Bi, and its derivative."""
    return airy_a(z), airy_a_slope(z), airy_b(z), airy_b_slope(z)


# Integrals of Airy, Bessel and Struve functions from 0, but for those that say otherwise.

itairy_a: Op = part_op("itairy_a", scipy.special.itairy, 0, lambda g, out, x: g * airy_a(x))
itairy_b: Op = part_op("itairy_b", scipy.special.itairy, 1, lambda g, out, x: g * airy_b(x))
itairy_minus_a: Op = part_op("itairy_minus_a", scipy.special.itairy, 2, lambda g, out, x: g * airy_a(-x))
itairy_minus_b: Op = part_op("itairy_minus_b", scipy.special.itairy, 3, lambda g, out, x: g * airy_b(-x))
integral_of_i0: Op = part_op("integral_of_i0", scipy.special.iti0k0, 0, lambda g, out, x: g * i0(x))
integral_of_k0: Op = part_op("integral_of_k0", scipy.special.iti0k0, 1, lambda g, out, x: g * k0(x))
integral_of_j0: Op = part_op("integral_of_j0", scipy.special.itj0y0, 0, lambda g, out, x: g * j0(x))
integral_of_y0: Op = part_op("integral_of_y0", scipy.special.itj0y0, 1, lambda g, out, x: g * y0(x))
# (I_0(t) - 1) / t and (1 - J_0(t)) / t from 0; K_0(t) / t and Y_0(t) / t from x to infinity.
it2_of_i0: Op = part_op("it2_of_i0", scipy.special.it2i0k0, 0, lambda g, out, x: g * over(i0(x) - 1, x))
it2_of_k0: Op = part_op("it2_of_k0", scipy.special.it2i0k0, 1, lambda g, out, x: g * -over(k0(x), x))
it2_of_j0: Op = part_op("it2_of_j0", scipy.special.it2j0y0, 0, lambda g, out, x: g * over(1 - j0(x), x))
it2_of_y0: Op = part_op("it2_of_y0", scipy.special.it2j0y0, 1, lambda g, out, x: g * -over(y0(x), x))
itstruve0: Op = series_op("itstruve0", lambda g, out, x: g * struve(0, x))
# H_0(t) / t from x to infinity.
it2struve0: Op = series_op("it2struve0", lambda g, out, x: g * -over(struve(0, x), x))
itmodstruve0: Op = series_op("itmodstruve0", lambda g, out, x: g * modstruve(0, x))


def itairy(x: Any) -> Any:
    """`scipy.special.itairy`: the integrals of Ai(t), Bi(t), Ai(-t) and Bi(-t) from 0 to `x`."""
    return itairy_a(x), itairy_b(x), itairy_minus_a(x), itairy_minus_b(x)


def iti0k0(x: Any) -> Any:
    """`scipy.special.iti0k0`: the integrals of I_0 and K_0 from 0 to `x`."""
    return integral_of_i0(x), integral_of_k0(x)


def itj0y0(x: Any) -> Any:
    """`scipy.special.itj0y0`: the integrals of J_0 and Y_0 from 0 to `x`."""
    return integral_of_j0(x), integral_of_y0(x)


def it2i0k0(x: Any) -> Any:
    """`scipy.special.it2i0k0`: the integrals of (I_0(t) - 1) / t from 0 to `x`, and of K_0(t) / t from `x` on."""
    return it2_of_i0(x), it2_of_k0(x)


def it2j0y0(x: Any) -> Any:
    """`scipy.special.it2j0y0`: the integrals of (1 - J_0(t)) / t from 0 to `x`, and of Y_0(t) / t from `x` on."""
    return it2_of_j0(x), it2_of_y0(x)


# Parabolic cylinder functions and their derivatives: w'' = c w.


def _by_x(slope: Any) -> Rule:
    return lambda g, out, v, x: (NotImplemented, g * slope(out, v, x))


def _cylinder(v: Any, x: Any) -> Any:
    return square(x) / 4 - v - 0.5


pbdv_d: Op = part_op("pbdv_d", scipy.special.pbdv, 0, _by_x(lambda out, v, x: pbdv_slope(v, x)))
pbdv_slope: Op = part_op("pbdv_slope", scipy.special.pbdv, 1, _by_x(lambda out, v, x: _cylinder(v, x) * pbdv_d(v, x)))
pbvv_v: Op = part_op("pbvv_v", scipy.special.pbvv, 0, _by_x(lambda out, v, x: pbvv_slope(v, x)))
pbvv_slope: Op = part_op("pbvv_slope", scipy.special.pbvv, 1, _by_x(lambda out, v, x: _cylinder(v, x) * pbvv_v(v, x)))
pbwa_w: Op = part_op("pbwa_w", scipy.special.pbwa, 0, _by_x(lambda out, a, x: pbwa_slope(a, x)))
pbwa_slope: Op = part_op(
    "pbwa_slope", scipy.special.pbwa, 1, _by_x(lambda out, a, x: (a - square(x) / 4) * pbwa_w(a, x))
)


def pbdv(v: Any, x: Any) -> Any:
    """`scipy.special.pbdv`: the parabolic cylinder function D and its derivative."""
    return pbdv_d(v, x), pbdv_slope(v, x)


def pbvv(v: Any, x: Any) -> Any:
    """`scipy.special.pbvv`: the parabolic cylinder function V and its derivative."""
    return pbvv_v(v, x), pbvv_slope(v, x)


def pbwa(a: Any, x: Any) -> Any:
    """`scipy.special.pbwa`: the parabolic cylinder function W and its derivative."""
    return pbwa_w(a, x), pbwa_slope(a, x)
