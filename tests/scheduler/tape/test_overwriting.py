"""Large arrays that nobody needs any more are written over; never those that somebody else can see."""

from __future__ import annotations

import sys
import tracemalloc
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import backprop as bp
from backprop import ops
from backprop.graph.evaluate import evaluate
from backprop.graph.ownership import is_used_up
from backprop.graph.params import NO_PARAMS
from backprop.graph.tracing.trace import trace
from backprop.ops.core.types import ArrayType, type_of
from backprop.ops.elementwise.exponential import logistic_slope
from backprop.scheduler.machine.cost import Machine
from backprop.scheduler.tape import kinds, running
from backprop.scheduler.tape.kinds import NodeKind, node_kind, pull_of
from tests.strategies import Program, programs

from .test_tape import ON_TAPE, from_tape, optimised, same_bits

LARGE, SMALL = (ArrayType((n,), np.dtype(float)) for n in (1000, 10))
FLOAT = type_of(np.float64(0.5))
counts_references = pytest.mark.skipif(
    not getattr(sys, "_is_gil_enabled", lambda: True)(), reason="nobody can tell who refers to an array"
)


@pytest.fixture
def all_are_large(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """All arrays of some elements count as large."""
    bp.clear_caches()
    for module in (kinds, running):
        monkeypatch.setattr(module, "MUCH", 16)
    yield
    bp.clear_caches()


def kind_of(op: Any, *types: Any) -> NodeKind:
    found = node_kind(op, NO_PARAMS, types, op.infer(*types), Machine())
    assert found is not None
    return found


def test_an_operand_of_the_type_of_the_result_may_be_written_over() -> None:
    assert kind_of(ops.multiply, LARGE, FLOAT).overwrites == (0,)
    assert kind_of(ops.multiply, FLOAT, LARGE).overwrites == (1,)
    assert kind_of(ops.add, LARGE, LARGE).overwrites == (0, 1)


@pytest.mark.parametrize(
    ("op", "types"), [(ops.multiply, (SMALL, FLOAT)), (ops.greater, (LARGE, LARGE)), (logistic_slope, (LARGE,))]
)
def test_small_ones_and_those_of_other_ops_may_not(op: Any, types: Any) -> None:
    assert kind_of(op, *types).overwrites == ()


def test_steps_write_over_cotangents_and_what_they_made_and_never_over_operands() -> None:
    sine = pull_of(kind_of(ops.sin, LARGE), (True,), LARGE)
    assert sine is not None
    assert [(step.node.op, step.over) for step in sine.steps] == [(ops.cos, -1), (ops.multiply, 2)]


@counts_references
def test_an_array_is_used_up_when_a_list_alone_refers_to_it_and_it_is_no_view() -> None:
    values: list[Any] = [np.ones(3), np.ones(3)[1:], np.broadcast_to(1.0, 3)]
    assert [is_used_up(values, k) for k in range(3)] == [True, False, False]
    other = values[0]
    assert not is_used_up(values, 0)
    values[0], other = None, [other]
    assert is_used_up(other, 0)


@pytest.mark.usefixtures("all_are_large")
@pytest.mark.parametrize("name", ON_TAPE)
def test_bits_stay_the_same(name: str) -> None:
    f, args = ON_TAPE[name]
    traced = trace(f, args, {}, lambda graph, values: evaluate(graph, values))
    before = [np.array(value) for value in traced.inputs]
    found = from_tape(traced.graph, traced.values, traced.known)
    assert found is not None
    same_bits(traced.inputs, before)
    same_bits(found, optimised(traced.graph, traced.values, traced.known))


@pytest.mark.usefixtures("all_are_large")
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_bits_and_arguments_of_any_program_stay_the_same(dtype: str, data: st.DataObject) -> None:
    program: Program = data.draw(programs(dtype))
    before = [np.array(value) for value in program.values]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = from_tape(program.graph, program.values)
        same_bits(program.values, before)
        if found is not None:
            same_bits(found, optimised(program.graph, program.values))


X, C = np.linspace(0.1, 0.9, 1000), np.linspace(1.0, 2.0, 1000)
SEEN: dict[str, Callable[[Any], Any]] = {
    "an argument": lambda x: (np.sum(x * 2.0 * 3.0), None),
    "what is captured": lambda x: (np.sum(x * 2.0 + C), None),
    "a view of what is used up": lambda x: (np.sum((x * 2.0).reshape(10, 100).T * 3.0), None),
    "a view of a result": lambda x: (lambda y: (np.sum(np.exp(y * 3.0)), y.reshape(10, 100)))(x * 2.0),
    "a result that is read later": lambda x: (lambda y: (np.sum(y * 3.0 * y), y))(x * 2.0),
    "what steered": lambda x: (lambda y: (np.sum(-y * 2.0) if y[0] > 0 else np.sum(y), y))(x * 2.0),
    "a cotangent of two": lambda x: (lambda y: (np.sum((y + np.sin(y)) * 2.0), None))(x * 2.0),
    "a value that is added to itself": lambda x: (lambda y: (np.sum((y + y) * 2.0), None))(np.sin(x)),
}


@pytest.mark.parametrize("name", SEEN)
def test_what_somebody_else_can_see_stays_as_it_is(name: str) -> None:
    f = SEEN[name]
    bp.clear_caches()
    before, captured = X.copy(), C.copy()
    (value, aux), gradient = bp.value_and_grad(f, has_aux=True, executor="serial")(X)
    same_bits([X, C], [before, captured])
    expected, expected_aux = f(X)
    same_bits([value], [expected])
    if aux is not None:
        same_bits([aux], [expected_aux])
    same_bits([gradient], [bp.compile(bp.grad(f, has_aux=True, executor="serial"))(X)[0]])


@counts_references
def test_a_chain_that_nothing_is_kept_of_takes_one_array_forward_and_one_back() -> None:
    def f(x: Any) -> Any:
        for _ in range(20):
            x = x * 1.01
        return np.sum(x)

    x = np.linspace(0.1, 0.9, 15_000)
    traced = trace(f, (x,), {}, None)
    from_tape(traced.graph, traced.values)
    tracemalloc.start()
    try:
        from_tape(traced.graph, traced.values)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert x.nbytes < most < 1.9 * x.nbytes
