"""The store: one SQLite file (WAL) that holds every object, saved answer, event delivery, fault and setting."""

import json
import os
import secrets
import sqlite3
import string
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Object = dict[str, Any]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE NOT NULL, object TEXT NOT NULL, owner TEXT, body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS objects_by_owner ON objects (object, owner, seq);
CREATE INDEX IF NOT EXISTS customers_by_email ON objects (json_extract(body, '$.email'), seq)
    WHERE object = 'customer';
CREATE INDEX IF NOT EXISTS invoices_by_token ON objects (json_extract(body, '$._sandbox.token'))
    WHERE object = 'invoice';
CREATE INDEX IF NOT EXISTS payments_by_intent ON objects (json_extract(body, '$.payment.payment_intent'))
    WHERE object = 'invoice_payment';
CREATE TABLE IF NOT EXISTS answers (
    key TEXT PRIMARY KEY, path TEXT NOT NULL, request TEXT NOT NULL, status INTEGER NOT NULL, body TEXT NOT NULL,
    created INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS answers_by_age ON answers (created);
CREATE TABLE IF NOT EXISTS deliveries (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL, endpoint TEXT NOT NULL, due REAL NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0, delivered INTEGER NOT NULL DEFAULT 0, last_answer TEXT
);
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (due) WHERE delivered = 0;
CREATE TABLE IF NOT EXISTS faults (id TEXT PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS requests (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, method TEXT NOT NULL, path TEXT NOT NULL, key TEXT, status INTEGER,
    replayed INTEGER NOT NULL DEFAULT 0, endpoint TEXT, customer TEXT
);
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""

_ADDED_SINCE = {"requests": ("endpoint", "customer")}
"""Columns that files of older releases lack."""

_ALPHABET = string.ascii_letters + string.digits


class StoreSpoilt(Exception):  # noqa: N818 - the name says what happened
    """The file cannot be used; the message is a sentence that says why."""


def new_id(prefix: str) -> str:
    """Return a fresh id in Stripe's manner: `in_1` and 23 letters and digits."""
    return f"{prefix}_1" + "".join(secrets.choice(_ALPHABET) for _ in range(23))


class Store:
    """Objects as JSON documents, in the order of their creation.

    All writes happen within `transaction`, and everything that belongs to one request within one: a killed process
    leaves either all of a request behind, with its saved answer and its events, or nothing.
    """

    def __init__(self, path: Path) -> None:
        """Open the file, and make it, with its directory, if there is none: for its owner alone.

        Raises:
            StoreSpoilt: It cannot be opened, or holds something else.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            self._open(path)
        except OSError as error:
            raise StoreSpoilt(f"The sandbox's file {path} cannot be used: {error.strerror}.") from error
        except sqlite3.Error as error:
            raise StoreSpoilt(
                f"The sandbox's file {path} is no database of the sandbox's ({error}): put it back from a copy, or"
                " delete it, and the sandbox begins anew."
            ) from error

    def _open(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(_SCHEMA)
        for table, columns in _ADDED_SINCE.items():
            there = {row["name"] for row in self._db.execute(f"PRAGMA table_info({table})")}
            for column in columns:
                if column not in there:
                    self._db.execute(f"ALTER TABLE {table} ADD COLUMN {column} TEXT")

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Write all of the block's changes at its end, or none if it raises."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Within a transaction: undo the block's changes, and only those, if it raises an error that says so.

        An error with a true attribute `committed` (a declined charge) undoes nothing.
        """
        self._db.execute("SAVEPOINT attempt")
        try:
            yield
        except Exception as error:
            if not getattr(error, "committed", False):
                self._db.execute("ROLLBACK TO attempt")
            raise
        finally:
            self._db.execute("RELEASE attempt")

    # ------------------------------------------------------------------ objects

    def put(self, document: Object, *, owner: str | None = None) -> Object:
        """Write an object, new or changed. `owner` is the customer that it is listed by."""
        self._db.execute(
            "INSERT INTO objects (id, object, owner, body) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (id) DO UPDATE SET body = excluded.body, owner = coalesce(excluded.owner, owner)",
            (document["id"], document["object"], owner, json.dumps(document)),
        )
        return document

    def get(self, kind: str, object_id: str) -> Object | None:
        """Return an object by its kind and id."""
        row = self._db.execute("SELECT body FROM objects WHERE id = ? AND object = ?", (object_id, kind)).fetchone()
        return json.loads(row["body"]) if row else None

    def remove(self, object_id: str) -> None:
        """Delete an object."""
        self._db.execute("DELETE FROM objects WHERE id = ?", (object_id,))

    def all(self, kind: str, *, owner: str | None = None) -> list[Object]:
        """Return the objects of a kind, newest first; with `owner`, those of one customer."""
        rows = self._db.execute(
            "SELECT body FROM objects WHERE object = ? AND (? IS NULL OR owner = ?) ORDER BY seq DESC",
            (kind, owner, owner),
        )
        return [json.loads(row["body"]) for row in rows]

    def those(self, kind: str, *, owners: list[str] | None, metadata: tuple[str, str] | None) -> list[Object]:
        """Return the objects of a kind, oldest first, of any of some owners, and with one pair of metadata."""
        name, value = metadata or (None, None)
        rows = self._db.execute(
            "SELECT body FROM objects WHERE object = ?1 AND (?2 IS NULL OR owner IN (SELECT value FROM json_each(?2)))"
            " AND (?3 IS NULL OR EXISTS (SELECT 1 FROM json_each(body, '$.metadata') WHERE key = ?3 AND value = ?4))"
            " ORDER BY seq",
            (kind, None if owners is None else json.dumps(owners), name, value),
        )
        return [json.loads(row["body"]) for row in rows]

    def with_email(self, email: str) -> list[Object]:
        """Return the customers with an e-mail, exactly as written, newest first."""
        rows = self._db.execute(
            "SELECT body FROM objects WHERE object = 'customer' AND json_extract(body, '$.email') = ?"
            " ORDER BY seq DESC",
            (email,),
        )
        return [json.loads(row["body"]) for row in rows]

    def invoice_at(self, token: str) -> Object | None:
        """Return the invoice whose hosted page has `token` in its address."""
        row = self._db.execute(
            "SELECT body FROM objects WHERE object = 'invoice' AND json_extract(body, '$._sandbox.token') = ?", (token,)
        ).fetchone()
        return json.loads(row["body"]) if row else None

    def payment_of(self, intent: str) -> Object:
        """Return the invoice payment of a payment intent.

        Raises:
            LookupError: No invoice is paid with this intent.
        """
        row = self._db.execute(
            "SELECT body FROM objects WHERE object = 'invoice_payment'"
            " AND json_extract(body, '$.payment.payment_intent') = ?",
            (intent,),
        ).fetchone()
        if row is None:
            raise LookupError(f"no invoice has the payment intent {intent}")
        found: Object = json.loads(row["body"])
        return found

    # ------------------------------------------------------------------ rows of the other tables

    def execute(self, statement: str, *values: Any) -> list[dict[str, Any]]:
        """Run one SQL statement of this package and return its rows."""
        return [dict(row) for row in self._db.execute(statement, values)]

    def setting(self, name: str, default: str) -> str:
        """Return a setting's value."""
        rows = self.execute("SELECT value FROM settings WHERE name = ?", name)
        return str(rows[0]["value"]) if rows else default

    def set_setting(self, name: str, value: str) -> None:
        """Keep a setting."""
        self.execute(
            "INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            name,
            value,
        )
