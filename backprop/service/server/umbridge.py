"""UM-Bridge under /umbridge: the models of the operator's for its clients in Python, R, C++, MUQ, PyMC and others.

Each evaluation is a run like any other: it stands in the queue of its client and in the journal, and the same one is
answered from the store. Those clients cannot send a bearer token; they send one as the password of their address,
https://name:token@host:port/umbridge.

Source: the protocol, version 1.0, https://um-bridge-benchmarks.readthedocs.io/en/docs/umbridge/protocol.html
Limits: no shared memory; clients that ask for it fall back on HTTP.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ...errors import BackpropError, NotDifferentiableError, UnknownRunError, WireError
from ...graph.wire.checks import a_list, a_map, a_text, an_int
from ...graph.wire.limits import within
from ...graph.wire.values import values_from_bytes
from ..entries import Name
from ..protocol.calls import Call, Model, ModelFailedError, call_to_bytes
from ..protocol.problems import exception_of, status_of
from ..runs import Options, Submission
from .app import Api

VERBS = {"Evaluate": "evaluate", "Gradient": "vjp", "ApplyJacobian": "jvp", "ApplyHessian": "hvp"}
"""What the protocol's words mean."""


@dataclass(frozen=True, slots=True, eq=False)
class Bridge:
    """The handlers.

    Arguments:
        api: who asks, and the desk.
        supported: what is known of each model.
    """

    api: Api
    supported: dict[str, dict[str, bool]] = field(default_factory=dict)

    def routes(self) -> list[Route]:
        """Which handler answers what."""
        asked = {"InputSizes": self.input_sizes, "OutputSizes": self.output_sizes, "ModelInfo": self.model_info}
        verbs = {word: _asking(self, word) for word in VERBS}
        posts = [Route(f"/umbridge/{word}", told(f), methods=["POST"]) for word, f in {**asked, **verbs}.items()]
        return [Route("/umbridge/Info", told(self.info), methods=["GET"]), *posts]

    async def info(self, request: Request) -> dict[str, Any]:
        """The models."""
        self.api.client(request)
        return {"protocolVersion": 1.0, "models": sorted(self.api.desk.programs.models)}

    async def input_sizes(self, request: Request) -> dict[str, Any]:
        """The lengths of a model's inputs."""
        model, part = await self._asked(request)
        return {"inputSizes": model.input_sizes(_config(part))}

    async def output_sizes(self, request: Request) -> dict[str, Any]:
        """The lengths of a model's outputs."""
        model, part = await self._asked(request)
        executor = self.api.desk.executor
        return {"outputSizes": await run_in_threadpool(model.output_sizes, _config(part), executor)}

    async def model_info(self, request: Request) -> dict[str, Any]:
        """What a model can be asked for."""
        model, part = await self._asked(request)
        name = str(part["name"])
        if name not in self.supported:
            self.supported[name] = await run_in_threadpool(self._support, name, model)
        return {"support": self.supported[name]}

    def _support(self, name: str, model: Model) -> dict[str, bool]:
        """Whether each derivative can be taken; seen by tracing it."""
        sizes = model.input_sizes({})
        given = {"input": [[0.0] * n for n in sizes], "outWrt": 0, "inWrt": 0, "inWrt1": 0, "inWrt2": 0}
        out = [0.0] * model.output_sizes({}, self.api.desk.executor)[0]
        found = {}
        for word in VERBS:
            vectors = {"sens": out, "vec": [0.0] * sizes[0]}
            try:
                model.planned(_call(name, word, {**given, **vectors}, sizes), self.api.desk.executor)
            except NotDifferentiableError:
                found[word] = False
            else:
                found[word] = True
        return found

    async def ask(self, word: str, request: Request) -> dict[str, Any]:
        """Evaluate, Gradient, ApplyJacobian or ApplyHessian."""
        model, part = await self._asked(request)
        client = self.api.client(request)
        name = Name(client, uuid.uuid4().hex)
        call = _call(str(part["name"]), word, part, model.input_sizes(_config(part)))
        data = call_to_bytes(call)
        self.api.metrics.took(client, len(data))
        desk = self.api.desk
        (taken,) = await asyncio.wrap_future(desk.take([Submission(name, data, Options())]))
        if isinstance(taken, Exception):
            raise taken
        entry = (await asyncio.wrap_future(taken)).entry
        if entry.problem is not None:
            raise exception_of(json.loads(entry.problem))
        vectors = [np.ravel(value).tolist() for value in values_from_bytes(await run_in_threadpool(desk.result, entry))]
        return {"output": vectors if word == "Evaluate" else vectors[0]}

    async def _asked(self, request: Request) -> tuple[Model, dict[str, Any]]:
        """The model that a request names, and the request."""
        self.api.client(request)
        data = await self.api.body(request)
        within(len(data), self.api.desk.limits.header, "bytes of JSON")
        try:
            part = a_map(json.loads(data), "the body")
        except (ValueError, RecursionError) as error:
            raise WireError(f"the body is no JSON: {str(error)[:200]}") from error
        name = a_text(part.get("name"), "name")
        model = self.api.desk.programs.models.get(name)
        if model is None:
            raise UnknownRunError(f"no model is called {name[:80]!r}", fix="see /umbridge/Info for those there are")
        return model, part


def _asking(bridge: Bridge, word: str) -> Callable[[Request], Awaitable[dict[str, Any]]]:
    async def handler(request: Request) -> dict[str, Any]:
        return await bridge.ask(word, request)

    return handler


def _config(part: Mapping[str, Any]) -> dict[str, Any]:
    return a_map(part.get("config", {}), "config")


def _call(name: str, word: str, part: Mapping[str, Any], sizes: list[int]) -> Call:
    """The call that a request asks for.

    Errors:
        WireError: it does not fit the model.
    """
    given = a_list(part.get("input"), "input")
    if len(given) != len(sizes):
        raise WireError(f"{len(given)} vectors are given, and the model takes {len(sizes)}", "input")
    values = [_vector(v, f"input[{k}]", n) for k, (v, n) in enumerate(zip(given, sizes, strict=True))]
    if word == "Evaluate":
        return Call(name, "evaluate", values, config=_config(part))
    out = an_int(part.get("outWrt"), "outWrt", 0)
    names = ("inWrt1", "inWrt2") if word == "ApplyHessian" else ("inWrt",)
    wrt = tuple([an_int(part.get(each), each, 0, len(sizes) - 1) for each in names])
    further = [] if word == "ApplyJacobian" else [_vector(part.get("sens"), "sens")]
    further += [] if word == "Gradient" else [_vector(part.get("vec"), "vec", sizes[wrt[-1]])]
    return Call(name, VERBS[word], values, further, out, wrt, _config(part))


def _vector(value: Any, where: str, length: int | None = None) -> Any:
    items = a_list(value, where)
    if not all(type(item) in (int, float) for item in items):
        raise WireError("a vector is a list of numbers", where)
    if length is not None and len(items) != length:
        raise WireError(f"a vector of {len(items)} numbers stands where {length} are wanted", where)
    try:
        return np.array(items, np.float64)
    except OverflowError as error:
        raise WireError(f"a number is too large: {error}", where) from error


def told(handler: Callable[[Request], Awaitable[dict[str, Any]]]) -> Callable[[Request], Awaitable[Response]]:
    """The handler, whose answers and errors are written as the protocol has them."""

    async def answered(request: Request) -> Response:
        try:
            return Response(json.dumps(await handler(request)), media_type="application/json")
        except ModelFailedError as error:
            return _failed(error.__cause__ if isinstance(error.__cause__, Exception) else error)
        except Exception as error:
            if not isinstance(error, BackpropError) and not hasattr(error, "__notes__"):
                raise  # neither an op's nor one of ours
            return _failed(error)

    return answered


def _failed(error: Exception) -> Response:
    notes = "\n".join([str(error), *getattr(error, "__notes__", [])])
    found = {"error": {"type": type(error).__name__, "message": notes}}
    headers = {"www-authenticate": "Basic"} if status_of(error) == 401 else {}
    return Response(json.dumps(found), status_of(error), headers, "application/json")
