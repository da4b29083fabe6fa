"""Writes to traced arrays: by functions, through views, in loops and bodies, and what cannot be written to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import backprop as bp
from backprop.errors import AssignmentError, GraphTypeError

X = np.array([1.25, -2.0, 3.0, 0.5, -1.5, 2.5])


def by_functions(x: Any) -> Any:
    y, z = x * 2, np.outer(x[:3], x[3:])
    np.add.at(y, [0, 0, 5], x[:3])
    np.multiply.at(y, [1, 2], x[1])
    np.subtract.at(y, 3, x[0])
    np.exp(x, out=y[1:] if False else z.reshape(-1)[:6])
    np.fill_diagonal(z, x[2])
    np.put(z, [1, 3], x[4])
    np.place(z, [[False, True, False]] * 3, x[:2])
    np.putmask(y, x > 2, x**2)
    np.put_along_axis(z, np.array([[2], [0], [1]]), x[:3, None], axis=1)
    np.copyto(z[0], x[:3])
    np.copyto(z, 1.0, where=x[:3] > 2)
    total = np.empty_like(x, shape=3)
    np.sum(z, axis=0, out=total)
    np.add(total, 1, out=total, where=np.array([True, False, True]))
    z.sort(axis=0)
    z[1].fill(x[5])
    y.flat[2] = x[0]
    z.T.flat = np.concatenate([x, x[:3]])
    return y, z, total


def by_masks(x: Any) -> Any:
    y, z = np.zeros_like(x), x * x
    y[x > 0] = 1
    y[x < 0] = z[x < 0]
    z[np.where(x > 2)] *= 3
    z[[4, 1]] += x[:2]
    return y, z


def by_parts(x: Any) -> Any:
    c = x * (1 + 2j)
    c.real += x
    c.imag[1:] = x[0]
    c.real[0] = x[3]
    m = np.zeros_like(x, shape=(2, 3))
    m[:, 1] = x[:2]
    m[0] += x[3:]
    m[..., None][1, 2, 0] = x[5]
    v = m[:, ::2]
    v[1] = x[1]
    v.T[0] *= x[2]
    n = np.zeros_like(x, dtype=np.float32)
    n[1:3] = x[1:3] * np.pi
    k = np.zeros_like(x, dtype=int)
    k[:] = x
    return np.real(c), np.imag(c), m, v, n, k * x


def by_helpers(x: Any) -> Any:
    def clip(a: Any) -> None:
        a[a > 1] = 1

    def shift(a: Any) -> Any:
        a[1:] = a[:-1]
        a[0] = 0
        return a

    y = x * 1
    clip(y)
    z = shift(y)
    y, z = z, y * 2
    y -= z
    return y, z


def swapped(x: Any) -> Any:
    old, now = np.zeros_like(x), x * 1
    for _ in range(4):
        old[1:-1] = 2 * now[1:-1] - old[1:-1] + 0.3 * (now[2:] - 2 * now[1:-1] + now[:-2])
        old[0], old[-1] = 0, x[1]
        old, now = now, old
    return old, now


def windows(x: Any, n: int = 9) -> Any:
    u = np.zeros_like(x, shape=(n, 6))
    u[0], u[1] = x, x**2
    for i in range(2, n):
        u[i] = np.mean(u[i - 2 : i], axis=0) + u[0] * u[i - 1, ::-1]
        u[i, 0] = u[i - 1, 2]
    return u, u[::-2]


def red_and_black(x: Any) -> Any:
    u = np.concatenate([x, x])
    for _ in range(3):
        u[1:-1:2] = (u[:-2:2] + u[2::2]) / 2
        u[2:-1:2] = (u[1:-2:2] + u[3::2]) / 2
    return u


def made_by_us(x: Any) -> Any:
    y, z, e = bp.zeros((2, 3)), bp.ones(6, np.float32), bp.full(3, 2.5)
    y[0] = x[:3]
    z[1:] *= x[1:]
    e[1] = x[2]
    return y, z, e + bp.empty(3)


PROGRAMS = [by_functions, by_masks, by_parts, by_helpers, swapped, windows, red_and_black, made_by_us]


def total(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda x: sum([np.sum(np.sin(part)) for part in (f(x) if isinstance(f(x), tuple) else (f(x),))])


@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
def test_values_and_gradients(f: Callable[[Any], Any]) -> None:
    expected, compiled = f(X), bp.compile(f)
    for found in (compiled(X), compiled(X)):
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-12)
            assert np.asarray(one).dtype == np.asarray(other).dtype
    assert compiled.traces == 1
    single = f in (by_parts, made_by_us)
    h = 1e-3 if single else 1e-6
    differences = [(total(f)(X + h * unit) - total(f)(X - h * unit)) / (2 * h) for unit in np.eye(6)]
    if f is not by_parts:  # integers jump
        np.testing.assert_allclose(bp.grad(total(f))(X), differences, rtol=1e-3 if single else 1e-5, atol=1e-7)


# Views, as NumPy says.

VIEWS: dict[str, Callable[[Any], Any]] = {
    "key": lambda a: a[1:],
    "new axis": lambda a: a[:, None],
    "T": lambda a: a.T,
    "reshape": lambda a: a.reshape(3, 2),
    "ravel": np.ravel,
    "ravel of a transpose": lambda a: np.ravel(a.T),
    "reshape of a transpose": lambda a: a.T.reshape(-1),
    "reshape of every second": lambda a: a[:, ::2].reshape(-1),
    "squeeze": lambda a: np.squeeze(a[None]),
    "swapaxes": lambda a: np.swapaxes(a, 0, 1),
    "moveaxis": lambda a: np.moveaxis(a, 0, 1),
    "flip": np.flip,
    "rot90": np.rot90,
    "atleast_3d": np.atleast_3d,
    "expand_dims": lambda a: np.expand_dims(a, 1),
    "split": lambda a: np.split(a, 2)[1],
    "asarray": lambda a: a.view() if isinstance(a, np.ndarray) else np.reshape(a, a.shape),
    "flatten": lambda a: a.flatten(),
    "copy": np.copy,
    "astype": lambda a: a.astype(float),
    "index": lambda a: a[[0, 1]],
    "take": lambda a: np.take(a, 1, axis=0),
    "repeat": lambda a: np.repeat(a, 1, axis=0),
    "tile": lambda a: np.tile(a, (1, 1)),
    "full_like": lambda a: np.full_like(a, a[0, 0]),
    "positive": np.positive,
    "concatenate": lambda a: np.concatenate([a]),
    "roll": lambda a: np.roll(a, 0),
    "triu": np.triu,
    "sort": lambda a: np.sort(a, axis=0),
    "where": lambda a: np.where(True, a, a),
    "pad": lambda a: np.pad(a, 0),
    "clip": lambda a: np.clip(a, None, None) if False else np.clip(a, -9, 9),
    "nan_to_num": np.nan_to_num,
    "diff": lambda a: np.diff(a, n=1),
    "cumsum": lambda a: np.cumsum(a, axis=0),
}


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_is_a_view_and_a_copy_is_a_copy(name: str) -> None:
    def program(x: Any, then: int) -> Any:
        a = np.outer(x[:2], x[:3])
        v = VIEWS[name](a)
        if then == 0:
            v += 1
        elif then == 1:
            a *= 2
        else:
            v[...] = 0
        return a, v

    for then in range(3):
        for found, expected in zip(bp.compile(program)(X, then), program(X, then), strict=True):
            np.testing.assert_allclose(found, expected)


# What cannot be written to.


def test_read_only_arrays() -> None:
    for make in (lambda a: np.broadcast_to(a, (2, 6)), lambda a: np.diagonal(np.outer(a, a))):

        def program(x: Any, make: Any = make) -> Any:
            v = make(x * 1)
            v[0] = 0
            return v

        with pytest.raises(AssignmentError, match="read-only"):
            bp.compile(program)(X)
        with pytest.raises(ValueError, match="read-only"):
            program(X)


def test_arguments_that_share_memory() -> None:
    def f(a: Any, b: Any) -> Any:
        a += 1
        return np.sum(a * b)

    with pytest.raises(AssignmentError, match="shares its memory"):
        bp.grad(f)(X, X)
    with pytest.raises(AssignmentError, match="shares its memory"):
        bp.grad(f)(X[1:], X[:-1])
    np.testing.assert_array_equal(bp.grad(f)(X, X.copy()), X)
    with pytest.raises(AssignmentError, match="shares its memory"):
        bp.grad(lambda a: f(a, X))(X)
    np.testing.assert_array_equal(bp.grad(lambda a, b: np.sum(a * b))(X, X), X)


def test_the_layout_of_an_argument_is_a_guard() -> None:
    def f(m: Any) -> Any:
        m.reshape(-1)[1] = 0
        return m

    compiled, m = bp.compile(f), np.ones((2, 2))
    for order, traces in (("C", 1), ("C", 1)):
        np.testing.assert_array_equal(compiled(np.asarray(m, order=order)), f(np.array(m, order=order)))
        assert compiled.traces == traces
    with pytest.raises(AssignmentError, match="layout"):
        compiled(np.asarray(m, order="F"))


def test_repeated_places_of_another_ufunc_are_refused() -> None:
    def f(x: Any) -> Any:
        y = x * 1
        np.multiply.at(y, [0, 0], 2.0)
        return y

    with pytest.raises(GraphTypeError, match="several times"):
        bp.compile(f)(X)


# Bodies.


def test_the_carry_of_a_scan_is_written_in_its_body() -> None:
    def step(carry: Any, x: Any) -> Any:
        carry[0] += x
        carry[1:] = carry[:-1] * x
        return carry, carry[2]

    def program(xs: Any) -> Any:
        last, seen = bp.scan(step, np.ones(3), xs)
        return np.sum(last) + np.sum(seen**2)

    def plain(xs: Any) -> Any:
        carry, seen = np.ones(3), []
        for x in xs:
            carry[0] += x
            carry[1:] = carry[:-1] * x
            seen.append(carry[2])
        return np.sum(carry) + np.sum(np.array(seen) ** 2)

    expected = [(plain(X + 1e-6 * unit) - plain(X - 1e-6 * unit)) / 2e-6 for unit in np.eye(6)]
    np.testing.assert_allclose(bp.grad(program)(X), expected, rtol=1e-6)


def test_a_branch_writes_to_an_array_of_its_own_and_not_to_its_argument() -> None:
    def of_its_own(x: Any) -> Any:
        y = bp.zeros(6)
        y[1:] = x[:-1]
        return y * x

    def other(x: Any) -> Any:
        return x * 2

    found = bp.grad(lambda x: np.sum(bp.switch(x[0] > 0, (other, of_its_own), x)))(X)
    np.testing.assert_allclose(found, np.r_[0, X[:-1]] + np.r_[X[1:], 0])

    def outer(x: Any) -> Any:
        y = x * 1

        def writes(z: Any) -> Any:
            y[0] = z[0]
            return z

        return np.sum(bp.switch(x[0] > 0, (writes, writes), x) + y)

    with pytest.raises(AssignmentError, match="outer function"):
        bp.grad(outer)(X)


# Cost.


def filled(x: Any) -> Any:
    y = np.zeros_like(x)
    for i in range(1, len(x)):
        y[i] = 0.9 * y[i - 1] + x[i]
    return np.sum(y)


def test_a_loop_that_fills_an_array_takes_nodes_in_proportion() -> None:
    counts = [len(bp.compile(filled).graph(np.ones(n)).nodes) for n in (50, 100, 200)]
    assert counts[2] <= 2 * counts[1] <= 4 * counts[0]
    puts = [n for n in bp.compile(filled).graph(np.ones(50)).nodes if n.op.name == "put_parts"]
    assert len(puts) == 1


def test_windows_do_not_copy_the_whole_array() -> None:
    graph = bp.compile(windows).graph(X, 40)
    assert len([node for node in graph.nodes if node.op.name == "put_parts" and node.type.shape == (40, 6)]) == 1


# What is added to a part.


def sums(x: Any) -> Any:
    y, z = x * x, np.sin(x)
    y[1:3] += x[2:4] * y[0]
    total = np.sum(y)
    y[2] += x[3]
    y[4] = y[4] + 1
    z[0] += x[1]
    z[::2] += z[1]
    return y * total, z


def test_what_is_added_to_a_part_leaves_no_mask() -> None:
    test_values_and_gradients(sums)

    def added(x: Any) -> Any:
        y = x * x
        y[1:3] += x[2:4]
        y[2:] = y[2:] + x[:4]
        return np.sum(y)

    names = [node.op.name for node in bp.compile(bp.grad(added)).graph(X).nodes]
    assert "masked" not in names


def test_what_is_added_to_parts_of_many_arrays_at_once() -> None:
    def f(a: Any, b: Any) -> Any:
        y = a * 1
        y[1] += b
        y[2:] += b
        y[::2] += y[1::2]
        return y

    many = np.stack([X, 2 * X, X[::-1]])
    for b in (3.0, X[0]):
        expected = np.stack([f(row, b) for row in many])
        np.testing.assert_array_equal(bp.vmap(f, in_axes=(0, None))(many, b), expected)
    expected = np.stack([f(row, b) for row, b in zip(many, X, strict=False)])
    np.testing.assert_array_equal(bp.vmap(f)(many, X[:3]), expected)


def test_another_dtype_is_put_and_not_added() -> None:
    def f(x: Any) -> Any:
        y = np.zeros_like(x, dtype=np.float32)
        y[1:3] += x[1:3]
        return y

    np.testing.assert_array_equal(bp.compile(f)(X), f(X), strict=True)


def wave_in_place(speed: Any, steps: int) -> Any:
    old, now = bp.zeros((9, 9)), bp.zeros((9, 9))
    seen = bp.zeros((steps, 9))
    for k in range(steps):
        inner = now[2:, 1:-1] + now[:-2, 1:-1] + now[1:-1, 2:] + now[1:-1, :-2] - 4 * now[1:-1, 1:-1]
        old[1:-1, 1:-1] = 2 * now[1:-1, 1:-1] - old[1:-1, 1:-1] + speed * inner
        old[2, 3] += np.exp(-0.1 * k)
        old, now = now, old
        seen[k] = now[-3]
    return np.sum(seen**2)


def wave_of_new_arrays(speed: Any, steps: int) -> Any:
    old, now = np.zeros((9, 9)), np.zeros((9, 9))
    seen = []
    for k in range(steps):
        laplacian = now[2:, 1:-1] + now[:-2, 1:-1] + now[1:-1, 2:] + now[1:-1, :-2] - 4 * now[1:-1, 1:-1]
        inner = 2 * now[1:-1, 1:-1] - old[1:-1, 1:-1] + speed * laplacian
        old, now = now, bp.ops.at_add(np.pad(inner, 1), (2, 3), np.exp(-0.1 * k))
        seen.append(now[-3])
    return np.sum(np.stack(seen) ** 2)


def test_a_wave_in_place_is_no_larger_than_one_of_new_arrays() -> None:
    speed = np.linspace(0.1, 0.2, 49).reshape(7, 7)
    ways = [bp.compile(bp.grad(f)) for f in (wave_in_place, wave_of_new_arrays)]
    one, other = [way(speed, 30) for way in ways]
    np.testing.assert_allclose(one, other, rtol=1e-12)
    written, new = [len(way.graph(speed, 30).nodes) for way in ways]
    assert written <= new
