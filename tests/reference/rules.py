"""The rules' tables and sums: which state allows what, what an entry of the timeline may do, when, and how much."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from tests.reference.months import Term

IN_SERVICE = frozenset({"active", "cancelled", "past_due", "reactivated"})
RENEWS = IN_SERVICE - {"cancelled"}
OPEN = IN_SERVICE | {"disabled"}
"""Every state but `closed`, which is final."""

DISABLED_REASONS = frozenset({"cancelled", "payment_failed", "first_payment_failed", "operator"})

ALLOWED = {
    "cancel": IN_SERVICE,  # R3; in `disabled` only to call off a payment that awaits its payer (R14)
    "reactivate": frozenset({"cancelled", "disabled"}),  # R4, R6
    "set_carts": OPEN,  # R11
    "set_payment_method": OPEN,
    "disable": OPEN,  # R13
    "enable": frozenset({"disabled"}),
    "extend_term": OPEN - {"past_due"},  # not while a payment for a term is open
    "change_plan": OPEN,
    "close": OPEN,
}
"""The states in which a command can be taken; a payment under way, a hold or a price may still forbid it."""

REFUSED_WHILE_COLLECTING = frozenset({"cancel", "disable", "close", "extend_term"})
"""What would cross a payment that may be moving money: `payment_in_progress` (R14)."""


def _stays(states: frozenset[str]) -> frozenset[tuple[str, str]]:
    return frozenset((state, state) for state in states)


def _goes(states: frozenset[str], to: str) -> frozenset[tuple[str, str]]:
    return frozenset((state, to) for state in states)


_RENEWING = frozenset({"active", "reactivated"})
_FAILED = _stays(frozenset({"past_due", "disabled"})) | {("past_due", "disabled")}

TIMELINE = {
    "account.opened": frozenset({("new", "active"), ("new", "disabled")}),  # R1
    "account.activated": frozenset({("disabled", "active")}),  # R1: the first payment is paid
    "account.cancelled": _goes(_RENEWING, "cancelled"),  # R3
    "account.disabled": _goes(OPEN, "disabled"),  # R3, R5, R9, R13
    "account.resumed": frozenset({("cancelled", "active"), ("cancelled", "reactivated")}),  # R4
    "account.reactivated": frozenset({("disabled", "reactivated")}),  # R6
    "account.renewed": _goes(_RENEWING | {"past_due", "disabled"}, "active"),  # R5, R9
    "account.past_due": _goes(_RENEWING, "past_due"),  # R5
    "account.enabled": frozenset({("disabled", "disabled"), ("disabled", "cancelled"), ("disabled", "reactivated")}),
    "account.term_extended": _stays(ALLOWED["extend_term"]),  # R13
    "account.carts_changed": _stays(OPEN),  # R11
    "account.plan_changed": _stays(OPEN),  # R13
    "account.payment_method_changed": _stays(OPEN),
    "account.payment_method_refused": _stays(OPEN),
    "account.closed": _goes(OPEN, "closed"),  # R13
    "account.payment_declined": _FAILED,  # R6, R9
    "account.payment_requires_action": _FAILED,  # R10
    "account.payment_stopped": _FAILED | _goes(_RENEWING, "past_due"),  # R8
    "account.payment_cancelled": frozenset({("disabled", "disabled")}),  # R14
    "account.payment_received": frozenset({("disabled", "disabled"), ("closed", "closed")}),  # R14
}
"""What each type of entry may do to the state, as (from, to) (R17).

An entry's `from` is the `to` of the one before it: no state changes without an entry. `renewed` out of `disabled` is
the payer who paid by hand before the invoice could be voided.
"""

PAID = {
    "account.activated": "first",
    "account.reactivated": "reactivation",
    "account.renewed": "renewal",
    "account.payment_received": None,
}
"""Entries that tell of money taken, if they carry an amount above 0, and for what; each has its payment's key (R8)."""

MOST = 99_999_999
THREE_DECIMAL = frozenset({"bhd", "jod", "kwd", "omr", "tnd"})
"""Stripe's limits on what can be charged (R20)."""

AUTHENTICATION_LIMIT = timedelta(hours=23)
"""R10."""

LOOKS = (timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2), timedelta(hours=8))
"""R10, settled: when an unauthenticated payment is looked at without a hint, from its start."""

STOPPED_RETRY = timedelta(hours=1)
"""R8, settled: how often a renewal that Stripe refused for our fault is tried again."""


def whole_seconds(now: datetime) -> datetime:
    """Return an instant in UTC as the rules write it: `2027-01-31T10:00:00Z`."""
    return now.astimezone(UTC).replace(microsecond=0)


def amount_of(carts: int, unit_amount: int) -> int:
    """Return the upfront payment: carts × unit amount, in minor units of any currency; no proration (R6)."""
    return carts * unit_amount


def can_be_charged(carts: int, currency: str, unit_amount: int) -> bool:
    """Say whether Stripe could charge a month of this (R20)."""
    return amount_of(carts, unit_amount) <= MOST and not (currency in THREE_DECIMAL and unit_amount % 10)


def payment_key(account_id: str, n: int) -> str:
    """Return the key of an account's n-th payment, from 1 (R8)."""
    return f"{account_id}:{n}"


def retries_of(retry_days: Sequence[int], term_end: datetime, first_try: datetime) -> list[datetime]:
    """Return when a failed renewal is tried again: days after the old term's end (R9).

    Settled: if the first try came as late as the first retry or later, the days count from it.
    """
    start = first_try if first_try >= term_end + timedelta(days=retry_days[0]) else term_end
    return [start + timedelta(days=days) for days in retry_days]


def next_look(started: datetime, now: datetime) -> datetime:
    """Return when an unauthenticated payment is looked at next: at the latest when its time is up (R10)."""
    moments = [started + look for look in (*LOOKS, AUTHENTICATION_LIMIT)]
    return next((at for at in moments if at > now), moments[-1])


def access_until(state: str, term: Term, retry_days: Sequence[int]) -> datetime | None:
    """Return until when an account may work though no worker runs (R16); for `past_due` see the account's retries."""
    if state not in IN_SERVICE:
        return None
    return term.end if state == "cancelled" else term.end + timedelta(days=retry_days[-1])
