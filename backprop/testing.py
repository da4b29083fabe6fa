"""Checks of derivatives, for the tests of users as well as our own.

    bp.testing.check_grads(loss, (params, batch))           a function, at some arguments
    bp.testing.check_op(bp.ops.logaddexp, (x, y))           an op, over dtypes, layouts, broadcasting, empty arrays
    bp.testing.check_value_laws(Signal, s, t)               a class made known by bp.register (see api/laws.py)

The first two compare a reverse-mode gradient, projected on a random direction, with finite differences; where a
function takes complex numbers and is analytic, with the complex step, which has no rounding error to speak of.
Directions are seeded, so that a failure repeats. Each raises an AssertionError that says which operand, what was
expected, and what was got.

Sources: W. Squire and G. Trapp, Using complex variables to estimate derivatives of real functions, SIAM Review 40(1),
1998; B. Fornberg, Generation of finite difference formulas on arbitrarily spaced grids, 1988 (the central formula).
"""

from __future__ import annotations

import functools
import pickle
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from .api.user_ops.laws import check_value_laws as check_value_laws
from .api.verbs.evaluate import evaluate
from .api.verbs.forward import jvp
from .api.verbs.gradients import vjp
from .errors import ArgumentError, GraphError, NotDifferentiableError
from .graph.autodiff.differentiate import differentiate
from .graph.evaluate import evaluate as evaluate_graph
from .graph.graph import Graph
from .graph.tracing.builder import Var
from .graph.tracing.structure import flatten, unflatten
from .graph.tracing.trace import trace
from .ops.core.op import Kind, Op
from .ops.core.types import TupleType, ValueType, type_of

Leaves = Sequence[Any]
Flat = Callable[..., tuple[Any, ...]]  # of inexact leaves, to inexact leaves

SEED = 20240229
STEPS = (1e-3, 1e-4, 1e-5)
DTYPES = ("float64", "float32", "complex128", "complex64")
WIDE = {"f": np.dtype("float64"), "c": np.dtype("complex128")}


def check_grads(
    f: Callable[..., Any] | Graph,
    args: Sequence[Any],
    order: int = 2,
    rtol: float | None = None,
    atol: float | None = None,
) -> None:
    """Fail where the derivatives of a function are wrong.

    Arguments:
        f: a function of arrays, numbers and containers of them, or a Graph; real-valued ones are looked at in float64.
        args: where to look, away from kinks: a tuple of arguments.
        order: up to which derivative: 1 checks the gradient, 2 the gradient of the gradient too.
        rtol: allowed error of a directional derivative, as a share of the sum of its terms' sizes; None takes 1e-6
            (in single precision 5e-3), and 100 times that for each further order.
        atol: allowed absolute error; None takes `rtol`.
    Errors:
        AssertionError: a derivative is wrong, or a cotangent has another shape or dtype than its argument.
    """
    name = getattr(f, "__name__", type(f).__name__)
    run = evaluate(f) if isinstance(f, Graph) else f
    flat, leaves, paths = _flattened(run, tuple(args))
    _Check(name, paths, rtol, atol).derivatives(flat, leaves, order)


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
    """
    if not examples:
        raise ArgumentError("check_op has no example", fix="give a tuple of operands, inside the op's domain")
    name = str(getattr(op, "name", None) or getattr(op, "__name__", None) or op)
    if isinstance(op, Op) and op.home:
        assert _pickles_by_reference(op), f"{name} does not pickle by reference, though it has the home {op.home}"
    f = functools.partial(op, **params)
    for k, example in enumerate(examples):
        operands = example if isinstance(example, tuple) else (example,)
        for version in _versions(op, f, operands, order, dtypes):
            with _quiet(), _about(f"{name}, example {k}, {version.name}"):
                _check_version(name, f, version)


# The derivative of a function of leaves.


@dataclass(frozen=True)
class _Check:
    """What a check is called, and what it allows."""

    name: str
    paths: Sequence[str]
    rtol: float | None = None
    atol: float | None = None
    slopes: bool = True  # else types only

    def derivatives(self, f: Flat, leaves: Leaves, order: int, level: int = 1) -> None:
        """Reverse mode against differences, then the same of reverse mode itself."""
        rng = np.random.default_rng([SEED, level])
        plain = f(*leaves)
        weights = tuple(_direction(y, rng) for y in plain)
        if order < 1 or not leaves or not weights:
            return
        values, pullback = vjp(f, *leaves)
        self.same_values(values, plain, leaves)
        cotangents = pullback(weights)
        directions = [_direction(x, rng) for x in leaves]
        self.same_types(cotangents, leaves)
        if not self.slopes:
            return
        slopes = [_inner([c], [v]) for c, v in zip(cotangents, directions, strict=True)]
        for k, (found, cotangent) in enumerate(zip(slopes, cotangents, strict=True)):
            what = f"{self.name}: the derivative of order {level} by {self.paths[k]}"
            self.slope(what, found, _size(cotangent, directions[k]), f, leaves, k, directions[k], weights, level)
        if level == 1:
            self.forward(f, leaves, directions, weights, sum(slopes), cotangents)
        self.derivatives(lambda *xs: tuple(vjp(f, *xs)[1](weights)), leaves, order - 1, level + 1)

    def slope(
        self, what: str, found: float, size: float, f: Flat, leaves: Leaves, k: int, v: Any, weights: Leaves, level: int
    ) -> None:
        """One directional derivative against differences of several steps, and the complex step."""
        wide = [_wide(x) for x in leaves]
        allowed = self.allowed(leaves, level, size)
        expected = np.nan
        for step in STEPS:
            expected = _differences(lambda t: _inner(weights, f(*_moved(wide, k, t * v))), step)
            if abs(found - expected) <= allowed:
                break
        else:
            raise AssertionError(f"{what}: expected {expected} by finite differences, got {found}")
        exact = _complex_step(f, wide, k, v, weights) if level == 1 else None
        sharp = min(allowed, 1e-9 * max(1.0, size))
        default = self.rtol is None and self.atol is None
        if default and exact is not None and not _single(leaves) and abs(exact - expected) <= allowed:
            assert abs(found - exact) <= sharp, f"{what}: expected {exact} by the complex step, got {found}"

    def forward(
        self, f: Flat, leaves: Leaves, directions: Leaves, weights: Leaves, pulled: float, cotangents: Leaves
    ) -> None:
        """Forward mode is the transpose of reverse mode: <w, J v> = <w J, v>; an opaque pair has none."""
        try:
            _, tangents = jvp(f, tuple(leaves), tuple(directions))
        except NotDifferentiableError:
            return
        pushed = _inner(weights, tangents)
        size = sum(map(_size, cotangents, directions))
        assert abs(pushed - pulled) <= self.allowed(leaves, 1, size), (
            f"{self.name}: forward mode gives {pushed}, reverse mode {pulled}"
        )

    def allowed(self, leaves: Leaves, level: int, size: float) -> float:
        rtol = self.rtol if self.rtol is not None else (5e-3 if _single(leaves) else 1e-6) * 100.0 ** (level - 1)
        atol = rtol if self.atol is None else self.atol
        return atol + rtol * size

    def same_values(self, found: Leaves, expected: Leaves, leaves: Leaves) -> None:
        tolerance = 1e-4 if _single(leaves) else 1e-10
        for a, b in zip(found, expected, strict=True):
            np.testing.assert_allclose(a, b, tolerance, tolerance, err_msg=f"{self.name}: the traced value is another")

    def same_types(self, cotangents: Leaves, leaves: Leaves) -> None:
        """A cotangent has the class, shape and dtype of its argument."""
        for path, c, x in zip(self.paths, cotangents, leaves, strict=True):
            assert type_of(c) == type_of(x), f"{self.name}: the cotangent of {path} is {_text(c)}, expected {_text(x)}"


def _flattened(f: Callable[..., Any], args: tuple[Any, ...]) -> tuple[Flat, list[Any], list[str]]:
    """The function as one of inexact leaves, these leaves, and their paths."""
    values, structure = flatten(args)
    chosen = [k for k, x in enumerate(values) if _inexact(x)]
    dynamic = [
        p for p, leaf in zip(structure.paths("args"), structure.leaves, strict=True) if isinstance(leaf, ValueType)
    ]

    def flat(*leaves: Any) -> tuple[Any, ...]:
        given = list(values)
        for k, leaf in zip(chosen, leaves, strict=True):
            given[k] = leaf
        return tuple(y for y in flatten(f(*unflatten(structure, given)))[0] if _inexact(y))

    return flat, [values[k] for k in chosen], [dynamic[k] for k in chosen]


def _differences(f: Callable[[float], float], h: float) -> float:
    """The derivative at 0: central differences of fourth order."""
    return (8 * (f(h) - f(-h)) - (f(2 * h) - f(-2 * h))) / (12 * h)


def _complex_step(f: Flat, leaves: Leaves, k: int, v: Any, weights: Leaves) -> float | None:
    """The derivative by one evaluation off the real line; None where the function does not go there."""
    if any(np.asarray(x).dtype.kind == "c" for x in (*leaves, *weights)):
        return None
    h = 1e-30
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            results = f(*_moved(leaves, k, 1j * h * v))
    except Exception:
        return None
    return sum(float(np.sum(w * np.imag(y))) for w, y in zip(weights, results, strict=True)) / h


def _moved(leaves: Leaves, k: int, step: Any) -> list[Any]:
    return [*leaves[:k], leaves[k] + step, *leaves[k + 1 :]]


# An op in many versions.


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
    except (GraphError, TypeError, ValueError, IndexError, ArithmeticError, NotImplementedError):
        return False
    return True


def _check_version(name: str, f: Callable[..., Any], version: _Version) -> None:
    operands = version.operands
    kept = [np.array(x) for x in operands]
    _check_graph(f, operands, version.order)
    if version.layouts:
        _check_layouts(f, operands)
    flat, leaves, paths = _flattened(f, operands)
    named = [path.replace("args[", "operand [") for path in paths]
    _Check(name, named, slopes=version.slopes).derivatives(flat, leaves, version.order)
    for k, (x, old) in enumerate(zip(operands, kept, strict=True)):
        np.testing.assert_array_equal(x, old, f"operand {k} was written to")


def _check_graph(f: Callable[..., Any], operands: tuple[Any, ...], order: int) -> None:
    """The type of each node, forward and back, is that of its value; the graph survives pickling."""
    traced = trace(f, operands, {}, evaluate_graph)
    graph = traced.graph
    wrt = [i for i in range(len(traced.arguments.types)) if graph.inputs[i].differentiable]
    joint = differentiate(graph, wrt, seeded=True) if order else graph
    seeds = [_direction(_example(type), np.random.default_rng(SEED)) for type in joint.inputs[graph.first :]]
    values = list(traced.values) + seeds
    for node in joint.nodes:
        value = node.op.compute(*(values[i] for i in node.inputs), **dict(node.params))
        _check_type(node.op, value, node.type)
        if node.op.kind is not Kind.VIEW:
            shared = [i for i in node.inputs if _shares(value, values[i])]
            assert not shared, (
                f"{node.op.name} returns memory of its operand {node.inputs.index(shared[0])}, but is no view"
            )
        values.append(value)
    if all(node.op.home for node in graph.nodes):
        assert pickle.loads(pickle.dumps(joint)) == joint, "the graph is another after pickling"


def _check_type(op: Op, value: Any, inferred: ValueType[Any]) -> None:
    if isinstance(inferred, TupleType):
        assert isinstance(value, tuple), f"{op.name} infers {inferred} and returns {_text(value)}"
        for part, type in zip(value, inferred.items, strict=True):
            _check_type(op, part, type)
        return
    assert (np.shape(value), np.asarray(value).dtype, isinstance(value, np.ndarray)) == (
        getattr(inferred, "shape", None),
        getattr(inferred, "dtype", None),
        isinstance(_example(inferred), np.ndarray),
    ), f"{op.name} infers {inferred} and returns {_text(value)}"


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


# Small parts.


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


def _inexact(x: Any) -> bool:
    type = x.type if isinstance(x, Var) else type_of(x)
    return type.differentiable and not isinstance(type, TupleType)


def _single(leaves: Leaves) -> bool:
    return any(np.asarray(x).dtype in (np.float32, np.complex64) for x in leaves)


def _inner(a: Leaves, b: Leaves) -> float:
    """The real part of the sum of products, without conjugation, as of a cotangent and a tangent."""
    return sum(float(np.real(np.sum(np.asarray(x) * np.asarray(y)))) for x, y in zip(a, b, strict=True))


def _size(a: Any, b: Any) -> float:
    return float(np.sum(np.abs(np.asarray(a) * np.asarray(b))))


def _direction(x: Any, rng: np.random.Generator) -> Any:
    """A random value like x, of numbers away from zero."""
    array = np.asarray(x)
    v = rng.uniform(0.5, 1.5, array.shape) * rng.choice([-1.0, 1.0], array.shape)
    if array.dtype.kind == "c":
        v = v + 1j * rng.uniform(0.5, 1.5, array.shape) * rng.choice([-1.0, 1.0], array.shape)
    v = np.asarray(v).astype(array.dtype)
    return v if isinstance(x, np.ndarray) else v[()]


def _example(type: ValueType[Any]) -> Any:
    """Some value of a numeric type."""
    zeros = np.zeros(getattr(type, "shape", ()), getattr(type, "dtype", "float64"))
    return zeros[()] if type_of(zeros) != type else zeros


def _wide(x: Any) -> Any:
    array = np.asarray(x)
    wide = array.astype(WIDE[array.dtype.kind])
    return wide if isinstance(x, np.ndarray) else wide[()]


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


def _text(x: Any) -> str:
    return f"{type(x).__name__} {type_of(x)}"
