"""Functions that the verbs make of the user's functions: what `grad(f)`, `evaluate(f)` or `compile(f)` is.

Such a function has the name, the documentation and the signature of the one it was made of, binds as a method does, and
is pickled and copied by its parts: the function and the options. Where it was put in the place of the function by
`@bp.grad` in a module, it is pickled by reference, as functions are.

No verb lives here, and nothing that traces or runs.
"""

from __future__ import annotations

import functools
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable
from types import MethodType
from typing import Any


class Transformed(ABC):
    """A function made of another one.

    A subclass names its options in `__slots__`, in the order in which its constructor takes them.

    Arguments:
        function: what it is made of.
        options: the values of the options.
    """

    __slots__ = ("__dict__", "__weakref__", "function")

    function: Callable[..., Any]

    def __init__(self, function: Callable[..., Any], *options: Any) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        for name, option in zip(self.__slots__, options, strict=True):
            setattr(self, name, option)

    @abstractmethod
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The result for some arguments."""

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self if instance is None else MethodType(self, instance)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {name_of(self.function)}>"

    def __reduce__(self) -> str | tuple[Any, ...]:
        return reduced(self, self.function, *[getattr(self, name) for name in self.__slots__])


def reduced(made: Any, *parts: Any) -> str | tuple[Any, ...]:
    """How a function of a class of ours is pickled: by its name where its module has it by that name, else by parts.

    Arguments:
        made: the function.
        parts: the arguments that its class is called with to make it again.
    """
    module, name = getattr(made, "__module__", ""), getattr(made, "__qualname__", "")
    if module == "__main__" or module not in sys.modules:  # "__main__" is another module in another process
        return type(made), parts
    found: Any = sys.modules[module]
    for part in name.split("."):
        found = getattr(found, part, None)
    return name if found is made else (type(made), parts)


def name_of(function: Any) -> str:
    """The name of a function, or of the class of something that is called like one."""
    return str(getattr(function, "__name__", None) or getattr(function, "name", None) or type(function).__name__)
