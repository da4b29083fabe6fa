"""What namesakes of solvers return, and how they call SciPy's own where nothing is traced."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import scipy.optimize

from ...api.implicit.equation import Answer
from ...ops.arrays import asarray
from ...ops.elementwise import where

MESSAGE = "The solver ended; `success` says whether it found a solution."


def with_args(f: Callable[..., Any], args: Any) -> Callable[[Any], Any]:
    """The function of the unknowns alone, whose result is an array."""
    more = args if isinstance(args, tuple) else (args,)
    return lambda x: asarray(f(x, *more))


def optimize_result(answer: Answer, **more: Any) -> Any:
    """An OptimizeResult: x, success, status, message, nfev, nit and what else is given."""
    return scipy.optimize.OptimizeResult(
        x=answer.unknowns,
        success=answer.success,
        status=where(answer.success, 0, 1),
        message=MESSAGE,
        nfev=answer.evaluations,
        nit=answer.iterations,
        **more,
    )


def root_results(answer: Answer, method: str) -> Any:
    """What RootResults holds: root, converged, function_calls, iterations, flag and method."""
    return scipy.optimize.OptimizeResult(
        root=answer.unknowns,
        converged=answer.success,
        function_calls=answer.evaluations,
        iterations=answer.iterations,
        flag=MESSAGE,
        method=method,
    )


def plain_options(options: Any) -> tuple[tuple[str, Any], ...]:
    """Options of a solver as static parameters."""
    return tuple((options or {}).items())
