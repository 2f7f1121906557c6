"""What an answer shows beyond the stored object: an invoice's lines, and what `expand` asks for."""

from typing import Any

import stripe

from reprise.stripe_sandbox.errors import bad_parameter
from reprise.stripe_sandbox.shapes import listed, shaped
from reprise.stripe_sandbox.store import Object, Store

DEPTH = 4
"""How many levels Stripe expands; `data` of a list is one of them (docs.stripe.com/api/expanding_objects)."""

_REFERENCES = {
    "customer": "customer",
    "payment_intent": "payment_intent",
    "latest_charge": "charge",
    "charge": "charge",
    "invoice": "invoice",
    "default_payment_method": "payment_method",
    "payment_method": "payment_method",
    "invoice_item": "invoiceitem",
    "dispute": "dispute",
}


def balance_of(customer: Object, currency: str) -> int:
    """Return a customer's balance in a currency: below zero it is credit, above it is owed."""
    return int((customer.get("_sandbox") or {}).get("balances", {}).get(currency, 0))


def lines_of(store: Store, invoice: str) -> list[Object]:
    """Return the lines of an invoice, in the order they were added."""
    return [_line(item) for item in reversed(store.all("invoiceitem", owner=invoice))]


def _line(item: Object) -> Object:
    return shaped(
        stripe.InvoiceLineItem,
        id=item["id"].replace("ii_", "il_", 1),
        object="line_item",
        amount=item["amount"],
        currency=item["currency"],
        description=item["description"],
        discount_amounts=[],
        discountable=item["discountable"],
        discounts=[],
        invoice=item["invoice"],
        livemode=False,
        metadata=item["metadata"],
        parent={
            "invoice_item_details": {
                "invoice_item": item["id"],
                "proration": False,
                "proration_details": None,
                "subscription": None,
            },
            "subscription_item_details": None,
            "type": "invoice_item_details",
        },
        period=item["period"],
        pretax_credit_amounts=[],
        pricing=item["pricing"],
        quantity=item["quantity"],
        quantity_decimal=item["quantity_decimal"],
        subtotal=item["amount"],
        taxes=[],
    )


def completed(store: Store, document: Any) -> Any:
    """Return an answer with the lines of each invoice in it, the first ten as Stripe sends them."""
    if isinstance(document, dict) and document.get("object") == "list":
        return {**document, "data": [completed(store, each) for each in document["data"]]}
    if isinstance(document, dict) and document.get("object") == "invoice" and "lines" in document:
        lines = lines_of(store, document["id"])
        url = f"/v1/invoices/{document['id']}/lines"
        shown = {**listed(url, lines[:10], has_more=len(lines) > 10), "total_count": len(lines)}
        return {**document, **_with_balance(store, document), "lines": shown}
    return document


def _with_balance(store: Store, invoice: Object) -> Object:
    """Return what a draft shows of its customer's balance, which is that of now (`Invoice.starting_balance`)."""
    customer = store.get("customer", invoice["customer"])
    if invoice["status"] != "draft" or customer is None:
        return {}
    starting = balance_of(customer, invoice["currency"])
    due = max(invoice["total"] + starting, 0) if invoice["total"] else 0
    return {"starting_balance": starting, "amount_due": due, "amount_remaining": due}


def expanded(store: Store, document: Object, paths: list[str]) -> Object:
    """Return an answer with the objects in place of the ids that `expand` names.

    Raises:
        StripeFailure: 400: a path that cannot be expanded, or not so deep.
    """
    for path in paths:
        if path.count(".") >= DEPTH:
            message = f"You cannot expand more than {DEPTH} levels of a property. Property: {path}"
            raise bad_parameter(message, code=None, param="expand[0]")
        document = _expand(store, document, path.split("."), path)
    return document


def _expand(store: Store, document: Any, parts: list[str], path: str) -> Any:
    head, *rest = parts
    if not isinstance(document, dict):
        raise bad_parameter(f"This property cannot be expanded ({path}).", code=None, param="expand[0]")
    if head == "data" and document.get("object") == "list":
        return {**document, "data": [_expand(store, each, rest, path) if rest else each for each in document["data"]]}
    value = document.get(head)
    if document.get("object") == "invoice" and head == "payments":
        url = f"/v1/invoice_payments?invoice={document['id']}"
        value = value or listed(url, store.all("invoice_payment", owner=document["id"]))
    elif isinstance(value, str) and head in _REFERENCES:
        value = _referred(store, _REFERENCES[head], value)
    elif value is None and head in document:
        return document
    elif not isinstance(value, dict):
        raise bad_parameter(f"This property cannot be expanded ({path}).", code=None, param="expand[0]")
    return {**document, head: _expand(store, value, rest, path) if rest else value}


def _referred(store: Store, kind: str, object_id: str) -> Any:
    """Return the object that an id stands for; of a deleted one, only that it is deleted."""
    found = store.get(kind, object_id)
    if found is not None and found.get("deleted"):
        return {"id": object_id, "object": kind, "deleted": True}
    return completed(store, found) or object_id
