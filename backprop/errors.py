"""Every exception that `backprop` raises on purpose.

Each one says what was wrong, where (the user's line, or the path of an argument), and what to write instead, and
each is also the builtin that a user of NumPy would expect to catch:

    BackpropError
      GraphError
        ShapeError             ValueError           operands whose shapes do not fit an op
        GraphTypeError         TypeError            a value or dtype that an op does not take
        OutOfRangeError        IndexError           an index that is not there, or of no kind of index
        AxisRangeError         ValueError           an axis that is not there; also an IndexError
        UnknownFunctionError   TypeError            a NumPy or SciPy function without an op
        UnknownAttributeError  AttributeError       an attribute or a method that a Var has not
        NoLengthError          TypeError            len of a traced number; also an AttributeError
        TracedConversionError  TypeError            float(v), math.sin(v), np.array([v, v])
        AssignmentError        TypeError            v[0] = 1
        MutationError          ValueError           a write to an array that an open trace has taken in
        StaleCaptureError      RuntimeError         a compiled function whose captures have changed, or that draws
        EscapedVarError        RuntimeError         a Var used outside the trace that made it
        VerifyError            AssertionError       an ill-formed graph: a bug of ours, never of the user
        CannotTravelError      TypeError            an op, a type or a value that has no form outside of its process
      DifferentiationError
        NonScalarOutputError   TypeError            grad of a function that returns no real scalar
        IntegerInputError      TypeError            a derivative with respect to an integer or a string
        ArgumentError          TypeError            argnums that name no argument
        NotDifferentiableError NotImplementedError  an op without a derivative, on the way to the result
        BadCotangentError      ValueError           a vjp rule whose answer does not fit its input
      PlanError                ValueError           a plan that does not fit its values or is ill-formed
      MemoryLimitError         MemoryError          a computation that cannot stay below a bound on its memory
      ReportError              ValueError           a question that a report cannot answer
      NotFiniteError           FloatingPointError   the first NaN or infinity of a computation that was to have none
      ClusterError             RuntimeError         a cluster that cannot run a plan
        NoWorkersError         TimeoutError         no worker came in time
        WorkerLostError        ConnectionError      an op in which workers end
          SchedulerLostError   ConnectionError      a scheduler that is gone
        UnlikeWorkersError     RuntimeError         workers that would give other bits than each other
      DataError
        MissingDataError       FileNotFoundError    a data file that is not there
        DamagedDataError       ValueError           a data file that is truncated or of another format
        WireError              ValueError           a message that is damaged, hostile, or no graph and no values
          WireLimitError       ValueError           a message that is too large, or asks for too much
      ServiceError
        ServiceUnavailableError ConnectionError     a service that does not answer, or is about to stop
        UnauthorizedError      PermissionError      a token that is missing or wrong
        UnknownRunError        LookupError          a run, a program or an answer that the service does not have
        KeyReusedError         ValueError           a key of a run, with another content than at first
        BusyError              RuntimeError         more submissions than the service takes of one client
        DeadlineError          TimeoutError         a run that had not ended at its deadline
        StoppedError           RuntimeError         a run that was cancelled
        RemoteError            RuntimeError         an exception of a class that is not known here

An exception that a user's own code raises inside a task is never wrapped: it arrives as itself, with a note
(PEP 678) that names the op and the user's line.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import NamedTuple


class Source(NamedTuple):
    """A line of the user's code, and whether what stands there is done, or the derivative of it."""

    file: str
    line: int
    function: str
    derivative: bool = False

    def __str__(self) -> str:
        return f"{self.file}:{self.line} in {self.function}"

    @classmethod
    def of(cls, f: Callable[..., object]) -> Source | None:
        """The line that a function starts at, or None where it is not written in Python."""
        code = getattr(inspect.unwrap(f), "__code__", None)
        return code and cls(code.co_filename, code.co_firstlineno, code.co_name)


class BackpropError(Exception):
    """Base of all errors of this package.

    Arguments:
        what: what was wrong, a sentence.
        where: the line, or the path of the argument, it was found at.
        fix: what to write instead.
    """

    def __init__(self, what: str, where: Source | str | None = None, fix: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.fix = fix

    def __str__(self) -> str:
        lines = [self.what]
        if self.where is not None:
            lines.append(f"  at {self.where}")
        if self.fix:
            lines.append(f"  {self.fix}")
        return "\n".join(lines)

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.what, self.where, self.fix), {"__notes__": list(getattr(self, "__notes__", []))}


class GraphError(BackpropError):
    """A graph could not be made."""


class ShapeError(GraphError, ValueError):
    """Operands whose shapes do not fit an op."""


class GraphTypeError(GraphError, TypeError):
    """A value or dtype that an op does not take."""


class OutOfRangeError(GraphError, IndexError):
    """An index that is not there, or that is of no kind of index."""


class AxisRangeError(GraphError, ValueError, IndexError):
    """An axis that is not there; both a ValueError and an IndexError, as NumPy's own."""


class UnknownAttributeError(GraphError, AttributeError):
    """An attribute or a method that a Var has not."""


class NoLengthError(GraphTypeError, UnknownAttributeError):
    """`len` of a traced number; both a TypeError, for `len`, and an AttributeError, for `hasattr(v, "__len__")`."""


class UnknownFunctionError(GraphError, TypeError):
    """A NumPy or SciPy function without an op."""


class TracedConversionError(GraphError, TypeError):
    """A Var where Python or NumPy wants a plain number or array."""


class AssignmentError(GraphError, TypeError):
    """Assignment to an item of a Var."""


class MutationError(GraphError, ValueError):
    """A write to an array that an open trace has taken in."""


class StaleCaptureError(GraphError, RuntimeError):
    """A compiled function that captured what has changed since, or that draws random numbers; `check=True` finds it."""


class EscapedVarError(GraphError, RuntimeError):
    """A Var used outside the trace that made it."""


class VerifyError(GraphError, AssertionError):
    """An ill-formed graph: a bug of this package."""


class CannotTravelError(GraphError, TypeError):
    """An op, a type or a value that has no form outside of its process but a pickle."""


class DifferentiationError(BackpropError):
    """A gradient could not be made."""


class NonScalarOutputError(DifferentiationError, TypeError):
    """`grad` of a function that does not return a real scalar."""


class IntegerInputError(DifferentiationError, TypeError):
    """A derivative with respect to something that has none, such as an integer."""


class ArgumentError(DifferentiationError, TypeError):
    """`argnums` that name no argument of the call."""


class NotDifferentiableError(DifferentiationError, NotImplementedError):
    """An op without a derivative, on the way from the input to the result."""


class BadCotangentError(DifferentiationError, ValueError):
    """A vjp rule whose answer does not fit its input."""


class PlanError(BackpropError, ValueError):
    """A plan that is ill-formed, or values that do not fit it."""


class MemoryLimitError(BackpropError, MemoryError):
    """A computation that cannot stay below the bound that the user set on its memory."""


class ReportError(BackpropError, ValueError):
    """A question that a report cannot answer, such as one about a line that its plan does not have."""


class NotFiniteError(BackpropError, FloatingPointError):
    """The first NaN or infinity of a computation that was to have none."""


class ClusterError(BackpropError, RuntimeError):
    """A cluster that cannot run a plan."""


class NoWorkersError(ClusterError, TimeoutError):
    """A cluster that no worker has joined in time."""


class WorkerLostError(ClusterError, ConnectionError):
    """An op in which one worker after the other has ended."""


class SchedulerLostError(WorkerLostError):
    """A scheduler that was lost, and has not come back in time."""


class UnlikeWorkersError(ClusterError):
    """Workers that would give other bits than each other."""


class DataError(BackpropError):
    """Data that cannot be read."""


class MissingDataError(DataError, FileNotFoundError):
    """A data file that is not there."""


class DamagedDataError(DataError, ValueError):
    """A data file that is truncated or of another format."""


class WireError(DataError, ValueError):
    """A message that is damaged, hostile, or no graph and no values."""


class WireLimitError(WireError):
    """A message that is too large, or asks for too much."""


class ServiceError(BackpropError):
    """A service that did not do what it was asked for."""


class ServiceUnavailableError(ServiceError, ConnectionError):
    """A service that does not answer, or is about to stop."""


class UnauthorizedError(ServiceError, PermissionError):
    """A token that is missing or wrong."""


class UnknownRunError(ServiceError, LookupError):
    """A run, a program or an answer that the service does not have."""


class KeyReusedError(ServiceError, ValueError):
    """A key that names a run already, and comes with another content."""


class BusyError(ServiceError, RuntimeError):
    """More submissions than the service takes of one client."""


class DeadlineError(ServiceError, TimeoutError):
    """A run that had not ended at its deadline."""


class StoppedError(ServiceError, RuntimeError):
    """A run that was cancelled."""


class RemoteError(ServiceError, RuntimeError):
    """An exception of a class that is not known here."""


class LongLoopWarning(UserWarning):
    """A loop of Python that makes so many nodes that tracing and planning them is what takes time."""
