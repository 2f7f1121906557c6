"""Subscriptions at Stripe become accounts, or the reasons are told why not; at the sandbox (R25)."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
import stripe

from reprise.stripe_api.client import stripe_client
from reprise.stripe_api.subscriptions import NotCarried, TakenOver, as_account, end_with_period, subscriptions
from reprise.transfer.checking import check_rows
from reprise.transfer.rows import Row
from tests.stripe_side import StripeSide


class Company:
    """What a company has at Stripe: a product, prices, customers, subscriptions."""

    def __init__(self, client: stripe.StripeClient) -> None:
        self.client = client
        self.v1 = client.v1

    async def price(self, **changes: Any) -> str:
        product = await self.v1.products.create_async({"name": "Carts"})
        asked: Any = {"currency": "usd", "product": product.id, "unit_amount": 2500, "recurring": {"interval": "month"}}
        asked |= changes
        return (await self.v1.prices.create_async(asked)).id

    async def subscription(self, *prices: str, **params: Any) -> stripe.Subscription:
        """Subscribe a new customer with a good card to some prices, three of each."""
        made = await self.v1.customers.create_async({"email": f"{uuid.uuid4().hex}@example.com"})
        method = await self.v1.payment_methods.attach_async("pm_card_visa", {"customer": made.id})
        await self.v1.customers.update_async(made.id, {"invoice_settings": {"default_payment_method": method.id}})
        items = [{"price": each, "quantity": 3} for each in prices or [await self.price()]]
        asked: Any = {"customer": made.id, "items": items, **params}
        return await self.v1.subscriptions.create_async(asked)

    async def found(self, subscription: stripe.Subscription, id_from: str | None = None) -> TakenOver | NotCarried:
        """The subscription as reading them all finds it."""
        async for each in subscriptions(self.client):
            if each.id == subscription.id:
                return as_account(each, id_from)
        raise AssertionError("it is not in the list")

    async def reasons(self, subscription: stripe.Subscription) -> str:
        found = await self.found(subscription)
        assert isinstance(found, NotCarried)
        return "; ".join(found.reasons)


@pytest.fixture
async def company(stripe_side: StripeSide) -> AsyncIterator[Company]:
    async with stripe_client(stripe_side.settings()) as client:
        yield Company(client)


async def test_R25_a_subscription_is_an_account(company: Company) -> None:
    """Price, quantity, period, anchor, customer, e-mail and day; and the core takes it as it is."""
    made = await company.subscription()
    found = await company.found(made)
    assert isinstance(found, TakenOver)
    item = made["items"].data[0]
    assert found.goes_on
    customer = await company.v1.customers.retrieve_async(found.customer_id)
    instants = {name: datetime.fromisoformat(found.fields[name]) for name in ("paid_through", "anchor", "opened_at")}
    assert all(found.fields[name].endswith("Z") for name in instants), "as every instant is written"
    assert instants == {
        "paid_through": datetime.fromtimestamp(item.current_period_end, UTC),
        "anchor": datetime.fromtimestamp(made.billing_cycle_anchor, UTC),
        "opened_at": datetime.fromtimestamp(made.created, UTC),
    }
    rest = {name: value for name, value in found.fields.items() if name not in instants}
    assert rest == {
        "account_id": customer.id,
        "customer_id": customer.id,
        "email": customer.email,
        "carts": 3,
        "plan": {"currency": "usd", "unit_amount": 2500},
        "cancelled": False,
    }
    assert not check_rows([Row(1, found.fields)], datetime.fromtimestamp(made.created, UTC)).refused


async def test_R25_the_account_id_may_stand_in_the_metadata(company: Company) -> None:
    """By the name that is given; one that lacks it is not carried, since a customer's id would be another account's."""
    made = await company.subscription(metadata={"account_id": "shop-42"})
    found = await company.found(made, "account_id")
    assert isinstance(found, TakenOver)
    assert found.fields["account_id"] == "shop-42"
    assert isinstance(await company.found(made, "shop"), NotCarried)


async def test_R25_a_subscription_that_ends_is_a_cancelled_account(company: Company) -> None:
    """What its customer has cancelled at Stripe stays cancelled."""
    made = await company.subscription(cancel_at_period_end=True)
    found = await company.found(made)
    assert isinstance(found, TakenOver)
    assert (found.fields["cancelled"], found.goes_on) == (True, False)


async def test_R25_one_that_was_told_to_end_reads_as_before(company: Company) -> None:
    """Ended because an account has taken it over: read again, it is the same account, and not a cancelled one."""
    made = await company.subscription()
    before = await company.found(made)
    assert isinstance(before, TakenOver)
    await end_with_period(company.client, before)
    assert (await company.v1.subscriptions.retrieve_async(made.id)).cancel_at_period_end
    after = await company.found(made)
    assert isinstance(after, TakenOver)
    assert (after.fields, after.goes_on) == (before.fields, False)


async def test_R25_the_subscriptions_own_card_comes_along(company: Company, stripe_side: StripeSide) -> None:
    """An account pays with its customer's default: the subscription's own method becomes that."""
    made = await company.subscription()
    customer = made.customer if isinstance(made.customer, str) else made.customer.id
    own = await asyncio.to_thread(stripe_side.payment_method)
    await company.v1.payment_methods.attach_async(own, {"customer": customer})
    asked: Any = {"customer": customer, "items": [{"price": await company.price()}], "default_payment_method": own}
    found = await company.found(await company.v1.subscriptions.create_async(asked))
    assert isinstance(found, TakenOver)
    assert found.fields["payment_method"] == own


async def test_R25_what_no_account_can_carry_is_told_with_its_reason(company: Company, stripe_side: StripeSide) -> None:
    """One reason for each subscription, and a sentence that names it."""
    yearly = await company.price(recurring={"interval": "year"})
    quarterly = await company.price(recurring={"interval": "month", "interval_count": 3})
    parts = await company.price(unit_amount=None, unit_amount_decimal="12.5")
    metered = await company.price(recurring={"interval": "month", "usage_type": "metered", "meter": "mtr_1"})
    coupon = await company.v1.coupons.create_async({"percent_off": 10, "duration": "forever"})
    paused = await company.subscription()
    await company.v1.subscriptions.update_async(paused.id, {"pause_collection": {"behavior": "void"}})
    anonymous = await company.subscription()
    await company.v1.customers.update_async(str(anonymous.customer), {"email": ""})
    discounted = await company.subscription()
    await asyncio.to_thread(stripe_side.post, f"customers/{discounted.customer}/discount", {"percent_off": 10})
    usage: Any = {"customer": str(paused.customer), "items": [{"price": metered}]}
    expected = {
        "every year": await company.subscription(yearly),
        "every 3 months": await company.subscription(quarterly),
        "parts of the minor unit": await company.subscription(parts),
        "metered": await company.v1.subscriptions.create_async(usage),
        "2 items": await company.subscription(await company.price(), await company.price()),
        "is trialing": await company.subscription(trial_period_days=7),
        "paused": paused,
        "by hand": await company.subscription(collection_method="send_invoice", days_until_due=7),
        "has a discount": await company.subscription(discounts=[{"coupon": coupon.id}]),
        "without an e-mail": anonymous,
        "a customer with a discount": discounted,
    }
    for reason, made in expected.items():
        assert reason in await company.reasons(made), reason
