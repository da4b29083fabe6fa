"""When a graph is worth optimising: by what a run gains, and by the work that threads could share."""

from __future__ import annotations

import pytest

from backprop.scheduler.tape.policy import OPTIMISING_S, TAPE_S, calls_that_pay

NODES = 100
COST_S = NODES * OPTIMISING_S


@pytest.mark.parametrize(
    ("work_s", "span_s", "workers", "at_once"),
    [
        (1.0, 0.1, 2, True),
        (COST_S, 0.1 * COST_S, 1, False),  # nobody to share with
        (COST_S, COST_S, 8, False),  # a chain
        (0.0, 0.0, 8, False),
        (3 * COST_S, 0.0, 2, True),
        (COST_S, 0.0, 2, False),  # too little to gain
        (COST_S, 0.99 * COST_S, 64, False),
    ],
)
def test_what_threads_would_share_is_optimised_at_once(
    work_s: float, span_s: float, workers: int, at_once: bool
) -> None:
    assert (calls_that_pay(NODES, work_s, span_s, workers) == 1) is at_once


def test_optimising_has_been_paid_for_by_what_the_runs_so_far_would_have_gained() -> None:
    calls = calls_that_pay(NODES, 0.0, 0.0, 2)
    assert (calls - 1) * TAPE_S < OPTIMISING_S <= calls * TAPE_S


def test_how_long_a_chain_is_does_not_matter_but_what_its_nodes_do() -> None:
    assert calls_that_pay(10, 0.0, 0.0, 2) == calls_that_pay(10**6, 0.0, 0.0, 2)
    assert calls_that_pay(NODES, COST_S, COST_S, 2) < calls_that_pay(NODES, 0.0, 0.0, 2)
