"""The operators: grad, value_and_grad, vjp, jvp, jacobian, hessian, hvp, and evaluate.

Each traces its function, transforms the graph, and runs it. Where the arguments are Vars of an outer trace, running
means becoming a part of that trace, so that operators nest to any depth.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import ops
from ..errors import ArgumentError, BadCotangentError, IntegerInputError, NonScalarOutputError
from ..graph.builder import Builder, Var
from ..graph.differentiate import differentiate, zero
from ..graph.graph import Graph
from ..graph.passes import run_passes
from ..graph.structure import Static, Structure, flatten, unflatten
from ..graph.trace import Trace, trace
from ..ops.types import NumericType, ValueType
from ..scheduler.executors.base import AbstractExecutor
from .run import current, halves, handed_out, joint, plain, run_graph, runner, youngest

Argnums = int | str | Sequence[int | str]
Function = Callable[..., Any] | Graph


def value_and_grad(
    f: Function, argnums: Argnums = 0, has_aux: bool = False, executor: AbstractExecutor | None = None
) -> Callable[..., Any]:
    """A function that returns the value of a function and its gradient.

    Arguments:
        f: returns a real scalar; with `has_aux`, a pair of it and anything else.
        argnums: which arguments to differentiate by, as positions or names; a sequence gives a tuple of gradients.
        has_aux: whether `f` returns a pair.
        executor: where to run; None for the one of `with use(...)`.
    Returns:
        a function of the same arguments that returns (value, gradient). The gradient has the type and structure of the
        argument, with None where it has parts without a derivative.
    Errors:
        NonScalarOutputError, IntegerInputError, ArgumentError: when called.
    """
    function = as_function(f)

    @functools.wraps(function)
    def value_and_gradient(*args: Any, **kwargs: Any) -> Any:
        chosen = current(executor)
        traced = trace(function, args, kwargs, runner(chosen))
        picks = _pick(function, traced.arguments, argnums)
        _check_scalar(traced, has_aux)
        wrt = tuple(i for pick in picks for i in pick.ids)
        results = run_graph(joint(traced.graph, wrt, False, tuple(traced.known)), traced.inputs, chosen)
        count = len(traced.graph.outputs)
        types = (*traced.graph.output_types, *(traced.graph.inputs[i] for i in wrt))
        values = handed_out(types, results, traced.values)
        gradients = _gradients(picks, values[count:])
        return unflatten(traced.output, values[:count]), gradients if _is_many(argnums) else gradients[0]

    return value_and_gradient


def grad(
    f: Function, argnums: Argnums = 0, has_aux: bool = False, executor: AbstractExecutor | None = None
) -> Callable[..., Any]:
    """A function that returns the gradient of a function.

    Arguments, errors: as of `value_and_grad`.
    Returns:
        a function of the same arguments that returns the gradient; with `has_aux`, (gradient, aux).
    """
    both = value_and_grad(f, argnums, has_aux, executor)

    @functools.wraps(both)
    def gradient(*args: Any, **kwargs: Any) -> Any:
        value, result = both(*args, **kwargs)
        return (result, value[1]) if has_aux else result

    return gradient


def evaluate(f: Function, executor: AbstractExecutor | None = None) -> Callable[..., Any]:
    """A function that computes the same as a function, its independent branches in parallel.

    Arguments:
        f: any function, or a Graph.
        executor: where to run; None for the one of `with use(...)`.
    """
    function = as_function(f)

    @functools.wraps(function)
    def evaluated(*args: Any, **kwargs: Any) -> Any:
        chosen = current(executor)
        traced = trace(function, args, kwargs, runner(chosen))
        results = run_graph(plain(traced.graph, tuple(traced.known)), traced.inputs, chosen)
        return unflatten(traced.output, handed_out(traced.graph.output_types, results, traced.values))

    return evaluated


def vjp(f: Function, *args: Any) -> tuple[Any, Callable[[Any], Any]]:
    """The value of a function, and its pullback.

    Arguments:
        f: any function of arrays and containers of them.
        args: its arguments.
    Returns:
        (f(*args), pullback): the pullback takes a cotangent of the structure and shapes of the value, and returns a
        tuple with a cotangent for each argument. It may be called often, and on any thread.
    Errors:
        BadCotangentError: the pullback got a cotangent that does not fit.
    """
    function = as_function(f)
    chosen = current()
    traced = trace(function, args, {}, runner(chosen))
    picks = _pick(function, traced.arguments, tuple(range(len(args))), lenient=True)
    wrt = tuple(i for pick in picks for i in pick.ids)
    forward, pull = halves(traced.graph, wrt, tuple(traced.known))
    results = list(run_graph(forward, traced.inputs, chosen))
    count = len(traced.graph.outputs)
    residuals = results[count:]
    types = tuple(traced.graph.inputs[i] for i in wrt)

    def pullback(cotangent: Any) -> Any:
        seeds = _seeds(traced, cotangent)
        inputs = [*residuals, *seeds]
        values = run_graph(pull, inputs, current() if youngest(inputs) is None else chosen)
        return _gradients(picks, handed_out(types, values, inputs))

    values = handed_out(traced.graph.output_types, results[:count], [*traced.values, *residuals])
    return unflatten(traced.output, values), pullback


def jvp(f: Function, primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """The value of a function and its directional derivative.

    Arguments:
        f: any function.
        primals: its arguments.
        tangents: a direction for each, of its structure and shapes.
    Returns:
        (f(*primals), tangent of it). Forward mode is the transpose of the transposed graph (J. Townsend, A new trick
        for calculating Jacobian vector products, 2017); what it does not need of the reverse pass is dead code.
    Errors:
        BadCotangentError: tangents that do not fit the primals.
    """
    function = as_function(f)
    chosen = current()
    traced = trace(function, primals, {}, runner(chosen))
    graph = traced.graph
    given, structure = flatten((tuple(tangents), {}))
    _check_like(traced.arguments, structure, "tangents")
    wrt = tuple(i for i in range(len(structure.types)) if graph.inputs[i].differentiable)
    pushed = _forward_graph(graph, wrt)
    values = run_graph(pushed, [*traced.values, *(given[i] for i in wrt)], chosen)
    count = len(graph.outputs)
    results = handed_out((*graph.output_types, *graph.output_types), values, [*traced.values, *given])
    return unflatten(traced.output, results[:count]), unflatten(traced.output, results[count:], lambda value: None)


def jacobian(f: Function, argnums: int | str = 0) -> Callable[..., Any]:
    """A function that returns the Jacobian of a function.

    Arguments:
        f: returns an array or a scalar.
        argnums: which argument to differentiate by.
    Returns:
        a function of the same arguments; its result has the structure of the argument, and each array in it the shape
        of `f`'s result followed by the shape of the argument.
    """
    function = as_function(f)

    @functools.wraps(function)
    def jacobian_of(*args: Any, **kwargs: Any) -> Any:
        chosen = current()
        traced = trace(function, args, kwargs, runner(chosen))
        (pick,) = _pick(function, traced.arguments, argnums)
        forward, pull = halves(traced.graph, pick.ids, tuple(traced.known))
        (out,) = traced.graph.output_types
        residuals = list(run_graph(forward, traced.inputs, chosen))[1:]
        rows = [run_graph(pull, [*residuals, seed], chosen) for seed in _basis(out)]
        parts = []
        for k, i in enumerate(pick.ids):
            shape = (*_shape(out), *_shape(traced.graph.inputs[i]))
            parts.append(ops.reshape(ops.stack([row[k] for row in rows]), shape) if rows else np.zeros(shape))
        return _gradients((pick,), parts)[0]

    return jacobian_of


def hessian(f: Function, argnums: int | str = 0) -> Callable[..., Any]:
    """A function that returns the matrix of second derivatives of a scalar function, by one argument.

    Arguments:
        f: returns a real scalar.
        argnums: which argument, an array or a scalar.
    Returns:
        a function of the same arguments; its result has the argument's shape twice.
    """
    return jacobian(grad(f, argnums), argnums)


def hvp(f: Function, args: Sequence[Any], v: Any) -> Any:
    """The product of the Hessian of a scalar function, by its first argument, with a vector.

    Arguments:
        f: returns a real scalar.
        args: its arguments.
        v: of the structure and shapes of the first argument.
    Returns:
        H v, of that structure too; it costs about as much as two gradients.
    """
    first, *rest = args
    gradient = grad(f)
    return jvp(lambda x: gradient(x, *rest), (first,), (v,))[1]


def as_function(f: Function) -> Callable[..., Any]:
    """The function itself, or one that computes an explicit graph; several outputs make a tuple."""
    if not isinstance(f, Graph):
        return f
    graph = f

    def graph_function(*args: Any) -> Any:
        builder = youngest(args) or Builder()
        results = builder.inline(graph, args)
        return results[0] if len(results) == 1 else tuple(results)

    return graph_function


# Which inputs an argument stands for.


@dataclass(frozen=True, slots=True)
class _Pick:
    """An argument to differentiate by."""

    structure: Structure
    ids: tuple[int, ...]  # of the inputs that are its differentiable leaves


def _pick(f: Callable[..., Any], arguments: Structure, argnums: Argnums, lenient: bool = False) -> tuple[_Pick, ...]:
    wanted = (argnums,) if isinstance(argnums, int | str) else tuple(argnums)
    return tuple(_pick_one(arguments, *_locate(f, arguments, argnum), lenient) for argnum in wanted)


def _locate(f: Callable[..., Any], arguments: Structure, argnum: int | str) -> tuple[int | str, str]:
    """Where an argument stands, as a position or a keyword, and its name."""
    args, kwargs = arguments.spec.children()
    count, names = args.num_children, kwargs.entries()
    try:
        parameters = list(inspect.signature(f).parameters)
    except (TypeError, ValueError):
        parameters = []
    position = parameters.index(argnum) if argnum in parameters else argnum
    if isinstance(position, int):
        position = position + count if position < 0 else position
        name = parameters[position] if 0 <= position < len(parameters) else f"args[{position}]"
        if 0 <= position < count:
            return position, name
        if name in names:
            return name, name
    if argnum in names:
        return argnum, str(argnum)
    raise ArgumentError(
        f"there is no argument {argnum!r} to differentiate by: the call has {count} positional arguments"
        f" and the keywords {names}",
        fix="name a position or a keyword of the call in argnums",
    )


def _pick_one(arguments: Structure, key: int | str, name: str, lenient: bool) -> _Pick:
    args, kwargs = arguments.spec.children()
    children = (*args.children(), *kwargs.children())
    place = key if isinstance(key, int) else args.num_children + kwargs.entries().index(key)
    start = sum(child.num_leaves for child in children[:place])
    spec = children[place]
    leaves = arguments.leaves[start : start + spec.num_leaves]
    dynamic = sum(not isinstance(leaf, Static) for leaf in arguments.leaves[:start])
    types = [leaf for leaf in leaves if not isinstance(leaf, Static)]
    ids = tuple(dynamic + k for k, type in enumerate(types) if type.differentiable)
    structure = Structure(spec, leaves)
    if not ids and not lenient:
        raise _not_differentiable(structure, name)
    return _Pick(structure, ids)


def _not_differentiable(structure: Structure, name: str) -> IntegerInputError:
    if not structure.leaves:
        return IntegerInputError("the argument is empty, and has no derivative", name, "choose another with argnums")
    leaf = structure.leaves[0]
    what = f"{leaf.value!r}" if isinstance(leaf, Static) else f"of type {leaf}"
    return IntegerInputError(
        f"the argument is {what}, and has no derivative",
        structure.paths(name)[0],
        "pass a float (3.0 for 3, x.astype(float) for an array), or choose another argument with argnums",
    )


def _gradients(picks: Sequence[_Pick], values: Sequence[Any]) -> tuple[Any, ...]:
    rest = iter(values)
    result = []
    for pick in picks:
        types = pick.structure.types
        leaves = [next(rest) if type.differentiable else None for type in types]
        result.append(unflatten(pick.structure, leaves, lambda value: None))
    return tuple(result)


def _is_many(argnums: Argnums) -> bool:
    return not isinstance(argnums, int | str)


# Checks.


def _check_scalar(traced: Trace, has_aux: bool) -> None:
    spec = traced.output.spec
    if has_aux and spec.num_children != 2:
        raise NonScalarOutputError(
            "the function does not return a pair", fix="with has_aux=True, return (value, anything else)"
        )
    leaves = traced.output.leaves
    count = spec.children()[0].num_leaves if has_aux else spec.num_leaves
    type = leaves[0] if count == 1 else None
    if isinstance(type, NumericType) and type.shape == () and type.dtype.kind == "f":
        return
    what = f"{count} values" if count != 1 else f"{type.value!r}" if isinstance(type, Static) else f"a value {type}"
    raise NonScalarOutputError(
        f"a gradient is of a function that returns one real number, and this one returned {what}",
        fix="sum the result up (numpy.sum), or use backprop.jacobian or backprop.vjp",
    )


def _seeds(traced: Trace, cotangent: Any) -> list[Any]:
    given, structure = flatten(cotangent)
    _check_like(traced.output, structure, "cotangent")
    types = traced.output.types
    return [
        value if isinstance(value, Var) else np.asarray(value, type.dtype)[()]  # type: ignore[attr-defined]
        for value, type in zip(given, types, strict=True)
        if type.differentiable
    ]


def _check_like(expected: Structure, given: Structure, what: str) -> None:
    shapes = [getattr(type, "shape", None) for type in expected.types]
    if shapes != [getattr(type, "shape", None) for type in given.types]:
        raise BadCotangentError(
            f"the {what} has leaves of shapes {[getattr(type, 'shape', None) for type in given.types]}, not {shapes}",
            fix=f"give the {what} the structure and the shapes of the value, in floating point",
        )


def _shape(type: ValueType[Any]) -> tuple[int, ...]:
    assert isinstance(type, NumericType)
    return type.shape


def _basis(type: ValueType[Any]) -> list[Any]:
    assert isinstance(type, NumericType)
    rows = np.eye(type.size, dtype=type.dtype)
    return [row.reshape(type.shape)[()] for row in rows]


@functools.lru_cache(maxsize=256)
def _forward_graph(graph: Graph, wrt: tuple[int, ...]) -> Graph:
    """(inputs, tangents of wrt) -> (results, tangents of results)."""
    joint_graph = differentiate(graph, wrt, seeded=True)
    pulled = joint_graph.outputs[len(graph.outputs) :]
    seeds = tuple(range(graph.first, joint_graph.first))
    twice = differentiate(Graph(joint_graph.inputs, joint_graph.nodes, pulled), seeds, seeded=True)
    builder = Builder()
    inputs = [builder.input(type) for type in graph.inputs]
    tangents = [builder.input(graph.inputs[i]) for i in wrt]
    results = builder.inline(graph, inputs)
    # The pullback is linear in the seeds, so that any seeds will do.
    any_seeds = [zero(builder, joint_graph.inputs[i]) for i in seeds]
    pushed = iter(builder.inline(twice, [*inputs, *any_seeds, *tangents])[len(wrt) :])
    outs = [next(pushed) if type.differentiable else zero(builder, type) for type in graph.output_types]
    built, _ = builder.build([var.id for var in (*results, *outs)])
    return run_passes(built)
