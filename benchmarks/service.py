"""Does the service keep up? 50 clients with 200 submissions each, and what it adds to a run of 20 ms.

The service is a process of its own with two workers, clients are threads of five other processes. All 10,000 answers
are compared with local ones, to the bit; the service's own count says that none ran twice. Two cases: throughput and
memory, then latency, of an op that sleeps 20 ms, beside the same call here.

Limits: clients and service share the cores. Seconds of processor time a run are the figure to compare by.
"""

from __future__ import annotations

import json
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

import backprop as bp

from .harness import Case
from .targets import Figure

try:
    import psutil
except ImportError:
    psutil = None


@dataclass(frozen=True, slots=True)
class Sizes:
    """Processes of clients, clients in each, submissions of each client, and runs for the latency."""

    processes: int = 5
    clients: int = 10
    submissions: int = 200
    runs: int = 100


FULL, TINY = Sizes(), Sizes(2, 2, 5, 5)
X = np.linspace(0.0, 1.0, 50)


def loss(x: Any) -> Any:
    """The small graph."""
    return np.sum(np.sin(x) ** 2)


SLOPE = bp.compile(bp.grad(loss))


@bp.op(like=0, seconds=0.02)
def sleep(x: Any) -> Any:
    """Takes 20 ms."""
    time.sleep(0.02)
    return x + 1.0


@contextmanager
def service(*options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A service in a process of its own, and its address."""
    with TemporaryDirectory() as folder:
        words = [sys.executable, "-m", "backprop", "serve", "--bind", "127.0.0.1:0", "--state", folder, *options]
        log = Path(folder) / "log"
        with (
            log.open("w") as stream,
            subprocess.Popen(words, stdout=subprocess.PIPE, stderr=stream, text=True) as process,
        ):
            try:
                assert process.stdout is not None
                found = re.search(r"https?://\S+", process.stdout.readline())
                assert found, log.read_text()
                yield process, found[0]
            finally:
                process.terminate()


# The clients.


def values(number: int, count: int) -> list[Any]:
    """What a client submits the gradient of."""
    return [X + float(number * count + k) for k in range(count)]


def one_client(url: str, number: int, count: int) -> list[Any]:
    """The answers of a client."""
    with bp.connect(url) as connection:
        return [future.result(600) for future in connection.map(SLOPE, values(number, count))]


def clients(url: str, first: int, sizes: Sizes) -> None:
    """The clients of one process: they start when they are told, say when they have ended, and then what they got."""
    numbers = range(first, first + sizes.clients)
    print("ready", flush=True)
    sys.stdin.readline()
    with ThreadPoolExecutor(sizes.clients) as pool:
        found = list(pool.map(lambda number: one_client(url, number, sizes.submissions), numbers))
    print("ended", flush=True)
    here = bp.grad(loss, executor=bp.Serial())
    expected = [here(x) for number in numbers for x in values(number, sizes.submissions)]
    answers = [answer for each in found for answer in each]
    wrong = sum(a.tobytes() != b.tobytes() for a, b in zip(answers, expected, strict=True))
    print(json.dumps({"answers": len(answers), "wrong": wrong}))


def throughput(sizes: Sizes) -> tuple[Figure, ...]:
    """Submissions a second, what was lost, doubled or wrong, and memory."""
    total = sizes.processes * sizes.clients * sizes.submissions
    with service("--workers", "2") as (process, url):
        load(url, 1, Sizes(1, 1, 50))  # all that is loaded and compiled once
        before, spent = memory(process.pid), seconds(process.pid)
        took, told = load(url, 1000, sizes)
        spent, after = seconds(process.pid) - spent, memory(process.pid)
        load(url, 100_000, sizes)
        last = memory(process.pid)
        with bp.connect(url) as connection:
            counted = connection._asked("GET", "/metrics").data.decode()
    done = sum(int(float(n)) for n in re.findall(r'ended_total\{.*state="done"\} (\S+)', counted))
    answers = sum(each["answers"] for each in told)
    return (
        Figure("submissions a second", total / took),
        Figure("us between two submissions", took / total * 1e6, 500.0, "us"),
        Figure("us of the service's processor a submission", spent / total * 1e6, None, "us"),
        Figure("lost", float(total - answers), 0.0),
        Figure("wrong bits", float(sum(each["wrong"] for each in told)), 0.0),
        Figure("ran twice", float(done - 2 * total - 50), 0.0),
        Figure("growth in the first load", (after - before) / 2**20 if psutil else None, None, "MB"),
        Figure("growth in the second load", (last - after) / 2**20 if psutil else None, 16.0, "MB"),
    )


def load(url: str, first: int, sizes: Sizes) -> tuple[float, list[dict[str, int]]]:
    """Seconds from the first submission to the last answer, and what the clients of all processes got."""
    words = [sys.executable, "-m", "benchmarks.service", url]
    numbers = [first + k * sizes.clients for k in range(sizes.processes)]
    more = [str(sizes.clients), str(sizes.submissions)]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    started: list[Any] = [subprocess.Popen([*words, str(n), *more], **pipes) for n in numbers]
    for process in started:
        assert process.stdout.readline() == "ready\n"
    began = time.perf_counter()
    for process in started:
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in started:
        assert process.stdout.readline() == "ended\n"
    took = time.perf_counter() - began
    return took, [_last_word(process) for process in started]


def _last_word(process: Any) -> dict[str, int]:
    """What a process says in the end; read from where its earlier lines were, as some of it may be buffered there."""
    with process:
        process.stdin.close()
        found: dict[str, int] = json.loads(process.stdout.read())
    return found


def family(pid: int) -> list[Any]:
    """A process and all below it."""
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


def memory(pid: int) -> int:
    """Bytes of a process and of all below it: the service with its scheduler, and the workers."""
    return sum(each.memory_info().rss for each in family(pid)) if psutil else 0


def seconds(pid: int) -> float:
    """Seconds of processor time of them."""
    return sum(sum(each.cpu_times()[:2]) for each in family(pid)) if psutil else 0.0


# Latency.


def latency(sizes: Sizes) -> tuple[Figure, ...]:
    """What the service adds to a run of 20 ms, and to one that takes no time."""
    with service("--models", "benchmarks.service:sleep", "--models-here") as (_, url), bp.connect(url) as connection:
        long = added(lambda x: np.sum(sleep(x)), connection, sizes.runs)
        short = added(loss, connection, sizes.runs)
    return (
        Figure("added to a run of 20 ms", long * 1e3, 3.0, "ms"),
        Figure("added to a small run", short * 1e3, None, "ms"),
    )


def added(f: Any, connection: bp.Connection, runs: int) -> float:
    """The median of what a run takes longer there than here, in turns."""
    there, here = bp.evaluate(f, executor=connection), bp.evaluate(f, executor=bp.Serial())
    differences = []
    for k in range(runs + 3):
        x = X + float(k)
        spent = [timed(run, x) for run in (there, here)]
        differences.append(spent[0] - spent[1])
    return statistics.median(differences[3:])


def timed(run: Any, x: Any) -> float:
    """Seconds of a call."""
    start = time.perf_counter()
    run(x)
    return time.perf_counter() - start


def cases(sizes: Sizes = FULL, with_rivals: bool = False) -> Iterator[Case]:
    """Throughput with memory, and latency; there is nothing to compare with."""
    del with_rivals
    yield Case("service, many small submissions", {}, measures=partial(throughput, sizes))
    yield Case("service, latency", {}, measures=partial(latency, sizes))


def main(words: Sequence[str]) -> None:
    """A process of clients: URL, number of the first, clients, submissions of each."""
    url, first, count, submissions = words[0], *map(int, words[1:])
    clients(url, first, Sizes(1, count, submissions))


if __name__ == "__main__":
    main(sys.argv[1:])
