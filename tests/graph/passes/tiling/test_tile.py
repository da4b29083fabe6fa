"""Blocks: large arrays are computed a block of rows at a time, with the same meaning."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given

import backprop as bp
from backprop import ops
from backprop.graph.autodiff.differentiate import differentiate
from backprop.graph.evaluate import evaluate
from backprop.graph.graph import Graph
from backprop.graph.passes import DEFAULT_PASSES, LAST_PASSES, run_passes
from backprop.graph.passes.tiling.tile import tile_rows
from backprop.graph.passes.tiling.tile_groups import Sizes, tile_groups
from backprop.graph.verify import verify
from backprop.ops.arrays.joins import concat_along
from backprop.ops.core.op import Kind
from backprop.ops.linear_algebra.products import row_dot
from backprop.scheduler.executors.serial import Serial
from backprop.scheduler.executors.threads import Threads
from backprop.scheduler.planning.checks import verify_plan
from backprop.scheduler.planning.plan import Plan
from backprop.scheduler.planning.planner import make_plan
from tests.strategies import Program, programs

TINY = Sizes(elements=2, flops=8, block=1, product_rows=1)
SMALL = Sizes(elements=64, flops=1e3, block=16, product_rows=4)
N, M = 32, 8


def graph_of(make: Any, *shapes: tuple[int, ...]) -> Graph:
    builder = bp.GraphBuilder()
    made = make(*[builder.input(f"x{k}", bp.ArrayType(shape)) for k, shape in enumerate(shapes)])
    for output in made if isinstance(made, tuple) else (made,):
        builder.output(output)
    return builder.build()


def gradient_of(make: Any, *shapes: tuple[int, ...]) -> Graph:
    graph = graph_of(make, *shapes)
    return run_passes(differentiate(graph, range(graph.first)), DEFAULT_PASSES)


def values_of(graph: Graph) -> list[Any]:
    rng = np.random.default_rng(3)  # anew: the values do not depend on the order of tests
    return [0.5 * rng.normal(size=t.shape) for t in graph.inputs]  # type: ignore[attr-defined]


def split(graph: Graph, sizes: Sizes = SMALL) -> Graph:
    return verify(tile_rows(graph, sizes))


def names(graph: Graph) -> Counter[str]:
    return Counter(node.op.name for node in graph.nodes)


def computed_sizes(graph: Graph) -> list[int]:
    """The elements of each result that is no view and no join."""
    nodes = [node for node in graph.nodes if node.op.kind is not Kind.VIEW and node.op is not concat_along]
    return [node.type.size for node in nodes]  # type: ignore[attr-defined]


def assert_close(one: Graph, other: Graph) -> None:
    values = values_of(one)
    for a, b in zip(evaluate(one, values), evaluate(other, values), strict=True):
        assert np.shape(a) == np.shape(b)
        assert np.asarray(a).dtype == np.asarray(b).dtype
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)


# What is split.


def test_a_graph_without_large_arrays_stays_the_same_object() -> None:
    graph = gradient_of(lambda x: ops.sum(np.sin(x) ** 2), (N, M))
    assert tile_rows(graph) is graph


def test_an_elementwise_chain_has_the_same_bits() -> None:
    graph = graph_of(lambda x, y: np.tanh(np.sin(x) * 2.0 + y) / (1.0 + x * x), (N, M), (M,))
    after = split(graph)
    assert names(after)["concat_along"] == 1
    assert max(computed_sizes(after)) == N * M // 16
    values = values_of(graph)
    assert evaluate(after, values)[0].tobytes() == evaluate(graph, values)[0].tobytes()


def test_a_chain_runs_block_by_block() -> None:
    after = split(graph_of(lambda x: np.cos(np.sin(x) * 2.0), (N, M)))
    order = [node.op.name for node in after.nodes if node.op.kind is Kind.ELEMENTWISE]
    assert order == ["sin", "multiply", "cos"] * 16


def test_values_between_a_function_and_its_gradient_are_never_whole() -> None:
    graph = gradient_of(lambda x: ops.sum(np.tanh(np.sin(x) * 2.0) ** 2), (N, M))
    after = split(graph)
    assert names(after)["concat_along"] == 1  # the gradient itself
    assert max(computed_sizes(after)) == N * M // 16
    assert_close(graph, after)


def test_after_the_last_passes_few_blocks_live_at_a_time() -> None:
    n = 1 << 22
    graph = gradient_of(lambda x: ops.sum(np.tanh(np.sin(x) * 2.0) ** 2), (n,))
    assert peak(run_passes(graph, LAST_PASSES)) < 2.2 * n  # the blocks of the gradient, and it as a whole


def peak(graph: Graph) -> int:
    """The most elements of results that live at a time, views aside."""
    last = {i: k for k, node in enumerate(graph.nodes) for i in node.inputs}
    dying: dict[int, int] = {}
    live, most = 0, 0
    for k, node in enumerate(graph.nodes):
        size = 0 if node.op.kind is Kind.VIEW else node.type.size  # type: ignore[attr-defined]
        end = last.get(graph.first + k, len(graph))
        dying[end] = dying.get(end, 0) + size
        live += size
        most = max(most, live)
        live -= dying.pop(k, 0)
    return most


def test_what_would_mostly_be_joined_again_is_left() -> None:
    graph = graph_of(np.sin, (N, M))
    assert tile_rows(graph, SMALL) is graph


def test_small_ops_between_large_ones_hand_blocks_on() -> None:
    def f(x: Any) -> Any:
        top = ops.max(x, axis=1, keepdims=True)
        return ops.sum(np.exp(x - np.sqrt(np.sqrt(top**2))))

    graph = graph_of(f, (N, 64 * M))
    after = split(graph, Sizes(elements=N * 64 * M, block=1024))
    assert names(after)["sqrt"] > 2
    assert names(after)["concat_along"] == 0
    assert_close(graph, after)


def test_what_only_blocks_are_read_of_is_computed_by_blocks() -> None:
    graph = graph_of(lambda x, y: ops.sum(np.sin(x) * ops.reshape(np.cos(y) * 2.0, (N, 1))), (N, M), (N,))
    after = split(graph)
    assert names(after)["cos"] > 1
    assert_close(graph, after)


def test_what_is_needed_whole_too_is_not() -> None:
    def f(x: Any, y: Any) -> Any:
        z = np.cos(y)
        return ops.sum(np.sin(x) * z[:, None]), z

    both = graph_of(f, (N, M), (N,))
    assert names(split(both))["cos"] == 1
    assert_close(both, split(both))


def test_constants_are_made_with_fewer_rows() -> None:
    graph = graph_of(lambda x: ops.sum(np.sin(x) * ops.broadcast_to(x[0] + 1.0, (N, M)) + ops.ones_like(x)), (N, M))
    after = split(graph)
    assert max(n for n in computed_sizes(after)) < N * M
    assert_close(graph, after)


def test_columns_that_are_repeated_and_needed_whole_too() -> None:
    def f(x: Any, y: Any) -> Any:
        z = ops.broadcast_to(y, (N, M))
        return ops.sum(np.sin(x) * z), z

    graph = graph_of(f, (N, M), (N, 1))
    assert_close(graph, split(graph))


def test_what_is_not_split_keeps_its_order() -> None:
    def f(x: Any, *ys: Any) -> Any:
        steps = [np.cos, np.exp, np.arctan, np.tanh]
        for step in steps:
            ys = tuple(map(step, ys))
        return ops.sum(np.sin(x) * 2.0), *ys

    graph = graph_of(f, (N, M), *[()] * 5)
    kept = ["cos", "exp", "arctan", "tanh"]
    before, after = ([(n.op.name, n.type) for n in g.nodes if n.op.name in kept] for g in (graph, split(graph)))
    assert before == after


# What merges rows.

MERGING = {
    "sum": ops.sum,
    "sum of columns": lambda x: ops.sum(x, axis=0),
    "sum of rows": lambda x: ops.sum(x, axis=1),
    "mean": ops.mean,
    "mean, axes kept": lambda x: ops.mean(x, axis=0, keepdims=True),
    "max": lambda x: ops.max(x, axis=0),
    "min": ops.min,
    "prod": ops.prod,
    "logsumexp": lambda x: ops.logsumexp(x, axis=0),
    "any": lambda x: ops.any(x > 2.0, axis=0),
    "all": lambda x: ops.all(x > -3.0),
    "var": lambda x: ops.var(x, axis=0),
    "softmax of columns": lambda x: ops.softmax(x, axis=0),
    "softmax of rows": lambda x: ops.softmax(x, axis=1),
    "position": lambda x: ops.argmax(x, axis=0),
}


@pytest.mark.parametrize("reduce", MERGING.values(), ids=MERGING)
def test_reductions(reduce: Any) -> None:
    graph = graph_of(lambda x: reduce(np.sin(x) * 2.0), (N, M))
    after = split(graph)
    assert len(after) > len(graph)
    assert_close(graph, after)


def test_partial_results_are_merged_in_a_binary_tree() -> None:
    after = split(graph_of(lambda x: ops.sum(np.sin(x) * 2.0), (N, M)))
    level = [0] * after.first
    for node in after.nodes:
        level.append(max([level[i] for i in node.inputs], default=0) + (node.op is ops.add))
    assert names(after)["add"] == 15
    assert level[-1] == 4


def test_members_that_need_a_whole_result_come_in_a_later_round() -> None:
    def normed(x: Any) -> Any:
        y = np.exp(x) * 2.0
        z = (y - ops.mean(y)) / ops.std(y, axis=0)
        return ops.sum(np.sin(z * z))

    graph = gradient_of(normed, (N, M))
    assert_close(graph, split(graph))


# Products.


def with_itself(x: Any) -> Any:
    return x @ x


PRODUCTS = {
    "matrices": (lambda x, y: np.tanh(x @ y), [(N, M), (M, 5)]),
    "a vector": (lambda x, y: np.tanh(x @ y), [(N, M), (M,)]),
    "x.T @ y": (lambda x, y: ops.transpose(np.sin(x)) @ np.cos(y), [(N, M), (N, 3)]),
    "x.T @ vector": (lambda x, y: ops.transpose(x) @ np.cos(y), [(N, M), (N,)]),
    "a large x.T @ y": (lambda x, y: ops.transpose(x) @ y, [(N, 2 * N), (N, 2 * N)]),
    "vectors": (lambda x, y: np.sin(x) @ np.cos(y), [(8 * N,), (8 * N,)]),
    "stacks": (lambda x, y: np.sin(x) @ y, [(N, 2, 3), (N, 3, 4)]),
    "with itself": (lambda x: with_itself(np.sin(x)), [(N, N)]),
    "rows": (lambda x, y: row_dot(np.sin(x), y), [(N, M), (M,)]),
}


@pytest.mark.parametrize(("make", "shapes"), PRODUCTS.values(), ids=PRODUCTS)
def test_products(make: Any, shapes: list[tuple[int, ...]]) -> None:
    graph = graph_of(make, *shapes)
    after = split(graph)
    assert len(after) > len(graph)
    assert_close(graph, after)


def layers(w: Any, v: Any, x: Any) -> Any:
    y = x
    for _ in range(3):
        y = np.tanh(y @ w + v)
    return ops.sum(y * y)


def test_layers_hand_blocks_on_from_the_first_product_to_the_last() -> None:
    graph = gradient_of(layers, (M, M), (M,), (N, M))
    after = split(graph)
    assert names(after)["concat_along"] == 1  # the gradient of x
    assert_close(graph, after)


def test_contributions_of_blocks_are_summed_up_before_they_are_merged() -> None:
    after = split(gradient_of(layers, (M, M), (M,), (N, M)))
    (group,) = tile_groups(gradient_of(layers, (M, M), (M,), (N, M)), SMALL)
    blocks = len(group.edges) - 1
    merges = [n for n in after.nodes if n.op is ops.add and n.type == bp.ArrayType((M, M))]
    assert len(merges) == blocks - 1


def test_contributions_of_unlike_batches_are_merged_apart() -> None:
    def loss(w: Any, x: Any, y: Any) -> Any:
        return ops.sum(np.tanh(x @ w)) + ops.sum(np.tanh(y @ w))

    graph = gradient_of(loss, (M, M), (N, M), (3 * N, M))
    assert len(tile_groups(graph, SMALL)) == 2
    assert_close(graph, split(graph))


def test_rows_of_a_merged_result_are_not_mistaken_for_partial_results() -> None:
    def f(x: Any, y: Any) -> Any:
        z = ops.transpose(np.sin(x)) @ np.cos(y)
        return ops.sum(np.exp(z) * 2.0) + ops.sum(z)

    graph = gradient_of(f, (4 * N, 16), (4 * N, 16))
    assert len(tile_groups(graph, SMALL)) > 1
    assert_close(graph, split(graph))


def test_blocks_are_a_power_of_two_and_halves_are_equal() -> None:
    for rows in (100, 1000, 1024, 1500):
        (group,) = tile_groups(graph_of(lambda x: ops.sum(np.sin(x) * 2.0), (rows, 4)), SMALL)
        count = len(group.edges) - 1
        assert count & (count - 1) == 0
        assert (group.edges[0], group.edges[count // 2], group.edges[-1]) == (0, rows // 2, rows)
        assert max(np.diff(group.edges)) - min(np.diff(group.edges)) <= 1


def test_a_product_has_few_blocks_of_many_rows() -> None:
    (group,) = tile_groups(graph_of(lambda x, y: np.tanh(x @ y), (2000, 2000), (2000, 2000)), Sizes())
    assert 256 <= min(np.diff(group.edges)) <= 2000 / 2
    (group,) = tile_groups(graph_of(lambda x, y: np.tanh(x @ y), (10_000, 500), (500, 500)), Sizes())
    assert len(group.edges) - 1 == Sizes().few
    (group,) = tile_groups(graph_of(lambda x, y: np.tanh(x @ y), (100_000, 500), (500, 500)), Sizes())
    assert len(group.edges) - 1 > Sizes().few
    assert min(np.diff(group.edges)) >= 1024
    (group,) = tile_groups(graph_of(lambda x, y: np.tanh(x @ y), (20, 1000, 500), (500, 500)), Sizes())
    assert len(group.edges) - 1 == 16  # a stack of matrices has no least rows


@pytest.mark.parametrize(("count", "blocks"), [(1, 16), (2, 8), (4, 4), (8, 4)])
def test_families_share_the_blocks_that_are_enough_for_threads(count: int, blocks: int) -> None:
    apart = lambda w, *parts: sum(ops.sum(np.tanh(x @ w)) for x in parts)  # noqa: E731
    groups = tile_groups(graph_of(apart, (500, 500), *[(5_000, 500)] * count), Sizes())
    assert [len(group.edges) - 1 for group in groups] == [blocks] * count


def test_a_long_family_has_fewer_blocks() -> None:
    def chain(x: Any) -> Any:
        for _ in range(1000):
            x = np.sin(x)
        return ops.sum(x)

    (group,) = tile_groups(graph_of(chain, (1 << 24,)), Sizes())
    assert len(group.members) * (len(group.edges) - 1) <= 2 * max(Sizes().nodes, 1001 * Sizes().few)


def test_many_families_have_few_blocks_each() -> None:
    """A thousand shards are branches enough; blocks of each would be a graph too large to schedule."""
    shard, count = (1 << 15, 128), 1024
    squares = graph_of(lambda *parts: sum(ops.sum(np.sin(x) * x) for x in parts), *[shard] * count)
    groups = tile_groups(squares, Sizes())
    nodes = sum(len(group.members) * (len(group.edges) - 1) for group in groups)
    assert len(groups) == count
    assert nodes <= Sizes().total
    (alone,) = tile_groups(graph_of(lambda x: ops.sum(np.sin(x) * x), shard), Sizes())
    assert len(alone.edges) > 3 * len(groups[0].edges)


# Random graphs, and who runs them.


def planned(graph: Graph) -> Plan:
    """A plan of a task for every few nodes."""
    ids = range(graph.first, graph.first + len(graph))
    return verify_plan(make_plan(graph, tuple(tuple(ids[k : k + 5]) for k in range(0, len(ids), 5))))


@given(programs(most=12))
def test_random_graphs_keep_their_meaning(program: Program) -> None:
    graph = run_passes(differentiate(program.graph, range(program.graph.first)))
    after = verify(tile_rows(graph, TINY))
    results = evaluate(after, program.values)
    for a, b in zip(results, evaluate(graph, program.values), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9)
    for executor in (Serial(), Threads(2)):
        for a, b in zip(executor.run(planned(after), program.values), results, strict=True):
            assert np.asarray(a).tobytes() == np.asarray(b).tobytes()


def test_a_chain_of_large_products_runs_on_two_workers() -> None:
    graph = run_passes(differentiate(graph_of(layers, (2000, 2000), (2000,), (2000, 2000)), [0, 1]))
    after = split(graph, Sizes())
    plan = Threads(2).prepare(after)
    assert plan.parallelism > 1.8
    assert len(plan.tasks) <= 8


def test_a_large_elementwise_chain_runs_on_two_workers() -> None:
    graph = gradient_of(lambda x: ops.sum(np.tanh(np.sin(x) * 2.0) ** 2), (1 << 21,))
    plan = Threads(2).prepare(split(graph, Sizes()))
    assert plan.parallelism > 1.8
    assert len(plan.tasks) <= 8


def test_the_verbs_split_large_arrays() -> None:
    def f(x: Any) -> Any:
        return np.sum(np.sin(x) ** 2)

    x = np.random.default_rng(3).normal(size=1 << 20)
    plan = bp.compile(bp.grad(f), executor=bp.Threads(2)).plan(x)
    assert sum(node.op is ops.sin for task in plan.tasks for node in task.body.nodes) > 1
    serial, threads = (bp.grad(f, executor=executor)(x) for executor in (bp.Serial(), bp.Threads(2)))
    assert serial.tobytes() == threads.tobytes()
    np.testing.assert_allclose(serial, 2 * np.sin(x) * np.cos(x), rtol=1e-12)
