"""Builder, which collects nodes into a Graph, and Var, the handle by which a user's code touches a value in it.

The builder is the only mutable thing in this layer. Each Var carries its own builder, so that nested and concurrent
traces cannot disturb each other: an op whose operands belong to several builders is emitted by the youngest, which
takes in the others' Vars as it takes in arrays, as further inputs.

A Python number takes the dtype of the arrays it meets (NEP 50): it is cast when it enters an op, so that values
at run time are always strongly typed.
"""

from __future__ import annotations

import contextlib
import inspect
import operator
import time
from collections.abc import Callable, Container, Hashable, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from types import CodeType, FunctionType, MappingProxyType, MethodType
from typing import Any, Generic, NamedTuple, Protocol, Self, TypeAlias, TypeVar, overload

import numpy as np

from ... import ops
from ...errors import (
    AssignmentError,
    BackpropError,
    EscapedVarError,
    GraphTypeError,
    Source,
    TracedConversionError,
    UnknownFunctionError,
)
from ...ops.arrays.tuples import item
from ...ops.core.op import Op
from ...ops.core.types import NumericType, OpaqueType, TupleType, UserType, ValueType, type_of
from ...ops.elementwise.conversion import cast
from ...ops.elementwise.powers import pow_static
from ...ops.numpy_names import METHODS, UFUNCS, lookup_function
from ...ops.sparse.matrix import asked_by_scipy, beside_sparse
from ..graph import NUMBERS, Graph, Literal, Node, NodeId, literal
from ..params import NO_PARAMS, Params
from ..subgraph import reach, renumber
from ..weak_numbers import Signature, signature
from .fields import annotated, field, type_of_field
from .guard import Guard, same_bits
from .source_lines import is_operator, located, source_of, user_frame, user_line

T = TypeVar("T")
Run = Callable[[Graph, Sequence[Any]], Sequence[Any]]
EXACT = (int, float, np.float64, np.float32)  # where not zero, such numbers are equal only if their bytes are


class Asked(NamedTuple):
    """A question that the user's code asked of a value, and what was run to answer it."""

    id: NodeId
    ask: Callable[[Any], Any]
    answer: Any
    graph: Graph | None  # None where the value was known
    start: tuple[NodeId, ...]  # ids that its inputs stand for
    made: tuple[NodeId, ...]  # ids that its outputs stand for


class Builder:
    """Collects inputs and nodes, and builds a Graph of them.

    Arguments:
        run: runs a graph on values, for code that asks for the value of a Var; None where there are no values.
    """

    __slots__ = (
        "_captured",
        "_casts",
        "_lines",
        "_literals",
        "_params",
        "_signatures",
        "asked",
        "born",
        "closed",
        "guard",
        "inner",
        "names",
        "nodes",
        "run",
        "source",
        "types",
        "values",
    )

    def __init__(self, run: Run | None = None) -> None:
        self.run = run
        self.born = time.perf_counter_ns()  # nested traces start later than what they stand in
        self.closed = False
        self.inner: Builder | None = None  # takes the nodes, while the body of a node of this one is made
        self.types: list[ValueType[Any]] = []
        self.nodes: list[Node | None] = []  # None for an input
        self.names: dict[NodeId, str] = {}
        self.values: dict[NodeId, Any] = {}  # what is known: inputs, and what the user's code asked for
        self.asked: list[Asked] = []  # the questions that steered the user's code, in order
        self.source: Source | None = None  # where nodes come from, when it is not the user's current line
        self._literals: dict[Any, NodeId] = {}
        self._captured: dict[int, tuple[Any, Var[Any]]] = {}  # by identity, with what was captured
        self.guard = Guard()
        self._casts: dict[tuple[NodeId, np.dtype[Any]], NodeId] = {}
        self._params: dict[Params, Params] = {}  # one object for equal ones
        self._signatures: dict[Any, Signature] = {}  # by op, and identities of the params and of the operands' types
        self._lines: dict[tuple[int, int], tuple[CodeType, Source]] = {}  # by identity of the code, and place in it

    # Making nodes.

    def input(self, type: ValueType[T], name: str = "", *value: Any) -> Var[T]:
        """A new input.

        Arguments:
            type: its type.
            name: its name, or its path in the user's arguments.
            value: its value, if it is known.
        """
        i = len(self.nodes)
        self.nodes.append(None)
        self.types.append(type)
        self.names[i] = name
        if value:
            self.values[i] = value[0]
        return Var(self, i, type)

    def emit(self, op: Op, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
        """A new node, or what the builder of a younger operand makes of it.

        Arguments:
            op: the op.
            args: its operands: Vars, arrays, numbers.
            params: its static parameters.
        Returns:
            the Var of the result.
        Errors:
            ShapeError, GraphTypeError: operands that do not fit, with the user's line.
            EscapedVarError: an operand whose trace has ended.
        """
        if self.inner is not None:
            return self.inner.emit(op, args, params)
        ids = []
        types = []
        for arg in args:
            if type(arg) is not Var or arg.builder is not self:
                if type(arg) is Var and arg.builder.born > self.born:
                    return arg.builder.emit(op, args, params)
                arg = self.lift(arg)
            ids.append(arg.id)
            types.append(self.types[arg.id])
        if self.closed:
            raise self._escaped(op.name)
        settled = self._settled(op, params) if params else NO_PARAMS
        key = (op, id(settled), *map(id, types))
        signature = self._signatures.get(key)
        if signature is None:
            signature = self._signatures[key] = self._signature(op, tuple(types), settled)
        result, casts = signature
        for position, dtype in casts:
            ids[position] = self._cast(ids[position], dtype)
        return self.append(Node(op, tuple(ids), settled, result, self.source or self._line()))

    def _settled(self, op: Op, values: dict[str, Any]) -> Params:
        """The parameters of some names, one object for equal ones."""
        try:
            params = Params(tuple(values.items()))
        except TypeError:
            names = ", ".join(name for name, value in values.items() if not isinstance(value, Hashable))
            what = f"{op.name}: the argument {names} is no constant that can be hashed"
            raise GraphTypeError(what, self.source or user_line(), "leave the argument out") from None
        return self._params.setdefault(params, params)

    def append(self, node: Node) -> Var[Any]:
        """The Var of a node that reads ids of this builder."""
        self.nodes.append(node)
        self.types.append(node.type)
        return Var(self, len(self.nodes) - 1, node.type)

    def extend(self, nodes: Sequence[Node]) -> None:
        """Take in nodes that read ids of this builder, in order."""
        self.nodes.extend(nodes)
        self.types.extend([node.type for node in nodes])

    def lift(self, value: Any) -> Var[Any]:
        """The Var of something from outside: a number, an array, a Var of an older builder."""
        if type(value) is Var:
            return value if value.builder is self else self._capture(value)
        if isinstance(value, NUMBERS) or (isinstance(value, np.generic) and value.ndim == 0):
            return self.literal(value)
        if isinstance(value, list):
            value = np.asarray(value)
        return self._capture(value)

    def literal(self, value: Any) -> Var[Any]:
        """The Var of a constant that becomes part of the graph."""
        exact = value.__class__ in EXACT and value  # zeros have signs, which == does not see
        key = (value.__class__, value) if exact else Literal.of(value)
        i = self._literals.get(key)
        if i is None:
            if isinstance(value, np.generic):
                self._type_of(value)  # refuses a dtype that is not supported, with the user's line
            node = number_node(*key) if isinstance(key, tuple) else literal_node(key)
            i = self._literals[key] = self.append(node).id
        return Var(self, i, self.types[i])

    def _capture(self, value: Any) -> Var[Any]:
        """An array or a Var of an outer trace becomes a further input; where there are no values, a constant."""
        if self.run is None:
            return self._constant(value)
        captured, var = self._captured.get(id(value), (None, None))
        if var is None or not self._unchanged(captured, var):
            type = value.type if isinstance(value, Var) else self._type_of(value)
            if isinstance(value, Var) and value.builder.closed:
                raise value.builder._escaped("an op")
            var = self.input(type, "captured", self.guard.take(value))
            self._captured[id(value)] = value, var
        return var

    def _unchanged(self, captured: Any, var: Var[Any]) -> bool:
        """Whether something captured is still what it was then."""
        kept = self.values[var.id]
        return kept is captured or not isinstance(kept, np.ndarray) or same_bits(kept, captured)

    def _type_of(self, value: Any) -> ValueType[Any]:
        try:
            return type_of(value)
        except GraphTypeError as error:
            raise located(error, self.source or user_line()) from None

    def _constant(self, value: Any) -> Var[Any]:
        if isinstance(value, np.ndarray):
            self._type_of(value)
            return self.literal(value)
        if isinstance(value, Var):
            raise EscapedVarError(
                "a Var of one graph was used in another",
                self.source or user_line(),
                "make it an input of this one, with .input(...)",
            )
        raise GraphTypeError(
            f"{type(value).__name__} cannot be a constant of a graph",
            self.source or user_line(),
            "make it an input, with .input(...)",
        )

    def _signature(self, op: Op, types: tuple[Any, ...], params: Params) -> Signature:
        try:
            return signature(op, types, params)
        except (BackpropError, IndexError) as error:
            raise located(error, self.source or user_line()) from None

    def _cast(self, i: NodeId, dtype: np.dtype[Any]) -> NodeId:
        """The id of a weak number as a strong one."""
        known = self._casts.get((i, dtype))
        if known is None:
            known = self._casts[i, dtype] = self._casted(i, self.nodes[i], dtype)
        return known

    def _casted(self, i: NodeId, node: Node | None, dtype: np.dtype[Any]) -> NodeId:
        if node is not None and node.op is literal:
            return self.literal(dtype.type(node.param("value").value)).id
        type = cast.infer(self.types[i], dtype=dtype.name)
        return self.append(Node(cast, (i,), Params.of(dtype=dtype.name), type, self.source)).id

    def _line(self) -> Source:
        """The user's line, one object for all nodes of a line."""
        frame = user_frame(3)
        place = id(frame.f_code), frame.f_lasti
        known = self._lines.get(place)
        if known is None:
            known = self._lines[place] = (frame.f_code, source_of(frame))  # keeps the code, and so its identity
        return known[1]

    def _escaped(self, what: str) -> EscapedVarError:
        return EscapedVarError(
            f"{what} got a Var whose trace has ended",
            user_line(),
            "return the value from the traced function, or take its plain number inside with v.value",
        )

    # Taking graphs in and out.

    def inline(self, graph: Graph, args: Sequence[Any]) -> list[Var[Any]]:
        """The results of a graph, its nodes copied into this builder.

        Arguments:
            graph: the graph.
            args: a Var or value for each of its inputs.
        """
        if self.inner is not None:
            return self.inner.inline(graph, args)
        if self.closed:
            raise self._escaped("a graph")
        lifted = [self.lift(arg) for arg in args]
        ids = [var.id for var in lifted]
        for node in graph.nodes:
            ids.append(self.append(node.reading(tuple([ids[i] for i in node.inputs]))).id)
        return [Var(self, ids[i], self.types[ids[i]]) for i in graph.outputs]

    def build(self, outputs: Sequence[NodeId], start: Sequence[NodeId] | None = None) -> tuple[Graph, list[NodeId]]:
        """The graph of some outputs.

        Arguments:
            outputs: their ids.
            start: ids that become inputs, whatever they were; None takes the inputs, and keeps all nodes.
        Returns:
            the graph, and the ids of this builder that its inputs stand for.
        """
        inputs = list(self.names if start is None else start)
        types = tuple([self.types[i] for i in inputs])
        names = tuple([self.names.get(i, "") for i in inputs])
        if start is None and inputs == list(range(len(inputs))):  # all is where it belongs
            nodes = tuple([node for node in self.nodes if node is not None])
            return Graph(types, nodes, tuple(outputs), names), inputs
        to = {i: k for k, i in enumerate(inputs)}
        kept = range(len(self.nodes)) if start is None else self.needed(outputs, to)
        chosen = [(i, node) for i in kept if i not in to and (node := self.nodes[i]) is not None]
        made = renumber(chosen, to)
        return Graph(types, made, tuple([to[i] for i in outputs]), names), inputs

    def needed(self, outputs: Sequence[NodeId], known: Container[NodeId]) -> list[NodeId]:
        """The ids, in order, that outputs depend on, down to known ones (which are included)."""

        def before(i: NodeId) -> tuple[NodeId, ...]:
            node = self.nodes[i]
            return () if node is None or i in known else node.inputs

        return reach(outputs, before)

    # Values that steer the user's code.

    def answer(self, var: Var[Any], ask: Callable[[Any], T]) -> T:
        """What the user's code learns of a value: the part of the graph that it needs is run now, once.

        Arguments:
            var: a Var of this builder.
            ask: from the plain value to the answer.
        Errors:
            TracedConversionError: there are no values, as in explicit graphs.
        """
        graph, start, made = self._run_up_to(var)
        value = self.values[var.id]
        answer = value.builder.answer(value, ask) if isinstance(value, Var) else ask(value)
        self.asked.append(Asked(var.id, ask, answer, graph, start, made))
        return answer

    def _run_up_to(self, var: Var[Any]) -> tuple[Graph | None, tuple[NodeId, ...], tuple[NodeId, ...]]:
        if var.id in self.values:
            return None, (), ()
        if self.closed:
            raise self._escaped("a question about a value")
        ids = self.needed([var.id], self.values)
        start = tuple(i for i in ids if i in self.values)
        made = tuple(i for i in ids if i not in self.values)
        if self.run is None or any(self.nodes[i] is None for i in made):
            raise TracedConversionError(
                f"{var!r} has no value yet, as its graph is only being built",
                user_line(),
                "use numpy.where, backprop.switch or backprop.match for a choice that depends on values",
            )
        graph, _ = self.build(made, start)
        self.values.update(zip(made, self.run(graph, [self.values[i] for i in start]), strict=True))
        return graph, start, made


@lru_cache(maxsize=4096)
def number_node(cls: type, number: float) -> Node:
    """The node of a number that is not zero."""
    return literal_node(Literal.of(cls(number)))


def literal_node(constant: Literal) -> Node:
    """The node of a constant."""
    return Node(literal, (), Params.of(value=constant), literal.infer(constant))


def itself(value: Any) -> Any:
    """The value: what `v.value` asks for; of an array a copy, as the user may write to it."""
    return value.copy() if isinstance(value, np.ndarray) else value


# Operators of two operands, and what checkers know of them.

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
        return self.builder.emit(op, (self, other), {}) if operand(other) else beside_sparse(op, self, other)

    return method


def _reflected(op: Op) -> Any:
    def method(self: Any, other: Any) -> Any:
        return self.builder.emit(op, (other, self), {}) if operand(other) else beside_sparse(op, other, self)

    return method


def operand(value: Any) -> bool:
    """Whether a value may stand beside a Var in arithmetic."""
    return isinstance(value, OPERANDS)


class Var(Generic[T]):
    """A value of a graph that is being made; it stands in for the value in the user's code.

    It has the operators, methods and attributes of a NumPy array. NumPy's and SciPy's functions take it, and those
    that do not have a namesake in `backprop.ops`.
    """

    __slots__ = ("__weakref__", "builder", "id", "type")

    def __init__(self, builder: Builder, id: NodeId, type: ValueType[T]) -> None:
        self.builder = builder
        self.id = id
        self.type = type

    def __backprop_emit__(self, op: Op, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
        return self.builder.emit(op, args, params)

    def __repr__(self) -> str:
        return f"Var({self.type}, %{self.id})"

    def __dir__(self) -> list[str]:
        array = METHODS if isinstance(self.type, NumericType) else ()
        return sorted({*object.__dir__(self), *array})

    @property
    def value(self) -> Any:
        """The plain value, for code that is steered by it; it carries no gradient."""
        return self.builder.answer(self, itself)

    # NumPy's protocols.

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **params: Any) -> Any:
        if method == "reduce" and ufunc in REDUCTIONS:
            return REDUCTIONS[ufunc](*inputs, **{"axis": 0, **params})
        if method != "__call__":
            raise UnknownFunctionError(
                f"numpy.{ufunc.__name__}.{method} has no op",
                user_line(),
                "use a function instead of the method, as numpy.cumsum for numpy.add.accumulate",
            )
        out = params.pop("out", None)
        if out is not None and not (out[0] is inputs[0] and is_operator(user_frame(1))):  # x += y binds x anew
            raise AssignmentError(
                f"numpy.{ufunc.__name__} cannot write a traced result into out=", user_line(), "use its result"
            )
        operands = tuple([np.asarray(x) if isinstance(x, SEQUENCES) else x for x in inputs])
        op = UFUNCS.get(ufunc)
        if isinstance(op, Op) and not params:  # the short way
            return self.builder.emit(op, operands, {})
        return _call(lookup_function, ufunc, operands, params)

    def __array_function__(self, func: Any, types: Any, args: Any, params: Any) -> Any:
        return _call(lookup_function, func, args, params)

    def __array__(self, *args: Any, **params: Any) -> Any:
        if asked_by_scipy():
            return np.array(None, dtype=object)  # for which its operators leave the operation to ours
        raise TracedConversionError(
            f"{self!r} cannot become a plain array, which would lose its gradient",
            user_line(),
            "write backprop.ops.array([...]) or numpy.stack for numpy.array([...]), call the namesake in backprop.ops"
            " of a function that does not dispatch, or take the plain array with v.value",
        )

    # What is known without a value.

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the value."""
        return self._numeric().shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the value."""
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
    def real(self) -> Any:
        """The real part."""
        return ops.real(self)

    @property
    def imag(self) -> Any:
        """The imaginary part."""
        return ops.imag(self)

    @property
    def flat(self) -> Iterator[Any]:
        """The elements, one by one."""
        return iter(ops.ravel(self))

    def _numeric(self) -> NumericType[Any]:
        if not isinstance(self.type, NumericType):
            raise AttributeError(f"a Var of type {self.type} has no shape or dtype")
        return self.type

    def __getattr__(self, name: str) -> Any:
        if name in METHODS and isinstance(self.type, NumericType):
            return _Method(self, name)
        if isinstance(self.type, OpaqueType | UserType) and not name.startswith("_"):
            return self._attribute(self.type.cls, name)
        hint = "; v.value is the plain array" if hasattr(np.ndarray, name) else ""
        raise AttributeError(f"a Var of type {self.type} has no attribute {name!r}{hint}")

    # A value of a class that only turns out at run time.

    @property  # type: ignore[misc]
    def __class__(self) -> type:  # pyright: ignore[reportIncompatibleMethodOverride]
        """For isinstance and `match`: the class of a value that is moved about whole, which is asked for; else Var."""
        is_asked = isinstance(self.type, OpaqueType | UserType) and self.builder.run is not None
        return self.builder.answer(self, type) if is_asked else Var

    def _attribute(self, cls: type, name: str) -> Any:
        """A field, whose type is asked for where the annotations of `cls` do not tell it; or a method or property."""
        field_type = annotated(cls, name)
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

    def __len__(self) -> int:
        if isinstance(self.type, TupleType):
            return len(self.type.items)
        if self.shape:
            return self.shape[0]
        raise TypeError("len() of a scalar Var")

    def __iter__(self) -> Iterator[Any]:
        if isinstance(self.type, NumericType) and not self.shape:
            raise TypeError("iteration over a scalar Var")
        return (self[i] for i in range(len(self)))

    def __getitem__(self, key: Any) -> Any:
        if isinstance(self.type, TupleType):
            return item(self, index=range(len(self))[key])
        try:
            return ops.getitem(self, key)
        except (BackpropError, IndexError) as error:
            raise located(error, user_line()) from None

    def __setitem__(self, key: Any, value: Any) -> None:
        raise AssignmentError(
            "a traced array cannot be assigned to",
            user_line(),
            "write v = backprop.ops.at_set(v, key, value), or collect the parts in a list for numpy.stack",
        )

    # Where Python asks for a value.

    def __bool__(self) -> bool:
        return self.builder.answer(self, bool)

    def __int__(self) -> int:
        return self.builder.answer(self, int)

    def __index__(self) -> int:
        if not isinstance(self.type, NumericType) or self.dtype.kind not in "iu":
            raise TracedConversionError(f"{self!r} is no integer", user_line(), "write int(v)")
        return self.builder.answer(self, operator.index)

    def __float__(self) -> float:
        raise TracedConversionError(
            f"float() of {self!r} would lose its gradient",
            user_line(),
            "use numpy's functions instead of math's (numpy.sin for math.sin), leave the conversion out, or take the"
            " plain number with v.value",
        )

    def __complex__(self) -> complex:
        raise TracedConversionError(
            f"complex() of {self!r} would lose its gradient", user_line(), "write v + 0j, or take v.value"
        )

    def __format__(self, spec: str) -> str:
        if spec:
            raise TracedConversionError(
                f"{self!r} has no number to format by {spec!r}", user_line(), "format the plain number, v.value"
            )
        return str(self)

    __hash__ = object.__hash__

    def __copy__(self) -> Self:
        return self  # it never changes

    def __deepcopy__(self, memo: Any) -> Self:
        return self

    def __reduce__(self) -> Any:
        raise TracedConversionError(
            f"{self!r} cannot be pickled, as it is a part of its trace", user_line(), "send the plain value, v.value"
        )

    # Operators.

    def __neg__(self) -> Self:
        return self.builder.emit(ops.negative, (self,), {})  # type: ignore[no-any-return]

    def __pos__(self) -> Self:
        return self

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

    def __pow__(self, other: Any) -> Var[Any]:
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
    __eq__ = _forward(ops.equal)
    __ne__ = _forward(ops.not_equal)
    __lt__: Loose = _forward(ops.less)
    __le__: Loose = _forward(ops.less_equal)
    __gt__: Loose = _forward(ops.greater)
    __ge__: Loose = _forward(ops.greater_equal)


class _Method:
    """A method of an array, bound to a Var."""

    __slots__ = ("name", "var")

    def __init__(self, var: Var[Any], name: str) -> None:
        self.var = var
        self.name = name

    def __call__(self, *args: Any, **params: Any) -> Any:
        return _call(METHODS.__getitem__, self.name, (self.var, *args), params)


def _call(find: Callable[[Any], Callable[..., Any]], func: Any, args: Any, params: Any) -> Any:
    """Call the namesake of a function; errors carry the user's line."""
    try:
        return find(func)(*args, **params)
    except (BackpropError, IndexError) as error:
        raise located(error, user_line()) from None
    except TypeError as error:
        if "unexpected keyword" not in str(error) and "positional argument" not in str(error):
            raise
        name = getattr(func, "__name__", func)
        raise GraphTypeError(
            f"{name} takes no such argument on traced arrays: {error}", user_line(), "leave the argument out"
        ) from None


OPERANDS = (Var, np.ndarray, np.generic, bool, int, float, complex, list)  # a tuple is quicker than a union
SEQUENCES = (list, tuple)

REDUCTIONS: Mapping[np.ufunc, Callable[..., Any]] = MappingProxyType(
    {np.add: ops.sum, np.multiply: ops.prod, np.maximum: ops.max, np.minimum: ops.min}
)
