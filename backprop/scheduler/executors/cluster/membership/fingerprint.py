"""Which bits a worker gives: digests of known sums, products and functions, and what they follow from.

NumPy and OpenBLAS choose code by processor, and libraries of other versions add in other orders; so workers are
compared by what they compute rather than by what they are. A worker is asked once, when it is first seen.

Limits: shapes and functions that no probe touches could still differ.
"""

from __future__ import annotations

import hashlib
import platform
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np
import scipy.special
from numpy._core._multiarray_umath import __cpu_features__  # type: ignore[import-not-found]

from .....ops.linear_algebra.rank_one import rank_one_added
from ....machine.blas import blas_threads
from ....machine.blas_architecture import fingerprint_here

PACKAGES = ("backprop-dask", "numpy", "scipy", "dask", "distributed")
LENGTHS = (7, 128, 1000, 4099)
"""Of the vectors that are summed: short, one block of NumPy's pairwise sum, several, and an odd rest."""

FUNCTIONS: tuple[Callable[[Any], Any], ...] = (
    *(np.exp, np.log, np.sin, np.cos, np.tanh, np.sqrt, np.cbrt, np.expm1, np.log1p, np.arctan, np.reciprocal),
    *(scipy.special.expit, scipy.special.erf, scipy.special.gammaln),
)


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What a process computes with, and what comes out.

    Arguments:
        digests: for each probe, its name and a digest of the bits of its result; equal where bits are.
        kernels: the kernels of BLAS.
        simd: the features of the processor that NumPy uses.
        versions: of Python and of packages.
    """

    digests: tuple[tuple[str, str], ...]
    kernels: tuple[str, ...]
    simd: tuple[str, ...]
    versions: tuple[str, ...]

    def differences(self, other: Fingerprint) -> str:
        """What differs from another fingerprint, in words."""
        probes = [
            name for (name, mine), (_, theirs) in zip(self.digests, other.digests, strict=False) if mine != theirs
        ]
        pairs = (("BLAS kernels", self.kernels, other.kernels), ("versions", self.versions, other.versions))
        parts = [
            f"{what} {_only(mine, theirs)} and {_only(theirs, mine)}" for what, mine, theirs in pairs if mine != theirs
        ]
        if self.simd != other.simd:
            parts.append(f"NumPy's SIMD features {_only(self.simd, other.simd)} and {_only(other.simd, self.simd)}")
        return "; ".join([f"other bits of {', '.join(probes)}", *parts])


def _only(mine: tuple[str, ...], theirs: tuple[str, ...]) -> str:
    return ", ".join(x for x in mine if x not in theirs) or "none more"


def fingerprint() -> Fingerprint:
    """The fingerprint of this process."""
    with blas_threads(1), np.errstate(all="ignore"):  # one thread, whatever others in this process begin or end
        digests = tuple((name, _digest(result)) for name, result in _probes())
    simd = tuple(sorted(name for name, there in __cpu_features__.items() if there))
    return Fingerprint(digests, fingerprint_here(), simd, _versions())


def _versions() -> tuple[str, ...]:
    return (f"python {platform.python_version()}", *(f"{name} {version(name)}" for name in PACKAGES))


def _probes() -> Iterator[tuple[str, Any]]:
    rng = np.random.default_rng(20261126)
    for dtype in ("float32", "float64", "complex64", "complex128"):
        x = rng.standard_normal((67, 130)).astype(dtype)
        yield f"products of {dtype}", [x @ x.T, x.T @ x, x @ x[0], np.dot(x[0], x[1])]
        yield f"sums of {dtype}", [np.sum(rng.standard_normal(n).astype(dtype)) for n in LENGTHS]
        yield f"sums of rows of {dtype}", [np.sum(x, axis) for axis in (0, 1)]
    for dtype in ("float32", "float64"):
        x = (np.abs(rng.standard_normal(1003)) + 0.01).astype(dtype)
        yield f"functions of {dtype}", [f(x) for f in FUNCTIONS]
        c, column, row = x[:850].reshape(17, 50), x[850:867, None], x[None, 867:917]
        yield f"rank-one sums of {dtype}", [rank_one_added(c, column, row, by=-0.3)]
    a = rng.standard_normal((12, 12))
    yield (
        "decompositions",
        [np.linalg.solve(a, a[0]), np.linalg.eigvalsh(a + a.T), np.linalg.cholesky(a @ a.T + np.eye(12))],
    )


def _digest(results: list[Any]) -> str:
    digest = hashlib.blake2b(digest_size=8)
    for result in results:
        digest.update(np.ascontiguousarray(result).tobytes())
    return digest.hexdigest()


def largest_group(found: Mapping[str, Fingerprint]) -> tuple[str, ...]:
    """The workers that give the same bits as most others; of groups of one size the one whose first address is least.

    Arguments:
        found: the fingerprint of each worker, by address.
    """
    sizes = Counter(each.digests for each in found.values())
    first = {digests: min(a for a, f in found.items() if f.digests == digests) for digests in sizes}
    best = min(sizes, key=lambda digests: (-sizes[digests], first[digests]), default=())
    return tuple(sorted(address for address, each in found.items() if each.digests == best))
