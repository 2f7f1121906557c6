"""R3, R4: cancelling, at the term's end or at once, and a change of mind."""

import pytest

from reprise.statemachine.commands import Cancel, ChangePlan, Reactivate, SetCarts
from reprise.statemachine.money import Plan
from reprise.statemachine.refusals import RefusalCode
from tests.statemachine.book import Book, utc
from tests.statemachine.standings import cancelled, lapsed, past_due, refusal


def test_R3_cancelling_again_succeeds_and_changes_nothing() -> None:
    """At the term's end, that is."""
    book = cancelled()
    before = book.account
    book.do(Cancel())
    assert book.account == before


def test_E24_cancel_now_on_a_cancelled_account_ends_it_at_once() -> None:
    """Disabled on the day, and back for free until the paid term is over (R3)."""
    book = cancelled().at("2027-02-15T10:00")
    book.do(Cancel(when="now"))
    assert (book.state, book.account.disabled_reason) == ("disabled", "cancelled")
    book.at("2027-02-27T10:00").do(Reactivate(expected_amount=0))
    assert (book.state, book.charged) == ("reactivated", [7500])
    assert book.account.term is not None
    assert book.account.term.end == utc("2027-02-28T10:00")


def test_R3_cancelling_out_of_service_is_refused() -> None:
    """There is nothing to cancel."""
    assert refusal(lapsed(), Cancel()) is RefusalCode.NOT_IN_SERVICE


@pytest.mark.parametrize("state", ["active", "reactivated"])
def test_R4_a_change_of_mind_returns_to_the_state_it_was_cancelled_from(state: str) -> None:
    """No charge, same term."""
    book = Book.open() if state == "active" else lapsed()
    if state == "reactivated":
        book.do(Reactivate())
    before, charged = book.account.term, list(book.charged)
    book.do(Cancel())
    book.do(Reactivate(expected_amount=0))
    assert (book.state, book.account.term, book.charged) == (state, before, charged)


def test_R3_a_cancellation_survives_unrelated_commands() -> None:
    """Carts, plan, card and hints neither un-cancel nor charge."""
    book = cancelled()
    book.do(SetCarts(carts=9))
    book.do(ChangePlan(plan=Plan(currency="usd", unit_amount=100)))
    book.replace_card("good")
    book.hint()
    assert book.state == "cancelled"
    assert (book.at("2027-02-28T10:00").state, book.charged) == ("disabled", [7500])


@pytest.mark.parametrize(
    "command",
    [Cancel(expected_state="past_due"), Cancel(expected_payment="a1:1"), Cancel(when="now", expected_state="disabled")],
)
def test_R3_a_stale_button_does_nothing(command: Cancel) -> None:
    """The account was renewed since the page was shown (row 21)."""
    book = Book.open().at("2027-03-05T10:00")
    assert refusal(book, command) is RefusalCode.STATE_CHANGED


def test_R3_a_button_that_is_current_does_what_it_says() -> None:
    """Past due and cancelled, by the payment that the page showed."""
    book = past_due()
    book.do(Cancel(expected_state="past_due", expected_payment="a1:2"))
    assert book.state == "disabled"


def test_R3_a_reason_is_what_was_chosen_and_what_was_written() -> None:
    """Stripe's own list, and a comment."""
    book = Book.open()
    book.do(Cancel(feedback="too_expensive", reason="for now"))
    assert book.account.timeline[-1].reason == "too_expensive: for now"


def test_R3_an_account_that_ends_says_why() -> None:
    """At once, by what its owner says, else only that they cancelled; at the term's end as well."""
    for given, told in ((Cancel(when="now"), "cancelled"), (Cancel(when="now", reason="too dear"), "too dear")):
        book = Book.open()
        book.do(given)
        assert book.account.timeline[-1].reason == told
    ended = lapsed().account.timeline[-1]
    assert (ended.type, ended.reason, ended.at) == ("account.disabled", "cancelled", utc("2027-02-28T10:00"))


def test_R3_a_page_that_shows_a_payment_is_stale_where_there_is_none() -> None:
    """Paid elsewhere."""
    book = Book.open(paid_through=utc("2027-02-28T10:00"))
    assert refusal(book, Cancel(expected_payment="a1:1")) is RefusalCode.STATE_CHANGED


def test_R3_why_a_past_due_owner_leaves_is_told() -> None:
    """What they chose, and what they wrote; else only that they cancelled."""
    book = past_due()
    book.do(Cancel(feedback="too_expensive", reason="too dear"))
    assert book.account.timeline[-1].reason == "too_expensive: too dear"
    silent = past_due()
    silent.do(Cancel())
    assert silent.account.timeline[-1].reason == "cancelled"
