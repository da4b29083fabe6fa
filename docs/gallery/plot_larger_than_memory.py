"""
A regression on more data than a worker can hold
================================================

The rows are a dask array that is larger than what a worker may hold, of which the process that asks holds nothing. A
chunk is made, read from disk say, in the task that needs it, and is gone with it. What travels are the parameters, and
sums of gradients.
"""

import time

import dask.array
import distributed
import matplotlib.pyplot as plt
import numpy as np
from scipy.optimize import minimize

import backprop as bp

COLUMNS, ROWS_OF_A_CHUNK, CHUNKS, LIMIT = 32, 65_536, 32, "450MB"
truth = np.sin(np.arange(COLUMNS))

# %%
# The data
# --------
#
# A stand-in for files: each chunk comes from a generator of its own, the same each time. Its last column is what is to
# be explained.


def chunk(block, block_info=None, truth=truth):
    number = block_info[None]["chunk-location"][0]
    rng = np.random.default_rng(number)
    rows = rng.random(block.shape) - 0.5
    rows[:, -1] += rows[:, :-1] @ truth[:-1]
    return rows


empty = dask.array.empty((CHUNKS * ROWS_OF_A_CHUNK, COLUMNS), chunks=(ROWS_OF_A_CHUNK, COLUMNS))
rows = empty.map_blocks(chunk, dtype=float, meta=np.empty((0, 0)))
print(f"{rows.nbytes / 1e9:.2f} GB in {CHUNKS} chunks of {rows.nbytes / CHUNKS / 1e6:.0f} MB")

# %%
# The loss
# --------
#
# Huber's, as if some rows were wrong. ``bp.minibatch`` takes a dask array as its chunks, a shard each.


def loss(w, x):
    away = abs(x[:, :-1] @ w - x[:, -1])
    return np.mean(np.where(away < 1.0, 0.5 * away**2, away - 0.5))


# %%
# Two workers with 450 MB each
# ----------------------------


def fitted():
    history = []
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, memory_limit=LIMIT, dashboard_address=None, silence_logs=50
        ) as local,
        bp.Cluster(local) as cluster,
    ):
        step = bp.compile(bp.value_and_grad(bp.minibatch(loss, 1)), executor=cluster)

        def value_and_slope(w):
            begin = time.perf_counter()
            value, slope = step(w, rows)
            history.append((float(value), time.perf_counter() - begin))
            return value, slope

        start, options = np.zeros(COLUMNS - 1), {"maxiter": 5}
        return minimize(value_and_slope, start, jac=True, method="L-BFGS-B", options=options), history


if __name__ == "__main__":  # workers import this file
    found, history = fitted()
    values, seconds = zip(*history, strict=True)
    print(f"loss {values[0]:.3f} -> {found.fun:.3f} in {len(values)} gradients of {np.median(seconds):.1f} s")
    assert rows.nbytes > 450e6
    assert np.max(abs(found.x - truth[:-1])) < 0.02

    figure, axes = plt.subplots(1, 2, figsize=(8.4, 3.2))
    axes[0].semilogy(values, "o-")
    axes[0].set(xlabel="gradient", title="loss")
    axes[1].plot(truth[:-1], "k.", label="true")
    axes[1].plot(found.x, "C0o", fillstyle="none", label="found")
    axes[1].legend()
    axes[1].set(xlabel="column", title="coefficients")
    figure.tight_layout()
