"""The static types of values: what a graph knows of a value before it exists.

    ValueType
      ArrayType(shape, dtype)    a NumPy array, 0-d ones included
      ScalarType(dtype, weak)    a NumPy scalar; weak marks a Python number, which takes the dtype of its company
      TupleType(items)           the result of an op with several results
      OpaqueType(cls)            a value of any other class, moved about whole
      UserType(cls, ...)         a value of a registered class: moved about whole, with cotangents of that class

Numbers are float32, float64, complex64 and complex128; integers and booleans take part (as indices, labels, masks)
but have no cotangent. Promotion is NumPy's (NEP 50).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache, singledispatch
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from ...errors import GraphTypeError

T = TypeVar("T")
Shape = tuple[int, ...]

INEXACT = frozenset(np.dtype(name) for name in ("float32", "float64", "complex64", "complex128"))


class ValueType(Generic[T]):
    """Base of the static types; `T` is the class of the values it describes."""

    __slots__ = ()

    @property
    def differentiable(self) -> bool:
        """Whether values of this type have a cotangent."""
        return False

    @property
    def nbytes(self) -> int:
        """Bytes of one value, as far as they are known."""
        return 8


class NumericType(ValueType[T]):
    """Base of arrays and scalars: whatever has a shape and a dtype."""

    __slots__ = ()
    shape: Shape
    dtype: np.dtype[Any]
    weak: bool

    @property
    def differentiable(self) -> bool:
        """Whether the dtype is a real or complex one."""
        return self.dtype.kind in "fc"

    @property
    def nbytes(self) -> int:
        """Bytes of the elements."""
        return self.size * self.dtype.itemsize

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        size = 1
        for n in self.shape:
            size *= n
        return size


@dataclass(frozen=True, slots=True, init=False)
class ArrayType(NumericType["np.ndarray[Any, Any]"]):
    """The type of a NumPy array.

    Arguments:
        shape: its shape; an int means one axis.
        dtype: anything `numpy.dtype` takes.
    Example:
        >>> bp.ArrayType((2, 3), "float32").nbytes
        24
    """

    shape: Shape
    dtype: np.dtype[Any]

    def __init__(self, shape: int | tuple[int, ...], dtype: npt.DTypeLike = "float64") -> None:
        object.__setattr__(self, "shape", (shape,) if isinstance(shape, int) else tuple(map(int, shape)))
        object.__setattr__(self, "dtype", supported(np.dtype(dtype)))

    @property
    def weak(self) -> bool:  # type: ignore[override]
        """Never: an array keeps its dtype."""
        return False

    def __str__(self) -> str:
        return f"{self.dtype.name}[{', '.join(map(str, self.shape))}]"


@dataclass(frozen=True, slots=True, init=False)
class ScalarType(NumericType[float]):
    """The type of a number.

    Arguments:
        dtype: anything `numpy.dtype` takes.
        weak: whether it is a Python number, which takes the dtype of the arrays it meets.
    Example:
        >>> bp.ScalarType("float32").nbytes
        4
    """

    dtype: np.dtype[Any]
    weak: bool

    def __init__(self, dtype: npt.DTypeLike = "float64", weak: bool = False) -> None:
        object.__setattr__(self, "dtype", supported(np.dtype(dtype)))
        object.__setattr__(self, "weak", weak)

    @property
    def shape(self) -> Shape:  # type: ignore[override]
        """Always ()."""
        return ()

    def __str__(self) -> str:
        return self.dtype.name


@dataclass(frozen=True, slots=True)
class TupleType(ValueType["tuple[Any, ...]"]):
    """The type of an op's results where it has several."""

    items: tuple[ValueType[Any], ...]

    @property
    def differentiable(self) -> bool:
        """Whether any item has a cotangent."""
        return any(item.differentiable for item in self.items)

    @property
    def nbytes(self) -> int:
        """Bytes of all items."""
        return sum(item.nbytes for item in self.items)

    def __str__(self) -> str:
        return f"({', '.join(map(str, self.items))})"


@dataclass(frozen=True, slots=True)
class OpaqueType(ValueType[T]):
    """The type of a value that is moved about whole.

    Arguments:
        cls: the class of the values.
        size: bytes of one value, as far as they can be guessed, for the scheduler.
    Example:
        >>> class Mesh:
        ...     cells = 4
        >>> cells = bp.op(lambda mesh: float(mesh.cells), infer=lambda mesh: bp.ScalarType())
        >>> bp.register(Mesh, zeros_like=lambda mesh: mesh, add=lambda one, other: one) is Mesh
        True
        >>> bp.OpaqueType(Mesh).cls is Mesh
        True
    """

    cls: type[T]
    size: int = field(default=8, compare=False)

    @property
    def nbytes(self) -> int:
        """The guess."""
        return self.size

    def __str__(self) -> str:
        return self.cls.__name__


class ResidualType(OpaqueType[T]):
    """The type of what an op hands to its reverse: it depends on the op's inputs, in a way that nobody knows."""

    __slots__ = ()

    @property
    def differentiable(self) -> bool:
        """Yes, so that who needs the derivative is told that it is not known, rather than given zero."""
        return True


@dataclass(frozen=True, slots=True)
class UserType(ValueType[T]):
    """The type of a class that `backprop.register` made known: its values have cotangents of the same class.

    Arguments:
        cls: the class of the values.
        zeros_like: value -> the neutral element of `add` that fits it.
        add: (value, value) -> their sum, a new value.
    """

    cls: type[T]
    zeros_like: Callable[[T], T]
    add: Callable[[T, T], T]

    @property
    def differentiable(self) -> bool:
        """Always."""
        return True

    def __str__(self) -> str:
        return self.cls.__name__


def supported(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype itself, or a GraphTypeError where this package has no arithmetic for it."""
    if dtype in INEXACT or dtype.kind in "biu":
        return dtype
    raise GraphTypeError(
        f"arrays of dtype {dtype} are not supported",
        fix="use float32, float64, complex64, complex128, or integers and booleans for data without a gradient",
    )


@lru_cache(maxsize=8192)
def array_type(shape: Shape, dtype: np.dtype[Any]) -> ArrayType:
    """The ArrayType of a shape and a dtype, shared between equal calls."""
    return ArrayType(shape, dtype)


@lru_cache(maxsize=64)
def scalar_type(dtype: np.dtype[Any], weak: bool = False) -> ScalarType:
    """The ScalarType of a dtype, shared between equal calls."""
    return ScalarType(dtype, weak)


def value_type(shape: Shape, dtype: np.dtype[Any]) -> NumericType[Any]:
    """What a NumPy function returns for a shape and a dtype: an array, or a scalar where the shape is ()."""
    return array_type(shape, dtype) if shape else scalar_type(dtype)


def type_of(value: object) -> ValueType[Any]:
    """The static type of a value.

    Arguments:
        value: any value; Python numbers get weak scalars.
    Returns:
        its ValueType.
    Errors:
        GraphTypeError: an array whose dtype is not supported, or that computes otherwise than plain arrays do.
    """
    if isinstance(value, np.ndarray):
        if type(value) is not np.ndarray and not isinstance(value, np.memmap):
            raise GraphTypeError(
                f"arrays of class {type(value).__name__} are not supported, as they compute in ways of their own",
                fix="pass numpy.asarray(x), and what else it holds, such as a mask, as an argument of its own",
            )
        return array_type(value.shape, value.dtype)
    if isinstance(value, np.generic):
        return scalar_type(value.dtype)
    if isinstance(value, bool | int | float | complex):
        return scalar_type(np.dtype(type(value)), True)
    if type(value) is tuple:
        return TupleType(tuple(map(type_of, value)))
    return class_type(value)


@singledispatch
def class_type(value: object) -> ValueType[Any]:
    """The type of a value that is no number, array or tuple: the UserType of its class, else an OpaqueType.

    The dispatch table of `functools` is the one place that knows the registered classes: a value carries its class but
    not what a library's user said about it, and a class may be another library's, so nothing can be hung on it.
    """
    return OpaqueType(type(value))


def numeric(op: str, *types: ValueType[Any]) -> tuple[NumericType[Any], ...]:
    """The types themselves, or a GraphTypeError where one of them is no array or scalar."""
    for position, t in enumerate(types):
        if not isinstance(t, NumericType):
            raise GraphTypeError(
                f"{op} takes arrays and scalars, but its operand {position} is {t}",
                fix="give arrays and numbers, or make an op of your own with backprop.op",
            )
    return types  # type: ignore[return-value]
