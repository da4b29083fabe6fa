from __future__ import annotations

import math

import pytest

from benchmarks.targets import Figure, Target, each, ratio, ratio_to_best, seconds, to_bound

MEDIANS = {"ours": 0.3, "hand": 0.5, "jax": 0.4}


@pytest.mark.parametrize(
    ("value", "limit", "mark"),
    [(0.9, 1.0, "ok"), (1.0, 1.0, "ok"), (1.1, 1.0, "SHORT"), (None, 1.0, "-"), (3.0, None, "-")],
)
def test_what_is_above_its_limit_falls_short(value: float | None, limit: float | None, mark: str) -> None:
    assert Figure("f", value, limit).mark == mark


def test_a_ratio_is_of_two_medians() -> None:
    assert ratio("r", "ours", "hand", 0.5).figure(MEDIANS) == Figure("r", 0.6, 0.5)


def test_a_figure_of_what_was_not_run_has_no_value() -> None:
    assert ratio("r", "ours", "torch", 0.5).figure(MEDIANS).value is None


def test_the_best_of_others_counts() -> None:
    assert value(ratio_to_best("r", "ours", ("hand", "jax"), 1.0)) == pytest.approx(0.75)


def test_the_best_of_those_that_were_run() -> None:
    assert value(ratio_to_best("r", "ours", ("torch", "hand"), 1.0, some=True)) == pytest.approx(0.6)
    assert value(ratio_to_best("r", "ours", ("torch", "hand"), 1.0)) is None
    assert value(ratio_to_best("r", "ours", ("torch",), 1.0, some=True)) is None


def test_seconds_are_a_median_itself() -> None:
    assert seconds("s", "ours", 1.0).figure(MEDIANS) == Figure("s", 0.3, 1.0, "s")


def test_a_step_costs_what_is_beyond_the_kernel() -> None:
    assert value(each("e", "hand", "ours", 1000, 5.0)) == pytest.approx(200)


@pytest.mark.parametrize(("share", "bound"), [(0.25, 0.25), (0.5, 0.25), (0.8, 0.4)])
def test_the_bound_is_half_the_work_or_the_span(share: float, bound: float) -> None:
    assert value(to_bound("b", "ours", "hand", 2, lambda: share, 1.15)) == pytest.approx(0.3 / bound)


def test_nothing_is_asked_of_threads_on_short_work() -> None:
    target = to_bound("b", "threads", "serial", 2, lambda: math.nan, 1.15)
    assert target.figure({"threads": 0.01, "serial": 0.01}).value is None


def value(target: Target) -> float | None:
    return target.figure(MEDIANS).value
