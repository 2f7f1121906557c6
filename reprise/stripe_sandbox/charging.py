"""Moving money: payment intents, their charges, and the payment that ties them to an invoice."""

import secrets
from typing import Any

import stripe

from reprise.stripe_sandbox import charges, disputes
from reprise.stripe_sandbox.banks import failure_message
from reprise.stripe_sandbox.behaviour import Conduct, conduct
from reprise.stripe_sandbox.calls import Call
from reprise.stripe_sandbox.declines import error_code, message
from reprise.stripe_sandbox.errors import StripeFailure
from reprise.stripe_sandbox.shapes import public, shaped
from reprise.stripe_sandbox.store import Object, new_id

METHOD_TYPES = ("card", "us_bank_account")
"""What a payment may be made with, where its invoice does not say: Stripe takes it from the account's settings."""


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
        payment_method_types=invoice["payment_settings"]["payment_method_types"] or list(METHOD_TYPES),
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


def intent_of(call: Call, invoice: Object) -> Object | None:
    """Return the payment intent of a finalized invoice; None where nothing was to be paid."""
    payments = invoice_payments(call, invoice["id"])
    return call.found("payment_intent", payments[0]["payment"]["payment_intent"]) if payments else None


def charge(
    call: Call, intent: Object, method: Object, *, on_session: bool = False, authenticated: bool = False
) -> StripeFailure | None:
    """Try to move the money of an intent; return the failure, or None when it moved or is `processing`.

    Whatever happens stays written: the caller raises the failure only after it has put down its own part.
    """
    meets = conduct(call.store, method)
    intent["payment_method"] = method["id"]
    if method["type"] == "us_bank_account":
        _debit(call, intent, method, meets)
        return None
    soft = meets.decline == "authentication_required"
    if (meets.authenticate or (soft and on_session)) and not authenticated:
        return _require_authentication(call, intent)
    if soft and authenticated:
        meets = meets.model_copy(update={"decline": None})
    record = charges.of_card(call, intent, method, meets)
    intent["latest_charge"] = record["id"]
    intent["next_action"] = None
    if meets.decline:
        return _decline(call, intent, method, meets, record)
    succeed(call, intent, record, disputed=meets.disputed)
    return None


def succeed(call: Call, intent: Object, record: Object, *, disputed: bool) -> None:
    """Put down that the money of an intent has moved with a charge."""
    intent.update(status="succeeded", amount_received=intent["amount"], last_payment_error=None)
    call.store.put(intent)
    call.store.put(record, owner=intent["customer"])
    call.emit("charge.succeeded", record)
    call.emit("payment_intent.succeeded", intent)
    if disputed:
        disputes.opened(call, record, "fraudulent")


def cancel(call: Call, intent: Object, reason: str) -> None:
    """Cancel an intent: nothing can be charged with it any more."""
    intent.update(status="canceled", canceled_at=call.now, cancellation_reason=reason, next_action=None)
    call.store.put(intent)
    call.emit("payment_intent.canceled", intent)


def fail_debit(call: Call, intent: Object, record: Object, code: str) -> None:
    """Put down that a bank debit has failed (docs.stripe.com/payments/ach-direct-debit#failures)."""
    method = call.store.get("payment_method", record["payment_method"])
    charges.fail(record, code, failure_message(code))
    call.store.put(record)
    error = {
        "charge": record["id"],
        "code": code,
        "doc_url": f"https://docs.stripe.com/error-codes/{code.replace('_', '-')}",
        "message": failure_message(code),
        "type": "card_error",
    }
    if method is not None:
        error["payment_method"] = public(method)
    intent.update(status="requires_payment_method", payment_method=None, last_payment_error=error, processing=None)
    call.store.put(intent)
    call.emit("charge.failed", record)
    call.emit("payment_intent.payment_failed", intent)


def _debit(call: Call, intent: Object, method: Object, meets: Conduct) -> None:
    """Begin a bank debit: days pass before anybody knows whether money has moved."""
    record = charges.of_bank_account(call, intent, method)
    record["_sandbox"] = {"failure": meets.failure, "settles": meets.settles, "disputed": meets.disputed}
    call.store.put(record, owner=intent["customer"])
    intent.update(status="processing", latest_charge=record["id"], last_payment_error=None, next_action=None)
    call.store.put(intent)
    call.emit("charge.pending", record)
    call.emit("payment_intent.processing", intent)


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


def _decline(call: Call, intent: Object, method: Object, meets: Conduct, record: Object) -> StripeFailure:
    decline = meets.decline or ""
    failure = declined(
        decline,
        advice=meets.advice,
        charge=record["id"],
        network_decline_code=record["outcome"]["network_decline_code"],
        payment_method=public(method),
    )
    intent.update(status="requires_payment_method", payment_method=None, last_payment_error={**failure.body["error"]})
    call.store.put(intent)
    call.store.put(record, owner=intent["customer"])
    failure.body["error"]["payment_intent"] = public(intent)
    call.emit("charge.failed", record)
    call.emit("payment_intent.payment_failed", intent)
    return failure


def declined(decline: str, *, advice: str | None = None, **fields: Any) -> StripeFailure:
    """Return the 402 of a card that its issuer declined."""
    return StripeFailure(
        402,
        "card_error",
        message(decline),
        code=error_code(decline),
        decline_code=decline,
        advice_code=advice,
        committed=True,
        **fields,
    )
