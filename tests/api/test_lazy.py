"""lazy: results as Dask collections, that equal what is computed at once, and stay where they are."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import dask
import dask.array
import numpy as np
import pytest
from dask.delayed import Delayed, delayed
from distributed import Client

import backprop as bp
from backprop.errors import ArgumentError

RNG = np.random.default_rng(11)
X = RNG.normal(size=(2_000, 30))
Y = RNG.normal(size=2_000)
W = RNG.normal(size=30)


def loss(w: Any, x: Any, y: Any) -> Any:
    return np.mean((x @ w - y) ** 2)


def step(w: Any, x: Any, y: Any) -> Any:
    value, gradient = bp.value_and_grad(bp.minibatch(loss, (1, 2)))(w, x, y)
    return value, w - 0.1 * gradient


@pytest.fixture(autouse=True)
def no_warnings() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def chunked() -> tuple[Any, Any]:
    return dask.array.from_array(X, (500, 30)), dask.array.from_array(Y, 500)


def test_an_array_is_a_dask_array_and_a_number_a_delayed_object() -> None:
    value, w = bp.lazy(step)(W, X, Y)
    assert isinstance(value, Delayed)
    assert isinstance(w, dask.array.Array)
    assert w.shape == W.shape
    assert w.dtype == W.dtype
    expected = step(W, X, Y)
    found = dask.compute(value, w)  # type: ignore[attr-defined, no-untyped-call]
    assert found[0] == expected[0]
    np.testing.assert_array_equal(found[1], expected[1])


@dataclass
class Model:
    w: Any
    b: Any


def test_a_result_keeps_its_structure() -> None:
    model = Model(W, 0.5)
    gradient = bp.lazy(bp.grad(lambda m: np.sum(m.w**2) * m.b))(model)
    assert isinstance(gradient, Model)
    np.testing.assert_array_equal(gradient.w.compute(), 2 * W * 0.5)
    assert gradient.b.compute() == pytest.approx(np.sum(W**2))


def test_chunks_are_read_and_nothing_is_computed_before() -> None:
    computed = []

    def noted(block: Any) -> Any:
        computed.append(block.shape)
        return block

    x, y = chunked()
    value, _ = bp.lazy(step)(W, x.map_blocks(noted, dtype=x.dtype, meta=np.empty((0, 0))), y)
    assert computed == []
    assert value.compute() == bp.evaluate(step)(W, x, y)[0]
    assert len(computed) == 4


def test_lazy_results_are_arguments_of_lazy_functions_and_of_verbs() -> None:
    x, y = chunked()
    w: Any = W
    for _ in range(3):
        value, w = bp.lazy(step)(w, x, y)
    expected: Any = W
    for _ in range(3):
        last, expected = bp.evaluate(step)(expected, x, y)
    assert value.compute() == last
    np.testing.assert_array_equal(w.compute(), expected)
    assert bp.grad(lambda v: v**2)(value) == pytest.approx(2 * last)


def test_persisted_results_are_arguments() -> None:
    x, y = chunked()
    w: Any = W
    for _ in range(2):
        value, w = dask.persist(*bp.lazy(step)(w, x, y))  # type: ignore[attr-defined, no-untyped-call]
    expected = bp.evaluate(step)(bp.evaluate(step)(W, x, y)[1], x, y)
    assert value.compute() == expected[0]
    np.testing.assert_array_equal(w.compute(), expected[1])


def test_they_mix_with_collections_of_dask() -> None:
    x, y = chunked()
    value, w = bp.lazy(step)(W, x, y)
    doubled = delayed(lambda v: 2 * v)(value)
    found = dask.compute(doubled, (w + 1).sum(), x.mean())  # type: ignore[attr-defined, no-untyped-call]
    expected = step(W, X, Y)
    np.testing.assert_allclose(found, (2 * expected[0], (expected[1] + 1).sum(), X.mean()), rtol=1e-12)


def test_a_delayed_object_of_the_users_own_is_an_argument() -> None:
    value = bp.lazy(loss)(delayed(np.multiply)(W, 2.0), X, Y)
    assert value.compute() == loss(2.0 * W, X, Y)


def test_an_argument_that_is_returned() -> None:
    x, _ = chunked()
    same, w = bp.lazy(lambda x, w: (x, w))(x, W)
    np.testing.assert_array_equal(same.compute(), X)
    np.testing.assert_array_equal(w.compute(), W)


def test_lazy_results_are_pickled() -> None:
    value, w = pickle.loads(pickle.dumps(bp.lazy(step)(W, X, Y)))
    assert value.compute() == step(W, X, Y)[0]
    assert bp.lazy(lambda v: v + 1)(value).compute() == step(W, X, Y)[0] + 1
    assert w.shape == W.shape


def test_tasks_have_names_of_a_small_vocabulary() -> None:
    value, _ = bp.lazy(step)(W, *chunked())
    names = {str(key[0]).rsplit("-", 1)[0] for key in value.__dask_graph__() if str(key[0]).startswith("bp")}
    assert "bp-bwd" in names
    assert names <= {"bp-fwd", "bp-bwd", "bp-reduce", "bp-update", "bp-value", "bp-pick"}


here = bp.op(lambda x: x + 1, vjp=lambda g, out, x: g, like=0, local=True, name="here")


def test_an_op_that_stays_in_this_process_is_refused() -> None:
    with pytest.raises(ArgumentError, match="local=True"):
        bp.lazy(lambda x: np.sum(here(x)))(W)


@pytest.mark.cluster
def test_a_training_on_a_cluster_gathers_its_losses_only() -> None:
    with Client(n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None) as client:  # type: ignore[no-untyped-call]
        x, y = client.persist(chunked())
        w: Any = W
        for _ in range(3):
            value, w = client.persist(bp.lazy(step, executor=bp.Cluster(client))(w, x, y))
        found = value.compute(), w.compute()
    expected: Any = (0.0, W)
    for _ in range(3):
        expected = bp.evaluate(step)(expected[1], *chunked())
    assert found[0] == expected[0]
    np.testing.assert_array_equal(found[1], expected[1])
