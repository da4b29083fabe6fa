"""When a run gets another copy, and which answer counts: a state machine without threads and clocks.

Answers are known by the hashes of their bits, which are equal on all workers that are well. So the first answer counts,
wherever it comes from, and two that differ show that a worker is not. A run that is far later than expected gets a
second copy where a worker is idle. A run that is voted on has two copies on two workers from the beginning; where
their hashes differ, a third one on another worker decides, and the worker that is alone with its answer is named.
Exceptions are answers, too: they are as equal as bits.

Source: backup tasks, J. Dean, S. Ghemawat, MapReduce, OSDI 2004.
Limits: two workers that are wrong in the same way outvote one that is right.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Policy:
    """When runs get other copies.

    Arguments:
        vote: the share of runs that are voted on, from 0 to 1.
        late: how many times the expected seconds a run may take before it gets a second copy.
        least: seconds below which no run is late.
    """

    vote: float = 0.0
    late: float = 4.0
    least: float = 2.0

    def votes_on(self, digest: str) -> bool:
        """Whether a run of some content is voted on; always the same for the same content."""
        return int(digest[:8], 16) < self.vote * (1 << 32)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of the copies of a run.

    Arguments:
        winner: the number of the copy whose answer counts; None where workers differ, and no majority can be found.
        liars: workers that are alone with their answer.
    """

    winner: int | None
    liars: tuple[str, ...] = ()


@dataclass(slots=True)
class Race:
    """The copies of one run, by number.

    Arguments:
        policy: when there is another one.
        workers: those there are; none where all were lost, so that the run waits for one.
        is_voted: whether it is voted on, which takes workers.
        expected: seconds that it is expected to take.
        began: when it began.
        places: where each copy runs: a worker, or several of which Dask chooses.
        answers: the hash of the answer of each copy that has one.
        gone: copies whose workers have left.
    """

    policy: Policy
    workers: tuple[str, ...]
    is_voted: bool
    expected: float
    began: float
    places: list[tuple[str, ...]] = field(default_factory=list)
    answers: dict[int, str] = field(default_factory=dict)
    gone: set[int] = field(default_factory=set)

    @property
    def late_at(self) -> float:
        """When the run is late."""
        return self.began + max(self.policy.least, self.policy.late * self.expected)

    def start(self, now: float, idle: Sequence[str] = ()) -> tuple[str, ...] | None:
        """Where another copy is to start now: on some workers, or on any where there is none; None where none is to.

        Arguments:
            now: the time.
            idle: the workers that have nothing to do.
        """
        place = self._voter() if self.is_voted else self._spare(now, idle)
        if place is not None:
            self.places.append(place)
        return place

    def _voter(self) -> tuple[str, ...] | None:
        """The next worker to vote, while there are fewer than two votes, or two that differ."""
        wanted = 2 if len(set(self.answers.values())) < 2 else 3
        if len(self.places) - len(self.gone) >= wanted:
            return None
        if not self._left and len(self.gone) == len(self.places):
            return self.workers  # all have left; whoever is there now
        return self._left[:1] or None

    @property
    def _left(self) -> tuple[str, ...]:
        """The workers that have not voted."""
        return tuple([worker for worker in self.workers if (worker,) not in self.places])

    def lost(self, copy: int) -> None:
        """The worker of a copy has left, and there will be no answer."""
        self.gone.add(copy)

    def _spare(self, now: float, idle: Sequence[str]) -> tuple[str, ...] | None:
        """All workers for the first copy, and for a second one of a run that is late those that are idle."""
        if not self.places:
            return self.workers
        return tuple(idle) or None if len(self.places) < 2 and now >= self.late_at else None

    def answered(self, copy: int, digest: str) -> None:
        """A copy has an answer."""
        self.answers[copy] = digest

    @property
    def verdict(self) -> Verdict | None:
        """What came of it; None while that is open."""
        if not self.answers:
            return None
        if not self.is_voted or len(self.workers) < 2:
            return Verdict(next(iter(self.answers)))
        (digest, votes), *others = Counter(self.answers.values()).most_common()
        if votes >= 2:
            liars = tuple([self.places[k][0] for k, other in sorted(self.answers.items()) if other != digest])
            return Verdict(next(k for k, found in self.answers.items() if found == digest), liars)
        is_open = len(self.answers) + len(self.gone) < len(self.places)
        if is_open or (self._left and len(self.answers) < 3):
            return None
        if not others:
            return Verdict(next(iter(self.answers)))  # nobody is left to vote
        return Verdict(None, tuple([self.places[k][0] for k in sorted(self.answers)]))


@dataclass(slots=True)
class Pace:
    """How many times the predicted seconds runs have taken lately, so that what is expected is what is seen.

    Arguments:
        ratios: of the last runs.
    """

    ratios: list[float] = field(default_factory=list)

    def expected(self, predicted: float) -> float:
        """Seconds that a run is expected to take."""
        middle = sorted(self.ratios)[len(self.ratios) // 2] if self.ratios else 1.0
        return predicted * max(1.0, middle)

    def took(self, predicted: float, seconds: float) -> None:
        """Take note of a run."""
        self.ratios.append(seconds / max(predicted, 1e-9))
        del self.ratios[:-64]
