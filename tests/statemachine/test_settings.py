"""R11, R26: carts, payment method and billing e-mail."""

import pytest

from reprise.statemachine import editions
from reprise.statemachine.commands import AnyCommand, ChangePlan, SetCarts, SetEmail, SetPaymentMethod
from reprise.statemachine.money import Plan
from reprise.statemachine.outcomes import Paid
from reprise.statemachine.refusals import Refused
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


def test_R11_R20_a_setting_that_costs_too_much_is_refused_by_its_field() -> None:
    """Carts at this price, or a price of these carts; of an opening what is the nearer fault."""
    book = Book.open(plan=Plan(currency="usd", unit_amount=99_999_999), carts=1)
    dear = Plan(currency="usd", unit_amount=50_000_001)
    with pytest.raises(Refused) as carts:
        book.do(SetCarts(carts=2))
    book.do(ChangePlan(plan=Plan(currency="usd", unit_amount=1000)))
    book.do(SetCarts(carts=2))
    with pytest.raises(Refused) as price:
        book.do(ChangePlan(plan=dear))
    assert (carts.value.field, price.value.field) == ("carts", "plan.unit_amount")
    small = Plan(currency="usd", unit_amount=10)
    for edition, plan, number, field in (
        (editions.FIRST, dear, 2, "carts"),
        (editions.SECOND, dear, 2, "carts"),
        (editions.SECOND, small, 1, "plan.unit_amount"),
    ):
        with pytest.raises(Refused) as refused:
            Book.open(edition=edition, plan=plan, carts=number)
        assert refused.value.field == field


def test_R11_R17_a_setting_is_told_with_its_value() -> None:
    """Once: what is as it was is no change."""
    book = Book.open()
    for _ in range(2):
        book.do(SetCarts(carts=9))
        book.do(ChangePlan(plan=Plan(currency="eur", unit_amount=1000)))
    carts, plan = book.account.timeline[2:]
    assert (carts.type, carts.carts) == ("account.carts_changed", 9)
    assert (plan.type, plan.amount, plan.currency) == ("account.plan_changed", 1000, "eur")


def test_R26_the_billing_email_is_changed_where_stripe_has_taken_it() -> None:
    """Refused by Stripe, it stays as it was."""
    book = Book.open()
    book.do(SetEmail(email="new@example.com"))
    assert (book.account.email, len(entries(book.account, "email_changed"))) == ("new@example.com", 1)
    book.key_is_wrong = True
    book.do(SetEmail(email="other@example.com"))
    assert book.account.email == "new@example.com"
