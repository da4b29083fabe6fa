"""Nested values taken apart and put together: every kind of container, static leaves, paths."""

from __future__ import annotations

import dataclasses
import enum
import pickle
from collections import OrderedDict, defaultdict, deque
from dataclasses import InitVar, dataclass, field
from functools import cached_property
from typing import Any, Generic, NamedTuple, TypeVar

import attrs
import cloudpickle
import numpy as np
import optree
import pytest

import backprop as bp
from backprop.api.preparing.graphs import joint
from backprop.errors import GraphTypeError
from backprop.graph.tracing.structures.structure import NAMESPACE, Static, flatten, restore, unflatten
from backprop.graph.tracing.trace import trace
from backprop.ops.core.types import ArrayType, ScalarType


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


# Records of every kind.


@attrs.define
class Defined:
    w: Any
    _scale: float = 2.0
    tag: str = attrs.field(default="t", validator=attrs.validators.instance_of(str))

    def loss(self) -> Any:
        return np.sum(self.w) * self._scale


@attrs.frozen(kw_only=True)
class FrozenAttrs:
    w: Any = attrs.field(converter=np.asarray)
    inner: Any = None


@attrs.define(slots=False)
class OpenAttrs:
    w: Any

    def __attrs_post_init__(self) -> None:
        self.double = self.w * 2


T = TypeVar("T")


@dataclass
class Box(Generic[T]):
    content: T
    note: str | None = None


@dataclass(frozen=True)
class Chain:
    w: Any
    rest: Chain | None = None

    def total(self) -> Any:
        return np.sum(self.w) + (2 * self.rest.total() if self.rest is not None else 0.0)


@dataclass
class Scaled:
    """An InitVar and what the constructor made of it, outside of the fields."""

    w: Any
    scale: InitVar[float]

    def __post_init__(self, scale: float) -> None:
        self.factor = scale
        self.cache = np.array([scale, scale])

    def apply(self) -> Any:
        return np.sum(self.w * self.factor)


@dataclass
class Cached:
    w: Any

    @cached_property
    def norm(self) -> Any:
        return np.sum(self.w * self.w)

    @property
    def half(self) -> Any:
        return self.w / 2


@dataclass
class Unset:
    w: Any
    later: Any = field(init=False, repr=False)


@dataclass
class Base:
    w: Any


@dataclass
class Child(Base):
    b: Any = 1.0


class Level(float, enum.Enum):
    LOW = 0.5


RECORDS: dict[str, Any] = {
    "attrs": Defined(W, 3.0),
    "attrs-frozen": FrozenAttrs(w=W, inner=Defined(W)),
    "attrs-open": OpenAttrs(W),
    "generic": Box[float](1.5, "note"),
    "generic-nested": Box(Box((W, None))),
    "recursive": Chain(W, Chain(W, Chain(W))),
    "init-var": Scaled(W, 3.0),
    "unset": Unset(W),
    "child": Child(W),
    "ordered": OrderedDict(b=W, a=1.0),
    "default": defaultdict(list, {"a": [W]}),
    "deque": deque([W, 1.0]),
    "numbers": (np.float32(1.5), np.complex64(2j), 3j, np.float64(1)),
}


@pytest.mark.parametrize("tree", RECORDS.values(), ids=RECORDS)
def test_a_record_is_put_together_as_it_was(tree: Any) -> None:
    test_a_value_is_put_together_as_it_was(tree)


@pytest.mark.parametrize("tree", [tree for name, tree in RECORDS.items() if name != "numbers"])
def test_a_gradient_has_the_structure_of_a_record(tree: Any) -> None:
    test_a_gradient_has_the_structure_of_the_argument(tree)


@pytest.mark.parametrize("tree", RECORDS.values(), ids=RECORDS)
def test_a_structure_survives_pickling(tree: Any) -> None:
    values, structure = flatten(tree)
    copy = pickle.loads(pickle.dumps(structure))
    assert copy == structure
    assert text(unflatten(copy, values)) == text(tree)


def test_a_structure_can_be_read_where_its_classes_were_never_met() -> None:
    cls = dataclasses.make_dataclass("Unmet", ["w"])
    data = cloudpickle.dumps(flatten(cls(W))[1])
    optree.unregister_pytree_node(cls, namespace=NAMESPACE)
    assert [type(leaf) for leaf in pickle.loads(data).leaves] == [ArrayType]


def test_methods_of_an_attrs_class() -> None:
    gradient = bp.grad(lambda d: d.loss())(Defined(W, 3.0))
    assert isinstance(gradient, Defined)
    np.testing.assert_array_equal(gradient.w, [3.0, 3.0, 3.0])
    assert gradient._scale == 3.0
    assert gradient.tag is None


def test_a_recursive_record() -> None:
    gradient = bp.grad(lambda c: c.total())(Chain(W, Chain(W, Chain(W))))
    assert [gradient.w[0], gradient.rest.w[0], gradient.rest.rest.w[0], gradient.rest.rest.rest] == [
        1.0,
        2.0,
        4.0,
        None,
    ]


def test_attributes_beyond_the_fields_are_kept() -> None:
    gradient = bp.grad(lambda s: s.apply() + s.cache[0])(Scaled(W, 3.0))
    np.testing.assert_array_equal(gradient.w, [3.0, 3.0, 3.0])
    assert gradient.factor == 3.0
    np.testing.assert_array_equal(gradient.cache, [1.0, 0.0])


def test_a_cached_property_is_not_stale() -> None:
    record = Cached(W)
    assert record.norm == 5.0
    np.testing.assert_array_equal(bp.grad(lambda c: c.norm)(record).w, 2 * W)
    np.testing.assert_array_equal(bp.grad(lambda c: np.sum(c.half))(record).w, [0.5, 0.5, 0.5])


def test_a_field_that_is_not_set_stays_so() -> None:
    assert not hasattr(bp.grad(lambda u: np.sum(u.w))(Unset(W)), "later")


def test_constructors_do_not_run() -> None:
    def never(self: Any) -> None:
        raise AssertionError

    cls = dataclasses.make_dataclass("Picky", ["w"])
    record = cls(W)
    cls.__post_init__ = never  # type: ignore[attr-defined]
    np.testing.assert_array_equal(bp.grad(lambda p: np.sum(p.w))(record).w, np.ones(3))


def test_a_member_of_a_float_enum_is_static() -> None:
    values, structure = flatten((Level.LOW, W))
    assert len(values) == 1
    assert structure.leaves[0] == Static(Level.LOW)
    assert bp.grad(lambda p: np.sum(p[1]) * p[0])((Level.LOW, W))[0] is None


def test_optional_parts() -> None:
    def loss(box: Box[Any]) -> Any:
        return np.sum(W) if box.content is None else np.sum(box.content)

    assert bp.grad(lambda b, x: loss(b) * x, argnums=1)(Box(None), 2.0) == 3.0
    assert bp.grad(lambda b, x: loss(b) * x)(Box(1.5), 2.0).content == 2.0


# Products: what is not touched costs nothing.

Wide = dataclasses.make_dataclass("Wide", [f"f{k}" for k in range(100)], frozen=True)
WIDE = Wide(*[W + k for k in range(100)])


def changed(p: Any) -> Any:
    p = dataclasses.replace(p, f1=p.f1 * 2.0)
    p = dataclasses.replace(p, f2=np.sin(p.f2))
    return np.sum(p.f1 * p.f2) + np.sum(p.f1)


def rebuilt(p: Any) -> Any:
    fields = {name: getattr(p, name) for name in p.__dataclass_fields__}
    q = Wide(**{**fields, "f3": fields["f4"]})
    return np.sum(q.f3 * q.f4)


def listed(parts: Any) -> Any:
    first, second, *rest = [part * 2.0 if k < 2 else part for k, part in enumerate(parts)]
    return np.sum(first * second) + np.sum(rest[-1])


@pytest.mark.parametrize(
    ("f", "value", "used"),
    [
        (changed, WIDE, 2),
        (rebuilt, WIDE, 1),
        (listed, [W + k for k in range(100)], 3),
        (lambda d: np.sum(d["a"] * d["a"]), {"a": W, **{str(k): W for k in range(99)}}, 1),
    ],
    ids=["replace", "rebuild", "iterate", "dict"],
)
def test_fields_that_are_not_touched_cost_nothing(f: Any, value: Any, used: int) -> None:
    traced = trace(f, (value,), {}, None)
    graph = joint(traced.graph, tuple(range(100)))
    names = [node.op.name for node in graph.nodes]
    assert names.count("accumulate") <= used
    assert names.count("filled") + names.count("literal") <= used + 3
    assert len(names) <= 12 * used
    gradient = flatten(bp.grad(f)(value))[0]
    assert sum(bool(np.any(g)) for g in gradient) <= used + 1
    bp.testing.check_grads(f, (value,), order=1)


def test_the_arrays_of_untouched_fields_are_each_its_own() -> None:
    gradient = bp.grad(changed)(WIDE)
    assert not np.shares_memory(gradient.f50, gradient.f51)
