"""The HTTP interface, as a program sees it that knows its description only: plain requests, no backprop."""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backprop.graph.wire.frame import FrameWriter
from backprop.graph.wire.limits import Limits
from backprop.graph.wire.values import values_from_bytes
from backprop.service.protocol.batches import Part, batch_from_bytes, batch_to_bytes
from backprop.service.server.app import BINARY
from backprop.service.server.openapi import document
from backprop.service.server.serving import Serving

GRAPH = {
    "inputs": ["float64[3]"],
    "nodes": [
        {"op": "sin", "in": [0]},
        {"op": "multiply", "in": [1, 0]},
        {"op": "reduce_sum", "in": [2], "params": {"axes": [0], "keepdims": False}},
    ],
    "outputs": [3],
}
KEYS = {"idempotency-key": "a-key-00"}


@pytest.fixture
def http(service: Serving) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=service.url, timeout=30, headers={"accept": "application/json"}) as client:
        yield client


def array(*numbers: float) -> dict[str, Any]:
    data = base64.b64encode(struct.pack(f"<{len(numbers)}d", *numbers)).decode()
    return {"array": {"dtype": "<f8", "shape": [len(numbers)], "data": data}}


def numbers(value: dict[str, Any]) -> list[float]:
    (part,) = value.values()
    data = base64.b64decode(part["data"])
    return list(struct.unpack(f"<{len(data) // 8}d", data))


def put(http: httpx.Client, **more: Any) -> str:
    answer = http.post("/v1/programs", json={"kind": "graph", "graph": GRAPH, **more})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["program"])


def run(http: httpx.Client, program: str, *values: Any, key: str = "a-key-00", wait: float = 30) -> httpx.Response:
    body = {"kind": "run", "program": program, "values": list(values)}
    return http.post("/v1/runs", json=body, headers={"idempotency-key": key}, params={"wait": wait})


def test_a_gradient_by_plain_requests(http: httpx.Client) -> None:
    x = [0.5, 1.0, 2.0]
    answer = run(http, put(http, gradient=[0]), array(*x))
    assert answer.status_code == 200, answer.text
    value, slope = answer.json()["values"]
    np.testing.assert_allclose(numbers(value), np.sum(np.sin(x) * x), rtol=1e-15)
    np.testing.assert_allclose(numbers(slope), np.cos(x) * x + np.sin(x), rtol=1e-15)


def test_state_result_list_and_events(http: httpx.Client) -> None:
    run(http, put(http), array(1, 2, 3))
    state = http.get("/v1/runs/a-key-00").json()
    assert (state["state"], state["problem"]) == ("done", None)
    assert http.get("/v1/runs/a-key-00/result").json()["kind"] == "values"
    assert [r["key"] for r in http.get("/v1/runs").json()["runs"]] == ["a-key-00"]
    events = http.get("/v1/runs/a-key-00/events").text
    assert events.startswith("event: end\ndata: ")
    assert json.loads(events.partition("data: ")[2])["state"] == "done"
    assert http.delete("/v1/runs/a-key-00").json()["state"] == "done"


BAD = [
    ("POST", "/v1/programs", {"kind": "graph", "graph": {"inputs": [], "outputs": [3]}}, {}, 400),
    ("POST", "/v1/programs", {"kind": "values", "values": []}, {}, 400),
    ("POST", "/v1/runs", {"kind": "run", "program": "none", "values": []}, KEYS, 404),
    ("POST", "/v1/runs", {"kind": "run", "program": "none", "values": []}, {"idempotency-key": "x"}, 400),
    ("POST", "/v1/runs", {"kind": "run", "program": "none", "values": []}, {}, 400),
    ("POST", "/v1/runs?priority=much", {"kind": "run"}, KEYS, 400),
    ("POST", "/v1/runs?deadline=-1", {"kind": "run"}, KEYS, 400),
    ("POST", "/v1/runs", {"kind": "run"}, {**KEYS, "content-type": "text/plain"}, 400),
    ("POST", "/v1/runs", {"kind": "run"}, {**KEYS, "host": "evil.example"}, 400),
    ("GET", "/v1/runs/not-there", None, {}, 404),
    ("DELETE", "/v1/runs/not-there", None, {}, 404),
    ("GET", "/v1/runs/not-there/result", None, {}, 404),
    ("GET", "/v1/runs/not-there/events", None, {}, 404),
    ("GET", "/nothing", None, {}, 404),
    ("PUT", "/v1/runs", None, {}, 405),
]


@pytest.mark.parametrize(("method", "path", "body", "headers", "status"), BAD)
def test_bad_input_is_one_clear_problem(
    http: httpx.Client, method: str, path: str, body: Any, headers: dict[str, str], status: int
) -> None:
    content = None if body is None else json.dumps(body).encode()
    kind = {} if body is None else {"content-type": "application/json"}
    answer = http.request(method, path, content=content, headers={**kind, **headers})
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert {"type", "title", "status", "detail", "class"} <= answer.json().keys()
    assert http.get("/healthz").status_code == 200


def test_a_batch(http: httpx.Client) -> None:
    program = put(http)
    runs = [{"kind": "run", "program": program, "values": [array(1.0, 2.0, k)]} for k in range(5)]
    runs[3] = {"kind": "run", "program": "none", "values": []}
    parts = [Part(f"a-key-{k:02}", json.dumps(body).encode()) for k, body in enumerate(runs)]
    headers = {"content-type": "application/x-backprop"}
    body = batch_to_bytes("runs", parts)
    answer = http.post("/v1/batches?wait=30", content=body, headers=headers)
    found = batch_from_bytes("answers", answer.content, Limits())
    assert [(part.key, part.status) for part in found] == [(f"a-key-{k:02}", 404 if k == 3 else 200) for k in range(5)]
    for k in (0, 1, 2, 4):
        (value,) = values_from_bytes(found[k].data)
        np.testing.assert_allclose(value, np.sum(np.sin([1, 2, k]) * [1, 2, k]), rtol=1e-15)
    assert json.loads(found[3].data)["class"] == "UnknownRunError"
    again = batch_from_bytes("answers", http.post("/v1/batches", content=body, headers=headers).content, Limits())
    assert again == found


@pytest.mark.parametrize(
    "header",
    [
        {"kind": "runs"},
        {"kind": "batch"},
        {"kind": "batch", "runs": [{"key": "a-key-00", "at": [0, 999]}]},
        {"kind": "batch", "runs": [{"key": "x", "at": [0, 0]}]},
        {"kind": "batch", "runs": [{"key": "a-key-00", "at": [0, 0]}] * 257},
    ],
)
def test_a_batch_that_is_wrong(http: httpx.Client, header: dict[str, Any]) -> None:
    answer = http.post("/v1/batches", content=FrameWriter().message(header), headers={"content-type": BINARY})
    assert answer.status_code in (400, 413), answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_values_that_do_not_fit(http: httpx.Client) -> None:
    answer = run(http, put(http), array(1, 2))
    assert answer.status_code == 422
    assert answer.json()["class"] == "PlanError"
    assert "input 0 is float64[2]" in answer.json()["detail"]


def test_the_description_has_all_routes_and_no_others(http: httpx.Client, service: Serving) -> None:
    described = http.get("/openapi.json").json()
    assert described == document("test")
    operations = {
        (path, method.upper()) for path, item in described["paths"].items() for method in item if method != "parameters"
    }
    app: Any = service.server.config.app
    routes = {(route.path, method) for route in app.routes for method in route.methods - {"HEAD"}}
    assert operations == routes


def test_health_and_metrics(http: httpx.Client) -> None:
    run(http, put(http), array(1, 2, 3))
    assert http.get("/readyz").json() == {"ready": True}
    text = http.get("/metrics").text
    assert 'backprop_runs_submitted_total{client="local"} 1.0' in text
    assert 'backprop_runs_ended_total{client="local",state="done"} 1.0' in text
    assert "backprop_run_seconds_bucket" in text


def test_the_page_has_no_outside_resources(http: httpx.Client) -> None:
    answer = http.get("/")
    assert "http" not in answer.text.replace("http-equiv", "")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    overview = http.get("/v1/overview").json()
    assert overview["active"] == []


FUZZED = settings(suppress_health_check=[*HealthCheck])


@FUZZED
@given(data=st.binary(max_size=300), path=st.sampled_from(["/v1/programs", "/v1/runs"]), tail=st.booleans())
def test_any_bytes_are_a_problem(http: httpx.Client, data: bytes, path: str, tail: bool) -> None:
    content = b'{"kind": "run", "program": "' + data if tail else data
    headers = {"content-type": "application/x-backprop", "idempotency-key": "fuzz-key"}
    answer = http.post(path, content=content, headers=headers)
    assert 400 <= answer.status_code < 500
    assert answer.json()["class"]
