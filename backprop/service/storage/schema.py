"""The journal's tables, and the longer of its queries.

Rows are appended; what is looked up by a hash or a key has an index, of open and of answered runs alone where that will
do, as each index costs a page of each transaction.
"""

from __future__ import annotations

from ..entries import COLUMNS, OPEN

FORMAT = 2
"""The `user_version` of the database."""

SCHEMA = f"""
PRAGMA user_version={FORMAT};
CREATE TABLE IF NOT EXISTS contents (hash TEXT PRIMARY KEY, size INTEGER NOT NULL, used REAL NOT NULL, data BLOB);
CREATE TABLE IF NOT EXISTS programs (hash TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS runs (
    client TEXT NOT NULL, key TEXT NOT NULL, body TEXT NOT NULL, priority INTEGER NOT NULL, deadline REAL,
    attempts INTEGER NOT NULL, state TEXT NOT NULL, at REAL NOT NULL, ended REAL, result TEXT, problem TEXT,
    PRIMARY KEY (client, key));
CREATE INDEX IF NOT EXISTS runs_open ON runs (body) WHERE state='{OPEN}';
CREATE INDEX IF NOT EXISTS runs_answered ON runs (body) WHERE result IS NOT NULL;
"""

RUN = f"""
INSERT INTO runs ({COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,?,?)
    ON CONFLICT (client, key) DO UPDATE SET
        state=excluded.state, ended=excluded.ended, result=excluded.result, problem=excluded.problem
    WHERE state='{OPEN}'
"""
"""Writes a run down, or how one that is open has ended."""

UNNEEDED = f"""
DELETE FROM contents WHERE hash IN (SELECT value FROM json_each(?))
    AND NOT EXISTS (SELECT 1 FROM runs WHERE body=contents.hash AND state='{OPEN}') RETURNING hash, size
"""
"""Messages of runs that have ended; no program and no answer has the bytes of one."""
