"""Where the images come from: the order, the places of this machine, and the sample."""

from __future__ import annotations

import importlib.util
import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backprop.errors import DamagedDataError
from backprop.examples_mnist.dataset import Dataset, is_complete, load_dataset
from backprop.examples_mnist.download import fetch_url
from backprop.examples_mnist.places import DEBIAN, SAMPLE, Origin, decide, default_places, find_dataset
from tests.examples_mnist.folders import FILES, Server, make_folder, places, served

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


def test_the_line_says_what_is_used(tmp_path: Path) -> None:
    lines: list[str] = []
    folder = make_folder(tmp_path / "mine", train=1_234)
    find_dataset(folder, places(tmp_path), lines.append)
    assert lines == [f"mine: 1,234 + 5 images from the folder of --data ({folder})"]


def test_damage_in_debians_folder_is_an_error_and_not_skipped(tmp_path: Path) -> None:
    where = places(tmp_path, Server(served()))
    (make_folder(where.debian) / FILES["train-images"]).write_bytes(b"")
    with pytest.raises(DamagedDataError):
        find_dataset(None, where)


# The places of this machine


def test_the_cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Path("/home/someone")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert default_places().cache == home / ".cache/backprop/mnist"
    for other in ("", "relative"):
        monkeypatch.setenv("XDG_CACHE_HOME", other)
        assert default_places().cache == home / ".cache/backprop/mnist"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_places().cache == tmp_path / "backprop/mnist"


def test_offline_has_no_downloader() -> None:
    assert default_places().fetch is fetch_url
    assert default_places(offline=True).fetch is None


# The sample


@pytest.fixture(scope="module")
def sample() -> Dataset:
    return load_dataset(SAMPLE, "sample")


def test_the_sample_is_balanced_and_small(sample: Dataset) -> None:
    assert np.bincount(sample.train_labels).tolist() == [600] * 10
    assert np.bincount(sample.test_labels).tolist() == [100] * 10
    assert sum(path.stat().st_size for path in SAMPLE.iterdir()) <= 4_000_000
    assert "Zalando SE" in (SAMPLE / "LICENSE").read_text(encoding="utf-8")


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


@pytest.mark.skipif(not is_complete(DEBIAN), reason="Debian's package dataset-fashion-mnist is not installed")
def test_the_sample_can_be_made_again(sample: Dataset, tmp_path: Path) -> None:
    script().make_sample(DEBIAN, tmp_path)
    again = load_dataset(tmp_path, "again")
    for name in ("train_images", "train_labels", "test_images", "test_labels"):
        assert np.array_equal(getattr(again, name), getattr(sample, name))
