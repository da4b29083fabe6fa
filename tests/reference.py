"""A naive oracle: what a graph means in plain NumPy, by the names of its ops, and its gradient by the complex step.

It shares no code with the package: no op, no rule, no type is used, only names, ids and parameters. Complex step:
f(x + ih) has the derivative in its imaginary part, without rounding error (Squire and Trapp, 1998), where each
function is written so that it is analytic near the real line.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

STEP = 1e-30


def larger(x: Any, y: Any) -> Any:
    """The maximum by real parts; of equals the mean, whose derivative is half of each."""
    x, y = np.broadcast_arrays(x, y)
    return np.where(x.real > y.real, x, np.where(x.real < y.real, y, (x + y) / 2))


def largest_of(x: Any, axes: Any, keepdims: bool) -> Any:
    """The maximum by real parts, the mean of those that tie."""
    ties = x.real == np.max(x.real, axis=axes, keepdims=True)
    return np.sum(x * ties, axis=axes, keepdims=keepdims) / np.sum(ties, axis=axes, keepdims=keepdims)


def literal(value: Any) -> Any:
    return np.frombuffer(value.data, value.dtype).reshape(value.shape or ())


def indexed(x: Any, key: Any) -> Any:
    return x[tuple(slice(k.start, k.stop, k.step) if hasattr(k, "step") else k for k in key)]


NAMESAKES = ("add", "subtract", "multiply", "divide", "negative", "square", "sin", "cos", "tanh", "exp", "matmul")
MEANING: dict[str, Callable[..., Any]] = {
    **{name: getattr(np, name) for name in NAMESAKES},
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "maximum": larger,
    "reduce_sum": lambda x, axes, keepdims: np.sum(x, axis=axes, keepdims=keepdims),
    "reduce_mean": lambda x, axes, keepdims: np.mean(x, axis=axes, keepdims=keepdims),
    "reduce_max": largest_of,
    "permute": lambda x, axes: np.transpose(x, axes),
    "reshape_to": lambda x, shape: np.reshape(x, shape),
    "literal": literal,
    "basic_index": indexed,
}


def run(graph: Any, values: Sequence[Any]) -> list[Any]:
    """The results of a graph in double precision."""
    known = [np.asarray(value, np.result_type(value, np.float64)) for value in values]
    for node in graph.nodes:
        known.append(MEANING[node.op.name](*(known[i] for i in node.inputs), **dict(node.params)))
    return [known[i] for i in graph.outputs]


def gradient(graph: Any, values: Sequence[Any]) -> list[Any]:
    """The derivative of the first result by each input, an element at a time."""
    results = []
    for k, value in enumerate(values):
        slopes = np.zeros(np.shape(value))
        for place in np.ndindex(slopes.shape):
            moved = [np.asarray(v, np.complex128).copy() for v in values]
            moved[k][place] += 1j * STEP
            slopes[place] = run(graph, moved)[0].imag / STEP
        results.append(slopes)
    return results
