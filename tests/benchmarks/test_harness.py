from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest

from benchmarks import harness
from benchmarks.harness import Case, Result, Timing, Variant, measure
from benchmarks.targets import Figure, ratio


def test_the_median_of_samples_and_the_distance_of_their_quartiles() -> None:
    assert harness.timing([2.0, 100.0, 1.0, 3.0, 4.0]) == Timing(3.0, 2 / 3, 5)


def test_every_round_has_every_name_and_orders_differ() -> None:
    rounds = list(itertools.islice(harness.rounds(["a", "b", "c"]), 12))
    assert all(sorted(names) == ["a", "b", "c"] for names in rounds)
    assert len({tuple(names) for names in rounds}) > 2


class Clock:
    """Shows the time that has been put on it: what a variant takes does not depend on the machine."""

    def __init__(self) -> None:
        self.now = 0.0

    def perf_counter(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def taking(self, seconds: float) -> Variant:
        def run() -> None:
            self.now += seconds

        return Variant(run)


@pytest.mark.parametrize(("seconds", "count"), [(2e-3, 1), (1e-3, 1), (1e-4, 10), (1e-6, 1000)])
def test_a_quick_variant_is_called_many_times_and_a_slow_one_once(
    seconds: float, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr(harness, "time", clock)
    assert harness.calls(clock.taking(seconds)) == pytest.approx(count, rel=0.01)


def test_a_case_is_measured_with_all_it_names() -> None:
    calls = Counter[str]()
    variants = {name: Variant(lambda name=name: calls.update([name])) for name in ("a", "b")}  # type: ignore[misc]
    case = Case("c", variants, "a", (ratio("r", "a", "b", 1.0),), measures=lambda: [Figure("m", 2.0, 1.0)])
    result = measure(case, 0.01)
    assert set(result.timings) == {"a", "b"}
    assert all(timing.rounds >= harness.ROUNDS for timing in result.timings.values())
    assert [figure.name for figure in result.figures] == ["r", "m"]
    assert result.figures[0].value == result.timings["a"].median / result.timings["b"].median
    assert result.figures[1].mark == "SHORT"
    assert all(timing.first > 0 for timing in result.timings.values())
    assert min(calls.values()) > harness.ROUNDS


@pytest.mark.parametrize(
    "wrong", [np.array([1.0, 2.1]), np.array([1.0]), np.array([1.0, 2.0], "float32"), (np.ones(2), np.ones(2))]
)
def test_variants_that_disagree_are_not_timed(wrong: object) -> None:
    case = Case("c", {"right": Variant(lambda: np.array([1.0, 2.0])), "wrong": Variant(lambda: wrong)}, "right")
    with pytest.raises(AssertionError, match="c: wrong"):
        measure(case, 0.01)


def test_a_result_that_is_not_a_number_is_wrong() -> None:
    case = Case("c", {"right": Variant(lambda: np.ones(2)), "wrong": Variant(lambda: np.full(2, np.nan))}, "right")
    with pytest.raises(AssertionError, match="c: wrong"):
        harness.check(case)


@pytest.mark.parametrize(("spread", "noisy"), [(0.05, False), (0.11, True)])
def test_a_case_is_noisy_where_the_control_spreads(spread: float, noisy: bool) -> None:
    assert Result("c", "", {}, Timing(1.0, spread, 5), ()).noisy is noisy
