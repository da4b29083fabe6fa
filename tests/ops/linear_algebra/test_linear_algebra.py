"""Contractions and linear algebra where they are special: equal eigenvalues, singular matrices, misfits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import backprop as bp
from backprop.errors import GraphTypeError, ShapeError
from backprop.ops.core.types import ArrayType
from backprop.ops.linear_algebra import (
    contractions,
    decompositions,
    determinants,
    equations,
    functions,
    norms,
    products,
)
from backprop.ops.linear_algebra.spectral import eigen, singular
from backprop.ops.reductions.reductions import sum as total
from tests.ops.tape import TapeVar, ancestors, pull_back, value_of


def slope(f: Callable[..., Any], *operands: Any) -> list[Any]:
    variables = [TapeVar(x) for x in operands]
    out = f(*variables)
    return [value_of(g) for g in pull_back(out, np.ones(out.shape), variables)]


@pytest.mark.parametrize("f", [eigen.eigvalsh, singular.svdvals, lambda x: eigen.eigh(x, "U").eigenvalues])
def test_values_that_are_equal_have_a_finite_cotangent(f: Callable[..., Any]) -> None:
    (g,) = slope(f, np.eye(3))
    np.testing.assert_allclose(g, np.eye(3), atol=1e-15)


def test_the_cotangent_of_a_symmetric_argument_is_symmetric() -> None:
    x = np.random.default_rng(0).normal(size=(4, 4))
    for f in (eigen.eigvalsh, norms.norm, lambda a: total(decompositions.cholesky(a))):
        (g,) = slope(f, x @ x.T + np.eye(4))
        np.testing.assert_allclose(g, g.T, atol=1e-12)


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("dtype", [float, complex])
def test_det_of_a_singular_matrix_has_its_cofactors(n: int, dtype: Any) -> None:
    x = np.random.default_rng(0).normal(size=(2, n, n)).astype(dtype)
    x[0, -1] = 0 if n == 1 else 2 * x[0, 0]
    x[0, 0] *= 1j if dtype is complex and n == 3 else 1
    (g,) = slope(determinants.det, x)
    expected = np.empty_like(x)
    for i, j in np.ndindex(n, n):
        expected[:, i, j] = (-1) ** (i + j) * np.linalg.det(np.delete(np.delete(x, i, 1), j, 2))
    np.testing.assert_allclose(g, expected, atol=1e-12)


def test_a_singular_equation_is_an_error_when_it_runs() -> None:
    with pytest.raises(np.linalg.LinAlgError):
        equations.solve(np.zeros((2, 2)), np.ones(2))


def test_a_real_matrix_without_a_real_root() -> None:
    with pytest.raises(np.linalg.LinAlgError, match="complex matrix"):
        functions.sqrtm(np.diag([1.0, -1.0]))
    np.testing.assert_allclose(functions.sqrtm(np.diag([1.0, -1.0]).astype(complex)), np.diag([1, 1j]), atol=1e-15)


def test_eigenvalues_of_a_real_matrix_are_complex_whatever_they_are() -> None:
    assert eigen.eigvals(np.diag([1.0, 2.0])).dtype == np.complex128
    assert eigen.eigvals(np.eye(2, dtype="float32")).dtype == np.complex64


def test_an_einsum_of_a_chain_takes_the_cheap_order() -> None:
    x, y, z = (TapeVar(np.ones(shape)) for shape in ((2, 50), (50, 50), (50, 1)))
    found = [node for node in ancestors([contractions.einsum("ij,jk,kl->il", x, y, z)]) if node.op is products.matmul]
    assert sorted(node.size for node in found) == [2, 50]


def test_multi_dot_takes_the_cheapest_order() -> None:
    x, y, z = (TapeVar(np.ones(shape)) for shape in ((2, 50), (50, 50), (50, 1)))
    found = [node for node in ancestors([functions.multi_dot([x, y, z])]) if node.op is products.matmul]
    assert sorted(node.size for node in found) == [2, 50]


def test_flops_of_a_product() -> None:
    types = ArrayType((5, 2, 3)), ArrayType((3, 4))
    assert products.matmul.flops is not None
    assert products.matmul.flops(*types, products.matmul.infer(*types)) == 2 * 5 * 2 * 3 * 4


X = TapeVar(np.ones((2, 3)))
MISFITS: tuple[tuple[Callable[[], Any], str], ...] = (
    (
        lambda: products.matmul.infer(ArrayType((2, 3)), ArrayType((4, 5))),
        r"shapes \(2, 3\) and \(4, 5\) .* 3 against 4",
    ),
    (
        lambda: products.matmul.infer(ArrayType((2, 3)), ArrayType(())),
        r"shapes \(2, 3\) and \(\) do not fit: a number",
    ),
    (lambda: contractions.tensordot(X, np.ones((2, 3)), 1), r"axes \(1,\) of \(2, 3\) and \(0,\) of \(2, 3\) differ"),
    (lambda: contractions.einsum("ij,jk->ik", X, np.ones((4, 5))), "index 'j' has the lengths 3 and 4"),
    (lambda: contractions.einsum("ii", X), "index 'i' has the lengths 2 and 3"),
    (lambda: contractions.einsum("ij->iz", X), "no operand has the index 'z'"),
    (lambda: contractions.einsum("ij->ii", X), "each index once"),
    (lambda: contractions.einsum("ijk->i", X), "does not fit operands of 2 axes"),
    (lambda: contractions.einsum("ij,jk", X), "does not fit operands of 2 axes"),
    (lambda: contractions.einsum("...j->j", X), "the ellipsis"),
    (lambda: equations.inv.infer(ArrayType((2, 3))), r"inv: the shape \(2, 3\) is not that of a square matrix"),
    (lambda: equations.solve_matrices.infer(ArrayType((2, 2)), ArrayType((3, 1))), "solve: .* 2 against 3"),
    (lambda: decompositions.qr(X, "raw"), "qr: no mode 'raw'"),
)


@pytest.mark.parametrize(("call", "text"), MISFITS)
def test_what_does_not_fit_is_said(call: Callable[[], Any], text: str) -> None:
    with pytest.raises(ShapeError, match=text):
        call()


def test_out_is_refused() -> None:
    with pytest.raises(GraphTypeError, match="dot: there is no out="):
        contractions.dot(X, np.ones((3, 2)), out=np.empty((2, 2)))


UNDETERMINED = {
    "eigh": lambda x: np.linalg.eigh(x)[1][0, 0],
    "svd": lambda x: np.linalg.svd(x)[0][0, 0],
    "eig": lambda x: np.real(np.linalg.eigvals(x)[0]),
    "svd of a tall matrix": lambda x: np.linalg.svd(x[:, :1] * np.ones((4, 1)))[0][0, 3],
}


@pytest.mark.parametrize("executor", [bp.Serial(), bp.Threads(2)], ids=["serial", "threads"])
@pytest.mark.parametrize("name", UNDETERMINED)
def test_what_is_not_determined_is_nan_with_a_warning_that_names_function_and_line(
    name: str, executor: bp.AbstractExecutor
) -> None:
    f = UNDETERMINED[name]
    x = np.linspace(1.0, 2.0, 4).reshape(4, 1) if "tall" in name else np.eye(2)
    line = rf"^{name.split()[0]}: .* determined.*, at .*test_linear_algebra\.py:{f.__code__.co_firstlineno} in <lambda>"
    if name == "eig":
        line = line.replace("determined", "one by one")
    for gradient in (bp.grad(f, executor=executor), bp.compile(bp.grad(f), executor=executor)):
        with pytest.warns(RuntimeWarning, match=line):
            assert np.isnan(gradient(x)).all()


def test_a_projection_on_further_columns_does_not_depend_on_how_they_turn() -> None:
    def projected(columns: Any) -> Any:
        return np.sum(columns @ columns.T * np.arange(16.0).reshape(4, 4))

    x = np.array([[1.0, 0.0], [0.0, 2.0], [3.0, 1.0], [0.0, 1.0]])
    expected = bp.grad(lambda x: -np.sum(x @ np.linalg.inv(x.T @ x) @ x.T * np.arange(16.0).reshape(4, 4)))(x)
    for f in (lambda x: np.linalg.svd(x)[0], lambda x: np.linalg.qr(x, "complete")[0]):
        np.testing.assert_allclose(bp.grad(lambda x, f=f: projected(f(x)[:, 2:]))(x), expected, rtol=1e-10, atol=1e-10)


def test_a_pseudo_inverse_whose_rank_is_kept_has_a_derivative_and_a_warning() -> None:
    b, c = np.array([[1.0], [2.0]]), np.array([[1.0, 2.0]])
    gradient = bp.grad(lambda b: np.sum(np.linalg.pinv(b @ c)))
    with pytest.warns(RuntimeWarning, match=r"^pinv: the rank is not full.*test_linear_algebra\.py"):
        found = gradient(b)
    step = np.array([[1e-6], [0.0]])
    expected = (np.sum(np.linalg.pinv((b + step) @ c)) - np.sum(np.linalg.pinv((b - step) @ c))) / 2e-6
    np.testing.assert_allclose(found[0, 0], expected, rtol=1e-6)


def test_the_warning_of_one_function_does_not_name_the_line_of_an_equal_one() -> None:
    one = bp.grad(lambda x: np.linalg.eigh(x)[1][0, 0])
    other = bp.grad(lambda x: np.linalg.eigh(x)[1][0, 0])
    lines = []
    for gradient in (one, other):
        with pytest.warns(RuntimeWarning) as caught:
            gradient(np.eye(2))
        lines.append(str(caught[0].message))
    assert len(set(lines)) == 2
