"""What the Haskell original could do, or asked for: a test for each feature of its table, named after it, in its order.

Values that it publishes are the expected ones where there are some.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import backprop as bp
from backprop.api.preparing.graphs import joint
from backprop.graph.evaluate import evaluate
from backprop.graph.graph import Graph
from backprop.graph.tracing.trace import trace
from backprop.scheduler.events import Recorder, TaskFinished, TaskStarted
from benchmarks import __main__ as benchmarks
from benchmarks import mnist, rivals
from benchmarks.harness import check

X = np.array([0.5, -1.5, 2.0])
W = np.random.default_rng(0).normal(size=(2, 3))
ROOT = Path(__file__).parents[1]


def close(found: Any, expected: Any, rtol: float = 1e-12) -> None:
    np.testing.assert_allclose(found, expected, rtol=rtol, atol=1e-14)


def ops_of(graph: Graph) -> list[str]:
    return [node.op.name for node in graph.nodes]


def counted(calls: list[Any], f: Callable[..., Any] = lambda x: x * x) -> Any:
    """An op like its first argument, which tells of its calls."""

    def forward(*args: Any) -> Any:
        calls.append(args)
        return f(*args)

    made = bp.op(forward, like=0)
    made.defvjp(lambda g, out, x: g * 2 * x)
    return made


@dataclass(frozen=True)
class Layer:
    weights: Any
    bias: Any
    kind: str = "tanh"


# Values and verbs.


def test_heterogeneous_values() -> None:
    def f(x: Any, m: Any, d: Any, layer: Any) -> Any:
        return x * np.sum(layer.weights @ (m @ d["v"]) + layer.bias)

    args = (2.0, W.astype(np.float32), {"v": X}, Layer(np.ones((4, 2)), np.float32(1)))
    x, m, d, layer = bp.grad(f, argnums=(0, 1, 2, 3))(*args)
    assert (type(x), m.dtype, m.shape, list(d), type(layer)) == (float, np.float32, (2, 3), ["v"], Layer)
    assert (d["v"].shape, layer.weights.shape, type(layer.bias), layer.kind) == ((3,), (4, 2), np.float32, None)
    bp.testing.check_grads(f, args)


GOLDENS: list[tuple[Any, tuple[Any, ...], Any, Any]] = [
    (lambda x, y: x * np.sqrt(y) + x**y, (2.0, 3.0), 11.4641, (13.7321, 6.1225)),
    (lambda x, y, z: ((x * y) + y) * z, (2.0, 3.0, 4.0), 36.0, (12.0, 12.0, 9.0)),
    (lambda x: np.reciprocal(-x), (5.0,), -0.2, (0.04,)),
    (lambda x, y: x * np.sqrt(y), (3.0, 4.0), 6.0, (2.0, 0.75)),
    (lambda x, y, z: (x * np.sqrt(y)) ** z, (3.0, 4.0, 2.0), 36.0, (24.0, 9.0, 64.503)),
    (lambda x: x**2 + 3, (9.0,), 84.0, (18.0,)),
    (lambda x, xs: sum(x**2 for x in xs) / x, (9.0, [1.0, 6.0, 2.0]), 41 / 9, (-0.5061728, [0.2222, 1.3333, 0.4444])),
    (lambda x: np.sqrt(4 * x), (9.0,), 6.0, (1 / 3,)),
    (
        lambda v: np.sqrt(v[0] / v[1]) * v[2],
        ([3.0, 5.0, -2.0],),
        -1.5491933384829668,
        ([-0.2581988897, 0.1549193338, 0.7745966692],),
    ),
    (lambda x, y, z: x * y + z, (5.0, 7.0, 2.0), 37.0, (7.0, 5.0, 1.0)),
    (lambda x, y, z: -np.sqrt(x * y + z), (5.0, 7.0, 2.0), -6.0827625, (-0.57539646, -0.41099747, -0.08219949)),
    (
        lambda x: bp.ops.log_softmax(x)[0] ** 2,
        (np.array([0.9, 0.2, 0.3]),),
        0.5121,
        (np.array([-0.7314742092, 0.3474654732, 0.3840087360]),),
    ),
]


@pytest.mark.parametrize(("f", "args", "value", "gradient"), GOLDENS)
def test_value_grad_both(f: Any, args: tuple[Any, ...], value: Any, gradient: Any) -> None:
    argnums = tuple(range(len(args)))
    both, slopes = bp.value_and_grad(f, argnums)(*args)
    assert bp.evaluate(f)(*args) == both
    assert both == pytest.approx(value, rel=1e-4)
    for found, again, expected in zip(slopes, bp.grad(f, argnums)(*args), gradient, strict=True):
        close(found, expected, rtol=1e-3)
        np.testing.assert_array_equal(found, again)


def test_cotangent_given() -> None:
    _, pullback = bp.vjp(lambda w, x: np.tanh(w @ x), W, X)
    a, b = np.array([1.0, -2.0]), np.array([0.5, 3.0])
    first, second, both = pullback(a), pullback(b), pullback(2 * a - 3 * b)
    for one, other, sum_of_both, again in zip(first, second, both, pullback(a), strict=True):
        close(sum_of_both, 2 * one - 3 * other)
        np.testing.assert_array_equal(one, again)


def test_many_inputs() -> None:
    def f(x: Any, *rest: Any, scale: Any, unused: Any) -> Any:
        return np.sum(x * rest[1]) * scale["by"]

    unused = {"m": np.ones((2, 3), np.float32), "t": (1.0, X)}
    chosen = (0, 1, 2, "scale", "unused")
    x, first, second, scale, zeros = bp.grad(f, chosen)(X, 1.0, X, scale={"by": 2.0}, unused=unused)
    close(x, 2 * X)
    close(second, 2 * X)
    assert (first, scale) == (0.0, {"by": X @ X})
    assert (zeros["m"].dtype, zeros["m"].shape, zeros["t"][0]) == (np.float32, (2, 3), 0.0)
    assert not np.any(zeros["m"])
    np.testing.assert_array_equal(zeros["t"][1], np.zeros(3))


# The two styles.


def test_implicit_mode() -> None:
    calls: list[Any] = []
    op = counted(calls)

    def deep(x: Any) -> Any:
        y = x
        for _ in range(4):
            y = op(y) + y
        return np.sum(y * y)

    bp.grad(deep)(X / 10)
    assert len(calls) == 4


def test_explicit_graph() -> None:
    g = bp.GraphBuilder()
    w, x = g.input("w", bp.ArrayType((2, 3))), g.input("x", bp.ArrayType(3))
    y = g.apply(bp.ops.exp, g.apply(bp.ops.matmul, w, x))
    g.output(g.apply(bp.ops.sum, g.apply(bp.ops.multiply, y, y)))
    graph = g.build()
    implicit = lambda w, x: np.sum(bp.ops.multiply(e := np.exp(w @ x), e))  # noqa: E731
    assert graph == trace(implicit, (W, X), {}, None).graph
    np.testing.assert_array_equal(bp.grad(graph)(W, X), bp.grad(implicit)(W, X))
    assert ops_of(graph)[:3] == ["matmul", "exp", "multiply"]
    assert [node.inputs for node in graph.nodes[:3]] == [(0, 1), (2,), (3, 3)]
    assert graph.names == ("w", "x")
    with pytest.raises(bp.errors.EscapedVarError):
        bp.GraphBuilder().apply(bp.ops.exp, x)


def test_binding() -> None:
    calls: list[Any] = []
    op = counted(calls)

    def twice(x: Any) -> Any:
        z = op(x)
        return np.sum(z + z)

    close(bp.grad(twice)(X), 4 * X)
    assert len(calls) == 1
    assert ops_of(bp.compile(lambda x: np.sin(x) + np.sin(x)).graph(X)).count("sin") == 1


def test_constants() -> None:
    def f(x: Any, c: Any) -> Any:
        return np.sum(x * np.sin(c)) * np.exp(2.0)

    names = ops_of(bp.compile(bp.grad(f)).graph(X, X))
    assert "cos" not in names
    assert names.count("sin") == 1
    g = bp.GraphBuilder()
    x = g.input("x", bp.ArrayType(3))
    g.output(g.apply(bp.ops.sum, g.apply(bp.ops.multiply, x, g.apply(bp.ops.sin, g.constant(X)))))
    assert "sin" not in ops_of(bp.compile(bp.grad(g.build())).graph(X))
    close(bp.grad(lambda x: np.sum(x * bp.stop_gradient(x)))(X), X)


# Ops.


def test_custom_op() -> None:
    cube = bp.op(lambda x: x**3, name="cube", like=0)
    cube.defvjp(lambda g, out, x: 3 * g * x**2)
    bp.testing.check_op(cube, X, order=2, dtypes=["float64"])
    wrong = bp.op(lambda x: x**3, name="wrong", like=0)
    wrong.defvjp(lambda g, out, x: 3.03 * g * x**2)
    with pytest.raises(AssertionError, match="wrong"):
        bp.testing.check_op(wrong, X, dtypes=["float64"])


def logistic(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def test_auto_op_from_function() -> None:
    auto = bp.op(logistic, derive=True)
    by_hand = bp.op(logistic, name="by_hand", like=0)
    by_hand.defvjp(lambda g, out, x: g * out * (1 - out))
    close(bp.elementwise_grad(auto)(X), bp.elementwise_grad(by_hand)(X))
    close(bp.hvp(lambda x: np.sum(auto(x)), (X,), X), bp.hvp(lambda x: np.sum(by_hand(x)), (X,), X))
    assert ops_of(trace(auto, (X,), {}, None).graph) == ["logistic"]


def test_compose_ops() -> None:
    both = bp.compose(bp.ops.multiply, bp.ops.sin, bp.ops.exp)
    close(bp.elementwise_grad(both)(X), np.exp(X) * (np.cos(X) + np.sin(X)))
    auto = bp.op(logistic, derive=True)
    close((auto @ np.sin)(X), logistic(np.sin(X)))
    close(bp.elementwise_grad(auto @ bp.ops.sin)(X), (s := logistic(np.sin(X))) * (1 - s) * np.cos(X))


COLUMN, ROW = np.array([[0.3], [0.6]]), np.array([0.2, 0.5, 0.9])
UNARY: list[Callable[[Any], Any]] = [
    *(lambda x: -x, abs, np.sign, lambda x: 1 / x, np.exp, np.log, np.sqrt, np.sin, np.cos, np.tan, np.arcsin),
    *(np.arccos, np.arctan, np.sinh, np.cosh, np.tanh, np.arcsinh, lambda x: np.arccosh(1 + x), np.arctanh),
]
BINARY: list[Callable[[Any, Any], Any]] = [
    *(lambda x, y: x + y, lambda x, y: x - y, lambda x, y: x * y, lambda x, y: x / y, lambda x, y: x**y),
    lambda x, y: np.log(y) / np.log(x),
]


@pytest.mark.parametrize("f", [*UNARY, *BINARY])
def test_arithmetic_on_ops_and_vars(f: Any) -> None:
    binary = f in BINARY
    bp.testing.check_grads(f, (COLUMN, ROW) if binary else (ROW,), order=1)
    bp.testing.check_grads(f, (0.3, 0.6) if binary else (0.3,), order=2)
    composed = bp.compose(f, np.sin, np.cos) if binary else bp.compose(f, np.sin)
    close(composed(0.3), f(np.sin(0.3), np.cos(0.3)) if binary else f(np.sin(0.3)))


def test_arithmetic_has_all_25_functions() -> None:
    assert len(UNARY) + len(BINARY) == 25


def test_no_gradient_op() -> None:
    rank = bp.op(lambda x: np.argsort(x).astype(float), name="rank", like=0)
    close(bp.grad(lambda x: np.sum(x) + 0 * np.sum(bp.stop_gradient(rank(x))))(X), np.ones(3))
    assert bp.grad(lambda x, y: (y * y, rank(x))[0], argnums=1)(X, 3.0) == 6.0
    with pytest.raises(bp.errors.NotDifferentiableError, match="rank has no derivative"):
        bp.grad(lambda x: np.sum(x * rank(x)))(X)


# Parts.


def sums_and_zeros(f: Any, *args: Any) -> tuple[int, int]:
    """How many sums of cotangents and how many arrays of zeros a gradient takes."""
    traced = trace(f, args, {}, None)
    names = ops_of(joint(traced.graph, tuple(range(len(traced.arguments.types)))))
    return names.count("accumulate"), names.count("filled") + names.count("literal")


def test_products() -> None:
    model = {"used": Layer(W, np.ones(2)), **{f"unused{k}": Layer(W, X) for k in range(50)}}

    def f(model: Any, x: Any) -> Any:
        layer = replace(model["used"], bias=model["used"].bias * 2.0)
        return np.sum(layer.weights @ x + layer.bias)

    gradient = bp.grad(f)(model, X)
    close(gradient["used"].weights, np.ones((2, 1)) * X)
    close(gradient["used"].bias, [2.0, 2.0])
    assert not any(np.any(g.weights) or np.any(g.bias) for name, g in gradient.items() if name != "used")
    few = {name: layer for name, layer in model.items() if name in ("used", "unused0")}
    assert sums_and_zeros(f, model, X) == sums_and_zeros(f, few, X)
    assert sums_and_zeros(f, model, X)[0] == 0


def test_build_products() -> None:
    def there_and_back(layer: Any) -> Any:
        weights, bias = layer.weights, layer.bias
        pair = (weights, {"bias": bias})
        return Layer(pair[0], pair[1]["bias"], layer.kind)

    layer = Layer(W, np.ones(2))
    value, pullback = bp.vjp(there_and_back, layer)
    assert (type(value), value.kind) == (Layer, "tanh")
    seed = Layer(2 * W, np.array([3.0, 4.0]), "tanh")
    (found,) = pullback(replace(seed, kind=None))
    np.testing.assert_array_equal(found.weights, seed.weights)
    np.testing.assert_array_equal(found.bias, seed.bias)


def test_containers() -> None:
    def f(rows: Any) -> Any:
        return np.sum(np.stack([row * row for row in rows[:3]])) + sum(np.sum(v) for v in rows[3:5])

    rows = [X + k for k in range(100)]
    gradient = bp.grad(f)(rows)
    for row, g, factor in zip(rows, gradient, [2.0] * 3 + [0.0] * 97, strict=True):
        close(g, factor * row + (row is rows[3] or row is rows[4]))
    assert sums_and_zeros(f, rows)[0] <= 3
    unequal = bp.grad(lambda rows: np.sum(rows[0]) * np.sum(rows[1]))([np.ones(1), np.ones(3), X])
    assert [g.tolist() for g in unequal] == [[3.0], [1.0, 1.0, 1.0], [0.0, 0.0, 0.0]]


@dataclass(frozen=True)
class Circle:
    radius: Any


@dataclass(frozen=True)
class Square:
    side: Any


def area(shape: Any) -> Any:
    match shape:
        case Circle(radius):
            return np.pi * radius**2
        case Square(side):
            return side**2
    raise AssertionError(shape)


@pytest.mark.parametrize(("shape", "slope"), [(Circle(2.0), Circle(4 * np.pi)), (Square(3.0), Square(6.0))])
def test_sums(shape: Any, slope: Any) -> None:
    assert bp.grad(area, executor=bp.Serial())(shape) == slope
    assert bp.compile(bp.grad(area), executor=bp.Threads(2))(shape) == slope
    lazy = lambda s: bp.match(s, {Circle: area, Square: area})  # noqa: E731
    assert bp.grad(lazy)(shape) == slope
    kind = np.array(int(isinstance(shape, Square)))
    switched = lambda x, kind: bp.switch(kind, [lambda v: area(Circle(v)), lambda v: area(Square(v))], x)  # noqa: E731
    (number,) = vars(slope).values()
    assert bp.compile(bp.grad(switched))(*vars(shape).values(), kind) == number


@dataclass(frozen=True)
class Last:
    layer: Layer


@dataclass(frozen=True)
class Hidden:
    layer: Layer
    rest: Any


def run_net(net: Any, x: Any) -> Any:
    match net:
        case Last(Layer(w, b)):
            return w @ x + b
        case Hidden(Layer(w, b), rest):
            return run_net(rest, np.tanh(w @ x + b))
    raise AssertionError(net)


def net_of(depth: int) -> Any:
    """Layers of unlike sizes, so that a mistake would not fit."""
    shape = (depth + 1, depth + 2)
    layer = Layer(np.sin(np.arange(shape[0] * shape[1])).reshape(shape), np.full(shape[0], 0.1))
    return Last(layer) if depth == 1 else Hidden(layer, net_of(depth - 1))


@pytest.mark.parametrize("depth", range(1, 6))
def test_gadt(depth: int) -> None:
    net, x = net_of(depth), np.ones(depth + 2)
    gradient = bp.grad(lambda net: np.sum(run_net(net, x) ** 2))(net)
    for _ in range(depth - 1):
        assert type(gradient) is Hidden
        gradient = gradient.rest
    assert type(gradient) is Last
    bp.testing.check_grads(lambda net: np.sum(run_net(net, x) ** 2), (net,), order=1)


class Signal:
    def __init__(self, samples: Any) -> None:
        self.samples = np.asarray(samples)


bp.register(
    Signal,
    zeros_like=lambda s: Signal(np.zeros_like(s.samples)),
    add=lambda s, t: Signal(s.samples + t.samples),
)


@given(st.lists(st.tuples(*[st.integers(-1000, 1000).map(float)] * 3), min_size=1, max_size=3))
def test_zero_add_one(rows: list[tuple[float, float, float]]) -> None:
    bp.testing.check_value_laws(Signal, *map(Signal, rows))
    bp.testing.check_value_laws(np.ndarray, *map(np.array, rows))
    assert bp.grad(lambda x: x)(rows[0][0]) == 1.0  # one is the gradient of the identity


def test_homogeneous_vectors() -> None:
    def f(x: Any, y: Any, z: Any) -> Any:
        return x * y + np.sin(z) * x

    expected = bp.grad(f, argnums=(0, 1, 2))(0.5, -1.5, 2.0)
    assert bp.grad(lambda v: f(*v))([0.5, -1.5, 2.0]) == list(expected)
    assert bp.grad(lambda v: f(*v))((0.5, -1.5, 2.0)) == expected
    np.testing.assert_array_equal(bp.grad(lambda v: f(*v))(X), expected)


# Higher derivatives.


def test_nested_second_order() -> None:
    assert bp.grad(bp.grad(np.sin))(0.7) == -np.sin(0.7)
    assert bp.grad(lambda x: x * bp.grad(lambda y: x + y)(x))(2.0) == 1.0


def test_jacobian() -> None:
    f = lambda x: np.tanh(W @ x) * x[0]  # noqa: E731
    columns = [(f(X + step) - f(X - step)) / 2e-6 for step in 1e-6 * np.eye(3)]
    close(bp.jacobian(f)(X), np.transpose(columns), rtol=1e-8)


@pytest.mark.parametrize(
    ("f", "slope"),
    [
        (lambda x: x, 1.0),
        (lambda x: 0.0 if 2 * x > 0 else x, 0.0),
        (lambda x: y if 3 * (y := 2 * x) > 0 else 0.0, 2.0),
    ],
    ids=["input", "constant", "inner node"],
)
def test_result_is_input_const_inner_node(f: Any, slope: float) -> None:
    assert bp.grad(f)(1.0) == slope


# Running.


def test_effects() -> None:
    threads: list[int] = []

    def solve(x: Any) -> Any:
        threads.append(threading.get_ident())
        return x * x

    local = bp.op(solve, like=0, local=True)
    local.defvjp(lambda g, out, x: 2 * g * x)
    close(bp.grad(lambda x: np.sum(np.sin(local(x))), executor=bp.Threads(2))(X), 2 * X * np.cos(X**2))
    assert threads == [threading.get_ident()]


def test_value_access() -> None:
    seen: list[Any] = []

    def f(x: Any) -> Any:
        y = np.sin(x)
        seen.append(y.value)
        return np.sum(y)

    plain, looked = (trace(g, (X,), {}, evaluate).graph for g in (lambda x: np.sum(np.sin(x)), f))
    assert looked == plain
    close(seen[0], np.sin(X))
    close(bp.grad(f)(X), np.cos(X))


def test_profiling() -> None:
    recorder = Recorder()
    bp.grad(lambda x: np.sum(np.sin(x)), executor=bp.Serial(recorder=recorder))(X)
    started = [event for event in recorder.events if isinstance(event, TaskStarted)]
    assert [event.task for event in started] == [event.task for event in recorder.finished]
    total = sum(event.seconds for event in recorder.finished)
    ends = recorder.events
    assert isinstance(ends[-1], TaskFinished)
    assert 0 < total <= ends[-1].at - ends[0].at + 1e-9


def test_array_tape() -> None:
    graph = bp.compile(bp.grad(lambda x: np.sum(np.sin(x) * x))).graph(X)
    for k, node in enumerate(graph.nodes):
        assert all(type(i) is int and 0 <= i < graph.first + k for i in node.inputs)
    assert "scalar_chain" in benchmarks.QUESTIONS


def wide(x: Any) -> Any:
    branches = []
    for k in range(4):
        y = x + k
        for _ in range(20):
            y = np.sin(y)
        branches.append(np.sum(y))
    return sum(branches)


def test_parallel() -> None:
    x = np.linspace(0.0, 1.0, 20_000)
    serial, threads = (bp.grad(wide, executor=executor)(x) for executor in (bp.Serial(), bp.Threads(2)))
    assert serial.tobytes() == threads.tobytes()
    plan = bp.compile(bp.grad(wide), executor=bp.Threads(2)).plan(x)
    assert plan.parallelism > 1.8
    assert 2 <= len(plan.tasks) <= 8
    narrow = bp.compile(bp.grad(lambda w: np.sum(np.tanh(w @ X))), executor=bp.Auto(2)).plan(W)
    assert len(narrow.tasks) == 1  # what does not pay is not handed to Dask


# What the project measures.


def test_competitor_bench() -> None:
    assert rivals.NAMES == ("autograd", "jax", "torch")
    assert {"mnist", "ensemble", "adbench"} <= set(benchmarks.QUESTIONS)


def test_mnist_ratio() -> None:
    """The gradient is timed beside the original's hand-written one, and equals it."""
    case = next(iter(mnist.cases(mnist.TINY)))
    assert "hand" in case.reference
    assert len(case.variants) > 1
    check(case)


def test_tests() -> None:
    steps = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert [step.split()[-1] for step in steps if step.startswith("make ")] == ["check", "docs", "test-lowest", "test"]
