"""Random programs of reads, views and writes mean what NumPy makes of them on plain arrays; so do their gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import backprop as bp
from backprop.errors import AssignmentError

X = np.array([0.7, -1.3, 2.1, 0.4, -0.6, 1.7])
MASK = np.array([True, False, True, True, False, False, True])
Arrays = list[Any]


def key_of(a: Any, n: int) -> Any:
    """A basic key of an array, by a number."""
    if not a.ndim:
        return ()
    length = a.shape[0]
    first = [
        slice(None),
        slice(1, None),
        slice(None, -1),
        slice(None, None, 2),
        slice(None, None, -1),
        n % max(length, 1) if length else slice(0),
        ...,
        slice(n % 3, n % 3 + 2),
    ][n % 8]
    if a.ndim > 1 and n % 16 >= 8:
        return (first, [slice(None), slice(1, None), n % max(min(a.shape[1:]), 1), slice(None, None, -1)][n // 16 % 4])
    return first


# Steps: (arrays, x, choice, number) -> None. They change `arrays`.


def make(names: Arrays, x: Any, a: Any, n: int) -> None:
    names.append(
        [
            lambda: np.zeros_like(x),
            lambda: np.zeros_like(x, shape=(3, 2)),
            lambda: np.outer(x[:3], x[3:]),
            lambda: a * 1.5 + x[n % 6],
            lambda: a.copy(),
            lambda: np.ones_like(x) * x[0],
        ][n % 6]()
    )


def view(names: Arrays, x: Any, a: Any, n: int) -> None:
    names.append(
        [
            lambda: a[key_of(a, n // 8)],
            lambda: a.T,
            lambda: a.reshape(-1),
            lambda: a[None],
            lambda: np.swapaxes(a, 0, -1) if a.ndim else a,
            lambda: np.flip(a),
            lambda: a.reshape(2, -1) if a.size % 2 == 0 and a.size else a,
            lambda: a[key_of(a, n // 8)],
        ][n % 8]()
    )


def assign(names: Arrays, x: Any, a: Any, n: int) -> None:
    if a.ndim:
        key = key_of(a, n)
        a[key] = [x[n % 6], 0.5, np.sin(a[key]) * 2, names[n % len(names)].sum()][n // 3 % 4]


def add_to(names: Arrays, x: Any, a: Any, n: int) -> None:
    if a.ndim:
        key = key_of(a, n)
        a[key] += [x[n % 6], 1, a[key] * x[0]][n % 3]


def change(names: Arrays, x: Any, a: Any, n: int) -> None:
    if not a.ndim:
        return
    if n % 6 == 0:
        a += x[n % 5]
    elif n % 6 == 1:
        a *= 0.5
    elif n % 6 == 2:
        np.multiply(a, x[1], out=a)
    elif n % 6 == 3:
        np.copyto(a, x[2])
    elif n % 6 == 4:
        a.fill(x[n % 5])
    else:
        a -= np.flip(a)


def scatter(names: Arrays, x: Any, a: Any, n: int) -> None:
    if not a.ndim or not a.shape[0]:
        return
    m = a.shape[0]
    if n % 5 == 0:
        a[MASK[:m] if m <= 7 else slice(0)] = x[n % 6]
    elif n % 5 == 1:
        a[[0, m - 1, 0]] = x[3]
    elif n % 5 == 2:
        np.add.at(a, [0, m - 1, 0], x[n % 6])
    elif n % 5 == 3 and a.ndim == 2:
        np.fill_diagonal(a, x[4])
    else:
        a.flat[n % a.size if a.size else slice(0)] = x[5]


def loop(names: Arrays, x: Any, a: Any, n: int) -> None:
    if a.ndim:
        for i in range(1, a.shape[0]):
            a[i] = 0.5 * a[i - 1] + x[i % 6]


STEPS: list[Callable[[Arrays, Any, Any, int], None]] = [make, view, view, assign, assign, add_to, change, scatter, loop]

programs = st.lists(
    st.tuples(st.integers(0, len(STEPS) - 1), st.integers(0, 7), st.integers(0, 255)), min_size=2, max_size=10
)


def run(program: list[tuple[int, int, int]], x: Any) -> Arrays:
    names: Arrays = [x * 1.0, np.outer(x[:2], x[:3])]
    for step, choice, n in program:
        STEPS[step](names, x, names[-1 - choice % len(names)], n)
    return names


def total(program: list[tuple[int, int, int]]) -> Callable[[Any], Any]:
    return lambda x: sum([np.sum(np.sin(array)) for array in run(program, x)])


@given(programs)
def test_a_random_program_means_what_numpy_makes_of_it(program: list[tuple[int, int, int]]) -> None:
    expected = run(program, X)
    compiled = bp.compile(lambda x: run(program, x))
    try:
        found = compiled(X)
    except AssignmentError as error:
        if "layout" not in str(error):
            raise
        return
    for again in (found, compiled(X)):
        for one, other in zip(again, expected, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-14)


@given(programs)
def test_its_gradient_is_that_of_differences(program: list[tuple[int, int, int]]) -> None:
    f = total(program)
    try:
        found = bp.grad(f)(X)
    except AssignmentError as error:
        if "layout" not in str(error):
            raise
        return
    units = np.eye(6) * 1e-6
    expected = np.array([(f(X + unit) - f(X - unit)) / 2e-6 for unit in units])
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5 * (1 + np.abs(expected).max()))
