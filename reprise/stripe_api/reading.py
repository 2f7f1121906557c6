"""What an invoice at Stripe says: whose it is, how it stands, what was charged, why the last charge failed."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

import stripe

from reprise.statemachine.outcomes import Invoice, InvoiceState
from reprise.statemachine.payments import payment_number
from reprise.statemachine.terms import Term
from reprise.stripe_api.client import metadata_of

WITH_PAYMENT = ["payments.data.payment.payment_intent", "customer"]
"""What retrieving an invoice expands: how its payment stands, and whether its customer does. Four levels are the most
that Stripe expands (docs.stripe.com/expand), so a list of invoices cannot show the first."""

_MONEY_MOVES = frozenset({"processing", "succeeded", "requires_capture"})
"""States of a payment intent in which money is on its way, or has come though the invoice does not say so yet
(docs.stripe.com/payments/paymentintents/lifecycle)."""

_FINAL: Final[dict[str | None, InvoiceState]] = {"paid": InvoiceState.PAID, "void": InvoiceState.VOID}


def key_of(invoice: stripe.Invoice) -> str | None:
    """Return the key of the payment that an invoice is (R8)."""
    return metadata_of(invoice).get("payment_key")


def is_ours(invoice: stripe.Invoice, account_id: str, life: str | None) -> bool:
    """Say whether an invoice is one of an account's payments, in this life of the account's id (R8)."""
    metadata = metadata_of(invoice)
    return (metadata.get("account_id"), metadata.get("life")) == (account_id, life) and number_of(invoice) > 0


def number_of(invoice: stripe.Invoice) -> int:
    """Return which of its account's payments an invoice is; 0 if it is none."""
    return payment_number(key_of(invoice))


def state_of(invoice: stripe.Invoice) -> InvoiceState:
    """Return how an invoice stands. Whether an open one is being paid shows only where its payment is expanded."""
    if final := _FINAL.get(invoice.status):
        return final
    moving = any(intent.status in _MONEY_MOVES for intent in intents_of(invoice))
    return InvoiceState.PROCESSING if moving else InvoiceState.OPEN


def is_unpaid(invoice: stripe.Invoice) -> bool:
    """Say whether an invoice can still be paid: a draft, an open and an uncollectible one can."""
    return invoice.status not in _FINAL


def intents_of(invoice: stripe.Invoice) -> list[stripe.PaymentIntent]:
    """Return the payment intents of an invoice that was read with them."""
    payments = getattr(invoice, "payments", None)
    intents = [each.payment.payment_intent for each in payments.data] if payments else []
    return [each for each in intents if isinstance(each, stripe.PaymentIntent)]


def waits_for_payer(invoice: stripe.Invoice) -> bool:
    """Say whether the payer must authenticate (R10)."""
    return any(intent.status == "requires_action" for intent in intents_of(invoice))


def last_failure(invoice: stripe.Invoice) -> stripe.PaymentIntent.LastPaymentError | None:
    """Return why the last charge of an open invoice failed, if one did."""
    return next((each.last_payment_error for each in intents_of(invoice) if each.last_payment_error), None)


def charged_of(invoice: stripe.Invoice) -> int | None:
    """Return what the payer's method was charged for an invoice, if it is paid: `amount_due`, not the total, a part of
    which the customer's balance may have paid (`Invoice.amount_due`).
    """  # noqa: D205 - one thought
    return invoice.amount_due if state_of(invoice) is InvoiceState.PAID else None


def found_of(invoice: stripe.Invoice) -> Invoice:
    """Return an invoice as the record hears of it (R22)."""
    line = _month_of(invoice)
    pricing = line.pricing if line else None
    unit = Decimal(str(pricing.unit_amount_decimal)) if pricing and pricing.unit_amount_decimal is not None else None
    return Invoice(
        payment_key=key_of(invoice) or "",
        invoice_id=invoice.id,
        state=state_of(invoice),
        amount=invoice.total,
        currency=invoice.currency,
        charged=charged_of(invoice),
        quantity=line.quantity if line else None,
        unit_amount=int(unit) if unit is not None and unit == int(unit) else None,
        period=_period(line) if line else None,
    )


def _month_of(invoice: stripe.Invoice) -> stripe.InvoiceLineItem | None:
    """Return the line of the month that an invoice is for: the quote's first; old debts come behind it."""
    lines = invoice.lines.data
    return next((each for each in lines if metadata_of(each).get("line") == "0"), lines[0] if lines else None)


def _period(line: stripe.InvoiceLineItem) -> Term | None:
    """Return a line's period as a term; one without length, as lines made by hand have it, is none."""
    if line.period.start >= line.period.end:
        return None
    start, end = (datetime.fromtimestamp(at, UTC) for at in (line.period.start, line.period.end))
    return Term(start=start, end=end)


def default_method(customer: stripe.Customer | None) -> str | None:
    """Return a customer's default payment method for invoices."""
    settings = getattr(customer, "invoice_settings", None)
    method = settings.default_payment_method if settings else None
    return method if method is None or isinstance(method, str) else method.id


def customer_of(invoice: stripe.Invoice) -> stripe.Customer | None:
    """Return the customer of an invoice that was read with it."""
    customer = invoice.customer
    return customer if isinstance(customer, stripe.Customer) else None


def is_deleted(customer: stripe.Customer | None) -> bool:
    """Say whether a customer is deleted: Stripe then shows its id, and nothing else (R23)."""
    return bool(getattr(customer, "deleted", False))
