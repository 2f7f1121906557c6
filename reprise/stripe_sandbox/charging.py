"""Moving money: payment intents, their charges, and the payment that ties them to an invoice."""

import secrets
from typing import Any

import stripe

from reprise.stripe_sandbox.calls import Call
from reprise.stripe_sandbox.cards import TEST_CARDS, Card, decline_message
from reprise.stripe_sandbox.errors import StripeFailure
from reprise.stripe_sandbox.shapes import public, shaped
from reprise.stripe_sandbox.store import Object, new_id


def open_payment(call: Call, invoice: Object) -> Object:
    """Make the payment intent of a finalized invoice, and the invoice payment that names it; return the intent."""
    intent_id = new_id("pi")
    intent = shaped(
        stripe.PaymentIntent,
        id=intent_id,
        object="payment_intent",
        amount=invoice["amount_due"],
        amount_capturable=0,
        amount_details={"tip": {}},
        amount_received=0,
        capture_method="automatic",
        client_secret=f"{intent_id}_secret_{secrets.token_urlsafe(18)}",
        confirmation_method="automatic",
        created=call.now,
        currency=invoice["currency"],
        customer=invoice["customer"],
        description=f"Payment for Invoice {invoice['number']}",
        livemode=False,
        metadata={},
        payment_method_options={},
        payment_method_types=["card"],
        status="requires_payment_method",
    )
    call.store.put(intent, owner=invoice["customer"])
    payment = shaped(
        stripe.InvoicePayment,
        id=new_id("inpay"),
        object="invoice_payment",
        amount_requested=invoice["amount_due"],
        created=call.now,
        currency=invoice["currency"],
        invoice=invoice["id"],
        is_default=True,
        livemode=False,
        payment={"payment_intent": intent_id, "type": "payment_intent"},
        status="open",
        status_transitions={"canceled_at": None, "paid_at": None},
    )
    call.store.put(payment, owner=invoice["id"])
    call.emit("payment_intent.created", intent)
    return intent


def invoice_payments(call: Call, invoice: str) -> list[Object]:
    """Return the payments of an invoice."""
    return call.store.all("invoice_payment", owner=invoice)


def intent_of(call: Call, invoice: Object) -> Object:
    """Return the payment intent of a finalized invoice."""
    payment = invoice_payments(call, invoice["id"])[0]
    return call.found("payment_intent", payment["payment"]["payment_intent"])


def charge(call: Call, intent: Object, method: Object, *, authenticated: bool) -> StripeFailure | None:
    """Try to move the money of an intent with a card; return the failure, or None when it moved.

    Whatever happens stays written: the caller raises the failure only after it has put down its own part.
    """
    card = TEST_CARDS[method["_sandbox"]["test_id"]]
    intent["payment_method"] = method["id"]
    if card.authentication == "always" and not authenticated:
        return _require_authentication(call, intent)
    record = _charge_record(call, intent, method, card)
    call.store.put(record, owner=intent["customer"])
    intent["latest_charge"] = record["id"]
    intent["next_action"] = None
    if card.decline:
        return _decline(call, intent, method, card, record)
    intent["status"] = "succeeded"
    intent["amount_received"] = intent["amount"]
    intent["last_payment_error"] = None
    call.store.put(intent)
    call.emit("charge.succeeded", record)
    call.emit("payment_intent.succeeded", intent)
    return None


def _require_authentication(call: Call, intent: Object) -> StripeFailure:
    intent["status"] = "requires_action"
    intent["next_action"] = {
        "redirect_to_url": {"return_url": None, "url": f"{call.base_url}/_sandbox/authenticate/{intent['id']}"},
        "type": "redirect_to_url",
    }
    call.store.put(intent)
    call.emit("payment_intent.requires_action", intent)
    return StripeFailure(
        402,
        "card_error",
        "This payment requires additional user action before it can be completed successfully. Payment can be"
        " completed using the PaymentIntent associated with the invoice.",
        code="invoice_payment_intent_requires_action",
        payment_intent=public(intent),
        committed=True,
    )


def _decline(call: Call, intent: Object, method: Object, card: Card, record: Object) -> StripeFailure:
    error = {
        "charge": record["id"],
        "code": card.code,
        "decline_code": card.decline,
        "doc_url": f"https://docs.stripe.com/error-codes/{card.code.replace('_', '-')}",
        "message": decline_message(card.decline or ""),
        "type": "card_error",
    }
    intent["status"] = "requires_payment_method"
    intent["payment_method"] = None
    intent["last_payment_error"] = {**error, "payment_method": public(method)}
    call.store.put(intent)
    call.emit("charge.failed", record)
    call.emit("payment_intent.payment_failed", intent)
    return StripeFailure(
        402,
        "card_error",
        error["message"] or "",
        code=card.code,
        decline_code=card.decline,
        charge=record["id"],
        doc_url=error["doc_url"],
        payment_intent=public(intent),
        payment_method=public(method),
        committed=True,
    )


def _charge_record(call: Call, intent: Object, method: Object, card: Card) -> Object:
    charge_id = new_id("ch")
    paid = card.decline is None
    outcome: dict[str, Any] = {
        "advice_code": None,
        "network_advice_code": None,
        "network_decline_code": None if paid else "05",
        "network_status": "approved_by_network" if paid else "declined_by_network",
        "reason": card.decline,
        "risk_level": "normal",
        "risk_score": 12,
        "seller_message": "Payment complete." if paid else "The bank returned a decline.",
        "type": "authorized" if paid else "issuer_declined",
    }
    return shaped(
        stripe.Charge,
        id=charge_id,
        object="charge",
        amount=intent["amount"],
        amount_captured=intent["amount"] if paid else 0,
        amount_refunded=0,
        billing_details=method["billing_details"],
        captured=paid,
        created=call.now,
        currency=intent["currency"],
        customer=intent["customer"],
        description=intent["description"],
        disputed=False,
        failure_code=None if paid else card.code,
        failure_message=None if paid else decline_message(card.decline or ""),
        fraud_details={},
        livemode=False,
        metadata={},
        outcome=outcome,
        paid=paid,
        payment_intent=intent["id"],
        payment_method=method["id"],
        payment_method_details={
            "card": {
                **{name: method["card"][name] for name in ("brand", "country", "exp_month", "exp_year", "fingerprint")},
                "funding": "credit",
                "last4": card.last4,
                "network": card.brand,
                "checks": method["card"]["checks"],
            },
            "type": "card",
        },
        receipt_url=f"{call.base_url}/_sandbox/receipts/{charge_id}" if paid else None,
        refunded=False,
        status="succeeded" if paid else "failed",
    )
