"""Finalized invoices: paid, processing, void, written off; every way that one can end moves money at most once."""

import secrets

from stripe.params import (
    InvoiceFinalizeInvoiceParams,
    InvoiceMarkUncollectibleParams,
    InvoicePayParams,
    InvoiceVoidInvoiceParams,
)

from reprise.stripe_sandbox import attaching, balances, charges, charging, customers
from reprise.stripe_sandbox.calls import Call, Endpoint
from reprise.stripe_sandbox.currencies import check_chargeable
from reprise.stripe_sandbox.errors import invalid
from reprise.stripe_sandbox.invoices import found
from reprise.stripe_sandbox.parameters import Parameters
from reprise.stripe_sandbox.store import Object


def finalize(call: Call, _: Parameters, invoice: str) -> Object:
    """Finalize a draft: balance, number, hosted page, payment intent. One by which nothing is due is paid at once.

    Raises:
        StripeFailure: 400: it is no draft, or its sum cannot be charged.
    """
    document = found(call, invoice)
    if document["status"] != "draft":
        raise invalid(
            "This invoice is already finalized, you can't re-finalize a non-draft invoice.",
            code="invoice_not_editable",
        )
    customer = customers.found(call, document["customer"], param="customer")
    sequence = customer["next_invoice_sequence"]
    customer["next_invoice_sequence"] = sequence + 1
    call.store.put(customer)
    token = secrets.token_urlsafe(24)
    balances.apply(call, document, customer)
    check_chargeable(document["amount_due"], document["currency"])
    document.update(
        status="open",
        number=f"{customer['invoice_prefix']}-{sequence:04d}",
        effective_at=call.now,
        hosted_invoice_url=f"{call.base_url}/_sandbox/invoices/{token}",
        invoice_pdf=f"{call.base_url}/_sandbox/invoices/{token}/pdf",
        _sandbox={**document.get("_sandbox", {}), "token": token},
    )
    document["status_transitions"] = {**document["status_transitions"], "finalized_at": call.now}
    call.store.put(document)
    call.emit("invoice.finalized", document)
    if document["amount_due"] == 0:
        return _become_paid(call, document, 0)
    charging.open_payment(call, document)
    return document


def pay(call: Call, parameters: Parameters, invoice: str) -> Object:
    """Pay an invoice with a saved payment method, off-session or not, or put down that it was paid elsewhere."""
    document = found(call, invoice)
    if document["status"] == "draft":
        document = finalize(call, {}, invoice)
        if document["status"] == "paid":
            return document
    must_be_payable(call, document)
    if parameters.get("paid_out_of_band"):
        return _paid_elsewhere(call, document)
    customer = customers.found(call, document["customer"], param="customer")
    method_id = (
        parameters.get("payment_method")
        or document["default_payment_method"]
        or customer["invoice_settings"]["default_payment_method"]
    )
    if method_id is None:
        raise invalid(
            "There is no `default_payment_method` set on this Customer or Invoice. Please set either a"
            " `default_payment_method` or a default source on the Customer, or pass a `payment_method`."
        )
    method = attaching.usable(call, method_id, customer)
    return pay_with(call, document, method, on_session=not parameters.get("off_session", True))


def must_be_payable(call: Call, invoice: Object) -> None:
    """Refuse to pay what is paid, void, or being paid.

    Raises:
        StripeFailure: 400. Stripe documents no error code for these.
    """
    if invoice["status"] == "paid":
        raise invalid("Invoice is already paid")
    if invoice["status"] == "void":
        raise invalid("This invoice has been voided and can no longer be paid.")
    _must_not_process(call, invoice, "paid")


def _must_not_process(call: Call, invoice: Object, what: str) -> None:
    """Refuse while a payment takes its days (docs.stripe.com/payments/payment-intents/verifying-status).

    Raises:
        StripeFailure: 400: a bank debit is under way, and can be neither recalled nor made twice.
    """
    intent = charging.intent_of(call, invoice)
    if intent is not None and intent["status"] == "processing":
        raise invalid(
            f"This invoice cannot be {what} because it has a payment ({intent['id']}) that is still processing."
        )


def pay_with(
    call: Call, invoice: Object, method: Object, *, on_session: bool = False, authenticated: bool = False
) -> Object:
    """Charge a payment method for an open or uncollectible invoice.

    Raises:
        StripeFailure: 400: the invoice cannot be paid, or not in this way. 402: declined, or the payer must
            authenticate; what was tried stays written.
    """
    must_be_payable(call, invoice)
    intent = charging.intent_of(call, invoice)
    if intent is None:
        raise invalid("There is nothing to pay by this invoice.")
    if method["type"] not in intent["payment_method_types"]:
        raise invalid(
            f"The PaymentMethod provided ({method['type']}) is not allowed for this PaymentIntent. Please attach a"
            f" PaymentMethod of one of the following types: {', '.join(intent['payment_method_types'])}.",
            code="payment_intent_incompatible_payment_method",
            param="payment_method",
        )
    if method["type"] == "us_bank_account" and invoice["currency"] != "usd":
        raise invalid(
            f"The currency provided ({invoice['currency']}) is invalid for ACH Direct Debit: it takes usd only.",
            code="payment_method_currency_mismatch",
            param="currency",
        )
    failure = charging.charge(call, intent, method, on_session=on_session, authenticated=authenticated)
    invoice["attempt_count"] += 1
    invoice["attempted"] = True
    if failure is None and intent["status"] == "succeeded":
        return _become_paid(call, invoice, invoice["amount_due"])
    call.store.put(invoice)
    if failure is None:
        return invoice
    needs_action = failure.body["error"]["code"] == "invoice_payment_intent_requires_action"
    call.emit("invoice.payment_action_required" if needs_action else "invoice.payment_failed", invoice)
    raise failure


def settle(call: Call, intent: Object, failure: str | None) -> Object:
    """Let a debit that is processing end: paid, or failed with a code. Return its intent.

    Raises:
        StripeFailure: 400: it is not processing.
    """
    if intent["status"] != "processing":
        raise invalid(f"This PaymentIntent is {intent['status']}, not processing.")
    record = call.found("charge", intent["latest_charge"])
    invoice = found(call, call.store.payment_of(intent["id"])["invoice"])
    if failure is not None:
        charging.fail_debit(call, intent, record, failure)
        call.emit("invoice.payment_failed", invoice)
        return intent
    charges.succeed(call, record)
    charging.succeed(call, intent, record, disputed=record["_sandbox"]["disputed"])
    _become_paid(call, invoice, invoice["amount_due"])
    return intent


def _become_paid(call: Call, invoice: Object, amount: int) -> Object:
    _marked_paid(call, invoice, amount)
    for payment in charging.invoice_payments(call, invoice["id"]):
        payment.update(status="paid", amount_paid=amount)
        payment["status_transitions"] = {**payment["status_transitions"], "paid_at": call.now}
        call.store.put(payment)
    return _told_paid(call, invoice)


def _paid_elsewhere(call: Call, invoice: Object) -> Object:
    """Take an invoice as paid without Stripe: its intent is canceled, nothing can be charged with it any more."""
    _marked_paid(call, invoice, invoice["amount_due"])
    _cancel_payments(call, invoice, "automatic")
    return _told_paid(call, invoice)


def _marked_paid(call: Call, invoice: Object, amount: int) -> None:
    invoice.update(status="paid", amount_paid=amount, amount_remaining=0, attempted=True, auto_advance=False)
    invoice["status_transitions"] = {**invoice["status_transitions"], "paid_at": call.now}
    call.store.put(invoice)


def _told_paid(call: Call, invoice: Object) -> Object:
    call.emit("invoice.paid", invoice)
    call.emit("invoice.payment_succeeded", invoice)
    return invoice


def _cancel_payments(call: Call, invoice: Object, reason: str) -> None:
    for payment in charging.invoice_payments(call, invoice["id"]):
        charging.cancel(call, call.found("payment_intent", payment["payment"]["payment_intent"]), reason)
        payment["status"] = "canceled"
        payment["status_transitions"] = {**payment["status_transitions"], "canceled_at": call.now}
        call.store.put(payment)


def void(call: Call, _: Parameters, invoice: str) -> Object:
    """Void a finalized invoice that is not paid: nobody can pay it any more, and its balance comes back.

    Raises:
        StripeFailure: 400: it is a draft, paid, void, or a payment of it is processing.
    """
    document = found(call, invoice)
    if document["status"] not in {"open", "uncollectible"}:
        raise invalid(
            f"You can only pass in open or uncollectible invoices. This invoice is {document['status']}.",
            code="invoice_not_editable",
        )
    _must_not_process(call, document, "voided")
    _cancel_payments(call, document, "void_invoice")
    document.update(status="void", amount_remaining=document["amount_due"], auto_advance=False)
    document["status_transitions"] = {**document["status_transitions"], "voided_at": call.now}
    call.store.put(document)
    balances.give_back(call, document, call.found("customer", document["customer"]))
    call.emit("invoice.voided", document)
    return document


def mark_uncollectible(call: Call, _: Parameters, invoice: str) -> Object:
    """Write an open invoice off; it can still be paid or voided.

    Raises:
        StripeFailure: 400: it is not open.
    """
    document = found(call, invoice)
    if document["status"] != "open":
        raise invalid(f"You can only mark open invoices uncollectible. This invoice is {document['status']}.")
    document["status"] = "uncollectible"
    document["status_transitions"] = {**document["status_transitions"], "marked_uncollectible_at": call.now}
    call.store.put(document)
    call.emit("invoice.marked_uncollectible", document)
    return document


ENDPOINTS = (
    Endpoint(
        "POST",
        "/v1/invoices/{invoice}/finalize",
        finalize,
        InvoiceFinalizeInvoiceParams,
        frozenset({"auto_advance"}),
    ),
    Endpoint(
        "POST",
        "/v1/invoices/{invoice}/pay",
        pay,
        InvoicePayParams,
        frozenset({"payment_method", "off_session", "paid_out_of_band"}),
    ),
    Endpoint("POST", "/v1/invoices/{invoice}/void", void, InvoiceVoidInvoiceParams),
    Endpoint("POST", "/v1/invoices/{invoice}/mark_uncollectible", mark_uncollectible, InvoiceMarkUncollectibleParams),
)
