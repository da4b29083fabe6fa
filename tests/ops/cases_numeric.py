"""Cases of `numeric` and `fourier`, and of `linalg`'s norms."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from backprop.ops.arrays.indexing import gathering
from backprop.ops.composites import (
    covariance,
    cumulative,
    differences,
    divisions,
    functionals,
    polynomials,
    ranges,
    searching,
)
from backprop.ops.linear_algebra import norms
from backprop.ops.reductions import running
from backprop.ops.special import fourier
from tests.ops.case import Case, Rng, arrays, domain, mixed, normal, positive, share
from tests.ops.cases_shape import case


def threefold(x: Any) -> Any:
    return 3 * x


def ascending(rng: Rng, shape: tuple[int, ...]) -> Any:
    return np.cumsum(rng.uniform(0.5, 1.5, shape))


def one(f: Any, *shapes: tuple[int, ...], **params: Any) -> Case:
    return Case(f, arrays(*shapes), params)


def real(f: Any, *shapes: tuple[int, ...], **params: Any) -> Case:
    return Case(f, arrays(*shapes), params, single=params.get("norm") is None)


def of_complex(f: Any, shape: tuple[int, ...], **params: Any) -> Case:
    return Case(f, arrays(shape), params, complex_ok=True)


FOURIER = (
    *(of_complex(getattr(fourier, f), (2, 5), n=n) for f in ("fft", "ifft", "irfft", "hfft") for n in (None, 3, 8)),
    *(real(getattr(fourier, f), (2, 5), n=n) for f in ("rfft", "ihfft") for n in (None, 4, 7)),
    *(of_complex(getattr(fourier, f), (3, 4)) for f in ("fft2", "ifft2", "fftn", "ifftn", "irfft2", "irfftn")),
    *(real(getattr(fourier, f), (3, 4), s=(4, 3), axes=(0, 1)) for f in ("rfft2", "rfftn")),
    *(of_complex(fourier.fft, (4,), norm=norm) for norm in ("ortho", "forward")),
    *(of_complex(fourier.irfft, (4,), norm=norm) for norm in ("ortho", "forward")),
    of_complex(fourier.fftshift, (3, 4)),
    of_complex(fourier.ifftshift, (3, 4), axes=0),
)

DIFFERENCES = (
    one(differences.ediff1d, (2, 3)),
    one(differences.ediff1d, (4,), (2,), (1,)),
    *(one(differences.gradient, (4, 5), edge_order=k) for k in (1, 2)),
    *(Case(differences.gradient, mixed((normal, (5,)), (ascending, (5,))), {"edge_order": k}) for k in (1, 2)),
    Case(
        lambda f, h: differences.gradient(f, h, axis=0), mixed((normal, (3, 2)), (positive, ())), name="gradient-step"
    ),
    Case(differences.unwrap, lambda rng: (np.cumsum(rng.uniform(1, 4, 8)) % 6,)),
)

INTERPOLATION = (
    Case(searching.interp, lambda rng: (rng.uniform(0, 5, 6), ascending(rng, (5,)), rng.normal(size=5))),
    Case(
        lambda x, xs, ys, a, b: searching.interp(x, xs, ys, a, b),
        lambda rng: (np.array([-1.0, 9.0]), ascending(rng, (4,)), rng.normal(size=4), np.float64(1), np.float64(2)),
        name="interp-outside",
    ),
    Case(
        lambda x, xs, ys, p: searching.interp(x, xs, ys, period=p),
        lambda rng: (rng.uniform(-5, 9, 4), np.array([0.5, 6.0, 2.2]), rng.normal(size=3), np.float64(4.5)),
        name="interp-period",
    ),
    *(one(polynomials.convolve, (5,), (3,), mode=mode) for mode in ("full", "same", "valid")),
    *(case(polynomials.correlate, (m,), (n,), mode=k) for m, n in ((5, 3), (2, 4)) for k in ("full", "same", "valid")),
)

POLYNOMIALS = (
    one(polynomials.vander, (3,), N=4),
    one(polynomials.polyval, (4,), (2, 3)),
    one(polynomials.polyadd, (4,), (2,)),
    one(polynomials.polysub, (2,), (4,)),
    one(polynomials.polymul, (2,), (3,)),
    one(polynomials.polyder, (4,), m=2),
    one(polynomials.polyint, (3,), m=2),
    one(polynomials.poly, (3,)),
    Case(divisions.roots, lambda rng: (np.array([1.0, -3.0, 1.0, 2.5]),), name="roots", tolerance=1e-5),
    Case(divisions.polydiv, lambda rng: (rng.normal(size=5), rng.normal(size=3) + 2), name="polydiv"),
    Case(partial(polynomials.polyfit, deg=1), mixed((ascending, (4,)), (normal, (4,))), name="polyfit", tolerance=1e-5),
    Case(
        lambda x, y, w: polynomials.polyfit(x, y, 1, w=w),
        mixed((ascending, (4,)), (normal, (4, 2)), (positive, (4,))),
        name="polyfit-weights",
        tolerance=1e-5,
    ),
)

RANGES = (
    one(ranges.linspace, (), (), num=4),
    one(ranges.linspace, (2,), (), num=3, endpoint=False, axis=-1),
    Case(ranges.logspace, domain(share, (), ()), {"num": 3}),
    Case(ranges.geomspace, domain(positive, (), ()), {"num": 3}),
    one(covariance.cov, (3, 5)),
    one(covariance.cov, (5,), (5,), bias=True),
    Case(
        lambda m, w: covariance.cov(m, rowvar=False, aweights=w),
        mixed((normal, (5, 2)), (positive, (5,))),
        name="cov-weights",
    ),
    one(covariance.corrcoef, (3, 5)),
    one(cumulative.cumulative_sum, (2, 3), axis=1, include_initial=True),
    one(cumulative.cumulative_prod, (2, 3), axis=0),
    one(cumulative.nancumprod, (3,)),
    Case(lambda w: searching.bincount(np.array([1, 3, 1]), w, 5), arrays((3,)), name="bincount"),
    Case(lambda w: searching.histogram([1.0, 3.0, 2.0, 9.0], 3, (1, 3), None, w)[0], arrays((4,)), name="histogram"),
    Case(
        lambda w: searching.histogram([1.0, 3.0, 2.0, 9.0], [0, 2, 4], density=True, weights=w)[0],
        lambda rng: (rng.random(4) + 1,),
        name="densities-of-histogram",
    ),
    Case(
        lambda w: searching.histogram2d([1.0, 3.0, 2.0, 3.0], [0.0, 2.0, 2.0, 9.0], (2, 3), weights=w)[0],
        arrays((4,)),
        name="histogram2d",
    ),
    Case(
        lambda w: searching.histogramdd(np.arange(12.0).reshape(4, 3), (2, 2, 3), density=True, weights=w)[0],
        lambda rng: (rng.random(4) + 1,),
        name="histogramdd",
    ),
    Case(partial(searching.partition, kth=1), arrays((4,)), name="partition"),
    Case(lambda a: functionals.apply_along_axis(lambda v: v[0] * v, 0, a), arrays((3, 2)), name="apply_along_axis"),
    Case(lambda a: functionals.apply_over_axes(running.cumsum, a, (0, 1)), arrays((3, 2)), name="apply_over_axes"),
    Case(functionals.real_if_close, arrays((4,)), name="real_if_close", complex_ok=True),
    Case(
        lambda a: functionals.piecewise(a, [a < 0, a > 1], [lambda v: v * v, 2.0, threefold]),
        arrays((6,)),
        name="piecewise",
    ),
    one(gathering.sliding_window_view, (4, 5), window_shape=(2, 3)),
    one(gathering.sliding_window_view, (4, 5), window_shape=2, axis=1),
)


NORMS = (
    *(one(norms.norm, (3, 4), ord=k) for k in (2, -2, "nuc", "fro")),
    one(norms.norm, (2, 3, 4), ord="nuc", axis=(2, 0), keepdims=True),
    one(norms.vector_norm, (3, 4), ord=3),
    one(norms.vector_norm, (2, 3, 4), axis=(0, 2), keepdims=True),
    one(norms.matrix_norm, (2, 3, 4), ord=2),
    one(norms.cond, (3, 3)),
    one(norms.cond, (3, 3), p="fro"),
    one(norms.cond, (4, 3), p=-2),
)

CASES = (*FOURIER, *DIFFERENCES, *INTERPOLATION, *POLYNOMIALS, *RANGES, *NORMS)
