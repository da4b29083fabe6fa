"""Many runs in one request: taken in together, and answered in one response."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import Future
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ..entries import Name
from ..protocol.batches import Part, batch_from_bytes, batch_to_bytes
from ..runs import Submission, Taken
from .app import BINARY, LONGEST_WAIT, Api
from .requests import key, number, options, problem_part, told


@dataclass(frozen=True, slots=True, eq=False)
class Batches:
    """The handler.

    Arguments:
        api: who asks, and the desk.
    """

    api: Api

    def routes(self) -> list[Route]:
        """Which handler answers what."""
        return [Route("/v1/batches", told(self.run), methods=["POST"])]

    async def run(self, request: Request) -> Response:
        """Run many programs, and answer for all that have ended within the time to wait."""
        client = self.api.client(request)
        data = await self.api.body(request)
        given, asked = options(request), batch_from_bytes("runs", data, self.api.desk.limits)
        wait = number(request, "wait", 0.0, 0.0, LONGEST_WAIT)
        submissions = [Submission(Name(client, key(part.key)), part.data, given) for part in asked]
        found = await asyncio.wrap_future(self.api.desk.take(submissions))
        self.api.metrics.took(client, len(data), sum([bool(part.data) for part in asked]))
        await self.api.waiters.all_ended([taken for taken in found if isinstance(taken, Future)], wait)
        parts = [self._part(each.name.key, taken) for each, taken in zip(submissions, found, strict=True)]
        return Response(batch_to_bytes("answers", parts), media_type=BINARY)

    def _part(self, name: str, taken: Taken) -> Part:
        """An answer of a batch."""
        if isinstance(taken, Exception):
            return problem_part(name, taken)
        if not taken.done():
            return Part(name, b"", 202)
        entry, data = taken.result()
        if entry.problem is not None:
            return Part(name, entry.problem.encode(), int(json.loads(entry.problem)["status"]))
        return Part(name, data or self.api.desk.result(entry), 200)
