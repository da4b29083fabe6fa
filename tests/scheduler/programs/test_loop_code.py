"""Loops as one function: the values are those of the steps one by one, to the bit, whatever the body does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import backprop as bp
from backprop.graph.evaluate import evaluate
from backprop.graph.graph import Graph, bodies
from backprop.graph.tracing.trace import trace
from backprop.scheduler.programs.program import compile_program, generated_loop

RNG = np.random.default_rng(0)
ROWS = RNG.normal(size=(6, 3))
LARGE = RNG.normal(size=(4, 3000))
X = RNG.normal(size=3)

LOOPS: dict[str, Callable[[Any], Any]] = {
    "numbers": lambda x: bp.scan(lambda h, w: (h * w + x[0], h), 0.5, ROWS[:, 0]),
    "arrays": lambda x: bp.scan(lambda h, w: (np.sin(h * w) + x, h * w), x, ROWS),
    "reverse": lambda x: bp.scan(lambda h, w: (np.sin(h * w) + x, np.sum(h)), x, ROWS, reverse=True),
    "carries that change places": lambda x: bp.scan(lambda h, w: ((h[1], h[0] + w), h), (x, 2 * x), ROWS),
    "a carry that stays": lambda x: bp.scan(lambda h, w: (h, w), x, ROWS),
    "a row becomes the carry": lambda x: bp.scan(lambda h, w: (w, h), x, ROWS),
    "one result twice": lambda x: bp.scan(lambda h, w: ((v := h * w), (v, v)), x, ROWS),
    "a result that is read": lambda x: bp.scan(lambda h, w: (h + (v := h * w) * v, v), x, ROWS),
    "no carry": lambda x: bp.scan(lambda h, w: (None, w * x), None, ROWS)[1],
    "no rows": lambda x: bp.scan(lambda h, _: (h * x, None), x, length=5)[0],
    "no steps": lambda x: bp.scan(lambda h, w: (h * w, h), x, ROWS[:0]),
    "constants alone": lambda x: bp.scan(lambda h, w: (h, np.ones(2)), x, ROWS),
    "large arrays": lambda x: bp.scan(lambda h, w: (np.tanh(h * w), h + w), x[0] * LARGE[0], LARGE),
    "matrices": lambda x: bp.scan(lambda h, w: (h @ h.T * 0.1, h[0]), np.outer(x, x), ROWS),
    "items": lambda x: bp.scan(lambda h, i: (h * x[i], bp.ops.getitem(ROWS, i)), x, np.array([2, 0, -1])),
    "a loop in a loop": lambda x: bp.scan(lambda h, w: (bp.scan(lambda a, b: (a * b, a), h, ROWS)[0] + w, h), x, ROWS),
    "a choice": lambda x: bp.scan(lambda h, w: (bp.switch(w[0] > 0, (np.sin, np.cos), h), h), x, ROWS),
    "integers": lambda x: bp.scan(lambda h, i: ((h[0] + i, h[1] * x), i * 2), (0, x), np.arange(4)),
    "a user's op that hands back its operand": lambda x: bp.scan(lambda h, w: (SAME(h) * w, SAME(h)), x, ROWS),
}
SAME = bp.op(lambda x: x, derive=True)


def graph_of(f: Callable[..., Any]) -> tuple[Graph, tuple[Any, ...]]:
    found = trace(f, [X], {}, evaluate)
    return found.graph, found.values


def leaves(tree: Any) -> list[Any]:
    return [leaf for part in tree for leaf in leaves(part)] if isinstance(tree, tuple | list) else [tree]


@pytest.mark.parametrize("name", LOOPS)
def test_the_bits_are_those_of_the_steps_one_by_one(name: str) -> None:
    graph, values = graph_of(LOOPS[name])
    expected = evaluate(graph, values)
    program = compile_program(graph)
    for _ in range(3):  # memory is used again
        for one, other in zip(program(*values), expected, strict=True):
            assert np.asarray(one).tobytes() == np.asarray(other).tobytes()
            assert np.asarray(one).dtype == np.asarray(other).dtype


@pytest.mark.parametrize("name", ["arrays", "reverse", "carries that change places", "large arrays", "items"])
def test_derivatives_compiled_and_not_are_the_same(name: str) -> None:
    def loss(x: Any) -> Any:
        return sum(np.sum(leaf**2) for leaf in leaves(LOOPS[name](x)))

    compiled = bp.compile(bp.grad(loss))
    for x in (X, 2 * X, X):
        assert compiled(x).tobytes() == bp.grad(loss)(x).tobytes()


def test_results_share_no_memory() -> None:
    compiled = bp.compile(LOOPS["a row becomes the carry"])
    last, stacked = compiled(X)
    again, _ = compiled(X)
    last[...] = 7
    assert not np.shares_memory(last, stacked)
    assert (again == ROWS[-1]).all()
    assert (compiled(X)[0] == ROWS[-1]).all()


def test_what_was_handed_out_is_not_written_to_again() -> None:
    compiled = bp.compile(LOOPS["large arrays"])
    kept = compiled(X)
    first = [part.copy() for part in kept]
    compiled(3 * X)
    for one, other in zip(kept, first, strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_function_calls_nothing_but_kernels_in_a_step() -> None:
    graph, _ = graph_of(LOOPS["arrays"])
    (node,) = [node for node in graph.nodes if bodies(node)]
    loop = node.param("loop")
    text = generated_loop(bodies(node)[0], loop).text
    head, inside = text.split("    for ")
    assert "workspace.arrays()" in head
    assert "workspace.arrays()" not in inside


def test_an_exception_in_a_step_names_its_op_and_line() -> None:
    graph, values = graph_of(lambda x: bp.scan(lambda h, i: (h * bp.ops.getitem(x, i), None), x, np.array([0, 9]))[0])
    with pytest.raises(IndexError) as caught:
        compile_program(graph)(*values)
    notes = " ".join(caught.value.__notes__)
    assert "take_index" in notes
    assert "test_loop_code.py" in notes
