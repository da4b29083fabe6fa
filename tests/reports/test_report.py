"""What a report writes: files that other programs read, made of real runs."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

import backprop as bp
from backprop.reports.report import Report

EVENT = {
    "type": "object",
    "required": ["ph", "name", "pid", "tid", "args"],
    "properties": {"name": {"type": "string"}, "pid": {"type": "integer"}, "tid": {"type": "integer"}},
    "oneOf": [
        {
            "properties": {
                "ph": {"const": "M"},
                "name": {"const": "thread_name"},
                "args": {"required": ["name"], "properties": {"name": {"type": "string", "minLength": 1}}},
            },
        },
        {
            "required": ["ts", "dur"],
            "properties": {
                "ph": {"const": "X"},
                "ts": {"type": "number", "minimum": 0},
                "dur": {"type": "number", "minimum": 0},
            },
        },
    ],
}
"""What the Trace Event Format says of the two kinds of events that are written: metadata, and complete events."""

TRACE = {
    "type": "object",
    "required": ["traceEvents"],
    "properties": {"traceEvents": {"type": "array", "items": EVENT}, "displayTimeUnit": {"enum": ["ms", "ns"]}},
}


def branches(x: Any) -> Any:
    return np.sum(x @ x) + np.sum((x + 1.0) @ x)


@pytest.fixture(scope="module", params=["explained", "profiled"])
def report(request: pytest.FixtureRequest) -> Report:
    step, x = bp.compile(bp.grad(branches), executor=bp.Threads(2)), np.ones((300, 300))
    return bp.explain(step, x) if request.param == "explained" else bp.profile(step, x)


def test_a_chrome_trace_fits_the_format_with_a_lane_for_each_worker(report: Report, tmp_path: Path) -> None:
    path = tmp_path / "trace.json"
    text = report.to_chrome_trace(path)
    assert path.read_text(encoding="utf-8") == text
    trace = json.loads(text)
    assert [error.message for error in jsonschema.Draft202012Validator(TRACE).iter_errors(trace)] == []
    lanes = [event["tid"] for event in trace["traceEvents"] if event["ph"] == "M"]
    tasks = [event for event in trace["traceEvents"] if event["ph"] == "X"]
    assert len(tasks) == len(report.description.tasks) > 1
    assert lanes == sorted(set(lanes))
    assert {event["tid"] for event in tasks} <= set(lanes)
    for lane in lanes:  # a worker does one thing at a time
        spans = sorted((event["ts"], event["ts"] + event["dur"]) for event in tasks if event["tid"] == lane)
        assert all(end <= start + 1e-3 for (_, end), (start, _) in pairwise(spans))


def test_the_schema_of_the_test_refuses_other_events() -> None:
    validator = jsonschema.Draft202012Validator(TRACE)
    task = {"ph": "X", "name": "bp-0", "pid": 1, "tid": 0, "args": {}, "ts": 0.0, "dur": 1.0}
    assert validator.is_valid({"traceEvents": [task]})
    assert not validator.is_valid({"traceEvents": [{**task, "dur": -1.0}]})
    assert not validator.is_valid({"traceEvents": [{**task, "ph": "B"}]})


def test_a_file_for_perfetto_has_the_same_tasks(report: Report, tmp_path: Path) -> None:
    protos = pytest.importorskip("perfetto.protos.perfetto.trace.perfetto_trace_pb2")
    path = tmp_path / "trace.pftrace"
    assert path.write_bytes(report.to_perfetto(path)) > 0
    trace = protos.Trace.FromString(path.read_bytes())
    ends = [p for p in trace.packet if p.HasField("track_event") and p.track_event.name]
    named = [e["name"] for e in json.loads(report.to_chrome_trace())["traceEvents"] if e["ph"] == "X"]
    assert sorted(p.track_event.name for p in ends) == sorted(named)
