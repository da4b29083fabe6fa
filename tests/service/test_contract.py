"""The contract of all executors, kept by a service."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import backprop as bp
from tests.scheduler.executors.test_contract import (
    FAIL,
    test_a_plan_that_is_bound_gives_the_same_bits_at_every_call,
    test_a_plan_without_tasks,
    test_a_prepared_graph,
    test_a_recorder_sees_each_task,
    test_a_value_that_does_not_fit_is_named,
    test_after_an_exception_the_executor_goes_on,
    test_an_exception_is_the_users_with_a_note,
    test_inputs_are_left_alone,
    test_the_bits_are_those_of_serial,
    test_the_bits_do_not_depend_on_the_layout_of_inputs,
    test_the_number_of_values_is_checked,
)
from tests.service.conftest import serving

__all__ = [
    "test_a_plan_that_is_bound_gives_the_same_bits_at_every_call",
    "test_a_plan_without_tasks",
    "test_a_prepared_graph",
    "test_a_recorder_sees_each_task",
    "test_a_value_that_does_not_fit_is_named",
    "test_after_an_exception_the_executor_goes_on",
    "test_an_exception_is_the_users_with_a_note",
    "test_inputs_are_left_alone",
    "test_the_bits_are_those_of_serial",
    "test_the_bits_do_not_depend_on_the_layout_of_inputs",
    "test_the_number_of_values_is_checked",
]


@pytest.fixture(scope="module")
def executor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[bp.AbstractExecutor]:
    state: Path = tmp_path_factory.mktemp("state")
    with serving(state, ops={FAIL.name: FAIL}) as service, bp.connect(service.url) as connection:
        yield connection
