"""A call of a function of NumPy's becomes one of its namesake: its arguments are checked, its errors are ours.

An exception that the user's own code raises, which a function such as apply_along_axis calls, stays what it is.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from ....errors import BackpropError, GraphTypeError
from ....ops.arrays.arguments import is_traced
from ....ops.arrays.as_array import asarray
from ....ops.core.op import Op
from ..memory.handles import detached
from ..memory.targets import VIEWING, written_to
from ..source_lines import is_ours, located, user_line


def call_namesake(find: Callable[[Any], Callable[..., Any]], func: Any, args: Any, params: Any) -> Any:
    """Call the namesake of a function.

    Arguments:
        find: from the function to its namesake.
        func: the function, or the name of a method.
        args, params: what it is called with.
    Errors:
        BackpropError: whatever is wrong with the arguments, with the user's line.
    """
    target = params.get("out") if isinstance(params, dict) else None
    if target is not None:
        return written_to(target, call_namesake(find, func, args, {k: v for k, v in params.items() if k != "out"}))
    namesake = find_or_refuse(find, func)
    if isinstance(namesake, Op):
        _refuse_of_op(_name(func), namesake, args, params)
    try:
        result = namesake(*args, **params)
    except (BackpropError, IndexError, TypeError, ValueError, ArithmeticError) as error:
        if isinstance(error, TypeError):  # only then, as it takes longer than most calls
            refuse_arguments(_name(func), namesake, args, params)
        if not is_ours(error):
            raise
        raise located(error, user_line()) from None
    if params and params.get("copy", True) is False:
        return uncopied(func, args, result)
    return result if func in VIEWING else detached(result, lambda var: any([var is arg for arg in args]))


def uncopied(func: Any, args: Any, result: Any) -> Any:
    """The result of a function with `copy=False`: what it was given, written to by `nan_to_num`.

    Arguments:
        func: the function of NumPy.
        args: what it was called with.
        result: what its namesake returned.
    """
    if func is np.nan_to_num and args and is_traced(args[0]) and args[0].shape:
        return written_to(args[0], result)
    return result


def _name(func: Any) -> str:
    """The name of a function as the user wrote it."""
    return getattr(func, "__name__", str(func))


def find_or_refuse(find: Callable[[Any], Callable[..., Any]], func: Any) -> Callable[..., Any]:
    """The namesake of a function; the error that there is none carries the user's line."""
    try:
        return find(func)
    except BackpropError as error:
        raise located(error, user_line()) from None


def refuse_arguments(name: str, namesake: Callable[..., Any], args: Any, params: Any) -> None:
    """Raise where a namesake does not take some arguments.

    Arguments:
        name: of the function, as the user wrote it.
        namesake: what stands for it.
        args: what it was called with.
        params: its keywords.
    Errors:
        GraphTypeError: it names the function as the user wrote it, and the argument.
    """
    if isinstance(namesake, Op):
        _refuse_of_op(name, namesake, args, params)
        return
    try:
        signature_of(namesake).bind(*args, **params)
    except TypeError as error:
        raise GraphTypeError(
            f"{name} takes no such argument on traced arrays: {error}", user_line(), "leave the argument out"
        ) from None


def _refuse_of_op(name: str, op: Op, args: Any, params: Any) -> None:
    if params:
        raise GraphTypeError(
            f"{name} takes no argument {', '.join(params)} on traced arrays",
            user_line(),
            "leave it out; for where= use numpy.where",
        )
    wanted = operands_of(op)
    if wanted is not None and len(args) != wanted:
        raise GraphTypeError(
            f"{name} takes {wanted} operands on traced arrays, and got {len(args)}",
            user_line(),
            f"give {wanted} operands",
        )


def in_dtype(ufunc: np.ufunc, operands: tuple[Any, ...], dtype: Any) -> tuple[Any, ...]:
    """The operands of a ufunc as the loop for results of a dtype takes them.

    Arguments:
        ufunc: of one result or several.
        operands: Vars, arrays and numbers.
        dtype: what `dtype=` was given.
    Errors:
        GraphTypeError: there is no such loop, or an operand would lose more than digits.
    """
    given = tuple([type(x) if type(x) in (int, float, complex) else asarray(x).dtype for x in operands])
    nothing, wanted = (None,) * ufunc.nin, (np.dtype(dtype),) * ufunc.nout
    try:
        loop = ufunc.resolve_dtypes((*given, *(None,) * ufunc.nout), signature=(*nothing, *wanted), casting="same_kind")
    except TypeError as error:
        raise GraphTypeError(
            f"{ufunc.__name__} with dtype={np.dtype(dtype).name}: {error}", user_line(), "cast with .astype(...)"
        ) from None
    return tuple([asarray(x, kind) for x, kind in zip(operands, loop, strict=False)])


@lru_cache(maxsize=1024)
def signature_of(f: Callable[..., Any]) -> inspect.Signature:
    """The signature of a function."""
    return inspect.signature(f)


def operands_of(op: Op) -> int | None:
    """How many operands an op of a ufunc, or `where`, takes; None where it is another op."""
    if op.name == "where":
        return 3
    return op.compute.nin if isinstance(op.compute, np.ufunc) else None
