"""Distributions that keep their parameters, as `norm(loc, scale)`, and what of distributions is SciPy's own."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.special
import scipy.stats

import backprop as bp
from backprop.errors import UnknownFunctionError
from backprop.scipy import special, stats
from backprop.testing import check_grads

KEPT: dict[str, Callable[[Any, Any], Any]] = {
    "norm": lambda s, x: s.norm(1, x[0]).logpdf(x),
    "gamma": lambda s, x: s.gamma(a=2, scale=x[1]).cdf(x),
    "ppf": lambda s, x: s.norm(loc=x).ppf(0.3),
    "poisson": lambda s, x: s.poisson(x).logpmf(2),
    "multivariate_normal": lambda s, x: s.multivariate_normal(x, np.eye(3) * 2).logpdf(np.ones(3)),
    "dirichlet": lambda s, x: s.dirichlet(x).logpdf([0.2, 0.3, 0.5]),
}


@pytest.mark.parametrize("name", KEPT)
def test_a_distribution_keeps_its_parameters(name: str) -> None:
    x, f = np.array([0.3, 0.7, 1.2]), KEPT[name]
    np.testing.assert_allclose(bp.compile(lambda x: f(stats, x))(x), f(scipy.stats, x), rtol=1e-12)
    check_grads(lambda x: f(stats, x), (x,), order=1)


def test_what_is_not_differentiated_is_scipys() -> None:
    kept, theirs = stats.norm(1, 2), scipy.stats.norm(1, 2)
    assert kept.interval(0.9) == theirs.interval(0.9)
    assert kept.support() == theirs.support()
    assert pickle.loads(pickle.dumps(kept)).logpdf(0.5) == copy.deepcopy(kept).logpdf(0.5) == kept.logpdf(0.5)


def test_what_is_not_differentiated_says_so() -> None:
    with pytest.raises(UnknownFunctionError, match=r"norm\.entropy takes no traced values"):
        bp.grad(lambda x: stats.norm(1, x).entropy())(2.0)


def test_each_name_of_scipy_special_is_there() -> None:
    for name in scipy.special.__all__:
        assert getattr(special, name) is not None
