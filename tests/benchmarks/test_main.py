from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from click.testing import CliRunner

from benchmarks import __main__ as program
from benchmarks.harness import Case, Variant


def cases(with_rivals: bool) -> Iterator[Case]:
    del with_rivals
    yield Case("unequal", {"one": Variant(lambda: np.ones(1)), "two": Variant(lambda: np.zeros(1))}, "one")
    yield Case("equal", {"one": Variant(lambda: np.ones(1))}, "one")


@pytest.fixture
def question(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setitem(program.QUESTIONS, "mnist", SimpleNamespace(cases=cases))  # type: ignore[arg-type]
    return "mnist"


def test_a_case_that_fails_is_told_and_the_others_are_measured(question: str, tmp_path: Path) -> None:
    answer = CliRunner().invoke(program.main, [question, "--quick", "--out", str(tmp_path)])
    assert answer.exit_code == 1
    assert "unequal FAILED" in answer.output
    written = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    assert [case["case"] for case in written["cases"]] == ["equal"]
    assert "| equal | one |" in (tmp_path / "results.md").read_text(encoding="utf-8")


def test_a_question_that_nobody_asked_is_refused() -> None:
    assert CliRunner().invoke(program.main, ["weather"]).exit_code == 2


def test_every_module_with_cases_is_a_question() -> None:
    folder = Path(program.__file__).parent
    modules = {path.stem for path in folder.glob("*.py") if "\ndef cases(" in path.read_text(encoding="utf-8")}
    assert modules == set(program.QUESTIONS)
