"""The details of an account in the Temporal UI (R17): what it waits for, until when, who did what last, what is taken.

Markdown, which the UI renders. What people and Stripe have written is quoted, and makes nothing of its own.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import assert_never

from reprise.statemachine.access import access_until
from reprise.statemachine.account import Account, AccountState
from reprise.statemachine.allowed import allowed
from reprise.statemachine.deadlines import deadline_of
from reprise.statemachine.money import formatted
from reprise.statemachine.next_actions import NextAction
from reprise.statemachine.payments import Payment
from reprise.statemachine.timeline import ActorKind, TimelineEntry
from reprise.statemachine.waiting import in_state_since, next_action
from reprise.workflows.markdown import quoted
from reprise.workflows.messages import OVER_HTTP

PageOf = Callable[[str], str | None]
"""Where an invoice is seen, by its id; None where that is not known."""


def details(account: Account, now: datetime, page_of: PageOf = lambda _: None) -> str:
    """Return the details of an account as Markdown: a line of what it is, and a list.

    Args:
        account: The record.
        now: The account's time.
        page_of: Where an invoice is seen at Stripe.
    """
    rows = [(label, text) for label, text in _rows(account, now, page_of) if text]
    return "\n".join((_headline(account), "", *(f"- **{label}:** {text}" for label, text in rows)))


def _headline(account: Account) -> str:
    price = formatted(account.plan.unit_amount, account.plan.currency)
    reason = f" ({account.disabled_reason.replace('_', ' ')})" if account.disabled_reason else ""
    state = account.state.replace("_", " ").capitalize()
    return f"**{state}{reason}** · account {quoted(account.account_id)} · {account.carts} carts × {price}"


def _rows(account: Account, now: datetime, page_of: PageOf) -> Iterator[tuple[str, str | None]]:
    yield "Waiting for", _waiting_for(account, now)
    yield "Since", _when(in_state_since(account))
    yield "The shop stops", _stops(account)
    yield "Paid term", f"{_when(account.term.start)} to {_when(account.term.end)}" if account.term else None
    if account.payment is not None:
        yield "Payment", _payment(account.payment, page_of)
    for owed in account.voids_owed:
        yield "Void owed", f"{quoted(owed.payment_key)}, tried again {_when(owed.next_attempt_at)}"
    if account.timeline:
        yield "Last", _entry(account.timeline[-1])
    names = (OVER_HTTP.get(name, name) for name in allowed(account, now))
    yield "Updates it takes", ", ".join(f"`{name}`" for name in names) or "none: it is closed for good"


def _waiting_for(account: Account, now: datetime) -> str:
    deadline, action = deadline_of(account), next_action(account)
    by_itself = f"{deadline.summary}, {_when(deadline.at)}" if deadline else None
    if action is None:
        return by_itself or "nothing"
    if action is NextAction.RETRY_PAYMENT:
        return "; ".join(filter(None, (by_itself, "another payment method is tried at once")))
    return "; ".join(filter(None, (_words(action, account, now), by_itself)))


def _words(action: NextAction, account: Account, now: datetime) -> str | None:
    match action:
        case NextAction.COLLECT_PAYMENT:
            return "Stripe, to say how the attempt went"
        case NextAction.RENEW | NextAction.RETRY_PAYMENT:
            return None  # the deadline says it
        case NextAction.END_SERVICE:
            return "its service to end"
        case NextAction.REPLACE_PAYMENT_METHOD:
            return "another payment method"
        case NextAction.AUTHENTICATE_PAYMENT:
            return "the payer, to confirm the payment"
        case NextAction.CLEAR_PAYMENT:
            return "the bank, to transfer the money"
        case NextAction.FIX_REQUEST:
            return "operators, to mend what Stripe refuses"
        case NextAction.REACTIVATE:
            term = account.term
            cost = f"free until {_when(term.end)}" if term and not term.is_over(now) else "for an upfront payment"
            return f"its owner to come back, {cost}"
        case NextAction.ENABLE:
            return "operators, to enable it"
        case _:
            assert_never(action)


def _stops(account: Account) -> str:
    until = access_until(account)
    match account.state:
        case AccountState.ACTIVE | AccountState.REACTIVATED:
            return f"not by itself; if no renewal is paid, {_when(until)}"
        case AccountState.CANCELLED:
            return f"{_when(until)}, when the paid term ends"
        case AccountState.PAST_DUE:
            return f"{_when(until)}, if nothing is paid until then"
        case AccountState.DISABLED | AccountState.CLOSED | AccountState.NEW:
            return "it is out of service"
        case _:
            assert_never(account.state)


def _payment(payment: Payment, page_of: PageOf) -> str:
    amount = formatted(payment.quote.amount_due, payment.quote.currency)
    code = f" ({quoted(payment.decline_code)})" if payment.decline_code else ""
    told = f"{quoted(payment.key)}, {amount}, {payment.status.replace('_', ' ')}{code}, attempt {payment.attempt}"
    if payment.invoice_id is None:
        return told
    page = page_of(payment.invoice_id)
    return f"{told}, [invoice at Stripe]({page})" if page else f"{told}, invoice {quoted(payment.invoice_id)}"


def _entry(entry: TimelineEntry) -> str:
    what = entry.type.removeprefix("account.").replace("_", " ")
    reason = f": {quoted(entry.reason)}" if entry.reason else ""
    return f"{_plain(what)} by {_who(entry)}, {_when(entry.at)}{reason}"


def _plain(what: str) -> str:
    return what if what.replace(" ", "").isalnum() else quoted(what)


def _who(entry: TimelineEntry) -> str:
    named = f" {quoted(entry.actor.id)}" if entry.actor.id else ""
    match entry.actor.kind:
        case ActorKind.USER:
            return f"the user{named}" if named else "a user"
        case ActorKind.OPERATOR:
            return f"the operator{named}" if named else "an operator"
        case ActorKind.PRODUCT:
            return f"the product{named}"
        case ActorKind.TIMER:
            return "its timer"
        case ActorKind.STRIPE:
            return "Stripe"
        case _:
            assert_never(entry.actor.kind)


def _when(moment: datetime | None) -> str | None:
    return None if moment is None else f"{moment.astimezone(UTC).isoformat(' ', 'seconds')[:19]} UTC"
