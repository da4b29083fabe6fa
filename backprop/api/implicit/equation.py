"""Equation: what a user's function says about unknowns, as one node: its body, and bodies that are derived from it.

The function is traced once. The gradient of an objective, and the conditions at bounds, are made of its graph.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ...errors import GraphTypeError, ShapeError
from ...graph.autodiff.control_flow import all_fit
from ...graph.graph import Graph
from ...graph.implicit.jacobian import pullback_of
from ...graph.implicit.solution import solution
from ...graph.tracing.body import rebuilt, trace_body, with_numbers
from ...graph.tracing.builder import Builder
from ...graph.tracing.current import CURRENT
from ...graph.tracing.source_lines import user_line
from ...graph.tracing.structures.structure import Structure, unflatten
from ...graph.tracing.var import Var
from ...ops.arrays.as_array import asarray
from ...ops.arrays.views import ravel
from ...ops.core.types import NumericType, ValueType, scalar_type
from ...ops.elementwise.selection import where
from ..control_flow.nodes import node_results, static_type
from ..verbs.run import current, runner, youngest

Function = Callable[..., Any]


def is_tracing() -> bool:
    """Whether a function is being traced here; if not, no value can be traced either."""
    return CURRENT.get() is not None


class Answer(NamedTuple):
    """What a node that solves an equation gives: the unknowns, and how it came to them."""

    unknowns: Any
    success: Any
    evaluations: Any
    iterations: Any


@dataclass(frozen=True, slots=True)
class Unknowns:
    """What is looked for: its structure, the types of its leaves, and what to start with."""

    structure: Structure
    types: tuple[NumericType[Any], ...]
    hints: tuple[Any, ...]

    @classmethod
    def of(cls, start: Any) -> Unknowns:
        """Unknowns of the structure and the shapes of where to start; plain numbers and integers become float64."""
        leaves, spec = with_numbers(start)
        hints = tuple(map(_inexact, leaves))
        return cls(with_numbers(unflatten(spec, hints))[1], tuple(map(_real, hints)), hints)


def _inexact(leaf: Any) -> Any:
    if isinstance(leaf, Var):
        return leaf if leaf.dtype.kind == "f" and not leaf.type.weak else leaf.astype(np.float64)  # type: ignore[attr-defined]
    if isinstance(leaf, np.ndarray):
        return leaf.astype(np.float64) if leaf.dtype.kind in "biu" else leaf
    return leaf if isinstance(leaf, np.inexact) else np.float64(leaf)


def _real(leaf: Any) -> NumericType[Any]:
    found = static_type(leaf)
    if not isinstance(found, NumericType) or found.dtype.kind != "f":
        raise GraphTypeError(f"an unknown cannot be {found}", user_line(), "start with real numbers and arrays of such")
    return scalar_type(found.dtype) if found.weak else found


class Traced(NamedTuple):
    """A function of unknowns as a body, whose inputs are (*unknowns, *given, *captured)."""

    graph: Graph
    unknowns: Unknowns
    others: tuple[Any, ...]

    @property
    def is_plain(self) -> bool:
        """Whether nothing is traced that it depends on."""
        return youngest([*self.unknowns.hints, *self.others]) is None

    def answer(
        self, bodies: Mapping[str, Graph], solver: str, hints: Sequence[Any] | None = None, **options: Any
    ) -> Answer:
        """What a solver finds, as one node.

        Arguments:
            bodies: what the solver knows, "residual" among them, all of the inputs of this graph.
            solver: its name.
            hints: what it starts from; None for the start of the unknowns.
            options: its options, plain values.
        """
        facts = (np.bool_(False), np.int64(0), np.int64(0))
        start = unflatten(self.unknowns.structure, self.unknowns.hints)
        params: dict[str, Any] = {"roles": tuple(bodies), "unknowns": len(self.unknowns.types)}
        settings = solver, tuple(options.items())
        given = [*(self.unknowns.hints if hints is None else hints), *self.others]
        output = with_numbers((start, *facts))[1]
        found = node_results(solution, given, output, bodies=tuple(bodies.values()), **params, solver=settings)
        return Answer(*found)


def traced(f: Function, unknowns: Unknowns, given: Sequence[Any] = ()) -> Traced:
    """A function of unknowns as a body.

    Arguments:
        f: the function.
        unknowns: what it is a function of.
        given: values that are inputs of the body, and that the function does not see.
    """
    structure = with_numbers((unflatten(unknowns.structure, unknowns.hints), *given))[1]
    types = [*unknowns.types, *map(static_type, given)]
    body = trace_body(lambda x, *_: f(x), structure, types, runner(current()))
    return Traced(body.graph, unknowns, (*given, *body.captured))


def residual_of(made: Traced, name: str) -> Graph:
    """The graph of a function whose results are to be 0: as many as the unknowns, and of their types.

    Errors:
        ShapeError: results of other shapes.
    """
    found, wanted = made.graph.output_types, made.unknowns.types
    if [getattr(t, "shape", None) for t in found] != [t.shape for t in wanted]:
        shapes = "), (".join(", ".join(map(str, types)) for types in (found, wanted))
        raise ShapeError(
            f"{name}: the results and the unknowns do not fit: ({shapes})",
            user_line(),
            "return one number for each unknown, in the shapes of the start",
        )
    return made.graph if all_fit(wanted, found) else cast_to(made.graph, wanted)


def cast_to(graph: Graph, types: Sequence[ValueType[Any]]) -> Graph:
    """A graph whose results have other dtypes."""
    return rebuilt(graph, graph.inputs, range(len(graph.inputs)), types)


def objective_of(made: Traced, name: str) -> Graph:
    """The graph of a function that is to be as small as possible: one real number.

    Errors:
        ShapeError: it is none.
    """
    types = made.graph.output_types
    if (
        len(types) != 1
        or getattr(types[0], "size", 0) != 1
        or getattr(types[0], "dtype", np.dtype(complex)).kind == "c"
    ):
        raise ShapeError(
            f"{name}: the function returns {', '.join(map(str, types))}", user_line(), "return one real number"
        )
    return made.graph


def gradient_of(objective: Graph, count: int) -> Graph:
    """The graph from the inputs of an objective to its derivatives by the first of them."""
    builder = Builder()
    inputs = [builder.input(t) for t in objective.inputs]
    (t,) = objective.output_types
    assert isinstance(t, NumericType)
    one = builder.literal(np.ones(t.shape, t.dtype)[()])
    found = builder.inline(pullback_of(objective, range(count)), [*inputs, one])
    return builder.build([var.id for var in found])[0]


def within_bounds(gradient: Graph) -> Graph:
    """The conditions of a minimum of one unknown between bounds, which are the inputs behind it.

    The gradient is 0, or points out of the bounds: then the unknown is the bound itself.
    """
    builder = Builder()
    inputs = [builder.input(t) for t in gradient.inputs]
    x, low, high = inputs[:3]
    (slope,) = builder.inline(gradient, inputs)
    ahead = x - slope
    inside = where(ahead > high, x - high, slope)
    return builder.build([where(ahead < low, x - low, inside).id])[0]


def flat_start(x0: Any) -> Any:
    """Where to start, as SciPy takes it: a vector."""
    return ravel(asarray(x0))
