"""switch, match, scan and checkpoint as users call them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import backprop as bp
from backprop.errors import ArgumentError, GraphTypeError, ShapeError, TracedConversionError
from backprop.graph.graph import Graph

X = np.array([0.3, -0.7, 1.2])
RNG = np.random.default_rng(0)


def central(f: Any, x: Any, step: float = 1e-6) -> Any:
    """The gradient of a scalar function by central differences."""
    result = np.zeros_like(x)
    for k in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[k] += step
        down[k] -= step
        result[k] = (f(up) - f(down)) / (2 * step)
    return result


def count(graph: Graph, name: str) -> int:
    return sum(node.op.name == name for node in graph.nodes)


# switch


def pick(index: Any, x: Any) -> Any:
    return bp.switch(index, [lambda v: np.sum(np.sin(v)), lambda v: np.sum(v**3)], x)


@pytest.mark.parametrize("index", [0, 1, -1, -2])
def test_switch_is_its_branch(index: int) -> None:
    expected = [np.sum(np.sin(X)), np.sum(X**3)][index]
    assert bp.evaluate(pick)(np.array(index), X) == expected
    assert pick(index, X) == expected
    np.testing.assert_allclose(bp.grad(pick, argnums=1)(np.array(index), X), central(lambda x: pick(index, x), X))


def test_switch_takes_a_boolean() -> None:
    f = bp.grad(lambda x: bp.switch(np.sum(x) > 0, [lambda v: np.sum(v), lambda v: np.sum(v * v)], x))
    np.testing.assert_array_equal(f(X), 2 * X)
    np.testing.assert_array_equal(f(-X), np.ones(3))


def test_switch_is_differentiable_twice() -> None:
    np.testing.assert_allclose(bp.hessian(pick, argnums=1)(np.array(1), X), np.diag(6 * X))
    np.testing.assert_allclose(bp.hessian(pick, argnums=1)(np.array(0), X), np.diag(-np.sin(X)), atol=1e-15)


def test_operands_and_results_are_structures() -> None:
    @dataclass(frozen=True)
    class Pair:
        a: Any
        b: Any

    def swapped(p: Pair, d: Any) -> Any:
        return {"pair": Pair(p.b, p.a), "d": d["x"] * 2.0}

    def kept(p: Pair, d: Any) -> Any:
        return {"pair": p, "d": d["x"]}

    def f(index: Any, p: Any, d: Any) -> Any:
        return bp.switch(index, [swapped, kept], p, d)

    out = bp.evaluate(f)(np.array(0), Pair(1.0, 2.0), {"x": X})
    assert out["pair"] == Pair(2.0, 1.0)
    np.testing.assert_array_equal(out["d"], 2 * X)
    g = bp.grad(lambda p, d: f(np.array(1), p, d)["pair"].a * 3.0 + np.sum(f(np.array(0), p, d)["d"]), argnums=(0, 1))
    gradient, gradient_d = g(Pair(1.0, 2.0), {"x": X})
    assert gradient == Pair(3.0, 0.0)
    np.testing.assert_array_equal(gradient_d["x"], np.full(3, 2.0))


def test_captured_values_are_operands() -> None:
    constant = np.array([1.0, 2.0, 3.0])

    def f(index: Any, x: Any, w: Any) -> Any:
        return bp.switch(index, [lambda: np.sum(w * constant), lambda: np.sum(x * w * w)])

    zero = bp.grad(f, argnums=(1, 2))(np.array(0), X, X)
    np.testing.assert_array_equal(zero[0], np.zeros(3))
    np.testing.assert_array_equal(zero[1], constant)
    one = bp.grad(f, argnums=(1, 2))(np.array(1), X, X)
    np.testing.assert_allclose(one[1], 2 * X * X)


def test_what_a_branch_computes_of_captured_values_alone_runs_in_the_branch() -> None:
    def f(i: Any, j: Any, x: Any, w: Any) -> Any:
        def inner() -> Any:
            return bp.switch(j, [lambda: np.sum(np.exp(x)) * w, lambda: bp.grad(lambda v: np.sum(v * v * w))(x)[0]])

        return bp.switch(i, [lambda: np.sum(np.sin(x)) * w, inner])

    graph = bp.compile(bp.grad(f, argnums=2)).graph(np.array(0), np.array(0), X, 2.0)
    assert {node.op.name for node in graph.nodes} <= {"switch", "item", "literal"}
    for i, j in np.ndindex(2, 2):
        expected = central(lambda x, i=i, j=j: f(i, j, x, 2.0), X)
        found = bp.grad(f, argnums=2)(np.array(i), np.array(j), X, 2.0)
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-9)


def test_a_branch_may_return_a_number() -> None:
    f = bp.grad(lambda i, x: bp.switch(i, [lambda: 0, lambda: np.sum(x) * 2, lambda: 1.0]), argnums=1)
    x = X.astype("float32")
    assert [f(np.array(i), x)[0] for i in range(3)] == [0.0, 2.0, 0.0]
    assert f(np.array(1), x).dtype == np.float32
    assert bp.evaluate(lambda i: bp.switch(i, [lambda: 1, lambda: 2]))(np.array(1)) == 2


def test_a_large_array_that_is_captured_is_writable_again() -> None:
    table = np.ones(20_000)

    def f(i: Any, x: Any) -> Any:
        last, _ = bp.scan(lambda c, _: (c + np.sum(table) * x, None), 0.0, length=2)
        return bp.switch(i, [lambda: last * np.sum(table), lambda: np.sum(bp.checkpoint(lambda v: v * table)(x))])

    for i in (0, 1):
        bp.grad(f, argnums=1)(np.array(i), 1.0)
    bp.scan(lambda c, _: (c + np.sum(table), None), 0.0, length=2)
    table[0] = 2.0


def test_switches_nest() -> None:
    def f(i: Any, j: Any, x: Any) -> Any:
        return bp.switch(i, [lambda v: pick(j, v) * 2.0, lambda v: np.sum(v)], x)

    for i, j in np.ndindex(2, 2):
        expected = central(lambda x, i=i, j=j: f(i, j, x), X)
        np.testing.assert_allclose(bp.grad(f, argnums=2)(np.array(i), np.array(j), X), expected, rtol=1e-6)


@pytest.mark.parametrize("index", [2, -3])
def test_an_index_out_of_range_names_the_range(index: int) -> None:
    with pytest.raises(IndexError, match=rf"the index is {index}, but 2 branches take -2 .. 1"):
        bp.grad(pick, argnums=1)(np.array(index), X)
    with pytest.raises(IndexError, match=r"2 branches take -2 .. 1"):
        pick(index, X)


def test_a_float_is_no_index() -> None:
    with pytest.raises(GraphTypeError, match="must be one integer") as caught:
        bp.grad(lambda x: pick(np.sum(x), x))(X)
    assert "test_control_flow.py" in str(caught.value.where)


@pytest.mark.parametrize(
    ("other", "what"),
    [
        (lambda v: v[:2], r"float64\[2\]"),
        (lambda v: (v, v), r"PyTreeSpec"),
        (lambda v: "text", r"PyTreeSpec|text"),
        (lambda v: v.astype("complex128"), "complex128"),
    ],
)
def test_branches_with_different_results_are_an_error(other: Any, what: str) -> None:
    with pytest.raises(GraphTypeError, match=f"number 1 returns .*{what}") as caught:
        bp.evaluate(lambda i, x: bp.switch(i, [lambda v: v, other], x))(np.array(0), X)
    assert "test_control_flow.py" in str(caught.value.where)


def test_no_branches_are_an_error() -> None:
    with pytest.raises(ArgumentError, match="at least one branch"):
        bp.switch(0, [])


def test_a_branch_cannot_be_steered() -> None:
    with pytest.raises(TracedConversionError, match="no value yet"):
        bp.grad(lambda i, x: bp.switch(i, [lambda v: v if v > 0 else -v] * 2, x[0]), argnums=1)(np.array(0), X)


def test_a_branch_may_ask_for_what_it_captures() -> None:
    def f(i: Any, x: Any, w: Any) -> Any:
        return bp.switch(i, [lambda v: v * w if w * 2 > 0 else v, lambda v: v], x)

    f = bp.compile(bp.grad(f, argnums=1))
    assert [f(np.array(0), 1.0, w) for w in (3.0, -3.0, 5.0)] == [3.0, 1.0, 5.0]
    assert f.traces == 2


def test_a_gradient_inside_a_branch() -> None:
    def f(i: Any, x: Any) -> Any:
        return np.sum(bp.switch(i, [bp.grad(lambda v: np.sum(v**3)), lambda v: v], x))

    np.testing.assert_allclose(bp.grad(f, argnums=1)(np.array(0), X), 6 * X)


def test_compile_traces_once_for_all_branches() -> None:
    f = bp.compile(bp.grad(pick, argnums=1))
    for i in (0, 1, 0):
        np.testing.assert_allclose(f(np.array(i), X), central(lambda x, i=i: pick(i, x), X), rtol=1e-6)
    assert f.traces == 1


def test_switch_in_an_explicit_graph() -> None:
    g = bp.GraphBuilder()
    i, x = g.input("i", bp.ScalarType("int64")), g.input("x", bp.ArrayType(3))
    g.output(bp.switch(i, [lambda v: np.sum(v), lambda v: np.sum(v * v)], x))
    np.testing.assert_array_equal(bp.grad(g.build(), argnums=1)(np.int64(1), X), 2 * X)


def test_a_local_op_cannot_stand_in_a_body() -> None:
    local = bp.op(lambda x: x * 2.0, vjp=lambda g, out, x: 2.0 * g, like=0, local=True, name="solver")
    functions = [
        lambda x: np.sum(bp.checkpoint(local)(x)),
        lambda x: np.sum(bp.switch(np.sum(x) > 0, [local, local], x)),
        lambda x: np.sum(bp.scan(lambda c, _: (local(c), None), x, length=2)[0]),
    ]
    for f in functions:
        with pytest.raises(GraphTypeError, match="solver is a local op") as caught:
            bp.grad(f)(X)
        assert "test_control_flow.py" in str(caught.value.where)


# match


class Shape:
    """A sum type of the user's own, which graphs move about whole."""

    def __init__(self, size: float) -> None:
        self.size = size


class Circle(Shape):
    pass


class Square(Shape):
    pass


class Other:
    pass


def test_match_on_an_instance_takes_the_closest_class() -> None:
    cases = {Shape: lambda s: ("shape", s.size), Circle: lambda s: ("circle", s.size)}
    assert bp.match(Circle(2.0), cases) == ("circle", 2.0)
    assert bp.match(Square(3.0), cases) == ("shape", 3.0)
    assert bp.match(Other(), {**cases, object: lambda s: "rest"}) == "rest"


def test_match_on_a_structure_while_tracing() -> None:
    @dataclass
    class A:
        w: Any

    @dataclass
    class B:
        w: Any

    f = bp.grad(lambda v: bp.match(v, {A: lambda a: np.sum(a.w), B: lambda b: np.sum(b.w * b.w)}))
    np.testing.assert_array_equal(f(A(X)).w, np.ones(3))
    np.testing.assert_array_equal(f(B(X)).w, 2 * X)


def test_match_on_numbers_and_arrays() -> None:
    cases = {float: lambda v: v * 2.0, np.ndarray: lambda v: np.sum(v * v)}
    assert bp.grad(lambda v: bp.match(v, cases))(1.5) == 2.0
    np.testing.assert_array_equal(bp.grad(lambda v: bp.match(v, cases))(X), 2 * X)


def test_a_missing_case_names_the_classes_and_the_fix() -> None:
    with pytest.raises(GraphTypeError, match=r"no case of match fits Other: there are cases for Circle, Square") as e:
        bp.match(Other(), {Circle: id, Square: id})
    assert "object" in e.value.fix


# scan


def cell(w: Any, c: Any, x: Any) -> Any:
    return np.tanh(w @ c + x)


def rnn(w: Any, c: Any, xs: Any) -> Any:
    def step(c: Any, x: Any) -> Any:
        c = cell(w, c, x)
        return c, {"sum": np.sum(c), "c": c * c}

    last, ys = bp.scan(step, c, xs)
    return np.sum(last) + np.sum(ys["sum"] * 0.5) + np.sum(np.sin(ys["c"]))


def unrolled(w: Any, c: Any, xs: Any) -> Any:
    total = 0.0
    for k in range(xs.shape[0]):
        c = cell(w, c, xs[k])
        total = total + 0.5 * np.sum(c) + np.sum(np.sin(c * c))
    return np.sum(c) + total


W, C, XS = RNG.normal(size=(4, 4)) / 2, RNG.normal(size=4), RNG.normal(size=(6, 4))


def test_scan_is_the_loop() -> None:
    assert bp.evaluate(rnn)(W, C, XS) == pytest.approx(unrolled(W, C, XS))
    assert rnn(W, C, XS) == pytest.approx(unrolled(W, C, XS))
    for ours, plain in zip(
        bp.grad(rnn, argnums=(0, 1, 2))(W, C, XS), bp.grad(unrolled, argnums=(0, 1, 2))(W, C, XS), strict=True
    ):
        np.testing.assert_allclose(ours, plain, rtol=1e-12, atol=1e-14)


def test_a_scan_from_the_last_row() -> None:
    def step(c: Any, x: Any) -> Any:
        return np.sin(c * x) + c, np.sum(c)

    def loss(f: Any) -> Any:
        return lambda c, xs: np.sum(f(c, xs)[0]) + np.sum(f(c, xs)[1] ** 2 * np.arange(6))

    def by_hand(c: Any, xs: Any) -> Any:
        last, sums = bp.scan(step, c, xs[::-1])
        return last, sums[::-1]

    def ours(c: Any, xs: Any) -> Any:
        return bp.scan(step, c, xs, reverse=True)

    for one, other in zip(ours(C, XS), by_hand(C, XS), strict=True):
        np.testing.assert_array_equal(one, other)
    for one, other in zip(bp.grad(loss(ours), (0, 1))(C, XS), bp.grad(loss(by_hand), (0, 1))(C, XS), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)


def test_a_loop_over_integers_which_are_indices() -> None:
    def total(x: Any, start: int = 0, stop: int = 4) -> Any:
        return bp.fori_loop(start, stop, lambda i, c: np.sin(c) + x[i] * i + bp.ops.getitem(XS, i)[0], 0.0)

    def by_hand(x: Any, start: int = 0, stop: int = 4) -> Any:
        c: Any = 0.0
        for i in range(start, stop):
            c = np.sin(c) + x[i] * i + XS[i][0]
        return c

    for bounds in ((0, 4), (1, 3), (2, 2), (3, 1), (-2, 1)):
        assert bp.evaluate(total)(C, *bounds) == pytest.approx(by_hand(C, *bounds))
        found = bp.grad(total)(C, *bounds)
        np.testing.assert_allclose(found, bp.grad(by_hand)(C, *bounds) if bounds[0] < bounds[1] else 0, atol=1e-14)


def test_a_plain_table_names_what_takes_a_scanned_integer() -> None:
    with pytest.raises(TracedConversionError, match=r"backprop\.ops\.getitem\(x, i\)"):
        bp.fori_loop(0, 3, lambda i, c: c + XS[i, 0], 0.0)


def test_scan_is_differentiable_twice_and_thrice() -> None:
    def along(f: Any) -> Any:
        return bp.grad(lambda c: np.sum(bp.grad(f, argnums=1)(W, c, XS) * np.cos(c)))

    def twice(f: Any) -> Any:
        return bp.grad(lambda c: np.sum(along(f)(c) ** 2))

    np.testing.assert_allclose(along(rnn)(C), along(unrolled)(C), rtol=1e-10)
    np.testing.assert_allclose(twice(rnn)(C), twice(unrolled)(C), rtol=1e-9)


def test_scan_in_forward_mode() -> None:
    ours = bp.jvp(lambda w: rnn(w, C, XS), (W,), (np.ones_like(W),))
    plain = bp.jvp(lambda w: unrolled(w, C, XS), (W,), (np.ones_like(W),))
    np.testing.assert_allclose(ours, plain, rtol=1e-12)


def test_the_pullback_of_a_scan() -> None:
    _, ours = bp.vjp(rnn, W, C, XS)
    _, plain = bp.vjp(unrolled, W, C, XS)
    for one, other in zip(ours(2.0), plain(2.0), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-14)


def test_the_graph_does_not_grow_with_the_steps() -> None:
    graphs = [bp.compile(bp.grad(rnn)).graph(W, C, RNG.normal(size=(n, 4))) for n in (100, 300)]
    assert len(graphs[0]) == len(graphs[1])
    assert count(graphs[1], "scan") == 2


def test_a_scan_runs_forward_once_in_a_second_derivative() -> None:
    graph = bp.compile(bp.hessian(lambda c: rnn(W, c, XS))).graph(C)
    forward = [n for n in graph.nodes if n.op.name == "scan" and not n.param("loop").backwards]
    assert len([n for n in forward if n.inputs[0] == 0]) == 1


def test_the_carry_may_be_any_structure_and_count() -> None:
    def step(carry: Any, x: Any) -> Any:
        k, (a, b) = carry
        return (k + 1, (b, a * x)), None

    def f(a: Any, xs: Any) -> Any:
        (k, (a, b)), ys = bp.scan(step, (0, (a, 1.0)), xs)
        assert ys is None
        return a * b * k

    xs = np.array([1.5, 2.0, 0.5, 3.0])
    assert bp.evaluate(f)(2.0, xs) == 2.0 * 1.5 * 0.5 * 2.0 * 3.0 * 4
    np.testing.assert_allclose(bp.grad(f)(2.0, xs), 1.5 * 0.5 * 6.0 * 4)
    np.testing.assert_allclose(bp.grad(f, argnums=1)(2.0, xs), f(2.0, xs) / xs)


def test_a_number_in_init_takes_the_dtype_of_the_steps() -> None:
    xs = XS[:, 0].astype("float32")
    last, ys = bp.scan(lambda c, x: (c + x, c), 0.0, xs)
    assert last.dtype == ys.dtype == np.float32
    assert bp.grad(lambda c: bp.scan(lambda c, x: (c * x, None), c, xs)[0])(1.0) == pytest.approx(np.prod(xs))


def test_scan_without_rows() -> None:
    def newton(a: Any) -> Any:
        return bp.scan(lambda x, _: (0.5 * (x + a / x), None), a, length=30)[0]

    assert bp.grad(newton)(2.0) == pytest.approx(0.5 / np.sqrt(2.0))


def test_scan_over_no_rows() -> None:
    xs = np.zeros((0, 4))
    last, ys = bp.scan(lambda c, x: (c + x, c), C, xs)
    np.testing.assert_array_equal(last, C)
    assert ys.shape == (0, 4)
    g = bp.grad(lambda c, xs: np.sum(bp.scan(lambda c, x: (c + x, c), c, xs)[0]), argnums=(0, 1))(C, xs)
    np.testing.assert_array_equal(g[0], np.ones(4))
    assert g[1].shape == (0, 4)


def test_rows_that_are_unread_or_integers() -> None:
    table = RNG.normal(size=(3, 2))

    def f(table: Any, at: Any, xs: Any) -> Any:
        return np.sum(bp.scan(lambda c, x: (c + table[x["at"]], None), np.zeros(2), {"at": at, "xs": xs})[0] ** 2)

    at = np.array([0, 2, 2, 1, 0])
    g, gx = bp.grad(f, argnums=(0, 2))(table, at, np.ones(5))
    total = np.sum(table[at], axis=0)
    np.testing.assert_allclose(g, 2 * np.array([[2.0], [1.0], [2.0]]) * total)
    np.testing.assert_array_equal(gx, np.zeros(5))


def test_scans_nest() -> None:
    def f(w: Any, xs: Any) -> Any:
        def outer(c: Any, row: Any) -> Any:
            inner, _ = bp.scan(lambda d, x: (np.sin(d * w + x), None), c, row)
            return inner, inner * c

        last, ys = bp.scan(outer, 0.5, xs)
        return last + np.sum(ys)

    def plain(w: Any, xs: Any) -> Any:
        c, total = 0.5, 0.0
        for row in xs:
            before = c
            for x in row:
                c = np.sin(c * w + x)
            total = total + before * c
        return c + total

    xs = XS[:3]
    assert bp.evaluate(f)(0.7, xs) == pytest.approx(plain(0.7, xs))
    assert bp.grad(f)(0.7, xs) == pytest.approx(bp.grad(plain)(0.7, xs))
    assert bp.grad(bp.grad(f))(0.7, xs) == pytest.approx(bp.grad(bp.grad(plain))(0.7, xs))


def test_a_switch_in_a_scan() -> None:
    def f(w: Any, kinds: Any) -> Any:
        def step(c: Any, kind: Any) -> Any:
            return bp.switch(kind, [lambda c: c * w, lambda c: c + w, np.sin], c), None

        return bp.scan(step, 1.0, kinds)[0]

    kinds = np.array([0, 1, 2, 0])
    assert bp.evaluate(f)(0.8, kinds) == pytest.approx(0.8 * np.sin(0.8 + 0.8))
    assert bp.grad(f)(0.8, kinds) == pytest.approx(np.sin(1.6) + 0.8 * 2 * np.cos(1.6))
    assert bp.grad(bp.grad(f))(0.8, kinds) == pytest.approx(4 * np.cos(1.6) - 0.8 * 4 * np.sin(1.6))


@pytest.mark.parametrize(
    ("xs", "length"),
    [
        ((np.ones(3), np.ones(4)), None),
        (np.ones(3), 4),
        (None, None),
        (1.0, None),
        ((np.ones(3), 2.0), None),
        (None, -1),
    ],
)
def test_unequal_lengths_are_an_error(xs: Any, length: Any) -> None:
    with pytest.raises(ShapeError, match="arrays of one length") as caught:
        bp.scan(lambda c, x: (c, None), 0.0, xs, length)
    assert "test_control_flow.py" in str(caught.value.where)


@pytest.mark.parametrize(
    ("step", "what"),
    [
        (lambda c, x: c, r"must return \(carry, y\)"),
        (lambda c, x: ((c, c), None), "turns a carry"),
        (lambda c, x: (c[:1], None), r"turns init from float64\[2\] into float64\[1\]"),
        (lambda c, x: (c * 1j, None), "into complex128"),
    ],
)
def test_a_carry_that_changes_is_an_error(step: Any, what: str) -> None:
    with pytest.raises(GraphTypeError, match=what) as caught:
        bp.scan(step, np.ones(2), np.ones(3))
    assert "test_control_flow.py" in str(caught.value.where)


def test_the_carry_that_changes_is_named_by_its_path() -> None:
    with pytest.raises(GraphTypeError, match=r"turns init\['a'\]\[1\] from float64\[2\] into float64\[1\]"):
        bp.scan(lambda c, x: ({"a": ("text", c["a"][1][:1])}, None), {"a": ("text", np.ones(2))}, np.ones(3))


def test_an_exception_in_a_step_names_the_line() -> None:
    with pytest.raises(np.linalg.LinAlgError) as caught:
        bp.scan(lambda c, x: (np.linalg.inv(c * x), None), np.eye(2), np.array([1.0, 0.0]))
    notes = "\n".join(caught.value.__notes__)
    assert "while backprop ran inv" in notes
    assert "while backprop ran scan" in notes
    assert "test_control_flow.py" in notes


# checkpoint


def deep(x: Any) -> Any:
    for _ in range(4):
        x = np.sin(np.exp(x) * 0.5)
    return x


def test_a_checkpoint_changes_no_bit() -> None:
    def plain(x: Any) -> Any:
        return np.sum(deep(deep(x)) ** 2)

    def kept(x: Any) -> Any:
        return np.sum(bp.checkpoint(deep)(bp.checkpoint(deep)(x)) ** 2)

    assert bp.checkpoint(deep)(X).tobytes() == bp.evaluate(deep)(X).tobytes()
    assert bp.grad(kept)(X).tobytes() == bp.grad(plain)(X).tobytes()
    np.testing.assert_allclose(bp.hessian(kept)(X), bp.hessian(plain)(X), rtol=1e-12, atol=1e-15)


def test_a_checkpoint_computes_again_and_keeps_its_arguments_only() -> None:
    def plain(x: Any) -> Any:
        return np.sum(deep(x) ** 2)

    def kept(x: Any) -> Any:
        return np.sum(bp.checkpoint(deep)(x) ** 2)

    graphs = [bp.compile(bp.value_and_grad(f)).graph(X) for f in (plain, kept)]
    assert [count(g, "exp") for g in graphs] == [4, 8]
    assert [count(g, "call") for g in graphs] == [0, 0]


def test_a_checkpoint_takes_structures_and_captures() -> None:
    w = np.array([1.0, 2.0, 3.0])

    @bp.checkpoint
    def f(p: Any, *, scale: Any) -> Any:
        return {"a": np.sum(p["x"] * w * scale), "n": 3}

    def loss(x: Any, y: Any) -> Any:
        out = f({"x": x * y}, scale=y)
        assert out["n"] == 3
        return out["a"]

    gx, gy = bp.grad(loss, argnums=(0, 1))(X, 2.0)
    np.testing.assert_allclose(gx, w * 4)
    assert gy == pytest.approx(2 * 2.0 * np.sum(X * w))


def test_a_checkpoint_may_be_steered() -> None:
    f = bp.compile(bp.grad(lambda x: bp.checkpoint(lambda v: v * v if v > 0 else -v)(x)))
    assert [f(2.0), f(-3.0), f(4.0)] == [4.0, -1.0, 8.0]
    assert f.traces == 2
