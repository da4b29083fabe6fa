"""Where a derivative is not determined: NaN there, and a warning that names the function and the user's line.

Eigenvectors of equal eigenvalues can be any of a plane: how they turn depends on nothing that is given. Whether a
result depends on such a turn is known only when it runs, so the rules of decompositions say by values where it does.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from ..arrays.creation import filled
from ..arrays.tuples import make_tuple
from ..core.batching import FIRST, STACKS
from ..core.op import Op
from ..core.types import NumericType, ValueType, array_type, numeric
from ..elementwise.comparison import logical_and, not_equal


def where_undetermined(total: Any, x: Any, bad: Any, free: Any = None, *, what: str, line: str) -> Any:
    """The cotangents of matrices, NaN where they depend on a share that is not determined, with a warning.

    A direction in which a matrix does not move has the derivative 0, whatever is not determined: so forward mode is NaN
    matrix by matrix, too, and there only for the shares.

    Arguments:
        total: the cotangents (..., m, n).
        x: what they are linear in (..., i, j), finite where it is not determined.
        bad: which elements of `x` they depend on, and are not determined; of its shape but for axes of length 1.
        free: which elements of `x` are not determined at all, so that a tangent of them is NaN; those by default.
        what: what is not determined then, for the warning.
        line: the user's line.
    """
    whole = np.ones(x.shape[-2:], bool)
    bad = logical_and(bad, whole)
    rows, columns = total.shape[-2:]
    return total + lost(
        x, bad, bad if free is None else logical_and(free, whole), rows=rows, columns=columns, what=what, line=line
    )


def _lost_type(
    x: ValueType[Any], bad: ValueType[Any], free: ValueType[Any], *, rows: int, columns: int, **texts: str
) -> NumericType[Any]:
    t, *_ = numeric("lost", x, bad, free)
    return array_type((*t.shape[:-2], rows, columns), t.dtype)


def _lost(x: Any, bad: Any, free: Any, *, rows: int, columns: int, what: str, line: str) -> Any:
    affected = np.any(bad, (-2, -1), keepdims=True)
    _warn(affected, what, line)
    nan, zero = x.dtype.type(np.nan), x.dtype.type(0)
    return np.where(np.broadcast_to(affected, (*bad.shape[:-2], rows, columns)), nan, zero)


def _lost_vjp(
    g: Any, out: Any, x: Any, bad: Any, free: Any, *, what: str, line: str, **lengths: int
) -> tuple[Any, None, None]:
    return lost_where_moved(g, free, what=what, line=line), None, None


# Zeros for a stack of matrices, and NaN throughout each of which `bad` holds for a share x.
lost: Op = Op("lost", _lost_type, _lost, _lost_vjp, home=__name__, batch=STACKS)


def _moved_type(g: ValueType[Any], free: ValueType[Any], **texts: str) -> NumericType[Any]:
    t, b = numeric("lost_where_moved", g, free)
    return array_type(b.shape, t.dtype)


def _lost_where_moved(g: Any, free: Any, *, what: str, line: str) -> Any:
    affected = free & np.any(g != 0, (-2, -1), keepdims=True)
    _warn(affected, what, line)
    return np.where(affected, g.dtype.type(np.nan), g.dtype.type(0))


def _moved_vjp(h: Any, out: Any, g: Any, free: Any, **texts: str) -> tuple[Any, None]:
    rows, columns = g.shape[-2:]
    return lost(h, logical_and(free, not_equal(h, 0)), free, rows=rows, columns=columns, **texts), None


# Its transpose: zeros for the shares of matrices, and NaN for those that are free, where a matrix moves at all along g.
lost_where_moved: Op = Op("lost_where_moved", _moved_type, _lost_where_moved, _moved_vjp, home=__name__, batch=STACKS)


def _warn(affected: Any, what: str, line: str) -> None:
    if np.any(affected):
        at = f", at {line}" if line else ""
        warnings.warn(f"{what}{at}; the derivative is NaN there", RuntimeWarning, stacklevel=3)


def _noted(x: Any, bad: Any, *, what: str, line: str) -> Any:
    if np.any(bad):
        warnings.warn(f"{what}, at {line}" if line else what, RuntimeWarning, stacklevel=2)
    return np.array(x)[()]


# x, with a warning where any of `bad` holds.
noted_where: Op = Op(
    "noted_where",
    lambda x, bad, **params: x,
    _noted,
    lambda g, out, x, bad, **params: (g, None),
    home=__name__,
    batch=FIRST,
)


def is_absent(g: Any, index: int) -> bool:
    """Whether an item of a tuple of cotangents is 0 because nothing depends on its value, as far as the graph tells."""
    builder = getattr(g, "builder", None)
    node = None if builder is None else builder.nodes[g.id]
    if node is None or node.op is not make_tuple:
        return False
    part = builder.nodes[node.inputs[index]]  # type: ignore[union-attr]
    return part is not None and part.op is filled and complex(part.param("value")) == 0


def line_of(g: Any) -> str:
    """The line of the user's that a rule is at, as text: that of the node whose cotangent it was given."""
    source = getattr(getattr(g, "builder", None), "source", None)
    return "" if source is None else str(source)
