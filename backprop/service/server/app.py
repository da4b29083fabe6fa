"""The HTTP interface, as an ASGI application; openapi.py describes it.

A body is read up to its limit and no further. Without tokens, which is on the loopback interface only, a request must
name a local host and, where it changes something, carry a type that a page in a browser may not send to strangers: so
no web site can reach the service through somebody's browser.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from ...errors import WireError, WireLimitError
from ...graph.wire.values import values_from_bytes, values_to_bytes
from ..desk import Desk
from ..entries import Entry, Name
from ..protocol.problems import MEDIA_TYPE
from ..runs import Ended, Submission
from .access import Access
from .metrics import Metrics
from .openapi import document
from .page import PAGE
from .requests import Waiters, check_local, failed, key, number, options, told, unknown

BINARY = "application/x-backprop"
TICK = 0.05
"""Seconds between two looks at deadlines, and between two events of progress."""

LONGEST_WAIT, SHOWN = 60.0, 50


@dataclass(frozen=True, slots=True, eq=False)
class Api:
    """The handlers.

    Arguments:
        desk: what takes, runs and answers.
        access: who may ask.
        metrics: what is counted.
        about: what the service says of itself.
        waiters: the requests that wait for runs.
    """

    desk: Desk
    access: Access
    metrics: Metrics
    about: dict[str, Any]
    waiters: Waiters = field(default_factory=Waiters)

    # Programs and runs.

    async def put_program(self, request: Request) -> Response:
        """Keep a program."""
        self.client(request)
        data = await self.body(request)
        digest = await run_in_threadpool(self.desk.programs.put, data, self.desk.clock())
        return JSONResponse({"program": digest}, 201)

    async def submit(self, request: Request) -> Response:
        """Run a program on values."""
        client = self.client(request)
        data = await self.body(request)
        name = Name(client, key(request.headers.get("idempotency-key", "")))
        (found,) = await asyncio.wrap_future(self.desk.take([Submission(name, data, options(request))]))
        if isinstance(found, Exception):
            raise found
        self.metrics.took(client, len(data))
        return await self._waited(request, name, found)

    async def result(self, request: Request) -> Response:
        """The answer of a run."""
        name = self._name(request)
        return await self._waited(request, name, await run_in_threadpool(self.desk.outcome, name))

    async def state(self, request: Request) -> Response:
        """The state of a run."""
        name = self._name(request)
        entry = await run_in_threadpool(self.desk.entry, name)
        return JSONResponse({**shown(entry), **self.desk.progress(name), "trace": self.desk.tasks(name)})

    async def runs(self, request: Request) -> Response:
        """One's latest runs."""
        client = self.client(request)
        count = int(number(request, "count", 100, 1, 1000))
        entries = await run_in_threadpool(self.desk.journal.latest, client, count)
        return JSONResponse({"runs": [shown(entry) for entry in entries]})

    async def cancel(self, request: Request) -> Response:
        """Cancel a run."""
        name = self._name(request)
        return JSONResponse(shown(await run_in_threadpool(self.desk.cancel, name)))

    async def events(self, request: Request) -> Response:
        """The progress of a run, as server-sent events."""
        name = self._name(request)
        await run_in_threadpool(self.desk.entry, name)
        return StreamingResponse(self._events(name), media_type="text/event-stream", headers=NOT_STORED)

    async def _events(self, name: Name) -> AsyncIterator[str]:
        last, outcome = None, await run_in_threadpool(self.desk.outcome, name)
        ended = asyncio.wrap_future(outcome)
        while not outcome.done() and not self.waiters.is_over:
            now = self.desk.progress(name)
            if now != last:
                yield f"event: progress\ndata: {json.dumps(now)}\n\n"
            last = now
            await asyncio.wait([ended], timeout=TICK)
        if not outcome.done():
            return  # the service is to stop, and the client asks again
        entry = await run_in_threadpool(self.desk.entry, name)
        yield f"event: end\ndata: {json.dumps(shown(entry))}\n\n"

    async def _waited(self, request: Request, name: Name, answer: Future[Ended]) -> Response:
        """The answer of a run, for which the request waits as long as it says."""
        await self.waiters.all_ended([answer], number(request, "wait", 0.0, 0.0, LONGEST_WAIT))
        if answer.done():
            return await self._answer(request, *answer.result())
        entry = await run_in_threadpool(self.desk.entry, name)
        return JSONResponse(shown(entry), 202, {"location": f"/v1/runs/{name.key}"})

    async def _answer(self, request: Request, entry: Entry, data: bytes | None) -> Response:
        if entry.problem is not None:
            problem = json.loads(entry.problem)
            return Response(entry.problem, int(problem["status"]), media_type=MEDIA_TYPE)
        found = await run_in_threadpool(self.desk.result, entry) if data is None else data
        if "application/json" in request.headers.get("accept", ""):
            return Response(await run_in_threadpool(_as_json, found), media_type="application/json")
        return Response(found, media_type=BINARY)

    # About the service.

    async def service(self, request: Request) -> Response:
        """What the service says of itself."""
        self.client(request)
        return JSONResponse(self.about)

    async def health(self, request: Request) -> Response:
        """Whether the process answers."""
        return JSONResponse({"status": "ok"})

    async def ready(self, request: Request) -> Response:
        """Whether runs are taken."""
        return JSONResponse({"ready": not self.desk.draining}, 503 if self.desk.draining else 200)

    async def numbers(self, request: Request) -> Response:
        """Numbers for Prometheus."""
        self.client(request)
        return Response(generate_latest(self.metrics.registry), media_type=CONTENT_TYPE_LATEST)

    async def openapi(self, request: Request) -> Response:
        """The description of the interface."""
        return JSONResponse(document(str(self.about["version"])))

    async def page(self, request: Request) -> Response:
        """The status page."""
        return HTMLResponse(PAGE, headers=PAGE_HEADERS)

    # Parts of requests.

    def client(self, request: Request) -> str:
        """The name of who asks."""
        if not self.access.tokens:
            check_local(request)
        return self.access.client(request.headers.get("authorization"), request.headers.get("backprop-client"))

    def _name(self, request: Request) -> Name:
        return Name(self.client(request), key(request.path_params["key"]))

    async def body(self, request: Request) -> bytes:
        """The body of a request."""
        kind = request.headers.get("content-type", "").partition(";")[0].strip()
        if kind not in ("application/json", BINARY):
            raise WireError(f"a body of type {kind[:60]!r} is not taken", fix=f"send application/json or {BINARY}")
        parts, length = [], 0
        async for part in request.stream():
            length += len(part)
            if length > self.desk.limits.message:
                raise WireLimitError(f"the body has more than {self.desk.limits.message} bytes", fix="send less")
            parts.append(part)
        return b"".join(parts)

    def routes(self) -> list[Route]:
        """Which handler answers what."""
        return [
            Route("/v1/programs", told(self.put_program), methods=["POST"]),
            Route("/v1/runs", told(self.submit), methods=["POST"]),
            Route("/v1/runs", told(self.runs), methods=["GET"]),
            Route("/v1/runs/{key}", told(self.state), methods=["GET"]),
            Route("/v1/runs/{key}", told(self.cancel), methods=["DELETE"]),
            Route("/v1/runs/{key}/result", told(self.result), methods=["GET"]),
            Route("/v1/runs/{key}/events", told(self.events), methods=["GET"]),
            Route("/v1/service", told(self.service), methods=["GET"]),
            Route("/healthz", told(self.health), methods=["GET"]),
            Route("/readyz", told(self.ready), methods=["GET"]),
            Route("/metrics", told(self.numbers), methods=["GET"]),
            Route("/openapi.json", told(self.openapi), methods=["GET"]),
            Route("/", told(self.page), methods=["GET"]),
        ]


NOT_STORED = {"cache-control": "no-store"}
PAGE_HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'"
}


def shown(entry: Entry) -> dict[str, Any]:
    """A run in the journal, as its client sees it."""
    problem = None if entry.problem is None else json.loads(entry.problem)
    return {
        "key": entry.name.key,
        "state": entry.state,
        "priority": entry.priority,
        "deadline": entry.deadline,
        "submitted": entry.at,
        "ended": entry.ended,
        "result": entry.result,
        "problem": problem,
    }


def _as_json(data: bytes) -> bytes:
    return values_to_bytes(values_from_bytes(data), plain=True)


def application(api: Api, further: list[Route], close: Callable[[], None]) -> Starlette:
    """The application.

    Arguments:
        api: the handlers.
        further: routes beside them.
        close: called when it has shut down.
    """

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        watch = asyncio.create_task(_watch_deadlines(api.desk))
        yield
        watch.cancel()
        await run_in_threadpool(close)

    handlers: dict[Any, Any] = {404: unknown, 405: unknown, 500: failed}
    return Starlette(routes=[*api.routes(), *further], lifespan=lifespan, exception_handlers=handlers)


async def _watch_deadlines(desk: Desk) -> None:
    while True:
        await asyncio.sleep(TICK)
        await run_in_threadpool(desk.expire)
