"""R8, R9, R22: what is seen again, or beside an attempt, does nothing more; what is seen says what was charged."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from reprise.statemachine import editions
from reprise.statemachine.account import AccountState
from reprise.statemachine.commands import Cancel, Close
from reprise.statemachine.outcomes import (
    EmailChanged,
    InvoiceObserved,
    InvoiceState,
    InvoiceVoided,
    PaymentMethodChanged,
)
from reprise.statemachine.payments import PaymentStatus
from tests.statemachine.book import Book, utc
from tests.statemachine.standings import BOTH, MARCH, entries, invoice, lapsed, past_due, payment_of

Looks = InvoiceObserved | PaymentMethodChanged | EmailChanged
"""What looks for money that the record does not know of."""


def closed(edition: int) -> Book:
    book = Book.open(edition=edition)
    book.do(Close())
    return book


def out_within_a_paid_term(edition: int) -> Book:
    book = Book.open(edition=edition).at("2027-02-10T10:00")
    book.do(Cancel(when="now"))
    return book


def given_up_for_good(edition: int = editions.SECOND) -> Book:
    """The bank refuses the card of the renewal for good; at the last retry's instant there is another one."""
    book = past_due("generic_decline/do_not_try_again", edition=edition)
    book.now = utc("2027-03-07T10:00")
    seen = InvoiceObserved(payment_key="a1:2", invoice=InvoiceState.OPEN, payment_method="pm_another")
    book.take(seen, book.now)
    assert (payment_of(book).status, payment_of(book).do_not_retry) == (PaymentStatus.COLLECTING, True)
    return book


@BOTH
@pytest.mark.parametrize(
    "standing",
    [closed, out_within_a_paid_term, lambda e: lapsed(edition=e), lambda e: past_due(edition=e)],
    ids=["closed", "out within a paid term", "lapsed", "past due"],
)
@pytest.mark.parametrize("kind", [InvoiceObserved, PaymentMethodChanged, EmailChanged])
def test_R22_money_that_is_found_again_buys_nothing_more(
    kind: type[Looks], standing: Callable[[int], Book], edition: int
) -> None:
    """Every look in general finds it, among the newest invoices."""
    book = standing(edition)
    found = (invoice("a1:1b", period=MARCH),)
    changed = {"email": "new@example.com", "refused": "no"}
    seen = kind.model_validate({"payment_key": None, "invoice": "missing", "found": found, **changed})
    book.take(seen, book.now)
    known = book.account
    heard = book.state != "closed" or kind is InvoiceObserved
    assert len(entries(known, "payment_received")) + len(entries(known, "renewed")) == heard
    assert book.take(seen, book.now) == ()
    assert book.account == known


@BOTH
@pytest.mark.parametrize("state", list(InvoiceState))
def test_R8_what_is_seen_of_a_paid_payment_collects_nothing(state: InvoiceState, edition: int) -> None:
    """Whatever it looks like, with whatever card, and in whatever state the record has it: it was paid."""
    paid = Book.open(edition=edition).at("2027-03-01T10:00")
    assert (payment_of(paid).key, payment_of(paid).status) == ("a1:2", PaymentStatus.PAID)
    seen = InvoiceObserved(payment_key="a1:2", invoice=state, payment_method="pm_another")
    for each in (AccountState.ACTIVE, AccountState.PAST_DUE, AccountState.DISABLED):
        book = Book(paid.account.model_copy(update={"state": each}), paid.now)
        before = book.account
        assert book.take(seen, book.now) == ()
        assert book.account == before


@pytest.mark.parametrize("state", [InvoiceState.OPEN, InvoiceState.UNKNOWN, InvoiceState.VOID])
def test_R9_a_renewal_is_not_given_up_while_another_card_is_asked(state: InvoiceState) -> None:
    """Money may be moving: what is seen beside the attempt ends nothing, however late it is."""
    for days in (7, 60):
        book = given_up_for_good()
        before = book.account
        seen = InvoiceObserved(payment_key="a1:2", invoice=state)
        assert book.take(seen, utc("2027-02-28T10:00") + timedelta(days=days)) == ()
        assert (book.account, book.state) == (before, "past_due")


@BOTH
@pytest.mark.parametrize("how", ["void", "general look", "look"])
def test_R8_a_renewal_that_is_seen_to_be_paid_says_what_a_balance_has_paid(how: str, edition: int) -> None:
    """By its void that came too late, among others, or by itself."""
    book = past_due(edition=edition)
    found = invoice("a1:2", period=MARCH).model_copy(update={"charged": 5_500})
    looks: dict[str, InvoiceVoided | InvoiceObserved] = {
        "void": InvoiceVoided(payment_key="a1:2", invoice=InvoiceState.PAID, found=found),
        "general look": InvoiceObserved(payment_key=None, invoice=InvoiceState.MISSING, found=(found,)),
        "look": InvoiceObserved(payment_key="a1:2", invoice=InvoiceState.PAID, charged=5_500),
    }
    book.take(looks[how], book.now)
    last = book.account.timeline[-1]
    assert (last.type, last.amount, last.charged, last.from_balance) == ("account.renewed", 7_500, 5_500, 2_000)


@BOTH
def test_R8_a_void_that_finds_an_invoice_paid_need_not_say_what_was_charged(edition: int) -> None:
    """Then it is the amount."""
    book = past_due(edition=edition)
    book.take(InvoiceVoided(payment_key="a1:2", invoice=InvoiceState.PAID), book.now)
    last = book.account.timeline[-1]
    assert (last.type, last.amount, last.charged) == ("account.renewed", 7_500, None)


@BOTH
@pytest.mark.parametrize("state", [InvoiceState.VOID, InvoiceState.MISSING])
def test_R10_a_void_of_a_payment_that_was_declined_is_told_no_more(state: InvoiceState, edition: int) -> None:
    """Nobody is to authenticate it: nothing expires."""
    book = Book.open(edition=edition, card="generic_decline")
    before = book.account
    assert book.take(InvoiceVoided(payment_key="a1:1", invoice=state), book.now) == ()
    assert book.account == before
