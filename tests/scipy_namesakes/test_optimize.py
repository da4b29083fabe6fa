"""Namesakes of `scipy.optimize` find what SciPy finds, with the derivatives of the equation, of both orders."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.optimize as theirs

import backprop as bp
from backprop.errors import ArgumentError, GraphTypeError, ShapeError, UnknownFunctionError
from backprop.graph.autodiff.differentiate import differentiate
from backprop.graph.evaluate import evaluate
from backprop.graph.tracing.trace import trace
from backprop.scipy import integrate, optimize
from backprop.scipy.plain import PlainOnly

RNG = np.random.default_rng(2)
A, B = RNG.normal(size=(4, 2)), RNG.normal(size=4)
TIMES, DATA = np.linspace(0, 2, 7), np.exp(-0.8 * np.linspace(0, 2, 7)) + 0.05 * RNG.normal(size=7)
TIGHT = {"tol": 1e-12}


def cubic(x: Any, a: Any) -> Any:
    return x**3 + a * x - 2.0


def slope(x: Any, a: Any) -> Any:
    return 3 * x**2 + a


def diagonal(x: Any) -> Any:
    return np.diag(np.cosh(x))


def valley(x: Any, a: Any) -> Any:
    return np.sum((x - np.array([1.0, -0.5])) ** 4) + a * np.sum(x**2) + x[0] * x[1] * 0.3


def decay(t: Any, rate: Any, level: Any) -> Any:
    return level * np.exp(-rate * t)


Case = tuple[Callable[..., Any], tuple[Any, ...]]
CASES: dict[str, Case] = {
    **{
        name: (lambda a, name=name: getattr(optimize, name)(cubic, 0.0, 2.0, args=(a,), xtol=1e-14), (1.3,))
        for name in ("brentq", "brenth", "ridder", "bisect", "toms748")
    },
    "brentq-capture": (lambda a: optimize.brentq(lambda x: np.exp(x) - a, -5.0, a), (1.7,)),
    "newton-secant": (lambda a: optimize.newton(cubic, 1.0, args=(a,), tol=1e-13), (1.3,)),
    "newton-two": (lambda a: optimize.newton(cubic, 1.0, args=(a,), x1=1.1, tol=1e-13), (1.3,)),
    "newton": (lambda a: optimize.newton(cubic, 1.0, slope, (a,), tol=1e-13), (1.3,)),
    "newton-array": (
        lambda a: optimize.newton(cubic, np.ones(3), slope, (a,), tol=1e-13),
        (np.array([0.5, 1.0, 2.0]),),
    ),
    "root_scalar": (lambda a: optimize.root_scalar(cubic, args=(a,), bracket=(0, 2)).root, (1.3,)),
    "root_scalar-newton": (
        lambda a: optimize.root_scalar(cubic, args=(a,), x0=1.0, fprime=slope, xtol=1e-13).root,
        (1.3,),
    ),
    "root": (
        lambda a, b: optimize.root(lambda x: [x[0] ** 2 + x[1] - a, x[1] ** 3 - b * x[0]], [1.0, 1.0], **TIGHT).x,
        (2.5, 0.7),
    ),
    "root-lm": (
        lambda a: (
            optimize.root(
                lambda x: np.sinh(x) - a, [1.0, 1.0], method="lm", jac=lambda x: np.diag(np.cosh(x)), **TIGHT
            ).x
        ),
        (np.array([0.3, 2.0]),),
    ),
    "fsolve": (lambda a: optimize.fsolve(lambda x: np.sinh(x) - a, np.ones(2), xtol=1e-13), (np.array([0.3, 2.0]),)),
    "fixed_point": (lambda a: optimize.fixed_point(lambda x: np.cos(a * x), 0.5, xtol=1e-13), (0.9,)),
    "minimize": (lambda a: optimize.minimize(valley, [0.8, -0.2], (a,), options={"gtol": 1e-11}).x, (0.7,)),
    "minimize-fun": (lambda a: optimize.minimize(valley, [0.8, -0.2], (a,), options={"gtol": 1e-11}).fun, (0.7,)),
    "minimize-bounds": (
        lambda a, low: (
            optimize.minimize(
                lambda x: valley(x, a),
                [0.8, 0.3],
                bounds=[(None, 2.0), (low, None)],
                options={"gtol": 1e-13, "ftol": 1e-16},
            ).x
        ),
        (0.7, 0.2),
    ),
    "minimize_scalar": (
        lambda a: optimize.minimize_scalar(lambda x: (x - a) ** 2 + np.exp(a * x), tol=1e-13).x,
        (0.9,),
    ),
    "minimize_scalar-bounded": (
        lambda a: (
            optimize.minimize_scalar(lambda x: np.cosh(x - a) + x, bounds=(-3.0, 3.0), options={"xatol": 1e-12}).x
        ),
        (0.9,),
    ),
    "least_squares": (
        lambda d: optimize.least_squares(lambda p: decay(TIMES, p[0], p[1]) - d, [1.0, 1.0], **LIMITS).x,
        (DATA,),
    ),
    "least_squares-loss": (
        lambda d: (
            optimize.least_squares(lambda p: decay(TIMES, *p) - d, [1.0, 1.0], loss="soft_l1", f_scale=0.1, **LIMITS).x
        ),
        (DATA,),
    ),
    "curve_fit": (lambda d, s: optimize.curve_fit(decay, TIMES, d, [1.0, 1.0], sigma=s, **LIMITS), (DATA, 0.3 + TIMES)),
    "nnls": (lambda a, b: optimize.nnls(a, b), (A, B)),
}
CLOSE = {"gtol": 1e-13, "ftol": 1e-16}
LIMITS = {"ftol": 1e-15, "xtol": 1e-15, "gtol": 1e-15}


@pytest.mark.parametrize("name", CASES)
def test_derivatives_of_both_orders(name: str) -> None:
    f, args = CASES[name]
    if name == "nnls":
        bp.testing.check_grads(f, args)
        return
    bp.testing.check_op(bp.evaluate(f), args, dtypes=("float64",))  # evaluate, as plain values are for SciPy's own


@pytest.mark.parametrize("name", CASES)
def test_values_are_those_of_scipy(name: str) -> None:
    """Called on plain values, a namesake is SciPy's own function; traced, its answer is the same."""
    f, args = CASES[name]
    plain, traced = f(*args), bp.evaluate(f)(*args)
    for one, other in zip(plain, traced, strict=True) if isinstance(plain, tuple) else [(plain, traced)]:
        np.testing.assert_allclose(other, one, rtol=1e-6, atol=1e-7)
        assert np.shape(one) == np.shape(other)


def test_a_root_inside_of_a_loss() -> None:
    """As written: the loss is a sum over roots, each of which depends on the parameter."""

    def loss(a: Any) -> Any:
        return sum((optimize.brentq(lambda x, k=k: x**3 + a * x - k, 0.0, 3.0) - 1.0) ** 2 for k in (1.0, 2.0, 3.0))

    bp.testing.check_grads(loss, (1.2,))
    compiled = bp.compile(bp.grad(loss))
    for a in (0.4, 1.7):
        np.testing.assert_allclose(compiled(a), bp.grad(loss)(a), rtol=1e-12)


def test_every_mode_and_every_executor() -> None:
    def f(a: Any) -> Any:
        return optimize.root(lambda x: x**3 + a * x - 1.0, np.ones(2), tol=1e-13).x

    a = np.array([0.5, 2.0])
    dense = bp.jacobian(f)(a)
    _, pushed = bp.jvp(f, (a,), (np.ones(2),))
    np.testing.assert_allclose(pushed, dense @ np.ones(2), rtol=1e-10)
    np.testing.assert_allclose(bp.vmap(f)(np.array([a, 2 * a])), [f(a), f(2 * a)], rtol=1e-9)
    for executor in ("serial", "threads:2"):
        np.testing.assert_array_equal(bp.grad(lambda a: f(a).sum(), executor=executor)(a), dense.sum(0))


def test_a_graph_with_a_solver_travels() -> None:
    """Solvers are named in a graph, so that a service can run it; a name that is none is refused on arrival."""

    def f(a: Any) -> Any:
        x = optimize.minimize(valley, [0.8, -0.2], (a,), options={"gtol": 1e-11}).x
        return np.sum(x) + integrate.quad(lambda x: np.exp(-a * x), 0, np.inf)[0]

    graph = trace(f, (0.7,), {}, evaluate).graph
    joint = differentiate(graph, [0], seeded=False)
    sent = joint.from_bytes(joint.to_bytes())
    assert sent == joint
    values = [0.7, *trace(f, (0.7,), {}, evaluate).values[1:]]
    np.testing.assert_allclose(evaluate(sent, values)[-1], bp.grad(f)(0.7))


def test_what_was_not_found_has_no_derivative() -> None:
    with np.errstate(all="ignore"):
        found = bp.grad(lambda a: np.sum(optimize.root(lambda x: x**2 + a, [1.0]).x))(1.0)
    assert np.isnan(found)
    with pytest.raises(ValueError, match="different signs"):
        bp.grad(lambda a: optimize.brentq(lambda x: x + a, 1.0, 2.0))(1.0)
    with pytest.raises(RuntimeError, match="converge"):
        bp.grad(lambda a: optimize.newton(lambda x: x**2 + a, 1.0, maxiter=5))(1.0)


def test_where_a_solver_starts_may_be_traced_and_does_not_matter() -> None:
    def f(a: Any) -> Any:
        x = optimize.root(lambda x: [x[0] ** 2 - a, x[1] - x[0]], [a, 1.0], tol=1e-13).x
        return x[1] + optimize.brentq(lambda x: x**2 - a, 0, a, xtol=1e-14)

    np.testing.assert_allclose(bp.value_and_grad(f)(4.0), (4.0, 0.5))
    np.testing.assert_allclose(bp.hessian(f)(4.0), -1 / 16)


@pytest.mark.parametrize("method", ["Newton-CG", "trust-constr", "TNC", "SLSQP", "CG"])
def test_methods_that_take_a_gradient_find_the_same_minimum(method: str) -> None:
    options = {"xtol": 1e-12} if method in ("Newton-CG", "trust-constr") else {}

    def f(a: Any) -> Any:
        found = optimize.minimize(
            lambda x: np.sum((x - a) ** 2) + 0.1 * np.sum(x**4), [0.3, 0.2], method=method, tol=1e-12, options=options
        )
        return np.sum(found.x**2)

    a = np.array([1.0, 2.0])
    expected = bp.value_and_grad(lambda a: np.sum(bp.root(lambda x: 2 * (x - a) + 0.4 * x**3, np.ones(2)) ** 2))(a)
    found = bp.value_and_grad(f)(a)
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-6)
    np.testing.assert_allclose(found[1], expected[1], rtol=1e-5)


def test_an_assignment_is_constant() -> None:
    costs = RNG.uniform(size=(3, 4))

    def total(c: Any) -> Any:
        rows, columns = optimize.linear_sum_assignment(c)
        return np.sum(c[rows, columns])

    rows, columns = theirs.linear_sum_assignment(costs)
    assert bp.value_and_grad(total)(costs)[0] == costs[rows, columns].sum()
    np.testing.assert_array_equal(np.argwhere(bp.grad(total)(costs)), np.stack([rows, columns], 1))


def test_a_root_of_any_structure() -> None:
    def f(a: Any) -> Any:
        x = bp.root(lambda x: {"p": x["p"] ** 3 - a[0], "q": np.exp(x["q"]) - a * x["p"]}, {"p": 1.0, "q": np.zeros(2)})
        return x["p"] * x["q"]

    bp.testing.check_op(f, (np.array([2.0, 3.0]),), dtypes=("float64",))
    np.testing.assert_allclose(bp.root(lambda x, a: x**2 - a, 1.0, (2.0,)), np.sqrt(2.0))


@pytest.mark.parametrize(
    "call",
    [
        lambda a: optimize.root(lambda x: x - a, [0.0], jac=True).x,
        lambda a: optimize.root(lambda x: x - a, [0.0], callback=print).x,
        lambda a: optimize.minimize(lambda x: (x - a) ** 2, [0.0], jac=True).x,
        lambda a: optimize.minimize(lambda x: (x - a) ** 2, [0.0], constraints={"type": "eq"}).x,
        lambda a: optimize.minimize(lambda x: (x - a) ** 2, [0.0], method="trust-exact").x,
        lambda a: optimize.minimize(lambda x: (x - a) ** 2, [0.0], method="CG", bounds=[(0, 1)]).x,
        lambda a: optimize.curve_fit(lambda t, p: p * t, [1.0], [a])[0],
        lambda a: optimize.fsolve(lambda x: x - a, [0.0], full_output=True)[0],
        lambda a: optimize.least_squares(lambda x: x - a, [0.0], callback=print).x,
    ],
)
def test_options_that_do_not_exist_say_what_to_write(call: Any) -> None:
    with pytest.raises(GraphTypeError, match="takes no "):
        bp.grad(lambda a: np.sum(call(a)))(1.0)


def test_mistakes() -> None:
    with pytest.raises(ShapeError, match="do not fit"):
        bp.grad(lambda a: np.sum(optimize.root(lambda x: x[:1] - a, [0.0, 1.0]).x))(1.0)
    with pytest.raises(ShapeError, match="one real number"):
        bp.grad(lambda a: np.sum(optimize.minimize(lambda x: x - a, [0.0, 1.0]).x))(1.0)
    with pytest.raises(ArgumentError, match="no loss is called"):
        bp.grad(lambda a: np.sum(optimize.least_squares(lambda x: x - a, [0.0], loss="cubic").x))(1.0)
    with pytest.raises(ArgumentError, match="bracket"):
        bp.grad(lambda a: optimize.root_scalar(lambda x: x - a).root)(1.0)
    with pytest.raises(UnknownFunctionError, match="use minimize"):
        bp.grad(lambda a: optimize.fmin_bfgs(np.sum, a))(np.ones(2))
    with pytest.raises(GraphTypeError, match="unknown cannot be"):
        bp.grad(lambda a: np.sum(optimize.root(lambda x: x - a, np.array([1j])).x))(1.0)


@pytest.mark.parametrize("name", [n for n in theirs.__all__ if inspect.isroutine(getattr(theirs, n))])
def test_signatures_are_those_of_scipy(name: str) -> None:
    ours = getattr(optimize, name)
    if isinstance(ours, PlainOnly):
        assert ours.function is getattr(theirs, name)
        return
    if name == "linear_sum_assignment":  # which is written in C
        return
    wanted = list(inspect.signature(getattr(theirs, name)).parameters)
    found = list(inspect.signature(ours).parameters)
    assert [p for p in found if p in wanted] == wanted
