"""The journal: submissions and answers on disk, in SQLite, so that a restart goes on where the service was killed.

A submission is in the journal before it is acknowledged, with the bytes that came; an answer is there before anybody
sees it, under the hash of its bytes. Small contents stand in the database, large ones in files beside it, which are
named by their hash and written before the row that names them. Answers are bounded: those not used for longest go out.

Source: SQLite's write-ahead log, https://sqlite.org/wal.html; a killed process loses nothing that was committed.
Limits: `synchronous=NORMAL`; where the power fails, the last commits may be lost, but the database stays sound.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from ...errors import DamagedDataError, UnknownRunError
from ..entries import COLUMNS, OPEN, Entry, Name, content_hash, entry_of, row_of
from .schema import FORMAT, RUN, SCHEMA, UNNEEDED

INLINE = 1 << 16
"""Bytes up to which a content stands in the database."""

AT_ONCE = 4000
"""Pages of the log after which it is taken over into the database."""


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
            self._db.execute(f"PRAGMA wal_autocheckpoint={AT_ONCE}")
            if self._number("SELECT COUNT(*) FROM sqlite_master") and self._number("PRAGMA user_version") != FORMAT:
                raise sqlite3.DatabaseError("another version of this package has written it")
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

    def record(self, taken: Sequence[tuple[Entry, bytes]], ended: Sequence[tuple[Entry, bytes | None]]) -> None:
        """Write down runs that were taken in, and runs that have ended; one that has ended already stays as it is.

        Arguments:
            taken: entries, and their messages.
            ended: entries as they are from now on, and their answers; they need not have been written before.
        """
        with self.transaction():
            contents = {entry.body: (data, entry.at) for entry, data in taken}
            answers = [(entry.result, data, entry.ended or entry.at) for entry, data in ended]
            contents |= {digest: (data, at) for digest, data, at in answers if digest is not None and data is not None}
            self._put_all(contents)
            self._db.executemany(RUN, [row_of(entry) for entry, _ in taken])
            self._db.executemany(RUN, [row_of(entry) for entry, _ in ended])
            self._ended += len(ended)
            messages = {entry.body for entry, _ in ended} - {entry.result for entry, _ in ended}
            for digest, size in self._all(UNNEEDED, json.dumps(list(messages))):
                self._gone(str(digest), int(str(size)))
            self._bound()

    def submit(self, entry: Entry, body: bytes) -> Entry:
        """Write a submission down, or find the one that has its name already.

        Returns:
            the entry that stands in the journal, which is another one where the client asks again.
        """
        with self.transaction():
            known = self.find(entry.name)
            if known is None:
                self.record([(entry, body)], [])
            return known or entry

    def end(self, name: Name, state: str, now: float, result: bytes | None = None, problem: str | None = None) -> Entry:
        """Write down how a run has ended; one that has ended already stays as it is.

        Arguments:
            name: of the run.
            state: how it ended.
            now: seconds since the epoch.
            result: the bytes of its answer, if there is one.
            problem: what went wrong, if something did.
        Returns:
            the entry that stands in the journal.
        """
        with self.transaction():
            found = self.find_all([name])[name]
            if found.state == OPEN:
                digest = None if result is None else content_hash(result)
                found = replace(found, state=state, ended=now, result=digest, problem=problem)
                self.record([], [(found, result)])
            return found

    def find(self, name: Name) -> Entry | None:
        """The entry of a run; None where there is none."""
        return self.find_all([name]).get(name)

    def entry(self, name: Name) -> Entry:
        """The entry of a run.

        Errors:
            UnknownRunError: there is no such run.
        """
        found = self.find(name)
        if found is None:
            raise UnknownRunError(f"no run has the key {name.key[:80]}", fix="submit it first")
        return found

    def find_all(self, names: Sequence[Name]) -> dict[Name, Entry]:
        """The entries of those runs, all of one client, that there are."""
        query = f"SELECT {COLUMNS} FROM runs WHERE client=? AND key IN (SELECT value FROM json_each(?))"
        rows = self._all(query, names[0].client if names else "", json.dumps([name.key for name in names]))
        return {entry.name: entry for entry in map(entry_of, rows)}

    def answered(self, body: str, since: float = 0.0) -> str | None:
        """The hash of an answer to the same message, whoever sent it, that was given since a time."""
        return self.answered_all([body], since).get(body)

    def answered_all(self, messages: Sequence[str], since: float = 0.0) -> dict[str, str]:
        """The hashes of answers to those messages, by hash, that were answered since a time."""
        query = """SELECT body, result FROM json_each(?) AS given CROSS JOIN runs
            ON body=given.value AND result IS NOT NULL AND ended>=?"""
        return {str(body): str(result) for body, result in self._all(query, json.dumps(messages), since)}

    def open_runs(self) -> list[Entry]:
        """What was acknowledged and has not ended, the oldest first."""
        rows = self._all(f"SELECT {COLUMNS} FROM runs WHERE state='{OPEN}' ORDER BY rowid")
        return [entry_of(row) for row in rows]

    def latest(self, client: str | None, count: int) -> list[Entry]:
        """The latest runs of a client, or of all; the last one first."""
        where, given = ("", ()) if client is None else ("WHERE client=?", (client,))
        rows = self._all(f"SELECT {COLUMNS} FROM runs {where} ORDER BY rowid DESC LIMIT ?", *given, count)
        return [entry_of(row) for row in rows]

    # Contents.

    def put_program(self, digest: str, data: bytes, now: float) -> None:
        """Keep a program under its hash.

        Arguments:
            digest: the hash of its bytes.
            data: its bytes.
            now: seconds since the epoch.
        """
        with self.transaction():
            self._put_all({digest: (data, now)})
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

    def _all(self, query: str, *given: object) -> list[tuple[object, ...]]:
        with self._lock:
            return self._db.execute(query, given).fetchall()

    def _one(self, query: str, *given: object) -> tuple[object, ...] | None:
        return next(iter(self._all(query, *given)), None)

    def _number(self, query: str) -> int:
        return int(str(self._all(query)[0][0]))

    def _count(self) -> None:
        """Count what there is."""
        self._held = self._number("SELECT COALESCE(SUM(size), 0) FROM contents")
        self._ended = self._number("SELECT COUNT(*) FROM runs WHERE state<>'queued'")

    def _put_all(self, contents: Mapping[str, tuple[bytes, float]]) -> None:
        """Keep contents, by hash, with the time at which they are used."""
        query = "SELECT hash FROM contents WHERE hash IN (SELECT value FROM json_each(?))"
        known = {row[0] for row in self._all(query, json.dumps(list(contents)))}
        new = {digest: content for digest, content in contents.items() if digest not in known}
        for digest, (data, _) in contents.items():
            if len(data) > INLINE:
                self._unneeded.discard(digest)
                self._write(digest, data)
        rows = [(d, len(data), at, data if len(data) <= INLINE else None) for d, (data, at) in new.items()]
        self._db.executemany("INSERT INTO contents VALUES (?,?,?,?)", rows)
        self._held += sum([len(data) for data, _ in new.values()])

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

    def _gone(self, digest: str, size: int) -> None:
        """Take note of a content that is no longer there."""
        self._held -= size
        if size > INLINE:
            self._unneeded.add(digest)

    def _forget(self, digests: list[str]) -> None:
        with self.transaction():
            for digest in digests:
                row = self._one("DELETE FROM contents WHERE hash=? RETURNING size", digest)
                self._db.execute("DELETE FROM programs WHERE hash=?", (digest,))
                if row is not None:
                    self._gone(digest, int(str(row[0])))

    def _bound(self) -> None:
        """Let the oldest answers and programs go, and the oldest runs, until all is within its bound."""
        if self._held > self.nbytes:
            with self.transaction():
                self._forget(self._oldest(self._held - self.nbytes))
        if self._ended > self.runs:
            with self.transaction():
                oldest = "SELECT rowid FROM runs WHERE state<>? ORDER BY rowid LIMIT ?"
                query = f"DELETE FROM runs WHERE rowid IN ({oldest})"
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
