"""compile(check=True): what a compiled function has frozen is found, named, and what to write instead is said."""

from __future__ import annotations

import math
import pickle
import types
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import backprop as bp
from backprop.errors import BackpropError, StaleCaptureError

X = np.array([0.5, -1.5, 2.0])
RATE = 2.0


class Model:
    """An object with attributes that a function reads."""

    def __init__(self) -> None:
        self.weights = np.ones(3)
        self.rate = 0.5
        self.calls = 0

    def loss(self, x: Any) -> Any:
        return np.sum(self.weights * x) * self.rate


def complaint(call: Callable[[], Any]) -> StaleCaptureError:
    with pytest.raises(StaleCaptureError) as caught:
        call()
    return caught.value


def line_of(text: str) -> int:
    """The line of this file that ends with a mark."""
    with open(__file__, encoding="utf-8") as file:
        return next(k for k, line in enumerate(file, 1) if line.rstrip().endswith("# " + text))


def expect(error: StaleCaptureError, name: str, mark: str) -> None:
    """The error names the capture, its line, and what to write."""
    assert f"'{name}'" in error.what
    assert isinstance(error.where, bp.errors.Source)
    assert (error.where.file, error.where.line) == (__file__, line_of(mark))
    assert f"pass '{name}' as an argument" in str(error)


def test_the_error_stands_in_the_tree_and_travels() -> None:
    assert issubclass(StaleCaptureError, BackpropError)
    assert issubclass(StaleCaptureError, RuntimeError)
    error = StaleCaptureError("what", "where", "fix")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


@pytest.mark.parametrize("n", [3, 1 << 14], ids=["small", "large"])
def test_a_captured_array_that_is_written_to(n: int) -> None:
    weights = np.ones(n)

    def loss(x: Any) -> Any:
        return np.sum(weights * x)  # written

    compiled = bp.compile(bp.grad(loss), check=True)
    np.testing.assert_array_equal(compiled(np.ones(n)), weights)
    np.testing.assert_array_equal(compiled(np.ones(n)), weights)
    weights[1] = 7.0
    expect(complaint(lambda: compiled(np.ones(n))), "weights", "written")


def test_the_same_without_check_goes_on_with_the_old_values() -> None:
    weights = np.ones(3)
    compiled = bp.compile(lambda x: np.sum(weights * x))
    before = compiled(X)
    weights[1] = 7.0
    assert compiled(X) == before


def test_a_captured_array_that_is_rebound() -> None:
    weights = np.ones(3)

    def loss(x: Any) -> Any:
        return np.sum(np.sin(weights) * x)  # rebound

    compiled = bp.compile(loss, check=True)
    compiled(X)
    weights = np.full(3, 2.0)
    expect(complaint(lambda: compiled(X)), "weights", "rebound")


def test_a_captured_array_that_is_rebound_to_another_shape() -> None:
    weights = np.ones(3)

    def loss(x: Any) -> Any:
        return np.sum(weights * x)  # shape

    compiled = bp.compile(loss, check=True)
    compiled(X)
    weights = np.ones((2, 3))
    expect(complaint(lambda: compiled(X)), "weights", "shape")


def test_a_captured_number_that_is_rebound() -> None:
    scale = 2.0

    def loss(x: Any) -> Any:
        y = np.sin(x)
        return np.sum(y * scale)  # number

    compiled = bp.compile(bp.value_and_grad(loss), check=True)
    compiled(X)
    scale = 3.0
    expect(complaint(lambda: compiled(X)), "scale", "number")


@pytest.mark.parametrize(("before", "after"), [(2, 2.0), (0.0, -0.0), (1, True)])
def test_numbers_that_are_equal_and_are_not_the_same(before: Any, after: Any) -> None:
    number = before
    compiled = bp.compile(lambda x: (x * 2.0, number), check=True)
    compiled(X)
    number = after
    assert "'number'" in complaint(lambda: compiled(X)).what


def test_a_global_that_is_rebound(monkeypatch: pytest.MonkeyPatch) -> None:
    def loss(x: Any) -> Any:
        return np.sum(x * RATE)  # global

    compiled = bp.compile(loss, check=True)
    compiled(X)
    monkeypatch.setitem(globals(), "RATE", 4.0)
    expect(complaint(lambda: compiled(X)), "RATE", "global")


def test_a_name_that_a_helper_reads() -> None:
    scale = 2.0

    def helper(x: Any) -> Any:
        return x * scale  # helper

    def loss(x: Any) -> Any:
        return np.sum(helper(x))

    compiled = bp.compile(loss, check=True)
    compiled(X)
    scale = 3.0
    expect(complaint(lambda: compiled(X)), "scale", "helper")


def test_an_attribute_of_an_object() -> None:
    model = Model()

    def loss(x: Any) -> Any:
        return np.sum(model.weights * x) * model.rate  # attribute

    compiled = bp.compile(loss, check=True)
    compiled(X)
    model.calls += 1  # is not read
    compiled(X)
    model.rate = 0.25
    expect(complaint(lambda: compiled(X)), "model.rate", "attribute")


def test_an_attribute_that_a_method_reads() -> None:
    model = Model()
    bound, called = bp.compile(model.loss, check=True), bp.compile(lambda x: model.loss(x), check=True)
    bound(X), called(X)
    model.weights[0] = 3.0
    assert "'self.weights'" in complaint(lambda: bound(X)).what
    assert "weights'" in complaint(lambda: called(X)).what


def test_an_attribute_of_a_module() -> None:
    settings: Any = types.ModuleType("settings")
    settings.rate = 1.0
    compiled = bp.compile(lambda x: x * settings.rate, check=True)
    compiled(X)
    settings.rate = 2.0
    assert "'settings.rate'" in complaint(lambda: compiled(X)).what


@pytest.mark.parametrize(
    "draw",
    [
        lambda x: x * np.random.normal(size=3),
        lambda x: x * np.random.normal(),
        lambda x: x + np.random.permutation(100)[:3],
    ],
    ids=["array", "number", "integers"],
)
def test_random_draws(draw: Callable[[Any], Any]) -> None:
    error = complaint(lambda: bp.compile(draw, check=True)(X))
    assert "draws random numbers" in error.what
    assert "pass what was drawn as an argument" in error.fix
    error = complaint(lambda: bp.compile(bp.grad(lambda x: np.sum(draw(x) * x)), check=True)(X))
    assert "draws random numbers" in error.what


def test_draws_of_a_generator_name_it_and_the_line() -> None:
    rng = np.random.default_rng(0)

    def noisy(x: Any) -> Any:
        y = np.sin(x)
        return y * rng.normal(size=3)  # noisy

    compiled = bp.compile(noisy, check=True)
    for _ in range(2):
        error = complaint(lambda: compiled(X))
        assert "'rng'" in error.what
        assert error.where.line == line_of("noisy")  # type: ignore[union-attr]


def test_a_state_counts_as_a_draw() -> None:
    calls = [0]

    def counting(x: Any) -> Any:
        calls[0] += 1
        return x * calls[0]

    assert "'calls'" in complaint(lambda: bp.compile(counting, check=True)(X)).what


def test_drawing_in_an_op_that_is_not_pure_is_no_complaint() -> None:
    rng = np.random.default_rng(0)
    noise = bp.op(lambda x: rng.normal(size=x.shape), like=0, pure=False)
    compiled = bp.compile(lambda x: x + noise(x), check=True)
    assert not np.array_equal(compiled(X), compiled(X))


def test_a_function_without_captures_has_the_same_results_and_no_complaint() -> None:
    def loss(x: Any, flag: bool, names: dict[str, float]) -> Any:
        y = np.tanh(x) * names["a"]
        if np.sum(y) > 0 and flag:
            y = y + bp.switch(np.argmax(y) > 0, [np.sin, np.cos], y)
        return np.sum(y * y) * math.pi

    checked, plain = bp.compile(bp.grad(loss), check=True), bp.compile(bp.grad(loss))
    for x in (X, -X, X[:2], X.astype("float32")):
        for _ in range(2):
            found, wanted = checked(x, True, {"a": 0.5}), plain(x, True, {"a": 0.5})
            assert found.dtype == wanted.dtype
            np.testing.assert_array_equal(found, wanted)
    assert checked.traces == plain.traces


def test_what_changes_and_changes_nothing_is_no_complaint() -> None:
    unused, cache = 1.0, {}  # type: ignore[var-annotated]

    def loss(x: Any) -> Any:
        cache[len(cache)] = unused
        return np.sum(x)

    compiled = bp.compile(loss, check=True)
    assert compiled(X) == 1.0
    unused = 2.0
    assert compiled(X) == 1.0
    unused = 3.0
    assert compiled(X) == 1.0
    assert len(cache) == 4  # the first trace, and one at each call


def test_an_op_that_is_made_anew_in_each_trace_is_the_same_where_its_code_and_captures_are() -> None:
    scale = 2.0

    def loss(x: Any) -> Any:
        def scaled(y: Any) -> Any:
            return y * scale

        return bp.op(scaled, derive=True)(x)

    compiled = bp.compile(loss, check=True)
    np.testing.assert_array_equal(compiled(X), X * 2)
    np.testing.assert_array_equal(compiled(X), X * 2)
    scale = 3.0
    assert "'scale'" in complaint(lambda: compiled(X)).what


def test_a_captured_value_that_steers() -> None:
    limits = np.array([0.0])

    def clipped(x: Any) -> Any:
        return np.sum(x) if np.sum(x) > limits[0] else -np.sum(x)

    compiled = bp.compile(clipped, check=True)
    assert compiled(X) == 1.0
    limits[0] = 5.0
    assert "'limits'" in complaint(lambda: compiled(X)).what


def test_a_graph_built_by_hand_has_nothing_to_check() -> None:
    g = bp.GraphBuilder()
    x = g.input("x", bp.ArrayType((3,), "float64"))
    g.output(x * 2.0)
    compiled = bp.compile(g.build(), check=True)
    np.testing.assert_array_equal(compiled(X), X * 2)
    np.testing.assert_array_equal(compiled(X), X * 2)


def test_it_is_copied_with_its_check() -> None:
    compiled = pickle.loads(pickle.dumps(bp.compile(np.sin, check=True)))
    assert type(compiled) is type(bp.compile(np.sin, check=True))
    np.testing.assert_array_equal(compiled(X), np.sin(X))


@pytest.mark.parametrize("verb", [bp.grad, bp.hessian, bp.jacobian, lambda f: bp.grad(bp.checkpoint(f)), lambda f: f])
def test_functions_of_equal_graphs_are_told_apart_by_their_lines(verb: Any) -> None:
    one, other = np.ones(3), np.ones(3)

    def first(x: Any) -> Any:
        return np.sum(np.sin(one * x))  # of the first

    def second(x: Any) -> Any:
        return np.sum(np.sin(other * x))  # of the second

    compiled = [bp.compile(verb(f), check=True) for f in (first, second)]
    for call in compiled:
        call(X)
    for call, array, name, mark in zip(compiled, (one, other), ("one", "other"), ("first", "second"), strict=True):
        array[1] = 7.0
        expect(complaint(lambda call=call: call(X)), name, f"of the {mark}")
