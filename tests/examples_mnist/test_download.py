"""The download: what is kept, what is refused, and the downloader against a server of our own."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from backprop.examples_mnist.download import FILE_SECONDS, MIRROR, PROBE_SECONDS, REMOTES, fetch_url, reason, within
from backprop.examples_mnist.places import find_dataset
from tests.examples_mnist.folders import FILES, Server, places, served


def test_a_download_is_cached_and_used_again(tmp_path: Path) -> None:
    server = Server(served())
    where = places(tmp_path, server)
    first, second = find_dataset(None, where), find_dataset(None, where)
    assert (first.name, first.folder, len(first.train_labels)) == ("MNIST", where.cache, 20)
    assert np.array_equal(first.train_images, second.train_images)
    assert server.names == [remote.name for remote in where.remotes]
    assert sorted(path.name for path in where.cache.iterdir()) == sorted(FILES.values())


def test_the_first_file_is_the_probe(tmp_path: Path) -> None:
    server = Server(served())
    where = places(tmp_path, server)
    find_dataset(None, where)
    assert [seconds for _, _, seconds in server.calls] == [PROBE_SECONDS] + 3 * [FILE_SECONDS]
    assert [most for _, most, _ in server.calls] == [remote.size + 1 for remote in where.remotes]
    assert [remote.size for remote in REMOTES] == sorted(remote.size for remote in REMOTES)


def test_a_cached_file_that_changed_is_fetched_again(tmp_path: Path) -> None:
    server = Server(served())
    where = places(tmp_path, server)
    find_dataset(None, where)
    name = FILES["train-images"]
    (where.cache / name).write_bytes(served()[name][:-1] + b"x")
    server.calls.clear()
    assert find_dataset(None, where).name == "MNIST"
    assert server.names == [name]


# No network


@pytest.mark.parametrize("error", [OSError("no route"), TimeoutError("late"), ConnectionRefusedError("refused")])
def test_without_a_network_it_is_the_sample(error: OSError, tmp_path: Path) -> None:
    server, lines = Server({}, error), []
    where = places(tmp_path, server)
    found = find_dataset(None, where, lines.append)
    assert (found.name, found.folder) == ("Fashion-MNIST (sample)", where.sample)
    assert len(server.calls) == 1
    assert not where.cache.exists()
    assert lines == [
        f"MNIST: trying {MIRROR}",
        f"MNIST: not downloaded ({error})",
        f"Fashion-MNIST (sample): 10 + 5 images from the sample that this package carries ({where.sample})",
    ]


@pytest.mark.parametrize("change", [lambda data: data[:-1], lambda data: data + b"x", lambda data: b"y" + data[1:]])
def test_another_file_than_the_promised_one_is_not_kept(change: Callable[[bytes], bytes], tmp_path: Path) -> None:
    good = served()
    bad = {**good, FILES["t10k-images"]: change(good[FILES["t10k-images"]])}
    where, lines = places(tmp_path, Server(bad), good), []
    assert find_dataset(None, where, lines.append).folder == where.sample
    assert "is another file" in lines[1]
    assert not (where.cache / FILES["t10k-images"]).exists()


def test_a_download_that_was_cut_off_goes_on_later(tmp_path: Path) -> None:
    good, last = served(), FILES["train-images"]
    broken = Server({**good, last: b""})
    assert find_dataset(None, places(tmp_path, broken)).name == "Fashion-MNIST (sample)"
    whole = Server(good)
    assert find_dataset(None, places(tmp_path, whole)).name == "MNIST"
    assert whole.names == [last]


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    where = places(tmp_path, Server(served()))
    where.cache.write_text("a file, not a folder")
    assert find_dataset(None, where).folder == where.sample


def test_a_bug_in_the_downloader_is_not_hidden(tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        find_dataset(None, places(tmp_path, Server({})))


# The downloader


class Handler(BaseHTTPRequestHandler):
    """Answers /data with 1,000 bytes, /slow when the test is over, and everything else with 404."""

    over: ClassVar = threading.Event()

    def do_GET(self) -> None:
        if self.path == "/slow":
            self.over.wait()
        found = self.path in ("/data", "/slow")
        self.send_response(200 if found else 404)
        self.end_headers()
        self.wfile.write(b"x" * 1000 if found else b"nothing")

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(Handler, "over", threading.Event())
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        Handler.over.set()
        server.shutdown()
        thread.join()


def test_fetch(address: str) -> None:
    assert fetch_url(f"{address}/data", 2_000, 10.0) == b"x" * 1000
    assert fetch_url(f"{address}/data", 10, 10.0) == b"x" * 10


def test_fetch_of_what_is_not_there(address: str) -> None:
    with pytest.raises(OSError, match="404"):
        fetch_url(f"{address}/nothing", 10, 10.0)


def test_fetch_that_is_late(address: str) -> None:
    with pytest.raises(OSError, match=r"no answer|timed out"):
        fetch_url(f"{address}/slow", 10, 0.05)


def test_fetch_of_a_closed_port(address: str) -> None:
    with pytest.raises(OSError):
        fetch_url("http://127.0.0.1:9/data", 10, 5.0)


@pytest.mark.parametrize("url", ["not an address", "http://127.0.0.1:port/", "http://[/"])
def test_fetch_of_nonsense_is_an_os_error_too(url: str) -> None:
    with pytest.raises(OSError):
        fetch_url(url, 10, 5.0)


def test_within_gives_the_result_and_the_error() -> None:
    assert within(10.0, lambda: 42) == 42
    assert within(10.0, lambda: None) is None
    with pytest.raises(ZeroDivisionError):
        within(10.0, lambda: 1 // 0)


def test_within_does_not_wait_for_ever() -> None:
    gate = threading.Event()
    with pytest.raises(TimeoutError, match=r"within 0\.01 s"):
        within(0.01, gate.wait)
    gate.set()


def chained(*errors: BaseException) -> BaseException:
    """The first of errors, each of which was raised while the next one was handled."""
    for error, context in itertools.pairwise(errors):
        error.__context__ = context
    return errors[0]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError("no route"), "no route"),
        (OSError("x" * 81), "x" * 80),
        (
            chained(OSError("Max retries " * 9), ValueError("inner"), OSError(111, "Connection refused")),
            "Connection refused",
        ),
        (chained(OSError("one\ntwo"), TimeoutError("timed out\nat last")), "timed out"),
    ],
    ids=["short", "cut", "root", "lines"],
)
def test_a_reason_is_a_few_words(error: BaseException, words: str) -> None:
    assert reason(error) == words
