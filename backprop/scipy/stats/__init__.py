"""Distributions of `scipy.stats`: densities, distribution functions, and quantiles where they are elementary."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import scipy  # which imports its stats when they are first asked for

from ..plain import Refusal, fallback
from .bounded import *
from .counts import *
from .half_lines import *
from .lines import *
from .multivariate import *

REFUSALS = (
    Refusal(
        "it is a formula of means, spreads or ranks",
        "write it with functions of numpy: numpy.mean, std, corrcoef, cov, percentile, polyfit",
        """zscore pearsonr spearmanr linregress describe skew kurtosis moment sem iqr gmean hmean pmean tmean tvar tstd
        entropy variation ttest_ind ttest_rel ttest_1samp trim_mean cumfreq zmap gzscore""",
    ),
    Refusal("it is SciPy's own", "sum up norm.pdf around the points by numpy.mean", "gaussian_kde"),
)

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        value = getattr(scipy.stats, name)
        is_distribution = not inspect.isfunction(value) and not inspect.isclass(value)
        return value if is_distribution else fallback(scipy.stats, REFUSALS)(name)
