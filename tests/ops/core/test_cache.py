"""The cache is bounded by bytes, and counts what is shared once."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from backprop.ops.core.cache import ENTRY, MISSING, Cache, Kept, cached
from backprop.ops.core.footprint import footprint


class Counter:
    """Counts calls of a function whose result is an array of so many bytes."""

    def __init__(self, limit: int = 1 << 20) -> None:
        self.calls = 0
        self.cache = Cache(limit)

        @cached(cache=self.cache)
        def made(nbytes: int) -> Any:
            self.calls += 1
            return np.zeros(nbytes, np.uint8)

        self.made = made


def test_a_result_is_made_once() -> None:
    counter = Counter()
    assert counter.made(10) is counter.made(10)
    assert counter.calls == 1


def test_bytes_are_bounded_and_the_oldest_goes_first() -> None:
    counter = Counter(limit=100_000)
    for nbytes in (40_001, 40_002, 40_001, 40_003):
        counter.made(nbytes)
        assert counter.cache.nbytes <= 100_000
    calls = counter.calls
    counter.made(40_001)  # used since 40_002 was
    assert counter.calls == calls
    counter.made(40_002)
    assert counter.calls == calls + 1


def test_many_small_results_are_kept_and_their_entries_count() -> None:
    counter = Counter(limit=400_000)
    for nbytes in range(10_000):
        counter.made(nbytes % 3_000)
    assert 50 < len(counter.cache) < 400_000 / ENTRY
    assert counter.cache.nbytes <= 400_000


def test_what_is_larger_than_the_limit_goes_with_the_next() -> None:
    counter = Counter(limit=10_000)
    large = weakref.ref(counter.made(100_000))
    assert large() is not None
    counter.made(1)
    assert large() is None
    assert counter.cache.nbytes < 10_000


def test_what_entries_share_counts_once_and_until_the_last_of_them_goes() -> None:
    cache, shared = Cache(1 << 20), np.zeros(100_000, np.uint8)
    cache.put("one", (shared, 1))
    before = cache.nbytes
    cache.put("two", (shared[::2], 2))
    assert before < cache.nbytes < before + 2_000
    spare = cache.limit - cache.nbytes - ENTRY - footprint("three", np.zeros(0)).nbytes
    cache.put("three", np.zeros(spare + 10, np.uint8))  # the first goes, and what it shares stays
    assert cache.get("one") is MISSING
    assert cache.get("two") is not MISSING
    assert cache.limit - 2_000 < cache.nbytes <= cache.limit
    cache.get("three")
    cache.put("five", np.zeros(4_000, np.uint8))  # now the last that holds it goes
    assert cache.get("two") is MISSING
    assert cache.nbytes < cache.limit - 90_000
    cache.put("four", np.zeros(1_000_000, np.uint8))
    assert len(cache) == 2
    assert cache.nbytes < 1_010_000


def test_clearing_lets_go_and_sets_the_limit() -> None:
    counter = Counter()
    kept = weakref.ref(counter.made(5_000))
    counter.cache.clear(limit=7)
    assert kept() is None
    assert (counter.cache.nbytes, len(counter.cache), counter.cache.limit) == (0, 0, 7)
    counter.cache.clear()
    assert counter.cache.limit == 7


def test_of_two_threads_both_get_the_first_value() -> None:
    cache, gate = Cache(), threading.Barrier(2)

    @cached(cache=cache)
    def made(key: str) -> object:
        gate.wait()  # both are in here
        return object()

    found: list[object] = []
    threads = [threading.Thread(target=lambda: found.append(made("key"))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found[0] is found[1]


def test_what_goes_may_use_the_cache() -> None:
    cache, told = Cache(limit=2_000), []

    class Last:
        def __del__(self) -> None:
            thread = threading.Thread(target=lambda: told.append(cache.get("next")))
            thread.start()
            thread.join()  # would wait for ever, were the lock held

    cache.put("last", Last())
    cache.put("next", np.zeros(5_000, np.uint8))
    assert len(told) == 1
    assert told[0] is not MISSING


def closure(array: Any) -> Any:
    return lambda: array


class Holder:
    def __init__(self, array: Any) -> None:
        self.weights = {"w": [array]}


@pytest.mark.parametrize(
    "wrap",
    [
        lambda a: a,
        lambda a: a[:10],
        lambda a: a.T[::-1],
        closure,
        lambda a: closure(closure(a)),
        Holder,
        lambda a: Holder(a).__init__,
        lambda a: lambda x=a: x,
        lambda a: a.tobytes(),
        lambda a: {1: (a, a)},
    ],
)
def test_a_large_array_is_found_wherever_it_is_kept(wrap: Any) -> None:
    array = np.zeros((100, 1_000))
    assert array.nbytes <= footprint(wrap(array)).nbytes < array.nbytes + 5_000


def test_what_belongs_to_modules_does_not_count() -> None:
    assert footprint(np, np.sin, Counter, len).nbytes == 0
    assert footprint(closure).nbytes < 1_000


def test_what_an_object_keeps_is_its_own_is_replaced_and_goes_with_it() -> None:
    cache = Cache(1 << 20)
    one, other = Kept(cache=cache), Kept(cache=cache)
    for k in range(5):
        one.put("key", np.zeros(10_000 + k))
    other.put("key", "other")
    assert one.get("key").size == 10_004
    assert other.get("key") == "other"
    assert len(cache) == 2
    del one
    assert len(cache) == 1
    assert cache.nbytes < 2_000
    assert other.get("key") == "other"
    assert other.get("what", "nothing") == "nothing"


class Key:
    """A key that does something when its hash is asked for, which each change does several times."""

    def __init__(self) -> None:
        self.then: Iterator[Any] = iter(())

    def __hash__(self) -> int:
        then, self.then = self.then, iter(())  # not again in the middle of it
        self.then = then if next(then, MISSING) is not MISSING else iter(())
        return 1


@pytest.mark.parametrize("change", ["clear", "drop", "put"])
@pytest.mark.parametrize("after", range(5))
def test_an_owner_may_end_while_its_thread_changes_the_cache(change: str, after: int) -> None:
    cache, key = Cache(100_000), Key()
    owners = [Kept(cache=cache) for _ in range(3)]
    cache.put(key, np.zeros(20_000, np.uint8))
    for k in range(3):
        owners[k].put("key", np.zeros(20_000, np.uint8))

    def then() -> Iterator[None]:
        for _ in range(after):
            yield
        owners.clear()  # as the garbage collector may do at any moment

    key.then = then()
    {"clear": cache.clear, "drop": lambda: cache.drop(key), "put": lambda: cache.put("large", bytes(90_000))}[change]()
    owners.clear()
    assert len(cache) == (change == "put")
    assert cache.nbytes == 0 or change == "put"
    cache.clear()
    assert (len(cache), cache.nbytes) == (0, 0)


@pytest.mark.parametrize("change", ["clear", "drop", "put"])
@pytest.mark.parametrize("inner", ["clear", "drop", "put"])
@pytest.mark.parametrize("after", range(5))
def test_the_cache_may_be_changed_in_the_middle_of_a_change(change: str, inner: str, after: int) -> None:
    cache, key = Cache(100_000), Key()
    for name in (key, "first", "second"):
        cache.put(name, np.zeros(20_000, np.uint8))
    changes: dict[str, Callable[[], Any]] = {
        "clear": cache.clear,
        "drop": lambda: cache.drop(key),
        "put": lambda: cache.put(key, bytes(90_000)),
    }

    def then() -> Iterator[None]:
        for _ in range(after):
            yield
        changes[inner]()  # as an object's end may do, which the garbage collector finds

    key.then = then()
    changes[change]()
    key.then = iter(())
    assert set(cache._orders[False]) == set(cache._entries)
    cache.put("last", 1)
    assert cache.get("last") == 1
    cache.clear()
    assert (len(cache), cache.nbytes) == (0, 0)


def test_what_an_object_keeps_goes_where_room_is_short() -> None:
    cache = Cache(1 << 20)
    kept = Kept(cache=cache)
    for k in range(100):
        kept.put(k, np.zeros(10_000))
    assert cache.nbytes <= 1 << 20
    assert kept.get(0) is None
    assert kept.get(99) is not None
    cache.clear()
    assert kept.get(99) is None
    assert cache.nbytes == 0


def test_what_lasts_goes_after_all_else_and_with_its_owner() -> None:
    cache = Cache(1 << 20)
    kept, passing = Kept(lasting=True, cache=cache), Kept(cache=cache)
    for k in range(3):
        kept.put(k, np.zeros(20_000))
    for k in range(100):
        passing.put(k, np.zeros(10_000))
    assert cache.nbytes <= 1 << 20
    assert [len(kept.values()), passing.get(99) is None] == [3, False]
    cache.clear()
    assert [len(kept.values()), passing.get(99) is None] == [3, True]
    for k in range(3, 20):
        kept.put(k, np.zeros(20_000))
    assert cache.nbytes <= 1 << 20
    assert kept.get(0) is None
    assert kept.get(19) is not None
    passing.put(0, np.zeros(100_000))  # the only one that does not last, but the newest
    assert cache.nbytes <= 1 << 20
    assert passing.get(0) is not None
    cache.clear(limit=200_000)
    assert cache.nbytes <= 200_000
    assert len(kept.values()) == 1
    del kept
    assert (len(cache), cache.nbytes) == (0, 0)
