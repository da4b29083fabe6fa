"""Every case builds at tiny sizes, and its variants agree: by hand, compiled, on threads."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import backprop as bp
from benchmarks import adbench, inversion, memory, scaling, service
from benchmarks.__main__ import QUESTIONS
from benchmarks.harness import Variant, check
from tests.service.conftest import serving

APART = ("scaling", "jacobians", "loops", "service", "cluster")
"""Those that have tests of their own."""

TIMED = [module for name, module in QUESTIONS.items() if name not in APART]


@pytest.mark.parametrize("module", TIMED, ids=lambda module: module.__name__.rpartition(".")[2])
def test_the_variants_of_every_case_agree(module: ModuleType) -> None:
    names = []
    for case in module.cases(module.TINY):
        check(case)
        names.append(case.name)
        assert case.reference in case.variants
        assert {name for target in case.targets for name in target.needs} <= {
            *case.variants,
            "autograd",
            "jax",
            "torch",
        }
    assert names
    assert len(set(names)) == len(names)


def test_the_load_of_the_service_is_answered_whole_and_right(tmp_path: Path) -> None:
    with serving(tmp_path) as running:
        took, told = service.load(running.url, 1, service.TINY)
    assert took > 0.0
    assert told == 2 * [{"answers": 10, "wrong": 0}]


# ADBench's own test data, and its values to all digits.
ALPHA = np.array([-0.649014, 1.181166, -0.758453])
MU = np.array([[0.092339, 0.186260], [0.345561, 0.396767], [0.538817, 0.419195]])
ICF = np.array([[0.586443, -0.851887, 0.800321], [-1.509405, 0.875874, -0.242790], [0.166813, -1.965419, -1.270071]])
X = np.array([[1.175171, 2.029160]])
GRADIENT = [1.08662855508652456e-01, -7.41270039523898472e-01, 6.32607184015246071e-01]


@pytest.mark.parametrize(
    "objective", [lambda p, x: adbench.mixture(np, p, x), lambda p, x: adbench.sharded_mixture(2, p, x)]
)
def test_the_mixture_has_the_value_and_the_gradient_that_adbench_publishes(objective: object) -> None:
    value, gradient = bp.value_and_grad(objective)((ALPHA, MU, ICF), X)  # type: ignore[arg-type]
    assert value == pytest.approx(8.07380408004975791, rel=1e-13)
    np.testing.assert_allclose(gradient[0], GRADIENT, rtol=1e-11)
    np.testing.assert_allclose(adbench.hand_mixture((ALPHA, MU, ICF), X)[0], GRADIENT, rtol=1e-11)


def test_the_adjoint_of_the_wave_is_its_derivative() -> None:
    shots, medium, observed = inversion.problem(inversion.TINY)
    direction = np.random.default_rng(0).normal(size=medium.shape)
    runs = [lambda m, shot=shot: shot.forward(m)[0] for shot in shots]  # type: ignore[misc]
    up, down = (inversion.misfit(runs, medium + h * direction, observed) for h in (1e-6, -1e-6))
    slope = np.sum(inversion.hand_gradient(shots, medium, observed) * direction)
    assert (up - down) / 2e-6 == pytest.approx(slope, rel=1e-6)


def test_stages_count_nodes_and_tasks() -> None:
    small, large = map(scaling.stages, scaling.TINY.nodes)
    assert 0.5 < small.nodes / 300 < 3
    assert 0.5 < large.nodes / 600 < 3
    assert small.tasks >= 1
    assert small.peak > 1 << 20
    figures = list(scaling.figures([small, large]))
    assert [figure.limit for figure in figures[-3:]] == [40.0, 2.0, 1.3]


def test_peak_memory_counts_the_second_call_and_what_the_first_one_left() -> None:
    kept = []

    def call() -> object:
        if not kept:
            kept.append(np.zeros(1 << 20))
            return np.zeros(1 << 22)
        return np.zeros(1 << 19)

    assert memory.peak(Variant(lambda: None), Variant(call)) == pytest.approx(8 * ((1 << 20) + (1 << 19)), rel=0.01)
