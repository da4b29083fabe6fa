"""What a traced value has of an array: attributes, items, and NumPy's protocols, by which its functions find their ops.

    numpy.sin(v)               __array_ufunc__       the op of the ufunc
    numpy.concatenate([v, w])  __array_function__    the namesake in backprop.ops
    v.sum(axis=0)              Method                the namesake of the method in backprop.ops
    numpy.array([v, w])        __array__             an array of their elements, see boundary/elements.py

Shape and dtype are those of the type, so no value is needed for them. Values that are no arrays have none of this but
items, where they are tuples.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from ... import ops
from ...errors import AssignmentError, GraphTypeError, NoLengthError, UnknownFunctionError
from ...ops.arrays.tuples import item
from ...ops.composites.ufunc_methods import REDUCING, accumulated, outer_of, reduced_at
from ...ops.core.op import Op
from ...ops.core.types import ArrayType, NumericType, ScalarType, TupleType
from ...ops.numpy_names import METHODS, UFUNCS, lookup_function
from ...ops.sparse.matrix import asked_by_scipy
from .boundary.answers import becomes_integral
from .boundary.conversions import assignment, no_array, wants_elements
from .boundary.elements import LARGEST, array_of, is_table_class, joined, put_elements, takes_elements
from .boundary.failures import refused
from .boundary.in_place import references_of, refuse_if_shared
from .boundary.namesakes import call_namesake, in_dtype
from .boundary.plain_classes import is_looked_up
from .memory.flat import Flat
from .memory.handles import lend
from .memory.targets import WRITERS, add_at, write_out, written_to
from .memory.writing import assign, fitted, read, write
from .source_lines import is_operator, located, user_frame, user_line
from .steering import TracedValue, is_integral

T = TypeVar("T")


class TracedArray(TracedValue[T]):
    """A traced value with the attributes, items and protocols of a NumPy array."""

    __slots__ = ()
    __pandas_priority__ = 10_000  # so that a column leaves the operation to us

    # NumPy's protocols.

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **params: Any) -> Any:
        if method != "__call__":
            return self._ufunc_method(ufunc, method, inputs, params)
        out = params.pop("out", None)
        if out is not None and all([isinstance(target, TracedValue) for target in out]):
            return write_out(
                out, params.pop("where", True), lambda: self.__array_ufunc__(ufunc, method, *inputs, **params)
            )
        if out is not None and takes_elements(out[0]) and "where" not in params:
            return put_elements(out[0], self.__array_ufunc__(ufunc, method, *inputs, **params))
        if out is not None:
            if out[0] is not inputs[0] or not is_operator(user_frame(1)):
                raise AssignmentError(
                    f"numpy.{ufunc.__name__} cannot write a traced result into out=", user_line(), "use its result"
                )
            refuse_if_shared(references_of(out[0]), self.builder.references_held(out[0]), out[0])
        if any([not isinstance(x, KNOWN) and leads("__array_ufunc__", type(x)) for x in inputs]):
            return NotImplemented
        operands = tuple(
            [x if isinstance(x, PLAIN) else ops.asarray(x) if isinstance(x, SEQUENCES) else joined(x) for x in inputs]
        )
        op = UFUNCS.get(ufunc)
        if params.get("dtype") is not None and isinstance(op, Op):
            operands = in_dtype(ufunc, operands, params.pop("dtype"))
        if isinstance(op, Op) and not params:  # the short way
            result = self.builder.emit(op, operands, {})
        else:
            result = call_namesake(lookup_function, ufunc, operands, params)
        return result if out is None else fitted(result, out[0])  # to which Python binds the name in b += x

    def _ufunc_method(self, ufunc: np.ufunc, method: str, inputs: tuple[Any, ...], params: dict[str, Any]) -> Any:
        if method == "reduce" and ufunc in REDUCING:
            return REDUCING[ufunc](*inputs, **{"axis": 0, **params})
        if method == "at":
            return add_at(ufunc, *inputs)
        if method == "outer":
            return outer_of(lambda x, y: self.__array_ufunc__(ufunc, "__call__", x, y, **params), *inputs)
        if method in ("accumulate", "reduceat"):
            out = params.pop("out", None)
            result = call_namesake(METHODS_OF_UFUNCS.__getitem__, method, (ufunc, *inputs), params)
            return result if out is None else written_to(out, result)
        raise UnknownFunctionError(
            f"numpy.{ufunc.__name__}.{method} has no op",
            user_line(),
            "use a function instead of the method, as numpy.cumsum for numpy.add.accumulate",
        )

    def __array_function__(self, func: Any, types: Any, args: Any, params: Any) -> Any:
        if len(types) > 1 and any([leads("__array_function__", cls) for cls in types]):
            return NotImplemented
        if func in WRITERS:
            return WRITERS[func](*args, **params)
        return call_namesake(lookup_function, func, args, params)

    def __array__(self, *args: Any, **params: Any) -> Any:
        if asked_by_scipy():
            return np.array(None, dtype=object)  # for which its operators leave the operation to ours
        if isinstance(self.type, NumericType):
            if is_integral(self.type) or becomes_integral(*args, **params):
                return np.array(self.builder.answer(self, np.array), *args, **params)
            if self.size <= LARGEST and wants_elements(*args, params.get("dtype")):
                return self._taken_apart(bool(args) or params.get("copy") is True)
        raise refused(self.builder, no_array(repr(self)))

    def _taken_apart(self, to_own: bool) -> np.ndarray[Any, Any]:
        """An array of the elements; one that is not to be a copy would share memory, and may not be written to."""
        elements, self.builder.guard.apart = array_of(self), True
        if to_own or not self.shape:
            return elements
        self.builder.guard.lent = True
        return lend(self, elements)  # type: ignore[no-any-return]

    # What is known without a value.

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the value."""
        return self._numeric().shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the value; hidden from NumPy's mean and std, which would make a number of what has one."""
        if sys._getframe(1).f_globals is STATISTICS:
            raise AttributeError("dtype")
        return self._numeric().dtype

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self._numeric().ndim

    @property
    def size(self) -> int:
        """The number of elements."""
        return self._numeric().size

    @property
    def nbytes(self) -> int:
        """The bytes of the value."""
        return self.type.nbytes

    @property
    def itemsize(self) -> int:
        """The bytes of an element."""
        return self.dtype.itemsize

    @property
    def T(self) -> Any:
        """The transpose."""
        return ops.transpose(self)

    @property
    def mT(self) -> Any:
        """The transpose of the last two axes."""
        return ops.matrix_transpose(self)

    @property
    def data(self) -> Any:
        """The array itself, as a DataArray has it."""
        self._numeric()
        return self

    @property
    def real(self) -> Any:
        """The real part."""
        return ops.real(self)

    @real.setter
    def real(self, value: Any) -> None:
        write(ops.real(self), ops.broadcast_to(ops.asarray(value), self.shape))

    @property
    def imag(self) -> Any:
        """The imaginary part."""
        return ops.imag(self)

    @imag.setter
    def imag(self, value: Any) -> None:
        write(ops.imag(self), ops.broadcast_to(ops.asarray(value), self.shape))

    @property
    def flat(self) -> Flat:
        """The elements, one by one."""
        return Flat(self)

    @flat.setter
    def flat(self, value: Any) -> None:
        self.flat[...] = value

    def _numeric(self) -> NumericType[Any]:
        if not isinstance(self.type, NumericType):
            raise AttributeError(f"a Var of type {self.type} has no shape or dtype")
        return self.type

    # Items.

    if TYPE_CHECKING:

        def __len__(self) -> int: ...

    else:

        @property
        def __len__(self) -> Callable[[], int]:
            """The method of that name, which numbers do not have."""
            if isinstance(self.type, ScalarType):
                raise NoLengthError("len() of a traced number", user_line(), "give an array of one axis or more")
            return self._length

    def _length(self) -> int:
        if isinstance(self.type, TupleType):
            return len(self.type.items)
        if self.shape:
            return self.shape[0]
        raise GraphTypeError("len() of a traced number", user_line(), "give an array of one axis or more")

    if TYPE_CHECKING:

        def __iter__(self) -> Iterator[Any]: ...

    else:

        @property
        def __iter__(self) -> Callable[[], Iterator[Any]]:
            """The method of that name, which numbers do not have; the loop that calls it gets its error."""
            if isinstance(self.type, ScalarType) and is_looked_up(sys._getframe(1)):
                raise AttributeError("__iter__")
            return self._iterate

    def _iterate(self) -> Iterator[Any]:
        if isinstance(self.type, NumericType) and not self.shape:
            raise GraphTypeError("iteration over a traced number", user_line(), "give an array of one axis or more")
        return (self[i] for i in range(len(self)))

    def __contains__(self, value: Any) -> bool:
        if isinstance(self.type, NumericType) and self.shape:
            return bool(ops.any(self == value))
        return any([item is value or item == value for item in self])

    def __getitem__(self, key: Any) -> Any:
        if isinstance(self.type, TupleType):
            return item(self, index=range(len(self))[key])
        try:
            return read(self, key)
        except (IndexError, TypeError, ValueError) as error:
            raise located(error, user_line()) from None

    def __setitem__(self, key: Any, value: Any) -> None:
        if not isinstance(self.type, ArrayType):
            raise assignment(f"a traced value of type {self.type} has no items to assign to")
        try:
            assign(self, key, value)
        except (IndexError, TypeError, ValueError) as error:
            raise located(error, user_line()) from None

    def __delitem__(self, key: Any) -> None:
        raise assignment("items of a traced array cannot be deleted")


class Method:
    """A method of an array, bound to a Var."""

    __slots__ = ("name", "var")

    def __init__(self, var: TracedArray[Any], name: str) -> None:
        self.var = var
        self.name = name

    def __call__(self, *args: Any, **params: Any) -> Any:
        """What the namesake of the method makes of the Var."""
        return call_namesake(METHODS.__getitem__, self.name, (self.var, *args), params)


def leads(protocol: str, cls: type) -> bool:
    """Whether a class that holds arrays, as one of quantities with units, is to answer a function of NumPy's itself."""
    return hasattr(cls, protocol) and not issubclass(cls, KNOWN) and not is_table_class(cls)


SEQUENCES = (list, tuple, range)
PLAIN = (TracedValue, np.ndarray, np.generic, int, float, complex)
KNOWN = (*PLAIN, *SEQUENCES)

STATISTICS = vars(np._core._methods)  # type: ignore[attr-defined]
METHODS_OF_UFUNCS: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {"accumulate": accumulated, "reduceat": reduced_at}
)
