"""Shortcuts: where two functions make a smooth one, its derivative skips the singular one between them.

sqrt(x) ** 2 is x, whose derivative at 0 is 1; the chain rule multiplies 0 by infinity. So where an outer op reads an
inner one and both together have a derivative of their own, the cotangent goes straight to the operands of the inner:

    v ** n, v * v      of sqrt, cbrt, abs, hypot, norm and std
    f(f_inverse(x))    exp(log(x)), expm1(log1p(x)), cos(arccos(x)), ...
    f(abs(x))          for even f
    a / (1 + exp(u))   the logistic function, whose quotient rule multiplies infinity by 0 at -800
    V h(w) V^T, U S V  functions of symmetric matrices, and matrices put together again (spectral.py)

The values stay what the user wrote, to the bit; only the reverse pass is another. A shortcut is the inner node with a
rule of its own, so that all else (masks, broadcasting) is done as for any node.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from ....ops.core.op import Op
from ....ops.core.types import NumericType
from ....ops.elementwise.arithmetic import absolute, add, divide, fabs, multiply, reciprocal, square
from ....ops.elementwise.complex_parts import conjugate
from ....ops.elementwise.exponential import (
    exp,
    exp2,
    expm1,
    log,
    log1p,
    log2,
    logistic_slope,
    share_of_odds,
    sigmoid,
)
from ....ops.elementwise.masking import nan_with
from ....ops.elementwise.powers import cbrt, float_power, pow_static, power, power_to, sqrt
from ....ops.elementwise.trigonometric import arccos, arccosh, arcsin, arctanh, cos, cosh, hypot, sin, sinc, tanh
from ....ops.linear_algebra.products import matmul
from ....ops.reductions.making import spread
from ....ops.reductions.norms import reduce_norm
from ....ops.reductions.variances import reduce_std, reduce_var
from ....ops.special.elementary import logit
from ...graph import Graph, Node, NodeId, literal
from .spectral import reassembled

Rule = Callable[..., Any]


class Shortcut(NamedTuple):
    """An inner node, and the rule from the cotangent and the value of the outer node to cotangents of its operands."""

    inner: Node
    rule: Rule


def shortcut(graph: Graph, node: Node) -> Shortcut | None:
    """The shortcut that a node is the outer part of, if there is one."""
    find = OUTER.get(node.op)
    return None if find is None else find(graph, node)


def _node(graph: Graph, i: NodeId) -> Node | None:
    return graph.node(i) if i >= graph.first else None


def _number(graph: Graph, i: NodeId) -> float | None:
    """The value of a literal that is a real number."""
    node = _node(graph, i)
    if node is None or node.op is not literal:
        return None
    value = node.param("value").value
    return float(value) if np.ndim(value) == 0 and np.isrealobj(value) else None


def _is_real(node: Node) -> bool:
    return isinstance(node.type, NumericType) and node.type.dtype.kind == "f"


def _is_complex(graph: Graph, node: Node) -> bool:
    """Whether the operand of a node is complex."""
    type = graph.type_of(node.inputs[0])
    return isinstance(type, NumericType) and type.dtype.kind == "c"


# Powers.


def _powered(graph: Graph, node: Node) -> Shortcut | None:
    inner = _node(graph, node.inputs[0])
    if inner is None or inner.op not in POWERED or not _is_real(inner):
        return None
    n = _exponent(graph, node)
    if n is None:
        return None
    rule = POWERED[inner.op](graph, inner, n)
    return None if rule is None else Shortcut(inner, rule)


def _exponent(graph: Graph, node: Node) -> float | None:
    if node.op is square:
        return 2.0
    if node.op is power_to:
        return float(node.param("n"))
    if node.op is multiply:
        one, other = (_node(graph, i) for i in node.inputs)
        return 2.0 if one is not None and other is not None and one[:3] == other[:3] else None
    return _number(graph, node.inputs[1])


def _times_power(c: float, x: Any, n: float) -> Any:
    """c x ** n, as a number or an array."""
    return c if n == 0 else c * (x if n == 1 else pow_static(x, int(n) if n.is_integer() else n))


def _of_root(graph: Graph, inner: Node, n: float, *, root: float) -> Rule | None:
    """root(x) ** n is x ** (n / root)."""
    if root != 2 and n % root:
        return None

    def rule(g: Any, out: Any, x: Any) -> Any:
        return nan_with(g * _times_power(n / root, x, n / root - 1), out)

    return rule


def _of_absolute(graph: Graph, inner: Node, n: float) -> Rule | None:
    """|x| ** n is x ** n for an even n; |z| ** 2 is z times its conjugate."""
    if _is_complex(graph, inner):
        return (lambda g, out, z: g * 2.0 * conjugate(z)) if n == 2 else None
    return None if n % 2 or n < 2 else lambda g, out, x: g * _times_power(n, x, n - 1)


def _of_hypot(graph: Graph, inner: Node, n: float) -> Rule | None:
    if n < 2:
        return None

    def rule(g: Any, out: Any, x: Any, y: Any) -> tuple[Any, Any]:
        change = g * _times_power(n, hypot(x, y), n - 2)
        return change * x, change * y

    return rule


def _of_norm(graph: Graph, inner: Node, n: float) -> Rule | None:
    if n < 2:
        return None

    def rule(g: Any, out: Any, x: Any, *, axes: Any, keepdims: bool) -> Any:
        change = g * _times_power(n, reduce_norm(x, axes=axes, keepdims=keepdims), n - 2)
        return spread(change, x, axes) * (conjugate(x) if x.dtype.kind == "c" else x)

    return rule


def _of_std(graph: Graph, inner: Node, n: float) -> Rule | None:
    if n < 2:
        return None

    def rule(g: Any, out: Any, x: Any, **params: Any) -> Any:
        change = g * _times_power(n / 2, reduce_std(x, **params), n - 2)
        assert reduce_var.vjp is not None
        return reduce_var.vjp(change, out, x, **params)

    return rule


POWERED: Mapping[Op, Callable[[Graph, Node, float], Rule | None]] = MappingProxyType(
    {
        sqrt: partial(_of_root, root=2.0),
        cbrt: partial(_of_root, root=3.0),
        absolute: _of_absolute,
        fabs: _of_absolute,
        hypot: _of_hypot,
        reduce_norm: _of_norm,
        reduce_std: _of_std,
    }
)

# Inverses, and even functions.

INVERSES: Mapping[Op, Op] = MappingProxyType(
    {
        exp: log,
        exp2: log2,
        expm1: log1p,
        sin: arcsin,
        cos: arccos,
        cosh: arccosh,
        tanh: arctanh,
        sigmoid: logit,
    }
)
"""What undoes an op from the right: op(INVERSES[op](x)) is x."""

EVEN = frozenset({cos, cosh, sinc, absolute, fabs})


def _of_inner(graph: Graph, node: Node) -> Shortcut | None:
    inner = _node(graph, node.inputs[0])
    if inner is None:
        return None
    if inner.op is INVERSES.get(node.op):
        return Shortcut(inner, lambda g, out, x: nan_with(g, out))
    is_even = node.op in EVEN and inner.op in (absolute, fabs) and not _is_complex(graph, inner)
    return Shortcut(inner, node.op.vjp) if is_even and node.op.vjp is not None else None


# The logistic function.


def _logistic(graph: Graph, node: Node) -> Shortcut | None:
    below = _node(graph, node.inputs[-1])
    if below is None or below.op is not add or not _is_real(below):
        return None
    whole = 1.0 if node.op is reciprocal else _number(graph, node.inputs[0])
    if whole is None:
        return None
    for one, other in (below.inputs, below.inputs[::-1]):
        inner = _node(graph, other)
        if inner is not None and inner.op is exp and inner.type == node.type and _number(graph, one) == 1.0:
            return Shortcut(inner, _logistic_rule if whole == 1.0 else lambda g, out, u: -g * (out * sigmoid(u)))
    return None


def _logistic_rule(g: Any, out: Any, u: Any) -> Any:
    """The rule of 1 / (1 + exp(u)); what is emitted for exp(u) is what the function has computed."""
    return -g * (out * share_of_odds(exp(u), out))


def _share_of_exp(graph: Graph, node: Node) -> Shortcut | None:
    inner = _node(graph, node.inputs[0])
    if inner is None or inner.op is not exp:
        return None
    return Shortcut(inner, lambda g, out, u: g * logistic_slope(u))


def _reassembled(graph: Graph, node: Node) -> Shortcut | None:
    found = reassembled(graph, node)
    return None if found is None else Shortcut(*found)


OUTER: Mapping[Op, Callable[[Graph, Node], Shortcut | None]] = MappingProxyType(
    {
        **dict.fromkeys((square, power_to, multiply, power, float_power), _powered),
        **dict.fromkeys((*INVERSES, *EVEN), _of_inner),
        divide: _logistic,
        reciprocal: _logistic,
        share_of_odds: _share_of_exp,
        matmul: _reassembled,
    }
)
