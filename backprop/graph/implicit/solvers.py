"""Solvers: SciPy's, by name, from a Problem and options to what they found. None else is called by a graph.

A solver returns the vector it found, whether that is a solution, and how many evaluations and iterations it took.
`scipy.optimize` is loaded by SciPy when the first of them runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import scipy

from ...errors import GraphTypeError
from .problem import Problem


class Found(NamedTuple):
    """What a solver found."""

    vector: Any
    success: bool
    evaluations: int = 0
    iterations: int = 0


Options = dict[str, Any]
Solver = Callable[[Problem, Options], Found]


def _found(result: Any, vector: Any = None) -> Found:
    vector = result.x if vector is None else vector
    evaluations, iterations = (int(getattr(result, name, None) or 0) for name in ("nfev", "nit"))
    return Found(np.atleast_1d(vector), bool(result.success), evaluations, iterations)


# Equations.

BRACKETED = frozenset(("brentq", "brenth", "ridder", "bisect", "toms748"))


def _root(problem: Problem, options: Options) -> Found:
    exact = problem.jacobian if options.pop("exact") else None
    more = dict(options.pop("options"))
    return _found(scipy.optimize.root(problem.residual, problem.start, jac=exact, options=more, **options))


def _bracketed(problem: Problem, options: Options) -> Found:
    low, high = (float(hint) for hint in problem.hints)
    method = options.pop("method")
    if method not in BRACKETED:
        raise GraphTypeError(f"no method is called {method!r}", fix=f"take one of {', '.join(sorted(BRACKETED))}")
    solver = getattr(scipy.optimize, method)
    x, found = solver(problem.scalar, low, high, full_output=True, disp=options.pop("disp"), **options)
    return Found(np.atleast_1d(x), bool(found.converged), found.function_calls, found.iterations)


def _newton(problem: Problem, options: Options) -> Found:
    exact, second = options.pop("exact"), options.pop("second")
    others = [float(hint) for hint in problem.hints[len(problem.types) :]]
    if problem.types[0].shape:
        slopes = (lambda z: np.diagonal(problem.jacobian(z))) if exact else None
        x, converged, _ = scipy.optimize.newton(problem.residual, problem.start, slopes, full_output=True, **options)
        return Found(x, bool(np.all(converged)))
    slope = problem.slope if exact else None
    x1 = others[0] if second else None
    x, found = scipy.optimize.newton(problem.scalar, float(problem.start[0]), slope, x1=x1, full_output=True, **options)
    return Found(np.atleast_1d(x), bool(found.converged), found.function_calls, found.iterations)


def _fixed_point(problem: Problem, options: Options) -> Found:
    x = scipy.optimize.fixed_point(lambda z: problem.residual(z) + z, problem.start, **options)
    return Found(np.atleast_1d(x), True)


# Functions to minimise.

WITHOUT_GRADIENT = frozenset(("nelder-mead", "powell", "cobyla", "cobyqa"))
SETTLED = 1e-6
"""The size of a gradient, relative to that at the start, at which a minimum counts as found whatever a solver says."""


def _minimize(problem: Problem, options: Options) -> Found:
    more, bounded = dict(options.pop("options")), options.pop("bounded")
    bounds = list(zip(*map(np.ravel, problem.others[:2]), strict=True)) if bounded else None
    exact = None if options["method"].lower() in WITHOUT_GRADIENT else problem.gradient
    result = scipy.optimize.minimize(
        problem.objective, problem.start, jac=exact, bounds=bounds, options=more, **options
    )
    found = _found(result)
    return found._replace(success=found.success or _is_settled(problem, found.vector))


def _is_settled(problem: Problem, vector: Any) -> bool:
    """Whether the residual is but a rounding error, as where a solver could not make the function any smaller."""
    first = np.max(np.abs(problem.residual(problem.start)), initial=1.0)
    return bool(np.max(np.abs(problem.residual(vector)), initial=0.0) <= SETTLED * first)


def _minimize_scalar(problem: Problem, options: Options) -> Found:
    more, hints = dict(options.pop("options")), tuple(float(hint) for hint in problem.hints)
    given = {"bounds": tuple(map(float, problem.others[:2]))} if options.pop("bounded") else {"bracket": hints or None}
    found = _found(scipy.optimize.minimize_scalar(problem.objective, options=more, **given, **options))
    return found._replace(vector=_refined(problem, found.vector))


def _refined(problem: Problem, vector: Any) -> Any:
    """The unknown after a step of Newton's, if that makes the residual smaller.

    A solver that compares values of the function alone cannot find a minimum closer than the root of the precision.
    """
    residual, slope = problem.scalar(vector), problem.slope(vector)
    closer = vector - residual / slope if slope else vector
    return closer if abs(problem.scalar(closer)) < abs(residual) else vector


def _least_squares(problem: Problem, options: Options) -> Found:
    bounds = tuple(map(np.ravel, problem.others[:2])) if options.pop("bounded") else (-np.inf, np.inf)
    return _found(scipy.optimize.least_squares(problem.values, problem.start, problem.jacobian, bounds, **options))


SOLVERS: Mapping[str, Solver] = MappingProxyType(
    {
        "root": _root,
        "bracketed": _bracketed,
        "newton": _newton,
        "fixed_point": _fixed_point,
        "minimize": _minimize,
        "minimize_scalar": _minimize_scalar,
        "least_squares": _least_squares,
    }
)
"""The solvers, by the names that graphs know them by."""
