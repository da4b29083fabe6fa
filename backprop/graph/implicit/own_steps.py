"""The times that `solve_ivp` steps to by itself: how many there are, and which; both count as constants.

Their number is the shape of a result, so it is asked first, as a question; the times are computed for that number.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...errors import OutOfRangeError
from ...ops.core.op import Op
from ...ops.core.types import NumericType, ValueType, array_type, scalar_type
from .integrators import own_times


def _times(operands: Sequence[Any], bodies: Sequence[Any], parts: int, solver: Any) -> Any:
    (body,) = bodies
    start, (first, end), others = operands[:parts], operands[parts : parts + 2], operands[parts + 2 :]
    return own_times(body, start, float(first), float(end), others, dict(solver[1]))


def _count(*operands: Any, bodies: Sequence[Any], parts: int, solver: Any) -> Any:
    return np.int64(len(_times(operands, bodies, parts, solver)))


# (*start, first, end, *others) -> how many times.
step_count: Op = Op("step_count", lambda *types, **params: scalar_type(np.dtype(np.int64)), _count, home=__name__)


def _type(*types: ValueType[Any], count: int, **params: Any) -> NumericType[Any]:
    return array_type((count,), np.dtype(np.float64))


def _chosen(*operands: Any, bodies: Sequence[Any], parts: int, solver: Any, count: int) -> Any:
    found = _times(operands, bodies, parts, solver)
    if len(found) != count:
        raise OutOfRangeError(f"solve_ivp took {len(found)} steps, and {count} the first time", fix="give t_eval")
    return found


# (*start, first, end, *others) -> the times.
step_times: Op = Op(
    "step_times",
    _type,
    _chosen,
    lambda g, out, *operands, **params: (None,) * len(operands),
    home=__name__,
)
