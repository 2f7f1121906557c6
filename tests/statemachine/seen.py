"""What can be seen of an account, from the core and from the reference, in the same words."""

from datetime import datetime
from typing import Any

from reprise.statemachine.machine import AccountMachine
from reprise.statemachine.refusals import Refused
from reprise.statemachine.terms import Term as CoreTerm
from tests.reference import rules
from tests.reference.account import ReferenceAccount
from tests.reference.months import Term
from tests.reference.standing import Entry, Quote

Seen = dict[str, Any]


def seen_of_core(machine: AccountMachine, *, since: int) -> Seen:
    """Return what the core shows; of the timeline, what came after its first `since` entries."""
    account, payment, due = machine.account, machine.account.payment, machine.deadline
    fresh = account.sequence - since
    return {
        "state": account.state.value,
        "in service, renews": (machine.is_in_service, machine.renews),
        "disabled_reason": account.disabled_reason,
        "carts, plan": (account.carts, account.plan.currency, account.plan.unit_amount),
        "anchor, term": (account.anchor, account.term_index, _term(account.term)),
        "held": account.hold and (account.hold.state.value, account.hold.reason),
        "debt": account.debt and (account.debt.amount, account.debt.currency, _term(account.debt.term)),
        "payments": account.payment_count,
        "payment": payment
        and {
            "key, attempt": (payment.key, payment.attempt),
            "for": (payment.purpose.value, payment.asked_by.kind.value),
            "quote": (
                payment.quote.amount_due,
                payment.quote.currency,
                payment.quote.carts,
                payment.quote.unit_amount,
                _term(payment.quote.term),
            ),
            "status": payment.status.value,
            "decline_code": payment.decline_code,
            "url": payment.status == "requires_action" and payment.action_url is not None,
            "next_attempt": payment.next_attempt_at,
            "expires": payment.expires_at,
            "called_off": payment.abandoned,
        },
        "due": due and (due.kind.value, due.at),
        "access until": machine.access_until,
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
                _term(entry.term),
            )
            for entry in account.timeline[len(account.timeline) - fresh :]
        ],
    }


def seen_of_reference(account: ReferenceAccount, *, since: int) -> Seen:
    """Return what the rules say is to be seen."""
    payment = account.payment
    return {
        "state": account.state,
        "in service, renews": (account.state in rules.IN_SERVICE, account.state in rules.RENEWS),
        "disabled_reason": account.disabled_reason,
        "carts, plan": (account.carts, account.currency, account.unit_amount),
        "anchor, term": (account.anchor, account.term_number, account.term),
        "held": account.held,
        "debt": account.debt,
        "payments": account.payments,
        "payment": payment
        and {
            "key, attempt": (payment.key, payment.attempt),
            "for": (payment.purpose, payment.by),
            "quote": payment.quote[:5],
            "status": payment.status,
            "decline_code": payment.decline_code,
            "url": account.shows_url,
            "next_attempt": payment.next_attempt,
            "expires": payment.expires,
            "called_off": payment.called_off,
        },
        "due": account.due,
        "access until": account.access_until(),
        "timeline": account.timeline[since:],
    }


def _term(term: CoreTerm | None) -> Term | None:
    return Term(term.start, term.end) if term else None


def quoted_by_core(machine: AccountMachine, now: datetime) -> Quote | str:
    """Return what the core would have coming back cost, or the refusal's code (R7)."""
    try:
        quote = machine.quote(now)
    except Refused as refused:
        return refused.code.value
    term = Term(quote.term.start, quote.term.end)
    owed = sum(line.amount for line in quote.lines if line.description.startswith("Unpaid"))
    return Quote(quote.amount_due, quote.currency, quote.carts, quote.unit_amount, term, owed)
