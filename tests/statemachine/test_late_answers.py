"""R8, R9, R13: answers of Stripe that come late, or twice."""

import pytest

from reprise.statemachine.commands import Close, Enable, ExtendTerm
from reprise.statemachine.outcomes import (
    CustomerRegistered,
    Declined,
    NoPaymentMethod,
    PaymentMethodChanged,
    RequiresAction,
    Stopped,
)
from reprise.statemachine.timeline import Actor, ActorKind
from tests.statemachine.book import Book, utc


def past_due() -> Book:
    book = Book.open().at("2027-02-20T10:00")
    book.replace_card("generic_decline")
    return book.at("2027-02-28T10:00")


def collecting_the_renewal() -> Book:
    """Stripe does not answer since the renewal of 28 February was sent to it."""
    book = Book.open()
    book.now = utc("2027-02-28T10:00")
    book.machine.settle(book.now)
    return book


@pytest.mark.parametrize(
    "failed",
    [
        Declined(payment_key="a1:2", code="generic_decline"),
        NoPaymentMethod(payment_key="a1:2"),
        RequiresAction(payment_key="a1:2", url="https://pay.example.com/in"),
    ],
    ids=lambda failed: failed.kind,
)
def test_R9_stripe_away_for_all_of_the_retries_does_not_cost_them(failed: Declined) -> None:
    """The first try's answer comes after nine days: past due, and the four retries follow it."""
    book = collecting_the_renewal()
    book.card, book.now = "generic_decline", utc("2027-03-09T12:00")
    book.perform(book.machine.take(failed, book.now))
    payment = book.account.payment
    assert payment is not None
    assert (book.state, payment.next_attempt_at) == ("past_due", utc("2027-03-10T12:00"))
    assert book.machine.access_until == utc("2027-03-16T12:00")
    assert book.at("2027-03-16T11:59:59").state == "past_due"
    assert book.at("2027-03-16T12:00").state == "disabled"


def test_R8_the_same_failure_told_twice_counts_once() -> None:
    """Past due, disabled, or back in service by then: an answer to no attempt changes nothing."""
    past = past_due()
    declined = Declined(payment_key="a1:2", code="generic_decline")
    for book in (past, past_due().at("2027-03-07T10:00")):
        before = book.account
        assert book.machine.take(declined, book.now) == ()
        assert book.account == before
    book.do(ExtendTerm(days=5))
    book.do(Enable())
    for late in (declined, Stopped(payment_key="a1:2", reason="?"), NoPaymentMethod(payment_key="a1:2")):
        assert book.machine.take(late, book.now) == ()
    assert book.state == "reactivated"


def test_R13_nothing_that_stripe_says_of_the_customer_is_added_to_a_closed_account() -> None:
    """Its record stays as it was closed, without personal data."""
    book = Book.open()
    book.do(Close())
    before = book.account
    for late in (
        PaymentMethodChanged(payment_method="pm_late", asked_by=Actor(kind=ActorKind.USER, id="owner")),
        CustomerRegistered(customer_id="cus_late", refused="card_declined"),
    ):
        assert book.machine.take(late, book.now) == ()
    assert book.account == before
