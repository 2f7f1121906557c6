"""When an account acts by itself: deadlines, retries (R9), polls of unauthenticated payments (R10), access (R16)."""

from datetime import datetime, timedelta
from enum import StrEnum

from reprise.statemachine.frozen import Frozen
from reprise.statemachine.payments import Payment
from reprise.statemachine.policy import BillingPolicy
from reprise.statemachine.terms import Instant, Term

AUTHENTICATION_LIMIT = timedelta(hours=23)
"""How long a payer has to authenticate (R10): less than the day for which Stripe keeps idempotency keys."""

AUTHENTICATION_POLLS = (timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2), timedelta(hours=8))
"""When an unauthenticated payment is polled without a hint, counted from its attempt: a webhook may never come."""

STOPPED_RETRY = timedelta(hours=1)
"""How often a payment that Stripe refuses for our fault is tried again; such tries do not count for R9."""

CLEARING_POLLS = (timedelta(hours=1), timedelta(hours=6))
"""When a payment that is clearing is polled without a hint, counted from its start; daily after that (R21)."""

VOID_RETRY, LATER_VOID_RETRY = timedelta(hours=1), timedelta(hours=6)
"""How often a void that Stripe has refused is tried: hourly for a day, then every six hours, until it is done (R8)."""

ERASURE_RETRY, ERASURE_TRIED_FOR = timedelta(days=1), timedelta(days=30)
"""How often, and for how long, a closed account's customer is tried whom Stripe refuses to erase (R13)."""


class DeadlineKind(StrEnum):
    """What a deadline is for; the first two are events of the chart."""

    TERM_ENDED = "term_ended"
    PAYMENT_DUE = "payment_due"
    VOID_DUE = "void_due"
    ERASURE_DUE = "erasure_due"
    RENEWAL_UPCOMING = "renewal_upcoming"


class Deadline(Frozen):
    """An absolute instant at which an account acts by itself. `summary` is shown beside its timer."""

    kind: DeadlineKind
    at: Instant
    summary: str


def retry_instants(policy: BillingPolicy, payment: Payment) -> tuple[datetime, ...]:
    """Return when a failed renewal is tried again: the policy's days after the term's end (R9).

    The renewal's own term starts where the old one ended. If the first try came a retry or more late, because no
    worker ran, the days count from it; if its answer came after all retries, because Stripe was away, from that answer:
    a payer loses no retry through a fault that is not theirs.
    """
    due = payment.quote.term.start
    late = payment.started_at - due >= timedelta(days=policy.retry_days[0])
    base = payment.retries_from or (payment.started_at if late else due)
    return tuple(base + timedelta(days=days) for days in policy.retry_days)


def next_retry(policy: BillingPolicy, payment: Payment, now: datetime) -> datetime | None:
    """Return the first retry after `now`; None when all have been made (R9)."""
    return next((at for at in retry_instants(policy, payment) if at > now), None)


def next_poll(payment: Payment, now: datetime) -> datetime:
    """Return when to poll an unauthenticated payment next: at the latest when it expires (R10)."""
    expiry = payment.expires_at or payment.started_at + AUTHENTICATION_LIMIT
    polls = (expiry - AUTHENTICATION_LIMIT + after for after in AUTHENTICATION_POLLS)
    return min(next((at for at in polls if at > now), expiry), expiry)


def next_clearing_poll(payment: Payment, now: datetime) -> datetime:
    """Return when to poll a payment that is clearing next (R21)."""
    since = payment.processing_since or now
    first = next((since + after for after in CLEARING_POLLS if since + after > now), None)
    return first or since + timedelta(days=(now - since).days + 1)


def next_void_try(since: datetime, now: datetime) -> datetime:
    """Return when a void that has been owed since `since` is tried next (R8)."""
    return now + (VOID_RETRY if now - since < timedelta(days=1) else LATER_VOID_RETRY)


def renewal_access_until(policy: BillingPolicy, term: Term) -> datetime:
    """Return until when a renewing account has access if no worker runs: the last possible retry (R16)."""
    return term.end + timedelta(days=policy.retry_days[-1])
