"""Random graphs mean the same to the oracle, to every pass, to every executor and under every partition."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import backprop as bp
from backprop.graph.autodiff.differentiate import differentiate
from backprop.graph.evaluate import evaluate
from backprop.graph.graph import Graph
from backprop.graph.passes import DEFAULT_PASSES, Pass, run_passes
from backprop.graph.passes.peephole.broadcasts import drop_broadcast
from backprop.graph.passes.peephole.constant_folding import fold_constants
from backprop.graph.passes.peephole.identities import drop_identity
from backprop.graph.passes.peephole.seams import take_from_part
from backprop.graph.passes.peephole.simplify import simplify
from backprop.graph.passes.peephole.sum_trees import balance_sum
from backprop.graph.rewrite import rewritten
from backprop.graph.verify import verify
from backprop.scheduler.executors.serial import Serial
from backprop.scheduler.executors.threads import Threads
from backprop.scheduler.planning.checks import verify_plan
from backprop.scheduler.planning.host_pinned import Groups
from backprop.scheduler.planning.partition import partition
from backprop.scheduler.planning.planner import make_plan
from tests import reference
from tests.strategies import Program, programs

EXECUTORS = {"serial": Serial(), **{f"threads-{n}": Threads(n) for n in (1, 2, 4)}}

RULES = (fold_constants, drop_identity, drop_broadcast, balance_sum, take_from_part)  # of the pass `simplify`


def joint(program: Program) -> Graph:
    return differentiate(verify(program.graph), range(program.graph.first))


def same_bits(found: Any, expected: Any) -> None:
    for a, b in zip(found, expected, strict=True):
        assert (np.shape(a), np.asarray(a).dtype) == (np.shape(b), np.asarray(b).dtype)
        assert np.asarray(a).tobytes() == np.asarray(b).tobytes()


def close(found: Any, expected: Any, tolerance: float) -> None:
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


@given(programs())
def test_the_value_and_the_gradient_are_those_of_the_oracle(program: Program) -> None:
    count = len(program.graph.outputs)
    results = evaluate(joint(program), program.values)
    close(results[:count], reference.run(program.graph, program.values), 1e-10)
    close(results[count:], reference.gradient(program.graph, program.values), 1e-9)


@given(programs("float32"))
def test_the_gradient_in_single_precision(program: Program) -> None:
    count = len(program.graph.outputs)
    results = evaluate(joint(program), program.values)
    assert [g.dtype for g in results[count:]] == [np.float32] * len(program.values)
    close(results[:count], reference.run(program.graph, program.values), 1e-3)


@given(programs())
def test_the_gradient_through_the_public_verb(program: Program) -> None:
    scalar = Graph(program.graph.inputs, program.graph.nodes, program.graph.outputs[:1])
    gradients = bp.grad(scalar, argnums=range(scalar.first))(*program.values)
    close(gradients, reference.gradient(scalar, program.values), 1e-9)


@pytest.mark.parametrize("step", dict.fromkeys((*DEFAULT_PASSES, rewritten)), ids=lambda step: step.__name__)
@given(program=st.sampled_from(["float64", "float32"]).flatmap(programs))
def test_a_pass_keeps_the_meaning(step: Any, program: Program) -> None:
    keeps_the_meaning(step, program, exactly=step is not simplify)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@given(program=st.sampled_from(["float64", "float32"]).flatmap(programs))
def test_a_rule_of_the_peephole_pass_keeps_the_meaning(rule: Any, program: Program) -> None:
    keeps_the_meaning(lambda graph: rewritten(graph, rule), program, exactly=rule is not balance_sum)


def keeps_the_meaning(step: Pass, program: Program, exactly: bool) -> None:
    graph = joint(program)
    expected = evaluate(graph, program.values)
    after = verify(step(graph))
    assert after.inputs == graph.inputs
    found = evaluate(after, program.values)
    if exactly:
        same_bits(found, expected)
    else:
        close(found, expected, 1e-5 if program.values[0].dtype == np.float32 else 1e-12)


@given(programs())
def test_all_passes_keep_the_meaning_and_a_second_time_changes_nothing(program: Program) -> None:
    graph = joint(program)
    once = run_passes(graph)
    close(evaluate(once, program.values), evaluate(graph, program.values), 1e-12)
    assert len(run_passes(once)) <= len(once)


@pytest.mark.parametrize("executor", EXECUTORS.values(), ids=EXECUTORS)
@given(program=programs())
def test_each_executor_gives_the_bits_of_evaluate(executor: Any, program: Program) -> None:
    graph = run_passes(joint(program))
    same_bits(executor.run(executor.prepare(graph), program.values), evaluate(graph, program.values))


@st.composite
def partitions(draw: Any, graph: Graph) -> Groups:
    """Any groups of consecutive nodes: from one group to a group for each node."""
    ids = range(graph.first, graph.first + len(graph))
    cuts = [k + 1 for k in range(len(graph) - 1) if draw(st.booleans())]
    edges = [0, *cuts, len(graph)]
    return tuple(tuple(ids[a:b]) for a, b in itertools.pairwise(edges))


@pytest.mark.parametrize("executor", EXECUTORS.values(), ids=EXECUTORS)
@given(program=programs(), data=st.data())
def test_each_partition_gives_the_bits_of_evaluate(executor: Any, program: Program, data: Any) -> None:
    graph = run_passes(joint(program))
    plan = verify_plan(make_plan(graph, data.draw(partitions(graph))))
    same_bits(executor.run(plan, program.values), evaluate(graph, program.values))


@pytest.mark.parametrize("workers", [1, 2, 4])
@given(program=programs())
def test_the_partitioner_keeps_the_bits_where_tasks_cost_nothing(workers: int, program: Program) -> None:
    graph = run_passes(joint(program))
    plan = verify_plan(make_plan(graph, partition(graph, workers, 0.0)))
    same_bits(Threads(workers).run(plan, program.values), evaluate(graph, program.values))


def test_the_oracle_knows_a_derivative() -> None:
    builder = bp.GraphBuilder()
    x = builder.input("x", bp.ArrayType((3,)))
    builder.output(bp.ops.sum(bp.ops.exp(x) * x))
    value = np.array([0.5, -1.0, 2.0])
    (slope,) = reference.gradient(builder.build(), (value,))
    np.testing.assert_allclose(slope, np.exp(value) * (1 + value), rtol=1e-14, atol=1e-15)
