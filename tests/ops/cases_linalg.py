"""Cases of `contract`, `equations`, `decompose` and `linalg`.

Eigenvectors and singular vectors are tried inside functions that do not depend on their phases.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from backprop.ops.linear_algebra import (
    contractions,
    decompositions,
    determinants,
    equations,
    functions,
    least_squares,
    products,
    undetermined,
)
from backprop.ops.linear_algebra.products import adjoint, matmul
from backprop.ops.linear_algebra.spectral import eigen, singular
from tests.ops.case import Case, Example, arrays
from tests.ops.cases_shape import OfList, case

Shapes = tuple[tuple[int, ...], ...]

MATMUL: tuple[Shapes, ...] = (
    ((2, 3), (3, 4)),
    ((3,), (3,)),
    ((2, 3), (3,)),
    ((3,), (3, 4)),
    ((5, 2, 3), (3, 4)),
    ((2, 3), (5, 3, 4)),
    ((5, 2, 3), (3,)),
    ((3,), (5, 3, 4)),
    ((5, 1, 2, 3), (4, 3, 2)),
    ((2, 1), (1, 3)),
    ((1, 3), (3, 1)),
    ((2, 0), (0, 3)),
)

EINSUM: tuple[tuple[str, Shapes], ...] = (
    ("ij,jk->ik", ((2, 3), (3, 4))),
    ("ij,jk", ((2, 3), (3, 4))),
    ("ii", ((3, 3),)),
    ("iij->ji", ((3, 3, 2),)),
    ("ij->", ((2, 3),)),
    ("ji", ((2, 3),)),
    ("i,j->ji", ((2,), (3,))),
    ("bi,bi->b", ((2, 3), (2, 3))),
    ("bi,bj->bji", ((2, 3), (2, 4))),
    ("bi,bij->bj", ((2, 3), (2, 3, 4))),
    ("bij,bjk->kib", ((2, 3, 4), (2, 4, 2))),
    ("...ij,...jk->...ik", ((2, 1, 2, 3), (3, 3, 2))),
    ("...->...", ((2, 3),)),
    ("ij,kl->", ((2, 3), (2, 2))),
    ("ij,jk->ik", ((2, 1), (3, 4))),
    ("ii,ij->j", ((3, 3), (3, 2))),
    (",ij->ij", ((), (2, 3))),
    ("i,i,i->", ((3,), (3,), (3,))),
    ("ij,jk,kl,lm->im", ((2, 3), (3, 4), (4, 2), (2, 3))),
)


def product_cases() -> tuple[Case, ...]:
    return (
        *(case(products.matmul, *shapes) for shapes in MATMUL),
        *(Case(partial(contractions.einsum, s), arrays(*z), name=s, complex_ok=len(z) < 3) for s, z in EINSUM),
        case(products.row_dot, (2, 1, 3), (4, 3)),
        case(contractions.dot, (2, 3), (3, 4)),
        case(contractions.dot, (2, 3), ()),
        case(contractions.dot, (2, 2, 3), (4, 3, 2)),
        case(contractions.inner, (2, 3), (4, 3)),
        case(contractions.inner, (), (3,)),
        case(products.outer, (2, 2), (3,)),
        case(products.vdot, (2, 3), (3, 2)),
        case(products.vecdot, (2, 3), (3,)),
        case(products.vecdot, (3, 2), (3, 2), axis=0),
        case(products.matvec, (2, 3), (4, 3)),
        case(products.matvec, (2, 2, 3), (2, 3)),
        case(products.vecmat, (4, 2), (2, 3)),
        case(products.vecmat, (2, 2), (2, 2, 3)),
        case(contractions.tensordot, (2, 3, 4), (3, 4, 2)),
        case(contractions.tensordot, (2, 3), (2,), axes=0),
        case(contractions.tensordot, (2, 3, 4), (4, 2), axes=((0, 2), (1, 0))),
        case(OfList(functions.multi_dot), (3,), (3, 4), (4, 2), (2, 5)),
    )


def regular(*shapes: tuple[int, ...]) -> Example:
    """Operands of which the first is far from singular."""

    def make(rng: np.random.Generator) -> tuple[Any, ...]:
        first, *rest = (rng.normal(size=shape) for shape in shapes)
        return (first + 3 * np.eye(*first.shape[-2:]), *rest)

    return make


def positive(f: Callable[..., Any]) -> Callable[..., Any]:
    """A function of a positive-definite matrix as a function of any matrix."""
    return lambda a, *rest, **params: f(matmul(a, adjoint(a)) + np.eye(a.shape[-1], dtype=a.dtype), *rest, **params)


def hermitian(f: Callable[..., Any]) -> Callable[..., Any]:
    return lambda a, **params: f(a + adjoint(a), **params)


def weights(n: int, like: Any) -> Any:
    return np.arange(1, n + 1).astype(np.finfo(like.dtype).dtype)


def of_eigh(a: Any) -> tuple[Any, ...]:
    w, v = eigen.eigh(a)
    return w, matmul(v * weights(a.shape[-1], a), adjoint(v))


def of_eig(a: Any) -> tuple[Any, ...]:
    w, v = eigen.eig(a)
    return w, matmul(v * weights(a.shape[-1], a), equations.inv(v)), v * products.conjugated(v)


def of_svd(a: Any, full_matrices: bool) -> tuple[Any, ...]:
    u, s, vh = singular.svd(a, full_matrices)
    k = s.shape[-1]
    scaled, first = u[..., :k] * weights(k, a), vh[..., :k, :]
    inside = s, matmul(scaled, adjoint(u[..., :k])), matmul(scaled, first)
    outside = matmul(u[..., k:], adjoint(u[..., k:])), matmul(adjoint(vh[..., k:, :]), vh[..., k:, :])
    return (*inside, *(outside if full_matrices else ()))


def of_complete_qr(a: Any) -> tuple[Any, ...]:
    n = a.shape[-1]
    q, r = decompositions.qr(a, "complete")
    return q[..., :n], r, matmul(q[..., n:], adjoint(q[..., n:]))


def of_lstsq(a: Any, b: Any) -> tuple[Any, ...]:
    return tuple(least_squares.lstsq(a, b))


def square(f: Callable[..., Any], *shapes: tuple[int, ...], name: str = "", **options: Any) -> Case:
    params = options.pop("params", {})
    return Case(f, regular(*(shapes or ((3, 3),))), params, name, complex_ok=True, tolerance=1e-5, **options)


EQUATIONS = (
    square(equations.inv),
    square(equations.inv, (2, 3, 3)),
    *(
        square(equations.solve, *z)
        for z in (((3, 3), (3,)), ((2, 3, 3), (3,)), ((2, 3, 3), (3, 2)), ((3, 3), (2, 3, 2)))
    ),
    square(equations.tensorsolve, (2, 3, 6), (2, 3)),
    square(equations.tensorinv, (2, 3, 6)),
    *(square(least_squares.pinv, shape) for shape in ((3, 3), (4, 2), (2, 2, 3))),
    square(of_lstsq, (4, 3), (4,), name="lstsq-tall"),
    square(of_lstsq, (2, 3), (2, 2), name="lstsq-wide"),
    *(square(functions.matrix_power, params={"n": n}, order=1) for n in (-2, 1, 5)),
    *(
        square(equations.solve_triangular, (3, 3), (3, 2), params={"trans": trans, "lower": lower})
        for trans in (0, 1, 2)
        for lower in (False, True)
    ),
    square(equations.solve_triangular, (2, 3, 3), (3, 2), params={"lower": True, "unit_diagonal": True}, single=False),
    square(equations.solve_triangular, (3, 3), (3,)),
    square(equations.solve_sylvester, (3, 3), (2, 2), (3, 2)),
    square(
        positive(lambda a, b: equations.cho_solve((decompositions.cholesky(a), True), b)),
        (3, 3),
        (3,),
        name="cho_solve",
    ),
)

DECOMPOSITIONS = (
    *(square(determinants.det, shape) for shape in ((3, 3), (2, 2, 2), (1, 1))),
    square(determinants.slogdet),
    square(determinants.slogdet, (2, 3, 3)),
    square(positive(decompositions.cholesky), name="cholesky"),
    Case(
        undetermined.lost_where_moved,
        lambda rng: (rng.normal(size=(2, 3, 3)), np.zeros((2, 1, 3), bool)),
        {"what": "nothing is lost", "line": ""},
        complex_ok=True,
    ),
    square(positive(decompositions.cholesky), (2, 3, 3), name="cholesky-upper", params={"upper": True}),
    square(hermitian(eigen.eigvalsh), name="eigvalsh"),
    square(hermitian(of_eigh), name="eigh"),
    square(hermitian(of_eigh), (2, 3, 3), name="eigh-stack"),
    square(of_eig, name="eig", single=False, order=1),
    square(eigen.eigvals, order=1, single=False),
    *(square(decompositions.qr, shape, single=False) for shape in ((3, 3), (4, 2), (2, 2, 3))),
    square(of_complete_qr, (4, 2), name="qr-complete", single=False),
    square(decompositions.qr, (3, 2), params={"mode": "r"}, single=False),
    square(singular.svdvals, (3, 2)),
    *(square(partial(of_svd, full_matrices=False), shape, name="svd") for shape in ((3, 3), (4, 2), (2, 2, 3))),
    *(square(partial(of_svd, full_matrices=True), shape, name="svd-full") for shape in ((3, 3), (4, 2), (2, 4))),
)

FUNCTIONS = (
    square(functions.expm, single=False),
    square(functions.expm, (2, 2, 2)),
    square(positive(functions.sqrtm), name="sqrtm"),
    square(positive(functions.logm), name="logm", single=False),
    case(functions.block_diag, (2, 3), (1, 2), (3,)),
    case(functions.toeplitz, (3,)),
    case(functions.toeplitz, (3,), (4,)),
)

CASES = (*product_cases(), *EQUATIONS, *DECOMPOSITIONS, *FUNCTIONS)
