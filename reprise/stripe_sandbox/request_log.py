"""What was asked of the sandbox: each request, and how many of which kind, for tests that count them."""

from collections import Counter
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from reprise.stripe_sandbox.store import Store

KEPT = 20_000
"""How many requests the log goes back."""


@dataclass(frozen=True)
class Noted:
    """One request. `status` 0: it got no answer; `template` is its endpoint's path, ids in braces."""

    method: str
    path: str
    template: str
    sent: str
    key: str | None
    status: int
    replayed: bool


def note(store: Store, request: Noted) -> None:
    """Put a request into the log, with the customer that it was about, where that can be told."""
    added = store.execute(
        "INSERT INTO requests (method, path, key, status, replayed, endpoint, customer)"
        " VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING seq",
        request.method,
        request.path,
        request.key,
        request.status,
        int(request.replayed),
        f"{request.method} {request.template}",
        _customer_of(store, request),
    )
    if added[0]["seq"] % 500 == 0:
        store.execute("DELETE FROM requests WHERE seq <= ?", added[0]["seq"] - KEPT)


def _customer_of(store: Store, request: Noted) -> str | None:
    named = parse_qs(request.sent).get("customer")
    if named:
        return named[0]
    for part in request.path.split("/")[3:]:
        found = store.execute(
            "SELECT object, json_extract(body, '$.customer') AS customer FROM objects WHERE id = ?", part
        )
        if found:
            return part if found[0]["object"] == "customer" else found[0]["customer"]
    return None


def listed(store: Store, *, since: int = 0) -> list[dict[str, Any]]:
    """Return the requests after the one of this number (`seq`), oldest first."""
    return store.execute("SELECT * FROM requests WHERE seq > ? ORDER BY seq", since)


def counts(store: Store, *, customer: str | None = None, key: str | None = None, since: int = 0) -> dict[str, Any]:
    """Return how many requests there were, by endpoint, by customer and by idempotency key.

    `last` is the number (`seq`) of the log's latest request, 0 without any: the next question's `since`.
    `by_saved_failure` counts, by idempotency key, answers that were errors saved before, other than declines.

    Args:
        store: Where the log is kept.
        customer: Only those about this customer.
        key: Only those whose idempotency key contains this, such as a payment's key.
        since: Only those after the request of this number (`seq`).
    """
    rows = [
        row
        for row in store.execute("SELECT * FROM requests WHERE seq > ? ORDER BY seq", since)
        if customer in {None, row["customer"]} and (key is None or key in (row["key"] or ""))
    ]
    return {
        "total": len(rows),
        "last": store.execute("SELECT coalesce(max(seq), 0) AS latest FROM requests")[0]["latest"],
        "by_endpoint": Counter(row["endpoint"] for row in rows),
        "by_customer": Counter(row["customer"] for row in rows if row["customer"]),
        "by_idempotency_key": Counter(row["key"] for row in rows if row["key"]),
        "by_status": Counter(str(row["status"]) for row in rows),
        "by_saved_failure": Counter(row["key"] for row in rows if row["replayed"] and _is_failure(row["status"])),
    }


def _is_failure(status: int) -> bool:
    """Whether an answer was an error of another kind than a decline."""
    return status >= 400 and status != 402
