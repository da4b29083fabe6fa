"""Classes of the user's own: values with cotangents of their own class, and containers."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import backprop as bp
from backprop.errors import ArgumentError, BadCotangentError, GraphTypeError, NotDifferentiableError
from backprop.graph.autodiff.differentiate import differentiate
from backprop.graph.tracing.structures.structure import flatten, unflatten
from backprop.graph.tracing.trace import trace
from backprop.ops.arrays.accumulate import accumulate_values
from backprop.ops.core.types import OpaqueType, UserType, type_of
from backprop.scheduler.events import Recorder


class Signal:
    """A series of samples, of any number."""

    def __init__(self, samples: Any) -> None:
        self.samples = np.asarray(samples, float)

    def __repr__(self) -> str:
        return f"Signal({self.samples.tolist()})"


class Tone(Signal):
    """A subclass."""


def zeros_like(s: Signal) -> Signal:
    return Signal(np.zeros_like(s.samples))


def add(a: Signal, b: Signal) -> Signal:
    return Signal(a.samples + b.samples)


bp.register(Signal, zeros_like=zeros_like, add=add)

NUMBER = bp.ScalarType("float64")


inner = bp.op(lambda a, b: a.samples @ b.samples, name="inner", infer=lambda a, b: NUMBER)
scaled = bp.op(lambda c, a: Signal(c * a.samples), name="scaled", like=1)
inner.defvjp(lambda g, out, a, b: (scaled(g, b), scaled(g, a)))
scaled.defvjp(lambda g, out, c, a: (inner(g, a), scaled(c, g)))

S = Signal([1.0, 2.0, 3.0])
R = Signal([0.5, 0.0, -1.0])


def samples(value: Any) -> Any:
    assert isinstance(value, Signal)
    return value.samples.tolist()


def test_a_gradient_is_of_the_class() -> None:
    value, gradient = bp.value_and_grad(lambda s: inner(s, s))(S)
    assert value == 14.0
    assert samples(gradient) == [2.0, 4.0, 6.0]


def test_contributions_are_added_up_by_what_was_registered() -> None:
    gradient = bp.grad(lambda s: inner(s, R) + 2 * inner(s, s) + inner(scaled(3.0, s), R))(S)
    np.testing.assert_allclose(samples(gradient), 4 * (R.samples + S.samples))
    graph = trace(lambda s: inner(s, s), (S,), {}, None).graph
    sums = [node for node in differentiate(graph, [0]).nodes if node.op is accumulate_values]
    assert [len(node.inputs) for node in sums] == [2]


def test_many_contributions_become_a_tree() -> None:
    gradient = bp.grad(lambda s: sum((inner(s, R) for _ in range(9)), start=0.0))(S)
    np.testing.assert_allclose(samples(gradient), 9 * R.samples)


def test_zeros_fit_the_value() -> None:
    gradient = bp.grad(lambda d: inner(d["a"], d["a"]))({"a": S, "b": Signal([5.0])})
    assert samples(gradient["b"]) == [0.0]


def test_values_in_containers_beside_arrays() -> None:
    def loss(p: Any) -> Any:
        return inner(p["s"][0], p["s"][1]) * np.sum(p["w"]) * p["t"]

    gradient = bp.grad(loss)({"s": (S, R), "w": np.ones(2), "t": 0.5, "n": 3})
    np.testing.assert_array_equal(samples(gradient["s"][0]), R.samples)
    np.testing.assert_array_equal(gradient["w"], np.full(2, -2.5 * 0.5))
    assert gradient["t"] == -5.0
    assert gradient["n"] is None


def test_second_derivatives() -> None:
    gradient = bp.grad(lambda s: inner(bp.grad(lambda t: inner(t, t) ** 2)(s), R))(S)
    # d/ds <4 <s, s> s, r> = 8 <s, r> s + 4 <s, s> r
    np.testing.assert_allclose(samples(gradient), 8 * (S.samples @ R.samples) * S.samples + 4 * 14.0 * R.samples)


def test_forward_mode_and_pullbacks() -> None:
    value, tangent = bp.jvp(lambda s: inner(s, s), (S,), (R,))
    assert (value, tangent) == (14.0, 2 * S.samples @ R.samples)
    value, tangent = bp.jvp(lambda s: scaled(2.0, s), (S,), (R,))
    assert samples(tangent) == samples(Signal(2 * R.samples))
    value, pullback = bp.vjp(lambda s: scaled(2.0, s), S)
    assert samples(value) == [2.0, 4.0, 6.0]
    assert samples(pullback(R)[0]) == [1.0, 0.0, -2.0]
    np.testing.assert_allclose(samples(bp.hvp(lambda s: inner(s, s), (S,), R)), 2 * R.samples)
    with pytest.raises(BadCotangentError, match="it is a float, and belongs to a value that is a Signal"):
        pullback(1.0)


def test_several_results_one_of_the_class() -> None:
    both = bp.op(lambda s: (Signal(2 * s.samples), np.sum(s.samples)), infer=lambda s: (s, NUMBER))
    both.defvjp(lambda g, out, s: scaled(2.0, g[0]))
    gradient = bp.grad(lambda s: inner(both(s)[0], R) + 0 * both(s)[1])(S)
    np.testing.assert_array_equal(samples(gradient), 2 * R.samples)
    assert samples(bp.grad(lambda s: both(s)[1])(S)) == [0.0, 0.0, 0.0]  # what nothing reads has the zero that fits


def test_subclasses_count() -> None:
    assert isinstance(bp.grad(lambda s: inner(s, s))(Tone([1.0])), Signal)


def test_types() -> None:
    assert type_of(S) == UserType(Signal, zeros_like, add)
    assert type_of(S).differentiable
    assert str(type_of(S)) == "Signal"
    assert isinstance(type_of(object()), OpaqueType)
    assert pickle.loads(pickle.dumps(type_of(S))) == type_of(S)


def test_a_rule_of_another_class() -> None:
    wrong = bp.op(lambda s: np.sum(s.samples), infer=lambda s: NUMBER, vjp=lambda g, out, s: g)
    with pytest.raises(BadCotangentError, match=r"returned float64 for an input Signal"):
        bp.grad(wrong)(S)


def test_an_opaque_pair_returns_the_class() -> None:
    pair = bp.op(lambda s: (np.sum(s.samples), s), lambda s, g: Signal(g * np.ones(3)), infer=lambda s: NUMBER)
    assert samples(bp.grad(lambda s: pair(s) * 2)(S)) == [2.0, 2.0, 2.0]
    wrong = bp.op(lambda s: (np.sum(s.samples), s), lambda s, g: g, infer=lambda s: NUMBER)
    with pytest.raises(BadCotangentError, match=r"returned a \w+ for an input Signal"):
        bp.grad(wrong)(S)


def test_what_takes_arrays_refuses_the_class() -> None:
    with pytest.raises((GraphTypeError, TypeError)):
        bp.grad(lambda s: np.sum(s))(S)


def test_a_class_that_is_not_registered() -> None:
    class Other:
        pass

    with pytest.raises(bp.errors.IntegerInputError):
        bp.grad(lambda o: 1.0)(Other())


def test_a_dataclass_can_be_made_a_leaf_after_it_was_met_as_a_container() -> None:
    @dataclass
    class Angle:
        degrees: float

    assert len(flatten(Angle(3.0))[0]) == 1
    assert flatten(Angle(3.0))[0][0] == 3.0
    bp.register(Angle, zeros_like=lambda a: Angle(0.0), add=lambda a, b: Angle((a.degrees + b.degrees) % 360))
    angle = Angle(3.0)
    values, structure = flatten([angle])
    assert values == [angle]
    assert unflatten(structure, values) == [angle]


@pytest.mark.parametrize("k", [0, 1])
def test_a_value_in_the_branch_of_a_switch(k: int) -> None:
    def f(k: Any, s: Any) -> Any:
        return bp.switch(k, [lambda s: 1.0, lambda s: inner(s, scaled(2.0, s))], s)

    gradient = bp.grad(f, argnums=1)(np.array(k), S)
    assert samples(gradient) == [4.0 * k * x for x in S.samples]


def test_ops_and_minibatches_do_not_ask_for_the_class() -> None:
    """Each question would run what leads to it, and be a guard."""

    def loss(s: Any, x: Any) -> Any:
        return np.mean(x) * inner(s, s)

    recorder = Recorder()
    f = bp.grad(lambda s, x: bp.minibatch(loss, 1, 2)(scaled(2.0, s), x), executor=bp.Serial(recorder=recorder))
    assert samples(f(S, np.ones(4))) == [8.0, 16.0, 24.0]
    assert len(recorder.finished) == 1


def test_no_matrix_of_derivatives() -> None:
    for call in (bp.jacobian, bp.hessian):
        with pytest.raises(GraphTypeError, match="jacobian takes arrays and scalars"):
            call(lambda s: inner(s, s))(S)


# Containers.


class Grid:
    """A class that is no dataclass."""

    def __init__(self, nodes: Any, label: str) -> None:
        self.cells = {"nodes": nodes}
        self.label = label

    def total(self) -> Any:
        return np.sum(self.cells["nodes"] ** 2)


bp.register(Grid, flatten=lambda g: ((g.cells,), g.label), unflatten=lambda label, parts: _grid(label, *parts))


def _grid(label: str, cells: Any) -> Grid:
    grid = object.__new__(Grid)
    grid.cells, grid.label = cells, label
    return grid


def test_a_container() -> None:
    gradient = bp.grad(lambda g: g.total() * len(g.label))(Grid(np.arange(3.0), "ab"))
    assert isinstance(gradient, Grid)
    np.testing.assert_array_equal(gradient.cells["nodes"], 4 * np.arange(3.0))


class Range:
    def __init__(self, low: Any, high: Any) -> None:
        self.low, self.high = low, high


@pytest.mark.parametrize(
    "unflatten",
    [
        lambda _, ends: Range(ends[0], ends[0]),
        lambda _, ends: Range(ends[1], ends[0]),
        lambda _, ends: Range(ends[0], 1.0),
        lambda _, ends: Grid(list(ends), ""),
    ],
    ids=["doubled", "swapped", "lost", "another class"],
)
def test_a_container_that_is_put_together_wrongly(unflatten: Any) -> None:
    cls = type("Wrong", (Range,), {})
    bp.register(cls, flatten=lambda r: ((r.low, r.high), None), unflatten=lambda _, ends: vary(unflatten(_, ends)))

    def vary(value: Any) -> Any:
        return cls(value.low, value.high) if isinstance(value, Range) else value

    with pytest.raises(ArgumentError, match="unflatten of Wrong is not the inverse of its flatten"):
        bp.grad(lambda r: r.low * 2 + r.high * 3)(cls(1.0, 2.0))


# Mistakes.


@pytest.mark.parametrize("cls", [float, np.ndarray, np.float32, tuple, dict, str, bp.Var])
def test_a_class_that_has_a_meaning_already(cls: type) -> None:
    with pytest.raises(ArgumentError, match="has a meaning in graphs already"):
        bp.register(cls, zeros_like=lambda x: x, add=lambda x, y: x)


@pytest.mark.parametrize(
    "options", [{}, {"add": add}, {"flatten": add}, {"zeros_like": zeros_like, "add": add, "flatten": add}]
)
def test_one_pair_is_needed(options: dict[str, Any]) -> None:
    with pytest.raises(ArgumentError, match="registered by two functions"):
        bp.register(Signal, **options)


def test_an_op_without_a_rule_on_the_way() -> None:
    lost = bp.op(lambda s: np.sum(s.samples), infer=lambda s: NUMBER)
    with pytest.raises(NotDifferentiableError):
        bp.grad(lost)(S)
