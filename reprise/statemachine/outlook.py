"""What comes next for an account, for people: coming charges and retries, what is paid, until when it works.

Nothing is decided here: the core that will act is asked what it will do, with a copy of the record (R5, R7, R9, R16).
"""

from datetime import datetime, timedelta
from typing import Annotated, Final

from pydantic import Field

from reprise.statemachine.access import access_until
from reprise.statemachine.account import Account, DisabledReason
from reprise.statemachine.deadlines import deadline_of
from reprise.statemachine.effects import Collect
from reprise.statemachine.frozen import Frozen
from reprise.statemachine.machine import take
from reprise.statemachine.outcomes import Paid
from reprise.statemachine.payments import PaymentPurpose, PaymentStatus
from reprise.statemachine.quotes import Quote
from reprise.statemachine.schedule import DeadlineKind
from reprise.statemachine.terms import Instant, whole_seconds
from reprise.statemachine.timeline import EntryType, TimelineEntry
from reprise.statemachine.waiting import retries_ahead

CHARGES: Final = 3
"""How many coming charges are told."""

RECENT: Final = timedelta(days=1)
"""For how long a payment is told as news."""

_ALWAYS_BUYS: Final = frozenset({EntryType.ACTIVATED, EntryType.RENEWED})
_BUYS_IF_PAID: Final = frozenset({EntryType.REACTIVATED, EntryType.PAYMENT_RECEIVED})
"""Entries of a term that was bought. One of coming back for nothing has neither sum nor carts."""


class Charge(Frozen):
    """A charge that will be made if nothing changes: when, for what and how much."""

    at: Instant
    quote: Quote


class PaidFor(Frozen):
    """What the current term was bought with. `unit_amount` is in minor units of `currency`."""

    carts: int
    unit_amount: int | None = None
    currency: str | None = None


class Outlook(Frozen):
    """What comes next for an account. Instants are in UTC."""

    now: Instant
    access_until: Annotated[Instant | None, Field(description="When access ends if nothing is paid (R16).")]
    charges: Annotated[tuple[Charge, ...], Field(description="The coming renewals, soonest first (R5).")]
    retries: Annotated[tuple[Instant, ...], Field(description="When a failed payment is tried again by itself (R9).")]
    paid_for: Annotated[PaidFor | None, Field(description="What is paid now; None where nothing is known of it.")]
    last_payment: Annotated[TimelineEntry | None, Field(description="The latest entry of money that came.")]
    failed_renewal: Annotated[
        Instant | None, Field(description="The due day of the renewal whose failing has ended service (R9).")
    ]
    owes: Annotated[bool, Field(description="Whether what renewals left unpaid is still owed (R12).")]

    @property
    def just_paid(self) -> TimelineEntry | None:
        """The latest payment, for a day after it."""
        last = self.last_payment
        return last if last is not None and self.now - last.at < RECENT else None


def outlook(account: Account, now: datetime) -> Outlook:
    """Return what comes next for an account, as it stands at `now`."""
    return Outlook(
        now=whole_seconds(now),
        access_until=access_until(account),
        charges=coming_charges(account, CHARGES),
        retries=_retries(account),
        paid_for=_paid_for(account),
        last_payment=_last_payment(account),
        failed_renewal=_failed_renewal(account),
        owes=bool(account.debts),
    )


def coming_charges(account: Account, count: int) -> tuple[Charge, ...]:
    """Return the next charges of an account that renews, by letting a copy of it live on (R5).

    None while a payment is open: how that one turns out comes first. Terms that cost nothing are passed over, and so is
    what the account does beside renewing: voiding, and announcing renewals.
    """
    silent = account.policy.model_copy(update={"renewal_upcoming_days": None})
    ahead = account.model_copy(update={"voids_owed": (), "policy": silent})
    charges: list[Charge] = []
    for _ in range(count):
        deadline = deadline_of(ahead)
        if deadline is None or deadline.kind is not DeadlineKind.TERM_ENDED:
            break
        ahead, effects = take(ahead, deadline, deadline.at)
        for effect in effects:
            if isinstance(effect, Collect):
                charges.append(Charge(at=deadline.at, quote=effect.payment.quote))
                ahead = take(ahead, Paid(payment_key=effect.payment.key), deadline.at).account
    return tuple(charges)


def _retries(account: Account) -> tuple[datetime, ...]:
    payment = account.payment
    if payment and payment.stopped_since and payment.next_attempt_at:
        return (payment.next_attempt_at,)
    return retries_ahead(account)


def _paid_for(account: Account) -> PaidFor | None:
    if account.term is None:
        return None
    for entry in reversed(account.timeline):
        bought = entry.type in _ALWAYS_BUYS or (entry.type in _BUYS_IF_PAID and entry.term)
        if (bought or entry.type is EntryType.OPENED) and entry.carts is not None:
            return PaidFor(carts=entry.carts, unit_amount=entry.unit_amount, currency=entry.currency)
    return None


def _last_payment(account: Account) -> TimelineEntry | None:
    kinds = _ALWAYS_BUYS | _BUYS_IF_PAID
    return next((each for each in reversed(account.timeline) if each.type in kinds and each.amount), None)


def _failed_renewal(account: Account) -> datetime | None:
    payment = account.payment
    if payment is None or payment.purpose is not PaymentPurpose.RENEWAL:
        return None
    failed = account.disabled_reason is DisabledReason.PAYMENT_FAILED
    return payment.quote.term.start if failed and payment.status is PaymentStatus.DECLINED else None
