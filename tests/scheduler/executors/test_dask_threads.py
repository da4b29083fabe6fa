"""On dask.threaded no task begins once another one has failed, and the caller gets the error of that one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from backprop.ops.core.op import Op
from backprop.ops.core.types import array_type
from backprop.scheduler.executors.by_dask import threads
from backprop.scheduler.executors.threads import Threads
from backprop.scheduler.planning.planner import make_plan
from tests.scheduler.graphs import Hand


def test_no_task_begins_once_another_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[str] = []

    def failing(x: Any) -> Any:
        begun.append("failing")
        raise ZeroDivisionError("on purpose")

    def other(x: Any) -> Any:
        begun.append("other")
        return x

    def late(tasks: Mapping[Any, Any], keys: list[Any], *_: Any) -> Any:
        """What Dask does where it hears of the failure after it has begun the next task."""
        for key in keys:
            with pytest.raises(ZeroDivisionError) if key == keys[0] else pytest.raises(threads._ClosedError) as caught:
                tasks[key]({})
        raise caught.value

    hand = Hand(array_type((3,), np.dtype("float64")))
    ends = [hand(Op(f.__name__, lambda t: t, f), 0) for f in (failing, other)]
    plan = make_plan(hand.graph(*ends), tuple((i,) for i in ends))
    monkeypatch.setattr(threads, "_get", late)
    with pytest.raises(ZeroDivisionError, match="on purpose"):
        Threads(2).run(plan, [np.ones(3)])
    assert begun == ["failing"]
