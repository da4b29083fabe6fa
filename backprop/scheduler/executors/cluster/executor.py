"""Cluster: tasks on the workers of a Dask cluster.

A plan is replayed by resident runners, which are called directly (resident/). Otherwise programs and large arguments
are sent once and known by their content (store.py), values that are on the cluster already stay there (homes.py), and
what is lost with a worker is sent or computed again (recovery.py). A run is one submission; its graph has a name of its
own, as Dask would otherwise hash every array in it, and one span for all runs, as each unnamed one stays in the
scheduler for good.

Source: distributed/client.py, distributed/spans.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import distributed
from distributed.deploy.cluster import Cluster as Deployment

from ....graph.handle import Handle, fetched
from ...entry import entered
from ...events import Recorder
from ...lower import lower, new_token
from ...machine.blas import blas_threads as blas
from ...planning.plan import Plan
from ...planning.stages import run_staged, stages
from ...planning.target import Target
from ..base import AbstractExecutor, Replayed, number_in
from ..inline import run_inline
from ..telling import running
from .data.arguments import arguments
from .data.store import bodies
from .membership.members import Members, workers_of
from .priority import priority
from .recovery import LOST, decide
from .remote import Settings, remote_calls
from .reporting import pass_on, told_of_run
from .resident.runner import LostError
from .session import Address, Annotations, Link, Session
from .waiting import LOG, Waiting

OVERHEAD = 1e-2
"""Seconds that a task costs on a cluster."""

SMALL = 1 << 16
"""Bytes of arguments up to which a plan that takes less time than a round trip runs where it is asked for."""

SCHEMES = ("tcp://", "tls://", "ucx://", "ws://", "wss://", "inproc://")
"""How the address of a scheduler starts."""


class Cluster(AbstractExecutor):
    """Runs tasks on a Dask cluster; a context manager.

    Arguments:
        client: a `distributed.Client`, a cluster object of Dask, the address of a scheduler, or None for a cluster of
            its own on this machine.
        n_workers: of its own cluster, how many; one for each core by default.
        processes: of its own cluster, whether workers are processes rather than threads.
        blas_threads: the threads of BLAS in a task; None leaves what the workers have.
        recorder: takes the events of each run.
        security: a `distributed.Security`, "temporary" for certificates made now, or False; its own cluster has
            "temporary" by default, so that other users of the machine cannot submit work to it.
        unlike: what to do with workers that give other bits than each other: "error", or "group", which uses the
            largest group of those that give the same.
        patience: seconds to wait for a first worker.
    Errors:
        ArgumentError: arguments that do not go together, a client that cannot be used.
        UnlikeWorkersError: the workers give different bits.
    Example:
        >>> with bp.Cluster(n_workers=1, processes=False) as cluster:
        ...     float(bp.grad(lambda x: x * x, executor=cluster)(3.0))
        6.0
    """

    shares_gil = False
    words = ("cluster", "cluster:N", "tcp://HOST:PORT", "tls://HOST:PORT")

    @classmethod
    def arguments_for(cls, where: object) -> Mapping[str, Any] | None:
        """See AbstractExecutor."""
        n = number_in(where, "cluster")
        if n is not None:
            return {"n_workers": n}
        is_address = isinstance(where, str) and where.startswith(SCHEMES)
        if is_address or isinstance(where, distributed.Client | Deployment):
            return {"client": where}
        return super().arguments_for(where)

    def __init__(
        self,
        client: Any = None,
        *,
        n_workers: int | None = None,
        processes: bool = True,
        blas_threads: int | None = 1,
        recorder: Recorder | None = None,
        security: Any = None,
        unlike: str = "error",
        patience: float = 10.0,
    ) -> None:
        super().__init__(1, OVERHEAD, blas_threads, recorder)
        self._link = Link(Address(client, n_workers, processes, security, unlike))
        self._patience = patience
        self._only: tuple[str, ...] | None = None
        self._retarget()

    @property
    def _session(self) -> Session:
        """The session; an executor that was pickled connects when it is first used, as unpickling must not wait."""
        return self._link.session

    @property
    def _waiting(self) -> Waiting:
        session = self._session
        return Waiting(session.client, self._patience, session.connection.mend, self._link.regained)

    @property
    def client(self) -> Any:
        """The client that this executor talks through."""
        return self._session.client

    @property
    def address(self) -> str:
        """The address of the scheduler."""
        return str(self.client.scheduler.address)

    def recording(self, recorder: Recorder) -> AbstractExecutor:
        """See AbstractExecutor; the twin talks through this one's session."""
        assert self._session is not None  # opened now, so that both have it
        return super().recording(recorder)

    def describe(self) -> str:
        """The workers, their threads and memory, and by which bits and settings they differ, as text."""
        self._session.members.refresh()
        return self._session.members.describe()

    @property
    def target(self) -> Target:
        """See AbstractExecutor; as wide as the workers there are now, or were when the scheduler was lost."""
        self._session.connection.mend()
        with suppress(*LOST):  # whoever runs something waits for it
            if self._link.is_up:
                self._session.members.refresh()
        self._retarget()
        return self._target

    def _retarget(self) -> None:
        width = self._session.members.width
        if width != self._target.workers:
            self._target = self._target._replace(workers=width)

    def located(self, values: Sequence[Any]) -> list[Any]:
        """See AbstractExecutor; what lies on the cluster stays there."""
        return self._session.locating.locate(values)

    @property
    def security(self) -> Any:
        """What another client needs to reach the cluster: a `distributed.Security`."""
        return self.client.security

    def run(self, plan: Plan, values: Sequence[Any]) -> tuple[Any, ...]:
        """See AbstractExecutor; values may be handles of what is on the cluster."""
        return run_staged(plan, entered(plan, values), self._run, self._inline)

    def replayed(self, plan: Plan) -> Replayed:
        """See AbstractExecutor; from the second run on by resident runners, where they can."""
        return lambda executor, values: executor._replay(plan, values)

    def _replay(self, plan: Plan, values: Sequence[Any]) -> tuple[Any, ...]:
        if not plan.tasks or stages(plan) or _is_tiny(plan, values) or not self._link.is_up:
            return self.run(plan, values)
        cut = self.fitted(plan, values)
        if not self._session.residents.takes(cut, values):
            return self._as_tasks(cut, values)
        try:
            return self._resident(cut, values)
        except LostError as error:
            LOG.info("resident runners of %s failed (%s), and tasks are used", self.address, error)
            self._session.residents.forget()
            self._session.members.forget()
            return self.run(plan, values)

    def _resident(self, plan: Plan, values: Sequence[Any]) -> tuple[Any, ...]:
        """The results of a plan by resident runners."""
        session = self._session
        settings = Settings.here(self.blas_threads, new_token())
        call = session.residents.begin(plan, values, session.members.threads, settings)
        with told_of_run(self.client, running(plan, self), len(plan.tasks), settings.run):
            answer = self._waiting.for_call(call)
        pass_on(plan, [answer.reports], self.recorder)
        return tuple(fetched(answer.results))

    def _inline(self, plan: Plan, values: Sequence[Any]) -> tuple[Any, ...]:
        with blas(self.blas_threads):
            return run_inline(plan, fetched(values), self.recorder)

    def _run(self, plan: Plan, given: Sequence[Any]) -> tuple[Any, ...]:
        if not plan.tasks or (_is_tiny(plan, given) and self._session.members.are_like_this_process()):
            return self._inline(plan, given)
        self._waiting.for_the_scheduler()
        return self._as_tasks(self.fitted(plan, given), given)

    def _as_tasks(self, plan: Plan, given: Sequence[Any]) -> tuple[Any, ...]:
        """The results of a plan that is fitted to its data, by tasks of Dask, again where some of these are lost."""
        tries = 0
        while True:
            tries += 1
            try:
                self._waiting.before(tries, self._session.members.count)
                return self._once(plan, given)
            except Exception as error:
                by_chance = self._waiting.was_by_chance(error)
                raised = decide(error, plan, tries, self._waiting.has_scheduler(), by_chance)
                if raised is error:
                    raise
                if raised is not None:
                    raise raised from error
                LOG.warning("a run on %s lost data (%r), and is repeated", self.address, error)
                self._session.store.forget()
                self._session.places.forget()

    def fitted(self, plan: Plan, values: Sequence[Any]) -> Plan:
        """See AbstractExecutor; tasks run where their data is, and have memory for what they make to read it."""
        return plan if stages(plan) else self._session.fitted(plan, values)

    def _once(self, plan: Plan, given: Sequence[Any]) -> tuple[Any, ...]:
        """One submission of a plan, and its results."""
        keys, programs = self._session.store.programs(bodies(plan))
        inputs, tasks = arguments(plan, given, self._session.store)
        run = new_token()
        ready = lower(plan, inputs, remote_calls(keys, Settings.here(self.blas_threads, run)), split=True)
        wanted = [*ready.keys, *programs]
        told = Annotations(priority(plan), self._session.placing(plan, given))
        futures = self._session.submit({**tasks, **programs, **ready.tasks}, wanted, told, self._only)
        self._session.store.hold_programs(
            {key: futures[key] for key in programs},
            {key: len(body) for key, (body, _) in zip(keys, bodies(plan), strict=True)},
        )
        with told_of_run(self.client, running(plan, self), len(plan.tasks), run):
            answers = self._waiting.for_results([futures[key] for key in ready.keys], run)
        pass_on(plan, [answer[-1] for answer in answers], self.recorder)
        return tuple(fetched(ready.results(answers, given, plan)))

    @property
    def closed(self) -> bool:
        """See AbstractExecutor; the client may be the user's, and closed by them."""
        opened = self._link.opened
        return opened is not None and opened.client.status in ("closing", "closed")

    @property
    def members(self) -> Members:
        """The workers, as they are now.

        Errors:
            SchedulerLostError: the scheduler was lost, and has not come back in time.
        """
        self._waiting.while_asking(lambda: self._session.members.refresh())
        return self._session.members

    @property
    def has_workers(self) -> bool:
        """Whether there is a scheduler, and it has workers."""
        return self._link.is_up and bool(workers_of(self.client))

    def on(self, addresses: Sequence[str], recorder: Recorder) -> Cluster:
        """The same executor on some of its workers, on all where none is named, with a recorder of its own."""
        found = self.recording(recorder)
        assert isinstance(found, Cluster)
        found._only = tuple(addresses) or None
        return found

    def close(self) -> None:
        """Close what this executor opened: its client, and its own cluster."""
        self._link.close()

    def __reduce__(self) -> tuple[Any, ...]:
        address = self._link.address
        if self._link.opened is not None:
            address = Address(self.address, None, True, self.security, address.unlike)
        return _unopened, (address, self._patience, self.blas_threads, self.recorder)


def _unopened(address: Address, patience: float, blas_threads: int | None, recorder: Recorder | None) -> Cluster:
    """An executor that connects when it is first used."""
    cluster = object.__new__(Cluster)
    AbstractExecutor.__init__(cluster, 1, OVERHEAD, blas_threads, recorder)
    cluster._link, cluster._patience, cluster._only = Link(address), patience, None
    return cluster


def _is_tiny(plan: Plan, given: Sequence[Any]) -> bool:
    """Whether a plan takes less time than a round trip, and all that it reads is here."""
    if plan.work >= OVERHEAD or any(isinstance(value, Handle) for value in given):
        return False
    return sum(getattr(value, "nbytes", 8) for value in given) <= SMALL
