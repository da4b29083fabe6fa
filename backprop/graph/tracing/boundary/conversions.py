"""Where code wants a plain array or number of a Var: what to write instead, by what asks.

What asks is told by the call stack: the instruction at the user's line, and the library that they called there.
"""

from __future__ import annotations

import dis
import sys
import traceback
from types import FrameType, FunctionType
from typing import Any

import numpy as np

from .... import ops
from ....errors import AssignmentError, BackpropError, Source, TracedConversionError, UnknownAttributeError
from ..source_lines import is_library, user_line

STORES = ("STORE_SUBSCR", "STORE_SLICE")
READS = ("BINARY_SUBSCR", "BINARY_SLICE")
SUBSCRIPT = 26  # the argument of BINARY_OP that reads items, from Python 3.14 on
AT_SET = (
    "make the array by backprop.zeros(n) or numpy.zeros_like(x, shape=n), which can be written to, or write"
    " r = backprop.ops.at_set(r, key, value)"
)
LOST = "a traced value cannot be assigned into a plain array, which would lose its gradient"
NAMESAKES = ("linalg", "stats", "optimize", "integrate", "sparse.linalg", "signal", "ndimage", "interpolate")
"""The modules of SciPy whose functions do not dispatch, and have namesakes in `backprop.scipy`."""
SEARCHES = frozenset(["basinhopping", "brute", "differential_evolution", "direct", "dual_annealing", "shgo"])
"""Functions of scipy.optimize that search for a global minimum: no equation holds along their way."""

FIT = (
    "numpy.polynomial fits plain data: write numpy.polyfit(x, y, deg), whose coefficients start with the highest power,"
    " or numpy.linalg.lstsq(numpy.polynomial.chebyshev.chebvander(x, deg), y) for a basis of another kind"
)
PLAIN = "or take the plain array with v.value, which has no gradient"


def assignment(what: str) -> AssignmentError:
    """The error of an assignment that a graph cannot hold."""
    return AssignmentError(what, user_line(), AT_SET)


def assigned_flat(error: Exception) -> AssignmentError:
    """The error of an assignment to the elements of a plain array, from NumPy's own error."""
    line = traceback.extract_tb(error.__traceback__)[-1]
    return AssignmentError(LOST, Source(line.filename, line.lineno or 0, line.name), AT_SET)


def of_elements(error: Exception) -> BackpropError:
    """The error where a function of NumPy's takes no array of traced numbers, from NumPy's own error."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [line for line in frames if not is_library(line.filename)]
    where = Source(lines[-1].filename, lines[-1].lineno or 0, lines[-1].name) if lines else user_line()
    what = f"an array of traced numbers, made by numpy.array or numpy.asarray, has no such function: {error}"
    is_fit = any([line.name == "_fit" and "polynomial" in line.filename for line in frames])
    made = "make it by backprop.ops.array([...]), which is one traced array"
    return TracedConversionError(what, where, FIT if is_fit else made)


def wants_elements(dtype: Any, *unread: Any) -> bool:
    """Whether what wants an array is NumPy alone, to make one of objects.

    Where it does not say of what, it may want to make an array of what the user gave it, or to write or read: there
    numbers are wanted.

    Arguments:
        dtype: that it says; None where it says none.
        unread: what else it says.
    """
    if dtype is not None and np.dtype(dtype).kind != "O":
        return False
    asks = frame = sys._getframe(2)
    while is_library(frame.f_code.co_filename) and frame.f_back is not None:
        if str(frame.f_globals.get("__name__", "")).partition(".")[0] != "numpy":
            return False
        if frame.f_code.co_name == "require":
            return False  # it would copy what cannot be written to, and the copy could be written to
        frame = frame.f_back
    if dtype is not None:
        return True  # for an array of objects, which is made, or written to
    return instruction(frame) not in STORES and (frame is not asks or instruction(frame) not in READS)


def no_array(var: str) -> BackpropError:
    """The error where something wants a plain array of a Var.

    Arguments:
        var: the Var as a text.
    """
    user, called = _callers()
    if called is None and instruction(user) in STORES:
        return assignment(LOST)
    what = f"{var} cannot become a plain array, which would lose its gradient"
    return TracedConversionError(what, user_line(), _instead(user, called))


def no_number(var: str) -> BackpropError:
    """The error where something wants a plain number of a Var.

    Arguments:
        var: the Var as a text.
    """
    user, called = _callers()
    if called is None and instruction(user) in STORES:
        return assignment(LOST)
    what = f"float() of {var} would lose its gradient"
    if called is not None and namesakes(_module(called)) is not None:
        return TracedConversionError(what, user_line(), _instead(user, called))
    return TracedConversionError(
        what,
        user_line(),
        "use numpy's functions instead of math's (numpy.sin for math.sin), leave the conversion out, or take the plain"
        " number with v.value",
    )


def no_attribute(var: str, name: str, of_arrays: bool) -> UnknownAttributeError:
    """The error where a Var has no attribute or method of a name.

    Arguments:
        var: the Var as a text.
        name: the attribute.
        of_arrays: whether plain arrays have it.
    """
    user, called = _callers()
    fix = "v.value is the plain array" if of_arrays else "see dir(v) for what a traced value has"
    return UnknownAttributeError(
        f"{var} has no attribute {name!r}", user_line(), fix if called is None else _instead(user, called)
    )


def _instead(user: FrameType, called: FrameType | None) -> str:
    if called is None:
        if instruction(user) in READS:
            return f"write numpy.take(a, v, axis=0) for a[v] of a plain array and integers, {PLAIN}"
        made = "write backprop.ops.array([...]) or numpy.stack for numpy.array([...])"
        return f"{made}, v.astype(float) for numpy.asarray(v, dtype=float), {PLAIN}"
    module, name = _function(user, called)
    library = module.partition(".")[0]
    if library == "pandas":
        return f"pandas holds no traced values: compute with arrays, as those of frame[column].to_numpy(), {PLAIN}"
    namesake = namesakes(module)
    if namesake is not None and name in SEARCHES:
        return (
            f"{name} searches among plain values: let it minimise a plain function, of v.value, and start minimize of"
            " `from backprop.scipy import optimize` where it ended, which has the derivatives of the minimum"
        )
    if namesake is not None:
        package, last = namesake
        return f"{library} takes no traced values in {name}: take that of `from {package} import {last}`, {PLAIN}"
    if module.startswith("scipy.sparse"):
        return (
            f"{library} takes no traced values in {name}: pass the sparse matrix as an argument of the traced function,"
            f" and solve with `from backprop.scipy.sparse import linalg`, {PLAIN}"
        )
    if is_op(name):
        return f"write backprop.ops.{name} for that of {library}, {PLAIN}"
    return f"{library} takes no traced values in {name}: write it with functions of numpy, make an op of it, {PLAIN}"


def namesakes(module: str) -> tuple[str, str] | None:
    """Where the namesakes of a module of SciPy's stand: the package, and the module to import of it; None for none."""
    for name in NAMESAKES:
        if module == f"scipy.{name}" or module.startswith(f"scipy.{name}."):
            package, _, last = f"backprop.scipy.{name}".rpartition(".")
            return package, last
    return None


def _function(user: FrameType, called: FrameType) -> tuple[str, str]:
    """The module and the name of the function that the user called.

    Functions of libraries stand behind decorators: the first one is taken that has a namesake in
    backprop.scipy, one in backprop.ops, or no underscore.
    """
    frames = []
    frame: FrameType | None = called
    while frame is not None and frame is not user:
        frames.append(frame)
        frame = frame.f_back
    named = [_wrapped(frame) or (_module(frame), _name(frame)) for frame in reversed(frames)]
    known = [pair for pair in named if is_op(pair[1])]
    public = [pair for pair in named if not pair[1].startswith("_") and "<" not in pair[1]]
    theirs = [pair for pair in public if namesakes(pair[0]) is not None]
    return (theirs or known or public or named)[0]


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", ""))


def _wrapped(frame: FrameType) -> tuple[str, str] | None:
    """The module and the name of a function of SciPy's that one of its decorators is about to call; None for others."""
    if not _module(frame).startswith("scipy._lib"):
        return None
    held = [value for value in frame.f_locals.values() if isinstance(value, FunctionType)]
    return next(((f.__module__, f.__name__) for f in held if namesakes(f.__module__) is not None), None)


def _name(frame: FrameType) -> str:
    """The name of the function of a frame; of an initialiser that of the class."""
    if frame.f_code.co_name == "__init__" and "self" in frame.f_locals:
        return type(frame.f_locals["self"]).__name__
    return frame.f_code.co_qualname


def _callers() -> tuple[FrameType, FrameType | None]:
    """The user's frame, and the innermost one of a library that they called; None where they asked themselves."""
    frame: FrameType | None = sys._getframe(2)
    called = None
    while frame is not None and is_library(frame.f_code.co_filename):
        package = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if package != __name__.partition(".")[0] and called is None:
            called = frame
        frame = frame.f_back
    return frame or sys._getframe(2), called


def is_op(name: str) -> bool:
    """Whether backprop.ops has a function of a name."""
    return callable(getattr(ops, name, None))


def instruction(frame: FrameType) -> str:
    """The name of the instruction that a frame is at."""
    code, at = frame.f_code.co_code, frame.f_lasti
    name = dis.opname[code[at]]
    return READS[0] if name == "BINARY_OP" and code[at + 1] == SUBSCRIPT else name
