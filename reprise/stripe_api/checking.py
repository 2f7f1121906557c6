"""Whether an invoice is for its quote, and asks for no more: checked before finalizing and before paying (R8)."""

from collections.abc import Sequence
from dataclasses import dataclass

import stripe

from reprise.statemachine.money import formatted, least
from reprise.statemachine.payments import Payment
from reprise.statemachine.quotes import Quote
from reprise.stripe_api.client import metadata_of


@dataclass(frozen=True)
class Wrong:
    """Why an invoice must not be paid; `spoilt`: another invoice in its place would be right."""

    reason: str
    spoilt: bool


def check(invoice: stripe.Invoice, lines: Sequence[stripe.InvoiceLineItem], payment: Payment) -> Wrong | None:
    """Compare an invoice with the quote of its payment, line by line, and what is due by it."""
    wrong = _sum_is_wrong(invoice, payment) or _lines_are_wrong(invoice, lines, payment.quote)
    if wrong:
        return Wrong(wrong, spoilt=True)
    reason = _due_is_wrong(invoice, payment)
    return Wrong(reason, spoilt=False) if reason else None


def _sum_is_wrong(invoice: stripe.Invoice, payment: Payment) -> str | None:
    quote = payment.quote
    if invoice.currency == quote.currency and invoice.total == quote.amount_due:
        return None
    return (
        f"Invoice {invoice.id} comes to {invoice.total} {invoice.currency}, but the quote of payment {payment.key}"
        f" to {quote.amount_due} {quote.currency}. Nothing was charged. See what adds to invoices in Stripe's"
        " dashboard: items, discounts, tax."
    )


def _lines_are_wrong(invoice: stripe.Invoice, lines: Sequence[stripe.InvoiceLineItem], quote: Quote) -> str | None:
    if len(lines) != len(quote.lines):
        return f"Invoice {invoice.id} has {len(lines)} lines instead of {len(quote.lines)}. Nothing was charged."
    by_number = {metadata_of(each).get("line"): each for each in lines}
    for number, wanted in enumerate(quote.lines):
        line = by_number.get(str(number))
        if line is None:
            return f"Invoice {invoice.id} lacks line {number} of its quote. Nothing was charged."
        there = (line.quantity, line.amount, line.currency)
        if there != (wanted.quantity, wanted.amount, quote.currency):
            return (
                f"Line {number} of invoice {invoice.id} is {line.quantity} for {line.amount} {line.currency} instead of"
                f" {wanted.quantity} for {wanted.amount} {quote.currency}. Nothing was charged."
            )
    return None


def _due_is_wrong(invoice: stripe.Invoice, payment: Payment) -> str | None:
    """Compare what would be charged with the quote: `amount_due`, not `total` (`Invoice.amount_due`).

    A customer's credit may pay a part, and only a credit: a sum below what Stripe charges is put on the customer's
    balance instead, and the next invoice would ask for it.
    """
    due, total, balance, currency = invoice.amount_due, invoice.total, invoice.starting_balance, invoice.currency
    if due > total:
        return (
            f"The customer of payment {payment.key} owes {formatted(due - total, currency)} on their Stripe balance, so"
            f" that {formatted(due, currency)} would be charged instead of {formatted(total, currency)}. Nothing was"
            " charged. Clear the customer's balance in Stripe's dashboard; the payment is then made by itself."
        )
    minimum = least(currency)
    if 0 < due < minimum or due not in {total, max(total + balance, 0)}:
        return (
            f"Of payment {payment.key}, {formatted(total, currency)}, the customer's credit pays"
            f" {formatted(max(-balance, 0), currency)}, and the rest is less than the {formatted(minimum, currency)}"
            " that Stripe charges at least: it would be owed on the customer's balance. Nothing was charged. Adjust the"
            " customer's balance in Stripe's dashboard, or the price."
        )
    return None
