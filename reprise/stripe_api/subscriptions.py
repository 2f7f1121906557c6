"""Subscriptions at Stripe that accounts take over (R25): which there are, what each says as an account, its end."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import stripe

from reprise.errors import RepriseError
from reprise.stripe_api.client import metadata_of, understood
from reprise.stripe_api.errors import is_transient, message_of

TAKEN_OVER: Final = "reprise_account_id"
"""The metadata of a subscription that was told to end because an account has taken it over."""

_WITH: Final = ["data.customer"]


@dataclass(frozen=True)
class TakenOver:
    """A subscription as an account: the fields of its opening, named as over HTTP; instants are in UTC."""

    subscription_id: str
    customer_id: str
    fields: dict[str, Any]
    goes_on: bool
    """Whether Stripe goes on charging it, until it is told to end."""


@dataclass(frozen=True)
class NotCarried:
    """A subscription that no account can carry on, and every reason."""

    subscription_id: str
    customer_id: str
    reasons: tuple[str, ...]


class StripeFailed(RepriseError):  # noqa: N818 - named as its code is
    """Stripe does not do what it was asked for, by a person with a key of their own: the message says why."""

    code = "stripe_failed"

    def __init__(self, error: stripe.StripeError) -> None:
        why = f"Stripe cannot be reached ({error})." if is_transient(error) else f"Stripe refused: {message_of(error)}"
        super().__init__(why)


async def subscriptions(client: stripe.StripeClient) -> AsyncIterator[stripe.Subscription]:
    """Return every subscription that has not ended, newest first, each with its customer.

    Raises:
        StripeFailed: Stripe refuses to show them, or does not answer.
    """
    try:
        page = await understood(client.v1.subscriptions.list_async({"limit": 100, "expand": _WITH}))
        async for each in page.auto_paging_iter():
            yield each
    except stripe.StripeError as error:
        raise StripeFailed(error) from error


async def end_with_period(client: stripe.StripeClient, taken: TakenOver) -> None:
    """Tell Stripe to end a subscription with its period, which is paid: from then on, the account renews.

    The subscription says whose it was, so that reading it again gives the same account.

    Raises:
        StripeFailed: Stripe refuses, or does not answer.
    """
    ending: stripe.params.SubscriptionUpdateParams = {
        "cancel_at_period_end": True,
        "metadata": {TAKEN_OVER: taken.fields["account_id"]},
    }
    try:
        await understood(client.v1.subscriptions.update_async(taken.subscription_id, ending))
    except stripe.StripeError as error:
        raise StripeFailed(error) from error


def as_account(subscription: stripe.Subscription, id_from: str | None = None) -> TakenOver | NotCarried:
    """Return what a subscription says as an account, or why no account can carry it on.

    Args:
        subscription: The subscription, with its customer.
        id_from: The name of the subscription's metadata that holds the account's id; None: the customer's id is it.
    """
    customer = subscription.customer
    customer_id = customer if isinstance(customer, str) else customer.id
    items = subscription["items"].data
    reasons = [*_of_subscription(subscription), *_of_customer(customer), *_of_items(subscription, items)]
    account_id = customer_id if id_from is None else metadata_of(subscription).get(id_from)
    if account_id is None:
        reasons.append(f"has no metadata {id_from!r} to take the account's id from")
    if reasons:
        return NotCarried(subscription.id, customer_id, tuple(reasons))
    assert isinstance(customer, stripe.Customer), "without one there is a reason"
    taken_over = TAKEN_OVER in metadata_of(subscription)
    (item,) = items
    fields = {
        "account_id": account_id,
        "email": customer.email,
        "carts": item.quantity,
        "plan": {"currency": item.price.currency, "unit_amount": item.price.unit_amount},
        "paid_through": _instant(item.current_period_end),
        "anchor": _instant(subscription.billing_cycle_anchor),
        "customer_id": customer_id,
        "opened_at": _instant(min(subscription.created, subscription.start_date)),
        "cancelled": subscription.cancel_at_period_end and not taken_over,
    }
    if method := _method_of(subscription):
        fields["payment_method"] = method
    return TakenOver(subscription.id, customer_id, fields, goes_on=not subscription.cancel_at_period_end)


def _of_subscription(subscription: stripe.Subscription) -> list[str]:
    """Return what a subscription as a whole has that an account has not."""
    tax = subscription.automatic_tax
    wrong = {
        f"is {subscription.status} at Stripe: only an active one has a paid period": subscription.status != "active",
        "has its collection paused": subscription.pause_collection is not None,
        "sends invoices to be paid by hand": subscription.collection_method != "charge_automatically",
        "has a discount": bool(subscription.discounts),
        "has tax added by Stripe": tax.enabled or bool(subscription.default_tax_rates),
        "is run by a schedule": subscription.schedule is not None,
        "has a change that waits for its payment": subscription.pending_update is not None,
        "ends at an instant of its own": subscription.cancel_at is not None and not subscription.cancel_at_period_end,
        "adds items between its invoices": subscription.pending_invoice_item_interval is not None,
        "pays out to another Stripe account": subscription.transfer_data is not None,
    }
    return [reason for reason, so in wrong.items() if so]


def _of_customer(customer: str | stripe.Customer) -> list[str]:
    if isinstance(customer, str) or getattr(customer, "deleted", False):
        return ["has no customer any more"]
    reasons = []
    if not customer.email:
        reasons.append("has a customer without an e-mail")
    if getattr(customer, "discount", None) is not None:
        reasons.append("has a customer with a discount")
    return reasons


def _of_items(subscription: stripe.Subscription, items: list[stripe.SubscriptionItem]) -> list[str]:
    if len(items) != 1 or subscription["items"].has_more:
        return [f"has {len(items)} items: an account has one price"]
    (item,) = items
    price, recurring = item.price, item.price.recurring
    if recurring is not None and recurring.usage_type == "metered":
        return ["is metered: an account has a number of carts"]
    every = (recurring.interval, recurring.interval_count) if recurring else None
    whole = price.unit_amount is not None and price.billing_scheme == "per_unit"
    wrong = {
        f"renews every {_interval(every)}: an account renews monthly": every != ("month", 1),
        f"has prices in several currencies ({price.currency}, {subscription.currency})": (
            price.currency != subscription.currency
        ),
        "has tiers, or a price in parts of the minor unit": not whole,
        "packs several units into one price": price.transform_quantity is not None,
        "has an item with a discount": bool(item.discounts),
        "has an item with tax": bool(item.tax_rates),
        "has no quantity": getattr(item, "quantity", None) is None,
    }
    return [reason for reason, so in wrong.items() if so]


def _interval(every: tuple[str, int] | None) -> str:
    if every is None:
        return "no interval"
    name, count = every
    return name if count == 1 else f"{count} {name}s"


def _method_of(subscription: stripe.Subscription) -> str | None:
    """Return the subscription's own payment method; by itself, it pays with its customer's default, as accounts do."""
    method = subscription.default_payment_method
    return method if method is None or isinstance(method, str) else method.id


def _instant(unix: int) -> str:
    return datetime.fromtimestamp(unix, UTC).isoformat().replace("+00:00", "Z")
