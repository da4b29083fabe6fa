"""What verbs make of functions: their names, and that they are pickled and copied by their parts."""

from __future__ import annotations

import copy
import inspect
import pickle
from typing import Any

import cloudpickle  # type: ignore[import-untyped]
import numpy as np
import pytest

import backprop as bp


def loss(w: Any, k: float = 2.0) -> Any:
    """A sum of squares."""
    return np.sum(w**2) * k


@bp.grad
def decorated(w: Any) -> Any:
    return np.sum(w**3)


class Model:
    """Its loss is a method."""

    def __init__(self, k: float) -> None:
        self.k = k

    @bp.evaluate
    def value(self, w: Any) -> Any:
        return np.sum(w) * self.k


def batch_loss(w: Any, x: Any) -> Any:
    return np.mean((x @ w) ** 2)


W = np.arange(3.0)
GRAPH = bp.compile(loss).graph(W)

MADE: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "grad": (bp.grad(loss), (W,)),
    "grad of a ufunc": (bp.grad(np.sin), (0.5,)),
    "grad of grad": (bp.grad(bp.grad(np.sin)), (0.5,)),
    "value_and_grad": (bp.value_and_grad(loss), (W,)),
    "elementwise_grad": (bp.elementwise_grad(np.tanh), (W,)),
    "jacobian": (bp.jacobian(np.tanh), (W,)),
    "hessian": (bp.hessian(loss), (W,)),
    "evaluate": (bp.evaluate(loss, bp.Threads(2)), (W,)),
    "checkpoint": (bp.checkpoint(loss), (W,)),
    "minibatch": (bp.minibatch(batch_loss, 1, shards=2), (W, np.ones((4, 3)))),
    "of a graph": (bp.evaluate(GRAPH), (W,)),
    "compile": (bp.compile(bp.grad(loss)), (W,)),
    "decorated": (decorated, (W,)),
}
WAYS = {
    "pickle": lambda value: pickle.loads(pickle.dumps(value)),
    "cloudpickle": lambda value: cloudpickle.loads(cloudpickle.dumps(value)),
    "deepcopy": copy.deepcopy,
    "copy": copy.copy,
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", MADE)
def test_what_a_verb_made_is_copied_by_its_parts(name: str, way: str) -> None:
    made, args = MADE[name]
    again = WAYS[way](made)
    assert type(again) is type(made)
    assert again.__name__ == made.__name__
    for found, wanted in zip(_flat(again(*args)), _flat(made(*args)), strict=True):
        np.testing.assert_array_equal(found, wanted)


def _flat(value: Any) -> list[Any]:
    return [leaf for part in value for leaf in _flat(part)] if isinstance(value, tuple) else [value]


def test_a_pullback_is_copied_with_what_it_keeps() -> None:
    _, pullback = bp.vjp(loss, W)
    for way in WAYS.values():
        np.testing.assert_array_equal(way(pullback)(1.0)[0], 4 * W)


def test_a_closure_is_sent_by_cloudpickle() -> None:
    k = 3.0
    again = cloudpickle.loads(cloudpickle.dumps(bp.grad(lambda w: np.sum(w) * k)))
    np.testing.assert_array_equal(again(W), np.full(3, 3.0))


def test_it_looks_like_the_function() -> None:
    made: Any = bp.grad(loss)
    assert (made.__name__, made.__doc__, made.__module__) == ("loss", "A sum of squares.", __name__)
    assert list(inspect.signature(made).parameters) == ["w", "k"]
    assert inspect.unwrap(made) is loss
    assert repr(made) == "<Gradient of loss>"


def test_a_decorator_replaces_the_function_in_its_module_and_is_pickled_by_its_name() -> None:
    assert pickle.loads(pickle.dumps(decorated)) is decorated
    assert copy.deepcopy(decorated) is decorated


def test_it_binds_as_a_method_does() -> None:
    assert Model(2.0).value(W) == 6.0
    assert isinstance(Model.value, type(bp.evaluate(loss)))


def test_it_is_a_static_part_of_a_call_as_functions_are() -> None:
    assert bp.grad(lambda x, f: f(x) * x)(2.0, bp.grad(np.square)) == 8.0


def test_a_compiled_function_says_what_it_has_traced() -> None:
    compiled = bp.compile(loss, bp.Serial())
    assert repr(compiled) == "Compiled(loss; 0 signatures; 0 nodes; Serial(1))"
    compiled(W)
    nodes = len(compiled.graph(W))
    assert repr(compiled) == f"Compiled(loss; 1 signature; {nodes} nodes; Serial(1))"
    assert copy.deepcopy(compiled).traces == 0
