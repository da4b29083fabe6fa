"""`backprop serve`, as a process: it says how to connect, logs JSON, drains at SIGTERM, and goes on after a kill."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from click.testing import CliRunner

import backprop as bp
from backprop.cli import main


def loss(x: Any) -> Any:
    return np.sum(np.sin(x) ** 2)


X = np.linspace(0.0, 1.0, 50)


@contextmanager
def started(state: Path, *options: str, bind: str = "127.0.0.1:0") -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A process that serves, and its address; killed at the end where it still runs."""
    words = [sys.executable, "-m", "backprop", "serve", "--bind", bind, "--state", str(state), *options]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            found = re.search(r"https?://\S+", line)
            assert found, line + (process.stderr.read() if process.stderr else "")
            yield process, found[0]
        finally:
            process.kill()


@pytest.mark.parametrize("word", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_and_stops_cleanly(tmp_path: Path, word: signal.Signals) -> None:
    with started(tmp_path) as (process, url):
        with bp.connect(url) as connection:
            assert connection.submit(loss, X).result(60) == loss(X)
        process.send_signal(word)
        assert process.stdout is not None
        assert process.stderr is not None
        out, log = process.stdout.read(), process.stderr.read()
        assert process.wait(60) == 0, log
        assert f'bp.connect("{url}")' in out
        assert "no token is asked for" in out
        records = [json.loads(line) for line in log.splitlines()]
        assert records[-1]["text"].startswith("stopped")


def test_it_listens_on_loopback_only(tmp_path: Path) -> None:
    with started(tmp_path) as (_, url):
        port = int(url.rpartition(":")[2])
        others = {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), port, socket.AF_INET)}
        for host in others - {"127.0.0.1", "127.0.1.1"}:
            with pytest.raises(OSError), socket.create_connection((str(host), port), timeout=2):
                pass


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--bind", "0.0.0.0:0"], "--token-file and --tls-cert"),
        (["--bind", "0.0.0.0:0", "--tls-self-signed"], "give --token-file"),
        (["--bind", "nowhere"], "no HOST:PORT"),
        (["--models", "os:name"], "neither an op nor a function"),
        (["--models", "not_a_module:op"], "not_a_module"),
        (["--tls-cert", "{file}"], "needs its key"),
        (["--token-file", "{file}"], "name token"),
        (["--limits", "{file}"], "no TOML"),
    ],
)
def test_it_refuses(tmp_path: Path, words: list[str], message: str) -> None:
    file = tmp_path / "file"
    file.write_text("= nothing of the kind")
    given = [word.format(file=file) for word in words]
    result = CliRunner().invoke(main, ["serve", "--state", str(tmp_path / "state"), *given])
    assert result.exit_code in (1, 2)
    assert message in result.output


def test_limits_of_a_file(tmp_path: Path) -> None:
    limits = tmp_path / "limits.toml"
    limits.write_text("[message]\nnodes = 2\n[queue]\nslots = 1\n[run]\nseconds = 10\n")
    with started(tmp_path / "state", "--limits", str(limits)) as (_, url), bp.connect(url) as connection:
        future = connection.submit(lambda x: np.sum(np.sin(x) * np.cos(x)), X)
        with pytest.raises(bp.errors.WireLimitError, match="nodes"):
            future.result(60)


def test_functions_of_the_operators_and_threads(tmp_path: Path) -> None:
    words = ["--models", f"{__name__}:loss", "--umbridge", "--threads", "1"]
    with started(tmp_path, *words) as (_, url):
        assert httpx.get(f"{url}/umbridge/Info", timeout=30).json()["models"] == ["loss"]
        about = httpx.get(f"{url}/v1/service", timeout=30).json()
        assert (about["executor"], about["workers"], about["models"]) == ("Threads", 1, ["loss"])


def test_killed_again_and_again(tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        bind = f"127.0.0.1:{probe.getsockname()[1]}"
    connection: bp.Connection | None = None
    futures: list[Any] = []
    for k in range(4):
        with started(tmp_path, bind=bind) as (process, url):
            connection = connection or bp.connect(url)
            futures += connection.map(bp.grad(loss), [X + 100 * k + j for j in range(25)])
            futures[-int(rng.integers(1, 25))].result(60)
            os.kill(process.pid, signal.SIGKILL)
            process.wait(30)
    assert connection is not None
    with started(tmp_path, bind=bind), connection:
        found = [future.result(60) for future in futures]
    for n, slope in enumerate(found):
        expected = bp.grad(loss, executor=bp.Serial())(X + 100 * (n // 25) + n % 25)
        assert slope.tobytes() == expected.tobytes()
