"""Kills: of the service, of workers, of a Dask scheduler, at random moments of many submissions; and hostile requests.

Few of them by default; with `--hypothesis-profile=deep` (`make chaos`) 50 kills of the service during 10,000
submissions, 100 of workers, 20 of the scheduler, and 10^5 requests. Seeds are printed; SEED in the environment is one.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import ssl
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import dask
import distributed
import httpx
import numpy as np
import psutil
import pytest
from hypothesis import settings

import backprop as bp
from backprop.service.entries import Name
from backprop.service.server.access import self_signed
from backprop.service.server.serving import Serving
from backprop.service.server.settings import Settings
from backprop.service.storage.journal import Journal
from tests.processes import free_port, process, workers_of
from tests.service.conftest import serving
from tests.service.heavy import heavily, heavy

DEEP = settings().max_examples >= 2_000
SEED = int(os.environ.get("SEED", "0")) or random.randrange(1, 1 << 30)
X = np.linspace(0.0, 1.0, 50)
PATIENCE = 1800.0 if DEEP else 300.0
"""Seconds for anything to happen, at most."""


def loss(x: Any) -> Any:
    return np.sum(np.sin(x) ** 2)


def service(state: Path, bind: str, *options: str) -> Any:
    return process("-m", "backprop", "serve", "--bind", bind, "--state", str(state), *options, ready="backprop serves")


class Submitting:
    """A client that submits all the time, in a thread, and knows what each answer must be."""

    def __init__(self, url: str, total: int, function: Any = loss, window: int = 50) -> None:
        self.connection = bp.connect(url, patience=120.0)
        self.function, self.total, self.window = function, total, window
        self.futures: list[Any] = []
        self.began = time.monotonic()
        self._thread = threading.Thread(target=self._submit, daemon=True)
        self._thread.start()

    def _submit(self) -> None:
        for k in range(self.total):
            if k >= self.window:
                self.futures[k - self.window].exception(PATIENCE)
            self.futures.append(self.connection.submit(self.function, X + float(k)))

    @property
    def done(self) -> int:
        return sum(future.done() for future in list(self.futures))

    def until(self, wanted: int) -> None:
        """Wait until so many answers have come."""
        give_up = time.monotonic() + PATIENCE
        while self.done < wanted:
            assert time.monotonic() < give_up, (SEED, self.done, wanted)
            time.sleep(0.01)

    def say(self, kills: int) -> None:
        """How far it is."""
        print(f"{kills} kills, {self.done} answers, {time.monotonic() - self.began:.0f} s", flush=True)

    def check(self, kills: int, of: str) -> None:
        """All answers have come, each with the bits of a local run; what it took is printed."""
        self._thread.join(PATIENCE)
        assert len(self.futures) == self.total
        here = bp.evaluate(self.function, executor=bp.Serial())
        for k, future in enumerate(self.futures):
            assert future.result(PATIENCE).tobytes() == here(X + float(k)).tobytes(), (SEED, k)
        seconds = time.monotonic() - self.began
        print(f"seed {SEED}: {kills} kills of {of}, {self.total} submissions, {self.done} right, {seconds:.0f} s")
        self.connection.close()

    def check_journal(self, state: Path) -> None:
        """The journal, which is closed, has each run once, as done: none was lost, none was doubled."""
        journal = Journal(state)
        entries = journal.latest(None, 2 * self.total)
        journal.close()
        assert sorted(entry.name for entry in entries) == sorted(Name("local", future.key) for future in self.futures)
        assert {entry.state for entry in entries} == {"done"}


def test_the_service_is_killed_again_and_again(tmp_path: Path) -> None:
    kills, total = (50, 10_000) if DEEP else (2, 150)
    rng, bind = random.Random(SEED), f"127.0.0.1:{free_port()}"
    clients: list[Submitting] = []
    for k in range(kills):
        with service(tmp_path, bind) as serving:
            clients = clients or [Submitting(f"http://{bind}", total, bp.grad(loss))]
            clients[0].until(total * (k + 1) // (kills + 1))
            time.sleep(rng.random() * 0.2)
            kill(serving)
    with service(tmp_path, bind):
        clients[0].check(kills, "the service")
    clients[0].check_journal(tmp_path)


@pytest.mark.cluster
def test_workers_are_killed(tmp_path: Path) -> None:
    """Any of them, at random moments: those that still start, and the last one, as well."""
    kills, total = (100, 5_000) if DEEP else (2, 60)
    rng = random.Random(SEED)
    with (
        quick_starts(),
        bp.Cluster(n_workers=2, patience=60.0) as cluster,
        serving(tmp_path, ops={"heavy": heavy}, executor=cluster) as running,
    ):
        submitting = Submitting(running.url, total, heavily)
        for k in range(kills):
            submitting.until(total * (k + 1) // (kills + 1))
            time.sleep(rng.random() * 0.2)
            submitting.say(k)
            while not (processes := workers_of(cluster.client.cluster)):  # all start again
                time.sleep(0.01)
            os.kill(rng.choice(processes).pid, signal.SIGKILL)
        submitting.check(kills, "workers")
    submitting.check_journal(tmp_path)


@pytest.mark.cluster
def test_the_scheduler_is_killed(tmp_path: Path) -> None:
    """It dies alone, and is started again at its address, with a new worker; the service goes on."""
    kills, total = (20, 2_000) if DEEP else (1, 60)
    rng, bind, port = random.Random(SEED), f"127.0.0.1:{free_port()}", free_port()
    models = ("--models", "tests.service.heavy:heavy", "--models-here")
    with ExitStack() as stack:
        scheduler = start_cluster(stack, port)
        with service(tmp_path, bind, "--scheduler", f"tcp://127.0.0.1:{port}", *models) as running:
            submitting = Submitting(f"http://{bind}", total, heavily)
            for k in range(kills):
                submitting.until(total * (k + 1) // (kills + 1))
                time.sleep(rng.random() * 0.2)
                submitting.say(k)
                kill(scheduler)
                time.sleep(rng.random() * 2.0)
                scheduler = start_cluster(stack, port)
            submitting.check(kills, "the scheduler")
            assert running.poll() is None
            running.terminate()
            assert running.wait(PATIENCE) in (0, -signal.SIGTERM)
    submitting.check_journal(tmp_path)


@contextmanager
def quick_starts() -> Iterator[None]:
    """Workers of a LocalCluster are forked by a process that has imported what they need."""
    with dask.config.set({"distributed.worker.multiprocessing-method": "forkserver"}):
        distributed.utils.get_mp_context().set_forkserver_preload(["distributed", "tests.service.heavy"])
        yield


def start_cluster(stack: ExitStack, port: int) -> Any:
    """A scheduler at a port, and a worker of it; the scheduler's process."""
    address, host = f"tcp://127.0.0.1:{port}", ("--host", "127.0.0.1", "--no-dashboard")
    starting = [
        process("-m", SCHEDULER, *host, "--port", str(port), ready="Scheduler at"),
        process("-m", WORKER, address, *host, "--nthreads", "1", "--no-nanny", ready="Registered to"),
    ]
    with ThreadPoolExecutor() as pool:
        return next(pool.map(stack.enter_context, starting))


def kill(running: Any) -> None:
    running.kill()
    running.wait(30)


SCHEDULER = "distributed.cli.dask_scheduler"
WORKER = "distributed.cli.dask_worker"


# Hostile requests.

PATHS = [
    "/v1/programs",
    "/v1/runs",
    "/v1/batches",
    "/v1/runs/a-key-00",
    "/v1/runs/a-key-00/result",
    "/",
    "/v1/overview",
]


def test_random_requests_over_a_socket_harm_nothing(tmp_path: Path) -> None:
    rng = random.Random(SEED)
    print(f"seed {SEED}: 300 requests")
    with serving(tmp_path) as running, httpx.Client(base_url=running.url, timeout=60) as http:
        for k in range(300):
            answer = http.request(**request(rng))
            assert answer.status_code < 500, (SEED, k, answer.text)
        assert http.get("/healthz").status_code == 200
        with bp.connect(running.url) as connection:
            assert connection.submit(loss, X).result(60) == loss(X)


def test_random_requests_harm_nothing(tmp_path: Path) -> None:
    """Given to the application itself, without a socket, as there are many."""
    count, rng = 100_000 if DEEP else 1_000, random.Random(SEED)
    print(f"seed {SEED}: {count} requests")
    service, sizes, found = Serving(Settings(port=0, state=tmp_path), bp.Serial(), {}, {}, "test"), [], Counter[int]()

    async def ask_all() -> None:
        for k in range(count):
            status = await given_to(service.server.config.app, request(rng))
            found[status] += 1
            assert status < 500, (SEED, k)
            if k % (count // 10) == 0:
                sizes.append(psutil.Process().memory_info().rss)

    asyncio.run(ask_all())
    service.desk.close()
    service.socket.close()
    print("statuses:", dict(found), "memory, MB:", [size >> 20 for size in sizes])
    assert {200, 400, 404} <= found.keys()
    if DEEP:
        assert sizes[-1] - sizes[len(sizes) // 2] < 32 << 20


async def given_to(app: Any, given: dict[str, Any]) -> int:
    """The status of an answer to a request."""
    headers = {"host": "127.0.0.1", **given["headers"]}
    scope = {
        **{"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "http", "root_path": ""},
        **{"method": given["method"], "path": given["url"], "raw_path": given["url"].encode()},
        "query_string": urlencode(given["params"]).encode(),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    parts = [{"type": "http.request", "body": given["content"], "more_body": False}]
    statuses: list[int] = []

    async def receive() -> dict[str, Any]:
        return parts.pop() if parts else await asyncio.Future()

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    await app(scope, receive, send)
    return statuses[0]


GOOD = [
    b'{"kind": "graph", "graph": {"inputs": ["float64[3]"], "nodes": [{"op": "sin", "in": [0]}], "outputs": [1]}}',
    b'{"kind": "run", "program": "5c52", "values": [{"scalar": {"dtype": "<f8", "data": "AAAAAAAA4D8="}}]}',
    b'{"kind": "call", "model": "f", "verb": "vjp", "values": [1.0], "wrt": [0], "further": [1.0]}',
    b'{"kind": "batch", "runs": [{"key": "a-key-00", "at": [0, 10]}]}',
]


def request(rng: random.Random) -> dict[str, Any]:
    """A request that is nearly right."""
    body = bytearray(rng.choice(GOOD))
    for _ in range(rng.randrange(4)):
        place = rng.randrange(len(body))
        body[place : place + rng.randrange(3)] = rng.randbytes(rng.randrange(3))
    headers = {
        "content-type": rng.choice(["application/json", "application/x-backprop", "text/plain"]),
        "idempotency-key": rng.choice([f"a-key-{rng.randrange(100):02}", "x", "a" * 70]),
    }
    path = rng.choice(PATHS)
    usual = "POST" if path in PATHS[:3] else "GET"
    method = rng.choice([usual, usual, usual, usual, "GET", "POST", "DELETE", "PUT", "OPTIONS"])
    params = rng.choice([{}, {"wait": "0.001"}, {"priority": "x"}, {"deadline": "1e99"}, {"count": "-1"}])
    return {"method": method, "url": path, "content": bytes(body), "headers": headers, "params": params}


# Who can reach it.


def test_a_service_without_options_is_found_on_loopback_only(tmp_path: Path) -> None:
    bind = f"127.0.0.1:{free_port()}"
    with service(tmp_path, bind, "--workers", "1") as running:
        family = [psutil.Process(running.pid), *psutil.Process(running.pid).children(recursive=True)]
        listening = {c.laddr.ip for p in family for c in p.net_connections() if c.status == psutil.CONN_LISTEN}
    assert listening == {"127.0.0.1"}


def test_no_token_and_a_wrong_certificate(tmp_path: Path) -> None:
    tokens = tmp_path / "tokens"
    tokens.write_text("ada 0123456789abcdef\n")
    certificate, key = self_signed(tmp_path / "tls", "127.0.0.1")
    other, _ = self_signed(tmp_path / "other", "127.0.0.1")
    options: dict[str, Any] = {"token_file": tokens, "tls_cert": certificate, "tls_key": key}
    with serving(tmp_path / "state", **options) as running:
        right, wrong = (httpx_context(path) for path in (certificate, other))
        paths = sorted({route.path for route in running.server.config.app.routes})  # type: ignore[union-attr]
        open_ = {path for path in paths if asked(running.url, path, right).status_code != 401}
        assert open_ == {"/", "/healthz", "/readyz", "/openapi.json"}
        with pytest.raises(httpx.ConnectError):
            asked(running.url, "/healthz", wrong)


def httpx_context(path: Path) -> Any:
    return ssl.create_default_context(cafile=str(path))


def asked(url: str, path: str, context: Any) -> httpx.Response:
    with httpx.Client(base_url=url, verify=context, timeout=30) as http:
        for method in ("GET", "POST"):
            answer = http.request(method, path.replace("{key}", "a-key-00"), json={} if method == "POST" else None)
            if answer.status_code != 405:
                return answer
        return answer
