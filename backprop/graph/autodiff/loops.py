"""Loop: `scan`, an op that runs a body once for each row of its operands, and hands a carry from step to step.

    scan(*carries, *rows, *constants)  ->  (*last carries, *results of each step, *carries before each step)

The body takes (carries, a row of each, constants) and returns (carries, results), so that the graph is as large as one
step. Results are stacked along a new first axis. The parameter `kept` says which carries are wanted before each step:
these are the residuals, all of them until the pass `narrow` drops what nobody reads.

The reverse of a scan is a scan in the other direction. Its carries are the cotangents of the carries, and a sum for
each constant, which so adds up over the steps in a fixed order; a step runs the body anew from the carries before it.

Source: the semantics of jax.lax.scan; Griewank and Walther, Evaluating Derivatives, 2nd ed. 2008, chapter 12.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ...errors import GraphTypeError
from ...ops.core.op import Op
from ...ops.core.types import NumericType, TupleType, ValueType, value_type
from ...ops.elementwise.arithmetic import add
from ..evaluate import contiguous
from ..graph import Graph
from ..tracing.builder import Builder, Var
from .control_flow import Body, all_fit, cotangents, emit, owned, pull, results_type
from .differentiate import active as active_ids
from .differentiate import zero


@dataclass(frozen=True, slots=True)
class Loop:
    """How many operands and results of a scan are what, and which way it goes.

    Arguments:
        carries: operands that each step hands on to the next.
        rows: operands of which each step gets a row; the rest are constants, which every step gets.
        length: the number of steps.
        backwards: whether the last row comes first.
        kept: the carries whose values before each step are results.
    """

    carries: int
    rows: int
    length: int
    backwards: bool = False
    kept: tuple[int, ...] = ()

    def parts(self, operands: Sequence[Any]) -> tuple[list[Any], list[Any], list[Any]]:
        """The carries, the rows and the constants: of operands and of a body's inputs alike."""
        start, stop = self.carries, self.carries + self.rows
        return list(operands[:start]), list(operands[start:stop]), list(operands[stop:])

    def steps(self) -> range:
        """The rows in the order of the steps."""
        return range(self.length)[::-1] if self.backwards else range(self.length)


# Types.


def _scan_type(*types: ValueType[Any], bodies: Sequence[Graph], loop: Loop) -> TupleType:
    carries, rows, constants = loop.parts(types)
    (body,) = bodies
    results_type("scan", bodies, (*carries, *(_row(t, loop.length) for t in rows), *constants))
    outputs = body.output_types
    if not all_fit(carries, outputs[: loop.carries]):
        raise GraphTypeError(
            f"scan hands on {TupleType(tuple(carries))}, and its body returns {TupleType(outputs[: loop.carries])}"
        )
    stacked = (*outputs[loop.carries :], *(carries[k] for k in loop.kept))
    return TupleType((*outputs[: loop.carries], *(_stacked(t, loop.length) for t in stacked)))


def _row(t: ValueType[Any], length: int) -> ValueType[Any]:
    if not isinstance(t, NumericType) or t.shape[:1] != (length,):
        raise GraphTypeError(f"scan over {length} rows takes arrays with as many, not {t}")
    return value_type(t.shape[1:], t.dtype)


def _stacked(t: ValueType[Any], length: int) -> ValueType[Any]:
    if not isinstance(t, NumericType):
        raise GraphTypeError(f"scan can stack arrays and numbers only, not {t}")
    return value_type((length, *t.shape), t.dtype)


# Values.


def _scan(*operands: Any, bodies: Sequence[Body], loop: Loop) -> tuple[Any, ...]:
    given = [contiguous(value) for value in operands]
    (body,) = bodies
    carries, rows, constants = loop.parts(given)
    stacks = _stacks(body.graph, loop)  # type: ignore[attr-defined]
    for t in loop.steps():
        before = [carries[k] for k in loop.kept]
        results = body(*carries, *[row[t] for row in rows], *constants)
        carries = list(results[: loop.carries])
        for stack, value in zip(stacks, (*results[loop.carries :], *before), strict=True):
            stack[t] = value
    ids = {id(value) for value in given}
    return (*[owned(value, ids) for value in carries], *stacks)


def _stacks(body: Graph, loop: Loop) -> list[Any]:
    """What the results of each step go into."""
    outputs = body.output_types
    types: list[Any] = [*outputs[loop.carries :], *(outputs[k] for k in loop.kept)]
    return [np.empty((loop.length, *t.shape), t.dtype) for t in types]


# Reverse.


def _scan_vjp(g: Any, out: Any, *operands: Any, bodies: Any, loop: Loop, active: Any) -> tuple[Any, ...]:
    (body,) = bodies
    reverse = _Reverse(body, loop, _settled(body, loop, active), cotangents(g))
    found = emit(g.builder, scan, reverse.operands(operands, _history(out, operands, body, loop)), reverse.params())
    return tuple(found[reverse.wrt.index(k)] if k in reverse.wrt else None for k in range(len(operands)))


def _settled(body: Graph, loop: Loop, active: Sequence[bool]) -> list[bool]:
    """Which inputs of the body are active, when what a step makes active has come round in the carries."""
    flags = list(active)
    while True:
        found = active_ids(body, [k for k, is_active in enumerate(flags) if is_active])
        grown = [flags[k] or (k < loop.carries and found[body.outputs[k]]) for k in range(len(flags))]
        if grown == flags:
            return flags
        flags = grown


def _history(out: Any, operands: Sequence[Any], body: Graph, loop: Loop) -> list[Any]:
    """The carries before each step: results of the scan, or where it does not keep all, of the same scan that does."""
    everything = tuple(range(loop.carries))
    if loop.kept != everything:
        out = emit(out.builder, scan, operands, {"bodies": (body,), "loop": replace(loop, kept=everything)})
    return [out[len(body.outputs) + k] for k in everything]


class _Reverse:
    """The reverse of a scan.

    Its carries are the cotangents of the active carries, and a sum for each active constant; its rows are the carries
    before each step, the rows of the scan, and the cotangents of what is stacked; its constants are those of the scan.
    """

    def __init__(self, body: Graph, loop: Loop, active: list[bool], seeds: list[Var[Any] | None]) -> None:
        self.body = body
        self.loop = loop
        first = loop.carries + loop.rows
        self.carried = [k for k in range(loop.carries) if active[k]]
        self.pulled = [k for k in range(loop.carries, first) if active[k]]
        self.summed = [k for k in range(first, len(body.inputs)) if active[k]]
        self.wrt = [*self.carried, *self.summed, *self.pulled]
        self.ends = seeds[: loop.carries]
        results = len(body.outputs)
        self.results = [k for k in range(loop.carries, results) if seeds[k] is not None]
        self.kept = [k for k in self.carried if k in loop.kept and seeds[results + loop.kept.index(k)] is not None]
        self.stacked = [seeds[k] for k in self.results] + [seeds[results + loop.kept.index(k)] for k in self.kept]

    def operands(self, operands: Sequence[Any], history: Sequence[Any]) -> list[Any]:
        carries, rows, constants = self.loop.parts(operands)
        builder = operands[0].builder
        ends = [self.ends[k] if self.ends[k] is not None else zero(builder, carries[k].type) for k in self.carried]
        sums = [zero(builder, operands[k].type) for k in self.summed]
        return [*ends, *sums, *history, *rows, *self.stacked, *constants]

    def params(self) -> dict[str, Any]:
        loop, carries = self.loop, len(self.carried) + len(self.summed)
        rows = loop.carries + loop.rows + len(self.stacked)
        reverse = Loop(carries, rows, loop.length, not loop.backwards, tuple(range(carries)))
        return {"bodies": (self.step(),), "loop": reverse}

    def step(self) -> Graph:
        """The body: one step of the reverse."""
        inputs, outputs = self.body.inputs, self.body.output_types
        first = self.loop.carries + self.loop.rows
        builder = Builder()
        ends = [builder.input(inputs[k]) for k in self.carried]
        sums = [builder.input(inputs[k]) for k in self.summed]
        state = [builder.input(t) for t in inputs[:first]]
        results = [builder.input(outputs[k]) for k in self.results]
        kept = [builder.input(outputs[k]) for k in self.kept]
        constants = [builder.input(t) for t in inputs[first:]]
        pulled = pull(self.body, self.wrt, [*self.carried, *self.results])
        found = builder.inline(pulled, [*state, *constants, *ends, *results])
        for k, seed in zip(self.kept, kept, strict=True):
            found[self.carried.index(k)] = add(found[self.carried.index(k)], seed)
        for place, total in enumerate(sums, len(self.carried)):
            found[place] = add(total, found[place])
        return builder.build([var.id for var in found])[0]


scan: Op = Op("scan", _scan_type, _scan, _scan_vjp, home=__name__)
