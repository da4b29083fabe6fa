"""Where the images come from: the order, each way it can go wrong, and the downloader against a server of our own."""

from __future__ import annotations

import gzip
import hashlib
import importlib.util
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backprop.errors import DamagedDataError, MissingDataError
from backprop.examples_mnist import dataset as ds
from backprop.examples_mnist.dataset import (
    Dataset,
    Origin,
    Places,
    Remote,
    decide,
    fetch_url,
    find_dataset,
    load_dataset,
    within,
)
from backprop.examples_mnist.idx import encode_idx, write_idx

FILES = {part: ds.spellings(part)[1] for part in ds.PARTS}


def images(count: int, seed: int = 0) -> np.ndarray[Any, Any]:
    return np.random.default_rng(seed).integers(0, 256, (count, 28, 28), dtype=np.uint8)


def labels(count: int) -> np.ndarray[Any, Any]:
    return (np.arange(count) % 10).astype(np.uint8)


def contents(train: int = 12, test: int = 5) -> dict[str, np.ndarray[Any, Any]]:
    arrays = (images(train), labels(train), images(test, 1), labels(test))
    return dict(zip(FILES.values(), arrays, strict=True))


def make_folder(folder: Path, train: int = 12, test: int = 5) -> Path:
    for name, array in contents(train, test).items():
        write_idx(folder / name, array)
    return folder


class Server:
    """A downloader that serves some files, counts its calls, and may fail."""

    def __init__(self, files: dict[str, bytes], error: Exception | None = None) -> None:
        self.files, self.error = files, error
        self.calls: list[tuple[str, int, float]] = []

    def __call__(self, url: str, most: int, seconds: float) -> bytes:
        self.calls.append((url, most, seconds))
        if self.error is not None:
            raise self.error
        return self.files[url.rpartition("/")[2]][:most]

    @property
    def names(self) -> list[str]:
        return [url.rpartition("/")[2] for url, _, _ in self.calls]


def served(train: int = 20) -> dict[str, bytes]:
    return {name: gzip.compress(encode_idx(array), mtime=0) for name, array in contents(train).items()}


def remotes(files: dict[str, bytes]) -> tuple[Remote, ...]:
    found = (Remote(name, len(data), hashlib.sha256(data).hexdigest()) for name, data in files.items())
    return tuple(sorted(found, key=lambda remote: remote.size))


def places(tmp_path: Path, fetch: ds.Fetch | None = None, files: dict[str, bytes] | None = None) -> Places:
    sample = make_folder(tmp_path / "sample", train=10)
    return Places(tmp_path / "debian", tmp_path / "cache", sample, fetch, remotes(files or served()))


# The order


CASES = list(itertools.product([None, Path("x")], *[[False, True]] * 3))


@pytest.mark.parametrize(("data", "debian", "cached", "network"), CASES)
def test_decide(data: Path | None, debian: bool, cached: bool, network: bool) -> None:
    origin = decide(data, debian=debian, cached=cached, network=network)
    if data is not None:
        assert origin is Origin.GIVEN
    elif debian:
        assert origin is Origin.DEBIAN
    elif cached:
        assert origin is Origin.CACHE
    else:
        assert origin is (Origin.DOWNLOAD if network else Origin.SAMPLE)


def test_the_users_folder_comes_first(tmp_path: Path) -> None:
    server = Server(served())
    where = places(tmp_path, server)
    make_folder(where.debian, train=11)
    found = find_dataset(make_folder(tmp_path / "mine", train=13), where)
    assert (found.name, found.folder, len(found.train_labels)) == ("mine", tmp_path / "mine", 13)
    assert server.calls == []


def test_debian_comes_before_cache_and_network(tmp_path: Path) -> None:
    server = Server(served())
    where = places(tmp_path, server)
    make_folder(where.debian, train=11)
    found = find_dataset(None, where)
    assert (found.name, found.folder, len(found.train_labels)) == ("Fashion-MNIST", where.debian, 11)
    assert server.calls == []


def test_a_part_of_debians_folder_is_not_enough(tmp_path: Path) -> None:
    where = places(tmp_path)
    make_folder(where.debian)
    (where.debian / FILES["t10k-labels"]).unlink()
    assert find_dataset(None, where).folder == where.sample


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
    assert [seconds for _, _, seconds in server.calls] == [ds.PROBE_SECONDS] + 3 * [ds.FILE_SECONDS]
    assert [most for _, most, _ in server.calls] == [remote.size + 1 for remote in where.remotes]
    assert [remote.size for remote in ds.REMOTES] == sorted(remote.size for remote in ds.REMOTES)


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
        f"MNIST: trying {ds.MIRROR}",
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


# Reading a folder


def test_values_and_dtypes(tmp_path: Path) -> None:
    found = load_dataset(make_folder(tmp_path / "mine"), "mine")
    assert found.train_images.shape == (12, 784)
    assert found.test_images.shape == (5, 784)
    assert found.train_images.dtype == found.test_images.dtype == np.float32
    assert found.train_labels.dtype == found.test_labels.dtype == np.int64
    assert np.array_equal(found.train_images, (images(12).reshape(12, 784) / np.float32(255)).astype(np.float32))
    assert found.test_labels.tolist() == [0, 1, 2, 3, 4]


def test_the_line_says_what_is_used(tmp_path: Path) -> None:
    lines: list[str] = []
    folder = make_folder(tmp_path / "mine", train=1_234)
    find_dataset(folder, places(tmp_path), lines.append)
    assert lines == [f"mine: 1,234 + 5 images from the folder of --data ({folder})"]


@pytest.mark.parametrize("part", ds.PARTS)
def test_every_spelling_is_read(part: str, tmp_path: Path) -> None:
    for position, name in enumerate(ds.spellings(part)):
        folder = make_folder(tmp_path / str(position))
        array = contents()[FILES[part]]
        (folder / FILES[part]).unlink()
        write_idx(folder / name, array)
        assert len(load_dataset(folder, "x").train_labels) == 12


@pytest.mark.parametrize("part", ds.PARTS)
def test_a_missing_file_is_named_with_what_is_accepted(part: str, tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "mine")
    (folder / FILES[part]).unlink()
    with pytest.raises(MissingDataError) as caught:
        find_dataset(folder, places(tmp_path, Server(served())))
    assert FILES[part] in caught.value.what
    assert caught.value.where == str(folder / FILES[part])
    assert all(name in caught.value.fix for name in ds.spellings(part))
    assert isinstance(caught.value, FileNotFoundError)


def test_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match="train-images-idx3-ubyte"):
        find_dataset(tmp_path / "nowhere", places(tmp_path))


MISFITS = {
    "too few labels": ("train-labels", labels(11), "11 labels for the 12 images"),
    "too many images": ("t10k-images", images(6), "5 labels for the 6 images"),
    "other side": ("train-images", np.zeros((12, 32, 32), np.uint8), r"found uint8 (12, 32, 32)"),
    "flat images": ("train-images", np.zeros((12, 784), np.uint8), "found uint8 (12, 784)"),
    "float images": ("train-images", np.zeros((12, 28, 28), np.float32), "found float32"),
    "no images": ("t10k-images", images(0), "no images"),
    "label ten": ("train-labels", np.full(12, 10, np.uint8), "label 0 is 10"),
    "labels as a column": ("train-labels", labels(12)[:, None], "found uint8 (12, 1)"),
    "wide labels": ("train-labels", labels(12).astype(np.int32), "found int32 (12,)"),
}


@pytest.mark.parametrize("kind", MISFITS)
def test_files_that_do_not_fit(kind: str, tmp_path: Path) -> None:
    part, array, message = MISFITS[kind]
    folder = make_folder(tmp_path / "mine")
    write_idx(folder / FILES[part], array)
    with pytest.raises(DamagedDataError) as caught:
        find_dataset(folder, places(tmp_path))
    assert message in caught.value.what
    assert str(folder) in str(caught.value)
    assert caught.value.fix


@pytest.mark.parametrize("part", ds.PARTS)
def test_a_truncated_file_is_named(part: str, tmp_path: Path) -> None:
    path = make_folder(tmp_path / "mine") / FILES[part]
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(DamagedDataError) as caught:
        find_dataset(tmp_path / "mine", places(tmp_path))
    assert caught.value.where == str(path)


def test_swapped_files_are_refused(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "mine")
    (folder / FILES["train-images"]).rename(folder / "other")
    (folder / FILES["train-labels"]).rename(folder / FILES["train-images"])
    (folder / "other").rename(folder / FILES["train-labels"])
    with pytest.raises(DamagedDataError, match="wanted uint8 images"):
        find_dataset(folder, places(tmp_path))


def test_damage_in_debians_folder_is_an_error_and_not_skipped(tmp_path: Path) -> None:
    where = places(tmp_path, Server(served()))
    (make_folder(where.debian) / FILES["train-images"]).write_bytes(b"")
    with pytest.raises(DamagedDataError):
        find_dataset(None, where)


# The places of this machine


def test_the_cache_folder(tmp_path: Path) -> None:
    home = Path("/home/someone")
    assert ds.default_places({}, home).cache == home / ".cache/backprop/mnist"
    assert ds.default_places({"XDG_CACHE_HOME": ""}, home).cache == home / ".cache/backprop/mnist"
    assert ds.default_places({"XDG_CACHE_HOME": "relative"}, home).cache == home / ".cache/backprop/mnist"
    assert ds.default_places({"XDG_CACHE_HOME": str(tmp_path)}, home).cache == tmp_path / "backprop/mnist"


def test_offline_has_no_downloader() -> None:
    assert ds.default_places({}, Path("/")).fetch is fetch_url
    assert ds.default_places({}, Path("/"), offline=True).fetch is None


# The sample


@pytest.fixture(scope="module")
def sample() -> Dataset:
    return load_dataset(ds.SAMPLE, "sample")


def test_the_sample_is_balanced_and_small(sample: Dataset) -> None:
    assert np.bincount(sample.train_labels).tolist() == [600] * 10
    assert np.bincount(sample.test_labels).tolist() == [100] * 10
    assert sum(path.stat().st_size for path in ds.SAMPLE.iterdir()) <= 4_000_000
    assert "Zalando SE" in (ds.SAMPLE / "LICENSE").read_text(encoding="utf-8")


def test_the_sample_is_made_of_images(sample: Dataset) -> None:
    assert sample.train_images.min() == 0
    assert sample.train_images.max() == 1
    assert 0.2 < sample.train_images.mean() < 0.4
    assert len(np.unique(sample.train_images, axis=0)) > 5_900


def script() -> Any:
    path = Path(__file__).parents[2] / "examples" / "make_sample.py"
    spec = importlib.util.spec_from_file_location("make_sample", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_sample_script_takes_the_first_of_each_class() -> None:
    many = np.array([*range(10), 3, *range(10), 3], np.uint8)
    assert script().choose(many, 2).tolist() == [*range(14), *range(15, 21)]


@pytest.mark.skipif(not ds.is_complete(ds.DEBIAN), reason="Debian's package dataset-fashion-mnist is not installed")
def test_the_sample_can_be_made_again(sample: Dataset, tmp_path: Path) -> None:
    script().make_sample(ds.DEBIAN, tmp_path)
    again = load_dataset(tmp_path, "again")
    for name in ("train_images", "train_labels", "test_images", "test_labels"):
        assert np.array_equal(getattr(again, name), getattr(sample, name))


# The downloader


class Handler(BaseHTTPRequestHandler):
    """Answers /data with 1,000 bytes, /slow after a second, and everything else with 404."""

    def do_GET(self) -> None:
        if self.path == "/slow":
            time.sleep(1)
        found = self.path in ("/data", "/slow")
        self.send_response(200 if found else 404)
        self.end_headers()
        self.wfile.write(b"x" * 1000 if found else b"nothing")

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("no_proxy", "*")
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
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
