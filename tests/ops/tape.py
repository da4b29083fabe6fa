"""The smallest reverse mode there is: an oracle for rules, independent of `backprop.graph`.

A TapeVar holds its value, how it came about, and the number of its birth. `pull_back` walks births backwards and calls
the rules on TapeVars again, so that what it returns can be differentiated once more. Each value is held against the
type that its op infers, and each cotangent against the precision of its primals.
"""

from __future__ import annotations

import itertools
import operator
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from backprop.ops.arrays.indexing.items import getitem
from backprop.ops.arrays.tuples import item, make_tuple
from backprop.ops.arrays.views import broadcast_to, sum_to, transpose
from backprop.ops.core.op import Op
from backprop.ops.core.types import NumericType, TupleType, ValueType, type_of
from backprop.ops.elementwise import arithmetic, comparison, conversion, powers
from backprop.ops.linear_algebra.products import matmul

BIRTHS = itertools.count()
SINGLE = {np.dtype(np.float32), np.dtype(np.complex64)}


class TapeVar:
    """A value that knows how it came about."""

    __array_ufunc__ = None
    __hash__ = object.__hash__

    def __init__(self, value: Any, op: Op | None = None, args: tuple[Any, ...] = (), params: Any = None) -> None:
        self.value, self.op, self.args, self.params, self.birth = value, op, args, params or {}, next(BIRTHS)

    shape = property(lambda self: np.shape(self.value))
    dtype = property(lambda self: np.asarray(self.value).dtype)
    ndim = property(lambda self: np.ndim(self.value))
    size = property(lambda self: np.size(self.value))
    T = property(lambda self: transpose(self))

    def __backprop_emit__(self, op: Op, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
        value = op.compute(*map(value_of, args), **params)
        expect_type(op, value, op.infer(*(type_of(value_of(a)) for a in args), **params))
        return TapeVar(value, op, args, params)

    def __getitem__(self, key: Any) -> Any:
        return item(self, index=key) if isinstance(self.value, tuple) else getitem(self, key)

    def __len__(self) -> int:
        return len(self.value)

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def __bool__(self) -> bool:
        raise AssertionError("a rule looks at a value")

    def __backprop_ask__(self, ask: Callable[[Any], Any]) -> Any:
        return ask(self.value)

    __float__ = __int__ = __index__ = __array__ = __bool__

    def __matmul__(self, other: Any) -> Any:
        return matmul(self, other)

    def __rmatmul__(self, other: Any) -> Any:
        return matmul(other, self)

    def __neg__(self) -> Any:
        return arithmetic.negative(self)

    def __pow__(self, other: Any) -> Any:
        return powers.pow_static(self, other)

    def __rpow__(self, other: Any) -> Any:
        return powers.power(other, self)


def _add_operators() -> None:
    for name, op in {
        "add": arithmetic.add,
        "sub": arithmetic.subtract,
        "mul": arithmetic.multiply,
        "truediv": arithmetic.divide,
    }.items():
        setattr(TapeVar, f"__{name}__", lambda self, other, op=op: op(self, other))
        setattr(TapeVar, f"__r{name}__", lambda self, other, op=op: op(other, self))
    compare = {
        "lt": comparison.less,
        "le": comparison.less_equal,
        "gt": comparison.greater,
        "ge": comparison.greater_equal,
    }
    for name, op in {
        **compare,
        "eq": comparison.equal,
        "ne": comparison.not_equal,
        "and": comparison.bitwise_and,
        "or": comparison.bitwise_or,
    }.items():
        setattr(TapeVar, f"__{name}__", lambda self, other, op=op: op(self, other))


_add_operators()


def value_of(x: Any) -> Any:
    return x.value if isinstance(x, TapeVar) else x


def expect_type(op: Op, value: Any, inferred: ValueType[Any]) -> None:
    """Fail where a value does not have the shape and dtype that its op infers, or is no scalar where its op says so."""
    if isinstance(inferred, TupleType):
        for item, t in zip(value, inferred.items, strict=True):
            expect_type(op, item, t)
    elif isinstance(inferred, NumericType):
        seen = (np.shape(value), np.asarray(value).dtype)
        assert seen == (inferred.shape, inferred.dtype), f"{op.name} returns {seen} and infers {inferred}"
        known = type_of(value)
        assert type(known) is type(inferred), f"{op.name} returns a {type(known)} and infers a {type(inferred)}"


def ancestors(values: list[Any]) -> Iterator[TapeVar]:
    """The nodes that values are made of, each once."""
    seen: set[int] = set()
    pending = list(values)
    while pending:
        node = pending.pop()
        if isinstance(node, TapeVar) and node.op is not None and node.birth not in seen:
            seen.add(node.birth)
            pending.extend(node.args)
            yield node


FindRule = Callable[[Op], Callable[..., Any] | None]


def pull_back(out: TapeVar, g: Any, wrt: list[TapeVar], rule: FindRule = operator.attrgetter("vjp")) -> list[Any]:
    """The cotangents of `wrt`, given that of `out`; zeros where nothing flows. `rule` finds the rule of an op."""
    found: dict[int, Any] = {out.birth: g}
    nodes = {out.birth: out}
    while nodes:
        node = nodes.pop(max(nodes))
        for arg, cotangent in _flow(node, found[node.birth], rule):
            nodes[arg.birth] = arg
            found[arg.birth] = _plus(found[arg.birth], cotangent) if arg.birth in found else cotangent
    return [found[x.birth] if x.birth in found else np.zeros(x.shape, x.dtype) for x in wrt]


def _flow(node: TapeVar, g: Any, rule: FindRule) -> Iterator[tuple[TapeVar, Any]]:
    vjp = None if node.op is None else rule(node.op)
    if vjp is None:
        return
    answer = vjp(g, node, *node.args, **node.params)
    answer = answer if isinstance(answer, tuple) else (answer,)
    assert len(answer) == len(node.args), f"the rule of {node.op} returns {len(answer)} cotangents"
    for arg, cotangent in zip(node.args, answer, strict=True):
        if isinstance(arg, TapeVar) and cotangent is not None and _inexact(arg.value):
            yield arg, fit(node, cotangent, arg)


def _inexact(value: Any) -> bool:
    return isinstance(value, tuple) or np.asarray(value).dtype.kind in "fc"


def fit(node: TapeVar, cotangent: Any, x: TapeVar) -> Any:
    """A cotangent of the shape and dtype of its primal, as `differentiate` makes it."""
    assert cotangent is not NotImplemented, f"{node.op} has no derivative by this operand"
    if isinstance(x.value, tuple):
        return cotangent
    seen = np.asarray(value_of(cotangent)).dtype
    values = [value_of(node), *map(value_of, node.args)]  # an op that widens, as a cast, widens its cotangent too
    dtypes = [np.asarray(value).dtype for value in values if _inexact(value) and not isinstance(value, tuple)]
    single = all(dtype in SINGLE for dtype in dtypes) and type(cotangent) not in (int, float)
    assert not single or seen in SINGLE, f"the rule of {node.op} makes {seen} of {dtypes}"
    if np.ndim(value_of(cotangent)) < x.ndim:
        cotangent = broadcast_to(cotangent, np.broadcast_shapes(np.shape(value_of(cotangent)), x.shape))
    if np.shape(value_of(cotangent)) != x.shape:
        cotangent = sum_to(cotangent, shape=x.shape)
    return cotangent if seen == x.dtype else conversion.cast(cotangent, dtype=x.dtype.name)


def _plus(a: Any, b: Any) -> Any:
    if isinstance(value_of(a), tuple):
        return make_tuple(*(a[i] + b[i] for i in range(len(a))))
    return a + b
