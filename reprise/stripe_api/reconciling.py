"""Reads what Stripe has, page by page and not too fast, for accounts to be held against it (R22).

Only lists and retrievals: nothing at Stripe is changed here.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

import stripe

from reprise.stripe_api.client import metadata_of, understood
from reprise.stripe_api.errors import is_missing_customer
from reprise.stripe_api.facts import AccountAtStripe, CustomerFact, InvoiceFact, RefundFact, SubscriptionFact
from reprise.stripe_api.reading import customer_of, is_deleted, key_of, number_of
from reprise.stripe_api.refunds import invoice_of_intent

PAGE = 100
"""How many objects one request lists: the most that Stripe lists at once (docs.stripe.com/api/pagination)."""

Fact = TypeVar("Fact")


@dataclass(frozen=True)
class FactPage(Generic[Fact]):
    """One page of a list; `cursor` asks for the one after it, None on the last."""

    facts: tuple[Fact, ...]
    cursor: str | None


class Pace:
    """Lets at most so many requests begin in a second, however many tasks send them (docs.stripe.com/rate-limits)."""

    def __init__(self, per_second: float) -> None:
        self._interval = 1 / per_second
        self._next = 0.0

    async def wait(self) -> None:
        """Wait for one's turn."""
        now = asyncio.get_running_loop().time()
        mine = max(self._next, now)
        self._next = mine + self._interval
        await asyncio.sleep(mine - now)


class StripeFacts:
    """Stripe's side, read at a pace. Errors are the library's; a transient one is worth another try."""

    def __init__(self, client: stripe.StripeClient, pace: Pace) -> None:
        self._client = client
        self._stripe = client.v1
        self._pace = pace

    # ------------------------------------------------------------------ one account

    async def of_account(
        self, account_id: str, customer_id: str | None, since: datetime, also: Sequence[str] = ()
    ) -> AccountAtStripe:
        """Return an account's customer, and its invoices that were created since an instant.

        Args:
            account_id: The account.
            customer_id: Its customer.
            since: From when on invoices are looked at.
            also: Invoices that are looked at as well, wherever and whenever they were made.
        """
        invoices: dict[str, InvoiceFact] = {}
        customer = None
        if customer_id is not None:
            try:
                customer, listed = await self._of_customer(customer_id, since)
            except stripe.InvalidRequestError as error:
                if not is_missing_customer(error):
                    raise
                listed = []
            invoices = {each.invoice_id: each for each in listed if each.account_id == account_id}
        for invoice_id in also:
            if invoice_id not in invoices and (found := await self._invoice(invoice_id)):
                invoices[invoice_id] = found
        return AccountAtStripe(customer=customer, invoices=tuple(invoices.values()))

    async def _of_customer(self, customer_id: str, since: datetime) -> tuple[CustomerFact, list[InvoiceFact]]:
        asked: Any = {
            "customer": customer_id,
            "limit": PAGE,
            "created": {"gte": int(since.timestamp())},
            "expand": ["data.customer"],
        }
        found: list[stripe.Invoice] = []
        while True:
            await self._pace.wait()
            page = await understood(self._stripe.invoices.list_async(asked))
            found += page.data
            if not page.has_more:
                break
            asked["starting_after"] = page.data[-1].id
        shown = next((customer for each in found if (customer := customer_of(each))), None)
        if shown is None:
            await self._pace.wait()
            shown = await understood(self._stripe.customers.retrieve_async(customer_id))
        return _customer(shown), [fact for each in found if (fact := _invoice(each))]

    async def _invoice(self, invoice_id: str) -> InvoiceFact | None:
        await self._pace.wait()
        try:
            return _invoice(await understood(self._stripe.invoices.retrieve_async(invoice_id)))
        except stripe.InvalidRequestError as error:
            if error.http_status != 404:
                raise
            return None

    # ------------------------------------------------------------------ everything, page by page

    async def customers(self, since: datetime, cursor: str | None) -> FactPage[CustomerFact]:
        """Return a page of the customers that were created since an instant, newest first."""
        await self._pace.wait()
        page = await understood(self._stripe.customers.list_async(_asked(since, cursor)))
        return FactPage(tuple(_customer(each) for each in page.data), _after(page))

    async def invoices(self, since: datetime, cursor: str | None) -> FactPage[InvoiceFact]:
        """Return a page of the invoices that bear an account's marks and were created since an instant."""
        await self._pace.wait()
        page = await understood(self._stripe.invoices.list_async(_asked(since, cursor)))
        return FactPage(tuple(fact for each in page.data if (fact := _invoice(each))), _after(page))

    async def subscriptions(self, cursor: str | None) -> FactPage[SubscriptionFact]:
        """Return a page of the subscriptions that have not ended, whenever they were created."""
        await self._pace.wait()
        page = await understood(self._stripe.subscriptions.list_async(_asked(None, cursor, expand=["data.customer"])))
        facts = tuple(
            SubscriptionFact(
                subscription_id=each.id,
                customer=_customer(each.customer),
                goes_on=not each.cancel_at_period_end and each.cancel_at is None,
            )
            for each in page.data
            if isinstance(each.customer, stripe.Customer)
        )
        return FactPage(facts, _after(page))

    async def refunds(self, since: datetime, cursor: str | None) -> FactPage[RefundFact]:
        """Return a page of the refunds that were created since an instant, each with the invoice it is about."""
        await self._pace.wait()
        page = await understood(self._stripe.refunds.list_async(_asked(since, cursor)))
        return FactPage(tuple([await self._refund(each) for each in page.data]), _after(page))

    async def disputes(self, since: datetime, cursor: str | None) -> FactPage[RefundFact]:
        """Return a page of the disputes that were opened since an instant, each with the invoice it is about."""
        await self._pace.wait()
        page = await understood(self._stripe.disputes.list_async(_asked(since, cursor)))
        return FactPage(tuple([await self._refund(each) for each in page.data]), _after(page))

    async def _refund(self, found: stripe.Refund | stripe.Dispute) -> RefundFact:
        await self._pace.wait()
        invoice = await invoice_of_intent(self._client, found.payment_intent)
        return RefundFact(
            object_id=found.id,
            kind="dispute" if isinstance(found, stripe.Dispute) else "refund",
            status=found.status,
            amount=found.amount,
            currency=found.currency,
            invoice=_invoice(invoice) if invoice else None,
        )


def _asked(since: datetime | None, cursor: str | None, expand: list[str] | None = None) -> Any:
    asked: dict[str, Any] = {"limit": PAGE, "starting_after": cursor, "expand": expand}  # without what is None
    if since is not None:
        asked["created"] = {"gte": int(since.timestamp())}
    return asked


def _after(page: stripe.ListObject[Any]) -> str | None:
    return page.data[-1].id if page.has_more else None


def _customer(customer: stripe.Customer) -> CustomerFact:
    if is_deleted(customer):
        return CustomerFact(customer_id=customer.id, deleted=True)
    metadata = metadata_of(customer)
    return CustomerFact(customer_id=customer.id, account_id=metadata.get("account_id"), life=metadata.get("life"))


def _invoice(invoice: stripe.Invoice) -> InvoiceFact | None:
    """Return an invoice that bears an account's marks: an id, and a key that is one of that account's payments."""
    if number_of(invoice) < 1:
        return None
    key = key_of(invoice)
    assert key is not None, "a number stands in it"
    account_id = key.rpartition(":")[0]
    if metadata_of(invoice).get("account_id") != account_id:
        return None
    customer = invoice.customer
    return InvoiceFact(
        invoice_id=invoice.id,
        customer_id=customer if isinstance(customer, str) else customer.id if customer else "",
        account_id=account_id,
        life=metadata_of(invoice).get("life"),
        payment_key=key,
        status=invoice.status or "unknown",
        total=invoice.total,
        currency=invoice.currency,
        created=datetime.fromtimestamp(invoice.created, UTC),
    )
