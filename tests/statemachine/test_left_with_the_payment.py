"""R8-R10, R21: what an answer of Stripe's leaves with the payment, field by field, by each edition."""

from datetime import timedelta
from typing import Any

import pytest

from reprise.statemachine.commands import Cancel, Disable, Reactivate
from reprise.statemachine.effects import VoidInvoice
from reprise.statemachine.outcomes import (
    CustomerDeleted,
    Declined,
    InvoiceState,
    InvoiceVoided,
    NoPaymentMethod,
    Paid,
    PaymentOutcome,
    Processing,
    RequiresAction,
    Stopped,
)
from reprise.statemachine.payments import PaymentPurpose, PaymentStatus
from tests.statemachine.book import Book, utc
from tests.statemachine.standings import BOTH, entries, lapsed, past_due, payment_of

PURPOSES = pytest.mark.parametrize("purpose", [PaymentPurpose.REACTIVATION, PaymentPurpose.RENEWAL])

BEFORE: dict[str, Any] = {
    "status": PaymentStatus.COLLECTING,
    "invoice_id": "in_before",
    "payment_method": "pm_before",
    "decline_code": "code_before",
    "action_url": "https://pay.example.com/before",
    "started_at": utc("2027-02-28T10:00"),
    "attempted_at": utc("2027-03-01T10:00"),
    "next_attempt_at": utc("2027-03-01T09:01"),
    "retries_from": utc("2027-03-01T09:02"),
    "expires_at": utc("2027-03-01T09:03"),
    "do_not_retry": True,
    "stopped_since": utc("2027-03-01T09:04"),
    "not_known_since": utc("2027-03-01T09:05"),
    "processing_since": utc("2027-03-01T09:06"),
}
"""A payment of which everything is said that can be."""

NOW = utc("2027-03-01T10:02")
"""When the answer comes."""

OVER = dict.fromkeys(("action_url", "expires_at", "not_known_since", "processing_since"))
"""What no answer leaves as it was, but for what it says itself."""


def asked(purpose: PaymentPurpose, edition: int) -> Book:
    """Return an account whose payment has been asked for, and has a past."""
    book = past_due(edition=edition) if purpose is PaymentPurpose.RENEWAL else lapsed(edition=edition)
    if purpose is PaymentPurpose.REACTIVATION:
        book.take(Reactivate(), book.now)
    book.account = book.account.model_copy(update={"payment": payment_of(book).model_copy(update=BEFORE)})
    book.now = NOW
    return book


def changes(book: Book, answer: PaymentOutcome) -> dict[str, Any]:
    """Return the fields that an answer changes, and to what."""
    before = payment_of(book).model_dump()
    book.take(answer, book.now)
    return {name: value for name, value in payment_of(book).model_dump().items() if value != before[name]}


@BOTH
@PURPOSES
@pytest.mark.parametrize("named", [{}, {"invoice_id": "in_now", "payment_method": "pm_now"}])
def test_R8_a_payment_that_is_paid_waits_for_nothing(
    purpose: PaymentPurpose, edition: int, named: dict[str, str]
) -> None:
    """And keeps the names that the answer does not say anew."""
    paid = {"status": "paid", "decline_code": None, "next_attempt_at": None, "stopped_since": None}
    assert changes(asked(purpose, edition), Paid(payment_key="a1:2", **named)) == OVER | paid | named


@BOTH
@PURPOSES
@pytest.mark.parametrize("named", [{}, {"invoice_id": "in_now", "payment_method": "pm_now"}])
def test_R21_a_payment_that_clears_is_looked_at_from_its_beginning_on(
    purpose: PaymentPurpose, edition: int, named: dict[str, str]
) -> None:
    """An answer that comes again neither begins it anew nor tells it."""
    book = asked(purpose, edition)
    clears = {"status": "processing", "decline_code": None, "do_not_retry": False, "stopped_since": None}
    over = {"action_url": None, "expires_at": None, "not_known_since": None}
    look = {"next_attempt_at": utc("2027-03-01T10:06")}
    assert changes(book, Processing(payment_key="a1:2", **named)) == over | clears | look | named
    assert entries(book.account, "payment_processing") == []


ANSWERS: list[tuple[Any, dict[str, Any]]] = [
    (Declined(payment_key="a1:2", code="lost_card"), {"decline_code": "lost_card", "do_not_retry": True}),
    (Declined(payment_key="a1:2", code="lost_card", advice="try_again_later"), {"decline_code": "lost_card"}),
    (
        Declined(payment_key="a1:2", code="code", advice="do_not_try_again"),
        {"decline_code": "code", "do_not_retry": True},
    ),
    (Declined(payment_key="a1:2", code="code", invoice_id="in_now"), {"decline_code": "code", "invoice_id": "in_now"}),
    (Declined(payment_key="a1:2", code="code", payment_method="pm"), {"decline_code": "code", "payment_method": "pm"}),
    (NoPaymentMethod(payment_key="a1:2"), {"decline_code": "no_payment_method"}),
    (CustomerDeleted(payment_key="a1:2", customer_id="cus_2"), {"decline_code": "no_payment_method"}),
    (
        Stopped(payment_key="a1:2", reason="key"),
        {"decline_code": "payment_stopped", "stopped_since": BEFORE["stopped_since"]},
    ),
    (
        RequiresAction(payment_key="a1:2", url="https://pay.example.com/now"),
        {"status": "requires_action", "decline_code": None, "action_url": "https://pay.example.com/now"},
    ),
]
"""What else an answer leaves than a decline of which nothing is said, by edition 2."""


@BOTH
@PURPOSES
@pytest.mark.parametrize(("answer", "leaves"), ANSWERS)
def test_R8_R9_R10_what_a_payment_that_is_not_paid_keeps_of_its_past(
    answer: PaymentOutcome, leaves: dict[str, Any], purpose: PaymentPurpose, edition: int
) -> None:
    """Edition 1 heeded no advice, forgot since when it was stopped, and the method where the answer names none."""
    book = asked(purpose, edition)
    was = payment_of(book)
    changed = changes(book, answer)
    left = {"status": "declined", "do_not_retry": False, "stopped_since": None, "payment_method": "pm_before"}
    left |= OVER | {"invoice_id": "in_before"} | leaves
    if edition == 1:
        left |= {"do_not_retry": False, "stopped_since": None, "payment_method": leaves.get("payment_method")}
    renews, waits = purpose is PaymentPurpose.RENEWAL, isinstance(answer, RequiresAction)
    if renews:
        left |= {"expires_at": was.expires_at}
    elif waits:
        began = was.started_at if edition == 1 else BEFORE["attempted_at"]
        left |= {"expires_at": began + timedelta(hours=23)}
    now = payment_of(book).model_dump()
    assert {name: now[name] for name in left} == left
    assert changed.keys() <= left.keys() | {"next_attempt_at"}
    assert (now["next_attempt_at"] is not None) is (renews or waits)


def test_R10_a_record_that_does_not_say_when_its_attempt_began_counts_from_the_payment() -> None:
    """As 0.1.0 wrote them."""
    book = asked(PaymentPurpose.REACTIVATION, 2)
    book.account = book.account.model_copy(
        update={"payment": payment_of(book).model_copy(update={"attempted_at": None})}
    )
    book.take(RequiresAction(payment_key="a1:2", url="https://pay.example.com/now"), book.now)
    assert payment_of(book).expires_at == BEFORE["started_at"] + timedelta(hours=23)


@BOTH
def test_R8_a_stop_is_told_in_stripes_words(edition: int) -> None:
    book = Book.open(edition=edition, card="stopped")
    assert [entry.reason for entry in entries(book.account, "payment_stopped")] == ["Invalid API Key provided"]


def clearing_though_called_off(book: Book, how: Cancel | Disable) -> Book:
    """The payer has paid by debit what was to be authenticated, as it was called off: Stripe refuses the void."""
    book.take(how, book.now)
    book.take(InvoiceVoided(payment_key=payment_of(book).key, invoice=InvoiceState.PROCESSING), book.now)
    assert (payment_of(book).status, payment_of(book).abandoned) == ("processing", True)
    return book


@BOTH
def test_R1_R3_a_first_payment_that_was_called_off_is_not_asked_for_again(edition: int) -> None:
    """Though it stops for our fault, which others are tried again for: it is voided."""
    book = clearing_though_called_off(Book.open(card="authentication", edition=edition), Cancel())
    effects = book.take(Stopped(payment_key="a1:1", reason="key"), book.now)
    assert [each for each in effects if isinstance(each, VoidInvoice)]
    assert (payment_of(book).status, payment_of(book).next_attempt_at) == ("declined", None)
    assert book.deadline is None


@BOTH
@pytest.mark.parametrize(
    "answer",
    [
        RequiresAction(payment_key="a1:2", url="https://pay.example.com/now"),
        Declined(payment_key="a1:2", code="code"),
        Stopped(payment_key="a1:2", reason="key"),
    ],
)
def test_R9_a_renewal_that_is_given_up_waits_for_nothing(answer: PaymentOutcome, edition: int) -> None:
    """The last retry is over, and its page can be paid no more."""
    book = asked(PaymentPurpose.RENEWAL, edition)
    stopped = utc("2027-03-01T10:00")
    update = {"retries_from": None, "stopped_since": stopped if isinstance(answer, Stopped) else None}
    book.account = book.account.model_copy(update={"payment": payment_of(book).model_copy(update=update)})
    book.now = utc("2027-03-15T10:00")
    effects = book.take(answer, book.now)
    assert (book.state, book.account.disabled_reason) == ("disabled", "payment_failed")
    assert (payment_of(book).action_url, payment_of(book).next_attempt_at) == (None, None)
    assert [each.payment_key for each in effects if isinstance(each, VoidInvoice)] == ["a1:2"]


@BOTH
def test_R1_a_first_payment_that_is_declined_is_not_tried_by_itself(edition: int) -> None:
    """Its invoice is void, and nothing is due."""
    book = Book.open(card="generic_decline", edition=edition)
    assert (payment_of(book).status, payment_of(book).next_attempt_at) == ("declined", None)
    assert (book.invoices, book.deadline) == ({"a1:1": "void"}, None)
