"""The kept rates: a round trip, and everything that may be wrong with the file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from backprop.scheduler.executors.auto import Auto
from backprop.scheduler.executors.threads import Threads
from backprop.scheduler.machine.blas_architecture import Library, libraries
from backprop.scheduler.machine.cost import Machine
from backprop.scheduler.machine.files import FORMAT
from backprop.scheduler.machine.profile import Profile, key, load, save, this_file, this_machine

KNOWN = Profile(replace(Machine(), blas_per_s=123.0, task_s=4.5), "2026-11-23T12:00:00+00:00")
DEFAULT = Profile(Machine())


def test_a_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "new" / "machine.json"
    save(path, "one", KNOWN)
    assert load(path, "one") == KNOWN
    assert [file.name for file in path.parent.iterdir()] == ["machine.json"]


def test_each_key_has_its_own_rates(tmp_path: Path) -> None:
    path, other = tmp_path / "machine.json", Profile(Machine(), "2027-01-01T00:00:00+00:00")
    save(path, "one", KNOWN)
    save(path, "two", other)
    assert (load(path, "one"), load(path, "two"), load(path, "three")) == (KNOWN, other, DEFAULT)


def test_new_rates_replace_old_ones(tmp_path: Path) -> None:
    path = tmp_path / "machine.json"
    save(path, "one", Profile(Machine(), "2020-01-01T00:00:00+00:00"))
    save(path, "one", KNOWN)
    assert load(path, "one") == KNOWN


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"format": 1}', '{"format": 1, "machines": []}', "\0\udcff"])
def test_a_damaged_file_counts_for_nothing_and_is_replaced(text: str, tmp_path: Path) -> None:
    path = tmp_path / "machine.json"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    assert load(path, "one") == DEFAULT
    save(path, "one", KNOWN)
    assert load(path, "one") == KNOWN


def changed(path: Path, **rates: object) -> None:
    save(path, "one", KNOWN)
    whole = json.loads(path.read_text())
    whole["machines"]["one"]["rates"].update(rates)
    path.write_text(json.dumps(whole))


@pytest.mark.parametrize("rate", [0, -1, "fast", None, [1], float("nan"), float("inf")])
def test_a_rate_that_makes_no_sense_spoils_them_all(rate: object, tmp_path: Path) -> None:
    path = tmp_path / "machine.json"
    changed(path, call_s=rate)
    assert load(path, "one") == DEFAULT


def test_a_missing_rate_spoils_them_all_and_an_unknown_one_does_not(tmp_path: Path) -> None:
    path = tmp_path / "machine.json"
    changed(path, rate_of_tomorrow=1.0)
    assert load(path, "one") == KNOWN
    path.write_text(path.read_text().replace("call_s", "call_minutes"))
    assert load(path, "one") == DEFAULT


def test_another_format_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "machine.json"
    save(path, "one", KNOWN)
    path.write_text(path.read_text().replace(f'"format": {FORMAT}', f'"format": {FORMAT + 1}'))
    assert load(path, "one") == DEFAULT


@pytest.mark.parametrize(("folder", "expected"), [("", "/home/ada/.cache"), ("here", "/home/ada/.cache"), ("/c", "/c")])
def test_the_file_is_in_the_cache_folder(folder: str, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    monkeypatch.setenv("XDG_CACHE_HOME", folder)
    assert this_file() == Path(expected) / "backprop" / "machine.json"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert this_file() == Path("/home/ada/.cache/backprop/machine.json")


def test_the_key_names_processor_numpy_and_kernels() -> None:
    one, other = (key([Library("openblas", "1.2", kernels, 2, "/lib/a.so")]) for kernels in ("Zen", "Haswell"))
    assert one != other
    assert one.endswith(f"numpy {np.__version__}, openblas 1.2 Zen")


@pytest.fixture
def fresh() -> Iterator[None]:
    this_machine.cache_clear()
    yield
    this_machine.cache_clear()


@pytest.mark.usefixtures("fresh")
def test_new_executors_use_the_kept_rates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    save(this_file(), key(libraries()), KNOWN)
    threads = Threads(2)
    assert threads.machine == KNOWN.machine
    assert threads.overhead == KNOWN.machine.task_s


def test_the_tests_do_not_see_the_rates_of_the_user() -> None:
    assert not this_file().exists()
    assert Auto().machine == Machine()
