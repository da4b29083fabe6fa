"""The network: its sizes, its loss against a plain formula, and its file, whole and damaged."""

from __future__ import annotations

import contextlib
import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import backprop as bp
from backprop.errors import DamagedDataError, MissingDataError
from backprop.examples_mnist.network import Layer, Network, accuracy, load, loss, map_arrays, new_network, one_hot, save

SIZES = (6, 5, 4, 3)


def small(seed: int = 0, dtype: str = "float64") -> Network:
    return new_network(np.random.default_rng(seed), SIZES, dtype)


def arrays(net: Network) -> list[Any]:
    return [array for layer in net.layers for array in (layer.w, layer.b)]


def same(a: Network, b: Network) -> bool:
    return all(x.dtype == y.dtype and x.tobytes() == y.tobytes() for x, y in zip(arrays(a), arrays(b), strict=True))


def batch(n: int = 7) -> tuple[Any, Any]:
    rng = np.random.default_rng(1)
    return rng.normal(size=(n, SIZES[0])), one_hot(np.arange(n) % SIZES[-1], SIZES[-1], np.float64)


def test_the_network_is_the_seeds() -> None:
    shapes = [array.shape for array in arrays(new_network(np.random.default_rng(0)))]
    assert shapes == [(300, 784), (300,), (100, 300), (100,), (10, 100), (10,)]
    assert {array.dtype for array in arrays(new_network(np.random.default_rng(0)))} == {np.dtype(np.float32)}


def test_the_same_seed_gives_the_same_network() -> None:
    assert same(small(3), small(3))
    assert not same(small(3), small(4))


def test_the_loss_is_the_cross_entropy_of_softmax() -> None:
    net, (x, y) = small(), batch()
    for layer in net.layers[:-1]:
        x = 1 / (1 + np.exp(-(x @ layer.w.T + layer.b)))
    scores = np.exp(x @ net.layers[-1].w.T + net.layers[-1].b)
    expected = -np.mean(np.log((scores / scores.sum(axis=1, keepdims=True))[y == 1]))
    assert bp.evaluate(loss)(net, *batch()) == pytest.approx(expected, rel=1e-12)


def test_nothing_overflows() -> None:
    net = map_arrays(lambda a: a * np.float32(1e4), small(dtype="float32"))
    x, y = batch()
    value, gradient = bp.value_and_grad(loss)(net, x.astype(np.float32), y.astype(np.float32))
    assert np.isfinite(value)
    assert all(np.isfinite(array).all() for array in arrays(gradient))


def test_the_gradient_is_a_network_of_the_same_dtypes() -> None:
    net = small(dtype="float32")
    x, y = (array.astype(np.float32) for array in batch())
    gradient = bp.grad(loss)(net, x, y)
    assert isinstance(gradient, Network)
    assert [(a.shape, a.dtype) for a in arrays(gradient)] == [(a.shape, a.dtype) for a in arrays(net)]


def test_the_gradient_is_that_of_finite_differences() -> None:
    net, (x, y) = small(), batch()
    way = small(9)
    gradient = bp.grad(loss)(net, x, y)
    slope = sum(float(np.sum(g * d)) for g, d in zip(arrays(gradient), arrays(way), strict=True))
    up, down = (map_arrays(lambda a, d, h=h: a + h * d, net, way) for h in (1e-6, -1e-6))
    assert (loss(up, x, y) - loss(down, x, y)) / 2e-6 == pytest.approx(slope, rel=1e-6)


def test_accuracy_counts_all_images() -> None:
    net = Network((Layer(np.eye(3), np.zeros(3)),))
    labels = np.arange(10_000) % 3
    images = np.eye(3)[labels]
    images[:2500] = images[:2500, [1, 2, 0]]
    assert accuracy(net, images, labels) == 0.75


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_was_saved_is_loaded_to_the_bit(dtype: str, tmp_path: Path) -> None:
    path = tmp_path / "new" / "net.npz"
    save(path, small(dtype=dtype))
    assert same(load(path), small(dtype=dtype))
    assert [file.name for file in path.parent.iterdir()] == ["net.npz"]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match=r"nowhere\.npz"):
        load(tmp_path / "nowhere.npz")


def npz(**contents: Any) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, **contents)
    return stream.getvalue()


def npy(array: Any) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


W, B = np.ones((2, 3)), np.ones(2)
DAMAGED = {
    "empty": b"",
    "text": b"not an archive",
    "pickle": pickle.dumps({"w0": W, "b0": B}),
    "one array": npy(W),
    "no arrays": npz(),
    "objects": npz(w0=np.array([W, None], dtype=object), b0=B),
    "other names": npz(weights=W, b0=B),
    "a gap": npz(w0=W, b0=B, w2=W, b2=B),
    "a lone weight": npz(w0=W),
    "wrong axes": npz(w0=np.ones(3), b0=B),
    "wrong lengths": npz(w0=W, b0=np.ones(3)),
    "integers": npz(w0=W.astype(int), b0=B.astype(int)),
    "two dtypes": npz(w0=W, b0=B.astype(np.float32)),
    "layers that do not fit": npz(w0=W, b0=B, w1=np.ones((4, 5)), b1=np.ones(4)),
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_file_is_an_error(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "net.npz"
    path.write_bytes(content)
    with pytest.raises(DamagedDataError, match=r"net\.npz"):
        load(path)


def test_a_file_cut_anywhere_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "net.npz"
    save(path, small())
    whole = path.read_bytes()
    for end in range(0, len(whole), 97):
        path.write_bytes(whole[:end])
        with pytest.raises(DamagedDataError):
            load(path)


def test_a_flipped_byte_is_an_error_or_harmless(tmp_path: Path) -> None:
    path = tmp_path / "net.npz"
    save(path, small())
    whole = path.read_bytes()
    for place in range(0, len(whole), 61):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        with contextlib.suppress(DamagedDataError):
            assert same(load(path), small())
