"""Find the images to train on: the user's, Debian's, downloaded ones, or the sample that this package carries.

Order: the folder of `--data`; else Debian's package dataset-fashion-mnist, where it is installed; else MNIST in the
user's cache folder; else MNIST from `MIRROR`, where there is a network; else the sample (1/10 of Fashion-MNIST).

Format: four IDX files (see idx.py) of 28 x 28 images of bytes and their labels 0 to 9, under the names of `PARTS`.

Limits: 28 x 28 images and ten classes only. The files at `MIRROR` are taken only if their SHA-256 is the one written
here. All that this module knows of the machine comes in through `Places`.
"""

from __future__ import annotations

import enum
import hashlib
import http.client
import os
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..errors import DamagedDataError, MissingDataError
from .idx import Array, read_idx, write_atomic

T = TypeVar("T")

PARTS = ("train-images", "train-labels", "t10k-images", "t10k-labels")
SIDE = 28
CLASSES = 10
DEBIAN = Path("/usr/share/datasets/fashion-mnist")
"""Where Debian's package dataset-fashion-mnist puts its four files."""
SAMPLE = Path(__file__).parent / "sample"
MIRROR = "https://ossci-datasets.s3.amazonaws.com/mnist/"
PROBE_SECONDS = 3.0
FILE_SECONDS = 60.0


class Remote(NamedTuple):
    """A file of the mirror: its name, its size in bytes, and its SHA-256 in hexadecimal."""

    name: str
    size: int
    sha256: str


REMOTES = (  # the smallest first: it shows whether there is a network
    Remote("t10k-labels-idx1-ubyte.gz", 4_542, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
    Remote("train-labels-idx1-ubyte.gz", 28_881, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
    Remote("t10k-images-idx3-ubyte.gz", 1_648_877, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
    Remote("train-images-idx3-ubyte.gz", 9_912_422, "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
)

Fetch: TypeAlias = Callable[[str, int, float], bytes]
"""(url, most bytes, seconds) -> the content; raises OSError where there is no network, no file or no time."""
Say: TypeAlias = Callable[[str], object]


class Origin(enum.Enum):
    """Where a dataset comes from; the value is what a user reads."""

    GIVEN = "the folder of --data"
    DEBIAN = "Debian's package dataset-fashion-mnist"
    CACHE = "the cached download"
    DOWNLOAD = "a download"
    SAMPLE = "the sample that this package carries"


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """Images with their labels, in two parts.

    Arguments:
        name: for people, such as "Fashion-MNIST".
        folder: where the four files lie.
        train_images: (n, 784) float32 in [0, 1].
        train_labels: (n,) int64 in 0 to 9.
        test_images: (m, 784) float32 in [0, 1].
        test_labels: (m,) int64 in 0 to 9.
    """

    name: str
    folder: Path
    train_images: NDArray[np.float32]
    train_labels: NDArray[np.int64]
    test_images: NDArray[np.float32]
    test_labels: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Places:
    """All that the search asks of the machine.

    Arguments:
        debian: the folder of Debian's package, there or not.
        cache: the folder of earlier downloads, there or not.
        sample: the folder of the carried sample.
        fetch: how to get a file from the network, or None to stay off it.
        remotes: the files to get.
    """

    debian: Path
    cache: Path
    sample: Path = SAMPLE
    fetch: Fetch | None = None
    remotes: tuple[Remote, ...] = REMOTES


def default_places(environ: Mapping[str, str], home: Path, *, offline: bool = False) -> Places:
    """Give the places of an ordinary machine.

    Arguments:
        environ: the environment; XDG_CACHE_HOME, an absolute path, replaces `home`/.cache.
        home: the user's home folder.
        offline: do not try to download.

    Returns:
        Places with the real downloader, or without one if `offline`.
    """
    asked = Path(environ.get("XDG_CACHE_HOME", ""))
    caches = asked if asked.is_absolute() else home / ".cache"
    return Places(DEBIAN, caches / "backprop" / "mnist", fetch=None if offline else fetch_url)


def find_dataset(data: Path | None, places: Places | None = None, say: Say | None = None) -> Dataset:
    """Find, read and check a dataset.

    Arguments:
        data: the folder that the user named, or None to search.
        places: where to search; None means `default_places` of this process.
        say: told in one line what is used, and in one line before each download.

    Returns:
        The dataset.

    Raises:
        MissingDataError: a file is missing from the user's folder.
        DamagedDataError: a file is truncated, of another format, or does not fit the others.
    """
    places = places or default_places(os.environ, Path.home())
    say = say or _silence
    origin, folder = locate(data, places, say)
    dataset = load_dataset(folder, name_of(origin, folder))
    say(describe(dataset, origin))
    return dataset


def decide(data: Path | None, *, debian: bool, cached: bool, network: bool) -> Origin:
    """Decide where the data comes from, by the order at the head of this module.

    Arguments:
        data: the folder that the user named, or None.
        debian: Debian's package is installed.
        cached: an earlier download is whole.
        network: a download may be tried.

    Returns:
        The origin to use; DOWNLOAD means to try, and to take SAMPLE where that fails.
    """
    if data is not None:
        return Origin.GIVEN
    order = ((debian, Origin.DEBIAN), (cached, Origin.CACHE), (network, Origin.DOWNLOAD))
    return next((origin for there, origin in order if there), Origin.SAMPLE)


def locate(data: Path | None, places: Places, say: Say) -> tuple[Origin, Path]:
    """Find the folder to read, and download it if that is the way.

    Arguments:
        data: the folder that the user named, or None to search.
        places: where to search.
        say: told before a download starts.

    Returns:
        The origin, and the folder with the four files.
    """
    debian, cached = is_complete(places.debian), is_verified(places.cache, places.remotes)
    origin = decide(data, debian=debian, cached=cached, network=places.fetch is not None)
    if origin is Origin.DOWNLOAD and not download(places, say):
        origin = Origin.SAMPLE
    folders = {Origin.GIVEN: data or Path(), Origin.DEBIAN: places.debian, Origin.SAMPLE: places.sample}
    return origin, folders.get(origin, places.cache)


def name_of(origin: Origin, folder: Path) -> str:
    """Name a dataset for people.

    Arguments:
        origin: where it comes from.
        folder: where it lies.

    Returns:
        A short name; the folder's own for one that the user gave.
    """
    if origin is Origin.GIVEN:
        return folder.resolve().name
    return {Origin.DEBIAN: "Fashion-MNIST", Origin.SAMPLE: "Fashion-MNIST (sample)"}.get(origin, "MNIST")


def describe(dataset: Dataset, origin: Origin) -> str:
    """Say in one line which data is used.

    Arguments:
        dataset: the data.
        origin: where it comes from.

    Returns:
        The name, the numbers of images, the origin and the folder.
    """
    counts = f"{len(dataset.train_labels):,} + {len(dataset.test_labels):,} images"
    return f"{dataset.name}: {counts} from {origin.value} ({dataset.folder})"


def load_dataset(folder: Path, name: str) -> Dataset:
    """Read the four files of a folder.

    Arguments:
        folder: where they lie.
        name: the name of the dataset.

    Returns:
        The dataset, its images flattened and scaled to [0, 1].

    Raises:
        MissingDataError: one of the four files is not there.
        DamagedDataError: a file is truncated, of another format, or does not fit the others.
    """
    return Dataset(name, folder, *_load_part(folder, "train"), *_load_part(folder, "t10k"))


def spellings(part: str) -> tuple[str, ...]:
    """Give the file names that are accepted for a part.

    Arguments:
        part: one of `PARTS`.

    Returns:
        The names, the usual ones first.
    """
    rank = "idx3" if part.endswith("images") else "idx1"
    plain = (f"{part}-{rank}-ubyte", f"{part}.{rank}-ubyte")
    return tuple(name + suffix for name in plain for suffix in ("", ".gz"))


def is_complete(folder: Path) -> bool:
    """Tell whether all four files are in a folder.

    Arguments:
        folder: it need not be there.

    Returns:
        True if each part lies there under one of its names.
    """
    return all(_spelled(folder, part) is not None for part in PARTS)


def is_verified(folder: Path, remotes: tuple[Remote, ...]) -> bool:
    """Tell whether a folder holds whole downloads.

    Arguments:
        folder: it need not be there.
        remotes: the files that should be in it.

    Returns:
        True if each file is there with the right SHA-256.
    """
    return all(_holds(folder, remote) for remote in remotes)


def download(places: Places, say: Say) -> bool:
    """Fetch into the cache folder what it lacks; quietly give up where there is no network.

    Arguments:
        places: the cache folder, the downloader and the files to get.
        say: told in one line that a download is tried, and in one line if it failed.

    Returns:
        True if the cache folder is now whole. What did arrive stays there for the next time.
    """
    if places.fetch is None:
        return False
    missing = [remote for remote in places.remotes if not _holds(places.cache, remote)]
    say(f"MNIST: trying {MIRROR}")
    try:
        for position, remote in enumerate(missing):
            seconds = PROBE_SECONDS if position == 0 and remote == places.remotes[0] else FILE_SECONDS
            write_atomic(places.cache / remote.name, _fetch_verified(remote, places.fetch, seconds))
    except OSError as error:
        say(f"MNIST: not downloaded ({error})")
        return False
    return True


def fetch_url(url: str, most: int, seconds: float) -> bytes:
    """Get a file from the network.

    Arguments:
        url: where it is.
        most: the bytes to stop after.
        seconds: the time for all of it: looking up the name, which has no limit of its own, and the transfer.

    Returns:
        The content, cut off after `most` bytes.

    Raises:
        OSError: it could not be fetched; TimeoutError, which is one, if not in time.
    """
    return within(seconds, lambda: _fetch(url, most, seconds))


def within(seconds: float, call: Callable[[], T]) -> T:
    """Call a function and wait for it no longer than so many seconds.

    Arguments:
        seconds: how long to wait.
        call: the function; it goes on in a daemon thread if it is late.

    Returns:
        What it returned.

    Raises:
        TimeoutError: it was late.
        Exception: whatever it raised.
    """
    results: list[T] = []
    failures: list[Exception] = []
    worker = threading.Thread(target=_collect, args=(call, results, failures), daemon=True)
    worker.start()
    worker.join(seconds)
    if failures:
        raise failures[0]
    if not results:
        raise TimeoutError(f"no answer within {seconds:g} s")
    return results[0]


def _collect(call: Callable[[], T], results: list[T], failures: list[Exception]) -> None:
    try:
        results.append(call())
    except Exception as error:
        failures.append(error)


def _silence(line: str) -> None:
    """Say nothing."""


def _fetch(url: str, most: int, seconds: float) -> bytes:
    try:
        with urllib.request.urlopen(url, timeout=seconds) as response:
            return bytes(response.read(most))
    except urllib.error.HTTPError as error:
        error.close()
        raise OSError(str(error)) from None
    except (http.client.HTTPException, ValueError) as error:
        raise OSError(f"bad answer: {error!r}") from error


def _fetch_verified(remote: Remote, fetch: Fetch, seconds: float) -> bytes:
    content = fetch(MIRROR + remote.name, remote.size + 1, seconds)
    if not _matches(content, remote):
        raise OSError(f"what came as {remote.name} is another file")
    return content


def _matches(content: bytes, remote: Remote) -> bool:
    return len(content) == remote.size and hashlib.sha256(content).hexdigest() == remote.sha256


def _holds(folder: Path, remote: Remote) -> bool:
    try:
        path = folder / remote.name
        return path.stat().st_size == remote.size and _matches(path.read_bytes(), remote)
    except OSError:
        return False


def _spelled(folder: Path, part: str) -> Path | None:
    return next((folder / name for name in spellings(part) if (folder / name).is_file()), None)


def _path_of(folder: Path, part: str) -> Path:
    path = _spelled(folder, part)
    if path is None:
        names = spellings(part)
        fix = f"Put one of these into the folder: {', '.join(names)}."
        raise MissingDataError(f"the data file {names[1]} is missing", str(folder / names[1]), fix)
    return path


def _load_part(folder: Path, part: str) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    image_path, label_path = _path_of(folder, f"{part}-images"), _path_of(folder, f"{part}-labels")
    images, labels = read_idx(image_path), read_idx(label_path)
    _check_images(images, image_path)
    _check_labels(labels, label_path)
    if len(images) != len(labels):
        what = f"there are {len(labels):,} labels for the {len(images):,} images of {image_path.name}"
        raise _unfit(what, label_path)
    return _scale(images), labels.astype(np.int64)


def _check_images(images: Array, path: Path) -> None:
    if images.dtype != np.uint8 or images.ndim != 3 or images.shape[1:] != (SIDE, SIDE):
        raise _unfit(f"wanted uint8 images (n, {SIDE}, {SIDE}), found {images.dtype} {images.shape}", path)
    if len(images) == 0:
        raise _unfit("there are no images in this file", path)


def _check_labels(labels: Array, path: Path) -> None:
    if labels.dtype != np.uint8 or labels.ndim != 1:
        raise _unfit(f"wanted uint8 labels (n,), found {labels.dtype} {labels.shape}", path)
    wrong = np.flatnonzero(labels >= CLASSES)
    if len(wrong):
        raise _unfit(f"label {wrong[0]} is {labels[wrong[0]]}, which is not in 0 to {CLASSES - 1}", path)


def _unfit(what: str, path: Path) -> DamagedDataError:
    return DamagedDataError(what, str(path), "Use the four files of one dataset in the format of MNIST.")


def _scale(images: Array) -> NDArray[np.float32]:
    scaled = images.reshape(len(images), SIDE * SIDE).astype(np.float32)
    scaled /= np.float32(255)
    return scaled
