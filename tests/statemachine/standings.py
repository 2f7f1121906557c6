"""Accounts in the standings that tests begin with, and what they read of them."""

from typing import Any

import pytest

from reprise.statemachine import editions
from reprise.statemachine.account import Account
from reprise.statemachine.commands import AnyCommand, Cancel, Reactivate
from reprise.statemachine.deadlines import deadline_of
from reprise.statemachine.outcomes import Invoice, InvoiceState
from reprise.statemachine.payments import Payment
from reprise.statemachine.refusals import RefusalCode, Refused
from reprise.statemachine.terms import Term
from reprise.statemachine.timeline import TimelineEntry
from tests.statemachine.book import Book, utc

EDITIONS = (editions.FIRST, editions.SECOND)
"""By which a run may decide (R28)."""

BOTH = pytest.mark.parametrize("edition", EDITIONS)
"""Both editions of the rules."""

MARCH = Term(start=utc("2027-02-28T10:00"), end=utc("2027-03-31T10:00"))
"""The term after the first one."""


def cancelled(**changes: Any) -> Book:
    """E2: cancelled on 10 February, in service to the 28th."""
    book = Book.open(**changes).at("2027-02-10T10:00")
    book.do(Cancel())
    return book


def lapsed(**changes: Any) -> Book:
    """E2: out of service since 28 February; it is 15 April."""
    return cancelled(**changes).at("2027-04-15T12:00")


def past_due(card: str = "generic_decline", **changes: Any) -> Book:
    """E7: the card fails at the renewal of 28 February."""
    book = Book.open(**changes).at("2027-02-20T10:00")
    book.replace_card(card)
    return book.at("2027-02-28T10:00")


def payment_of(book: Book) -> Payment:
    """Return the account's payment, which it must have."""
    assert book.account.payment is not None
    return book.account.payment


def entries(account: Account, kind: str) -> list[TimelineEntry]:
    """Return the entries of a type, oldest first."""
    return [entry for entry in account.timeline if entry.type == f"account.{kind}"]


def refusal(book: Book, command: AnyCommand) -> RefusalCode:
    """Send a command that must be refused without a trace; return the code."""
    before = book.account
    with pytest.raises(Refused) as refused:
        book.do(command)
    assert book.account == before
    return refused.value.code


def invoice(key: str, *, period: Term | None = None, state: InvoiceState = InvoiceState.PAID) -> Invoice:
    """Return an invoice for a month of three carts, as it is found at Stripe."""
    return Invoice(
        payment_key=key,
        invoice_id=f"in_{key}",
        state=state,
        amount=7500,
        currency="usd",
        charged=7500,
        quantity=3,
        unit_amount=2500,
        period=period,
    )


def due(book: Book) -> str:
    """Return what the account does by itself next, in words."""
    deadline = deadline_of(book.account)
    assert deadline is not None
    return deadline.summary


def collecting() -> Book:
    """A reactivation whose outcome is not known yet."""
    book = lapsed()
    book.take(Reactivate(), book.now)
    return book


def collecting_the_renewal() -> Book:
    """Stripe does not answer since the renewal of 28 February was sent to it."""
    book = Book.open()
    book.now = utc("2027-02-28T10:00")
    book.fire_due(book.now)
    return book


def waiting(**changes: Any) -> Book:
    """A reactivation that waits for its payer to authenticate."""
    book = lapsed(**changes)
    book.card = "authentication"
    book.do(Reactivate())
    return book


def found_by_hint(book: Book, found: Invoice) -> None:
    """Let a hint lead to an invoice at Stripe that the account does not know."""
    book.found = [found]
    book.hint(found.payment_key)
    book.found = []
