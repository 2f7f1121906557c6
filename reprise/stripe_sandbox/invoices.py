"""Invoices while they are drafts, and how they are found."""

from typing import Any

import stripe
from stripe.params import (
    InvoiceCreateParams,
    InvoiceListParams,
    InvoiceUpdateParams,
)

from reprise.stripe_sandbox import charging, customers, discounts
from reprise.stripe_sandbox.calls import LISTING, Call, Endpoint, in_window, with_metadata
from reprise.stripe_sandbox.errors import bad_parameter, invalid
from reprise.stripe_sandbox.expanding import lines_of
from reprise.stripe_sandbox.parameters import Parameters
from reprise.stripe_sandbox.shapes import shaped
from reprise.stripe_sandbox.store import Object, Store, new_id


def create(call: Call, parameters: Parameters) -> Object:
    """Make a draft invoice, without lines but those that were pending, if they are asked for.

    Raises:
        StripeFailure: 400: the customer is missing or deleted, or the invoice is to advance by itself.
    """
    customer = customers.found(call, parameters.get("customer", ""), param="customer")
    invoice_id = new_id("in")
    taken_off = discounts.on_invoice(call, parameters.get("discounts"), customer, invoice_id)
    invoice = shaped(
        stripe.Invoice,
        id=invoice_id,
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
        automatic_tax=_automatic_tax(call.store, parameters),
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
        discounts=[each["id"] for each in taken_off],
        issuer={"type": "self"},
        lines={},
        livemode=False,
        metadata={},
        payment_settings={
            "default_mandate": None,
            "payment_method_options": None,
            "payment_method_types": _method_types(parameters),
        },
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
        _sandbox={"discounts": taken_off},
    )
    with_metadata(invoice, parameters.get("metadata"))
    if parameters.get("auto_advance"):
        raise invalid("The sandbox does not advance invoices by itself: give auto_advance=false.", param="auto_advance")
    call.store.put(invoice, owner=customer["id"])
    # Excluded where one does not say otherwise (`InvoiceCreateParams.pending_invoice_items_behavior`).
    if parameters.get("pending_invoice_items_behavior") == "include":
        _take_pending(call, invoice)
    call.emit("invoice.created", invoice)
    return invoice


def _automatic_tax(store: Store, parameters: Parameters) -> dict[str, Any]:
    by_default = store.setting(discounts.TAX_BY_DEFAULT, "false") == "true"
    enabled = (parameters.get("automatic_tax") or {}).get("enabled", by_default)
    return {
        "disabled_reason": None,
        "enabled": enabled,
        "liability": {"type": "self"} if enabled else None,
        "provider": "stripe" if enabled else None,
        "status": "complete" if enabled else None,
    }


def _method_types(parameters: Parameters) -> list[str] | None:
    types: list[str] | None = (parameters.get("payment_settings") or {}).get("payment_method_types") or None
    for each in types or []:
        if each not in charging.METHOD_TYPES:
            raise bad_parameter(
                f"The sandbox has no payment methods of the type {each}.",
                code=None,
                param="payment_settings[payment_method_types]",
            )
    return types


def pending_of(customer: str) -> str:
    """Return by what the pending items of a customer are listed until an invoice takes them."""
    return f"pending {customer}"


def _take_pending(call: Call, invoice: Object) -> None:
    for item in reversed(call.store.all("invoiceitem", owner=pending_of(invoice["customer"]))):
        if item["currency"] == invoice["currency"]:
            call.store.put({**item, "invoice": invoice["id"]}, owner=invoice["id"])
    recount(call, invoice)


def found(call: Call, invoice: str, *, param: str = "id") -> Object:
    """Return an invoice.

    Raises:
        StripeFailure: There is none.
    """
    return call.found("invoice", invoice, param=param, what="invoice")


def recount(call: Call, invoice: Object) -> Object:
    """Bring a draft's sums up to date with its lines, discounts and tax. The balance counts when it is finalized."""
    subtotal = sum(line["amount"] for line in lines_of(call.store, invoice["id"]))
    off = discounts.taken_off((invoice.get("_sandbox") or {}).get("discounts", []), subtotal, invoice["currency"])
    taxable = subtotal - sum(each["amount"] for each in off)
    taxes = discounts.taxes(taxable) if invoice["automatic_tax"]["enabled"] and taxable else []
    total = taxable + sum(each["amount"] for each in taxes)
    invoice.update(
        subtotal=subtotal,
        subtotal_excluding_tax=subtotal,
        total=total,
        total_excluding_tax=taxable,
        total_discount_amounts=off,
        total_taxes=taxes,
        amount_due=max(total, 0),
        amount_remaining=max(total, 0),
    )
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
        "payment_settings.payment_method_types",
        "automatic_tax.enabled",
        "discounts",
        "discounts.coupon",
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
)
