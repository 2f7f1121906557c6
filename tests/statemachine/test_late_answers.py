"""R8, R21, R22: an answer about an earlier payment, or a late one, decides nothing about the latest."""

from datetime import timedelta

import pytest

from reprise.statemachine import machine
from reprise.statemachine.account import DisabledReason
from reprise.statemachine.commands import Cancel, Close, Disable, Enable, ExtendTerm, Reactivate
from reprise.statemachine.effects import VoidInvoice
from reprise.statemachine.outcomes import (
    CustomerDeleted,
    Declined,
    EarlierPayment,
    InvoiceObserved,
    InvoiceState,
    InvoiceVoided,
    NoPaymentMethod,
    NotKnown,
    Paid,
    PaymentMethodChanged,
    PaymentOutcome,
    Processing,
    RequiresAction,
    Stopped,
)
from reprise.statemachine.payments import PaymentStatus
from reprise.statemachine.refusals import RefusalCode
from reprise.statemachine.terms import Term
from reprise.statemachine.timeline import STRIPE
from tests.statemachine.book import Book, utc
from tests.statemachine.standings import (
    MARCH,
    collecting,
    collecting_the_renewal,
    entries,
    invoice,
    past_due,
    payment_of,
    refusal,
    waiting,
)
from tests.workflows.records import ALL


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
    assert [entry.payment_key for entry in entries(book.account, "void_owed")] == ["a1:0", "a1:1b"]


def test_R22_an_earlier_payment_without_a_quantity_is_one() -> None:
    """Of its whole amount, named as Stripe names it."""
    book = collecting()
    bare = {"amount": 4_000, "quantity": None, "unit_amount": None}
    found = invoice("a1:1b", state=InvoiceState.PROCESSING).model_copy(update=bare)
    book.take(EarlierPayment(payment_key="a1:2", found=found), book.now)
    assert payment_of(book).quote.carts == 3, "as many as were quoted"
    (line,) = payment_of(book).quote.lines
    assert (line.quantity, line.unit_amount, line.amount) == (1, 4_000, 4_000)
    assert (payment_of(book).key, payment_of(book).invoice_id) == ("a1:1b", found.invoice_id)
    assert payment_of(book).status is PaymentStatus.PROCESSING


def test_R22_an_earlier_payment_is_for_the_month_that_it_says() -> None:
    """Which need not be the one that is to be renewed."""
    book = collecting_the_renewal()
    month = Term(start=utc("2027-02-20T10:00"), end=utc("2027-03-20T10:00"))
    found = invoice("a1:1b", state=InvoiceState.PROCESSING, period=month)
    book.take(EarlierPayment(payment_key="a1:2", found=found), book.now)
    assert [line.period for line in payment_of(book).quote.lines] == [month]
    assert payment_of(book).quote.term == MARCH


def test_R22_an_invoice_of_the_payment_itself_that_is_found_paid_is_named() -> None:
    """Found as the card was changed, before any attempt came to an end."""
    book = Book.open().at("2027-02-20T10:00")
    book.card = "stopped"
    book.at("2027-02-28T10:00")
    book.take(PaymentMethodChanged(asked_by=STRIPE, found=(invoice("a1:2"),)), book.now)
    assert (payment_of(book).invoice_id, payment_of(book).status) == ("in_a1:2", PaymentStatus.PAID)


def test_R22_a_renewal_that_is_paid_when_its_term_is_over_buys_a_month_from_then() -> None:
    """For an account out of service, which comes back for nothing."""
    book = past_due().at("2027-05-01T10:00")
    assert book.state == "disabled"
    book.take(Paid(payment_key="a1:2"), book.now)
    assert (book.state, book.account.term) == (
        "disabled",
        Term(start=utc("2027-05-01T10:00"), end=utc("2027-06-01T10:00")),
    )


def test_R8_R28_the_first_edition_loses_no_invoice() -> None:
    """What it was to authenticate stays so until it expires."""
    book = Book.open(edition=1, card="authentication")
    before = payment_of(book)
    assert book.take(InvoiceObserved(payment_key="a1:1", invoice=InvoiceState.VOID), book.now) == ()
    assert payment_of(book) == before


@pytest.mark.parametrize(
    ("edition", "told", "state"), [(1, "renewed", "active"), (2, "payment_received", "reactivated")]
)
def test_R22_R28_a_renewal_that_is_paid_beside_a_term_buys_nothing_in_the_second_edition(
    edition: int, told: str, state: str
) -> None:
    """Back for nothing within an extended term: the first edition took the old renewal for the account's."""
    book = past_due(edition=edition).at("2027-03-07T10:00")
    book.do(ExtendTerm(days=30))
    book.do(Reactivate())
    book.take(Paid(payment_key="a1:2"), book.now)
    assert (book.state, book.account.timeline[-1].type) == (state, f"account.{told}")


def test_R2_R6_R28_coming_back_counts_the_terms_anew_in_each_edition() -> None:
    """From the new anchor on."""
    for edition in (1, 2):
        book = Book.open(edition=edition).at("2027-04-10T10:00")
        book.do(Cancel())
        book.at("2027-06-01T10:00").do(Reactivate())
        assert (book.account.term_index, book.account.anchor) == (0, book.now)
        assert book.at("2027-07-02T10:00").account.term == Term(
            start=utc("2027-07-01T10:00"), end=utc("2027-08-01T10:00")
        )


def test_R8_a_renewal_that_is_found_paid_says_what_a_balance_has_paid() -> None:
    """Looked at as nothing was known of it."""
    book = collecting_the_renewal()
    book.take(InvoiceObserved(payment_key="a1:2", invoice=InvoiceState.PAID, charged=5_000), book.now)
    last = book.account.timeline[-1]
    assert (last.type, last.amount, last.charged, last.from_balance) == ("account.renewed", 7_500, 5_000, 2_500)


def test_R8_R21_what_clears_is_stopped_by_no_fault_of_ours_any_more() -> None:
    """The key was wrong at first."""
    book = Book.open().at("2027-02-20T10:00")
    book.card = "stopped"
    book.at("2027-02-28T10:00")
    assert payment_of(book).stopped_since == book.now
    book.take(Processing(payment_key="a1:2", invoice_id="in_2"), book.now)
    assert (payment_of(book).status, payment_of(book).stopped_since) == (PaymentStatus.PROCESSING, None)


PAID = tuple(account for account in (each() for each in ALL) if account.payment and account.payment.status == "paid")


@pytest.mark.parametrize("edition", [1, 2])
@pytest.mark.parametrize(
    "answer",
    [
        Paid(payment_key="", charged=7_500),
        Processing(payment_key=""),
        Declined(payment_key="", code="generic_decline"),
        NoPaymentMethod(payment_key=""),
        CustomerDeleted(payment_key="", customer_id="cus_2"),
        RequiresAction(payment_key="", url="https://pay.example.com/in"),
        Stopped(payment_key="", reason="Invalid API Key provided"),
        NotKnown(payment_key="", reason="no answer"),
        EarlierPayment(payment_key="", found=invoice("a1:0")),
    ],
    ids=lambda answer: answer.kind,
)
def test_R22_no_answer_about_a_paid_payment_changes_anything(answer: PaymentOutcome, edition: int) -> None:
    """It came before, and is acted on once."""
    assert len(PAID) > 4
    for each in PAID:
        assert each.payment is not None
        account = each.model_copy(update={"edition": edition})
        told = answer.model_copy(update={"payment_key": each.payment.key})
        assert machine.take(account, told, utc("2027-06-01T10:00")) == (account, ())


@pytest.mark.parametrize("edition", [1, 2])
@pytest.mark.parametrize("card", ["generic_decline", "authentication", "stopped"])
@pytest.mark.parametrize("last", ["declined", "voided"])
def test_R13_a_first_payment_that_fails_late_leaves_the_operators_hold(card: str, last: str, edition: int) -> None:
    """Its account is disabled by an operator still, not for its payment."""
    book = Book.open(card=card, edition=edition)
    book.do(Disable(reason="check"))
    book.take(Processing(payment_key="a1:1"), book.now)
    assert payment_of(book).status is PaymentStatus.PROCESSING
    state = InvoiceState.OPEN if last == "declined" else InvoiceState.VOID
    book.take(InvoiceObserved(payment_key="a1:1", invoice=state), book.now)
    assert payment_of(book).status is PaymentStatus.DECLINED
    assert book.account.disabled_reason is DisabledReason.OPERATOR
    assert refusal(book, Reactivate()) is RefusalCode.DISABLED_BY_OPERATOR
    book.do(Enable())
    assert (book.state, book.account.disabled_reason) == ("disabled", "first_payment_failed")
