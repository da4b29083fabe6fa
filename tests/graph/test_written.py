"""The note on an exception names the line of the call that failed, though another function had an equal graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import backprop as bp
from backprop.errors import Source
from backprop.graph.graph import Graph
from backprop.graph.written import Written

X = np.array([1.0, 2.0])


def _fails_if_negative(x: Any) -> Any:
    if (x < 0).any():
        raise ZeroDivisionError("on purpose")
    return x * 1.0


def _fails_back_if_negative(x: Any, g: Any) -> Any:
    if (x < 0).any():
        raise ZeroDivisionError("on purpose, back")
    return (g,)


FORWARD = bp.op(_fails_if_negative, name="forward", like=0, derive=False)
FORWARD.defvjp(lambda g, ans, x: g)
BACK = bp.op(lambda x: x + 0.0, name="back", like=0)
BACK_RULE = bp.op(lambda x, g: _fails_back_if_negative(x, g)[0], name="back_rule", like=0)
BACK_RULE.defvjp(lambda g, ans, x, c: (None, g))
BACK.defvjp(lambda g, ans, x: BACK_RULE(x, g))


def one(x: Any) -> Any:
    return np.sum(FORWARD(x * x * x))


def other(x: Any) -> Any:
    return np.sum(FORWARD(x * x * x))


def one_back(x: Any) -> Any:
    return np.sum(BACK(x * x * x))


def other_back(x: Any) -> Any:
    return np.sum(BACK(x * x * x))


def one_scan(x: Any) -> Any:
    return np.sum(bp.scan(lambda c, v: (c + FORWARD(v * c), c), np.ones(()) * x[0], np.sin(x) * x)[0])


def other_scan(x: Any) -> Any:
    return np.sum(bp.scan(lambda c, v: (c + FORWARD(v * c), c), np.ones(()) * x[0], np.sin(x) * x)[0])


def one_switch(x: Any) -> Any:
    return np.sum(bp.switch(0, [lambda v: FORWARD(v * v * v), lambda v: v], x * x * x))


def other_switch(x: Any) -> Any:
    return np.sum(bp.switch(0, [lambda v: FORWARD(v * v * v), lambda v: v], x * x * x))


VERBS: dict[str, Callable[[Any], Any]] = {
    "value": bp.evaluate,
    "gradient": bp.grad,
    "compiled value": lambda f: bp.compile(bp.evaluate(f)),
    "compiled pair": lambda f: bp.compile(bp.value_and_grad(f)),
    "forward mode": lambda f: lambda x: bp.jvp(f, (x,), (np.ones_like(x),)),
    "pullback": lambda f: lambda x: bp.vjp(f, x)[1](1.0),
}
PAIRS = {
    "plain": (one, other, -0.5),
    "reverse": (one_back, other_back, -0.5),
    "scan": (one_scan, other_scan, -3.5),
    "switch": (one_switch, other_switch, -3.5),
}


NO_REVERSE = ("value", "compiled value", "forward mode")  # which run no rule for the sake of its result
CASES = [(pair, verb) for pair in PAIRS for verb in VERBS if pair != "reverse" or verb not in NO_REVERSE]


@pytest.mark.parametrize(("pair", "verb"), CASES)
def test_the_note_names_the_line_of_the_call_that_failed(pair: str, verb: str) -> None:
    first, second, bad = PAIRS[pair]
    functions = [VERBS[verb](f) for f in (first, second)]
    for f in functions:
        f(X)
    for f, name in zip(functions, (first, second), strict=True):
        line = name.__code__.co_firstlineno + 1
        with pytest.raises(ZeroDivisionError) as caught:
            f(np.array([bad, -abs(bad)]))
        notes = "\n".join(caught.value.__notes__)
        assert f"{__file__}:{line} in" in notes


def test_a_graph_as_it_was_written() -> None:
    def graph(line: int, name: str = "x") -> Graph:
        made = bp.compile(lambda x: np.sin(x)).graph(1.0)
        nodes = tuple([node._replace(source=Source("user.py", line, "f")) for node in made.nodes])
        return Graph(made.inputs, nodes, made.outputs, (name,))

    assert graph(1) == graph(2)
    assert Written(graph(1)) == Written(graph(1))
    assert Written(graph(1)) != Written(graph(2))
    assert Written(graph(1)) != Written(graph(1, "y"))
    assert hash(Written(graph(1))) == hash(Written(graph(2)))
