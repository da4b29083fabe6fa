"""Tuples: how a graph takes the results of an op with several results apart, and puts their cotangents together.

`graph.differentiate` keeps the cotangent of a tuple item by item, and builds it once, so that items which nothing reads
cost nothing.
"""

from __future__ import annotations

from typing import Any

from ...errors import GraphTypeError
from ..core.op import Kind, Op, always
from ..core.types import TupleType, ValueType
from .creation import zeros_like


def _item_type(t: ValueType[Any], *, index: int) -> ValueType[Any]:
    if not isinstance(t, TupleType):
        raise GraphTypeError(f"item takes a tuple, not {t}", fix="take an item of the result of an op with several")
    return t.items[index]


def _item_vjp(g: Any, out: Any, t: Any, *, index: int) -> Any:
    return (make_tuple(*(g if i == index else zeros_like(item(t, index=i)) for i in range(len(t)))),)


# The result may share memory with all operands, not with the first only.
make_tuple: Op = Op(
    "make_tuple",
    lambda *items: TupleType(items),
    lambda *items: items,
    lambda g, out, *items: tuple(item(g, index=i) for i in range(len(items))),
    Kind.VIEW,
    home=__name__,
    keeps_layout=always,
    cheap=False,
)

# The cotangent of a tuple is a tuple: zeros but for the item taken.
# It is not cheap, as making it again would keep all of the tuple.
item: Op = Op(
    "item",
    _item_type,
    lambda t, *, index: t[index],
    _item_vjp,
    Kind.VIEW,
    home=__name__,
    keeps_layout=always,
    cheap=False,
)

# The same as a value of its own: whoever reads it need not be sent the other items.
taken: Op = Op("taken", _item_type, lambda t, *, index: t[index], _item_vjp, home=__name__)
