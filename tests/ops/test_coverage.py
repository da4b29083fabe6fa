"""Which of NumPy's functions have an op: each one is differentiable, constant, or declared to be unsupported.

docs/coverage.md says so to users. `python -m tests.ops.test_coverage` writes it anew.
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import scipy.linalg
import scipy.special
from numpy.testing.overrides import get_overridable_numpy_array_functions, get_overridable_numpy_ufuncs

import backprop as bp
from backprop import ops
from backprop.errors import AssignmentError, UnknownFunctionError
from backprop.ops.core.op import Op
from backprop.ops.numpy_names import FUNCTIONS, METHODS, REFUSALS, UFUNCS, UNSUPPORTED, lookup_function
from backprop.scipy import integrate, interpolate, linalg, ndimage, optimize, signal, stats
from backprop.scipy.plain import PlainOnly
from backprop.scipy.sparse import linalg as sparse_linalg
from backprop.scipy.stats.plain import Plain
from tests.ops import cases, cases_index, cases_linalg, cases_numeric, cases_shape, cases_structured
from tests.ops.case import Case, flat, value_tree
from tests.ops.cases_shape import OfList
from tests.ops.every import modules
from tests.ops.tails.functions import TAILS
from tests.ops.tails.measure import errors, shown
from tests.ops.tape import TapeVar

PAGE = Path(__file__).parents[2] / "docs" / "coverage.md"
NAMESAKES = {
    "scipy.integrate": integrate,
    "scipy.linalg": linalg,
    "scipy.optimize": optimize,
    "scipy.sparse.linalg": sparse_linalg,
    "scipy.signal": signal,
    "scipy.ndimage": ndimage,
    "scipy.interpolate": interpolate,
}
"""The packages of namesakes, by the module of SciPy's whose functions do not dispatch."""
NAMESPACES = {"numpy": np, "numpy.linalg": np.linalg, "numpy.fft": np.fft, "scipy.special": scipy.special}
CONSTANT = frozenset(cases.WITHOUT_SLOPE.split())
CASES: tuple[Case, ...] = (
    *cases.CASES,
    *cases_index.CASES,
    *cases_linalg.CASES,
    *cases_structured.CASES,
    *cases_numeric.CASES,
    *cases_shape.CASES,
)


def public(module: ModuleType) -> dict[Any, str]:
    """The functions of a namespace that NumPy's protocols reach, with the first of their names."""
    reached = get_overridable_numpy_array_functions() | get_overridable_numpy_ufuncs()
    names = [name for name in dir(module) if not name.startswith("_")]
    if module is scipy.special:
        return {f: name for name in reversed(names) if isinstance(f := getattr(module, name), np.ufunc)}
    found = ((getattr(module, name), name) for name in reversed(names))
    return {f: name for f, name in found if callable(f) and not isinstance(f, type) and f in reached}


def has_op(f: Any) -> bool:
    return f in UFUNCS or f in FUNCTIONS


def groups(module: ModuleType) -> tuple[list[str], list[str], list[str]]:
    """The names in a namespace of what is differentiable, constant, and without an op."""
    named = public(module)
    known = {name for f, name in named.items() if has_op(f)}
    constant = {name for f, name in named.items() if has_op(f) and f.__name__ in CONSTANT}
    return sorted(known - constant), sorted(constant), sorted(set(named.values()) - known)


# The page.


def page() -> str:
    lines = [
        "# Coverage",
        "",
        f"What {versions()} hand to traced arrays, and what becomes of it. A test compares this",
        "page with the code; `python -m tests.ops.test_coverage` writes it.",
        "",
    ]
    for title, module in NAMESPACES.items():
        lines += section(title, *groups(module))
    for title, ours in NAMESAKES.items():
        lines += namesakes(title, ours)
    lines += accuracy()
    lines += ["## Called as bp.ops", "", f"Not handed over by NumPy: {len(by_name())}", *wrapped(by_name()), ""]
    lines += ["## Without an op", ""]
    missing = {name for module in NAMESPACES.values() for name in groups(module)[2]}
    for refusal in REFUSALS:
        names = sorted(missing & set(refusal.names.split()))
        lines += [f"Because {refusal.why} ({refusal.instead}):", *wrapped(names), ""]
    return "\n".join(lines[:-1]) + "\n"


def named_as(title: str, ours: ModuleType) -> tuple[list[str], list[str], list[str]]:
    """The functions of a module of SciPy's, the classes that have a namesake, and the functions that have none."""
    theirs = importlib.import_module(title)
    functions = sorted({name for name in theirs.__all__ if inspect.isroutine(getattr(theirs, name))})
    classes = sorted(name for name in theirs.__all__ if inspect.isclass(vars(ours).get(name)))
    return functions, classes, [name for name in functions if isinstance(getattr(ours, name), PlainOnly)]


def namesakes(title: str, ours: ModuleType) -> list[str]:
    """What `backprop.scipy` has of a module of SciPy's, and what it leaves to SciPy, for plain values."""
    functions, classes, plain = named_as(title, ours)
    package, _, last = title.rpartition(".")
    return [
        *(f"## {title}", "", f"`from backprop.{package} import {last}`"),
        *("", f"Of {len(functions)} functions, differentiable: {len(functions) - len(plain)}"),
        *(*wrapped([name for name in functions if name not in plain]), ""),
        *((f"Classes: {len(classes)}", *wrapped(classes), "") if classes else ()),
        *(f"SciPy's own, for values that are not traced: {len(plain)}", *wrapped(plain), ""),
    ]


def accuracy() -> Iterator[str]:
    """How exact derivatives are, measured by tests/ops/tails."""
    yield "## Accuracy"
    yield ""
    yield "The largest error in units in the last place, over a logarithmic grid of float64 on both sides of 0, beside"
    yield "zeros and poles, and up to where a function overflows; mpmath says what is true. Where the value, which is"
    yield "SciPy's or NumPy's, has lost digits, derivatives made of it have lost them too. `inf` stands where a finite"
    yield "number came out as NaN or infinite."
    yield ""
    yield "| function | value | first derivative | second derivative |"
    yield "| --- | --- | --- | --- |"
    for tail in TAILS:
        yield f"| {tail.name} | {' | '.join(map(shown, errors(tail)))} |"
    yield ""


def by_name() -> list[str]:
    """The names of `bp.ops` that no function which NumPy hands over has."""
    reached = {name for module in (*NAMESPACES.values(), np.lib.stride_tricks) for name in dir(module)}
    return [name for name in ops.__all__ if name not in reached]


def section(title: str, differentiable: list[str], constant: list[str], missing: list[str]) -> list[str]:
    total = len(differentiable) + len(constant) + len(missing)
    lines = [f"## {title}", "", f"Of {total}, differentiable: {len(differentiable)}", *wrapped(differentiable), ""]
    if constant:
        lines += [f"Constant, with a derivative of zero or none: {len(constant)}", *wrapped(constant), ""]
    if missing:
        lines += [f"Without an op: {len(missing)}, see below", ""]
    return lines


def wrapped(names: list[str]) -> Iterator[str]:
    line = "   "
    for name in names:
        if len(line) + len(name) > 100:
            yield line
            line = "   "
        line += f" {name}"
    yield line


def versions() -> str:
    return f"NumPy {minor(np.__version__)} and SciPy {minor(scipy.__version__)}"


def minor(version: str) -> str:
    return ".".join(version.split(".")[:2])


def written_for_these_versions() -> bool:
    return PAGE.exists() and versions() in PAGE.read_text(encoding="utf-8")


of_these_versions = pytest.mark.skipif(not written_for_these_versions(), reason="of other versions")


@of_these_versions
def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()


# Each name that is not NumPy's own has an example, on a page whose examples tests/test_pages.py runs.

EXAMPLES = PAGE.with_name("namesakes.md")


def without_example(text: str) -> list[str]:
    """The names of namesakes and of `bp.ops` that no line of code of a page uses, as in "linalg.det"."""
    code = " ".join(re.findall(r"```python\n(.*?)```", text, re.DOTALL))
    used = set(re.findall(r"\b(?:bp\.)?(\w+\.\w+)", code))
    wanted = [f"ops.{name}" for name in by_name()]
    for title, ours in NAMESAKES.items():
        package = "sparse_linalg" if ours is sparse_linalg else title.rpartition(".")[2]
        functions, classes, plain = named_as(title, ours)
        wanted += [f"{package}.{name}" for name in (*functions, *classes) if name not in plain]
    wanted += [f"stats.{name}" for name, value in vars(stats).items() if isinstance(value, Plain)]
    return [name for name in wanted if name not in used]


def test_each_namesake_and_each_op_by_name_has_an_example() -> None:
    text = EXAMPLES.read_text(encoding="utf-8")
    assert without_example(text) == []
    assert without_example(text.replace("linalg.det(A)", "0.0")) == ["linalg.det"]
    assert without_example(text.replace("bp.ops.relu", "np.abs")) == ["ops.relu"]


# What it says is so.


@of_these_versions
def test_each_function_has_an_op_or_is_declared_unsupported() -> None:
    functions = {f: name for module in NAMESPACES.values() for f, name in public(module).items()}
    assert not [name for f, name in functions.items() if not has_op(f) and f.__name__ not in UNSUPPORTED]
    assert not [name for f, name in functions.items() if has_op(f) and f.__name__ in UNSUPPORTED]
    assert not set(UNSUPPORTED) - {f.__name__ for f in functions}
    assert not set(CONSTANT) - {f.__name__ for f in (*UFUNCS, *FUNCTIONS)}


def tried() -> set[str]:
    """The names of the functions whose derivatives the cases check: of ops, functions, and "name-variant"."""
    names = {case.name.partition("-")[0] for case in CASES}
    for case in CASES:
        f = case.f
        while isinstance(f, partial | OfList):
            f = f.func if isinstance(f, partial) else f.f
        names |= {getattr(f, "name", ""), getattr(f, "__name__", "")}
    return names


def name_of(op: Callable[..., Any]) -> str:
    return op.name if isinstance(op, Op) else op.__name__


def test_each_differentiable_function_is_tried() -> None:
    wanted = {op for f, op in (*UFUNCS.items(), *FUNCTIONS.items()) if f.__name__ not in CONSTANT}
    assert not {name_of(op).removeprefix("_linalg_") for op in wanted} - tried()


def without_slope(op: Op, ufunc: np.ufunc) -> bool:
    """Whether an elementwise op has no cotangents: it is tried on ones, of dtypes that the ufunc takes."""
    kinds = [kinds.partition("->")[0] for kinds in ufunc.types]
    ones = [np.ones((), kind)[()] for kind in next((k for k in kinds if set(k) == {"d"}), kinds[0])]
    with np.errstate(all="ignore"):
        answer = op.vjp(1.0, 1.0, *ones) if op.vjp else None
    return answer is None or (isinstance(answer, tuple) and all(c is None for c in answer))


@pytest.mark.parametrize("ufunc", [f for f in UFUNCS if f.__name__ not in ("matmul", "ldexp", "sign")])
def test_constant_ufuncs_are_those_without_a_slope(ufunc: np.ufunc) -> None:
    op = UFUNCS[ufunc]
    assert not isinstance(op, Op) or without_slope(op, ufunc) == (ufunc.__name__ in CONSTANT)


def has_signature(f: Callable[..., Any]) -> bool:
    """Whether NumPy tells the arguments of a function; of some that are written in C it does not."""
    try:
        return bool(inspect.signature(f).parameters)
    except ValueError:
        return False


@pytest.mark.parametrize(
    "function",
    [f for f in FUNCTIONS if has_signature(f) and not isinstance(FUNCTIONS[f], Op)],
    ids=lambda f: f.__name__,
)
def test_arguments_have_numpys_names_and_places(function: Callable[..., Any]) -> None:
    """What is missing (out, casting, where, like, device ...) gives a TypeError; nothing else is called so."""
    theirs = inspect.signature(function).parameters
    ours = inspect.signature(FUNCTIONS[function]).parameters
    positional = [p.name for p in ours.values() if p.kind in (p.POSITIONAL_OR_KEYWORD, p.POSITIONAL_ONLY)]
    for place, (name, p) in enumerate(theirs.items()):
        if name in positional and p.kind is not p.KEYWORD_ONLY:
            assert positional.index(name) == place
        optional = p.default is not p.empty and not (name == "shape" and "newshape" in theirs)  # its name before 2.1
        if name in ours and optional:
            assert ours[name].default is not p.empty


# Look-up.


def test_a_function_without_an_op_says_why_or_what_is_similar() -> None:
    with pytest.raises(
        UnknownFunctionError, match=r"numpy\.trim_zeros has no op: the shape or dtype .* depends on values"
    ):
        lookup_function(np.trim_zeros)
    with pytest.raises(UnknownFunctionError, match=r"special\.airye has no op: .* those of its parts\n.*special\.airy"):
        lookup_function(scipy.special.airye)
    with pytest.raises(UnknownFunctionError, match=r"its namesake is backprop\.ops\.expm"):
        lookup_function(scipy.linalg.expm)


@pytest.mark.parametrize("name", [name for name in groups(scipy.special)[2] if name in UNSUPPORTED])
def test_a_refused_ufunc_says_what_to_write(name: str) -> None:
    """The last line of its error is advice that names a function of ours, of SciPy's or of NumPy's.

    Ufuncs that only older versions of SciPy have get advice that holds for all functions.
    """
    ufunc = getattr(scipy.special, name)
    with pytest.raises(UnknownFunctionError, match=r"has no op: .+\n.*test_coverage\.py.*\n.*(backprop\.op|special\.)"):
        bp.evaluate(lambda x: ufunc(*[x] * ufunc.nin))(0.5)


ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "astype": (np.float32,),
    "choose": ([np.zeros((2, 3)), np.ones((2, 3))],),
    "clip": (-0.5, 0.5),
    "compress": ([True, False], 0),
    "dot": (np.ones(3),),
    "item": (1, 2),
    "repeat": (2,),
    "reshape": (3, 2),
    "searchsorted": (0.5,),
    "swapaxes": (0, 1),
    "take": ([0, 1],),
    "argpartition": (1,),
}


@pytest.mark.parametrize("name", sorted(METHODS))
def test_methods_are_those_of_arrays(name: str) -> None:
    x = np.random.default_rng(0).normal(size=(2, 3))
    x = {"choose": x > 0, "searchsorted": np.sort(x[0])}.get(name, x)
    x = x.astype(int) if name == "choose" else x
    if name in ("fill", "partition", "put", "resize", "sort"):
        with pytest.raises(AssignmentError, match=f"its method {name}"):
            METHODS[name](TapeVar(x), 1)
        return
    arguments = ARGUMENTS.get(name, ())
    found = METHODS[name](TapeVar(x), *arguments)
    expected = getattr(x, name)(*arguments) if hasattr(x, name) else getattr(np, name)(x, *arguments)
    np.testing.assert_allclose(value_tree(found), flat(expected))


def test_the_names_are_those_of_the_families_each_once() -> None:
    """A family's `__all__` reaches `bp.ops` through the star imports of its room, and takes no other family's name."""
    listed = [module for module in map(importlib.import_module, modules()) if not hasattr(module, "__path__")]
    assert sorted(name for module in listed for name in getattr(module, "__all__", ())) == ops.__all__
    assert not [
        f"{m.__name__}.{n}" for m in listed for n in getattr(m, "__all__", ()) if getattr(ops, n) is not vars(m)[n]
    ]


def test_names_are_no_modules() -> None:
    """`from backprop.ops import index` gives the module, as nothing of its name is exported."""
    stems = {path.stem for path in Path(ops.__file__).parent.rglob("*.py")}
    assert not stems & set(ops.__all__)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
