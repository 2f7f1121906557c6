"""What can be seen of an account, from the core and from the reference, in the same words."""

from datetime import datetime
from typing import Any

from reprise.statemachine import machine
from reprise.statemachine.access import access_until
from reprise.statemachine.account import Account
from reprise.statemachine.deadlines import deadline_of
from reprise.statemachine.refusals import Refused
from reprise.statemachine.standing import is_in_service, renews
from tests.reference import rules
from tests.reference.account import ReferenceAccount
from tests.reference.standing import Debt, Entry, Quote
from tests.statemachine.in_the_cores_words import quote_of, term_of

Seen = dict[str, Any]


def seen_of_core(account: Account, *, since: int) -> Seen:
    """Return what the core shows; of the timeline, what came after its first `since` entries."""
    payment, due = account.payment, deadline_of(account)
    fresh, owed = account.sequence - since, account.erasure_owed
    return {
        "state": account.state.value,
        "in service, renews": (is_in_service(account), renews(account)),
        "disabled_reason": account.disabled_reason,
        "carts, plan": (account.carts, account.plan.currency, account.plan.unit_amount),
        "email": account.email,
        "opened_at": account.opened_at,
        "anchor, term": (account.anchor, account.term_index, term_of(account.term) if account.term else None),
        "held": account.hold and (account.hold.state.value, account.hold.reason),
        "customer": (account.customer_id, account.first_payment_method),
        "debts": [Debt(debt.amount, debt.currency, term_of(debt.term)) for debt in account.debts],
        "voids owed": [(void.payment_key, void.since, void.next_attempt_at) for void in account.voids_owed],
        "erasure owed": owed and (owed.since, owed.next_attempt_at),
        "paid keys": (account.known_from, list(account.paid_keys)),
        "refunds": list(account.refunds),
        "payments": account.payment_count,
        "payment": payment
        and {
            "key, attempt": (payment.key, payment.attempt),
            "for": (payment.purpose.value, payment.asked_by.kind.value),
            "quote": quote_of(payment.quote),
            "status": payment.status.value,
            "decline_code": payment.decline_code,
            "do not ask": payment.do_not_retry,
            "method": payment.payment_method,
            "url": payment.status == "requires_action" and payment.action_url is not None,
            "started, attempted": (payment.started_at, payment.attempted_at),
            "since": (payment.stopped_since, payment.not_known_since, payment.processing_since),
            "next_attempt": payment.next_attempt_at,
            "expires": payment.expires_at,
            "called_off": payment.abandoned,
        },
        "due": due and (due.kind.value, due.at),
        "access until": access_until(account),
        "timeline": [
            Entry(
                entry.type,
                entry.at,
                entry.actor.kind.value,
                entry.from_state,
                entry.to_state,
                entry.amount,
                entry.payment_key,
                entry.decline_code,
                term_of(entry.term) if entry.term else None,
                entry.currency,
                entry.charged,
            )
            for entry in account.timeline[len(account.timeline) - fresh :]
        ],
        "from balance": [
            (entry.amount or 0) - (entry.charged or 0) == entry.from_balance
            for entry in account.timeline
            if entry.from_balance is not None
        ].count(False),
    }


def seen_of_reference(account: ReferenceAccount, *, since: int) -> Seen:
    """Return what the rules say is to be seen."""
    payment = account.payment
    return {
        "state": account.state,
        "in service, renews": (account.state in rules.IN_SERVICE, account.state in rules.RENEWS),
        "disabled_reason": account.disabled_reason,
        "carts, plan": (account.carts, account.currency, account.unit_amount),
        "email": account.email,
        "opened_at": account.opened_at,
        "anchor, term": (account.anchor, account.term_number, account.term),
        "held": account.held,
        "customer": (account.customer, account.first_method),
        "debts": account.debts,
        "voids owed": [(key, owed.since, owed.next_try) for key, owed in account.voids_owed.items()],
        "erasure owed": account.erasure_owed and tuple(account.erasure_owed),
        "paid keys": (1, account.paid_keys[-40:]),
        "refunds": [f"{about}:{status}" for about, status in account.refunds],
        "payments": account.payments,
        "payment": payment
        and {
            "key, attempt": (payment.key, payment.attempt),
            "for": (payment.purpose, payment.by),
            "quote": payment.quote,
            "status": payment.status,
            "decline_code": payment.decline_code,
            "do not ask": payment.do_not_ask,
            "method": payment.method,
            "url": account.shows_url,
            "started, attempted": (payment.started, payment.attempted),
            "since": (payment.stopped_since, payment.not_known_since, payment.processing_since),
            "next_attempt": payment.next_attempt,
            "expires": payment.expires,
            "called_off": payment.called_off,
        },
        "due": account.due,
        "access until": account.access_until(),
        "timeline": account.timeline[since:],
        "from balance": 0,
    }


def quoted_by_core(account: Account, now: datetime) -> Quote | str:
    """Return what the core would have coming back cost, or the refusal's code (R7)."""
    try:
        return quote_of(machine.quote(account, now))
    except Refused as refused:
        return refused.code.value
