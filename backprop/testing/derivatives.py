"""The derivatives of a function against finite differences, the complex step, and forward mode."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..api.verbs.evaluate import evaluate
from ..api.verbs.forward import jvp
from ..api.verbs.gradients import vjp
from ..errors import NotDifferentiableError
from ..graph.graph import Graph
from ..graph.tracing.structures.structure import flatten, unflatten
from ..ops.core.types import ValueType, type_of
from .values import (
    SEED,
    Leaves,
    direction_like,
    inner,
    is_inexact,
    is_single,
    size_of_product,
    text_of,
    widened,
)

Flat = Callable[..., tuple[Any, ...]]  # of inexact leaves, to inexact leaves
STEPS = (1e-3, 1e-4, 1e-5)


def check_grads(
    f: Callable[..., Any] | Graph,
    args: Sequence[Any],
    order: int = 2,
    rtol: float | None = None,
    atol: float | None = None,
) -> None:
    """Fail where the derivatives of a function are wrong.

    Arguments:
        f: a function of arrays, numbers and containers of them, or a Graph; real-valued ones are looked at in float64.
        args: where to look, away from kinks: a tuple of arguments.
        order: up to which derivative: 1 checks the gradient, 2 the gradient of the gradient too.
        rtol: allowed error of a directional derivative, as a share of the sum of its terms' sizes; None takes 1e-6
            (in single precision 5e-3), and 100 times that for each further order.
        atol: allowed absolute error; None takes `rtol`.
    Errors:
        AssertionError: a derivative is wrong, or a cotangent has another shape or dtype than its argument.
    Example:
        >>> bp.testing.check_grads(lambda x: np.sum(np.sin(x) * x), (np.ones(3),))
    """
    name = getattr(f, "__name__", type(f).__name__)
    run = evaluate(f) if isinstance(f, Graph) else f
    flat, leaves, paths = flattened(run, tuple(args))
    Check(name, paths, rtol, atol).derivatives(flat, leaves, order)


@dataclass(frozen=True)
class Check:
    """What a check is called, and what it allows."""

    name: str
    paths: Sequence[str]
    rtol: float | None = None
    atol: float | None = None
    slopes: bool = True  # else types only

    def derivatives(self, f: Flat, leaves: Leaves, order: int, level: int = 1) -> None:
        """Reverse mode against differences, then the same of reverse mode itself.

        Arguments:
            f: leaves -> leaves.
            leaves: where it is checked.
            order: how many derivatives are checked, this one included.
            level: which derivative this is; 1 for the first.
        """
        rng = np.random.default_rng([SEED, level])
        plain = f(*leaves)
        weights = tuple(direction_like(y, rng) for y in plain)
        if order < 1 or not leaves or not weights:
            return
        values, pullback = vjp(f, *leaves)
        self.same_values(values, plain, leaves)
        cotangents = pullback(weights)
        directions = [direction_like(x, rng) for x in leaves]
        self.same_types(cotangents, leaves)
        if not self.slopes:
            return
        slopes = [inner([c], [v]) for c, v in zip(cotangents, directions, strict=True)]
        for k, (found, cotangent) in enumerate(zip(slopes, cotangents, strict=True)):
            what = f"{self.name}: the derivative of order {level} by {self.paths[k]}"
            self.slope(
                what, found, size_of_product(cotangent, directions[k]), f, leaves, k, directions[k], weights, level
            )
        if level == 1:
            self.forward(f, leaves, directions, weights, sum(slopes), cotangents)
        self.derivatives(lambda *xs: tuple(vjp(f, *xs)[1](weights)), leaves, order - 1, level + 1)

    def slope(
        self, what: str, found: float, size: float, f: Flat, leaves: Leaves, k: int, v: Any, weights: Leaves, level: int
    ) -> None:
        """One directional derivative against differences of several steps, and the complex step.

        Arguments:
            what: is compared, for the error.
            found: the derivative in one direction.
            size: the sum of the absolute terms that make it up.
            f: leaves -> leaves.
            leaves: where it is checked.
            k: the leaf that moves.
            v: its direction.
            weights: of the results.
            level: which derivative this is.
        """
        wide = [widened(x) for x in leaves]
        allowed = self.allowed(leaves, level, size)
        expected = np.nan
        for step in STEPS:
            expected = _differences(lambda t: inner(weights, f(*_moved(wide, k, t * v))), step)
            if abs(found - expected) <= allowed:
                break
        else:
            raise AssertionError(f"{what}: expected {expected} by finite differences, got {found}")
        exact = _complex_step(f, wide, k, v, weights) if level == 1 else None
        sharp = min(allowed, 1e-9 * max(1.0, size))
        default = self.rtol is None and self.atol is None
        if exact is None or not default or is_single(leaves) or not abs(exact - expected) <= allowed:
            return
        if not abs(found - exact) <= sharp:
            raise AssertionError(f"{what}: expected {exact} by the complex step, got {found}")

    def forward(
        self, f: Flat, leaves: Leaves, directions: Leaves, weights: Leaves, pulled: float, cotangents: Leaves
    ) -> None:
        """Forward mode is the transpose of reverse mode: <w, J v> = <w J, v>; an opaque pair has none.

        Arguments:
            f: leaves -> leaves.
            leaves: where it is checked.
            directions: of the arguments, v.
            weights: of the results, w.
            pulled: <w J, v>.
            cotangents: w J.
        """
        try:
            _, tangents = jvp(f, tuple(leaves), tuple(directions))
        except NotDifferentiableError:
            return
        pushed = inner(weights, tangents)
        size = sum(map(size_of_product, cotangents, directions))
        if not abs(pushed - pulled) <= self.allowed(leaves, 1, size):  # not, as a NaN is wrong too
            raise AssertionError(f"{self.name}: forward mode gives {pushed}, reverse mode {pulled}")

    def allowed(self, leaves: Leaves, level: int, size: float) -> float:
        """The error that is allowed of a number whose terms have sizes that add up to `size`.

        Arguments:
            leaves: of the arguments, whose dtypes count.
            level: which derivative this is.
            size: the sum of the absolute terms.
        """
        rtol = self.rtol if self.rtol is not None else (5e-3 if is_single(leaves) else 1e-6) * 100.0 ** (level - 1)
        atol = rtol if self.atol is None else self.atol
        return atol + rtol * size

    def same_values(self, found: Leaves, expected: Leaves, leaves: Leaves) -> None:
        """Tracing does not change the value.

        Arguments:
            found: the traced values.
            expected: the plain ones.
            leaves: of the arguments, whose dtypes count.
        """
        tolerance = 1e-4 if is_single(leaves) else 1e-10
        for a, b in zip(found, expected, strict=True):
            np.testing.assert_allclose(a, b, tolerance, tolerance, err_msg=f"{self.name}: the traced value is another")

    def same_types(self, cotangents: Leaves, leaves: Leaves) -> None:
        """A cotangent has the class, shape and dtype of its argument."""
        for path, c, x in zip(self.paths, cotangents, leaves, strict=True):
            if type_of(c) != type_of(x):
                raise AssertionError(f"{self.name}: the cotangent of {path} is {text_of(c)}, expected {text_of(x)}")


def flattened(f: Callable[..., Any], args: tuple[Any, ...]) -> tuple[Flat, list[Any], list[str]]:
    """The function as one of inexact leaves, these leaves, and their paths."""
    values, structure = flatten(args)
    chosen = [k for k, x in enumerate(values) if is_inexact(x)]
    dynamic = [
        p for p, leaf in zip(structure.paths("args"), structure.leaves, strict=True) if isinstance(leaf, ValueType)
    ]

    def flat(*leaves: Any) -> tuple[Any, ...]:
        given = list(values)
        for k, leaf in zip(chosen, leaves, strict=True):
            given[k] = leaf
        return tuple(y for y in flatten(f(*unflatten(structure, given)))[0] if is_inexact(y))

    return flat, [values[k] for k in chosen], [dynamic[k] for k in chosen]


def _differences(f: Callable[[float], float], h: float) -> float:
    """The derivative at 0: central differences of fourth order."""
    return (8 * (f(h) - f(-h)) - (f(2 * h) - f(-2 * h))) / (12 * h)


def _complex_step(f: Flat, leaves: Leaves, k: int, v: Any, weights: Leaves) -> float | None:
    """The derivative by one evaluation off the real line; None where the function does not go there."""
    if any(np.asarray(x).dtype.kind == "c" for x in (*leaves, *weights)):
        return None
    h = 1e-30
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            results = f(*_moved(leaves, k, 1j * h * v))
    except Exception:
        return None
    if any(np.shape(w) != np.shape(y) for w, y in zip(weights, results, strict=True)):
        return None  # of another function there, as spectra of complex signals are whole
    return sum(float(np.sum(w * np.imag(y))) for w, y in zip(weights, results, strict=True)) / h


def _moved(leaves: Leaves, k: int, step: Any) -> list[Any]:
    return [*leaves[:k], leaves[k] + step, *leaves[k + 1 :]]
