"""Derivatives of random programs, at singular points too: right, or not finite; the same in each mode.

Differences from both sides judge them where they can be trusted, and JAX in float64 where it is installed. `deep` tries
5,000 programs at each order; what the verdicts were is printed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

import backprop as bp
from tests import jax_programs
from tests.singular_programs import SIZE, Program, Sides, differences, programs

UNITS = np.eye(SIZE)
NEARBY = (0.0, 1e-3, -1e-3, 1e-4, -1e-4)

CLASSES = {
    (True, True): "the same",
    (True, False): "finite, JAX is not",
    (False, True): "NOT finite, JAX is",
    (False, False): "neither is finite",
}

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


def count() -> int:
    """How many programs to try: some, and 5,000 with the profile `deep`."""
    return 5000 if settings.default is not None and settings.default.max_examples > 200 else 100


@pytest.fixture(autouse=True)
def serially() -> Iterator[None]:
    with bp.use(bp.Serial()), np.errstate(all="ignore"):
        yield


def judged(value: float, sides: Sides, ties: int) -> str:
    """What a derivative is, beside differences from both sides."""
    if not np.isfinite(value):
        return "not finite"
    if not sides.trusted:
        return "no difference to compare with"
    if ties > 1 or (ties and not sides.agree):  # several conventions at once have no common derivative
        low, high = sorted((sides.left, sides.right))
        slack = 1e-3 * (1 + abs(low) + abs(high))
        return "a convention" if ties > 1 or low - slack <= value <= high + slack else "WRONG beside both sides"
    if not sides.agree:
        return "WRONG at a jump"
    return "right" if abs(value - sides.right) <= 2e-3 * (1 + abs(sides.right)) else "WRONG"


def agree(one: Any, other: Any) -> bool:
    """Whether two derivatives are the same where both are finite."""
    both = np.isfinite(one) & np.isfinite(other)
    return np.allclose(np.where(both, one, 0), np.where(both, other, 0), rtol=1e-6, atol=1e-8)


def is_of_one_branch(program: Program, x: Any, unit: Any) -> bool:
    return len({program.branch(x + t * unit) for t in NEARBY}) == 1


def first_order(program: Program, x: Any) -> Iterator[str]:
    if program.is_beside_a_corner(x):
        return
    reverse = bp.grad(program)(x)
    forward = np.array([bp.jvp(program, (x,), (unit,))[1] for unit in UNITS])
    compiled = bp.compile(bp.grad(program))(x)
    assert agree(reverse, forward), (program, reverse, forward)
    np.testing.assert_array_equal(compiled, reverse)
    largest = np.max(np.abs(np.nan_to_num([*reverse, *forward], posinf=0.0, neginf=0.0)))
    if np.isfinite(program(x)) and largest < 1e100:  # else one mode may overflow on the way
        assert np.isfinite(reverse).tolist() == np.isfinite(forward).tolist(), (program, reverse, forward)
    if jax_programs.is_installed():
        yield from beside_jax("first", program, reverse, jax_programs.gradient(program, x))
    for k, unit in enumerate(UNITS):
        if is_of_one_branch(program, x, unit):
            sides = differences(lambda t, unit=unit: program(x + t * unit))
            for value in (reverse[k], forward[k]):
                verdict = judged(value, sides, program.ties(x))
                assert not verdict.startswith("WRONG"), (verdict, program, k, value, sides)
                yield f"first order, {verdict}"


def beside_jax(order: str, program: Program, ours: Any, theirs: Any) -> Iterator[str]:
    """The verdicts beside JAX's derivatives, which at a tie follow another convention."""
    x = np.array(program.point)
    if program.ties(x) or program.is_beside_a_corner(x) or program.overflows(x):
        return
    for one, other in zip(np.ravel(ours), np.ravel(theirs), strict=True):
        if np.isfinite(one) and np.isfinite(other):
            assert abs(one - other) <= 1e-6 * (1 + abs(other)), (program, ours, theirs)
        yield f"{order} order beside JAX, {CLASSES[bool(np.isfinite(one)), bool(np.isfinite(other))]}"


def second_order(program: Program, x: Any) -> Iterator[str]:
    if program.is_beside_a_corner(x):
        return
    hessian = bp.hessian(program)(x)
    products = np.array([bp.hvp(program, (x,), unit) for unit in UNITS])
    assert agree(hessian, products), (program, hessian, products)
    assert agree(hessian, hessian.T), (program, hessian)
    if jax_programs.is_installed():
        yield from beside_jax("second", program, hessian, jax_programs.hessian(program, x))
    if program.is_chosen_by_place(x) or not np.isfinite(program(x)):
        return
    gradient = bp.compile(bp.grad(program))
    for k, unit in enumerate(UNITS):
        if is_of_one_branch(program, x, unit):
            along = remembered(lambda t, unit=unit: gradient(x + t * unit))
            for j in range(SIZE):
                sides = differences(lambda t, j=j, along=along: along(t)[j])
                verdict = judged(hessian[k, j], sides, min(program.ties(x), 1))
                assert not verdict.startswith("WRONG"), (verdict, program, (k, j), hessian[k, j], sides)
                yield f"second order, {verdict}"


def remembered(f: Callable[[float], Any]) -> Callable[[float], Any]:
    known: dict[float, Any] = {}

    def look_up(t: float) -> Any:
        if t not in known:
            known[t] = f(t)
        return known[t]

    return look_up


@pytest.mark.parametrize("order", [first_order, second_order])
def test_derivatives_are_right_or_not_finite(order: Any, capsys: pytest.CaptureFixture[str]) -> None:
    counts: Counter[str] = Counter()

    @settings(max_examples=count(), deadline=None)
    @given(programs())
    def check(program: Program) -> None:
        counts["programs"] += 1
        counts.update(order(program, np.array(program.point)))

    check()
    with capsys.disabled():
        print(f"\n{dict(sorted(counts.items()))}")
    assert counts[f"{order.__name__.replace('_', ' ')}, right"] > counts["programs"]
