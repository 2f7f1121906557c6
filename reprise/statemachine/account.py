"""The record of one account: plain values, carried from run to run of its workflow."""

from enum import StrEnum
from typing import Annotated, Any, Final, Literal

from pydantic import Field, StringConstraints, model_validator

from reprise.statemachine import editions
from reprise.statemachine.frozen import Frozen
from reprise.statemachine.money import CartCount, Plan
from reprise.statemachine.payments import OwedErasure, OwedVoid, Payment, PaymentStatus
from reprise.statemachine.policy import BillingPolicy
from reprise.statemachine.quotes import Debt
from reprise.statemachine.states import AccountState
from reprise.statemachine.terms import Instant, Term, ZoneName
from reprise.statemachine.timeline import Actor, EntryType, TimelineEntry

__all__ = [
    "ACCOUNT_ID",
    "RECORD_VERSION",
    "Account",
    "AccountId",
    "AccountState",
    "DisabledReason",
    "Hold",
    "upgraded",
]

ACCOUNT_ID = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"

AccountId = Annotated[str, StringConstraints(pattern=ACCOUNT_ID)]
"""An id of the product's choosing. It stands in URLs and workflow ids, so it must say nothing personal."""

RECORD_VERSION: Final = 1


class DisabledReason(StrEnum):
    """Why an account is out of service."""

    CANCELLED = "cancelled"
    PAYMENT_FAILED = "payment_failed"
    FIRST_PAYMENT_FAILED = "first_payment_failed"
    OPERATOR = "operator"


class Hold(Frozen):
    """What an operator's `disable` interrupted, for `enable` to take up again (R13)."""

    state: AccountState
    reason: DisabledReason | None = None


class Account(Frozen):
    """One account, whole. Frozen: every change makes a new record.

    `anchor` is the instant whose day of month and time of day the terms keep, and `term_index` counts the current
    term from it (R2); -1 is a term that ends at the anchor: paid elsewhere, or extended. `payment_count` numbers the
    payments, so that no key is ever given twice (R8). `life` tells this life of the id from an earlier one, `edition`
    names the rules that the account is decided by (R28). A record's JSON carries its version; `upgraded` loads older
    ones.
    """

    version: Literal[1] = RECORD_VERSION
    edition: int = editions.FIRST
    account_id: AccountId
    life: str | None = None
    email: str | None
    state: AccountState
    plan: Plan
    policy: BillingPolicy
    carts: CartCount
    timezone: ZoneName
    opened_at: Instant
    anchor: Instant | None = None
    term: Term | None = None
    term_index: int = 0
    disabled_reason: DisabledReason | None = None
    cancelled_from: AccountState | None = None
    hold: Hold | None = None
    customer_id: str | None = None
    payment: Payment | None = None
    payment_count: int = 0
    debt: Debt | None = None
    further_debts: tuple[Debt, ...] = ()
    first_payment_method: Annotated[
        str | None, Field(description="The one given at opening, until Stripe has taken or refused it (R1).")
    ] = None
    voids_owed: tuple[OwedVoid, ...] = ()
    erasure_owed: OwedErasure | None = None
    known_from: Annotated[int, Field(description="From which payment on `paid_keys` is complete (R22).")] = 1
    paid_keys: Annotated[tuple[str, ...], Field(description="The latest payments that are known to be paid.")] = ()
    refunds: Annotated[tuple[str, ...], Field(description="Refunds and disputes that were told, with status.")] = ()
    hold_owed: Annotated[
        str | None, Field(description="Why the account is held once no payment is under way: a dispute (R24).")
    ] = None
    told_renewal_of: Annotated[
        Instant | None, Field(description="The end of the term whose renewal was announced as upcoming (R18).")
    ] = None
    sequence: int = 0
    timeline: tuple[TimelineEntry, ...] = ()

    @property
    def debts(self) -> tuple[Debt, ...]:
        """What renewals left unpaid, oldest first (R12)."""
        return ((self.debt,) if self.debt else ()) + self.further_debts

    @property
    def is_collecting(self) -> bool:
        """Whether an attempt to collect is under way (R14)."""
        return self.payment is not None and self.payment.status is PaymentStatus.COLLECTING

    @property
    def needs_registration(self) -> bool:
        """Whether Stripe has not yet taken the customer, and the payment method given at opening (R1)."""
        return self.customer_id is None or self.first_payment_method is not None

    def by_newest_edition(self) -> "Account":
        """Return the account as a new run takes it up: from here on decided by the newest edition (R28).

        A record of the first edition says of its latest payment alone whether it was paid: earlier ones are left alone.
        A customer whom it has left as they were at its closing is erased now (R13).
        """
        if self.edition >= editions.SECOND:
            return self.model_copy(update={"edition": editions.NEWEST})
        payment = self.payment
        account = self.model_copy(
            update={
                "edition": editions.NEWEST,
                "known_from": max(self.payment_count, 1),
                "paid_keys": (payment.key,) if payment and payment.status is PaymentStatus.PAID else (),
            }
        )
        if self.state is not AccountState.CLOSED:
            return account
        since = self.timeline[-1].at if self.timeline else self.opened_at
        owed = OwedErasure(since=since, next_attempt_at=since) if self.customer_id else None
        return account.model_copy(update={"erasure_owed": owed, "payment": self._payment_of_nobody})

    def without_people(self) -> "Account":
        """Return the account with nothing that says who anybody was: what a closed one leaves (R13).

        Sums, terms and payments stay; the customer's id at Stripe does, which says nothing once it is erased there.
        """
        return self.model_copy(
            update={
                "email": None,
                "first_payment_method": None,
                "hold": None,
                "hold_owed": None,
                "payment": self._payment_of_nobody,
                "timeline": tuple(entry.anonymous for entry in self.timeline),
            }
        )

    @property
    def _payment_of_nobody(self) -> Payment | None:
        payment = self.payment
        return payment and payment.model_copy(
            update={"asked_by": Actor(kind=payment.asked_by.kind), "action_url": None}
        )

    @property
    def closed_with(self) -> int:
        """The sequence number of the entry that closed the account; 0 while it is open."""
        return next((each.sequence for each in self.timeline if each.type is EntryType.CLOSED), 0)

    @model_validator(mode="before")
    @classmethod
    def _load_any_version(cls, record: Any) -> Any:
        return upgraded(record) if isinstance(record, dict) else record


def upgraded(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record of any released version in the form of the newest one.

    Raises:
        ValueError: The record is of a later version than this program knows.
    """
    version = record.get("version", RECORD_VERSION)
    if not isinstance(version, int) or not 1 <= version <= RECORD_VERSION:
        raise ValueError(
            f"an account record of version {version!r} is newer than this worker (version {RECORD_VERSION})"
        )
    return record
