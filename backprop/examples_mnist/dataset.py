"""Read and check a data set: four IDX files (see idx.py) of 28 x 28 images of bytes and their labels 0 to 9.

The files have the names of `PARTS`, in one of `spellings`. Limits: 28 x 28 images and ten classes only.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import DamagedDataError, MissingDataError
from .idx import Array, read_idx

PARTS = ("train-images", "train-labels", "t10k-images", "t10k-labels")
SIDE = 28
CLASSES = 10


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


def load_dataset(folder: Path, name: str) -> Dataset:
    """Read the four files of a folder.

    Arguments:
        folder: where they lie.
        name: the name of the dataset.

    Returns:
        The dataset, its images flattened and scaled to [0, 1].

    Errors:
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
