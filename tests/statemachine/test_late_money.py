"""R12, R13, R21, R22: money that comes late, twice, or beside something else, and what it may not do."""

import pytest

from reprise.statemachine.commands import Close, Disable, Enable, ExtendTerm, Reactivate, SetCarts
from reprise.statemachine.outcomes import (
    EarlierPayment,
    EmailChanged,
    Invoice,
    InvoiceObserved,
    InvoiceState,
    InvoiceVoided,
    NotKnown,
)
from reprise.statemachine.policy import BillingPolicy
from reprise.statemachine.terms import Term
from tests.statemachine.book import Book, utc
from tests.statemachine.test_stripes_ways import MARCH, entries, invoice, lapsed, past_due, payment_of


def found_by_hint(book: Book, found: Invoice) -> None:
    book.found = [found]
    book.hint(found.payment_key)
    book.found = []


# ---------------------------------------------------------------------- R22: a month is the account's, and not lost


def test_R22_an_upfront_payment_beside_a_month_that_was_found_comes_after_it() -> None:
    """Two months were paid for: two are given."""
    book = lapsed()
    book.card = "authentication"
    book.do(Reactivate())
    found_by_hint(book, invoice("a1:9"))
    book.at("2027-04-15T15:00").pay_by_hand()
    book.hint("a1:2")
    assert book.state == "reactivated"
    assert book.account.term == Term(start=utc("2027-04-15T12:00"), end=utc("2027-06-15T12:00"))


def test_R22_a_renewal_paid_long_after_it_was_given_up_buys_a_month_from_then() -> None:
    """Not months that are over, and with them renewals of more such months."""
    book = past_due()
    book.voids_are_refused = True
    book.at("2027-05-20T10:00").pay_by_hand()
    book.at("2027-05-20T17:00")
    assert (book.state, book.charged) == ("disabled", [7500, 7500])
    assert book.account.term is not None
    assert book.account.term.start > utc("2027-05-20T10:00")
    book.do(Reactivate(expected_amount=0))
    assert (book.state, book.charged) == ("reactivated", [7500, 7500])


def test_R22_an_earlier_invoice_of_another_term_is_not_taken_for_the_renewal() -> None:
    """It is to be refunded; the renewal is for the carts of its own moment (R5)."""
    book = Book.open()
    book.now = utc("2027-02-28T10:00")
    book.fire_due(book.now)
    book.perform(book.take(EarlierPayment(payment_key="a1:2", found=invoice("a1:9")), book.now))
    assert (book.state, book.charged, payment_of(book).key) == ("active", [7500, 7500], "a1:2")
    assert [entry.payment_key for entry in entries(book.account, "payment_received")] == ["a1:9"]
    assert book.account.term == MARCH


def test_R12_an_earlier_payment_in_a_renewals_place_leaves_none_of_its_invoices_to_be_paid() -> None:
    """The retry found the month paid; the open invoice is void."""
    book = past_due()
    book.now = utc("2027-03-01T10:00")
    book.fire_due(book.now)
    book.perform(book.take(EarlierPayment(payment_key="a1:2", found=invoice("a1:1b", period=MARCH)), book.now))
    assert (book.state, book.account.term, book.invoices["a1:2"]) == ("active", MARCH, "void")


def test_R22_nothing_is_collected_beside_money_that_the_same_look_has_found() -> None:
    """A new card and an older invoice that was paid, both seen at once: one month, one charge."""
    book = past_due()
    book.card = "good"
    found_by_hint(book, invoice("a1:1b", period=MARCH))
    assert (book.state, book.charged, book.invoices["a1:2"]) == ("active", [7500], "void")


# ---------------------------------------------------------------------- R13: held by an operator


@pytest.mark.parametrize("given_up", ["the renewal", "a reactivation"])
def test_R13_money_does_not_bring_back_whom_an_operator_holds(given_up: str) -> None:
    """The void was refused, and the payer paid on the old link: the month is theirs, the hold stands."""
    book = past_due().at("2027-03-07T09:00") if given_up == "the renewal" else lapsed()
    book.card, book.voids_are_refused = "generic_decline", True
    if given_up == "the renewal":
        book.at("2027-03-07T10:00")
    else:
        book.do(Reactivate())
    assert [owed.payment_key for owed in book.account.voids_owed] == ["a1:2"]
    book.do(Disable(reason="fraud"))
    book.pay_by_hand()
    book.hint("a1:2")
    assert (book.state, book.account.disabled_reason, book.account.voids_owed) == ("disabled", "operator", ())
    assert book.account.term is not None
    assert book.account.term.start == book.now


def test_R13_enable_within_a_term_that_was_extended_charges_nothing() -> None:
    """Held while past due, given thirty days: the renewal is for when they are over."""
    book = past_due().at("2027-03-02T09:00")
    book.do(Disable(reason="check"))
    book.do(ExtendTerm(days=30))
    book.card = "good"
    book.do(Enable())
    assert (book.state, book.charged) == ("reactivated", [7500])
    assert book.at("2027-04-01T09:00").charged == [7500, 7500]


def test_R13_a_renewal_that_is_taken_up_for_nothing_leaves_no_debt() -> None:
    """No carts any more: the term costs nothing, and is not owed."""
    book = past_due(policy=BillingPolicy(debt="collect")).at("2027-03-02T09:00")
    book.do(Disable(reason="check"))
    book.do(SetCarts(carts=0))
    book.do(Enable())
    assert (book.state, book.account.term, book.account.debts) == ("active", MARCH, ())


# ---------------------------------------------------------------------- R21: debits beside other things


def goodwill_while_a_debit_clears() -> Book:
    """The open invoice was just being paid by debit when an operator extended the term: Stripe refuses the void."""
    book = past_due().at("2027-03-02T10:00")
    book.take(ExtendTerm(days=7), book.now)
    book.invoices["a1:2"] = "processing"
    book.debits["a1:2"] = payment_of(book)
    clearing = InvoiceVoided(payment_key="a1:2", invoice=InvoiceState.PROCESSING, reason="The debit is processing")
    book.perform(book.take(clearing, book.now))
    return book


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


# ---------------------------------------------------------------------- R1, R8: first payments that stopped


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


# ---------------------------------------------------------------------- R8, R9, R17: links that are dead


def test_R17_a_past_due_link_that_somebody_voided_is_taken_back_and_told() -> None:
    """The retries stay where they were."""
    book = past_due("authentication").at("2027-03-02T09:00")
    book.invoices["a1:2"] = "void"
    book.hint("a1:2")
    assert (book.state, payment_of(book).status, payment_of(book).action_url) == ("past_due", "declined", None)
    assert entries(book.account, "payment_declined")[-1].decline_code == "invoice_voided"
    assert payment_of(book).next_attempt_at == utc("2027-03-03T10:00")


def test_R9_another_card_pays_at_once_also_where_the_link_was_voided() -> None:
    """Seen by the same look."""
    book = past_due("authentication").at("2027-03-02T09:00")
    book.invoices["a1:2"], book.card = "void", "good"
    book.hint("a1:2")
    assert (book.state, book.charged) == ("active", [7500, 7500])


# ---------------------------------------------------------------------- answers that come twice, or to no one


def test_R8_a_void_that_was_refused_is_not_owed_of_what_is_paid() -> None:
    """Else it would be tried for ever."""
    book = Book.open()
    before = book.account
    late = InvoiceVoided(payment_key="a1:1", invoice=InvoiceState.UNKNOWN, reason="Invalid API Key provided")
    assert book.take(late, book.now) == ()
    assert book.account == before


def test_R13_a_look_adds_nothing_to_a_closed_account() -> None:
    """Not even which card the customer has."""
    book = Book.open(card="stopped")
    book.do(Close())
    before = book.account
    look = InvoiceObserved(payment_key="a1:1", invoice=InvoiceState.OPEN, payment_method="pm_late")
    assert book.take(look, book.now) == ()
    assert book.account == before


def test_R23_a_customer_that_was_made_anew_is_known_though_its_email_was_refused() -> None:
    """What comes next is asked for the new one."""
    book = Book.open()
    book.perform(book.take(EmailChanged(email="x@example.com", refused="no", customer_id="cus_2"), book.now))
    assert (book.account.customer_id, book.account.email) == ("cus_2", "owner@example.com")
    assert len(entries(book.account, "customer_replaced")) == 1


# ---------------------------------------------------------------------- R17: an entry says what its amount is made of


def test_R17_what_moves_money_says_how_many_carts_at_which_price() -> None:
    """Also where nobody waited for it, as its invoice has it; 0 carts are 0 times their price."""
    book = lapsed()
    found_by_hint(book, invoice("a1:9").model_copy(update={"quantity": 3, "unit_amount": 2500}))
    received = entries(book.account, "payment_received")[-1]
    assert (received.amount, received.carts, received.unit_amount) == (7500, 3, 2500)
    free = Book.open()
    free.do(SetCarts(carts=0))
    renewed = entries(free.at("2027-03-01T10:00").account, "renewed")[-1]
    assert (renewed.amount, renewed.carts, renewed.unit_amount) == (0, 0, 2500)


def test_R22_money_of_an_invoice_made_otherwise_says_no_more_than_is_known() -> None:
    """No line of it names a quantity and a price."""
    book = lapsed()
    found_by_hint(book, invoice("a1:9").model_copy(update={"quantity": None, "unit_amount": None}))
    received = entries(book.account, "payment_received")[-1]
    assert (received.amount, received.carts, received.unit_amount) == (7500, None, None)
