"""Special functions of SciPy: one block each, beside its derivative.

A rule that answers NotImplemented for an operand says that its derivative is not known in closed form (the order of a
Bessel function, the shape parameter of an incomplete gamma function); a graph that needs it is refused.

Source of the derivatives: NIST Digital Library of Mathematical Functions, https://dlmf.nist.gov, by section.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.special

from ...errors import GraphTypeError
from ..core.costs import SCALAR, SERIES, PerElement
from ..core.op import Op
from ..core.rows import BY_ELEMENT
from ..elementwise.arithmetic import sign, square
from ..elementwise.exponential import exp, log, log1p, sigmoid
from ..elementwise.masking import over, ratio
from ..elementwise.selection import where
from ..elementwise.trigonometric import cos, sin
from ..elementwise.ufunc import ufunc_op, ufunc_type

__all__ = [
    "beta",
    "betainc",
    "betaln",
    "digamma",
    "entr",
    "erf",
    "erfc",
    "erfcinv",
    "erfcx",
    "erfinv",
    "exp1",
    "expi",
    "gamma",
    "gammainc",
    "gammaincc",
    "gammaln",
    "gammasgn",
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
    "k0",
    "k1",
    "kl_div",
    "kv",
    "log_expit",
    "log_ndtr",
    "loggamma",
    "logit",
    "multigammaln",
    "ndtr",
    "ndtri",
    "polygamma",
    "psi",
    "rel_entr",
    "rgamma",
    "xlog1py",
    "xlogy",
    "y0",
    "y1",
    "yn",
    "yv",
]

SQRT_PI = math.sqrt(math.pi)
SQRT_2PI = math.sqrt(2.0 * math.pi)
SQRT_HALF = math.sqrt(0.5)


def _special(name: str, ufunc: np.ufunc, vjp: Callable[..., Any] | None = None, flops: PerElement = SCALAR) -> Op:
    return ufunc_op(name, ufunc, vjp, flops, __name__)


def _series(name: str, ufunc: np.ufunc, vjp: Callable[..., Any] | None = None) -> Op:
    return _special(name, ufunc, vjp, SERIES)


# The gamma function and its kin: 5.2, 5.5, 5.12, 5.15.

gamma: Op = _special("gamma", scipy.special.gamma, lambda g, out, x: g * (out * psi(x)))
gammaln: Op = _special("gammaln", scipy.special.gammaln, lambda g, out, x: g * psi(x))
loggamma: Op = _special("loggamma", scipy.special.loggamma, lambda g, out, x: g * psi(x))


def _rgamma_vjp(g: Any, out: Any, x: Any) -> Any:
    # Left of 1/2 by 1 / gamma(x) = gamma(1 - x) sin(pi x) / pi (NIST DLMF 5.5.3), as psi has poles there.
    turned = gamma(1 - x) * (cos(math.pi * x) - psi(1 - x) * sin(math.pi * x) / math.pi)
    return g * where(x < 0.5, turned, -(out * psi(where(x < 0.5, 1, x))))


rgamma: Op = _special("rgamma", scipy.special.rgamma, _rgamma_vjp)
gammasgn: Op = _special("gammasgn", scipy.special.gammasgn, lambda g, out, x: None)
psi: Op = _special("psi", scipy.special.psi, lambda g, out, x: g * polygamma_of(x, n=1))


def _polygamma(x: Any, *, n: int) -> Any:
    dtype = np.result_type(x, np.float32)
    return np.asarray(scipy.special.polygamma(n, x), dtype)[()]


polygamma_of: Op = Op(
    "polygamma_of",
    lambda x, *, n: ufunc_type(scipy.special.gammaln, x),
    _polygamma,
    lambda g, out, x, *, n: g * polygamma_of(x, n=n + 1),
    flops=SERIES,
    home=__name__,
    rows=BY_ELEMENT,
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
    change, both = g * out, psi(a + b)
    return change * (psi(a) - both), change * (psi(b) - both)


def _betaln_vjp(g: Any, out: Any, a: Any, b: Any) -> tuple[Any, Any]:
    both = psi(a + b)
    return g * (psi(a) - both), g * (psi(b) - both)


beta: Op = _series("beta", scipy.special.beta, _beta_vjp)
betaln: Op = _series("betaln", scipy.special.betaln, _betaln_vjp)


# The densities of the incomplete gamma and beta functions: 8.8.13, 8.17.
def _gamma_density(a: Any, x: Any) -> Any:
    return exp(xlogy(a - 1, x) - x - gammaln(a))


def _beta_density(a: Any, b: Any, x: Any) -> Any:
    return exp(xlogy(a - 1, x) + xlog1py(b - 1, -x) - betaln(a, b))


gammainc: Op = _series(
    "gammainc", scipy.special.gammainc, lambda g, out, a, x: (NotImplemented, g * _gamma_density(a, x))
)
gammaincc: Op = _series(
    "gammaincc", scipy.special.gammaincc, lambda g, out, a, x: (NotImplemented, -g * _gamma_density(a, x))
)
betainc: Op = _series(
    "betainc",
    scipy.special.betainc,
    lambda g, out, a, b, x: (NotImplemented, NotImplemented, g * _beta_density(a, b, x)),
)

# The error function and the normal distribution: 7.2, 7.10, 7.17.

erf: Op = _special("erf", scipy.special.erf, lambda g, out, x: g * (2.0 / SQRT_PI * exp(-square(x))))
erfc: Op = _special("erfc", scipy.special.erfc, lambda g, out, x: g * (-2.0 / SQRT_PI * exp(-square(x))))
erfcx: Op = _special("erfcx", scipy.special.erfcx, lambda g, out, x: g * (2.0 * x * out - 2.0 / SQRT_PI))
erfinv: Op = _special("erfinv", scipy.special.erfinv, lambda g, out, x: g * (SQRT_PI / 2.0 * exp(square(out))))
erfcinv: Op = _special("erfcinv", scipy.special.erfcinv, lambda g, out, x: g * (-SQRT_PI / 2.0 * exp(square(out))))
ndtr: Op = _special("ndtr", scipy.special.ndtr, lambda g, out, x: g * (exp(square(x) * -0.5) / SQRT_2PI))
ndtri: Op = _special("ndtri", scipy.special.ndtri, lambda g, out, x: g * (SQRT_2PI * exp(square(out) * 0.5)))


# phi(x) / Phi(x), as sqrt(2 / pi) / erfcx(-x / sqrt(2)), which neither cancels nor underflows on the left.
log_ndtr: Op = _special(
    "log_ndtr", scipy.special.log_ndtr, lambda g, out, x: g * ((2 / SQRT_2PI) / erfcx(x * -SQRT_HALF))
)

# The logistic family; expit is `elementwise.sigmoid`.

logit: Op = _special("logit", scipy.special.logit, lambda g, out, x: over(g, x * (1 - x)))
log_expit: Op = _special("log_expit", scipy.special.log_expit, lambda g, out, x: g * sigmoid(-x))

# Exponential integrals: 6.2.

expi: Op = _series("expi", scipy.special.expi, lambda g, out, x: over(g * exp(x), x))
exp1: Op = _series("exp1", scipy.special.exp1, lambda g, out, x: over(g * -exp(-x), x))

# Products with logarithms, which are 0 where the first factor is.

xlogy: Op = _special("xlogy", scipy.special.xlogy, lambda g, out, x, y: (g * log(y), g * ratio(x, y)))
xlog1py: Op = _special("xlog1py", scipy.special.xlog1py, lambda g, out, x, y: (g * log1p(y), g * ratio(x, 1 + y)))
entr: Op = _special("entr", scipy.special.entr, lambda g, out, x: g * (-1 - log(x)))
rel_entr: Op = _special(
    "rel_entr", scipy.special.rel_entr, lambda g, out, x, y: (g * (log(over(x, y)) + 1), -g * ratio(x, y))
)
kl_div: Op = _special("kl_div", scipy.special.kl_div, lambda g, out, x, y: (g * log(over(x, y)), g - g * ratio(x, y)))

# Bessel functions: 10.6, 10.29. Written with both neighbours, as z f'(z) would divide by 0 at z = 0.


def _neighbours(f: Any, v: Any, x: Any) -> Any:
    return 0.5 * (f(v - 1, x) - f(v + 1, x))


j0: Op = _special("j0", scipy.special.j0, lambda g, out, x: g * -j1(x))
j1: Op = _special("j1", scipy.special.j1, lambda g, out, x: g * (0.5 * (j0(x) - jv(2, x))))
jv: Op = _series("jv", scipy.special.jv, lambda g, out, v, x: (NotImplemented, g * _neighbours(jv, v, x)))
y0: Op = _special("y0", scipy.special.y0, lambda g, out, x: g * -y1(x))
y1: Op = _special("y1", scipy.special.y1, lambda g, out, x: g * (0.5 * (y0(x) - yv(2, x))))
yn: Op = _series("yn", scipy.special.yn, lambda g, out, v, x: (NotImplemented, g * _neighbours(yn, v, x)))
yv: Op = _series("yv", scipy.special.yv, lambda g, out, v, x: (NotImplemented, g * _neighbours(yv, v, x)))
i0: Op = _series("i0", scipy.special.i0, lambda g, out, x: g * i1(x))
i1: Op = _series("i1", scipy.special.i1, lambda g, out, x: g * (0.5 * (i0(x) + iv(2, x))))
i0e: Op = _series("i0e", scipy.special.i0e, lambda g, out, x: g * (i1e(x) - sign(x) * out))
i1e: Op = _series("i1e", scipy.special.i1e, lambda g, out, x: g * (0.5 * (i0e(x) + ive(2, x)) - sign(x) * out))
iv: Op = _series(
    "iv", scipy.special.iv, lambda g, out, v, x: (NotImplemented, g * (0.5 * (iv(v - 1, x) + iv(v + 1, x))))
)
ive: Op = _series(
    "ive",
    scipy.special.ive,
    lambda g, out, v, x: (NotImplemented, g * (0.5 * (ive(v - 1, x) + ive(v + 1, x)) - sign(x) * out)),
)
k0: Op = _series("k0", scipy.special.k0, lambda g, out, x: g * -k1(x))
k1: Op = _series("k1", scipy.special.k1, lambda g, out, x: g * (-0.5 * (k0(x) + kv(2, x))))
kv: Op = _series(
    "kv", scipy.special.kv, lambda g, out, v, x: (NotImplemented, g * (-0.5 * (kv(v - 1, x) + kv(v + 1, x))))
)

# Other names.

digamma = psi
expit = sigmoid
jn = jv
