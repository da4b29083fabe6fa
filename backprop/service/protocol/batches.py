"""Many runs in one request, and their answers in one response: for small graphs, of which HTTP would cost the most.

    {"kind": "batch", "runs": [{"key": "...", "at": [start, length]}, ...]}
    {"kind": "batch", "answers": [{"key": "...", "status": 200, "at": [start, length]}, ...]}

The bytes of each run are the message that it would be alone, and those of an answer the values or the problem. A run
without bytes was submitted before, and is asked for again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ...errors import WireError
from ...graph.wire.checks import a_list, a_map, a_text, an_int
from ...graph.wire.frame import ALIGNED, Frame, FrameWriter, a_pair, read_frame
from ...graph.wire.limits import Limits, within

MOST = 256
"""The runs of a batch."""


class Part(NamedTuple):
    """A run, or its answer, in a batch.

    Arguments:
        key: of the run.
        data: the message; empty where it was sent before, or there is no answer yet.
        status: of an answer, as HTTP has it.
    """

    key: str
    data: bytes
    status: int = 0


def batch_to_bytes(kind: str, parts: Sequence[Part]) -> bytes:
    """A batch as a message.

    Arguments:
        kind: "runs" or "answers".
        parts: of it.
    """
    frame, start, found = FrameWriter(), 0, []
    for part in parts:
        padding = -len(part.data) % ALIGNED
        found.append({"key": part.key, "status": part.status, "at": [start, len(part.data)]})
        frame.chunks += [part.data, bytes(padding)]
        start += len(part.data) + padding
    return frame.message({"kind": "batch", kind: found})


def batch_from_bytes(kind: str, data: bytes, limits: Limits) -> list[Part]:
    """The parts of a batch.

    Arguments:
        kind: what the parts are, "runs" for one.
        data: the message.
        limits: what it may ask for.
    Errors:
        WireError: it is damaged; WireLimitError: it has too many parts.
    """
    frame = read_frame(data, limits)
    if frame.header.get("kind") != "batch":
        raise WireError('this is no batch, whose "kind" is "batch"')
    parts = a_list(frame.header.get(kind), kind)
    within(len(parts), MOST, "runs of a batch")
    return [_part(a_map(part, kind), frame) for part in parts]


def _part(part: dict[str, object], frame: Frame) -> Part:
    start, length = a_pair(part.get("at"), "at")
    if start + length > len(frame.body):
        raise WireError(f"bytes {start} to {start + length} are not in the message", "at")
    data = bytes(frame.body[start : start + length])
    return Part(a_text(part.get("key"), "key"), data, an_int(part.get("status", 0), "status", 0, 999))
