"""Reading what moved: payment intents, charges, invoice payments; and giving it back: refunds."""

import stripe
from stripe.params import (
    ChargeListParams,
    InvoicePaymentListParams,
    PaymentIntentListParams,
    RefundCreateParams,
    RefundListParams,
)

from reprise.stripe_sandbox.calls import LISTING, Call, Endpoint, in_window, with_metadata
from reprise.stripe_sandbox.cards import TEST_CARDS
from reprise.stripe_sandbox.errors import invalid
from reprise.stripe_sandbox.parameters import Parameters
from reprise.stripe_sandbox.shapes import shaped
from reprise.stripe_sandbox.store import Object, new_id


def retrieve_intent(call: Call, _: Parameters, intent: str) -> Object:
    """Return a payment intent."""
    return call.found("payment_intent", intent, what="payment_intent")


def list_intents(call: Call, parameters: Parameters) -> Object:
    """List payment intents, also by customer."""
    documents = [
        each
        for each in call.store.all("payment_intent", owner=parameters.get("customer"))
        if in_window(each, parameters.get("created"))
    ]
    return call.page("/v1/payment_intents", documents, parameters)


def retrieve_charge(call: Call, _: Parameters, charge: str) -> Object:
    """Return a charge."""
    return call.found("charge", charge, what="charge")


def list_charges(call: Call, parameters: Parameters) -> Object:
    """List charges, also by customer and payment intent."""
    documents = [
        each
        for each in call.store.all("charge", owner=parameters.get("customer"))
        if parameters.get("payment_intent") in {None, each["payment_intent"]}
        and in_window(each, parameters.get("created"))
    ]
    return call.page("/v1/charges", documents, parameters)


def retrieve_invoice_payment(call: Call, _: Parameters, payment: str) -> Object:
    """Return an invoice payment."""
    return call.found("invoice_payment", payment, what="invoice_payment")


def list_invoice_payments(call: Call, parameters: Parameters) -> Object:
    """List invoice payments, also by invoice, status and payment intent."""
    intent = (parameters.get("payment") or {}).get("payment_intent")
    documents = [
        each
        for each in call.store.all("invoice_payment", owner=parameters.get("invoice"))
        if parameters.get("status") in {None, each["status"]} and intent in {None, each["payment"]["payment_intent"]}
    ]
    return call.page("/v1/invoice_payments", documents, parameters)


def create_refund(call: Call, parameters: Parameters) -> Object:
    """Give a charge back, whole or in part.

    Raises:
        StripeFailure: 400: there is no money to give back, not so much, or it is disputed.
    """
    charge_id = parameters.get("charge")
    if parameters.get("payment_intent"):
        intent = call.found("payment_intent", parameters["payment_intent"], param="payment_intent")
        charge_id = intent["latest_charge"]
    if not charge_id:
        raise invalid("Give a `charge`, or a `payment_intent` that has one.", param="charge")
    charge = call.found("charge", charge_id, param="charge")
    if not charge["paid"]:
        raise invalid(f"Charge {charge_id} is {charge['status']} and cannot be refunded.", code="charge_not_refundable")
    if charge["disputed"]:
        raise invalid(f"Charge {charge_id} has been charged back; cannot issue a refund.", code="charge_disputed")
    left = charge["amount_captured"] - charge["amount_refunded"]
    amount = parameters.get("amount", left)
    if left == 0:
        raise invalid(f"Charge {charge_id} has already been refunded.", code="charge_already_refunded")
    if not 0 < amount <= left:
        raise invalid(f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})", param="amount")
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount_captured"]
    call.store.put(charge)
    refund = shaped(
        stripe.Refund,
        id=new_id("re"),
        object="refund",
        amount=amount,
        charge=charge_id,
        created=call.now,
        currency=charge["currency"],
        metadata={},
        payment_intent=charge["payment_intent"],
        reason=parameters.get("reason"),
        status="succeeded",
    )
    with_metadata(refund, parameters.get("metadata"))
    call.store.put(refund, owner=charge_id)
    call.emit("refund.created", refund)
    call.emit("charge.refunded", charge)
    if _refunds_fail(call, charge):
        fail_refund(call, refund, "unknown")
    return refund


def _refunds_fail(call: Call, charge: Object) -> bool:
    method = call.store.get("payment_method", charge["payment_method"])
    card = TEST_CARDS.get(method["_sandbox"]["test_id"]) if method else None
    return card is not None and card.refund_fails


def fail_refund(call: Call, refund: Object, reason: str) -> Object:
    """Let a refund fail that had begun: the money is ours again (docs.stripe.com/refunds#failed-refunds).

    Raises:
        StripeFailure: 400: it has failed before.
    """
    if refund["status"] == "failed":
        raise invalid("This refund has failed already.")
    charge = call.found("charge", refund["charge"])
    charge["amount_refunded"] -= refund["amount"]
    charge["refunded"] = False
    call.store.put(charge)
    refund.update(status="failed", failure_reason=reason)
    call.store.put(refund)
    call.emit("refund.updated", refund, {"status": "succeeded"})
    call.emit("refund.failed", refund)
    return refund


def retrieve_refund(call: Call, _: Parameters, refund: str) -> Object:
    """Return a refund."""
    return call.found("refund", refund, what="refund")


def list_refunds(call: Call, parameters: Parameters) -> Object:
    """List refunds, also by charge, payment intent and creation."""
    documents = [
        each
        for each in call.store.all("refund", owner=parameters.get("charge"))
        if parameters.get("payment_intent") in {None, each["payment_intent"]}
        and in_window(each, parameters.get("created"))
    ]
    return call.page("/v1/refunds", documents, parameters)


ENDPOINTS = (
    Endpoint("GET", "/v1/payment_intents", list_intents, PaymentIntentListParams, LISTING | {"customer", "created"}),
    Endpoint("GET", "/v1/payment_intents/{intent}", retrieve_intent),
    Endpoint("GET", "/v1/charges", list_charges, ChargeListParams, LISTING | {"customer", "payment_intent", "created"}),
    Endpoint("GET", "/v1/charges/{charge}", retrieve_charge),
    Endpoint(
        "GET",
        "/v1/invoice_payments",
        list_invoice_payments,
        InvoicePaymentListParams,
        LISTING | {"invoice", "status", "payment.type", "payment.payment_intent"},
    ),
    Endpoint("GET", "/v1/invoice_payments/{payment}", retrieve_invoice_payment),
    Endpoint(
        "POST",
        "/v1/refunds",
        create_refund,
        RefundCreateParams,
        frozenset({"charge", "payment_intent", "amount", "reason", "metadata"}),
    ),
    Endpoint("GET", "/v1/refunds", list_refunds, RefundListParams, LISTING | {"charge", "payment_intent", "created"}),
    Endpoint("GET", "/v1/refunds/{refund}", retrieve_refund),
)
