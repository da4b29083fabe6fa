"""python -m benchmarks.larger_than_memory: the gradient of a regression over a dask array larger than all memory.

Chunks are made where they are read, so that a worker holds one for each of its threads, and the client none: it is
given a limit by the system, beyond which it gets no memory. The figures are printed, and a gradient over small chunks
is compared with one that this process computes by itself. Before the call this process has some 145 MB: 120 are those
of NumPy, Dask and pandas, which dask.array imports, the others of SciPy, ours, and Dask's scheduler.

    python -m benchmarks.larger_than_memory --gigabytes 64 --chunk 64 --worker 2 --limit 300
"""

from __future__ import annotations

import resource
import time
from pathlib import Path
from typing import Any

import click
import dask.array
import distributed
import numpy as np

import backprop as bp

COLUMNS = 128
MB = 1 << 20
SMALL = 0.25
"""Megabytes of the chunks of what is computed here as well."""


def batch(block: Any, block_info: Any = None) -> Any:
    """A chunk of the data, the same each time that it is made."""
    (number, *_) = block_info[None]["chunk-location"]
    return np.random.default_rng(number).random(block.shape)


def data(megabytes: float, chunk: float) -> Any:
    """A dask array of random rows."""
    rows = int(chunk * MB) // (8 * COLUMNS)
    count = max(1, int(megabytes / chunk))
    empty = dask.array.empty((count * rows, COLUMNS), chunks=(rows, COLUMNS))
    return empty.map_blocks(batch, dtype=float, meta=np.empty((0, 0)))


def loss(w: Any, x: Any) -> Any:
    """Of a regression on the sum of each row."""
    return np.mean((x @ w - np.sum(x, axis=1)) ** 2)


def size(name: str) -> int:
    """A size of this process in bytes by its name in Linux: VmSize of addresses, VmRSS of memory, VmHWM of the most."""
    sizes = dict(line.split(":") for line in Path("/proc/self/status").read_text().splitlines() if "kB" in line)
    return int(sizes[name].split()[0]) * 1024


def limited(megabytes: float) -> float:
    """Let this process have so much memory more than it has now; tells how much it has."""
    now = size("VmSize")
    resource.setrlimit(resource.RLIMIT_AS, (now + int(megabytes * MB), resource.RLIM_INFINITY))
    return now / MB


def peak() -> float:
    """The most memory that this process has had, in megabytes."""
    return size("VmHWM") / MB


@click.command()
@click.option("--gigabytes", default=0.5, help="Of the array.")
@click.option("--chunk", default=16.0, help="Megabytes of a chunk.")
@click.option("--worker", default=0.5, help="Gigabytes of each of two workers.")
@click.option("--limit", default=150.0, help="Megabytes that this process may have beyond what it starts with.")
def main(gigabytes: float, chunk: float, worker: float, limit: float) -> None:
    """Compute the gradient, and print what it took."""
    with (
        distributed.LocalCluster(  # type: ignore[no-untyped-call]
            n_workers=2, threads_per_worker=1, memory_limit=f"{worker}GB", dashboard_address=None, silence_logs=50
        ) as local,
        bp.Cluster(local) as cluster,
    ):
        gradient = bp.grad(bp.minibatch(loss, 1), executor=cluster)
        w = np.zeros(COLUMNS)
        small = data(4 * SMALL, SMALL)
        check = np.abs(gradient(w, small) - bp.grad(bp.minibatch(loss, 1), executor=bp.Serial())(w, small.compute()))
        begun, had = limited(limit), size("VmRSS") / MB
        x = data(gigabytes * 1024, chunk)
        start = time.perf_counter()
        found = gradient(w, x)
        seconds = time.perf_counter() - start
    print(f"{x.nbytes / 1e9:.1f} GB in {x.numblocks[0]} chunks, workers {2 * worker:g} GB: {seconds:.1f} s")
    print(f"client: {begun:.0f} MB of addresses before, {limit:g} MB more allowed")
    print(f"client: {had:.0f} MB resident before, at most {peak():.0f} MB")
    print(f"gradient {np.mean(found):.6f}; largest difference on a part {np.max(check):.2e}")
    left = resource.getrlimit(resource.RLIMIT_AS)[0] - size("VmSize")
    try:
        np.ones(left // 8 + 16 * MB)
    except MemoryError:
        print("limit holds")


if __name__ == "__main__":
    main()
