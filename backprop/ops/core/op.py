"""Op: what can be computed, with its type rule and its local derivative.

An op is a value. Calling one computes at once on plain values; where an argument is a Var (anything that offers
`__backprop_emit__`) the argument is handed the call, and emits a node. That inversion, which NumPy uses with
`__array_ufunc__`, keeps this layer free of graphs, and lets a vjp rule be written once, with ordinary operators.

A vjp rule takes the cotangent of the result, the result, and the inputs, and returns a cotangent for each input, None
where there is none. It need not undo broadcasting nor restore dtypes: `graph.differentiate` does that in one place.

Complex convention (that of JAX and autograd): the gradient of a real u(x + iy) is du/dx - i du/dy, so that the rule
of a holomorphic function is `g * f'(x)` without conjugation.
"""

from __future__ import annotations

import gc
import importlib
import sys
from collections.abc import Callable
from dataclasses import dataclass, fields
from enum import Enum
from functools import partial
from typing import Any, Generic, Protocol

import numpy as np
from typing_extensions import ParamSpec, TypeVar

from ...errors import ShapeError
from .batching import ELEMENTWISE, BatchRule
from .dependence import DependRule
from .rows import BY_ELEMENT, RowRule
from .types import NumericType, Shape, ValueType


class Kind(Enum):
    """How a program may run an op."""

    ELEMENTWISE = "elementwise"  # a ufunc: element i of the result reads element i of each (broadcast) operand
    VIEW = "view"  # the result may share memory with operand 0, at no cost
    INTO = "into"  # takes `out=`, which must not overlap an operand
    PLAIN = "plain"  # allocates its result
    HOST_PINNED = "host-pinned"  # needs a context, and stays in the process that runs the plan


PACKAGE = __name__.partition(".")[0] + "."
"""What the homes of this package's own ops start with."""

P = ParamSpec("P", default=...)
R_co = TypeVar("R_co", covariant=True, default=Any)


@dataclass(frozen=True, slots=True, eq=False)
class Op(Generic[P, R_co]):
    """A primitive: what it returns, how, and how a cotangent flows back.

    `Op[[A, B], R]` takes an A and a B, and returns an R; plain `Op` says nothing about it.

    Arguments:
        name: shown in texts and errors; where `home` is given, the name of the attribute that holds the op there.
        infer: (*input types, **params) -> type of the result; raises ShapeError or GraphTypeError.
        compute: (*input values, **params) -> value of the result, of the inferred type.
        vjp: (g, out, *inputs, **params) -> cotangents of the inputs; None for an op without a derivative.
        kind: how a program may run it.
        flops: (*input types, out type, **params) -> floating-point operations; None counts one for each element.
        home: the module that holds the op as an attribute, so that it pickles by reference.
        kernel: (*input types, **params) -> what to call on values of these types in the place of `compute`, without the
            params: the same bits, in less time.
        rows: how it can be computed a block of rows at a time, see rows.py; None where it cannot, or is elementwise.
        keeps_layout: of a view: (**params) -> whether the view of C-contiguous operands is C-contiguous whatever its
            shape; None where it need not be.
        cheap: whether its value is quicker made again than kept or sent; None where that is so of a view.
        pure: whether equal operands give equal results, and nothing else happens.
        batch: how it is computed for many operands at once, see batching.py; None where it is not, or is elementwise.
        depends: which elements of the operands an element of the result depends on, see dependence.py; None where that
            follows from the kind and the batching rule, or where it is all of them.
    Example:
        >>> bp.ops.sin.name, float(bp.ops.sin(0.0))
        ('sin', 0.0)
    """

    name: str
    infer: Callable[..., ValueType[Any]]
    compute: Callable[..., R_co]
    vjp: Callable[..., Any] | None = None
    kind: Kind = Kind.PLAIN
    flops: Callable[..., float] | None = None
    home: str = ""
    kernel: Callable[..., Callable[..., Any]] | None = None
    seconds: Callable[..., float] | None = None
    pure: bool = True
    rows: RowRule | None = None
    keeps_layout: Callable[..., bool] | None = None
    cheap: bool | None = None
    batch: BatchRule | None = None
    depends: DependRule | None = None

    def __call__(self, *args: P.args, **params: P.kwargs) -> R_co:
        """The op's value, or where an argument is a Var or an array of objects with one, the Var of a new node."""
        for arg in args:
            if hasattr(arg, "__backprop_emit__"):
                return arg.__backprop_emit__(self, args, params)  # type: ignore[no-any-return]
        for arg in args:
            if isinstance(arg, np.ndarray) and arg.dtype.kind == "O":
                for element in arg.flat:
                    if hasattr(element, "__backprop_emit__"):
                        return element.__backprop_emit__(self, args, params)  # type: ignore[no-any-return]
        return self.compute(*args, **params)

    @property
    def plain(self) -> Callable[P, R_co]:
        """The op as a function of plain values."""
        return self.compute

    @property
    def runs_once(self) -> bool:
        """Whether each node runs exactly once, so that it is not merged with an equal one, folded, or run again."""
        return not self.pure or self.kind is Kind.HOST_PINNED

    @property
    def is_elementwise(self) -> bool:
        """Whether element i of the result is made of element i of each (broadcast) operand."""
        return self.kind is Kind.ELEMENTWISE or self.rows == BY_ELEMENT

    @property
    def row_rule(self) -> RowRule | None:
        """How the op can be computed a block of rows at a time; None where it cannot."""
        return BY_ELEMENT if self.is_elementwise else self.rows

    @property
    def batch_rule(self) -> BatchRule | None:
        """How the op is computed for many operands at once; None where it takes a loop over them."""
        return ELEMENTWISE if self.batch is None and self.is_elementwise else self.batch

    @property
    def is_cheap(self) -> bool:
        """Whether the op's value is quicker made again than kept or sent."""
        return self.kind is Kind.VIEW if self.cheap is None else self.cheap

    @property
    def is_built_in(self) -> bool:
        """Whether the op is one of this package, not of a user's own."""
        return self.home.startswith(PACKAGE)

    @property
    def is_fresh(self) -> bool:
        """Whether results share no memory with operands: so it is of this package's ops that are no views."""
        return self.kind is not Kind.VIEW and self.is_built_in

    def __repr__(self) -> str:
        return f"<op {self.name}>"

    def held(self) -> tuple[int, tuple[Any, ...]]:
        """For the cache: an op of a module stays anyway; one made in a function holds what its functions hold."""
        if getattr(sys.modules.get(self.home), self.name, None) is self:
            return 0, ()
        return 0, tuple(gc.get_referents(self))

    def __reduce__(self) -> tuple[Any, ...]:
        return self.reduced(self.home)

    def reduced(self, home: str) -> tuple[Any, ...]:
        """How the op pickles: by reference where a module holds it as an attribute, else by value."""
        module = sys.modules.get(home)
        if module is not None and getattr(module, self.name, None) is self:
            return _by_reference, (home, self.name)
        return partial(type(self), **{f.name: getattr(self, f.name) for f in fields(self)}), ()


# Ops of so many operands, as checkers see them.

A = TypeVar("A", contravariant=True)
B = TypeVar("B", contravariant=True)
C = TypeVar("C", contravariant=True)
D = TypeVar("D", contravariant=True)


class Op1(Protocol[A, R_co]):
    """An op of one operand."""

    @property
    def plain(self) -> Callable[[A], R_co]: ...  # noqa: D102 - an overload


class Op2(Protocol[A, B, R_co]):
    """An op of two operands."""

    @property
    def plain(self) -> Callable[[A, B], R_co]: ...  # noqa: D102 - an overload


class Op3(Protocol[A, B, C, R_co]):
    """An op of three operands."""

    @property
    def plain(self) -> Callable[[A, B, C], R_co]: ...  # noqa: D102 - an overload


class Op4(Protocol[A, B, C, D, R_co]):
    """An op of four operands."""

    @property
    def plain(self) -> Callable[[A, B, C, D], R_co]: ...  # noqa: D102 - an overload


def module_of_caller() -> str:
    """The module that calls the function which asks, as in `collections.namedtuple`: the home of an op made there."""
    return str(sys._getframe(2).f_globals["__name__"])


def always(**params: Any) -> bool:
    """True: the `keeps_layout` of a view that keeps the layout of its operands whatever its params."""
    return True


def _by_reference(home: str, name: str) -> Op:
    op = getattr(importlib.import_module(home), name)
    assert isinstance(op, Op)
    return op


def broadcast(op: str, types: tuple[NumericType[Any], ...]) -> Shape:
    """The shape that operands broadcast to.

    Arguments:
        op: the name of the op, for the error.
        types: the operands' types.
    Returns:
        the common shape.
    Errors:
        ShapeError: shapes that do not broadcast.
    """
    first = types[0].shape
    if all(t.shape == first for t in types[1:]):
        return first
    try:
        return np.broadcast_shapes(*(t.shape for t in types))
    except ValueError:
        shapes = " and ".join(str(t.shape) for t in types)
        raise ShapeError(
            f"{op}: the shapes {shapes} do not broadcast",
            fix="two shapes fit where, counted from the right, each pair of lengths is equal or holds a 1",
        ) from None
