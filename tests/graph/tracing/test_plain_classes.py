"""Questions about the class of a value are answered as for the plain value, in the user's code."""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable
from functools import singledispatch
from typing import Any

import numpy as np
import pytest

import backprop as bp
from backprop.errors import NoLengthError, TracedConversionError
from backprop.graph.tracing.boundary.plain_classes import number_for_check


@singledispatch
def kind(x: Any) -> str:
    return "other"


@kind.register
def _(x: float) -> str:
    return "float"


@kind.register
def _(x: np.ndarray) -> str:
    return "array"


def matched(x: Any) -> str:
    match x:
        case float():
            return "float"
        case np.ndarray():
            return "array"
    return "other"


QUESTIONS: dict[str, Callable[[Any], Any]] = {
    "array": lambda x: isinstance(x, np.ndarray),
    "scalar": np.isscalar,
    "float": lambda x: isinstance(x, float),
    "int": lambda x: isinstance(x, int),
    "bool": lambda x: isinstance(x, bool),
    "complex": lambda x: isinstance(x, complex),
    "generic": lambda x: isinstance(x, np.generic),
    "floating": lambda x: isinstance(x, np.floating),
    "union": lambda x: isinstance(x, float | np.ndarray),
    "number": lambda x: isinstance(x, numbers.Number),
    "real": lambda x: isinstance(x, numbers.Real),
    "list": lambda x: isinstance(x, list | tuple),
    "length": lambda x: hasattr(x, "__len__"),
    "iteration": np.iterable,
    "dispatch": kind,
    "match": matched,
}
VALUES = [
    1.5,
    2,
    True,
    2 - 1j,
    np.float64(1.5),
    np.float32(1.5),
    np.int64(3),
    np.array(1.5),
    np.arange(3),
    np.ones((2, 1)),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda v: f"{type(v).__name__}{np.shape(v)}")
@pytest.mark.parametrize("name", QUESTIONS)
def test_an_answer_is_that_of_the_plain_value(name: str, value: Any) -> None:
    question = QUESTIONS[name]
    found = []
    bp.evaluate(lambda x, rest: found.append(question(x)))(value, 0.0)
    assert found == [question(value)]


def loss(x: Any) -> Any:
    """What people write who take numbers and arrays alike."""
    if np.isscalar(x) or isinstance(x, float):
        return x * x
    if isinstance(x, np.ndarray) and len(x) > 1:
        return sum(loss(part) for part in x)
    raise TypeError(type(x))


@pytest.mark.parametrize("verb", [lambda f: f, bp.compile], ids=["as it is", "compiled"])
def test_a_function_that_asks_has_a_gradient(verb: Callable[..., Any]) -> None:
    gradient = verb(bp.grad(loss))
    assert gradient(3.0) == 6.0
    assert gradient(np.array([1.0, 2.0])).tolist() == [2.0, 4.0]


@pytest.mark.parametrize("value", [1.5, math.inf, -math.inf, math.nan, np.float32(2.0)])
def test_checks_of_math(value: float) -> None:
    from_math = math.isnan

    def f(x: Any) -> Any:
        return 1.0 * x if (math.isnan(x), math.isinf(x), math.isfinite(x), from_math(x)) else x

    def checks(x: Any) -> tuple[bool, ...]:
        return math.isnan(x), math.isinf(x), math.isfinite(x)

    found = []
    for _ in range(20):  # so that Python's own quickening does not hide the call
        bp.evaluate(lambda x: found.append(checks(x)))(value)
    assert set(found) == {checks(value)}


def test_a_check_of_math_is_a_question_of_its_answer_alone() -> None:
    seen = []

    def f(x: Any) -> Any:
        seen.append(x)
        return 0.0 * x if math.isnan(x) else x * x

    gradient = bp.compile(bp.grad(f))
    assert [gradient(x) for x in (1.0, 2.0, 3.0)] == [2.0, 4.0, 6.0]
    assert len(seen) == 1
    assert gradient(math.nan) == 0.0
    assert len(seen) == 2


@pytest.mark.parametrize("check", [math.isnan, math.isinf, math.isfinite])
@pytest.mark.parametrize("value", [1.5, math.inf, math.nan])
def test_a_number_that_passes_a_check_as_a_value_does(check: Any, value: float) -> None:
    assert check(number_for_check(value, check=check)) == check(value)


def test_other_functions_of_math_still_are_errors() -> None:
    for f in (math.sin, float, lambda x: math.sin(x) if not math.isnan(x) else x):
        with pytest.raises(TracedConversionError):
            bp.grad(f)(1.0)


def test_text_is_that_of_the_plain_value() -> None:
    found = []
    bp.evaluate(lambda x: found.append(("%.2f" % x, f"{x:.3f}", "{:5.1e}".format(x))))(1.5)  # noqa: UP031, UP032
    assert found == [("1.50", "1.500", "1.5e+00")]


def test_libraries_and_this_package_see_a_traced_value() -> None:
    assert bp.evaluate(lambda x: np.sum(x * np.ones(3)))(np.ones(3)) == 3.0
    with pytest.raises(NoLengthError, match=r"len\(\) of a traced number"):
        bp.grad(lambda x: len(x))(1.0)
