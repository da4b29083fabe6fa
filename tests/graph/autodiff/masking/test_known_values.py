"""Masks that follow from keys and shapes are known before anything runs; those that say nothing are dropped."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest

import backprop as bp
from backprop import ops
from backprop.graph.autodiff.masking import known_values
from backprop.graph.autodiff.masking.known_values import LARGEST, KnownValues
from backprop.graph.tracing.builder import Builder
from backprop.ops.arrays.creation import filled
from backprop.ops.arrays.indexing.items import scatter_basic
from backprop.ops.arrays.indexing.keys import Slice
from backprop.ops.core.types import array_type

MASKS = {"masked", "logical_or", "logical_and", "reduce_any"}


def truth(builder: Builder, *shape: int) -> Any:
    return builder.emit(filled, (), {"shape": shape, "dtype": "bool", "value": "True"})


def test_what_follows_from_keys_and_shapes_is_known() -> None:
    builder = Builder()
    given = builder.input(array_type((4,), np.dtype(bool)))
    values = KnownValues(builder)
    lower, upper = [scatter_basic(truth(builder, 2), shape=(4,), key=(Slice(start, start + 2, 1),)) for start in (0, 2)]
    sums = ops.sum(ops.logical_or(lower, upper).astype("float32"))
    assert values.is_true_everywhere(ops.logical_or(lower, upper).id)
    assert values.is_true_everywhere(ops.not_equal(sums, 0).id)
    assert not values.is_true_everywhere(lower.id)
    assert not values.is_true_everywhere(ops.logical_and(upper, given).id)
    assert not values.is_true_everywhere(truth(builder, LARGEST + 1).id)


def test_old_values_make_place_for_new_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_values, "HELD", 25)
    builder = Builder()
    values = KnownValues(builder)
    made = [truth(builder, n) for n in (10, 11, 12)]
    assert [values.is_true_everywhere(var.id) for var in made] == [False, True, True]


def wave(speed: Any, steps: int) -> Any:
    u, rows = np.outer(speed, speed), []
    for _ in range(steps):
        u = np.pad(u[1:-1, 1:-1] + 0.1 * (u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2]), 1)
        rows.append(u[-2])
    return np.sum(np.stack(rows) ** 2)


def test_the_cotangent_of_a_wave_has_no_mask_where_it_reached_every_element() -> None:
    def masks(steps: int) -> int:
        graph = bp.compile(bp.grad(wave)).graph(np.ones(8), steps)
        return sum([n for name, n in Counter(node.op.name for node in graph.nodes).items() if name in MASKS])

    few, more = masks(20), masks(40)
    assert few > 0
    assert more == few
