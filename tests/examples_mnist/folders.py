"""Data sets of a few images, in folders and on a server of the tests' own."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path
from typing import Any

import numpy as np

from backprop.examples_mnist import dataset as ds
from backprop.examples_mnist.download import Fetch, Remote
from backprop.examples_mnist.idx import encode_idx, write_idx
from backprop.examples_mnist.places import Places

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


def places(tmp_path: Path, fetch: Fetch | None = None, files: dict[str, bytes] | None = None) -> Places:
    sample = make_folder(tmp_path / "sample", train=10)
    return Places(tmp_path / "debian", tmp_path / "cache", sample, fetch, remotes(files or served()))
