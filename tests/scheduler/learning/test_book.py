"""What is kept of ops from process to process."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from backprop.scheduler.learning.book import MOST, Book
from backprop.scheduler.machine.learned import OWN


def book(path: Path, name: str = "here") -> Book:
    return Book(path, lambda: name)


def test_what_was_learned_is_there_in_the_next_process_of_the_same_machine(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "learned.json"
    assert book(path).factors == {}
    book(path).learn({"sort d 17 21": 8.0, "exp d 3 5": 0.5})
    assert book(path).factors == {"sort d 17 21": 8.0, "exp d 3 5": 0.5}
    assert book(path, "there").factors == {}


def test_two_processes_keep_what_the_other_has_written(tmp_path: Path) -> None:
    path = tmp_path / "learned.json"
    one, other = book(path), book(path, "there")
    one.learn({"a": 2.0})
    other.learn({"b": 3.0})
    third = book(path)
    third.learn({"c": 4.0})
    assert book(path).factors == {"a": 2.0, "c": 4.0}
    assert book(path, "there").factors == {"b": 3.0}


def test_ops_of_the_users_own_are_not_kept_beyond_the_process(tmp_path: Path) -> None:
    known = book(tmp_path / "learned.json")
    known.learn({f"{OWN}f d 1 2": 2.0})
    assert not (tmp_path / "learned.json").exists()
    known.learn({f"{OWN}f d 1 2": 2.0, "a": 3.0})
    assert known.factors == {f"{OWN}f d 1 2": 2.0, "a": 3.0}
    assert book(tmp_path / "learned.json").factors == {"a": 3.0}


def test_one_bad_measurement_counts_half(tmp_path: Path) -> None:
    known = book(tmp_path / "learned.json")
    known.learn({"a": 4.0})
    known.learn({"a": 16.0})
    assert known.factors == {"a": 8.0}


def test_less_than_was_known_counts_alone_as_what_disturbs_only_adds(tmp_path: Path) -> None:
    known = book(tmp_path / "learned.json")
    known.learn({"a": 2000.0})
    known.learn({"a": 2.0})
    assert known.factors == book(tmp_path / "learned.json").factors == {"a": 2.0}


def test_no_more_are_kept_than_there_is_room_for(tmp_path: Path) -> None:
    known = book(tmp_path / "learned.json")
    known.learn({f"old {k}": 2.0 for k in range(MOST)})
    known.learn({"new": 2.0})
    assert len(known.factors) == MOST
    assert "new" in known.factors
    assert "old 0" not in known.factors


@pytest.mark.parametrize(
    "text",
    ["", "[]", '{"format": 2, "machines": {"here": {"a": 2.0}}}', '{"format": 1, "machines": {"here": [1]}}', "\xff"],
)
def test_what_cannot_be_read_counts_for_nothing(text: str, tmp_path: Path) -> None:
    path = tmp_path / "learned.json"
    path.write_text(text, encoding="latin-1")
    assert book(path).factors == {}
    book(path).learn({"a": 2.0})
    assert book(path).factors == {"a": 2.0}


def test_factors_that_make_no_sense_count_for_nothing(tmp_path: Path) -> None:
    path = tmp_path / "learned.json"
    entry = {"a": 2, "b": -1.0, "c": float("inf"), "d": "x"}
    path.write_text(json.dumps({"format": 1, "machines": {"here": entry}}))
    assert book(path).factors == {"a": 2.0}


def test_a_folder_that_cannot_be_written_costs_nothing_but_the_file(tmp_path: Path) -> None:
    path = tmp_path / "file" / "learned.json"
    path.parent.write_text("a file where the folder should be")
    known = book(path)
    known.learn({"a": 2.0})
    assert known.factors == {"a": 2.0}
    assert stat.S_ISREG(path.parent.stat().st_mode)
