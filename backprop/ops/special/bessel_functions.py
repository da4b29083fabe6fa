"""Bessel, Hankel, Kelvin, Airy and Struve functions and their integrals.

The derivative by an order is not known in closed form: rules answer NotImplemented, and a graph that needs it is
refused. So is that of what is scaled by the size of a complex number, which is not holomorphic.

Source: NIST Digital Library of Mathematical Functions, https://dlmf.nist.gov, sections 10.6, 10.29, 10.61, 11.4.
"""

from __future__ import annotations

from typing import Any

import scipy.special

from ..core.op import Op
from ..elementwise.arithmetic import absolute
from ..elementwise.masking import over
from ..elementwise.selection import where
from ..elementwise.ufunc import is_complex
from .kernels import bessels as kernels
from .making import kernel_op, series_op, special_op

__all__ = [
    "bei",
    "beip",
    "ber",
    "berp",
    "hankel1",
    "hankel1e",
    "hankel2",
    "hankel2e",
    "i0",
    "i0e",
    "i1",
    "i1e",
    "iv",
    "ive",
    "j0",
    "j1",
    "jn",
    "jv",
    "jve",
    "k0",
    "k0e",
    "k1",
    "k1e",
    "kei",
    "keip",
    "ker",
    "kerp",
    "kn",
    "kv",
    "kve",
    "modstruve",
    "struve",
    "y0",
    "y1",
    "yn",
    "yv",
    "yve",
]

# Written with both neighbours, as z f'(z) would divide by 0 at z = 0.


def _neighbours(f: Any, v: Any, x: Any) -> Any:
    return 0.5 * f(v - 1, x) - 0.5 * f(v + 1, x)


def _real_neighbours(f: Any, g: Any, v: Any, x: Any) -> Any:
    """The same for what is scaled by exp(-|Im x|), which is 1 for real x."""
    return NotImplemented if is_complex(x) else g * _neighbours(f, v, x)


def _j1_slope(x: Any) -> Any:
    near = absolute(x) < 1  # far out jv has no digits from 1e9 on
    return where(near, 0.5 * j0(x) - 0.5 * jv(2, where(near, x, 0.5)), j0(x) - over(j1(x), x))


yv_derivative: Op = kernel_op(
    "yv_derivative",
    lambda v, x, *, n: kernels.yv_derivative(v, x, n),
    lambda g, out, v, x, *, n: (NotImplemented, g * yv_derivative(v, x, n=n + 1)),
    like=2,
)


def _yv_slope(g: Any, v: Any, x: Any) -> Any:
    return g * _neighbours(yv, v, x) if is_complex(x) else g * yv_derivative(v, x, n=1)


j0: Op = special_op("j0", scipy.special.j0, lambda g, out, x: g * -j1(x))
j1: Op = special_op("j1", scipy.special.j1, lambda g, out, x: g * _j1_slope(x))
jv: Op = series_op("jv", scipy.special.jv, lambda g, out, v, x: (NotImplemented, g * _neighbours(jv, v, x)))
jve: Op = series_op("jve", scipy.special.jve, lambda g, out, v, x: (NotImplemented, _real_neighbours(jve, g, v, x)))
y0: Op = special_op("y0", scipy.special.y0, lambda g, out, x: g * -y1(x))
y1: Op = special_op("y1", scipy.special.y1, lambda g, out, x: g * (y0(x) - over(y1(x), x)))
yn: Op = series_op("yn", scipy.special.yn, lambda g, out, v, x: (NotImplemented, _yv_slope(g, v, x)))
yv: Op = series_op("yv", scipy.special.yv, lambda g, out, v, x: (NotImplemented, _yv_slope(g, v, x)))
yve: Op = series_op("yve", scipy.special.yve, lambda g, out, v, x: (NotImplemented, _real_neighbours(yve, g, v, x)))
hankel1: Op = series_op(
    "hankel1", scipy.special.hankel1, lambda g, out, v, x: (NotImplemented, g * _neighbours(hankel1, v, x))
)
hankel2: Op = series_op(
    "hankel2", scipy.special.hankel2, lambda g, out, v, x: (NotImplemented, g * _neighbours(hankel2, v, x))
)
hankel1e: Op = series_op(
    "hankel1e",
    scipy.special.hankel1e,
    lambda g, out, v, x: (NotImplemented, g * (_neighbours(hankel1e, v, x) - 1j * out)),
)
hankel2e: Op = series_op(
    "hankel2e",
    scipy.special.hankel2e,
    lambda g, out, v, x: (NotImplemented, g * (_neighbours(hankel2e, v, x) + 1j * out)),
)

# Modified ones. I overflows, and SciPy's kv underflows, before their derivatives do: these are made of scaled ones.

ive_derivative: Op = kernel_op(
    "ive_derivative",
    lambda v, x, *, n: kernels.ive_derivative(v, x, n),
    lambda g, out, v, x, *, n: (NotImplemented, g * ive_derivative(v, x, n=n + 1)),
    like=2,
)
kve_derivative: Op = kernel_op(
    "kve_derivative",
    lambda v, x, *, n: kernels.kve_derivative(v, x, n),
    lambda g, out, v, x, *, n: (NotImplemented, g * kve_derivative(v, x, n=n + 1)),
    like=2,
)


def _ive_vjp(g: Any, out: Any, v: Any, x: Any) -> Any:
    return NotImplemented, NotImplemented if is_complex(x) else g * ive_derivative(v, x, n=1)


def _kve_vjp(g: Any, out: Any, v: Any, x: Any) -> Any:
    if is_complex(x):
        return NotImplemented, g * (out - 0.5 * (kve(v - 1, x) + kve(v + 1, x)))
    return NotImplemented, g * kve_derivative(v, x, n=1)


iv_derivative: Op = kernel_op(
    "iv_derivative",
    lambda v, x, *, n: kernels.iv_derivative(v, x, n),
    lambda g, out, v, x, *, n: (NotImplemented, g * iv_derivative(v, x, n=n + 1)),
    like=2,
)
kv_derivative: Op = kernel_op(
    "kv_derivative",
    lambda v, x, *, n: kernels.kv_derivative(v, x, n),
    lambda g, out, v, x, *, n: (NotImplemented, g * kv_derivative(v, x, n=n + 1)),
    like=2,
)


def _iv_vjp(g: Any, out: Any, v: Any, x: Any) -> Any:
    if is_complex(x):
        return NotImplemented, g * (0.5 * (iv(v - 1, x) + iv(v + 1, x)))
    return NotImplemented, g * iv_derivative(v, x, n=1)


def _kv_vjp(g: Any, out: Any, v: Any, x: Any) -> Any:
    if is_complex(x):
        return NotImplemented, g * (-0.5 * (kv(v - 1, x) + kv(v + 1, x)))
    return NotImplemented, g * kv_derivative(v, x, n=1)


i0: Op = series_op("i0", scipy.special.i0, lambda g, out, x: g * i1(x))
i1: Op = series_op("i1", scipy.special.i1, lambda g, out, x: g * iv_derivative(1.0, x, n=1))
i0e: Op = series_op("i0e", scipy.special.i0e, lambda g, out, x: g * ive_derivative(0.0, x, n=1))
i1e: Op = series_op("i1e", scipy.special.i1e, lambda g, out, x: g * ive_derivative(1.0, x, n=1))
iv: Op = series_op("iv", scipy.special.iv, _iv_vjp)
ive: Op = series_op("ive", scipy.special.ive, _ive_vjp)
k0: Op = series_op("k0", scipy.special.k0, lambda g, out, x: g * -k1(x))
k1: Op = series_op("k1", scipy.special.k1, lambda g, out, x: g * kv_derivative(1.0, x, n=1))
k0e: Op = series_op("k0e", scipy.special.k0e, lambda g, out, x: g * kve_derivative(0.0, x, n=1))
k1e: Op = series_op("k1e", scipy.special.k1e, lambda g, out, x: g * kve_derivative(1.0, x, n=1))
kn: Op = series_op("kn", scipy.special.kn, _kv_vjp)
kv: Op = series_op("kv", scipy.special.kv, _kv_vjp)
kve: Op = series_op("kve", scipy.special.kve, _kve_vjp)

# Kelvin functions: those of order 0, and their derivatives by the differential equation.

ber: Op = series_op("ber", scipy.special.ber, lambda g, out, x: g * berp(x))
bei: Op = series_op("bei", scipy.special.bei, lambda g, out, x: g * beip(x))
ker: Op = series_op("ker", scipy.special.ker, lambda g, out, x: g * kerp(x))
kei: Op = series_op("kei", scipy.special.kei, lambda g, out, x: g * keip(x))
berp: Op = series_op("berp", scipy.special.berp, lambda g, out, x: g * (-bei(x) - over(out, x)))
beip: Op = series_op("beip", scipy.special.beip, lambda g, out, x: g * (ber(x) - over(out, x)))
kerp: Op = series_op("kerp", scipy.special.kerp, lambda g, out, x: g * (-kei(x) - over(out, x)))
keip: Op = series_op("keip", scipy.special.keip, lambda g, out, x: g * (ker(x) - over(out, x)))

# Struve functions: 11.4.27, 11.4.31.

struve: Op = series_op(
    "struve",
    scipy.special.struve,
    lambda g, out, v, x: (NotImplemented, g * (struve(v - 1, x) - over(v * out, x))),
)
modstruve: Op = series_op(
    "modstruve",
    scipy.special.modstruve,
    lambda g, out, v, x: (NotImplemented, g * (modstruve(v - 1, x) - over(v * out, x))),
)

jn = jv
