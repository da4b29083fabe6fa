"""What holds functions of the user's travels: roots, trajectories and splines on each executor, and by the service."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

import backprop as bp
from backprop.scheduler.executors.base import AbstractExecutor
from backprop.scipy import integrate, interpolate, optimize
from tests.service.conftest import serving

TIMES = np.array([0.0, 0.4, 1.1])
POINTS = np.array([0.0, 0.7, 1.5, 2.9])


def loss(a: Any) -> Any:
    """A root, a trajectory, an integral, a minimum and a spline, of two numbers."""
    root = bp.root(lambda x, a: x**3 + x - a, np.ones(2), (a,))
    states = bp.odeint(lambda y, t, a: -a * y, root, TIMES, (a,))
    area = integrate.quad(lambda x: np.exp(-a[0] * x), 0.0, 1.0)[0]
    best = optimize.minimize(lambda x: np.sum((x - a) ** 2), [0.0, 0.0], tol=1e-10).x
    spline = interpolate.CubicSpline(POINTS, np.concatenate([a, best]))
    return np.sum(states[-1]) + area + spline(1.1)


A = np.array([1.3, 0.8])


def test_they_run_on_each_executor(executor: AbstractExecutor) -> None:
    expected = bp.value_and_grad(loss, executor="serial")(A)
    for found, wanted in zip(bp.value_and_grad(loss, executor=executor)(A), expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-9)


def test_they_run_by_the_service(tmp_path: Path) -> None:
    with serving(tmp_path / "state") as service, bp.connect(service.url) as connection:
        found = bp.value_and_grad(loss, executor=connection)(A)
    for one, wanted in zip(found, bp.value_and_grad(loss, executor="serial")(A), strict=True):
        np.testing.assert_allclose(one, wanted, rtol=1e-9)
