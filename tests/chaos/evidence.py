"""What the checker reads, and nothing else: Stripe's side, Temporal's figures, the timeline, what people were told."""

import re
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx
from temporalio.client import Client, WorkflowExecutionStatus

from tests.chaos.buttons import Pressed
from tests.chaos.client import Sent
from tests.chaos.product import Heard
from tests.plain_http import plain_client

Json = dict[str, Any]


@dataclass
class Books:
    """What Stripe knows of one account."""

    customers: list[Json] = field(default_factory=list)
    """Those that are not deleted."""
    invoices: list[Json] = field(default_factory=list)
    """Of the account's payments; not those that somebody made by hand."""
    charges: list[Json] = field(default_factory=list)
    """Each with the id of its invoice."""
    refunds: list[Json] = field(default_factory=list)
    """Refunds and disputes, each with the id of the invoice that its charge has paid."""
    customer_ids: set[str] = field(default_factory=set)
    """All that the account ever had, as far as is known."""


@dataclass
class Figures:
    """How much an account has cost: requests at Stripe, and events in the histories of all its runs."""

    requests: int = 0
    events: int = 0
    busiest: int = 0
    """Requests in the ten seconds of the run in which there were most."""
    saved_failures: dict[str, int] = field(default_factory=dict)
    """Of payments, how many of their requests Stripe answered with a failure of its own that it had saved."""


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
    heard: list[Heard] = field(default_factory=list)
    """What the product was told, in the order of arrival."""
    told: frozenset[int] = frozenset()
    """Of what it has said that it has taken it."""
    pressed: Pressed = field(default_factory=Pressed)
    """What somebody did in the Temporal UI."""
    figures: Figures = field(default_factory=Figures)
    clock: datetime | None = None
    """The account's own time."""
    leaps: list[tuple[datetime, datetime]] = field(default_factory=list)
    """Stretches of its time in which no worker could act: its clock was moved further than was asked for."""


# ---------------------------------------------------------------------- Stripe


async def read_books(stripe: str, key: str) -> dict[str, Books]:
    """Return Stripe's side of every account, read by its own API."""
    kinds = ("customers", "invoices", "invoice_payments", "charges", "refunds", "disputes")
    async with plain_client(base_url=stripe, headers={"Authorization": f"Bearer {key}"}, timeout=60) as client:
        customers, invoices, payments, charges, refunds, disputes = [
            await _all(client, f"/v1/{kind}") for kind in kinds
        ]
    books: dict[str, Books] = defaultdict(Books)
    for each in customers:
        of = books[each["metadata"].get("account_id", "?")]
        of.customers.append(each)
        of.customer_ids.add(each["id"])
    whose: dict[str, str] = {}
    for each in invoices:
        if "payment_key" in each["metadata"]:
            whose[each["id"]] = each["metadata"]["account_id"]
            books[whose[each["id"]]].invoices.append(each)
            books[whose[each["id"]]].customer_ids.add(each["customer"])
    invoice_of = {each["payment"].get("payment_intent"): each["invoice"] for each in payments}
    for kind, found in (("charges", charges), ("refunds", [*refunds, *disputes])):
        for each in found:
            invoice = invoice_of.get(each["payment_intent"])
            if invoice in whose:
                getattr(books[whose[invoice]], kind).append({**each, "invoice": invoice})
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


PAYMENT_KEY = r"\bc\d+-\d+:\d+\b"
"""A payment's key, within the idempotency key of one of its requests."""


HALF = 0.5
"""So much of ten seconds tells how many requests there are in ten."""


@dataclass
class RequestCounter:
    """Counts what is asked of Stripe, customer by customer: the sandbox's log goes back only so far."""

    stripe: str
    by_customer: Counter[str] = field(default_factory=Counter)
    saved_failures: Counter[str] = field(default_factory=Counter)
    """By payment: how often Stripe only repeated a failure of its own."""
    busiest: dict[str, int] = field(default_factory=dict)
    """By customer: requests in the ten seconds in which there were most."""
    total: int = 0
    _last: int = 0
    _read_at: float = field(default_factory=time.monotonic)

    async def read(self) -> None:
        """Add what was asked since the last time.

        Raises:
            httpx.HTTPError: The sandbox is dead or paused just now.
        """
        async with plain_client(base_url=self.stripe, timeout=20) as client:
            answer = await client.get("/_sandbox/requests/counts", params={"since": self._last})
        counted = answer.raise_for_status().json()
        self.by_customer.update(counted["by_customer"])
        tens = (time.monotonic() - self._read_at) / 10
        self._read_at += 10 * tens
        if tens >= HALF:
            for customer, count in counted["by_customer"].items():
                self.busiest[customer] = max(self.busiest.get(customer, 0), round(count / tens))
        for key, count in counted["by_saved_failure"].items():
            if payment := re.search(PAYMENT_KEY, key):
                self.saved_failures[payment[0]] += count
        self.total += counted["total"]
        self._last = counted["last"]


# ---------------------------------------------------------------------- Temporal


async def read_histories(temporal: Client) -> Counter[str]:
    """Return how many events there are in the histories of each workflow, over all of its runs.

    A list knows the length of a run only once that has ended; of one that goes on, its description does.
    """
    events: Counter[str] = Counter()
    async for run in temporal.list_workflows("WorkflowType = 'AccountWorkflow'", page_size=500):
        if run.status is WorkflowExecutionStatus.RUNNING:
            handle = temporal.get_workflow_handle(run.id, run_id=run.run_id)
            events[run.id] += (await handle.describe()).history_length or 0
        else:
            events[run.id] += run.history_length or 0
    return events


# ---------------------------------------------------------------------- what an account has not heard of yet


def unseen(evidence: Evidence) -> Iterator[tuple[str | None, str | None]]:
    """Yield what Stripe knows and the timeline does not: payment keys of paid invoices, ids of refunds and disputes."""
    told = {entry["payment_key"] for entry in evidence.timeline if entry["type"] in MONEY}
    for invoice in evidence.books.invoices:
        key = invoice["metadata"]["payment_key"]
        if invoice["status"] == "paid" and key not in told:
            yield key, None
    noted = Counter(entry["invoice_id"] for entry in evidence.timeline if entry["type"] in MONEY_BACK)
    for each in evidence.books.refunds:
        if not noted[each["invoice"]]:
            yield None, each["id"]
    latest = evidence.account["payment"]
    failed = {each["invoice"] for each in evidence.books.charges if each["status"] == "failed"}
    if latest["status"] == "processing" and latest["invoice_id"] in failed:
        yield latest["key"], None


MONEY = frozenset({"account.activated", "account.reactivated", "account.renewed", "account.payment_received"})
"""Entries that tell of money, if they have a payment's key and an amount."""

MONEY_BACK = frozenset({"account.refunded", "account.disputed"})
