"""Errors name the cause: what the user's line did, at that line and not at a library's, and what really exists."""

from __future__ import annotations

import ast
import importlib
import math
import pickle
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
import scipy.linalg
import scipy.optimize
import scipy.sparse
import scipy.stats

import backprop as bp
from backprop import errors
from backprop.errors import BackpropError

X = np.array([1.0, 2.0, 3.0, 4.0])
M = np.arange(9.0).reshape(3, 3) + np.eye(3)
SPARSE = scipy.sparse.eye_array(4).tocsr()


class Row(NamedTuple):
    """A mistake, what it raises, and what the text says and does not say."""

    call: Callable[[Any], Any]
    error: type[BackpropError]
    builtin: type[Exception]
    says: tuple[str, ...]
    not_this: tuple[str, ...] = ()
    at: Any = X


def filled(x: Any) -> Any:
    r = np.zeros(2)
    r[0] = x[0]
    return r


def column(x: Any) -> Any:
    frame = pd.DataFrame({"a": X})
    frame["a"] = x
    return frame


ROWS: dict[str, Row] = {
    "index by a text": Row(lambda x: x["a"], errors.OutOfRangeError, IndexError, ("a str",)),
    "index by a float": Row(lambda x: x[1.5], errors.OutOfRangeError, IndexError, ("a float",)),
    "index that is not there": Row(lambda x: x[9], errors.OutOfRangeError, IndexError, ("index 9", "size 4")),
    "where with one choice": Row(
        lambda x: np.where(x > 2, x),
        errors.GraphTypeError,
        TypeError,
        ("where takes 3 operands",),
        ("_where_type",),
    ),
    "a plain array indexed by a float": Row(
        lambda x: np.ones(4)[x], errors.TracedConversionError, TypeError, ("numpy.take(a, v, axis=0)",)
    ),
    "a list indexed by a number": Row(
        lambda x: [1, 2][x[0]], errors.TracedConversionError, TypeError, ("as an index", "int(v)")
    ),
    "a histogram in two dimensions": Row(
        lambda v: np.histogram2d(v, [1, 2, 3, 9], bins=5, weights=v),
        errors.GraphTypeError,
        TypeError,
        ("which bin", "give the Var as weights"),
        ("shape or dtype",),
    ),
    "the edges of bins": Row(
        lambda v: np.histogram_bin_edges(v, 5),
        errors.UnknownFunctionError,
        TypeError,
        ("which bin", "numpy.bincount(bins, weights)"),
        ("shape or dtype",),
    ),
    "a fit of numpy.polynomial": Row(
        lambda v: np.polynomial.Polynomial.fit(np.arange(4.0), v, 1),
        errors.TracedConversionError,
        TypeError,
        ("numpy.polyfit(x, y, deg)", "chebvander"),
        ("ops.array",),
    ),
    "a search for a global minimum": Row(
        lambda v: scipy.optimize.differential_evolution(lambda p: np.sum((p - v[0]) ** 2), [(0, 1)]),
        errors.TracedConversionError,
        TypeError,
        ("searches among plain values", "start minimize"),
        ("take that of",),
    ),
    "a histogram of traced values": Row(
        lambda v: np.histogram(v, bins=5),
        errors.GraphTypeError,
        TypeError,
        ("which bin", "give the Var as weights"),
        ("shape or dtype",),
    ),
    "dtype of a ufunc": Row(
        lambda x: np.add(x, x, dtype=np.int64),
        errors.GraphTypeError,
        TypeError,
        ("add with dtype=int64", ".astype(...)"),
        ("ufunc_type",),
    ),
    "a sparse matrix of values": Row(
        lambda v: scipy.sparse.csr_array((v, ([0, 1, 2, 3], [0, 1, 2, 3]))),
        errors.TracedConversionError,
        TypeError,
        ("csr_array", "as an argument"),
        ("object",),
    ),
    "spsolve": Row(
        lambda v: scipy.sparse.linalg.spsolve(SPARSE, v),
        errors.TracedConversionError,
        TypeError,
        ("spsolve", "from backprop.scipy.sparse import linalg"),
        ("object",),
    ),
    "circulant": Row(
        lambda v: scipy.linalg.circulant(v),
        errors.UnknownAttributeError,
        AttributeError,
        ("strides", "scipy takes no traced values in circulant"),
    ),
    "a function of SciPy with a namesake": Row(
        lambda v: scipy.linalg.det(v),
        errors.TracedConversionError,
        TypeError,
        ("in det", "from backprop.scipy import linalg"),
        (),
        M,
    ),
    "a function of SciPy without one": Row(
        lambda m: scipy.stats.norm.logpdf(1.0, m[0]),
        errors.TracedConversionError,
        TypeError,
        ("logpdf", "takes no traced values"),
        ("namesake", "backprop.ops.logpdf"),
    ),
    "a minimiser": Row(
        lambda a: scipy.optimize.minimize(lambda y: np.sum((y - a) ** 2), [0.0]),
        errors.TracedConversionError,
        TypeError,
        ("minimize", "from backprop.scipy import optimize"),
    ),
    "a root of a function of traced values": Row(
        lambda a: scipy.optimize.brentq(lambda x, a: a - x, -5.0, 3.0, args=(a,)),
        errors.TracedConversionError,
        TypeError,
        ("float() of Var", "brentq: take that of `from backprop.scipy import optimize`"),
        ("different signs", "exception set"),
        at=2.0,
    ),
    "a root in several dimensions": Row(
        lambda a: scipy.optimize.fsolve(lambda x, a: a - x, 1.0, args=(a,)),
        errors.TracedConversionError,
        TypeError,
        ("fsolve", "from backprop.scipy import optimize"),
        ("proper array",),
        at=2.0,
    ),
    "a series": Row(
        lambda v: pd.Series(v), errors.TracedConversionError, TypeError, ("pandas holds no traced values",)
    ),
    "a column": Row(column, errors.TracedConversionError, TypeError, ("pandas holds no traced values",)),
    "an item of a plain array": Row(filled, errors.AssignmentError, TypeError, ("backprop.ops.at_set",), ("sequence",)),
    "numpy.array of a dtype": Row(
        lambda x: np.array([x[0], x[1]], float), errors.TracedConversionError, TypeError, ("backprop.ops.array",)
    ),
    "numpy.asarray of many": Row(
        lambda x: np.asarray(bp.ops.tile(x, 2000)), errors.TracedConversionError, TypeError, ("backprop.ops.array",)
    ),
    "numpy.linalg of an array of traced numbers": Row(
        lambda x: np.linalg.inv(np.array([[x[0], 1.0], [1.0, x[1]]])),
        errors.TracedConversionError,
        TypeError,
        ("an array of traced numbers", "backprop.ops.array([...])"),
    ),
    "numpy.nanmean of a list": Row(
        lambda x: np.nanmean([x[0], x[1]]), errors.TracedConversionError, TypeError, ("backprop.ops.nanmean",)
    ),
    "math": Row(lambda x: math.sin(x[0]), errors.TracedConversionError, TypeError, ("numpy.sin",)),
    "an attribute of arrays": Row(
        lambda x: x.strides, errors.UnknownAttributeError, AttributeError, ("strides", "v.value")
    ),
    "a text as an operand": Row(lambda x: x + "a", errors.GraphTypeError, TypeError, ("add", "str")),
    "None as an operand": Row(lambda x: None * x, errors.GraphTypeError, TypeError, ("multiply", "NoneType")),
    "an axis that is not there": Row(
        lambda x: np.sum(x, axis=3), errors.AxisRangeError, IndexError, ("axis 3", "dimension 1")
    ),
    "an axis of a method": Row(lambda x: x.mean(axis=3), errors.AxisRangeError, ValueError, ("axis 3",)),
    "an argument of a method": Row(lambda x: x.cumsum(what=3), errors.GraphTypeError, TypeError, ("cumsum", "what")),
    "iteration over a number": Row(lambda x: list(x[0]), errors.GraphTypeError, TypeError, ("iteration",)),
    "length of a number": Row(lambda x: len(x[0]), errors.NoLengthError, TypeError, ("len()",)),
}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_the_cause_is_named_at_the_users_line(row: Row) -> None:
    with pytest.raises(BackpropError) as caught:
        bp.evaluate(row.call)(row.at)
    error = caught.value
    assert type(error) is row.error
    assert isinstance(error, row.builtin)
    for text in row.says:
        assert text in str(error)
    for text in row.not_this:
        assert text not in str(error)
    where: Any = error.where
    assert where.file == __file__
    assert where.function == row.call.__name__
    assert error.fix


@pytest.mark.parametrize("below", [-5.0, 0.0, 1.0])
@pytest.mark.parametrize("solve", [scipy.optimize.brentq, scipy.optimize.bisect, scipy.optimize.ridder])
def test_an_error_that_c_code_drops_is_raised_each_time(solve: Any, below: float) -> None:
    for _ in range(10):
        with pytest.raises(errors.TracedConversionError):
            bp.evaluate(lambda a: solve(lambda x, a: a - x * x, below, 3.0, args=(a,)))(2.0)


def test_an_error_that_python_code_handles_is_not_raised_again() -> None:
    def careful(x: Any) -> Any:
        try:
            return float(x)
        except TypeError:
            return 2.0 * x

    assert bp.grad(careful)(3.0) == 2.0


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (lambda x: x * (1.0, 2.0, 3.0, 4.0), X),
        (lambda x: (1.0, 2.0, 3.0, 4.0) - x, X),
        (lambda x: x * [1.0, 2.0, 3.0, 4.0], X),
        (lambda x: x + range(4), X),
        (lambda x: x[(0, 1), (1, 1)], M),
        (lambda x: x[range(2)], X),
        (lambda x: x[[[0, 1], [1, 2]]], M),
        (lambda x: np.add(x, (1.0, 2.0, 3.0, 4.0)), X),
    ],
)
def test_sequences_are_arrays(f: Callable[[Any], Any], x: Any) -> None:
    np.testing.assert_array_equal(bp.evaluate(f)(x), f(x))


def test_what_the_error_of_a_mask_suggests_works() -> None:
    f = bp.grad(lambda x, m: np.sum(x[m.value] ** 2))
    np.testing.assert_array_equal(f(X, X > 2), np.where(X > 2, 2 * X, 0))


def test_an_error_of_the_users_own_stays_what_it_is() -> None:
    def mistake(v: Any) -> Any:
        raise IndexError("mine")

    with pytest.raises(IndexError, match="mine") as caught:
        bp.evaluate(lambda x: np.apply_along_axis(mistake, 0, x))(X)
    assert type(caught.value) is IndexError


@pytest.mark.parametrize("f", [np.sin, np.sum, filled])
def test_a_transformed_function_pickles(f: Callable[..., Any]) -> None:
    copy = pickle.loads(pickle.dumps(bp.grad(f)))
    assert copy.function.function is f


# Every name that an error suggests exists.

PACKAGE = Path(bp.__file__).parent
NAME = re.compile(r"\b(?:backprop|numpy|scipy|np|bp)(?:\.[A-Za-z_]\w*)+")
SHORT = {"np": "numpy", "bp": "backprop"}


def texts(path: Path) -> list[str]:
    """The texts in a module that are no docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    constants = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return [str(node.value) for node in constants if id(node) not in alone]


def exists(name: str) -> bool:
    first, *rest = name.split(".")
    value: Any = importlib.import_module(SHORT.get(first, first))
    for part in rest:
        if not hasattr(value, part):
            try:
                importlib.import_module(f"{value.__name__}.{part}")
            except (ImportError, AttributeError):
                return False
        value = getattr(value, part)
    return True


TEXTS = [text for path in PACKAGE.rglob("*.py") for text in texts(path) if " " in text]
SUGGESTED = sorted({name for text in TEXTS for name in NAME.findall(text)})


def test_errors_suggest_names() -> None:
    assert {"backprop.ops.at_set", "numpy.stack", "numpy.where"} <= set(SUGGESTED)


@pytest.mark.parametrize("name", SUGGESTED)
def test_every_name_that_a_text_suggests_exists(name: str) -> None:
    assert exists(name)
