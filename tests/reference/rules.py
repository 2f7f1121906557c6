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
    "cancel": IN_SERVICE,  # R3; in `disabled` only to call off a payment that awaits its payer, or us (R14)
    "reactivate": frozenset({"cancelled", "disabled"}),  # R4, R6
    "set_carts": OPEN,  # R11
    "set_payment_method": OPEN,
    "set_email": OPEN,  # R26
    "disable": OPEN,  # R13
    "enable": frozenset({"disabled"}),
    "extend_term": OPEN,
    "change_plan": OPEN,
    "close": OPEN,
}
"""The states in which a command can be taken; a payment under way, a hold or a price may still forbid it."""

REFUSED_WHILE_COLLECTING = frozenset({"cancel", "disable", "close", "extend_term"})
"""What would cross a payment that may be moving money: `payment_in_progress` (R14, R21)."""


def _stays(states: frozenset[str]) -> frozenset[tuple[str, str]]:
    return frozenset((state, state) for state in states)


def _goes(states: frozenset[str], to: str) -> frozenset[tuple[str, str]]:
    return frozenset((state, to) for state in states)


_RENEWING = frozenset({"active", "reactivated"})
_FAILED = _stays(frozenset({"past_due", "disabled"})) | {("past_due", "disabled")}
_ANYWHERE = _stays(OPEN | {"closed"})

TIMELINE = {
    "account.opened": _goes(frozenset({"new"}), "active") | {("new", "disabled"), ("new", "cancelled")},  # R1, R25
    "account.activated": frozenset({("disabled", "active")}),  # R1: the first payment is paid
    "account.cancelled": _goes(_RENEWING | {"cancelled"}, "cancelled"),  # R3; R25: cancelled elsewhere
    "account.disabled": _goes(OPEN, "disabled"),  # R3, R5, R9, R13
    "account.resumed": frozenset({("cancelled", "active"), ("cancelled", "reactivated")}),  # R4
    "account.reactivated": frozenset({("disabled", "reactivated")}),  # R6
    "account.renewed": _goes(_RENEWING | {"past_due", "disabled"}, "active"),  # R5, R9
    "account.past_due": _goes(_RENEWING, "past_due"),  # R5
    "account.renewal_upcoming": _stays(_RENEWING),  # R18
    "account.enabled": _goes(frozenset({"disabled"}), "disabled")
    | {("disabled", each) for each in ("cancelled", "reactivated", "past_due", "active")},  # R13
    "account.term_extended": _stays(OPEN - {"past_due"}) | {("past_due", "active")},  # R13
    "account.carts_changed": _stays(OPEN),  # R11
    "account.plan_changed": _stays(OPEN),  # R13
    "account.email_changed": _stays(OPEN),  # R26
    "account.email_refused": _stays(OPEN),  # R1
    "account.payment_method_changed": _stays(OPEN),
    "account.payment_method_refused": _stays(OPEN),
    "account.customer_not_registered": _stays(OPEN),  # R8
    "account.customer_replaced": _stays(OPEN),  # R23
    "account.closed": _goes(OPEN, "closed"),  # R13
    "account.payment_declined": _FAILED,  # R6, R9
    "account.payment_requires_action": _FAILED,  # R10
    "account.payment_stopped": _FAILED | _goes(_RENEWING, "past_due"),  # R8
    "account.payment_processing": _stays(RENEWS | {"disabled"}),  # R21
    "account.payment_not_known": _stays(RENEWS | {"disabled"}),  # R8
    "account.payment_cancelled": frozenset({("disabled", "disabled")}),  # R14
    "account.payment_received": _ANYWHERE,  # R22
    "account.void_owed": _ANYWHERE,  # R8
    "account.payment_voided": _ANYWHERE,
    "account.refunded": _ANYWHERE,  # R24
    "account.disputed": _ANYWHERE,
    "account.cancellation_requested": _stays(OPEN),  # R27
    "account.customer_not_erased": _stays(frozenset({"closed"})),  # R13
    "account.customer_erased": _stays(frozenset({"closed"})),  # R13
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
WHOLE_UNITS = frozenset({"isk", "ugx"})
"""Stripe's limits on what can be charged (R20)."""

LEAST = {"usd": 50, "eur": 50, "jpy": 50, "gbp": 30}
"""The smallest sums that Stripe charges, of the currencies used here (E17; docs.stripe.com/currencies)."""

AUTHENTICATION_LIMIT = timedelta(hours=23)
"""R10."""

AUTHENTICATION_POLLS = (timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2), timedelta(hours=8))
"""R10, settled: when an unauthenticated payment is looked at without a hint, from its attempt."""

CLEARING_POLLS = (timedelta(hours=1), timedelta(hours=6))
DAY = timedelta(days=1)
"""R21: when a payment that is processing is looked at without a hint, from its start; daily from the first day on."""

AT_ONCE = timedelta(minutes=1)
"""Settled: a payment known so soon buys the term that was quoted, to the second; one known later, a month from then."""

STOPPED_RETRY = timedelta(hours=1)
"""R9: how often a payment that Stripe refused for our fault is tried again."""

STOPPED_DAYS = 14
"""R9: for how many days; a policy."""

VOID_RETRY, LATER_VOID_RETRY = timedelta(hours=1), timedelta(hours=6)
"""R8, settled: how often a refused void is tried, on the first day and later."""

ERASURE_RETRY, ERASURE_TRIED_FOR = DAY, timedelta(days=30)
"""R13, settled: how often, and for how long, a closed account's customer is tried whom Stripe refuses to erase."""

OUTCOME_MARGIN = DAY
"""R16, settled: how far access reaches past an attempt whose outcome is awaited."""

HARD_DECLINES = frozenset({"lost_card", "stolen_card", "expired_card", "incorrect_number"})
HOPELESS_ADVICE = frozenset({"do_not_try_again", "confirm_card_data"})
"""R9: after these, the same card is not asked again."""

DISPUTES_OPEN = frozenset({"needs_response", "under_review", "warning_needs_response", "warning_under_review"})
"""R24: statuses in which a dispute is not decided (docs.stripe.com/api/disputes/object#dispute_object-status)."""


def whole_seconds(now: datetime) -> datetime:
    """Return an instant in UTC as the rules write it: `2027-01-31T10:00:00Z`."""
    return now.astimezone(UTC).replace(microsecond=0)


def amount_of(carts: int, unit_amount: int) -> int:
    """Return the upfront payment: carts × unit amount, in minor units of any currency; no proration (R6)."""
    return carts * unit_amount


def can_be_charged(carts: int, currency: str, unit_amount: int) -> bool:
    """Say whether Stripe could charge a month of this, or it is free (R20, E17)."""
    total = amount_of(carts, unit_amount)
    step = 100 if currency in WHOLE_UNITS else 10 if currency in THREE_DECIMAL else 1
    return unit_amount % step == 0 and (total == 0 or LEAST.get(currency, 1) <= total <= MOST)


def payment_key(account_id: str, n: int) -> str:
    """Return the key of an account's n-th payment, from 1 (R8)."""
    return f"{account_id}:{n}"


def retries_of(retry_days: Sequence[int], term_end: datetime, first_try: datetime) -> list[datetime]:
    """Return when a failed renewal is tried again: days after the old term's end (R9).

    Settled: if the first try came as late as the first retry or later, the days count from it.
    """
    start = first_try if first_try >= term_end + timedelta(days=retry_days[0]) else term_end
    return [start + timedelta(days=days) for days in retry_days]


def is_hopeless(code: str, advice: str | None) -> bool:
    """Say whether the same card is not asked again: by the bank's advice, or where it gives none by its code (R9)."""
    return advice in HOPELESS_ADVICE if advice else code in HARD_DECLINES


def next_poll(started: datetime, now: datetime) -> datetime:
    """Return when an unauthenticated payment is looked at next: at the latest when its time is up (R10)."""
    moments = [started + look for look in (*AUTHENTICATION_POLLS, AUTHENTICATION_LIMIT)]
    return next((at for at in moments if at > now), moments[-1])


def next_clearing_poll(started: datetime, now: datetime) -> datetime:
    """Return when a payment that is processing is looked at next (R21)."""
    moments = [*(started + look for look in CLEARING_POLLS), started + DAY * (max((now - started) // DAY, 0) + 1)]
    return next(at for at in moments if at > now)


def next_void(owed_since: datetime, now: datetime) -> datetime:
    """Return when a void that is owed is tried next (R8)."""
    return now + (VOID_RETRY if now < owed_since + DAY else LATER_VOID_RETRY)


def access_until(state: str, term: Term, retry_days: Sequence[int]) -> datetime | None:
    """Return until when an account may work though no worker runs (R16); for `past_due` see the account's retries."""
    if state not in IN_SERVICE:
        return None
    return term.end if state == "cancelled" else term.end + timedelta(days=retry_days[-1])
