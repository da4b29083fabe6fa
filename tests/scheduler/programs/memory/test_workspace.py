from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from backprop.graph import ownership
from backprop.ops.core.types import ArrayType, array_type
from backprop.scheduler.programs.memory.arena import Buffer
from backprop.scheduler.programs.memory.workspace import KEPT, Layout, Pool, View, Workspace

F8 = np.dtype("float64")


def rows(count: int) -> ArrayType:
    return array_type((count, 10), F8)


def transposed(x: Any) -> Any:
    return x.T


LAYOUT = Layout(
    slabs=(800,),
    fixed=(Buffer(0, 0, rows(10)), View(transposed, (0,), {})),
    results=(rows(4),),
    pieces=(Buffer(0, 160, rows(2), True),),
)


def test_views_share_memory_with_buffers_and_pieces_with_results() -> None:
    buffer, view, result, piece = Workspace(LAYOUT).arrays()
    assert np.shares_memory(buffer, view)
    assert view.shape == (10, 10)
    piece[:] = 1.0
    result[:2] = 0.0
    assert result[2:].sum() == 20.0


def test_a_result_that_nobody_holds_is_used_again() -> None:
    workspace = Workspace(LAYOUT)
    address = workspace.arrays()[2].ctypes.data
    assert workspace.arrays()[2].ctypes.data == address


@pytest.mark.parametrize("hold", [lambda x: x, lambda x: x[1:], lambda x: memoryview(x), lambda x: [x]])
def test_a_result_that_somebody_holds_is_not_used_again(hold: Any) -> None:
    workspace = Workspace(LAYOUT)
    held = hold(workspace.arrays()[2])
    address = np.asarray(held).ctypes.data
    del held
    again = hold(workspace.arrays()[2])
    other = workspace.arrays()[2]
    assert not np.shares_memory(np.asarray(again).reshape(-1), other)
    assert address is not None


def test_a_result_that_was_made_read_only_is_not_used_again() -> None:
    workspace = Workspace(LAYOUT)
    workspace.arrays()[2].flags.writeable = False
    assert workspace.arrays()[2].flags.writeable


def test_without_a_lock_to_count_by_results_are_never_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ownership, "_ONLY_HERE", 0)
    workspace = Workspace(LAYOUT)
    first = id(workspace.arrays()[2])
    kept = workspace.arrays()[2]
    assert id(workspace.arrays()[2]) != id(kept)
    assert first is not None


def test_two_runs_at_a_time_get_two_workspaces() -> None:
    pool = Pool(LAYOUT)
    one, two = pool.enter(), pool.enter()
    assert one is not two
    pool.leave(one)
    assert pool.enter() is one


def test_large_arenas_are_not_kept() -> None:
    pool = Pool(Layout((KEPT + 1,), (), (), ()))
    one = pool.enter()
    pool.leave(one)
    assert pool.enter() is not one


def test_a_copy_is_no_view() -> None:
    workspace = Workspace(LAYOUT)
    assert workspace.is_view(View(transposed, (0,), {}))
    assert not workspace.is_view(View(np.copy, (0,), {}))
