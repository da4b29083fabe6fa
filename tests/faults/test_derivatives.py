"""Reports of users, section 1: a finite derivative where the true one is another, or does not exist."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.special as sp

import backprop as bp
from tests.faults.inputs import NAN, Input, near, right

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

ZEROS, ONES = np.zeros(2), np.ones(2)
NO_MATRIX = np.full((2, 2), NAN)
W = np.array([[1.0, 2.0], [3.0, 4.0]])


def recomposed(a: Any) -> Any:
    u, s, vh = np.linalg.svd(a)
    return np.sum(W * ((u * s) @ vh))


FIRST = {
    "sqrt squared": Input(lambda x: np.sqrt(x) ** 2, 0.0, (1, NAN)),
    "cbrt cubed": Input(lambda x: np.cbrt(x) ** 3, 0.0, (1, NAN)),
    "exp of log": Input(lambda x: np.exp(np.log(x)), 0.0, (1, NAN)),
    "expm1 of log1p": Input(lambda x: np.expm1(np.log1p(x)), -1.0, (1, NAN)),
    "cos of arccos": Input(lambda x: np.cos(np.arccos(x)), 1.0, (1, NAN)),
    "U S V of equal singular values": Input(recomposed, np.eye(2), (W,)),
    "where of counts": Input(lambda x: np.sum(np.where(np.array([2, 0]), x, 0)), ONES, ([1, 0],)),
    "singular values at a corner": Input(
        lambda x: np.sum(np.linalg.svd(x, compute_uv=False)) - np.sum(np.linalg.svd(-x, compute_uv=False)),
        np.zeros((2, 2)),
        (np.zeros((2, 2)), NO_MATRIX),
    ),
}


@pytest.mark.parametrize("name", FIRST)
def test_a_first_derivative(name: str) -> None:
    row = FIRST[name]
    assert right(bp.grad(row.function)(row.at), row)


SECOND = {
    "norm squared": Input(lambda x: np.linalg.norm(x) ** 2, ZEROS, (2 * np.eye(2),)),
    "norm along an axis squared": Input(lambda x: np.linalg.norm(x, axis=-1) ** 2, ZEROS, (2 * np.eye(2),)),
    "fro squared": Input(lambda x: np.linalg.norm(np.reshape(x, (1, 2)), "fro") ** 2, ZEROS, (2 * np.eye(2),)),
    "exp of -norm": Input(lambda x: np.exp(-np.linalg.norm(x)), ZEROS, (NO_MATRIX,)),
    "sqrt of 1 + norm squared": Input(lambda x: np.sqrt(1 + np.linalg.norm(x) ** 2), ZEROS, (np.eye(2),)),
    "abs squared": Input(lambda x: np.abs(x) ** 2, 0.0, (2,)),
    "std squared": Input(lambda x: np.std(x) ** 2, ONES, ([[0.5, -0.5], [-0.5, 0.5]],)),
    "hypot squared": Input(lambda x: np.hypot(x[0], x[1]) ** 2, ZEROS, (2 * np.eye(2),)),
    "square of 1 + abs": Input(lambda x: (np.abs(x) + 1) ** 2 - 2 * np.abs(x), 0.0, (2, NAN)),
    "squares of max and min": Input(lambda x: np.max(x) ** 2 + np.min(x) ** 2, ONES, (2 * np.eye(2), NO_MATRIX)),
    "abs of both signs": Input(lambda x: np.abs(x) * np.abs(-x), 0.0, (2, NAN)),
}


@pytest.mark.parametrize("name", SECOND)
def test_a_second_derivative(name: str) -> None:
    row = SECOND[name]
    assert right(bp.hessian(row.function)(row.at), row)


FORWARD: dict[str, tuple[Callable[..., Any], tuple[Any, ...], tuple[Any, ...]]] = {
    "std of constants": (np.std, (np.ones(3),), (np.arange(3.0),)),
    "hypot": (np.hypot, (0.0, 0.0), (1.0, 1.0)),
    "arctan2": (np.arctan2, (0.0, 0.0), (1.0, 1.0)),
    "angle": (np.angle, (0j,), (1j,)),
    "xlogy by y": (lambda y: sp.xlogy(0.0, y), (0.0,), (1.0,)),
}


@pytest.mark.parametrize("name", FORWARD)
def test_a_convention_holds_in_forward_mode(name: str) -> None:
    function, point, along = FORWARD[name]
    assert near(bp.jvp(function, point, along)[1], 0)


def test_one_element_does_not_deviate() -> None:
    assert near(bp.grad(bp.grad(np.std))(3.5), 0)


def test_hvp_and_hessian_of_std_answer_alike() -> None:
    product, matrix = bp.hvp(np.std, (ONES,), ONES), bp.hessian(np.std)(ONES)
    assert np.isfinite(product).tolist() == np.isfinite(matrix @ ONES).tolist()


def test_fmod_by_the_second_argument() -> None:
    assert near(bp.grad(np.fmod, 1)(1.0, 0.1), -9)
