"""What lists say of an account: what is next, since when, which retries are ahead (R5, R9, R10, R13, R21)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from reprise.statemachine.account import Account
from reprise.statemachine.commands import Cancel, Disable
from reprise.statemachine.next_actions import NextAction
from reprise.statemachine.policy import BillingPolicy
from reprise.statemachine.waiting import in_state_since, next_action, retries_ahead
from tests.statemachine.book import Book, utc
from tests.workflows.records import STANDINGS, clearing, held_past_due, renewing

NEXT = {
    "active": NextAction.RENEW,
    "reactivated": NextAction.RENEW,
    "cancelled": NextAction.END_SERVICE,
    "past_due": NextAction.RETRY_PAYMENT,
    "disabled_cancelled": NextAction.REACTIVATE,
    "disabled_payment_failed": NextAction.REACTIVATE,
    "disabled_first_payment_failed": NextAction.REACTIVATE,
    "disabled_operator": NextAction.ENABLE,
    "held_past_due": NextAction.ENABLE,
    "requires_action": NextAction.AUTHENTICATE_PAYMENT,
    "collecting": NextAction.COLLECT_PAYMENT,
    "renewing": NextAction.COLLECT_PAYMENT,
    "clearing": NextAction.CLEAR_PAYMENT,
    "closed": None,
}


@pytest.mark.parametrize("standing", [*STANDINGS, renewing, clearing, held_past_due], ids=lambda each: each.__name__)
def test_what_is_next_of_every_standing(standing: Callable[[], Account]) -> None:
    """One word for each; and since when it is so: the last entry that changed the state."""
    account = standing()
    if standing.__name__ in NEXT:
        assert next_action(account) is NEXT[standing.__name__]
    changes = [each.at for each in account.timeline if each.from_state != each.to_state]
    assert in_state_since(account) == (changes[-1] if changes else None)
    assert not retries_ahead(account) or account.state == "past_due"


def past_due(card: str, **changes: Any) -> Book:
    book = Book.open(policy=BillingPolicy(**changes))
    book.card = card
    return book.at("2027-02-28T12:00")


def test_R9_the_retries_that_are_ahead_are_known_when_the_renewal_fails() -> None:
    """All of them, by the account's own policy: each that is made is the next of what was said before."""
    book = past_due("insufficient_funds", retry_days=(2, 4))
    end = utc("2027-02-28T10:00")
    said = retries_ahead(book.account)
    assert said == (end + timedelta(days=2), end + timedelta(days=4))
    book.at("2027-03-03T10:00")
    assert retries_ahead(book.account) == said[1:]
    book.do(Disable(reason="check"))
    assert retries_ahead(book.account) == ()


@pytest.mark.parametrize(
    ("card", "action", "retries"),
    [
        ("lost_card", NextAction.REPLACE_PAYMENT_METHOD, 0),
        ("authentication", NextAction.AUTHENTICATE_PAYMENT, 4),
        ("generic_decline", NextAction.RETRY_PAYMENT, 4),
        ("none", NextAction.REPLACE_PAYMENT_METHOD, 4),
        ("stopped", NextAction.FIX_REQUEST, 0),
    ],
)
def test_R9_what_mends_a_renewal_that_failed(card: str, action: NextAction, retries: int) -> None:
    """Another card where the bank refuses this one for good, the payer where they are to confirm, else a retry."""
    account = past_due(card).account
    assert next_action(account) is action
    assert len(retries_ahead(account)) == retries


def test_what_is_next_of_an_account_without_a_payment_or_with_one_that_is_made() -> None:
    """Paid elsewhere, then out of service; a first payment that stopped; a retry that is under way, or clearing."""
    book = Book.open(paid_through=utc("2027-02-28T10:00"))
    assert next_action(book.account) is NextAction.RENEW
    assert retries_ahead(book.account) == ()
    book.do(Cancel(when="now"))
    assert next_action(book.account) is NextAction.REACTIVATE
    assert next_action(Book.open(card="stopped").account) is NextAction.FIX_REQUEST
    late = past_due("insufficient_funds")
    late.fire_due(utc("2027-03-01T10:00"))
    assert (late.state, next_action(late.account)) == ("past_due", NextAction.COLLECT_PAYMENT)
    assert retries_ahead(late.account) == ()
    late = past_due("insufficient_funds")
    late.card = "processing"
    late.at("2027-03-01T10:00")
    assert (late.state, next_action(late.account)) == ("past_due", NextAction.CLEAR_PAYMENT)
    assert retries_ahead(late.account) == ()


def test_R3_cancelling_changes_what_is_next_and_since_when() -> None:
    """From renewing to ending."""
    book = Book.open().at("2027-02-10T10:00")
    before = in_state_since(book.account)
    book.do(Cancel())
    assert next_action(book.account) is NextAction.END_SERVICE
    assert before != in_state_since(book.account) == utc("2027-02-10T10:00")


def test_R9_a_renewal_that_stopped_for_our_own_fault_has_no_retries_ahead() -> None:
    """It is tried hourly until it is mended: the schedule counts from then. Without a payment nothing is tried."""
    book = past_due("stopped")
    assert book.state == "past_due"
    assert retries_ahead(book.account) == ()
    assert retries_ahead(book.account.model_copy(update={"payment": None})) == ()
