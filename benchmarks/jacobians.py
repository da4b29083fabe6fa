"""What does a Jacobian cost? Residuals of few parameters, of many in blocks, and a banded one, beside NumPy."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

import backprop as bp
from backprop.api.matrices.sparse import by_rows_or_columns, wanted_pattern
from backprop.api.verbs.call import called
from backprop.graph.sparsity.colouring import count

from . import ours
from .harness import Case, by_hand
from .targets import Figure, ratio, seconds


@dataclass(frozen=True, slots=True)
class Sizes:
    """Residuals of four parameters; subjects with residuals and four parameters each; unknowns of a banded system."""

    residuals: int = 1_000
    subjects: int = 100
    each: int = 23
    banded: int = 10_000


FULL, TINY = Sizes(), Sizes(30, 3, 5, 40)


def cases(sizes: Sizes = FULL, with_rivals: bool = False) -> Iterator[Case]:
    """Few parameters, then blocks, then bands."""
    yield few(sizes.residuals)
    yield blocks(sizes.subjects, sizes.each)
    yield bands(sizes.banded)


# Few parameters: a Jacobian is a few sweeps forward.


def few(residuals: int) -> Case:
    """Residuals of a sum of two exponentials."""
    t = np.linspace(0, 1, residuals)
    p = np.array([1.0, 0.5, -0.7, 2.0])

    def f(p: Any) -> Any:
        return p[0] * np.exp(-p[1] * t) + p[2] * np.exp(-p[3] * t)

    def hand(p: Any) -> Any:
        first, second = np.exp(-p[1] * t), np.exp(-p[3] * t)
        return np.stack([first, -t * p[0] * first, second, -t * p[2] * second], 1)

    variants = {"by hand": by_hand(hand, p), "serial": ours.compiled(bp.jacobian(f), p)}
    targets = (
        seconds("Jacobian of 1,000 x 4, compiled", "serial", 3e-4),
        ratio("/ by hand", "serial", "by hand", None),
        ours.prediction("serial", bp.jacobian(f), p),
    )
    return Case("Jacobian of residuals by four parameters", variants, "by hand", targets)


# Blocks: the parameters of a subject matter to its residuals alone.


def blocks(subjects: int, each: int) -> Case:
    """Residuals of subjects, of which each has four parameters."""
    subject = np.repeat(np.arange(subjects), each)
    t = np.tile(np.linspace(0, 1, each), subjects)
    p = np.random.default_rng(0).normal(size=4 * subjects)

    def f(p: Any) -> Any:
        q = p.reshape(subjects, 4)[subject]
        return q[:, 0] * np.exp(-q[:, 1] * t) + q[:, 2] * np.sin(q[:, 3] * t)

    def hand(p: Any) -> Any:
        a, b, c, d = p.reshape(subjects, 4)[subject].T
        decay, turn = np.exp(-b * t), d * t
        data = np.stack([decay, -t * a * decay, np.sin(turn), t * c * np.cos(turn)], 1)
        columns = 4 * subject[:, None] + np.arange(4)
        return sp.csr_array((data.ravel(), columns.ravel(), 4 * np.arange(len(t) + 1)), shape=(len(t), p.size)).data

    matrix = bp.jacobian(f, sparsity="auto")
    variants = {"by hand": by_hand(hand, p), "serial": ours.compiled(_data(matrix), p)}
    targets = (seconds("sparse Jacobian of 2,300 x 400, compiled", "serial", 0.02),)
    return Case(
        "sparse Jacobian of subjects", variants, "by hand", targets, measures=lambda: [first_call(matrix, p, 2.0)]
    )


def _data(matrix: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x: matrix(x).data


def first_call(matrix: Callable[..., Any], x: Any, limit: float) -> Figure:
    """The seconds of a call after which nothing of it is left in the caches."""
    bp.clear_caches()
    start = time.perf_counter()
    matrix(x)
    return Figure("first call", time.perf_counter() - start, limit, "s")


# Bands: a matrix of any size takes as many sweeps as it has bands.


def bands(n: int) -> Case:
    """A system in which each unknown meets its four neighbours."""
    x = np.random.default_rng(0).uniform(0.5, 1.5, n)

    def f(x: Any) -> Any:
        y = np.exp(np.sin(x)) * np.tanh(x)
        near = _shifted(np.cos(y) * x, 1) + _shifted(np.exp(-y), -1)
        far = _shifted(np.log(1 + y * y), 2) - _shifted(np.sqrt(x), -2)
        return np.tanh(near * x) + np.sin(far) * np.exp(-x)

    matrix = bp.jacobian(f, mode="forward", sparsity="auto")
    variants = {
        "serial": ours.compiled(_data(matrix), x),
        "threads": ours.compiled(_data(matrix), x, executor=ours.THREADS),
    }
    targets = (
        ratio("Threads(2) / Serial", "threads", "serial", 0.58),
        ours.prediction("serial", _data(matrix), x),
        ours.prediction("threads", _data(matrix), x, executor=ours.THREADS),
    )
    return Case("pentadiagonal Jacobian", variants, "serial", targets, measures=lambda: [sweeps(f, x)])


def _shifted(x: Any, by: int) -> Any:
    zeros = np.zeros(abs(by))
    parts: Sequence[Any] = [x[by:], zeros] if by > 0 else [zeros, x[:by]]
    return np.concatenate(parts)


def sweeps(f: Callable[..., Any], x: Any) -> Figure:
    """How many sweeps the Jacobian takes."""
    call = called(f, (x,))
    pattern = wanted_pattern(call, call.pick(0).ids, "auto")
    return Figure("sweeps", float(count(by_rows_or_columns(pattern)[0].colours)), 5.0)
