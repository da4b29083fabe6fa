"""Small runs that share requests: who is asked for what, what comes late, and how it ends."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from backprop.api.sending import MOST, Sending
from tests.service.conftest import serving


class Run:
    """A run whose results are its key."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.future: Future[Any] = Future()

    @property
    def is_over(self) -> bool:
        return self.future.done()

    def settle(self, results: tuple[Any, ...]) -> None:
        self.future.set_result(results)


def test_all_that_waits_shares_a_request_and_the_late_ones_are_asked_for_again() -> None:
    begin, asked = threading.Event(), []

    def ask(new: Sequence[Run], late: Sequence[str], wait: float) -> Mapping[str, tuple[Any, ...] | None]:
        begin.wait(30)
        asked.append(([run.key for run in new], list(late)))
        fresh = {run.key: None if run.key.endswith("7") else (run.key,) for run in new}
        return {**fresh, **{key: (key,) for key in late}}

    sending = Sending(ask, lambda run: run.settle(("alone",)))
    runs = [Run(f"{k:03}") for k in range(2 * MOST)]
    for run in runs:
        sending.send(run)
    assert "000" in sending
    begin.set()
    assert [run.future.result(30) for run in runs] == [(run.key,) for run in runs]
    sending.close()
    assert not any(run.key in sending for run in runs)
    assert len(asked) < MOST
    assert sorted(key for new, _ in asked for key in new) == [run.key for run in runs]  # each is sent once
    assert {key for _, late in asked for key in late} == {run.key for run in runs if run.key.endswith("7")}


def test_what_fails_is_asked_for_alone_and_what_is_over_not_at_all() -> None:
    def ask(new: Sequence[Run], late: Sequence[str], wait: float) -> Mapping[str, tuple[Any, ...] | None]:
        raise OSError("no connection")

    sending = Sending(ask, lambda run: run.settle(("alone",)))
    over, run = Run("over"), Run("run")
    over.future.cancel()
    sending.send(over)
    sending.send(run)
    assert run.future.result(30) == ("alone",)
    sending.close()
    assert over.future.cancelled()


LEFT_OPEN = """
import sys
import numpy as np
import backprop as bp
connection = bp.connect(sys.argv[1])
future = connection.submit(lambda x: np.sum(x * x), np.ones(3))
print(future.result(60))
late = connection.map(lambda x: np.sum(x + x), [np.ones(3)] * 100)
"""


def test_a_connection_that_is_left_open_ends_with_the_program_and_without_a_word(tmp_path: Path) -> None:
    with serving(tmp_path) as service:
        words = [sys.executable, "-c", LEFT_OPEN, service.url]
        found = subprocess.run(words, capture_output=True, text=True, timeout=120, check=True)
    assert (found.stdout, found.stderr) == ("3.0\n", "")
