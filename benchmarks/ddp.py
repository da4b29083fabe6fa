"""PyTorch's DistributedDataParallel on gloo, two processes of one thread, as a rival of a step on a cluster.

The processes live as long as the pair, and keep their half of the batch; a step goes by a pipe, so that steps can be
timed in turn with other ways.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import socket
from collections.abc import Sequence
from typing import Any

RATE = 0.1


def _work(rank: int, count: int, port: int, params: Any, x: Any, y: Any, pipe: Any) -> None:
    """What a process does: a step for each word that it gets."""
    torch = importlib.import_module("torch")
    distributed = importlib.import_module("torch.distributed")
    torch.set_num_threads(1)
    os.environ.update({"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)})
    distributed.init_process_group("gloo", rank=rank, world_size=count)
    layers = []
    for w, b in params:
        layer = torch.nn.Linear(*w.shape)
        layer.weight.data, layer.bias.data = torch.tensor(w.T.copy()), torch.tensor(b)
        layers += [layer, torch.nn.Tanh()]
    net = torch.nn.parallel.DistributedDataParallel(torch.nn.Sequential(*layers[:-1]))
    inputs, targets = torch.tensor(x), torch.tensor(y)
    while pipe.recv() == "step":
        net.zero_grad()
        loss = torch.mean((net(inputs) - targets) ** 2)
        loss.backward()
        with torch.no_grad():
            for p in net.parameters():
                p - RATE * p.grad
        pipe.send(float(loss))
    distributed.destroy_process_group()


class Pair:
    """Two processes that train together.

    Arguments:
        params: weights and biases of the layers.
        x, y: the batch; each process gets a half.
    """

    def __init__(self, params: Sequence[tuple[Any, Any]], x: Any, y: Any) -> None:
        context = multiprocessing.get_context("spawn")
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        half = len(x) // 2
        self._pipes, self._processes = [], []
        for rank, rows in enumerate((slice(0, half), slice(half, None))):
            pipe, theirs = context.Pipe()
            process = context.Process(target=_work, args=(rank, 2, port, params, x[rows], y[rows], theirs), daemon=True)
            process.start()
            self._pipes.append(pipe)
            self._processes.append(process)

    def step(self) -> float:
        """A step of both; the mean of their losses."""
        for pipe in self._pipes:
            pipe.send("step")
        return sum([float(pipe.recv()) for pipe in self._pipes]) / 2

    def close(self) -> None:
        """End the processes."""
        for pipe in self._pipes:
            pipe.send("end")
        for process in self._processes:
            process.join(10)
            process.kill()
