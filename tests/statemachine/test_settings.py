"""R11, R26: carts, payment method and billing e-mail."""

import pytest

from reprise.statemachine.commands import AnyCommand, SetCarts, SetEmail, SetPaymentMethod
from reprise.statemachine.outcomes import Paid
from tests.statemachine.book import Book
from tests.statemachine.standings import cancelled, collecting, entries, lapsed, past_due


@pytest.mark.parametrize("command", [SetCarts(carts=9), SetPaymentMethod(payment_method="pm_x")])
def test_R11_settings_change_no_state(command: AnyCommand) -> None:
    """In every open state."""
    for book in (Book.open(), cancelled(), past_due(), lapsed()):
        before = book.state
        book.card = "generic_decline"
        book.do(command)
        assert book.state == before


def test_R11_a_payment_under_way_keeps_its_quote() -> None:
    """Carts changed meanwhile count from the next."""
    book = collecting()
    book.do(SetCarts(carts=9))
    payment = book.account.payment
    assert payment is not None
    book.perform(book.take(Paid(payment_key=payment.key), book.now))
    assert payment.quote.amount_due == 7500
    assert book.account.term is not None
    assert book.account.carts == 9


def test_R26_the_billing_email_is_changed_where_stripe_has_taken_it() -> None:
    """Refused by Stripe, it stays as it was."""
    book = Book.open()
    book.do(SetEmail(email="new@example.com"))
    assert (book.account.email, len(entries(book.account, "email_changed"))) == ("new@example.com", 1)
    book.key_is_wrong = True
    book.do(SetEmail(email="other@example.com"))
    assert book.account.email == "new@example.com"
