"""Hypergeometric functions and orthogonal polynomials.

The derivatives by parameters, orders and degrees are not known in closed form: a graph that needs one is refused.

Source: NIST Digital Library of Mathematical Functions, https://dlmf.nist.gov, sections 13.3, 14.10, 15.5, 18.9(iii).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..core.op import Op
from ..elementwise.arithmetic import square
from ..elementwise.exponential import exp
from ..elementwise.masking import over
from ..elementwise.selection import where
from .making import Rule, series_op

__all__ = [
    "eval_chebyc",
    "eval_chebys",
    "eval_chebyt",
    "eval_chebyu",
    "eval_gegenbauer",
    "eval_genlaguerre",
    "eval_hermite",
    "eval_hermitenorm",
    "eval_jacobi",
    "eval_laguerre",
    "eval_legendre",
    "eval_sh_chebyt",
    "eval_sh_chebyu",
    "eval_sh_jacobi",
    "eval_sh_legendre",
    "hyp0f1",
    "hyp1f1",
    "hyp2f1",
    "hyperu",
    "log_wright_bessel",
    "lpmv",
    "wright_bessel",
]


def _by_last(slope: Callable[..., Any]) -> Rule:
    """The rule of a function whose derivative is known by its last argument only."""

    def vjp(g: Any, out: Any, *args: Any) -> tuple[Any, ...]:
        return *([NotImplemented] * (len(args) - 1)), g * slope(out, *args)

    return vjp


hyp0f1: Op = series_op("hyp0f1", _by_last(lambda out, b, z: over(hyp0f1(b + 1, z), b)))
hyp1f1: Op = series_op("hyp1f1", _by_last(lambda out, a, b, x: over(a, b) * hyp1f1(a + 1, b + 1, x)))
hyp2f1: Op = series_op(
    "hyp2f1",
    _by_last(lambda out, a, b, c, z: over(a * b, c) * hyp2f1(a + 1, b + 1, c + 1, z)),
)
hyperu: Op = series_op("hyperu", _by_last(lambda out, a, b, x: -a * hyperu(a + 1, b + 1, x)))
wright_bessel: Op = series_op("wright_bessel", _by_last(lambda out, a, b, x: wright_bessel(a, a + b, x)))
log_wright_bessel: Op = series_op(
    "log_wright_bessel",
    _by_last(lambda out, a, b, x: exp(log_wright_bessel(a, a + b, x) - out)),
)

# Orthogonal polynomials: the derivative of one of degree n is one of degree n - 1, and 0 where n is 0.


def _polynomial(slope: Callable[..., Any]) -> Rule:
    """The rule of a polynomial of degree n: `slope` takes n, the next lower degree, and the other arguments."""

    def at(out: Any, n: Any, *args: Any) -> Any:
        return where(n == 0, 0.0, slope(n, where(n == 0, 0, n - 1), *args))

    return _by_last(at)


eval_jacobi: Op = series_op(
    "eval_jacobi",
    _polynomial(lambda n, k, a, b, x: 0.5 * (n + a + b + 1) * eval_jacobi(k, a + 1, b + 1, x)),
)
eval_sh_jacobi: Op = series_op(
    "eval_sh_jacobi",
    _polynomial(lambda n, k, p, q, x: n * eval_sh_jacobi(k, p + 2, q + 1, x)),
)
eval_gegenbauer: Op = series_op(
    "eval_gegenbauer",
    _polynomial(lambda n, k, a, x: 2 * a * eval_gegenbauer(k, a + 1, x)),
)
eval_legendre: Op = series_op("eval_legendre", _polynomial(lambda n, k, x: eval_gegenbauer(k, 1.5, x)))
eval_sh_legendre: Op = series_op(
    "eval_sh_legendre",
    _polynomial(lambda n, k, x: 2 * eval_gegenbauer(k, 1.5, 2 * x - 1)),
)
eval_chebyt: Op = series_op("eval_chebyt", _polynomial(lambda n, k, x: n * eval_chebyu(k, x)))
eval_chebyu: Op = series_op("eval_chebyu", _polynomial(lambda n, k, x: 2 * eval_gegenbauer(k, 2.0, x)))
eval_chebyc: Op = series_op("eval_chebyc", _polynomial(lambda n, k, x: n * eval_chebyu(k, x / 2)))
eval_chebys: Op = series_op("eval_chebys", _polynomial(lambda n, k, x: eval_gegenbauer(k, 2.0, x / 2)))
eval_sh_chebyt: Op = series_op("eval_sh_chebyt", _polynomial(lambda n, k, x: 2 * n * eval_chebyu(k, 2 * x - 1)))
eval_sh_chebyu: Op = series_op(
    "eval_sh_chebyu",
    _polynomial(lambda n, k, x: 4 * eval_gegenbauer(k, 2.0, 2 * x - 1)),
)
eval_genlaguerre: Op = series_op(
    "eval_genlaguerre",
    _polynomial(lambda n, k, a, x: -eval_genlaguerre(k, a + 1, x)),
)
eval_laguerre: Op = series_op("eval_laguerre", _polynomial(lambda n, k, x: -eval_genlaguerre(k, 1.0, x)))
eval_hermite: Op = series_op("eval_hermite", _polynomial(lambda n, k, x: 2 * n * eval_hermite(k, x)))
eval_hermitenorm: Op = series_op("eval_hermitenorm", _polynomial(lambda n, k, x: n * eval_hermitenorm(k, x)))
lpmv: Op = series_op(
    "lpmv",
    _by_last(lambda out, m, v, x: over(v * x * out - (v + m) * lpmv(m, v - 1, x), square(x) - 1)),
)
