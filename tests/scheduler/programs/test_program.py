from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from backprop.errors import Source
from backprop.graph.graph import Graph
from backprop.ops.arrays.accumulate import accumulate
from backprop.ops.arrays.joins import concat_along
from backprop.ops.arrays.tuples import item, make_tuple
from backprop.ops.arrays.views import permute, reshape_to
from backprop.ops.core.op import Op
from backprop.ops.core.types import TupleType, array_type, scalar_type, type_of
from backprop.ops.elementwise.arithmetic import add, multiply
from backprop.ops.elementwise.conversion import cast
from backprop.ops.elementwise.trigonometric import sin
from backprop.ops.linear_algebra.products import matmul
from backprop.ops.reductions.reductions import reduce_sum
from backprop.scheduler.programs.code_generation import Code, generate
from backprop.scheduler.programs.limits import LONGEST
from backprop.scheduler.programs.program import Program, compile_program
from backprop.scheduler.programs.step_loop import loop_over
from backprop.scheduler.programs.steps import Steps, steps_of
from tests.scheduler.graphs import Hand, branches, meaning

F8 = np.dtype("float64")
BIG = array_type((40, 40), F8)


def by_code(graph: Graph) -> Program:
    return Program(generate(steps_of(graph, compile_program)), graph)


def by_loop(graph: Graph) -> Program:
    return Program(loop_over(steps_of(graph, compile_program)), graph)


Maker = Callable[[Graph], Program]
both = pytest.mark.parametrize("make", [by_code, by_loop])


def values_of(graph: Graph) -> list[Any]:
    rng = np.random.default_rng(0)
    return [rng.standard_normal(t.shape) for t in graph.inputs]  # type: ignore[attr-defined]


def assert_means_the_same(make: Maker, graph: Graph) -> None:
    values = values_of(graph)
    kept = [value.copy() for value in values]
    got = make(graph)(*values)
    for a, b in zip(got, meaning(graph, *values), strict=True):
        np.testing.assert_array_equal(a, b)
        assert type(a) is type(b)
    for value, before in zip(values, kept, strict=True):
        np.testing.assert_array_equal(value, before)


@both
def test_branches(make: Maker) -> None:
    assert_means_the_same(make, branches(3, 20, 500))


@both
def test_random_graphs(make: Maker) -> None:
    for seed in range(30):
        assert_means_the_same(make, random_graph(seed))


def random_graph(seed: int) -> Graph:
    rng = np.random.default_rng(seed)
    hand = Hand(BIG, BIG)
    ids = [0, 1]
    for _ in range(25):
        a, b, c = (int(i) for i in rng.choice(ids, 3))
        match rng.integers(6):
            case 0:
                ids.append(hand(add, a, b))
            case 1:
                ids.append(hand(sin, a))
            case 2:
                ids.append(hand(permute, a, axes=(1, 0)))
            case 3:
                ids.append(hand(accumulate, a, b, c))
            case 4:
                ids.append(hand(item, hand(make_tuple, a, b), index=1))
            case _:
                ids.append(hand(reshape_to, hand(reshape_to, a, shape=(1600,)), shape=(40, 40)))
    return hand.graph(*(int(i) for i in rng.choice(ids, 3)))


@both
def test_outputs_are_contiguous_and_so_are_operands_of_ops(make: Maker) -> None:
    seen: list[bool] = []

    def look(x: Any) -> Any:
        seen.append(x.flags.c_contiguous)
        return x.copy()

    hand = Hand(BIG)
    turned = hand(permute, 0, axes=(1, 0))
    summed = hand(add, turned, turned)
    graph = hand.graph(hand(Op("look", lambda t: t, look), summed), turned)
    assert all(value.flags.c_contiguous for value in make(graph)(*values_of(graph)))
    assert seen == [True]


@both
def test_items_of_a_tuple_are_contiguous(make: Maker) -> None:
    pair = Op("pair", lambda t: type_of((np.zeros((40, 40)),)), lambda x: (np.asfortranarray(x),))
    hand = Hand(BIG)
    graph = hand.graph(hand(item, hand(pair, 0), index=0))
    (got,) = make(graph)(*values_of(graph))
    assert got.flags.c_contiguous


@both
def test_an_exception_leaves_a_program_usable(make: Maker) -> None:
    def fail(x: Any) -> Any:
        if x.sum() < 0:
            raise ValueError
        return x + 1

    hand = Hand(BIG)
    program = make(hand.graph(hand(sin, hand(Op("fail", lambda t: t, fail), hand(sin, hand(sin, 0))))))
    with pytest.raises(ValueError):
        program(-np.ones((40, 40)))
    (got,) = program(np.ones((40, 40)))
    np.testing.assert_array_equal(got, np.sin(np.sin(np.sin(np.ones((40, 40)))) + 1))


@both
def test_results_of_an_earlier_run_stay_as_they_are(make: Maker) -> None:
    hand = Hand(BIG)
    twice = hand(add, 0, 0)
    program = make(hand.graph(twice, hand(sin, twice)))
    first = program(np.ones((40, 40)))
    kept = [value.copy() for value in first]
    row = program(np.full((40, 40), 2.0))[0][3]  # a view, of an array that nobody else holds
    program(np.full((40, 40), 3.0))
    for value, copy in zip(first, kept, strict=True):
        np.testing.assert_array_equal(value, copy)
    np.testing.assert_array_equal(row, np.full(40, 4.0))


@both
def test_one_program_runs_in_many_threads_at_once(make: Maker) -> None:
    graph = branches(2, 40, 3000)
    program = make(graph)
    inputs = [[np.full(3000, k / 10 + b) for b in range(2)] for k in range(16)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda values: program(*values)[0], inputs * 4))
    for got, values in zip(answers, inputs * 4, strict=True):
        np.testing.assert_array_equal(got, meaning(graph, *values)[0])


@both
def test_pieces_of_several_dtypes(make: Maker) -> None:
    hand = Hand(BIG)
    small = hand(cast, hand(sin, 0), dtype="float32")
    pieces = [small, hand(sin, 0), hand(cast, 0, dtype="int64"), hand(multiply, 0, 0)]
    assert_means_the_same(make, hand.graph(hand(concat_along, *pieces, axis=0)))


@both
def test_an_op_may_hand_back_its_operand_or_a_view_of_it(make: Maker) -> None:
    same = Op("same", lambda t: t, lambda x: x)
    view = Op("view", lambda t: t, lambda x: x.reshape(-1).reshape(x.shape))
    pair = Op("pair", lambda t: TupleType((t, t)), lambda x: (x, x.T))
    hand = Hand(BIG)
    first = hand(sin, 0)
    kept = [hand(same, first), hand(view, hand(sin, first)), hand(pair, hand(sin, hand(sin, first)))]
    later = hand(add, hand(sin, hand(add, 0, 0)), hand(sin, hand(multiply, 0, 0)))
    parts = [*kept[:2], hand(item, kept[2], index=0), hand(item, kept[2], index=1)]
    assert_means_the_same(make, hand.graph(*[hand(add, part, later) for part in parts], *parts))


@both
def test_pieces_of_a_concatenation(make: Maker) -> None:
    hand = Hand(BIG, BIG)
    pieces = [hand(sin, 0), 1, hand(matmul, 0, 1), hand(permute, hand(sin, 1), axes=(1, 0)), hand(sin, 0)]
    inner = hand(concat_along, *pieces, axis=0)
    again = hand(sin, hand(concat_along, *pieces[:2], inner, axis=0))
    assert_means_the_same(make, hand.graph(hand(concat_along, again, pieces[2], axis=0), hand(sin, pieces[4])))
    assert_means_the_same(make, hand.graph(inner, hand(concat_along, hand(add, 0, 1), hand(add, 1, 1), axis=0)))


@both
def test_a_buffer_with_a_live_view_is_not_overwritten(make: Maker) -> None:
    hand = Hand(BIG)
    base = hand(sin, 0)
    view = hand(permute, base, axes=(1, 0))
    assert_means_the_same(make, hand.graph(hand(add, hand(sin, base), view)))


@both
def test_the_third_term_of_a_sum_is_not_overwritten(make: Maker) -> None:
    hand = Hand(BIG)
    terms = [hand(sin, 0), hand(add, 0, 0), hand(multiply, 0, 0)]
    assert_means_the_same(make, hand.graph(hand(accumulate, 0, 0, *terms), hand(accumulate, *terms[:1] * 3)))


@both
def test_a_weak_literal_keeps_the_dtype_of_its_company(make: Maker) -> None:
    hand = Hand(array_type((3,), np.dtype("float32")))
    (got,) = make(hand.graph(hand(multiply, 0, hand.literal(2.0))))(np.ones(3, np.float32))
    assert got.dtype == np.float32


@both
def test_scalars_stay_scalars(make: Maker) -> None:
    hand = Hand(BIG)
    total = hand(reduce_sum, 0, axes=(0, 1), keepdims=False)
    (got,) = make(hand.graph(hand(sin, total)))(np.ones((40, 40)))
    assert isinstance(got, np.float64)
    assert type_of(got) == scalar_type(F8)


@both
def test_an_exception_arrives_as_itself_with_a_note(make: Maker) -> None:
    raised = KeyError("mine")

    def fail(x: Any) -> Any:
        raise raised

    hand = Hand(BIG)
    bad = hand(Op("fail", lambda t: t, fail), hand(sin, 0), source=Source("user.py", 12, "f"))
    with pytest.raises(KeyError) as caught:
        make(hand.graph(hand(sin, bad)))(np.ones((40, 40)))
    assert caught.value is raised
    (note,) = raised.__notes__
    assert "fail(float64[40, 40])" in note
    assert "user.py:12 in f" in note


def test_equal_graphs_share_code_but_not_notes() -> None:
    def graph(line: int) -> Graph:
        hand = Hand(BIG)
        return hand.graph(hand(sin, 0, source=Source("user.py", line, "f")))

    one, two = compile_program(graph(1), "bp-0"), compile_program(graph(2), "bp-1")
    assert one.code is two.code
    assert "user.py:1 " in one.note(1)
    assert "user.py:2 in f, in task bp-1" in two.note(1)


def test_long_graphs_run_by_a_loop() -> None:
    long = branches(1, 2 * LONGEST, 3)
    assert compile_program(long).code.text == ""
    assert compile_program(branches(1, 10, 3)).code.text != ""
    assert_means_the_same(compile_program, long)


def test_dead_values_are_let_go() -> None:
    hand = Hand(BIG)
    look = Op("look", lambda t: t, lambda x: x.copy())
    code = generate(steps_of(hand.graph(hand(add, hand(look, 0), hand(look, 0))), compile_program))
    assert "; r1 = None" in code.text


def test_a_graph_without_nodes_or_outputs() -> None:
    assert compile_program(Graph((BIG,), (), (0, 0)))(1) == (1, 1)
    assert compile_program(Graph((), (), ()))() == ()


@pytest.mark.parametrize("write", [generate, loop_over])
def test_results_are_written_over_arguments_that_nobody_else_reads(write: Callable[[Steps], Code]) -> None:
    hand = Hand(BIG, BIG, BIG, BIG)
    total = hand(accumulate, 0, 1, 2)
    turned = hand(permute, 3, axes=(1, 0))
    graph = hand.graph(hand(sin, total), hand(multiply, turned, 3), hand(reduce_sum, total, axes=(0,), keepdims=False))
    values = values_of(graph)
    expected = meaning(graph, *values)
    kept = [value.copy() for value in values]
    run = Program(write(steps_of(graph, compile_program, frozenset({0, 1, 3}))), graph)
    results = run(*values)
    for got, wanted in zip(results, expected, strict=True):
        np.testing.assert_array_equal(got, wanted)
    for value, before in zip(values[1:], kept[1:], strict=True):
        np.testing.assert_array_equal(value, before)
    assert results[0] is not values[0]  # a value is read after the result that could be written over it
    over = Hand(BIG, BIG)
    run = Program(write(steps_of(over.graph(over(add, 0, 1)), compile_program, frozenset({1}))), over.graph(2))
    assert run(*values[:2])[0] is values[1]
