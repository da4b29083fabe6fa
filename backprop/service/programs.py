"""What a service runs: programs by the hash of their message, each checked once and kept for a while, and models."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import BackpropError, UnknownRunError, WireError, WireLimitError
from ..graph.graph import Graph, bodies
from ..graph.wire.limits import Limits
from ..graph.wire.vocabulary import BUILT_IN, Vocabulary
from ..ops.core.cache import Kept
from ..scheduler.entry import entered
from ..scheduler.executors.base import AbstractExecutor
from ..scheduler.planning.plan import Plan
from ..scheduler.programs.memory.peak import peak
from .entries import content_hash
from .protocol.calls import Call, Model, ModelFailedError
from .protocol.messages import Asked, program_from_bytes
from .storage.journal import Journal


@dataclass(frozen=True, slots=True)
class Work:
    """What a run may take.

    Arguments:
        seconds: that it is predicted to work, on all workers together.
        nbytes: of the values that its tasks are predicted to hold.
    """

    seconds: float = 3600.0
    nbytes: int = 4 << 30


QUICK = 2e-3
"""Seconds of predicted work below which a program is quick."""


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """What runs.

    Arguments:
        plan: the plan.
        is_quick: whether it surely takes little time: it is predicted to, and all of its ops are the package's.
    """

    plan: Plan
    is_quick: bool

    @classmethod
    def of(cls, plan: Plan, changed: Callable[[Plan], Plan]) -> Program:
        """The program of a plan, and what it goes through before it runs."""
        return cls(changed(plan), plan.work < QUICK and all(_is_public(task.body) for task in plan.tasks))


def _is_public(graph: Graph) -> bool:
    """Whether all ops of a graph, and of those that it holds, are the package's."""
    return all(node.op.is_built_in and all(map(_is_public, bodies(node))) for node in graph.nodes)


def unchanged(plan: Plan) -> Plan:
    """The plan itself."""
    return plan


class Programs:
    """The programs.

    Arguments:
        journal: where their messages are kept.
        executor: what plans are made for.
        limits: of messages.
        work: what a run may take.
        vocabulary: the ops that are known.
        models: the functions that may be called, by name.
        changed: what a plan goes through before it runs.
    """

    def __init__(
        self,
        journal: Journal,
        executor: AbstractExecutor,
        limits: Limits,
        work: Work,
        vocabulary: Vocabulary,
        models: Mapping[str, Model],
        changed: Callable[[Plan], Plan],
    ) -> None:
        self._journal, self._executor, self.limits = journal, executor, limits
        self._work, self._vocabulary, self.models = work, vocabulary, models
        self._changed = changed
        self._programs = Kept()  # by the hash of their message

    def put(self, data: bytes, now: float) -> str:
        """Keep a program, checked; its hash.

        Errors:
            WireError: it is damaged; WireLimitError: it is beyond a limit, or would work or hold too much.
        """
        digest = content_hash(data)
        if self._known(digest) is None:
            self._learn(digest, data)
        self._journal.put_program(digest, data, now)
        return digest

    def planned(self, asked: Asked | Call, now: float) -> tuple[Program, Sequence[Any]]:
        """The program of what is asked for, and the values of its inputs.

        Errors:
            UnknownRunError: there is no such program or model. PlanError: values that do not fit.
            ModelFailedError: a model raised something when it was traced.
        """
        if isinstance(asked, Asked):
            program = self.program(asked.program, now)
            return program, entered(program.plan, asked.values)
        plan, values = self._traced(asked)
        _check_work(plan, self._work)
        return Program.of(plan, self._changed), values

    @property
    def has_own(self) -> bool:
        """Whether there is code of the operator's own, which may be another one at each start."""
        return bool(self.models) or len(self._vocabulary) > len(BUILT_IN)

    def _traced(self, call: Call) -> tuple[Plan, Sequence[Any]]:
        model = self.models.get(call.model)
        if model is None:
            raise UnknownRunError(f"no model is called {call.model[:80]!r}", fix="see /v1/service for those there are")
        try:
            return model.planned(call, self._executor)
        except Exception as error:
            raise ModelFailedError(call.model) from error

    def program(self, digest: str, now: float) -> Program:
        """The program of a hash.

        Errors:
            UnknownRunError: there is no such program, or it has gone out of the store.
        """
        known = self._known(digest)
        if known is not None:
            return known
        data = self._journal.content(digest, now)
        if data is None:
            raise UnknownRunError(f"no program has the hash {digest[:80]}", fix="put the program first")
        return self._learn(digest, data)

    def _known(self, digest: str) -> Program | None:
        known: Program | None = self._programs.get(digest)
        return known

    def _learn(self, digest: str, data: bytes) -> Program:
        plan = program_from_bytes(data, self.limits, self._vocabulary, self._executor)
        _check_work(plan, self._work)
        program = Program.of(plan, self._changed)
        self._programs.put(digest, program)
        return program


def _check_work(plan: Plan, work: Work) -> None:
    if plan.work > work.seconds:
        raise WireLimitError(
            f"the program is predicted to take {plan.work:.3g} s, and at most {work.seconds} are taken"
        )
    try:
        held = sum([peak(task.body).nbytes + task.nbytes for task in plan.tasks])
    except BackpropError as error:
        raise WireError(f"the program cannot run: {error}") from error
    if held > work.nbytes:
        raise WireLimitError(f"the program is predicted to hold {held} bytes, and at most {work.nbytes} are taken")
