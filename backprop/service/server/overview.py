"""What the status page shows: queue by client, runs with their progress, workers, seconds and bytes, the last errors.

Where tokens are asked for, a client sees its own runs, and of others that they have some.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from ...scheduler.executors.base import AbstractExecutor
from ...scheduler.executors.cluster.executor import Cluster
from .app import NOT_STORED, SHOWN, Api, shown
from .requests import told

EVERY = 0.5
"""Seconds between two looks."""


@dataclass(frozen=True, slots=True, eq=False)
class Overview:
    """The handlers.

    Arguments:
        api: who asks, and the desk.
    """

    api: Api

    def routes(self) -> list[Route]:
        """Which handler answers what."""
        return [
            Route("/v1/overview", told(self.now), methods=["GET"]),
            Route("/v1/overview/events", told(self.events), methods=["GET"]),
        ]

    async def now(self, request: Request) -> Response:
        """How things are."""
        return JSONResponse(await run_in_threadpool(self._state, self._whose(request)))

    async def events(self, request: Request) -> Response:
        """How things are, whenever they have changed, as server-sent events."""
        stream = self._events(self._whose(request))
        return StreamingResponse(stream, media_type="text/event-stream", headers=NOT_STORED)

    async def _events(self, mine: str | None) -> AsyncIterator[str]:
        last = ""
        while not self.api.waiters.is_over:
            state = json.dumps(await run_in_threadpool(self._state, mine))
            yield f"event: overview\ndata: {state}\n\n" if state != last else ": nothing new\n\n"
            last = state
            await asyncio.sleep(EVERY)

    def _whose(self, request: Request) -> str | None:
        client = self.api.client(request)
        return client if self.api.access.tokens else None

    def _state(self, mine: str | None) -> dict[str, Any]:
        desk = self.api.desk
        latest = [{**shown(entry), "client": entry.name.client} for entry in desk.journal.latest(mine, SHOWN)]
        names = [name for name in desk.open_runs() if mine in (None, name.client)]
        return {
            **self.api.about,
            "clients": {name: list(counts) for name, counts in desk.by_client().items()},
            "active": [{**name._asdict(), **desk.progress(name)} for name in names[:SHOWN]],
            "accounts": [row for row in self.api.metrics.accounts() if mine in (None, row["client"])],
            "members": workers(desk.executor),
            "latest": latest,
            "errors": [run for run in latest if run["problem"] is not None][:10],
        }


def workers(executor: AbstractExecutor) -> list[dict[str, Any]]:
    """The workers that an executor has: name, threads, memory used and allowed, and tasks that run; maybe none."""
    if isinstance(executor, Cluster):
        return executor.members.status() if executor.has_workers else []
    return [{"name": "this process", "threads": executor.workers, "memory": None, "limit": None, "tasks": None}]
