"""connect: a service as an executor, and futures of what was submitted to it."""

from __future__ import annotations

import asyncio
import functools
import threading
import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from concurrent.futures import Future, InvalidStateError, ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from rich.console import Console
from rich.progress import Progress

from ..errors import StoppedError
from ..scheduler.planning.plan import Plan
from ..service.client import PATIENCE, Service, Tls, new_key
from .compiling.compiled import Compiled
from .preparing.courses import plan_of
from .sending import Sending
from .verbs.call import called
from .verbs.evaluate import Function, as_function

R = TypeVar("R")

BETWEEN = 0.02
"""Seconds between two tries to cancel what is on its way."""

OPEN = 32
"""The runs of one connection that are under way at once; the others wait here, and so press on nobody."""

SMALL_SECONDS, SMALL_BYTES = 1e-3, 1 << 16
"""Predicted work and bytes of arguments of a run that shares a request."""

PLAIN = {"priority": 0, "deadline": None, "attempts": 1}


class ServiceFuture(Future[R], Generic[R]):
    """What a submission will give: a future of `concurrent.futures`, which can be awaited as well.

    Attributes:
        key: names the run at the service; submitted again under it, it does not run twice.
    """

    def __init__(self, key: str, stop: Callable[[str], object]) -> None:
        super().__init__()
        self.key = key
        self._stop = stop
        self._once = threading.RLock()  # what a user added to be called may cancel it again

    def cancel(self) -> bool:
        """Cancel the run, whether it waits or runs; false where it has ended already."""
        stopped = self.settle_cancelled()
        if stopped:
            self._stop(self.key)
        return stopped or self.cancelled()

    def settle_cancelled(self) -> bool:
        """End it as cancelled; whether it had not ended."""
        with self._once:
            if self.done():
                return False
            super().cancel()
            return not self.set_running_or_notify_cancel()

    def __await__(self) -> Generator[Any, None, R]:
        return asyncio.wrap_future(self).__await__()


class Connection(Service):
    """A service as an executor, to be used like any other, and to submit functions to.

    Arguments, errors: as of `backprop.connect`.

    Example:
        >>> with bp.connect("http://127.0.0.1:7654") as service:
        ...     future = service.submit(bp.grad(lambda x: x * x), 3.0)
        ...     future.result()
        6.0
    """

    words = ("https://HOST:PORT", "http://HOST:PORT")

    @classmethod
    def arguments_for(cls, where: object) -> Mapping[str, Any] | None:
        """See AbstractExecutor; a service that asks for a token or has a certificate of its own takes `connect`."""
        return {"url": where} if isinstance(where, str) and where.startswith(("https://", "http://")) else None

    def __init__(self, url: str, token: str | None = None, tls: Tls = None, patience: float = PATIENCE) -> None:
        super().__init__(url, token, tls, patience)
        self._pool = ThreadPoolExecutor(OPEN, thread_name_prefix="backprop-service")
        self._stopping = ThreadPoolExecutor(2, thread_name_prefix="backprop-cancel")
        self._under_way: set[str] = set()
        self._sending = Sending(self._ask_together, self._ask_alone)

    def submit(
        self,
        f: Function,
        /,
        *args: Any,
        priority: int = 0,
        deadline: float | None = None,
        key: str | None = None,
        attempts: int = 1,
    ) -> ServiceFuture[Any]:
        """Run a function on the service.

        Arguments:
            f: any function, such as `backprop.value_and_grad(loss)`; it is traced here, and its graph travels. One that
                was compiled is traced once.
            args: its arguments.
            priority: a larger one comes first, among the client's own.
            deadline: seconds from now, after which the run is of no use.
            key: names the run; submitted again under the same key, it does not run twice.
            attempts: how often it may be tried, where it raises.
        Returns:
            a future of f(*args).
        Errors:
            CannotTravelError: from the future, an op of the user's own that is not registered with the service.
            DeadlineError, StoppedError: from the future.
        """
        future: ServiceFuture[Any] = ServiceFuture(key or new_key(), self.cancel_run)
        options = {"priority": priority, "deadline": deadline, "attempts": attempts}
        if isinstance(f, Compiled) and type(f) is Compiled:  # one that checks its captures does so where it is traced
            rest = f.rest(args, self)
            submitted = Submitted(future, plan_of(self, rest.path.graph), rest.inputs, rest.value, options)
        else:
            call = called(as_function(f), args, {}, self)
            plan, inputs = plan_of(self, call.plain), call.traced.inputs
            submitted = Submitted(future, plan, inputs, lambda r: call.value(call.hand_out(r)), options)
        if submitted.is_small:
            self._sending.send(submitted)
        else:
            self._ask_alone(submitted)
        return future

    def map(self, f: Function, /, *args: Iterable[Any]) -> list[ServiceFuture[Any]]:
        """A future for each item of some sequences of arguments, as `submit` gives them."""
        return [self.submit(f, *items) for items in zip(*args, strict=True)]

    def gather(self, futures: Sequence[Future[R]], title: str = "runs") -> list[R]:
        """The results of futures, in their order, with a progress bar meanwhile where stderr is a terminal.

        Arguments:
            futures: of this connection, or any others of `concurrent.futures`.
            title: stands beside the bar.
        Errors:
            what the first of them that failed raised.
        """
        console = Console(stderr=True)
        if console.is_terminal:
            with Progress(console=console) as bar:
                shown = bar.add_task(title, total=len(futures))
                for _ in as_completed(futures):
                    bar.advance(shown)
        return [future.result() for future in futures]

    def cancel_run(self, key: str) -> None:
        """Cancel a run, without waiting for the service to say so."""
        self._stopping.submit(self._cancel_run, key)

    def _cancel_run(self, key: str) -> None:
        while not self.cancel(key) and (key in self._under_way or key in self._sending):
            time.sleep(BETWEEN)  # the submission is on its way, and has been overtaken

    def close(self) -> None:
        """Wait for what was submitted, and let go of the connections."""
        self._sending.close()
        self._pool.shutdown(wait=True)
        self._stopping.shutdown(wait=True)
        super().close()

    def _ask_together(
        self, new: Sequence[Submitted], late: Sequence[str], wait: float
    ) -> Mapping[str, tuple[Any, ...] | None]:
        asked = [(each.key, each.plan, each.inputs) for each in new]
        return self.ask_many(asked, late, wait)

    def _ask_alone(self, each: Submitted) -> None:
        self._under_way.add(each.key)
        self._pool.submit(self._resolve, each)

    def _resolve(self, each: Submitted) -> None:
        future = each.future
        try:
            if not future.done():
                each.settle(self.ask(future.key, each.plan, each.inputs, each.options))
        except StoppedError:
            future.settle_cancelled()
        except BaseException as error:
            settle(functools.partial(future.set_exception, error))
        finally:
            self._under_way.discard(future.key)


@dataclass(frozen=True, slots=True, eq=False)
class Submitted:
    """What was submitted.

    Arguments:
        future: of its value.
        plan: what runs.
        inputs: values of its inputs.
        value: puts the function's value together from its results.
        options: priority, deadline and attempts.
    """

    future: ServiceFuture[Any]
    plan: Plan
    inputs: Sequence[Any]
    value: Callable[[Sequence[Any]], Any]
    options: dict[str, Any]

    @property
    def key(self) -> str:
        """Names it."""
        return self.future.key

    @property
    def is_over(self) -> bool:
        """Whether it was cancelled, or has its value."""
        return self.future.done()

    @property
    def is_small(self) -> bool:
        """Whether it may share a request with others: it takes little time and few bytes, and asks for nothing."""
        if self.plan.work > SMALL_SECONDS or self.options != PLAIN:
            return False
        return sum([getattr(value, "nbytes", 8) for value in self.inputs]) <= SMALL_BYTES

    def settle(self, results: Sequence[Any]) -> None:
        """Give the future its value."""
        settle(functools.partial(self.future.set_result, self.value(results)))


def settle(action: Callable[[], None]) -> None:
    """Give a future its result or its exception, unless it was cancelled in the meantime."""
    with suppress(InvalidStateError):
        action()


def connect(url: str, token: str | None = None, tls: Tls = None, patience: float = PATIENCE) -> Connection:
    """A service as an executor: `backprop serve` starts one.

    Arguments:
        url: such as "https://host:7654".
        token: who asks, where the service wants to know.
        tls: the file of the certificate that the service has, where no authority of the system's has signed it, or a
            `ssl.SSLContext`.
        patience: seconds for which a service that does not answer is asked again.
    Returns:
        an executor, for `with backprop.use(...)` or `executor=`, with `.submit(f, *args)` and `.map(f, *sequences)`.
    Errors:
        ServiceUnavailableError: nothing answers there. UnauthorizedError: the token is missing or wrong.
    Example:
        >>> with bp.connect("http://127.0.0.1:7654") as service:
        ...     bp.grad(lambda x: x * x, executor=service)(3.0)
        6.0
    """
    return Connection(url, token, tls, patience)
