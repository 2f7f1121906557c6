"""R22: what is read of Stripe for a reconciliation: all that is new, each once, and no faster than it may be read."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise
from typing import Any

import pytest
import stripe

from reprise.stripe_api import reconciling
from reprise.stripe_api.facts import AccountAtStripe, CustomerFact
from reprise.stripe_api.reconciling import FactPage, Pace, StripeFacts
from tests.stripe_api.scripted import answering, refusal
from tests.stripe_objects import customer_with_card, marked_invoice, monthly_subscription
from tests.stripe_side import StripeSide

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


class Counted(Pace):
    """A pace that knows how many requests have waited for their turn."""

    def __init__(self) -> None:
        super().__init__(per_second=1000)
        self.turns = 0

    async def wait(self) -> None:
        self.turns += 1
        await super().wait()


class Shop:
    """One account's side at Stripe, as its payments and its operators have left it."""

    def __init__(self, client: stripe.StripeClient) -> None:
        self._stripe = client.v1
        self.account_id = f"shop-{uuid.uuid4().hex[:12]}"
        self.marks = {"account_id": self.account_id, "life": "life"}

    async def customer(self) -> str:
        return await customer_with_card(self._stripe, self.marks)

    async def open_invoice(self, customer: str, number: int, *, pay: bool = False) -> str:
        marks = {**self.marks, "payment_key": f"{self.account_id}:{number}"}
        return await marked_invoice(self._stripe, customer, marks, pay=pay)

    async def paid_invoice(self, customer: str, number: int = 1) -> str:
        return await self.open_invoice(customer, number, pay=True)

    async def charge(self, customer: str) -> str:
        return (await self._stripe.charges.list_async({"customer": customer})).data[0].id

    async def subscription(self, customer: str) -> str:
        return await monthly_subscription(self._stripe, customer)


@pytest.fixture
def shop(client: stripe.StripeClient) -> Shop:
    return Shop(client)


async def every(page_of: Callable[[str | None], Awaitable[FactPage[Any]]]) -> list[Any]:
    """Read a list to its end."""
    found: list[Any] = []
    cursor = None
    while True:
        page = await page_of(cursor)
        found += page.facts
        if (cursor := page.cursor) is None:
            return found


async def test_R22_each_request_waits_for_its_turn(
    shop: Shop, client: stripe.StripeClient, stripe_side: StripeSide, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is read, of one account or of all, in however many pages."""
    monkeypatch.setattr(reconciling, "PAGE", 2)
    customer = await shop.customer()
    invoices = [await shop.paid_invoice(customer, number) for number in (1, 2, 3)]
    charge = await shop.charge(customer)
    await client.v1.refunds.create_async({"charge": charge, "amount": 100})
    stripe_side.post(f"charges/{charge}/dispute", {})
    await shop.subscription(customer)
    empty = await shop.customer()
    pace = Counted()
    facts, before = StripeFacts(client, pace), stripe_side.latest_request()
    await facts.of_account(shop.account_id, customer, LONG_AGO)
    await facts.of_account(shop.account_id, empty, LONG_AGO, also=invoices[:1])
    for page_of in (facts.customers, facts.invoices, facts.refunds, facts.disputes):
        assert await every(partial(page_of, LONG_AGO))
    assert await every(facts.subscriptions)
    assert pace.turns == len(stripe_side.requests(before)) > 10


async def test_R22_so_many_begin_in_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many tasks ask at once: the twenty-first begins a second after the first, each at its own moment."""
    turns: list[float] = []
    clock = asyncio.get_running_loop().time

    async def begin(seconds: float) -> None:
        turns.append(clock() + seconds)

    pace = Pace(per_second=20)
    with monkeypatch.context() as instead:
        instead.setattr(asyncio, "sleep", begin)
        for _ in range(21):
            await pace.wait()
    assert [later - earlier for earlier, later in pairwise(turns)] == pytest.approx([0.05] * 20, abs=0.02)
    assert turns[-1] - turns[0] == pytest.approx(1, abs=0.1)


async def test_R22_a_turn_that_nobody_took_is_not_made_up_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever comes after a pause begins at once, and the next one waits."""
    waits: list[float] = []

    async def begin(seconds: float) -> None:
        waits.append(seconds)

    pace = Pace(per_second=0.5)
    with monkeypatch.context() as instead:
        instead.setattr(asyncio, "sleep", begin)
        for _ in range(2):
            await pace.wait()
    assert waits == [0, pytest.approx(2, abs=0.5)]


async def test_R22_an_account_is_its_customers_invoices_since_then(shop: Shop, client: stripe.StripeClient) -> None:
    """And those that its record names, wherever they are; of another customer or account, none (R25)."""
    customer, another = await shop.customer(), await shop.customer()
    mine, others = await shop.paid_invoice(customer), await shop.paid_invoice(another, 2)
    marks = {"account_id": "shop-2", "payment_key": "shop-2:1"}
    await marked_invoice(client.v1, customer, marks)
    pace, later = Counted(), datetime.now(UTC) + timedelta(days=1)
    facts = StripeFacts(client, pace)

    async def read(since: datetime, *also: str) -> set[str]:
        there = await facts.of_account(shop.account_id, customer, since, also)
        assert there.customer == CustomerFact(customer_id=customer, account_id=shop.account_id, life="life")
        return {each.invoice_id for each in there.invoices}

    assert await read(LONG_AGO, mine) == {mine}
    assert pace.turns == 1, "what the list has is not asked for again"
    assert await read(later) == set()
    assert await read(later, mine, others, "in_unknown") == {mine, others}
    assert await facts.of_account(shop.account_id, None, LONG_AGO) == AccountAtStripe()


async def test_R22_an_accounts_invoices_are_read_to_the_last_page(
    shop: Shop, client: stripe.StripeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each page goes on where the one before has ended."""
    customer = await shop.customer()
    invoices = [await shop.open_invoice(customer, number) for number in range(1, 5)]
    for size, pages in ((2, 2), (1, 4)):
        monkeypatch.setattr(reconciling, "PAGE", size)
        pace = Counted()
        there = await StripeFacts(client, pace).of_account(shop.account_id, customer, LONG_AGO)
        assert ([each.invoice_id for each in there.invoices], pace.turns) == (invoices[::-1], pages)


async def test_R23_a_customer_that_is_gone_is_told(shop: Shop, client: stripe.StripeClient) -> None:
    """Deleted, or never there; what its record names is looked at all the same."""
    customer = await shop.customer()
    mine = await shop.paid_invoice(customer)
    await client.v1.customers.delete_async(customer)
    facts = StripeFacts(client, Counted())
    there = await facts.of_account(shop.account_id, customer, datetime.now(UTC) + timedelta(days=1))
    assert there == AccountAtStripe(customer=CustomerFact(customer_id=customer, deleted=True))
    there = await facts.of_account(shop.account_id, "cus_unknown", LONG_AGO, [mine])
    assert (there.customer, [each.invoice_id for each in there.invoices]) == (None, [mine])


@pytest.mark.parametrize(("customer", "also"), [("cus_1", []), (None, ["in_1"])])
async def test_R22_what_stripe_refuses_otherwise_is_no_fact(customer: str | None, also: list[str]) -> None:
    """Neither a customer nor an invoice is taken for missing by it."""
    async with answering({"*": (400, refusal())}) as (client, _):
        with pytest.raises(stripe.InvalidRequestError, match="No"):
            await StripeFacts(client, Counted()).of_account("shop", customer, LONG_AGO, also)


async def test_R22_lists_hold_what_is_new_each_once(
    shop: Shop, client: stripe.StripeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Page by page to the last one; what was created before is not read."""
    monkeypatch.setattr(reconciling, "PAGE", 1)
    customer = await shop.customer()
    invoices = [await shop.paid_invoice(customer, number) for number in (1, 2)]
    facts, later = StripeFacts(client, Counted()), datetime.now(UTC) + timedelta(days=1)
    found = [each.invoice_id for each in await every(partial(facts.invoices, LONG_AGO))]
    assert [each for each in found if each in invoices] == invoices[::-1]
    assert len(found) == len(set(found))
    assert customer in {each.customer_id for each in await every(partial(facts.customers, LONG_AGO))}
    for page_of in (facts.customers, facts.invoices, facts.refunds, facts.disputes):
        assert await page_of(later, None) == FactPage((), None)


async def test_R24_refunds_and_disputes_say_which_payment_they_are_about(
    shop: Shop, client: stripe.StripeClient, stripe_side: StripeSide
) -> None:
    """Each as what it is, with the invoice that its charge has paid."""
    customer = await shop.customer()
    invoice = await shop.paid_invoice(customer)
    charge = await shop.charge(customer)
    refund = (await client.v1.refunds.create_async({"charge": charge, "amount": 100})).id
    dispute = stripe_side.post(f"charges/{charge}/dispute", {})["id"]
    facts = StripeFacts(client, Counted())
    refunds = await every(partial(facts.refunds, LONG_AGO))
    disputes = await every(partial(facts.disputes, LONG_AGO))
    told = {each.object_id: each for each in [*refunds, *disputes]}
    for object_id, kind, amount, status in (
        (refund, "refund", 100, "succeeded"),
        (dispute, "dispute", 7500, "needs_response"),
    ):
        it = told[object_id]
        assert (it.kind, it.amount, it.currency, it.status) == (kind, amount, "usd", status)
        assert it.invoice.invoice_id == invoice


async def test_R25_subscriptions_say_whose_they_are_and_whether_they_go_on(
    shop: Shop, client: stripe.StripeClient
) -> None:
    """By their customers' marks; one that was told to end does not go on."""
    customer = await shop.customer()
    goes_on, ends = await shop.subscription(customer), await shop.subscription(customer)
    await client.v1.subscriptions.update_async(ends, {"cancel_at_period_end": True})
    found = {each.subscription_id: each for each in await every(StripeFacts(client, Counted()).subscriptions)}
    assert {each: found[each].goes_on for each in (goes_on, ends)} == {goes_on: True, ends: False}
    assert found[goes_on].customer.account_id == shop.account_id
