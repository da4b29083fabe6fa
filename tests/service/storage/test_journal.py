"""The journal: what was acknowledged is there after a kill, answered once, and bounded."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from backprop.errors import DamagedDataError
from backprop.service.entries import Entry, Name, content_hash
from backprop.service.storage.journal import INLINE, Journal

SMALL, LARGE = b"small", b"l" * (INLINE + 1)


def entry(key: str, body: bytes = SMALL, client: str = "ada", at: float = 1.0) -> Entry:
    return Entry(Name(client, key), content_hash(body), 0, None, 1, "queued", at)


@pytest.mark.parametrize("body", [SMALL, LARGE], ids=["small", "large"])
def test_a_submission_and_its_answer_are_there_after_a_restart(tmp_path: Path, body: bytes) -> None:
    journal = Journal(tmp_path)
    journal.submit(entry("a", body), body)
    journal.submit(entry("b", SMALL + body), SMALL + body)
    journal.end(Name("ada", "a"), "done", 2.0, result=body + b"!")
    journal.close()
    again = Journal(tmp_path)
    (waiting,) = again.open_runs()
    assert waiting.name == Name("ada", "b")
    assert again.content(waiting.body, 3.0) == SMALL + body
    found = again.find(Name("ada", "a"))
    assert found is not None
    assert (found.state, found.ended) == ("done", 2.0)
    assert again.content(found.result or "", 3.0) == body + b"!"
    assert again.answered(content_hash(body)) == found.result
    again.close()


def test_who_asks_again_finds_the_first_submission(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    first = journal.submit(entry("a"), SMALL)
    second = journal.submit(entry("a", b"other", at=9.0), b"other")
    assert second == first
    assert len(journal.open_runs()) == 1
    assert journal.submit(entry("a", client="ben"), SMALL).name.client == "ben"
    journal.close()


def test_what_has_ended_stays_as_it_is(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.submit(entry("a"), SMALL)
    first = journal.end(Name("ada", "a"), "done", 2.0, result=b"1")
    assert journal.end(Name("ada", "a"), "cancelled", 3.0) == first
    assert journal.end(Name("ada", "a"), "done", 3.0, result=b"2") == first
    journal.close()


def test_the_oldest_answers_go_out_and_no_submission_does(tmp_path: Path) -> None:
    journal = Journal(tmp_path, nbytes=3 * len(LARGE))
    journal.submit(entry("waits", LARGE), LARGE)
    for k in range(9):
        body = b"%d" % k
        journal.submit(entry(f"k{k}", body), body)
        journal.end(Name("ada", f"k{k}"), "done", 2.0 + k, result=LARGE + body)
    kept = [k for k in range(9) if journal.content(content_hash(LARGE + b"%d" % k), 20.0) is not None]
    assert kept == [8]
    assert journal.content(content_hash(LARGE), 20.0) == LARGE
    assert len(list((tmp_path / "contents").iterdir())) == 2
    journal.close()


def test_the_oldest_runs_are_forgotten(tmp_path: Path) -> None:
    journal = Journal(tmp_path, runs=3)
    for k in range(6):
        journal.submit(entry(f"k{k}"), SMALL)
        journal.end(Name("ada", f"k{k}"), "done", float(k), result=b"1")
    assert [e.name.key for e in journal.latest("ada", 9) if e.state == "done"] != []
    assert {e.name.key for e in journal.latest(None, 9)} == {"k3", "k4", "k5"}
    journal.close()


def test_what_is_written_together_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.submit(entry("a", LARGE), LARGE)

    def together() -> None:
        with journal.transaction():
            journal.submit(entry("b"), SMALL)
            journal.end(Name("ada", "a"), "done", 2.0, result=b"1")
            raise KeyError

    with pytest.raises(KeyError):
        together()
    assert [e.name.key for e in journal.open_runs()] == ["a"]
    assert journal.content(content_hash(LARGE), 3.0) == LARGE  # its file is there as well
    assert journal.content(content_hash(SMALL), 3.0) is None
    journal.close()


def test_a_damaged_content_is_none(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.submit(entry("a", LARGE), LARGE)
    (tmp_path / "contents" / content_hash(LARGE)).write_bytes(b"other")
    assert journal.content(content_hash(LARGE), 1.0) is None
    journal.close()


def test_two_services_in_one_folder_and_a_file_that_is_no_journal(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    with pytest.raises(DamagedDataError, match="a folder of its own"):
        Journal(tmp_path)
    journal.close()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "journal.sqlite").write_bytes(b"no database" * 1000)
    with pytest.raises(DamagedDataError):
        Journal(tmp_path / "other")


KILLED = """
import sys
from pathlib import Path
from backprop.service.entries import Entry, Name, content_hash
from backprop.service.storage.journal import Journal
journal = Journal(Path(sys.argv[1]))
for k in range(100_000):
    body = b"%d" % k
    journal.submit(Entry(Name("ada", str(k)), content_hash(body), 0, None, 1, "queued", float(k)), body)
    print(k, flush=True)
    if k % 2:
        journal.end(Name("ada", str(k)), "done", float(k), result=body)
        print(-k, flush=True)
"""


def test_nothing_that_was_acknowledged_is_lost_when_the_process_is_killed(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = [int(process.stdout.readline()) for _ in range(300)]
        os.kill(process.pid, signal.SIGKILL)
        told += [int(line) for line in process.stdout.read().splitlines() if line.lstrip("-").isdigit()][:-1]
    journal = Journal(tmp_path)
    waiting = {int(e.name.key) for e in journal.open_runs()}
    for k in told:
        found = journal.find(Name("ada", str(abs(k))))
        assert found is not None
        assert (abs(k) in waiting) == (found.state == "queued")
        if k < 0:
            assert journal.content(found.result or "", 1.0) == b"%d" % -k
    journal.close()
