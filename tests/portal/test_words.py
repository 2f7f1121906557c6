"""States, payments and history in plain words: sums and instants as the rules have them."""

import inspect
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from babel import Locale

from reprise.portal import words
from reprise.portal.localized import Local
from reprise.statemachine import decisions
from reprise.statemachine.quotes import free_quote, upfront_quote
from reprise.statemachine.terms import Term
from reprise.statemachine.timeline import TIMER, Actor, ActorKind, TimelineEntry
from reprise.workflows.messages import AccountView, Plan

EN = Local(Locale("en"))
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


def entry(kind: str, **facts: Any) -> TimelineEntry:
    given = {"sequence": 1, "at": END, "actor": TIMER, "from_state": "active", "to_state": "disabled", **facts}
    return TimelineEntry(type=f"account.{kind}", **given)


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
    assert "The last month could not be collected: the bank does not take this card any more." in said(failed)
    assert "contact support" in said(view("disabled", disabled_reason="operator"))
    assert "first payment failed" in said(view("disabled", disabled_reason="first_payment_failed"))


def test_R8_a_payment_under_way() -> None:
    """Neither in service nor failed: it says so."""
    assert said(view("disabled", payment={"status": "collecting", "amount": 12500})).startswith("Payment under way")
    assert said(view("disabled", payment={"status": "requires_action", "amount": 12500})).startswith("One step to go")


def test_yen_are_whole() -> None:
    """E11: 2000 yen."""
    account = view("active", carts=4, plan={"currency": "jpy", "unit_amount": 500}, timezone="Asia/Tokyo")
    assert said(account) == "In service. Renews Feb 28, 2027 for ¥2,000 (4 carts × ¥500)."


def test_R17_every_kind_of_entry_has_its_own_sentence() -> None:
    """Each type that the core can note is told in words, and no reason meant for operators is shown."""
    source = inspect.getsource(decisions)
    kinds = {*re.findall(r'_note(?:_payment)?\(\s*"(\w+)"', source), "activated", "reactivated", "renewed"}
    assert len(kinds) > 15
    told = {kind: words.told(entry(kind, amount=7500, currency="usd", carts=3), "UTC", EN) for kind in kinds}
    plain = {kind: f"{kind.replace('_', ' ').capitalize()}." for kind in kinds}
    assert not {kind for kind in kinds if told[kind] == plain[kind]}
    by_operator = entry("disabled", reason="suspected fraud", actor=Actor(kind=ActorKind.OPERATOR, id="op"))
    assert words.told(by_operator, "UTC", EN) == "Disabled by support."


def test_who_did_it() -> None:
    """The reader, another user, support, the payment service, or time itself."""
    mine = entry("cancelled", actor=Actor(kind=ActorKind.USER, id="user-7"))
    assert words.who(mine, "user-7") == "You"
    assert words.who(mine, "user-8") == "A user of your shop"
    assert words.who(entry("disabled"), "user-7") == "Automatic"
