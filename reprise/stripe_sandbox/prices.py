"""Prices, and the older plans that Stripe shows of recurring ones."""

from decimal import Decimal
from typing import Any

import stripe
from stripe.params import PriceCreateParams, PriceListParams

from reprise.stripe_sandbox.calls import LISTING, Call, Endpoint, in_window, with_metadata
from reprise.stripe_sandbox.errors import invalid, missing_parameter
from reprise.stripe_sandbox.parameters import Parameters
from reprise.stripe_sandbox.shapes import shaped
from reprise.stripe_sandbox.store import Object, new_id


def create(call: Call, parameters: Parameters) -> Object:
    """Make a price: recurring, if it says how often.

    Raises:
        StripeFailure: 400: it names no product or no amount, or is metered without a meter.
    """
    if not parameters.get("product"):
        raise missing_parameter("product")
    return made(call, parameters)


def made(call: Call, parameters: Parameters) -> Object:
    """Make a price from the parameters of one, or from the `price_data` of a subscription's item."""
    unit = parameters.get("unit_amount_decimal")
    if unit is None:
        unit = parameters.get("unit_amount")
    if unit is None:
        raise invalid("Give `unit_amount` or `unit_amount_decimal`.", param="unit_amount")
    whole = Decimal(str(unit)) == int(Decimal(str(unit)))
    price = shaped(
        stripe.Price,
        id=new_id("price"),
        object="price",
        active=True,
        billing_scheme="per_unit",
        created=call.now,
        currency=parameters["currency"],
        livemode=False,
        lookup_key=parameters.get("lookup_key"),
        metadata={},
        nickname=parameters.get("nickname"),
        product=parameters["product"],
        recurring=_recurring(parameters.get("recurring")),
        tax_behavior="unspecified",
        type="recurring" if parameters.get("recurring") else "one_time",
        unit_amount=int(Decimal(str(unit))) if whole else None,
        unit_amount_decimal=str(unit),
    )
    with_metadata(price, parameters.get("metadata"))
    call.store.put(price)
    call.emit("price.created", price)
    return price


def _recurring(given: Any) -> Object | None:
    if not given:
        return None
    usage = given.get("usage_type", "licensed")
    if usage == "metered" and not given.get("meter"):
        raise invalid("A metered price needs a meter.", param="recurring[meter]")
    return {
        "interval": given["interval"],
        "interval_count": given.get("interval_count", 1),
        "meter": given.get("meter"),
        "trial_period_days": None,
        "usage_type": usage,
    }


def as_plan(price: Object) -> Object:
    """Return a recurring price as the plan that Stripe shows beside it."""
    recurring = price["recurring"]
    return shaped(
        stripe.Plan,
        id=price["id"],
        object="plan",
        active=price["active"],
        amount=price["unit_amount"],
        amount_decimal=price["unit_amount_decimal"],
        billing_scheme=price["billing_scheme"],
        created=price["created"],
        currency=price["currency"],
        interval=recurring["interval"],
        interval_count=recurring["interval_count"],
        livemode=False,
        metadata=price["metadata"],
        meter=recurring["meter"],
        nickname=price["nickname"],
        product=price["product"],
        usage_type=recurring["usage_type"],
    )


def retrieve(call: Call, _: Parameters, price: str) -> Object:
    """Return a price."""
    return call.found("price", price)


def list_all(call: Call, parameters: Parameters) -> Object:
    """List prices, also by product, currency and creation."""
    documents = [
        each
        for each in call.store.all("price")
        if parameters.get("product") in {None, each["product"]}
        and parameters.get("currency") in {None, each["currency"]}
        and in_window(each, parameters.get("created"))
    ]
    return call.page("/v1/prices", documents, parameters)


_WRITABLE = frozenset(
    {
        "currency",
        "product",
        "unit_amount",
        "unit_amount_decimal",
        "recurring.interval",
        "recurring.interval_count",
        "recurring.usage_type",
        "recurring.meter",
        "nickname",
        "lookup_key",
        "metadata",
    }
)
ENDPOINTS = (
    Endpoint("POST", "/v1/prices", create, PriceCreateParams, _WRITABLE),
    Endpoint("GET", "/v1/prices", list_all, PriceListParams, LISTING | {"product", "currency", "created"}),
    Endpoint("GET", "/v1/prices/{price}", retrieve),
)
