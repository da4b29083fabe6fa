"""What a client sends: programs (a graph, or a plan of tasks) and runs of them; the wire format of the service.

    {"kind": "graph", "graph": {...}, "gradient": [0]}     with "gradient", results are followed by the cotangents of
                                                           these inputs; the first result is then a real number
    {"kind": "plan", "plan": {"inputs", "names", "bodies": [graph, ...], "outputs": [slot, ...],
                              "tasks": [{"name", "body": k, "args": [slot, ...]}, ...]}}
    {"kind": "run", "program": "<sha-256 of a program's message>", "values": [...]}
    {"kind": "call", ...}                                  of a model of the operator's: calls.py

A slot is ["input", i], ["input", i, from, to] for some of its rows, or ["task", t, k], the k-th result of a task.
Programs and values are as in docs/wire.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ...errors import BackpropError, WireError
from ...graph.autodiff.differentiate import differentiate
from ...graph.graph import Graph
from ...graph.passes import LAST_PASSES, run_passes
from ...graph.passes.smallness import is_small
from ...graph.wire.checks import a_list, a_map, a_text, an_int, ints
from ...graph.wire.frame import Frame, FrameWriter, read_frame
from ...graph.wire.graphs import GraphReader, GraphWriter
from ...graph.wire.limits import Limits, within
from ...graph.wire.types import read_type, written_type
from ...graph.wire.values import read_values, written_value
from ...graph.wire.vocabulary import Vocabulary
from ...scheduler.executors.base import AbstractExecutor
from ...scheduler.planning.checks import verify_plan
from ...scheduler.planning.plan import Plan, PlanInput, Slot, Task, TaskOutput
from ...scheduler.planning.planner import finished
from .calls import Call, read_call

# Plans.


def plan_to_bytes(plan: Plan, vocabulary: Vocabulary) -> bytes:
    """A plan as a message.

    Errors:
        CannotTravelError: an op, a type or a parameter that does not travel.
    """
    frame = FrameWriter()
    writer = GraphWriter(frame, vocabulary)
    bodies = {id(body): k for k, body in enumerate({id(t.body): t.body for t in plan.tasks}.values())}
    document = {
        "inputs": [written_type(t) for t in plan.inputs],
        "names": list(plan.names),
        "bodies": [writer.write(body) for body in {id(t.body): t.body for t in plan.tasks}.values()],
        "tasks": [
            {"name": task.name, "body": bodies[id(task.body)], "args": [_written_slot(slot) for slot in task.args]}
            for task in plan.tasks
        ],
        "outputs": [_written_slot(slot) for slot in plan.outputs],
    }
    return frame.message({"kind": "plan", "plan": document})


def _written_slot(slot: Slot) -> list[Any]:
    if isinstance(slot, TaskOutput):
        return ["task", slot.task, slot.index]
    return ["input", slot.index, *(slot.rows or ())]


def program_from_bytes(data: bytes, limits: Limits, vocabulary: Vocabulary, executor: AbstractExecutor) -> Plan:
    """The verified plan of a program's message, for an executor.

    Arguments:
        data: the message.
        limits: what it may ask for.
        vocabulary: the ops that a message may name.
        executor: what the plan is made for.
    Errors:
        WireError: it is damaged or ill-formed; WireLimitError: it is beyond a limit.
    """
    frame = read_frame(data, limits)
    reader = GraphReader(frame, vocabulary)
    kind = frame.header.get("kind")
    try:
        if kind == "graph":
            return _planned(_graph(frame, reader), executor)
        if kind == "plan":
            return _read_plan(a_map(frame.header.get("plan"), "plan"), reader, limits, executor)
    except WireError:
        raise
    except BackpropError as error:
        raise WireError(f"the program cannot run: {error}") from error
    raise WireError(f"no program is of the kind {str(kind)[:40]!r}", fix="send a graph or a plan")


def _graph(frame: Frame, reader: GraphReader) -> Graph:
    graph = reader.read(frame.header.get("graph"), "graph")
    if frame.header.get("gradient") is None:
        return graph
    wrt = ints(frame.header["gradient"], "gradient", 0, graph.first - 1)
    return differentiate(graph, wrt)


def _planned(graph: Graph, executor: AbstractExecutor) -> Plan:
    whole = run_passes(graph)
    return executor.prepare(whole if is_small(whole) else run_passes(whole, LAST_PASSES))


def _read_plan(part: dict[str, Any], reader: GraphReader, limits: Limits, executor: AbstractExecutor) -> Plan:
    inputs = tuple([read_type(t, limits, "plan.inputs") for t in a_list(part.get("inputs"), "plan.inputs")])
    given = a_list(part.get("bodies"), "plan.bodies")
    bodies = [reader.read(body, f"plan.bodies[{k}]") for k, body in enumerate(given)]
    parts = a_list(part.get("tasks"), "plan.tasks")
    within(len(parts), limits.nodes, "tasks of a plan")
    tasks = [_read_task(a_map(task, "plan.tasks"), bodies, executor) for task in parts]
    names = tuple([a_text(name, "plan.names") for name in a_list(part.get("names", []), "plan.names")])
    outputs = tuple([_read_slot(slot) for slot in a_list(part.get("outputs"), "plan.outputs")])
    return verify_plan(Plan(tuple(tasks), inputs, outputs, names))


def _read_task(part: dict[str, Any], bodies: Sequence[Graph], executor: AbstractExecutor) -> Task:
    body = bodies[an_int(part.get("body"), "plan.tasks.body", 0, len(bodies) - 1)]
    args = tuple([_read_slot(slot) for slot in a_list(part.get("args"), "plan.tasks.args")])
    return finished(a_text(part.get("name"), "plan.tasks.name"), body, args, executor.machine)


def _read_slot(value: Any) -> Slot:
    items = a_list(value, "a slot")
    kind, numbers = (items[0], ints(items[1:], "a slot", 0)) if items else ("", ())
    if kind == "task" and len(numbers) == 2:
        return TaskOutput(*numbers)
    if kind == "input" and len(numbers) in (1, 3):
        return PlanInput(numbers[0], numbers[1:] or None)  # type: ignore[arg-type]
    raise WireError(f"{str(items)[:60]} is no slot", fix='write ["input", i] or ["task", t, k]')


# Runs.


class Asked(NamedTuple):
    """What a run is of: the hash of a program, and the values of its inputs."""

    program: str
    values: list[Any]


def run_to_bytes(program: str, values: Sequence[Any]) -> bytes:
    """A run as a message.

    Errors:
        CannotTravelError: a value that does not travel.
    """
    frame = FrameWriter()
    return frame.message({"kind": "run", "program": program, "values": [written_value(v, frame) for v in values]})


def run_from_bytes(data: bytes, limits: Limits) -> Asked | Call:
    """The run of a message, of a program or of a model.

    Errors:
        WireError: it is damaged.
    """
    frame = read_frame(data, limits)
    if frame.header.get("kind") == "call":
        return read_call(frame)
    if frame.header.get("kind") != "run":
        raise WireError('this is no run, whose "kind" is "run" or "call"')
    return Asked(a_text(frame.header.get("program"), "program"), read_values(frame.header.get("values"), frame))
