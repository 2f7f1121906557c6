"""Setup intents: a payer agrees to be charged later, which attaches the payment method."""

import secrets

import stripe
from stripe.params import SetupIntentCreateParams

from reprise.stripe_sandbox import customers, payment_methods
from reprise.stripe_sandbox.calls import Call, Endpoint
from reprise.stripe_sandbox.errors import invalid
from reprise.stripe_sandbox.parameters import Parameters
from reprise.stripe_sandbox.shapes import shaped
from reprise.stripe_sandbox.store import Object, new_id


def create(call: Call, parameters: Parameters) -> Object:
    """Set a payment method up and attach it, in one request: the sandbox knows no setup that waits.

    Raises:
        StripeFailure: 400: it is not confirmed, or without customer or payment method. 402: the card is declined.
    """
    if not parameters.get("confirm") or not parameters.get("payment_method") or not parameters.get("customer"):
        raise invalid(
            "The sandbox sets up at once: give confirm=true, a customer and a payment_method.", param="confirm"
        )
    customer = customers.found(call, parameters["customer"], param="customer")
    method = payment_methods.attached(call, parameters["payment_method"], customer)
    types = parameters.get("allowed_payment_method_types") or ["card"]
    if method["type"] not in types:
        raise invalid(
            f"The PaymentMethod provided ({method['type']}) is not allowed for this SetupIntent.",
            code="setup_intent_invalid_parameter",
            param="payment_method",
        )
    intent_id = new_id("seti")
    intent = shaped(
        stripe.SetupIntent,
        id=intent_id,
        object="setup_intent",
        client_secret=f"{intent_id}_secret_{secrets.token_urlsafe(18)}",
        created=call.now,
        customer=customer["id"],
        livemode=False,
        metadata={},
        payment_method=method["id"],
        payment_method_options={},
        payment_method_types=types,
        status="succeeded",
        usage=parameters.get("usage", "off_session"),
    )
    call.store.put(intent, owner=customer["id"])
    call.emit("setup_intent.succeeded", intent)
    return intent


def retrieve(call: Call, _: Parameters, intent: str) -> Object:
    """Return a setup intent."""
    return call.found("setup_intent", intent)


ENDPOINTS = (
    Endpoint(
        "POST",
        "/v1/setup_intents",
        create,
        SetupIntentCreateParams,
        frozenset({"customer", "payment_method", "allowed_payment_method_types", "confirm", "usage", "mandate_data"}),
    ),
    Endpoint("GET", "/v1/setup_intents/{intent}", retrieve),
)
