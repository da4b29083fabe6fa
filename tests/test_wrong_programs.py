"""Random programs, most of them wrong: each gives NumPy's value, or an error of ours that names the user's line.

Shapes, dtypes, axes, indices and options are drawn from small ranges that reach beyond what is right. `deep` tries
2,000 programs; the counts are printed (`pytest -s`).
"""

from __future__ import annotations

import signal
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

import numpy as np
from hypothesis import event, given
from hypothesis import strategies as st

import backprop as bp
from backprop.errors import BackpropError, Source
from tests.ops.values.outcome import Leaf, difference, leaves, outcome

SECONDS = 60
"""After which a program counts as stuck."""

Program = Callable[[Any], Any]

SHAPES = ((), (0,), (1,), (3,), (4,), (2, 3), (3, 3), (1, 3), (0, 3), (2, 3, 3))
DTYPES = ("bool", "int64", "uint8", "float32", "float64", "complex128")
BINARY = (
    np.add,
    np.subtract,
    np.multiply,
    np.divide,
    np.power,
    np.maximum,
    np.arctan2,
    np.hypot,
    np.fmod,
    np.logaddexp,
)
COMPARED = (np.less, np.equal, np.logical_and, np.bitwise_and)
PRODUCTS = (np.matmul, np.dot, np.inner, np.outer, np.vdot, np.kron, np.cross, np.convolve, np.polyval, np.vecdot)
REDUCTIONS = (np.sum, np.prod, np.mean, np.max, np.min, np.ptp, np.all, np.any, np.median, np.nansum, np.nanmean)
RUNNING = (np.cumsum, np.cumprod, np.sort, np.argsort, np.argmax, np.flip, np.count_nonzero, np.diff)
UNARY = (np.sin, np.sqrt, np.log, np.floor, np.sign, np.negative, np.isnan, np.real, np.transpose, np.ravel)

axes = st.one_of(
    st.none(),
    st.integers(-4, 4),
    st.integers(-4, 4),
    st.tuples(st.integers(-3, 3), st.integers(-3, 3)),
    st.sampled_from([1.5, "0", (0,), ()]),
)
operands = st.builds(
    lambda shape, dtype: (1 + np.arange(np.prod(shape, dtype=int)) % 5).reshape(shape).astype(dtype),
    st.sampled_from(SHAPES),
    st.sampled_from(DTYPES),
)
others = st.one_of(
    operands, operands, st.sampled_from([2, 1.5, 1j, True, None, "a", {}, [1, 2, 3], (1.0, 2.0, 3.0, 4.0), set()])
)
indices = st.recursive(
    st.one_of(
        st.integers(-5, 5),
        st.slices(4),
        st.sampled_from([None, Ellipsis, 1.5, "a", [0, 1], [], [7], [0.5], np.array([0, -1]), np.array([[1], [0]])]),
        st.sampled_from([np.array([True, False, True]), np.array([True] * 4), range(2)]),
    ),
    lambda part: st.tuples(part, part),
    max_leaves=3,
)
shapes = st.one_of(
    st.integers(-2, 9), st.lists(st.integers(-2, 4), max_size=3).map(tuple), st.sampled_from([2.5, "a", None])
)
counts = st.one_of(st.integers(-2, 5), st.sampled_from([1.5, "a", [1, 2], [0, 9]]))
texts = st.sampled_from(["ij,jk", "ii", "i,i", "ij", "ijk", "...i", "i,j", "ij->k", "a?", "ij->ji", "i->ii"])


Programs: TypeAlias = st.SearchStrategy[Program]


def applied(
    functions: tuple[Any, ...], *arguments: st.SearchStrategy[Any], **params: Any
) -> st.SearchStrategy[Program]:
    """Programs that call one of some functions with the operand and with what is drawn."""

    def program(f: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Program:
        return lambda x: f(x, *args, **kwargs)

    return st.builds(
        program, st.sampled_from(functions), st.tuples(*arguments), st.fixed_dictionaries({}, optional=params)
    )


def by_operator(other: Any, at: int) -> Program:
    operators: list[Program] = [
        lambda x: x + other,
        lambda x: other - x,
        lambda x: x * other,
        lambda x: x @ other,
        lambda x: x / other,
        lambda x: x**other,
        lambda x: x < other,
        lambda x: x // other,
        lambda x: x & other,
    ]
    return operators[at]


def assigned(key: Any, other: Any) -> Program:
    def program(x: Any) -> Any:
        y = x * 1
        y[key] = other
        return y

    return program


def lists_of(f: Any, params: dict[str, Any], other: Any) -> Program:
    return lambda x: f([x, other], **params)


NORMS = st.sampled_from([None, 1, 2, np.inf, "fro", "nuc", "what", 0, 3])
LONE = st.sampled_from(
    [
        lambda x: np.array([x, x]),
        lambda x: x.item(),
        lambda x: x.what,
        lambda x: x.tolist(),
        lambda x: np.linalg.norm(x, what=1),
        lambda x: np.nonzero(x)[0],
        lambda x: np.unique(x),
        lambda x: np.add.reduceat(x, [0]),
        lambda x: np.sin(x, out=np.zeros(3)),
        lambda x: x.sum(what=1),
        lambda x: len(x),
        lambda x: np.zeros(3)[x],
        lambda x: [1, 2, 3, 4, 5, 6][x],
        lambda x: f"{x:d}",
        lambda x: float(x),
        lambda x: complex(x),
    ]
)
programs: Programs = st.one_of(
    applied(BINARY, others),
    applied(COMPARED, others),
    applied(PRODUCTS, operands),
    applied(REDUCTIONS, axis=axes, keepdims=st.booleans()),
    applied(RUNNING, axis=axes),
    applied(UNARY),
    applied((np.reshape, np.broadcast_to, np.resize), shapes),
    applied((np.expand_dims, np.squeeze, np.transpose, np.rollaxis), axes),
    applied((np.swapaxes, np.moveaxis, np.diagonal), axes, axes),
    applied((np.take, np.delete), counts, axis=axes),
    applied((np.repeat, np.tile, np.roll, np.pad, np.tril, np.diag, np.vander), counts),
    applied((np.split, np.array_split, np.hsplit, np.vsplit, np.dsplit), counts),
    applied((np.quantile, np.percentile), st.sampled_from([0.5, 1.5, -1, [0.1, 0.9], 50, 200]), axis=axes),
    applied((np.clip,), st.sampled_from([None, 1, -1, 2.5]), st.sampled_from([None, 3, 300, 2.5])),
    applied((np.linalg.norm,), ord=NORMS, axis=axes),
    applied((np.fft.fft, np.fft.rfft, np.fft.ifft), counts, axis=axes, norm=st.sampled_from([None, "ortho", "what"])),
    applied((np.astype,), st.sampled_from(["float32", "int64", "complex128", "what", None, "O", "f2", "U3"])),
    applied((np.full_like, np.searchsorted, np.isin, np.append, np.polymul), others),
    applied((np.linalg.det, np.linalg.inv, np.linalg.cholesky, np.linalg.eigvalsh, np.linalg.qr, np.trace)),
    st.builds(lambda text, other: lambda x: np.einsum(text, x, other), texts, operands),
    st.builds(lambda text: lambda x: np.einsum(text, x), texts),
    st.builds(lambda key: lambda x: x[key], indices),
    st.builds(lambda key: lambda x: x[key], indices),
    st.builds(assigned, indices, others),
    st.builds(by_operator, others, st.integers(0, 8)),
    st.builds(
        lists_of,
        st.sampled_from([np.concatenate, np.stack]),
        st.fixed_dictionaries({}, optional={"axis": axes}),
        operands,
    ),
    st.builds(lists_of, st.sampled_from([np.vstack, np.hstack, np.dstack, np.block]), st.just({}), operands),
    LONE,
)


class StuckError(Exception):
    """A program that did not end."""


@contextmanager
def bounded(seconds: int) -> Iterator[None]:
    def stop(*_: Any) -> None:
        raise StuckError

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def here(error: BackpropError) -> bool:
    return isinstance(error.where, Source) and error.where.file == __file__


def verdict(program: Program, x: Any) -> str:
    """What became of a program: its kind, or what is wrong with the answer."""
    numpys = outcome(program, x)
    ours: list[Leaf] | Exception
    try:
        with bounded(SECONDS), warnings.catch_warnings():  # NumPy warns of the same
            warnings.simplefilter("ignore")
            ours = list(leaves(bp.evaluate(program)(x)))
    except StuckError:
        return "WRONG: stuck"
    except BackpropError as error:
        if not here(error):
            return f"WRONG: an error without the user's line: {error!r}"
        return "refused, though right" if isinstance(numpys, list) else "an error of ours"
    except np.linalg.LinAlgError as error:
        at_run_time = any("test_wrong_programs.py" in note for note in getattr(error, "__notes__", ()))
        return "singular at run time" if at_run_time else f"WRONG: no line: {error!r}"
    except Exception as error:
        if isinstance(numpys, Exception) and not passed_on(error):
            return "refused by NumPy or Python before it was traced"
        return f"WRONG: {error!r}"
    if isinstance(numpys, Exception):
        return f"WRONG: a value, for {numpys!r}"
    differs = difference(numpys, ours)
    return f"WRONG: {differs}" if differs else "right"


def passed_on(error: BaseException) -> bool:
    """Whether an exception came through code of this package: its dispatch saw the arguments."""
    trace = error.__traceback__
    started = False
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if file == __file__ and trace.tb_frame.f_code.co_name in ("<lambda>", "program"):
            started = True
        elif started and "/backprop/" in file and "/tests/" not in file:
            return True
        trace = trace.tb_next
    return False


SEEN: Counter[str] = Counter()


@given(programs, operands)
def test_each_program_is_right_or_loud(program: Program, x: Any) -> None:
    found = verdict(program, x)
    SEEN[found] += 1
    event(found)
    assert not found.startswith("WRONG"), found


def test_counts() -> None:
    """The counts of the programs above; both kinds were met."""
    print(f"\n{SEEN.total()} random programs: {dict(SEEN)}")
    assert SEEN["right"]
    assert SEEN["an error of ours"]
