"""R25: what a subscription says as an account, and each reason why none can carry it on."""

from typing import Any

import pytest
import stripe

from reprise.stripe_api.errors import is_transient
from reprise.stripe_api.subscriptions import (
    NotCarried,
    StripeFailed,
    TakenOver,
    as_account,
    end_with_period,
    subscriptions,
)
from tests.stripe_api.scripted import answering, listed
from tests.stripe_objects import customer_with_card, monthly_subscription

OCTOBER, NOVEMBER, DECEMBER = 1_790_848_800, 1_793_527_200, 1_796_119_200
"""10:00 on the first of the month, 2026."""

FIELDS = {
    "account_id": "cus_1",
    "email": "owner@example.com",
    "carts": 3,
    "plan": {"currency": "usd", "unit_amount": 2500},
    "paid_through": "2026-12-01T10:00:00Z",
    "anchor": "2026-11-01T10:00:00Z",
    "customer_id": "cus_1",
    "opened_at": "2026-10-01T10:00:00Z",
    "cancelled": False,
}


def customer(**changes: Any) -> dict[str, Any]:
    return {"id": "cus_1", "object": "customer", "email": "owner@example.com", "discount": None, **changes}


def price(**changes: Any) -> dict[str, Any]:
    recurring = {"interval": "month", "interval_count": 1, "usage_type": "licensed"} | changes.pop("every", {})
    return {
        "id": "price_1", "object": "price", "billing_scheme": "per_unit", "currency": "usd", "recurring": recurring,
        "transform_quantity": None, "unit_amount": 2500, **changes,
    }  # fmt: skip


def item(**changes: Any) -> dict[str, Any]:
    return {
        "id": "si_1", "object": "subscription_item", "current_period_end": DECEMBER, "discounts": [], "price": price(),
        "quantity": 3, "tax_rates": [], **changes,
    }  # fmt: skip


def items(*each: dict[str, Any], has_more: bool = False) -> dict[str, Any]:
    return {"object": "list", "data": list(each), "has_more": has_more}


def subscription(**changes: Any) -> stripe.Subscription:
    """A subscription that an account can carry on, but for the changes."""
    whole = {
        "id": "sub_1", "object": "subscription", "automatic_tax": {"enabled": False}, "billing_cycle_anchor": NOVEMBER,
        "cancel_at": None, "cancel_at_period_end": False, "collection_method": "charge_automatically",
        "created": OCTOBER, "currency": "usd", "customer": customer(), "default_payment_method": None,
        "default_tax_rates": [], "discounts": [], "items": items(item()), "metadata": {}, "pause_collection": None,
        "pending_invoice_item_interval": None, "pending_update": None, "schedule": None, "start_date": OCTOBER,
        "status": "active", "transfer_data": None, **changes,
    }  # fmt: skip
    made = stripe.Subscription.construct_from(whole, "sk_test_reprise")
    assert isinstance(made, stripe.Subscription)
    return made


@pytest.mark.parametrize(
    ("changes", "fields", "goes_on"),
    [
        ({}, {}, True),
        ({"created": NOVEMBER}, {}, True),
        ({"start_date": NOVEMBER}, {}, True),
        ({"cancel_at_period_end": True, "cancel_at": DECEMBER}, {"cancelled": True}, False),
        ({"cancel_at_period_end": True, "metadata": {"reprise_account_id": "cus_1"}}, {}, False),
        ({"default_payment_method": "pm_1"}, {"payment_method": "pm_1"}, True),
        ({"default_payment_method": {"id": "pm_2", "object": "payment_method"}}, {"payment_method": "pm_2"}, True),
    ],
)
def test_R25_a_subscription_says_what_its_account_opens_with(
    changes: dict[str, Any], fields: dict[str, Any], goes_on: bool
) -> None:
    """Open since it was made or began, whichever was first; cancelled only by its customer, not by our taking over."""
    assert as_account(subscription(**changes)) == TakenOver("sub_1", "cus_1", FIELDS | fields, goes_on)


def test_R25_the_accounts_id_is_the_customers_or_in_the_metadata() -> None:
    """By the name that is given; nothing else is taken instead."""
    named = as_account(subscription(metadata={"shop": "shop-42"}), "shop")
    assert isinstance(named, TakenOver)
    assert named.fields == FIELDS | {"account_id": "shop-42"}
    unnamed = as_account(subscription(metadata={"other": "shop-42"}), "shop")
    assert unnamed == NotCarried("sub_1", "cus_1", ("has no metadata 'shop' to take the account's id from",))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"status": "past_due"}, "is past_due at Stripe"),
        ({"pause_collection": {"behavior": "void"}}, "paused"),
        ({"collection_method": "send_invoice"}, "paid by hand"),
        ({"discounts": ["di_1"]}, "has a discount"),
        ({"automatic_tax": {"enabled": True}}, "tax added by Stripe"),
        ({"default_tax_rates": [{"id": "txr_1", "object": "tax_rate"}]}, "tax added by Stripe"),
        ({"schedule": "sub_sched_1"}, "schedule"),
        ({"pending_update": {"expires_at": DECEMBER}}, "waits for its payment"),
        ({"cancel_at": DECEMBER}, "an instant of its own"),
        ({"pending_invoice_item_interval": {"interval": "week", "interval_count": 1}}, "between its invoices"),
        ({"transfer_data": {"destination": "acct_1"}}, "another Stripe account"),
        ({"customer": "cus_1"}, "no customer any more"),
        ({"customer": {"id": "cus_1", "object": "customer", "deleted": True}}, "no customer any more"),
        ({"customer": customer(email=None)}, "without an e-mail"),
        ({"customer": customer(discount={"id": "di_1", "object": "discount"})}, "a customer with a discount"),
        ({"items": items()}, "has 0 items"),
        ({"items": items(item(), item())}, "has 2 items"),
        ({"items": items(item(), has_more=True)}, "has 1 items"),
        ({"items": items(item(discounts=["di_1"]))}, "an item with a discount"),
        ({"items": items(item(tax_rates=[{"id": "txr_1", "object": "tax_rate"}]))}, "an item with tax"),
        ({"items": items(item(quantity=None))}, "no quantity"),
        ({"currency": "eur"}, "several currencies (usd, eur)"),
    ],
)  # fmt: skip
def test_R25_what_no_account_has_is_the_reason(changes: dict[str, Any], reason: str) -> None:
    """One for each, and no other."""
    refused = as_account(subscription(**changes))
    assert isinstance(refused, NotCarried)
    (told,) = refused.reasons
    assert (refused.subscription_id, refused.customer_id) == ("sub_1", "cus_1")
    assert reason in told


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"recurring": None}, "every no interval:"),
        ({"every": {"interval": "year"}}, "every year:"),
        ({"every": {"interval_count": 3}}, "every 3 months:"),
        ({"every": {"interval": "week", "interval_count": 4}}, "every 4 weeks:"),
        ({"every": {"usage_type": "metered"}}, "is metered"),
        ({"unit_amount": None}, "parts of the minor unit"),
        ({"billing_scheme": "tiered"}, "has tiers"),
        ({"transform_quantity": {"divide_by": 10, "round": "up"}}, "several units"),
    ],
)
def test_R25_a_price_that_no_account_has_is_the_reason(changes: dict[str, Any], reason: str) -> None:
    """Accounts renew monthly, at whole minor units for each cart."""
    refused = as_account(subscription(items=items(item(price=price(**changes)))))
    assert isinstance(refused, NotCarried)
    (told,) = refused.reasons
    assert reason in told


def test_R25_every_reason_is_told() -> None:
    """Of the subscription, its customer, its price and its name: whoever mends them mends all at once."""
    wrong = subscription(schedule="sub_sched_1", customer=customer(email=""), items=items(item(quantity=None)))
    refused = as_account(wrong, "shop")
    assert isinstance(refused, NotCarried)
    assert [each.split()[-1] for each in refused.reasons] == ["schedule", "e-mail", "quantity", "from"]


async def test_R25_one_that_is_taken_over_ends_with_its_period(client: stripe.StripeClient) -> None:
    """It says which account has it: by a name that older and newer releases know."""
    made = await monthly_subscription(client.v1, await customer_with_card(client.v1))
    (found,) = [each async for each in subscriptions(client) if each.id == made]
    taken = as_account(found)
    assert isinstance(taken, TakenOver)
    await end_with_period(client, taken)
    after = await client.v1.subscriptions.retrieve_async(made)
    assert after.cancel_at_period_end
    assert after.metadata.to_dict() == {"reprise_account_id": taken.fields["account_id"]}


async def test_R25_subscriptions_are_read_with_their_customers() -> None:
    """As many at once as Stripe lists."""
    async with answering({"*": listed()}) as (client, script):
        assert [each async for each in subscriptions(client)] == []
        assert script.queries == [{"limit": "100", "expand[0]": "data.customer"}]


@pytest.mark.parametrize(("status", "says"), [(403, r"^Stripe refused: No\.$"), (500, r"^Stripe cannot be reached ")])
async def test_R25_what_stripe_does_not_do_is_said(status: int, says: str) -> None:
    """To whom it was asked by: refused, with Stripe's words, or out of reach."""
    async with answering({"*": (status, '{"error": {"message": "No.", "type": "api_error"}}')}) as (client, _):
        with pytest.raises(StripeFailed, match=says) as failed:
            _ = [each async for each in subscriptions(client)]
        assert failed.value.code == "stripe_failed"
        with pytest.raises(StripeFailed, match=says) as failed:
            await end_with_period(client, TakenOver("sub_1", "cus_1", FIELDS, goes_on=True))
        assert isinstance(failed.value.__cause__, stripe.StripeError)
        assert is_transient(failed.value.__cause__) == (status == 500)
