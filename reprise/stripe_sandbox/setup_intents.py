"""Setup intents: a payer agrees to be charged later, which attaches the payment method."""

import secrets
from typing import Any

import stripe
from stripe.params import SetupIntentConfirmParams, SetupIntentCreateParams

from reprise.stripe_sandbox import attaching, customers
from reprise.stripe_sandbox.calls import Call, Endpoint
from reprise.stripe_sandbox.errors import invalid
from reprise.stripe_sandbox.parameters import Parameters
from reprise.stripe_sandbox.shapes import shaped
from reprise.stripe_sandbox.store import Object, new_id


def create(call: Call, parameters: Parameters) -> Object:
    """Set a payment method up and attach it, in one request; or begin to, for a page that confirms it later.

    Raises:
        StripeFailure: 400: it is confirmed without customer or payment method. 402: the card is declined.
    """
    if not parameters.get("confirm"):
        return _begun(call, parameters)
    if not parameters.get("payment_method") or not parameters.get("customer"):
        raise invalid("The sandbox sets up at once: give a customer and a payment_method.", param="confirm")
    customer = customers.found(call, parameters["customer"], param="customer")
    method = attaching.attached(call, parameters["payment_method"], customer)
    types = parameters.get("allowed_payment_method_types") or ["card"]
    _check_type(method, types)
    intent = _intent(
        call,
        customer=customer["id"],
        payment_method=method["id"],
        payment_method_types=types,
        status="succeeded",
        usage=parameters.get("usage", "off_session"),
    )
    call.store.put(intent, owner=customer["id"])
    call.emit("setup_intent.succeeded", intent)
    return intent


def confirm(call: Call, parameters: Parameters, intent: str) -> Object:
    """Set a payment method up for an intent that a page has begun; without a customer it is attached to none yet.

    Raises:
        StripeFailure: 400: it is confirmed already, or the method is of a type that was not asked for.
    """
    found = call.found("setup_intent", intent)
    if found["status"] == "succeeded":
        raise invalid("You cannot confirm this SetupIntent because it has already succeeded.")
    method = attaching.fresh(call, parameters["payment_method"])
    _check_type(method, found["payment_method_types"])
    confirmed = {**found, "payment_method": method["id"], "status": "succeeded"}
    call.store.put(confirmed)
    call.emit("setup_intent.succeeded", confirmed)
    return confirmed


def _begun(call: Call, parameters: Parameters) -> Object:
    if parameters.get("payment_method") or parameters.get("customer"):
        raise invalid("The sandbox begins an intent without customer and payment method: confirm it.", param="confirm")
    intent = _intent(
        call,
        customer=None,
        payment_method=None,
        payment_method_types=parameters.get("allowed_payment_method_types") or ["card"],
        status="requires_payment_method",
        usage=parameters.get("usage", "off_session"),
    )
    call.store.put(intent, owner="")
    call.emit("setup_intent.created", intent)
    return intent


def _intent(call: Call, **facts: Any) -> Object:
    intent_id = new_id("seti")
    return shaped(
        stripe.SetupIntent,
        id=intent_id,
        object="setup_intent",
        client_secret=f"{intent_id}_secret_{secrets.token_urlsafe(18)}",
        created=call.now,
        livemode=False,
        metadata={},
        payment_method_options={},
        **facts,
    )


def _check_type(method: Object, types: list[str]) -> None:
    if method["type"] not in types:
        raise invalid(
            f"The PaymentMethod provided ({method['type']}) is not allowed for this SetupIntent.",
            code="setup_intent_invalid_parameter",
            param="payment_method",
        )


def retrieve(call: Call, _: Parameters, intent: str) -> Object:
    """Return a setup intent."""
    return call.found("setup_intent", intent)


ENDPOINTS = (
    Endpoint(
        "POST",
        "/v1/setup_intents",
        create,
        SetupIntentCreateParams,
        frozenset(
            {
                "customer",
                "payment_method",
                "allowed_payment_method_types",
                "confirm",
                "usage",
                "mandate_data",
            }
        ),
    ),
    Endpoint(
        "POST",
        "/v1/setup_intents/{intent}/confirm",
        confirm,
        SetupIntentConfirmParams,
        frozenset({"payment_method", "mandate_data"}),
    ),
    Endpoint("GET", "/v1/setup_intents/{intent}", retrieve),
)
