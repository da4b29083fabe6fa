"""The journal: submissions and answers on disk, in SQLite, so that a restart goes on where the service was killed.

A submission is in the journal before it is acknowledged, with the bytes that came; an answer is there before anybody
sees it, under the hash of its bytes. Small contents stand in the database, large ones in files beside it, which are
named by their hash and written before the row that names them. Answers are bounded: those not used for longest go out.

Source: SQLite's write-ahead log, https://sqlite.org/wal.html; a killed process loses nothing that was committed.
Limits: `synchronous=NORMAL`; where the power fails, the last commits may be lost, but the database stays sound.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import DamagedDataError
from .entries import COLUMNS, OPEN, Entry, Name, content_hash, entry_of

INLINE = 1 << 16
"""Bytes up to which a content stands in the database."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS contents (
    hash TEXT PRIMARY KEY, size INTEGER NOT NULL, used REAL NOT NULL, data BLOB) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS programs (hash TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS runs (
    client TEXT NOT NULL, key TEXT NOT NULL, body TEXT NOT NULL, priority INTEGER NOT NULL, deadline REAL,
    attempts INTEGER NOT NULL, state TEXT NOT NULL, at REAL NOT NULL, ended REAL, result TEXT, problem TEXT,
    PRIMARY KEY (client, key)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS runs_by_state ON runs (state, ended);
CREATE INDEX IF NOT EXISTS runs_by_body ON runs (body, state);
CREATE INDEX IF NOT EXISTS runs_by_result ON runs (result) WHERE result IS NOT NULL;
CREATE INDEX IF NOT EXISTS runs_by_time ON runs (at);
"""

ENDED = f"""
UPDATE runs SET state=?, ended=?, result=?, problem=? WHERE client=? AND key=? AND state=? RETURNING {COLUMNS}
"""
UNNEEDED = """
DELETE FROM contents WHERE hash=?1 AND NOT EXISTS (SELECT 1 FROM runs WHERE body=?1 AND state=?2)
    AND NOT EXISTS (SELECT 1 FROM runs WHERE result=?1) AND NOT EXISTS (SELECT 1 FROM programs WHERE hash=?1)
    RETURNING size
"""


class Journal:
    """A journal in a folder.

    Arguments:
        folder: where; made if need be. A second service in it is refused.
        nbytes: of answers and programs that are kept.
        runs: that have ended and are remembered.
    Errors:
        DamagedDataError: the folder is in use, or what is in it is no journal.
    """

    def __init__(self, folder: Path, nbytes: int = 4 << 30, runs: int = 1_000_000) -> None:
        self.folder, self.nbytes, self.runs = folder, nbytes, runs
        (folder / "contents").mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._db = sqlite3.connect(
            folder / "journal.sqlite", check_same_thread=False, isolation_level=None, timeout=0.5
        )
        try:
            self._db.execute("PRAGMA locking_mode=EXCLUSIVE")
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            self._db.executescript(SCHEMA)
        except sqlite3.Error as error:
            self._db.close()
            raise DamagedDataError(
                f"the journal cannot be opened: {error}", str(folder), "give each service a folder of its own"
            ) from error
        self._held = self._ended = 0
        self._unneeded: set[str] = set()  # files to be removed when this is written
        self._count()

    def close(self) -> None:
        """Close it; nothing is lost if nobody does."""
        with self._lock:
            self._db.close()

    # Runs.

    def submit(self, entry: Entry, body: bytes) -> Entry:
        """Write a submission down, or find the one that has its name already.

        Returns:
            the entry that stands in the journal, which is another one where the client asks again.
        """
        with self.transaction():
            known = self.find(entry.name)
            if known is not None:
                return known
            self._put(entry.body, body, entry.at)
            self._insert(entry)
            return entry

    def withdraw(self, entry: Entry) -> None:
        """Take a submission back that was not acknowledged."""
        with self.transaction():
            self._db.execute("DELETE FROM runs WHERE client=? AND key=?", entry.name)
            self._drop_body(entry.body)

    def end(self, name: Name, state: str, now: float, result: bytes | None = None, problem: str | None = None) -> Entry:
        """Write down how a run has ended; one that has ended already stays as it is.

        Returns:
            the entry that stands in the journal.
        """
        with self.transaction():
            digest = None if result is None else content_hash(result)
            row = self._one(ENDED, state, now, digest, problem, *name, OPEN)
            if row is None:
                return self._existing(name)
            if result is not None and digest is not None:
                self._put(digest, result, now)
            self._ended += 1
            found = entry_of(row)
            self._drop_body(found.body)
            self._bound()
            return found

    def _existing(self, name: Name) -> Entry:
        found = self.find(name)
        assert found is not None, name
        return found

    def find(self, name: Name) -> Entry | None:
        """The entry of a run; None where there is none."""
        row = self._one(f"SELECT {COLUMNS} FROM runs WHERE client=? AND key=?", *name)
        return None if row is None else entry_of(row)

    def answered(self, body: str, since: float = 0.0) -> str | None:
        """The hash of an answer to the same message, whoever sent it, that was given since a time."""
        query = "SELECT result FROM runs WHERE body=? AND result IS NOT NULL AND ended>=? LIMIT 1"
        row = self._one(query, body, since)
        return None if row is None else str(row[0])

    def open_runs(self) -> list[Entry]:
        """What was acknowledged and has not ended, the oldest first."""
        with self._lock:
            rows = self._db.execute(f"SELECT {COLUMNS} FROM runs WHERE state=? ORDER BY at", (OPEN,)).fetchall()
        return [entry_of(row) for row in rows]

    def latest(self, client: str | None, count: int) -> list[Entry]:
        """The latest runs of a client, or of all; the last one first."""
        where, given = ("", ()) if client is None else ("WHERE client=?", (client,))
        with self._lock:
            query = f"SELECT {COLUMNS} FROM runs {where} ORDER BY at DESC LIMIT ?"
            return [entry_of(row) for row in self._db.execute(query, (*given, count)).fetchall()]

    # Contents.

    def put_program(self, digest: str, data: bytes, now: float) -> None:
        """Keep a program under its hash."""
        with self.transaction():
            self._put(digest, data, now)
            self._db.execute("INSERT OR IGNORE INTO programs VALUES (?)", (digest,))
        self._bound()

    def content(self, digest: str, now: float) -> bytes | None:
        """The bytes of a hash; None where they are gone."""
        with self._lock:
            row = self._one("SELECT data FROM contents WHERE hash=?", digest)
            if row is None:
                return None
            self._db.execute("UPDATE contents SET used=? WHERE hash=?", (now, digest))
        data = row[0] if isinstance(row[0], bytes) else self._read(digest)
        if data is None or content_hash(data) != digest:
            self._forget([digest])
            return None
        return data

    # Inside.

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Write all that is written in a `with` block, or nothing of it."""
        with self._lock:
            if self._db.in_transaction:
                yield
                return
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                self._unneeded.clear()
                self._count()
                raise
            self._db.execute("COMMIT")
            while self._unneeded:  # not before, as they are needed where nothing is written
                self._path(self._unneeded.pop()).unlink(missing_ok=True)

    def _one(self, query: str, *given: object) -> tuple[object, ...] | None:
        with self._lock:
            return self._db.execute(query, given).fetchone()  # type: ignore[no-any-return]

    def _number(self, query: str) -> int:
        row = self._one(query)
        return int(str(row[0] if row else 0))

    def _count(self) -> None:
        """Count what there is."""
        self._held = self._number("SELECT COALESCE(SUM(size), 0) FROM contents")
        self._ended = self._number("SELECT COUNT(*) FROM runs WHERE state<>'queued'")

    def _insert(self, entry: Entry) -> None:
        row = (*entry.name, entry.body, entry.priority, entry.deadline, entry.attempts, entry.state, entry.at)
        later = (entry.ended, entry.result, entry.problem)
        self._db.execute(f"INSERT INTO runs ({COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,?,?)", (*row, *later))

    def _put(self, digest: str, data: bytes, now: float) -> None:
        inline = len(data) <= INLINE
        if not inline:
            self._unneeded.discard(digest)
            self._write(digest, data)
        row = (digest, len(data), now, data if inline else None)
        added = self._db.execute("INSERT OR IGNORE INTO contents VALUES (?,?,?,?)", row).rowcount
        self._held += len(data) if added else 0

    def _path(self, digest: str) -> Path:
        return self.folder / "contents" / digest

    def _write(self, digest: str, data: bytes) -> None:
        if not self._path(digest).exists():
            partial = self._path(f"{digest}.{threading.get_ident()}.part")
            partial.write_bytes(data)
            os.replace(partial, self._path(digest))

    def _read(self, digest: str) -> bytes | None:
        try:
            return self._path(digest).read_bytes()
        except FileNotFoundError:
            return None

    def _drop_body(self, digest: str) -> None:
        """Forget the message of a run that has ended, unless it is something else, too."""
        row = self._one(UNNEEDED, digest, OPEN)
        if row is not None:
            self._gone(digest, row)

    def _gone(self, digest: str, row: tuple[object, ...]) -> None:
        """Take note of a content whose size was `row`."""
        size = int(str(row[0]))
        self._held -= size
        if size > INLINE:
            self._unneeded.add(digest)

    def _forget(self, digests: list[str]) -> None:
        with self.transaction():
            for digest in digests:
                row = self._one("DELETE FROM contents WHERE hash=? RETURNING size", digest)
                self._db.execute("DELETE FROM programs WHERE hash=?", (digest,))
                if row is not None:
                    self._gone(digest, row)

    def _bound(self) -> None:
        """Let the oldest answers and programs go, and the oldest runs, until all is within its bound."""
        if self._held > self.nbytes:
            with self.transaction():
                self._forget(self._oldest(self._held - self.nbytes))
        if self._ended > self.runs:
            with self.transaction():
                oldest = "SELECT client, key FROM runs WHERE state<>? ORDER BY ended LIMIT ?"
                query = f"DELETE FROM runs WHERE (client, key) IN ({oldest})"
                self._ended -= self._db.execute(query, (OPEN, self._ended - self.runs)).rowcount

    def _oldest(self, nbytes: int) -> list[str]:
        """The contents that were not used for longest, of so many bytes together; none that a run waits with."""
        waiting = "SELECT body FROM runs WHERE state=?"
        rows = self._db.execute(f"SELECT hash, size FROM contents WHERE hash NOT IN ({waiting}) ORDER BY used", (OPEN,))
        found = []
        for digest, size in rows:
            if nbytes <= 0:
                break
            found.append(str(digest))
            nbytes -= size
        return found
