"""Training: reproducible, the same to the bit on every executor, and able to learn."""

from __future__ import annotations

import io
import itertools
import math
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest
from rich.console import Console

import backprop as bp
from backprop.cli.executors import opened
from backprop.cli.train import Job, default_epochs, fit, gradient_step, run
from backprop.examples_mnist.dataset import Dataset
from backprop.examples_mnist.network import Network, accuracy, load, new_network, one_hot
from backprop.examples_mnist.progress import Length, shown
from backprop.examples_mnist.training import Settings, State, batches, median_seconds, start, states, steps_per_epoch

SETTINGS = Settings(epochs=2, batch=16, rate=0.05, momentum=0.9, seed=5)


def easy(n: int = 48, seed: int = 0) -> tuple[Any, Any]:
    """Images of ten classes that differ by the place of a bright block."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 10
    images = rng.uniform(0, 0.2, (n, 784)).astype(np.float32)
    for k, label in enumerate(labels):
        images[k, label * 70 : label * 70 + 70] += 0.8
    return images, labels


def last(executor: bp.AbstractExecutor, settings: Settings = SETTINGS) -> State:
    images, labels = easy()
    *_, state = states(images, one_hot(labels), settings, gradient_step(3, executor))
    return state


def arrays(net: Network) -> list[Any]:
    return [array for layer in net.layers for array in (layer.w, layer.b)]


def same(a: Network, b: Network) -> bool:
    return all(x.tobytes() == y.tobytes() for x, y in zip(arrays(a), arrays(b), strict=True))


def quiet() -> Console:
    return Console(file=io.StringIO(), width=100)


def dataset(n: int = 48) -> Dataset:
    return Dataset("easy", Path("."), *easy(n), *easy(20, 1))


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_threads_give_the_same_bits_as_one(threads: int) -> None:
    assert same(last(bp.Serial()).net, last(bp.Threads(threads)).net)


@pytest.mark.cluster
def test_a_cluster_gives_the_same_bits() -> None:
    with bp.Cluster(n_workers=2, processes=False) as cluster:
        assert same(last(bp.Serial()).net, last(cluster).net)


def test_the_same_seed_gives_the_same_bits() -> None:
    assert same(last(bp.Serial()).net, last(bp.Serial()).net)


def test_another_seed_gives_another_network() -> None:
    other = Settings(2, 16, 0.05, 0.9, seed=6)
    assert not same(last(bp.Serial()).net, last(bp.Serial(), other).net)


def test_it_learns() -> None:
    state = last(bp.Serial(), Settings(epochs=25, batch=16, rate=0.05, momentum=0.9, seed=0))
    assert accuracy(state.net, *easy(100, 7)) == 1.0
    assert state.loss < 0.3


def test_a_step_is_momentum() -> None:
    def step(net: Network, images: Any, targets: Any) -> tuple[float, Network]:
        return 1.0, new_network(np.random.default_rng(1))

    images, labels = easy()
    first, second = itertools.islice(states(images, one_hot(labels), SETTINGS, step), 2)
    g, w = arrays(new_network(np.random.default_rng(1))), arrays(start(SETTINGS).net)
    for k in range(len(g)):
        assert np.allclose(arrays(first.net)[k], w[k] - 0.05 * g[k])
        assert np.allclose(arrays(second.net)[k], w[k] - 0.05 * g[k] - 0.05 * 1.9 * g[k], atol=1e-6)
    assert arrays(second.net)[0].dtype == np.float32


def test_an_epoch_takes_each_image_once_at_most() -> None:
    found = list(batches(50, SETTINGS))
    assert len(found) == 2 * steps_per_epoch(50, 16) == 6
    for epoch in (found[:3], found[3:]):
        rows = np.concatenate(epoch)
        assert len(rows) == len(np.unique(rows)) == 48
    assert not np.array_equal(found[0], found[3])


def test_fewer_images_than_a_batch_make_one_batch() -> None:
    assert [len(rows) for rows in batches(5, SETTINGS)] == [5, 5]


@pytest.mark.parametrize(("count", "epochs"), [(60_000, 10), (6_000, 30), (10**7, 1), (1, 30)])
def test_epochs_follow_from_the_number_of_images(count: int, epochs: int) -> None:
    assert default_epochs(count) == epochs


def test_calls_are_timed_in_turn() -> None:
    calls: list[str] = []
    medians = median_seconds((lambda: calls.append("a"), lambda: calls.append("b")), 2)
    assert calls == ["a", "a", "b", "b"] * 2  # each time once to warm up
    assert all(seconds >= 0 for seconds in medians)


def interrupting(after: int) -> Any:
    """A step whose user presses Ctrl-C after so many."""
    real, count = gradient_step(2, bp.Serial()), itertools.count()

    def step(*args: Any) -> Any:
        if next(count) == after:
            raise KeyboardInterrupt
        return real(*args)

    return step


def test_an_interrupt_keeps_the_last_whole_step() -> None:
    images, labels = easy()
    outcome = fit(images, one_hot(labels), SETTINGS, interrupting(3), quiet())
    assert (outcome.interrupted, outcome.state.steps, len(outcome.seconds)) == (True, 3, 3)


def job(out: Path, **changes: Any) -> Job:
    return Job(
        Settings(**{"epochs": 1, "batch": 16, "rate": 0.05, "momentum": 0.9, "seed": 0, **changes}), 2, "serial", out
    )


def test_an_interrupted_run_saves_what_it_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    console = quiet()
    monkeypatch.setattr("backprop.cli.train.gradient_step", lambda shards, executor: interrupting(2))
    assert run(job(tmp_path / "net.npz"), dataset(), 48, console)
    load(tmp_path / "net.npz")
    assert "interrupted after 2 steps" in console.file.getvalue()  # type: ignore[attr-defined]


def test_a_run_interrupted_at_once_replaces_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "net.npz").write_bytes(b"from before")
    monkeypatch.setattr("backprop.cli.train.gradient_step", lambda shards, executor: interrupting(0))
    assert run(job(tmp_path / "net.npz"), dataset(), 48, quiet())
    assert (tmp_path / "net.npz").read_bytes() == b"from before"


def test_a_loss_that_is_not_finite_ends_the_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def step(net: Network, images: Any, targets: Any) -> tuple[float, Network]:
        return math.nan, net

    monkeypatch.setattr("backprop.cli.train.gradient_step", lambda shards, executor: step)
    with pytest.raises(click.ClickException, match="smaller --rate"):
        run(job(tmp_path / "net.npz"), dataset(), 48, quiet())
    assert not (tmp_path / "net.npz").exists()


def test_a_run_says_all_there_is_to_say(tmp_path: Path) -> None:
    console = quiet()
    assert not run(job(tmp_path / "net.npz"), dataset(), 48, console)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    for word in (
        "images/s",
        "left",
        "test accuracy",
        "time a step",
        "speed-up",
        "tasks",
        "work",
        "span",
        "same accuracy",
    ):
        assert word in text
    assert str(tmp_path / "net.npz") in text.replace("\n", "")


@pytest.mark.parametrize("terminal", [True, False])
def test_progress_is_a_bar_or_lines(terminal: bool) -> None:
    file = io.StringIO()
    console = Console(file=file, force_terminal=terminal, width=120)
    net = start(SETTINGS).net
    with shown(Length(steps=20, per_epoch=10, batch=16), console) as watch:
        for k in range(1, 21):
            watch(State(net, net, k, 0.5, 0.1))
    text = file.getvalue()
    assert all(word in text for word in ("epoch 2/2", "loss 0.500", "images/s"))
    assert ("\x1b[" in text) == terminal


def test_the_words_mean_executors() -> None:
    for word, kind, workers in (("serial", bp.Serial, 1), ("threads:3", bp.Threads, 3), ("auto", bp.Auto, None)):
        with opened(word) as executor:
            assert type(executor) is kind
            assert workers in (None, executor.workers)


@pytest.mark.cluster
def test_an_address_means_a_running_cluster() -> None:
    with bp.Cluster(n_workers=1, processes=False, security=False) as running, opened(running.address) as executor:
        assert isinstance(executor, bp.Cluster)
        assert executor.address == running.address
