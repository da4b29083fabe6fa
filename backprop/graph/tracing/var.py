"""Var, which stands in for a value in the user's code: operators, fields of objects, and what type checkers see.

A Var inherits the attributes, items and functions of arrays from TracedArray, and its place in the graph and the
questions asked of its value from TracedValue.
"""

from __future__ import annotations

import contextlib
import inspect
import sys
from collections.abc import Callable
from functools import partial
from operator import methodcaller
from types import FunctionType, MethodType
from typing import Any, Protocol, Self, TypeAlias, TypeVar, overload

import numpy as np

from ... import ops
from ...errors import GraphTypeError, TracedConversionError
from ...ops.core.op import Op
from ...ops.core.types import NumericType, OpaqueType, ScalarType, UserType
from ...ops.elementwise.powers import pow_static
from ...ops.numpy_names import METHODS, UNARY
from ...ops.sparse.matrix import beside_sparse
from .array_protocols import SEQUENCES, Method, TracedArray
from .boundary.conversions import no_attribute
from .boundary.elements import is_table, joined
from .boundary.plain_classes import AnsweredByValue, is_asked_by_abstract_class, is_asked_by_user, plain_class
from .memory.handles import copied, found_again
from .memory.targets import WRITING
from .memory.writing import in_place
from .runtime_classes import annotated_type, field, type_of_field
from .source_lines import is_attribute, user_line

T = TypeVar("T")

# Operators of two operands, and what type checkers know of them.

Array: TypeAlias = "np.ndarray[Any, Any]"
Number: TypeAlias = "complex | np.ndarray[Any, Any]"
N = TypeVar("N", bound=Number)
M = TypeVar("M", bound=Number)


class Numeric(Protocol[T]):
    """An operator of a number: with another one, or with an array, which makes an array."""

    @overload
    def __call__(self, other: Var[T] | T, /) -> Var[T]: ...
    @overload
    def __call__(self, other: Var[M] | M, /) -> Var[M]: ...


class Arithmetic(Protocol):
    """An arithmetic operator as an attribute of a class."""

    @overload
    def __get__(self, var: Var[Array], owner: Any = None, /) -> Callable[[Var[Any] | Number], Var[Array]]: ...
    @overload
    def __get__(self, var: Var[N], owner: Any = None, /) -> Numeric[N]: ...
    @overload
    def __get__(self, var: None, owner: Any = None, /) -> Callable[[Any, Any], Any]: ...


class Loose(Protocol):
    """An operator whose result's type depends on shapes, or on what it is compared with."""

    def __get__(self, var: Any, owner: Any = None, /) -> Callable[[Any], Any]: ...


def _forward(op: Op) -> Any:
    def method(self: Any, other: Any) -> Any:
        return self.builder.emit(op, (self, other), {}) if operand(other) else beside(op, self, other, other)

    return method


def _reflected(op: Op) -> Any:
    def method(self: Any, other: Any) -> Any:
        return self.builder.emit(op, (other, self), {}) if operand(other) else beside(op, other, self, other)

    return method


def beside(op: Op, left: Any, right: Any, other: Any) -> Any:
    """What an operator gives where one side, `other`, is neither a Var nor a number nor an array.

    Arguments:
        op: of the operator.
        left: its first operand.
        right: its second operand.
        other: the one of them that is strange.
    Errors:
        GraphTypeError: it is of a class that stands in no arithmetic.
    """
    if isinstance(other, SEQUENCES):
        return op(*[ops.asarray(side) if side is other else side for side in (left, right)])
    if is_table(other):
        return op(*[joined(side) if side is other else side for side in (left, right)])
    if isinstance(other, NO_OPERANDS) and op not in (ops.equal, ops.not_equal):
        raise GraphTypeError(
            f"{op.name} takes arrays and numbers, not a {type(other).__name__}",
            user_line(),
            "give an array or a number",
        )
    return beside_sparse(op, left, right)


def operand(value: Any) -> bool:
    """Whether a value may stand beside a Var in arithmetic."""
    return type(value) is Var or isinstance(value, PLAIN_OPERANDS)


class Var(TracedArray[T], metaclass=AnsweredByValue):
    """A value of a graph that is being made; it stands in for the value in the user's code.

    It has the operators, methods and attributes of a NumPy array. NumPy's and SciPy's functions take it, and those
    that do not have a namesake in `backprop.ops`.

    Example:
        >>> def f(x):
        ...     assert isinstance(x, bp.Var)
        ...     return x * x
        >>> bp.grad(f)(3.0)
        6.0
    """

    __slots__ = ()

    def __backprop_emit__(self, op: Op, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
        return self.builder.emit(op, args, params)

    def __backprop_ask__(self, ask: Callable[[Any], Any]) -> Any:
        return self.builder.answer(self, ask)

    def __dir__(self) -> list[str]:
        array = METHODS if isinstance(self.type, NumericType) else ()
        return sorted({*object.__dir__(self), *array})

    def __getattr__(self, name: str) -> Any:
        if name == "id":  # its value has changed
            return found_again(self)
        if name in WRITING and isinstance(self.type, NumericType):
            return partial(WRITING[name], self)
        if name in METHODS and isinstance(self.type, NumericType):
            return Method(self, name)
        if name in QUESTIONS and isinstance(self.type, ScalarType) and hasattr(plain_class(self.type), name):
            return partial(self.builder.answer, self, methodcaller(name))
        if name in UNARY and isinstance(self.type, NumericType) and not is_attribute(sys._getframe(1)):
            return partial(UNARY[name], self)  # NumPy asks each element of an array of objects for the method
        if isinstance(self.type, OpaqueType | UserType) and not name.startswith("_"):
            return self._attribute(self.type.cls, name)
        raise no_attribute(f"a Var of type {self.type}", name, hasattr(np.ndarray, name))

    # A value of a class that only turns out at run time.

    @property  # type: ignore[misc]
    def __class__(self) -> type:  # pyright: ignore[reportIncompatibleMethodOverride]
        """The class that isinstance and `match` see.

        The user's code sees that of the value, see boundary/plain_classes.py; everyone else a Var. Where the value is
        an object that is not taken apart, its class is only known at run time, and so is asked for as a question.
        """
        if isinstance(self.type, NumericType):
            if is_asked_by_user(1):
                return plain_class(self.type)
        elif isinstance(self.type, OpaqueType | UserType) and self.builder.run is not None:
            return self.builder.answer(self, type)
        return ShownVar if is_asked_by_abstract_class(1) else Var

    def _attribute(self, cls: type, name: str) -> Any:
        """A field, a method or a property of an object; what the annotations do not say of a field is asked for."""
        field_type = annotated_type(cls, name)
        if field_type is None:
            with contextlib.suppress(TracedConversionError):  # the class is all that is known
                cls = self.__class__
            found = inspect.getattr_static(cls, name, None)
            if isinstance(found, FunctionType):
                return MethodType(found, self)
            if isinstance(found, property) and found.fget is not None:
                return found.fget(self)
            field_type = self.builder.answer(self, partial(type_of_field, name=name))
        return self.builder.emit(field, (self,), {"name": name, "type": field_type})

    __hash__ = object.__hash__

    def __copy__(self) -> Self:
        return copied(self)  # type: ignore[no-any-return]

    def __deepcopy__(self, memo: Any) -> Self:
        return copied(self)  # type: ignore[no-any-return]

    def __reduce__(self) -> Any:
        raise TracedConversionError(
            f"{self!r} cannot be pickled, as it is a part of its trace", user_line(), "send the plain value, v.value"
        )

    # Operators.

    def __neg__(self) -> Self:
        return self.builder.emit(ops.negative, (self,), {})  # type: ignore[no-any-return]

    def __pos__(self) -> Self:
        return copied(self)  # type: ignore[no-any-return]

    def __abs__(self) -> Self:
        return ops.abs(self)  # type: ignore[no-any-return]

    def __invert__(self) -> Self:
        return ops.invert(self)  # type: ignore[no-any-return]

    def __divmod__(self, other: Any) -> tuple[Any, Any]:
        return ops.divmod(self, other)

    def __rdivmod__(self, other: Any) -> tuple[Any, Any]:
        return ops.divmod(other, self)

    def __round__(self, digits: int = 0) -> Self:
        return ops.round(self, digits)  # type: ignore[no-any-return]

    def __pow__(self, other: Any, modulus: None = None) -> Var[Any]:
        if modulus is not None:
            raise GraphTypeError("pow() of a traced value takes no modulus", user_line(), "write x ** y % modulus")
        return pow_static(self, other)  # type: ignore[no-any-return]

    __rpow__: Loose = _reflected(ops.power)
    __add__: Arithmetic = _forward(ops.add)
    __radd__: Arithmetic = _reflected(ops.add)
    __sub__: Arithmetic = _forward(ops.subtract)
    __rsub__: Arithmetic = _reflected(ops.subtract)
    __mul__: Arithmetic = _forward(ops.multiply)
    __rmul__: Arithmetic = _reflected(ops.multiply)
    __truediv__: Arithmetic = _forward(ops.divide)
    __rtruediv__: Arithmetic = _reflected(ops.divide)
    __mod__: Arithmetic = _forward(ops.remainder)
    __rmod__: Arithmetic = _reflected(ops.remainder)
    __floordiv__: Arithmetic = _forward(ops.floor_divide)
    __rfloordiv__: Arithmetic = _reflected(ops.floor_divide)
    __and__: Arithmetic = _forward(ops.bitwise_and)
    __rand__: Arithmetic = _reflected(ops.bitwise_and)
    __or__: Arithmetic = _forward(ops.bitwise_or)
    __ror__: Arithmetic = _reflected(ops.bitwise_or)
    __xor__: Arithmetic = _forward(ops.bitwise_xor)
    __rxor__: Arithmetic = _reflected(ops.bitwise_xor)
    __matmul__: Loose = _forward(ops.matmul)
    __rmatmul__: Loose = _reflected(ops.matmul)
    __iadd__: Loose = in_place(__add__)
    __isub__: Loose = in_place(__sub__)
    __imul__: Loose = in_place(__mul__)
    __itruediv__: Loose = in_place(__truediv__)
    __ifloordiv__: Loose = in_place(__floordiv__)
    __imod__: Loose = in_place(__mod__)
    __ipow__: Loose = in_place(__pow__)
    __imatmul__: Loose = in_place(__matmul__)
    __iand__: Loose = in_place(__and__)
    __ior__: Loose = in_place(__or__)
    __ixor__: Loose = in_place(__xor__)
    __eq__ = _forward(ops.equal)
    __ne__ = _forward(ops.not_equal)
    __lt__: Loose = _forward(ops.less)
    __le__: Loose = _forward(ops.less_equal)
    __gt__: Loose = _forward(ops.greater)
    __ge__: Loose = _forward(ops.greater_equal)


class ShownVar(Var[T]):
    """What libraries find that ask whether a traced value is iterable or has a length: all that a Var has."""

    __slots__ = ()


PLAIN_OPERANDS = (float, np.ndarray, int, np.generic, complex)  # as often as they are met; quicker than a union
QUESTIONS = ("is_integer", "as_integer_ratio", "hex")  # methods of numbers that answer with no number of theirs
NO_OPERANDS = (str, bytes, type(None), dict, set, frozenset)


def as_it_is(value: Any) -> Any:
    """The value; of a Var, which may be written to in place later, another one that stands for what it is now."""
    return Var(value.builder, value.id, value.type) if type(value) is Var else value
