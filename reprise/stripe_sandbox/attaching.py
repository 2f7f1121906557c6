"""What pays: cards and bank accounts, made from Stripe's own test ids, and attached to customers."""

import hashlib

import stripe

from reprise.stripe_sandbox import charging
from reprise.stripe_sandbox.banks import TEST_BANK_ACCOUNTS
from reprise.stripe_sandbox.calls import Call
from reprise.stripe_sandbox.cards import TEST_CARDS
from reprise.stripe_sandbox.errors import invalid, missing
from reprise.stripe_sandbox.shapes import shaped
from reprise.stripe_sandbox.store import Object, new_id

TEST_METHODS = TEST_CARDS.keys() | TEST_BANK_ACCOUNTS.keys()
"""Stripe's test ids: each use of one is a payment method of its own."""


def _made(call: Call, test_id: str, method_id: str, customer: Object | None) -> Object:
    details = _bank_account(test_id) if test_id in TEST_BANK_ACCOUNTS else _card(test_id)
    return shaped(
        stripe.PaymentMethod,
        id=method_id,
        object="payment_method",
        allow_redisplay="unspecified",
        billing_details={
            "address": {
                "city": None, "country": None, "line1": None, "line2": None, "postal_code": None, "state": None
            },
            "email": customer["email"] if customer else None,
            "name": customer["name"] if customer else None,
            "phone": None,
            "tax_id": None,
        },
        created=call.now,
        customer=customer["id"] if customer else None,
        livemode=False,
        metadata={},
        _sandbox={"test_id": test_id},
        **details,
    )  # fmt: skip


def _card(test_id: str) -> Object:
    card = TEST_CARDS[test_id]
    details = {
        "brand": card.brand,
        "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
        "country": "US",
        "display_brand": card.brand,
        "exp_month": 12,
        "exp_year": 2034,
        "fingerprint": _fingerprint(test_id),
        "funding": "credit",
        "generated_from": None,
        "last4": card.last4,
        "networks": {"available": [card.brand], "preferred": None},
        "regulated_status": "unregulated",
        "three_d_secure_usage": {"supported": True},
        "wallet": None,
    }
    return {"type": "card", "card": details}


def _bank_account(test_id: str) -> Object:
    details = {
        "account_holder_type": "individual",
        "account_type": "checking",
        "bank_name": "STRIPE TEST BANK",
        "financial_connections_account": None,
        "fingerprint": _fingerprint(test_id),
        "last4": TEST_BANK_ACCOUNTS[test_id].last4,
        "networks": {"preferred": "ach", "supported": ["ach"]},
        "routing_number": "110000000",
        "status_details": None,
    }
    return {"type": "us_bank_account", "us_bank_account": details}


def _fingerprint(test_id: str) -> str:
    return hashlib.sha256(test_id.encode()).hexdigest()[:16]


def found(call: Call, payment_method: str, *, param: str = "id") -> Object:
    """Return a payment method, or the test card or bank account of that id.

    Raises:
        StripeFailure: There is none.
    """
    if payment_method in TEST_METHODS:
        return _made(call, payment_method, payment_method, None)
    return call.found("payment_method", payment_method, param=param, what="PaymentMethod")


def unattached(call: Call, test_id: str) -> Object:
    """Return a payment method that a payer gives for one payment only."""
    return call.store.put(_made(call, test_id, new_id("pm"), None), owner="")


def fresh(call: Call, test_id: str) -> Object:
    """Return a payment method with an id of its own that nobody has used yet, as a payment form makes one.

    Raises:
        StripeFailure: 404: there is no such test id.
    """
    if test_id not in TEST_METHODS:
        raise missing("PaymentMethod", test_id)
    method = _made(call, test_id, new_id("pm"), None)
    method["_sandbox"]["fresh"] = True
    return call.store.put(method, owner="")


def attached(call: Call, payment_method: str, customer: Object, *, param: str = "id") -> Object:
    """Attach: a test id makes a new payment method, as at Stripe.

    Raises:
        StripeFailure: 402: the card's issuer declines it (docs.stripe.com/testing#declined-payments). 400: it belongs
            to another customer, or was detached.
    """
    document = found(call, payment_method, param=param)
    card = TEST_CARDS.get(document["_sandbox"]["test_id"])
    if card is not None and not card.attaches:
        raise charging.declined(card.decline or "generic_decline")
    if payment_method in TEST_METHODS:
        document = _made(call, payment_method, new_id("pm"), customer)
    elif document["customer"] == customer["id"]:
        return document
    elif document["customer"] is not None:
        raise invalid("The payment method you provided has already been attached to a customer.")
    elif document["_sandbox"].pop("fresh", False):
        document["customer"] = customer["id"]
    else:
        raise invalid(
            "This PaymentMethod was previously used without being attached to a Customer or was detached from a"
            " Customer, and may not be used again."
        )
    call.store.put(document, owner=customer["id"])
    call.emit("payment_method.attached", document)
    return document


def usable(call: Call, payment_method: str, customer: Object) -> Object:
    """Return a payment method that can pay for a customer: one of a test id, or one that is attached to them.

    Raises:
        StripeFailure: 400: there is none, or it is not theirs.
    """
    if payment_method in TEST_METHODS:
        return unattached(call, payment_method)
    document = found(call, payment_method, param="payment_method")
    if document["customer"] != customer["id"]:
        raise invalid(
            f"The customer does not have a payment method with the ID {payment_method}. The payment method must be"
            " attached to the customer.",
            code="resource_missing",
            param="payment_method",
        )
    return document
