"""When a graph is worth optimising: by how often it was seen, and by the work that threads could share."""

from __future__ import annotations

import pytest

from backprop.scheduler.tape.policy import OFTEN, WORTH_SHARING, is_worth_optimising


@pytest.mark.parametrize("seen", range(1, OFTEN))
def test_what_is_new_and_small_is_not(seen: int) -> None:
    assert not is_worth_optimising(seen, 0.0)
    assert not is_worth_optimising(seen, WORTH_SHARING / 2)


@pytest.mark.parametrize("seen", [OFTEN, OFTEN + 1, 100])
def test_what_was_seen_often_is(seen: int) -> None:
    assert is_worth_optimising(seen, 0.0)


def test_what_threads_could_share_is_from_the_first_time_on() -> None:
    assert is_worth_optimising(1, WORTH_SHARING)
