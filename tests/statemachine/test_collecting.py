"""R8: one payment, whatever Stripe answers, refuses, or answers late (E16 to E18, E20, E21)."""

import pytest

from reprise.statemachine import editions
from reprise.statemachine.commands import Cancel, Enable, ExtendTerm, Reactivate, SetCarts
from reprise.statemachine.effects import Collect, VoidInvoice
from reprise.statemachine.outcomes import (
    CustomerNotRegistered,
    Declined,
    InvoiceObserved,
    InvoiceState,
    InvoiceVoided,
    NoPaymentMethod,
    NotKnown,
    Paid,
    Stopped,
)
from reprise.statemachine.payments import payment_number
from reprise.statemachine.terms import Term
from tests.statemachine.book import Book, utc
from tests.statemachine.standings import entries, found_by_hint, invoice, lapsed, past_due, payment_of


def test_R8_a_stopped_reactivation_can_be_made_after_the_mend() -> None:
    """Disabled, told to the payer, and tried again with a new key."""
    book = lapsed()
    book.card = "stopped"
    book.do(Reactivate())
    assert (book.state, book.account.payment and book.account.payment.decline_code) == ("disabled", "payment_stopped")
    book.card = "good"
    book.do(Reactivate())
    assert (book.state, book.charged) == ("reactivated", [7500, 7500])


def test_R8_an_outcome_that_is_overdue_is_asked_for_again_with_the_same_attempt() -> None:
    """Told once; access goes on (R16)."""
    book = Book.open().at("2027-02-20T10:00")
    book.now = utc("2027-02-28T10:00")
    effects = book.fire_due(book.now)
    asked = [effect.payment for effect in effects if isinstance(effect, Collect)]
    for day in ("2027-02-28T22:00", "2027-03-06T10:00", "2027-03-09T10:00"):
        again = book.take(NotKnown(payment_key="a1:2", reason="no answer"), utc(day))
        asked += [effect.payment for effect in again if isinstance(effect, Collect)]
        assert book.access_until is not None
        assert book.access_until > utc(day)
    assert {(payment.key, payment.attempt) for payment in asked} == {("a1:2", 1)}
    assert len(asked) == 4
    assert [entry.reason for entry in entries(book.account, "payment_not_known")] == ["no answer"]
    assert book.deadline is None
    book.perform(book.take(Paid(payment_key="a1:2"), utc("2027-03-09T11:00")))
    assert book.state == "active"


def test_E20_a_refused_void_stays_owed_until_it_is_done() -> None:
    """Hourly for a day, then every six hours; told once, and told when it is done."""
    book = past_due().at("2027-03-02T09:00")
    book.key_is_wrong = True
    book.do(Cancel())
    assert (book.state, book.account.disabled_reason) == ("disabled", "cancelled")
    assert [owed.payment_key for owed in book.account.voids_owed] == ["a1:2"]
    assert book.deadline is not None
    assert book.deadline.at == utc("2027-03-02T10:00")
    book.at("2027-03-09T09:00")
    assert 24 < sum(isinstance(act, VoidInvoice) for act in book.performed) < 60
    assert len(entries(book.account, "void_owed")) == 1
    book.key_is_wrong = False
    book.at("2027-03-09T15:00")
    assert (book.account.voids_owed, book.invoices["a1:2"]) == ((), "void")
    assert len(entries(book.account, "payment_voided")) == 1
    assert book.deadline is None
    assert book.charged == [7500]


def test_E20_if_the_payer_pays_meanwhile_the_month_is_theirs_and_coming_back_is_free() -> None:
    """From the moment it is known: no day of it was in service."""
    book = past_due().at("2027-03-02T09:00")
    book.key_is_wrong = True
    book.do(Cancel())
    book.at("2027-03-02T20:30").pay_by_hand()
    book.key_is_wrong = False
    book.at("2027-03-02T21:00")
    assert (book.state, book.account.voids_owed) == ("disabled", ())
    assert book.account.term == Term(start=utc("2027-03-02T21:00"), end=utc("2027-04-02T21:00"))
    received = entries(book.account, "payment_received")
    assert [(entry.amount, entry.term) for entry in received] == [(7500, book.account.term)]
    book.at("2027-03-20T10:00").do(Reactivate(expected_amount=0))
    assert (book.state, book.charged) == ("reactivated", [7500, 7500])


def test_R8_a_void_that_meets_a_clearing_debit_waits_for_it() -> None:
    """The payer paid by debit just before: neither void nor unpaid, and nothing begins beside it (R21)."""
    book = past_due()
    book.do(Cancel())
    voided = InvoiceVoided(payment_key="a1:2", invoice=InvoiceState.PROCESSING, reason="The debit is processing")
    book.perform(book.take(voided, book.now))
    assert (book.state, payment_of(book).status) == ("disabled", "processing")
    assert book.account.voids_owed == ()
    paid = InvoiceObserved(payment_key="a1:2", invoice=InvoiceState.PAID)
    book.perform(book.take(paid, utc("2027-03-04T10:00")))
    assert book.state == "disabled"
    assert book.account.term == Term(start=utc("2027-03-04T10:00"), end=utc("2027-04-04T10:00"))


def test_E18_an_invoice_voided_by_hand_in_past_due_is_paid_by_a_new_one_of_the_same_key() -> None:
    """At the next retry; the retries stay where they were."""
    book = past_due().at("2027-03-02T09:00")
    book.invoices["a1:2"] = "void"
    book.hint("a1:2")
    assert (book.state, payment_of(book).next_attempt_at) == ("past_due", utc("2027-03-03T10:00"))
    book.card = "good"
    book.at("2027-03-03T10:00")
    assert (book.state, book.charges[-1]) == ("active", ("a1:2", 7500))


def test_E21_a_wrong_key_at_the_opening_is_mended_after_a_day() -> None:
    """Hourly tries, told once; then open and charged once, with the card given at opening."""
    book = Book.open(key_is_wrong=True)
    assert (book.state, book.account.disabled_reason) == ("disabled", "first_payment_failed")
    assert (payment_of(book).decline_code, book.account.first_payment_method) == ("payment_stopped", "pm_good")
    assert payment_of(book).next_attempt_at == utc("2027-01-31T11:00")
    book.at("2027-02-01T10:30")
    assert len(book.attempts) == 25
    assert len(entries(book.account, "payment_stopped")) == 1
    assert len(entries(book.account, "customer_not_registered")) == 1
    book.do(SetCarts(carts=4))  # what comes between is no change for the better
    book.at("2027-02-01T10:45")
    book.take(CustomerNotRegistered(reason="Invalid API Key provided"), book.now)
    assert len(entries(book.account, "customer_not_registered")) == 1
    book.take(CustomerNotRegistered(reason="Expired API Key provided"), book.now)
    assert len(entries(book.account, "customer_not_registered")) == 2, "another reason is told"
    book.do(SetCarts(carts=3))
    book.key_is_wrong = False
    book.at("2027-02-01T11:00")
    assert (book.state, book.charged) == ("active", [7500])
    assert book.account.term == Term(start=utc("2027-02-01T11:00"), end=utc("2027-03-01T11:00"))


def test_R8_a_first_payment_that_nobody_mends_ends_after_fourteen_days() -> None:
    """Nothing goes on without end; `reactivate` is the way on."""
    book = Book.open(key_is_wrong=True).at("2027-02-14T11:00")
    tries = len(book.attempts)
    book.at("2027-04-14T10:00")
    assert (len(book.attempts), book.deadline) == (tries, None)
    book.key_is_wrong = False
    book.do(Reactivate())
    assert (book.state, book.charged) == ("reactivated", [7500])


def test_R8_a_first_payment_that_stopped_can_be_called_off_or_made_at_once() -> None:
    """By the customer, who waits for nobody's mend; one charge."""
    book = Book.open(card="stopped")
    book.do(Cancel())
    assert (book.state, book.deadline, payment_of(book).decline_code) == ("disabled", None, "cancelled")
    book = Book.open(card="stopped")
    book.card = "good"
    book.do(Reactivate())
    assert (book.state, book.charged) == ("reactivated", [7500])
    assert book.at("2027-02-02T10:00").charged == [7500]


def test_R8_what_a_credit_balance_paid_stands_in_the_entry() -> None:
    """E16: 7500 = 5500 + 2000."""
    book = Book.open()
    book.now = utc("2027-02-28T10:00")
    book.fire_due(book.now)
    book.perform(book.take(Paid(payment_key="a1:2", charged=5500), book.now))
    renewed = entries(book.account, "renewed")[-1]
    assert (renewed.amount, renewed.charged, renewed.from_balance) == (7500, 5500, 2000)
    assert (renewed.carts, renewed.unit_amount) == (3, 2500)


def test_R8_the_same_failure_told_twice_counts_once() -> None:
    """Past due, disabled, or back in service by then: an answer to no attempt changes nothing."""
    past = past_due()
    declined = Declined(payment_key="a1:2", code="generic_decline")
    for book in (past, past_due().at("2027-03-07T10:00")):
        before = book.account
        assert book.take(declined, book.now) == ()
        assert book.account == before
    book.do(ExtendTerm(days=5))
    book.do(Enable())
    for late in (declined, Stopped(payment_key="a1:2", reason="?"), NoPaymentMethod(payment_key="a1:2")):
        assert book.take(late, book.now) == ()
    assert book.state == "reactivated"


def test_R8_voids_are_tried_each_at_its_own_time() -> None:
    """Of two that are owed, the one that is due."""
    book = past_due()
    book.voids_are_refused = True
    book.do(Cancel())
    book.at("2027-02-28T10:30")
    unknown = InvoiceVoided(payment_key="a1:9", invoice=InvoiceState.OPEN, reason="not now")
    book.perform(book.take(unknown, book.now))
    assert [each.payment_key for each in book.account.voids_owed] == ["a1:2", "a1:9"]
    before = len(book.performed)
    book.at("2027-02-28T11:00")
    assert [getattr(each, "payment_key", None) for each in book.performed[before:]] == ["a1:2"]
    book.voids_are_refused = False
    book.at("2027-02-28T12:30")
    assert book.account.voids_owed == ()


def test_R8_an_answer_to_a_void_by_edition_1_is_about_the_latest_payment_alone() -> None:
    """As 0.1.0 decided."""
    book = Book.open(edition=editions.FIRST)
    before = book.account
    assert book.take(InvoiceVoided(payment_key="a1:9", invoice=InvoiceState.PAID), book.now) == ()
    assert book.account == before


@pytest.mark.parametrize("free", ["no carts", "a month that was found"])
def test_R8_who_comes_back_for_nothing_leaves_no_first_payment_behind(free: str) -> None:
    """It was tried hourly while our key was wrong; in service, nothing is tried, and nothing is due but the term."""
    book = Book.open(card="stopped")
    if free == "no carts":
        book.do(SetCarts(carts=0))
    else:
        found_by_hint(book, invoice("a1:9"))
    book.do(Reactivate(expected_amount=0))
    assert (book.state, book.deadline and book.deadline.kind) == ("reactivated", "term_ended")
    book.card = "good"
    assert book.at("2027-02-10T10:00").charged == []


def test_R8_a_void_that_was_refused_is_not_owed_of_what_is_paid() -> None:
    """Else it would be tried for ever."""
    book = Book.open()
    before = book.account
    late = InvoiceVoided(payment_key="a1:1", invoice=InvoiceState.UNKNOWN, reason="Invalid API Key provided")
    assert book.take(late, book.now) == ()
    assert book.account == before


@pytest.mark.parametrize(("key", "number"), [("a:1", 1), ("a:٣", 0), ("a:²", 0), ("a:x", 0), ("a", 0), (None, 0)])
def test_R8_only_digits_number_a_payment(key: str | None, number: int) -> None:
    assert payment_number(key) == number


@pytest.mark.parametrize("state", list(InvoiceState))
@pytest.mark.parametrize("edition", [editions.FIRST, editions.SECOND])
def test_R8_a_void_of_nobodys_payment_moves_no_payment(state: InvoiceState, edition: int) -> None:
    """Of an account that has none, and of another than its latest."""
    elsewhere = Book.open(paid_through=utc("2027-02-10T10:00"), edition=edition)
    paid = Book.open(edition=edition)
    for book in (elsewhere, paid):
        before = (book.account.payment, book.account.term, book.state)
        book.take(InvoiceVoided(payment_key="a1:9", invoice=state), book.now)
        assert (book.account.payment, book.account.term, book.state) == before


@pytest.mark.parametrize(("edition", "told"), [(editions.FIRST, 2), (editions.SECOND, 1)])
def test_R28_R8_a_fault_that_goes_on_is_told_once_by_edition_2(edition: int, told: int) -> None:
    """Of a payment that somebody asked for: it is stopped, asked for again, and stopped again."""
    book = Book.open(card="none", edition=edition)
    book.card = "stopped"
    for _ in range(2):
        book.do(Reactivate())
    assert len(entries(book.account, "payment_stopped")) == 2
    first = Book.open(card="stopped", edition=edition)
    if edition == editions.SECOND:
        first.at("2027-01-31T11:30")
        assert len(entries(first.account, "payment_stopped")) == told
