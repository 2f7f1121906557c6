"""R20: sums and prices that Stripe does not charge."""

import pytest

from reprise.statemachine import machine
from reprise.statemachine.commands import ChangePlan, SetCarts
from reprise.statemachine.money import Plan
from reprise.statemachine.refusals import RefusalCode, Refused
from tests.statemachine.book import Book, opening, utc
from tests.statemachine.standings import refusal


def test_R20_a_sum_beyond_what_stripe_charges_is_refused_before_anything() -> None:
    """At opening, for carts and for the plan."""
    with pytest.raises(Refused) as opened:
        machine.open_account(opening(carts=10_000, plan=Plan(currency="usd", unit_amount=10_000)), utc("2027-01-01"))
    assert (opened.value.code, opened.value.field) == (RefusalCode.INVALID_REQUEST, "carts")
    assert refusal(Book.open(plan=Plan(currency="usd", unit_amount=10_000)), SetCarts(carts=10_000)) is (
        RefusalCode.INVALID_REQUEST
    )
    with pytest.raises(Refused):
        machine.open_account(opening(plan=Plan(currency="kwd", unit_amount=1234)), utc("2027-01-01"))


def test_R20_a_price_that_stripe_does_not_charge_is_refused() -> None:
    """Three carts at 0.10 USD: 0.30; the plan stays."""
    book = Book.open()
    with pytest.raises(Refused) as refused:
        book.do(ChangePlan(plan=Plan(currency="usd", unit_amount=10)))
    assert (refused.value.field, book.account.plan.unit_amount) == ("plan.unit_amount", 2500)


def test_R20_rupiah_have_a_larger_largest_sum() -> None:
    """docs.stripe.com/currencies#minimum-and-maximum-charge-amounts: twelve digits; the field at fault is named."""
    most = Plan(currency="idr", unit_amount=1_001_001_001)
    assert Book.open(carts=999, plan=most).charged == [999_999_999_999]
    with pytest.raises(Refused) as refused:
        machine.open_account(opening(carts=1000, plan=most), utc("2027-01-31T10:00"))
    assert refused.value.field == "carts"
    with pytest.raises(Refused) as changed:
        Book.open(carts=999, plan=most).do(SetCarts(carts=1000))
    assert changed.value.field == "carts"


def test_R20_a_price_that_stripe_does_not_charge_is_named_whatever_the_carts() -> None:
    with pytest.raises(Refused, match="steps of 100") as refused:
        machine.open_account(opening(plan=Plan(currency="ugx", unit_amount=205_050)), utc("2027-01-31T10:00"))
    assert refused.value.field == "plan.unit_amount"
