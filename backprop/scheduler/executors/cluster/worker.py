"""What Dask loads into each worker process of our own when it starts: Ctrl-C is for the process that asked."""

from __future__ import annotations

import signal
from typing import Any


def dask_setup(worker: Any) -> None:
    """Leave the terminal's SIGINT to the process that asked; Dask calls this in the main thread of a worker.

    Arguments:
        worker: the worker, as Dask hands it in.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
