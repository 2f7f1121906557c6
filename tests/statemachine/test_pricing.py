"""R5, R6, R7, R11, R12: which quote applies when."""

import pytest

from reprise.statemachine.commands import Cancel, ChangePlan, Reactivate, SetCarts
from reprise.statemachine.money import Plan
from reprise.statemachine.payments import PaymentStatus
from reprise.statemachine.pricing import next_quote, quote_now, reactivation_quote, renewal_quote
from tests.statemachine.book import Book, utc
from tests.statemachine.standings import lapsed, past_due

BACK = utc("2027-04-15T12:00")


@pytest.mark.parametrize("status", list(PaymentStatus))
def test_R11_while_a_payment_is_open_its_own_quote_applies(status: PaymentStatus) -> None:
    """In its own currency, whatever carts and plan are by now; once it is known, today's."""
    book = lapsed()
    book.card = "authentication"
    book.do(Reactivate())
    book.do(SetCarts(carts=7))
    book.do(ChangePlan(plan=Plan(currency="jpy", unit_amount=500)))
    payment = book.account.payment
    assert payment is not None
    account = book.account.model_copy(update={"payment": payment.model_copy(update={"status": status})})
    quote = quote_now(account, BACK)
    if status.is_open:
        assert quote == payment.quote
        assert (quote.amount_due, quote.currency) == (7500, "usd")
    else:
        assert (quote.amount_due, quote.currency) == (3500, "jpy")


def test_R6_within_the_term_nothing_is_due_and_after_it_a_month() -> None:
    """To the second."""
    book = Book.open().at("2027-02-10T10:00")
    book.do(Cancel(when="now"))
    end = utc("2027-02-28T10:00")
    assert quote_now(book.account, utc("2027-02-28T09:59")).amount_due == 0
    assert quote_now(book.account, end).amount_due == 7500
    assert quote_now(book.account, end).term.start == end


def test_R5_the_next_payment_is_the_renewal_of_what_renews_and_else_the_return() -> None:
    """What is past due, cancelled or out of service would come back by a new payment."""
    active = Book.open().at("2027-02-10T10:00")
    assert next_quote(active.account, active.now) == renewal_quote(active.account)
    for book in (lapsed(), past_due()):
        assert next_quote(book.account, BACK) == reactivation_quote(book.account, BACK)
