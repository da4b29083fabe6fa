"""The client: an executor whose runs happen on a service.

Each run has a key of its own before it is sent. Where the connection is lost, or the service is restarted, the client
asks again with the same key, and gets the answer of the run that it had asked for. A service that has too much to do is
asked again when it says. What a run raised there is raised here.
"""

from __future__ import annotations

import ssl
import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode

import urllib3

from ..errors import ServiceUnavailableError, UnknownRunError
from ..graph.handle import fetched
from ..graph.wire.limits import Limits
from ..graph.wire.values import values_from_bytes
from ..graph.wire.vocabulary import BUILT_IN
from ..scheduler.entry import entered
from ..scheduler.events import Recorder, TaskFinished, TaskStarted
from ..scheduler.executors.base import AbstractExecutor
from ..scheduler.planning.plan import Plan
from .entries import content_hash
from .protocol.batches import Part, batch_from_bytes, batch_to_bytes
from .protocol.messages import plan_to_bytes, run_to_bytes
from .protocol.problems import MEDIA_TYPE, exception_of

BINARY = "application/x-backprop"
WAIT = 20.0
"""Seconds that one request waits for an answer."""

PATIENCE = 60.0
"""Seconds for which a service that does not answer is asked again."""

PROGRAMS = 256
CONNECTIONS = 64
ANSWERS = Limits(message=1 << 40, header=1 << 30, value=1 << 40)
"""The service is trusted to answer with no more than it was asked for."""

Tls = ssl.SSLContext | str | Path | None


class Service(AbstractExecutor):
    """Runs plans on a service; a context manager. Made by `backprop.connect`.

    Arguments:
        url: of the service.
        token: who asks.
        tls: the file of the certificate that the service is to have, or a context; None for the system's.
        patience: seconds for which a service that does not answer is asked again.
        recorder: takes the events of each run.
    Errors:
        ServiceUnavailableError: nothing answers there. UnauthorizedError: the token is missing or wrong.
    """

    def __init__(
        self,
        url: str,
        token: str | None = None,
        tls: Tls = None,
        patience: float = PATIENCE,
        recorder: Recorder | None = None,
    ) -> None:
        self.url, self.token, self.tls, self.patience = url.rstrip("/"), token, tls, patience
        self._headers = {} if token is None else {"authorization": f"Bearer {token}"}
        timeout = urllib3.Timeout(connect=10.0, read=WAIT + 30.0)
        self._http = urllib3.PoolManager(maxsize=CONNECTIONS, retries=False, timeout=timeout, ssl_context=_context(tls))
        self._lock = threading.RLock()
        self._closed = False
        self._put: set[str] = set()
        self._sent: OrderedDict[int, tuple[Plan, str, bytes]] = OrderedDict()
        about = self._asked("GET", "/v1/service").json()
        self.shares_gil = bool(about["shares_gil"])
        super().__init__(int(about["workers"]), float(about["overhead"]), 1, recorder)
        self._vocabulary = {**BUILT_IN, **dict.fromkeys(about["ops"])}

    def run(self, plan: Plan, values: Sequence[Any]) -> tuple[Any, ...]:
        """See AbstractExecutor.

        Errors:
            CannotTravelError: an op of the user's own that is not registered with the service.
            ServiceError: the service did not do what it was asked for.
        """
        return self.ask(new_key(), plan, values)

    def ask(
        self, key: str, plan: Plan, values: Sequence[Any], options: Mapping[str, Any] = MappingProxyType({})
    ) -> tuple[Any, ...]:
        """The results of a plan under a key; asked again with the same key, it does not run twice.

        Arguments:
            key: 8 to 64 letters, digits, - and _.
            plan, values: as of `run`.
            options: priority, deadline in seconds from now, attempts.
        """
        program, message = self._program(plan)
        given = fetched(entered(plan, values))
        body = run_to_bytes(program, given)
        try:
            answer = self._submit(key, body, options)
        except UnknownRunError:  # the service has not seen the program, or has let it go
            self._asked("POST", "/v1/programs", message)
            answer = self._submit(key, body, options)
        while answer.status == 202:
            answer = self._asked("GET", f"/v1/runs/{key}/result", params={"wait": WAIT})
        if self.recorder is not None:
            self._record(key, self.recorder)
        return tuple(values_from_bytes(answer.data, ANSWERS))

    def ask_many(
        self, asked: Sequence[tuple[str, Plan, Sequence[Any]]], again: Sequence[str], wait: float
    ) -> dict[str, tuple[Any, ...] | None]:
        """The results of plans under keys, in one request, of those that are there; None where it takes longer.

        What is not in the answer has failed, and is to be asked for alone, which says how.

        Arguments:
            asked: key, plan and values of each that is new.
            again: the keys of what was asked for before.
            wait: seconds to wait for all of them.
        """
        parts = [Part(key, b"") for key in again]
        for key, plan, values in asked:
            program, message = self._program(plan)
            if program not in self._put:
                self._asked("POST", "/v1/programs", message)
                self._put.add(program)
            parts.append(Part(key, run_to_bytes(program, fetched(entered(plan, values)))))
        body = batch_to_bytes("runs", parts)
        answer = self._asked("POST", "/v1/batches", body, {"wait": wait})
        found = batch_from_bytes("answers", answer.data, ANSWERS)
        return {part.key: _results(part) for part in found if part.status in (200, 202)}

    def cancel(self, key: str) -> bool:
        """Cancel a run; whether it was still under way."""
        try:
            return bool(self._asked("DELETE", f"/v1/runs/{key}").json()["state"] == "cancelled")
        except UnknownRunError:
            return False

    @property
    def closed(self) -> bool:
        """See AbstractExecutor."""
        return self._closed

    def close(self) -> None:
        """Let go of the connections."""
        self._closed = True
        self._http.clear()

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.url, self.token, self.tls, self.patience)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.url!r})"

    def _submit(self, key: str, body: bytes, options: Mapping[str, Any]) -> urllib3.BaseHTTPResponse:
        params = {**{name: value for name, value in options.items() if value is not None}, "wait": WAIT}
        if self.recorder is not None:
            params["fresh"] = 1  # an answer from the store has no tasks
        return self._asked("POST", "/v1/runs", body, params, {"idempotency-key": key})

    def _program(self, plan: Plan) -> tuple[str, bytes]:
        """The message of a plan and its hash, made once."""
        with self._lock:
            known = self._sent.get(id(plan))
            if known is not None:
                return known[1:]
        message = plan_to_bytes(plan, self._vocabulary)
        digest = content_hash(message)
        with self._lock:
            self._sent[id(plan)] = (plan, digest, message)  # the plan as well, so that its id stays its own
            if len(self._sent) > PROGRAMS:
                _, gone, _ = self._sent.popitem(last=False)[1]
                self._put.discard(gone)
        return digest, message

    def _asked(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> urllib3.BaseHTTPResponse:
        """An answer of the service, asked for again where there is none."""
        sent = {**self._headers, **(headers or {}), **({} if body is None else {"content-type": BINARY})}
        url = f"{self.url}{path}?{urlencode(params)}" if params else self.url + path
        end, pause = time.monotonic() + self.patience, 0.05
        while True:
            try:
                answer = self._http.request(method, url, body=body, headers=sent)
            except urllib3.exceptions.HTTPError as error:
                if time.monotonic() > end or _is_refused(error):
                    raise ServiceUnavailableError(
                        f"the service at {self.url} does not answer: {error}", fix="see that it runs: backprop serve"
                    ) from error
            else:
                if answer.status < 300:
                    return answer
                wait = answer.headers.get("retry-after")
                if time.monotonic() > end or (wait is None and not _is_of_others(answer)):
                    raise _raised(answer)
                pause = pause if wait is None else float(wait)
            time.sleep(min(pause, max(0.0, end - time.monotonic())))
            pause = min(2 * pause, 2.0)

    def _record(self, key: str, recorder: Recorder) -> None:
        for task, name, worker, end, seconds, error in self._asked("GET", f"/v1/runs/{key}").json()["trace"]:
            recorder.record(TaskStarted(task, name, worker, end - seconds))
            recorder.record(TaskFinished(task, name, worker, end, seconds, error))


def _results(part: Part) -> tuple[Any, ...] | None:
    return tuple(values_from_bytes(part.data, ANSWERS)) if part.status == 200 else None


def new_key() -> str:
    """A key that no other run has."""
    return uuid.uuid4().hex


def _context(tls: Tls) -> ssl.SSLContext:
    return tls if isinstance(tls, ssl.SSLContext) else ssl.create_default_context(cafile=tls and str(tls))


def _is_refused(error: Exception) -> bool:
    """Whether asking again is of no use: the service has another certificate."""
    return "CERTIFICATE_VERIFY_FAILED" in str(error)


def _is_of_others(answer: urllib3.BaseHTTPResponse) -> bool:
    """Whether an answer is not the service's own, but of a proxy, say, behind which it starts again."""
    return answer.status >= 500 and not answer.headers.get("content-type", "").startswith(MEDIA_TYPE)


def _raised(answer: urllib3.BaseHTTPResponse) -> Exception:
    try:
        problem = answer.json()
    except ValueError:
        return ServiceUnavailableError(f"the service answered {answer.status} without a problem")
    return exception_of(problem)
