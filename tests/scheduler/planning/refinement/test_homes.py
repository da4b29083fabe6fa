"""Plans whose tasks run where their data is: the same bits, one home for a task, and no more tasks than needed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import backprop as bp
from backprop.api.preparing.courses import planned
from backprop.scheduler.executors.serial import Serial
from backprop.scheduler.machine.cost import Machine
from backprop.scheduler.planning.checks import verify_plan
from backprop.scheduler.planning.plan import Plan, PlanInput
from backprop.scheduler.planning.refinement.homes import at_homes
from backprop.scheduler.planning.target import Target

COUNT = 8
RNG = np.random.default_rng(18)
PARTS = [RNG.normal(size=(100, 20)) for _ in range(COUNT)]
W = RNG.normal(size=20)


def in_turn(w: Any, *parts: Any) -> Any:
    """A sum over branches."""
    return sum(np.mean(np.tanh(x @ w) ** 2) for x in parts)


def of_all(w: Any, *parts: Any) -> Any:
    """No branch can go back before all went forward."""
    return np.log(sum(np.mean(np.exp(x @ w)) for x in parts))


def chained(w: Any, *parts: Any) -> Any:
    """Each part waits for the one before."""
    for x in parts:
        w = np.tanh(x.T @ (x @ w) / 100)
    return np.sum(w)


def plan(f: Callable[..., Any], workers: int, slower: float = 1e3) -> Plan:
    graph = bp.compile(bp.grad(f), executor=bp.Serial()).graph(W, *PARTS)
    return planned(graph, Target(workers, 1e-4, Machine().slower(slower), False), False).plan


def homes_of(plan: Plan, homes: Sequence[int]) -> tuple[tuple[int, int], ...]:
    large = [k for k, t in enumerate(plan.inputs) if t.nbytes == PARTS[0].nbytes]
    return tuple(zip(large, homes, strict=True))


def homes_read(plan: Plan, homes: tuple[tuple[int, int], ...]) -> list[set[int]]:
    known = dict(homes)
    return [{known[s.index] for s in t.args if isinstance(s, PlanInput) and s.index in known} for t in plan.tasks]


def same_bits(a: Plan, b: Plan) -> bool:
    values = [W, *PARTS] if a.inputs[0].nbytes == W.nbytes else [*PARTS, W]
    results = [[np.asarray(result).tobytes() for result in Serial().run(each, values)] for each in (a, b)]
    return results[0] == results[1]


@pytest.mark.parametrize("f", [in_turn, of_all, chained])
@given(st.lists(st.integers(0, 3), min_size=COUNT, max_size=COUNT), st.sampled_from([1, 2, 4]))
def test_a_task_has_data_of_one_home_and_the_bits_stay(f: Callable[..., Any], homes: list[int], workers: int) -> None:
    whole = plan(f, workers)
    where = homes_of(whole, homes)
    found = verify_plan(at_homes(whole, where))
    assert same_bits(whole, found)
    assert max(map(len, homes_read(found, where))) == 1


@pytest.mark.parametrize("homes", [(0, 1) * 4, (0,) * 4 + (1,) * 4, (0, 1, 2, 3) * 2], ids=str)
def test_the_branches_of_a_home_are_one_task_forward_and_back(homes: tuple[int, ...]) -> None:
    whole = plan(in_turn, 1)
    assert len(whole.tasks) == 1
    where = homes_of(whole, homes)
    found = homes_read(at_homes(whole, where), where)
    assert sorted(map(len, found)) == [0] * (len(found) - len(set(homes))) + [1] * len(set(homes))


def test_a_branch_that_waits_for_all_goes_back_at_its_home() -> None:
    whole = plan(of_all, 1)
    where = homes_of(whole, (0, 1) * 4)
    found = homes_read(at_homes(whole, where), where)
    assert [homes for homes in found if homes] == [{0}, {1}, {0}, {1}]


def test_what_is_all_at_one_home_stays_whole() -> None:
    whole = plan(in_turn, 2)
    assert at_homes(whole, homes_of(whole, (1,) * 8)) is whole


def test_a_cut_that_takes_longer_than_moving_the_data_is_not_made() -> None:
    whole = plan(in_turn, 1, slower=1e-3)
    assert at_homes(whole, homes_of(whole, (0, 1) * 4)) is whole
