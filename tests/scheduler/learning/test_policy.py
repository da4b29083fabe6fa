"""What is measured of a plan's next run: every step of the way, without a clock."""

from __future__ import annotations

import pytest

from backprop.scheduler.learning.policy import (
    CUTS,
    OFF,
    TIMED,
    UNWATCHED,
    WATCHED,
    Learnt,
    Step,
    Took,
    has_run,
    off,
    pays_beside,
    pays_to_cut,
    was_cut,
    was_slowed,
    was_timed,
    was_watched,
)


def started(known: Learnt) -> Learnt:
    """What is known after the runs that are not timed."""
    for _ in range(UNWATCHED):
        assert known.next is Step.RUN
        known = has_run(known)
    return known


def watched(known: Learnt, seconds: tuple[float, ...], predicted: tuple[float, ...]) -> Learnt:
    """What is known after the first runs and all that are watched."""
    known = started(known)
    while known.next is Step.WATCH:
        known = was_watched(known, Took(seconds, seconds), predicted)
    assert known.watched <= WATCHED
    return known


def test_the_first_runs_are_not_measured() -> None:
    assert started(Learnt()).seconds == ()


def test_a_plan_that_is_right_is_left_alone() -> None:
    for known, took, predicted in ((Learnt(), (1.0,), (1.2,)), (Learnt(cuts=1), (1.0, 2.0), (1.2, 1.6))):
        known = watched(known, took, predicted)
        assert (known.next, known.seconds) == (Step.LEAVE, took)


def test_nodes_of_several_tasks_are_timed_once_in_any_case_as_a_single_one_may_be_quicker() -> None:
    assert watched(Learnt(), (1.0, 2.0), (1.2, 1.6)).next is Step.TIME_NODES


@pytest.mark.parametrize("took", [1.0 * OFF + 0.1, 1.0 / OFF - 0.1])
def test_a_plan_that_is_off_has_its_nodes_timed_and_is_cut_a_few_times_at_most(took: float) -> None:
    known = Learnt()
    for cut in range(CUTS):
        known = watched(known, (took, 1.0), (1.0, 1.0))
        assert (known.next, known.cuts) == (Step.TIME_NODES, cut)
        known = was_cut(known)
    assert watched(known, (took, 1.0), (1.0, 1.0)).next is Step.LEAVE


def test_a_plan_that_is_off_is_left_where_more_than_new_predictions_does_not_pay() -> None:
    known = started(Learnt())
    for _ in range(WATCHED):
        known = was_watched(known, Took((9.0, 1.0), (9.0, 1.0)), (1.0, 1.0), pays=False)
    assert (known.next, known.seconds) == (Step.LEAVE, (9.0, 1.0))


def test_a_plan_that_is_off_has_been_cut_anew_after_five_calls() -> None:
    known = watched(Learnt(), (9.0, 1.0), (1.0, 1.0))
    assert (known.next, UNWATCHED + known.watched + TIMED) == (Step.TIME_NODES, 5)


def test_the_least_of_the_runs_counts() -> None:
    known = started(Learnt(cuts=1))
    for took in ((1.4, 1.0), (1.0, 1.4)):
        known = was_watched(known, Took(took, took), (1.0, 1.0))
    assert (known.next, known.seconds) == (Step.LEAVE, (1.0, 1.0))


def test_nodes_are_timed_in_several_runs_and_the_least_of_each_counts() -> None:
    known = watched(Learnt(), (9.0, 1.0), (1.0, 1.0))
    for run in range(TIMED):
        assert (known.next, known.timed) == (Step.TIME_NODES, run)
        known = was_timed(known, {0: (1.0 + run, 9.0 - run)})
    assert (known.timed, known.nodes) == (TIMED, {0: (1.0, 10.0 - TIMED)})
    assert was_cut(known) == Learnt(cuts=1, slowed=known.slowed)


def test_how_much_tasks_slow_each_other_down_is_kept_when_the_graph_is_cut_anew() -> None:
    known = was_slowed(was_slowed(Learnt(), 3.0, 2.0), 2.0, 2.0)
    assert (known.slowed, was_cut(known).slowed) == (1.5, 1.5)
    assert was_slowed(Learnt(), 1.0, 0.0).slowed == 1.0


@pytest.mark.parametrize(
    ("slowed", "span", "pays"), [(1.0, 5.0, True), (1.9, 5.0, True), (2.1, 5.0, False), (1.3, 8.0, False)]
)
def test_tasks_pay_where_they_end_sooner_in_spite_of_it(slowed: float, span: float, pays: bool) -> None:
    assert pays_beside(slowed, 10.0, span, 2) is pays


def test_what_takes_too_little_to_be_shared_is_cut_once_only() -> None:
    known = was_cut(watched(Learnt(), (1e-6,), (1.0,)))
    assert watched(known, (1e-6,), (1e-5,)).next is Step.LEAVE
    assert watched(known, (1e-1,), (1e-5,)).next is Step.TIME_NODES


def test_what_is_short_may_be_off() -> None:
    assert off((100.0, 3.0), (100.0, 1.0)) == ()
    assert off((100.0, 30.0), (100.0, 1.0)) == (1,)
    assert off((100.0, 1.0), (100.0, 30.0)) == (1,)  # one that others wait for less than was thought


@pytest.mark.parametrize(
    ("nodes", "seconds", "workers", "pays"),
    [(100, 1.0, 2, True), (100, 1.0, 1, False), (10**6, 1e-2, 2, False), (10**6, 10.0, 2, True)],
)
def test_a_graph_is_cut_anew_where_runs_will_pay_for_it(nodes: int, seconds: float, workers: int, pays: bool) -> None:
    assert pays_to_cut(nodes, seconds, workers) is pays
