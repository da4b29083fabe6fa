"""The caller's side of resident runners: it hands each its part of a plan, and gets the results, in one call each.

What a runner has been told before is not sent again: parts by name, and large arrays by a digest of their content, from
the second time that one is seen. A plan goes this way from its second run on. Anything unusual (a worker that is gone,
a value that is not where it was, one that is still to be computed) sends it the way of tasks, which gives the same
bits.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
from distributed.protocol import pickle
from distributed.protocol.serialize import to_serialize

from .....graph.handle import Handle
from ....lower import new_token
from ....planning.plan import Plan, PlanInput, TaskOutput
from ..data.arguments import AHEAD
from ..data.homes import ClientHome
from ..data.placement import placed
from ..data.places import NowhereError, Places
from ..data.store import digest_of
from ..remote import Report, Settings
from .parts import Part, parts
from .runner import LostError, MissingError, Runner, unpacked
from .told import Told
from .wire import DROP, RUN, Brought, Kept, Lying, Sent


class Layout(NamedTuple):
    """A plan on some workers.

    Arguments:
        where: what it was made for: the workers, and the worker of each input that lies on one.
        parts: of each worker.
        names: of the parts.
    """

    where: Any
    parts: Mapping[str, Part]
    names: Mapping[str, str]


class Answer(NamedTuple):
    """What a run has given.

    Arguments:
        results: of the plan; a handle where one is a value that was given as one.
        reports: of all tasks.
    """

    results: list[Any]
    reports: list[Report]


class Residents:
    """The resident runners of a cluster.

    Arguments:
        client: of the cluster.
        places: where values lie.
    """

    def __init__(self, client: Any, places: Places) -> None:
        self.client = client
        self._places = places
        self.told = Told()
        self._lock = threading.RLock()
        self._layouts: WeakKeyDictionary[Plan, Layout | None] = WeakKeyDictionary()
        self._is_installed = False

    def takes(self, plan: Plan, values: Sequence[Any]) -> bool:
        """Whether a plan has run before, and all that it reads is here or lies on workers."""
        with self._lock:
            is_known = plan in self._layouts
            self._layouts.setdefault(plan, None)
        return is_known and all(isinstance(v.home, ClientHome) for v in values if isinstance(v, Handle))

    def begin(self, plan: Plan, values: Sequence[Any], threads: Mapping[str, int], settings: Settings) -> Call:
        """A run of a plan that is under way.

        Arguments:
            plan: the plan, without host-pinned tasks.
            values: a value or a handle for each of its inputs.
            threads: of each worker that is used.
            settings: how tasks run.
        Errors:
            LostError: a value lies nowhere any more.
        """
        if not self._is_installed:
            self._install()
        try:
            held = self._places.held(values)
            layout = self._layout(plan, held, threads)
        except KeyError as error:  # a worker that joined or left since the members were looked at
            raise LostError(f"a worker is not known: {error}") from error
        except NowhereError as error:
            raise LostError(str(error)) from error
        call = Call(self, plan, layout, _Values(values, held), settings)
        call.start()
        return call

    def _install(self) -> None:
        """Have a runner on each worker, those that join later included."""
        try:
            self.client.register_plugin(Runner())
        except OSError as error:  # a worker left meanwhile
            raise LostError(f"runners could not be started: {error}") from error
        self._is_installed = True

    def forget(self) -> None:
        """Tell everything anew, and look anew where things lie."""
        self.told.forget_all()
        self._places.forget()

    def _layout(self, plan: Plan, held: Mapping[int, str], threads: Mapping[str, int]) -> Layout:
        where = (tuple(threads.items()), tuple(held.items()))
        with self._lock:
            layout = self._layouts.get(plan)
        if layout is None or layout.where != where:
            workers = list(threads)
            numbers = {k: workers.index(address) for k, address in held.items() if address in threads}
            made = parts(plan, [workers[w] for w in placed(plan, list(threads.values()), numbers)])
            layout = Layout(where, made, {address: new_token() for address in made})
            with self._lock:
                self._layouts[plan] = layout
        return layout


class _Values:
    """The values of a run: where they lie, and what they are."""

    def __init__(self, values: Sequence[Any], held: Mapping[int, str]) -> None:
        self.values = values
        self._held = held
        self._digests: dict[PlanInput, str] = {}

    def lying(self, slot: PlanInput) -> Lying | None:
        """What stands for a value that lies on a worker."""
        value = self.values[slot.index]
        if not isinstance(value, Handle):
            return None
        return Lying(value.key.key, self._held[slot.index], value.type, value.leaf, slot.rows)

    def digest(self, slot: PlanInput, array: np.ndarray[Any, Any]) -> str:
        """The digest of a value, found once for all workers."""
        if slot not in self._digests:
            self._digests[slot] = digest_of(array)
        return self._digests[slot]


class Call:
    """One run of a plan on resident runners."""

    def __init__(self, residents: Residents, plan: Plan, layout: Layout, values: _Values, settings: Settings) -> None:
        self._client, self._told = residents.client, residents.told
        self._plan, self._layout, self._values, self._settings = plan, layout, values, settings
        self._token = settings.run

    @property
    def workers(self) -> list[str]:
        """The addresses of the workers that take part."""
        return list(self._layout.parts)

    def start(self) -> None:
        """Send what runners have to know."""
        self._future = self._submitted(self._asked({w: self._message(w) for w in self.workers}))

    def answer(self, seconds: float) -> Answer | None:
        """What the run has given; None where it has given nothing yet.

        Arguments:
            seconds: to wait, at most.
        Errors:
            LostError: it cannot be done.
            Exception: what an op raised.
        """
        done, _ = concurrent.futures.wait([self._future], seconds)
        if not done:
            return None
        try:
            answer: Answer = self._future.result()
            return answer
        except OSError as error:
            if hasattr(error, "__notes__"):  # of an op
                raise
            raise LostError("a worker is gone") from error

    def stop(self) -> None:
        """Stop the run everywhere, and return at once."""
        self._future.cancel()
        self._submitted(self._stop())

    def _submitted(self, work: Any) -> concurrent.futures.Future[Any]:
        return asyncio.run_coroutine_threadsafe(work, self._client.loop.asyncio_loop)

    async def _stop(self) -> None:
        drops = [getattr(self._client.rpc(address), DROP)(token=self._token) for address in self.workers]
        await asyncio.gather(*drops, return_exceptions=True)

    async def _asked(self, messages: Mapping[str, dict[str, Any]]) -> Answer:
        asked = [asyncio.ensure_future(self._part(address, message)) for address, message in messages.items()]
        try:
            answers = await asyncio.gather(*asked)
        except BaseException:
            for each in asked:
                each.cancel()
            raise
        found: dict[tuple[int, int], Any] = {}
        for address, (values, _) in zip(messages, answers, strict=True):
            found.update(zip(self._layout.parts[address].wanted, values, strict=True))
        return Answer(self._results(found), [report for _, reports in answers for report in reports])

    async def _part(self, address: str, message: dict[str, Any]) -> Any:
        """What a runner gives for its part."""
        try:
            return unpacked(await getattr(self._client.rpc(address), RUN)(**message))
        except MissingError:
            self._told.forget(address)
            return unpacked(await getattr(self._client.rpc(address), RUN)(**self._message(address)))

    def _results(self, found: Mapping[tuple[int, int], Any]) -> list[Any]:
        slots = self._plan.outputs
        values = self._values.values
        return [found[s.task, s.index] if isinstance(s, TaskOutput) else s.of(values) for s in slots]

    # What is sent.

    def _message(self, address: str) -> dict[str, Any]:
        part, name = self._layout.parts[address], self._layout.names[address]
        body = None if self._told.has(address, name) else _pickled(self._plan, part)
        if body is not None:
            self._told.tell(address, name, len(body))
        return {
            "token": self._token,
            "name": name,
            "part": body,
            "sent": to_serialize([self._sent(address, slot) for slot in part.given]),  # type: ignore[no-untyped-call]
            "settings": to_serialize(self._settings),  # type: ignore[no-untyped-call]
        }

    def _sent(self, address: str, slot: PlanInput) -> Sent:
        lying = self._values.lying(slot)
        if lying is not None:
            return lying
        value = slot.of(self._values.values)
        if not isinstance(value, np.ndarray) or value.nbytes < AHEAD:
            return Brought(value)
        digest = self._values.digest(slot, value)
        if self._told.has(address, digest):
            return Kept(digest)
        if not self._told.was_seen(digest, self._token):
            return Brought(value)
        self._told.tell(address, digest, value.nbytes)
        return Brought(value, digest)


def _pickled(plan: Plan, part: Part) -> bytes:
    bodies = [pickle.dumps(plan.tasks[task.index].body) for task in part.tasks]  # type: ignore[no-untyped-call]
    return bytes(pickle.dumps((part, bodies)))  # type: ignore[no-untyped-call]
