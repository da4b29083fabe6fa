"""Whose memory is whose, over everything that hands out arrays: the rules of graph/ownership.py, checked together.

Random functions with views, constants, arguments that are returned, tuples, ops of the user's own and control flow are
evaluated, differentiated, pulled back and compiled, in one thread and in many. Each array that comes out has to be the
caller's alone; each array that went in has to stay what it was; and writing to all that came out changes no later call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
import optree
import pytest
from hypothesis import given
from hypothesis import strategies as st

import backprop as bp
from backprop.graph.tracing.memory.guard import LARGE
from backprop.scheduler.programs.steps import SMALLEST_RESULT

SIDES = (3, 60, 100)
"""Of square matrices: copied by a trace, kept between runs of a program, locked by a trace."""

SEEN: list[tuple[Any, Any]] = []
"""What an op of the user's was given, with a copy of it from then."""


def test_the_sizes_are_on_both_sides_of_the_bounds() -> None:
    small, middle, large = (8 * side**2 for side in SIDES)
    assert small < SMALLEST_RESULT < middle < LARGE < large


# Random functions.


def _itself(x: Any) -> Any:
    return x


def _reversed(x: Any) -> Any:
    return x[::-1]


def _twice(x: Any) -> Any:
    return x, x


def _overwritten(x: Any) -> Any:
    x *= 2.0
    return x


def _remembered(x: Any) -> Any:
    SEEN.append((x, x.copy()))
    return np.sin(x)


def _read_only(x: Any) -> Any:
    y = np.cos(x)
    y.flags.writeable = False
    return y


def _pair(x: Any) -> Any:
    return x, x  # result and residual are one array


same = bp.op(_itself, like=0, vjp=lambda g, out, x: g)
turned = bp.op(_reversed, like=0, vjp=lambda g, out, x: g[::-1])
double = bp.op(_twice, infer=lambda t: (t, t), vjp=lambda g, out, x: g[0] + g[1])
written = bp.op(_overwritten, like=0, vjp=lambda g, out, x: 2.0 * g)
remembered = bp.op(_remembered, like=0, vjp=lambda g, out, x: g * np.cos(x))
constant = bp.op(_read_only, like=0, vjp=lambda g, out, x: -g * np.sin(x))
opaque = bp.op(_pair, lambda residual, g: (g,), like=0)
USER_OPS = (same, turned, lambda x: double(x)[1], written, remembered, constant, opaque)
VIEWS: tuple[Callable[[Any], Any], ...] = (
    lambda x: x,
    lambda x: x.T,
    lambda x: x[::-1],
    lambda x: np.reshape(np.reshape(x, -1), x.shape),
    lambda x: np.concatenate([x[1:], x[:1]]),
)
CONTROL: tuple[Callable[[Any], Any], ...] = (
    lambda x: bp.checkpoint(lambda v: v)(x),
    lambda x: bp.checkpoint(lambda v: np.sin(v).T)(x),
    lambda x: bp.switch(np.sum(x) > 0, [lambda v: v, lambda v: v.T], x),
    lambda x: bp.scan(lambda c, row: (c, row), x, x)[0],
    lambda x: bp.scan(lambda c, row: (c + 1.0, row), x, x)[1],
)
SMOOTH: tuple[Callable[[Any], Any], ...] = (np.sin, np.tanh, lambda x: x * x * 0.1, lambda x: 1.0 - x)
STEPS: tuple[Callable[[Any], Any], ...] = (*VIEWS, *USER_OPS, *CONTROL, *SMOOTH)


class Recipe(NamedTuple):
    """A random function: a step for each pair (which, of which earlier value), and which values are returned."""

    side: int
    steps: tuple[tuple[int, int], ...]
    results: tuple[int, ...]

    def function(self, captured: Sequence[Any]) -> Callable[..., Any]:
        """(x, {"y": y, "z": (z,)}) -> nested results."""

        def f(x: Any, more: dict[str, Any]) -> Any:
            pool = [x, more["y"], *more["z"], *captured, np.add(x, captured[0])]
            for which, of in self.steps:
                value = pool[of % len(pool)]  # where plain, an op is a function like any other
                is_plain = type(value) is np.ndarray and which >= len(VIEWS)
                pool.append(STEPS[which](value + 0.0 * x if is_plain else value))
            first, *rest = [pool[-1 - k % len(pool)] for k in self.results]
            return first, {"rest": rest, "argument": more}

        return f


recipes = st.builds(
    Recipe,
    st.sampled_from(SIDES),
    st.lists(st.tuples(st.integers(0, len(STEPS) - 1), st.integers(0, 20)), max_size=6).map(tuple),
    st.lists(st.integers(0, 20), min_size=1, max_size=5).map(tuple),
)


class Case:
    """A random function, with the user's arrays that it gets and captures."""

    def __init__(self, recipe: Recipe) -> None:
        rng = np.random.default_rng(len(recipe.steps))
        x, y, z, own, lasting = (rng.normal(size=(recipe.side, recipe.side)) for _ in range(5))
        lasting.flags.writeable = False
        self.args = (x, {"y": y, "z": (z,)})
        self.users = [x, y, z, own, lasting]
        self.before = [array.copy() for array in self.users]
        self.function = recipe.function([own, lasting])
        SEEN.clear()

    def check(self, *results: Any) -> list[np.ndarray[Any, Any]]:
        """Complain unless all arrays of results are the caller's alone, and the user's are what they were."""
        found = list(arrays(results))
        for array in found:
            assert array.base is None
            assert array.flags.writeable
        for one, other in combinations(found, 2):
            assert not np.may_share_memory(one, other)
        for one in found:
            assert not any(np.may_share_memory(one, other) for other in self.users)
            assert not any(np.may_share_memory(one, other) for other, _ in SEEN)
        self.check_users()
        return found

    def check_users(self) -> None:
        """Complain where an array of the user's was written to, or locked for longer than a trace."""
        for array, before in zip(self.users, self.before, strict=True):
            np.testing.assert_array_equal(array, before)
        assert [array.flags.writeable for array in self.users] == [True] * 4 + [False]
        for array, before in SEEN:
            np.testing.assert_array_equal(array, before)

    def check_again(self, call: Callable[[], Any]) -> None:
        """A call gives the same when all that an earlier one gave has been written to, and when all of it is kept."""
        first = self.check(call())
        wanted = [array.copy() for array in first]
        for array in first:
            array[...] = 50.0
        second, third = self.check(call()), self.check(call())
        for arrays_ in (second, third):
            for array, value in zip(arrays_, wanted, strict=True):
                np.testing.assert_array_equal(array, value)
        for array in first:
            np.testing.assert_array_equal(array, np.full(array.shape, 50.0))
        self.check(first, second, third)


def arrays(tree: Any) -> Iterator[np.ndarray[Any, Any]]:
    """The arrays of a nested value."""
    yield from (leaf for leaf in optree.tree_leaves(tree) if isinstance(leaf, np.ndarray) and leaf.ndim)


def total(f: Callable[..., Any]) -> Callable[..., Any]:
    """A scalar function of the same arguments, with the function's results beside it."""

    def g(*args: Any) -> Any:
        value = f(*args)
        return np.sum(value[0] * value[0]) + np.sum(value[1]["argument"]["y"]), value

    return g


# The rules, for each way to run a function.

executors = pytest.mark.parametrize("executor", [bp.Serial(), bp.Threads(2)], ids=["serial", "threads"])


@executors
@given(recipe=recipes)
def test_evaluate(executor: bp.AbstractExecutor, recipe: Recipe) -> None:
    case = Case(recipe)
    case.check_again(lambda: bp.evaluate(case.function, executor)(*case.args))


@executors
@given(recipe=recipes)
def test_gradients_and_what_comes_beside_them(executor: bp.AbstractExecutor, recipe: Recipe) -> None:
    case = Case(recipe)
    gradient = bp.value_and_grad(total(case.function), (0, 1), has_aux=True, executor=executor)
    case.check_again(lambda: gradient(*case.args))


@executors
@given(recipe=recipes)
def test_compiled(executor: bp.AbstractExecutor, recipe: Recipe) -> None:
    case = Case(recipe)
    compiled = bp.compile(case.function, executor)
    case.check_again(lambda: compiled(*case.args))
    gradient = bp.compile(bp.value_and_grad(total(case.function), (0, 1), has_aux=True), executor)
    case.check_again(lambda: gradient(*case.args))


@given(recipe=recipes)
def test_compiled_with_check(recipe: Recipe) -> None:
    case = Case(recipe)
    compiled = bp.compile(case.function, check=True)
    case.check_again(lambda: compiled(*case.args))


@given(recipe=recipes)
def test_pullbacks(recipe: Recipe) -> None:
    case = Case(recipe)
    value, pullback = bp.vjp(total(case.function), *case.args)
    seed = optree.tree_map(np.cos, value)
    case.check(value, seed)
    case.check_again(lambda: (pullback(seed), seed)[0])
    wanted = [array.copy() for array in case.check(pullback(seed))]
    for array in case.check(value):
        array[...] = 50.0
    for array in case.users[:-1]:  # a pullback keeps for itself what it needs
        array[...] = 60.0
    for array, before in zip(arrays(pullback(seed)), wanted, strict=True):
        np.testing.assert_array_equal(array, before)
        assert not any(np.may_share_memory(array, other) for other in (*arrays(seed), *case.users))


@given(recipe=recipes)
def test_forward_mode(recipe: Recipe) -> None:
    case = Case(recipe)
    f: Callable[..., Any] = case.function
    if any(STEPS[which] is opaque for which, _ in recipe.steps):
        return
    tangents: Any = optree.tree_map(np.ones_like, case.args)  # type: ignore[arg-type]
    case.check_again(lambda: bp.jvp(f, list(case.args), list(tangents)))
    for array in arrays(tangents):
        np.testing.assert_array_equal(array, np.ones(array.shape))


@given(recipe=recipes)
def test_many_threads_at_once(recipe: Recipe) -> None:
    case = Case(recipe)
    compiled = bp.compile(bp.value_and_grad(total(case.function), (0, 1), has_aux=True), bp.Threads(2))
    plain = bp.value_and_grad(total(case.function), (0, 1), has_aux=True, executor=bp.Serial())
    wanted = [array.copy() for array in case.check(plain(*case.args))]
    with ThreadPoolExecutor(4) as pool:
        calls = [pool.submit(call, *case.args) for call in (compiled, plain, compiled, plain) * 2]
        results = [call.result() for call in calls]
    case.check(*results)
    for result in results:
        for array, value in zip(arrays(result), wanted, strict=True):
            np.testing.assert_array_equal(array, value)
