"""R6, R7: coming back, for nothing or for the quoted price."""

import pytest

from reprise.statemachine.commands import Cancel, Reactivate, SetCarts
from reprise.statemachine.outcomes import Paid
from reprise.statemachine.refusals import RefusalCode, Refused
from tests.statemachine.book import Book, utc
from tests.statemachine.standings import cancelled, lapsed, past_due, payment_of, refusal


@pytest.mark.parametrize("make", [Book.open, past_due])
def test_R6_reactivating_in_service_is_refused(make: object) -> None:
    """already_in_service, and the quote says the same."""
    book = make()  # type: ignore[operator]
    assert refusal(book, Reactivate()) is RefusalCode.ALREADY_IN_SERVICE
    with pytest.raises(Refused) as quoted:
        book.quote(book.now)
    assert quoted.value.code is RefusalCode.ALREADY_IN_SERVICE


def test_R6_at_the_very_end_of_the_term_it_costs_a_new_month() -> None:
    """`now = term.end` is after the term."""
    book = Book.open().at("2027-02-10T10:00")
    book.do(Cancel(when="now"))
    assert book.quote(utc("2027-02-28T09:59:59")).amount_due == 0
    assert book.quote(utc("2027-02-28T10:00:00")).amount_due == 7500


def test_R7_a_changed_quote_is_refused_with_the_new_one_and_nothing_is_charged() -> None:
    """quote_changed."""
    book = lapsed()
    quote = book.quote(book.now)
    book.do(SetCarts(carts=4))
    with pytest.raises(Refused) as refusal:
        book.do(Reactivate(expected_amount=quote.amount_due))
    assert refusal.value.code is RefusalCode.QUOTE_CHANGED
    assert refusal.value.quote is not None
    assert refusal.value.quote.amount_due == 10000
    assert book.charged == [7500]
    book.do(Reactivate(expected_amount=10000))
    assert book.charged == [7500, 10000]


def test_R7_a_cancelled_account_past_its_end_is_quoted_as_what_it_is() -> None:
    """No worker has run since the term's end: the quote is that of a disabled account."""
    book = cancelled()
    assert book.quote(utc("2027-04-15T12:00")).amount_due == 7500
    assert book.state == "cancelled"


def test_R7_a_payment_that_is_tried_again_by_now_is_quoted_as_it_stands() -> None:
    """No worker has run since the try of a stopped first payment was due: joining it costs what it was quoted (R14)."""
    book = Book.open(card="stopped")
    assert book.quote(utc("2027-01-31T10:30")).term.start == utc("2027-01-31T10:30")
    assert book.quote(utc("2027-01-31T12:30")) == payment_of(book).quote


@pytest.mark.parametrize(
    ("known_at", "starts"),
    [
        ("2027-04-15T12:00:02", "2027-04-15T12:00"),
        ("2027-04-15T12:01:00", "2027-04-15T12:00"),
        ("2027-04-15T12:01:01", "2027-04-15T12:01:01"),
        ("2027-04-18T12:00:00", "2027-04-18T12:00"),
    ],
)
def test_R6_a_payment_known_at_once_buys_the_quoted_term_and_a_later_one_a_month_from_then(
    known_at: str, starts: str
) -> None:
    """What was quoted, invoiced and given are the same to the second; a worker that was away costs no day (E10)."""
    book = lapsed()
    book.take(Reactivate(), book.now)
    book.perform(book.take(Paid(payment_key="a1:2"), utc(known_at)))
    assert book.account.term is not None
    assert (book.account.term.start, book.account.anchor) == (utc(starts), utc(starts))
