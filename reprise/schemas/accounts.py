"""The account as callers see it: over HTTP, on the pages, in the answers to commands.

Whoever shows an account asks these predicates what may be done with it, and compares no words. What they say of a
command is what the core would say: a test holds them to that.
"""

from typing import Annotated

from pydantic import ConfigDict, Field

from reprise.statemachine.account import AccountState, DisabledReason
from reprise.statemachine.declines import OwnDeclineCode
from reprise.statemachine.frozen import Frozen
from reprise.statemachine.money import Plan
from reprise.statemachine.payments import PaymentStatus
from reprise.statemachine.schedule import DeadlineKind
from reprise.statemachine.terms import Instant, Term
from reprise.statemachine.unknown import KeptWhenRead


class PaymentView(Frozen):
    """The latest payment as the HTTP contract shows it. `amount` is in minor units of `currency`, the payment's own.

    `do_not_retry`: the bank said that this card cannot pay; until `next_attempt_at` another one can (R9).
    """

    key: str | None = None
    status: Annotated[PaymentStatus, KeptWhenRead] = PaymentStatus.NONE
    amount: int | None = None
    currency: str | None = None
    invoice_id: str | None = None
    decline_code: Annotated[
        str | None, Field(description=f"Stripe's code, or one of Reprise's own: {', '.join(OwnDeclineCode)}.")
    ] = None
    action_url: str | None = None
    next_attempt_at: Instant | None = None
    do_not_retry: bool = False

    @property
    def under_way(self) -> bool:
        """Whether money may be moving: an attempt is under way, or clearing at the bank (R14, R21)."""
        return self.collecting or self.clearing

    @property
    def collecting(self) -> bool:
        """Whether an attempt is under way: it is known in seconds."""
        return self.status is PaymentStatus.COLLECTING

    @property
    def clearing(self) -> bool:
        """Whether the bank is transferring it, which takes days (R21)."""
        return self.status is PaymentStatus.PROCESSING

    @property
    def awaits_payer(self) -> bool:
        """Whether its payer is to confirm it, at `action_url` (R10)."""
        return self.status is PaymentStatus.REQUIRES_ACTION

    @property
    def failed(self) -> bool:
        """Whether it failed, and was not called off."""
        return self.status is PaymentStatus.DECLINED and self.decline_code != OwnDeclineCode.CANCELLED

    @property
    def stopped(self) -> bool:
        """Whether it failed for a fault of ours (R8)."""
        return self.decline_code == OwnDeclineCode.PAYMENT_STOPPED

    @property
    def lacks_method(self) -> bool:
        """Whether it failed because there is no payment method."""
        return self.decline_code == OwnDeclineCode.NO_PAYMENT_METHOD


class NextDeadline(Frozen):
    """When the account next acts by itself, and why; `summary` is for people."""

    kind: Annotated[DeadlineKind, KeptWhenRead]
    at: Instant
    summary: str


class AccountView(Frozen):
    """An account as the HTTP contract shows it. Instants are in UTC, amounts in minor units."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "account_id": "shop-42",
                    "email": "billing@example.com",
                    "state": "active",
                    "in_service": True,
                    "renews": True,
                    "disabled_reason": None,
                    "carts": 3,
                    "plan": {"currency": "usd", "unit_amount": 2500},
                    "timezone": "UTC",
                    "opened_at": "2027-01-31T10:00:00Z",
                    "anchor": "2027-01-31T10:00:00Z",
                    "term": {"start": "2027-01-31T10:00:00Z", "end": "2027-02-28T10:00:00Z"},
                    "payment": {
                        "key": "shop-42:1",
                        "status": "paid",
                        "amount": 7500,
                        "currency": "usd",
                        "invoice_id": "in_1ExampleInvoice",
                        "decline_code": None,
                        "action_url": None,
                        "next_attempt_at": None,
                        "do_not_retry": False,
                    },
                    "next": {"kind": "term_ended", "at": "2027-02-28T10:00:00Z", "summary": "term ends"},
                    "sequence": 2,
                    "restorable": False,
                }
            ]
        },
    )

    account_id: str
    email: str | None
    state: Annotated[AccountState, KeptWhenRead]
    in_service: bool
    renews: bool
    disabled_reason: Annotated[DisabledReason, KeptWhenRead] | None
    carts: int
    plan: Plan
    timezone: str
    opened_at: Instant
    anchor: Instant | None
    term: Term | None
    payment: PaymentView
    next: NextDeadline | None = None
    sequence: int
    restorable: Annotated[
        bool,
        Field(description="Its workflow was ended from outside: this is its last record, until `restore` (R27)."),
    ] = False

    @property
    def payment_open(self) -> bool:
        """Whether the latest payment is awaited: by an attempt, from the bank, or from its payer (R10, R21)."""
        return self.payment.status.is_open

    @property
    def may_cancel(self) -> bool:
        """Whether `cancel` ends the service that there is, now or at the term's end (R3, R14)."""
        return self.in_service and not self.payment.under_way

    @property
    def cancels_at_once(self) -> bool:
        """Whether cancelling ends service at once, whatever was asked for: nothing is paid ahead (R3)."""
        return self.is_past_due

    @property
    def may_resume(self) -> bool:
        """Whether `reactivate` takes a cancellation back (R4)."""
        return self.state is AccountState.CANCELLED

    @property
    def may_reactivate(self) -> bool:
        """Whether `reactivate` brings the account back, or joins the payment that does (R6, R14)."""
        return self.is_out_of_service and not self.held_by_operator

    @property
    def may_cancel_payment(self) -> bool:
        """Whether `cancel` calls off the payment that would bring the account back, and awaits its payer (R14)."""
        return self.is_out_of_service and self.payment.awaits_payer

    @property
    def may_pay_invoice(self) -> bool:
        """Whether the renewal's open invoice can be paid by hand, and that helps: it is not held up by us (R9, R10)."""
        payment = self.payment
        return self.is_past_due and payment.invoice_id is not None and not (payment.under_way or payment.stopped)

    @property
    def is_held_up_by_us(self) -> bool:
        """Whether a payment waits for a fault of ours to be mended, and is tried again by itself (R1, R8, R9)."""
        return self.payment.stopped and self.payment.next_attempt_at is not None

    @property
    def failed_to_return(self) -> bool:
        """Whether the account is out of service, and its latest payment failed."""
        return self.is_out_of_service and self.payment.failed

    @property
    def held_by_operator(self) -> bool:
        """Whether operators have taken the account out of service: they alone bring it back (R13)."""
        return self.is_out_of_service and self.disabled_reason is DisabledReason.OPERATOR

    @property
    def is_past_due(self) -> bool:
        """Whether a renewal was not paid, and is tried again (R9)."""
        return self.state is AccountState.PAST_DUE

    @property
    def is_out_of_service(self) -> bool:
        """Whether the account is disabled: out of service, and may come back."""
        return self.state is AccountState.DISABLED

    @property
    def is_closed(self) -> bool:
        """Whether the account is final (R13)."""
        return self.state is AccountState.CLOSED
