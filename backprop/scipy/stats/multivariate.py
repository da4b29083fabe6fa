"""Distributions of vectors: the last axis of the variable holds one."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...ops.arrays.as_array import shape
from ...ops.elementwise import exp, log, sqrt, square, where
from ...ops.linear_algebra import cholesky, eigh, slogdet, solve
from ...ops.reductions import all, sum
from ...ops.special import gammaln, xlogy
from .plain import Plain, array

__all__ = ["dirichlet", "multinomial", "multivariate_normal"]


class _MultivariateNormal(Plain):
    """`scipy.stats.multivariate_normal`."""

    name = "multivariate_normal"

    def logpdf(self, x: Any, mean: Any = None, cov: Any = 1.0, allow_singular: bool = False) -> Any:
        """The logarithm of the density.

        Arguments:
            x: vectors of n numbers on the last axis; a number, or numbers, where n is 1.
            mean: a vector of n numbers; 0 by default.
            cov: a matrix n x n, positive definite; a number times the identity; a vector as its diagonal.
            allow_singular: whether the covariance may have directions without variance. The density is then that in
                the others, and -inf away from them, as in SciPy. Derivatives by the covariance are those within its
                rank, and NaN where that is less than n.
        Returns:
            an array of the shape of `x` without its last axis.
        Errors:
            numpy.linalg.LinAlgError: a covariance that is not positive definite, where that is not allowed.
        """
        x, mean, cov = array(x), array(mean), array(cov)
        n = _dimension(mean, cov, x)
        matrix = _matrix(cov, n)
        apart = (x if mean is None else x - mean) + np.zeros(n if n > 1 or _ndim(x) else ())
        vectors = apart.reshape((*shape(apart), 1)) if _ndim(apart) == 0 else apart
        columns = vectors.reshape((-1, n)).T
        value = _singular(matrix, columns) if allow_singular else _regular(matrix, columns)
        return value.reshape(shape(vectors)[:-1])

    def pdf(self, x: Any, mean: Any = None, cov: Any = 1.0, allow_singular: bool = False) -> Any:
        """The density; arguments as those of `logpdf`."""
        return exp(self.logpdf(x, mean, cov, allow_singular))

    def entropy(self, mean: Any = None, cov: Any = 1.0) -> Any:
        """The differential entropy, in nats; arguments as those of `logpdf`."""
        mean, cov = array(mean), array(cov)
        n = _dimension(mean, cov, 0.0)
        return 0.5 * (n * (1 + math.log(2 * math.pi)) + slogdet(_matrix(cov, n))[1])


def _regular(matrix: Any, columns: Any) -> Any:
    """The log densities of columns, by the Cholesky factor of the covariance."""
    n = shape(matrix)[0]
    factor = cholesky(matrix)
    length = sum(square(solve(factor, columns)), axis=0)
    return -0.5 * (length + n * math.log(2 * math.pi)) - sum(log(factor[np.arange(n), np.arange(n)]))


def _singular(matrix: Any, columns: Any) -> Any:
    """The log densities of columns, in the directions in which there is variance; -inf away from them."""
    variances, directions = eigh(matrix)
    tolerance = 1e6 * np.finfo(variances.dtype).eps * abs(variances).max()  # SciPy's own
    counts = variances > tolerance
    along = directions.T @ columns
    scaled = where(counts[:, None], square(along) / where(counts, variances, 1.0)[:, None], 0.0)
    logs = sum(where(counts, log(where(counts, variances, 1.0)) + math.log(2 * math.pi), 0.0))
    away = sum(square(where(counts[:, None], 0.0, along)), axis=0)
    within = sqrt(away) < 1e3 * tolerance
    return where(within, -0.5 * (sum(scaled, axis=0) + logs), -np.inf)


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


class _Dirichlet(Plain):
    """`scipy.stats.dirichlet`: shares that sum to one."""

    name = "dirichlet"

    def logpdf(self, x: Any, alpha: Any) -> Any:
        """The logarithm of the density.

        Arguments:
            x: n shares, or all but the last one, on the *first* axis as in SciPy.
            alpha: n positive numbers.
        Returns:
            a number, or an array of the shape of `x` without its first axis.
        """
        x, alpha = array(x), array(alpha)
        if shape(x)[0] + 1 == shape(alpha)[0]:
            x = np.concatenate([x, (1 - sum(x, axis=0))[None]])
        weights = (alpha - 1).reshape((-1,) + (1,) * (_ndim(x) - 1))
        return gammaln(sum(alpha)) - sum(gammaln(alpha)) + sum(xlogy(weights, x), axis=0)

    def pdf(self, x: Any, alpha: Any) -> Any:
        """The density; arguments as those of `logpdf`."""
        return exp(self.logpdf(x, alpha))


class _Multinomial(Plain):
    """`scipy.stats.multinomial`: how often each of several outcomes comes in `n` trials."""

    name = "multinomial"

    def logpmf(self, x: Any, n: Any, p: Any) -> Any:
        """The logarithm of the probability.

        Arguments:
            x: counts on the last axis.
            n: the number of trials.
            p: the probabilities of the outcomes, which sum to one.
        Returns:
            an array of the shape of `x` without its last axis; -inf where the counts do not sum to `n`.
        """
        x, n, p = array(x), array(n), array(p)
        value = gammaln(n + 1) + sum(xlogy(x, p) - gammaln(x + 1), axis=-1)
        fits = (sum(x, axis=-1) == n) & all(x >= 0, axis=-1)
        return where(fits, value, -np.inf)

    def pmf(self, x: Any, n: Any, p: Any) -> Any:
        """The probability; arguments as those of `logpmf`."""
        return exp(self.logpmf(x, n, p))


multivariate_normal = _MultivariateNormal()
dirichlet = _Dirichlet()
multinomial = _Multinomial()
