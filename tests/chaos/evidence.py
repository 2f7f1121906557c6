"""What the checker reads, and nothing else: Stripe's side, each account's timeline, and what its callers were told."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.chaos.client import Sent

Json = dict[str, Any]


@dataclass
class Books:
    """What Stripe knows of one account."""

    customers: list[Json] = field(default_factory=list)
    invoices: list[Json] = field(default_factory=list)
    charges: list[Json] = field(default_factory=list)
    """Each with the id of its invoice."""


@dataclass
class Evidence:
    """All that is known of one account when everything is quiet."""

    account_id: str
    account: Json
    timeline: list[Json]
    """Oldest first."""
    commands: list[Sent]
    books: Books
    before_closing: list[Json] | None = None
    """For a closed account: its timeline while it still named who did what (R13)."""


async def read_books(stripe: str, key: str) -> dict[str, Books]:
    """Return Stripe's side of every account, read by its own API."""
    async with httpx.AsyncClient(
        base_url=stripe, headers={"Authorization": f"Bearer {key}"}, timeout=60, trust_env=False
    ) as client:
        customers, invoices, payments, charges = [
            await _all(client, f"/v1/{kind}") for kind in ("customers", "invoices", "invoice_payments", "charges")
        ]
    books: dict[str, Books] = defaultdict(Books)
    whose = {each["id"]: each["metadata"].get("account_id", "?") for each in customers}
    invoice_of = {each["payment"]["payment_intent"]: each["invoice"] for each in payments}
    for each in customers:
        books[whose[each["id"]]].customers.append(each)
    for each in invoices:
        books[whose[each["customer"]]].invoices.append(each)
    for each in charges:
        books[whose[each["customer"]]].charges.append({**each, "invoice": invoice_of[each["payment_intent"]]})
    return dict(books)


async def _all(client: httpx.AsyncClient, path: str) -> list[Json]:
    """Return everything that a list holds, oldest first."""
    found: list[Json] = []
    more: Json = {}
    while True:
        answer = await client.get(path, params={"limit": 100, **more})
        page = answer.raise_for_status().json()
        found += page["data"]
        if not page["has_more"]:
            return found[::-1]
        more = {"starting_after": found[-1]["id"]}
