"""Cases of special functions: by each operand whose derivative is known."""

from __future__ import annotations

from functools import partial
from typing import Any

from backprop.ops.elementwise.complex_parts import real
from backprop.ops.special import (
    bessel_functions,
    distributions,
    elementary,
    elliptic,
    error_functions,
    gammas,
    hypergeometric,
    integrals,
)
from tests.ops.case import Case, Sampler, away_from_zero, elementwise, positive, share, unit

FAMILIES = (
    *(bessel_functions, distributions, elementary, elliptic),
    *(error_functions, gammas, hypergeometric, integrals),
)
HELD = {name: value for module in FAMILIES for name, value in vars(module).items()}


def each(names: str, *samplers: Sampler, **options: Any) -> tuple[Case, ...]:
    """The cases of several functions, with operands from the same samplers."""
    return tuple(elementwise(HELD[name], *samplers, **options) for name in names.split())


def with_params(name: str, *samplers: Sampler, order: int = 2, **params: Any) -> Case:
    """The case of an op with params."""
    text = "-".join(map(str, params.values()))
    return elementwise(HELD[name], *samplers, params=params, name=f"{name}-{text}", single=False, order=order)


def above_one(rng: Any, shape: tuple[int, ...]) -> Any:
    return rng.uniform(1.5, 3.0, shape)


def small(rng: Any, shape: tuple[int, ...]) -> Any:
    """Numbers between 0.1 and 0.4."""
    return rng.uniform(0.1, 0.4, shape)


def large(rng: Any, shape: tuple[int, ...]) -> Any:
    return rng.uniform(6.0, 9.0, shape)


def few(rng: Any, shape: tuple[int, ...]) -> Any:
    """Probabilities that Student's t has left of `far_left`."""
    return rng.uniform(0.03, 0.06, shape)


def far_left(rng: Any, shape: tuple[int, ...]) -> Any:
    return rng.uniform(-3.0, -2.5, shape)


def wide(rng: Any, shape: tuple[int, ...]) -> Any:
    """Numbers of degrees."""
    return rng.uniform(20.0, 70.0, shape)


def whole(low: int) -> Sampler:
    """A maker of whole numbers, in float64."""
    return lambda rng, shape: rng.integers(low, low + 3, shape).astype(float)


def integer(low: int) -> Sampler:
    """A maker of integers."""
    return lambda rng, shape: rng.integers(low, low + 3, shape)


def negative(rng: Any, shape: tuple[int, ...]) -> Any:
    return -positive(rng, shape)


COARSE: dict[str, Any] = {"single": False, "tolerance": 1e-5}
"""Of functions that SciPy has to few digits, or in float32 to very few."""

GAMMAS = (
    *each("gamma gammaln loggamma rgamma psi", positive),
    *each("gammasgn", away_from_zero),
    *each("beta betaln poch", positive, positive),
    *each("binom", large, above_one),
    *(elementwise(partial(gammas.polygamma, n), positive, name=f"polygamma-{n}") for n in (0, 1, 2)),
    elementwise(lambda a: gammas.multigammaln(a, 3), above_one, name="multigammaln"),
    with_params("polygamma_of", positive, n=1),
    with_params("half_turns", away_from_zero, quarter=1),
    with_params("polygamma_step", positive, positive, n=0),
    with_params("polygamma_step", positive, positive, n=2),
)
ELEMENTARY = (
    *each("logit logistic_width", share),
    *each("log_expit exprel cosm1", away_from_zero),
    *each("entr", positive),
    *each("xlogy xlog1py rel_entr kl_div log_ratio powm1", positive, positive),
    *each("exp10", unit),
    *each("boxcox boxcox1p inv_boxcox inv_boxcox1p", positive, positive),
    *each("huber", above_one, unit),
    *each("pseudo_huber", positive, away_from_zero),
    elementwise(elementary.huber, share, above_one, name="huber-far"),
    *each("sindg cosdg tandg cotdg", wide),
    *each("radian", positive, positive, positive, tolerance=1e-9),
    *each("tklmbda", unit, share),
    with_params("exprel_derivative", away_from_zero, n=1),
    with_params("log1p_ratio", positive, n=1),
)
ERRORS = (
    *each("erf erfc erfcx ndtr log_ndtr erfi dawsn hazard hazard_excess", away_from_zero),
    elementwise(error_functions.erf, away_from_zero, complex_ok=True, name="erf-complex"),
    elementwise(error_functions.dawsn, unit, complex_ok=True, name="dawsn-complex"),
    *each("erfinv slope_of_erfinv", unit, single=False),
    *each("erfcinv ndtri slope_of_erfcinv slope_of_ndtri", share, single=False),
    *each("ndtri_exp", negative),
    *each("owens_t", away_from_zero, away_from_zero),
    *each("voigt_profile", away_from_zero, positive, positive),
    *each("nrdtrimn", share, positive, away_from_zero),
    *each("nrdtrisd", negative, small, negative, single=False),
    *each("fresnel modfresnelp modfresnelm", positive),
    *each("fresnel_sine fresnel_cosine modfresnelp_f modfresnelp_k modfresnelm_f modfresnelm_k", positive),
    *each("wofz", away_from_zero, single=False),
    with_params("gaussian", away_from_zero, scale=0.5),
    with_params("erfc_integral", away_from_zero, n=2),
    with_params("dawson_derivative", away_from_zero, n=1),
    with_params("square_wave", away_from_zero, quarter=1),
    Case(
        lambda x, y: real(HELD["wofz_derivative"](x + 1j * y, n=1)),
        lambda rng: (positive(rng, (3,)), positive(rng, (3,))),
        name="wofz_derivative",
    ),
)
BESSELS = (
    *each("y0 y1 k0 k1 k0e k1e", positive),
    *each("j0 j1 i0 i1 i0e i1e", away_from_zero),
    *each("jv jve yv yve iv ive kv kve struve modstruve", whole(2), positive, wrt=(1,)),
    *each("yn", whole(2), positive, wrt=(1,)),
    *each("kn", integer(2), positive, wrt=(1,), single=False),
    *each("hankel1 hankel2 hankel1e hankel2e", whole(2), positive, wrt=(1,)),
    *each("ber bei berp beip ker kei kerp keip", positive),
    *(
        elementwise(HELD[name], whole(2), positive, params={"n": 1}, name=f"{name}-1", wrt=(1,))
        for name in ("yv_derivative", "iv_derivative", "ive_derivative", "kv_derivative", "kve_derivative")
    ),
)
DISTRIBUTIONS = (
    *each("gammainc gammaincc gamma_density", above_one, positive),
    *each("gammaincinv gammainccinv", above_one, share),
    *each("betainc betaincc beta_density", above_one, above_one, share, single=False),
    *each("betaincinv betainccinv", above_one, above_one, share),
    *each("gdtr gdtrc", positive, positive, positive, single=False),
    *each("gdtria", share, positive, positive),
    *each("gdtrib", positive, share, positive),
    *each("gdtrix", positive, positive, share),
    *each("chdtr chdtrc", positive, positive),
    *each("chdtri", positive, share),
    *each("chdtriv", small, positive),
    *each("chndtr", positive, above_one, positive, wrt=(0, 2)),
    *each("chndtrix", share, above_one, positive, wrt=(0, 2), **COARSE),
    *each("chndtrinc", large, above_one, small, wrt=(0, 2), **COARSE),
    *each("pdtr pdtrc", whole(2), positive, wrt=(1,)),
    *each("pdtri", whole(2), share, wrt=(1,)),
    *each("pdtrik", share, above_one),
    *each("btdtria", share, above_one, share, single=False),
    *each("btdtrib", above_one, share, share, single=False),
    *each("bdtr bdtrc", whole(2), integer(6), share, wrt=(2,), single=False),
    *each("bdtri", whole(2), integer(6), share, wrt=(2,), single=False),
    *each("bdtrik", share, large, share, single=False),
    *each("bdtrin", above_one, share, share, single=False),
    *each("nbdtr nbdtrc", integer(2), integer(2), share, wrt=(2,), single=False),
    *each("nbdtri", integer(2), integer(2), share, wrt=(2,), single=False),
    *each("nbdtrik", share, large, small, single=False),
    *each("nbdtrin", above_one, share, share, single=False),
    *each("fdtr fdtrc", positive, positive, positive, single=False),
    *each("fdtri", positive, above_one, share, single=False),
    *each("fdtridfd", above_one, share, above_one, **COARSE),
    *each("stdtr", positive, away_from_zero),
    *each("stdtridf", few, far_left, single=False, tolerance=1e-3, order=1),
    *each("stdtrit", positive, small),
    *each("t_front", positive),
    with_params("gamma_moment", positive, positive, n=1, order=1),
    with_params("beta_moment", positive, positive, share, m=1, n=0, order=1),
    with_params("beta_moment", positive, positive, share, m=0, n=1, order=1),
)
HYPERGEOMETRIC = (
    *each("hyp0f1", positive, unit, wrt=(1,)),
    *each("hyp1f1 hyperu", above_one, positive, positive, wrt=(2,), **COARSE),
    *each("hyp2f1", positive, positive, positive, share, wrt=(3,)),
    *each("wright_bessel log_wright_bessel", positive, positive, positive, wrt=(2,)),
    *each("eval_legendre eval_chebyt eval_chebyu eval_chebyc eval_chebys", integer(0), unit, single=False),
    *each("eval_sh_legendre eval_sh_chebyt eval_sh_chebyu", integer(0), share, single=False),
    *each("eval_laguerre eval_hermite eval_hermitenorm", integer(0), unit, single=False),
    *each("eval_gegenbauer eval_genlaguerre", integer(0), positive, unit, wrt=(2,), single=False),
    *each("eval_jacobi", integer(0), positive, positive, unit, wrt=(3,), single=False),
    *each("eval_sh_jacobi", integer(0), above_one, share, share, wrt=(3,), single=False),
    *each("lpmv", integer(1), whole(2), unit, wrt=(2,), single=False),
)
ELLIPTIC = (
    *each("ellipk ellipe ellipkm1", share),
    *each("ellipkinc ellipeinc", positive, share),
    *each("elliprc agm", positive, positive),
    *each("elliprd elliprf elliprg", positive, positive, positive),
    *each("elliprj", positive, positive, positive, positive),
    *each("ellipj jacobi_sn jacobi_cn jacobi_dn jacobi_am", positive, share),
    elementwise(
        HELD["carlson"],
        *(positive, positive, positive, positive),
        params={"powers": (0.5, 0.5, 1.0, 0.5), "weight": 0.0},
        name="carlson",
    ),
)
INTEGRALS = (
    *each("expi exp1 spence wrightomega sici sine_integral cosine_integral shichi sinh_integral", positive),
    *each("cosh_integral", positive),
    elementwise(integrals.expn, integer(0), positive, single=False),
    *each("zetac riemann_zeta", above_one),
    *each("hurwitz_zeta", above_one, positive),
    elementwise(lambda z: real(integrals.lambert_w(z, 0, 1e-8)), positive, name="lambert_w", single=False),
    with_params("zeta_derivative", above_one, positive, n=1),
    *each("airy airy_a airy_b airy_a_slope airy_b_slope", away_from_zero),
    *each("itairy itairy_a itairy_b itairy_minus_a itairy_minus_b", away_from_zero, **COARSE),
    *each("iti0k0 integral_of_i0 integral_of_k0 itj0y0 integral_of_j0 integral_of_y0", positive, **COARSE),
    *each("it2i0k0 it2_of_i0 it2_of_k0 it2j0y0 it2_of_j0 it2_of_y0", positive, **COARSE),
    *each("itstruve0 it2struve0 itmodstruve0", positive, **COARSE),
    *each("pbdv pbvv pbdv_d pbdv_slope pbvv_v pbvv_slope", whole(1), positive, wrt=(1,), single=False),
    *each("pbwa pbwa_w pbwa_slope", share, positive, wrt=(1,), **COARSE),
)

CASES: tuple[Case, ...] = (
    *(*GAMMAS, *ELEMENTARY, *ERRORS, *BESSELS),
    *(*DISTRIBUTIONS, *HYPERGEOMETRIC, *ELLIPTIC, *INTEGRALS),
)
