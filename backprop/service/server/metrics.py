"""Numbers for Prometheus: what waits and runs by client, how runs ended, and how long they took."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any, NamedTuple

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ...scheduler.planning.plan import Plan
from ..desk import Desk
from ..entries import Entry
from ..runs import Active

MOST, SHOWN = 10_000, 30
"""Accounts that are kept, and that are shown."""


class Account(NamedTuple):
    """What the runs of a function of a client took: how many there were, seconds of their tasks, bytes of values."""

    runs: int = 0
    seconds: float = 0.0
    bytes: int = 0


def function_of(plan: Plan) -> str:
    """The name of the user's function that a plan is of, as far as its lines tell."""
    lines = (node.source for task in plan.tasks for node in task.body.nodes if node.source is not None)
    return next((line.function for line in lines), "graph")


class Metrics:
    """The numbers of one service."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        labels = ("client", "state")
        self.submitted = Counter("backprop_runs_submitted", "Runs taken in", ("client",), registry=self.registry)
        self.ended = Counter("backprop_runs_ended", "Runs that ended", labels, registry=self.registry)
        self.seconds = Histogram(
            "backprop_run_seconds", "From submission to answer", ("client",), registry=self.registry
        )
        self.received = Counter("backprop_bytes_received", "Bytes of bodies", ("client",), registry=self.registry)
        self._lock = threading.RLock()
        self._accounts: OrderedDict[tuple[str, str], Account] = OrderedDict()

    def took(self, client: str, nbytes: int, runs: int = 1) -> None:
        """Count runs that were taken in.

        Arguments:
            client: whose they are.
            nbytes: of their messages.
            runs: how many.
        """
        self.submitted.labels(client).inc(runs)
        self.received.labels(client).inc(nbytes)

    def ended_run(self, entry: Entry, active: Active, nbytes: int) -> None:
        """Count a run that has ended.

        Arguments:
            entry: in the journal.
            active: what ran; without a plan for an answer from the store.
            nbytes: of the answer.
        """
        if active.plan is not None:
            self._charge(entry.name.client, function_of(active.plan), active, nbytes)
        self.ended.labels(entry.name.client, entry.state).inc()
        self.seconds.labels(entry.name.client).observe(max(0.0, (entry.ended or entry.at) - entry.at))

    def _charge(self, client: str, function: str, active: Active, nbytes: int) -> None:
        seconds = sum([event.seconds for event in active.recorder.finished])
        nbytes += sum([getattr(value, "nbytes", 8) for value in active.values])
        with self._lock:
            old = self._accounts.pop((client, function), Account())
            self._accounts[client, function] = Account(old.runs + 1, old.seconds + seconds, old.bytes + nbytes)
            if len(self._accounts) > MOST:
                self._accounts.popitem(last=False)

    def accounts(self) -> list[dict[str, Any]]:
        """Runs, seconds and bytes by client and function, those that took most first."""
        with self._lock:
            found = [{"client": c, "function": f, **a._asdict()} for (c, f), a in self._accounts.items()]
        return sorted(found, key=lambda row: -row["seconds"])[:SHOWN]

    def show(self, desk: Desk) -> None:
        """Show what waits and runs at a desk."""
        self.registry.register(_Queue(desk))


class _Queue(Collector):
    """What waits and runs, read when somebody asks."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def collect(self) -> Iterator[Metric]:
        queued = GaugeMetricFamily("backprop_queued", "Runs that wait", labels=["client"])
        running = GaugeMetricFamily("backprop_running", "Runs that run", labels=["client"])
        for client, (waits, runs) in self._desk.by_client().items():
            queued.add_metric([client], waits)
            running.add_metric([client], runs)
        yield queued
        yield running
