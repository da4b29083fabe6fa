"""Bad input: one named exception each, which is the builtin too, and says what, where, and what to write instead."""

from __future__ import annotations

import inspect
import math
import operator
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pytest
import scipy.linalg

import backprop as bp
from backprop import errors
from backprop.errors import BackpropError, Source

X = np.array([0.5, -1.5, 2.0])
HERE = "test_errors.py"


@dataclass
class Layer:
    w: Any
    b: Any


@dataclass
class Net:
    layers: list[Layer]


class Row(NamedTuple):
    """A mistake, what it raises, and what the text has to say."""

    call: Callable[[], Any]
    error: type[BackpropError]
    builtin: type[Exception]
    says: tuple[str, ...]


def escaped_var() -> Any:
    kept: list[Any] = []
    bp.grad(lambda x: kept.append(x) or np.sum(x))(X)
    return kept[0]


def escaped() -> Any:
    return escaped_var() * 2


def late_question() -> Any:
    kept: list[Any] = []
    bp.grad(lambda x: kept.append(x * 2) or np.sum(x))(X)
    return kept[0].value


def integers() -> Any:
    return bp.grad(lambda params: 1.0)(Net([Layer(None, None), Layer(None, None), Layer(None, 2)]))


def net(b: Any) -> Net:
    return Net([Layer(X, 1.0), Layer(X, 2.0), Layer(X, b)])


ROWS: dict[str, Row] = {
    "masked array": Row(
        lambda: bp.grad(lambda x: np.sum(x))(np.ma.masked_less(X, 0)),
        errors.GraphTypeError,
        TypeError,
        ("MaskedArray", "at x", "numpy.asarray"),
    ),
    "captured matrix": Row(
        lambda: bp.grad(lambda x: np.sum(x * np.eye(3).view(np.matrix)))(X),
        errors.GraphTypeError,
        TypeError,
        ("matrix", HERE, "numpy.asarray"),
    ),
    "out= of a call": Row(
        lambda: bp.grad(lambda x: np.add(x, 1, out=(np.zeros(3),)))(X),
        errors.AssignmentError,
        TypeError,
        ("numpy.add", HERE, "use its result"),
    ),
    "where= of a ufunc": Row(
        lambda: bp.grad(lambda x: np.sum(np.sqrt(x, where=X > 0)))(X), errors.GraphTypeError, TypeError, ("where", HERE)
    ),
    "argnums of no kind": Row(
        lambda: bp.grad(lambda x: x, 1.0)(2.0),  # type: ignore[call-overload]
        errors.ArgumentError,
        TypeError,
        ("1.0", "a position or a keyword"),
    ),
    "pickle": Row(
        lambda: bp.grad(lambda x: pickle.dumps(x))(1.0), errors.TracedConversionError, TypeError, (HERE, "v.value")
    ),
    "shape mismatch": Row(
        lambda: bp.grad(lambda x: np.sum(x + np.ones(4)))(X),
        errors.ShapeError,
        ValueError,
        ("add", "(3,)", "(4,)", HERE, "shapes fit"),
    ),
    "matmul mismatch": Row(
        lambda: bp.grad(lambda x: np.sum(np.ones((2, 2)) @ x))(X), errors.ShapeError, ValueError, ("matmul", HERE)
    ),
    "unknown function": Row(
        lambda: bp.grad(lambda x: np.busday_count(x, x))(X),
        errors.UnknownFunctionError,
        TypeError,
        ("busday_count", HERE),
    ),
    "array result": Row(
        lambda: bp.grad(lambda x: x * 2)(X),
        errors.NonScalarOutputError,
        TypeError,
        (f"{HERE}:", "one real number", "jacobian"),
    ),
    "complex result": Row(
        lambda: bp.grad(lambda x: x * 1j)(1.0), errors.NonScalarOutputError, TypeError, ("complex128",)
    ),
    "no result": Row(lambda: bp.grad(lambda x: None)(1.0), errors.NonScalarOutputError, TypeError, ("0 values",)),
    "two results": Row(lambda: bp.grad(lambda x: (x, x))(1.0), errors.NonScalarOutputError, TypeError, ("2 values",)),
    "no pair": Row(lambda: bp.grad(lambda x: x, has_aux=True)(1.0), errors.NonScalarOutputError, TypeError, ("pair",)),
    "integer": Row(
        lambda: bp.grad(lambda x: x * 1.0)(3), errors.IntegerInputError, TypeError, ("3", "at x", "pass a float")
    ),
    "integer array": Row(
        lambda: bp.grad(lambda data: np.sum(data * 1.0))(np.arange(3)),
        errors.IntegerInputError,
        TypeError,
        ("int64[3]", "at data", "astype(float)"),
    ),
    "integers in a container": Row(
        integers, errors.IntegerInputError, TypeError, ("at params.layers[2].b", "pass a float")
    ),
    "unknown argument": Row(
        lambda: bp.grad(lambda x: x, argnums="y")(1.0), errors.ArgumentError, TypeError, ("'y'", "argnums")
    ),
    "escaped Var": Row(escaped, errors.EscapedVarError, RuntimeError, (HERE, "return the value")),
    "escaped Var in NumPy": Row(lambda: np.exp(escaped_var()), errors.EscapedVarError, RuntimeError, ("exp", HERE)),
    "escaped Var in another trace": Row(
        lambda: bp.grad(lambda x: np.sum(x * escaped_var()))(X), errors.EscapedVarError, RuntimeError, (HERE,)
    ),
    "a late question": Row(late_question, errors.EscapedVarError, RuntimeError, (HERE, "return the value")),
    "array of items": Row(
        lambda: bp.grad(lambda x: np.array([x[0], x[1]], float).sum())(X),
        errors.TracedConversionError,
        TypeError,
        (HERE, "numpy.stack"),
    ),
    "array of Vars": Row(
        lambda: bp.grad(lambda v: np.array([v, v], float).sum())(X),
        errors.TracedConversionError,
        TypeError,
        (HERE, "numpy.stack"),
    ),
    "function of SciPy that does not dispatch": Row(
        lambda: bp.grad(lambda v: scipy.linalg.det(v))(np.eye(2)),
        errors.TracedConversionError,
        TypeError,
        (HERE, "from backprop.scipy import linalg"),
    ),
    "number of a dtype that is not supported": Row(
        lambda: bp.grad(lambda v: np.sum(v * np.longdouble(2)))(X),
        errors.GraphTypeError,
        TypeError,
        (HERE, "use float32"),
    ),
    "method of a ufunc": Row(
        lambda: bp.grad(lambda x: np.sum(np.maximum.accumulate(x)))(X),
        errors.UnknownFunctionError,
        TypeError,
        ("numpy.maximum.accumulate", HERE, "numpy.cumsum"),
    ),
    "math.sin": Row(
        lambda: bp.grad(lambda x: math.sin(x))(1.0), errors.TracedConversionError, TypeError, (HERE, "numpy.sin")
    ),
    "assignment": Row(
        lambda: bp.grad(lambda x: operator.delitem(x, 0))(X),
        errors.AssignmentError,
        TypeError,
        (HERE, "backprop.zeros"),
    ),
    "no derivative": Row(
        lambda: bp.grad(lambda x: np.sum(OPAQUE(x)))(X),
        errors.NotDifferentiableError,
        NotImplementedError,
        ("opaque", HERE, "stop_gradient"),
    ),
    "cotangent": Row(lambda: bp.vjp(np.sin, X)[1](np.ones(4)), errors.BadCotangentError, ValueError, ("(4,)", "(3,)")),
    "tangents": Row(
        lambda: bp.jvp(np.sin, (X,), (np.ones(4),)), errors.BadCotangentError, ValueError, ("(4,)", "(3,)")
    ),
    "dtype": Row(
        lambda: bp.grad(lambda params: 1.0)(net(np.array([None]))),
        errors.GraphTypeError,
        TypeError,
        ("object", "at params.layers[2].b", "float64"),
    ),
    "dtype of a keyword": Row(
        lambda: bp.compile(lambda *xs, net: 1.0)(X, net=net(np.float16(2))),
        errors.GraphTypeError,
        TypeError,
        ("float16", "at net.layers[2].b", "float64"),
    ),
    "dtype of one of many": Row(
        lambda: bp.evaluate(lambda *xs: 1.0)(X, [X, np.array(["a"])]),
        errors.GraphTypeError,
        TypeError,
        ("at args[1][1]", "float64"),
    ),
    "dtype of a constant": Row(
        lambda: bp.grad(lambda x: np.sum(x * np.ones(3, np.float16)))(X),
        errors.GraphTypeError,
        TypeError,
        ("float16", HERE, "float64"),
    ),
    "no output": Row(
        lambda: bp.GraphBuilder().build(), errors.GraphError, Exception, (HERE, "no output", ".output(var)")
    ),
}
OPAQUE = bp.Op("opaque", lambda t: t, lambda x: x)


def raised(row: Row) -> BackpropError:
    with pytest.raises(BackpropError) as caught:
        row.call()
    return caught.value


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_a_mistake_is_named(row: Row) -> None:
    error = raised(row)
    assert type(error) is row.error, repr(error)
    assert isinstance(error, row.builtin)
    for part in row.says:
        assert part in str(error)
    assert error.where
    assert error.fix


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_an_error_pickles(row: Row) -> None:
    error = raised(row)
    error.add_note("a note")
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert str(copy) == str(error)
    assert copy.__notes__[-1] == "a note"


def test_the_line_is_that_of_the_mistake() -> None:
    def loss(x: Any) -> Any:
        y = np.exp(x)
        return np.sum(y + np.ones(4))

    with pytest.raises(errors.ShapeError) as caught:
        bp.grad(loss)(X)
    _, start = inspect.getsourcelines(loss)
    assert isinstance(caught.value.where, Source)
    assert caught.value.where.line == start + 2
    assert caught.value.where.function == "loss"


def test_an_explicit_graph_complains_at_once() -> None:
    g = bp.GraphBuilder()
    a, b = g.input("a", bp.ArrayType(3)), g.input("b", bp.ArrayType(4))
    with pytest.raises(errors.ShapeError) as caught:
        g.apply(bp.ops.add, a, b)
    assert HERE in str(caught.value)


CLASSES = [c for c in vars(errors).values() if isinstance(c, type) and issubclass(c, BackpropError)]


@pytest.mark.parametrize("cls", CLASSES, ids=lambda c: c.__name__)
def test_every_class_pickles_and_says_what_where_and_what_instead(cls: type[BackpropError]) -> None:
    error = cls("what", Source("file.py", 3, "f"), "write this")
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is cls
    assert str(copy) == str(error) == "what\n  at file.py:3 in f\n  write this"
    assert (copy.what, copy.where, copy.fix) == (error.what, error.where, error.fix)


@pytest.mark.parametrize("cls", [c for c in CLASSES if c.__doc__], ids=lambda c: c.__name__)
def test_every_class_stands_in_the_list_of_the_module(cls: type[BackpropError]) -> None:
    assert cls.__name__ in (errors.__doc__ or "")


def test_a_users_own_exception_arrives_as_itself() -> None:
    class MineError(Exception):
        pass

    def fail(x: Any) -> Any:
        raise MineError("at run time")

    op = bp.Op("failing", lambda t: t, fail, lambda g, out, x: g)
    with pytest.raises(MineError, match="at run time") as caught:
        bp.grad(lambda x: np.sum(op(x)))(X)
    assert any("failing" in note and HERE in note for note in caught.value.__notes__)


def test_nothing_is_lost_after_an_error() -> None:
    for row in ROWS.values():
        raised(row)
    np.testing.assert_array_equal(bp.grad(lambda x: np.sum(x * x))(X), 2 * X)
