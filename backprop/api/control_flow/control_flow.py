"""Control flow in graphs: switch, match, scan and checkpoint.

Each traces the user's functions into bodies, makes a small graph of one node that holds them, and runs it: in the trace
that its operands belong to, of which the node becomes a part, or on an executor.
"""

from __future__ import annotations

import dataclasses
import functools
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ParamSpec, TypeVar

import numpy as np

from ...errors import ArgumentError, GraphTypeError, ShapeError
from ...graph.autodiff.control_flow import call, position
from ...graph.autodiff.control_flow import switch as switch_op
from ...graph.autodiff.loop import Loop
from ...graph.autodiff.loops import scan as scan_op
from ...graph.tracing.body import TracedBody, agree, alike, rebuilt, refuse_written, trace_body, with_numbers
from ...graph.tracing.runtime_classes import choice, closest_class, narrow, narrowed_type
from ...graph.tracing.source_lines import located, user_line
from ...graph.tracing.structures.structure import Static, Structure, flatten
from ...graph.tracing.var import Var
from ...graph.verify import same_type
from ...graph.weak_numbers import follows, strong
from ...ops.core.types import NumericType, OpaqueType, UserType, ValueType, scalar_type, value_type
from ..verbs.call import called
from ..verbs.run import current, runner, youngest
from ..verbs.transformed import Transformed
from .nodes import node_results, static_type

ROUNDS = 8
"""Times that a step is traced at most until the dtypes of its carries are settled."""

P = ParamSpec("P")
R = TypeVar("R")
C = TypeVar("C")
Y = TypeVar("Y")


def switch(index: Any, branches: Sequence[Callable[..., R]], *operands: Any) -> R:
    """The result of the branch that an index picks; the others do not run, neither forward nor in reverse.

    Arguments:
        index: an integer, counted from the end where negative; a boolean picks branch 0 or 1.
        branches: functions of the operands, all with results of the same structure, shapes and dtypes. What they
            capture is an operand too. A plain index calls its branch at once.
        operands: any structures.
    Returns:
        what the branch returns.
    Errors:
        IndexError: there is no such branch; raised when the node runs.
        GraphTypeError: branches with different results.
    Example:
        >>> f = bp.grad(lambda k, x: bp.switch(k, [lambda x: x, lambda x: x * x], x), argnums=1)
        >>> f(0, 3.0), f(1, 3.0)
        (1.0, 6.0)
    """
    if not branches:
        raise ArgumentError("switch needs at least one branch", user_line(), "give a sequence of functions")
    if not isinstance(index, Var):
        return branches[position(index, len(branches))](*operands)
    return _choose("switch", index, branches, operands)


def _choose(name: str, index: Any, branches: Sequence[Callable[..., R]], operands: Sequence[Any]) -> R:
    values, structure = flatten(tuple(operands))
    run, outer = runner(current()), youngest([index, *values])
    bodies = [trace_body(branch, structure, structure.types, run, outer) for branch in branches]
    graphs, captured = agree(name, bodies, len(values))
    return node_results(switch_op, [index, *values, *captured], bodies[0].output, bodies=graphs)  # type: ignore[no-any-return]


def match(value: Any, cases: Mapping[type, Callable[[Any], R]]) -> R:
    """The result of the case of a value's class, or of the closest of its base classes.

    Arguments:
        value: an instance, whose case is called at once; or a Var of a class that only turns out when it runs, which
            makes a node that holds all cases and runs one.
        cases: from classes to functions of the value; `object` takes what is left. In a node, all return results of
            the same structure, shapes and dtypes.
    Errors:
        GraphTypeError: no case fits the class; raised when the node runs, where there is one.
    Example:
        >>> def area(shape):
        ...     return bp.match(shape, {float: lambda r: np.pi * r**2, tuple: lambda ab: ab[0] * ab[1]})
        >>> bp.grad(area)((2.0, 3.0))
        (3.0, 2.0)
    """
    classes = tuple(cases)
    if isinstance(value, Var) and isinstance(value.type, OpaqueType | UserType):
        branches = [functools.partial(_as_class, cls, case) for cls, case in cases.items()]
        return _choose("match", choice(value, classes=classes), branches, [value])
    cls = _class_of(value.type) if isinstance(value, Var) else type(value)
    try:
        case = cases[classes[closest_class(cls, classes)]]
    except GraphTypeError as error:
        raise located(error, user_line()) from None
    return case(value)


def _as_class(cls: type, case: Callable[[Any], R], value: Any) -> R:
    return case(narrow(value, type=narrowed_type(value.type, cls)))


def _class_of(type: ValueType[Any]) -> type:
    """The class of the values of a type."""
    if isinstance(type, NumericType):
        return np.ndarray if type != scalar_type(type.dtype, type.weak) else type.dtype.type
    return tuple


def scan(
    f: Callable[[C, Any], tuple[C, Y]], init: C, xs: Any = None, length: int | None = None, *, reverse: bool = False
) -> tuple[C, Y]:
    """A loop over rows as one node: `carry, y = f(carry, x)` for each row x, as `jax.lax.scan` does.

    Arguments:
        f: from a carry and a row to the next carry and a result. What it captures stays the same in all steps.
        init: the first carry, any structure of numbers and arrays; a step keeps their shapes and dtypes.
        xs: arrays with the same length, in any structure; None where the steps read no rows.
        length: the number of steps, where xs is None.
        reverse: whether the last row comes first; the result of a row stands in its place all the same.
    Returns:
        (the last carry, the results y stacked along a new first axis).
    Errors:
        ShapeError: arrays of unequal length, or a length that is not theirs.
        GraphTypeError: a step changes the structure, a shape or a dtype of the carry.
    Example:
        >>> def total(x):
        ...     last, each = bp.scan(lambda carry, row: (carry + row, carry * row), 0.0, x)
        ...     return last + np.sum(each)
        >>> bp.grad(total)(np.array([1.0, 2.0]))
        array([3., 2.])
    """
    carries = len(with_numbers(init)[0])
    leaves, structure = with_numbers((init, xs))
    steps = _length(leaves[carries:], length)
    step = _checked(f, with_numbers(init)[1])
    rows = [value_type(leaf.shape[1:], leaf.dtype) for leaf in leaves[carries:]]
    types, body = _steady(step, structure, [static_type(leaf) for leaf in leaves[:carries]], rows)
    loop = Loop(carries, len(rows), steps, bool(reverse), tuple(range(carries)))
    return node_results(scan_op, [*leaves, *body.captured], body.output, types, bodies=(body.graph,), loop=loop)  # type: ignore[no-any-return]


def _length(rows: Sequence[Any], length: int | None) -> int:
    """The number of steps."""
    lengths: set[int] = {row.shape[0] for row in rows if getattr(row, "ndim", 0)}
    if length is not None:
        lengths.add(operator.index(length))
    if len(lengths) == 1 and min(lengths) >= 0 and all(getattr(row, "ndim", 0) for row in rows):
        return lengths.pop()
    shapes = ", ".join(str(getattr(row, "shape", ())) for row in rows) or "none"
    raise ShapeError(
        f"scan takes arrays of one length, and got the shapes {shapes} and length={length}",
        user_line(),
        "give xs with a first axis of the same length, or xs=None and length=",
    )


def _checked(f: Callable[[Any, Any], tuple[Any, Any]], carry: Structure) -> Callable[[Any, Any], tuple[Any, Any]]:
    """The function, which has to return a pair, the first of it a carry."""

    def step(*args: Any) -> tuple[Any, Any]:
        result: Any = f(*args)
        if type(result) is not tuple or len(result) != 2:
            raise GraphTypeError("the function of scan must return (carry, y)", user_line(), "y may be None")
        given = with_numbers(result[0])[1]
        if not alike(given, carry):
            raise GraphTypeError(
                f"a step of scan turns a carry {carry.spec} into {given.spec}",
                user_line(),
                "return a carry of the structure of init",
            )
        return result

    return step


def _steady(
    step: Callable[..., Any], structure: Structure, types: list[ValueType[Any]], rows: list[Any]
) -> tuple[list[ValueType[Any]], TracedBody]:
    """The types of the carries in all steps, and the body; Python numbers take the dtype of what they become."""
    free = [getattr(t, "weak", False) for t in types]
    body = trace_body(step, structure, [*types, *rows], runner(current()))
    for _ in range(ROUNDS):
        found = body.graph.output_types[: len(types)]
        settled = [strong(new) if is_free else t for t, new, is_free in zip(types, found, free, strict=True)]
        if settled == types:
            break
        types = settled
        body = trace_body(step, structure, [*types, *rows], runner(current()))
    return types, _kept(body, types, structure)


def _kept(body: TracedBody, types: list[ValueType[Any]], structure: Structure) -> TracedBody:
    """The body, its carries cast to their types, and its results no longer weak."""
    found = body.graph.output_types
    for k, t in enumerate(types):
        if not (same_type(t, found[k]) or follows(found[k], t)):
            raise GraphTypeError(
                f"a step of scan turns {_path(structure, k)} from {t} into {found[k]}",
                user_line(),
                "start with the shape and dtype that the steps keep",
            )
    results = [*types, *map(strong, found[len(types) :])]
    inputs = body.graph.inputs
    return dataclasses.replace(body, graph=rebuilt(body.graph, inputs, range(len(inputs)), results))


def _path(structure: Structure, k: int) -> str:
    """Where a carry stands, as in `init.layers[2]`; the structure is that of (carry, row)."""
    leaves = zip(structure.paths(""), structure.leaves, strict=True)
    paths = [path for path, leaf in leaves if not isinstance(leaf, Static)]
    return paths[k].replace("[0]", "init", 1)


def checkpoint(f: Callable[P, R]) -> Callable[P, R]:
    """The function, of which nothing is kept for the reverse pass but its arguments: there it is computed again.

    Arguments:
        f: any function.
    Returns:
        a function of the same arguments and the same results, to the bit. Its gradient takes less memory, and the time
        of one more evaluation.
    Example:
        >>> layer = bp.checkpoint(lambda w, x: np.tanh(w * x))
        >>> bp.grad(lambda w: layer(w, layer(w, 1.0)))(0.0)
        0.0
    """

    return Checkpointed(f)


class Checkpointed(Transformed):
    """(*args) -> what the function returns, as one node where its arguments are traced."""

    __slots__ = ()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The value."""
        made = called(self.function, args, kwargs)
        if youngest(made.traced.values) is not None:
            refuse_written(made.traced.wrote)
            return node_results(call, list(made.traced.values), made.traced.output, bodies=(made.graph,))
        return made.value(made.hand_out(made.run(made.plain)))
