"""Least squares: fits of functions, and with non-negative coefficients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.optimize

from ...api.implicit.equation import Traced, Unknowns, flat_start, gradient_of, is_tracing, traced, within_bounds
from ...api.preparing.graphs import plain
from ...api.verbs.run import current, run_graph
from ...errors import ArgumentError
from ...graph.graph import Graph
from ...graph.implicit.choices import support
from ...graph.implicit.jacobian import jacobian_of
from ...graph.tracing.builder import Builder
from ...graph.tracing.source_lines import user_line
from ...ops.arrays import asarray, expand_dims
from ...ops.elementwise import arctan, log1p, sqrt, square, where
from ...ops.linear_algebra import cholesky, inv, matmul, norm, solve, solve_triangular
from ...ops.reductions import sum
from ..plain import refuse
from .results import optimize_result, with_args

__all__ = ["curve_fit", "least_squares", "nnls"]

Function = Callable[..., Any]
THEIRS: Any = scipy.optimize
"""SciPy's functions, whose stubs are narrower than they are."""
LOSSES: dict[str, Function] = {
    "linear": lambda z: z,
    "soft_l1": lambda z: 2 * (sqrt(1 + z) - 1),
    "huber": lambda z: where(z <= 1, z, 2 * sqrt(where(z <= 1, 1.0, z)) - 1),
    "cauchy": log1p,
    "arctan": arctan,
}
"""The functions of squares that are summed, by SciPy's names."""


def least_squares(
    fun: Function,
    x0: Any,
    jac: Any = "2-point",
    bounds: Any = (-np.inf, np.inf),
    method: str = "trf",
    ftol: float | None = 1e-08,
    xtol: float | None = 1e-08,
    gtol: float | None = 1e-08,
    x_scale: Any = None,
    loss: str = "linear",
    f_scale: float = 1.0,
    diff_step: Any = None,
    tr_solver: str | None = None,
    tr_options: Any = None,
    jac_sparsity: Any = None,
    max_nfev: int | None = None,
    verbose: int = 0,
    args: Any = (),
    kwargs: Any = None,
    callback: Any = None,
    workers: Any = None,
) -> Any:
    """`scipy.optimize.least_squares`: where the sum of squares of a function's results is as small as possible.

    Arguments:
        fun: from a vector to a vector, which may capture traced values.
        x0: where to start, a vector; it has no derivative.
        jac: ignored: the solver gets the Jacobian, which follows from `fun`.
        bounds: two numbers or vectors, or a Bounds; they may be traced.
        method, ftol, xtol, gtol, f_scale, max_nfev: as of SciPy.
        loss: "linear", "soft_l1", "huber", "cauchy" or "arctan".
        x_scale, diff_step, tr_solver, tr_options, jac_sparsity, verbose, workers: ignored.
        args, kwargs: further arguments of `fun`, traced or plain.
        callback: None.
    Returns:
        an OptimizeResult with x, fun, cost, success, nfev.
    Errors:
        ArgumentError: another loss. GraphTypeError: a callback.
    """
    if not is_tracing():
        more: dict[str, Any] = {} if x_scale is None else {"x_scale": x_scale}
        more |= {name: v for name, v in (("callback", callback), ("workers", workers)) if v is not None}
        return THEIRS.least_squares(
            *(fun, x0, jac, bounds, method, ftol, xtol, gtol),
            **{"loss": loss, "f_scale": f_scale, "diff_step": diff_step, "tr_solver": tr_solver},
            **{"tr_options": tr_options or {}, "jac_sparsity": jac_sparsity, "max_nfev": max_nfev},
            **{"verbose": verbose, "args": args, "kwargs": kwargs or {}},
            **more,
        )
    if loss not in LOSSES:
        raise ArgumentError(f"least_squares: no loss is called {loss!r}", user_line(), f"take one of {list(LOSSES)}")
    if callback is not None:
        refuse("least_squares", "callback", "leave it out")
    f = with_args(lambda x, *more: fun(x, *more, **(kwargs or {})), args)
    made, limits = _traced(f, flat_start(x0), bounds)
    settings = {"ftol": ftol, "xtol": xtol, "gtol": gtol, "max_nfev": max_nfev, "method": method}
    answer = _fitted(made, bool(limits), loss, f_scale, settings)
    values = f(answer.unknowns)
    return optimize_result(answer, fun=values, cost=_cost(values, loss, f_scale))


def _cost(values: Any, loss: str, f_scale: float) -> Any:
    return 0.5 * f_scale**2 * sum(LOSSES[loss](square(values / f_scale)))


def _traced(f: Function, start: Any, bounds: Any) -> tuple[Traced, tuple[Any, ...]]:
    limits = (bounds.lb, bounds.ub) if isinstance(bounds, scipy.optimize.Bounds) else tuple(bounds)
    plain = all(isinstance(limit, float | int) and np.isinf(limit) for limit in limits)
    given = () if plain else tuple(asarray(limit, np.float64) + np.zeros(start.shape) for limit in limits)
    return traced(lambda x: f(x).reshape(-1), Unknowns.of(start), given), given


def _fitted(made: Traced, bounded: bool, loss: str, f_scale: float, settings: dict[str, Any]) -> Any:
    """What SciPy's least_squares finds, as one node."""
    gradient = gradient_of(_cost_graph(made.graph, loss, f_scale), 1)
    residual = within_bounds(gradient) if bounded else gradient
    bodies = {"residual": residual, "objective": made.graph, "jacobian": jacobian_of(made.graph, 1)}
    options = {**settings, "loss": loss, "f_scale": f_scale, "bounded": bounded}
    return made.answer(bodies, "least_squares", **options)


def _cost_graph(values: Graph, loss: str, f_scale: float) -> Graph:
    builder = Builder()
    inputs = [builder.input(t) for t in values.inputs]
    (found,) = builder.inline(values, inputs)
    return builder.build([_cost(found, loss, f_scale).id])[0]


def curve_fit(
    f: Function,
    xdata: Any,
    ydata: Any,
    p0: Any = None,
    sigma: Any = None,
    absolute_sigma: bool = False,
    check_finite: bool | None = None,
    bounds: Any = (-np.inf, np.inf),
    method: str | None = None,
    jac: Any = None,
    *,
    full_output: bool = False,
    nan_policy: str | None = None,
    **kwargs: Any,
) -> Any:
    """`scipy.optimize.curve_fit`: the parameters with which f(xdata, *parameters) is closest to ydata.

    Arguments:
        f: the function, which may capture traced values.
        xdata, ydata: data, traced or plain.
        p0: where to start, a vector.
        sigma: the standard deviations of `ydata`, or its covariance matrix; None for ones.
        absolute_sigma: whether sigma is absolute; else the covariance is scaled by the residuals.
        check_finite, jac, nan_policy: ignored.
        bounds: two numbers or vectors.
        method: "lm", "trf" or "dogbox".
        full_output: False.
        kwargs: further options of `least_squares`: ftol, xtol, gtol, max_nfev.
    Returns:
        the parameters (n,) and their covariance (n, n), both with derivatives by data and by what `f` captures.
    Errors:
        GraphTypeError: full_output, or no p0.
    """
    if not is_tracing():
        return scipy.optimize.curve_fit(
            *(f, xdata, ydata, p0, sigma, absolute_sigma, check_finite, bounds, method, jac),
            **{"full_output": full_output, "nan_policy": nan_policy},
            **kwargs,
        )
    if full_output or p0 is None:
        refuse("curve_fit", "full_output" if full_output else "p0=None", "give p0, where to start, and no full_output")
    x, y = (data if isinstance(data, tuple) else asarray(data) for data in (xdata, ydata))
    whiten = _whitening(sigma)

    def apart(p: Any) -> Any:
        return whiten(asarray(f(x, *(p[k] for k in range(p.shape[0])))) - y)

    made, limits = _traced(apart, flat_start(p0), bounds)
    settings = {"ftol": 1e-8, "xtol": 1e-8, "gtol": 1e-8, **kwargs, "method": method or ("trf" if limits else "lm")}
    found = _fitted(made, bool(limits), "linear", 1.0, settings).unknowns
    jacobian = _jacobian_at(made, found)
    covariance = inv(matmul(jacobian.T, jacobian))
    free = jacobian.shape[0] - jacobian.shape[1]
    scale = 1.0 if absolute_sigma else sum(square(apart(found))) / free if free > 0 else np.inf
    return found, covariance * scale


def _whitening(sigma: Any) -> Function:
    if sigma is None:
        return lambda r: r
    s = asarray(sigma)
    if s.ndim < 2:
        return lambda r: r / s
    factor = cholesky(s)
    return lambda r: solve_triangular(factor, expand_dims(r, -1), lower=True)[:, 0]


def _jacobian_at(made: Traced, found: Any) -> Any:
    """The Jacobian of a traced function of one vector, at what was found."""
    (matrix,) = run_graph(plain(jacobian_of(made.graph, 1)), [found, *made.others], current())
    return matrix


def nnls(A: Any, b: Any, maxiter: int | None = None, *, atol: Any = None) -> tuple[Any, Any]:
    """`scipy.optimize.nnls`: the x >= 0 that minimises |A x - b|, and this length.

    Arguments:
        A: a matrix (m, n).
        b: a vector (m,).
        maxiter: as of SciPy.
        atol: ignored.
    Returns:
        x (n,), whose zeros are constant, and the length.
    """
    if not is_tracing():
        given = {} if maxiter is None else {"maxiter": maxiter}
        return scipy.optimize.nnls(A, b, **given)  # type: ignore[no-any-return]
    x, y = asarray(A), asarray(b)
    used = support(x, y, maxiter=maxiter)
    columns = where(used, x, 0.0)
    normal = matmul(columns.T, columns) + where(used, 0.0, 1.0) * np.eye(x.shape[1])
    found = where(used, solve(normal, matmul(columns.T, y)), 0.0)
    return found, norm(matmul(x, found) - y)
