"""Whose memory an array is: each question and each copy; tests/test_ownership.py checks all together."""

from __future__ import annotations

from typing import Any

import numpy as np

from backprop.graph.ownership import (
    alone,
    apart,
    bases,
    contiguous,
    copied,
    escaping,
    frozen,
    is_alone,
    is_given_back,
    is_writable,
    kept,
    owned_by,
    owners,
    separations,
    shares,
    unshared,
)
from backprop.ops.arrays.indexing.items import basic_index
from backprop.ops.arrays.indexing.keys import Slice
from backprop.ops.arrays.tuples import make_tuple
from backprop.ops.arrays.views import permute
from backprop.ops.core.types import array_type
from backprop.ops.elementwise.trigonometric import sin
from tests.scheduler.graphs import Hand

BIG = array_type((40, 40), np.dtype("float64"))


def test_the_owner_of_a_view_is_its_last_base_and_of_a_tuple_those_of_its_items() -> None:
    x, y = np.ones((2, 3)), np.zeros(3)
    assert [owner is x for owner in owners(x.T[1:])] == [True]
    assert [id(owner) for owner in owners((x[0], (y, y[1:])))] == [id(x), id(y), id(y)]
    assert owned_by([x[0], y[1:]]) == {id(x), id(y)}


def test_shares() -> None:
    x = np.ones(4)
    assert shares(x[1:], [np.ones(4), x])
    assert not shares(x, [x.copy(), 1.0])
    assert not shares(1.0, [x])


def test_alone_copies_what_is_a_view_read_only_or_taken() -> None:
    x = np.ones(4)
    assert alone(x) is x
    assert alone("text") == "text"
    view, taken, lasting = x[1:], x, frozen(x)
    for array, ids in ((view, set()), (taken, {id(x)}), (lasting, set())):
        assert not is_alone(array, ids)
        found = alone(array, ids)
        assert is_alone(found)
        assert not shares(found, [x, lasting])
        np.testing.assert_array_equal(found, array)


def test_apart() -> None:
    x, y = np.ones(3), np.zeros(3)
    found = apart([x, y, y, x[1:], 2.0], [x])
    assert found[1] is y
    assert found[4] == 2.0
    arrays: list[Any] = found[:4]
    for k, array in enumerate(arrays):
        assert not shares(array, [x, *arrays[:k], *arrays[k + 1 :]])


def test_copies() -> None:
    x = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    assert copied(x).flags.c_contiguous
    assert copied(1.5) == 1.5
    assert frozen(x).flags.f_contiguous
    assert not frozen(x).flags.writeable
    own, view = unshared((x.copy(), x[1:]), [x])
    assert not shares(own, [x])
    assert not shares(view, [x])
    assert unshared(own, [x]) is own


def test_what_is_kept_of_the_users_is_a_copy_unless_nobody_can_write_to_it() -> None:
    x, lasting = np.ones(3), frozen(np.ones(3))
    users = owned_by([x, lasting])
    assert not shares(kept(x[1:], users), [x])
    assert not kept(x, users).flags.writeable
    assert kept(lasting, users) is lasting
    assert kept(x, set()) is x


def test_an_array_is_given_back_when_nobody_else_refers_to_it() -> None:
    values: list[Any] = [np.ones(3)]
    assert is_given_back(values, 0)
    held = values[0]
    assert not is_given_back(values, 0)
    del held
    assert is_given_back(values, 0)
    view = values[0][1:]
    assert not is_given_back(values, 0)
    del view
    values[0].flags.writeable = False
    assert not is_given_back(values, 0)


def test_writable_looks_at_the_owner() -> None:
    owner = np.ones(4)
    view = owner[1:]
    view.flags.writeable = False
    assert is_writable(view)
    owner.flags.writeable = False
    assert not is_writable(view)


def test_contiguous() -> None:
    x = np.ones((2, 3))
    assert contiguous(x) is x
    assert contiguous(x.T).flags.c_contiguous
    assert contiguous(1.5) == 1.5


def test_a_view_shares_the_memory_of_its_operand_and_a_tuple_that_of_all() -> None:
    hand = Hand(BIG)
    base = hand(sin, 0)
    view = hand(permute, base, axes=(1, 0))
    both = hand(make_tuple, 0, view)
    assert bases(hand.graph(both)) == [(0,), (base,), (base,), (0, base)]


def test_escaping_outputs() -> None:
    hand = Hand(BIG)
    own = hand(sin, 0)
    shared = hand(sin, 0)
    row = hand(basic_index, shared, key=(Slice(0, 1, 1),))
    graph = hand.graph(0, own, shared, row, hand(permute, 0, axes=(1, 0)), hand.literal(np.ones(2)))
    assert escaping(graph) == (True, False, True, True, True, True)


def test_separations_copy_what_the_graph_says_is_shared_and_look_at_the_rest() -> None:
    hand = Hand(BIG)
    own = hand(sin, 0)
    graph = hand.graph(0, own, hand(permute, 0, axes=(1, 0)), hand.literal(np.ones(2)))
    x, fresh = np.ones((40, 40)), np.ones((40, 40))
    argument, computed, view, literal = separations(graph)
    assert computed(fresh) is fresh
    for separate in (argument, view, literal):
        assert not shares(separate(x), [x])
