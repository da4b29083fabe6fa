"""How a ufunc of NumPy or SciPy becomes an op: its type rule is that of the ufunc itself."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import Context
from functools import lru_cache, partial
from typing import Any

import numpy as np

from ...errors import GraphTypeError
from ..core.costs import VECTORISED, PerElement
from ..core.op import Kind, Op, broadcast, module_of_caller
from ..core.types import NumericType, ScalarType, Shape, ValueType, numeric, scalar_type, value_type


@lru_cache(maxsize=8192)
def ufunc_type(ufunc: np.ufunc, *types: ValueType[Any]) -> NumericType[Any]:
    """The type of a ufunc's result: NumPy's own promotion and broadcasting.

    Arguments:
        ufunc: a ufunc with one result.
        types: the operands' types.
    Returns:
        the result's type; weak where all operands are.
    Errors:
        ShapeError, GraphTypeError: operands that do not fit.
    """
    operands = numeric(ufunc.__name__, *types)
    try:
        dtype = ufunc.resolve_dtypes((*map(promotion_operand, operands), *(None,) * ufunc.nout))[ufunc.nin]
    except TypeError:
        names = ", ".join(str(t) for t in operands)
        raise GraphTypeError(
            f"{ufunc.__name__} does not take {names}",
            fix="cast the operands with .astype(...), or take the real part or the absolute value of complex ones",
        ) from None
    return result_type(operands, broadcast(ufunc.__name__, operands), dtype)


def promotion_operand(t: NumericType[Any]) -> Any:
    """What stands for an operand in promotion: its dtype, or the class of a Python number."""
    return t.dtype.type(0).item().__class__ if t.weak and t.dtype.kind != "b" else t.dtype


def result_type(operands: tuple[NumericType[Any], ...], shape: Shape, dtype: np.dtype[Any]) -> NumericType[Any]:
    """The type of a result of a shape and dtype; weak where it is a scalar of weak operands only."""
    if shape == () and all(t.weak for t in operands):
        return scalar_type(dtype, dtype.kind != "b")
    return value_type(shape, dtype)


def ufunc_op(
    name: str,
    ufunc: np.ufunc,
    vjp: Callable[..., Any] | None = None,
    flops: PerElement | None = None,
    home: str = "",
) -> Op:
    """The op of a ufunc.

    Arguments:
        name: the attribute of the module `home` that holds the op.
        ufunc: a ufunc with one result.
        vjp: its rule.
        flops: its operations; None for arithmetic.
        home: the module; that of the caller by default, as in `collections.namedtuple`.
    Returns:
        the op.
    """
    return Op(name, partial(ufunc_type, ufunc), ufunc, vjp, Kind.ELEMENTWISE, flops, home or module_of_caller())


def operator_op(name: str, ufunc: np.ufunc, of_scalars: Callable[..., Any], vjp: Callable[..., Any]) -> Op:
    """The op of a ufunc that Python has an operator for, which NumPy scalars take ten times faster."""

    def kernel(*types: ValueType[Any]) -> Callable[..., Any]:
        return of_scalars if all([isinstance(t, ScalarType) and t.differentiable for t in types]) else ufunc

    infer = partial(ufunc_type, ufunc)
    return Op(name, infer, ufunc, vjp, Kind.ELEMENTWISE, home=module_of_caller(), kernel=kernel)


def op_like(
    name: str,
    like: np.ufunc,
    compute: Callable[..., Any],
    vjp: Callable[..., Any] | None,
    flops: PerElement | None = VECTORISED,
) -> Op:
    """An op whose result has the type of the ufunc `like`, computed by something else."""
    home = module_of_caller()
    return Op(name, lambda *types, **params: ufunc_type(like, *types), compute, vjp, Kind.ELEMENTWISE, flops, home)


def same_numbers(name: str, x: ValueType[Any]) -> NumericType[Any]:
    """The type of a result that has the shape and the dtype of its operand."""
    (t,) = numeric(name, x)
    return t


def is_complex(x: Any) -> bool:
    """Whether a Var, an array or a number has a complex dtype."""
    return bool(np.dtype(getattr(x, "dtype", type(x))).kind == "c")


def constant(*args: Any, **params: Any) -> None:
    """The rule of an op whose derivative is 0 wherever it exists."""


# A context for NumPy to compute in without warnings. To run a ufunc in a copy of it takes 0.03 us; `with np.errstate()`
# takes 0.7 us, more than the ufunc itself.
SILENT = Context()
