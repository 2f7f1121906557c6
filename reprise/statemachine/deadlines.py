"""When an account next acts by itself, and why: read from its record alone (R5, R8, R9, R10, R13, R18, R21)."""

from datetime import datetime, timedelta

from reprise.statemachine.account import Account, AccountState
from reprise.statemachine.payments import Payment, PaymentStatus
from reprise.statemachine.pricing import renewal_quote
from reprise.statemachine.schedule import Deadline, DeadlineKind, retry_instants
from reprise.statemachine.standing import is_in_service


def deadline_of(account: Account) -> Deadline | None:
    """Return when the account next acts by itself, and why; None while it waits for people or for an outcome."""
    if account.is_collecting:
        return None
    all_of_them = (_due(account), _void_due(account), _erasure_due(account), _renewal_upcoming(account))
    return min(filter(None, all_of_them), key=_instant, default=None)


def _due(account: Account) -> Deadline | None:
    payment = account.payment
    if account.state is AccountState.CLOSED:
        return None
    if payment and payment.next_attempt_at:
        summary = _what_is_due(account, payment)
        return Deadline(kind=DeadlineKind.PAYMENT_DUE, at=payment.next_attempt_at, summary=summary)
    if is_in_service(account) and account.term:
        return Deadline(kind=DeadlineKind.TERM_ENDED, at=account.term.end, summary="term ends")
    return None


def _void_due(account: Account) -> Deadline | None:
    if not (owed := account.voids_owed):
        return None
    first = min(owed, key=lambda each: each.next_attempt_at)
    summary = f"void {first.payment_key}, which Stripe has refused so far"
    return Deadline(kind=DeadlineKind.VOID_DUE, at=first.next_attempt_at, summary=summary)


def _erasure_due(account: Account) -> Deadline | None:
    if not (owed := account.erasure_owed):
        return None
    summary = "erase the customer, which Stripe has refused so far"
    return Deadline(kind=DeadlineKind.ERASURE_DUE, at=owed.next_attempt_at, summary=summary)


def _renewal_upcoming(account: Account) -> Deadline | None:
    """Return when a renewal that will be charged is announced (R18), unless it was."""
    days, term = account.policy.renewal_upcoming_days, account.term
    if days is None or term is None or account.told_renewal_of == term.end:
        return None
    if account.state not in {AccountState.ACTIVE, AccountState.REACTIVATED} or not renewal_quote(account).amount_due:
        return None
    at = max(term.start, term.end - timedelta(days=days))
    return Deadline(kind=DeadlineKind.RENEWAL_UPCOMING, at=at, summary="announce the renewal")


def _what_is_due(account: Account, payment: Payment) -> str:
    if payment.status is PaymentStatus.PROCESSING:
        return "look whether the payment has cleared"
    if payment.status is PaymentStatus.REQUIRES_ACTION and account.state is not AccountState.PAST_DUE:
        return "look whether the payer has authenticated"
    retries = retry_instants(account.policy, payment)
    if payment.next_attempt_at in retries and not payment.stopped_since:
        number = f"payment retry {retries.index(payment.next_attempt_at) + 1} of {len(retries)}"
        return f"{number}: the bank refuses this card" if payment.do_not_retry else number
    return "payment retry after a fault of ours"


def _instant(deadline: Deadline) -> datetime:
    return deadline.at
