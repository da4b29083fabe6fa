"""Values travel as raw bytes and keep their class, dtype, shape and bits."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from backprop.errors import CannotTravelError, WireError, WireLimitError
from backprop.graph.wire.frame import DTYPES
from backprop.graph.wire.limits import Limits
from backprop.graph.wire.values import values_from_bytes, values_to_bytes

VALUES = st.recursive(
    st.sampled_from(sorted(DTYPES)).flatmap(lambda d: arrays.arrays(d, arrays.array_shapes(min_dims=0, max_side=9)))
    | st.sampled_from(sorted(DTYPES)).flatmap(lambda d: arrays.arrays(d, 1).map(lambda a: a[0]))
    | st.booleans()
    | st.integers(-(1 << 63), (1 << 63) - 1)
    | st.floats()
    | st.complex_numbers(),
    lambda part: st.lists(part, max_size=3).map(tuple),
    max_leaves=4,
)


def bits(value: Any) -> Any:
    if type(value) is tuple:
        return tuple(map(bits, value))
    return type(value), np.shape(value), np.asarray(value).dtype, np.asarray(value).tobytes()


@given(st.lists(VALUES, max_size=4))
def test_values_keep_their_class_and_bits(values: list[Any]) -> None:
    assert [bits(v) for v in values_from_bytes(values_to_bytes(values))] == [bits(v) for v in values]


def test_an_array_of_another_layout_or_byte_order_arrives_contiguous() -> None:
    x = np.arange(600.0).reshape(20, 30)
    for given_ in (np.asfortranarray(x), x.astype(">f8"), np.repeat(x, 2, axis=1)[:, ::2]):
        (got,) = values_from_bytes(values_to_bytes([given_]))
        assert (got.dtype.str, got.flags.c_contiguous, got.flags.writeable) == ("<f8", True, True)
        np.testing.assert_array_equal(got, x)


@pytest.mark.parametrize("value", ["text", None, [1.0], {1: 2}, np.array(["a"]), np.ones(2, "float16"), 1 << 70])
def test_other_values_do_not_travel(value: Any) -> None:
    with pytest.raises(CannotTravelError):
        values_to_bytes([value])


HOSTILE = [
    "text",
    None,
    {},
    {"array": {}},
    {"array": {"dtype": "|O", "shape": [1], "data": "AAAAAAAAAAA="}},
    {"array": {"dtype": "<f8", "shape": [1], "data": "AAAA"}},
    {"array": {"dtype": "<f8", "shape": [-1], "data": ""}},
    {"array": {"dtype": "<f8", "shape": [0, 1 << 62, 1 << 62], "data": ""}},
    {"array": {"dtype": "<f8", "shape": [1 << 40], "at": [0, 8 << 40]}},
    {"array": {"dtype": "<f8", "data": "AAAAAAAAAAA="}},
    {"scalar": {"dtype": "<f8", "shape": [1], "data": "AAAAAAAAAAA="}},
    {"array": {"dtype": "<f8", "shape": [1], "data": "not base64 at all"}},
    {"array": {"dtype": "|b1", "shape": [1], "data": "Ag=="}},
    {"slice": [1, 2, 3]},
    {"graph": {}},
    {"complex": [1]},
    {"float": "zz"},
    [[[[[[[[[[[[1]]]]]]]]]]]],
    1 << 64,
]


@pytest.mark.parametrize("value", HOSTILE, ids=str)
def test_hostile_values_are_an_error_of_ours(value: Any) -> None:
    with pytest.raises(WireError):
        values_from_bytes(json.dumps({"kind": "values", "values": [value]}).encode())


SAMPLE = values_to_bytes([np.arange(100.0), np.float32(2), 3, (1.5, np.ones((2, 3), bool)), 1j])


@given(st.lists(st.tuples(st.integers(0, len(SAMPLE) - 1), st.integers(0, 7)), min_size=1, max_size=6))
def test_flipped_bits_are_an_error_or_values(flips: list[tuple[int, int]]) -> None:
    data = bytearray(SAMPLE)
    for place, bit in flips:
        data[place] ^= 1 << bit
    with suppress(WireError):
        assert len(values_from_bytes(bytes(data))) <= 5


def test_limits() -> None:
    with pytest.raises(WireLimitError):
        values_from_bytes(values_to_bytes([np.ones(10_000)]), Limits(message=80_000))
