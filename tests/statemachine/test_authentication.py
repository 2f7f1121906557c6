"""R10: payments that wait for their payer's authentication."""

from datetime import timedelta

from reprise.statemachine.commands import (
    Reactivate,
)
from reprise.statemachine.outcomes import InvoiceObserved, InvoiceState
from reprise.statemachine.payments import PaymentStatus
from reprise.statemachine.schedule import next_clearing_poll, next_poll
from reprise.statemachine.terms import Term
from tests.statemachine.book import Book, utc
from tests.statemachine.standings import lapsed, payment_of, waiting


def test_R10_the_account_stays_until_the_payer_has_authenticated() -> None:
    """The URL is there; a hint after paying completes it."""
    book = waiting()
    payment = book.account.payment
    assert payment is not None
    assert (book.state, payment.status, payment.action_url) == (
        "disabled",
        PaymentStatus.REQUIRES_ACTION,
        "https://pay.example.com/in",
    )
    book.hint()
    assert book.state == "disabled"
    book.pay_by_hand()
    book.hint()
    assert (book.state, book.charged) == ("reactivated", [7500, 7500])


def test_R10_a_webhook_that_never_comes_is_made_up_for_by_looking() -> None:
    """Paid on the hosted page, no hint: found within half an hour."""
    book = waiting()
    book.at("2027-04-15T12:10")
    book.pay_by_hand()
    assert book.at("2027-04-15T12:30").state == "reactivated"


def test_R10_after_23_hours_it_counts_as_declined() -> None:
    """The invoice is void, nothing is charged."""
    book = waiting().at("2027-04-16T11:00")
    payment = book.account.payment
    assert payment is not None
    assert (book.state, payment.status, payment.decline_code) == ("disabled", "declined", "authentication_required")
    assert book.invoices["a1:2"] == "void"
    assert book.deadline is None


def test_R10_at_a_renewal_it_is_past_due_with_the_url_and_paying_by_hand_settles_it() -> None:
    """R9's retries go on on the same invoice."""
    book = Book.open()
    book.card = "authentication"
    book.at("2027-02-28T10:00")
    payment = book.account.payment
    assert payment is not None
    assert (book.state, payment.status) == ("past_due", "requires_action")
    book.at("2027-03-02T10:00")
    assert [key for key, _ in book.attempts] == ["a1:1", "a1:2", "a1:2"]
    book.pay_by_hand()
    book.hint()
    assert (book.state, book.charged) == ("active", [7500, 7500])
    assert book.account.term == Term(start=utc("2027-02-28T10:00"), end=utc("2027-03-31T10:00"))


def test_R8_a_void_that_stripe_refuses_when_authentication_expires_stays_owed() -> None:
    """The payment counts as declined all the same (R10)."""
    book = lapsed()
    book.card = "authentication"
    book.do(Reactivate())
    book.key_is_wrong = True
    book.at("2027-04-16T11:00")
    assert (payment_of(book).status, payment_of(book).decline_code) == ("declined", "authentication_required")
    assert [owed.payment_key for owed in book.account.voids_owed] == ["a1:2"]


def test_R8_an_invoice_voided_by_hand_while_it_waits_for_authentication_ends_the_wait() -> None:
    """The dead link is not handed out for the rest of the day."""
    book = lapsed()
    book.card = "authentication"
    book.do(Reactivate())
    book.invoices["a1:2"] = "void"
    book.hint("a1:2")
    assert (payment_of(book).status, payment_of(book).decline_code) == ("declined", "invoice_voided")
    assert (payment_of(book).action_url, book.deadline) == (None, None)


def test_R10_authentication_a_day_later_loses_no_day() -> None:
    """The month begins when service does (R6)."""
    book = lapsed()
    book.card = "authentication"
    book.do(Reactivate())
    book.at("2027-04-16T10:00").pay_by_hand()
    book.hint("a1:2")
    assert book.account.term == Term(start=utc("2027-04-16T10:00"), end=utc("2027-05-16T10:00"))


def test_R10_a_first_payment_whose_invoice_is_gone_has_failed() -> None:
    """Voided in the dashboard while the payer was asked to authenticate."""
    book = Book.open(card="authentication")
    gone = InvoiceObserved(payment_key="a1:1", invoice=InvoiceState.VOID)
    book.perform(book.take(gone, book.now))
    assert (book.state, book.account.disabled_reason) == ("disabled", "first_payment_failed")
    assert book.account.payment is not None
    assert book.account.payment.decline_code == "invoice_voided"


def test_R10_what_was_declined_has_no_day_to_authenticate_any_more() -> None:
    book = Book.open(card="authentication")
    assert payment_of(book).expires_at is not None
    book.card = "generic_decline"
    book.replace_card("generic_decline")
    assert (payment_of(book).expires_at, payment_of(book).next_attempt_at) == (None, None)


def test_R10_R21_a_record_that_does_not_say_since_when_counts_from_what_it_knows() -> None:
    """Records of 0.1.0 do not say when an authentication expires, nor since when a payment clears."""
    payment = payment_of(Book.open(card="authentication"))
    bare = payment.model_copy(update={"expires_at": None, "processing_since": None})
    assert next_poll(bare, bare.started_at) == bare.started_at + timedelta(minutes=5)
    assert next_poll(bare, bare.started_at + timedelta(hours=22)) == bare.started_at + timedelta(hours=23)
    assert next_clearing_poll(bare, bare.started_at) == bare.started_at + timedelta(hours=1)
