"""Sparse matrices: every operator against its dense meaning, gradients on the pattern, what is refused."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

import backprop as bp
from backprop.errors import GraphTypeError, ShapeError, TracedConversionError
from backprop.graph.tracing.structures.structure import Structure, flatten, unflatten
from backprop.graph.tracing.trace import trace
from backprop.ops.sparse.matrix import Sparse
from backprop.ops.sparse.patterns import Pattern, compressed, coordinates
from backprop.ops.sparse.products import sampled_matmul, sparse_matmul
from backprop.scheduler.executors.serial import Serial
from backprop.scheduler.executors.threads import Threads
from tests.sparse_arrays import random_sparse

RNG = np.random.default_rng(7)
M = random_sparse(RNG, (4, 5), density=0.5)
DENSE = M.toarray()
V, X, Y = RNG.normal(size=5), RNG.normal(size=(5, 3)), RNG.normal(size=(2, 4))
CLASSES = (sp.csr_array, sp.csc_array, sp.coo_array, sp.csr_matrix, sp.csc_matrix, sp.coo_matrix)
SQUARE = RNG.normal(size=(4, 5))

OPERATIONS: dict[str, Callable[[Any], Any]] = {
    "A @ v": lambda a: a @ V,
    "A @ X": lambda a: a @ X,
    "Y @ A": lambda a: Y @ a,
    "y @ A": lambda a: Y[0] @ a,
    "A.dot(v)": lambda a: a.dot(V),
    "A.T @ Y.T": lambda a: a.T @ Y.T,
    "A.transpose()": lambda a: Y @ a.transpose().T,
    "2 * A": lambda a: (2 * a) @ V,
    "A * 2": lambda a: (a * 2) @ V,
    "A / 2": lambda a: (a / 2) @ V,
    "-A": lambda a: (-a) @ V,
    "A + A": lambda a: (a + 3 * a) @ V,
    "A - A": lambda a: (a - 3 * a) @ V,
    "A + dense": lambda a: a + SQUARE,
    "dense - A": lambda a: SQUARE - a,
    "sum()": lambda a: a.sum(),
    "sum(0)": lambda a: a.sum(axis=0),
    "sum(1)": lambda a: a.sum(axis=1),
    "sum(-1)": lambda a: a.sum(axis=-1),
    "numpy.sum": lambda a: np.sum(a),
    "sum of several": lambda a: sum([a, a]) @ V,
    "toarray": lambda a: a.toarray() if hasattr(a, "toarray") else a,
}


def loss(operation: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda a: np.sum(np.sin(operation(a)))


@pytest.mark.parametrize("cls", CLASSES)
@pytest.mark.parametrize("name", OPERATIONS)
def test_values_and_gradients_are_those_of_the_dense_matrix(name: str, cls: type) -> None:
    operation = OPERATIONS[name]
    value, gradient = bp.value_and_grad(loss(operation))(cls(M))
    want, dense = bp.value_and_grad(loss(operation))(DENSE)
    np.testing.assert_allclose(value, want)
    assert type(gradient) is cls
    np.testing.assert_array_equal(gradient.nonzero(), cls(M).nonzero())
    np.testing.assert_allclose(gradient.toarray(), np.where(DENSE != 0, dense, 0.0), atol=1e-12)


@pytest.mark.parametrize("cls", CLASSES)
def test_multiply(cls: type) -> None:
    row = np.arange(5.0)
    gradient = bp.grad(lambda a: np.sum(np.sin(a.multiply(row).toarray())))(cls(M))
    np.testing.assert_allclose(gradient.toarray(), np.where(DENSE != 0, row * np.cos(row * DENSE), 0.0))


def test_star_is_a_product_of_matrices_for_scipys_matrix_classes() -> None:
    for cls in CLASSES:
        right = V if issubclass(cls, sp.spmatrix) else DENSE
        want = np.sum(np.sin(DENSE @ V)) if issubclass(cls, sp.spmatrix) else np.sum(np.sin(DENSE * DENSE))
        value = bp.evaluate(lambda a, right=right: np.sum(np.sin(_dense(a * right))))(cls(M))
        np.testing.assert_allclose(value, want)


def _dense(a: Any) -> Any:
    return a.toarray() if isinstance(a, Sparse) else a


@pytest.mark.parametrize("cls", CLASSES)
def test_second_derivatives(cls: type) -> None:
    bp.testing.check_grads(lambda a, x: np.sum(np.sin(a @ x)), (cls(M), X))
    bp.testing.check_grads(lambda a, y: np.sum(np.sin(y @ a) ** 2), (cls(M), Y[0]))


def test_the_primitives() -> None:
    matrix = sp.csr_array(M)
    rows, columns = coordinates(Pattern.of(matrix))
    for flip, x in ((False, X), (True, Y.T), (False, V), (True, Y[0])):
        bp.testing.check_op(
            lambda data, x, flip=flip: sparse_matmul(
                data, matrix.indices, matrix.indptr, x, shape=matrix.shape, flip=flip
            ),
            (matrix.data, x),
        )
    for a, b in ((Y.T, X[:, :2]), (Y[0], V)):
        sample = bp.testing.check_op
        sample(lambda a, b: sampled_matmul(a, b, matrix.indices, matrix.indptr, shape=matrix.shape), (a, b))
        found = sampled_matmul(a, b, matrix.indices, matrix.indptr, shape=matrix.shape)
        want = a[rows] * b[columns]
        np.testing.assert_allclose(found, want if a.ndim == 1 else want.sum(1))


def test_dtypes_are_kept() -> None:
    a = sp.csr_array(M).astype(np.float32)
    gradient = bp.grad(lambda a: np.sum(a @ V.astype(np.float32)))(a)
    assert gradient.dtype == np.float32
    assert bp.grad(lambda a: np.sum(a @ V))(a).dtype == np.float32
    complex_gradient = bp.grad(lambda a: np.sum(np.real((a @ V) * 1j)))(a.astype(complex))
    np.testing.assert_allclose(complex_gradient.toarray(), np.where(DENSE != 0, 1j * V, 0))


def test_duplicates_of_coo_add_up() -> None:
    a = sp.coo_array(([1.0, 2.0, 4.0], ([0, 1, 0], [1, 0, 1])), shape=(2, 2))
    np.testing.assert_allclose(bp.evaluate(lambda a: a @ np.ones(2))(a), a @ np.ones(2))
    np.testing.assert_allclose(bp.evaluate(lambda a: a.toarray())(a), a.toarray())
    np.testing.assert_array_equal(bp.grad(lambda a: (a @ np.array([1.0, 3.0]))[0])(a).data, [3.0, 0.0, 3.0])


def test_an_empty_pattern() -> None:
    a = sp.csr_array((3, 2))
    gradient = bp.grad(lambda a: np.sum(a @ np.ones(2)) + a.sum())(a)
    assert gradient.shape == (3, 2)
    assert gradient.nnz == 0


# Constants.

THETA = 1.5
CONSTANTS: dict[str, tuple[Callable[[Any, Any], Any], Any]] = {
    "A @ v": (lambda a, v: a @ v, V),
    "A @ X": (lambda a, v: a @ v, X),
    "Y @ A": (lambda a, v: v @ a, Y),
    "y @ A": (lambda a, v: v @ a, Y[0]),
    "t * A": (lambda a, v: (v * a) @ V, THETA),
    "A * t": (lambda a, v: (a * v) @ V, THETA),
    "A / t": (lambda a, v: (a / v) @ V, THETA),
    "A + t A": (lambda a, v: (a + v * a) @ V, THETA),
    "dense + A": (lambda a, v: v + a, SQUARE),
    "A - dense": (lambda a, v: a - v, SQUARE),
}


@pytest.mark.parametrize("cls", CLASSES)
@pytest.mark.parametrize("name", CONSTANTS)
def test_a_constant_beside_a_traced_array(name: str, cls: type) -> None:
    operation, x = CONSTANTS[name]
    value, gradient = bp.value_and_grad(lambda x: np.sum(np.sin(operation(cls(M), x))))(x)
    want = bp.value_and_grad(lambda x: np.sum(np.sin(operation(DENSE, x))))(x)
    np.testing.assert_allclose(value, want[0])
    np.testing.assert_allclose(gradient, want[1])


def test_the_graph_does_not_depend_on_the_pattern() -> None:
    graphs = [trace(lambda a, v: a @ v, (sp.csr_array(m), V), {}, print).graph for m in (DENSE, np.roll(DENSE, 1, 1))]
    assert graphs[0] == graphs[1]
    constant = [trace(lambda v, m=m: sp.csr_array(m) @ v, (V,), {}, print).graph for m in (DENSE, np.roll(DENSE, 1, 1))]
    assert constant[0] == constant[1]


# In structures.


def test_in_a_container() -> None:
    gradient = bp.grad(lambda p: np.sum(p["a"] @ p["x"]))(
        {"a": sp.csr_array(M), "x": V, "n": sp.eye_array(2, dtype=int).tocsr()}
    )
    np.testing.assert_allclose(gradient["a"].toarray(), np.where(DENSE != 0, V, 0))
    np.testing.assert_allclose(gradient["x"], DENSE.sum(0))
    assert gradient["n"] is None


def test_a_result() -> None:
    result = bp.evaluate(lambda a, t: (a * t).T)(sp.csr_array(M), 2.0)
    assert type(result) is sp.csc_array
    np.testing.assert_array_equal(result.toarray(), 2 * DENSE.T)


def test_a_pullback() -> None:
    a = sp.csr_array(M)
    value, pullback = bp.vjp(lambda a: a * 2.0, a)
    (gradient,) = pullback(value)
    np.testing.assert_allclose(gradient.toarray(), 4 * DENSE)


def test_structures_tell_patterns_apart() -> None:
    a = sp.csr_array(M)
    values, structure = flatten(a)
    assert flatten(a * 2)[1] == structure
    assert hash(flatten(a * 2)[1]) == hash(structure)
    assert flatten(sp.csr_array(np.roll(DENSE, 1, 1)))[1] != structure
    assert flatten(sp.csc_array(M))[1] != structure
    copy: Structure = pickle.loads(pickle.dumps(structure))
    assert copy.types == structure.types
    np.testing.assert_array_equal(unflatten(copy, values).toarray(), DENSE)


def test_a_pattern_is_safe_from_changes() -> None:
    a = sp.csr_array(M)
    _, structure = flatten(a)
    kept = a.indices.copy()
    a.indices[:] = 0
    again = unflatten(structure, [a.data])
    np.testing.assert_array_equal(again.indices, kept)
    again.indices[:] = 0
    np.testing.assert_array_equal(unflatten(structure, [a.data]).indices, kept)


def test_compile_makes_a_path_for_each_pattern() -> None:
    product = bp.compile(lambda a, v: a @ v)
    np.testing.assert_allclose(product(sp.csr_array(M), V), DENSE @ V)
    np.testing.assert_allclose(product(sp.csr_array(2 * M), V), 2 * DENSE @ V)
    assert product.traces == 1
    other = np.roll(DENSE, 1, 1)
    np.testing.assert_allclose(product(sp.csr_array(other), V), other @ V)
    assert product.traces == 2


def test_the_bits_are_the_same_on_threads() -> None:
    a, x = random_sparse(RNG, (400, 300), density=0.1).tocsr(), RNG.normal(size=(300, 64))
    f = bp.grad(lambda a, x: np.sum(np.sin(a @ x)) + np.sum(np.cos(a @ x)), argnums=(0, 1))
    with bp.use(Serial()):
        want = f(a, x)
    with bp.use(Threads(2)):
        got = f(a, x)
    assert got[0].data.tobytes() == want[0].data.tobytes()
    assert got[1].tobytes() == want[1].tobytes()


def test_the_patterns_forms() -> None:
    for cls in CLASSES:
        form = compressed(Pattern.of(cls(M)))
        data = cls(M).data if form.order is None else cls(M).data[form.order]
        matrix = sp.csr_array((data, form.indices, form.indptr), shape=form.shape)
        np.testing.assert_array_equal((matrix.T if form.flip else matrix).toarray(), DENSE)


# What is refused.


@pytest.mark.parametrize("form", ["bsr", "dia", "dok", "lil"])
def test_other_formats(form: str) -> None:
    with pytest.raises(GraphTypeError, match=r"A.tocsr\(\)"):
        bp.grad(lambda a: a.sum())(M.asformat(form))


@pytest.mark.parametrize(
    "operation",
    [
        lambda a: a @ sp.csr_array(DENSE.T),
        lambda a: sp.csr_array(DENSE.T) @ a,
        lambda a: a.multiply(a),
        lambda a: a + sp.csr_array(np.ones((4, 5))),
        lambda a: a + 1.0,
        lambda a: a / a,
    ],
)
def test_an_operation_that_is_not_known(operation: Callable[[Any], Any]) -> None:
    with pytest.raises(GraphTypeError, match=r"A.toarray\(\)"):
        bp.evaluate(operation)(sp.csr_array(M))


def test_a_shape_that_does_not_fit() -> None:
    with pytest.raises(ShapeError, match="10 elements got data of shape"):
        bp.evaluate(lambda a: Sparse(a.data[:3], a.pattern) @ V)(sp.csr_array(M))
    with pytest.raises(ShapeError, match=r"\(4, 5\) does not fit an array of \(4,\)"):
        bp.evaluate(lambda a: a @ np.ones(4))(sp.csr_array(M))


def test_a_method_that_is_not_known() -> None:
    with pytest.raises(AttributeError, match=r"use A.toarray\(\).diagonal"):
        bp.evaluate(lambda a: a.diagonal())(sp.csr_array(M))


def test_no_plain_array() -> None:
    with pytest.raises(TracedConversionError, match="toarray"):
        bp.evaluate(lambda a: np.linalg.norm(a))(sp.csr_array(M))
    assert np.array_equal(bp.evaluate(lambda x: np.array([x[0], x[1]]))(V), V[:2])


def test_a_users_op_takes_and_returns_sparse_matrices() -> None:
    scaled = bp.op(lambda a, t: a * t, vjp=lambda g, out, a, t: (g * t, np.sum(g.data * a.data)))
    derived = bp.op(lambda a, t: a * t, derive=True)
    pair = bp.op(lambda a, t: (a * t, (a, t)), lambda kept, g: (g * kept[1], np.sum(g.data * kept[0].data)), like=0)
    plain = bp.grad(lambda a, t: np.sum(np.sin((a * t) @ V)), argnums=(0, 1))
    for op in (derived, pair, scaled):
        f = bp.grad(lambda a, t, op=op: np.sum(np.sin(op(a, t) @ V)), argnums=(0, 1))
        for found, want in zip(f(sp.csr_array(M), 2.0), plain(sp.csr_array(M), 2.0), strict=True):
            np.testing.assert_allclose(_plain(found), _plain(want))


def _plain(a: Any) -> Any:
    return a.toarray() if sp.issparse(a) else a


# Patterns that are none, which SciPy would follow beyond the ends of arrays.


@pytest.mark.parametrize(
    ("indices", "indptr"),
    [([0, 9], [0, 1, 2]), ([0, -1], [0, 1, 2]), ([0, 1], [0, 9, 2]), ([0, 1], [1, 1, 2]), ([0, 1], [0, 1, 9])],
)
def test_a_pattern_that_is_none_is_refused(indices: list[int], indptr: list[int]) -> None:
    places, ends, x = np.array(indices), np.array(indptr), np.ones(3)
    with pytest.raises(ShapeError, match="sparse matrix of shape"):
        sparse_matmul(np.ones(2), places, ends, x, shape=(2, 3), flip=False)
    with pytest.raises(ShapeError, match="sparse matrix of shape"):
        sampled_matmul(np.ones(2), x, places, ends, shape=(2, 3))
