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
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import numpy as np
import psutil
import pytest
from hypothesis import settings

import backprop as bp
from backprop.graph.wire.vocabulary import BUILT_IN
from backprop.service.entries import Name
from backprop.service.server.access import self_signed
from backprop.service.server.serving import Serving
from backprop.service.server.settings import Settings
from backprop.service.storage.journal import Journal
from tests.processes import free_port, process
from tests.service.conftest import serving

DEEP = settings().max_examples >= 2_000
SEED = int(os.environ.get("SEED", "0")) or random.randrange(1, 1 << 30)
X = np.linspace(0.0, 1.0, 50)


def loss(x: Any) -> Any:
    return np.sum(np.sin(x) ** 2)


def service(state: Path, bind: str, *options: str) -> Any:
    return process("-m", "backprop", "serve", "--bind", bind, "--state", str(state), *options, ready="backprop serves")


class Submitting:
    """A client that submits all the time, in a thread, and knows what each answer must be."""

    def __init__(self, url: str, total: int, window: int = 50) -> None:
        self.connection = bp.connect(url, patience=120.0)
        self.total, self.window = total, window
        self.futures: list[Any] = []
        self._thread = threading.Thread(target=self._submit)
        self._thread.start()

    def _submit(self) -> None:
        slope = bp.grad(loss)
        for k in range(self.total):
            if k >= self.window:
                self.futures[k - self.window].exception(300)
            self.futures.append(self.connection.submit(slope, X + float(k)))

    @property
    def done(self) -> int:
        return sum(future.done() for future in list(self.futures))

    def check(self) -> None:
        """All answers have come, each with the bits of a local run."""
        self._thread.join(600)
        here = bp.grad(loss, executor=bp.Serial())
        for k, future in enumerate(self.futures):
            assert future.result(300).tobytes() == here(X + float(k)).tobytes(), (SEED, k)
        assert len(self.futures) == self.total


def test_the_service_is_killed_again_and_again(tmp_path: Path) -> None:
    kills, total = (50, 10_000) if DEEP else (2, 150)
    rng, bind = random.Random(SEED), f"127.0.0.1:{free_port()}"
    print(f"seed {SEED}: {kills} kills of the service, {total} submissions")
    clients: list[Submitting] = []
    for k in range(kills):
        with service(tmp_path, bind) as serving:
            clients = clients or [Submitting(f"http://{bind}", total)]
            wanted = total * (k + 1) // (kills + 1)
            while clients[0].done < wanted:
                time.sleep(0.01)
            time.sleep(rng.random() * 0.2)
            os.kill(serving.pid, signal.SIGKILL)
            serving.wait(30)
    with service(tmp_path, bind) as serving:
        clients[0].check()
        clients[0].connection.close()
    journal = Journal(tmp_path)
    entries = {entry.name: entry for entry in journal.latest(None, 2 * total)}
    keys = {Name("local", future.key) for future in clients[0].futures}
    assert entries.keys() == keys  # none lost, none doubled
    assert {entry.state for entry in entries.values()} == {"done"}
    journal.close()


@pytest.mark.cluster
def test_workers_are_killed(tmp_path: Path) -> None:
    kills, total = (100, 5_000) if DEEP else (1, 40)
    rng = random.Random(SEED)
    print(f"seed {SEED}: {kills} kills of workers, {total} submissions")
    cluster = bp.Cluster(n_workers=2)
    with cluster, serving(tmp_path, executor=cluster) as running:
        # Small graphs run in the service itself; these are told to be large, and so go to workers.
        heavy = bp.op(lambda x: x * 2.0, name="heavy", like=0, seconds=0.05)
        running.desk.programs._vocabulary = {**BUILT_IN, "heavy": heavy}
        with bp.connect(running.url, patience=120.0) as connection:
            connection._vocabulary = {**BUILT_IN, "heavy": None}
            futures: list[Any] = []
            for k in range(total):
                futures.append(connection.submit(lambda x: np.sum(heavy(x)), X + float(k)))
                if k % max(1, total // kills) == 0:
                    while not (pids := workers_of(cluster)):
                        time.sleep(0.05)
                    kill(rng.choice(pids))
                    futures[-1].exception(300)
            for k, future in enumerate(futures):
                assert future.result(300) == np.sum((X + float(k)) * 2.0), (SEED, k)


def workers_of(cluster: bp.Cluster) -> list[int]:
    """The processes of the workers of a cluster."""
    try:
        return list(cluster.client.run(os.getpid, on_error="ignore").values())
    except OSError:
        return []


def kill(pid: int) -> None:
    with suppress(ProcessLookupError):  # it has ended already
        os.kill(pid, signal.SIGKILL)


SCHEDULER = "distributed.cli.dask_scheduler"
WORKER = "distributed.cli.dask_worker"


@pytest.mark.cluster
@pytest.mark.slow
@pytest.mark.skipif(not DEEP, reason="starts two clusters; make chaos runs it")
def test_the_scheduler_is_killed(tmp_path: Path) -> None:
    """The scheduler is lost, and its cluster with it; both are started again, and the service goes on."""
    kills, each = 20, 50
    print(f"seed {SEED}: {kills} kills of the scheduler, {each} submissions before each")
    place, rng = free_port(), random.Random(SEED)
    bind = f"127.0.0.1:{free_port()}"
    address = f"tcp://127.0.0.1:{place}"
    submitting: Submitting | None = None
    for k in range(kills + 1):
        with process(
            "-m", SCHEDULER, "--host", "127.0.0.1", "--port", str(place), "--no-dashboard", ready="Scheduler at"
        ):
            worker = process("-m", WORKER, address, "--no-dashboard", "--nthreads", "1", ready="Registered to")
            with worker, service(tmp_path, bind, "--scheduler", address) as running:
                submitting = submitting or Submitting(f"http://{bind}", (kills + 1) * each)
                while submitting.done < each * (k + 1):
                    time.sleep(0.01)
                time.sleep(rng.random() * 0.2)
                if k < kills:
                    running.kill()
    assert submitting is not None
    submitting.check()
    submitting.connection.close()


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
