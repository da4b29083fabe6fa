"""The laws of a value type: what sums of cotangents rely on, checked on examples."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from distributed.protocol import pickle

from ...errors import ArgumentError
from ...ops.core.types import NumericType, UserType, type_of


def check_value_laws(cls: type, *examples: Any, same: Callable[[Any, Any], bool] | None = None) -> None:
    """Fail where a class breaks one of the laws that sums of cotangents rely on.

    zeros_like(x) is neutral for x on both sides and its own zero; `add` commutes and associates; neither changes its
    arguments; the results are of the class, and survive pickling.

    Arguments:
        cls: a class that was registered with `backprop.register`, or numpy.ndarray or float.
        examples: some of its values, which can be added to each other.
        same: whether two values are equal, up to rounding; None compares what they are made of.
    Errors:
        AssertionError: says which law does not hold, for which examples.
        ArgumentError: there is no example, or the class is not registered.
    Example:
        >>> class Angle:
        ...     def __init__(self, turns):
        ...         self.turns = turns
        >>> Angle = bp.register(Angle, zeros_like=lambda a: Angle(0.0), add=lambda a, b: Angle(a.turns + b.turns))
        >>> bp.testing.check_value_laws(Angle, Angle(0.25), Angle(0.5), same=lambda a, b: a.turns == b.turns)
    """
    if not examples:
        raise ArgumentError("check_value_laws has no example", fix="give some values that can be added")
    laws = _Laws(cls, *_arithmetic(cls, examples[0]), same or _alike)
    for k, x in enumerate(examples):
        laws.of_zero(x, k)
    for x, y in itertools.product(examples, repeat=2):
        laws.of_two(x, y)
    for x, y, z in itertools.product(examples, repeat=3):
        laws.of_three(x, y, z)


def _arithmetic(cls: type, example: Any) -> tuple[Callable[[Any], Any], Callable[[Any, Any], Any]]:
    t = type_of(example)
    if isinstance(t, UserType) and issubclass(cls, t.cls):
        return t.zeros_like, t.add
    if isinstance(t, NumericType) and isinstance(example, cls):
        return np.zeros_like, np.add
    raise ArgumentError(f"{cls.__name__} is not registered", fix="call backprop.register(cls, zeros_like=, add=) first")


@dataclass(frozen=True)
class _Laws:
    """The laws, for one class."""

    cls: type
    zeros_like: Callable[[Any], Any]
    plus: Callable[[Any, Any], Any]
    same: Callable[[Any, Any], bool]

    def of_zero(self, x: Any, k: int) -> None:
        travelled = pickle.loads(pickle.dumps(x))  # type: ignore[no-untyped-call]
        self.hold(f"it survives the way to a worker, as example {k}", travelled, x)
        zero = self.applied(self.zeros_like, x)
        self.hold(f"zeros_like(x) + x is x, for example {k}", self.add(zero, x), x)
        self.hold(f"x + zeros_like(x) is x, for example {k}", self.add(x, zero), x)
        self.hold(f"zeros_like(zeros_like(x)) is zeros_like(x), for example {k}", self.zeros_like(zero), zero)

    def of_two(self, x: Any, y: Any) -> None:
        """Addition commutes."""
        self.hold(f"add commutes, for {x!r} and {y!r}", self.add(x, y), self.add(y, x))

    def of_three(self, x: Any, y: Any, z: Any) -> None:
        """Addition associates.

        Arguments:
            x, y, z: values of the class.
        """
        left, right = self.add(self.add(x, y), z), self.add(x, self.add(y, z))
        self.hold(f"add associates, for {x!r}, {y!r} and {z!r}", left, right)

    def add(self, x: Any, y: Any) -> Any:
        return self.applied(self.plus, x, y)

    def applied(self, f: Callable[..., Any], *args: Any) -> Any:
        """The result, after a check of its class, and that the arguments are as they were."""
        before = copy.deepcopy(args)
        result = f(*args)
        name = getattr(f, "__name__", str(f))
        for old, arg in zip(before, args, strict=True):
            self.hold(f"{name} leaves its arguments alone", arg, old)
        numeric = issubclass(self.cls, np.ndarray | np.generic | float | complex)
        if not (numeric or isinstance(result, self.cls)):
            raise AssertionError(f"{name} returns {type(result).__name__}, not {self.cls.__name__}")
        return result

    def hold(self, law: str, found: Any, expected: Any) -> None:
        """Raise where a law does not hold.

        Arguments:
            law: in words.
            found, expected: its two sides.
        """
        if not self.same(found, expected):
            raise AssertionError(f"{self.cls.__name__}: {law}; found {found!r}, expected {expected!r}")


def _alike(a: Any, b: Any) -> bool:
    """Whether two values are made of the same, up to rounding."""
    if isinstance(type_of(a), NumericType) and isinstance(type_of(b), NumericType):
        return np.shape(a) == np.shape(b) and np.allclose(a, b, rtol=1e-9, atol=1e-12, equal_nan=True)
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(_alike(a[key], b[key]) for key in a)
    if isinstance(a, tuple | list):
        return len(a) == len(b) and all(map(_alike, a, b))
    parts = _parts(a)
    return _alike(parts, _parts(b)) if parts else bool(a == b)


def _parts(value: Any) -> dict[str, Any]:
    """The attributes of a value, in slots or not."""
    slots = [name for cls in type(value).__mro__ for name in getattr(cls, "__slots__", ())]
    return {**getattr(value, "__dict__", {}), **{name: getattr(value, name) for name in slots if hasattr(value, name)}}
