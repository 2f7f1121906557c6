"""R21: payments that take days (E13, E14)."""

from collections.abc import Callable
from datetime import datetime

import pytest

from reprise.statemachine.commands import (
    Cancel,
    Close,
    Disable,
    ExtendTerm,
    Reactivate,
)
from reprise.statemachine.effects import RetrieveInvoice
from reprise.statemachine.outcomes import (
    InvoiceObserved,
    InvoiceState,
    InvoiceVoided,
    NotKnown,
    Processing,
)
from reprise.statemachine.payments import PaymentStatus
from reprise.statemachine.refusals import RefusalCode
from reprise.statemachine.terms import Term
from tests.statemachine.book import Book, utc
from tests.statemachine.standings import (
    MARCH,
    collecting_the_renewal,
    entries,
    lapsed,
    past_due,
    payment_of,
    refusal,
    waiting,
)


def goodwill_while_a_debit_clears() -> Book:
    """The open invoice was just being paid by debit when an operator extended the term: Stripe refuses the void."""
    book = past_due().at("2027-03-02T10:00")
    book.take(ExtendTerm(days=7), book.now)
    book.invoices["a1:2"] = "processing"
    book.debits["a1:2"] = payment_of(book)
    clearing = InvoiceVoided(payment_key="a1:2", invoice=InvoiceState.PROCESSING, reason="The debit is processing")
    book.perform(book.take(clearing, book.now))
    return book


def test_E13_a_debit_that_clears_reactivates_from_the_day_it_has() -> None:
    """One payment, joined meanwhile; the month begins when service does."""
    book = lapsed()
    book.card = "processing"
    book.do(Reactivate(expected_amount=7500))
    assert (book.state, payment_of(book).status) == ("disabled", "processing")
    book.at("2027-04-16T12:00").do(Reactivate(expected_amount=7500))
    assert refusal(book, Cancel()) is RefusalCode.PAYMENT_IN_PROGRESS
    assert refusal(book, Disable(reason="check")) is RefusalCode.PAYMENT_IN_PROGRESS
    assert refusal(book, Close()) is RefusalCode.PAYMENT_IN_PROGRESS
    book.at("2027-04-19T09:00").settle_debit("a1:2")
    book.hint("a1:2")
    assert (book.state, book.charged, book.account.payment_count) == ("reactivated", [7500, 7500], 2)
    assert book.account.term == Term(start=utc("2027-04-19T09:00"), end=utc("2027-05-19T09:00"))
    assert book.account.anchor == utc("2027-04-19T09:00")
    assert [entry.amount for entry in entries(book.account, "payment_processing")] == [7500]


def test_E14_a_debit_that_fails_leaves_the_account_out_and_a_good_card_pays_once() -> None:
    """Stays disabled, declined with the bank's code; nothing paid."""
    book = lapsed()
    book.card = "processing"
    book.do(Reactivate())
    book.at("2027-04-19T09:00").settle_debit("a1:2", failing="debit_not_authorized")
    book.hint("a1:2")
    assert (book.state, payment_of(book).status, payment_of(book).decline_code) == (
        "disabled",
        "declined",
        "debit_not_authorized",
    )
    assert (book.charged, book.invoices["a1:2"]) == ([7500], "void")
    book.card = "good"
    book.do(Reactivate())
    assert (book.state, book.charged) == ("reactivated", [7500, 7500])


def test_R21_a_clearing_payment_is_looked_at_after_1_h_6_h_a_day_and_daily() -> None:
    """Counted from when it began; a hint moves nothing."""
    book = lapsed()
    book.card = "processing"
    book.do(Reactivate())
    looks: list[datetime] = []
    while len(looks) < 5:
        due = payment_of(book).next_attempt_at
        assert due is not None
        looks.append(due)
        book.at(due)
    assert looks == [
        utc(at)
        for at in (
            "2027-04-15T13:00",
            "2027-04-15T18:00",
            "2027-04-16T12:00",
            "2027-04-17T12:00",
            "2027-04-18T12:00",
        )
    ]
    assert sum(isinstance(act, RetrieveInvoice) for act in book.performed) == 5
    assert len(book.attempts) == 2


@pytest.mark.parametrize("state", ["active", "reactivated"])
def test_R21_a_renewal_that_clears_keeps_the_account_in_service(state: str) -> None:
    """However long it takes, access reaches past the next look; paid, the next term follows without a gap."""
    book = Book.open() if state == "active" else lapsed()
    if state == "reactivated":
        book.do(Reactivate())
    assert book.account.term is not None
    end = book.account.term.end
    book.card = "processing"
    book.at(end)
    assert (book.state, payment_of(book).status) == (state, "processing")
    assert refusal(book, Cancel()) is RefusalCode.PAYMENT_IN_PROGRESS
    for _ in range(16):
        due = book.deadline
        assert due is not None
        book.at(due.at)
        assert book.access_until is not None
        assert book.access_until > book.now
    key = payment_of(book).key
    book.settle_debit(key)
    book.hint(key)
    assert (book.state, book.charged[-1]) == ("active", 7500)
    assert book.account.term.start == end


def test_R21_a_renewals_debit_that_fails_is_past_due() -> None:
    """It is neither paid nor declined until it is known; then the retries begin."""
    book = Book.open()
    book.card = "processing"
    book.at("2027-03-02T10:00")
    book.settle_debit("a1:2", failing="insufficient_funds")
    book.at("2027-03-03T10:00")
    assert (book.state, payment_of(book).decline_code) == ("past_due", "insufficient_funds")
    assert payment_of(book).next_attempt_at == utc("2027-03-05T10:00")


def test_R21_a_retry_that_clears_stays_past_due_with_access_until_it_is_known() -> None:
    """Also past the last retry's instant."""
    book = past_due()
    book.card = "processing"
    book.at("2027-03-07T10:00")
    assert (book.state, payment_of(book).status) == ("past_due", "processing")
    book.at("2027-03-12T10:00")
    assert book.state == "past_due"
    assert book.access_until is not None
    assert book.access_until > book.now
    book.settle_debit("a1:2")
    book.at("2027-03-13T10:00")
    assert book.account.term is not None
    assert (book.state, book.account.term.start) == ("active", utc("2027-02-28T10:00"))


def test_R21_another_card_begins_no_payment_beside_a_clearing_one() -> None:
    """The new card is for later."""
    book = Book.open()
    book.card = "processing"
    book.at("2027-02-28T10:00")
    attempts = list(book.attempts)
    book.replace_card("good")
    assert book.attempts == attempts


def test_R21_who_comes_back_while_a_payment_that_was_given_up_clears_is_back_when_it_has() -> None:
    """The answer was 202: it joined the payment under way, and is kept."""
    book = past_due()
    book.do(Cancel())
    voided = InvoiceVoided(payment_key="a1:2", invoice=InvoiceState.PROCESSING, reason="The debit is processing")
    book.perform(book.take(voided, book.now))
    book.do(Reactivate(expected_amount=7500))
    assert (book.state, book.account.payment_count) == ("disabled", 2)
    paid = InvoiceObserved(payment_key="a1:2", invoice=InvoiceState.PAID)
    book.perform(book.take(paid, utc("2027-03-04T10:00")))
    assert book.state == "reactivated"
    assert book.account.term == Term(start=utc("2027-03-04T10:00"), end=utc("2027-04-04T10:00"))


def _debit_of(book: Book) -> None:
    """The payer has paid the open invoice on its page, by debit."""
    payment = payment_of(book)
    book.invoices[payment.key], book.debits[payment.key] = "processing", payment


def _retries_over() -> Book:
    book = past_due().at("2027-03-07T09:00")
    _debit_of(book)
    return book.at("2027-03-07T10:00")


def _called_off() -> Book:
    book = waiting()
    _debit_of(book)
    book.do(Cancel())
    return book


@pytest.mark.parametrize(
    ("make", "state"),
    [(lambda: Book.open(card="processing"), "active"), (_retries_over, "reactivated"), (_called_off, "reactivated")],
)
def test_R21_whoever_joins_a_payment_that_clears_is_back_with_it(make: Callable[[], Book], state: str) -> None:
    """A first payment stays one; a renewal that came too late and a return that was called off bring it back."""
    book = make()
    assert (book.state, payment_of(book).status) == ("disabled", "processing")
    book.do(Reactivate())
    book.settle_debit(payment_of(book).key)
    book.hint(payment_of(book).key)
    assert book.state == state


def test_R21_payment_status_has_a_word_for_each() -> None:
    """The contract's list."""
    assert [status.value for status in PaymentStatus] == [
        "none",
        "collecting",
        "processing",
        "requires_action",
        "declined",
        "paid",
    ]


def test_R21_a_debit_told_twice_is_told_once() -> None:
    """It is looked at by the calendar of its first answer."""
    book = collecting_the_renewal()
    for _ in range(2):
        book.perform(book.take(Processing(payment_key="a1:2", invoice_id="in_2"), book.now))
    told = [each for each in book.account.timeline if each.type == "account.payment_processing"]
    assert len(told) == 1
    assert book.account.payment is not None
    assert book.account.payment.next_attempt_at == utc("2027-02-28T11:00")


def test_R21_a_payment_that_is_clearing_asks_its_payer_for_nothing() -> None:
    """It was to be authenticated, and was paid by a debit on the hosted page."""
    book = Book.open(card="authentication")
    book.perform(book.take(Processing(payment_key="a1:1", invoice_id="in_1"), book.now))
    payment = book.account.payment
    assert payment is not None
    assert (payment.status, payment.action_url, payment.expires_at, payment.decline_code) == (
        "processing",
        None,
        None,
        None,
    )


def test_R21_a_debit_that_failed_without_a_code_is_a_decline_like_any() -> None:
    """Stripe shows an open invoice again, and no reason."""
    book = collecting_the_renewal()
    book.perform(book.take(Processing(payment_key="a1:2", invoice_id="in_2"), book.now))
    look = InvoiceObserved(payment_key="a1:2", invoice_id="in_2", invoice=InvoiceState.OPEN)
    book.perform(book.take(look, book.now))
    assert book.account.payment is not None
    assert (book.state, book.account.payment.decline_code) == ("past_due", "generic_decline")


def test_R21_a_debit_that_clears_beside_a_term_is_to_be_refunded() -> None:
    """The void stays owed until it is known; the term stays, and the next follows it (R2)."""
    book = goodwill_while_a_debit_clears()
    assert (book.state, [owed.payment_key for owed in book.account.voids_owed]) == ("active", ["a1:2"])
    term = book.account.term
    book.settle_debit("a1:2")
    book.at("2027-03-03T10:00")
    assert (book.state, book.account.term, book.account.voids_owed) == ("active", term, ())
    assert len(entries(book.account, "payment_received")) == 1
    book.card = "good"
    book.at("2027-03-09T10:00")
    assert book.account.term == Term(start=utc("2027-03-09T10:00"), end=utc("2027-04-09T10:00"))


def test_R21_a_debit_that_fails_beside_a_term_makes_nobody_past_due() -> None:
    """Its invoice is voided, and that is all."""
    book = goodwill_while_a_debit_clears()
    book.settle_debit("a1:2", failing="insufficient_funds")
    book.at("2027-03-03T10:00")
    assert (book.state, book.invoices["a1:2"], book.account.voids_owed) == ("active", "void", ())


def test_R21_a_payer_with_a_lost_card_who_pays_by_debit_stays_in_service_until_it_clears() -> None:
    """Past the last retry, however often it is looked at."""
    book = past_due("lost_card").at("2027-03-05T10:00")
    book.invoices["a1:2"] = "processing"
    book.debits["a1:2"] = payment_of(book)
    book.hint("a1:2")
    book.at("2027-03-12T10:00")
    assert (book.state, payment_of(book).status) == ("past_due", "processing")
    book.settle_debit("a1:2")
    book.at("2027-03-13T10:00")
    assert (book.state, book.account.term) == ("active", MARCH)


def test_R21_not_knowing_twice_asks_for_nothing_beside_a_clearing_debit() -> None:
    """An answer that comes again changes nothing."""
    book = lapsed()
    book.card = "processing"
    book.do(Reactivate())
    assert book.take(NotKnown(payment_key="a1:2", reason="no answer"), book.now) == ()


def test_R21_the_invoice_of_a_payment_that_clears_is_remembered() -> None:
    """As soon as it is known; an answer that does not name it takes nothing away."""
    book = Book.open(card="processing")
    assert payment_of(book).invoice_id == "in_a1:1"
    book.take(Processing(payment_key="a1:1"), book.now)
    assert payment_of(book).invoice_id == "in_a1:1"
