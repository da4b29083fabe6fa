"""A gradient from the tape has the bits of the optimised graph in all that a tape can run; it leaves the rest alone."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import backprop as bp
from backprop.api.preparing.graphs import joint
from backprop.graph.autodiff.differentiate import differentiate
from backprop.graph.autodiff.split import supply
from backprop.graph.evaluate import evaluate
from backprop.graph.graph import Graph
from backprop.graph.passes import run_passes
from backprop.graph.tracing.structures.structure import flatten
from backprop.graph.tracing.trace import trace
from backprop.scheduler.events import Recorder
from backprop.scheduler.executors.serial import Serial
from backprop.scheduler.machine.cost import Machine
from backprop.scheduler.tape import first_runs
from backprop.scheduler.tape.first_runs import first_reading
from backprop.scheduler.tape.policy import calls_that_pay
from backprop.scheduler.tape.reading import read
from backprop.scheduler.tape.running import gradient
from tests.strategies import Program, programs

LARGE = np.arange(1 << 18)
RNG = np.random.default_rng(3)
TARGET = Serial().target
OFTEN = calls_that_pay(1, 0.0, 0.0, 1)
VECTOR, MATRIX = RNG.normal(size=7), RNG.normal(size=(3, 4))


def same_bits(found: Any, expected: Any) -> None:
    assert len(found) == len(expected)
    for a, b in zip(found, expected, strict=True):
        a, b = np.asarray(a), np.asarray(b)
        assert (a.shape, a.dtype) == (b.shape, b.dtype)
        assert np.where(np.isnan(a), 0, a).tobytes() == np.where(np.isnan(b), 0, b).tobytes()
        assert (np.isnan(a) == np.isnan(b)).all()


def from_tape(graph: Graph, values: Any, known: Any = {}) -> list[Any] | None:  # noqa: B006 - never written to
    wrt = tuple(i for i, t in enumerate(graph.inputs) if t.differentiable)
    reading = read(graph, wrt, Machine())
    return None if reading is None else gradient(reading, wrt, values, known)


def optimised(graph: Graph, values: Any, known: Any = {}) -> Any:  # noqa: B006 - never written to
    wrt = tuple(i for i, t in enumerate(graph.inputs) if t.differentiable)
    whole = joint(graph, wrt, tuple(known))
    executor, given = Serial(), [*values, *known.values()]
    once = executor.run(executor.prepare(whole), given)
    same_bits(executor.run(executor.prepare(whole), given), once)
    return once


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@given(data=st.data())
def test_the_bits_are_those_of_the_optimised_graph(dtype: str, data: st.DataObject) -> None:
    program: Program = data.draw(programs(dtype))
    scales = data.draw(st.lists(st.sampled_from([1.0, 0.0, 1e-3, 1e30, 1e-40]), min_size=4, max_size=4))
    values = [v * np.dtype(dtype).type(s) for v, s in zip(program.values, scales, strict=False)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = from_tape(program.graph, values)
        if found is not None:
            same_bits(found, optimised(program.graph, values))


def loop(x: Any) -> Any:
    for k in range(9):
        x = np.sin(x) * 1.01 + x * x / (2.0 + k) - 0.5 * x
    return np.sum(x)


def integrated(x: Any) -> Any:
    a, b = x[0], x[1]
    for _ in range(6):
        a, b = a + 0.1 * (a - a * b), b + 0.1 * (x[2] * a * b - b)
    return a * a + b


def in_state(x: Any) -> Any:
    def slope(y: Any) -> Any:
        a, b = y[0], y[1]
        return np.stack([x[0] * a - x[1] * a * b, x[2] * a * b - x[0] * b])

    y = np.tanh(x[:2])
    for _ in range(5):
        k = slope(y)
        y = y + 0.1 * slope(y + 0.05 * k)
    return np.sum(y * y)


def halves(x: Any) -> Any:
    y = np.sin(x)
    return np.sum(y[:3] * 2.0) + np.sum(np.exp(y[3:]))


def often(x: Any) -> Any:
    return sum(np.sum(np.tanh(x * c)) for c in (0.3, -1.0, 2.0, 0.1, 5.0, 0.7, 1e-3, 3.0, 0.25, 0.125, 1.0))


def steered(x: Any) -> Any:
    y = np.exp(-x)
    return np.sum(y * x) if y[0] > 0 else np.sum(y)


def cancelling(x: Any) -> Any:
    return np.sum(2.0 * (x - x) * -x) + np.sum(-(x * 0.5) + x * 0.5)


ON_TAPE: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "a loop": (loop, (VECTOR,)),
    "arrays of some thousands": (loop, (np.linspace(-1.0, 1.0, 10_000),)),
    "one number": (lambda x: np.sin(x) * x, (0.7,)),
    "two numbers of Python's": (lambda x, y: x * y + x / 3, (0.7, 2.0)),
    "single precision": (loop, (VECTOR.astype(np.float32),)),
    "complex numbers": (lambda z: np.sum(np.abs(z * z + 1j)), (VECTOR + 1j * VECTOR[::-1],)),
    "items of an argument": (integrated, (np.array([1.0, 2.0, 0.3]),)),
    "items of a state": (in_state, (np.array([1.0, 2.0, 0.3]),)),
    "slices that leave nothing out": (halves, (VECTOR,)),
    "a value that is used often": (often, (VECTOR,)),
    "a question about a value": (steered, (VECTOR,)),
    "factors that cancel": (cancelling, (VECTOR * 1e-308,)),
    "rows and sums": (lambda x, y: np.sum(np.sum(x * y, axis=-1) ** 2), (MATRIX, MATRIX[:, ::-1])),
    "a transposed matrix": (lambda x: np.sum(np.tanh(x.T) * MATRIX.T), (MATRIX,)),
    "an argument that is not used": (lambda x, y: np.sum(x), (VECTOR, MATRIX)),
    "an argument that is returned": (lambda x: x, (np.float64(3.0),)),
    "a constant": (lambda x: 3.0, (VECTOR,)),
    "decompositions": (lambda x: np.linalg.det(x * np.eye(3) + 2), (MATRIX[:, :3],)),
    "integers beside": (lambda x, n: np.sum(x * n), (VECTOR, np.arange(7))),
    "statistics": (lambda x: np.std(x) + np.mean(x) * np.var(x), (VECTOR,)),
}


@pytest.mark.parametrize("name", ON_TAPE)
def test_what_runs_on_the_tape(name: str) -> None:
    f, args = ON_TAPE[name]
    traced = trace(f, args, {}, lambda graph, values: evaluate(graph, values))
    found = from_tape(traced.graph, traced.values, traced.known)
    assert found is not None
    same_bits(found, optimised(traced.graph, traced.values, traced.known))
    whole = differentiate(traced.graph, [i for i, t in enumerate(traced.graph.inputs) if t.differentiable])
    if traced.known:
        whole = supply(whole, traced.graph, tuple(traced.known))
    same_bits(evaluate(run_passes(whole), traced.inputs), found)


NOT_ON_TAPE: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "products of matrices": (lambda x: np.sum(x @ x.T), (MATRIX,)),
    "choices within": (lambda x: np.sum(np.where(x > 0, np.exp(x), 0) * x), (VECTOR,)),
    "items of a value": (lambda x: np.sin(np.sin(x)[0]), (VECTOR,)),
    "slices that leave something out": (lambda x: np.sum(np.sin(x)[:2]) + np.sum(np.sin(x)[3:]), (VECTOR,)),
    "masks of values": (lambda x: np.sum(bp.ops.at_add(np.zeros(9), slice(0, 7), x)[1:] * 2.0), (VECTOR,)),
    "large values": (loop, (np.linspace(0, 1, 1 << 14),)),
    "sums of large arrays": (lambda x, n: np.sum(x) * np.sum(n), (VECTOR, LARGE)),
    "a smooth function of two that are not": (lambda x: np.sum(np.sqrt(x) ** 2), (VECTOR**2,)),
    "loops that hold graphs": (lambda x: bp.scan(lambda c, _: (c * x[0], None), x[1], None, length=3)[0], (VECTOR,)),
    "values of other classes": (lambda x: bp.checkpoint(loop)(x), (VECTOR,)),
}


@pytest.mark.parametrize("name", NOT_ON_TAPE)
def test_what_is_left_to_the_optimised_graph(name: str) -> None:
    f, args = NOT_ON_TAPE[name]
    traced = trace(f, args, {}, lambda graph, values: evaluate(graph, values))
    assert from_tape(traced.graph, traced.values, traced.known) is None


def test_an_exception_names_the_op_and_the_line() -> None:
    def f(x: Any) -> Any:
        return np.sum(np.linalg.inv(x))

    traced = trace(f, (np.zeros((3, 3)),), {}, None)
    with pytest.raises(np.linalg.LinAlgError) as caught:
        from_tape(traced.graph, traced.values)
    (note,) = caught.value.__notes__
    assert "while backprop ran inv(float64[3, 3])" in note
    assert "test_tape.py" in note


def test_a_graph_is_optimised_when_it_was_seen_a_few_times() -> None:
    bp.clear_caches()
    traced = trace(loop, (VECTOR,), {}, None)
    answers = [first_reading(traced.graph, (0,), traced.values, TARGET) for _ in range(OFTEN + 1)]
    assert [answer is not None for answer in answers] == [True] * (OFTEN - 1) + [False] * 2
    bp.clear_caches()
    assert first_reading(traced.graph, (0,), traced.values, TARGET) is not None


@pytest.mark.parametrize("name", NOT_ON_TAPE)
def test_what_the_tape_cannot_answer_is_asked_of_it_once(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    bp.clear_caches()
    f, args = NOT_ON_TAPE[name]
    call = bp.grad(f, executor=Serial())
    first = call(*args)
    monkeypatch.setattr(first_runs, "read", None)
    same_bits(flatten(call(*args))[0], flatten(first)[0])


@pytest.mark.parametrize("executor", [bp.Serial(), bp.Threads(2), bp.Auto(2)], ids=repr)
@pytest.mark.parametrize("name", ON_TAPE)
def test_every_call_gives_the_same_bits(name: str, executor: bp.AbstractExecutor) -> None:
    bp.clear_caches()
    f, args = ON_TAPE[name]
    call = bp.value_and_grad(f, executor=executor)
    first = call(*args)
    for _ in range(OFTEN):
        again = call(*args)
        assert type(again[0]) is type(first[0])
        assert type(again[1]) is type(first[1])
        same_bits(again, first)


def test_who_records_sees_the_tasks_of_the_first_run() -> None:
    recorder = Recorder()
    bp.grad(loop, executor=bp.Serial(recorder=recorder))(VECTOR)
    assert recorder.events
