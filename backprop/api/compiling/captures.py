"""What a function reads besides its arguments: by what names, and with what content.

Names are those of its closure, of its module's globals, of its defaults, and of attributes of objects that it reads by
such a name. Functions of the user's that it calls by a name are looked into, and so are those that our verbs were made
of. No verb lives here, and nothing that traces.

Limits: what is reached through containers counts as a part of the container; code of NumPy, SciPy and this package is
not looked into.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Hashable, Iterator
from functools import partial
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from ...graph.graph import NUMBERS, Literal
from ...graph.tracing.source_lines import is_foreign
from ...graph.tracing.structures.content import content_of
from ...ops.core.op import Op
from ..verbs.transformed import Transformed

DEEPEST = 4
"""Attributes of attributes that are looked at."""

CONSTANT = (ModuleType, type, FunctionType, BuiltinFunctionType, MethodType, partial, Transformed, Op, np.ufunc)
"""What counts as not changing, but for what it reads itself."""

Reading = tuple[str, Any, frozenset[str]]
"""A name, what it stands for, and the names that the code which reads it mentions."""


def captures(function: Callable[..., Any]) -> dict[str, Hashable]:
    """The content of all that a function reads besides its arguments, by name.

    Arguments:
        function: any function, also one made by a verb, a method or a partial.
    Returns:
        names as the user's code writes them (`scale`, `self.rate`, `config.layers`), with what each is compared by.
    """
    found: dict[str, Hashable] = {}
    seen: dict[tuple[int, frozenset[str]], Any] = {}  # what was looked into, which keeps its identity
    todo = list(_readings(function))
    while todo:
        name, value, mentioned = todo.pop()
        parts = list(_readings(value) if is_looked_into(value) else _attributes(name, value, mentioned))
        if not parts and not isinstance(value, CONSTANT):
            found[name] = compared_by(value)
        elif (id(value), mentioned) not in seen:
            seen[id(value), mentioned] = value
            todo += parts
    return found


def compared_by(value: Any) -> Hashable:
    """What a captured value is compared by: a number by its type and bits, any other value by its content."""
    is_number = type(value) in NUMBERS or (isinstance(value, np.generic) and value.dtype.kind in "biufc")
    return Literal.of(value) if is_number else content_of(value)


def is_looked_into(value: Any) -> bool:
    """Whether a value is code whose names are looked up."""
    return isinstance(value, FunctionType | MethodType | partial | Transformed) or isinstance(
        getattr(value, "function", None), FunctionType
    )


def _readings(function: Any) -> Iterator[Reading]:
    """What a function reads by a name of its own."""
    for kind, read in READERS:
        if isinstance(function, kind):
            yield from read(function)
            return


def _read_by_partial(function: partial[Any]) -> Iterator[Reading]:
    yield from _readings(function.func)
    yield from ((name, value, frozenset[str]()) for name, value in _named("args", function.args, function.keywords))


def _read_by_method(function: MethodType) -> Iterator[Reading]:
    yield ("self", function.__self__, _mentioned(function.__func__))
    yield from _readings(function.__func__)


def _read_by_own_function(function: FunctionType) -> Iterator[Reading]:
    if not is_foreign(function.__code__.co_filename):
        yield from _read_by(function)


def _read_by_object(function: Any) -> Iterator[Reading]:
    """What is read by the function that an object was made of, or by its method `__call__`."""
    if hasattr(function, "function"):
        yield from _readings(function.function)
    elif isinstance(call := inspect.getattr_static(type(function), "__call__", None), FunctionType):
        yield from _readings(MethodType(call, function))


READERS: tuple[tuple[type, Callable[[Any], Iterator[Reading]]], ...] = (
    (partial, _read_by_partial),
    (MethodType, _read_by_method),
    (FunctionType, _read_by_own_function),
    (object, _read_by_object),
)
"""How what a callable reads is found: the first class that it is of."""


def _named(root: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    yield from ((f"{root}[{k}]", value) for k, value in enumerate(args))
    yield from kwargs.items()


def _read_by(function: FunctionType) -> Iterator[Reading]:
    """Closure, globals and defaults of a function."""
    names = _mentioned(function)
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            yield name, cell.cell_contents, names
        except ValueError:  # it is not bound yet
            continue
    yield from ((name, value, names) for name, value in function.__globals__.items() if name in names)
    try:
        parameters = inspect.signature(function, follow_wrapped=False).parameters.values()
    except ValueError:
        return
    yield from ((p.name, p.default, names) for p in parameters if p.default is not p.empty)


def _mentioned(function: Any) -> frozenset[str]:
    """The names of globals and attributes in a function's code, and in that of the functions inside it."""
    code = getattr(function, "__code__", None)
    return frozenset(_names_in(code)) if code is not None else frozenset()


def _names_in(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for part in code.co_consts:
        if isinstance(part, CodeType):
            yield from _names_in(part)


def _attributes(name: str, value: Any, mentioned: frozenset[str]) -> Iterator[Reading]:
    """The attributes of an object that code mentions; none of a value that is a leaf."""
    if name.count(".") >= DEEPEST or isinstance(value, np.ndarray | np.generic | np.random.RandomState | Op):
        return
    own = getattr(value, "__dict__", {})
    if isinstance(value, ModuleType) and is_foreign(getattr(value, "__file__", None) or ""):
        return
    for key, part in list(own.items()):
        if key in mentioned and not key.startswith("__"):
            yield f"{name}.{key}", part, mentioned
    if not isinstance(value, ModuleType | type):
        for key, part in vars(type(value)).items():
            if key in mentioned and isinstance(part, FunctionType) and not key.startswith("__"):
                yield name, value, _mentioned(part)
                yield f"{name}.{key}", part, frozenset()
