"""R3, R8, R14: what ends a payment, and what of it is left at Stripe."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from reprise.statemachine import editions, machine
from reprise.statemachine.commands import AnyCommand, Cancel, Close, Disable, ExtendTerm
from reprise.statemachine.effects import StripeEffect, VoidInvoice
from reprise.statemachine.outcomes import InvoiceState, InvoiceVoided, NoPaymentMethod
from reprise.statemachine.payments import PaymentStatus
from tests.statemachine.book import Book, opening, utc
from tests.statemachine.standings import EDITIONS, past_due, payment_of, waiting

STANDINGS: dict[str, Callable[[int], Book]] = {
    "first": lambda edition: Book.open(card="authentication", edition=edition),
    "reactivation": lambda edition: waiting(edition=edition),
    "renewal": lambda edition: past_due("authentication", edition=edition),
}
"""Accounts whose payer is to authenticate."""

CALLED_OFF: list[tuple[str, int, AnyCommand]] = [
    (standing, edition, command)
    for standing in STANDINGS
    for edition in EDITIONS
    for command in (Cancel(), Disable(reason="check"), Close())
]
CALLED_OFF.append(("renewal", editions.SECOND, ExtendTerm(days=7)))


@pytest.mark.parametrize(("standing", "edition", "command"), CALLED_OFF)
def test_R14_what_is_called_off_can_be_neither_authenticated_nor_tried(
    standing: str, edition: int, command: AnyCommand
) -> None:
    """Its page is shown no more, nothing of it is due, and its invoice is voided."""
    book = STANDINGS[standing](edition)
    key = payment_of(book).key
    assert payment_of(book).action_url is not None
    book.do(command)
    payment = payment_of(book)
    assert (payment.key, payment.status, payment.decline_code) == (key, PaymentStatus.DECLINED, "cancelled")
    assert (payment.abandoned, book.invoices[key]) == (True, "void")
    assert (payment.action_url, payment.next_attempt_at, payment.expires_at) == (None, None, None)


@pytest.mark.parametrize(("edition", "voids"), [(1, (VoidInvoice(payment_key="a1:1", invoice_id=None),)), (2, ())])
def test_R8_R28_without_a_customer_there_is_no_invoice_to_void(edition: int, voids: tuple[StripeEffect, ...]) -> None:
    """The first edition asked for it all the same."""
    account = machine.open_account(opening(), utc("2027-01-31T10:00"), edition=edition).account
    assert account.customer_id is None
    book = Book(account, utc("2027-01-31T10:00"))
    effects = book.take(NoPaymentMethod(payment_key="a1:1"), book.now)
    assert tuple(each for each in effects if isinstance(each, VoidInvoice)) == voids


def test_R8_a_second_void_that_is_owed_counts_its_own_hours() -> None:
    """The first has been tried for days, every six hours by now; the second is tried hourly at first."""
    book = past_due()
    began = book.now
    book.take(InvoiceVoided(payment_key="a1:0", invoice=InvoiceState.OPEN), began)
    later = began + timedelta(days=2)
    for key in ("a1:1b", "a1:0", "a1:1b"):
        book.take(InvoiceVoided(payment_key=key, invoice=InvoiceState.OPEN), later)
    owed = {each.payment_key: (each.since, each.next_attempt_at - later) for each in book.account.voids_owed}
    assert owed == {"a1:0": (began, timedelta(hours=6)), "a1:1b": (later, timedelta(hours=1))}
