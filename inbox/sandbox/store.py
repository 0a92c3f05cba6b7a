"""The sandbox's memory: one SQLite connection behind one lock, so a transaction is also a turn."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS contact (identifier TEXT PRIMARY KEY, contact_id TEXT NOT NULL,
  name TEXT, created_at INTEGER NOT NULL, deleted_at INTEGER);
CREATE TABLE IF NOT EXISTS tag (identifier TEXT, tag TEXT, created_at INTEGER NOT NULL,
  PRIMARY KEY (identifier, tag));
CREATE TABLE IF NOT EXISTS chat_group (group_id TEXT PRIMARY KEY, name TEXT, chat_guid TEXT,
  member_set TEXT NOT NULL, created_at INTEGER NOT NULL, deleted_at INTEGER);
CREATE TABLE IF NOT EXISTS member (group_id TEXT, identifier TEXT, added_at INTEGER NOT NULL,
  PRIMARY KEY (group_id, identifier));
CREATE TABLE IF NOT EXISTS message (seq INTEGER PRIMARY KEY AUTOINCREMENT,
  message_id TEXT NOT NULL UNIQUE, chat TEXT NOT NULL, direction TEXT NOT NULL,
  internal_id TEXT NOT NULL, sender TEXT, text TEXT, formatted_text TEXT,
  attachments TEXT NOT NULL, guid TEXT, reply_to TEXT, status TEXT NOT NULL,
  protocol TEXT NOT NULL, error_code TEXT, error TEXT, time_sent INTEGER NOT NULL,
  time_delivered INTEGER);
CREATE INDEX IF NOT EXISTS message_chat ON message (chat, time_sent, seq);
CREATE INDEX IF NOT EXISTS message_guid ON message (guid);
CREATE TABLE IF NOT EXISTS reaction (message_id TEXT, sender TEXT NOT NULL, reaction TEXT,
  is_added INTEGER NOT NULL, time_sent INTEGER NOT NULL,
  PRIMARY KEY (message_id, sender, reaction));
CREATE TABLE IF NOT EXISTS presence (chat TEXT PRIMARY KEY, typing_until INTEGER,
  read_at INTEGER, card_staged INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS sent (id INTEGER PRIMARY KEY AUTOINCREMENT, api_key TEXT NOT NULL,
  idempotency_key TEXT, chat TEXT NOT NULL, body TEXT NOT NULL, fingerprint TEXT NOT NULL,
  answer TEXT NOT NULL, message_ids TEXT NOT NULL, repeats INTEGER NOT NULL DEFAULT 0,
  at INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS sent_key ON sent (idempotency_key);
CREATE TABLE IF NOT EXISTS person (address TEXT PRIMARY KEY, traits TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS webhook (webhook_id TEXT PRIMARY KEY, webhook_url TEXT NOT NULL UNIQUE,
  webhook_type TEXT NOT NULL, secret TEXT NOT NULL, old_secret TEXT,
  rotation_count INTEGER NOT NULL DEFAULT 0, created_at INTEGER NOT NULL, deprecated_at INTEGER,
  valid_until INTEGER NOT NULL DEFAULT -1, last_triggered INTEGER,
  failure_count INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS delivery (event_id TEXT PRIMARY KEY, webhook_id TEXT NOT NULL,
  event TEXT NOT NULL, message_id TEXT, body TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
  first_t INTEGER, original_event_id TEXT);
CREATE TABLE IF NOT EXISTS attempt (id INTEGER PRIMARY KEY AUTOINCREMENT,
  event_id TEXT NOT NULL, webhook_id TEXT NOT NULL, webhook_url TEXT NOT NULL,
  attempted_time INTEGER NOT NULL, response_received_at INTEGER, response_status INTEGER,
  response_json TEXT, duration_ms INTEGER NOT NULL, error TEXT);
CREATE TABLE IF NOT EXISTS timer (id INTEGER PRIMARY KEY AUTOINCREMENT, due REAL NOT NULL,
  step TEXT NOT NULL, what TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS place (port INTEGER NOT NULL);
"""

Row = sqlite3.Row


class Closed(Exception):
    """The sandbox was stopped while this thread was still at work."""


class Store:
    """Reads and writes take turns; `transaction` makes several of them one, and nests."""

    def __init__(self, path: str = ":memory:") -> None:
        self._turn = threading.RLock()
        self._depth = 0
        self._after: list[Callable[[], None]] = []
        self._connection: sqlite3.Connection | None = sqlite3.connect(
            path, check_same_thread=False, isolation_level=None
        )
        self._connection.row_factory = sqlite3.Row
        if path != ":memory:":
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.executescript(SCHEMA)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with self._turn:
            if self._depth:
                yield
                return
            self.run("BEGIN IMMEDIATE")
            self._depth = 1
            try:
                yield
                self.run("COMMIT")
            except BaseException:
                self._after.clear()
                self.run("ROLLBACK")
                raise
            finally:
                self._depth = 0
            told, self._after = self._after, []
        for tell in told:
            tell()

    def after_commit(self, tell: Callable[[], None]) -> None:
        """Call `tell` when the transaction is through, at once when there is none."""
        with self._turn:
            if self._depth:
                self._after.append(tell)
                return
        tell()

    def run(self, sql: str, *values: Any) -> int:
        """Execute; gives how many rows it touched."""
        with self._turn:
            return self._open().execute(sql, values).rowcount

    def add(self, table: str, **columns: Any) -> int:
        """Insert one row; gives its number."""
        marks = ", ".join("?" * len(columns))
        sql = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608
        with self._turn:
            return self._open().execute(sql, tuple(columns.values())).lastrowid or 0

    def rows(self, sql: str, *values: Any) -> list[Row]:
        with self._turn:
            return self._open().execute(sql, values).fetchall()

    def row(self, sql: str, *values: Any) -> Row | None:
        return next(iter(self.rows(sql, *values)), None)

    def number(self, sql: str, *values: Any) -> int:
        """The single number that the query gives; 0 for nothing."""
        found = self.row(sql, *values)
        return int(found[0] or 0) if found else 0

    def close(self) -> None:
        with self._turn:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            raise Closed
        return self._connection
