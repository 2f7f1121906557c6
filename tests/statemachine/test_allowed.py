"""What is said to be taken is what the core takes (R3, R4, R6, R13, R14), whichever account was asked first."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import product
from typing import Any

from reprise.statemachine import allowed as remembered
from reprise.statemachine.account import Account, AccountState, Hold
from reprise.statemachine.allowed import allowed, asked
from reprise.statemachine.commands import Close, ExtendTerm
from reprise.statemachine.deadlines import deadline_of
from reprise.statemachine.payments import PaymentPurpose, PaymentStatus
from reprise.statemachine.pricing import renewal_quote
from tests.statemachine.book import Book, utc
from tests.workflows.records import ALL

EVERYTHING = {
    "cancel", "reactivate", "set_carts", "set_payment_method", "set_email", "disable", "enable", "extend_term",
    "change_plan", "close",
}  # fmt: skip


def cases() -> Iterator[tuple[Account, datetime]]:
    """Every standing by each edition, as it is then, within its term, at its end and long after.

    Never with something due: a workflow lets that happen before it shows anything.
    """
    elsewhere = Book.open(paid_through=utc("2027-02-14T10:00")).account
    stopped, declined = Book.open(card="stopped").account, Book.open(card="generic_decline").account
    for account in (*(standing() for standing in ALL), elsewhere, stopped, declined):
        last = account.timeline[-1].at if account.timeline else account.opened_at
        ends = [account.term.end + timedelta(days=days) for days in (0, 20, 40)] if account.term else []
        for now in (last, *ends, last + timedelta(days=400)):
            yield from not_due(account, now)
            for unlike in unlikes(account, now):
                yield from not_due(unlike, now)
        if account.hold is not None and account.hold.state is AccountState.PAST_DUE:
            over = renewal_quote(account).term.end
            for status, now in product(PaymentStatus, (over - timedelta(seconds=1), over)):
                yield from not_due(with_payment(account, status=status), now)


def not_due(account: Account, now: datetime) -> Iterator[tuple[Account, datetime]]:
    deadline = deadline_of(account)
    if deadline is None or now < deadline.at:
        for edition in (1, 2):
            yield account.model_copy(update={"edition": edition}), now


def unlikes(account: Account, now: datetime) -> Iterator[Account]:
    """The same account but for one thing each, also where no life leads: what is taken may depend on that alone."""
    had_a_term = account.anchor is not None
    for state in (AccountState.ACTIVE, AccountState.PAST_DUE, AccountState.CANCELLED) if had_a_term else ():
        yield account.model_copy(update={"hold": Hold(state=state)})
    yield account.model_copy(update={"hold": None})
    if account.payment is not None:
        for purpose in PaymentPurpose:
            yield with_payment(account, purpose=purpose)
        yield with_payment(account, abandoned=not account.payment.abandoned)
        for again in (None, now + timedelta(hours=1)):
            yield with_payment(account, next_attempt_at=again)


def with_payment(account: Account, **changes: Any) -> Account:
    assert account.payment is not None
    return account.model_copy(update={"payment": account.payment.model_copy(update=changes)})


def test_R14_what_is_remembered_is_what_the_core_says() -> None:
    """In three orders: none of what it depends on is left out."""
    drawn, everything = list(cases()), set()
    expected = [asked(*case) for case in drawn]
    numbers = list(range(len(drawn)))
    for order in (numbers, numbers[::-1], numbers[len(numbers) // 2 :] + numbers[: len(numbers) // 2]):
        remembered._known.clear()
        for number in order:
            assert allowed(*drawn[number]) == expected[number], drawn[number]
            everything |= set(expected[number])
    assert everything == EVERYTHING
    assert len(remembered._known) < len(drawn)


def test_R11_R13_what_every_open_account_takes() -> None:
    """And no closed one."""
    book = Book.open()
    assert asked(book.account, book.now) == (
        *("cancel", "extend_term", "disable", "close"),
        *("set_carts", "set_payment_method", "set_email", "change_plan"),
    )
    book.do(Close())
    assert asked(book.account, book.now) == ()


def test_R13_a_term_may_be_extended_as_long_as_a_day_fits() -> None:
    """Before the last instant that a record can hold."""
    book = Book.open()
    book.do(ExtendTerm(until=utc("2199-12-30T12:00")))
    assert "extend_term" in asked(book.account, book.now)


def test_R14_what_is_remembered_is_not_asked_again() -> None:
    """The core is asked once for each kind of account: by the hundred that costs seconds."""
    account = Book.open().account
    remembered._known.clear()
    allowed(account, account.opened_at)
    (facts,) = remembered._known
    remembered._known[facts] = ("as it was",)
    assert allowed(account, account.opened_at) == ("as it was",)
    remembered._known.clear()
