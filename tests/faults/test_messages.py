"""Reports of users, section 7: what raised a misleading error works as in NumPy, or says what is the matter."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import dask
import numpy as np
import pytest
import scipy.linalg
import scipy.optimize
import scipy.sparse
import scipy.sparse.linalg
import scipy.stats

import backprop as bp
from backprop.errors import BackpropError
from tests.faults.inputs import Input, refusal, right

X = np.arange(1.0, 5.0)

WORKS = {
    "x * tuple": Input(lambda x: np.sum(x * (1.0, 2.0, 3.0, 4.0)), X, (X,)),
    "x[tuples]": Input(lambda x: np.sum(x[(0, 1), (1, 1)]), np.ones((2, 2)), ([[0, 1], [0, 1]],)),
    "x[range]": Input(lambda x: np.sum(x[range(2)]), X, ([1, 1, 0, 0],)),
    "histogram with weights": Input(lambda v: np.histogram([1, 2, 3, 9], bins=5, weights=v)[0][0], X, ([1, 1, 0, 0],)),
    "polyfit at ints": Input(
        lambda y: np.polyfit([0, 1, 2, 3], y, 1)[0], X, (np.polyfit([0, 1, 2, 3], np.eye(4), 1)[0],)
    ),
}


@pytest.mark.parametrize("name", WORKS)
def test_it_works_as_in_numpy(name: str) -> None:
    row = WORKS[name]
    assert right(bp.grad(row.function)(row.at), row)


def test_clip_of_small_integers() -> None:
    assert bp.evaluate(lambda x: np.clip(x, -1, 1))(np.array([0, 3], np.uint8)).tolist() == [0, 1]


def test_a_transformed_function_is_pickled() -> None:
    assert pickle.loads(pickle.dumps(bp.grad(np.sin)))(0.0) == 1


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda f: pickle.loads(pickle.dumps(f))])
def test_a_compiled_function_is_copied(copied: Callable[[Any], Any]) -> None:
    assert copied(bp.compile(squared))(3.0) == 9


def squared(x: Any) -> Any:
    return x * x


def test_a_pool_of_processes_in_dasks_settings_breaks_no_threads() -> None:
    x = np.random.default_rng(0).normal(size=(2, 400, 400)) / 400
    gradient = bp.grad(lambda x: sum(np.sum(np.tanh(x[k] @ x[k]) @ x[k]) for k in range(2)), executor=bp.Threads(2))
    want = gradient(x)
    with ProcessPoolExecutor(1) as pool, dask.config.set(pool=pool):
        np.testing.assert_array_equal(gradient(x), want)


Mistake = tuple[Callable[[Any], Any], tuple[str, ...]]

MISTAKES: dict[str, Mistake] = {
    "x[np.where(x > 2)]": (lambda x: x[np.where(x > 2)], ("_where_type",)),
    "np.add with a dtype": (lambda x: np.add(x, x, dtype=np.float32), ("ufunc_type",)),
    "x[x > 2]": (lambda x: np.sum(x[x > 2]), ("outside of the traced",)),
    "csr_array": (lambda v: scipy.sparse.csr_array((v, ([0, 1, 2, 3], [0, 1, 2, 3]))).sum(), ("object",)),
    "spsolve": (lambda v: scipy.sparse.linalg.spsolve(scipy.sparse.eye_array(4).tocsc(), v), ("object",)),
    "norm.logpdf": (lambda m: scipy.stats.norm.logpdf(1.0, m[0]), ("backprop.ops.logpdf", "namesake")),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_it_works_or_is_an_error_of_ours_with_the_line(name: str) -> None:
    function, misleading = MISTAKES[name]
    told = refusal(function, X)
    assert told is None or "test_messages.py" in told
    assert not [words for words in misleading if words in (told or "")]


def test_an_attribute_that_a_library_asked_for_names_its_function() -> None:
    assert "circulant" in (refusal(lambda v: scipy.linalg.circulant(v), X) or "circulant")


def test_an_error_in_a_solver_of_c_code_is_ours_at_every_call() -> None:
    for low in (-5.0, 0.0):
        for _ in range(15):
            with pytest.raises(BackpropError):
                bp.evaluate(lambda a, low=low: scipy.optimize.brentq(lambda x, a: a - x, low, 3, args=(a,)))(2.0)


def test_an_impossible_quantile_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="uantile"):
        bp.evaluate(lambda x: np.quantile(x, 1.5))(X)


def test_a_quantile_of_booleans_is_refused_where_numpy_refuses_it() -> None:
    flags = np.array([True, False])

    def accepted(call: Callable[[Any], Any]) -> bool:
        try:
            call(flags)
        except (TypeError, ValueError):
            return False
        return True

    def median(x: Any) -> Any:
        return np.quantile(x, 0.5)

    assert accepted(bp.evaluate(median)) == accepted(median)
