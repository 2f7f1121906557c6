"""The customer's balance: what a customer has as credit (below zero) or owes (above), by currency.

An invoice takes it into account when it is finalized, and gives it back when it is void
(docs.stripe.com/billing/customer/balance).
"""

import stripe
from stripe.params import CustomerBalanceTransactionCreateParams, CustomerBalanceTransactionListParams

from reprise.stripe_sandbox.calls import LISTING, Call, Endpoint
from reprise.stripe_sandbox.currencies import maximum, minimum
from reprise.stripe_sandbox.errors import invalid
from reprise.stripe_sandbox.expanding import balance_of
from reprise.stripe_sandbox.parameters import Parameters
from reprise.stripe_sandbox.shapes import public, shaped
from reprise.stripe_sandbox.store import Object, new_id

_USUAL_CURRENCY = "usd"


def change(
    call: Call,
    customer: Object,
    amount: int,
    currency: str,
    kind: str,
    *,
    invoice: str | None = None,
    description: str | None = None,
) -> Object:
    """Add to a customer's balance, with the transaction that says why; return that transaction.

    Args:
        call: The request.
        customer: The customer, which is changed and written.
        amount: What is added, in minor units; below zero it is credit.
        currency: The currency; the customer's own is that of the first change.
        kind: The transaction's type in Stripe's words.
        invoice: The invoice that is the cause.
        description: Words for it.
    """
    before = public(customer)
    after = balance_of(customer, currency) + amount
    own = customer.get("_sandbox") or {}
    customer["_sandbox"] = {**own, "balances": {**own.get("balances", {}), currency: after}}
    customer["currency"] = customer["currency"] or currency
    customer["balance"] = balance_of(customer, customer["currency"])
    transaction = shaped(
        stripe.CustomerBalanceTransaction,
        id=new_id("cbtxn"),
        object="customer_balance_transaction",
        amount=amount,
        created=call.now,
        currency=currency,
        customer=customer["id"],
        description=description,
        ending_balance=after,
        invoice=invoice,
        livemode=False,
        metadata={},
        type=kind,
    )
    call.store.put(customer)
    call.store.put(transaction, owner=customer["id"])
    previous = {name: before[name] for name in ("balance", "currency") if before[name] != customer[name]}
    if previous and kind != "initial" and not customer.get("deleted"):
        call.emit("customer.updated", customer, previous)
    return transaction


def set_to(call: Call, customer: Object, balance: int, *, kind: str = "adjustment") -> None:
    """Set a customer's balance in its own currency, as the parameter `balance` does."""
    currency = customer["currency"] or _USUAL_CURRENCY
    amount = balance - balance_of(customer, currency)
    if amount:
        change(call, customer, amount, currency, kind)


def apply(call: Call, invoice: Object, customer: Object) -> None:
    """Settle an invoice that is being finalized with the balance: what is due, and what stays on the balance.

    `amount_due` is total and balance together, never below zero. A sum that is too small or too large to be charged is
    not: the invoice counts as paid, and the customer owes it from then on (`Invoice.amount_due`; the types
    `invoice_too_small` and `invoice_too_large` in docs.stripe.com/invoicing/customer/balance#types).
    """
    total, starting = invoice["total"], balance_of(customer, invoice["currency"])
    due = max(total + starting, 0) if total else 0
    kind = "applied_to_invoice"
    if 0 < due < minimum(invoice["currency"]):
        due, kind = 0, "invoice_too_small"
    elif due > maximum(invoice["currency"]):
        due, kind = 0, "invoice_too_large"
    ending = starting + total - due
    invoice.update(
        starting_balance=starting,
        ending_balance=ending,
        amount_due=due,
        amount_remaining=due,
    )
    if ending != starting:
        change(call, customer, ending - starting, invoice["currency"], kind, invoice=invoice["id"])


def give_back(call: Call, invoice: Object, customer: Object) -> None:
    """Undo what an invoice that becomes void did to the balance."""
    applied = (invoice["ending_balance"] or 0) - invoice["starting_balance"]
    if applied:
        change(call, customer, -applied, invoice["currency"], "unapplied_from_invoice", invoice=invoice["id"])


def create_transaction(call: Call, parameters: Parameters, customer: str) -> Object:
    """Add to a customer's balance in any currency."""
    document = call.found("customer", customer)
    if document.get("deleted"):
        raise invalid(f"No such customer: '{customer}'", code="resource_missing", param="customer")
    return change(
        call,
        document,
        parameters["amount"],
        parameters["currency"].lower(),
        "adjustment",
        description=parameters.get("description"),
    )


def list_transactions(call: Call, parameters: Parameters, customer: str) -> Object:
    """List what has changed a customer's balance."""
    call.found("customer", customer)
    documents = call.store.all("customer_balance_transaction", owner=customer)
    return call.page(f"/v1/customers/{customer}/balance_transactions", documents, parameters)


_PATH = "/v1/customers/{customer}/balance_transactions"
ENDPOINTS = (
    Endpoint(
        "POST",
        _PATH,
        create_transaction,
        CustomerBalanceTransactionCreateParams,
        frozenset({"amount", "currency", "description"}),
    ),
    Endpoint("GET", _PATH, list_transactions, CustomerBalanceTransactionListParams, LISTING),
)
