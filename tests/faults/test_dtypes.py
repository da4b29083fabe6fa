"""Reports of users, section 8: dtypes that differed from NumPy's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import backprop as bp
from tests.faults.inputs import near

SINGLE = np.arange(1.0, 5.0, dtype=np.float32)
WHOLE = np.arange(1, 5)

CALLS: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "interp": (lambda x: np.interp(x, [0.0, 9.0], [0.0, 9.0]), SINGLE),
    "cov": (np.cov, SINGLE),
    "vander": (np.vander, SINGLE),
    "polyint": (np.polyint, SINGLE),
    "polyder": (np.polyder, SINGLE),
    "quantile": (lambda x: np.quantile(x, [0.1, 0.5]), SINGLE),
    "bincount": (lambda w: np.bincount(np.array([0, 1, 1, 2]), w), SINGLE),
    "trace of booleans": (np.trace, np.eye(2, dtype=bool)),
    "trace of small integers": (np.trace, np.eye(2, dtype=np.int8)),
    "norm 1": (lambda x: np.linalg.norm(x, 1), WHOLE),
    "norm inf": (lambda x: np.linalg.norm(x, np.inf), WHOLE),
    "modf": (lambda x: np.modf(x)[0], WHOLE),
    "poly": (np.poly, WHOLE),
    "linspace": (lambda x: np.linspace(0, x[0]), SINGLE),
}


@pytest.mark.parametrize("name", CALLS)
def test_value_and_dtype_are_those_of_numpy(name: str) -> None:
    call, x = CALLS[name]
    want, found = np.asarray(call(x)), np.asarray(bp.evaluate(call)(x))
    assert found.dtype == want.dtype
    assert near(found, want)
