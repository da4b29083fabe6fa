"""Values at the entry of a plan: checked against the types that the plan was made for, and made C-contiguous.

NumPy and BLAS take the order of additions from the layout, so that the same layout everywhere gives the same bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import PlanError
from ..graph.handle import Handle
from ..graph.ownership import contiguous
from ..graph.verify import same_type
from ..ops.core.types import ArrayType, OpaqueType, ScalarType, TupleType, UserType, ValueType, type_of
from .planning.plan import Plan


def entered(plan: Plan, values: Sequence[Any]) -> tuple[Any, ...]:
    """The values, C-contiguous, after a check that they fit the plan; handles stay handles.

    Arguments:
        plan: the plan.
        values: a value for each input.
    Returns:
        the values; copies where they were not contiguous.
    Errors:
        PlanError: a value that does not fit, named by its input.
    """
    if len(values) != len(plan.inputs):
        raise PlanError(f"the plan takes {len(plan.inputs)} values, but {len(values)} were given")
    return tuple([_entered(plan, k, t, v) for k, (t, v) in enumerate(zip(plan.inputs, values, strict=True))])


def _entered(plan: Plan, index: int, t: ValueType[Any], value: Any) -> Any:
    if isinstance(value, Handle) and same_type(value.type, t):
        return value
    try:
        return arrived(t, value)
    except PlanError as error:
        what = f"{plan.input_name(index)} is {described(value)}, but the plan was made for {t}"
        raise PlanError(what, fix=error.fix) from None


def arrived(t: ValueType[Any], value: Any) -> Any:
    """A value of a type as programs take it: C-contiguous, and a Python number as a number of NumPy's.

    Errors:
        PlanError: it is of another type.
    """
    if isinstance(t, ArrayType) and t.shape:
        if isinstance(value, np.ndarray) and value.dtype == t.dtype and value.shape == t.shape:
            return contiguous(value)
    elif fits(t, value):
        return t.dtype.type(value) if isinstance(t, ScalarType) else contiguous(value)
    what = f"a value is {described(value)}, and was said to be {t}"
    raise PlanError(what, fix="make a plan for these values, or convert them")


def fits(t: ValueType[Any], value: Any) -> bool:
    """Whether a value is of a type."""
    if isinstance(t, TupleType):
        return (
            type(value) is tuple
            and len(value) == len(t.items)
            and all(fits(part, item) for part, item in zip(t.items, value, strict=True))
        )
    if isinstance(t, OpaqueType | UserType):
        return isinstance(value, t.cls)
    return isinstance(value, bool | int | float | complex | np.generic | np.ndarray) and same_type(type_of(value), t)


def described(value: Any) -> str:
    """What a value is, for an error."""
    return str(type_of(value)) if isinstance(value, np.ndarray | np.generic) else f"a {type(value).__name__}"
