"""Classes of other packages as containers: a Dataset of xarray, and quantities with units, by `bp.register`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pint
import pytest
import xarray as xr

import backprop as bp

Quantity: Any = pint.UnitRegistry().Quantity


def taken_apart(ds: xr.Dataset) -> tuple[list[Any], Any]:
    axes = tuple((name, axis.dims, tuple(axis.values.tolist())) for name, axis in ds.coords.items())
    return [ds[name].data for name in ds.data_vars], (tuple((name, ds[name].dims) for name in ds.data_vars), axes)


def put_together(static: Any, parts: Any) -> xr.Dataset:
    names, axes = static
    variables = {name: (dims, part) for (name, dims), part in zip(names, parts, strict=True)}
    return xr.Dataset(variables, {name: (dims, list(values)) for name, dims, values in axes})


@pytest.fixture(scope="module", autouse=True)
def registered() -> None:
    bp.register(xr.Dataset, flatten=taken_apart, unflatten=put_together)
    bp.register(Quantity, flatten=lambda q: ([q.magnitude], q.units), unflatten=lambda units, c: Quantity(c[0], units))


@pytest.fixture
def fields() -> xr.Dataset:
    temperature = (("x", "y"), np.arange(6.0).reshape(2, 3) / 4)
    return xr.Dataset({"t": temperature, "p": (("x",), np.array([1.0, 2.0]))}, {"x": [10, 20], "y": [0.0, 0.5, 1.0]})


PROGRAMS: dict[str, Callable[[Any], Any]] = {
    "by names": lambda ds: ((ds["t"] * ds["p"]).sum("x") ** 2).mean().data,
    "selection": lambda ds: np.exp(ds["t"].sel(x=20) - ds["p"].isel(x=0)).sum().data,
    "alignment": lambda ds: (ds["t"].isel(y=slice(1, 3)) / ds["p"] + np.sin(ds["t"])).sum().data,
    "beside a traced value": lambda ds: np.sum(ds["p"].data[:, None] * ds["t"]).data,
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_gradient_by_a_dataset_is_a_dataset(name: str, fields: xr.Dataset) -> None:
    f = PROGRAMS[name]
    plain = bp.grad(lambda t, p: f(put_together(taken_apart(fields)[1], [t, p])), (0, 1))
    for gradient in (bp.grad(f), bp.compile(bp.grad(f))):
        found = gradient(fields)
        assert isinstance(found, xr.Dataset)
        assert found.coords.equals(fields.coords)
        for key, expected in zip(("t", "p"), plain(*taken_apart(fields)[0]), strict=True):
            assert found[key].dims == fields[key].dims
            np.testing.assert_array_equal(found[key].values, expected)
    step = 1e-6
    for key in ("t", "p"):
        moved = [f(fields.assign({key: fields[key] + s})) for s in (step, -step)]
        assert float(found[key].sum()) == pytest.approx((moved[0] - moved[1]) / (2 * step), rel=1e-6)


def test_a_step_of_descent_on_a_dataset(fields: xr.Dataset) -> None:
    gradient = bp.grad(PROGRAMS["by names"])(fields)
    moved = bp.tree_map(lambda value, slope: value - 0.1 * slope, fields, gradient)
    xr.testing.assert_allclose(moved, fields - 0.1 * gradient)


def test_quantities_with_units() -> None:
    def energy(speed: Any, mass: Any) -> Any:
        return (0.5 * mass * speed**2).to("J").magnitude.sum()

    speed, mass = Quantity(np.array([36.0, 72.0]), "km/h"), Quantity(np.array([2.0, 3.0]), "kg")
    for gradient in (bp.grad(energy), bp.compile(bp.grad(energy))):
        found = gradient(speed, mass)
        assert found.units == speed.units
        np.testing.assert_allclose(found.magnitude, mass.magnitude * speed.magnitude / 3.6**2)
    squared = bp.evaluate(lambda q: q * q)(mass)
    assert (squared.units, squared.magnitude.tolist()) == (Quantity(1.0, "kg**2").units, [4.0, 9.0])


@pytest.mark.parametrize("product", [lambda x, q: x * q, lambda x, q: q * x, lambda x, q: np.multiply(x, q)])
def test_a_traced_value_beside_a_quantity(product: Callable[[Any, Any], Any]) -> None:
    lengths = Quantity(np.array([1.0, 2.0]), "m")
    gradient = bp.grad(lambda x: np.sum(product(x, lengths)).to("cm").magnitude)
    assert gradient(np.array([1.0, 5.0])).tolist() == [100.0, 200.0]


def test_wrong_units_stay_an_error_of_theirs() -> None:
    with pytest.raises(pint.DimensionalityError):
        bp.grad(lambda q: (q + Quantity(1.0, "s")).magnitude)(Quantity(1.0, "m"))
