"""States, payments and history in plain words: sums and instants as the rules have them."""

from datetime import UTC, datetime
from typing import Any

import pytest
from babel import Locale

from reprise.portal import words
from reprise.portal.localized import LocalFormat
from reprise.statemachine.quotes import free_quote, upfront_quote
from reprise.statemachine.terms import Term
from reprise.workflows.messages import AccountView, Plan
from tests.portal.entries import entry

EN = LocalFormat(Locale("en"))
START, END = datetime(2027, 1, 31, 10, 0, tzinfo=UTC), datetime(2027, 2, 28, 10, 0, tzinfo=UTC)


def view(state: str, **changes: Any) -> AccountView:
    return AccountView.model_validate(
        {
            "account_id": "shop-1",
            "email": "owner@example.com",
            "state": state,
            "in_service": state not in {"disabled", "closed"},
            "renews": state in {"active", "reactivated"},
            "disabled_reason": None,
            "carts": 3,
            "plan": {"currency": "usd", "unit_amount": 2500},
            "timezone": "UTC",
            "opened_at": START,
            "anchor": START,
            "term": {"start": START, "end": END},
            "payment": {"status": "paid", "amount": 7500},
            "sequence": 2,
            **changes,
        }
    )


def said(account: AccountView, **more: Any) -> str:
    standing = words.standing(account, EN, **more)
    return " ".join([standing.headline + ".", *standing.sentences]).replace("\u202f", " ")


@pytest.mark.parametrize("state", ["active", "reactivated"])
def test_R5_in_service(state: str) -> None:
    """When it renews, and for how much."""
    assert said(view(state)) == "In service. Renews Feb 28, 2027 for $75.00 (3 carts × $25.00)."


def test_R5_nothing_to_pay() -> None:
    """0 carts: it renews all the same."""
    assert said(view("active", carts=0)) == (
        "In service. Renews Feb 28, 2027. There is nothing to pay: $0.00 (0 carts × $25.00)."
    )


def test_R3_cancelled() -> None:
    """To the instant, and that it can be undone (R4)."""
    assert said(view("cancelled")).startswith("Cancelled. Works until Feb 28, 2027, 10:00 AM (UTC). Nothing more")


def test_R9_past_due() -> None:
    """Why, and when it is tried again; the shop goes on (grace)."""
    payment = {"status": "declined", "amount": 7500, "decline_code": "expired_card", "next_attempt_at": END}
    assert said(view("past_due", payment=payment)) == (
        "Payment failed. We could not collect $75.00: the card has expired."
        " We try again on Feb 28, 2027, 10:00 AM (UTC). Your shop goes on working meanwhile."
    )
    asked = {"status": "requires_action", "amount": 7500, "next_attempt_at": END}
    assert "Your bank wants you to confirm the payment of $75.00." in said(view("past_due", payment=asked))
    assert "We are trying again" in said(view("past_due", payment={"status": "collecting", "amount": 7500}))


def test_R6_disabled() -> None:
    """Since when, why, and what coming back costs: the quote's sum, or nothing within the term."""
    plan, since = Plan(currency="usd", unit_amount=2500), entry("disabled")
    account = view("disabled", disabled_reason="cancelled")
    quote = upfront_quote(plan, 5, Term(start=END, end=datetime(2027, 3, 28, tzinfo=UTC)))
    assert said(account, quote=quote, since=since) == (
        "Disabled since Feb 28, 2027. Coming back costs $125.00 for the upcoming month."
    )
    free = free_quote(plan, 3, Term(start=START, end=END))
    assert "Coming back costs nothing: it is paid until Feb 28, 2027" in said(account, quote=free)
    failed = view(
        "disabled", disabled_reason="payment_failed", payment={"status": "declined", "decline_code": "lost_card"}
    )
    assert "The last month could not be collected: your bank declined it without saying why." in said(failed)
    assert "contact support" in said(view("disabled", disabled_reason="operator"))
    assert "first payment failed" in said(view("disabled", disabled_reason="first_payment_failed"))


def test_R8_a_payment_under_way() -> None:
    """Neither in service nor failed: it says so."""
    assert said(view("disabled", payment={"status": "collecting", "amount": 12500})).startswith("Payment under way")
    assert said(view("disabled", payment={"status": "requires_action", "amount": 12500})).startswith("One step to go")


def test_R9_a_card_that_the_bank_refuses_for_good() -> None:
    """E19: nobody is told that it is tried again; another card can pay until the last retry's instant."""
    payment = {"status": "declined", "amount": 7500, "decline_code": "lost_card", "next_attempt_at": END}
    told = said(view("past_due", payment={**payment, "do_not_retry": True}))
    assert "we do not ask it again. Add another one by Feb 28, 2027, 10:00 AM (UTC)." in told
    assert "We try again" not in told
    assert "We try again" in said(view("past_due", payment=payment))


@pytest.mark.parametrize(
    ("state", "headline", "follows"),
    [
        ("disabled", "Payment on its way", "Your shop works again as soon as it has arrived."),
        ("active", "In service", "Your shop goes on working meanwhile."),
        ("reactivated", "In service", "Your shop goes on working meanwhile."),
        ("past_due", "Payment on its way", "Your shop goes on working meanwhile."),
    ],
)
def test_R21_a_payment_that_takes_days(state: str, headline: str, follows: str) -> None:
    """Neither paid nor failed: who has it now, how long it takes, and whether the shop works meanwhile."""
    told = said(view(state, payment={"status": "processing", "amount": 7500}))
    assert told.startswith(headline)
    assert "Your bank is transferring $75.00" in told
    assert "This takes a few days." in told
    assert told.endswith(follows)


def test_R16_a_renewal_under_way() -> None:
    """The term has ended and the outcome is awaited: it does not say that it renews on a day that is past."""
    told = said(view("active", payment={"status": "collecting", "amount": 7500}))
    assert told == "In service. We are collecting $75.00 for the next month. Your shop goes on working meanwhile."


def test_R26_an_open_payment_is_in_its_own_currency() -> None:
    """After a change of the plan to yen, 75 dollars are not 7,500 yen; the new price is told beside it."""
    yen = {"currency": "jpy", "unit_amount": 500}
    for state in ("past_due", "disabled"):
        for status in ("declined", "requires_action", "collecting", "processing"):
            payment = {"status": status, "amount": 7500, "currency": "usd", "decline_code": "do_not_honor"}
            account = view(state, plan=yen, payment=payment)
            assert "¥" not in said(account)
            assert words.amount_of(account, EN) == "$75.00"
    assert words.price(view("past_due", plan=yen), EN) == "¥1,500 (3 carts × ¥500)"


def test_R1_a_first_payment_that_is_tried_again_by_itself() -> None:
    """Stopped on our side: nobody has to press anything."""
    payment = {"status": "declined", "decline_code": "payment_stopped", "amount": 7500, "next_attempt_at": END}
    told = said(view("disabled", disabled_reason="first_payment_failed", payment=payment))
    assert "something is wrong on our side" in told
    assert "We try again on Feb 28" in told


def test_yen_are_whole() -> None:
    """E11: 2000 yen."""
    account = view("active", carts=4, plan={"currency": "jpy", "unit_amount": 500}, timezone="Asia/Tokyo")
    assert said(account) == "In service. Renews Feb 28, 2027 for ¥2,000 (4 carts × ¥500)."
