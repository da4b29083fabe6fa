"""Ops of the user's own: rules, opaque pairs, derived and composed ops, context, structures, mistakes."""

from __future__ import annotations

import itertools
import pickle
from dataclasses import dataclass
from typing import Any, NamedTuple

import cloudpickle
import numpy as np
import pytest

import backprop as bp
from backprop.errors import (
    ArgumentError,
    BadCotangentError,
    EscapedVarError,
    GraphTypeError,
    NotDifferentiableError,
)
from backprop.graph.evaluate import evaluate
from backprop.graph.passes import run_passes
from backprop.graph.tracing.trace import trace
from backprop.ops.core.op import Kind
from backprop.scheduler.machine.cost import Machine, cost

X = np.array([0.5, -1.5, 2.0])
A = np.array([[2.0, 1.0], [0.5, 3.0]])
B = np.array([1.0, -2.0])


@bp.op
def cube(x: Any) -> Any:
    return x**3


@cube.defvjp
def cube_rule(g: Any, out: Any, x: Any) -> Any:
    return 3 * g * x**2


def forward(a: Any, b: Any) -> Any:
    x = np.linalg.solve(a, b)
    return x, {"a": a, "x": x}


def backward(residuals: Any, g: Any) -> Any:
    h = np.linalg.solve(residuals["a"].T, g)
    return -np.outer(h, residuals["x"]), h


solved = bp.op(forward, backward, like=1)


class Pair(NamedTuple):
    low: Any
    high: Any


@dataclass(frozen=True)
class Model:
    w: Any
    n: int
    bias: Any = None


# A rule that emits graph.


def test_an_op_with_a_rule() -> None:
    assert cube(3) == 27
    assert bp.grad(cube)(2.0) == 12.0
    assert bp.grad(bp.grad(cube))(2.0) == 12.0
    np.testing.assert_array_equal(bp.grad(lambda x: np.sum(cube(x)))(X), 3 * X**2)
    bp.testing.check_grads(lambda x: np.sum(np.sin(cube(x))), (X,))


def test_it_is_one_node_and_runs_once() -> None:
    calls: list[int] = []

    def count(x: Any) -> Any:
        calls.append(1)
        return 2 * x

    counted = bp.op(count, vjp=lambda g, out, x: 2 * g, like=0)
    value, gradient = bp.value_and_grad(lambda x: np.sum(np.sin(counted(x)) + counted(x)))(X)
    assert len(calls) == 1
    np.testing.assert_allclose(gradient, 2 * np.cos(2 * X) + 2)
    assert value == np.sum(np.sin(2 * X) + 2 * X)


def test_check_op_takes_it() -> None:
    bp.testing.check_op(cube, X, dtypes=("float64", "float32"))


def test_the_explicit_style_takes_it() -> None:
    builder = bp.GraphBuilder()
    x = builder.input("x", bp.ArrayType(3))
    builder.output(builder.apply(bp.ops.sum, builder.apply(cube, x)))
    np.testing.assert_array_equal(bp.grad(builder.build())(X), 3 * X**2)


def test_keyword_arguments_are_parameters() -> None:
    scale = bp.op(lambda x, *, by: x * by, vjp=lambda g, out, x, *, by: g * by)
    np.testing.assert_array_equal(bp.grad(lambda x: np.sum(scale(x, by=4)))(X), [4.0, 4.0, 4.0])


def test_python_numbers_reach_the_function_as_they_are() -> None:
    kinds: list[type] = []

    def look(x: Any, t: Any, n: Any) -> Any:
        kinds.extend([type(t), type(n)])
        return x * t * n

    looked = bp.op(look, vjp=lambda g, out, x, t, n: (g * t * n, None, None), like=0)
    gradient = bp.grad(lambda x: np.sum(looked(x, 0.5, 3)))(X.astype(np.float32))
    assert gradient.dtype == np.float32
    assert kinds == [float, int]


def test_a_rule_is_given_once() -> None:
    with pytest.raises(ArgumentError, match="cube has a vjp rule already"):
        cube.defvjp(cube_rule)


def test_an_op_without_a_rule() -> None:
    rank = bp.op(lambda x: np.argsort(x).astype(float))
    np.testing.assert_array_equal(bp.grad(lambda x: np.sum(x * bp.stop_gradient(rank(x))))(X), rank(X))
    assert bp.grad(lambda x, y: np.sum(rank(x)) * y, argnums=1)(X, 2.0) == 3.0
    with pytest.raises(NotDifferentiableError, match="<lambda> has no derivative") as caught:
        bp.grad(lambda x: np.sum(rank(x)))(X)
    assert "test_op.py" in str(caught.value)
    assert "defvjp" in str(caught.value)


# What an op returns.


def test_it_is_found_out_on_zeros_once() -> None:
    seen: list[Any] = []

    def narrow(x: Any) -> Any:
        seen.append(x.copy())
        return x.astype(np.float32)

    narrowed = bp.op(narrow, vjp=lambda g, out, x: 2 * g)
    for _ in range(3):
        np.testing.assert_array_equal(bp.grad(lambda x: np.sum(narrowed(x)))(X), [2.0, 2.0, 2.0])
    assert [bool(x.any()) for x in seen] == [False, True, True, True]


def test_infer_and_like_say_it() -> None:
    halved = bp.op(lambda x: x[::2], infer=lambda t: bp.ArrayType(((t.shape[0] + 1) // 2,), t.dtype))
    assert bp.evaluate(halved)(X).tolist() == [0.5, 2.0]
    both = bp.op(lambda x, y: y, like=1)
    assert bp.evaluate(both)(X, (2.0, [X]))[0] == 2.0


def test_a_type_rule_that_lies_is_found() -> None:
    wrong = bp.op(lambda x: np.append(x, x), like=0)
    with pytest.raises(GraphTypeError, match=r"it says float64\[3\], and got float64\[6\]"):
        bp.evaluate(wrong)(X)
    other = bp.op(lambda x: (x, x), like=0)
    with pytest.raises(GraphTypeError, match="type rule says"):
        bp.evaluate(other)(X)


def test_a_function_that_fails_on_zeros_says_so() -> None:
    inverse = bp.op(np.linalg.inv)
    with pytest.raises(GraphTypeError, match="inv fails on zeros") as caught:
        bp.evaluate(lambda a: inverse(a))(A)
    assert "infer= or like=" in str(caught.value)
    assert "test_op.py" in str(caught.value)
    assert isinstance(caught.value.__cause__, np.linalg.LinAlgError)


def test_a_result_of_any_class() -> None:
    word = bp.op(lambda x: "up" if x > 0 else "down", infer=lambda t: bp.OpaqueType(str))
    length = bp.op(len, infer=lambda t: bp.ScalarType("int64"))
    assert bp.evaluate(lambda x: length(word(x)))(-1.0) == 4


def test_an_integer_result_is_a_value() -> None:
    count = bp.op(lambda x: int(np.sum(x > 0)))
    assert bp.grad(lambda x: np.sum(x) * count(x))(X).tolist() == [2.0, 2.0, 2.0]


# Structures.


def test_records_go_in_and_come_out() -> None:
    layer = bp.op(lambda m, x: Pair(m.w @ x, {"n": m.n, "sum": np.sum(m.w)}), derive=True)

    @bp.op
    def plain(m: Model, x: Any) -> Pair:
        return Pair(m.w @ x, m.bias * m.n)

    @plain.defvjp
    def rule(g: Pair, out: Pair, m: Model, x: Any) -> Any:
        return Model(np.outer(g.low, x), None, g.high * m.n), m.w.T @ g.low  # type: ignore[arg-type]

    def loss(f: Any) -> Any:
        return lambda m, x: np.sum(f(m, x).low ** 2) * (f(m, x).high if f is plain else f(m, x).high["sum"])

    model = Model(A, 3, 0.5)
    bp.testing.check_grads(loss(plain), (model, B))
    bp.testing.check_grads(loss(layer), (model, B))
    gradient = bp.grad(loss(plain))(model, B)
    assert isinstance(gradient, Model)
    assert gradient.n is None


def test_parts_without_a_cotangent_are_none_in_the_rule() -> None:
    got: list[Any] = []
    split = bp.op(lambda x: (x * 2, np.argsort(x)))
    split.defvjp(lambda g, out, x: got.append(g) or 2 * g[0])
    np.testing.assert_array_equal(bp.grad(lambda x: np.sum(split(x)[0]))(X), [2.0, 2.0, 2.0])
    assert got[0][1] is None


def test_none_stands_for_no_cotangent() -> None:
    first = bp.op(lambda x, y, model: x * y, vjp=lambda g, out, x, y, model: (g * y, None, None))
    gx, gm = bp.grad(lambda x, m: np.sum(first(x, m.w[0], m)), argnums=(0, 1))(B, Model(A, 1))
    np.testing.assert_array_equal(gx, A[0])
    np.testing.assert_array_equal(gm.w, np.zeros((2, 2)))


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (lambda g, out, x, y: g, "returned 1 cotangents for 2 arguments"),
        (lambda g, out, x, y: ((g, g), None), "another structure than its argument"),
        (lambda g, out, x, y: (None, {"z": g}), "another structure than its argument"),
        (lambda g, out, x, y: ("g", None), "a str in the place of a number or an array"),
        (lambda g, out, x, y: (np.concatenate([g, g]), None), "a cotangent of shape"),
    ],
)
def test_a_rule_whose_answer_does_not_fit(rule: Any, message: str) -> None:
    op = bp.op(lambda x, y: x * y["k"], vjp=rule)
    with pytest.raises(BadCotangentError, match=message):
        bp.grad(lambda x, y: np.sum(op(x, y)), argnums=(0, 1))(X, {"k": 2.0})


# Opaque pairs.


def test_an_opaque_pair() -> None:
    np.testing.assert_array_equal(solved(A, B), np.linalg.solve(A, B))
    bp.testing.check_grads(lambda a, b: np.sum(solved(a, b) ** 2), (A, B), order=1)
    gradient = bp.grad(lambda a, b: np.sum(solved(a, b)))(A.astype(np.float32), B.astype(np.float32))
    assert gradient.dtype == np.float32


def test_forward_runs_once_and_backward_uses_its_residuals() -> None:
    calls: list[str] = []
    token = object()

    def there(x: Any) -> Any:
        calls.append("forward")
        return x * 2, token

    def back(residuals: Any, g: Any) -> Any:
        assert residuals is token
        calls.append("backward")
        return 2 * g

    doubled = bp.op(there, back, like=0)
    assert bp.evaluate(doubled)(X).tolist() == (2 * X).tolist()
    assert calls == ["forward"]
    calls.clear()
    bp.grad(lambda x: np.sum(doubled(x)) + np.sum(doubled(x)))(X)
    assert calls == ["forward", "backward"]


def test_a_second_derivative_raises_when_it_is_asked_for() -> None:
    def loss(b: Any) -> Any:
        return np.sum(solved(A, b) ** 2)

    def slope(b: Any) -> Any:
        return np.sum(bp.grad(loss)(b))

    np.testing.assert_allclose(bp.evaluate(slope)(B), np.sum(bp.grad(loss)(B)))
    with pytest.raises(NotDifferentiableError, match="forward is an opaque pair, and has no second") as caught:
        bp.grad(slope)(B)
    assert "test_op.py" in str(caught.value)


def test_a_second_derivative_through_the_residuals_alone_raises_too() -> None:
    """The cotangent of the pair is a constant here, and its reverse depends on the input by the residuals."""
    square = bp.op(lambda x: (x * x, x), lambda x, g: 2 * x * g)
    assert bp.grad(square)(3.0) == 6.0
    with pytest.raises(NotDifferentiableError, match="has no second derivative"):
        bp.grad(bp.grad(square))(3.0)
    with pytest.raises(NotDifferentiableError, match="no forward mode"):
        bp.jvp(square, (3.0,), (1.0,))


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda g: (g, g, g), "3 cotangents for 2 arguments"),
        (lambda g: (g[:1], None), r"a cotangent of shape \(1,\) for an input float64\[3\]"),
    ],
)
def test_a_backward_whose_answer_does_not_fit(answer: Any, message: str) -> None:
    op = bp.op(lambda x, y: (x * y, None), lambda residuals, g: answer(g))
    with pytest.raises(BadCotangentError, match=message):
        bp.grad(lambda x: np.sum(op(x, x)))(X)


def test_a_pair_over_structures_and_numbers() -> None:
    def there(m: Model, t: float) -> Any:
        return (m.w * t, m.bias), (m, t)

    def back(residuals: Any, g: Any) -> Any:
        m, t = residuals
        return Model(g[0] * t, None, g[1]), np.sum(g[0] * m.w)  # type: ignore[arg-type]

    op = bp.op(there, back)
    gradient = bp.grad(lambda m, t: np.sum(op(m, t)[0]) * op(m, t)[1], argnums=(0, 1))(Model(A, 1, 2.0), 0.5)
    np.testing.assert_array_equal(gradient[0].w, np.full((2, 2), 1.0))
    assert gradient[0].bias == 0.5 * np.sum(A)
    assert gradient[0].n is None
    assert gradient[1] == 2.0 * np.sum(A)
    assert type(gradient[1]) is float


def test_residuals_are_not_sent_along_with_the_result() -> None:
    """A reader of the result in another task is not sent the residuals."""
    big = bp.op(lambda x: (np.sum(x), np.zeros(10**6)), lambda residuals, g: g)
    graph = run_passes(trace(lambda x: np.sin(big(x)), (X,), {}, None).graph)
    (pair,) = [i for i, node in enumerate(graph.nodes, graph.first) if node.op is big]
    readers = [node.op.name for node in graph.nodes if pair in node.inputs]
    assert readers == ["taken"]
    assert all(node.op.kind is not Kind.VIEW for node in graph.nodes if pair in node.inputs)


def test_residuals_are_as_large_as_what_they_are_made_of() -> None:
    graph = trace(lambda a, b: solved(a, b), (A, B), {}, None).graph
    assert graph.nodes[0].type.nbytes == B.nbytes + (A.nbytes + B.nbytes + B.nbytes)


# Memory.


def test_a_function_may_keep_and_overwrite_its_arguments() -> None:
    kept: list[Any] = []

    def greedy(x: Any) -> Any:
        kept.append(x)
        x *= 2
        return x

    doubled = bp.op(greedy, vjp=lambda g, out, x: 2 * g, like=0)
    x = np.linspace(0.0, 1.0, 5000)
    value = bp.compile(lambda x: np.sum(np.cos(doubled(np.sin(x) + 1) + x)))
    want = np.sum(np.cos(2 * (np.sin(x) + 1) + x))
    np.testing.assert_allclose([value(x), value(x)], want)
    value(x * 0)
    np.testing.assert_allclose(kept[0], 2 * (np.sin(x) + 1))


def test_residuals_are_safe_from_later_runs_and_from_the_user() -> None:
    def keep(x: Any) -> Any:
        return x, {"x": x}

    def scale(residuals: Any, g: Any) -> Any:
        return residuals["x"] if g[0] == 0 else residuals["x"] * g

    kept = bp.op(keep, scale, like=0)
    x = np.linspace(1.0, 2.0, 5000)
    f = lambda x: kept(np.sin(x) + x * x)  # noqa: E731
    inner = np.sin(x) + x * x
    out, pullback = bp.vjp(f, x)
    again = x.copy()
    x[:] = 0.0
    out[:] = -1.0
    bp.vjp(f, again + 1)
    (first,) = pullback(np.ones(5000))
    np.testing.assert_allclose(first, inner * (np.cos(again) + 2 * again))
    pullback = bp.vjp(kept, again)[1]
    (g,) = pullback(np.zeros(5000))
    g[:] = 5.0
    np.testing.assert_array_equal(pullback(np.ones(5000))[0], again)


# Derived ops, and composition.


def test_a_derived_op_is_one_node_and_twice_differentiable() -> None:
    def logistic(x: Any) -> Any:
        return 1 / (1 + np.exp(-x))

    derived = bp.op(logistic, derive=True)
    assert [node.op for node in trace(lambda x: derived(x), (X,), {}, None).graph.nodes] == [derived]
    np.testing.assert_allclose(
        bp.grad(lambda x: np.sum(derived(x)))(X), bp.grad(lambda x: np.sum(logistic(x)))(X), rtol=1e-15
    )
    bp.testing.check_op(derived, X)


def test_composition_adds_up_both_ways_of_a_shared_input() -> None:
    product = bp.compose(bp.ops.multiply, cube, bp.ops.sin)
    assert product.name == "multiply(cube, sin)"
    assert product(0.5) == 0.125 * np.sin(0.5)
    bp.testing.check_grads(product, (1.3,))
    bp.testing.check_grads(lambda x: np.sum((cube @ bp.ops.sin)(x)), (X,))
    bp.testing.check_grads(lambda x: np.sum((bp.ops.sin @ cube)(x)), (X,))
    assert (bp.ops.sin @ cube)(2.0) == np.sin(8.0)


# Context, costs, pickling, mistakes.


def test_a_local_op_is_not_folded_or_merged() -> None:
    there = bp.op(lambda x: 2 * x, like=0, local=True)
    graph = run_passes(trace(lambda x: there(x) + there(x), (2.0,), {}, None).graph)
    assert [node.op for node in graph.nodes].count(there) == 2
    assert evaluate(graph, [2.0]) == (8.0,)


def test_a_local_op_has_to_say_what_it_returns() -> None:
    with pytest.raises(ArgumentError, match="never run ahead"):
        bp.op(lambda x: x, local=True)


def test_a_hint_is_the_cost() -> None:
    slow = bp.op(lambda x: x, like=0, seconds=2.5)
    by_type = bp.op(lambda x, n: x, like=0, seconds=lambda t, n: t.size * n)
    flops = bp.op(lambda x: x, like=0, flops=1e12)

    def seconds(f: Any) -> float:
        graph = trace(f, (X,), {}, None).graph
        return cost(graph.nodes[-1], graph.inputs, Machine()).seconds

    assert seconds(lambda x: slow(x)) == 2.5
    assert seconds(lambda x: by_type(x, 2)) == 6.0
    assert seconds(lambda x: flops(x)) > 1.0


def test_an_attribute_of_a_module_pickles_by_reference() -> None:
    assert pickle.loads(pickle.dumps(cube)) is cube
    assert pickle.loads(pickle.dumps(solved)) is not solved  # `forward` is a function in this module, not the op
    graph = trace(lambda a, b: solved(a, b), (A, B), {}, None).graph
    copy = pickle.loads(pickle.dumps(graph))
    np.testing.assert_array_equal(evaluate(copy, [A, B])[0], np.linalg.solve(A, B))


def test_a_function_of_a_notebook_pickles_by_value() -> None:
    shift = 2.0
    local = bp.op(lambda m: Model(m.w + shift, m.n), vjp=lambda g, out, m: g)
    graph = trace(lambda m: local(m).w, (Model(X, 1),), {}, None).graph
    copy = pickle.loads(cloudpickle.dumps(graph))
    np.testing.assert_array_equal(evaluate(copy, [X])[0], X + 2.0)
    assert pickle.loads(cloudpickle.dumps(local)).vjp is not None


@pytest.mark.parametrize(
    "options",
    [
        {"backward": backward, "derive": True},
        {"vjp": cube_rule, "derive": True},
        {"backward": backward, "vjp": cube_rule},
        {"infer": lambda t: t, "like": 0},
    ],
)
def test_options_that_exclude_each_other(options: dict[str, Any]) -> None:
    with pytest.raises(ArgumentError, match="only one can be given"):
        bp.op(forward, **options)


def test_like_an_argument_that_is_not_there() -> None:
    with pytest.raises(ArgumentError, match="like its argument 3, and was given 1"):
        bp.evaluate(bp.op(lambda x: x, like=3))(X)


def test_an_escaped_var() -> None:
    kept: list[Any] = []
    bp.evaluate(lambda x: kept.append(x) or x)(X)
    with pytest.raises(EscapedVarError):
        cube(kept[0])


def test_a_decorator_with_options() -> None:
    @bp.op(like=0, seconds=1.0)
    def same(x: Any) -> Any:
        return x

    assert same.name == "same"
    assert same.seconds is not None
    assert bp.evaluate(same)(X).tolist() == X.tolist()


def _drawing(**options: Any) -> Any:
    """An op that returns its operand times the number of its call."""
    calls = itertools.count(1)
    return bp.op(lambda x: x * next(calls), like=0, vjp=lambda g, out, x: g * out / x, name="drawing", **options)


@pytest.mark.parametrize("run", [bp.evaluate, bp.compile])
def test_two_calls_of_an_op_that_is_not_pure_stay_two(run: Any) -> None:
    def difference(op: Any) -> Any:
        return run(lambda x: op(x) - op(x), bp.Serial())(np.ones(3))

    np.testing.assert_array_equal(np.abs(difference(_drawing(pure=False))), np.ones(3))
    np.testing.assert_array_equal(difference(_drawing()), np.zeros(3))


def test_an_op_that_is_not_pure_is_not_folded_and_its_gradient_reads_its_result() -> None:
    drawing = _drawing(pure=False)
    g = bp.GraphBuilder()
    g.output(g.apply(drawing, g.constant(np.ones(2))))
    assert [node.op for node in run_passes(g.build()).nodes if node.op is drawing] == [drawing]
    value, slope = bp.value_and_grad(lambda x: np.sum(drawing(x)), executor=bp.Serial())(np.full(2, 3.0))
    np.testing.assert_array_equal(slope, np.full(2, value / 6.0))


def test_what_would_run_an_op_that_is_not_pure_again_is_refused() -> None:
    drawing = _drawing(pure=False)
    with pytest.raises(GraphTypeError, match="drawing is not pure, and cannot stand in"):
        bp.grad(lambda x: bp.checkpoint(lambda v: np.sum(drawing(v)))(x))(np.ones(2))
    with pytest.raises(NotDifferentiableError, match="forward mode would run it again"):
        bp.jvp(drawing, (np.ones(2),), (np.ones(2),))
    with pytest.raises(ArgumentError, match="derived rule would run it again"):
        bp.op(np.sin, derive=True, pure=False)
