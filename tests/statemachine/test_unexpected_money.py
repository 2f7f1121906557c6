"""R22: money that comes late, twice or unasked, and what it buys."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from reprise.statemachine.commands import Cancel, ExtendTerm, Reactivate
from reprise.statemachine.outcomes import (
    EarlierPayment,
    EmailChanged,
    Invoice,
    InvoiceObserved,
    InvoiceState,
    InvoiceVoided,
    PaymentMethodChanged,
)
from reprise.statemachine.terms import Term
from tests.statemachine.book import Book, utc
from tests.statemachine.standings import (
    MARCH,
    collecting_the_renewal,
    entries,
    found_by_hint,
    invoice,
    lapsed,
    past_due,
    payment_of,
)


def test_R22_an_earlier_payment_found_paid_brings_the_account_back_without_another_charge() -> None:
    """E15: the first try committed and its answer was lost; nothing was begun beside it."""
    book = lapsed()
    book.now = utc("2027-04-15T12:00")
    book.take(Reactivate(), book.now)
    found = invoice("a1:9")
    book.perform(book.take(EarlierPayment(payment_key="a1:2", found=found), book.now))
    assert (book.state, book.attempts) == ("reactivated", [("a1:1", 1)])
    assert book.account.paid_keys[-1] == "a1:9"
    assert (payment_of(book).key, payment_of(book).invoice_id) == ("a1:9", "in_a1:9")


def test_R22_an_earlier_payment_that_clears_is_waited_for() -> None:
    """202 meanwhile; no other payment begins beside it (R21)."""
    book = lapsed()
    book.take(Reactivate(), book.now)
    found = invoice("a1:9", state=InvoiceState.PROCESSING)
    book.perform(book.take(EarlierPayment(payment_key="a1:2", found=found), book.now))
    assert (book.state, payment_of(book).status, payment_of(book).key) == ("disabled", "processing", "a1:9")
    book.perform(book.take(InvoiceObserved(payment_key="a1:9", invoice=InvoiceState.PAID), book.now))
    assert book.state == "reactivated"


def test_R22_a_late_payment_of_an_account_out_of_service_buys_a_month_from_now() -> None:
    """The state stays; coming back is free."""
    book = lapsed()
    book.found = [invoice("a1:1b", period=MARCH)]
    book.hint("a1:1b")
    assert (book.state, book.account.term) == (
        "disabled",
        Term(start=utc("2027-04-15T12:00"), end=utc("2027-05-15T12:00")),
    )
    book.hint("a1:1b")
    assert len(entries(book.account, "payment_received")) == 1
    book.do(Reactivate(expected_amount=0))
    assert (book.state, book.charged) == ("reactivated", [7500])


def test_R22_a_late_payment_within_a_paid_rest_comes_after_it() -> None:
    """Cancelled at once on 10 February: paid to the 28th, and a month after that by the anchor, the 31st (R2)."""
    book = Book.open().at("2027-02-10T10:00")
    book.do(Cancel(when="now"))
    book.found = [invoice("a1:1b", period=MARCH)]
    book.hint("a1:1b")
    assert book.account.term == Term(start=utc("2027-01-31T10:00"), end=utc("2027-03-31T10:00"))
    assert (book.account.anchor, book.account.term_index) == (utc("2027-01-31T10:00"), 1)


def test_R22_an_older_invoice_for_the_same_term_renews_a_past_due_account() -> None:
    """And the open invoice can be paid no more."""
    book = past_due()
    book.found = [invoice("a1:1b", period=MARCH)]
    book.hint("a1:1b")
    assert (book.state, book.account.term, book.invoices["a1:2"]) == ("active", MARCH, "void")
    assert book.at("2027-03-30T10:00").charged == [7500]


def test_R22_money_for_an_account_that_is_paid_is_shown_to_be_refunded() -> None:
    """In service, its term paid otherwise: an entry for operators, and nothing else changes."""
    book = Book.open().at("2027-02-10T10:00")
    before = book.account.term
    book.found = [invoice("a1:1b", period=MARCH)]
    book.hint("a1:1b")
    assert (book.state, book.account.term) == ("active", before)
    assert [entry.reason for entry in entries(book.account, "payment_received")] == [
        "the account is in service, and its term is paid: refund it"
    ]


def test_R22_a_hint_about_a_payment_that_is_known_to_be_paid_costs_nothing() -> None:
    """Each renewal's own webhook comes back."""
    book = Book.open()
    looks = len(book.performed)
    book.hint("a1:1")
    assert len(book.performed) == looks
    book.hint("a1:7")
    assert len(book.performed) == looks + 1


def test_R22_an_invoice_that_goodwill_has_ended_and_the_payer_pays_all_the_same_is_to_be_refunded() -> None:
    """The void was refused, and the old link still worked."""
    book = past_due().at("2027-03-02T10:00")
    book.key_is_wrong = True
    book.do(ExtendTerm(days=7))
    term = book.account.term
    book.pay_by_hand()
    book.key_is_wrong = False
    book.at("2027-03-02T11:00")
    assert (book.state, book.account.term) == ("active", term)
    assert [entry.reason for entry in entries(book.account, "payment_received")] == [
        "the account is in service, and its term is paid: refund it"
    ]


@pytest.mark.parametrize("kind", [PaymentMethodChanged, EmailChanged])
def test_R22_money_on_a_deleted_customer_is_not_left_behind(kind: type[PaymentMethodChanged | EmailChanged]) -> None:
    """A change that registers the customer anew tells what was paid on the old one."""
    book = lapsed()
    paid = Invoice(payment_key="a1:9", invoice_id="in_9", state=InvoiceState.PAID, amount=7500, currency="usd")
    told = {"customer_id": "cus_2", "found": (paid,), "email": "new@example.com"}
    book.perform(book.take(kind.model_validate(told), book.now))
    assert (book.account.customer_id, "a1:9" in book.account.paid_keys) == ("cus_2", True)
    assert len(entries(book.account, "payment_received")) == 1
    book.do(Reactivate())
    assert (book.state, book.charged) == ("reactivated", [7500])


def test_R22_a_void_that_was_faster_than_none_is_money_found() -> None:
    """An earlier payment's invoice turns out to be paid; one about which nothing is said changes nothing."""
    book = past_due()
    nothing = InvoiceVoided(payment_key="a1:9", invoice=InvoiceState.PAID)
    assert book.take(nothing, book.now) == ()
    paid = Invoice(payment_key="a1:9", invoice_id="in_9", state=InvoiceState.PAID, amount=7500, currency="usd")
    book.perform(book.take(nothing.model_copy(update={"found": paid}), book.now))
    assert "a1:9" in book.account.paid_keys
    known = book.account
    assert book.take(nothing.model_copy(update={"found": paid}), book.now) == ()
    assert book.account == known


def test_R22_the_latest_payment_found_among_others_is_taken_as_its_own() -> None:
    """A look in general may find it: it renews the account once; what is clearing is not there yet."""
    book = past_due()
    clearing = Invoice(payment_key="a1:8", invoice_id="in_8", state=InvoiceState.PROCESSING, amount=1, currency="usd")
    paid = Invoice(payment_key="a1:2", invoice_id="in_2", state=InvoiceState.PAID, amount=7500, currency="usd")
    look = InvoiceObserved(payment_key=None, invoice=InvoiceState.MISSING, found=(clearing, paid))
    book.perform(book.take(look, book.now))
    assert (book.state, book.account.paid_keys) == ("active", ("a1:1", "a1:2"))


def test_R22_an_earlier_payment_says_what_a_balance_paid_of_it() -> None:
    """Of 75.00, a credit of 20.00 at Stripe paid a part."""
    book = collecting_the_renewal()
    payment = book.account.payment
    assert payment is not None
    found = Invoice(
        payment_key="a1:1b",
        invoice_id="in_1b",
        state=InvoiceState.PAID,
        amount=7500,
        currency="usd",
        charged=5500,
        period=payment.quote.term,
    )
    book.perform(book.take(EarlierPayment(payment_key="a1:2", found=found), book.now))
    entry = book.account.timeline[-1]
    assert (entry.type, entry.amount, entry.charged, entry.from_balance) == ("account.renewed", 7500, 5500, 2000)
    assert (entry.payment_key, entry.invoice_id) == ("a1:1b", "in_1b")


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


def test_R22_nothing_is_collected_beside_money_that_the_same_look_has_found() -> None:
    """A new card and an older invoice that was paid, both seen at once: one month, one charge."""
    book = past_due()
    book.card = "good"
    found_by_hint(book, invoice("a1:1b", period=MARCH))
    assert (book.state, book.charged, book.invoices["a1:2"]) == ("active", [7500], "void")


def test_R22_money_of_an_invoice_made_otherwise_says_no_more_than_is_known() -> None:
    """No line of it names a quantity and a price."""
    book = lapsed()
    found_by_hint(book, invoice("a1:9").model_copy(update={"quantity": None, "unit_amount": None}))
    received = entries(book.account, "payment_received")[-1]
    assert (received.amount, received.carts, received.unit_amount) == (7500, None, None)


def test_R22_money_found_on_an_account_that_has_no_payment_is_told() -> None:
    """It was paid elsewhere, and has begun none here; its customer at Stripe has one of an earlier record."""
    book = Book.open(paid_through=utc("2027-02-10T10:00"))
    found = Invoice(
        payment_key="a1:7",
        invoice_id="in_7",
        state=InvoiceState.PAID,
        amount=7500,
        currency="usd",
        carts=3,
        unit_amount=2500,
        period=Term(start=utc("2026-12-10T10:00"), end=utc("2027-01-10T10:00")),
    )
    look = InvoiceObserved(payment_key=None, invoice=InvoiceState.MISSING, found=(found,))
    book.perform(book.take(look, book.now))
    assert (book.account.timeline[-1].type, book.account.timeline[-1].payment_key) == (
        "account.payment_received",
        "a1:7",
    )


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (Book.open, "the account is in service, and its term is paid: refund it"),
        (past_due, "the account is past due for another term: refund it"),
    ],
)
def test_R22_money_that_buys_nothing_says_why_it_is_to_be_refunded(make: Callable[[], Book], why: str) -> None:
    """To the operators who give it back."""
    book = make()
    month = Term(start=utc("2026-11-30T10:00"), end=utc("2026-12-31T10:00"))
    found_by_hint(book, invoice("a1:9", period=month))
    assert [entry.reason for entry in entries(book.account, "payment_received")] == [why]


def test_R22_the_latest_forty_payments_are_known_to_be_paid() -> None:
    """Twice a page of Stripe's newest invoices."""
    book = Book.open()
    keys = [f"a1:1x{n}" for n in range(41)]
    look = InvoiceObserved(payment_key=None, invoice=InvoiceState.MISSING, found=tuple(map(invoice, keys[:39])))
    book.take(look, book.now)
    assert book.account.paid_keys == ("a1:1", *keys[:39])
    book.take(look.model_copy(update={"found": tuple(map(invoice, keys[39:]))}), book.now)
    assert book.account.paid_keys == tuple(keys[1:])


@pytest.mark.parametrize("after", [timedelta(hours=1), timedelta(days=2), -timedelta(minutes=1), -timedelta(hours=1)])
def test_R6_R22_a_month_that_begins_otherwise_than_now_is_given_from_now(after: timedelta) -> None:
    """An earlier payment's: one that is to begin begins with service; one that began is kept for a minute."""
    book = lapsed()
    book.take(Reactivate(), book.now)
    start = book.now + after
    found = invoice("a1:9", period=Term(start=start, end=start + timedelta(days=30)))
    book.take(EarlierPayment(payment_key="a1:2", found=found), book.now)
    assert book.account.term is not None
    assert (book.state, book.account.anchor) == ("reactivated", book.account.term.start)
    assert book.account.term.start == (start if after == -timedelta(minutes=1) else book.now)
    (line,) = payment_of(book).quote.lines
    assert (line.quantity, line.unit_amount, line.amount) == (3, 2500, 7500)


def test_R2_R22_a_month_that_was_found_is_the_first_of_its_anchor() -> None:
    """However many came before."""
    book = lapsed()
    book.account = book.account.model_copy(update={"term_index": 3})
    found_by_hint(book, invoice("a1:9"))
    assert (book.account.term_index, book.account.anchor) == (0, book.now)
