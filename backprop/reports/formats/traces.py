"""A run as a trace of events that other programs show: Chrome's JSON, which speedscope reads too, and Perfetto's files.

Source: Trace Event Format, complete events ("X"); Perfetto's TrackEvent.
"""

from __future__ import annotations

import json
from typing import Any

from ..description import Description, Interval
from .document import timeline

PROCESS = 1
"""The number of the process that all lanes belong to."""


def chrome_trace(description: Description) -> str:
    """The timeline as JSON of complete events, times in microseconds."""
    names = lanes(description)
    events: list[dict[str, Any]] = [
        {"ph": "M", "name": "thread_name", "pid": PROCESS, "tid": k, "args": {"name": name}}
        for k, name in enumerate(names)
    ]
    for interval in timeline(description):
        task = description.tasks[interval.task]
        events.append(
            {
                **{"ph": "X", "name": task.name, "cat": "task", "pid": PROCESS, "tid": interval.worker},
                **{"ts": interval.start * 1e6, "dur": (interval.end - interval.start) * 1e6},
                "args": about(description, interval),
            }
        )
    return json.dumps({"traceEvents": events, "displayTimeUnit": "ms"})


def perfetto_trace(description: Description) -> bytes:
    """The timeline as a file of Perfetto, times in nanoseconds.

    Errors:
        ImportError: the package `perfetto` is not installed; it says what to install.
    """
    try:
        from perfetto.protos.perfetto.trace.perfetto_trace_pb2 import TrackEvent
        from perfetto.trace_builder.proto_builder import TraceProtoBuilder
    except ImportError as missing:
        raise ImportError("traces of Perfetto need the package perfetto: pip install perfetto") from missing
    builder = TraceProtoBuilder()
    for k, name in enumerate(lanes(description)):
        packet = builder.add_packet()
        packet.track_descriptor.uuid = k + 1
        packet.track_descriptor.name = name
    for at, begins, interval in _edges(timeline(description)):
        packet = builder.add_packet()
        packet.timestamp = round(at * 1e9)
        packet.trusted_packet_sequence_id = 1
        packet.track_event.track_uuid = interval.worker + 1
        packet.track_event.type = TrackEvent.TYPE_SLICE_BEGIN if begins else TrackEvent.TYPE_SLICE_END
        if begins:
            packet.track_event.name = description.tasks[interval.task].name
            for key, value in about(description, interval).items():
                note = packet.track_event.debug_annotations.add()
                note.name, note.string_value = key, str(value)
    return bytes(builder.serialize())


def lanes(description: Description) -> list[str]:
    """The names of the workers, a lane each."""
    if description.run is not None:
        return list(description.run.workers)
    return [f"worker {k} (predicted)" for k in range(description.workers)]


def about(description: Description, interval: Interval) -> dict[str, Any]:
    """What a trace says of a task: its dearest lines and ops, what was predicted, its results."""
    task = description.tasks[interval.task]
    return {
        "lines": ", ".join(dict.fromkeys([description.line(part.line) for part in task.parts[:5]])),
        "ops": ", ".join(dict.fromkeys([part.op for part in task.parts[:8]])),
        "predicted_ms": task.predicted * 1e3,
        "result_bytes": task.out_bytes,
    }


def _edges(intervals: tuple[Interval, ...]) -> list[tuple[float, bool, Interval]]:
    """Starts and ends in the order of time, an end before a start of the same moment."""
    found = [(i.start, True, i) for i in intervals] + [(i.end, False, i) for i in intervals]
    return sorted(found, key=lambda edge: edge[:2])
