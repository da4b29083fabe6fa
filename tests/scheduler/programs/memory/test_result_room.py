"""What a program needs before it writes a result lies in the memory of that result, and is gone when it is written."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import backprop as bp
from backprop.graph.autodiff.differentiate import differentiate
from backprop.graph.evaluate import evaluate
from backprop.graph.graph import Graph
from backprop.graph.passes import run_passes
from backprop.ops.arrays.views import permute
from backprop.ops.core.types import array_type
from backprop.ops.elementwise.exponential import exp
from backprop.ops.elementwise.trigonometric import sin
from backprop.ops.linear_algebra.products import matmul
from backprop.scheduler.programs import steps
from backprop.scheduler.programs.memory import result_room
from backprop.scheduler.programs.memory.arena import Memory, plan_memory
from backprop.scheduler.programs.memory.result_room import ALIGNED, LEAST, Room, Span, rooms
from backprop.scheduler.programs.program import compile_program
from tests.scheduler.graphs import Hand
from tests.strategies import Program, programs

BIG = array_type((100, 100), np.dtype(float))
SPANS = st.builds(
    lambda nbytes, first, length: Span(nbytes, first, first + length),
    st.sampled_from([LEAST // 2, LEAST, LEAST + 8, 3 * LEAST, 10 * LEAST]),
    st.integers(0, 20),
    st.integers(0, 8),
)


@pytest.fixture
def all_are_large(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """All slabs are worth a place in a result, and all results a buffer."""
    bp.clear_caches()
    monkeypatch.setattr(result_room, "LEAST", 1)
    monkeypatch.setattr(steps, "SMALLEST_RESULT", 1)
    yield
    bp.clear_caches()


def test_a_slab_lies_in_the_result_that_is_written_last() -> None:
    results = [Span(4 * LEAST, first, 99) for first in (5, 9, 7)]
    assert rooms({3: Span(LEAST, 0, 4)}, results) == {3: Room(1, 0)}


@pytest.mark.parametrize("span", [Span(LEAST, 0, 9), Span(5 * LEAST, 0, 4), Span(LEAST - 1, 0, 4)])
def test_one_that_is_read_too_late_or_too_large_or_too_small_stays_where_it_is(span: Span) -> None:
    assert rooms({0: span}, [Span(4 * LEAST, 9, 99)]) == {}


@given(st.lists(SPANS, max_size=12), st.lists(SPANS, max_size=4))
def test_places_lie_within_results_before_these_are_written_and_apart_from_each_other(
    slabs: list[Span], results: list[Span]
) -> None:
    found = rooms(dict(enumerate(slabs)), results)
    for s, (r, offset) in found.items():
        assert slabs[s].last < results[r].first
        assert offset % ALIGNED == 0
        assert offset + slabs[s].nbytes <= results[r].nbytes
    for (s, one), (t, other) in combinations(found.items(), 2):
        apart = one.offset + slabs[s].nbytes <= other.offset or other.offset + slabs[t].nbytes <= one.offset
        assert one.result != other.result or apart


def before_a_product() -> Graph:
    """Two products in turn whose result is handed out."""
    hand = Hand(BIG)
    inner = hand(matmul, hand(sin, 0), hand(exp, 0))
    return hand.graph(hand(matmul, hand(sin, inner), inner))


def test_values_that_die_before_the_result_take_no_memory_of_their_own() -> None:
    memory: Memory = plan_memory(before_a_product(), 0)
    assert memory.results == (BIG,)
    in_result = {i for i, buffer in memory.buffers.items() if buffer.result}
    assert len(in_result) == 2  # the result itself, and one of the operands of the first product
    assert memory.nbytes == 2 * BIG.nbytes
    assert {buffer.slab for buffer in memory.buffers.values() if not buffer.result} == {0, 1}


def test_what_is_viewed_stays_in_the_arena_where_views_are_made_once() -> None:
    hand = Hand(BIG)
    one = hand(sin, 0)
    inner = hand(matmul, hand(permute, one, axes=(1, 0)), one)
    memory = plan_memory(hand.graph(hand(matmul, inner, 0)), 0)
    assert not memory.buffers[one].result


def test_a_program_gives_the_same_bits_again_and_again_whoever_keeps_its_results() -> None:
    graph = before_a_product()
    program, x = compile_program(graph), np.random.default_rng(0).normal(size=BIG.shape)
    (expected,) = evaluate(graph, [x])
    kept = [program(x)[0] for _ in range(3)]
    for _ in range(3):
        (found,) = program(2.0 * x)
        del found
    for result in kept:
        assert result.tobytes() == expected.tobytes()


@pytest.mark.usefixtures("all_are_large")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_random_gradients_keep_their_bits(data: st.DataObject) -> None:
    program: Program = data.draw(programs("float64"))
    graph = run_passes(differentiate(program.graph, range(program.graph.first)))
    run = compile_program(graph)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected: Any = evaluate(graph, program.values)
        first = run(*program.values)
        second = run(*program.values)
    for results in (first, second):
        for one, other in zip(results, expected, strict=True):
            np.testing.assert_array_equal(one, other)
