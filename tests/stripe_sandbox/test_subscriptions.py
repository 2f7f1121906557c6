"""Subscriptions at the sandbox: their periods follow the clock, and one that is to end ends when it said."""

import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
import stripe

from tests.stripe_side import StripeSide

DAY = 86_400


async def price(client: stripe.StripeClient, **changes: Any) -> str:
    product = await client.v1.products.create_async({"name": "Carts"})
    monthly = {"currency": "usd", "product": product.id, "unit_amount": 2500, "recurring": {"interval": "month"}}
    asked: Any = {**monthly, **changes}
    return (await client.v1.prices.create_async(asked)).id


async def subscription(client: stripe.StripeClient, customer: str, price: str, **params: Any) -> stripe.Subscription:
    asked: Any = {"customer": customer, "items": [{"price": price, "quantity": 3}], **params}
    return await client.v1.subscriptions.create_async(asked)


def period_of(found: stripe.Subscription) -> tuple[datetime, datetime]:
    item = found["items"].data[0]
    return tuple(datetime.fromtimestamp(at, UTC) for at in (item.current_period_start, item.current_period_end))  # type: ignore[return-value]


async def test_periods_are_counted_from_the_anchor(
    client: stripe.StripeClient, customer: stripe.Customer, stripe_side: StripeSide
) -> None:
    """An anchor on the 31st: the period before it ends there, the next on the last of the month, then on the 31st."""
    now = datetime.fromtimestamp(stripe_side.dump("products")["now"], UTC)
    anchor = datetime(now.year + 1, 1, 31, 10, tzinfo=UTC)
    made = await subscription(client, customer.id, await price(client), billing_cycle_anchor=int(anchor.timestamp()))
    assert period_of(made)[1] == anchor
    stripe_side.post("clock", {"now": int(anchor.timestamp()) + DAY})
    later = period_of(await client.v1.subscriptions.retrieve_async(made.id))
    assert later == (anchor, datetime(now.year + 1, 2, 29 if (now.year + 1) % 4 == 0 else 28, 10, tzinfo=UTC))
    stripe_side.advance(30 * DAY)
    assert period_of(await client.v1.subscriptions.retrieve_async(made.id))[1] == anchor.replace(month=3)


async def test_one_that_is_to_end_ends_with_its_period(
    client: stripe.StripeClient, customer: stripe.Customer, stripe_side: StripeSide
) -> None:
    """Active until then; then cancelled, out of the usual list, and not to be changed any more."""
    made = await subscription(client, customer.id, await price(client))
    ending = await client.v1.subscriptions.update_async(made.id, {"cancel_at_period_end": True})
    assert (ending.status, ending.cancel_at_period_end, ending.cancel_at) == (
        "active",
        True,
        ending["items"].data[0].current_period_end,
    )
    stripe_side.advance(32 * DAY)
    ended = await client.v1.subscriptions.retrieve_async(made.id)
    assert (ended.status, ended.ended_at) == ("canceled", ending.cancel_at)
    listed = await client.v1.subscriptions.list_async({"customer": customer.id})
    assert [each.id for each in listed.data] == []
    with pytest.raises(stripe.InvalidRequestError):
        await client.v1.subscriptions.update_async(made.id, {"cancel_at_period_end": False})
    everything = await client.v1.subscriptions.list_async({"customer": customer.id, "status": "all"})
    assert [each.id for each in everything.data] == [made.id]


async def test_the_list_has_cursors_and_shows_customers(client: stripe.StripeClient, customer: stripe.Customer) -> None:
    """Newest first, page by page; with `expand`, each with its customer."""
    of = await price(client, lookup_key=uuid.uuid4().hex)
    made = [(await subscription(client, customer.id, of)).id for _ in range(3)]
    page = await client.v1.subscriptions.list_async({"price": of, "limit": 2, "expand": ["data.customer"]})
    assert ([each.id for each in page.data], page.has_more) == (made[:0:-1], True)
    assert {each.customer.email for each in page.data if isinstance(each.customer, stripe.Customer)} == {customer.email}
    rest = await client.v1.subscriptions.list_async({"price": of, "limit": 2, "starting_after": page.data[-1].id})
    assert ([each.id for each in rest.data], rest.has_more) == (made[:1], False)


async def test_what_stripe_refuses(client: stripe.StripeClient, customer: stripe.Customer) -> None:
    """A price that is not recurring, items of two intervals, an anchor in the past, no item."""
    monthly, yearly = await price(client), await price(client, recurring={"interval": "year"})
    product = await client.v1.products.create_async({"name": "Setup"})
    once = (await client.v1.prices.create_async({"currency": "usd", "product": product.id, "unit_amount": 100})).id
    wrong: list[Any] = [
        {"items": []},
        {"items": [{"price": monthly}, {"price": yearly}]},
        {"items": [{"price": "price_of_nobody"}]},
        {"items": [{"price": once}]},
        {"items": [{"price": monthly}], "billing_cycle_anchor": 1_000_000_000},
    ]
    for asked in wrong:
        asked["customer"] = customer.id
        with pytest.raises(stripe.InvalidRequestError):
            await client.v1.subscriptions.create_async(asked)


async def test_a_deleted_customers_subscriptions_end(client: stripe.StripeClient, customer: stripe.Customer) -> None:
    """At once, and without another word."""
    made = await subscription(client, customer.id, await price(client))
    await client.v1.customers.delete_async(customer.id)
    assert (await client.v1.subscriptions.retrieve_async(made.id)).status == "canceled"
