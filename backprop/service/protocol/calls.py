"""Calls of models: functions of the operator's own, which clients name; what is asked of them, and how that travels.

    {"kind": "call", "model": "name", "verb": "evaluate", "values": [...], "config": {...}}
    {"kind": "call", "model": "name", "verb": "value_and_grad", "values": [...], "wrt": [0]}
    {"kind": "call", "model": "name", "verb": "vjp", "values": [...], "out": 0, "wrt": [0], "further": [cotangent]}
    {"kind": "call", "model": "name", "verb": "jvp", "values": [...], "out": 0, "wrt": [0], "further": [tangent]}
    {"kind": "call", "model": "name", "verb": "hvp", "values": [...], "out": 0, "wrt": [0, 1],
     "further": [cotangent, tangent]}

The last three take output `out` of the model as a vector. `config` becomes keyword arguments.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from ...errors import WireError
from ...graph.wire.checks import a_map, a_text, an_int, ints
from ...graph.wire.frame import Frame, FrameWriter
from ...graph.wire.values import read_values, written_value
from ...scheduler.executors.base import AbstractExecutor
from ...scheduler.planning.plan import Plan

VERBS = {"evaluate": (0, 0), "value_and_grad": (1, 0), "vjp": (1, 1), "jvp": (1, 1), "hvp": (2, 2)}
"""What can be asked of a model: how many inputs `wrt` names (at least), and how many `further` values there are."""


@dataclass(frozen=True, slots=True)
class Call:
    """What is asked of a model.

    Arguments:
        model: its name.
        verb: one of `VERBS`.
        values: its arguments.
        further: cotangents and tangents.
        out: which of its results, for vjp, jvp and hvp.
        wrt: the positions of the arguments to differentiate by.
        config: keyword arguments.
    """

    model: str
    verb: str
    values: Sequence[Any]
    further: Sequence[Any] = ()
    out: int = 0
    wrt: tuple[int, ...] = ()
    config: Mapping[str, Any] = field(default_factory=dict)


class Model(Protocol):
    """A function that clients may call by name."""

    def planned(self, call: Call, executor: AbstractExecutor) -> tuple[Plan, Sequence[Any]]:
        """The plan of a call, and the values of its inputs.

        Errors:
            NotDifferentiableError: the model has no such derivative.
            Exception: what the function raises when it is traced.
        """
        ...

    def input_sizes(self, config: Mapping[str, Any]) -> list[int]:
        """The lengths of its arguments, each of which is a vector.

        Errors:
            ArgumentError: the model does not say.
        """
        ...

    def output_sizes(self, config: Mapping[str, Any], executor: AbstractExecutor) -> list[int]:
        """The number of elements of each of its results."""
        ...


class ModelFailedError(Exception):
    """A model raised something when it was traced, which is the cause of this."""


def call_to_bytes(call: Call) -> bytes:
    """A call as a message."""
    frame = FrameWriter()
    header = {
        "kind": "call",
        "model": call.model,
        "verb": call.verb,
        "values": [written_value(value, frame) for value in call.values],
        "further": [written_value(value, frame) for value in call.further],
        "out": call.out,
        "wrt": list(call.wrt),
        "config": dict(call.config),
    }
    return frame.message(header)


def read_call(frame: Frame) -> Call:
    """The call of a message.

    Errors:
        WireError: it is damaged.
    """
    header = frame.header
    verb = a_text(header.get("verb"), "verb")
    if verb not in VERBS:
        raise WireError(f"nothing of the kind {verb[:40]!r} can be asked of a model", fix=f"use {', '.join(VERBS)}")
    values = read_values(header.get("values"), frame)
    further = read_values(header.get("further", []), frame)
    wrt = ints(header.get("wrt", []), "wrt", 0, len(values) - 1)
    least, exactly = VERBS[verb]
    if len(wrt) < least or len(further) != exactly:
        raise WireError(f"{verb} takes {least} inputs in `wrt` and {exactly} values in `further`")
    out = an_int(header.get("out", 0), "out", 0, 1 << 30)
    config = a_map(header.get("config", {}), "config")
    return Call(a_text(header.get("model"), "model"), verb, values, further, out, wrt, config)
