"""The error function, the normal distribution, and integrals of Gaussians.

Derivatives far out are ratios and repeated integrals that neither cancel nor underflow (`kernels/gaussian.py`).

Source: NIST Digital Library of Mathematical Functions, https://dlmf.nist.gov, sections 7.2, 7.10, 7.17 to 7.19.
"""

from __future__ import annotations

import cmath
import math
from functools import partial
from typing import Any

import numpy as np
import scipy.special

from ..core.op import Op
from ..elementwise.arithmetic import square
from ..elementwise.complex_parts import imag, real
from ..elementwise.exponential import exp
from ..elementwise.masking import over
from ..elementwise.ufunc import is_complex
from .kernels import gaussian as kernels
from .making import kernel_op, part_op, special_op

__all__ = [
    "dawsn",
    "erf",
    "erfc",
    "erfcinv",
    "erfcx",
    "erfi",
    "erfinv",
    "fresnel",
    "log_ndtr",
    "modfresnelm",
    "modfresnelp",
    "ndtr",
    "ndtri",
    "ndtri_exp",
    "nrdtrimn",
    "nrdtrisd",
    "owens_t",
    "voigt_profile",
    "wofz",
]

SQRT_PI = math.sqrt(math.pi)
SQRT_2PI = math.sqrt(2.0 * math.pi)

# exp(-scale x ** 2), with `scale` a power of two, for real and complex x.
gaussian: Op = kernel_op(
    "gaussian",
    lambda x, *, scale: kernels.gaussian(x, scale),
    lambda g, out, x, *, scale: g * (-2.0 * scale * x * out),
    like=scipy.special.erf,
)
# exp(x ** 2) times the n-th repeated integral of erfc: the derivatives of erfcx, up to a factor.
erfc_integral: Op = kernel_op(
    "erfc_integral",
    lambda x, *, n: kernels.erfc_integral(x, n),
    lambda g, out, x, *, n: g * (-2.0 * (n + 1) * erfc_integral(x, n=n + 1)),
)


def _erfcx_vjp(g: Any, out: Any, x: Any) -> Any:
    return g * (2.0 * x * out - 2.0 / SQRT_PI) if is_complex(x) else g * (-2.0 * erfc_integral(x, n=1))


erf: Op = special_op("erf", lambda g, out, x: g * (2.0 / SQRT_PI * gaussian(x, scale=1.0)))
erfc: Op = special_op("erfc", lambda g, out, x: g * (-2.0 / SQRT_PI * gaussian(x, scale=1.0)))
erfi: Op = special_op("erfi", lambda g, out, x: g * (2.0 / SQRT_PI * gaussian(x, scale=-1.0)))
erfcx: Op = special_op("erfcx", _erfcx_vjp)
ndtr: Op = special_op("ndtr", lambda g, out, x: g * (gaussian(x, scale=0.5) / SQRT_2PI))


# phi / Phi, and how far it exceeds -x, which it comes near on the left. The derivatives of both are products of both.
hazard: Op = kernel_op("hazard", kernels.hazard, lambda g, out, x: -(g * (out * hazard_excess(x))))
hazard_excess: Op = kernel_op("hazard_excess", kernels.hazard_excess, lambda g, out, x: g * (1 - hazard(x) * out))
log_ndtr: Op = special_op("log_ndtr", lambda g, out, x: g * hazard(x))
ndtri_exp: Op = special_op("ndtri_exp", lambda g, out, x: over(g, hazard(out)))


# The slopes of inverses. exp(y ** 2) is erfcx(y) / erfc(y), and erfc(y) is the operand, or its distance from the end.
def _slope_of_erfinv(x: Any) -> Any:
    return SQRT_PI / 2.0 * scipy.special.erfcx(np.abs(scipy.special.erfinv(x))) / (1.0 - np.abs(x))


def _slope_of_erfcinv(x: Any) -> Any:
    return -SQRT_PI / 2.0 * scipy.special.erfcx(np.abs(scipy.special.erfcinv(x))) / np.minimum(x, 2.0 - x)


def _slope_of_ndtri(x: Any) -> Any:
    size = np.abs(scipy.special.ndtri(x))
    return SQRT_2PI / 2.0 * scipy.special.erfcx(size * math.sqrt(0.5)) / np.minimum(x, 1.0 - x)


slope_of_erfinv: Op = kernel_op(
    "slope_of_erfinv", _slope_of_erfinv, lambda g, out, x: g * (2.0 * erfinv(x) * out * out)
)
slope_of_erfcinv: Op = kernel_op(
    "slope_of_erfcinv", _slope_of_erfcinv, lambda g, out, x: g * (2.0 * erfcinv(x) * out * out)
)
slope_of_ndtri: Op = kernel_op("slope_of_ndtri", _slope_of_ndtri, lambda g, out, x: g * (ndtri(x) * out * out))
erfinv: Op = special_op("erfinv", lambda g, out, x: g * slope_of_erfinv(x))
erfcinv: Op = special_op("erfcinv", lambda g, out, x: g * slope_of_erfcinv(x))
ndtri: Op = special_op("ndtri", lambda g, out, x: g * slope_of_ndtri(x))

# Faddeeva's function w and Dawson's integral, which is sqrt(pi) / 2 times its imaginary part on the real axis: 7.10.
wofz_derivative: Op = kernel_op(
    "wofz_derivative",
    lambda z, *, n: kernels.faddeeva(z, n),
    lambda g, out, z, *, n: g * wofz_derivative(z, n=n + 1),
    like=scipy.special.expm1,
)
dawson_derivative: Op = kernel_op(
    "dawson_derivative",
    lambda x, *, n: kernels.dawson(x, n),
    lambda g, out, x, *, n: g * dawson_derivative(x, n=n + 1),
)


def _dawsn_vjp(g: Any, out: Any, x: Any) -> Any:
    return g * (1 - 2 * x * out) if is_complex(x) else g * dawson_derivative(x, n=1)


dawsn: Op = special_op("dawsn", _dawsn_vjp)
wofz: Op = special_op("wofz", lambda g, out, z: g * wofz_derivative(z + 0j, n=1))


def _owens_t_vjp(g: Any, out: Any, h: Any, a: Any) -> tuple[Any, Any]:
    by_h = gaussian(h, scale=0.5) * erf(a * h * math.sqrt(0.5)) / (-2.0 * SQRT_2PI)
    by_a = gaussian(h, scale=0.5) * gaussian(a * h, scale=0.5) / (2.0 * math.pi) / (1 + square(a))
    return g * by_h, g * by_a


def _voigt_vjp(g: Any, out: Any, x: Any, sigma: Any, gamma: Any) -> tuple[Any, Any, Any]:
    z = over(x + 1j * gamma, sigma * math.sqrt(2.0))
    change = over(wofz_derivative(z, n=1), 2.0 * SQRT_PI * square(sigma))
    by_sigma = -over(out, sigma) - over(real(z * wofz_derivative(z, n=1)), SQRT_2PI * square(sigma))
    return g * real(change), g * by_sigma, g * -imag(change)


owens_t: Op = special_op("owens_t", _owens_t_vjp)
voigt_profile: Op = special_op("voigt_profile", _voigt_vjp)

# Fresnel integrals: 7.2(iii).


def _turn(x: Any, *, quarter: int) -> Any:
    return kernels.quarter_turns(x, quarter)


# sin(pi / 2 x ** 2), and with quarter 1 its cosine, for x whose square has many turns.
square_wave: Op = kernel_op(
    "square_wave",
    _turn,
    lambda g, out, x, *, quarter: g * (math.pi * x * square_wave(x, quarter=(quarter + 1) % 4)),
    like=scipy.special.erf,
)
fresnel_sine: Op = part_op("fresnel_sine", scipy.special.fresnel, 0, lambda g, out, x: g * square_wave(x, quarter=0))
fresnel_cosine: Op = part_op(
    "fresnel_cosine", scipy.special.fresnel, 1, lambda g, out, x: g * square_wave(x, quarter=1)
)


def fresnel(z: Any) -> Any:
    """`scipy.special.fresnel`: the Fresnel integrals S and C."""
    return fresnel_sine(z), fresnel_cosine(z)


# The modified ones: F(x), the integral of exp(+-i t ** 2) from x on, and exp(-+i (x ** 2 + pi / 4)) F(x) / sqrt(pi).
def _modified(sign: float, g: Any, out: Any, x: Any) -> Any:
    return -g * exp(sign * 1j * square(x))


def _modified_scaled(sign: float, g: Any, out: Any, x: Any) -> Any:
    return g * (-2j * sign * x * out - cmath.exp(-sign * 0.25j * math.pi) / SQRT_PI)


modfresnelp_f: Op = part_op("modfresnelp_f", scipy.special.modfresnelp, 0, partial(_modified, 1.0))
modfresnelp_k: Op = part_op("modfresnelp_k", scipy.special.modfresnelp, 1, partial(_modified_scaled, 1.0))
modfresnelm_f: Op = part_op("modfresnelm_f", scipy.special.modfresnelm, 0, partial(_modified, -1.0))
modfresnelm_k: Op = part_op("modfresnelm_k", scipy.special.modfresnelm, 1, partial(_modified_scaled, -1.0))


def modfresnelp(x: Any) -> Any:
    """`scipy.special.modfresnelp`: the modified Fresnel integrals F+ and K+ of real `x`."""
    return modfresnelp_f(x), modfresnelp_k(x)


def modfresnelm(x: Any) -> Any:
    """`scipy.special.modfresnelm`: the modified Fresnel integrals F- and K- of real `x`."""
    return modfresnelm_f(x), modfresnelm_k(x)


# A normal distribution's mean and standard deviation, by the probability p of less than x.


def _mean_vjp(g: Any, out: Any, p: Any, std: Any, x: Any) -> tuple[Any, Any, Any]:
    return -g * (std * slope_of_ndtri(p)), -g * ndtri(p), g


def _deviation_vjp(g: Any, out: Any, mean: Any, p: Any, x: Any) -> tuple[Any, Any, Any]:
    share = over(g, ndtri(p))
    return -share, -(share * out) * slope_of_ndtri(p), share


nrdtrimn: Op = special_op("nrdtrimn", _mean_vjp)
nrdtrisd: Op = special_op("nrdtrisd", _deviation_vjp)
