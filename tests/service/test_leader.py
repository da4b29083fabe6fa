"""The leader and its book: what shares a transaction, what is written once, and what is told when nothing can be."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import backprop as bp
from backprop.errors import BusyError
from backprop.graph.wire.vocabulary import BUILT_IN
from backprop.ops.core.op import Op
from backprop.ops.core.stopping import check_stop
from backprop.service.entries import Name
from backprop.service.protocol.messages import plan_to_bytes, run_to_bytes
from backprop.service.queue import Bounds
from backprop.service.runs import Options, Submission
from backprop.service.server.serving import Serving
from backprop.service.server.settings import Settings
from backprop.service.storage.journal import Journal
from tests.service.conftest import serving
from tests.service.heavy import heavily, heavy

X = np.linspace(0.0, 1.0, 50)


def loss(x: Any) -> Any:
    return np.sum(np.sin(x) ** 2)


@pytest.fixture
def unstarted(tmp_path: Path) -> Iterator[Serving]:
    """A service that does not listen: its desk is asked here."""
    service = Serving(replace(Settings(port=0, state=tmp_path)), bp.Serial(), {}, {}, "test")
    yield service
    service.desk.close()
    service.socket.close()


def submissions(service: Serving, count: int) -> list[Submission]:
    """Runs of one program on different values."""
    plan = bp.compile(loss, executor=bp.Serial()).plan(X)
    program = service.desk.programs.put(plan_to_bytes(plan, BUILT_IN), 0.0)
    bodies = [run_to_bytes(program, [X + k]) for k in range(count)]
    return [Submission(Name("ada", f"a-key-{k:03}"), body, Options()) for k, body in enumerate(bodies)]


def statements(service: Serving) -> list[str]:
    """Whatever the journal does from now on."""
    seen: list[str] = []
    service.desk.journal._db.set_trace_callback(seen.append)
    return seen


def test_quick_runs_of_a_request_are_written_once_and_together(unstarted: Serving) -> None:
    given = submissions(unstarted, 40)
    seen = statements(unstarted)
    unstarted.desk.clock = lambda: 1.0  # no time passes, however slow this machine is
    taken = unstarted.desk.take(given).result(30)
    entries = [each.result(30).entry for each in taken if not isinstance(each, Exception)]
    assert [entry.name for entry in entries] == [each.name for each in given]
    assert {entry.state for entry in entries} == {"done"}
    assert sum(text == "COMMIT" for text in seen) == 1
    assert sum(text.lstrip().startswith("INSERT INTO runs") for text in seen) == 40  # not queued first, and ended then
    assert unstarted.desk.journal.latest("ada", 99)[::-1] == entries


def test_the_same_run_twice_in_a_request_runs_once(unstarted: Serving) -> None:
    (given,) = submissions(unstarted, 1)
    other = given._replace(data=given.data[:-1] + b" ")
    first, second, third = unstarted.desk.take([given, given, other]).result(30)
    assert first is second
    assert isinstance(third, Exception)
    assert len(unstarted.desk.journal.latest("ada", 9)) == 1


def test_a_run_without_bytes_is_one_that_was_submitted_before(unstarted: Serving) -> None:
    (given,) = submissions(unstarted, 1)
    (unknown,) = unstarted.desk.take([given._replace(data=b"")]).result(30)
    assert isinstance(unknown, bp.errors.UnknownRunError)
    (first,) = unstarted.desk.take([given]).result(30)
    (again,) = unstarted.desk.take([given._replace(data=b"")]).result(30)
    assert not isinstance(first, Exception)
    assert not isinstance(again, Exception)
    assert again.result(30).entry == first.result(30).entry


def test_a_journal_that_cannot_be_written_fails_those_who_wait_and_nobody_later(
    unstarted: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    given, journal = submissions(unstarted, 3), unstarted.desk.journal
    record = journal.record

    def full(*args: Any) -> None:
        raise sqlite3.OperationalError("disk is full")

    monkeypatch.setattr(journal, "record", full)
    with pytest.raises(sqlite3.OperationalError):
        unstarted.desk.take(given[:2]).result(30)
    monkeypatch.setattr(journal, "record", record)
    (found,) = unstarted.desk.take(given[2:]).result(30)
    assert not isinstance(found, Exception)
    assert found.result(30).entry.state == "done"
    assert len(unstarted.desk.queue) == 0


def test_what_is_turned_away_is_not_in_the_journal(tmp_path: Path) -> None:
    held = Op("held", lambda t: t, lambda x: x, seconds=lambda *types: 1.0)
    with serving(tmp_path, ops={"held": held}, bounds=Bounds(slots=1, queued=0)) as service:
        (given,) = submissions(service, 1)
        with pytest.raises(BusyError):
            service.desk.submit(*given)
        assert service.desk.journal.latest(None, 9) == []
        assert service.desk.journal.content(given.data.hex(), 1.0) is None


class Endless(bp.Serial):
    """Runs what never ends, unless it is stopped."""

    def run(self, plan: Any, values: Any) -> Any:
        while True:
            check_stop()
            threading.Event().wait(0.01)


def test_what_does_not_end_while_it_drains_is_stopped_and_runs_after_the_next_start(tmp_path: Path) -> None:
    with serving(tmp_path, ops={"heavy": heavy}, executor=Endless(), drain=0.1) as service:
        client, port = bp.connect(service.url, patience=120.0), service.port
        future = client.submit(heavily, X)
        while not service.desk.queue.running:
            assert not future.done()
            threading.Event().wait(0.01)
    assert not future.done()
    with serving(tmp_path, ops={"heavy": heavy}, port=port), client:
        assert future.result(60) == heavily(X)
    journal = Journal(tmp_path)
    assert [entry.state for entry in journal.latest(None, 9)] == ["done"]
    journal.close()


def test_a_journal_of_another_version_is_refused(tmp_path: Path) -> None:
    database = sqlite3.connect(tmp_path / "journal.sqlite")
    database.execute("CREATE TABLE runs (client TEXT)")
    database.close()
    with pytest.raises(bp.errors.DamagedDataError, match="another version"):
        Journal(tmp_path)
