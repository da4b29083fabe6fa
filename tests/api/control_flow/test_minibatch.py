"""Minibatches: how a batch is cut, what is one, and what is none. That they equal the loss stands in test_api.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import dask.array
import numpy as np
import pytest
from distributed import Client

import backprop as bp
from backprop.api.elsewhere.opening import Shards, opened
from backprop.errors import ArgumentError, BackpropError, NonScalarOutputError, ShapeError
from backprop.ops.linear_algebra.products import matmul

RNG = np.random.default_rng(3)
W = RNG.normal(size=3)
X = RNG.normal(size=(11, 3))
Y = RNG.normal(size=11)


def mean_loss(w: Any, x: Any, y: Any) -> Any:
    return np.mean((x @ w - y) ** 2)


def decayed(w: Any, x: Any, y: Any = Y, *, decay: float = 0.0) -> Any:
    return mean_loss(w, x, y) + decay * np.sum(w * w)


GRADIENT = bp.grad(mean_loss)(W, X, Y)


def close(found: Any, expected: Any) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("argnums", [(1, 2), (-2, -1), ("x", "y"), ["x", 2]], ids=str)
def test_a_batch_argument_has_a_position_or_a_name(argnums: Any) -> None:
    close(bp.grad(bp.minibatch(mean_loss, argnums, 3))(W, X, Y), GRADIENT)


@pytest.mark.parametrize("argnums", [(1, 2), ("x", "y")], ids=str)
def test_keywords(argnums: Any) -> None:
    split = bp.minibatch(decayed, argnums, 3)
    close(split(W, y=Y, x=X, decay=0.5), decayed(W, X, decay=0.5))
    close(bp.grad(split)(W, X, y=Y, decay=0.5), bp.grad(decayed)(W, X, decay=0.5))
    close(bp.grad(split, "w")(w=W, x=X, y=Y), GRADIENT)


def test_an_argument_that_is_not_batched_is_the_same_for_all_shards() -> None:
    close(bp.grad(bp.minibatch(lambda w, x, y: np.mean(x @ w) * np.sum(y), 1, 3))(W, X, Y), np.mean(X, 0) * np.sum(Y))


@pytest.mark.parametrize("executor", [bp.Serial(), bp.Threads(2)], ids=str)
@pytest.mark.parametrize("shards", [1, 3, 4, 11, 40])
def test_each_executor_gives_the_same_bits(executor: Any, shards: int) -> None:
    split = bp.minibatch(mean_loss, (1, 2), shards)
    found = bp.grad(split, executor=executor)(W, X, Y)
    close(found, GRADIENT)
    assert found.tobytes() == bp.grad(split, executor=bp.Serial())(W, X, Y).tobytes()


def test_single_precision_stays() -> None:
    values = [v.astype(np.float32) for v in (W, X, Y)]
    value, gradient = bp.value_and_grad(bp.minibatch(mean_loss, (1, 2), 3))(*values)
    assert value.dtype == gradient.dtype == np.float32


def test_integer_labels_are_split_too() -> None:
    labels = np.arange(11) % 3
    loss = lambda w, x, k: np.mean((x * w)[np.arange(len(k)), k])  # noqa: E731
    close(bp.grad(bp.minibatch(loss, (1, 2), 4))(W, X, labels), bp.grad(loss)(W, X, labels))


@pytest.mark.parametrize(("rows", "count"), [(1, 1), (100, 1), (200, 3), (640, 10), (5000, 16)])
def test_the_number_of_shards_follows_from_the_rows(rows: int, count: int) -> None:
    x = np.ones((rows, 3))
    graph = bp.compile(bp.minibatch(lambda w, x: np.mean(x @ w), 1)).graph(W, x)
    assert sum(node.op is matmul for node in graph.nodes) == count


def test_the_losses_of_shards_add_up_in_a_binary_tree() -> None:
    x = np.array([1e8, 1.0, -1e8, 1.0, 1.0], np.float32)
    total = bp.minibatch(lambda w, x: w * np.sum(x), 1, 5, "sum")(np.float32(1), x)
    a, b, c, d, e = x
    assert total == ((a + b) + (c + d)) + e
    assert total != (((a + b) + c) + d) + e


# Batches that come in parts.


@pytest.mark.parametrize("rows", [(11,), (4, 7), (1, 2, 8), (4, 0, 7)], ids=str)
def test_a_dask_array_has_a_shard_a_chunk(rows: tuple[int, ...]) -> None:
    seen: list[int] = []

    def loss(w: Any, x: Any, y: Any) -> Any:
        seen.append(len(x))
        return mean_loss(w, x, y)

    x, y = dask.array.from_array(X, (rows, (2, 1))), dask.array.from_array(Y, (rows,))
    split = bp.minibatch(loss, (1, 2))
    close(bp.grad(split)(W, x, y), GRADIENT)
    assert sorted(seen) == sorted(n for n in rows if n)
    close(split(W, x, y), mean_loss(W, X, Y))
    close(bp.grad(split)(W, x, Y), GRADIENT)
    close(bp.grad(lambda w: split(w, x, y))(W), GRADIENT)


def test_a_compiled_minibatch_takes_another_dask_array_of_the_same_chunks() -> None:
    step = bp.compile(bp.grad(bp.minibatch(mean_loss, ("x", "y"))))
    for shift in (0.0, 1.0):
        x, y = dask.array.from_array(X + shift, (6, 3)), dask.array.from_array(Y, 6)
        close(step(W, x, y), bp.grad(mean_loss)(W, X + shift, Y))
    assert step.traces == 1


def test_the_gradient_by_a_dask_array_is_one() -> None:
    x, y = dask.array.from_array(X, (6, 3)), dask.array.from_array(Y, 6)
    gradient = bp.grad(bp.minibatch(mean_loss, (1, 2)), 1)(W, x, y)
    assert isinstance(gradient, dask.array.Array)
    assert gradient.chunks == x.chunks
    close(gradient.compute(), bp.grad(mean_loss, 1)(W, X, Y))


def test_a_dask_array_in_a_container() -> None:
    batch = {"x": dask.array.from_array(X, (6, 3)), "y": Y}
    close(bp.grad(bp.minibatch(lambda w, b: mean_loss(w, b["x"], b["y"]), 1))(W, batch), GRADIENT)


def test_opened_takes_dask_arrays_apart_and_nothing_else() -> None:
    found = opened((dask.array.from_array(Y, ((4, 7),)), Y, None), bp.Serial())
    assert isinstance(found[0], Shards)
    assert [len(part) for part in found[0].parts] == [4, 7]
    assert found[1] is Y
    assert found[2] is None


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with Client(n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None) as client:  # type: ignore[no-untyped-call]
        yield client


@pytest.mark.cluster
def test_lists_of_futures_have_a_shard_a_future(client: Client) -> None:
    x, y = ([client.scatter(part) for part in (whole[:4], whole[4:])] for whole in (X, Y))
    split = bp.minibatch(mean_loss, (1, 2))
    with bp.Cluster(client) as cluster:
        close(bp.grad(split, executor=cluster)(W, x, y), GRADIENT)
        close(bp.compile(bp.grad(split), executor=cluster)(W, x, y), GRADIENT)
        pairs = [client.submit(lambda a, b: {"x": a, "y": b}, *pair) for pair in zip(x, y, strict=True)]
        close(bp.grad(bp.minibatch(lambda w, b: mean_loss(w, **b), 1), executor=cluster)(W, pairs), GRADIENT)
        dask_x = dask.array.from_array(X, (4, 3))
        close(bp.grad(split, executor=cluster)(W, dask_x, Y), GRADIENT)


@pytest.mark.cluster
def test_a_future_of_a_whole_batch_and_one_of_parameters(client: Client) -> None:
    w, x = client.scatter([W, X], hash=False)
    close(bp.minibatch(mean_loss, (1, 2), 3)(w, x, Y), mean_loss(W, X, Y))
    close(bp.grad(bp.minibatch(mean_loss, (1, 2), 3))(w, x, Y), GRADIENT)


# What is no batch.


@dataclass
class Net:
    layers: list[Any]


SPLIT = bp.minibatch(mean_loss, (1, 2))
TREE = bp.minibatch(lambda w, params: np.sum(w), 1)
CHUNKED = dask.array.from_array(X, (6, 3))


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: bp.grad(SPLIT)(W, X, Y[:9]), ShapeError, ("unequal lengths", "x (11 rows), y (9 rows)")),
        (lambda: bp.grad(SPLIT)(W, X[:0], Y[:0]), ShapeError, ("empty", "at x, y", "at least one row")),
        (lambda: bp.grad(TREE)(W, None), ShapeError, ("empty", "at params")),
        (lambda: bp.grad(SPLIT)(W, X, 1.0), ShapeError, ("no array with an axis", "at y")),
        (lambda: bp.grad(SPLIT)(W, X, 3), ShapeError, ("no array with an axis", "at y")),
        (lambda: bp.grad(SPLIT)(W, X, [1.0, 2.0]), ShapeError, ("no array with an axis", "at y[0]")),
        (lambda: bp.grad(TREE)(W, Net([X, {"b": "no"}])), ShapeError, ("at params.layers[1]['b']", "give an array")),
        (lambda: bp.grad(SPLIT)(W, CHUNKED, dask.array.from_array(Y, 4)), ShapeError, ("x (6, 5), y (4, 4, 3)",)),
        (lambda: bp.grad(bp.minibatch(mean_loss, 1, 2))(W, CHUNKED, Y), ArgumentError, ("2 shards", "rechunk")),
        (lambda: bp.grad(bp.minibatch(mean_loss, "z"))(W, X, Y), ArgumentError, ("'z'", "batch_argnums")),
        (lambda: bp.grad(bp.minibatch(mean_loss, ()))(W, X, Y), ArgumentError, ("no argument to split",)),
        (lambda: bp.minibatch(mean_loss, 1, 2.5), ArgumentError, ("2.5 shards", "integer")),  # type: ignore[arg-type]
        (lambda: bp.minibatch(mean_loss, 1, reduction="max"), ArgumentError, ("'max'", '"mean" or "sum"')),
        (
            lambda: bp.grad(bp.minibatch(lambda w, x: x @ w, 1, 2))(W, X),
            NonScalarOutputError,
            ("one real number", "test_minibatch.py:", "its mean or its sum"),
        ),
    ],
)
def test_what_is_wrong_is_named(call: Callable[[], Any], error: type[BackpropError], says: tuple[str, ...]) -> None:
    with pytest.raises(error) as caught:
        call()
    for part in says:
        assert part in str(caught.value)
    assert caught.value.where
    assert caught.value.fix
