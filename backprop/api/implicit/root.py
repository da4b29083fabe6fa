"""root: where a function of any structure is zero, with the derivatives that the equation gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from ...graph.implicit.jacobian import jacobian_of
from .equation import Answer, Traced, Unknowns, residual_of, traced

X = TypeVar("X")


def root(
    f: Callable[..., X],
    x0: X,
    args: Sequence[Any] = (),
    method: str = "hybr",
    tol: float | None = 1e-12,
    options: Mapping[str, Any] | None = None,
) -> X:
    """The x with f(x, *args) = 0, found by `scipy.optimize.root` with exact Jacobians.

    Arguments:
        f: returns what is to be zero, in the structure and the shapes of x; it may capture traced values. It is traced
            once, so that choices that depend on x are `numpy.where` or `backprop.switch`.
        x0: where to start, real numbers and arrays in any structure; it has no derivative.
        args: further arguments of `f`.
        method: a method of `scipy.optimize.root`.
        tol, options: as of `scipy.optimize.root`.
    Returns:
        x. Its derivatives by what `f` depends on, of any order, are those of the equation; where no solution was found
        they are NaN.
    Errors:
        ShapeError: results that do not fit the unknowns.
        LinAlgError: a Jacobian that is singular at the solution, in the reverse pass.
    Example:
        >>> round(bp.grad(lambda a: bp.root(lambda x: x * x - a, 1.0))(4.0), 6)
        0.25
    """
    made = traced(lambda x: f(x, *args), Unknowns.of(x0))
    return found_root(made, method, tol, options, exact=True).unknowns  # type: ignore[no-any-return]


def found_root(
    made: Traced, method: str, tol: float | None, options: Mapping[str, Any] | None, *, exact: bool
) -> Answer:
    """What `scipy.optimize.root` finds, as one node.

    Arguments:
        made: the function.
        method, tol, options: as of `scipy.optimize.root`.
        exact: whether it is given the Jacobian, or has to find it by differences.
    """
    residual = residual_of(made, "root")
    bodies = {"residual": residual, "jacobian": jacobian_of(residual, len(made.unknowns.types))}
    chosen = tuple((options or {}).items())
    return made.answer(bodies, "root", method=method, tol=tol, options=chosen, exact=exact)
