"""The network 784-300-100-10 that `backprop train` trains: plain NumPy on dataclasses, and its file format.

Two hidden layers with the logistic function, softmax at the end, cross entropy as the loss.

Format: an .npz file with a float32 or float64 array for each parameter, under the names w0, b0, w1, b1 and so on; w is
(outputs, inputs), b is (outputs,). It is read without pickle.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from .. import ops
from ..errors import DamagedDataError, MissingDataError
from ..scheduler.machine.files import write_atomic

SIZES = (784, 300, 100, 10)
CHUNK = 4096  # images whose classes are predicted at once


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """An affine map.

    Arguments:
        w: (outputs, inputs).
        b: (outputs,).
    """

    w: Any
    b: Any

    def __call__(self, x: Any) -> Any:
        """Apply the map to each row of x, (n, inputs)."""
        return x @ self.w.T + self.b


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """Layers, the output of each the input of the next.

    Arguments:
        layers: at least one.
    """

    layers: tuple[Layer, ...]

    def __call__(self, images: Any) -> Any:
        """Give the logits, (n, classes), of images, (n, inputs)."""
        *hidden, last = self.layers
        for layer in hidden:
            images = logistic(layer(images))
        return last(images)


def logistic(z: Any) -> Any:
    """Give 1 / (1 + exp(-z)), written so that nothing overflows."""
    return 0.5 + 0.5 * np.tanh(0.5 * z)


def loss(net: Network, images: Any, targets: Any) -> Any:
    """Give the mean cross entropy.

    Arguments:
        net: the network.
        images: (n, inputs), n at least 1.
        targets: (n, classes), one-hot rows.

    Returns:
        A scalar.
    """
    return -np.mean(np.sum(targets * ops.log_softmax(net(images), axis=-1), axis=-1))


def new_network(rng: np.random.Generator, sizes: Sequence[int] = SIZES, dtype: DTypeLike = np.float32) -> Network:
    """Draw a network to start from.

    Arguments:
        rng: the source of chance.
        sizes: the lengths of the input and of each layer's output.
        dtype: float32 or float64.

    Returns:
        Weights uniform within +-4 sqrt(6 / (inputs + outputs)) for logistic layers and a quarter of that for the last,
        as X. Glorot and Y. Bengio propose (2010); biases zero.
    """
    count = len(sizes) - 1
    gains = [4.0] * (count - 1) + [1.0]
    shapes = zip(sizes[1:], sizes, gains, strict=False)
    return Network(tuple(_new_layer(rng, shape, gain, dtype) for *shape, gain in shapes))


def one_hot(labels: NDArray[np.int64], classes: int = SIZES[-1], dtype: DTypeLike = np.float32) -> NDArray[Any]:
    """Give a row for each label.

    Arguments:
        labels: (n,) in 0 to classes - 1.
        classes: the length of a row.
        dtype: of the result.

    Returns:
        (n, classes): 1 at the label, 0 elsewhere.
    """
    return np.asarray(np.eye(classes, dtype=dtype)[labels])


def accuracy(net: Network, images: NDArray[Any], labels: NDArray[np.int64]) -> float:
    """Give the share of images whose class the network finds.

    Arguments:
        net: the network.
        images: (n, inputs).
        labels: (n,).

    Returns:
        A number in [0, 1].
    """
    parts = range(0, len(labels), CHUNK)
    right = [np.count_nonzero(net(images[k : k + CHUNK]).argmax(axis=-1) == labels[k : k + CHUNK]) for k in parts]
    return sum(right) / len(labels)


def map_arrays(function: Callable[..., Any], *nets: Network) -> Network:
    """Apply a function to the arrays at the same place of networks.

    Arguments:
        function: takes as many arrays as there are networks.
        nets: at least one, of equal sizes.

    Returns:
        The network of the results.
    """
    rows = zip(*(net.layers for net in nets), strict=True)
    return Network(
        tuple(Layer(function(*(layer.w for layer in row)), function(*(layer.b for layer in row))) for row in rows)
    )


def save(path: Path, net: Network) -> None:
    """Write a network as .npz; the file appears whole or not at all.

    Arguments:
        path: where to; its folder is made if it is not there.
        net: the network.
    """
    arrays = {f"{name}{k}": getattr(layer, name) for k, layer in enumerate(net.layers) for name in "wb"}
    content = io.BytesIO()
    np.savez(content, allow_pickle=False, **arrays)
    write_atomic(path, content.getvalue())


def load(path: Path) -> Network:
    """Read a network that `save` wrote.

    Arguments:
        path: the file.

    Returns:
        The network, bit for bit.

    Errors:
        MissingDataError: there is no such file.
        DamagedDataError: it is damaged, or holds something else.
    """
    arrays = _read_arrays(path)
    count = len(arrays) // 2
    if not arrays or set(arrays) != {f"{name}{k}" for k in range(count) for name in "wb"}:
        raise _damaged(path, f"it holds {_listed(arrays)}, not w0, b0, w1, b1 and so on")
    layers = tuple(Layer(arrays[f"w{k}"], arrays[f"b{k}"]) for k in range(count))
    for k, layer in enumerate(layers):
        _check_layer(path, k, layer, layers[k - 1] if k else None)
    return Network(layers)


def _new_layer(rng: np.random.Generator, shape: Sequence[int], gain: float, dtype: DTypeLike) -> Layer:
    limit = gain * np.sqrt(6.0 / sum(shape))
    return Layer(rng.uniform(-limit, limit, shape).astype(dtype), np.zeros(shape[0], dtype))


def _read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise MissingDataError("there is no such file of parameters", str(path), "Train a network first.") from None
    try:
        with zipfile.ZipFile(io.BytesIO(content)), np.load(io.BytesIO(content), allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except Exception as error:  # whatever zipfile, zlib and NumPy raise when they read bytes that mean nothing
        raise _damaged(path, f"it is no whole .npz file of plain arrays ({error})") from error


def _check_layer(path: Path, k: int, layer: Layer, before: Layer | None) -> None:
    w, b = layer.w, layer.b
    if w.ndim != 2 or b.shape != w.shape[:1]:
        raise _damaged(path, f"w{k} of shape {w.shape} and b{k} of shape {b.shape} make no layer")
    if w.dtype.kind != "f" or b.dtype != w.dtype:
        raise _damaged(path, f"w{k} is {w.dtype} and b{k} is {b.dtype}, not both the same floating point")
    if before is not None and (w.shape[1] != before.w.shape[0] or w.dtype != before.w.dtype):
        raise _damaged(path, f"w{k}, {w.dtype} {w.shape}, does not follow w{k - 1}, {before.w.dtype} {before.w.shape}")


def _listed(names: dict[str, Any]) -> str:
    shown = sorted(names)[:8]
    return (", ".join(shown) or "nothing") + (" and more" if len(names) > len(shown) else "")


def _damaged(path: Path, what: str) -> DamagedDataError:
    return DamagedDataError(f"this is no file of trained parameters: {what}", str(path), "Train the network anew.")
