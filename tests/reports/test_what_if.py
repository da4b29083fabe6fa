"""What if: the plan is played through with other times."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from backprop.errors import ReportError
from backprop.reports.description import Description, Run
from backprop.reports.what_if import what_if

from .conftest import description, part, task


def test_a_line_off_the_critical_path_gains_nothing(diamond: Description) -> None:
    assert what_if(diamond, {"model.py:10": 1.0}).speed_up == 1.0
    assert what_if(diamond, {"model.py:10": 0.0}).after == pytest.approx(5.0)
    found = what_if(diamond, {"model.py:30": 0.0})  # with its derivatives
    assert (found.before, found.after) == (pytest.approx(6.0), pytest.approx(3.0))
    assert "model.py:30 at 0 of its time: 6000.000 ms -> 3000.000 ms, 2.00 times as fast" in str(found)


def test_measured_times_count_and_what_no_task_explains_stays(ran: Description) -> None:
    found = what_if(ran, {"model.py:20": 0.5})
    assert found.before == 4.5
    assert found.after == pytest.approx(4.5 - 0.5)  # 2.0 and 1.0 become 1.5, of the other branch, and 1.0


def test_a_whole_path_names_the_line_as_well(diamond: Description) -> None:
    assert what_if(diamond, {"/models/model.py:30": 0.0}).after == pytest.approx(3.0)


@pytest.mark.parametrize(
    ("edits", "words"),
    [
        ({"model.py:11": 0.5}, "no line of this plan"),
        ({"model.py": 0.5}, "name one of model.py:10"),
        ({10: 0.5}, "no line of this plan is 10"),
        ({"model.py:10": -1.0}, "is -1.0"),
        ({"model.py:10": float("nan")}, "is nan"),
        ({"model.py:10": float("inf")}, "is inf"),
        ({"model.py:10": "half"}, "is 'half'"),
    ],
)
def test_a_line_that_is_not_there_and_what_is_no_factor_are_refused(
    diamond: Description, edits: Any, words: str
) -> None:
    with pytest.raises(ReportError, match=words):
        what_if(diamond, edits)


def test_tasks_whose_medians_add_up_to_more_than_the_call_are_scaled(ran: Description) -> None:
    assert ran.run is not None
    short = replace(ran, run=replace(ran.run, seconds=1.5))  # its tasks took 3.0 one after the other
    assert what_if(short, {"model.py:20": 1.0}).after == pytest.approx(1.5)
    assert what_if(short, {"model.py:20": 0.5}).after == pytest.approx(1.5 * 2.5 / 3.0)


def test_what_threads_cost_each_other_by_the_gil_is_counted_once() -> None:
    held = [task(part(k, 1.0, gil=1.0, measured=1.0), measured=2.0) for k in range(2)]  # each waited for the other
    run = Run(2.0, (), ("MainThread", "backprop-0"), -1, 1)
    found = what_if(description(*held, run=run), {"model.py:10": 0.0, "model.py:20": 0.5})
    assert (found.before, found.after) == (2.0, pytest.approx(1.0))
    alone = [task(part(k, 1.0, gil=1.0)) for k in range(2)]
    assert what_if(description(*alone), {"model.py:10": 1.0}).before == pytest.approx(2.0)  # predicted: they will wait


def test_no_edit_changes_nothing(diamond: Description) -> None:
    assert str(what_if(diamond, {})).startswith("with no edit: 6000.000 ms -> 6000.000 ms")
