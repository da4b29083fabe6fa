"""Questions about the class of a value are answered as for the plain value, in the user's code."""

from __future__ import annotations

import math
import numbers
from collections.abc import (
    Callable,
    Collection,
    Container,
    Hashable,
    Iterable,
    Iterator,
    Mapping,
    Reversible,
    Sequence,
    Set,
    Sized,
)
from functools import partial, singledispatch
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


def answers(f: Callable[[Any], Any]) -> Callable[[Any], bool]:
    """Whether a function of a value has an answer, and not a TypeError."""

    def question(x: Any) -> bool:
        try:
            f(x)
        except TypeError:
            return False
        return True

    return question


ABSTRACT = (Iterable, Sized, Container, Collection, Reversible, Sequence, Mapping, Set, Iterator, Hashable)
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
    **{cls.__name__: partial(lambda cls, x: isinstance(x, cls), cls) for cls in ABSTRACT},
    "any of two": lambda x: isinstance(x, Iterable | Sized),
    "has iteration": lambda x: hasattr(x, "__iter__"),
    "gets iteration": lambda x: getattr(x, "__iter__", None) is not None,
    "iter": answers(iter),
    "len": answers(len),
    "empty format": lambda x: f"{x}",
    "called format": lambda x: format(x) + f"{x}",
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


VERBS: dict[str, Callable[[Callable[..., Any]], Callable[[Any], Any]]] = {
    "grad": bp.grad,
    "value_and_grad": bp.value_and_grad,
    "compile": lambda f: bp.compile(bp.grad(f)),
    "vjp": lambda f: lambda x: bp.vjp(f, x),
    "jvp": lambda f: lambda x: bp.jvp(f, (x,), (x,)),
    "jacobian": bp.jacobian,
    "hessian": bp.hessian,
    "grad of grad": lambda f: bp.grad(lambda x: np.sum(bp.grad(f)(x))),
    "checkpoint": lambda f: bp.grad(bp.checkpoint(f)),
}


@pytest.mark.parametrize("value", [1.5, np.float64(1.5), np.array(1.5), np.arange(3.0)], ids=str)
@pytest.mark.parametrize("verb", VERBS)
def test_an_answer_is_the_same_under_each_verb(verb: str, value: Any) -> None:
    asked = {name: question for name, question in QUESTIONS.items() if "format" not in name}
    found: list[dict[str, Any]] = []

    def f(x: Any) -> Any:
        found.append({name: question(x) for name, question in asked.items()})
        return np.sum(x * x)

    VERBS[verb](f)(value)
    assert all(answer == {name: question(value) for name, question in asked.items()} for answer in found)
    assert found


def test_libraries_find_the_methods_of_a_traced_value() -> None:
    table: dict[str, Any] = {"__name__": "theirs", "Iterable": Iterable, "Sized": Sized}
    exec(compile("def asks(x): return isinstance(x, Iterable), isinstance(x, Sized)", np.__file__, "exec"), table)
    found = []
    bp.evaluate(lambda x: found.append(table["asks"](x)))(np.ones(3))
    assert found == [(True, True)]


def test_a_text_of_a_traced_value_is_that_of_its_value_and_its_repr_is_not() -> None:
    texts: list[str] = []

    def f(x: Any) -> Any:
        texts.append(f"{x} {x!s} {x!r} {2 * x:.1f}")
        return x * x

    gradient = bp.compile(bp.grad(f))
    assert [gradient(1.5), gradient(1.5), gradient(2.5)] == [3.0, 3.0, 5.0]
    assert [text.split()[0] for text in texts] == ["1.5", "2.5"], "a text is a guard"
    assert all(text.count("Var(float64") == 2 for text in texts)
    assert texts[0].endswith(" 3.0")


@pytest.mark.parametrize(
    "question",
    [math.floor, math.ceil, math.trunc, lambda x: math.isclose(x, 2.5), lambda x: x.is_integer(), lambda x: x.hex()],
)
def test_answers_that_are_no_number_of_the_value_are_questions(question: Callable[[Any], Any]) -> None:
    found = []
    bp.evaluate(lambda x: found.append(question(x)))(2.5)
    assert found == [question(2.5)]
    assert type(found[0]) is type(question(2.5))


@pytest.mark.parametrize("value", [np.arange(3.0), np.arange(6.0).reshape(2, 3)], ids=np.ndim)
def test_membership_is_asked_as_numpy_asks_it(value: Any) -> None:
    found = []
    bp.evaluate(lambda x: found.append((2.0 in x, 7.0 in x)))(value)
    assert found == [(2.0 in value, 7.0 in value)]


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
