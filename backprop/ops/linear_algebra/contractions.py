"""Contractions of any axes: einsum, tensordot, dot and inner.

All become products of two operands when the graph is made, so that an einsum of many operands becomes a few products,
the order of which depends on the shapes alone, and its cotangents share them.

Source of names and defaults: the NumPy 2 reference.
"""

from __future__ import annotations

import math
import string
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from ...errors import ShapeError
from ..arrays.arguments import many_axes, refuse_out
from ..arrays.as_array import asarray
from ..arrays.axes import expand_dims, moveaxis, squeeze
from ..arrays.diagonals import take_diagonal
from ..arrays.views import reshape, sum_to, transpose
from ..core.types import Shape
from .products import matmul, matvec, row_dot

__all__ = ["dot", "einsum", "inner", "tensordot"]


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
    if stray := set(subscripts) - set(string.ascii_letters) - set("., ->"):
        raise ShapeError(f"einsum {subscripts!r}: {min(stray)!r} is no index", fix="use letters as indices")
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
