"""The client: futures, the same exceptions as a local run, and asking again."""

from __future__ import annotations

import asyncio
import pickle
import threading
from collections.abc import Iterator
from concurrent.futures import CancelledError, as_completed
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import backprop as bp
from backprop.errors import (
    CannotTravelError,
    DamagedDataError,
    DeadlineError,
    KeyReusedError,
    ServiceUnavailableError,
    UnauthorizedError,
    WireLimitError,
)
from backprop.ops.core.op import Op
from backprop.service.entries import Name
from backprop.service.programs import Work
from backprop.service.queue import Bounds
from backprop.service.server.access import self_signed
from backprop.service.server.serving import Serving
from tests.service.conftest import serving
from tests.waiting import until


def loss(x: Any) -> Any:
    return np.sum(np.sin(x) ** 2)


X = np.linspace(0.0, 1.0, 50)


@pytest.fixture
def connection(service: Serving) -> Iterator[bp.Connection]:
    with bp.connect(service.url) as connection:
        yield connection


def same(a: Any, b: Any) -> bool:
    return np.asarray(a).tobytes() == np.asarray(b).tobytes()


def test_a_verb_runs_on_it(connection: bp.Connection) -> None:
    value, slope = bp.value_and_grad(loss, executor=connection)(X)
    expected = bp.value_and_grad(loss, executor=bp.Serial())(X)
    assert same(value, expected[0])
    assert same(slope, expected[1])
    with bp.use(connection):
        assert same(bp.grad(loss)(X), expected[1])


def test_futures(connection: bp.Connection) -> None:
    future = connection.submit(bp.value_and_grad(loss), X)
    called = threading.Event()
    future.add_done_callback(lambda f: called.set())
    value, slope = future.result(30)
    assert future.done()
    assert called.wait(5)
    assert same(value, loss(X))
    assert same(slope, bp.grad(loss)(X))


def test_many_futures_as_they_are_completed(connection: bp.Connection) -> None:
    futures = connection.map(bp.grad(loss), [X + k for k in range(40)])
    assert {f.key for f in as_completed(futures, 60)} == {f.key for f in futures}
    for k, future in enumerate(futures):
        assert same(future.result(), bp.grad(loss, executor=bp.Serial())(X + k))


@pytest.mark.parametrize("is_terminal", [False, True])
def test_gathering_shows_progress_on_a_terminal_only(
    connection: bp.Connection, is_terminal: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR" if is_terminal else "NO_COLOR", "1")
    found = connection.gather(connection.map(loss, [X + k for k in range(5)]), "losses")
    assert all(same(value, loss(X + k)) for k, value in enumerate(found))
    shown = capsys.readouterr().err
    assert ("losses" in shown and "100%" in shown) == is_terminal
    assert is_terminal or shown == ""
    with pytest.raises(np.linalg.LinAlgError):
        connection.gather([connection.submit(lambda x: np.linalg.inv(np.outer(x, x) * 0.0), X)])


def test_results_that_are_awaited(connection: bp.Connection) -> None:
    async def both() -> list[Any]:
        return list(await asyncio.gather(connection.submit(loss, X), connection.submit(loss, X + 1)))

    found = asyncio.run(both())
    assert same(found[0], loss(X))
    assert same(found[1], loss(X + 1))


def test_records_come_back_as_what_they_were(connection: bp.Connection) -> None:
    found = connection.submit(bp.grad(lambda p: loss(p["a"]) * p["b"][0]), {"a": X, "b": (2.0,)}).result(30)
    assert found.keys() == {"a", "b"}
    assert isinstance(found["b"][0], float)


def test_an_op_of_ones_own_is_refused_with_two_ways_out(connection: bp.Connection) -> None:
    cube = bp.op(lambda x: x**3, name="cube", like=0)
    with pytest.raises(CannotTravelError, match="register it with the service"):
        bp.evaluate(lambda x: np.sum(cube(x)), executor=connection)(X)
    with pytest.raises(CannotTravelError, match=r"bp\.Cluster"):
        connection.submit(lambda x: np.sum(cube(x)), X).result(30)


def test_an_op_that_the_operator_has_registered(tmp_path: Path) -> None:
    @bp.op(like=0)
    def scaled(x: Any, options: Any) -> Any:
        return x * options["by"] * options["power"]

    @scaled.defvjp
    def _(g: Any, out: Any, x: Any, options: Any) -> Any:
        return g * options["by"] * options["power"], {"by": np.sum(g * x) * options["power"], "power": None}

    def f(x: Any, by: Any) -> Any:
        return np.sum(np.sin(scaled(x, {"by": by, "power": 2})))

    with serving(tmp_path, ops={"scaled": scaled}) as service, bp.connect(service.url) as connection:
        found = bp.value_and_grad(f, argnums=(0, 1), executor=connection)(X, np.float64(3))
    expected = bp.value_and_grad(f, argnums=(0, 1), executor=bp.Serial())(X, np.float64(3))
    assert same(found[0], expected[0])
    assert all(map(same, found[1], expected[1]))


def test_an_exception_of_the_run_is_raised_here(connection: bp.Connection) -> None:
    def fail(executor: bp.AbstractExecutor) -> None:
        bp.evaluate(np.linalg.inv, executor=executor)(np.zeros((3, 3)))

    with pytest.raises(np.linalg.LinAlgError) as caught:
        fail(connection)
    with pytest.raises(np.linalg.LinAlgError) as local:
        fail(bp.Serial())
    assert str(caught.value) == str(local.value)
    assert caught.value.__notes__ == local.value.__notes__


def test_it_pickles_by_its_address(connection: bp.Connection) -> None:
    with pickle.loads(pickle.dumps(connection)) as other:
        assert same(bp.grad(loss, executor=other)(X), bp.grad(loss)(X))


# Runs that are held up by an op of the operator's own.


class Gate:
    """An op that waits until it is opened."""

    def __init__(self) -> None:
        self.entered, self.open = threading.Semaphore(0), threading.Event()
        self.calls = 0

    def op(self) -> Op:
        def wait(x: Any) -> Any:
            self.calls += 1
            self.entered.release()
            assert self.open.wait(30)
            return np.array(x)

        return Op("gate", lambda t: t, wait)


def gated(gate: Op) -> Any:
    return lambda x: np.sum(gate(x))


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.open.set()


def test_cancelling_what_waits_and_what_runs(tmp_path: Path, gate: Gate) -> None:
    op = gate.op()
    with (
        serving(tmp_path, ops={"gate": op}, bounds=Bounds(slots=1)) as service,
        bp.connect(service.url) as connection,
    ):
        running = connection.submit(gated(op), X)
        assert gate.entered.acquire(timeout=30)
        waiting = connection.submit(gated(op), X + 1)
        until(lambda: service.desk.answer(Name("local", waiting.key)) is not None)
        assert waiting.cancel()
        assert running.cancel()
        for future in (waiting, running):
            with pytest.raises(CancelledError):
                future.result(30)
            until(lambda key=future.key: service.desk.entry(Name("local", key)).state == "cancelled")
        gate.open.set()
        assert same(connection.submit(loss, X).result(30), loss(X))
    assert gate.calls == 1


def test_a_deadline(tmp_path: Path, gate: Gate) -> None:
    op = gate.op()
    with (
        serving(tmp_path, ops={"gate": op}, bounds=Bounds(slots=1)) as service,
        bp.connect(service.url) as connection,
    ):
        running = connection.submit(gated(op), X, deadline=0.3)
        waiting = connection.submit(gated(op), X + 1, deadline=0.3)
        for future in (running, waiting):
            with pytest.raises(DeadlineError):
                future.result(30)
        gate.open.set()


def test_the_more_important_one_comes_first(tmp_path: Path, gate: Gate) -> None:
    op = gate.op()
    order: list[str] = []
    with (
        serving(tmp_path, ops={"gate": op}, bounds=Bounds(slots=1)) as service,
        bp.connect(service.url) as connection,
    ):
        connection.submit(gated(op), X)
        assert gate.entered.acquire(timeout=30)
        futures = []
        for k, name in enumerate(["low", "high"]):
            future = connection.submit(loss, X + k, priority=k, key=f"priority-{name}")
            future.add_done_callback(lambda f, name=name: order.append(name))
            until(lambda key=future.key: service.desk.answer(Name("local", key)) is not None)
            futures.append(future)
        gate.open.set()
        for future in futures:
            future.result(30)
        ended = {e.name.key: e.ended or 0.0 for e in service.desk.journal.latest("local", 9)}
    assert ended["priority-high"] < ended["priority-low"]


def test_a_run_is_tried_again_where_it_raises(tmp_path: Path) -> None:
    calls: list[int] = []

    def flaky(x: Any) -> Any:
        calls.append(1)
        if len(calls) < 3:
            raise OSError("not yet")
        return np.array(x)

    op = Op("flaky", lambda t: t, flaky)
    with serving(tmp_path, ops={"flaky": op}) as service, bp.connect(service.url) as connection:
        assert same(connection.submit(lambda x: np.sum(op(x)), X, attempts=3).result(30), np.sum(X))
        calls.clear()
        with pytest.raises(OSError, match="not yet"):
            connection.submit(lambda x: np.sum(op(x)), X + 1).result(30)


def test_who_asks_again_gets_the_same_run(tmp_path: Path) -> None:
    calls: list[int] = []

    def counted(x: Any) -> Any:
        calls.append(1)
        return np.array(x)

    op = Op("counted", lambda t: t, counted)

    def f(x: Any) -> Any:
        return np.sum(op(x))

    with serving(tmp_path, ops={"counted": op}) as service, bp.connect(service.url) as connection:
        first = connection.submit(f, X, key="a-key-of-mine").result(30)
        assert same(connection.submit(f, X, key="a-key-of-mine").result(30), first)
        assert same(connection.submit(f, X).result(30), first)  # from the store
        assert len(calls) == 1


def test_a_key_is_for_one_run(connection: bp.Connection) -> None:
    first = connection.submit(loss, X, key="a-key-of-mine").result(30)
    with pytest.raises(KeyReusedError, match="a-key-of-mine names a run of something else"):
        connection.submit(loss, X + 1.0, key="a-key-of-mine").result(30)
    assert same(connection.submit(loss, X, key="a-key-of-mine").result(30), first)


def test_small_runs_share_requests_and_each_has_its_own_end(tmp_path: Path, gate: Gate) -> None:
    """One that fails, one that takes long, one that is cancelled, beside many that are done."""
    op = gate.op()
    slow = Op("gate", lambda t: t, op.compute, seconds=lambda *types: 1e-6)
    with (
        serving(tmp_path, ops={"gate": slow}, bounds=Bounds(slots=2)) as service,
        bp.connect(service.url) as connection,
    ):
        calls: list[str] = []
        asked = connection._asked
        connection._asked = lambda method, path, *rest, **more: (  # type: ignore[method-assign]
            calls.append(path),
            asked(method, path, *rest, **more),
        )[1]
        held = connection.submit(lambda x: np.sum(slow(x)), X)
        wrong = connection.submit(lambda x: np.linalg.inv(np.outer(x, x) * 0.0), X)
        many = connection.map(loss, [X + k for k in range(300)])
        for k, future in enumerate(many):
            assert same(future.result(30), loss(X + k))
        with pytest.raises(np.linalg.LinAlgError):
            wrong.result(30)
        assert not held.done()
        gate.open.set()
        assert same(held.result(30), np.sum(X))
        assert 0 < calls.count("/v1/batches") < 100
        assert len(service.desk.journal.latest("local", 1000)) == 302


def test_a_restart_in_the_middle(tmp_path: Path, gate: Gate) -> None:
    op = gate.op()
    with serving(tmp_path, ops={"gate": op}, bounds=Bounds(slots=1), drain=0.1) as service:
        port = service.port
        connection = bp.connect(service.url)
        futures = [connection.submit(gated(op), X + k) for k in range(5)]
        assert gate.entered.acquire(timeout=30)
        until(lambda: len(service.desk.journal.open_runs()) == 5)
        threading.Timer(0.5, gate.open.set).start()
    with serving(tmp_path, ops={"gate": op}, port=port), connection:
        for k, future in enumerate(futures):
            assert same(future.result(60), np.sum(X + k))


def test_too_much_of_one_client(tmp_path: Path, gate: Gate) -> None:
    op = gate.op()
    with (
        serving(tmp_path, ops={"gate": op}, bounds=Bounds(slots=1, queued=2)) as service,
        bp.connect(service.url, patience=30) as connection,
    ):
        futures = [connection.submit(gated(op), X + k) for k in range(6)]
        assert gate.entered.acquire(timeout=30)
        gate.open.set()
        for k, future in enumerate(futures):  # those that were turned away were sent again
            assert same(future.result(60), np.sum(X + k))


def test_a_program_that_would_take_too_long(tmp_path: Path) -> None:
    with serving(tmp_path, work=Work(seconds=1e-9)) as service, bp.connect(service.url) as connection:
        future = connection.submit(loss, X)
        with pytest.raises(WireLimitError, match="predicted to take"):
            future.result(30)


def test_nobody_is_there() -> None:
    with pytest.raises(ServiceUnavailableError, match="does not answer"):
        bp.connect("http://127.0.0.1:9", patience=0)


# Tokens and TLS.


def test_tokens_and_tls(tmp_path: Path) -> None:
    tokens = tmp_path / "tokens"
    tokens.write_text("ada 0123456789abcdef\n# a comment\nben fedcba9876543210 2.5\n")
    certificate, key = self_signed(tmp_path / "tls", "127.0.0.1")
    other, _ = self_signed(tmp_path / "other", "127.0.0.1")
    options = {"token_file": tokens, "tls_cert": certificate, "tls_key": key}
    with serving(tmp_path / "state", **options) as service:
        with bp.connect(service.url, "0123456789abcdef", certificate) as connection:
            assert same(connection.submit(loss, X).result(30), loss(X))
        with pytest.raises(UnauthorizedError, match="token is missing or wrong"):
            bp.connect(service.url, "0123456789abcdeX", certificate)
        with pytest.raises(UnauthorizedError):
            bp.connect(service.url, None, certificate)
        with pytest.raises(ServiceUnavailableError, match="certificate"):
            bp.connect(service.url, "0123456789abcdef", other)
        assert {e.name.client for e in service.desk.journal.latest(None, 9)} == {"ada"}
        for client, token in (("ada", "0123456789abcdef"), ("ben", "fedcba9876543210")):
            with bp.connect(service.url, token, certificate) as connection:
                connection.submit(loss, X).result(30)
                page = connection._asked("GET", "/v1/overview").json()
                assert {run["client"] for run in page["latest"]} == {client}


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org"])
def test_another_address_than_loopback_is_refused_without_tokens_and_tls(tmp_path: Path, host: str) -> None:
    with pytest.raises(DamagedDataError, match="--token-file and --tls-cert"), serving(tmp_path, host=host):
        pass


def test_a_compiled_function_is_traced_once(connection: bp.Connection) -> None:
    def steered(x: Any, scale: Any) -> Any:
        return {"sum": np.sum(x * scale), "twice": x * 2.0 if np.sum(x) > 0 else x, "word": "kept"}

    compiled = bp.compile(steered)
    futures = connection.map(compiled, [X + k for k in range(5)], [float(k) for k in range(5)])
    for k, future in enumerate(futures):
        found, expected = future.result(30), steered(X + k, float(k))
        assert found.keys() == expected.keys()
        assert found["word"] == "kept"
        assert same(found["sum"], expected["sum"])
        assert same(found["twice"], expected["twice"])
    assert compiled.traces == 1
    assert same(connection.submit(compiled, -X, 1.0).result(30)["twice"], -X)
