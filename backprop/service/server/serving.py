"""A service that listens: the desk, the application and uvicorn put together, and taken down in order."""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import uvicorn

from ...graph.wire.vocabulary import BUILT_IN
from ...ops.core.op import Op
from ...scheduler.executors.base import AbstractExecutor
from ..desk import Desk
from ..isolation import isolated, processes
from ..programs import Programs, unchanged
from ..protocol.calls import Model
from ..runs import Runner
from ..storage.journal import Journal
from .access import Access
from .app import Api, application
from .batches import Batches
from .metrics import Metrics
from .overview import Overview
from .requests import Waiters
from .settings import Settings
from .umbridge import Bridge


class Server(uvicorn.Server):
    """A server that tells requests that wait when it is to stop, so that each gets an answer before.

    Arguments:
        config: of uvicorn.
        waiters: the requests.
    """

    def __init__(self, config: uvicorn.Config, waiters: Waiters) -> None:
        super().__init__(config)
        self._waiters = waiters

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Answer who waits, and stop."""
        self._waiters.end()
        await super().shutdown(sockets)


BACKLOG = 2048
"""Connections that wait to be taken."""


class Serving:
    """A service.

    Arguments:
        settings: what the operator has set.
        executor: what runs programs.
        ops: of the operator's own, by name.
        models: functions of the operator's, by name.
        version: of this package.
    Errors:
        DamagedDataError: settings that are refused, or a folder that is in use.
        OSError: an address that cannot be listened at.
    """

    def __init__(
        self,
        settings: Settings,
        executor: AbstractExecutor,
        ops: Mapping[str, Op],
        models: Mapping[str, Model],
        version: str = "",
    ) -> None:
        self.settings = settings.checked()
        access = Access() if settings.token_file is None else Access.of_file(settings.token_file)
        bounds = replace(settings.bounds, weights=access.weights)
        self.socket = _listening(settings.host, settings.port)
        metrics, vocabulary = Metrics(), {**BUILT_IN, **ops}
        journal = Journal(settings.state, settings.store)
        changed = isolated if settings.isolate else unchanged
        programs = Programs(journal, executor, settings.limits, settings.work, vocabulary, models, changed)
        runner = Runner(journal, programs, executor, settings.policy)
        self.desk = Desk(journal, executor, bounds, programs, time.time, metrics.ended_run, runner)
        metrics.show(self.desk)
        api = Api(self.desk, access, metrics, _about(executor, ops, models, version))
        further = [
            *Batches(api).routes(),
            *Overview(api).routes(),
            *(Bridge(api).routes() if settings.umbridge else []),
        ]
        self.server = Server(self._config(application(api, further, self._close)), api.waiters)

    @property
    def port(self) -> int:
        """The port it listens at."""
        return int(self.socket.getsockname()[1])

    @property
    def url(self) -> str:
        """Where clients connect to."""
        scheme = "http" if self.settings.tls_cert is None else "https"
        host = f"[{self.settings.host}]" if ":" in self.settings.host else self.settings.host
        return f"{scheme}://{host}:{self.port}"

    def run(self) -> None:
        """Serve until SIGINT or SIGTERM comes, or `stop` is called; then drain."""
        self.server.run([self.socket])

    def stop(self) -> None:
        """Ask it to drain and to end; any thread may call this."""
        self.server.should_exit = True

    def _close(self) -> None:
        self.desk.drain(self.settings.drain)
        self.desk.close()
        if self.settings.isolate:
            processes().close()

    def _config(self, app: Any) -> uvicorn.Config:
        tls = (self.settings.tls_cert, self.settings.tls_key)
        files = {} if tls[0] is None else {"ssl_certfile": str(tls[0]), "ssl_keyfile": str(tls[1])}
        return uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            timeout_graceful_shutdown=5,
            **files,  # type: ignore[arg-type]
        )


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    found = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # asyncio sends at once where it is said
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((host.strip("[]"), port))
        found.listen(BACKLOG)  # whoever comes before the service has started waits
    except OSError:
        found.close()
        raise
    return found


def _about(
    executor: AbstractExecutor, ops: Mapping[str, Op], models: Mapping[str, Model], version: str
) -> dict[str, Any]:
    return {
        "version": version,
        "executor": type(executor).__name__,
        "workers": executor.workers,
        "overhead": executor.overhead,
        "shares_gil": executor.shares_gil,
        "ops": sorted(ops),
        "models": sorted(models),
    }
