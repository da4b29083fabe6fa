"""Case: an op or function with operands to try it on, and the checks that every op has to pass.

    from tests.ops.case import Case, arrays, domain

    CASES = (
        Case(matmul, arrays((2, 3), (3, 4)), complex_ok=True),
        Case(partial(norm, ord=1), domain(away_from_zero, (2, 3)), name="norm-1"),
    )

An example maker takes a random generator and returns float64 operands (integers and booleans where the op wants
them). The checks derive everything else from it: float32 and complex operands, other memory layouts, directions.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from backprop.ops.core.op import Kind, Op
from tests.ops.tape import FindRule, TapeVar, ancestors, pull_back, value_of

Rng: TypeAlias = np.random.Generator
Example: TypeAlias = Callable[[Rng], tuple[Any, ...]]
Sampler: TypeAlias = Callable[[Rng, tuple[int, ...]], Any]


@dataclass(frozen=True)
class Case:
    """An op or function, and operands inside its domain, away from kinks.

    Arguments:
        f: an Op, or a function of arrays made of ops.
        example: makers of operands; each is tried.
        params: keyword arguments of `f`.
        name: shown in test ids; by default that of `f`.
        wrt: positions of the operands whose derivative is checked; None means all that are float.
        complex_ok: whether complex operands are tried as well.
        order: 2 where second derivatives are checked too, 1 or 0 (types only) elsewhere.
        single: whether float32 operands are tried.
        tolerance: allowed relative error of a directional derivative.
        step: step of the finite differences.
    """

    f: Callable[..., Any]
    example: Example | tuple[Example, ...]
    params: dict[str, Any] = field(default_factory=dict)
    name: str = ""
    wrt: tuple[int, ...] | None = None
    complex_ok: bool = False
    order: int = 2
    single: bool = True
    tolerance: float = 1e-6
    step: float = 1e-3

    def __str__(self) -> str:
        return self.name or getattr(self.f, "name", None) or getattr(self.f, "__name__", repr(self.f))

    @property
    def examples(self) -> tuple[Example, ...]:
        return self.example if isinstance(self.example, tuple) else (self.example,)

    def __call__(self, *args: Any) -> Any:
        return self.f(*args, **self.params)


# Makers of operands.


def normal(rng: Rng, shape: tuple[int, ...]) -> Any:
    return rng.normal(size=shape)


def positive(rng: Rng, shape: tuple[int, ...]) -> Any:
    return rng.uniform(0.5, 2.5, shape)


def unit(rng: Rng, shape: tuple[int, ...]) -> Any:
    """Numbers between -0.9 and 0.9."""
    return rng.uniform(-0.9, 0.9, shape)


def share(rng: Rng, shape: tuple[int, ...]) -> Any:
    """Numbers between 0.2 and 0.8."""
    return rng.uniform(0.2, 0.8, shape)


def away_from_zero(rng: Rng, shape: tuple[int, ...]) -> Any:
    """Numbers of either sign whose size is between 0.5 and 2.5."""
    return rng.uniform(0.5, 2.5, shape) * rng.choice([-1.0, 1.0], shape)


def distinct(rng: Rng, shape: tuple[int, ...]) -> Any:
    """Numbers in random order, no two of which (nor 0 and one of them) are closer than 0.3."""
    count = int(np.prod(shape))
    return (rng.permutation(count).reshape(shape) - count // 2) * 0.7 + 0.35 + rng.uniform(-0.1, 0.1, shape)


def booleans(rng: Rng, shape: tuple[int, ...]) -> Any:
    return rng.integers(0, 2, shape).astype(bool)


def integers(rng: Rng, shape: tuple[int, ...]) -> Any:
    return rng.integers(1, 6, shape)


def scalar(x: Any) -> Any:
    """A NumPy scalar where an array has no axes, as NumPy's functions return it."""
    return x[()] if isinstance(x, np.ndarray) else np.asarray(x)[()]


def domain(sampler: Sampler, *shapes: tuple[int, ...]) -> Example:
    """Operands of these shapes, all from one sampler."""
    return lambda rng: tuple(scalar(sampler(rng, shape)) for shape in shapes)


def arrays(*shapes: tuple[int, ...]) -> Example:
    """Normally distributed operands of these shapes."""
    return domain(normal, *shapes)


def mixed(*operands: tuple[Sampler, tuple[int, ...]]) -> Example:
    """Operands, each with a sampler of its own."""
    return lambda rng: tuple(scalar(sampler(rng, shape)) for sampler, shape in operands)


SHAPES: dict[int, tuple[tuple[tuple[int, ...], ...], ...]] = {
    1: (((2, 3),), ((),), ((0, 3),)),
    2: (((2, 3), (2, 3)), ((2, 1), (3,)), ((), (3,)), ((3,), ()), ((0, 3), (1,))),
    3: (((2, 3), (2, 3), (2, 3)), ((3,), (2, 1), ()), ((), (), ()), ((0, 3), (1,), ())),
    4: (((2, 3), (3,), (2, 1), ()),),
}


def elementwise(f: Callable[..., Any], *samplers: Sampler, **options: Any) -> Case:
    """The case of an elementwise op: its operands broadcast in several ways, and may be empty."""
    makers = tuple(mixed(*zip(samplers, shapes, strict=True)) for shapes in SHAPES[len(samplers)])
    return Case(f, makers, **options)


# The checks.


def check(case: Case, seed: int = 0) -> None:
    """Everything that holds for an op and its rule; an AssertionError says what does not."""
    if isinstance(case.f, Op) and case.f.home:
        assert pickle.loads(pickle.dumps(case.f)) is case.f, "an op with a home pickles by reference"
    for i, example in enumerate(case.examples):
        rng = np.random.default_rng([seed, i])
        operands = example(rng)
        check_layouts(case, operands)
        check_kinds(case, operands)
        if case.single:
            check_single(case, operands)
        for version in (operands, with_imaginary(operands, rng)) if case.complex_ok else (operands,):
            check_types(case, version)
            if case.order >= 1:
                check_derivative(case, version, rng)


def check_types(case: Case, operands: tuple[Any, ...]) -> None:
    """The inferred type of each op on the way is that of its value."""
    plain, traced = case(*operands), value_tree(case(*map(TapeVar, operands)))
    for a, b in zip(flat(plain), flat(traced), strict=True):
        np.testing.assert_array_equal(a, b)


def check_layouts(case: Case, operands: tuple[Any, ...]) -> None:
    """Strided, transposed and read-only operands give what contiguous ones give, and are left as they are."""
    expected = flat(case(*operands))
    for layout in (strided, transposed, read_only):
        for a, b in zip(flat(case(*map(layout, operands))), expected, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)


def check_kinds(case: Case, operands: tuple[Any, ...]) -> None:
    """Every op on the way, forward and back, does with memory what its kind says."""
    variables = traced(case, operands)
    wrt = [x for x in variables if isinstance(x, TapeVar)]
    gradients = gradient(case, variables, wrt) if case.order else []
    for node in ancestors([*flat(case(*variables)), *gradients]):
        if isinstance(node.value, np.ndarray):
            keeps_kind(node, [value_of(x) for x in node.args])


def keeps_kind(node: TapeVar, args: list[Any]) -> None:
    op, arrays = node.op, [x for x in args if isinstance(x, np.ndarray)]
    assert op is not None
    outs = [np.full_like(node.value, 7)] if op.kind in (Kind.INTO, Kind.ELEMENTWISE) else []
    if op.kind is Kind.ELEMENTWISE:
        outs += [x for x in arrays if (x.shape, x.dtype) == (node.shape, node.dtype)]
    if op.kind is not Kind.VIEW:
        assert not any(np.shares_memory(node.value, x) for x in arrays), f"{op} is no view"
    for out in outs:
        buffer = out.copy()
        filled = op.compute(*(buffer if x is out else x for x in args), out=buffer, **node.params)
        assert filled is buffer, f"{op} ignores out="
        np.testing.assert_array_equal(buffer, node.value, f"{op} gives something else with out=")


WIDENED = frozenset(
    [
        "bincount",
        "corrcoef",
        "cov",
        "densities",
        "geomspace",
        "histogram2d",
        "histogramdd",
        "interp",
        "polyder",
        "polyfit",
        "polyint",
        "vander",
    ]
)
"""Functions whose results NumPy widens to float64."""


def check_single(case: Case, operands: tuple[Any, ...]) -> None:
    """float32 operands give float32 results close to those in float64, and float32 cotangents."""
    single = tuple(cast(x, "float32") for x in operands)
    floats = any(np.asarray(x).dtype.kind == "f" for x in operands)
    for a, b in zip(flat(case(*single)), flat(case(*operands)), strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-3, atol=2e-3)
        if floats and np.asarray(b).dtype.kind in "fc":
            widens = str(case).partition("-")[0] in WIDENED
            assert a.dtype.itemsize * (1 if widens else 2) == b.dtype.itemsize, f"float32 becomes {a.dtype}"
    if case.order >= 1:
        variables = traced(case, single)
        wrt = [variables[i] for i in differentiated(case, single)]
        for x, g in zip(wrt, gradient(case, variables, wrt), strict=True):
            assert value_of(g).dtype == x.dtype


def traced(case: Case, operands: tuple[Any, ...]) -> list[Any]:
    """The operands, those with a derivative as TapeVars."""
    wanted = differentiated(case, operands)
    return [TapeVar(x) if i in wanted else x for i, x in enumerate(operands)]


def check_derivative(case: Case, operands: tuple[Any, ...], rng: Rng, rule: FindRule | None = None) -> None:
    """Each operand's cotangent agrees with finite differences, and so does its own derivative where order is 2."""
    positions = [i for i in differentiated(case, operands) if np.size(operands[i])]
    weights = [direction(y, rng) for y in flat(case(*operands))]
    for i in positions:
        v = direction(operands[i], rng)
        expected = differences(lambda *xs: inner(weights, flat(case(*xs))), operands, i, v, case.step)
        found = slope(case, operands, i, v, weights, rule)
        agree(f"{case}: the cotangent of operand {i}", found, expected, case.tolerance)
        if case.order < 2:
            continue
        for j in positions:
            u = direction(operands[j], rng)
            seconds = differences(lambda *xs: slope(case, xs, i, v, weights, rule), operands, j, u, case.step)  # noqa: B023
            traced = second_slope(case, operands, (i, v), (j, u), weights, rule)
            agree(f"{case}: the second derivative by {i} and {j}", traced, seconds, 100 * case.tolerance)


def differentiated(case: Case, operands: tuple[Any, ...]) -> tuple[int, ...]:
    inexact = tuple(i for i, x in enumerate(operands) if np.asarray(x).dtype.kind in "fc")
    return inexact if case.wrt is None else case.wrt


def agree(what: str, found: Any, expected: Any, tolerance: float) -> None:
    error = abs(found - expected)
    assert error <= tolerance * max(1.0, abs(expected)), f"{what}: the rule gives {found}, differences give {expected}"


def differences(f: Callable[..., Any], operands: tuple[Any, ...], i: int, v: Any, h: float) -> float:
    """The derivative of f along v in operand i: central differences of fourth order."""

    def at(t: float) -> float:
        return float(f(*operands[:i], operands[i] + t * v, *operands[i + 1 :]))

    return (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h)


def gradient(
    case: Case, variables: list[Any], wrt: list[TapeVar], weights: Any = None, rule: FindRule | None = None
) -> list[Any]:
    """The cotangents of `wrt`, of the sum of the results times `weights`."""
    total: list[Any] = [np.zeros(x.shape, x.dtype) for x in wrt]
    options = {} if rule is None else {"rule": rule}
    results = flat(case(*variables))
    for y, w in zip(results, weights or [np.ones_like(value_of(y)) for y in results], strict=True):
        if isinstance(y, TapeVar) and y.dtype.kind in "fc":
            total = [a + b for a, b in zip(total, pull_back(y, w, wrt, **options), strict=True)]
    return total


def slope(case: Case, operands: Any, i: int, v: Any, weights: Any, rule: FindRule | None) -> float:
    variables = traced(case, operands)
    (g,) = gradient(case, variables, [variables[i]], weights, rule)
    return inner([v], [value_of(g)])


def second_slope(case: Case, operands: Any, first: Any, second: Any, weights: Any, rule: FindRule | None) -> float:
    (i, v), (j, u) = first, second
    variables = traced(case, operands)
    (g,) = gradient(case, variables, [variables[i]], weights, rule)
    if not isinstance(g, TapeVar):
        return 0.0
    (gg,) = pull_back(g, v, [variables[j]], **({} if rule is None else {"rule": rule}))
    return inner([u], [value_of(gg)])


# Small parts.


def inner(a: Any, b: Any) -> float:
    """The real part of the sum of products, without conjugation, as of a cotangent and a tangent."""
    return sum(
        float(np.sum(x * np.asarray(y)).real) for x, y in zip(a, b, strict=True) if np.asarray(y).dtype.kind in "fc"
    )


def direction(x: Any, rng: Rng) -> Any:
    """A random array like x, of numbers away from zero."""
    v = away_from_zero(rng, np.shape(x))
    if np.asarray(x).dtype.kind == "c":
        v = v + 1j * away_from_zero(rng, np.shape(x))
    return scalar(v)


def flat(values: Any) -> list[Any]:
    return [leaf for value in values for leaf in flat(value)] if isinstance(values, tuple | list) else [values]


def value_tree(values: Any) -> Any:
    return list(map(value_of, flat(values)))


def cast(x: Any, dtype: str) -> Any:
    return np.asarray(x).astype(dtype)[()] if np.asarray(x).dtype.kind == "f" else x


def with_imaginary(operands: tuple[Any, ...], rng: Rng) -> tuple[Any, ...]:
    return tuple(
        scalar(x + 0.4j * rng.uniform(0.5, 1.5, np.shape(x))) if np.asarray(x).dtype.kind == "f" else x
        for x in operands
    )


def strided(x: Any) -> Any:
    return np.repeat(x, 2, axis=-1)[..., ::2] if np.ndim(x) else x


def transposed(x: Any) -> Any:
    return np.asfortranarray(x) if np.ndim(x) else x


def read_only(x: Any) -> Any:
    if np.ndim(x):
        x = x.copy()
        x.flags.writeable = False
    return x
