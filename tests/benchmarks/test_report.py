from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks import report
from benchmarks.harness import Result, Timing
from benchmarks.targets import Figure

RESULT = Result(
    "a case",
    "by hand",
    {"by hand": Timing(2e-3, 0.01, 7, 0.1), "compiled": Timing(1e-3, 0.02, 7, 0.5)},
    Timing(1e-3, 0.2, 7),
    (Figure("compiled / by hand", 0.5, 0.45), Figure("all stages", None, 40.0, "s")),
)


def test_markdown_has_each_figure_beside_its_target_and_each_time() -> None:
    text = report.as_markdown([RESULT])
    assert "| a case (noisy) | compiled / by hand | <= 0.45 | 0.5 | SHORT |" in text
    assert "| a case (noisy) | all stages | <= 40 s | - | - |" in text
    assert "| a case | compiled | 1 ms | 0.50 | 2% | 7 | 500 ms |" in text
    assert "20% at worst, above 10%: NOISY" in text


def test_json_holds_what_was_measured() -> None:
    (case,) = json.loads(report.as_json([RESULT]))["cases"]
    assert case["timings"]["compiled"] == {"median": 1e-3, "spread": 0.02, "rounds": 7, "first": 0.5}
    assert [figure["mark"] for figure in case["figures"]] == ["SHORT", "-"]
    assert case["noisy"] is True


def test_no_path_of_the_machine_is_in_the_output() -> None:
    assert str(Path.home()) not in report.as_json([RESULT]) + report.as_markdown([RESULT])


def test_the_terminal_shows_what_falls_short() -> None:
    console = Console(file=io.StringIO(), width=120)
    report.show(RESULT, console)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert "SHORT" in text
    assert "a case (noisy)" in text


@pytest.mark.parametrize(("seconds", "text"), [(2.5, "2.5 s"), (0.02, "20 ms"), (3e-6, "3 us"), (5e-8, "50 ns")])
def test_seconds_in_a_unit_that_fits(seconds: float, text: str) -> None:
    assert report.duration(seconds) == text
