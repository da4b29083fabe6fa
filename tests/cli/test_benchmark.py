from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from backprop.cli import main
from backprop.cli.benchmark import ROOT, small, timed


def test_in_a_checkout_the_benchmarks_run() -> None:
    assert (ROOT / "benchmarks" / "__main__.py").is_file()
    assert CliRunner().invoke(main, ["bench", "--help"]).exit_code == 0
    assert CliRunner().invoke(main, ["bench", "no-such-question"]).exit_code == 2  # of `python -m benchmarks`


def test_without_a_checkout_a_small_one_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("backprop.cli.benchmark.ROOT", tmp_path)
    monkeypatch.setattr("backprop.cli.benchmark.ROUNDS", 1)
    monkeypatch.setattr("backprop.cli.benchmark.IMAGES", 8)
    done = CliRunner().invoke(main, ["bench"])
    assert done.exit_code == 0
    assert "two threads" in done.output


def test_without_a_checkout_a_question_says_where_it_is_answered(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("backprop.cli.benchmark.ROOT", tmp_path)
    done = CliRunner().invoke(main, ["bench", "mnist", "--quick"])
    assert done.exit_code == 1
    assert "clone the repository" in done.output


def test_a_row_for_each_case() -> None:
    assert small(rounds=1, images=4).row_count == 3


def test_each_function_is_timed_in_turn() -> None:
    called: list[str] = []
    taken = timed([lambda x: called.append(f"a{x}"), lambda x: called.append(f"b{x}")], [1], rounds=3)
    assert len(taken) == 2
    assert called == ["a1", "b1"] * 5
