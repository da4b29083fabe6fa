"""Parts of requests, checked, and errors as problem details."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from ...errors import BackpropError, UnknownRunError, WireError
from ..protocol.batches import Part
from ..protocol.calls import ModelFailedError
from ..protocol.problems import MEDIA_TYPE, problem_of
from ..runs import Options

LOCAL = ("localhost", "127.0.0.1", "[::1]")

Handler = Callable[[Request], Awaitable[Response]]


def told(handler: Handler) -> Handler:
    """The handler, whose errors become problem details."""

    async def answered(request: Request) -> Response:
        try:
            return await handler(request)
        except BackpropError as error:
            return problem_response(error)
        except ModelFailedError as error:
            cause = error.__cause__
            return problem_response(cause if isinstance(cause, Exception) else error)
        except ClientDisconnect:
            return Response(status_code=499)

    return answered


def problem_response(error: Exception) -> Response:
    """An error as problem details."""
    found = problem_of(error)
    headers = {401: {"www-authenticate": "Bearer"}, 429: {"retry-after": "1"}, 503: {"retry-after": "2"}}
    return JSONResponse(found, found["status"], headers.get(found["status"]), MEDIA_TYPE)


def problem_part(name: str, error: Exception) -> Part:
    """An error as an answer in a batch."""
    cause = error.__cause__ if isinstance(error, ModelFailedError) else error
    found = problem_of(cause if isinstance(cause, Exception) else error)
    return Part(name, json.dumps(found).encode(), int(found["status"]))


class Waiters:
    """The requests that wait: each is woken when its runs have ended, and all of them when the service is to stop.

    Attributes:
        is_over: whether nobody is to wait any more.
    """

    def __init__(self) -> None:
        self.is_over = False
        self._waiting: set[asyncio.Event] = set()

    async def all_ended(self, answers: Sequence[Future[Any]], seconds: float) -> None:
        """Wait until all of some futures have ended, for so many seconds at most; the loop is woken once."""
        loop, ended = asyncio.get_running_loop(), asyncio.Event()
        left = itertools.count(len(answers) - 1, -1)

        def one(answer: Future[Any]) -> None:
            if not next(left):
                with suppress(RuntimeError):  # the loop has ended, and nobody waits
                    loop.call_soon_threadsafe(ended.set)

        for answer in answers:
            answer.add_done_callback(one)
        if answers and seconds and not self.is_over:
            self._waiting.add(ended)
            try:
                with suppress(TimeoutError):
                    await asyncio.wait_for(ended.wait(), seconds)
            finally:
                self._waiting.discard(ended)

    def end(self) -> None:
        """Wake all who wait, and let nobody wait from now on; called in the loop."""
        self.is_over = True
        for each in self._waiting:
            each.set()


async def unknown(request: Request, error: Exception) -> Response:
    """A path or a method that is not offered."""
    what = f"{request.method} {request.url.path[:200]} is not offered"
    status = getattr(error, "status_code", 404)
    found = {**problem_of(UnknownRunError(what, fix="see /openapi.json")), "status": status}
    return JSONResponse(found, status, media_type=MEDIA_TYPE)


async def failed(request: Request, error: Exception) -> Response:
    """An error that is none of ours."""
    found = {**problem_of(RuntimeError("the service failed; its log says how")), "status": 500}
    return JSONResponse(found, 500, media_type=MEDIA_TYPE)


def check_local(request: Request) -> None:
    """Refuse a request that names another host than this one."""
    host = request.headers.get("host", "").rsplit(":", 1)[0] if "]" not in request.headers.get("host", "") else "[::1]"
    if host not in LOCAL:
        raise WireError(f"the host {host[:60]!r} is not this one", fix="ask for 127.0.0.1 or localhost")


def key(text: str) -> str:
    """The key of a run."""
    if not (8 <= len(text) <= 64 and text.replace("-", "").replace("_", "").isalnum() and text.isascii()):
        raise WireError(
            f"{text[:80]!r} is no key of a run", fix="give 8 to 64 letters, digits, - and _ as the Idempotency-Key"
        )
    return text


def options(request: Request) -> Options:
    """What a request says of its run."""
    deadline = number(request, "deadline", 0.0, 0.0, 1e12)
    attempts = int(number(request, "attempts", 1, 1, 10))
    fresh = bool(number(request, "fresh", 0, 0, 1))
    return Options(int(number(request, "priority", 0, -100, 100)), deadline or None, attempts, fresh)


def number(request: Request, name: str, default: float, low: float, high: float) -> float:
    """A number among the parameters of a request.

    Arguments:
        request: the request.
        name: of the parameter.
        default: its value where it is not given.
        low: the least that is allowed.
        high: the most that is allowed.
    """
    text = request.query_params.get(name)
    try:
        value = default if text is None else float(text)
    except ValueError:
        value = float("nan")
    if not low <= value <= high:
        raise WireError(f"{name} is {str(text)[:40]!r}, and no number from {low} to {high}")
    return value
