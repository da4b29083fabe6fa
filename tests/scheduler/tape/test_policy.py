"""When a graph is worth optimising: by how often it was seen, and by the work that threads could share."""

from __future__ import annotations

import pytest

from backprop.scheduler.tape.policy import OFTEN, OPTIMISING_S, is_seen_often, pays_at_once


def test_a_graph_is_optimised_when_it_was_seen_often() -> None:
    assert [is_seen_often(seen) for seen in range(1, OFTEN + 2)] == [False] * (OFTEN - 1) + [True] * 2


@pytest.mark.parametrize(
    ("work_s", "span_s", "workers", "pays"),
    [
        (1.0, 0.1, 2, True),
        (1.0, 0.1, 1, False),  # nobody to share with
        (1.0, 1.0, 8, False),  # a chain
        (0.0, 0.0, 8, False),
        (300 * OPTIMISING_S, 0.0, 2, True),
        (100 * OPTIMISING_S, 0.0, 2, False),  # too little to gain
        (100 * OPTIMISING_S, 99 * OPTIMISING_S, 64, False),
    ],
)
def test_what_threads_would_share_is_optimised_at_once(work_s: float, span_s: float, workers: int, pays: bool) -> None:
    assert pays_at_once(100, work_s, span_s, workers) is pays
