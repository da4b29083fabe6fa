"""Jacobians and Hessians: of containers, of no rows, of complex numbers; elementwise derivatives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import backprop as bp
from backprop.errors import IntegerInputError, NonScalarOutputError

X = np.array([0.5, -1.5, 2.0])
Z = np.array([1 + 2j, -0.5j, 2.0])


def close(found: Any, expected: Any) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)


def test_the_jacobian_of_a_container_by_a_container() -> None:
    def f(p: Any) -> Any:
        return {"sum": np.sum(p["x"]) * p["s"], "all": [2 * p["x"]], "n": 3, "where": np.argmax(p["x"])}

    found = bp.jacobian(f)({"x": X, "s": 2.0, "k": 1})
    close(found["sum"]["x"], [2, 2, 2])
    close(found["sum"]["s"], 1.0)
    close(found["all"][0]["x"], 2 * np.eye(3))
    close(found["all"][0]["s"], np.zeros(3))
    assert found["sum"]["k"] is None
    assert found["n"] is None
    assert found["where"] is None


def test_the_jacobian_by_several_arguments() -> None:
    a, b = bp.jacobian(lambda x, y: x * y, (0, "y"))(X, 2 * X)
    close(a, np.diag(2 * X))
    close(b, np.diag(X))
    assert bp.jacobian(lambda x, y: x * y, (0, 1))(2.0, 3.0) == (3.0, 2.0)


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "complex128"])
@pytest.mark.parametrize("rows", [0, 1, 3])
def test_the_jacobian_has_the_dtype_of_the_argument(dtype: str, rows: int) -> None:
    found = bp.jacobian(lambda x: x[:rows] * np.ones(1))(X.astype(dtype))
    assert found.dtype == dtype
    assert found.shape == (rows, 3)


def test_the_jacobian_of_scalars_is_a_scalar() -> None:
    assert type(bp.jacobian(lambda x: x * x)(3.0)) is float
    assert type(bp.jacobian(lambda x: x * x)(np.float32(3))) is np.float32


def test_the_jacobian_of_an_identity_shares_no_memory() -> None:
    weights = np.ones(3)
    found = bp.jacobian(lambda x: x @ weights)(X)
    found[...] = 7
    close(weights, 1)


def test_the_jacobian_by_an_integer() -> None:
    with pytest.raises(IntegerInputError):
        bp.jacobian(lambda x: x * X)(3)


def test_holomorphic_functions() -> None:
    close(bp.jacobian(lambda z: z**2)(Z), np.diag(2 * Z))
    close(bp.jacobian(lambda z: np.exp(1j * z))(Z), np.diag(1j * np.exp(1j * Z)))


def test_real_results_of_complex_arguments() -> None:
    close(bp.jacobian(lambda z: np.abs(z) ** 2)(Z), np.diag(2 * Z.conj()))


def test_a_complex_result_that_is_not_holomorphic_has_the_derivative_of_its_real_part() -> None:
    close(bp.jacobian(lambda z: np.conj(z) * 1j)(Z), np.diag([1j, 1j, 1j]).conj())


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_complex_results_of_real_arguments(dtype: str) -> None:
    x = X.astype(dtype)
    found = bp.jacobian(lambda x: np.exp(1j * x))(x)
    assert found.dtype == np.result_type(dtype, "complex64")
    np.testing.assert_allclose(found, np.diag(1j * np.exp(1j * x)), rtol=1e-6)


def test_a_complex_and_a_real_argument() -> None:
    by_z, by_x = bp.jacobian(lambda z, x: z * x * 1j, (0, 1))(Z, X)
    close(by_z, np.diag(1j * X))
    close(by_x, np.diag(1j * Z))


def test_the_hessian_by_a_container() -> None:
    found = bp.hessian(lambda p: p["a"] * np.sum(p["b"] ** 2))({"a": 2.0, "b": X})
    close(found["a"]["a"], 0.0)
    close(found["a"]["b"], 2 * X)
    close(found["b"]["a"], 2 * X)
    close(found["b"]["b"], 4 * np.eye(3))


def test_jacobians_on_an_executor() -> None:
    expected = bp.jacobian(np.sin, executor=bp.Serial())(X)
    close(expected, np.diag(np.cos(X)))
    assert bp.jacobian(np.sin, executor=bp.Threads(2))(X).tobytes() == expected.tobytes()


def test_elementwise_derivatives() -> None:
    close(bp.elementwise_grad(np.sin)(X), np.cos(X))
    close(bp.elementwise_grad(bp.elementwise_grad(bp.elementwise_grad(np.sin)))(X), -np.cos(X))
    close(bp.elementwise_grad(lambda x, y: x * y**2, "y")(X, X), 2 * X * X)
    close(bp.elementwise_grad(np.sin)(1.0), np.cos(1.0))
    assert bp.elementwise_grad(np.sin)(X.astype("float32")).dtype == "float32"
    with pytest.raises(NonScalarOutputError):
        bp.elementwise_grad(lambda x: x * 1j)(X)
