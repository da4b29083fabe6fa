"""Namesakes of `scipy.integrate`: SciPy's values, and derivatives of both orders by all that an integral depends on."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.integrate as theirs

import backprop as bp
from backprop.errors import GraphTypeError, ShapeError, UnknownFunctionError
from backprop.scipy import integrate
from backprop.scipy.plain import PlainOnly

RNG = np.random.default_rng(4)
Y, X = RNG.normal(size=(3, 6)), np.cumsum(RNG.uniform(0.5, 1.5, 6))
ODD, NINE = RNG.normal(size=5), RNG.normal(size=(9, 2))
EXACT = {"epsabs": 1e-13, "epsrel": 1e-13}
CLOSE = {"rtol": 1e-10, "atol": 1e-11}
START, TIMES = np.array([1.0, 0.3]), np.array([0.1, 0.5, 1.2])

# Samples.

SAMPLES: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    *((name, (Y,), {"x": X}) for name in ("trapezoid", "simpson", "cumulative_trapezoid", "cumulative_simpson")),
    *((name, (Y,), {"dx": 0.3, "axis": 0}) for name in ("trapezoid", "simpson", "cumulative_trapezoid")),
    *((name, (ODD,), {"x": X[:5]}) for name in ("simpson", "cumulative_simpson")),
    *((name, (ODD[:2],), {"dx": 2.0}) for name in ("simpson", "cumulative_simpson")),
    ("simpson", (Y,), {"dx": 0.5}),
    ("cumulative_trapezoid", (Y,), {"initial": 0}),
    ("cumulative_simpson", (Y,), {"dx": 0.3, "initial": 1.5}),
    ("cumulative_simpson", (Y.T,), {"x": X, "axis": 0}),
    ("romb", (NINE,), {"dx": 0.2, "axis": 0}),
]


@pytest.mark.parametrize(("name", "args", "options"), SAMPLES, ids=lambda x: x if isinstance(x, str) else "")
def test_integrals_of_samples(name: str, args: Any, options: Any) -> None:
    f = getattr(integrate, name)
    np.testing.assert_allclose(f(*args, **options), getattr(theirs, name)(*args, **options), rtol=1e-12)
    bp.testing.check_grads(lambda y: f(y, **options), args)
    if "x" in options:
        bp.testing.check_grads(lambda x: f(*args, **{**options, "x": x}), (options["x"],))


def test_samples_and_points_that_do_not_fit() -> None:
    with pytest.raises(ShapeError, match="do not fit"):
        integrate.simpson(Y, x=X[:3])
    with pytest.raises(ShapeError, match=r"2\^k \+ 1"):
        integrate.romb(Y)


# Functions.


def wave(x: Any, rate: Any) -> Any:
    return np.exp(-rate * x) * np.sin(x + rate)


Case = tuple[Callable[..., Any], tuple[Any, ...]]
INTEGRALS: dict[str, Case] = {
    "quad": (lambda a, b, r: integrate.quad(wave, a, b, (r,), **EXACT)[0], (0.1, 1.2, 0.7)),
    "quad-capture": (lambda r: integrate.quad(lambda x: wave(x, r), 0, np.inf, **EXACT)[0], (0.7,)),
    "quad-line": (lambda s: integrate.quad(lambda x: np.exp(-s * x**2), -np.inf, np.inf, **EXACT)[0], (0.7,)),
    "quad-points": (lambda r: integrate.quad(lambda x: abs(x - 0.5) * r**2, 0, 1, points=[0.5])[0], (0.7,)),
    "quad_vec": (
        lambda b, r: integrate.quad_vec(lambda x: np.cos(x * r), 0.0, b, epsrel=1e-12)[0],
        (1.2, np.array([0.5, 2.0])),
    ),
    "fixed_quad": (lambda a, b, r: integrate.fixed_quad(wave, a, b, (r,), n=4)[0], (0.1, 1.2, 0.7)),
    "dblquad": (
        lambda r: integrate.dblquad(lambda y, x: wave(x * y, r), 0, 1, 0, lambda x: x * r, **EXACT)[0],
        (0.7,),
    ),
}


@pytest.mark.parametrize("name", INTEGRALS)
def test_integrals_of_functions(name: str) -> None:
    f, args = INTEGRALS[name]
    np.testing.assert_allclose(bp.evaluate(f)(*args), f(*args), rtol=1e-10)
    bp.testing.check_op(bp.evaluate(f), args, dtypes=("float64",))  # evaluate, as plain values are for SciPy's own


def test_an_integral_over_three_variables() -> None:
    def f(r: Any) -> Any:
        return integrate.tplquad(lambda z, y, x: r * x * y * z, 0, 1, 0, 1, 0, lambda x, y: x + 0 * y)[0]

    np.testing.assert_allclose(bp.value_and_grad(f)(2.0), (2.0 / 16, 1.0 / 16))


# Equations.


def oscillator(t: Any, y: Any, k: Any) -> Any:
    return np.stack([y[1], -k * y[0] - 0.1 * t * y[1]])


EQUATIONS: dict[str, Case] = {
    "solve_ivp": (
        lambda y, k: integrate.solve_ivp(oscillator, (0.0, 1.5), y, t_eval=TIMES, args=(k,), **CLOSE).y,
        (START, 2.0),
    ),
    "solve_ivp-times": (
        lambda a, b: integrate.solve_ivp(oscillator, (a, 2.0), START, t_eval=[1.0, b], args=(2.0,), **CLOSE).y,
        (0.2, 1.4),
    ),
    "solve_ivp-back": (
        lambda y: integrate.solve_ivp(oscillator, (1.0, 0.0), y, t_eval=[0.5, 0.0], args=(2.0,), **CLOSE).y,
        (START,),
    ),
    "odeint": (
        lambda y, t, k: integrate.odeint(oscillator, y, t, (k,), tfirst=True, **CLOSE),
        (START, TIMES, 2.0),
    ),
}


@pytest.mark.parametrize("name", EQUATIONS)
def test_equations(name: str) -> None:
    f, args = EQUATIONS[name]
    np.testing.assert_allclose(bp.evaluate(f)(*args), f(*args), rtol=1e-9, atol=1e-9)
    bp.testing.check_op(bp.evaluate(f), args, dtypes=("float64",))


@pytest.mark.parametrize("method", ["RK23", "DOP853", "Radau", "BDF", "LSODA"])
def test_every_solver(method: str) -> None:
    def f(k: Any) -> Any:
        options = {"rtol": 1e-7, "atol": 1e-8}
        return integrate.solve_ivp(oscillator, (0.0, 1.0), START, method, t_eval=[1.0], args=(k,), **options).y[:, 0]

    exact = bp.jacobian(lambda k: EQUATIONS["solve_ivp"][0](START, k)[:, 0])(2.0)
    assert exact.shape == (2,)
    step = 1e-3
    np.testing.assert_allclose(bp.jacobian(f)(2.0), (f(2 + step) - f(2 - step)) / (2 * step), rtol=1e-3, atol=1e-5)


def test_the_solvers_own_steps() -> None:
    """As people write it: without t_eval, the last column is read."""

    def f(k: Any) -> Any:
        found = integrate.solve_ivp(oscillator, (0.0, 1.5), START, args=(k,), **CLOSE)
        return np.sum(found.y[:, -1] ** 2)

    plain = theirs.solve_ivp(oscillator, (0.0, 1.5), START, args=(2.0,), **CLOSE)
    traced = bp.evaluate(lambda k: integrate.solve_ivp(oscillator, (0.0, 1.5), START, args=(k,), **CLOSE).y)(2.0)
    np.testing.assert_allclose(traced, plain.y, rtol=1e-12)
    compiled = bp.compile(bp.grad(f))
    for k in (2.0, 0.3):
        np.testing.assert_allclose(compiled(k), (f(k + 1e-4) - f(k - 1e-4)) / 2e-4, rtol=1e-5)


def test_calibration_of_an_equation() -> None:
    """A rate is found from states, by descent along the gradient."""
    data = theirs.solve_ivp(oscillator, (0.0, 1.2), START, t_eval=TIMES, args=(1.7,), **CLOSE).y

    def loss(k: Any) -> Any:
        found = integrate.solve_ivp(oscillator, (0.0, 1.2), START, t_eval=TIMES, args=(k,), rtol=1e-8, atol=1e-8)
        return np.sum((found.y - data) ** 2)

    k, step = 1.0, bp.compile(bp.grad(loss))
    for _ in range(30):
        k = k - 0.5 * step(k)
    np.testing.assert_allclose(k, 1.7, atol=1e-4)


def test_a_state_of_any_structure() -> None:
    def f(position: Any, t: Any, k: Any) -> Any:
        def equation(y: Any, t: Any, k: Any) -> Any:
            return {"x": y["v"], "v": -k * t * y["x"]}

        return bp.odeint(equation, {"x": position, "v": np.zeros(2)}, t, (k,), **CLOSE)["x"]

    bp.testing.check_op(bp.evaluate(f), (np.array([1.0, -0.5]), TIMES, 2.0), dtypes=("float64",), order=1)
    assert f(np.ones(2), TIMES, 2.0).shape == (3, 2)


@pytest.mark.parametrize(
    "call",
    [
        lambda a: integrate.quad(lambda x: x * a, 0, 1, full_output=1)[0],
        lambda a: integrate.quad(lambda x: x * a, 0, 1, weight="cos", wvar=1.0)[0],
        lambda a: integrate.quad(lambda x: x * a, 0, 1, complex_func=True)[0],
        lambda a: integrate.odeint(lambda y, t: a * y, [1.0], TIMES, full_output=1),
        lambda a: integrate.solve_ivp(lambda t, y: a * y, (0, 1), [1.0], dense_output=True).y,
        lambda a: integrate.solve_ivp(lambda t, y: a * y, (0, 1), [1.0], events=lambda t, y: y[0]).y,
        lambda a: integrate.solve_ivp(lambda t, y: a * y, (0, 1), [1.0], jac=lambda t, y: a).y,
    ],
)
def test_options_that_do_not_exist_say_what_to_write(call: Any) -> None:
    with pytest.raises(GraphTypeError, match="takes no "):
        bp.grad(lambda a: np.sum(call(a)))(1.0)


def test_mistakes() -> None:
    with pytest.raises(GraphTypeError, match=r"the equation returns float64\[1\] for the state float64\[2\]"):
        bp.grad(lambda a: np.sum(integrate.solve_ivp(lambda t, y: a * y[:1], (0, 1), [1.0, 2.0]).y))(1.0)
    with pytest.raises(UnknownFunctionError, match="use nested calls of quad"):
        bp.grad(lambda a: integrate.nquad(lambda x: x, [[0, a]])[0])(1.0)
    with pytest.raises(TypeError, match=r"solve_ivp: take that of `from backprop.scipy import integrate`"):
        bp.grad(lambda a: np.sum(theirs.solve_ivp(lambda t, y: y, (0, 1), a).y))(np.ones(2))


@pytest.mark.parametrize("name", [n for n in theirs.__all__ if inspect.isfunction(getattr(theirs, n))])
def test_signatures_are_those_of_scipy(name: str) -> None:
    ours = getattr(integrate, name)
    if isinstance(ours, PlainOnly):
        assert ours.function is getattr(theirs, name)
        return
    wanted = list(inspect.signature(getattr(theirs, name)).parameters)
    assert [p for p in inspect.signature(ours).parameters if p in wanted] == wanted


def test_what_the_errors_say_to_write_is_right() -> None:
    def principal_value(a: Any, c: float = 0.3) -> Any:
        def f(x: Any) -> Any:
            return np.exp(a * x)

        return integrate.quad(lambda x: (f(x) - f(c)) / (x - c), 0, 1)[0] + f(c) * np.log((1 - c) / (c - 0))

    expected = theirs.quad(lambda x: np.exp(1.5 * x), 0, 1, weight="cauchy", wvar=0.3)[0]
    np.testing.assert_allclose(bp.evaluate(principal_value)(1.5), expected, rtol=1e-8)
    bp.testing.check_grads(principal_value, (1.5,), rtol=1e-5)
    with pytest.raises(GraphTypeError, match=r"weight='cauchy'(.|\n)*numpy\.log\(\(b - c\) / \(c - a\)\)"):
        bp.evaluate(lambda a: integrate.quad(lambda x: a * x, 0, 1, weight="cauchy", wvar=0.3)[0])(1.5)

    def height(t: Any, speed: Any) -> Any:
        """That of a ball, which falls back to 0 after 2 speed / 9.81."""
        states = integrate.solve_ivp(
            lambda t, y: np.stack([y[1], -9.81 + 0.0 * t]),
            (0.0, t),
            np.stack([0.0 * speed, speed]),
            t_eval=np.stack([t]),
        )
        return states.y[0, 0]

    found = bp.value_and_grad(lambda speed: bp.root(height, 1.5, (speed,)))(8.0)
    np.testing.assert_allclose(found, (16 / 9.81, 2 / 9.81), rtol=1e-4)
