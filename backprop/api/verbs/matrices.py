"""Matrices of derivatives: jacobian, and hessian as the Jacobian of a gradient.

One forward pass, and one pullback for each number in the result.

Complex numbers: a row is what the pullback of 1 gives, which is the derivative where the function is holomorphic, and
du/dx - i du/dy where its result is real. Of a function that is neither, it is the derivative of the real part. By a
real argument, a complex result has the derivative of both its parts.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ... import ops
from ...graph.autodiff.split import Halves
from ...graph.graph import Graph
from ...graph.tracing.structure import restore, unflatten
from ...graph.tracing.trace import trace
from ...ops.core.types import NumericType, ValueType, numeric
from ...scheduler.executors.base import AbstractExecutor
from .arguments import Argnums, assembled, is_many, pick
from .evaluate import Function, as_function
from .gradients import grad
from .run import current, halves, handed_out, run_graph, runner


def jacobian(f: Function, argnums: Argnums = 0, executor: AbstractExecutor | None = None) -> Callable[..., Any]:
    """A function that returns the Jacobian of a function.

    Arguments:
        f: returns arrays and scalars, in any structure.
        argnums: which arguments to differentiate by; a sequence gives a tuple.
        executor: where to run; None for the one of `with use(...)`.
    Returns:
        a function of the same arguments. Its result has the structure of `f`'s result, and in the place of each array
        the structure of the argument; each array there has the shape of the one followed by the shape of the other,
        and the argument's dtype (complex where the result is complex).
    Errors:
        IntegerInputError, ArgumentError: when called.
    """
    function = as_function(f)

    @functools.wraps(function)
    def jacobian_of(*args: Any, **kwargs: Any) -> Any:
        chosen = current(executor)
        traced = trace(function, args, kwargs, runner(chosen))
        picks = pick(function, traced.arguments, argnums)
        wrt = tuple(i for one in picks for i in one.ids)
        parts = halves(traced.graph, wrt, tuple(traced.known))
        matrices = _matrices(traced.graph, wrt, parts, traced.inputs, chosen)
        leaves = []
        for type in traced.graph.output_types:
            by = assembled(picks, next(matrices)) if type.differentiable else (None,)
            leaves.append(by if is_many(argnums) else by[0])
        return unflatten(traced.output, leaves, lambda value: None)

    return jacobian_of


def hessian(f: Function, argnums: int | str = 0, executor: AbstractExecutor | None = None) -> Callable[..., Any]:
    """A function that returns the matrix of second derivatives of a scalar function, by one argument.

    Arguments:
        f: returns a real scalar.
        argnums: which argument: an array, a scalar, or a container of them.
        executor: where to run; None for the one of `with use(...)`.
    Returns:
        a function of the same arguments; its result has the argument's shape twice (its structure twice, for a
        container).
    """
    return jacobian(grad(as_function(f), argnums, executor=executor), argnums, executor)


def _matrices(
    graph: Graph, wrt: Sequence[int], parts: Halves, inputs: Sequence[Any], executor: AbstractExecutor
) -> Iterator[list[Any]]:
    """For each differentiable output, its derivatives by each input of `wrt`."""
    residuals = list(run_graph(parts.forward, inputs, executor))[len(graph.outputs) :]
    types = numeric("jacobian", *(graph.inputs[i] for i in wrt))
    outs = numeric("jacobian", *(type for type in graph.output_types if type.differentiable))

    def pull(seeds: Sequence[Any]) -> Sequence[Any]:
        values = [*residuals, *seeds]
        return handed_out(types, run_graph(parts.pullback, values, executor), values)

    for k in range(len(outs)):
        rows = [pull(seeds) for seeds in _basis(outs, k, 1)]
        turned = [pull(seeds) for seeds in _basis(outs, k, -1j)] if _has_hidden_half(outs[k], types) else []
        yield [
            _matrix(outs[k], type, [row[j] for row in rows], [row[j] for row in turned]) for j, type in enumerate(types)
        ]


def _has_hidden_half(out: NumericType[Any], types: Sequence[ValueType[Any]]) -> bool:
    """Whether the pullback of 1 shows the derivative of the real part only."""
    return out.dtype.kind == "c" and any(isinstance(t, NumericType) and t.dtype.kind == "f" for t in types)


def _basis(outs: Sequence[NumericType[Any]], k: int, unit: complex) -> Iterator[list[Any]]:
    """Cotangents of all outputs: `unit` at each place of output k in turn, and zero elsewhere."""
    for place in range(outs[k].size):
        seeds = [np.zeros(type.shape, type.dtype) for type in outs]
        seeds[k].flat[place] = unit
        yield [restore(type, seed) for type, seed in zip(outs, seeds, strict=True)]


def _matrix(out: NumericType[Any], type: Any, rows: Sequence[Any], turned: Sequence[Any]) -> Any:
    """The derivative of an output by an input, from its rows."""
    if turned and type.dtype.kind == "f":
        rows = [row + half * 1j for row, half in zip(rows, turned, strict=True)]
    if not out.shape:
        return rows[0]
    shape = (*out.shape, *type.shape)
    return ops.reshape(ops.stack(rows), shape) if rows else np.zeros(shape, type.dtype)
