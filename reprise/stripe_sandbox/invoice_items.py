"""Invoice items: the lines of draft invoices."""

from decimal import Decimal
from typing import Any

import stripe
from stripe.params import (
    InvoiceAddLinesParams,
    InvoiceItemCreateParams,
    InvoiceItemListParams,
    InvoiceLineItemListParams,
)

from reprise.stripe_sandbox import customers, invoices
from reprise.stripe_sandbox.calls import LISTING, Call, Endpoint, in_window, with_metadata
from reprise.stripe_sandbox.errors import invalid
from reprise.stripe_sandbox.expanding import lines_of
from reprise.stripe_sandbox.parameters import Parameters
from reprise.stripe_sandbox.shapes import shaped
from reprise.stripe_sandbox.store import Object, new_id

_USUAL_CURRENCY = "usd"


def create(call: Call, parameters: Parameters) -> Object:
    """Add an item to a draft invoice, or, without one, leave it pending for the customer's next that includes it."""
    customer = customers.found(call, parameters.get("customer", ""), param="customer")
    if not parameters.get("invoice"):
        return _add(call, customer["id"], None, parameters)
    invoice = invoices.found(call, parameters["invoice"], param="invoice")
    invoices.must_be_draft(invoice)
    if invoice["customer"] != customer["id"]:
        raise invalid("The invoice belongs to another customer.", param="invoice")
    return _add(call, customer["id"], invoice, parameters)


def _add(call: Call, customer: str, invoice: Object | None, parameters: Parameters) -> Object:
    price = parameters.get("price_data") or {}
    own = invoice["currency"] if invoice else _USUAL_CURRENCY
    currency = parameters.get("currency") or price.get("currency") or own
    if invoice and currency != own:
        raise invalid(
            f"The currency of the item ({currency}) is not the currency of its invoice ({own}).",
            param="currency",
        )
    quantity = parameters.get("quantity", 1)
    unit = parameters.get("unit_amount_decimal") or price.get("unit_amount_decimal") or price.get("unit_amount")
    amount = parameters.get("amount")
    if (unit is None) == (amount is None):
        raise invalid("Give either `amount`, or a unit amount with `quantity`.", param="amount")
    if amount is None and unit is not None:
        amount = int((Decimal(unit) * quantity).to_integral_value())
    assert amount is not None, "one of the two is given"
    period = parameters.get("period") or {"start": call.now, "end": call.now}
    if period["end"] < period["start"]:
        raise invalid("The period must end after it starts.", param="period[end]")
    item = shaped(
        stripe.InvoiceItem,
        id=new_id("ii"),
        object="invoiceitem",
        amount=amount,
        currency=currency,
        customer=customer,
        date=call.now,
        description=parameters.get("description"),
        discountable=True,
        discounts=[],
        invoice=invoice["id"] if invoice else None,
        livemode=False,
        metadata={},
        net_amount=amount,
        period=period,
        pricing={
            "price_details": {"price": new_id("price"), "product": price.get("product") or new_id("prod")},
            "type": "price_details",
            "unit_amount_decimal": str(unit if unit is not None else amount),
        },
        proration=False,
        quantity=quantity,
        quantity_decimal=str(quantity),
        tax_rates=[],
    )
    with_metadata(item, parameters.get("metadata"))
    call.store.put(item, owner=invoice["id"] if invoice else invoices.pending_of(customer))
    if invoice:
        invoices.recount(call, invoice)
    call.emit("invoiceitem.created", item)
    return item


def add_lines(call: Call, parameters: Parameters, invoice: str) -> Object:
    """Add several lines to a draft at once."""
    document = invoices.found(call, invoice)
    invoices.must_be_draft(document)
    for line in parameters["lines"]:
        _add(call, document["customer"], document, line)
    return invoices.found(call, invoice)


def retrieve(call: Call, _: Parameters, item: str) -> Object:
    """Return an item."""
    return call.found("invoiceitem", item, what="invoiceitem")


def delete(call: Call, _: Parameters, item: str) -> Object:
    """Take an item off its draft."""
    document = retrieve(call, {}, item)
    invoice = invoices.found(call, document["invoice"]) if document["invoice"] else None
    if invoice:
        invoices.must_be_draft(invoice)
    call.store.remove(item)
    if invoice:
        invoices.recount(call, invoice)
    call.emit("invoiceitem.deleted", document)
    return {"id": item, "object": "invoiceitem", "deleted": True}


def list_all(call: Call, parameters: Parameters) -> Object:
    """List items, also by customer and invoice."""
    pending: Any = parameters.get("pending")
    documents = [
        each
        for each in call.store.all("invoiceitem", owner=parameters.get("invoice"))
        if parameters.get("customer") in {None, each["customer"]}
        and pending in {None, each["invoice"] is None}
        and in_window(each, parameters.get("created"), field="date")
    ]
    return call.page("/v1/invoiceitems", documents, parameters)


def list_lines(call: Call, parameters: Parameters, invoice: str) -> Object:
    """List the lines of an invoice."""
    invoices.found(call, invoice)
    return call.page(f"/v1/invoices/{invoice}/lines", lines_of(call.store, invoice), parameters)


_LINE = ("amount", "description", "period", "metadata", "quantity", "price_data")
ENDPOINTS = (
    Endpoint(
        "POST",
        "/v1/invoiceitems",
        create,
        InvoiceItemCreateParams,
        frozenset({*_LINE, "customer", "invoice", "currency", "unit_amount_decimal"}),
    ),
    Endpoint(
        "GET",
        "/v1/invoiceitems",
        list_all,
        InvoiceItemListParams,
        LISTING | {"customer", "invoice", "pending", "created"},
    ),
    Endpoint("GET", "/v1/invoiceitems/{item}", retrieve),
    Endpoint("DELETE", "/v1/invoiceitems/{item}", delete),
    Endpoint(
        "POST",
        "/v1/invoices/{invoice}/add_lines",
        add_lines,
        InvoiceAddLinesParams,
        frozenset(f"lines.{name}" for name in _LINE),
    ),
    Endpoint("GET", "/v1/invoices/{invoice}/lines", list_lines, InvoiceLineItemListParams, LISTING),
)
