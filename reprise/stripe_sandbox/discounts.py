"""Coupons, the discounts that they become on customers and invoices, and tax: what changes a sum behind one's back.

A customer's discount is inherited by each new invoice that does not say otherwise (`discounts` of
docs.stripe.com/api/invoices/create). API versions of 2026 have no parameter that gives a customer one; older versions'
`coupon`, the dashboard, and promotion codes do.
"""

from typing import Any

import stripe
from stripe.params import CouponCreateParams, CouponListParams

from reprise.stripe_sandbox.calls import LISTING, Call, Endpoint, with_metadata
from reprise.stripe_sandbox.errors import invalid
from reprise.stripe_sandbox.parameters import Parameters
from reprise.stripe_sandbox.shapes import shaped
from reprise.stripe_sandbox.store import Object, new_id

TAX_BY_DEFAULT = "automatic_tax_by_default"
"""The setting that stands for the dashboard's: automatic tax on new invoices."""

TAX_PERCENT = 10
"""The one rate of tax that the sandbox knows, added to the sum."""


def create(call: Call, parameters: Parameters) -> Object:
    """Make a coupon: a percentage or an amount off."""
    coupon_id = parameters.get("id") or new_id("c")[3:11]
    if call.store.get("coupon", coupon_id):
        raise invalid("Coupon already exists.", code="resource_already_exists", param="id")
    if ("percent_off" in parameters) == ("amount_off" in parameters):
        raise invalid("Give either `percent_off` or `amount_off`.", param="percent_off")
    coupon = shaped(
        stripe.Coupon,
        id=coupon_id,
        object="coupon",
        amount_off=parameters.get("amount_off"),
        created=call.now,
        currency=parameters.get("currency"),
        duration=parameters.get("duration", "once"),
        livemode=False,
        metadata={},
        name=parameters.get("name"),
        percent_off=parameters.get("percent_off"),
        times_redeemed=0,
        valid=True,
    )
    with_metadata(coupon, parameters.get("metadata"))
    call.store.put(coupon)
    call.emit("coupon.created", coupon)
    return coupon


def retrieve(call: Call, _: Parameters, coupon: str) -> Object:
    """Return a coupon."""
    return call.found("coupon", coupon)


def list_all(call: Call, parameters: Parameters) -> Object:
    """List coupons."""
    return call.page("/v1/coupons", call.store.all("coupon"), parameters)


def delete(call: Call, _: Parameters, coupon: str) -> Object:
    """Delete a coupon; discounts that were made from it stay."""
    document = call.found("coupon", coupon)
    call.store.remove(coupon)
    call.emit("coupon.deleted", document)
    return {"id": coupon, "object": "coupon", "deleted": True}


def redeemed(call: Call, coupon: str, *, customer: str, invoice: str | None = None, param: str = "coupon") -> Object:
    """Return the discount that a coupon gives.

    Raises:
        StripeFailure: 400: there is no such coupon.
    """
    document = call.found("coupon", coupon, param=param)
    call.store.put({**document, "times_redeemed": document["times_redeemed"] + 1})
    discount = shaped(
        stripe.Discount,
        id=new_id("di"),
        object="discount",
        customer=customer,
        invoice=invoice,
        source={"coupon": coupon, "type": "coupon"},
        start=call.now,
        _sandbox={name: document[name] for name in ("percent_off", "amount_off", "currency")},
    )
    return call.store.put(discount)


def on_invoice(call: Call, given: Any, customer: Object, invoice: str) -> list[Object]:
    """Return a new invoice's discounts: those asked for; else the customer's; an empty string asks for none."""
    if given is None:
        inherited = customer.get("discount")
        return [inherited] if inherited else []
    asked = [each["coupon"] for each in given or [] if each.get("coupon")]
    return [
        redeemed(call, coupon, customer=customer["id"], invoice=invoice, param=f"discounts[{n}][coupon]")
        for n, coupon in enumerate(asked)
    ]


def taken_off(discounts: list[Object], subtotal: int, currency: str) -> list[dict[str, Any]]:
    """Return what each discount takes off a sum, in the shape of `total_discount_amounts`; never more than there is."""
    amounts, left = [], max(subtotal, 0)
    for discount in discounts:
        terms = discount["_sandbox"]
        if terms["percent_off"] is not None:
            amount = round(left * terms["percent_off"] / 100)
        else:
            amount = terms["amount_off"] if terms["currency"] in {None, currency} else 0
        amounts.append({"amount": min(amount, left), "discount": discount["id"]})
        left -= amounts[-1]["amount"]
    return amounts


def taxes(taxable: int) -> list[dict[str, Any]]:
    """Return the tax on a sum, in the shape of `total_taxes`."""
    return [
        {
            "amount": round(max(taxable, 0) * TAX_PERCENT / 100),
            "tax_behavior": "exclusive",
            "tax_rate_details": {"tax_rate": "txr_1ReprisesSandbox"},
            "taxability_reason": "standard_rated",
            "taxable_amount": taxable,
            "type": "tax_rate_details",
        }
    ]


ENDPOINTS = (
    Endpoint(
        "POST",
        "/v1/coupons",
        create,
        CouponCreateParams,
        frozenset({"id", "percent_off", "amount_off", "currency", "duration", "name", "metadata"}),
    ),
    Endpoint("GET", "/v1/coupons", list_all, CouponListParams, LISTING),
    Endpoint("GET", "/v1/coupons/{coupon}", retrieve),
    Endpoint("DELETE", "/v1/coupons/{coupon}", delete),
)
