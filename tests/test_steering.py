"""Values that steer a function: run once, on any executor; under `compile` guards, with a bounded cache of paths."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import backprop as bp
from backprop.api.compiling.compiled import PATHS
from backprop.errors import TracedConversionError
from backprop.ops.core.op import Op

X = np.array([0.5, -1.0, 2.0])


class Counter:
    """An op that doubles its operand, and counts how often it does."""

    def __init__(self) -> None:
        self.runs = 0
        self.op = Op("doubled", lambda x: x, self._compute, lambda g, out, x: 2.0 * g)

    def _compute(self, x: Any) -> Any:
        self.runs += 1
        return x * 2.0


@pytest.fixture
def counter() -> Counter:
    return Counter()


def absolute(x: Any) -> Any:
    if x > 0:
        return x * 1.0
    return -x


def halved(x: Any) -> Any:
    while x > 1.0:
        x = x / 2
    return x * x


def early(x: Any) -> Any:
    for _ in range(5):
        if np.sum(x) > 10:
            return np.sum(x)
        x = x * 2.0
    return np.sum(x * x)


def by_size(x: Any) -> Any:
    big, small = sorted([x[0] * 2.0, x[1] * x[1]], reverse=True)
    return big * 3.0 + small


def as_index(x: Any) -> Any:
    return x[int(np.sum(x * x)) % 3] * 5.0


def by_order(x: Any) -> Any:
    order = np.argsort(x).value
    return x[int(order[0])] * 3.0 + x[int(order[-1])]


def plain_number(x: Any) -> Any:
    return x[0] * math.sin(np.max(x).value)


def chained(x: Any) -> Any:
    return x[0] * 2.0 if 0 < x[0] < 1 else x[0] * 3.0


# The value and the gradient by hand, at an argument.
CASES = [
    (absolute, 2.0, 2.0, 1.0),
    (absolute, -2.0, 2.0, -1.0),
    (halved, 6.0, 0.5625, 0.1875),
    (halved, 0.5, 0.25, 1.0),
    (early, np.array([1.0, 2.0]), 12.0, np.full(2, 4.0)),
    (early, np.array([0.0, 0.1]), 10.24, np.array([0.0, 204.8])),
    (by_size, np.array([3.0, 1.0]), 19.0, np.array([6.0, 2.0])),
    (by_size, np.array([1.0, 3.0]), 29.0, np.array([2.0, 18.0])),
    (as_index, X, 10.0, np.array([0.0, 0.0, 5.0])),
    (by_order, X, -1.0, np.array([0.0, 3.0, 1.0])),
    (plain_number, X, 0.5 * math.sin(2.0), np.array([math.sin(2.0), 0.0, 0.0])),
    (chained, X, 1.0, np.array([2.0, 0.0, 0.0])),
    (chained, -X, -1.5, np.array([3.0, 0.0, 0.0])),
]


@pytest.mark.parametrize(("f", "x", "value", "gradient"), CASES)
@pytest.mark.parametrize("executor", [bp.Serial(), bp.Threads(2)])
def test_a_steered_function(f: Any, x: Any, value: Any, gradient: Any, executor: bp.AbstractExecutor) -> None:
    assert bp.evaluate(f, executor=executor)(x) == pytest.approx(value)
    found, slope = bp.value_and_grad(f, executor=executor)(x)
    assert found == pytest.approx(value)
    np.testing.assert_allclose(slope, gradient)
    compiled = bp.compile(bp.grad(f), executor=executor)
    for _ in range(2):
        np.testing.assert_allclose(compiled(x), gradient)
    assert compiled.traces == 1


@pytest.mark.parametrize("f", [absolute, halved])
def test_a_steered_function_is_differentiable_twice(f: Any) -> None:
    assert bp.grad(bp.grad(f))(6.0) == pytest.approx({absolute: 0.0, halved: 2 / 64}[f])


def test_sort_and_its_kin_steer_nothing() -> None:
    f = bp.compile(bp.grad(lambda x: np.sum(np.sort(x) * np.array([1.0, 2.0, 3.0])) + x[np.argsort(x)][0]))
    np.testing.assert_array_equal(f(X), [2.0, 2.0, 3.0])
    np.testing.assert_array_equal(f(-X), [2.0, 3.0, 2.0])
    assert f.traces == 1


# Nothing runs twice.


def test_what_a_question_needs_runs_once(counter: Counter) -> None:
    def f(x: Any) -> Any:
        y = counter.op(x)
        if y > 1.0:
            y = y * counter.op(y)
        if y > 2.0:
            y = y + 1.0
        return y * y

    assert bp.value_and_grad(f)(3.0) == (73.0**2, 2 * 73.0 * 4 * 2 * 2 * 3.0)
    assert counter.runs == 2


def test_a_question_runs_only_what_it_needs(counter: Counter) -> None:
    def f(x: Any) -> Any:
        y = counter.op(x)
        if x > 0:
            assert counter.runs == 0
            return y
        return x

    assert bp.evaluate(f)(3.0) == 6.0
    assert counter.runs == 1


def test_a_replay_runs_each_op_once(counter: Counter) -> None:
    def f(x: Any) -> Any:
        y = counter.op(x)
        return counter.op(y) if y > 1.0 else y * y

    compiled = bp.compile(bp.value_and_grad(f))
    for x, runs in ((3.0, 2), (4.0, 2), (0.1, 1), (0.2, 1), (5.0, 2), (0.3, 1)):
        counter.runs = 0
        assert compiled(x)[0] == (4 * x if x > 0.5 else 4 * x * x)
        assert counter.runs == runs
    assert compiled.traces == 2


def test_a_known_path_is_not_traced_again_and_a_new_one_repeats_no_work(counter: Counter) -> None:
    seen = []

    def f(x: Any) -> Any:
        y = counter.op(x)
        count = 0
        while y > 1.0:
            y = counter.op(y * 0.25)
            count += 1
        seen.append(count)
        return y

    compiled = bp.compile(f)
    for x, steps in ((0.4, 0), (1.5, 2), (3.0, 3), (0.3, 0), (1.8, 2), (2.5, 3), (0.9, 1)):
        counter.runs = 0
        assert compiled(x) == 2 * x / 2**steps
        assert counter.runs == steps + 1
    assert compiled.traces == 4
    assert seen == [0, 2, 3, 1]


def test_paths_that_capture_differently_stay_apart() -> None:
    arrays = [np.full(2, float(k)) for k in range(3)]

    def f(x: Any) -> Any:
        if np.sum(x) > 1:
            y = np.sum(x * arrays[0]) + np.sum(x * arrays[1])
            return y if y > 3 else -y
        y = np.sum(x * arrays[2])
        return y if y > 1 else -y

    compiled = bp.compile(bp.grad(f))
    for _ in range(2):
        for x in ([1.0, 1.0], [0.3, 0.3], [2.0, 3.0], [0.1, 0.2]):
            np.testing.assert_array_equal(compiled(np.array(x)), bp.grad(f)(np.array(x)))
    assert compiled.traces == 4


def test_the_cache_of_paths_is_bounded() -> None:
    compiled = bp.compile(lambda x: x * float(int(x)))
    for k in range(PATHS + 10):
        assert compiled(k + 0.5) == (k + 0.5) * k
    assert compiled.traces == PATHS + 10
    assert [len(paths) for paths in compiled._paths.values()] == [PATHS]
    assert compiled(PATHS + 9.25) == (PATHS + 9.25) * (PATHS + 9)
    assert compiled.traces == PATHS + 10
    assert compiled(0.5) == 0.0  # traced anew, as it was dropped
    assert compiled.traces == PATHS + 11


def test_many_threads_may_find_new_paths_at_once() -> None:
    compiled = bp.compile(bp.grad(lambda x: x * float(int(x)) if x > 3 else x * x))
    xs = [0.5 + k % 7 for k in range(60)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(compiled, xs))
    assert found == [float(int(x)) if x > 3 else 2 * x for x in xs]


# What would lose the gradient silently is an error.


@pytest.mark.parametrize("f", [float, complex, math.sin, lambda v: np.array([v, v], float)])
def test_a_conversion_that_loses_the_gradient_names_value(f: Any) -> None:
    with pytest.raises(TracedConversionError, match=r"v\.value"):
        bp.grad(lambda x: f(x) * x)(2.0)


def test_value_carries_no_gradient() -> None:
    assert bp.grad(lambda x: x * x.value)(3.0) == 3.0
    array = bp.grad(lambda x: np.sum(x * x.value))(X)
    np.testing.assert_array_equal(array, X)


def test_a_graph_without_values_cannot_be_steered() -> None:
    g = bp.GraphBuilder()
    x = g.input("x", bp.ScalarType())
    with pytest.raises(TracedConversionError, match=r"no value yet") as caught:
        bool(x > 0)
    assert "backprop.switch" in caught.value.fix
