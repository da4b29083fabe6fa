"""vmap: a function of one value as a function of many, each of its ops run once for all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from numpy.lib.array_utils import normalize_axis_index

from ...errors import ArgumentError, ShapeError
from ...graph.batching.batched import batched
from ...graph.tracing.body import trace_body, with_numbers
from ...graph.tracing.source_lines import user_line
from ...graph.tracing.structures.structure import unflatten
from ...ops.arrays.as_array import ndim
from ...ops.arrays.axes import moveaxis
from ...ops.core.types import value_type
from ..elsewhere.opening import opened_call
from ..executors import Where
from ..preparing.graphs import plain
from .evaluate import Function, as_function
from .run import current, handed_out, run_graph, runner, youngest
from .transformed import Transformed

InAxes: TypeAlias = int | Sequence[int | None] | None


def vmap(f: Function, in_axes: InAxes = 0, *, executor: Where | None = None) -> Callable[..., Any]:
    """A function that computes many calls of a function at once.

    Arguments:
        f: returns arrays and numbers, in any structure. What it captures is the same for all calls.
        in_axes: along which axis of the arrays in its arguments the calls stand: one for all positional arguments, or
            one for each; None for an argument that is the same for all calls. Keyword arguments have axis 0.
        executor: where to run; None for the one of `with use(...)`.
    Returns:
        a function of the arguments with that axis; each array of its result has the calls along a new first axis.
    Errors:
        ShapeError: axes of different lengths, or a number where an axis is wanted; raised by the call.
        ArgumentError: in_axes do not fit the arguments.
        TracedConversionError: `f` asks for a value that differs from call to call, as `if` does; use `numpy.where` or
            `switch`.
    Example:
        >>> bp.vmap(lambda w, x: np.sum(w * x), in_axes=(None, 0))(np.array([1.0, 2.0]), np.ones((3, 2)))
        array([3., 3., 3.])
    """
    return Vmapped(as_function(f), in_axes, executor)


class Vmapped(Transformed):
    """(*args) -> the results of many calls."""

    __slots__ = ("in_axes", "executor")  # noqa: RUF023 - in the order of the constructor

    in_axes: InAxes
    executor: Where | None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The results, with the calls along the first axis."""
        chosen = current(self.executor)
        function, args, named, *_ = opened_call(self.function, args, kwargs, chosen)
        axes = _axes(self.in_axes, len(args))
        places = [k for k, axis in enumerate(axes) if axis is not None]
        moved = ([_in_front(args[k], axes[k], f"args[{k}]") for k in places], _in_front(named, 0, "kwargs"))
        leaves, structure = with_numbers(moved)
        size = _length(leaves)

        def single(mapped: Sequence[Any], keywords: Mapping[str, Any]) -> Any:
            given = dict(zip(places, mapped, strict=True))
            return function(*[given.get(k, arg) for k, arg in enumerate(args)], **keywords)

        types = [value_type(leaf.shape[1:], leaf.dtype) for leaf in leaves]
        body = trace_body(single, structure, types, runner(chosen), youngest(leaves))
        values = [*leaves, *body.captured]
        graph = batched(body.graph, [k < len(leaves) for k in range(len(values))], size)
        graph = graph if youngest(values) is not None else plain(graph)
        return unflatten(body.output, handed_out(graph.output_types, run_graph(graph, values, chosen), values))


def _axes(in_axes: Any, count: int) -> list[int | None]:
    """The axis of each positional argument."""
    axes = [in_axes] * count if isinstance(in_axes, int | None) else list(in_axes)
    if len(axes) != count:
        what = f"vmap: in_axes has {len(axes)} items, and the call {count} positional arguments"
        raise ArgumentError(what, user_line(), "give one axis for each, None for what is the same in all calls")
    for k, axis in enumerate(axes):
        if not isinstance(axis, int | None):
            what = f"vmap: in_axes[{k}] is {axis!r}, where an argument has one axis for all of its arrays"
            raise ArgumentError(
                what, user_line(), "move axes by numpy.moveaxis, or give the parts as several arguments"
            )
    return axes


def _in_front(tree: Any, axis: int | None, name: str) -> Any:
    """A value whose arrays have an axis in front."""
    leaves, structure = with_numbers(tree)
    for leaf, path in zip(leaves, structure.paths(name), strict=False):
        if axis is None or not -ndim(leaf) <= axis < ndim(leaf):
            what = f"vmap: {path} has {ndim(leaf)} axes, and so no axis {axis}"
            raise ShapeError(what, user_line(), "stack the values of the calls, or give the argument the axis None")
    return unflatten(structure, [moveaxis(x, normalize_axis_index(axis or 0, ndim(x)), 0) for x in leaves])


def _length(leaves: Sequence[Any]) -> int:
    """The number of calls."""
    lengths = {leaf.shape[0] for leaf in leaves}
    if len(lengths) != 1:
        what = f"vmap takes arrays with one number of calls, and got {sorted(lengths) or 'no arrays'}"
        raise ShapeError(what, user_line(), "give arrays whose mapped axes have one length")
    return int(lengths.pop())
