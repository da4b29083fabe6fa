"""Elliptic integrals and functions.

Each derivative is an integral over t > 0 of a product of powers of t + x, for the arguments x of Carlson's symmetric
form: one op, `carlson`, whose derivatives are again such integrals. None of them cancels where the textbook's formulas
divide by m or by 1 - m.

Source: NIST Digital Library of Mathematical Functions, https://dlmf.nist.gov, sections 19.16, 19.18, 19.25, 22.13.
"""

from __future__ import annotations

import math
from typing import Any

import scipy.special

from ..core.op import Op
from ..elementwise.arithmetic import square
from ..elementwise.masking import over
from ..elementwise.powers import sqrt
from ..elementwise.rounding import rint
from ..elementwise.trigonometric import cos, sin
from .kernels import carlson as kernels
from .making import kernel_op, part_op, series_op

__all__ = [
    "agm",
    "ellipe",
    "ellipeinc",
    "ellipj",
    "ellipk",
    "ellipkinc",
    "ellipkm1",
    "elliprc",
    "elliprd",
    "elliprf",
    "elliprg",
    "elliprj",
]

Powers = tuple[float, float, float, float]


def _raised(powers: Powers, k: int) -> Powers:
    a, b, c, d = (p + (i == k) for i, p in enumerate(powers))
    return a, b, c, d


def _carlson_vjp(g: Any, out: Any, *args: Any, powers: Powers, weight: float) -> tuple[Any, ...]:
    return tuple(
        g * (-p * carlson(*args, powers=_raised(powers, k), weight=weight)) if p else None for k, p in enumerate(powers)
    )


carlson: Op = kernel_op(
    "carlson",
    lambda *args, powers, weight: kernels.carlson(args, powers, weight),
    _carlson_vjp,
    like=scipy.special.elliprj,
)


def _integral(x: Any, y: Any, z: Any, powers: tuple[float, float, float], weight: float = 0.0) -> Any:
    return carlson(x, y, z, 1.0, powers=(*powers, 0.0), weight=weight)


# Complete integrals, by the parameter m, or its complement p = 1 - m.

ellipk: Op = series_op("ellipk", lambda g, out, m: g * (0.25 * _integral(0.0, 1 - m, 1.0, (0.5, 1.5, 0.5))))
ellipkm1: Op = series_op("ellipkm1", lambda g, out, p: g * (-0.25 * _integral(0.0, p, 1.0, (0.5, 1.5, 0.5))))
ellipe: Op = series_op("ellipe", lambda g, out, m: g * (-0.25 * _integral(0.0, 1 - m, 1.0, (0.5, 0.5, 1.5))))


# Incomplete ones: whole half turns of the amplitude count as complete integrals.
def _by_parameter(phi: Any, m: Any, factor: float, powers: tuple[float, float, float]) -> Any:
    turns = rint(phi / math.pi)
    s, c = sin(phi - turns * math.pi), cos(phi)
    rest = s * square(s) * _integral(square(c), 1 - m * square(s), 1.0, powers)
    return factor * (rest + 2 * turns * _integral(0.0, 1 - m, 1.0, powers))


def _first_by_m(phi: Any, m: Any) -> Any:
    return _by_parameter(phi, m, 0.25, (0.5, 1.5, 0.5))


ellipkinc: Op = series_op(
    "ellipkinc",
    lambda g, out, phi, m: (over(g, sqrt(1 - m * square(sin(phi)))), g * _first_by_m(phi, m)),
)
ellipeinc: Op = series_op(
    "ellipeinc",
    lambda g, out, phi, m: (
        g * sqrt(1 - m * square(sin(phi))),
        g * _by_parameter(phi, m, -0.25, (0.5, 0.5, 1.5)),
    ),
)

# Carlson's integrals.

elliprf: Op = series_op(
    "elliprf",
    lambda g, out, x, y, z: tuple(
        g * (-0.25 * _integral(x, y, z, powers)) for powers in ((1.5, 0.5, 0.5), (0.5, 1.5, 0.5), (0.5, 0.5, 1.5))
    ),
)
elliprd: Op = series_op(
    "elliprd",
    lambda g, out, x, y, z: (
        g * (-0.75 * _integral(x, y, z, (1.5, 0.5, 1.5))),
        g * (-0.75 * _integral(x, y, z, (0.5, 1.5, 1.5))),
        g * (-2.25 * _integral(x, y, z, (0.5, 0.5, 2.5))),
    ),
)
elliprg: Op = series_op(
    "elliprg",
    lambda g, out, x, y, z: tuple(
        g * (0.125 * _integral(x, y, z, powers, 1.0)) for powers in ((1.5, 0.5, 0.5), (0.5, 1.5, 0.5), (0.5, 0.5, 1.5))
    ),
)
elliprc: Op = series_op(
    "elliprc",
    lambda g, out, x, y: (
        g * (-0.25 * _integral(x, y, 1.0, (1.5, 1.0, 0.0))),
        g * (-0.5 * _integral(x, y, 1.0, (0.5, 2.0, 0.0))),
    ),
)
elliprj: Op = series_op(
    "elliprj",
    lambda g, out, *args: tuple(
        g * (-1.5 * p * carlson(*args, powers=_raised((0.5, 0.5, 0.5, 1.0), k), weight=0.0))
        for k, p in enumerate((0.5, 0.5, 0.5, 1.0))
    ),
)


def _agm_vjp(g: Any, out: Any, a: Any, b: Any) -> tuple[Any, Any]:
    """The mean is pi / (2 R_F(0, a ** 2, b ** 2))."""
    front = g * (square(out) / math.pi)
    by_a = a * _integral(0.0, square(a), square(b), (0.5, 1.5, 0.5))
    return front * by_a, front * (b * _integral(0.0, square(a), square(b), (0.5, 0.5, 1.5)))


agm: Op = series_op("agm", _agm_vjp)

# Jacobi's functions: of the amplitude phi, whose derivative by m keeps the integral F(phi, m) = u.


def _amplitude_by_m(u: Any, m: Any) -> Any:
    return -(jacobi_dn(u, m) * _first_by_m(jacobi_am(u, m), m))


jacobi_sn: Op = part_op(
    "jacobi_sn",
    scipy.special.ellipj,
    0,
    lambda g, out, u, m: (
        g * (jacobi_cn(u, m) * jacobi_dn(u, m)),
        g * (jacobi_cn(u, m) * _amplitude_by_m(u, m)),
    ),
)
jacobi_cn: Op = part_op(
    "jacobi_cn",
    scipy.special.ellipj,
    1,
    lambda g, out, u, m: (
        g * -(jacobi_sn(u, m) * jacobi_dn(u, m)),
        g * -(jacobi_sn(u, m) * _amplitude_by_m(u, m)),
    ),
)


def _dn_vjp(g: Any, out: Any, u: Any, m: Any) -> tuple[Any, Any]:
    sn, cn = jacobi_sn(u, m), jacobi_cn(u, m)
    by_m = over(square(sn) + 2 * m * sn * cn * _amplitude_by_m(u, m), -2 * out)
    return g * (-m * sn * cn), g * by_m


jacobi_dn: Op = part_op("jacobi_dn", scipy.special.ellipj, 2, _dn_vjp)
jacobi_am: Op = part_op(
    "jacobi_am",
    scipy.special.ellipj,
    3,
    lambda g, out, u, m: (g * jacobi_dn(u, m), g * _amplitude_by_m(u, m)),
)


def ellipj(u: Any, m: Any) -> Any:
    """`scipy.special.ellipj`: Jacobi's sn, cn, dn, and the amplitude."""
    return jacobi_sn(u, m), jacobi_cn(u, m), jacobi_dn(u, m), jacobi_am(u, m)
