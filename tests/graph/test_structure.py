"""Nested values taken apart and put together: every kind of container, static leaves, paths."""

from __future__ import annotations

import dataclasses
import enum
from dataclasses import InitVar, dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pytest

import backprop as bp
from backprop.errors import GraphTypeError
from backprop.graph.structure import Static, flatten, restore, unflatten
from backprop.ops.types import ArrayType, ScalarType


@dataclass
class Plain:
    w: Any
    b: Any = 0.0


@dataclass(frozen=True)
class Frozen:
    w: Any
    name: str = "layer"


@dataclass(slots=True)
class Slotted:
    w: Any
    n: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Strict:
    w: Any
    nested: Any = None


@dataclass
class Derived:
    w: Any
    scale: InitVar[float]
    doubled: Any = field(init=False)

    def __post_init__(self, scale: float) -> None:
        self.doubled = self.w * scale


@dataclass(init=False)
class NoInit:
    w: Any

    def __init__(self) -> None:
        self.w = np.ones(2)


class Named(NamedTuple):
    w: Any
    b: Any


class Colour(enum.Enum):
    RED = 1


W = np.arange(3.0)
TREES: dict[str, Any] = {
    "leaf": W,
    "tuple": (W, 1.5),
    "list": [W, [W]],
    "dict": {"b": W, "a": 2.5},
    "named": Named(W, 1.0),
    "plain": Plain(W),
    "frozen": Frozen(W),
    "slotted": Slotted(W),
    "strict": Strict(w=W, nested=Plain(W, W)),
    "derived": Derived(W, 3.0),
    "no-init": NoInit(),
    "mixed": {"layers": [Plain(W, 1.0), Frozen(W)], "head": (Named(W, Slotted(W)), None)},
    "empty": {},
}


def text(tree: Any) -> str:
    return repr(tree)


@pytest.mark.parametrize("tree", TREES.values(), ids=TREES)
def test_a_value_is_put_together_as_it_was(tree: Any) -> None:
    values, structure = flatten(tree)
    again = unflatten(structure, values)
    assert type(again) is type(tree)
    assert text(again) == text(tree)
    assert flatten(again)[1] == structure
    assert hash(flatten(again)[1]) == hash(structure)


@pytest.mark.parametrize("tree", TREES.values(), ids=TREES)
def test_a_gradient_has_the_structure_of_the_argument(tree: Any) -> None:
    def loss(t: Any) -> Any:
        return sum((np.sum(leaf * leaf) for leaf in flatten(t)[0]), 0.0 * np.sum(W))

    values, _ = flatten(tree)
    if not values:
        return
    gradient = bp.grad(loss)(tree)
    assert type(gradient) is type(tree)
    for g, x in zip(flatten(gradient)[0], values, strict=True):
        np.testing.assert_allclose(g, 2 * np.asarray(x))


def test_the_function_gets_real_instances() -> None:
    def loss(p: Any) -> Any:
        match p:
            case Plain(w, b):
                return np.sum(w * w) * b
        raise AssertionError(p)

    gradient = bp.grad(loss)(Plain(W, 2.0))
    np.testing.assert_array_equal(gradient.w, 4 * W)
    assert gradient.b == 5.0


def test_integers_strings_booleans_members_and_functions_are_static() -> None:
    tree = (1, True, "a", Colour.RED, len, np.int64(3), np.bool_(True))
    values, structure = flatten(tree)
    assert values == []
    assert all(isinstance(leaf, Static) for leaf in structure.leaves)
    assert unflatten(structure, []) == tree


def test_static_leaves_tell_structures_apart() -> None:
    assert flatten((W, 1))[1] != flatten((W, 2))[1]
    assert flatten((W, 1))[1] != flatten((W, True))[1]
    assert flatten((W, "a"))[1] == flatten((W * 2, "a"))[1]
    assert flatten((W, 1.0))[1] == flatten((W, 2.0))[1]


def test_static_parts_of_a_gradient_are_none() -> None:
    gradient = bp.grad(lambda p: np.sum(p.w) * p.n)(Slotted(W, 3))
    np.testing.assert_array_equal(gradient.w, [3.0, 3.0, 3.0])
    assert gradient.n is None


def test_types_of_leaves() -> None:
    _, structure = flatten([W, 1.5, np.float32(2), np.arange(3), 2j])
    assert structure.types == (
        ArrayType(3),
        ScalarType(weak=True),
        ScalarType("float32"),
        ArrayType(3, "int64"),
        ScalarType("complex128", True),
    )


def test_paths_are_written_as_in_python() -> None:
    _, structure = flatten({"layers": [Plain(W), Named(W, Plain(W))]})
    paths = structure.paths("params")
    assert paths[0] == "params['layers'][0].w"
    assert paths[-1] == "params['layers'][1].b.b"


def test_an_array_of_another_dtype_is_refused() -> None:
    with pytest.raises(GraphTypeError, match="object"):
        flatten([np.array([None])])


def test_restore() -> None:
    assert type(restore(ScalarType(weak=True), np.float64(1))) is float
    assert type(restore(ScalarType(), np.array(1.0))) is np.float64
    assert isinstance(restore(ArrayType(()), np.float64(1)), np.ndarray)


def test_a_class_is_registered_once_however_many_threads_ask() -> None:
    from concurrent.futures import ThreadPoolExecutor

    cls = dataclasses.make_dataclass("Fresh", ["w"])
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: flatten(cls(W))[0], range(20)))
    assert all(len(values) == 1 for values in results)
