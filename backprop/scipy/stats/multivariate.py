"""Distributions of vectors: the last axis of the variable holds one."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...ops.arrays.as_array import shape
from ...ops.elementwise import exp, log, square, where
from ...ops.linear_algebra import cholesky, solve
from ...ops.reductions import all, sum
from ...ops.special import gammaln, xlogy

__all__ = ["dirichlet", "multinomial", "multivariate_normal"]


class _MultivariateNormal:
    """`scipy.stats.multivariate_normal` with a covariance that is positive definite."""

    def logpdf(self, x: Any, mean: Any = None, cov: Any = 1.0) -> Any:
        """The logarithm of the density.

        Arguments:
            x: vectors of n numbers on the last axis; a number, or numbers, where n is 1.
            mean: a vector of n numbers; 0 by default.
            cov: a matrix n x n, positive definite; a number times the identity; a vector as its diagonal.
        Returns:
            an array of the shape of `x` without its last axis.
        Errors:
            numpy.linalg.LinAlgError: a covariance that is not positive definite.
        """
        n = _dimension(mean, cov, x)
        matrix = _matrix(cov, n)
        apart = (x if mean is None else x - mean) + np.zeros(n if n > 1 or _ndim(x) else ())
        vectors = apart.reshape((*shape(apart), 1)) if _ndim(apart) == 0 else apart
        factor = cholesky(matrix)
        white = solve(factor, vectors.reshape((-1, n)).T)
        length = sum(square(white), axis=0).reshape(shape(vectors)[:-1])
        half_determinant = sum(log(factor[np.arange(n), np.arange(n)]))
        return -0.5 * (length + n * math.log(2 * math.pi)) - half_determinant

    def pdf(self, x: Any, mean: Any = None, cov: Any = 1.0) -> Any:
        """The density; arguments as those of `logpdf`."""
        return exp(self.logpdf(x, mean, cov))


def _ndim(x: Any) -> int:
    return len(shape(x))


def _dimension(mean: Any, cov: Any, x: Any) -> int:
    if mean is not None and _ndim(mean):
        return int(shape(mean)[0])
    if _ndim(cov):
        return int(shape(cov)[0])
    return int(shape(x)[-1]) if mean is None and _ndim(x) else 1


def _matrix(cov: Any, n: int) -> Any:
    return cov if _ndim(cov) == 2 else cov * np.eye(n)


class _Dirichlet:
    """`scipy.stats.dirichlet`: shares that sum to one."""

    def logpdf(self, x: Any, alpha: Any) -> Any:
        """The logarithm of the density.

        Arguments:
            x: n shares, or all but the last one, on the *first* axis as in SciPy.
            alpha: n positive numbers.
        Returns:
            a number, or an array of the shape of `x` without its first axis.
        """
        if shape(x)[0] + 1 == shape(alpha)[0]:
            x = np.concatenate([x, (1 - sum(x, axis=0))[None]])
        weights = (alpha - 1).reshape((-1,) + (1,) * (_ndim(x) - 1))
        return gammaln(sum(alpha)) - sum(gammaln(alpha)) + sum(xlogy(weights, x), axis=0)

    def pdf(self, x: Any, alpha: Any) -> Any:
        """The density; arguments as those of `logpdf`."""
        return exp(self.logpdf(x, alpha))


class _Multinomial:
    """`scipy.stats.multinomial`: how often each of several outcomes comes in `n` trials."""

    def logpmf(self, x: Any, n: Any, p: Any) -> Any:
        """The logarithm of the probability.

        Arguments:
            x: counts on the last axis.
            n: the number of trials.
            p: the probabilities of the outcomes, which sum to one.
        Returns:
            an array of the shape of `x` without its last axis; -inf where the counts do not sum to `n`.
        """
        value = gammaln(n + 1) + sum(xlogy(x, p) - gammaln(x + 1), axis=-1)
        fits = (sum(x, axis=-1) == n) & all(x >= 0, axis=-1)
        return where(fits, value, -np.inf)

    def pmf(self, x: Any, n: Any, p: Any) -> Any:
        """The probability; arguments as those of `logpmf`."""
        return exp(self.logpmf(x, n, p))


multivariate_normal = _MultivariateNormal()
dirichlet = _Dirichlet()
multinomial = _Multinomial()
