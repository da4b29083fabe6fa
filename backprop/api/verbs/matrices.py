"""Matrices of derivatives: jacobian, and hessian as the Jacobian of a gradient.

One forward pass, and one pullback for each number in the result.

Complex numbers: a row is what the pullback of 1 gives, which is the derivative where the function is holomorphic, and
du/dx - i du/dy where its result is real. Of a function that is neither, it is the derivative of the real part. By a
real argument, a complex result has the derivative of both its parts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ... import ops
from ...graph.tracing.structures.structure import restore
from ...ops.core.types import NumericType, ValueType, numeric
from ..executors import Where
from .arguments import Argnums
from .call import Call, called
from .evaluate import Function, as_function
from .gradients import grad
from .run import Ids, forward_and_pullback, handed_out, run_graph
from .transformed import Transformed


def jacobian(f: Function, argnums: Argnums = 0, executor: Where | None = None) -> Callable[..., Any]:
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
    return Jacobian(as_function(f), argnums, executor)


class Jacobian(Transformed):
    """(*args) -> the matrices of derivatives, in the structure of the function's result."""

    __slots__ = ("argnums", "executor")

    argnums: Argnums
    executor: Where | None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The Jacobian."""
        call = called(self.function, args, kwargs, self.executor)
        picks = call.pick(self.argnums)
        matrices = _matrices(call, picks.ids)
        nothing = picks.paired([None] * len(picks.parts))
        types = call.graph.output_types
        return call.derivative([picks.assembled(next(matrices)) if t.differentiable else nothing for t in types])


def hessian(f: Function, argnums: int | str = 0, executor: Where | None = None) -> Callable[..., Any]:
    """A function that returns the matrix of second derivatives of a scalar function, by one argument.

    Arguments:
        f: returns a real scalar.
        argnums: which argument: an array, a scalar, or a container of them.
        executor: where to run; None for the one of `with use(...)`.
    Returns:
        a function of the same arguments; its result has the argument's shape twice (its structure twice, for a
        container).
    Errors:
        NonScalarOutputError, IntegerInputError, ArgumentError: when called.
    """
    return jacobian(grad(as_function(f), argnums, executor=executor), argnums, executor)


def _matrices(call: Call, wrt: Ids) -> Iterator[list[Any]]:
    """For each differentiable output, its derivatives by each input of `wrt`."""
    parts = forward_and_pullback(call.graph, wrt, call.known)
    residuals = call.run(parts.forward)[call.count :]
    types = numeric("jacobian", *(call.graph.inputs[i] for i in wrt))
    outs = numeric("jacobian", *(type for type in call.graph.output_types if type.differentiable))

    def pull(seeds: Sequence[Any]) -> Sequence[Any]:
        values = [*residuals, *seeds]
        return handed_out(types, run_graph(parts.pullback, values, call.executor), values)

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
