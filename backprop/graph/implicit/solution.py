"""Solution: an op that solves an equation, and whose derivative is that of the equation, not of the solver.

    solution(*hints, *others; bodies, roles, unknowns, solver)  ->  (*unknowns, success, evaluations, iterations)

The body "residual" takes (*unknowns, *others) and returns what is to be 0, of the types of the unknowns. Where it is 0,
the theorem of implicit functions gives the derivative of the unknowns by the others: with J the Jacobian of the
residual by the unknowns, the cotangent of the others is that of the residual for the seed -J^-T g. This is written with
ops on the unknowns that were found, so that it can be differentiated again, to any order.

The hints, from which the solver starts, have no cotangent. Where the solver has found nothing, cotangents are NaN.

Limits: real unknowns; J is one dense matrix, of which each reverse pass makes and factors one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...errors import GraphTypeError
from ...ops.arrays.axes import expand_dims, matrix_transpose
from ...ops.core.op import Op
from ...ops.core.types import NumericType, TupleType, ValueType, scalar_type
from ...ops.elementwise.selection import where
from ...ops.linear_algebra.equations import solve_matrices
from ..autodiff.control_flow import all_fit, call, cotangents
from ..graph import Graph
from .jacobian import called, jacobian_of, laid_out, pullback_of, seeds_of, taken_apart
from .problem import Body, Problem
from .solvers import SOLVERS

Settings = tuple[str, tuple[tuple[str, Any], ...]]
FACTS = (np.dtype(bool), np.dtype(np.int64), np.dtype(np.int64))
"""Of what a solution tells besides: success, evaluations, iterations."""


def _type(
    *types: ValueType[Any], bodies: Sequence[Graph], roles: tuple[str, ...], unknowns: int, solver: Settings
) -> TupleType:
    residual = bodies[roles.index("residual")]
    found = residual.output_types
    others = residual.inputs[unknowns:]
    if len(types) < len(others) or not all_fit(others, types[len(types) - len(others) :]):
        raise GraphTypeError(f"the equation takes {TupleType(others)}, not {TupleType(types)}")
    if not all_fit(residual.inputs[:unknowns], found) or not all(map(_is_real, found)):
        raise GraphTypeError(
            f"an equation of unknowns {TupleType(residual.inputs[:unknowns])} has residuals {TupleType(found)}",
            fix="return real numbers, as many and of the shapes and dtypes of the unknowns",
        )
    if solver[0] not in SOLVERS:
        raise GraphTypeError(f"no solver is called {solver[0]!r}", fix=f"take one of {', '.join(SOLVERS)}")
    return TupleType((*found, *map(scalar_type, FACTS)))


def _is_real(type: ValueType[Any]) -> bool:
    return isinstance(type, NumericType) and type.dtype.kind == "f"


def _solve(
    *operands: Any, bodies: Sequence[Body], roles: tuple[str, ...], unknowns: int, solver: Settings
) -> tuple[Any, ...]:
    residual: Graph = bodies[roles.index("residual")].graph  # type: ignore[attr-defined]
    hints = len(operands) - (len(residual.inputs) - unknowns)
    types: Any = residual.inputs[:unknowns]
    problem = Problem(dict(zip(roles, bodies, strict=True)), types, operands[:hints], operands[hints:])
    name, options = solver
    found = SOLVERS[name](problem, dict(options))
    facts = np.bool_(found.success), np.int64(found.evaluations), np.int64(found.iterations)
    return (*problem.parts(found.vector), *facts)


def _vjp(
    g: Any, out: Any, *operands: Any, bodies: Any, roles: Any, unknowns: int, solver: Any, active: Any, masks: Any
) -> tuple[Any, ...]:
    builder, residual = g.builder, bodies[roles.index("residual")]
    count = len(residual.inputs) - unknowns
    hints, others = operands[: len(operands) - count], operands[len(operands) - count :]
    here = [*(out[k] for k in range(unknowns)), *others]
    types = residual.output_types
    seeds = seeds_of(builder, types, cotangents(g)[:unknowns])
    (matrix,) = called(builder, call, jacobian_of(residual, unknowns), here)
    success, rows = out[unknowns], matrix_transpose(matrix)
    regular = where(success, rows, np.eye(rows.shape[0], dtype=rows.dtype))
    turned = where(success, solve_matrices(regular, expand_dims(-laid_out(seeds), -1))[:, 0], math.nan)
    wrt = [unknowns + k for k in range(count) if active[len(hints) + k]]
    found = called(builder, call, pullback_of(residual, wrt), [*here, *taken_apart(turned, types)])
    answers = dict(zip(wrt, found, strict=True))
    return (*(None for _ in hints), *(answers.get(unknowns + k) for k in range(count)))


solution: Op = Op("solution", _type, _solve, _vjp, home=__name__)
