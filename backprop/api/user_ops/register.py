"""register: classes of the user's own, as values or as containers of values."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import NoneType
from typing import Any, TypeVar

import numpy as np
import optree

from ...errors import ArgumentError
from ...graph.tracing.structures.structure import NAMESPACE, as_container, as_leaf
from ...graph.tracing.var import Var
from ...ops.core.types import UserType, class_type

T = TypeVar("T")
Function = Callable[..., Any]

BUILTIN = (np.ndarray, np.generic, bool, int, float, complex, str, tuple, list, dict, NoneType, Var)


def register(
    cls: type[T],
    *,
    zeros_like: Callable[[T], T] | None = None,
    add: Callable[[T, T], T] | None = None,
    flatten: Callable[[T], tuple[Any, Any]] | None = None,
    unflatten: Callable[[Any, Any], T] | None = None,
) -> type[T]:
    """Make a class known, before its values are used.

    With `zeros_like` and `add` its values are leaves: they go through graphs whole, ops of the user's own take and
    return them, and their cotangents are of the same class. Then zeros_like(x) has to be neutral for x, and `add` to
    commute and associate, and neither to change its arguments: `backprop.testing.check_value_laws` checks that.

    With `flatten` and `unflatten` they are containers, which are taken apart, as dataclasses are without being
    registered.

    Arguments:
        cls: the class; it counts for its subclasses too.
        zeros_like: value -> the neutral element that fits it.
        add: (value, value) -> their sum.
        flatten: value -> (children, static part); the static part can be hashed and compared.
        unflatten: (static part, children) -> value; children may be Vars, or None in a gradient.
    Returns:
        the class.
    Errors:
        ArgumentError: a class that has a meaning already, or not exactly one of the pairs; when a function is traced,
            an `unflatten` that is not the inverse of `flatten`, as gradients would silently be wrong.
    Example:
        >>> class Pair:
        ...     def __init__(self, a, b):
        ...         self.a, self.b = a, b
        >>> Pair = bp.register(
        ...     Pair, flatten=lambda p: ((p.a, p.b), None), unflatten=lambda static, children: Pair(*children)
        ... )
        >>> bp.grad(lambda p: p.a * p.b)(Pair(2.0, 3.0)).a
        3.0
    """
    if issubclass(cls, BUILTIN):
        raise ArgumentError(f"{cls.__name__} has a meaning in graphs already", fix="register a class of your own")
    if zeros_like is not None and add is not None and flatten is None and unflatten is None:
        as_leaf(cls)
        user_type = UserType(cls, zeros_like, add)
        class_type.register(cls, lambda value: user_type)
    elif flatten is not None and unflatten is not None and zeros_like is None and add is None:
        as_leaf(cls)
        as_container(cls, flatten, partial(_put_together, cls, flatten, unflatten))
    else:
        raise ArgumentError(
            f"{cls.__name__} is registered by two functions",
            fix="give zeros_like= and add=, or flatten= and unflatten=",
        )
    return cls


def _put_together(cls: type, flatten: Function, unflatten: Function, static: Any, children: Any) -> Any:
    """The value, after a check that it is taken apart into the same Vars again."""
    value = unflatten(static, children)
    given = _vars(children)
    if given and not (isinstance(value, cls) and _vars(flatten(value)[0]) == given):
        raise ArgumentError(
            f"unflatten of {cls.__name__} is not the inverse of its flatten",
            fix="make unflatten(static, children) a value that flatten takes apart into the same children",
        )
    return value


def _vars(tree: Any) -> list[int]:
    """The identities of the Vars among the leaves."""
    return [id(leaf) for leaf in optree.tree_leaves(tree, namespace=NAMESPACE) if type(leaf) is Var]
