"""What checkers make of gradients: `assert_type` and expected errors, in mypy --strict and pyright; pytest runs it too.

An expected error carries an ignore comment for each checker; a comment that hides nothing is an error itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, assert_never, assert_type

import distributed
import numpy as np
import pytest

import backprop as bp

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Layer:
    w: Array
    b: Array


NET = Layer(np.ones((2, 3)), np.zeros(2))
X: Array = np.array([1.0, 2.0, 3.0])


def loss(net: Layer, x: Array, *, scale: float = 1.0) -> float:
    return scale * float_of(np.sum(np.tanh(net.w @ x + net.b)))


def float_of(x: Any) -> float:
    return x  # type: ignore[no-any-return]


def with_aux(net: Layer, x: Array) -> tuple[float, str]:
    return loss(net, x), "aux"


def predict(net: Layer, x: Array) -> Array:
    return np.tanh(net.w @ x + net.b)  # type: ignore[no-any-return]


# The gradient has the type of the argument, and the signature is kept.


def test_the_gradient_has_the_type_of_the_first_argument() -> None:
    gradient = bp.grad(loss)(NET, x=X, scale=2.0)
    assert_type(gradient, Layer)
    assert_type(gradient.w, Array)
    assert_type(bp.grad(loss)(NET, X), Layer)
    assert isinstance(gradient, Layer)


def test_value_and_grad() -> None:
    value, gradient = bp.value_and_grad(loss)(NET, X)
    assert_type(value, float)
    assert_type(gradient, Layer)
    assert isinstance(gradient, Layer)


def test_the_second_argument() -> None:
    assert_type(bp.grad(loss, 1)(NET, X), Array)
    value, gradient = bp.value_and_grad(loss, 1)(NET, X, scale=2.0)
    assert_type(value, float)
    assert_type(gradient, Array)
    assert gradient.shape == (3,)


def test_other_arguments_give_any() -> None:
    assert_type(bp.grad(loss, "scale")(NET, X, scale=2.0), Any)
    assert_type(bp.grad(loss, (0, 1))(NET, X), Any)


def test_aux() -> None:
    gradient, aux = bp.grad(with_aux, has_aux=True)(NET, X)
    assert_type(gradient, Layer)
    assert_type(aux, str)
    (value, again), gradient = bp.value_and_grad(with_aux, has_aux=True)(NET, X)
    assert_type(value, float)
    assert_type(again, str)
    assert_type(gradient, Layer)
    assert aux == again == "aux"


def test_scalars_and_nesting() -> None:
    def cube(x: float) -> float:
        return x**3

    assert_type(bp.grad(cube)(2.0), float)
    assert_type(bp.grad(bp.grad(bp.grad(cube)))(2.0), float)
    assert bp.grad(bp.grad(bp.grad(cube)))(2.0) == 6.0


def test_unannotated_functions_and_lambdas_are_any() -> None:
    assert bp.grad(lambda x: x * x)(3.0) == 6.0  # pyright: ignore[reportOperatorIssue]
    loose: Callable[..., Any] = loss
    assert_type(bp.grad(loose)(NET, X), Any)


def test_the_other_verbs() -> None:
    assert_type(bp.evaluate(predict)(NET, X), Array)
    assert_type(bp.compile(bp.grad(loss))(NET, X, scale=1.0), Layer)
    assert_type(bp.compile(bp.grad(loss), check=True)(NET, X, scale=1.0), Layer)
    assert_type(bp.ravel(NET)[1](bp.ravel(NET)[0]), Layer)
    assert_type(bp.tree_map(lambda p, g: p - g, NET, bp.grad(loss)(NET, X, scale=1.0)), Layer)
    assert_type(bp.elementwise_grad(np_sin)(X), Array)
    out, pullback = bp.vjp(predict, NET, X)
    assert_type(out, Array)
    assert_type(pullback(out), tuple[Layer, np.ndarray[Any, Any]])
    assert_type(bp.jvp(predict, (NET, X), (NET, X)), tuple[Array, Array])
    assert_type(bp.hvp(loss, (NET, X), NET), Layer)


def where_it_runs() -> None:
    """What checkers take for an executor; it is not called, as it would open clusters."""
    client = distributed.Client("tcp://127.0.0.1:1")  # type: ignore[no-untyped-call]
    local = distributed.LocalCluster()  # type: ignore[no-untyped-call]
    assert_type(bp.grad(loss, executor=client)(NET, X), Layer)
    assert_type(bp.grad(loss, executor=local)(NET, X), Layer)
    assert_type(bp.grad(loss, executor="tcp://127.0.0.1:1")(NET, X), Layer)
    assert_type(bp.compile(loss, executor=client)(NET, X), float)
    assert_type(bp.evaluate(predict, executor="https://127.0.0.1:1")(NET, X), Array)
    with bp.use(client) as executor:
        assert_type(executor, bp.AbstractExecutor)


def test_executors() -> None:
    assert_type(bp.grad(loss, executor="threads:2")(NET, X), Layer)
    assert_type(bp.value_and_grad(loss, executor=bp.Serial())(NET, X), tuple[float, Layer])
    with pytest.raises(bp.errors.ArgumentError):
        bp.compile(loss, executor=3)(NET, X)  # type: ignore[call-overload] # pyright: ignore[reportArgumentType, reportCallIssue]
    with pytest.raises(bp.errors.ArgumentError), bp.use(NET):  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
        pass


def np_sin(x: Array) -> Array:
    return np.sin(x)


# Errors.


def test_a_loss_that_returns_an_array() -> None:
    with pytest.raises(bp.errors.NonScalarOutputError):
        bp.grad(predict)(NET, X)  # type: ignore[arg-type] # pyright: ignore


def test_wrong_arguments_of_a_gradient() -> None:
    with pytest.raises(TypeError):
        bp.grad(loss)(NET)  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
    with pytest.raises(TypeError):
        bp.grad(loss)(NET, X, 2.0)  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
    with pytest.raises(TypeError):
        bp.grad(loss)(NET, X, factor=2.0)  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
    with pytest.raises(AttributeError):
        bp.grad(loss)(X, X)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]


def test_a_field_that_is_not_there() -> None:
    with pytest.raises(AttributeError):
        bp.grad(loss)(NET, X).weights  # type: ignore[attr-defined] # pyright: ignore  # noqa: B018


def test_a_pullback_of_another_type() -> None:
    out, pullback = bp.vjp(predict, NET, X)
    assert_type(out, Array)
    with pytest.raises(bp.errors.BadCotangentError):
        pullback(NET)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]


# Sum types.


@dataclass(frozen=True)
class Circle:
    radius: float


@dataclass(frozen=True)
class Rectangle:
    width: float
    height: float


Shape = Circle | Rectangle


def area(shape: Shape) -> float:
    match shape:
        case Circle(radius):
            return 3.0 * radius**2
        case Rectangle(width, height):
            return width * height
        case _:
            assert_never(shape)


def half(shape: Shape) -> float:
    match shape:
        case Circle(radius):
            return radius
        case _:
            assert_never(shape)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]


def test_the_gradient_of_a_union_is_that_union() -> None:
    gradient = bp.grad(area)(Rectangle(2.0, 5.0))
    assert_type(gradient, Circle | Rectangle)
    assert gradient == Rectangle(5.0, 2.0)
    assert bp.grad(area)(Circle(2.0)) == Circle(12.0)
    with pytest.raises(AssertionError):
        bp.grad(half)(Rectangle(2.0, 5.0))
