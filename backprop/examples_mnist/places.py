"""Find the images to train on: the user's, Debian's, downloaded ones, or the sample that this package carries.

Order: the folder of `--data`; else Debian's package dataset-fashion-mnist, where it is installed; else MNIST in the
user's cache folder; else MNIST from the network, where there is one (download.py); else the sample (1/10 of
Fashion-MNIST). All that this module knows of the machine comes in through `Places`.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from pathlib import Path

from ..scheduler.machine.files import cache_folder
from .dataset import Dataset, is_complete, load_dataset
from .download import REMOTES, Fetch, Remote, Say, download, fetch_url, is_verified

DEBIAN = Path("/usr/share/datasets/fashion-mnist")
"""Where Debian's package dataset-fashion-mnist puts its four files."""
SAMPLE = Path(__file__).parent / "sample"


class Origin(enum.Enum):
    """Where a dataset comes from; the value is what a user reads."""

    GIVEN = "the folder of --data"
    DEBIAN = "Debian's package dataset-fashion-mnist"
    CACHE = "the cached download"
    DOWNLOAD = "a download"
    SAMPLE = "the sample that this package carries"


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


def default_places(*, offline: bool = False) -> Places:
    """Give the places of this machine.

    Arguments:
        offline: do not try to download.

    Returns:
        Places with the real downloader, or without one if `offline`.
    """
    return Places(DEBIAN, cache_folder() / "mnist", fetch=None if offline else fetch_url)


def find_dataset(data: Path | None, places: Places | None = None, say: Say | None = None) -> Dataset:
    """Find, read and check a dataset.

    Arguments:
        data: the folder that the user named, or None to search.
        places: where to search; None means `default_places` of this process.
        say: told in one line what is used, and in one line before each download.

    Returns:
        The dataset.

    Errors:
        MissingDataError: a file is missing from the user's folder.
        DamagedDataError: a file is truncated, of another format, or does not fit the others.
    """
    places = places or default_places()
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
    if origin is Origin.DOWNLOAD and not _downloaded(places, say):
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


def _downloaded(places: Places, say: Say) -> bool:
    return places.fetch is not None and download(places.cache, places.remotes, places.fetch, say)


def _silence(line: str) -> None:
    """Say nothing."""
