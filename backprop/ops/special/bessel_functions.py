"""Bessel, Hankel, Kelvin, Airy and Struve functions and their integrals.

The derivative by an order is not known in closed form: rules answer NotImplemented, and a graph that needs it is
refused. So is that of what is scaled by the size of a complex number, which is not holomorphic.

Source: NIST Digital Library of Mathematical Functions, https://dlmf.nist.gov, sections 10.6, 10.29, 10.61, 11.4.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

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

Slope = Callable[[Op, Any, Any, Any], Any]
"""The derivative of f(v, x) by x: (f, f(v, x), v, x) -> it; NotImplemented where it is not known."""


def _of_order(name: str, slope: Slope, of_complex: Slope | None = None) -> Op:
    """The op of a function of an order and an argument.

    Arguments:
        name: of the function.
        slope: the derivative by the argument.
        of_complex: that of a complex argument, where it is another one.
    """

    def vjp(g: Any, out: Any, v: Any, x: Any) -> tuple[Any, Any]:
        by_x = (slope if of_complex is None or not is_complex(x) else of_complex)(op, out, v, x)
        return NotImplemented, NotImplemented if by_x is NotImplemented else g * by_x

    op = series_op(name, vjp)
    return op


def _unknown(f: Op, out: Any, v: Any, x: Any) -> Any:
    return NotImplemented


def _neighbours(f: Op, out: Any, v: Any, x: Any) -> Any:
    """With both neighbours, as x f'(x) would divide by 0 at x = 0."""
    return 0.5 * f(v - 1, x) - 0.5 * f(v + 1, x)


def _derivatives(name: str, kernel: Callable[[Any, Any, int], Any]) -> Op:
    """The op of the n-th derivative by a real argument, whose own derivative is the next one.

    Arguments:
        name: of the op, "..._derivative".
        kernel: (order, argument, n) -> the derivative.
    """

    def vjp(g: Any, out: Any, v: Any, x: Any, *, n: int) -> tuple[Any, Any]:
        return NotImplemented, g * op(v, x, n=n + 1)

    op = kernel_op(name, lambda v, x, *, n: kernel(v, x, n), vjp, like=2)
    return op


def _first(derivatives: Op) -> Slope:
    return lambda f, out, v, x: derivatives(v, x, n=1)


def _j1_slope(x: Any) -> Any:
    near = absolute(x) < 1  # far out jv has no digits from 1e9 on
    return where(near, 0.5 * j0(x) - 0.5 * jv(2, where(near, x, 0.5)), j0(x) - over(j1(x), x))


# Functions of any order. Where a derivative overflows, underflows or loses digits later than its function's
# neighbours do, as those of Y, I and K, it is an op of its own for real arguments.

yv_derivative: Op = _derivatives("yv_derivative", kernels.yv_derivative)
iv_derivative: Op = _derivatives("iv_derivative", kernels.iv_derivative)
kv_derivative: Op = _derivatives("kv_derivative", kernels.kv_derivative)
ive_derivative: Op = _derivatives("ive_derivative", kernels.ive_derivative)
kve_derivative: Op = _derivatives("kve_derivative", kernels.kve_derivative)

jv: Op = _of_order("jv", _neighbours)
jve: Op = _of_order("jve", _neighbours, _unknown)
yv: Op = _of_order("yv", _first(yv_derivative), _neighbours)
yn: Op = _of_order("yn", _first(yv_derivative), lambda f, out, v, x: _neighbours(yv, out, v, x))
yve: Op = _of_order("yve", _neighbours, _unknown)
hankel1: Op = _of_order("hankel1", _neighbours)
hankel2: Op = _of_order("hankel2", _neighbours)
hankel1e: Op = _of_order("hankel1e", lambda f, out, v, x: _neighbours(f, out, v, x) - 1j * out)
hankel2e: Op = _of_order("hankel2e", lambda f, out, v, x: _neighbours(f, out, v, x) + 1j * out)
iv: Op = _of_order("iv", _first(iv_derivative), lambda f, out, v, x: 0.5 * (f(v - 1, x) + f(v + 1, x)))
ive: Op = _of_order("ive", _first(ive_derivative), _unknown)
kv: Op = _of_order("kv", _first(kv_derivative), lambda f, out, v, x: -0.5 * (f(v - 1, x) + f(v + 1, x)))
kn: Op = _of_order("kn", _first(kv_derivative), lambda f, out, v, x: -0.5 * (kv(v - 1, x) + kv(v + 1, x)))
kve: Op = _of_order("kve", _first(kve_derivative), lambda f, out, v, x: out - 0.5 * (f(v - 1, x) + f(v + 1, x)))

# Those of orders 0 and 1.

j0: Op = special_op("j0", lambda g, out, x: g * -j1(x))
j1: Op = special_op("j1", lambda g, out, x: g * _j1_slope(x))
y0: Op = special_op("y0", lambda g, out, x: g * -y1(x))
y1: Op = special_op("y1", lambda g, out, x: g * (y0(x) - over(y1(x), x)))
i0: Op = series_op("i0", lambda g, out, x: g * i1(x))
i1: Op = series_op("i1", lambda g, out, x: g * iv_derivative(1.0, x, n=1))
i0e: Op = series_op("i0e", lambda g, out, x: g * ive_derivative(0.0, x, n=1))
i1e: Op = series_op("i1e", lambda g, out, x: g * ive_derivative(1.0, x, n=1))
k0: Op = series_op("k0", lambda g, out, x: g * -k1(x))
k1: Op = series_op("k1", lambda g, out, x: g * kv_derivative(1.0, x, n=1))
k0e: Op = series_op("k0e", lambda g, out, x: g * kve_derivative(0.0, x, n=1))
k1e: Op = series_op("k1e", lambda g, out, x: g * kve_derivative(1.0, x, n=1))

# Kelvin functions: those of order 0, and their derivatives by the differential equation.

ber: Op = series_op("ber", lambda g, out, x: g * berp(x))
bei: Op = series_op("bei", lambda g, out, x: g * beip(x))
ker: Op = series_op("ker", lambda g, out, x: g * kerp(x))
kei: Op = series_op("kei", lambda g, out, x: g * keip(x))
berp: Op = series_op("berp", lambda g, out, x: g * (-bei(x) - over(out, x)))
beip: Op = series_op("beip", lambda g, out, x: g * (ber(x) - over(out, x)))
kerp: Op = series_op("kerp", lambda g, out, x: g * (-kei(x) - over(out, x)))
keip: Op = series_op("keip", lambda g, out, x: g * (ker(x) - over(out, x)))

# Struve functions: 11.4.27, 11.4.31.

struve: Op = _of_order("struve", lambda f, out, v, x: f(v - 1, x) - over(v * out, x))
modstruve: Op = _of_order("modstruve", lambda f, out, v, x: f(v - 1, x) - over(v * out, x))

jn = jv
