"""Contractions: sums of products, from dot to einsum.

There are two primitives, matmul and row_dot. Everything else is brought to them by views when the graph is made, so
that an einsum of many operands becomes a few products, the order of which depends on the shapes alone, and its
cotangents share them.
"""

from __future__ import annotations

import math
import string
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from ...errors import ShapeError
from ..arrays.arrangement import take_diagonal
from ..arrays.shapes import (
    asarray,
    expand_dims,
    many_axes,
    matrix_transpose,
    moveaxis,
    ravel,
    refuse_out,
    reshape,
    squeeze,
    sum_to,
    transpose,
)
from ..core.op import Kind, Op, broadcast
from ..core.types import NumericType, Shape, ValueType, array_type, numeric, value_type
from ..elementwise.complex_parts import conjugate

# matmul: x (..., m, k) @ y (..., k, n); a vector is a row on the left and a column on the right.


def _matmul_type(x: ValueType[Any], y: ValueType[Any]) -> NumericType[Any]:
    s, t = numeric("matmul", x, y)
    if not s.ndim or not t.ndim:
        raise ShapeError(f"matmul: shapes {s.shape} and {t.shape} do not fit: a number", fix="multiply by it with *")
    inner = t.shape[max(0, t.ndim - 2)]
    if s.shape[-1] != inner:
        raise ShapeError(
            f"matmul: shapes {s.shape} and {t.shape} do not fit: {s.shape[-1]} against {inner}",
            fix="the last axis of the left operand has to be as long as the last axis but one of the right operand",
        )
    batch = broadcast("matmul", (array_type(s.shape[:-2], s.dtype), array_type(t.shape[:-2], t.dtype)))
    shape = (*batch, *s.shape[-2:-1], *(t.shape[-1:] if t.ndim > 1 else ()))
    return value_type(shape, np.result_type(s.dtype, t.dtype))


def _matmul(x: Any, y: Any, out: Any = None) -> Any:
    return _dot(x, y, out) if x.ndim < 3 and y.ndim < 3 else np.matmul(x, y, out=out)


_dot: Any = np.dot  # takes `out` by position; for one row, and for one term to add, it is quicker than np.matmul


def _matmul_kernel(x: NumericType[Any], y: NumericType[Any]) -> Any:
    return _dot if x.ndim < 3 and y.ndim < 3 else np.matmul


def _matmul_vjp(g: Any, out: Any, x: Any, y: Any) -> tuple[Any, Any]:
    rows, columns = len(x.shape) > 1, len(y.shape) > 1
    if not rows and not columns:
        return g * y, g * x
    if not columns:
        return _product(expand_dims(g, -1), expand_dims(y, 0)), matmul(_flat(x, 1).T, ravel(g))
    if not rows:
        return matvec(y, g), _product(expand_dims(x, -1), expand_dims(g, -2))
    left = _product(g, matrix_transpose(y))
    if len(y.shape) == 2:
        return left, _product(_flat(x, 1).T, _flat(g, 1))
    return left, _product(matrix_transpose(x), g)


def _flat(x: Any, kept: int) -> Any:
    return reshape(x, (math.prod(x.shape[:-kept]), *x.shape[-kept:]))


def _product(x: Any, y: Any) -> Any:
    """The matmul of matrices; of stacks of them as a broadcast product where there is only one term to add."""
    stacked = len(x.shape) > 2 or len(y.shape) > 2
    return x * y if stacked and x.shape[-1] == 1 else matmul(x, y)


def matmul_flops(x: NumericType[Any], y: NumericType[Any], out: NumericType[Any]) -> float:
    """Floating-point operations of a matmul: 2 k for each element of the result."""
    return 2.0 * out.size * x.shape[-1]


matmul: Op = Op(
    "matmul", _matmul_type, _matmul, _matmul_vjp, Kind.INTO, matmul_flops, home=__name__, kernel=_matmul_kernel
)


# row_dot: the sum of x * y over the last axis, without conjugation.


def _row_dot_type(x: ValueType[Any], y: ValueType[Any]) -> NumericType[Any]:
    s, t = numeric("row_dot", x, y)
    if not s.ndim or not t.ndim or s.shape[-1] != t.shape[-1]:
        raise ShapeError(
            f"row_dot: shapes {s.shape} and {t.shape} do not fit in the last axis", fix="give rows of equal length"
        )
    batch = broadcast("row_dot", (array_type(s.shape[:-1], s.dtype), array_type(t.shape[:-1], t.dtype)))
    return value_type(batch, np.result_type(s.dtype, t.dtype))


def _row_dot(x: Any, y: Any, out: Any = None) -> Any:
    return np.vecdot(np.conjugate(x) if x.dtype.kind == "c" else x, y, out=out)


row_dot: Op = Op(
    "row_dot",
    _row_dot_type,
    _row_dot,
    lambda g, out, x, y: (expand_dims(g, -1) * y, expand_dims(g, -1) * x),
    Kind.INTO,
    matmul_flops,
    home=__name__,
)


# NumPy's functions.


def conjugated(x: Any) -> Any:
    """The complex conjugate of an array, which is itself where its dtype is real."""
    return conjugate(x) if x.dtype.kind == "c" else x


def adjoint(x: Any) -> Any:
    """The conjugate transposes of matrices (..., m, n)."""
    return conjugated(matrix_transpose(x))


def dot(a: Any, b: Any, out: None = None) -> Any:
    """`numpy.dot`.

    Arguments:
        a: array (..., k), or a number.
        b: array (k,) or (..., k, n), or a number.
        out: None.
    Returns:
        the sums of products over the last axis of `a` and the last but one of `b`, axes of `a` first; a product
        where one operand is a number.
    Errors:
        ShapeError: axes of different lengths.
    """
    refuse_out("dot", out)
    x, y = asarray(a), asarray(b)
    if not x.shape or not y.shape:
        return x * y
    if len(y.shape) <= 2 and len(x.shape) <= 2:
        return matmul(x, y)
    return tensordot(x, y, ((-1,), (max(-2, -len(y.shape)),)))


def inner(a: Any, b: Any, /) -> Any:
    """`numpy.inner`: the sums of products over the last axes, axes of `a` first; a product of numbers."""
    x, y = asarray(a), asarray(b)
    return tensordot(x, y, ((-1,), (-1,))) if x.shape and y.shape else x * y


def outer(a: Any, b: Any, out: None = None) -> Any:
    """`numpy.outer`: the products of all elements of `a` (m) with all of `b` (n), of shape (m, n)."""
    refuse_out("outer", out)
    return expand_dims(ravel(a), 1) * ravel(b)


def vdot(a: Any, b: Any, /) -> Any:
    """`numpy.vdot`: the sum of the products of all elements, those of `a` conjugated."""
    return matmul(conjugated(ravel(a)), ravel(b))


def vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    """`numpy.vecdot`: the sums of products along one axis, `x1` conjugated; the other axes broadcast."""
    x, y = moveaxis(x1, axis, -1), moveaxis(x2, axis, -1)
    return row_dot(conjugated(x), y)


def matvec(x1: Any, x2: Any, /) -> Any:
    """`numpy.matvec`: matrices (..., m, n) by vectors (..., n), of shape (..., m)."""
    x, y = asarray(x1), asarray(x2)
    if len(y.shape) < 2:
        return matmul(x, y)
    return matmul(y, x.T) if len(x.shape) == 2 else squeeze(matmul(x, expand_dims(y, -1)), -1)


def vecmat(x1: Any, x2: Any, /) -> Any:
    """`numpy.vecmat`: conjugated vectors (..., m) by matrices (..., m, n), of shape (..., n)."""
    x, y = conjugated(asarray(x1)), asarray(x2)
    return matmul(x, y) if len(x.shape) < 2 or len(y.shape) < 3 else squeeze(matmul(expand_dims(x, -2), y), -2)


def tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    """`numpy.tensordot`.

    Arguments:
        a, b: arrays.
        axes: how many axes to sum over, the last of `a` and the first of `b`; or the axes of `a`, and those of `b`.
    Returns:
        the sums of products, the remaining axes of `a` before those of `b`.
    Errors:
        ShapeError: axes of different lengths.
    """
    x, y = asarray(a), asarray(b)
    left, right = _summed_axes(axes, len(x.shape), len(y.shape))
    if [x.shape[i] for i in left] != [y.shape[i] for i in right]:
        raise ShapeError(
            f"tensordot: axes {left} of {x.shape} and {right} of {y.shape} differ in length",
            fix="name axes of equal length, in the same order for both operands",
        )
    letters = iter(string.ascii_letters)
    labels = [next(letters) for _ in x.shape]
    others = [labels[left[right.index(i)]] if i in right else next(letters) for i in range(len(y.shape))]
    kept = [c for i, c in enumerate(labels) if i not in left] + [c for i, c in enumerate(others) if i not in right]
    return _ordered(_pair(_Term(x, "".join(labels)), _Term(y, "".join(others)), "".join(kept)), "".join(kept))


def _summed_axes(axes: Any, m: int, n: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    if isinstance(axes, Iterable):
        left, right = ((i,) if isinstance(i, int) else tuple(i) for i in axes)
    else:
        left, right = tuple(range(m - axes, m)), tuple(range(axes))
    if len(left) != len(right):
        raise ShapeError(
            f"tensordot: {len(left)} axes against {len(right)}", fix="name as many axes of one operand as of the other"
        )
    return many_axes("tensordot", left, m), many_axes("tensordot", right, n)


# einsum: products of labelled operands, two at a time.


class _Term(NamedTuple):
    """An array with a letter for each axis."""

    array: Any
    labels: str

    def length(self, label: str) -> int:
        return int(self.array.shape[self.labels.index(label)])


def _ordered(term: _Term, labels: str) -> Any:
    return transpose(term.array, [term.labels.index(c) for c in labels])


def _reduced(term: _Term, kept: str) -> _Term:
    """The sum over all labels but the kept ones."""
    labels = "".join(c for c in term.labels if c in kept)
    if labels == term.labels:
        return term
    x = _ordered(term, "".join(c for c in term.labels if c not in kept) + labels)
    return _Term(sum_to(x, shape=x.shape[len(x.shape) - len(labels) :]), labels)


def _single(term: _Term) -> _Term:
    """The diagonal of axes that share a label."""
    x, labels = term
    while double := [c for c in labels if labels.count(c) > 1]:
        i = labels.index(double[0])
        j = labels.index(double[0], i + 1)
        if x.shape[i] != x.shape[j]:
            raise ShapeError(
                f"einsum: index {double[0]!r} has the lengths {x.shape[i]} and {x.shape[j]}",
                fix="an index stands for one length, wherever it stands",
            )
        x = take_diagonal(moveaxis(x, (i, j), (-2, -1)), offset=0)
        labels = labels[:i] + labels[i + 1 : j] + labels[j + 1 :] + double[0]
    return _Term(x, labels)


def _pair(x: _Term, y: _Term, kept: str) -> _Term:
    """The product of two terms, summed over all labels but the kept ones."""
    x, y = _reduced(x, kept + y.labels), _reduced(y, kept + x.labels)
    both = [c for c in x.labels if c in y.labels]
    batch, summed = "".join(c for c in both if c in kept), "".join(c for c in both if c not in kept)
    left, right = ("".join(c for c in term.labels if c not in both) for term in (x, y))
    labels = batch + left + right
    if not summed:
        return _Term(_aligned(x, labels) * _aligned(y, labels), labels)
    product = _summed(_grouped(x, batch, left, summed), _grouped(y, batch, summed, right), left, right)
    return _Term(reshape(product, [x.length(c) if c in x.labels else y.length(c) for c in labels]), labels)


def _aligned(term: _Term, labels: str) -> Any:
    """The array with an axis for each label, of length 1 where the term lacks it."""
    lengths = [term.length(c) if c in term.labels else 1 for c in labels]
    return reshape(_ordered(term, "".join(c for c in labels if c in term.labels)), lengths)


def _grouped(term: _Term, batch: str, *groups: str) -> Any:
    """The array with an axis for each label of the batch, and one for each other group that is not empty."""
    lengths = [math.prod(map(term.length, group)) for group in (*batch, *groups) if group]
    return reshape(_ordered(term, batch + "".join(groups)), lengths)


def _summed(x: Any, y: Any, left: str, right: str) -> Any:
    """The product of (..., left, summed) and (..., summed, right), where either group may be missing."""
    if not right:
        return matvec(x, y) if left else row_dot(x, y)
    return matmul(x, y) if left or len(x.shape) < 2 else matmul(expand_dims(x, -2), y)


def einsum(*operands: Any, out: None = None, optimize: Any = True, dtype: Any = None) -> Any:
    """`numpy.einsum`.

    Arguments:
        operands: subscripts ("ij,jk->ik", also with an ellipsis, a repeated index, or no arrow) and an array for each;
            or arrays, each followed by a list of ints, and at last the list of the result.
        out: None.
        optimize: ignored; the order of products is chosen from the shapes.
        dtype: dtype to compute in; None promotes.
    Returns:
        the sums of products.
    Errors:
        ShapeError: subscripts that do not fit the arrays, or lengths that do not fit each other.
    """
    refuse_out("einsum", out)
    subscripts, arrays = _subscripts(operands)
    labels, result = _explicit(subscripts, tuple(len(x.shape) for x in arrays))
    terms = [_single(_Term(asarray(x, dtype), c)) for x, c in zip(arrays, labels, strict=True)]
    terms = _without_ones(terms)
    if unknown := set(result) - {c for term in terms for c in term.labels}:
        raise ShapeError(
            f"einsum {subscripts!r}: no operand has the index {min(unknown)!r} of the result",
            fix="name indices of the operands only after ->",
        )
    for step in _path(tuple(term.labels for term in terms), result, tuple(term.array.shape for term in terms)):
        chosen = [terms.pop(i) for i in sorted(step, reverse=True)]
        terms.append(_chain(chosen, result + "".join(term.labels for term in terms)))
    return _ordered(_reduced(terms[0], result), result)


def _chain(terms: list[_Term], kept: str) -> _Term:
    product, *rest = terms
    while rest:
        term = rest.pop()
        product = _pair(product, term, kept + "".join(t.labels for t in rest))
    return product


def _subscripts(operands: tuple[Any, ...]) -> tuple[str, list[Any]]:
    if isinstance(operands[0], str):
        return operands[0].replace(" ", ""), [asarray(x) for x in operands[1:]]
    lists = [_letters(labels) for labels in operands[1::2]]
    result = "->" + _letters(operands[-1]) if len(operands) % 2 else ""
    return ",".join(lists) + result, [asarray(x) for x in operands[: 2 * len(lists) : 2]]


def _letters(labels: Sequence[Any]) -> str:
    return "".join("..." if i is Ellipsis else string.ascii_letters[i] for i in labels)


@lru_cache(maxsize=1024)
def _explicit(subscripts: str, counts: tuple[int, ...]) -> tuple[tuple[str, ...], str]:
    """The letters of each operand and of the result, with letters in the place of each ellipsis."""
    left, arrow, right = subscripts.partition("->")
    parts = left.split(",")
    named = [part.replace("...", "") for part in parts]
    extra = [n - len(name) for n, name in zip(counts, named, strict=False)]
    if len(parts) != len(counts) or any(n < 0 or (n > 0 and "..." not in p) for n, p in zip(extra, parts, strict=True)):
        raise ShapeError(
            f"einsum {subscripts!r} does not fit operands of {', '.join(map(str, counts))} axes",
            fix="give a term for each operand, and in it a letter for each axis",
        )
    spare = [c for c in string.ascii_letters if c not in subscripts]
    dots = "".join(spare[: max(extra)])
    inputs = tuple(p.replace("...", dots[len(dots) - n :]) for p, n in zip(parts, extra, strict=True))
    if not arrow:
        once = sorted(c for name in named for c in name if left.count(c) == 1)
        return inputs, dots + "".join(once)
    result = right.replace("...", dots)
    if len(set(result)) != len(result) or (dots and "..." not in right):
        raise ShapeError(
            f"einsum {subscripts!r}: the result needs each index once, and the ellipsis if there is one",
            fix="write each index once after ->, and ... where an operand has it",
        )
    return inputs, result


def _without_ones(terms: list[_Term]) -> list[_Term]:
    """The terms, each without the axes of length 1 that broadcast against a longer axis of another term."""
    lengths: dict[str, int] = {}
    for term in terms:
        for c, n in zip(term.labels, term.array.shape, strict=True):
            if n != 1 and lengths.setdefault(c, n) != n:
                raise ShapeError(
                    f"einsum: index {c!r} has the lengths {lengths[c]} and {n}",
                    fix="an index stands for one length, wherever it stands",
                )
    return [_squeezed(term, [c for c in term.labels if term.length(c) == 1 and c in lengths]) for term in terms]


def _squeezed(term: _Term, labels: list[str]) -> _Term:
    axes = tuple(map(term.labels.index, labels))
    return _Term(squeeze(term.array, axes), "".join(c for c in term.labels if c not in labels)) if axes else term


@lru_cache(maxsize=1024)
def _path(labels: tuple[str, ...], result: str, shapes: tuple[Shape, ...]) -> tuple[tuple[int, ...], ...]:
    """Which terms to multiply, step by step: NumPy's greedy choice."""
    if len(labels) < 3:
        return (tuple(range(len(labels))),)
    like = (np.broadcast_to(np.empty(()), shape) for shape in shapes)
    path, _ = np.einsum_path(f"{','.join(labels)}->{result}", *like, optimize="greedy")
    return tuple(path[1:])
