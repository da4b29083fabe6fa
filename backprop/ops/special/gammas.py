"""The gamma and beta functions and their kin.

Source: NIST Digital Library of Mathematical Functions, https://dlmf.nist.gov, sections 5.2, 5.5, 5.12, 5.15.
"""

from __future__ import annotations

import math
import operator
from typing import Any

from ...errors import GraphTypeError
from ..core.op import Op
from ..elementwise.selection import where
from ..elementwise.ufunc import is_complex
from .kernels import gammas as kernels
from .making import kernel_op, series_op, special_op

__all__ = [
    "beta",
    "betaln",
    "binom",
    "digamma",
    "gamma",
    "gammaln",
    "gammasgn",
    "loggamma",
    "multigammaln",
    "poch",
    "polygamma",
    "psi",
    "rgamma",
]

gamma: Op = special_op("gamma", lambda g, out, x: g * (out * _digamma(x)))
gammaln: Op = special_op("gammaln", lambda g, out, x: g * _digamma(x))
loggamma: Op = special_op("loggamma", lambda g, out, x: g * _digamma(x))


def _digamma(x: Any) -> Any:
    """Digamma in rules: SciPy's has no digits near the poles."""
    return psi(x) if is_complex(x) else polygamma_of(x, n=0)


# sin(pi (x + quarter / 2)), exact at whole and half numbers.
half_turns: Op = kernel_op(
    "half_turns",
    lambda x, *, quarter: kernels.half_turns(x, quarter),
    lambda g, out, x, *, quarter: g * (math.pi * half_turns(x, quarter=(quarter + 1) % 4)),
)


def _rgamma_vjp(g: Any, out: Any, x: Any) -> Any:
    if is_complex(x):
        return -g * (out * psi(x))
    # Left of 1/2 by 1 / gamma(x) = gamma(1 - x) sin(pi x) / pi (5.5.3), as psi has poles there.
    left = where(x < 0.5, 1 - x, 0.5)
    turned = gamma(left) * (half_turns(x, quarter=1) - psi(left) * half_turns(x, quarter=0) / math.pi)
    return g * where(x < 0.5, turned, -(out * psi(where(x < 0.5, 1, x))))


rgamma: Op = special_op("rgamma", _rgamma_vjp)
gammasgn: Op = special_op("gammasgn", lambda g, out, x: None)
psi: Op = special_op("psi", lambda g, out, x: g * polygamma_of(x, n=1))
polygamma_of: Op = kernel_op(
    "polygamma_of",
    lambda x, *, n: kernels.derivative_of_digamma(x, n),
    lambda g, out, x, *, n: g * polygamma_of(x, n=n + 1),
)
# polygamma(n, a + b) - polygamma(n, a), which does not cancel.
polygamma_step: Op = kernel_op(
    "polygamma_step",
    lambda a, b, *, n: kernels.polygamma_step(a, b, n),
    lambda g, out, a, b, *, n: (g * polygamma_step(a, b, n=n + 1), g * polygamma_of(a + b, n=n + 1)),
    like=2,
)


def polygamma(n: int, x: Any) -> Any:
    """`scipy.special.polygamma`: the n-th derivative of digamma at real `x`.

    Errors:
        GraphTypeError: an order that is no plain integer.
    """
    try:
        order = operator.index(n)
    except TypeError:
        raise GraphTypeError("polygamma takes a plain integer as its order", fix="give n as an int") from None
    return psi(x) if order == 0 else polygamma_of(x, n=order)


def multigammaln(a: Any, d: int) -> Any:
    """`scipy.special.multigammaln`: the logarithm of the gamma function of d dimensions at `a` > (d - 1) / 2."""
    total = d * (d - 1) / 4 * math.log(math.pi)
    for i in range(d):
        total = total + gammaln(a - i / 2)
    return total


def _beta_vjp(g: Any, out: Any, a: Any, b: Any) -> tuple[Any, Any]:
    change = -(g * out)
    return change * polygamma_step(a, b, n=0), change * polygamma_step(b, a, n=0)


beta: Op = series_op("beta", _beta_vjp)
betaln: Op = series_op(
    "betaln",
    lambda g, out, a, b: (-g * polygamma_step(a, b, n=0), -g * polygamma_step(b, a, n=0)),
)
# gamma(n + 1) / (gamma(k + 1) gamma(n - k + 1)), and gamma(z + m) / gamma(z): 5.2.4.
binom: Op = series_op(
    "binom",
    lambda g, out, n, k: (
        g * (out * polygamma_step(n - k + 1, k, n=0)),
        g * (out * polygamma_step(k + 1, n - 2 * k, n=0)),
    ),
)
poch: Op = series_op(
    "poch",
    lambda g, out, z, m: (g * (out * polygamma_step(z, m, n=0)), g * (out * psi(z + m))),
)

digamma = psi
