"""Many runs in one request: taken in together, and answered in one response."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ..entries import Entry, Name
from ..protocol.batches import Part, batch_from_bytes, batch_to_bytes
from ..runs import Ended, Submission
from .app import BINARY, LONGEST_WAIT, Api
from .requests import all_ended, key, number, options, problem_part, told


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
        submissions = [Submission(Name(client, key(part.key)), part.data, given) for part in asked]
        found = await run_in_threadpool(self.api.desk.submit_all, submissions)
        self.api.metrics.took(client, len(data), len(asked))
        answers = [self.api.desk.answer(each.name) for each in submissions]
        wait = number(request, "wait", 0.0, 0.0, LONGEST_WAIT)
        await all_ended([answer for answer in answers if answer is not None], wait)
        parts = await run_in_threadpool(self._parts, submissions, found, answers)
        return Response(batch_to_bytes("answers", parts), media_type=BINARY)

    def _parts(
        self,
        submissions: Sequence[Submission],
        found: Sequence[Entry | Exception],
        answers: Sequence[Future[Ended] | None],
    ) -> list[Part]:
        """The answers of a batch."""
        parts = []
        for each, entry, answer in zip(submissions, found, answers, strict=True):
            if isinstance(entry, Exception):
                parts.append(problem_part(each.name.key, entry))
            elif answer is None or answer.done():
                ended = Ended(self.api.desk.entry(each.name)) if answer is None else answer.result()
                parts.append(self._part(ended))
            else:
                parts.append(Part(each.name.key, b"", 202))
        return parts

    def _part(self, ended: Ended) -> Part:
        entry, data = ended
        if entry.problem is not None:
            return Part(entry.name.key, entry.problem.encode(), int(json.loads(entry.problem)["status"]))
        if entry.ended is None:
            return Part(entry.name.key, b"", 202)
        return Part(entry.name.key, data or self.api.desk.result(entry), 200)
