"""What is kept on the workers of a cluster, by content; the client is not asked for programs."""

from __future__ import annotations

from backprop.scheduler.executors.cluster.data.store import Store
from backprop.scheduler.executors.cluster.recovery import DATA

BODIES = [(b"a graph", "first"), (b"another", "second")]


def test_programs_travel_once_and_have_other_keys_once_something_was_lost() -> None:
    """Dask adds up the deaths of workers by key, for as long as it knows a key that was blamed."""
    store = Store(None)
    keys, new = store.programs(BODIES)
    assert list(new) == keys
    assert all(str(key[0]).startswith(DATA) for key in keys)
    store.hold_programs(dict.fromkeys(keys), dict.fromkeys(keys, 1))
    assert store.programs(BODIES) == (keys, {})
    store.forget()
    again, anew = store.programs(BODIES)
    assert list(anew) == again
    assert not set(again) & set(keys)
    store.forget()
    assert not set(store.programs(BODIES)[0]) & {*again, *keys}
