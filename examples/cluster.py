"""A cluster: the same gradient, to the bit, from the workers of a Dask cluster.

    client --> scheduler --+--> worker: shards 0, 2 --+
                           +--> worker: shards 1, 3 --+--> gradient

`bp.Cluster("tcp://HOST:PORT")` takes the address of a scheduler that runs already; here both are in this process.
"""

from __future__ import annotations

import numpy as np
from distributed import Client

import backprop as bp


def loss(w, x, y):
    return np.mean((np.tanh(x @ w) - y) ** 2)


if __name__ == "__main__":
    rng = np.random.default_rng(0)
    w, x, y = rng.normal(size=8), rng.normal(size=(256, 8)), rng.normal(size=256)
    sharded = bp.minibatch(loss, (1, 2), shards=4)
    here = bp.grad(sharded, executor=bp.Serial())(w, x, y)
    with Client(n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None) as client:
        there = bp.grad(sharded, executor=bp.Cluster(client))(w, x, y)
    assert np.array_equal(here, there)
