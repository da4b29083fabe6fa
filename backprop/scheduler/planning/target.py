"""Target: what of an executor decides how a graph is cut into tasks. Executors that agree in it share plans."""

from __future__ import annotations

from typing import NamedTuple

from ..machine.cost import Machine


class Target(NamedTuple):
    """Where a plan will run, as plain data.

    Arguments:
        workers: how many tasks can run at once.
        overhead: seconds that starting a task costs.
        machine: the rates that costs are estimated with.
        shares_gil: whether all tasks run in one process.
    """

    workers: int
    overhead: float
    machine: Machine
    shares_gil: bool = True
