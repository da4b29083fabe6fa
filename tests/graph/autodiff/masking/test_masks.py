"""Masks go with cotangents through whatever lies on the way, and cost nothing where there are none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import backprop as bp
from backprop.api.preparing.graphs import joint
from backprop.graph.autodiff.differentiate import differentiate
from backprop.graph.passes import DEFAULT_PASSES, run_passes
from backprop.graph.passes.factoring.rules import move_factors, settle_factors
from backprop.graph.tracing.trace import trace
from backprop.ops.elementwise.masking import cornered

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

SEEN = np.array([[True, False], [False, True], [True, True]])
INSIDE = np.array([[1.0, 4.0], [9.0, 16.0], [25.0, 36.0]])
HIDDEN = {
    "a pole": (np.sqrt, 0.0),
    "nan": (np.sqrt, -1.0),
    "nan itself": (np.tanh, np.nan),
    "infinity": (np.tan, np.inf),
    "overflow": (lambda x: np.exp(x / 10.0), 1e5),
}

# From a matrix (3, 2) that is hidden where SEEN does not hold, to a scalar; each spreads no hidden element to others.
WAYS: dict[str, Callable[[Any, Any], Any]] = {
    "at once": lambda y, seen: np.sum(np.where(seen, y, 0)),
    "T": lambda y, seen: np.sum(np.where(seen.T, y.T, 0)),
    "reshape": lambda y, seen: np.sum(np.where(seen.reshape(-1), np.reshape(y, -1), 0)),
    "rows": lambda y, seen: np.sum(np.where(seen[1:], y[1:], 0)) + np.where(seen[0], y[0], 0)[0],
    "take": lambda y, seen: np.sum(np.where(seen[[2, 0, 1, 0]], np.take(y, [2, 0, 1, 0], 0), 0)),
    "concatenate": lambda y, seen: np.sum(np.where(np.concatenate([seen, seen]), np.concatenate([y, y]), 0)),
    "stack": lambda y, seen: np.sum(np.where(np.stack([seen, seen]), np.stack([y, 2 * y]), 0)),
    "roll": lambda y, seen: np.sum(np.where(np.roll(seen, 1, 0), np.roll(y, 1, 0), 0)),
    "broadcasting": lambda y, seen: np.sum(np.where(seen, y * np.ones((4, 1, 1)), 0)),
    "products": lambda y, seen: np.sum(np.where(seen, y * y * np.sin(y), 0)),
    "after it": lambda y, seen: np.sum(np.sin(np.where(seen, y, 0)) ** 2),
    "cumsum": lambda y, seen: np.sum(np.cumsum(np.where(seen, y, 0)) ** 2),
    "sort": lambda y, seen: np.sum(np.sort(np.where(seen, y, 0), axis=0) * np.array([[1.0], [2.0], [3.0]])),
    "rows that are reduced": lambda y, seen: np.sum(np.linalg.norm(np.where(seen, y, 0), axis=1)),
    "softmax": lambda y, seen: np.sum(bp.ops.softmax(np.where(seen, y, -np.inf), 0)[0]),
    "logsumexp": lambda y, seen: np.sum(bp.ops.logsumexp(np.where(seen, y, -np.inf), 0)),
    "einsum": lambda y, seen: np.sum(np.einsum("ij,jk->ik", np.where(seen, y, 0), np.ones((2, 4)))),
    "a product of matrices": lambda y, seen: np.sum((np.where(seen, y, 0) @ np.ones((2, 2))) ** 2),
    "checkpoint": lambda y, seen: np.sum(bp.checkpoint(lambda z: np.where(seen, z, 0))(y)),
    "within a checkpoint": lambda y, seen: np.sum(np.where(seen, bp.checkpoint(lambda z: z * z)(y), 0)),
    "switch": lambda y, seen: np.sum(bp.switch(1, [np.sin, lambda z: np.where(seen, z, 0)], y)),
    "scan of rows": lambda y, seen: bp.scan(
        lambda c, row: (c + np.sum(np.where(row[1], row[0], 0)), c), 0.0, (y, seen)
    )[0],
    "scan of a carry": lambda y, seen: np.sum(
        np.where(seen, bp.scan(lambda c, row: (c * 2.0, row), y, np.arange(3.0))[0], 0)
    ),
    "maximum of it": lambda y, seen: np.max(np.where(seen, y, -1.0)),
}


@pytest.mark.parametrize("name", WAYS)
@pytest.mark.parametrize("kind", HIDDEN)
def test_a_hidden_element_has_the_cotangent_zero_and_spoils_no_other(name: str, kind: str) -> None:
    function, hidden = HIDDEN[kind]
    if name == "maximum of it" and kind == "infinity":
        return

    def f(x: Any) -> Any:
        return WAYS[name](function(x), SEEN)

    x = np.where(SEEN, INSIDE / 10.0, hidden)
    plain = np.where(SEEN, INSIDE / 10.0, 0.35)  # what stands in the hidden places does not matter
    expected = np.where(SEEN, bp.grad(f)(plain), 0)
    found = bp.grad(f)(x)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(bp.compile(bp.grad(f))(x), expected, rtol=1e-12, atol=1e-15)
    direction = np.arange(1.0, 7.0).reshape(3, 2)
    np.testing.assert_allclose(bp.jvp(f, (x,), (direction,))[1], np.sum(expected * direction), rtol=1e-9, atol=1e-12)
    wanted = np.where(SEEN, bp.hvp(f, (plain,), np.where(SEEN, direction, 0)), 0)
    np.testing.assert_allclose(bp.hvp(f, (x,), direction), wanted, rtol=1e-8, atol=1e-10)


# Seeds that are zero.


def test_a_zero_seed_is_a_zero_cotangent_and_yet_has_a_derivative() -> None:
    x = np.array([0.0, 4.0])

    def pulled(seed: Any) -> Any:
        return bp.vjp(np.sqrt, x)[1](seed)[0]

    np.testing.assert_array_equal(pulled(np.array([0.0, 1.0])), [0.0, 0.25])
    np.testing.assert_array_equal(bp.grad(lambda s: pulled(s)[1])(np.zeros(2)), [0.0, 0.25])
    np.testing.assert_array_equal(bp.jacobian(lambda s: pulled(s)[1:])(np.zeros(2)), [[0.0, 0.25]])


def test_a_jacobian_at_a_pole_is_diagonal() -> None:
    np.testing.assert_array_equal(bp.jacobian(np.sqrt)(np.array([0.0, 4.0])), [[np.inf, 0.0], [0.0, 0.25]])
    np.testing.assert_array_equal(bp.jvp(np.sqrt, (np.array([0.0, 4.0]),), (np.array([0.0, 1.0]),))[1], [0.0, 0.25])


def test_what_happens_to_be_zero_is_no_mask() -> None:
    def f(x: Any) -> Any:
        return bp.checkpoint(np.sqrt)(x) ** 2  # the shortcut does not look into a checkpoint

    assert np.isnan(bp.grad(f)(0.0))
    assert np.isnan(bp.grad(lambda x: np.sin(np.sqrt(x)) ** 2)(0.0))
    assert np.isnan(bp.grad(lambda x: bp.scan(lambda c, row: (np.sqrt(c), row), x, np.ones(1))[0] ** 2)(0.0))


# Forward and reverse mode are transposes, also with arrays as results.


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.where(x > 0, np.sqrt(x), 0) * x[0],
        lambda x: np.sort(np.where(x > 0, x, 2.0)) ** 2,
        lambda x: np.cumprod(np.clip(x, 0, 2)),
        lambda x: np.polyfit(np.arange(4.0), x, 2),
        lambda x: bp.ops.softmax(np.where(x > 0, x, -np.inf)),
        lambda x: np.stack([np.max(x), np.hypot(x[0], x[1]), np.std(x)]),
        lambda x: np.where(np.isnan(x), 0, x)[::-1] ** 2,
    ],
)
def test_forward_mode_is_the_transpose_of_reverse_mode(f: Any) -> None:
    x = np.array([0.0, 1.0, -1.0, 2.0])
    reverse = bp.jacobian(f)(x)
    forward = np.stack([bp.jvp(f, (x,), (unit,))[1] for unit in np.eye(4)], -1)
    np.testing.assert_allclose(forward, reverse, rtol=1e-10, atol=1e-12)


# Powers at an exponent of zero.


def test_mixed_derivatives_of_powers_at_the_exponent_zero() -> None:
    def power(x: Any, y: Any) -> Any:
        return x**y

    by_x = bp.grad(power)
    by_xx = bp.grad(by_x)
    assert (by_x(2.0, 0.0), by_xx(2.0, 0.0), bp.grad(by_xx)(2.0, 0.0)) == (0.0, 0.0, 0.0)
    np.testing.assert_allclose(bp.grad(by_x, 1)(2.0, 0.0), 0.5)  # 1 / x
    np.testing.assert_allclose(bp.grad(bp.grad(power, 1))(2.0, 0.0), 0.5)
    np.testing.assert_allclose(bp.grad(by_xx, 1)(2.0, 0.0), -0.25)  # -1 / x ** 2
    np.testing.assert_allclose(bp.grad(bp.grad(bp.grad(power, 1)))(2.0, 0.0), -0.25)
    np.testing.assert_allclose(bp.grad(bp.grad(by_x, 1))(2.0, 0.0), -0.25)
    along = bp.jvp(lambda y: by_xx(2.0, y), (0.0,), (1.0,))[1]
    np.testing.assert_allclose(along, -0.25)


# What it costs.


def nodes(f: Any, *args: Any) -> int:
    """How many nodes of a joint graph compute something; `cornered` is its operand."""
    graph = trace(f, args, {}, None).graph
    whole = differentiate(graph, tuple(i for i, name in enumerate(graph.names) if name != "captured"))
    made = run_passes(whole, [move_factors if step is settle_factors else step for step in DEFAULT_PASSES])
    return len([node for node in made.nodes if node.op is not cornered])


X = np.ones((8, 5))
WEIGHTS = (np.ones((5, 6)), np.ones((6, 6)), np.ones((6, 3)))


def net(act: Callable[[Any], Any]) -> Callable[..., Any]:
    return lambda a, b, c: np.sum((act(act(X @ a) @ b) @ c) ** 2)


@pytest.mark.parametrize(
    ("f", "args", "count"),
    [
        (net(np.tanh), WEIGHTS, 26),
        (net(bp.ops.relu), WEIGHTS, 27),
        (lambda x: np.sum(np.diff(np.tanh(x)) ** 2), (np.ones(20),), 16),
        (lambda x: np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2), (np.ones(20),), 26),
        (lambda x: np.sum(np.exp(x) * np.sin(x)) / np.mean(x), (np.ones(20),), 20),
    ],
)
def test_graphs_without_masks_have_as_many_nodes_as_ever(f: Any, args: Any, count: int) -> None:
    assert nodes(f, *args) == count


def test_one_mask_is_left_of_a_chain() -> None:
    graph = trace(
        lambda x: np.sum(np.where(x > 0, np.sqrt(np.sin(np.sqrt(x))) * 2.0, 0)), (np.ones(3),), {}, None
    ).graph
    names = [node.op.name for node in joint(graph, (0,)).nodes]
    assert names.count("masked") == 1


def test_a_sum_of_a_choice_and_a_seed_of_zero_goes_through_a_product() -> None:
    def f(x: Any) -> Any:
        y = np.sqrt(x)
        z = x @ x + x
        return np.sum(np.hypot(z, np.where(y > 0, z, y)))

    tangent = bp.jvp(f, (np.array([1.0, 4.0]),), (np.array([1.0, 0.0]),))[1]
    np.testing.assert_allclose(tangent, bp.grad(f)(np.array([1.0, 4.0]))[0])
    assert np.isnan(bp.jvp(f, (np.zeros(2),), (np.array([1.0, 0.0]),))[1])


@pytest.mark.parametrize("f", [np.cumprod, lambda x: np.cumprod(x[::-1])[::-1]], ids=["forwards", "backwards"])
@pytest.mark.parametrize("x", [(1.0, 0.0, 0.0), (1.0, 0.5, 0.5), (0.5, 2.0, 0.0), (0.5, 0.5, 1.0)])
def test_a_running_product_is_0_before_the_first_element_that_moves(f: Any, x: tuple[float, ...]) -> None:
    """So an infinite slope there stays out of what moves an element behind it, in both modes."""
    weights, point = np.array([1.3, 0.7, 0.2]), np.array(x)

    def weighed(x: Any) -> Any:
        return np.sum(weights * np.arcsin(f(x)))

    with np.errstate(all="ignore"):
        reverse = bp.grad(weighed)(point)
        forward = [bp.jvp(weighed, (point,), (unit,))[1] for unit in np.eye(3)]
    np.testing.assert_allclose(forward, reverse, rtol=1e-12)
