"""Payments: one Stripe invoice with one key, decided here before anything is sent, and never changed (R8).

How an attempt to collect one turns out is in `outcomes.py`, what one is for and how much in `quotes.py`.
"""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from reprise.statemachine.frozen import Frozen
from reprise.statemachine.quotes import Quote
from reprise.statemachine.terms import Instant
from reprise.statemachine.timeline import Actor


def payment_key(account_id: str, n: int) -> str:
    """Return the key of an account's n-th payment, counted from 1 (R8)."""
    return f"{account_id}:{n}"


def payment_number(key: str | None) -> int:
    """Return which of its account's payments a key names, from 1 on (R8); 0 if it names none."""
    number = (key or "").rpartition(":")[2]
    return int(number) if number.isascii() and number.isdecimal() else 0


class PaymentPurpose(StrEnum):
    """What a payment puts the account into, once paid."""

    FIRST = "first"
    REACTIVATION = "reactivation"
    RENEWAL = "renewal"


class PaymentStatus(StrEnum):
    """Where an account's latest payment stands."""

    NONE = "none"
    COLLECTING = "collecting"
    PROCESSING = "processing"
    REQUIRES_ACTION = "requires_action"
    DECLINED = "declined"
    PAID = "paid"

    @property
    def is_open(self) -> bool:
        """Whether it is awaited: by an attempt, from the bank, or from its payer (R10, R14, R21)."""
        return self in {PaymentStatus.COLLECTING, PaymentStatus.PROCESSING, PaymentStatus.REQUIRES_ACTION}


class Payment(Frozen):
    """An account's latest payment: its frozen quote, the attempt under way, and what is known of it."""

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
    attempted_at: Annotated[
        Instant | None, Field(description="When the attempt under way began, or was last said not to be known (R16).")
    ] = None
    do_not_retry: Annotated[bool, Field(description="The bank said not to ask this card again (R9).")] = False
    stopped_since: Annotated[Instant | None, Field(description="Since when Stripe refuses for our fault (R8, R9).")] = (
        None
    )
    not_known_since: Annotated[Instant | None, Field(description="Since when the outcome is overdue (R8).")] = None
    processing_since: Annotated[Instant | None, Field(description="Since when a debit is clearing (R21).")] = None


class OwedErasure(Frozen):
    """Stripe still says who a closed account's customer was, and has refused so far to take that away (R13)."""

    since: Instant
    next_attempt_at: Instant


class OwedVoid(Frozen):
    """A void that Stripe has refused so far: it stays owed, and is tried until it is done (R8)."""

    payment_key: str
    invoice_id: str | None = None
    since: Instant
    next_attempt_at: Instant
