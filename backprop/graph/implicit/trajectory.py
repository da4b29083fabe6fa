"""Trajectory: an op that solves an ordinary differential equation, and whose derivative is that of the equation.

    trajectory(*start, times, end, *others; bodies, parts, solver)  ->  (*states at each time, success, evaluations)

The body takes (time, *state, *others) and returns the derivatives of the state. The first time is that of the start.

The cotangents a of the state follow the adjoint equation backwards, a' = -a df/dstate, and gather those of the others
on the way. It is solved by the same op, from each time to the one before, in a scan, with the state, which starts
anew from what was found at each time. So the rule can be differentiated again, and is as exact as the solver is told to
be.

Source: Chen, Rubanova, Bettencourt, Duvenaud, Neural ordinary differential equations, arXiv:1806.07366, appendix B.
Limits: real states; what happens between two times is not kept, so equations that are unstable backwards want times
that are close.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...errors import GraphTypeError
from ...ops.arrays.as_array import stack
from ...ops.arrays.axes import expand_dims
from ...ops.arrays.joins import concatenate
from ...ops.core.op import Op
from ...ops.core.types import NumericType, TupleType, ValueType, array_type, scalar_type
from ..autodiff.control_flow import all_fit, call, cotangents, emit
from ..autodiff.loop import Loop
from ..autodiff.loops import scan
from ..autodiff.reverse_pass import zero
from ..graph import Graph
from ..tracing.builder import Builder
from .integral import REAL, product_of
from .integrators import INTEGRATORS
from .jacobian import called, pullback_of, seeds_of, shape_of

FACTS = (np.dtype(bool), np.dtype(np.int64))
PAIR = array_type((2,), np.dtype(np.float64))


def _type(*types: ValueType[Any], bodies: Sequence[Graph], parts: int, solver: Any) -> TupleType:
    (body,) = bodies
    state, (times, end), others = types[:parts], types[parts : parts + 2], types[parts + 2 :]
    is_real = all([isinstance(t, NumericType) and t.dtype.kind == "f" for t in state])
    if not all_fit(body.inputs, (REAL, *state, *others)) or not all_fit(body.output_types, state) or not is_real:
        raise GraphTypeError(
            f"an equation of the state {TupleType(state)} has the derivatives {TupleType(body.output_types)}",
            fix="return real derivatives of the shapes and dtypes of the state; of complex ones, both parts",
        )
    if not isinstance(times, NumericType) or times.ndim != 1 or not times.size or not all_fit((end,), (REAL,)):
        raise GraphTypeError(f"times cannot be {times}", fix="give a vector of float64")
    if solver[0] not in INTEGRATORS:
        raise GraphTypeError(f"no solver is called {solver[0]!r}", fix=f"take one of {', '.join(INTEGRATORS)}")
    rows = [array_type((times.size, *shape_of(t)), t.dtype) for t in state]  # type: ignore[attr-defined]
    return TupleType((*rows, *map(scalar_type, FACTS)))


def _solve(*operands: Any, bodies: Sequence[Any], parts: int, solver: Any) -> tuple[Any, ...]:
    (body,) = bodies
    start, (times, end), others = operands[:parts], operands[parts : parts + 2], operands[parts + 2 :]
    name, options = solver
    return INTEGRATORS[name](body, start, times, float(end), others, dict(options))


# Reverse.


def _vjp(
    g: Any, out: Any, *operands: Any, bodies: Any, parts: int, solver: Any, active: Any, masks: Any
) -> tuple[Any, ...]:
    builder, (body,) = g.builder, bodies
    times, others = operands[parts], operands[parts + 2 :]
    wrt = [k for k in range(len(others)) if active[parts + 2 + k]]
    states = [out[k] for k in range(parts)]
    seeds = seeds_of(builder, [state.type for state in states], cotangents(g)[:parts])
    count = shape_of(times.type)[0]
    backwards = _Backwards(body, parts, wrt, solver, count - 1)
    found = backwards.emitted(builder, times, states, seeds, others)
    adjoint, gathered, moved = found[:parts], found[parts : parts + len(wrt)], found[-1]
    slopes = called(builder, call, body, [times[0], *[state[0] for state in states], *others])
    first = -product_of(adjoint, slopes)
    of_times = concatenate([expand_dims(first, 0), moved]) if active[parts] else None
    of_start = [a + seed[0] for a, seed in zip(adjoint, seeds, strict=True)]
    answers = dict(zip(wrt, gathered, strict=True))
    return (*of_start, of_times, None, *(answers.get(k) for k in range(len(others))))


class _Backwards:
    """The scan from the last time to the first.

    Its carries are the adjoint and what is gathered for each active other; its rows are the times in pairs, later one
    first, the states and the seeds at the later time; its result for each row is the cotangent of the later time.
    """

    def __init__(self, body: Graph, parts: int, wrt: Sequence[int], solver: Any, steps: int) -> None:
        self.body = body
        self.parts = parts
        self.wrt = wrt
        self.solver = solver
        carries, rows = parts + len(wrt), 1 + 2 * parts
        self.loop = Loop(carries, rows, steps, True, ())

    @property
    def state(self) -> tuple[Any, ...]:
        """The types of the state."""
        return self.body.inputs[1 : 1 + self.parts]

    @property
    def gathered(self) -> tuple[Any, ...]:
        """The types of the others that are active."""
        return tuple([self.body.inputs[1 + self.parts + k] for k in self.wrt])

    def emitted(self, builder: Any, times: Any, states: Sequence[Any], seeds: Sequence[Any], others: Any) -> list[Any]:
        """The last carries, and the cotangents of the times but the first.

        Arguments:
            builder: takes the nodes.
            times: of the trajectory, (n,).
            states: for each part of the state its values, the times first.
            seeds: their cotangents.
            others: what the steps read besides.
        """
        carries = [zero(builder, t) for t in (*self.state, *self.gathered)]
        pairs = stack([times[1:], times[:-1]], 1)
        rows = [pairs, *[state[1:] for state in states], *[seed[1:] for seed in seeds]]
        found = emit(builder, scan, [*carries, *rows, *others], {"bodies": (self.step(),), "loop": self.loop})
        return [found[k] for k in range(self.loop.carries + 1)]

    def step(self) -> Graph:
        """The body of the scan."""
        builder = Builder()
        adjoint = [builder.input(t) for t in self.state]
        gathered = [builder.input(t) for t in self.gathered]
        pair = builder.input(PAIR)
        state = [builder.input(t) for t in self.state]
        seeds = [builder.input(t) for t in self.state]
        others = [builder.input(t) for t in self.body.inputs[1 + self.parts :]]
        slopes = builder.inline(self.body, [pair[0], *state, *others])
        moved = product_of(seeds, slopes)
        begin = [*state, *[a + seed for a, seed in zip(adjoint, seeds, strict=True)], *gathered]
        params = {"bodies": (self.augmented(),), "parts": len(begin), "solver": self.solver}
        found = emit(builder, trajectory, [*begin, pair, pair[1], *others], params)
        ends = [found[k][1] for k in range(self.parts, len(begin))]
        return builder.build([var.id for var in (*ends, moved)])[0]

    def augmented(self) -> Graph:
        """The equation of the state, its adjoint, and what is gathered."""
        body, builder = self.body, Builder()
        time = builder.input(body.inputs[0])
        state, adjoint = ([builder.input(t) for t in self.state] for _ in range(2))
        _ = [builder.input(t) for t in self.gathered]
        others = [builder.input(t) for t in body.inputs[1 + self.parts :]]
        slopes = builder.inline(body, [time, *state, *others])
        wrt = [*range(1, 1 + self.parts), *[1 + self.parts + k for k in self.wrt]]
        pulled = builder.inline(pullback_of(body, wrt), [time, *state, *others, *adjoint])
        return builder.build([var.id for var in (*slopes, *[-p for p in pulled])])[0]


trajectory: Op = Op("trajectory", _type, _solve, _vjp, home=__name__)
