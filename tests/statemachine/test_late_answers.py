"""R8, R21, R22: an answer about an earlier payment, or a late one, decides nothing about the latest."""

from datetime import timedelta

import pytest

from reprise.statemachine.commands import Close
from reprise.statemachine.effects import VoidInvoice
from reprise.statemachine.outcomes import EarlierPayment, InvoiceObserved, InvoiceState, InvoiceVoided
from reprise.statemachine.payments import PaymentStatus
from tests.statemachine.book import Book
from tests.statemachine.standings import collecting, entries, invoice, past_due, payment_of, waiting


@pytest.mark.parametrize("state", [InvoiceState.VOID, InvoiceState.MISSING, InvoiceState.OPEN, InvoiceState.UNKNOWN])
def test_R10_the_void_of_an_earlier_invoice_expires_no_later_payment(state: InvoiceState) -> None:
    """The payer of the latest is still to authenticate."""
    book = waiting()
    before = payment_of(book)
    book.take(InvoiceVoided(payment_key="a1:1b", invoice=state), book.now)
    assert payment_of(book) == before


def test_R21_an_earlier_invoice_that_clears_keeps_its_void_owed() -> None:
    """Though a later payment is awaited, which is another one."""
    book = past_due()
    book.take(InvoiceVoided(payment_key="a1:0", invoice=InvoiceState.PROCESSING), book.now)
    assert [owed.payment_key for owed in book.account.voids_owed] == ["a1:0"]
    assert payment_of(book).status is PaymentStatus.DECLINED


def test_R13_R21_a_closed_account_waits_for_no_debit() -> None:
    """The renewal was being paid as the account was closed: its void stays owed."""
    book = past_due()
    book.take(Close(), book.now)
    book.take(InvoiceVoided(payment_key="a1:2", invoice=InvoiceState.PROCESSING), book.now)
    assert [owed.payment_key for owed in book.account.voids_owed] == ["a1:2"]
    assert book.state == "closed"


@pytest.mark.parametrize("edition", [1, 2])
@pytest.mark.parametrize("answer", [InvoiceVoided, InvoiceObserved])
def test_R22_an_invoice_that_is_found_paid_is_named(
    answer: type[InvoiceVoided] | type[InvoiceObserved], edition: int
) -> None:
    """What Stripe calls it is known from then on, if it was not before."""
    book = Book.open(edition=edition).at("2027-02-20T10:00")
    book.card = "stopped"
    book.at("2027-02-28T10:00")
    assert payment_of(book).invoice_id is None
    book.take(answer(payment_key="a1:2", invoice_id="in_2", invoice=InvoiceState.PAID), book.now)
    assert (payment_of(book).invoice_id, payment_of(book).status) == ("in_2", PaymentStatus.PAID)


@pytest.mark.parametrize("state", [InvoiceState.OPEN, InvoiceState.VOID, InvoiceState.PROCESSING, InvoiceState.PAID])
def test_R15_what_was_seen_of_an_earlier_invoice_says_nothing_of_the_latest(state: InvoiceState) -> None:
    """Even with another card than the latest payment's: no attempt follows, no end."""
    book = past_due()
    before = book.account
    seen = InvoiceObserved(payment_key="a1:1b", invoice_id="in_1b", invoice=state, payment_method="pm_another")
    assert book.take(seen, book.now) == ()
    assert book.account == before


def test_R9_R21_a_debit_that_fails_for_good_is_not_asked_again() -> None:
    """The bank's advice comes with what is seen of the invoice."""
    book = Book.open().at("2027-02-20T10:00")
    book.card = "processing"
    book.at("2027-02-28T10:00")
    failed = InvoiceObserved(
        payment_key="a1:2",
        invoice=InvoiceState.OPEN,
        decline_code="debit_not_authorized",
        advice="do_not_try_again",
    )
    book.take(failed, book.now)
    assert payment_of(book).do_not_retry


def test_R8_another_card_is_no_reason_to_ask_while_the_invoice_is_not_known() -> None:
    """Stripe has refused to show it: it may be paid, or being paid."""
    book = past_due()
    seen = InvoiceObserved(payment_key="a1:2", invoice=InvoiceState.UNKNOWN, payment_method="pm_another")
    assert book.take(seen, book.now) == ()


@pytest.mark.parametrize(
    ("reason", "told"), [("This invoice is locked", "This invoice is locked"), (None, "the invoice is open")]
)
def test_R8_a_void_that_is_owed_says_why(reason: str | None, told: str) -> None:
    """Stripe's own words, or what the invoice was found to be."""
    book = past_due()
    book.take(InvoiceVoided(payment_key="a1:2", invoice=InvoiceState.OPEN, reason=reason), book.now)
    assert [entry.reason for entry in entries(book.account, "void_owed")] == [told]


def test_R8_each_owed_void_is_tried_at_its_own_instants() -> None:
    """One that became owed later waits for its own."""
    book = past_due()
    book.take(InvoiceVoided(payment_key="a1:0", invoice=InvoiceState.OPEN), book.now)
    first = book.account.voids_owed[0].next_attempt_at
    book.take(InvoiceVoided(payment_key="a1:1b", invoice=InvoiceState.OPEN), first - timedelta(minutes=20))
    later = book.account.voids_owed[1].next_attempt_at
    assert later > first
    effects = book.fire_due(first)
    assert [effect.payment_key for effect in effects if isinstance(effect, VoidInvoice)] == ["a1:0"]
    assert book.account.voids_owed[0].next_attempt_at > first
    assert book.account.voids_owed[1].next_attempt_at == later


def test_R22_an_earlier_payment_without_a_quantity_is_one() -> None:
    """Of its whole amount, named as Stripe names it."""
    book = collecting()
    bare = {"amount": 4_000, "quantity": None, "unit_amount": None}
    found = invoice("a1:1b", state=InvoiceState.PROCESSING).model_copy(update=bare)
    book.take(EarlierPayment(payment_key="a1:2", found=found), book.now)
    (line,) = payment_of(book).quote.lines
    assert (line.quantity, line.unit_amount, line.amount) == (1, 4_000, 4_000)
    assert (payment_of(book).key, payment_of(book).invoice_id) == ("a1:1b", found.invoice_id)
    assert payment_of(book).status is PaymentStatus.PROCESSING
