"""The document fits its schema, and the traces hold what ran."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

import jsonschema
import pytest

from backprop.reports.description import Description
from backprop.reports.formats.document import document
from backprop.reports.formats.traces import chrome_trace, perfetto_trace


@pytest.fixture(scope="module")
def schema() -> Any:
    return json.loads(resources.files("backprop.reports.formats").joinpath("schema.json").read_text())


@pytest.mark.parametrize("name", ["diamond", "ran"])
def test_it_fits_the_schema(name: str, schema: Any, request: pytest.FixtureRequest) -> None:
    text = json.dumps(document(request.getfixturevalue(name)))
    assert [error.message for error in jsonschema.Draft202012Validator(schema).iter_errors(json.loads(text))] == []


def test_the_schema_refuses_another_document(ran: Description, schema: Any) -> None:
    validator = jsonschema.Draft202012Validator(schema)
    found = json.loads(json.dumps(document(ran)))
    assert not validator.is_valid({**found, "version": 2})
    found["tasks"]["rows"][0][2] = "none"
    assert not validator.is_valid(found)


def test_every_field_of_the_document_is_described(ran: Description, schema: Any) -> None:
    assert set(document(ran)) == set(schema["properties"])
    assert all("description" in field for field in schema["properties"].values())


def test_a_chrome_trace_has_each_task_once_in_its_lane(ran: Description) -> None:
    events = json.loads(chrome_trace(ran))["traceEvents"]
    lanes = {e["tid"]: e["args"]["name"] for e in events if e["ph"] == "M"}
    assert lanes == {0: "MainThread", 1: "backprop-0"}
    tasks = [(e["tid"], e["ts"], e["dur"]) for e in events if e["ph"] == "X"]
    assert tasks == [(0, 0.5e6, 1.5e6), (1, 0.5e6, 2e6), (0, 3e6, 1e6)]


def test_a_perfetto_trace_has_a_track_a_worker_and_ends_what_it_begins(ran: Description) -> None:
    protos = pytest.importorskip("perfetto.protos.perfetto.trace.perfetto_trace_pb2")
    trace = protos.Trace.FromString(perfetto_trace(ran))
    names = [p.track_descriptor.name for p in trace.packet if p.HasField("track_descriptor")]
    assert names == ["MainThread", "backprop-0"]
    events = [
        (p.timestamp, p.track_event.type, p.track_event.track_uuid) for p in trace.packet if p.HasField("track_event")
    ]
    begin, end = protos.TrackEvent.TYPE_SLICE_BEGIN, protos.TrackEvent.TYPE_SLICE_END
    assert [e for e in events if e[2] == 1] == [
        (5 * 10**8, begin, 1),
        (2 * 10**9, end, 1),
        (3 * 10**9, begin, 1),
        (4 * 10**9, end, 1),
    ]
