"""Ops of the user's own: a function that the package does not look into, with a derivative that the user gives.

    @bp.op                                          a rule that emits graph
    def cube(x): return x**3
    cube.defvjp(lambda g, out, x: 3 * g * x**2)

    solve = bp.op(forward, backward)                an opaque pair: forward(*inputs) -> (out, residuals),
                                                    backward(residuals, g) -> cotangents, both plain NumPy
    bp.op(f, derive=True)                           the rule follows from f, which is made of ops
    bp.compose(f, g, h)                             f(g(...), h(...))

Such an op is one node, so that it runs as a whole, in one task. It takes and returns any structure: its operands in the
graph are the dynamic leaves of the arguments, and how these make up the arguments is a parameter of the node.

Limits: shapes and structure of a result may not depend on values; keyword arguments have no cotangents.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypedDict, overload

import numpy as np
from typing_extensions import ParamSpec, TypeVar, Unpack

from ...errors import ArgumentError, BackpropError
from ...graph.tracing.source_lines import located, user_line
from ...graph.tracing.structures.result import Result
from ...graph.tracing.structures.structure import flatten, is_dynamic, unflatten
from ...graph.tracing.var import Var
from ...graph.weak_numbers import casts_of
from ...ops.arrays.tuples import taken
from ...ops.core.op import Kind, Op, Op1, Op2, Op3, Op4
from ...ops.elementwise.conversion import cast
from ..verbs.run import youngest
from .options import check_kind, check_options, module_of, rule_of
from .pairs import run_pair, without_residuals
from .rules import estimate, node_type, pull, run
from .signatures import Function, TypeRule, result_structure, type_rule

A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")
P = ParamSpec("P", default=...)
Q = ParamSpec("Q")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True, default=Any)
S = TypeVar("S")
Hint = float | Callable[..., float] | None


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class UserOp(Op[P, R_co]):
    """An op over any structures, made by `backprop.op`: call it like the function it was made of.

    Attributes:
        function: what it computes on plain values.
        type_rule: what it returns for which types.
        pair: whether its node holds residuals too.
        module: of the function; where the op has taken the function's place there, it pickles by reference.
    """

    function: Function
    type_rule: TypeRule
    pair: bool
    module: str

    @property
    def plain(self) -> Callable[P, R_co]:
        """The op as a function of plain values."""
        return self.function

    @overload
    def __call__(self, *args: P.args, **params: P.kwargs) -> R_co: ...  # type: ignore[overload-overlap]
    @overload
    def __call__(self: Op1[A, R], a: Var[A], /) -> Var[R]: ...
    @overload
    def __call__(self: Op2[A, B, R], a: Var[A] | A, b: Var[B] | B, /) -> Var[R]: ...
    @overload
    def __call__(self: Op3[A, B, C, R], a: Var[A] | A, b: Var[B] | B, c: Var[C] | C, /) -> Var[R]: ...
    @overload
    def __call__(self: Op4[A, B, C, D, R], a: Var[A] | A, b: Var[B] | B, c: Var[C] | C, d: Var[D] | D, /) -> Var[R]: ...
    def __call__(self, *args: Any, **params: Any) -> Any:
        """The result on plain values; where a Var is among them, Vars of a new node."""
        operands, call = flatten((args, params), _is_operand)
        builder = youngest(operands)
        if builder is None:
            return self.function(*args, **params)
        lifted = settled([builder.lift(operand) for operand in operands])
        types = tuple([var.type for var in lifted])
        try:
            structure = result_structure(self.type_rule, types, call)
        except BackpropError as error:
            raise located(error, builder.source or user_line()) from error.__cause__
        guess = sum([t.nbytes for t in (*types, *structure.types)])  # residuals are mostly operands and results
        result = Result(structure, guess if self.pair else None)
        whole = builder.emit(self, lifted, {"call": call, "result": result})
        return unflatten(structure, result.leaves(whole, taken))

    def defvjp(self, rule: Function) -> Function:
        """Give the op its vjp rule, once.

        Arguments:
            rule: (g, out, *inputs) -> a cotangent for each input, in a tuple where there are several; made of ops and
                operators. None means that there is none. All have the structures of the arguments and of the result,
                with None in the place of parts that have no cotangent.
        Returns:
            the rule, so that this can be used as a decorator.
        Errors:
            ArgumentError: the op has a rule already.
        """
        if self.vjp is not None:
            raise ArgumentError(f"{self.name} has a vjp rule already", fix="make another op with backprop.op")
        object.__setattr__(self, "vjp", partial(pull, self.name, rule))
        return rule

    def __matmul__(self, inner: Function) -> UserOp[..., R_co]:
        return compose(self, inner)

    def __rmatmul__(self, outer: Function) -> UserOp[P, Any]:
        return compose(outer, self)

    def __reduce__(self) -> tuple[Any, ...]:
        return self.reduced(self.module)

    __hash__ = object.__hash__


def _is_operand(leaf: Any) -> bool:
    """Whether a leaf of the arguments is an operand of the node; a plain number is not, and reaches the function so."""
    return type(leaf) is Var or (is_dynamic(leaf) and not isinstance(leaf, float | complex | np.generic))


def settled(operands: Sequence[Var[Any]]) -> tuple[Var[Any], ...]:
    """The operands, weak ones cast to the dtype that they take beside the strong ones."""
    strengthened = list(operands)
    for position, dtype in casts_of([var.type for var in operands]):
        strengthened[position] = cast(operands[position], dtype=dtype.name)
    return tuple(strengthened)


class Options(TypedDict, total=False):
    """The options of `op`."""

    name: str
    vjp: Function | None
    derive: bool
    infer: Function | None
    like: int | None
    local: bool
    pure: bool
    flops: Hint
    seconds: Hint


@overload
def op(forward: Callable[Q, R], backward: None = None, **options: Unpack[Options]) -> UserOp[Q, R]: ...
@overload
def op(
    forward: Callable[Q, tuple[R, S]], backward: Callable[[S, Any], Any], **options: Unpack[Options]
) -> UserOp[Q, R]: ...
@overload
def op(forward: None = None, **options: Unpack[Options]) -> Callable[[Callable[Q, R]], UserOp[Q, R]]: ...
def op(forward: Function | None = None, backward: Function | None = None, **options: Unpack[Options]) -> Any:
    """An op of one's own; usable as a decorator, with options or without.

    Arguments:
        forward: what it computes on plain values; with `backward` it returns (out, residuals), where residuals are
            whatever `backward` needs (anything that can be pickled). In a graph it gets arrays of its own.
        backward: (residuals, g) -> a cotangent for each argument of `forward`, in a tuple where there are several,
            None for zero; plain NumPy. It may run often, and leaves the residuals as they are. Such an op has no second
            derivative.
        name: shown in texts and errors; that of the function by default.
        vjp: the rule, as for `.defvjp`.
        derive: whether the rule is derived from `forward`, which is then made of ops, or functions of NumPy.
        infer: the types of the arguments -> that of the result, such as a backprop.ArrayType, or a nesting of types. No
            gradient flows through a backprop.OpaqueType.
        like: the position of the argument whose structure and types the result has. Without `infer` and `like`,
            `forward` is run once, on zeros, to learn what it returns.
        local: whether it needs a context that stays in this process, such as the handle of a solver. Then it runs in
            the thread that asked, on every executor, one after the other in the order of the calls, each once.
        pure: whether equal arguments give equal results, and nothing else happens. Calls of an op that draws random
            numbers or has a state say `pure=False`: each runs once, is neither merged with an equal one nor computed
            ahead, and cannot stand in a switch, match, scan, checkpoint or in forward mode, which would run it again.
            Without `infer` and `like` it still runs once more, on zeros. A call whose result nobody reads is left
            out; one whose arguments are not traced runs while the function is traced, and is frozen by `compile`.
        flops: floating-point operations of a call, a number or a function of the arguments' types, for the scheduler.
        seconds: the same in seconds, where that is known better.
    Returns:
        the op; without `forward`, what makes one of a function. Without a rule it may be used wherever no gradient
        depends on it.
    Errors:
        ArgumentError: options that exclude each other.
    Example:
        >>> solve = bp.op(
        ...     lambda a, b: (np.linalg.solve(a, b), a),
        ...     lambda a, g: (None, np.linalg.solve(a.T, g)),
        ...     like=1,
        ... )
        >>> bp.grad(lambda b: np.sum(solve(2 * np.eye(2), b)))(np.ones(2))
        array([0.5, 0.5])
    """
    if forward is None:
        return partial(op, **options)
    return _made(forward, backward, **options)


def _made(
    forward: Function,
    backward: Function | None,
    *,
    name: str = "",
    vjp: Function | None = None,
    derive: bool = False,
    infer: Function | None = None,
    like: int | None = None,
    local: bool = False,
    pure: bool = True,
    flops: Hint = None,
    seconds: Hint = None,
) -> UserOp[..., Any]:
    """The op of some options, with the default of each."""
    name = name or getattr(forward, "__name__", type(forward).__name__)
    check_options(name, (backward, vjp, derive or None), (infer, like))
    check_kind(name, derive, pure, local and infer is None and like is None and not derive)
    function = forward if backward is None else partial(without_residuals, forward)
    kind = Kind.HOST_PINNED if local else Kind.PLAIN
    return UserOp(
        name=name,
        infer=node_type,
        compute=partial(run if backward is None else run_pair, name, forward),
        vjp=rule_of(name, forward, backward, vjp, derive, kind),
        kind=kind,
        pure=pure,
        flops=None if flops is None else partial(estimate, flops),
        seconds=None if seconds is None else partial(estimate, seconds),
        function=function,
        type_rule=type_rule(name, function, derive, infer, like),
        pair=backward is not None,
        module=module_of(forward),
    )


def compose(outer: Callable[..., R], *inner: Callable[Q, Any]) -> UserOp[Q, R]:
    """The composition of ops: an op that feeds one op with the results of others.

    Arguments:
        outer: an op, or a function of ops, of as many arguments as there are others.
        inner: ops of the same arguments.
    Returns:
        the op x -> outer(*(f(x) for f in inner)); `f @ g` is the same for two of which one is a user's op. Its rule is
        derived from those of its parts.
    Example:
        >>> f = bp.compose(np.sin, lambda x: 2 * x)
        >>> bp.grad(f)(0.0)
        2.0
    """
    local = any(getattr(part, "kind", None) is Kind.HOST_PINNED for part in (outer, *inner))
    name = f"{_name(outer)}({', '.join(map(_name, inner))})"
    made: UserOp[Q, R] = op(partial(_composed, outer, inner), name=name, derive=True, local=local)
    return made


def _composed(outer: Function, inner: Sequence[Function], *args: Any) -> Any:
    return outer(*[f(*args) for f in inner])


def _name(f: Function) -> str:
    return str(getattr(f, "name", None) or getattr(f, "__name__", None) or type(f).__name__)
