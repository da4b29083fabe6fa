"""The description of the HTTP interface, OpenAPI 3.1, served at /openapi.json; a test holds it against the routes."""

from __future__ import annotations

from typing import Any

from ..protocol.calls import VERBS

ARRAY = {
    "type": "object",
    "required": ["dtype", "shape", "data"],
    "properties": {
        "dtype": {"type": "string", "examples": ["<f8"], "description": "as NumPy writes it, little-endian"},
        "shape": {"type": "array", "items": {"type": "integer", "minimum": 0}},
        "data": {"type": "string", "contentEncoding": "base64", "description": "the elements, the last axis fastest"},
    },
}
VALUE = {
    "description": "a number; an array; a scalar of NumPy (an array without a shape); a list, which is a tuple",
    "anyOf": [
        {"type": "number"},
        {"type": "boolean"},
        {"type": "object", "required": ["array"], "properties": {"array": {"$ref": "#/components/schemas/Array"}}},
        {"type": "object", "required": ["scalar"], "properties": {"scalar": {"type": "object"}}},
        {"type": "array", "items": {"$ref": "#/components/schemas/Value"}},
    ],
}
NODE = {
    "type": "object",
    "required": ["op"],
    "properties": {
        "op": {"type": "string", "examples": ["sin", "reduce_sum"]},
        "in": {"type": "array", "items": {"type": "integer"}, "description": "ids of inputs and of earlier nodes"},
        "params": {"type": "object"},
        "type": {"description": "checked where it is given, else inferred", "examples": ["float64[3]"]},
        "line": {"type": "integer", "description": "an index into `lines`"},
    },
}
GRAPH = {
    "type": "object",
    "required": ["inputs", "outputs"],
    "properties": {
        "inputs": {"type": "array", "items": {"examples": ["float64[3]", "float64", "float64 weak"]}},
        "names": {"type": "array", "items": {"type": "string"}},
        "lines": {"type": "array", "items": {"type": "array"}},
        "nodes": {"type": "array", "items": {"$ref": "#/components/schemas/Node"}},
        "outputs": {"type": "array", "items": {"type": "integer"}},
    },
}
PROGRAM = {
    "type": "object",
    "required": ["kind", "graph"],
    "properties": {
        "kind": {"const": "graph"},
        "graph": {"$ref": "#/components/schemas/Graph"},
        "gradient": {
            "type": "array",
            "items": {"type": "integer"},
            "description": "inputs whose gradients follow the results; the first result is then a real number",
        },
    },
}
RUN = {
    "type": "object",
    "required": ["kind", "program", "values"],
    "properties": {
        "kind": {"const": "run"},
        "program": {"type": "string", "description": "the hash that the service gave the program"},
        "values": {"type": "array", "items": {"$ref": "#/components/schemas/Value"}},
    },
}
CALL = {
    "description": "asks a model of the operator's; results are the leaves of what it returns, then the derivatives",
    "type": "object",
    "required": ["kind", "model", "verb", "values"],
    "properties": {
        "kind": {"const": "call"},
        "model": {"type": "string", "description": "one of `models` of /v1/service"},
        "verb": {"enum": list(VERBS)},
        "values": {"type": "array", "items": {"$ref": "#/components/schemas/Value"}},
        "further": {"type": "array", "description": "cotangents, then tangents"},
        "out": {"type": "integer", "description": "which result, as a vector, for vjp, jvp and hvp"},
        "wrt": {"type": "array", "items": {"type": "integer"}, "description": "arguments to differentiate by"},
        "config": {"type": "object", "description": "keyword arguments"},
    },
}
VALUES = {
    "type": "object",
    "required": ["kind", "values"],
    "properties": {
        "kind": {"const": "values"},
        "values": {"type": "array", "items": {"$ref": "#/components/schemas/Value"}},
    },
}
STATE = {
    "type": "object",
    "required": ["key", "state"],
    "properties": {
        "key": {"type": "string"},
        "state": {"enum": ["queued", "running", "stopping", "done", "failed", "cancelled", "expired"]},
        "submitted": {"type": "number", "description": "seconds since 1970"},
        "ended": {"type": ["number", "null"]},
        "result": {"type": ["string", "null"], "description": "the hash of the answer"},
        "problem": {"anyOf": [{"$ref": "#/components/schemas/Problem"}, {"type": "null"}]},
    },
}
PROBLEM = {
    "description": "RFC 9457; class, arguments, where, fix and notes are those of the exception",
    "type": "object",
    "required": ["type", "title", "status", "detail", "class"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "class": {"type": "string"},
        "arguments": {"type": "array"},
        "where": {"description": "[file, line, function], the path of a part, or null"},
        "fix": {"type": "string"},
        "notes": {"type": "array", "items": {"type": "string"}},
    },
}
SCHEMAS = {
    "Array": ARRAY,
    "Value": VALUE,
    "Node": NODE,
    "Graph": GRAPH,
    "Program": PROGRAM,
    "Run": {"anyOf": [RUN, CALL]},
    "Values": VALUES,
    "State": STATE,
    "Problem": PROBLEM,
}


def document(version: str) -> dict[str, Any]:
    """The description of the interface of a version."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "backprop", "version": version, "description": "Runs graphs; docs/wire.md has the format."},
        "components": {
            "schemas": SCHEMAS,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}, {}],
        "paths": _paths(),
    }


def _paths() -> dict[str, Any]:
    waiting = [_query("wait", "seconds to wait for the end of the run, at most 60")]
    options = [
        {"name": "Idempotency-Key", "in": "header", "required": True, "schema": {"type": "string"}},
        _query("priority", "a larger one comes first, among one's own"),
        _query("deadline", "seconds from now, after which the run is of no use"),
        _query("attempts", "how often it may be tried, where it raises"),
        _query("fresh", "1 to run it, even where the same message was answered before"),
    ]
    runs = {
        "post": _operation("run a program on values", {"200": "Values", "202": "State"}, "Run", [*options, *waiting]),
        "get": _operation("one's latest runs", {"200": None}, parameters=[_query("count", "how many")]),
    }
    run = {
        "get": _operation("the state of a run", {"200": "State"}),
        "delete": _operation("cancel a run", {"200": "State"}),
    }
    answer = _operation("the answer of a run", {"200": "Values", "202": "State"}, parameters=waiting)
    return {
        "/v1/programs": {"post": _operation("keep a program", {"201": None}, "Program")},
        "/v1/runs": runs,
        "/v1/batches": {"post": _batch(options[1:], waiting)},
        "/v1/runs/{key}": {**run, "parameters": [_KEY]},
        "/v1/runs/{key}/result": {"get": answer, "parameters": [_KEY]},
        "/v1/runs/{key}/events": {
            "get": _operation("progress, as server-sent events", {"200": None}),
            "parameters": [_KEY],
        },
        "/v1/service": {"get": _operation("what the service says of itself", {"200": None})},
        "/v1/overview": {"get": _operation("what the status page shows", {"200": None})},
        "/v1/overview/events": {"get": _operation("the same, as server-sent events", {"200": None})},
        "/healthz": {"get": _operation("whether the process answers", {"200": None})},
        "/readyz": {"get": _operation("whether runs are taken", {"200": None, "503": None})},
        "/metrics": {"get": _operation("numbers for Prometheus", {"200": None})},
        "/openapi.json": {"get": _operation("this document", {"200": None})},
        "/": {"get": _operation("the status page", {"200": None})},
    }


def _batch(options: list[dict[str, Any]], waiting: list[dict[str, Any]]) -> dict[str, Any]:
    """Many runs in one request; the format of its body is in docs/service.md."""
    operation = _operation("run many programs", {"200": None}, parameters=[*options, *waiting])
    return {**operation, "requestBody": {"required": True, "content": {"application/x-backprop": {}}}}


_KEY = {"name": "key", "in": "path", "required": True, "schema": {"type": "string", "minLength": 8, "maxLength": 64}}


def _query(name: str, description: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": description, "schema": {"type": "number"}}


def _operation(
    summary: str, answers: dict[str, str | None], body: str = "", parameters: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    responses: dict[str, Any] = {status: _response(name) for status, name in answers.items()}
    responses["default"] = {
        "description": "a problem",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    operation: dict[str, Any] = {"summary": summary, "responses": responses, "parameters": parameters or []}
    if body:
        schema = {"schema": {"$ref": f"#/components/schemas/{body}"}}
        binary: dict[str, Any] = {}
        content = {"application/json": schema, "application/x-backprop": binary}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _response(name: str | None) -> dict[str, Any]:
    if name is None:
        return {"description": "done"}
    return {
        "description": name,
        "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}},
    }
