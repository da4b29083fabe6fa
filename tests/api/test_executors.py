"""What means an executor: words, addresses and clients, wherever an executor is asked for; how classes are found."""

from __future__ import annotations

import gc
import pickle
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import distributed
import numpy as np
import pytest
from click import Context, Option

import backprop as bp
from backprop.api.executors import OPENED, Opened, all_words, executor_classes, executor_of, making
from backprop.cli import main
from backprop.cli.executors import check_word
from backprop.errors import ArgumentError
from backprop.scheduler import executors as room
from tests import executors as contract
from tests.service.conftest import serving

X = np.linspace(0.0, 1.0, 40)


def loss(x: Any) -> Any:
    return np.sum(np.sin(x) * x)


VERBS: dict[str, Callable[[Any], Any]] = {
    "evaluate": lambda where: bp.evaluate(loss, executor=where)(X),
    "grad": lambda where: bp.grad(loss, executor=where)(X),
    "grad of minibatch": lambda where: bp.grad(bp.minibatch(loss, 0), executor=where)(X),
    "value_and_grad": lambda where: bp.value_and_grad(loss, executor=where)(X)[1],
    "elementwise_grad": lambda where: bp.elementwise_grad(np.sin, executor=where)(X),
    "jacobian": lambda where: bp.jacobian(np.sin, executor=where)(X[:4]),
    "hessian": lambda where: bp.hessian(loss, executor=where)(X[:4]),
    "compile": lambda where: bp.compile(bp.grad(loss), executor=where)(X),
    "compile, check": lambda where: bp.compile(bp.grad(loss), executor=where, check=True)(X),
    "lazy": lambda where: bp.lazy(bp.grad(loss), executor=where)(X).compute(scheduler="sync"),
    "use": lambda where: used(where),
    "explain": lambda where: np.array(str(bp.explain(loss, X, executor=where)).count("nodes")),
}


def used(where: Any) -> Any:
    with bp.use(where):
        return bp.grad(loss)(X)


@pytest.fixture(autouse=True)
def nothing_opened() -> Iterator[None]:
    yield
    OPENED.clear()


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with (
        distributed.LocalCluster(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None) as local,  # type: ignore[no-untyped-call]
        distributed.Client(local, set_as_default=False) as client,  # type: ignore[no-untyped-call]
    ):
        yield client


@pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS)
@pytest.mark.parametrize("word", ["serial", "threads", "threads:2", "auto", "auto:2"])
def test_each_verb_takes_each_word(word: str, verb: Callable[[Any], Any]) -> None:
    np.testing.assert_array_equal(verb(word), verb(bp.Serial()))


@pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS)
@pytest.mark.parametrize(
    "where",
    [3, "treads", "threads:0", "threads:x", "threads:N", "HOST:PORT", "serial:2", "udp://here", "", object(), X],
)
def test_anything_else_is_one_clear_error(where: Any, verb: Callable[[Any], Any]) -> None:
    with pytest.raises(ArgumentError, match="is no executor") as caught:
        verb(where)
    assert all(word in caught.value.fix for word in ("serial", "threads:N", "cluster:N", "tcp://HOST:PORT", "https://"))


@pytest.mark.cluster
@pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS)
def test_each_verb_takes_a_client_its_cluster_and_its_address(verb: Callable[[Any], Any], client: Any) -> None:
    for where in (client, client.cluster, client.scheduler.address):
        np.testing.assert_array_equal(verb(where), verb(bp.Serial()))
    assert client.status == "running"


@pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS)
def test_each_verb_takes_the_address_of_a_service(verb: Callable[[Any], Any], url: str) -> None:
    np.testing.assert_array_equal(verb(url), verb(bp.Serial()))


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("state")) as service:
        yield service.url


def test_one_word_means_one_executor_with_its_threads() -> None:
    assert executor_of("threads:2") is executor_of("threads:2")
    assert executor_of("threads:2") is not executor_of("threads:3")
    before = set(threading.enumerate())
    step = bp.compile(bp.grad(lambda x: sum(np.sum(np.sort(x + k)) for k in range(4))), executor="threads:2")
    rows = np.random.default_rng(1).normal(size=200_000)
    for _ in range(3):
        step(rows)
        bp.grad(loss, executor="threads:2")(X)
    assert len(set(threading.enumerate()) - before) <= 2  # a pool starts each of its threads when it is first needed


def test_calls_with_one_word_share_a_plan() -> None:
    graph = bp.compile(loss).graph(X)
    assert executor_of("threads:2").prepare(graph) is executor_of("threads:2").prepare(graph)
    assert executor_of("threads:2").prepare(graph) is bp.Threads(2).prepare(graph)


@pytest.mark.cluster
def test_one_client_means_one_executor_until_it_is_closed(client: Any) -> None:
    assert executor_of(client) is executor_of(client)
    other = distributed.Client(client.scheduler.address, set_as_default=False)  # type: ignore[no-untyped-call]
    executor_of(other)
    other.close()  # type: ignore[no-untyped-call]
    with pytest.raises(ArgumentError, match="the Client is closed"):
        bp.grad(loss, executor=other)(X)


@pytest.mark.cluster
def test_an_executor_that_was_closed_is_opened_again(client: Any, url: str) -> None:
    for where in (client.scheduler.address, url):
        first = executor_of(where)
        first.close()
        assert first.closed
        np.testing.assert_array_equal(bp.grad(loss, executor=where)(X), bp.grad(loss)(X))


def test_few_are_kept_and_those_used_last() -> None:
    opened = Opened(most=2)
    first = opened.executor("threads:1")
    opened.executor("threads:2")
    assert opened.executor("threads:1") is first
    opened.executor("threads:3")
    assert len(opened) == 2
    assert opened.executor("threads:1") is first
    gone = weakref.ref(first)
    opened.clear()
    del first
    gc.collect()
    assert gone() is None


@pytest.mark.cluster
def test_clear_caches_closes_what_nobody_uses(client: Any) -> None:
    executor: Any = executor_of(client.scheduler.address)
    inner = executor.client
    kept = bp.Cluster(client)
    bp.clear_caches()
    assert inner.status == "running"  # as somebody has it
    del executor
    gc.collect()
    assert contract.status_when_let_go(inner) == "closed"
    assert not kept.closed


def test_a_function_with_a_word_is_pickled_with_the_word() -> None:
    for made in (bp.grad(np.sum, executor="threads:2"), bp.compile(np.sum, executor="threads:2")):
        again = pickle.loads(pickle.dumps(made))
        np.testing.assert_array_equal(again(X), made(X))


def test_words_are_distinct_and_mean_the_class_that_declares_them() -> None:
    assert len(set(all_words())) == len(all_words())
    for cls in executor_classes():
        for word in cls.words:
            where = word.replace(":N", ":2").replace("HOST:PORT", "127.0.0.1:1")
            assert making(where).func is cls  # type: ignore[attr-defined]


# A new executor

NEW = '''
"""Backwards: tasks one after the other; for the test of how executors are found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from backprop.scheduler.entry import entered
from backprop.scheduler.executors.base import AbstractExecutor
from backprop.scheduler.executors.inline import run_inline
from backprop.scheduler.planning.plan import Plan


class Backwards(AbstractExecutor):
    """Runs a plan in this thread."""

    words = ("backwards",)

    def __init__(self) -> None:
        super().__init__(1, 0.0)

    def run(self, plan: Plan, values: Sequence[Any]) -> tuple[Any, ...]:
        """See AbstractExecutor."""
        return run_inline(plan, entered(plan, values), self.recorder)
'''


@pytest.fixture
def new_executor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "backwards.py").write_text(NEW, encoding="utf-8")
    monkeypatch.setattr(room, "__path__", [*room.__path__, str(tmp_path)])
    yield
    OPENED.clear()
    sys.modules.pop(f"{room.__name__}.backwards", None)
    vars(room).pop("backwards", None)
    gc.collect()


def test_a_new_executor_is_found_by_verbs_command_and_contract(new_executor: None) -> None:
    np.testing.assert_array_equal(bp.grad(loss, executor="backwards")(X), bp.grad(loss)(X))
    assert check_word(Context(main), Option(["--executor"]), "backwards") == "backwards"
    assert type(contract.executors()["backwards"]()).__name__ == "Backwards"
    assert contract.is_local(contract.executors()["backwards"])


# In a process of their own

SCRIPT = """
import numpy as np
import backprop as bp

if __name__ == "__main__":
    x = np.linspace(0.0, 1.0, 400_000)
    f = lambda x: sum(np.sum(np.sort(np.sin(x + k))) for k in range(4))
    for word in ("threads:2", "auto:2", "cluster:1"):
        assert np.array_equal(bp.grad(f, executor=word)(x), bp.grad(f, executor="serial")(x))
    print("done")
"""


@pytest.mark.cluster
def test_the_interpreter_ends_with_executors_open(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT, encoding="utf-8")
    ended = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=120, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "done\n", "")
