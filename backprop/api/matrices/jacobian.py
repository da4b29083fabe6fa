"""Matrices of derivatives: jacobian, and hessian as the Jacobian of a gradient.

All rows, or all columns, are computed at once, by sweeps that have a batch as their first axis; which of the two, the
shapes say.

Complex numbers: a row is what the pullback of 1 gives, which is the derivative where the function is holomorphic, and
du/dx - i du/dy where its result is real. Of a function that is neither, it is the derivative of the real part. By a
real argument, a complex result has the derivative of both its parts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeAlias

import numpy as np

from ...errors import ArgumentError, NotDifferentiableError
from ...graph.graph import Graph
from ...ops.core.types import NumericType
from ..executors import Where
from ..verbs.arguments import Argnums
from ..verbs.call import Call, called
from ..verbs.evaluate import Function, as_function
from ..verbs.gradients import grad
from ..verbs.run import Ids, handed_out, run_graph
from ..verbs.transformed import Transformed
from .dense import dense_graph, dtype_of, seeds, units
from .sweeps import Mode, arguments, results

ModeName: TypeAlias = Literal["auto", "forward", "reverse"]


def jacobian(
    f: Function, argnums: Argnums = 0, mode: ModeName = "auto", *, executor: Where | None = None
) -> Callable[..., Any]:
    """A function that returns the Jacobian of a function.

    Arguments:
        f: returns arrays and scalars, in any structure.
        argnums: which arguments to differentiate by; a sequence gives a tuple.
        mode: "reverse" computes all rows at once, "forward" all columns; "auto" takes what is fewer.
        executor: where to run; None for the one of `with use(...)`.
    Returns:
        a function of the same arguments. Its result has the structure of `f`'s result, and in the place of each array
        the structure of the argument; each array there has the shape of the one followed by the shape of the other,
        and the argument's dtype (complex where the result is complex).
    Errors:
        ArgumentError: there is no such mode.
        IntegerInputError, ArgumentError: when called.
    """
    if mode not in ("auto", "forward", "reverse"):
        raise ArgumentError(f"there is no mode {mode!r}", fix='use "auto", "forward" or "reverse"')
    return Jacobian(as_function(f), argnums, mode, executor)


class Jacobian(Transformed):
    """(*args) -> the matrices of derivatives, in the structure of the function's result."""

    __slots__ = ("argnums", "mode", "executor")  # noqa: RUF023 - in the order of the constructor

    argnums: Argnums
    mode: ModeName
    executor: Where | None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The Jacobian."""
        call = called(self.function, args, kwargs, self.executor)
        picks = call.pick(self.argnums)
        blocks = iter(_blocks(call, picks.ids, self.mode))
        nothing = picks.paired([None] * len(picks.parts))
        leaves = []
        for type in call.graph.output_types:
            row = [next(blocks) for _ in picks.ids] if type.differentiable else []
            leaves.append(picks.assembled(row) if type.differentiable else nothing)
        return call.derivative(leaves)


def hessian(
    f: Function, argnums: int | str = 0, mode: ModeName = "auto", *, executor: Where | None = None
) -> Callable[..., Any]:
    """A function that returns the matrix of second derivatives of a scalar function, by one argument.

    Arguments:
        f: returns a real scalar.
        argnums: which argument: an array, a scalar, or a container of them.
        mode: which way the gradient is differentiated, as for `jacobian`.
        executor: where to run; None for the one of `with use(...)`.
    Returns:
        a function of the same arguments; its result has the argument's shape twice (its structure twice, for a
        container).
    Errors:
        NonScalarOutputError, IntegerInputError, ArgumentError: when called.
    """
    return jacobian(grad(as_function(f), argnums, executor=executor), argnums, mode, executor=executor)


def _blocks(call: Call, wrt: Ids, mode: ModeName) -> list[Any]:
    """For each differentiable result, its derivatives by each input of `wrt`."""
    outs, ins = results(call.graph), arguments(call.graph, wrt)
    pairs = [(out, by) for out in outs for by in ins]
    if not sum([t.size for t in outs]) or not sum([t.size for t in ins]):
        return [np.zeros((*out.shape, *by.shape), dtype_of(out, by)) for out, by in pairs]
    way, graph = _planned(call, wrt, mode)
    values = [*call.traced.inputs, *seeds(outs, ins, way)]
    types = [_type(out, by, found) for (out, by), found in zip(pairs, graph.output_types, strict=True)]
    return handed_out(types, run_graph(graph, values, call.executor), values)


def _type(out: NumericType[Any], by: NumericType[Any], found: Any) -> Any:
    """The type of a block: that of the argument where it has its shape and dtype, so that floats stay Python's."""
    return by if not (out.shape or by.shape) and found.dtype == by.dtype else found


def _planned(call: Call, wrt: Ids, mode: ModeName) -> tuple[Mode, Graph]:
    """Which way the sweeps go, and their graph."""
    graph, known = call.graph, call.known
    if mode != "auto":
        return Mode(mode), dense_graph(graph, wrt, known, Mode(mode))
    if _has_fewer_columns(graph, wrt):
        try:
            return Mode.FORWARD, dense_graph(graph, wrt, known, Mode.FORWARD)
        except NotDifferentiableError:  # an op has a rule, but none that can be differentiated again
            pass
    return Mode.REVERSE, dense_graph(graph, wrt, known, Mode.REVERSE)


def _has_fewer_columns(graph: Graph, wrt: Ids) -> bool:
    outs, ins = results(graph), arguments(graph, wrt)
    return units(outs, ins, Mode.FORWARD).total < units(outs, ins, Mode.REVERSE).total
