"""Payments: what one is for and how much (quotes), its key, and how it can turn out.

A payment is one Stripe invoice. Its key is decided here, before anything is sent, and never changes (R8).
"""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from reprise.statemachine.money import MOST, Amount, CartCount, Currency, Plan
from reprise.statemachine.terms import Instant, Term
from reprise.statemachine.timeline import STRIPE, Actor

_frozen = ConfigDict(frozen=True)


class Debt(BaseModel):
    """What an unpaid renewal left behind, kept under the policy `debt: collect` (R12)."""

    model_config = _frozen

    amount: Amount
    currency: Currency
    term: Term


class QuoteLine(BaseModel):
    """One line of a quote, and so of the invoice."""

    model_config = _frozen

    description: str
    quantity: int
    unit_amount: int
    amount: int
    period: Term


class Quote(BaseModel):
    """What a payment would be for, and how much: the only source of both the quote shown and the charge (R7)."""

    model_config = _frozen

    amount_due: Annotated[int, Field(description="In minor units of `currency`; 0: nothing to pay.")]
    currency: Currency
    carts: CartCount
    unit_amount: Amount
    term: Term
    lines: tuple[QuoteLine, ...] = ()


def upfront_quote(plan: Plan, carts: int, term: Term, debt: Debt | None = None) -> Quote:
    """Return the upfront payment for `term`: carts × unit amount, and a debt as a line of its own (R6, R8, R12).

    A debt in another currency than the plan's cannot stand on the same invoice, nor one that makes it more than Stripe
    charges at once; it is left out, and stays owed.
    """
    due = carts * plan.unit_amount
    lines = []
    if due:
        line = QuoteLine(
            description=f"{carts} {'cart' if carts == 1 else 'carts'}, one month",
            quantity=carts,
            unit_amount=plan.unit_amount,
            amount=due,
            period=term,
        )
        lines.append(line)
    if debt and debt.currency == plan.currency and due + debt.amount <= MOST:
        lines.append(
            QuoteLine(
                description="Unpaid from the previous term",
                quantity=1,
                unit_amount=debt.amount,
                amount=debt.amount,
                period=debt.term,
            )
        )
    return Quote(
        amount_due=sum(line.amount for line in lines),
        currency=plan.currency,
        carts=carts,
        unit_amount=plan.unit_amount,
        term=term,
        lines=tuple(lines),
    )


def free_quote(plan: Plan, carts: int, term: Term) -> Quote:
    """Return the quote of coming back within a paid term: nothing, service until the term's end (R6)."""
    return Quote(amount_due=0, currency=plan.currency, carts=carts, unit_amount=plan.unit_amount, term=term)


def payment_key(account_id: str, n: int) -> str:
    """Return the key of an account's n-th payment, counted from 1 (R8)."""
    return f"{account_id}:{n}"


class PaymentPurpose(StrEnum):
    """What a payment puts the account into, once paid."""

    FIRST = "first"
    REACTIVATION = "reactivation"
    RENEWAL = "renewal"


class PaymentStatus(StrEnum):
    """Where an account's latest payment stands."""

    NONE = "none"
    COLLECTING = "collecting"
    REQUIRES_ACTION = "requires_action"
    DECLINED = "declined"
    PAID = "paid"


class Payment(BaseModel):
    """An account's latest payment: its frozen quote, the attempt under way, and what is known of it."""

    model_config = _frozen

    key: str
    purpose: PaymentPurpose
    quote: Quote
    asked_by: Actor
    status: PaymentStatus
    attempt: Annotated[int, Field(description="Counts tries to move money; part of the idempotency key of `pay`.")]
    started_at: Instant
    invoice_id: str | None = None
    payment_method: Annotated[str | None, Field(description="The method that the last attempt used.")] = None
    decline_code: str | None = None
    action_url: str | None = None
    next_attempt_at: Annotated[
        Instant | None, Field(description="When the account acts on this payment by itself next.")
    ] = None
    retries_from: Annotated[
        Instant | None,
        Field(description="From when the retries count, if the first answer came only after all of them (R9)."),
    ] = None
    expires_at: Annotated[Instant | None, Field(description="When an unauthenticated payment ends (R10).")] = None
    abandoned: Annotated[bool, Field(description="Called off: its invoice is being, or was, voided.")] = False


class _Outcome(BaseModel):
    model_config = _frozen

    payment_key: str
    invoice_id: str | None = None
    payment_method: str | None = None


class Paid(_Outcome):
    """The invoice is paid."""

    kind: Literal["paid"] = "paid"


class Declined(_Outcome):
    """The payer's bank refused; `code` is Stripe's `decline_code`, or its error code where there is none."""

    kind: Literal["declined"] = "declined"
    code: str


class NoPaymentMethod(_Outcome):
    """The customer has no default payment method."""

    kind: Literal["no_payment_method"] = "no_payment_method"


class RequiresAction(_Outcome):
    """The payer must authenticate at `url`, the hosted invoice (R10)."""

    kind: Literal["requires_action"] = "requires_action"
    url: str


class Stopped(_Outcome):
    """Stripe refused the request itself (a wrong key, a malformed request); operators must mend it (R8)."""

    kind: Literal["stopped"] = "stopped"
    reason: str


PaymentOutcome = Annotated[Paid | Declined | NoPaymentMethod | RequiresAction | Stopped, Field(discriminator="kind")]
"""How one attempt to collect turned out (R8). An outcome is a value, never an exception."""


class InvoiceState(StrEnum):
    """What Stripe's side says of a payment's invoice."""

    OPEN = "open"
    PAID = "paid"
    VOID = "void"
    MISSING = "missing"


class InvoiceObserved(BaseModel):
    """What a look at Stripe found (R15): hints are never believed, this is."""

    model_config = _frozen

    payment_key: str
    invoice_id: str | None = None
    invoice: InvoiceState
    payment_method: Annotated[str | None, Field(description="The customer's default payment method now.")] = None


class InvoiceVoided(BaseModel):
    """How voiding turned out: void or missing, or `paid` when the payer was faster."""

    model_config = _frozen

    payment_key: str
    invoice_id: str | None = None
    invoice: InvoiceState


class CustomerRegistered(BaseModel):
    """The Stripe customer exists; `refused` says why Stripe would not take the payment method given."""

    model_config = _frozen

    customer_id: str
    payment_method: str | None = None
    refused: str | None = None


class PaymentMethodChanged(BaseModel):
    """How changing the default payment method turned out; `refused` is Stripe's code when it did not."""

    model_config = _frozen

    payment_method: str | None = None
    refused: str | None = None
    message: str | None = None
    asked_by: Actor = STRIPE
