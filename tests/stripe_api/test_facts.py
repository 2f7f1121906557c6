"""R22: what is asked of Stripe for a reconciliation, and what each object says, whatever of it Stripe leaves out."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from reprise.stripe_api.facts import CustomerFact, InvoiceFact, RefundFact, SubscriptionFact
from reprise.stripe_api.reconciling import FactPage, Pace, StripeFacts
from tests.stripe_api.scripted import answering

SINCE = datetime(2026, 10, 1, 10, tzinfo=UTC)
CREATED = int(SINCE.timestamp())
QUICK = 10_000

MARKS = {"account_id": "shop", "life": "life-1", "payment_key": "shop:1"}
FACT = InvoiceFact(
    invoice_id="in_1",
    customer_id="cus_1",
    account_id="shop",
    life="life-1",
    payment_key="shop:1",
    status="open",
    total=7500,
    currency="usd",
    created=SINCE,
)


def page(*objects: dict[str, Any], has_more: bool = False) -> str:
    return json.dumps({"object": "list", "data": objects, "has_more": has_more})


def invoice(**changes: Any) -> dict[str, Any]:
    return {
        "id": "in_1", "object": "invoice", "created": CREATED, "currency": "usd", "customer": "cus_1",
        "metadata": MARKS, "status": "open", "total": 7500, **changes,
    }  # fmt: skip


def customer(**changes: Any) -> dict[str, Any]:
    return {"id": "cus_1", "object": "customer", "metadata": MARKS, **changes}


async def test_R22_lists_are_asked_for_as_many_as_stripe_lists_from_an_instant_on() -> None:
    """And from the last one of the page before."""
    async with answering({"*": page()}) as (client, script):
        facts = StripeFacts(client, Pace(QUICK))
        for page_of in (facts.customers, facts.invoices, facts.refunds, facts.disputes):
            assert await page_of(SINCE, None) == FactPage((), None)
            await page_of(SINCE, "last_1")
        await facts.subscriptions(None)
        await facts.subscriptions("sub_1")
        since, with_customer = {"limit": "100", "created[gte]": str(CREATED)}, {"expand[0]": "data.customer"}
        begin, go_on = since, {**since, "starting_after": "last_1"}
        subscriptions = {"limit": "100", **with_customer}
        lists = [begin, go_on] * 4 + [subscriptions, {**subscriptions, "starting_after": "sub_1"}]
        assert script.queries == lists
    async with answering({"*": page(invoice(customer=customer()))}) as (client, script):
        await StripeFacts(client, Pace(QUICK)).of_account("shop", "cus_1", SINCE)
        assert script.queries == [{"customer": "cus_1", **since, **with_customer}]


@pytest.mark.parametrize(
    ("changes", "fact"),
    [
        ({}, {}),
        ({"customer": customer(id="cus_2")}, {"customer_id": "cus_2"}),
        ({"customer": None}, {"customer_id": ""}),
        ({"status": None}, {"status": "unknown"}),
        ({"status": "paid"}, {"status": "paid"}),
        ({"metadata": {"account_id": "shop", "payment_key": "shop:12"}}, {"life": None, "payment_key": "shop:12"}),
    ],
)
async def test_R22_an_invoice_with_an_accounts_marks_is_a_fact(changes: dict[str, Any], fact: dict[str, Any]) -> None:
    """As it stands at Stripe."""
    async with answering({"*": page(invoice(**changes))}) as (client, _):
        found = await StripeFacts(client, Pace(QUICK)).invoices(SINCE, None)
    assert found.facts == (FACT.model_copy(update=fact),)


@pytest.mark.parametrize(
    "marks",
    [
        {},
        {"account_id": "shop"},
        {"payment_key": "shop:1"},
        {"account_id": "shop", "payment_key": "shop:0"},
        {"account_id": "shop", "payment_key": "shop:first"},
        {"account_id": "shop", "payment_key": "other:1"},
        {"account_id": "1", "payment_key": "shop:1"},
    ],
)
async def test_R22_an_invoice_without_an_accounts_marks_is_nobodys(marks: dict[str, str]) -> None:
    """Others make invoices too; the page goes on behind them."""
    async with answering({"*": page(invoice(metadata=marks), has_more=True)}) as (client, _):
        assert await StripeFacts(client, Pace(QUICK)).invoices(SINCE, None) == FactPage((), "in_1")


@pytest.mark.parametrize(
    ("ends", "goes_on"),
    [
        ({"cancel_at_period_end": False, "cancel_at": None}, True),
        ({"cancel_at_period_end": False, "cancel_at": CREATED}, False),
        ({"cancel_at_period_end": True, "cancel_at": CREATED}, False),
        ({"cancel_at_period_end": True, "cancel_at": None}, False),
    ],
)
async def test_R25_a_subscription_that_was_told_to_end_does_not_go_on(ends: dict[str, Any], goes_on: bool) -> None:
    """With its period or at an instant of its own; one whose customer is not shown is nobody's."""
    shown = {"id": "sub_1", "object": "subscription", "customer": customer(), **ends}
    hidden = {"id": "sub_2", "object": "subscription", "customer": "cus_2", **ends}
    async with answering({"*": page(shown, hidden)}) as (client, _):
        found = await StripeFacts(client, Pace(QUICK)).subscriptions(None)
    whose = CustomerFact(customer_id="cus_1", account_id="shop", life="life-1")
    assert found.facts == (SubscriptionFact(subscription_id="sub_1", customer=whose, goes_on=goes_on),)


async def test_R24_a_refund_of_a_charge_without_an_intent_is_of_no_invoice() -> None:
    """Nothing is asked for it; the next page begins behind the last one of this."""
    refunds = [
        {"id": f"re_{n}", "object": "refund", "amount": n, "currency": "usd", "payment_intent": None, "status": None}
        for n in (1, 2, 3)
    ]
    async with answering({"*": page(*refunds, has_more=True)}) as (client, script):
        found = await StripeFacts(client, Pace(QUICK)).refunds(SINCE, None)
        assert script.calls == ["GET /v1/refunds"]
    first = RefundFact(object_id="re_1", kind="refund", status=None, amount=1, currency="usd", invoice=None)
    assert (found.facts[0], len(found.facts), found.cursor) == (first, 3, "re_3")
