"""What an account waits for, since when it is as it is, and when it is retried: read from its record alone."""

from datetime import datetime

from reprise.statemachine.account import Account, AccountState, DisabledReason
from reprise.statemachine.declines import OwnDeclineCode
from reprise.statemachine.next_actions import NextAction
from reprise.statemachine.payments import Payment, PaymentStatus
from reprise.statemachine.schedule import retry_instants
from reprise.statemachine.standing import is_in_service


def next_action(account: Account) -> NextAction | None:
    """Return what happens to the account next, or what somebody is to do; None for one that is closed."""
    payment = account.payment
    if account.state is AccountState.CLOSED:
        return None
    if payment is not None:
        if awaited := _awaited(payment):
            return awaited
        if account.state is AccountState.PAST_DUE:
            return _mends(payment)
    if is_in_service(account):
        return NextAction.END_SERVICE if account.state is AccountState.CANCELLED else NextAction.RENEW
    if account.disabled_reason is DisabledReason.OPERATOR:
        return NextAction.ENABLE
    if payment is not None and payment.next_attempt_at is not None:
        return NextAction.FIX_REQUEST  # a first payment that stopped for our fault
    return NextAction.REACTIVATE


def in_state_since(account: Account) -> datetime | None:
    """Return since when the account is in its state, by its timeline; None if that was too many entries ago (R17)."""
    changes = (entry.at for entry in reversed(account.timeline) if entry.from_state != entry.to_state)
    return next(changes, None)


def retries_ahead(account: Account) -> tuple[datetime, ...]:
    """Return when a past-due renewal is tried again by itself, if nothing else happens, rising (R9).

    Empty where the bank refuses this payment method for good, and for our own faults, which are tried hourly.
    """
    payment = account.payment
    if account.state is not AccountState.PAST_DUE or payment is None or payment.next_attempt_at is None:
        return ()
    if payment.do_not_retry or payment.stopped_since is not None or payment.status is PaymentStatus.PROCESSING:
        return ()
    return tuple(at for at in retry_instants(account.policy, payment) if at >= payment.next_attempt_at)


def _awaited(payment: Payment) -> NextAction | None:
    match payment.status:
        case PaymentStatus.COLLECTING:
            return NextAction.COLLECT_PAYMENT
        case PaymentStatus.PROCESSING:
            return NextAction.CLEAR_PAYMENT
        case PaymentStatus.REQUIRES_ACTION:
            return NextAction.AUTHENTICATE_PAYMENT
        case PaymentStatus.DECLINED | PaymentStatus.PAID | PaymentStatus.NONE:
            return None


def _mends(payment: Payment) -> NextAction:
    """Return what would mend a renewal that failed."""
    if payment.stopped_since is not None:
        return NextAction.FIX_REQUEST
    if payment.do_not_retry or payment.decline_code == OwnDeclineCode.NO_PAYMENT_METHOD:
        return NextAction.REPLACE_PAYMENT_METHOD
    return NextAction.RETRY_PAYMENT
