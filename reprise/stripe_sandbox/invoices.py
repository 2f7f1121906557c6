"""Invoices: draft, finalized, paid, void; every way that one can end moves money at most once."""

import secrets

import stripe
from stripe.params import (
    InvoiceCreateParams,
    InvoiceFinalizeInvoiceParams,
    InvoiceListParams,
    InvoiceMarkUncollectibleParams,
    InvoicePayParams,
    InvoiceUpdateParams,
    InvoiceVoidInvoiceParams,
)

from reprise.stripe_sandbox import charging, customers, payment_methods
from reprise.stripe_sandbox.calls import LISTING, Call, Endpoint, in_window, with_metadata
from reprise.stripe_sandbox.errors import StripeFailure, invalid
from reprise.stripe_sandbox.expanding import lines_of
from reprise.stripe_sandbox.parameters import Parameters
from reprise.stripe_sandbox.shapes import shaped
from reprise.stripe_sandbox.store import Object, new_id

_ACCOUNT = "acct_1ReprisesSandbox"


def create(call: Call, parameters: Parameters) -> Object:
    """Make a draft invoice, without lines."""
    customer = customers.found(call, parameters.get("customer", ""), param="customer")
    invoice = shaped(
        stripe.Invoice,
        id=new_id("in"),
        object="invoice",
        account_country="US",
        account_name="Reprise's Stripe sandbox",
        amount_due=0,
        amount_overpaid=0,
        amount_paid=0,
        amount_remaining=0,
        amount_shipping=0,
        attempt_count=0,
        attempted=False,
        auto_advance=parameters.get("auto_advance", False),
        automatic_tax={"disabled_reason": None, "enabled": False, "liability": None, "provider": None, "status": None},
        billing_reason="manual",
        collection_method=parameters.get("collection_method", "charge_automatically"),
        created=call.now,
        currency=parameters.get("currency", "usd"),
        customer=customer["id"],
        customer_email=customer["email"],
        customer_name=customer["name"],
        customer_tax_exempt="none",
        customer_tax_ids=[],
        default_payment_method=parameters.get("default_payment_method"),
        default_tax_rates=[],
        description=parameters.get("description"),
        discounts=[],
        issuer={"type": "self"},
        lines={},
        livemode=False,
        metadata={},
        payment_settings={"default_mandate": None, "payment_method_options": None, "payment_method_types": None},
        period_end=call.now,
        period_start=call.now,
        post_payment_credit_notes_amount=0,
        pre_payment_credit_notes_amount=0,
        starting_balance=0,
        status="draft",
        status_transitions={"finalized_at": None, "marked_uncollectible_at": None, "paid_at": None, "voided_at": None},
        subtotal=0,
        subtotal_excluding_tax=0,
        total=0,
        total_discount_amounts=[],
        total_excluding_tax=0,
        total_pretax_credit_amounts=[],
        total_taxes=[],
    )
    with_metadata(invoice, parameters.get("metadata"))
    if parameters.get("auto_advance"):
        raise invalid("The sandbox does not advance invoices by itself: give auto_advance=false.", param="auto_advance")
    call.store.put(invoice, owner=customer["id"])
    call.emit("invoice.created", invoice)
    return invoice


def found(call: Call, invoice: str, *, param: str = "id") -> Object:
    """Return an invoice.

    Raises:
        StripeFailure: There is none.
    """
    return call.found("invoice", invoice, param=param, what="invoice")


def recount(call: Call, invoice: Object) -> Object:
    """Bring a draft's sums up to date with its lines."""
    total = sum(line["amount"] for line in lines_of(call.store, invoice["id"]))
    for name in ("subtotal", "subtotal_excluding_tax", "total", "total_excluding_tax"):
        invoice[name] = total
    invoice["amount_due"] = invoice["amount_remaining"] = max(total, 0)
    return call.store.put(invoice)


def must_be_draft(invoice: Object) -> None:
    """Refuse to change what is finalized.

    Raises:
        StripeFailure: 400: the invoice is no draft.
    """
    if invoice["status"] != "draft":
        raise invalid(
            "This invoice is no longer editable: only draft invoices can be changed.", code="invoice_not_editable"
        )


def retrieve(call: Call, _: Parameters, invoice: str) -> Object:
    """Return an invoice."""
    return found(call, invoice)


def update(call: Call, parameters: Parameters, invoice: str) -> Object:
    """Change metadata, description or automatic advance."""
    document = found(call, invoice)
    if "description" in parameters:
        must_be_draft(document)
        document["description"] = parameters["description"] or None
    if "auto_advance" in parameters:
        document["auto_advance"] = parameters["auto_advance"]
    with_metadata(document, parameters.get("metadata"))
    call.store.put(document)
    call.emit("invoice.updated", document)
    return document


def list_all(call: Call, parameters: Parameters) -> Object:
    """List invoices, also by customer, status and creation: read-after-write, unlike Stripe's search."""
    documents = [
        each
        for each in call.store.all("invoice", owner=parameters.get("customer"))
        if parameters.get("status") in {None, each["status"]}
        and parameters.get("collection_method") in {None, each["collection_method"]}
        and in_window(each, parameters.get("created"))
    ]
    return call.page("/v1/invoices", documents, parameters)


def delete(call: Call, _: Parameters, invoice: str) -> Object:
    """Delete a draft, with its items."""
    document = found(call, invoice)
    if document["status"] != "draft":
        raise invalid("You can only delete draft invoices", code="invoice_not_editable")
    for item in call.store.all("invoiceitem", owner=invoice):
        call.store.remove(item["id"])
    call.store.remove(invoice)
    call.emit("invoice.deleted", document)
    return {"id": invoice, "object": "invoice", "deleted": True}


def finalize(call: Call, _: Parameters, invoice: str) -> Object:
    """Finalize a draft: number, hosted page, payment intent. One of nothing is paid at once."""
    document = found(call, invoice)
    if document["status"] != "draft":
        raise invalid(
            "This invoice is already finalized, you can't re-finalize a non-draft invoice.",
            code="invoice_not_editable",
        )
    customer = call.found("customer", document["customer"])
    sequence = customer["next_invoice_sequence"]
    call.store.put({**customer, "next_invoice_sequence": sequence + 1})
    token = secrets.token_urlsafe(24)
    document.update(
        status="open",
        number=f"{customer['invoice_prefix']}-{sequence:04d}",
        effective_at=call.now,
        hosted_invoice_url=f"{call.base_url}/_sandbox/invoices/{token}",
        invoice_pdf=f"{call.base_url}/_sandbox/invoices/{token}/pdf",
        _sandbox={"token": token},
    )
    document["status_transitions"] = {**document["status_transitions"], "finalized_at": call.now}
    call.store.put(document)
    call.emit("invoice.finalized", document)
    if document["amount_due"] == 0:
        return _become_paid(call, document, 0)
    charging.open_payment(call, document)
    return document


def pay(call: Call, parameters: Parameters, invoice: str) -> Object:
    """Pay an invoice with a saved card, off-session or not."""
    document = found(call, invoice)
    if document["status"] == "draft":
        document = finalize(call, {}, invoice)
        if document["status"] == "paid":
            return document
    must_be_payable(document)
    if parameters.get("paid_out_of_band"):
        return _become_paid(call, document, document["amount_due"])
    customer = call.found("customer", document["customer"])
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
    method = payment_methods.usable(call, method_id, customer)
    return pay_with(call, document, method, authenticated=False)


def must_be_payable(invoice: Object) -> None:
    """Refuse to pay what is paid or void.

    Raises:
        StripeFailure: 400, as Stripe says it.
    """
    if invoice["status"] == "paid":
        raise invalid("Invoice is already paid", code="invoice_already_paid")
    if invoice["status"] == "void":
        raise invalid("This invoice has been voided and can no longer be paid.", code="invoice_not_payable")


def pay_with(call: Call, invoice: Object, method: Object, *, authenticated: bool) -> Object:
    """Charge a card for an open invoice.

    Raises:
        StripeFailure: 402: declined, or the payer must authenticate. What was tried stays written.
    """
    must_be_payable(invoice)
    failure = charging.charge(call, charging.intent_of(call, invoice), method, authenticated=authenticated)
    invoice["attempt_count"] += 1
    invoice["attempted"] = True
    if failure is None:
        return _become_paid(call, invoice, invoice["amount_due"])
    call.store.put(invoice)
    needs_action = failure.body["error"]["code"] == "invoice_payment_intent_requires_action"
    call.emit("invoice.payment_action_required" if needs_action else "invoice.payment_failed", invoice)
    raise failure


def _become_paid(call: Call, invoice: Object, amount: int) -> Object:
    invoice.update(status="paid", amount_paid=amount, amount_remaining=0, attempted=True, auto_advance=False)
    invoice["status_transitions"] = {**invoice["status_transitions"], "paid_at": call.now}
    for payment in charging.invoice_payments(call, invoice["id"]):
        payment.update(status="paid", amount_paid=amount)
        payment["status_transitions"] = {**payment["status_transitions"], "paid_at": call.now}
        call.store.put(payment)
    call.store.put(invoice)
    call.emit("invoice.paid", invoice)
    call.emit("invoice.payment_succeeded", invoice)
    return invoice


def void(call: Call, _: Parameters, invoice: str) -> Object:
    """Void a finalized invoice that is not paid: nobody can pay it any more."""
    document = found(call, invoice)
    if document["status"] not in {"open", "uncollectible"}:
        raise invalid(
            f"You can only pass in open or uncollectible invoices. This invoice is {document['status']}.",
            code="invoice_not_editable",
        )
    for payment in charging.invoice_payments(call, invoice):
        intent = call.found("payment_intent", payment["payment"]["payment_intent"])
        intent.update(status="canceled", canceled_at=call.now, cancellation_reason="void_invoice", next_action=None)
        payment["status"] = "canceled"
        payment["status_transitions"] = {**payment["status_transitions"], "canceled_at": call.now}
        call.store.put(intent)
        call.store.put(payment)
        call.emit("payment_intent.canceled", intent)
    document.update(status="void", amount_remaining=document["amount_due"], auto_advance=False)
    document["status_transitions"] = {**document["status_transitions"], "voided_at": call.now}
    call.store.put(document)
    call.emit("invoice.voided", document)
    return document


def mark_uncollectible(call: Call, _: Parameters, invoice: str) -> Object:
    """Write an open invoice off; it can still be paid."""
    document = found(call, invoice)
    if document["status"] != "open":
        raise StripeFailure(
            400,
            "invalid_request_error",
            f"You can only mark open invoices uncollectible. This invoice is {document['status']}.",
        )
    document["status"] = "uncollectible"
    document["status_transitions"] = {**document["status_transitions"], "marked_uncollectible_at": call.now}
    call.store.put(document)
    call.emit("invoice.marked_uncollectible", document)
    return document


_CREATE = frozenset(
    {
        "customer",
        "auto_advance",
        "collection_method",
        "currency",
        "description",
        "metadata",
        "default_payment_method",
        "pending_invoice_items_behavior",
    }
)
ENDPOINTS = (
    Endpoint("POST", "/v1/invoices", create, InvoiceCreateParams, _CREATE),
    Endpoint(
        "GET",
        "/v1/invoices",
        list_all,
        InvoiceListParams,
        LISTING | {"customer", "status", "created", "collection_method"},
    ),
    Endpoint("GET", "/v1/invoices/{invoice}", retrieve),
    Endpoint(
        "POST",
        "/v1/invoices/{invoice}",
        update,
        InvoiceUpdateParams,
        frozenset({"description", "auto_advance", "metadata"}),
    ),
    Endpoint("DELETE", "/v1/invoices/{invoice}", delete),
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
