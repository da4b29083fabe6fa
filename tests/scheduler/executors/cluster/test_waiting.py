"""Waiting for a cluster: what goes while somebody waits for it, on clients that are made up."""

from __future__ import annotations

from typing import Any

import pytest
from distributed.client import ClosedClientError
from distributed.comm.core import CommClosedError

from backprop.scheduler.executors.cluster.waiting import Waiting


class Gone:
    """A client that can cancel nothing any more."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def cancel(self, *args: Any, **params: Any) -> None:
        raise self.error


def stop(error: Exception) -> None:
    Waiting(Gone(error), 1.0, lambda: None, lambda seconds: False)._stop([], "run")


@pytest.mark.parametrize(
    "error", [ClosedClientError("is closed"), CommClosedError(), TimeoutError(), RuntimeError("the loop has ended")]
)
def test_a_run_whose_client_has_gone_needs_not_be_stopped(error: Exception) -> None:
    stop(error)


def test_what_is_wrong_with_stopping_is_not_hidden() -> None:
    with pytest.raises(KeyError):
        stop(KeyError())
