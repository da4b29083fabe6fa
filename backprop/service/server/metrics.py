"""Numbers for Prometheus: what waits and runs by client, how runs ended, and how long they took."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ..desk import Desk
from ..entries import Entry


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

    def took(self, client: str, nbytes: int, runs: int = 1) -> None:
        """Count runs that were taken in."""
        self.submitted.labels(client).inc(runs)
        self.received.labels(client).inc(nbytes)

    def ended_run(self, entry: Entry) -> None:
        """Count a run that has ended."""
        self.ended.labels(entry.name.client, entry.state).inc()
        self.seconds.labels(entry.name.client).observe(max(0.0, (entry.ended or entry.at) - entry.at))

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
