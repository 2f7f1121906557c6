"""Subscriptions: what a company brings along that has billed with Stripe so far, to be read and to be ended.

Their periods go on with the clock, and one that is to be cancelled at its period's end is cancelled then. They make no
invoices here: none of the accounts that Reprise runs has one, and what a subscription charges is not what is tried.
"""

from datetime import UTC, datetime
from typing import Any

import stripe
from dateutil.relativedelta import relativedelta
from stripe.params import (
    SubscriptionCancelParams,
    SubscriptionCreateParams,
    SubscriptionListParams,
    SubscriptionUpdateParams,
)

from reprise.stripe_sandbox import customers, discounts, prices
from reprise.stripe_sandbox.calls import LISTING, Call, Endpoint, in_window, with_metadata
from reprise.stripe_sandbox.errors import invalid, missing_parameter
from reprise.stripe_sandbox.parameters import Parameters
from reprise.stripe_sandbox.shapes import listed, shaped
from reprise.stripe_sandbox.store import Object, new_id

_ENDED = frozenset({"canceled", "incomplete_expired"})


def create(call: Call, parameters: Parameters) -> Object:
    """Make a subscription: active from now on, or in its trial.

    Raises:
        StripeFailure: 400: no such customer or price, no item, items of several intervals, or an anchor in the past.
    """
    customer = customers.found(call, parameters.get("customer", ""), param="customer")
    anchor = parameters.get("billing_cycle_anchor")
    if anchor is not None and anchor < call.now:
        raise invalid("billing_cycle_anchor cannot be in the past.", param="billing_cycle_anchor")
    subscription_id, trial_end = new_id("sub"), _trial_end(call, parameters)
    items = [_item(call, subscription_id, each, number) for number, each in enumerate(parameters.get("items") or [])]
    if not items:
        raise missing_parameter("items")
    if len({_interval_of(each) for each in items}) > 1:
        raise invalid("All prices of a subscription must have the same interval.", param="items")
    taken_off = [
        discounts.redeemed(call, each["coupon"], customer=customer["id"], param="discounts[coupon]")
        for each in parameters.get("discounts") or []
    ]
    subscription = shaped(
        stripe.Subscription,
        id=subscription_id,
        object="subscription",
        automatic_tax={"disabled_reason": None, "enabled": False, "liability": None},
        billing_cycle_anchor=anchor or trial_end or call.now,
        billing_mode={"type": "classic"},
        billing_schedules=[],
        cancel_at_period_end=False,
        collection_method=parameters.get("collection_method", "charge_automatically"),
        created=call.now,
        currency=items[0]["price"]["currency"],
        customer=customer["id"],
        days_until_due=parameters.get("days_until_due"),
        default_payment_method=parameters.get("default_payment_method"),
        description=parameters.get("description"),
        discounts=[each["id"] for each in taken_off],
        invoice_settings={
            "account_tax_ids": None,
            "custom_fields": None,
            "description": None,
            "footer": None,
            "issuer": {"type": "self"},
        },
        items=listed(f"/v1/subscription_items?subscription={subscription_id}", items),
        livemode=False,
        metadata={},
        payment_settings={
            "payment_method_options": None,
            "payment_method_types": None,
            "save_default_payment_method": "off",
        },
        start_date=parameters.get("backdate_start_date", call.now),
        status="active",
        trial_end=trial_end,
        trial_start=call.now if trial_end else None,
    )
    with_metadata(subscription, parameters.get("metadata"))
    if parameters.get("cancel_at_period_end"):
        _end_with_period(call, subscription, wanted=True)
    call.store.put(subscription, owner=customer["id"])
    now = as_of_now(call, subscription)
    call.emit("customer.subscription.created", now)
    return now


def _trial_end(call: Call, parameters: Parameters) -> int | None:
    if parameters.get("trial_period_days"):
        return int(call.now + parameters["trial_period_days"] * 86_400)
    end = parameters.get("trial_end")
    return end if isinstance(end, int) and end > call.now else None


def _item(call: Call, subscription: str, given: Object, number: int) -> Object:
    if given.get("price_data"):
        price = prices.made(call, given["price_data"])
    else:
        price = call.found("price", given.get("price", ""), param=f"items[{number}][price]")
    if price["type"] != "recurring":
        raise invalid("The price specified is set to `type=one_time`.", param=f"items[{number}][price]")
    metered = price["recurring"]["usage_type"] == "metered"
    if metered and "quantity" in given:
        raise invalid("Quantity should not be specified where usage_type is `metered`.", param=f"items[{number}]")
    item = shaped(
        stripe.SubscriptionItem,
        id=new_id("si"),
        object="subscription_item",
        created=call.now,
        current_period_end=0,
        current_period_start=0,
        discounts=[],
        metadata={},
        plan=prices.as_plan(price),
        price=price,
        quantity=None if metered else given.get("quantity", 1),
        subscription=subscription,
        tax_rates=[],
    )
    if metered:
        item.pop("quantity")
    return item


def _interval_of(item: Object) -> tuple[str, int]:
    recurring = item["price"]["recurring"]
    return recurring["interval"], recurring["interval_count"]


def as_of_now(call: Call, subscription: Object) -> Object:
    """Return a subscription with its period and status of now: both follow from the clock."""
    if subscription["status"] in _ENDED:
        return subscription
    cancel_at = subscription["cancel_at"]
    now, ended = call.now, None
    if cancel_at is not None and cancel_at <= call.now:
        now = ended = cancel_at - 1
    start, end = _period(subscription, now)
    trialing = subscription["trial_end"] is not None and call.now < subscription["trial_end"]
    items = [{**each, "current_period_start": start, "current_period_end": end} for each in _items(subscription)]
    return {
        **subscription,
        "items": {**subscription["items"], "data": items},
        "status": "canceled" if ended else "trialing" if trialing else "active",
        "ended_at": cancel_at if ended else None,
    }


def _items(subscription: Object) -> list[Object]:
    items: list[Object] = subscription["items"]["data"]
    return items


def _period(subscription: Object, now: int) -> tuple[int, int]:
    """Return the period that holds `now`, counted from the anchor; before it, the one that ends at the anchor."""
    anchor = datetime.fromtimestamp(subscription["billing_cycle_anchor"], UTC)
    if now < anchor.timestamp():
        return subscription["created"], subscription["billing_cycle_anchor"]
    interval, count = _interval_of(_items(subscription)[0])
    number = 0
    while int(_after(anchor, interval, count * (number + 1)).timestamp()) <= now:
        number += 1
    start, end = (_after(anchor, interval, count * each) for each in (number, number + 1))
    return int(start.timestamp()), int(end.timestamp())


def _after(anchor: datetime, interval: str, count: int) -> datetime:
    steps: dict[str, Any] = {f"{interval}s": count}
    return anchor + relativedelta(**steps)


def _end_with_period(call: Call, subscription: Object, *, wanted: bool) -> None:
    end = _items(as_of_now(call, subscription))[0]["current_period_end"]
    subscription.update(
        cancel_at_period_end=wanted,
        cancel_at=end if wanted else None,
        canceled_at=call.now if wanted else None,
        cancellation_details={
            "comment": None,
            "feedback": None,
            "feedback_option": None,
            "reason": "cancellation_requested" if wanted else None,
        },
    )


def retrieve(call: Call, _: Parameters, subscription: str) -> Object:
    """Return a subscription, also one that has ended."""
    return as_of_now(call, call.found("subscription", subscription))


def update(call: Call, parameters: Parameters, subscription: str) -> Object:
    """Let a subscription end with its period or go on, pause its collection, change metadata.

    Raises:
        StripeFailure: 400: it has ended.
    """
    document = call.found("subscription", subscription)
    before = as_of_now(call, document)
    if before["status"] in _ENDED:
        message = "A canceled subscription can only update its cancellation_details and metadata."
        raise invalid(message, param="cancel_at_period_end")
    if "cancel_at_period_end" in parameters:
        _end_with_period(call, document, wanted=parameters["cancel_at_period_end"])
    if "pause_collection" in parameters:
        pause = parameters["pause_collection"] or None
        document["pause_collection"] = pause and {"resumes_at": None, **pause}
    with_metadata(document, parameters.get("metadata"))
    call.store.put(document)
    now = as_of_now(call, document)
    call.emit("customer.subscription.updated", now, {key: before[key] for key in before if before[key] != now[key]})
    return now


def cancel(call: Call, _: Parameters, subscription: str) -> Object:
    """End a subscription at once.

    Raises:
        StripeFailure: 404: it has ended.
    """
    document = as_of_now(call, call.found("subscription", subscription))
    if document["status"] in _ENDED:
        raise invalid(f"No such subscription: '{subscription}'", code="resource_missing", param="id")
    document.update(status="canceled", canceled_at=call.now, ended_at=call.now)
    call.store.put(document)
    call.emit("customer.subscription.deleted", document)
    return document


def list_all(call: Call, parameters: Parameters) -> Object:
    """List subscriptions that have not ended; by `status` also those, or all (`SubscriptionListParams.status`)."""
    documents = [
        each
        for each in (as_of_now(call, one) for one in call.store.all("subscription", owner=parameters.get("customer")))
        if _has(each, parameters.get("status"))
        and parameters.get("price") in {None, *(item["price"]["id"] for item in _items(each))}
        and parameters.get("collection_method") in {None, each["collection_method"]}
        and in_window(each, parameters.get("created"))
    ]
    return call.page("/v1/subscriptions", documents, parameters)


def _has(subscription: Object, status: str | None) -> bool:
    if status is None:
        return subscription["status"] not in _ENDED
    return status in {"all", subscription["status"]} or (status == "ended" and subscription["status"] in _ENDED)


_PRICE_DATA = ("currency", "product", "unit_amount", "unit_amount_decimal", "recurring.interval")
_CREATE = frozenset(
    {
        "customer",
        "items.price",
        "items.quantity",
        *(f"items.price_data.{each}" for each in (*_PRICE_DATA, "recurring.interval_count")),
        "billing_cycle_anchor",
        "backdate_start_date",
        "cancel_at_period_end",
        "collection_method",
        "days_until_due",
        "default_payment_method",
        "description",
        "discounts.coupon",
        "metadata",
        "trial_end",
        "trial_period_days",
    }
)
ENDPOINTS = (
    Endpoint("POST", "/v1/subscriptions", create, SubscriptionCreateParams, _CREATE),
    Endpoint(
        "GET",
        "/v1/subscriptions",
        list_all,
        SubscriptionListParams,
        LISTING | {"customer", "status", "price", "created", "collection_method"},
    ),
    Endpoint("GET", "/v1/subscriptions/{subscription}", retrieve),
    Endpoint(
        "POST",
        "/v1/subscriptions/{subscription}",
        update,
        SubscriptionUpdateParams,
        frozenset({"cancel_at_period_end", "pause_collection.behavior", "pause_collection.resumes_at", "metadata"}),
    ),
    Endpoint("DELETE", "/v1/subscriptions/{subscription}", cancel, SubscriptionCancelParams),
)
