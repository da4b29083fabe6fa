"""Reading a folder of four files: values and dtypes, and each way a folder can be wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from backprop.errors import DamagedDataError, MissingDataError
from backprop.examples_mnist import dataset as ds
from backprop.examples_mnist.dataset import load_dataset
from backprop.examples_mnist.idx import write_idx
from backprop.examples_mnist.places import find_dataset
from tests.examples_mnist.folders import FILES, Server, contents, images, labels, make_folder, places, served


def test_values_and_dtypes(tmp_path: Path) -> None:
    found = load_dataset(make_folder(tmp_path / "mine"), "mine")
    assert found.train_images.shape == (12, 784)
    assert found.test_images.shape == (5, 784)
    assert found.train_images.dtype == found.test_images.dtype == np.float32
    assert found.train_labels.dtype == found.test_labels.dtype == np.int64
    assert np.array_equal(found.train_images, (images(12).reshape(12, 784) / np.float32(255)).astype(np.float32))
    assert found.test_labels.tolist() == [0, 1, 2, 3, 4]


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
