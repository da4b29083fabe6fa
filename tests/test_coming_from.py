"""The tables of docs/coming_from.md, row by row: what stands on the right does what is said, the left exists."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import scipy.special

import backprop as bp
from backprop.scipy import optimize

PAGE = Path(__file__).parents[1] / "docs" / "coming_from.md"


class Row(NamedTuple):
    """A row of a table: the library, what one writes there, and here."""

    library: str
    there: str
    here: str


def rows() -> list[Row]:
    """The rows of all tables of the page."""
    found, library = list[Row](), ""
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            library = line[3:].split()[-1].strip("`").lower()
        elif (cells := [cell.strip() for cell in line.strip("|").split(" | ")])[1:] and "---" not in line:
            found.append(Row(library, cells[0].strip("| "), cells[1].strip("| ")))
    return [row for row in found if row.here != "here"]


X, V = np.array([0.5, 2.0]), np.array([1.0, -1.0])


def cube(x: Any) -> Any:
    return np.sum(x**3)


def product(x: Any, y: Any) -> Any:
    return np.sum(x * y)


@dataclass
class Layer:
    w: Any
    b: Any


def first_order() -> None:
    assert np.allclose(bp.grad(cube)(X), 3 * X**2)
    value, gradient = bp.value_and_grad(cube)(X)
    assert (value, gradient.tolist()) == (cube(X), bp.grad(cube)(X).tolist())
    assert np.allclose(bp.elementwise_grad(lambda x: x**3)(X), 3 * X**2)


def matrices() -> None:
    diagonal = np.diag(3 * X**2)
    for mode in ("forward", "reverse"):
        assert np.allclose(bp.jacobian(lambda x: x**3, mode=mode)(X), diagonal)
    assert np.allclose(bp.jacobian(lambda x: x**3)(X), diagonal)
    assert np.allclose(bp.hessian(cube)(X), np.diag(6 * X))


def products() -> None:
    assert np.allclose(bp.hvp(cube, X, V), 6 * X * V)
    value, tangent = bp.jvp(lambda x: x**3, X, V)
    assert np.allclose(value, X**3)
    assert np.allclose(tangent, 3 * X**2 * V)
    value, pullback = bp.vjp(lambda x: x**3, X)
    assert np.allclose(value, X**3)
    assert np.allclose(pullback(V), 3 * X**2 * V)
    assert np.allclose(bp.vmap(cube)(np.stack([X, V])), [cube(X), cube(V)])


def argnums() -> None:
    assert np.array_equal(bp.grad(product, 1)(X, V), X)
    assert [g.tolist() for g in bp.grad(product, (0, 1))(X, V)] == [V.tolist(), X.tolist()]


def auxiliary() -> None:
    gradient, aux = bp.grad(lambda x: (cube(x), "note"), has_aux=True)(X)
    assert np.allclose(gradient, 3 * X**2)
    assert aux == "note"
    (value, aux), _ = bp.value_and_grad(lambda x: (cube(x), "note"), has_aux=True)(X)
    assert (value, aux) == (cube(X), "note")


def own_ops() -> None:
    sine = bp.op(lambda x: scipy.special.wofz(0 * x).real * np.sin(x), like=0)
    sine.defvjp(lambda g, out, x: g * np.cos(x))
    assert np.allclose(bp.grad(lambda x: np.sum(sine(x)))(X), np.cos(X))
    pair = bp.op(lambda x: (np.sin(x), x), lambda x, g: g * np.cos(x))
    assert np.allclose(bp.grad(lambda x: np.sum(pair(x)))(X), np.cos(X))
    inferred = bp.op(lambda x: x + 1.0, infer=lambda x: x, vjp=lambda g, out, x: g)
    assert np.allclose(bp.grad(lambda x: np.sum(inferred(x)))(X), 1.0)


def trees() -> None:
    flat, restored = bp.ravel({"a": X, "b": [V]})
    assert np.array_equal(flat, [*X, *V])
    assert np.array_equal(restored(flat)["b"][0], V)
    assert np.array_equal(bp.tree_map(lambda x: 2 * x, (X, V))[1], 2 * V)


def compiled() -> None:
    assert np.array_equal(bp.compile(cube)(X), cube(X))
    assert "sum" in str(bp.compile(cube).graph(X))


def loops() -> None:
    carry, ys = bp.scan(lambda c, x: (c + x, c * x), np.zeros(()), X)
    assert carry == 2.5
    assert ys.tolist() == [0.0, 1.0]
    assert bp.fori_loop(0, 3, lambda i, c: c * 2.0, np.ones(())) == 8.0


def steering() -> None:
    assert bp.grad(lambda x: x * 2.0 if x > 0 else x)(1.0) == 2.0
    assert bp.grad(lambda x: bp.switch(1, [lambda x: x, lambda x: 3.0 * x], x))(1.0) == 3.0

    def halved(x: Any) -> Any:
        while x > 1.0:
            x = x / 2.0
        return x

    assert bp.grad(halved)(5.0) == 0.125


def recomputed() -> None:
    assert np.allclose(bp.grad(lambda x: bp.checkpoint(cube)(x))(X), 3 * X**2)


def stopped() -> None:
    assert np.array_equal(bp.grad(lambda x: np.sum(x * bp.stop_gradient(x)))(X), X)


def numpy_and_scipy() -> None:
    assert np.allclose(bp.grad(lambda x: np.sum(scipy.special.erf(x)))(X), 2 / np.sqrt(np.pi) * np.exp(-(X**2)))
    found = bp.grad(lambda a: optimize.root(lambda x, a: x**2 - a, np.ones(1), args=(a,)).x[0])(4.0)
    assert np.isclose(found, 0.25)


def solved() -> None:
    end = bp.grad(lambda k: bp.odeint(lambda y, t: -k * y, np.ones(1), np.array([0.0, 1.0]))[-1][0])(1.0)
    assert np.isclose(end, -np.exp(-1.0), rtol=1e-4)


def classes() -> None:
    layer = Layer(X, V)
    gradient = bp.grad(lambda layer: product(layer.w, layer.b))(layer)
    assert isinstance(gradient, Layer)
    assert np.array_equal(gradient.w, V)
    assert np.array_equal(bp.grad(lambda layer: cube(replace(layer, b=layer.w).b))(layer).w, 3 * X**2)
    assert np.allclose(bp.grad(lambda x: cube(np.stack(list(x))))(X), 3 * X**2)
    assert np.allclose(bp.grad(lambda x: product(*Layer(x, x).__dict__.values()))(X), 2 * X)

    class Own:
        def __init__(self, x: Any) -> None:
            self.x = x

    bp.register(Own, flatten=lambda own: ([own.x], None), unflatten=lambda static, children: Own(*children))
    assert np.allclose(bp.grad(lambda own: cube(own.x))(Own(X)).x, 3 * X**2)


def set_in_place() -> None:
    assert np.array_equal(bp.ops.at_set(X, 0, 9.0), [9.0, 2.0])
    assert X[0] == 0.5


def trouble() -> None:
    with np.errstate(all="ignore"), bp.debug(), pytest.raises(FloatingPointError):
        bp.grad(lambda x: np.sum(np.log(x)))(np.zeros(2))


def shards() -> None:
    loss = bp.minibatch(lambda w, x: np.mean((x @ w) ** 2), 1, shards=2)
    data = np.stack([X, V, X, V])
    assert np.allclose(bp.grad(loss)(X, data), bp.grad(lambda w: np.mean((data @ w) ** 2))(X))


def profiled() -> None:
    assert bp.profile(bp.compile(cube), X, repeat=1).description.run is not None


def checked() -> None:
    bp.testing.check_grads(cube, (X,))


def evaluated() -> None:
    assert bp.evaluate(cube)(X) == cube(X)


def composed() -> None:
    double, increment = bp.op(lambda x: 2.0 * x, derive=True), bp.op(lambda x: x + 1.0, derive=True)
    assert np.array_equal(bp.compose(double, increment)(X), 2.0 * (X + 1.0))


def computed_once() -> None:
    calls: list[int] = []

    @bp.op(like=0, vjp=lambda g, out, x: g)
    def counted(x: Any) -> Any:
        calls.append(1)
        return x * 1.0

    def twice(x: Any) -> Any:
        y = counted(x)
        return np.sum(y * y)

    bp.evaluate(twice)(X)
    assert len(calls) == 1


def explicit() -> None:
    g = bp.GraphBuilder()
    x = g.input("x", bp.ArrayType((2,), "float64"))
    g.output(g.apply(bp.ops.dot, x, x))
    assert np.array_equal(bp.grad(g.build())(X), 2 * X)


def variants() -> None:
    cases = {Layer: lambda layer: cube(layer.w), np.ndarray: cube}
    assert bp.match(Layer(X, V), cases) == cube(X)

    def matched(value: Any) -> Any:
        match value:
            case Layer(w, b):
                return product(w, b)
            case _:
                return cube(value)

    assert np.array_equal(bp.grad(matched)(Layer(X, V)).b, X)


def variables() -> None:
    seen: list[type] = []

    def looked_at(x: Any) -> Any:
        seen.append(type(x))
        return cube(x)

    bp.grad(looked_at)(X)
    assert seen == [bp.Var]


CHECKS: dict[str, Callable[[], None]] = {
    "`import autograd.numpy as np`": first_order,
    "`import autograd.scipy as sp`": numpy_and_scipy,
    "`grad(f)`, `value_and_grad(f)`, `elementwise_grad(f)`": first_order,
    "`grad(f, argnum=1)`, `grad(f, argnum=(0, 1))`": argnums,
    "`grad_and_aux(f)`": auxiliary,
    "`checkpoint(f)`": recomputed,
    "`jacobian(f)`, `hessian(f)`": matrices,
    "`hessian_vector_product(f)(x, v)`": products,
    "`make_jvp(f)(x)(v)`": products,
    "`make_vjp(f)(x)` gives (pullback, value)": products,
    "`@primitive`, `defvjp`": own_ops,
    "`flatten(value)`": trees,
    "`check_grads(f)(x)`": checked,
    "`jax.numpy`": first_order,
    "`jax.grad`, `jax.value_and_grad`, `jax.vjp`, `jax.jvp`": products,
    "`jax.jacfwd(f)`, `jax.jacrev(f)`": matrices,
    "`jax.hessian(f)`": matrices,
    "`jax.jit(f)`": compiled,
    "`jax.vmap(f, in_axes)`": products,
    "`jax.value_and_grad(f, has_aux=True)`": auxiliary,
    "`jax.make_jaxpr(f)(x)`": compiled,
    "`jax.lax.scan(body, init, xs)`": loops,
    "`jax.lax.fori_loop(start, stop, body, init)`": loops,
    "`jax.lax.while_loop`": steering,
    "`jax.experimental.ode.odeint(f, y0, t)`": solved,
    "`jax.lax.cond`, `jax.lax.switch`": steering,
    "`jax.checkpoint(f)`": recomputed,
    "`jax.lax.stop_gradient(x)`": stopped,
    "`jax.tree.map(f, tree)`": trees,
    "`jax.flatten_util.ravel_pytree(tree)`": trees,
    "`jax.tree_util.register_dataclass`": classes,
    "`jax.custom_vjp`": own_ops,
    "`jax.pure_callback(f, ...)`": own_ops,
    "`x.at[i].set(v)`": set_in_place,
    "`jax.debug_nans`": trouble,
    "`loss.backward(); p.grad`": first_order,
    "`torch.func.grad`, `vjp`, `jvp`, `vmap`": products,
    "`x.requires_grad_()`": argnums,
    "`torch.func.jacrev`, `torch.func.jacfwd`, `torch.func.hessian`": matrices,
    "`torch.no_grad()`, `x.detach()`": stopped,
    "`torch.compile(f)`": compiled,
    "`torch.autograd.Function`": own_ops,
    "`torch.utils.checkpoint.checkpoint`": recomputed,
    "`nn.Module`": classes,
    "`DistributedDataParallel`": shards,
    "`torch.autograd.detect_anomaly()`": trouble,
    "`torch.profiler.profile()`": profiled,
    "`gradBP f x`, `evalBP f x`, `backprop f x`": evaluated,
    "`gradBP2 f x y`": argnums,
    "`backpropWith f x`": products,
    "`BVar s a`": variables,
    "`constVar x`, `auto x`": first_order,
    "`Op`, `op1`, `liftOp1`": own_ops,
    "`~.` (composition of ops)": composed,
    "`bindVar`, `OpBP`": computed_once,
    "`^^.` with a lens (`viewVar`)": classes,
    "`.~~`, `%~~` (`setVar`, `overVar`)": classes,
    "`sequenceVar`, `collectVar`": classes,
    "`T2`, `T3`, `isoVar`": classes,
    "`BPOp` in explicit style, `-$`, `~$`": explicit,
    "`withGADT`, `choicesVar`": variants,
    "`splitVars`, `gTuple`": classes,
    "`noGrad1`": stopped,
}
"""What shows that a row is right, by its left cell."""


def test_each_row_has_a_check_and_each_check_a_row() -> None:
    assert sorted(row.there for row in rows()) == sorted(CHECKS)


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row.library} {row.there}")
def test_what_a_row_says_to_write_works(row: Row) -> None:
    CHECKS[row.there]()


NAME = re.compile(r"\b((?:jax|torch|autograd)(?:\.\w+)+)")


@pytest.mark.parametrize("library", ["autograd", "jax", "torch"])
def test_what_is_written_there_exists(library: str) -> None:
    pytest.importorskip(library)
    for row in rows():
        for name in NAME.findall(row.there):
            if name.split(".")[0] == library:
                assert resolved(name) is not None


def resolved(name: str) -> Any:
    """What a dotted name of a module's means."""
    head, *rest = name.split(".")
    found: Any = importlib.import_module(head)
    for k, part in enumerate(rest):
        if not hasattr(found, part):
            importlib.import_module(".".join([head, *rest[: k + 1]]))
        found = getattr(found, part)
    return found
