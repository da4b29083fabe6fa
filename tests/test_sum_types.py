"""Sum types: `match` on inputs, on computed values and on values whose class only turns out at run time."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any, NamedTuple

import numpy as np
import pytest

import backprop as bp
from backprop.errors import GraphTypeError, TracedConversionError

X = np.array([0.5, -1.0, 2.0])


@dataclass(frozen=True)
class Disc:
    r: Any


@dataclass(frozen=True)
class Box:
    a: Any
    b: Any


@dataclass(frozen=True)
class Scaled:
    by: Any
    inner: Any


class Colour(Enum):
    RED = 1
    BLUE = 2


class Point(NamedTuple):
    x: Any
    y: Any


def area(shape: Any) -> Any:
    match shape:
        case Disc(r):
            return np.pi * r * r
        case Box(a=a, b=b):
            return a * b
        case Scaled(by, Disc(r)) if by == "twice":
            return 4.0 * np.pi * r * r
        case Scaled(by=float() as by, inner=inner):
            return by * by * area(inner)
        case Scaled(by, inner):
            return by * by * area(inner)
        case []:
            return 0.0
        case [first, *rest]:
            return area(first) + area(rest)
        case {"kind": "disc", "r": r}:
            return np.pi * r * r
        case {"kind": Colour.RED, **rest}:
            return sum(rest.values())
    raise AssertionError(shape)


VALUES = [
    Disc(2.0),
    Box(2.0, 3.0),
    Scaled("twice", Disc(1.5)),
    Scaled(2.0, Box(1.0, 3.0)),
    Scaled(0.5, Scaled(3.0, Disc(1.0))),
    [Disc(1.0), Box(2.0, 3.0), Scaled(2.0, Disc(0.5))],
    {"kind": "disc", "r": 3.0},
    {"kind": Colour.RED, "a": 1.0, "b": 2.0},
]


def nudged(value: Any, step: float) -> list[Any]:
    """The value with each of its numbers moved, one at a time."""
    if isinstance(value, float):
        return [value + step]
    if isinstance(value, list):
        return [[*value[:k], other, *value[k + 1 :]] for k, v in enumerate(value) for other in nudged(v, step)]
    if isinstance(value, dict):
        return [{**value, key: other} for key, v in value.items() for other in nudged(v, step)]
    found = []
    for name in getattr(value, "__dataclass_fields__", ()):
        for other in nudged(getattr(value, name), step):
            changed = copy.copy(value)
            object.__setattr__(changed, name, other)
            found.append(changed)
    return found


def numbers(value: Any) -> list[float]:
    if isinstance(value, float):
        return [value]
    if isinstance(value, list | dict):
        return [n for v in (value.values() if isinstance(value, dict) else value) for n in numbers(v)]
    return [n for name in getattr(value, "__dataclass_fields__", ()) for n in numbers(getattr(value, name))]


@pytest.mark.parametrize("value", VALUES)
def test_patterns_on_an_input(value: Any) -> None:
    assert bp.evaluate(area)(value) == pytest.approx(area(value))
    gradient = bp.grad(area)(value)
    assert type(gradient) is type(value)
    expected = [
        (area(up) - area(down)) / 2e-6 for up, down in zip(nudged(value, 1e-6), nudged(value, -1e-6), strict=True)
    ]
    assert numbers(gradient) == pytest.approx(expected, rel=1e-6)


def test_the_gradient_carries_the_same_constructors() -> None:
    gradient = bp.grad(area)([Disc(1.0), Box(2.0, 3.0), Scaled("twice", Disc(1.0))])
    assert [type(part) for part in gradient] == [Disc, Box, Scaled]
    assert gradient[2].by is None
    assert gradient[1] == Box(3.0, 2.0)


def test_patterns_on_computed_values() -> None:
    def grown(shape: Any, k: Any) -> Any:
        match shape:
            case Disc(r):
                return Scaled(k, Disc(r * k))
            case Box(a, b):
                return [Disc(a * k), Point(b, k)]
        raise AssertionError(shape)

    def f(shape: Any, k: Any) -> Any:
        match grown(shape, k):
            case Scaled(by, Disc(r)):
                return by * r
            case [Disc(r), Point(x, y)]:
                return r * x * y
        raise AssertionError

    assert bp.grad(f, argnums=(0, 1))(Disc(3.0), 2.0) == (Disc(4.0), 12.0)
    assert bp.grad(f, argnums=(0, 1))(Box(3.0, 5.0), 2.0) == (Box(20.0, 12.0), 60.0)


def test_guards_and_values_ask() -> None:
    def f(p: Any) -> Any:
        match p:
            case Point(x, y) if x > y:
                return x * 2.0
            case Point(0.0, y):
                return y * 3.0
            case Point(x, y):
                return x * y
        raise AssertionError

    compiled = bp.compile(bp.grad(f))
    for _ in range(2):
        assert compiled(Point(2.0, 1.0)) == Point(2.0, 0.0)
        assert compiled(Point(0.0, 1.0)) == Point(0.0, 3.0)
        assert compiled(Point(1.0, 4.0)) == Point(4.0, 1.0)
    assert compiled.traces == 3


# A recursive type.


@dataclass(frozen=True)
class Last:
    w: Any


@dataclass(frozen=True)
class Layer:
    w: Any
    b: Any
    rest: Any


def network(net: Any, x: Any) -> Any:
    match net:
        case Last(w):
            return w @ x
        case Layer(w, b, rest):
            return network(rest, np.tanh(w @ x + b))
    raise AssertionError(net)


def new_network(depth: int, rng: np.random.Generator) -> Any:
    if depth == 1:
        return Last(rng.normal(size=(3, 3)))
    return Layer(rng.normal(size=(3, 3)), rng.normal(size=3), new_network(depth - 1, rng))


@pytest.mark.parametrize("depth", range(1, 7))
def test_a_recursive_network(depth: int) -> None:
    net = new_network(depth, np.random.default_rng(depth))

    def loss(net: Any) -> Any:
        return np.sum(network(net, X) ** 2)

    gradient = bp.grad(loss)(net)
    v = new_network(depth, np.random.default_rng(99))
    slope, at, g, d = 0.0, net, gradient, v
    while True:
        assert type(g) is type(at)
        slope += np.sum(g.w * d.w) + (np.sum(g.b * d.b) if isinstance(at, Layer) else 0.0)
        if isinstance(at, Last):
            break
        at, g, d = at.rest, g.rest, d.rest
    step = 1e-6
    expected = (loss(moved(net, v, step)) - loss(moved(net, v, -step))) / (2 * step)
    assert slope == pytest.approx(expected, rel=1e-5)


def moved(net: Any, v: Any, step: float) -> Any:
    if isinstance(net, Last):
        return Last(net.w + step * v.w)
    return Layer(net.w + step * v.w, net.b + step * v.b, moved(net.rest, v.rest, step))


# A class that only turns out at run time: the result of an op that is not looked into.


class Solid:
    """A value that graphs move about whole, with cotangents of its own class."""

    size: float

    def __init__(self, size: float, **more: Any) -> None:
        self.size = size
        self.__dict__.update(more)

    def volume(self) -> Any:
        return self.size * 0.0

    @property
    def double(self) -> Any:
        return self.size * 2.0


class Cube(Solid):
    __match_args__ = ("size",)

    def volume(self) -> Any:
        return self.size**3


class Ball(Solid):
    __match_args__ = ("size",)

    def volume(self) -> Any:
        return 4.0 * self.size


class Sheet(Solid):
    pass


bp.register(Solid, zeros_like=lambda s: type(s)(0.0 * s.size), add=lambda a, b: type(a)(a.size + b.size))


def forward(x: Any) -> tuple[Solid, float]:
    if x > 10:
        return Sheet(x), 1.0
    return (Cube(x), 1.0) if x > 0 else (Ball(-x), -1.0)


def backward(sign: float, g: Solid) -> Any:
    return g.size * sign


solid = bp.op(forward, backward, infer=lambda x: bp.ops.types.class_type(Solid(0.0)), name="solid")

CASES = {Cube: lambda c: c.volume() + c.double, Ball: lambda b: b.volume() * b.size}


def lazily(x: Any) -> Any:
    return bp.match(solid(x), CASES)


def natively(x: Any) -> Any:
    match solid(x):
        case Cube(size) as c:
            return c.volume() + size * 2.0
        case Ball(size=s) as b:
            return b.volume() * s
    raise AssertionError


@pytest.mark.parametrize("f", [lazily, natively])
def test_match_on_the_result_of_an_opaque_op(f: Any) -> None:
    assert bp.evaluate(f)(2.0) == 12.0
    assert bp.evaluate(f)(-3.0) == 36.0
    assert bp.grad(f)(2.0) == 3 * 4.0 + 2.0
    assert bp.grad(f)(-3.0) == -24.0


def test_the_lazy_form_is_one_graph_and_the_native_one_a_path_for_each_class() -> None:
    one, many = bp.compile(bp.grad(lazily)), bp.compile(bp.grad(natively))
    for x in (2.0, -3.0, 1.0, -1.0):
        assert one(x) == many(x)
    assert (one.traces, many.traces) == (1, 2)


def test_a_class_that_no_case_fits() -> None:
    with pytest.raises(GraphTypeError, match="no case of match fits Sheet: there are cases for Cube, Ball") as caught:
        bp.grad(lazily)(11.0)
    assert any("test_sum_types.py" in note for note in caught.value.__notes__)
    with_rest = {**CASES, object: lambda s: s.size * 5.0}
    assert bp.grad(lambda x: bp.match(solid(x), with_rest))(11.0) == 5.0


def test_fields_by_annotation_and_by_asking() -> None:
    class Rod(Solid):
        weights: Annotated[Any, bp.ArrayType(3)]
        inner: Solid

    rod = bp.op(lambda x: Rod(1.0, weights=x, inner=Cube(2.0), free=x[:2]), infer=lambda x: bp.OpaqueType(Rod))
    seen = []

    def f(x: Any) -> Any:
        v = rod(x)
        seen.append((v.weights.shape, str(v.inner.type), v.free.shape))
        return np.sum(v.weights) + v.inner.size + np.sum(v.free)

    assert bp.evaluate(f)(X) == 1.5 + 2.0 - 0.5
    assert seen == [((3,), "Solid", (2,))]


def test_an_attribute_that_is_not_there() -> None:
    with pytest.raises(AttributeError, match="colour"):
        bp.evaluate(lambda x: solid(x).colour)(2.0)


def test_a_body_cannot_ask_for_a_class() -> None:
    def f(x: Any) -> Any:
        return bp.match(solid(x), {Cube: lambda c: 1.0 if isinstance(c, Ball) else 2.0, Ball: lambda b: 3.0})

    with pytest.raises(TracedConversionError, match="no value yet"):
        bp.evaluate(f)(2.0)


def test_a_matched_value_may_be_differentiated_twice() -> None:
    again = bp.op(
        lambda x: Cube(float(x)), vjp=lambda g, out, x: g.size, infer=lambda x: bp.ops.types.class_type(Cube(0.0))
    )
    f = bp.grad(lambda x: bp.match(again(x), CASES))
    assert f(2.0) == 14.0
    assert bp.grad(f)(2.0) == 12.0
