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
from ..core.batching import FIRST
from ..core.op import Op, broadcast
from ..core.rows import BY_ELEMENT
from ..core.types import NumericType, ValueType, numeric
from ..elementwise.ufunc import result_type


def _undetermined_type(x: ValueType[Any], bad: ValueType[Any], **params: Any) -> NumericType[Any]:
    operands = numeric("undetermined", x, bad)
    return result_type(operands[:1], broadcast("undetermined", operands), operands[0].dtype)


def _undetermined(x: Any, bad: Any, *, what: str, line: str) -> Any:
    if np.any(bad):
        at = f", at {line}" if line else ""
        warnings.warn(f"{what}{at}; the derivative is NaN there", RuntimeWarning, stacklevel=2)
    return np.where(bad, np.asarray(x).dtype.type(np.nan), x)[()]


def _undetermined_vjp(g: Any, out: Any, x: Any, bad: Any, **params: Any) -> tuple[Any, None]:
    return where_undetermined(g, bad, **params), None


# x, and NaN with a warning where `bad` holds.
where_undetermined: Op = Op(
    "where_undetermined", _undetermined_type, _undetermined, _undetermined_vjp, home=__name__, rows=BY_ELEMENT
)


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
