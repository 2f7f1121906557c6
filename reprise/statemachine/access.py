"""Access: until when an account may work, also if no worker runs (R16)."""

from datetime import datetime, timedelta
from typing import Final

from reprise.statemachine import editions
from reprise.statemachine.account import Account, AccountState
from reprise.statemachine.payments import Payment, PaymentPurpose, PaymentStatus
from reprise.statemachine.schedule import renewal_access_until, retry_instants
from reprise.statemachine.standing import IN_SERVICE, is_in_service

OUTCOME_MARGIN: Final = timedelta(days=1)
"""How far access reaches past an attempt that is under way: twice as long as until it is said not to be known."""


def access_until(account: Account) -> datetime | None:
    """Return until when the account may work if nothing else happens; None when out of service.

    Cancelled: the term's end. Renewing: the term's end and the days of the retries. Past due: the last retry. While an
    attempt of a renewal is under way, clearing or not known, access never ends before its outcome is.
    """
    payment = account.payment
    if not is_in_service(account) or account.term is None:
        return None
    if account.state is AccountState.CANCELLED:
        return account.term.end
    late = payment if account.state is AccountState.PAST_DUE else None
    until = retry_instants(account.policy, late)[-1] if late else renewal_access_until(account.policy, account.term)
    if account.edition < editions.SECOND:
        next_try = late.next_attempt_at if late else None
        return max(until, next_try or until)
    awaited = _awaited(payment) if payment and payment.purpose is PaymentPurpose.RENEWAL else None
    return max(until, awaited + OUTCOME_MARGIN) if awaited else until


def may_work(state: str | None, until: datetime | None, now: datetime) -> bool:
    """Say whether an account may work at `now`, from what is known of it without a worker (R16).

    Args:
        state: Its state; None where no worker has taken it up yet.
        until: Its `access_until`.
        now: The time, in UTC: whoever answers compares the clock.
    """
    return state in IN_SERVICE and until is not None and now < until


def grace_until(term_end: datetime | None, until: datetime | None) -> datetime | None:
    """Return until when an account may work past its paid term, while a renewal is collected (R9); None: not at all."""
    return until if until is not None and (term_end is None or until > term_end) else None


def _awaited(payment: Payment) -> datetime | None:
    """Return the instant from which on a renewal's outcome is awaited."""
    if payment.status is PaymentStatus.COLLECTING:
        return payment.attempted_at
    if payment.status is PaymentStatus.PROCESSING or payment.stopped_since:
        return payment.next_attempt_at
    return None
