"""backprop explain and profile: the report of the gradient of a function in a file."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from backprop.cli import main

MODEL = """
import numpy as np
import beside

def loss(w, x):
    return np.mean(np.tanh(x @ w) ** 2) * beside.SCALE

def vector(w, x):
    return x @ w

class Models:
    @staticmethod
    def double(w, x):
        return 2.0 * loss(w, x)

args = (np.ones((3, 2)), np.ones((5, 3)))
small = (np.ones((1, 1)), np.ones((1, 1)))
"""


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "beside.py").write_text("SCALE = 3.0\n")
    path = tmp_path / "model_of_a_test.py"
    path.write_text(MODEL)
    (tmp_path / "broken.py").write_text("import is_not_there")
    (tmp_path / "unfinished.py").write_text("def loss(")
    monkeypatch.chdir(tmp_path)
    return path


@pytest.mark.parametrize("command", ["explain", "profile"])
@pytest.mark.parametrize("target", ["loss", "Models.double"])
def test_it_prints_the_report_with_the_users_lines(command: str, target: str, model: Path) -> None:
    result = CliRunner().invoke(main, [command, f"{model}:{target}", "--executor", "threads:2"])
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("Threads: 2 workers")
    assert "model_of_a_test.py:6 in loss" in result.stdout
    assert ("measured:" in result.stdout) == (command == "profile")


def test_it_writes_json_a_page_and_a_trace(model: Path) -> None:
    words = ["profile", f"{model}:loss", "--json", "--html", "r.html", "--perfetto", "r.pftrace", "--args", "small"]
    result = CliRunner().invoke(main, [*words, "--argnums", "1", "--repeat", "2"])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["run"]["repeats"] == 2
    assert "<!doctype html>" in Path("r.html").read_text()
    assert Path("r.pftrace").stat().st_size > 100


@pytest.mark.parametrize(
    ("target", "further", "words"),
    [
        ("loss", [], "is no FILE:FUNCTION"),
        ("none.py:loss", [], "there is no file none.py"),
        ("model_of_a_test.py:los", [], "has no los; it has loss, vector"),
        ("model_of_a_test.py:loss", ["--args", "arguments"], "has no tuple arguments"),
        ("model_of_a_test.py:vector", [], "one real number"),
        ("model_of_a_test.py:small", [], "small of model_of_a_test.py is no function, but tuple"),
        ("broken.py:loss", [], "broken.py cannot be imported"),
        ("unfinished.py:loss", [], "SyntaxError"),
    ],
)
def test_what_it_cannot_do_is_a_message(target: str, further: list[str], words: str, model: Path) -> None:
    result = CliRunner().invoke(main, ["explain", target, *further])
    assert result.exit_code == 1
    assert words in result.stderr
    assert "click" not in result.output  # of a module that raises, the user's own lines are shown


@pytest.mark.parametrize("option", ["--html", "--perfetto"])
def test_a_folder_that_is_not_there_is_told_before_anything_runs(option: str, model: Path) -> None:
    result = CliRunner().invoke(main, ["profile", "none.py:loss", option, "nowhere/report"])
    assert result.exit_code == 2
    assert "there is no folder nowhere" in result.stderr


def test_a_missing_package_for_traces_is_told_without_a_traceback(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "perfetto.trace_builder.proto_builder", None)
    result = CliRunner().invoke(main, ["explain", f"{model}:loss", "--perfetto", "r.pftrace"])
    assert result.exit_code == 1
    assert "Error: traces of Perfetto need the package perfetto" in result.stderr
