"""The copies of a run, as a state machine: any order of time, answers and idle workers."""

from __future__ import annotations

from collections import Counter
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from backprop.service.copies.race import Pace, Policy, Race, Verdict

POLICY = Policy(late=4.0, least=2.0)
WORKERS = ("ada", "ben", "cyd", "dan")


def race(voted: bool = False, workers: tuple[str, ...] = WORKERS, expected: float = 1.0) -> Race:
    return Race(POLICY, workers, voted, expected, 0.0)


def started(race: Race, now: float = 0.0, idle: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = []
    while (place := race.start(now, idle)) is not None:
        found.append(place)
    return found


class Model(RuleBasedStateMachine):
    """What holds whatever happens."""

    @initialize(voted=st.booleans(), count=st.integers(1, 4), expected=st.floats(0.0, 3.0))
    def begin(self, voted: bool, count: int, expected: float) -> None:
        self.race = race(voted, WORKERS[:count], expected)
        self.now = 0.0

    @rule(seconds=st.floats(0.0, 5.0))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule(data=st.data())
    def look(self, data: Any) -> None:
        if self.race.verdict is not None:
            return
        idle = tuple(w for w in self.race.workers if data.draw(st.booleans()))
        before = len(self.race.places)
        place = self.race.start(self.now, idle)
        assert len(self.race.places) == before + (place is not None)
        if place is not None and before and not self.race.is_voted:
            assert self.now >= self.race.late_at
            assert set(place) <= set(idle)

    @precondition(lambda self: len(self.race.answers) < len(self.race.places) and self.race.verdict is None)
    @rule(data=st.data(), digest=st.sampled_from("xyz"))
    def answer(self, data: Any, digest: str) -> None:
        open_ = [k for k in range(len(self.race.places)) if k not in self.race.answers and k not in self.race.gone]
        if not open_:
            return
        self.race.answered(data.draw(st.sampled_from(open_)), digest)

    @precondition(lambda self: self.race.is_voted and self.race.verdict is None)
    @rule(data=st.data())
    def a_worker_leaves(self, data: Any) -> None:
        open_ = [k for k in range(len(self.race.places)) if k not in self.race.answers and k not in self.race.gone]
        if open_:
            self.race.lost(data.draw(st.sampled_from(open_)))

    @invariant()
    def what_always_holds(self) -> None:
        if not hasattr(self, "race"):
            return
        found = self.race
        assert len(found.places) - len(found.gone) <= (3 if found.is_voted else 2)
        if found.is_voted and len(found.gone) < len(found.workers):
            assert all(len(place) == 1 for place in found.places)
            assert len(set(found.places)) == len(found.places)
        verdict = found.verdict
        counts = Counter(found.answers.values())
        if verdict is None:
            if found.is_voted and len(found.workers) > 1:
                assert not counts or max(counts.values()) < 2
            else:
                assert not counts
        elif verdict.winner is not None and found.is_voted and len(found.workers) > 1 and not found.gone:
            assert counts[found.answers[verdict.winner]] >= 2
            liars = {found.places[k][0] for k, d in found.answers.items() if d != found.answers[verdict.winner]}
            assert set(verdict.liars) == liars

    def teardown(self) -> None:
        """Whatever happened, a race ends when all its copies answer the same."""
        if not hasattr(self, "race"):
            return
        for _ in range(8):
            started(self.race, self.now + 1e9, self.race.workers)
            for k in range(len(self.race.places)):
                if k not in {*self.race.answers, *self.race.gone} and self.race.verdict is None:
                    self.race.answered(k, "x")
        assert self.race.verdict is not None


TestRace = Model.TestCase


def test_a_run_in_time_has_one_copy_on_all_workers() -> None:
    found = race()
    assert started(found) == [WORKERS]
    assert started(found, 3.9, WORKERS) == []
    found.answered(0, "x")
    assert found.verdict == Verdict(0)


def test_a_late_run_gets_one_more_copy_where_a_worker_is_idle() -> None:
    found = race()
    started(found)
    assert started(found, 4.0, ()) == []
    assert started(found, 4.0, ("cyd",)) == [("cyd",)]
    assert started(found, 99.0, ("dan",)) == []
    found.answered(1, "x")
    assert found.verdict == Verdict(1)


def test_no_run_is_late_below_the_least_seconds() -> None:
    found = race(expected=1e-6)
    started(found)
    assert started(found, 1.9, WORKERS) == []
    assert started(found, 2.0, WORKERS) == [WORKERS]


def test_two_that_agree_are_enough() -> None:
    found = race(voted=True)
    assert started(found) == [("ada",), ("ben",)]
    found.answered(1, "x")
    assert found.verdict is None
    found.answered(0, "x")
    assert found.verdict == Verdict(1)


@pytest.mark.parametrize("wrong", [0, 1, 2])
def test_a_worker_that_disagrees_with_two_others_is_named(wrong: int) -> None:
    found = race(voted=True)
    started(found)
    for k in (0, 1):
        found.answered(k, "lie" if k == wrong else "x")
    if wrong == 2:
        assert found.verdict == Verdict(0)
        return
    assert found.verdict is None
    assert started(found) == [("cyd",)]
    found.answered(2, "x")
    assert found.verdict == Verdict(1 - wrong, (WORKERS[wrong],))


def test_two_workers_that_disagree_are_an_error_and_so_are_three() -> None:
    for count in (2, 3):
        found = race(voted=True, workers=WORKERS[:count])
        for k in range(count):
            started(found)
            found.answered(k, f"x{k}")
        assert found.verdict == Verdict(None, WORKERS[:count])


def test_workers_are_named_in_their_own_order_whoever_answers_first() -> None:
    found = race(voted=True, workers=WORKERS[:2])
    started(found)
    found.answered(1, "x")
    found.answered(0, "lie")
    assert found.verdict == Verdict(None, WORKERS[:2])


def test_a_worker_that_leaves_is_replaced_by_another_voter() -> None:
    found = race(voted=True)
    started(found)
    found.lost(0)
    assert started(found) == [("cyd",)]
    found.answered(1, "x")
    assert found.verdict is None
    found.answered(2, "x")
    assert found.verdict == Verdict(1)


def test_where_nobody_is_left_to_vote_one_answer_counts() -> None:
    found = race(voted=True, workers=("ada", "ben"))
    started(found)
    found.lost(0)
    found.answered(1, "x")
    assert found.verdict == Verdict(1)
    alone = race(voted=True, workers=("ada", "ben"))
    started(alone)
    alone.lost(0)
    alone.lost(1)
    assert alone.start(0.0) == ("ada", "ben")  # whoever is there now


def test_a_share_of_runs_is_voted_on_and_always_the_same() -> None:
    digests = [f"{k * 2654435761 % (1 << 32):08x}00" for k in range(4000)]
    chosen = [digest for digest in digests if Policy(vote=0.25).votes_on(digest)]
    assert 900 < len(chosen) < 1100
    assert not any(Policy(vote=0.0).votes_on(digest) for digest in digests)
    assert all(Policy(vote=1.0).votes_on(digest) for digest in digests)


def test_what_is_expected_is_what_was_seen() -> None:
    pace = Pace()
    assert pace.expected(2.0) == 2.0
    for _ in range(100):
        pace.took(1.0, 3.0)
    assert pace.expected(2.0) == 6.0
    assert len(pace.ratios) == 64


def test_without_workers_one_copy_waits_for_them() -> None:
    found = race(workers=())
    assert started(found) == [()]
    assert started(found, now=found.late_at) == []
    assert started(found, now=found.late_at, idle=("ada",)) == [("ada",)]
    found.answered(0, "x")
    assert found.verdict == Verdict(0)
