"""An op in many versions: dtypes, layouts, broadcasting, empty operands; its types, its memory, its pickle."""

from __future__ import annotations

import functools
import pickle
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..api.verbs.evaluate import evaluate
from ..errors import ArgumentError, GraphError
from ..graph.autodiff.differentiate import differentiate
from ..graph.evaluate import Evaluated
from ..graph.evaluate import evaluate as evaluate_graph
from ..graph.graph import parameters
from ..graph.tracing.structures.structure import flatten
from ..graph.tracing.trace import trace
from ..ops.core.op import Kind, Op
from ..ops.core.types import TupleType, ValueType
from .derivatives import Check, flattened
from .values import (
    SEED,
    direction_like,
    example_of,
    text_of,
)

DTYPES = ("float64", "float32", "complex128", "complex64")


def check_op(
    op: Callable[..., Any], *examples: Any, order: int = 2, dtypes: Sequence[str] = DTYPES, **params: Any
) -> None:
    """Fail where an op, or a function made of ops, breaks one of the rules that the package relies on.

    Its inferred types are those of its values, forward and back; its derivatives agree with differences up to `order`;
    other memory layouts give the same; cotangents have the dtype of operands; broadcasting is undone; empty operands
    work; it pickles by reference.

    Arguments:
        op: an Op, or a function of its operands.
        examples: operands inside its domain, away from kinks: a tuple for each example, or an only operand.
        order: up to which derivative.
        dtypes: what to try; complex dtypes are left out where the op does not take them.
        params: the op's static parameters.
    Errors:
        AssertionError: says what does not hold, for which example and which operand.
        ArgumentError: there is no example.
    Example:
        >>> bp.testing.check_op(bp.ops.tanh, np.ones(3))
    """
    if not examples:
        raise ArgumentError("check_op has no example", fix="give a tuple of operands, inside the op's domain")
    name = str(getattr(op, "name", None) or getattr(op, "__name__", None) or op)
    if isinstance(op, Op) and op.home and not _pickles_by_reference(op):
        raise AssertionError(f"{name} does not pickle by reference, though it has the home {op.home}")
    f = functools.partial(op, **params)
    for k, example in enumerate(examples):
        operands = example if isinstance(example, tuple) else (example,)
        for version in _versions(op, f, operands, order, dtypes):
            with _quiet(), _about(f"{name}, example {k}, {version.name}"):
                _check_version(name, f, version)


@dataclass(frozen=True)
class _Version:
    """Operands, and how much to ask of them."""

    name: str
    operands: tuple[Any, ...]
    order: int
    layouts: bool = False
    slopes: bool = True


def _versions(
    op: Callable[..., Any], f: Callable[..., Any], operands: tuple[Any, ...], order: int, dtypes: Sequence[str]
) -> Iterator[_Version]:
    for dtype in dtypes:
        version = tuple(_as_dtype(x, np.dtype(dtype)) for x in operands)
        if dtype[0] == "f" or _takes(f, version):
            full = dtype in ("float64", "complex128")
            yield _Version(dtype, version, order if full else min(order, 1), full)
    if isinstance(op, Op) and op.kind is Kind.ELEMENTWISE and len(operands) > 1:
        for k, x in enumerate(operands):
            if np.size(x) and np.ndim(x):
                yield _Version(f"operand {k} of length 1", (*operands[:k], x[:1], *operands[k + 1 :]), min(order, 1))
                yield _Version(f"operand {k} without an axis", (*operands[:k], x[0], *operands[k + 1 :]), min(order, 1))
    empty = tuple(x[:0] if np.ndim(x) else x for x in operands)
    if any(map(np.ndim, operands)) and _takes(f, empty):
        yield _Version("empty operands", empty, min(order, 1), slopes=False)


def _takes(f: Callable[..., Any], operands: tuple[Any, ...]) -> bool:
    """Whether a function takes operands, on plain values and as types; what is not numeric counts as no."""
    try:
        with _quiet():
            f(*operands)
            trace(f, operands, {}, evaluate_graph)
    except (GraphError, TypeError, ValueError, IndexError, ArithmeticError, RuntimeError, MemoryError):  # SciPy's
        return False
    return True


def _check_version(name: str, f: Callable[..., Any], version: _Version) -> None:
    operands = version.operands
    kept = [np.array(x) for x in operands]
    _check_graph(f, operands, version.order)
    if version.layouts:
        _check_layouts(f, operands)
    flat, leaves, paths = flattened(f, operands)
    named = [path.replace("args[", "operand [") for path in paths]
    Check(name, named, slopes=version.slopes).derivatives(flat, leaves, version.order)
    for k, (x, old) in enumerate(zip(operands, kept, strict=True)):
        np.testing.assert_array_equal(x, old, f"operand {k} was written to")


def _check_graph(f: Callable[..., Any], operands: tuple[Any, ...], order: int) -> None:
    """The type of each node, forward and back, is that of its value; the graph survives pickling."""
    traced = trace(f, operands, {}, evaluate_graph)
    graph = traced.graph
    wrt = [i for i in range(len(traced.arguments.types)) if graph.inputs[i].differentiable]
    joint = differentiate(graph, wrt, seeded=True) if order else graph
    seeds = [direction_like(example_of(type), np.random.default_rng(SEED)) for type in joint.inputs[graph.first :]]
    values = list(traced.values) + seeds
    for node in joint.nodes:
        value = node.op.compute(*(values[i] for i in node.inputs), **parameters(node, Evaluated))
        _check_type(node.op, value, node.type)
        if node.op.kind is not Kind.VIEW:
            shared = [i for i in node.inputs if _shares(value, values[i])]
            if shared:
                operand = node.inputs.index(shared[0])
                raise AssertionError(f"{node.op.name} returns memory of its operand {operand}, but is no view")
        values.append(value)
    if all(node.op.home for node in graph.nodes) and pickle.loads(pickle.dumps(joint)) != joint:
        raise AssertionError("the graph is another after pickling")


def _check_type(op: Op, value: Any, inferred: ValueType[Any]) -> None:
    wrong = f"{op.name} infers {inferred} and returns {text_of(value)}"
    if isinstance(inferred, TupleType):
        if not isinstance(value, tuple):
            raise AssertionError(wrong)
        for part, type in zip(value, inferred.items, strict=True):
            _check_type(op, part, type)
        return
    found = (np.shape(value), np.asarray(value).dtype, isinstance(value, np.ndarray))
    array = isinstance(example_of(inferred), np.ndarray)
    if found != (getattr(inferred, "shape", None), getattr(inferred, "dtype", None), array):
        raise AssertionError(wrong)


def _check_layouts(f: Callable[..., Any], operands: tuple[Any, ...]) -> None:
    """Strided, transposed and read-only operands give what contiguous ones give."""
    expected = _results(f, operands)
    for layout in (_strided, np.asfortranarray, _read_only):
        version = tuple(layout(x) if np.ndim(x) else x for x in operands)
        for found, value in zip(_results(evaluate(f), version), expected, strict=True):
            np.testing.assert_allclose(
                found, value, rtol=1e-9, atol=1e-11, err_msg=f"{layout.__name__} operands give another result"
            )


def _results(f: Callable[..., Any], operands: tuple[Any, ...]) -> list[Any]:
    return flatten(f(*operands))[0]


@contextmanager
def _about(what: str) -> Iterator[None]:
    """Errors say what was being checked."""
    try:
        yield
    except Exception as error:
        error.add_note(f"while checking {what}")
        raise


@contextmanager
def _quiet() -> Iterator[None]:
    """No warnings: what is checked is values."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


def _as_dtype(x: Any, dtype: np.dtype[Any]) -> Any:
    """An inexact operand in another dtype; off the real line where that is complex."""
    array = np.asarray(x)
    if array.dtype.kind not in "fc" or (array.dtype.kind == "c" and dtype.kind == "f"):
        return x
    if dtype.kind == "c" and array.dtype.kind == "f":
        array = array + 0.4j * np.random.default_rng(SEED).uniform(0.5, 1.5, array.shape)
    array = np.asarray(array).astype(dtype)
    return array if isinstance(x, np.ndarray) else array[()]


def _pickles_by_reference(op: Op) -> bool:
    try:
        return pickle.loads(pickle.dumps(op)) is op
    except (pickle.PicklingError, AttributeError, TypeError):
        return False


def _shares(a: Any, b: Any) -> bool:
    return isinstance(a, np.ndarray) and isinstance(b, np.ndarray) and np.shares_memory(a, b)


def _strided(x: Any) -> Any:
    return np.repeat(x, 2, axis=-1)[..., ::2]


def _read_only(x: Any) -> Any:
    x = x.copy()
    x.flags.writeable = False
    return x
