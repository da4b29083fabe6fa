"""The command as its user sees it: what it prints, and the status it ends with."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from backprop import __version__
from backprop.cli import main
from backprop.examples_mnist.dataset import PARTS, spellings
from backprop.examples_mnist.idx import write_idx
from backprop.examples_mnist.network import load


@pytest.fixture
def data(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for part, count in zip(PARTS, (40, 40, 20, 20), strict=True):
        shape = (count, 28, 28) if part.endswith("images") else (count,)
        write_idx(tmp_path / "data" / spellings(part)[1], rng.integers(0, 10, shape, dtype=np.uint8))
    return tmp_path / "data"


def call(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


def train(data: Path, *words: object) -> Result:
    out = data.parent / "net.npz"
    return call("train", "mnist", "--data", data, "--epochs", 1, "--batch", 20, "--out", out, *words)


@pytest.mark.parametrize("executor", ["serial", "threads", "threads:2", "auto"])
def test_it_trains(executor: str, data: Path) -> None:
    result = train(data, "--executor", executor)
    assert result.exit_code == 0, result.output
    assert "test accuracy" in result.stdout
    assert len(load(data.parent / "net.npz").layers) == 3


def test_the_same_seed_gives_the_same_file(data: Path) -> None:
    files = []
    for executor in ("serial", "threads:2"):
        train(data, "--executor", executor, "--seed", 4)
        files.append([layer.w.tobytes() for layer in load(data.parent / "net.npz").layers])
    assert files[0] == files[1]


@pytest.mark.cluster
def test_it_trains_on_a_cluster(data: Path) -> None:
    result = train(data, "--executor", "cluster:1")
    assert result.exit_code == 0, result.output


def test_a_limit_leaves_images_out(data: Path) -> None:
    result = train(data, "--limit", 10)
    assert "batches of 10 " in result.stdout


def test_missing_data_is_said_on_stderr(tmp_path: Path) -> None:
    result = train(tmp_path)
    assert result.exit_code == 1
    assert "is missing" in result.stderr
    assert "Traceback" not in result.output


def test_damaged_data_is_said_on_stderr(data: Path) -> None:
    path = data / spellings(PARTS[0])[1]
    path.write_bytes(path.read_bytes()[:100])
    result = train(data)
    assert result.exit_code == 1
    assert str(path) in result.stderr
    assert "Traceback" not in result.output


@pytest.mark.parametrize("word", ["gpu", "threads:0", "threads:x", "threads:", "serial:2", "udp://here", ""])
def test_an_unknown_executor_is_a_usage_error(word: str, data: Path) -> None:
    result = train(data, "--executor", word)
    assert result.exit_code == 2
    assert "serial | threads" in result.stderr


@pytest.mark.parametrize("words", [("--batch", 0), ("--epochs", 0), ("--rate", 0), ("--momentum", 1), ("--shards", 0)])
def test_numbers_out_of_range_are_usage_errors(words: tuple[str, int], data: Path) -> None:
    assert train(data, *words).exit_code == 2


def test_a_place_that_cannot_be_written_is_said_before_the_work(data: Path) -> None:
    result = train(data, "--out", data / spellings(PARTS[0])[1] / "net.npz")
    assert result.exit_code == 1
    assert "cannot write" in result.stderr
    assert "epoch" not in result.stdout


def test_version_and_help() -> None:
    assert __version__ in call("--version").output
    assert "train" in call("--help").output
    assert "--executor" in call("train", "mnist", "--help").output


def test_python_m_backprop_is_the_same_command() -> None:
    done = subprocess.run([sys.executable, "-m", "backprop", "--version"], capture_output=True, text=True, check=True)
    assert __version__ in done.stdout
