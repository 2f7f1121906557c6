"""What the account's view says may be done with it is what the core takes (R3, R4, R6, R13, R14)."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from reprise.statemachine import machine
from reprise.statemachine.account import Account
from reprise.statemachine.commands import AnyCommand, Cancel, Reactivate
from reprise.statemachine.refusals import Refused
from reprise.temporal.search_attributes import DECLINE_CODE
from reprise.workflows.account_views import account_view
from reprise.workflows.visibility import search_attributes
from tests.statemachine.book import Book, utc
from tests.workflows.records import ALL, active, closed, disabled_operator, past_due


def takes(account: Account, command: AnyCommand) -> bool:
    try:
        machine.take(account, command, _soon(account))
    except Refused:
        return False
    return True


def _soon(account: Account) -> datetime:
    last = account.timeline[-1].at if account.timeline else account.opened_at
    return last + timedelta(minutes=1)


@pytest.mark.parametrize("standing", ALL, ids=lambda each: each.__name__)
def test_R3_R6_what_may_be_done_is_what_the_core_takes(standing: Callable[[], Account]) -> None:
    """Of each standing: cancelling at once, taking it back, coming back, calling off."""
    account = standing()
    view = account_view(account)
    assert (view.may_cancel or view.may_cancel_payment) == takes(account, Cancel(when="now"))
    assert (view.may_resume or view.may_reactivate) == takes(account, Reactivate())
    assert not (view.may_cancel and view.may_cancel_payment)
    assert not (view.may_resume and view.may_reactivate)


def test_R3_cancelling_ends_service_at_once_where_nothing_is_paid_ahead() -> None:
    """Past due, and nowhere else."""
    for standing in ALL:
        account = standing()
        view = account_view(account)
        if view.may_cancel:
            after = machine.take(account, Cancel(), _soon(account)).account
            assert view.cancels_at_once == (not account_view(after).in_service), standing.__name__


def test_predicates_are_no_fields() -> None:
    """What is sent over HTTP and kept in answers is what it was."""
    sent = account_view(Book.open().account).model_dump(mode="json")
    assert not [name for name in (*sent, *sent["payment"]) if name.startswith(("may_", "is_"))]
    assert list(sent)[:6] == ["account_id", "email", "state", "in_service", "renews", "disabled_reason"]


def _full() -> Account:
    """A record in which nothing of the payment is as by default."""
    account = past_due()
    assert account.payment is not None
    changes = {"do_not_retry": True, "action_url": "https://pay.example.com/in", "invoice_id": "in_7"}
    return account.model_copy(update={"payment": account.payment.model_copy(update=changes)})


def test_the_view_shows_what_the_record_says() -> None:
    """Field by field."""
    account = _full()
    sent = account_view(account).model_dump(mode="json")
    assert sent["payment"] == {
        "key": "a1:2",
        "status": "declined",
        "amount": 7500,
        "currency": "usd",
        "invoice_id": "in_7",
        "decline_code": "insufficient_funds",
        "action_url": "https://pay.example.com/in",
        "next_attempt_at": "2027-03-03T10:00:00Z",
        "do_not_retry": True,
    }
    assert (sent["account_id"], sent["email"], sent["carts"]) == ("a1", "owner@example.com", 3)
    assert (sent["in_service"], sent["renews"], account_view(disabled_operator()).in_service) == (True, True, False)
    summary = "payment retry 2 of 4: the bank refuses this card"
    assert sent["next"] == {"kind": "payment_due", "at": "2027-03-03T10:00:00Z", "summary": summary}
    assert account_view(closed()).next is None
    unpaid = account_view(account.model_copy(update={"payment": None})).payment
    assert (unpaid.key, unpaid.status) == (None, "none")


ACTIVE = {
    "AccountState": "active",
    "PaymentStatus": "paid",
    "Carts": 3,
    "TermEndsAt": utc("2027-04-30T10:00"),
    "AccessUntil": utc("2027-05-07T10:00"),
    "StateSince": utc("2027-01-31T10:00"),
    "NextAction": "renew",
}
PAST_DUE = {
    "AccountState": "past_due",
    "PaymentStatus": "declined",
    "Carts": 3,
    "TermEndsAt": utc("2027-02-28T10:00"),
    "AccessUntil": utc("2027-03-07T10:00"),
    "StateSince": utc("2027-02-28T10:00"),
    "DeclineCode": "insufficient_funds",
    "NextAction": "retry_payment",
    "RetriesAt": ["2027-03-03T10:00:00Z", "2027-03-05T10:00:00Z", "2027-03-07T10:00:00Z"],
}
CLOSED = {
    "AccountState": "closed",
    "PaymentStatus": "paid",
    "Carts": 3,
    "TermEndsAt": utc("2027-02-28T10:00"),
    "StateSince": utc("2027-02-10T10:00"),
}
UNPAID = {
    "AccountState": "disabled",
    "PaymentStatus": "none",
    "Carts": 3,
    "StateSince": utc("2027-02-10T10:00"),
    "DisabledReason": "operator",
    "NextAction": "enable",
}


def _unpaid() -> Account:
    return disabled_operator().model_copy(update={"payment": None, "term": None})


@pytest.mark.parametrize(
    ("standing", "expected"), [(active, ACTIVE), (past_due, PAST_DUE), (closed, CLOSED), (_unpaid, UNPAID)]
)
def test_R16_what_the_lists_know_of_an_account(standing: Callable[[], Account], expected: dict[str, object]) -> None:
    """What there is, and nothing else."""
    account = standing()
    shown = {each.key.name: each.value for each in search_attributes(account)}
    assert shown == expected
    shown = {each.key.name: each.value for each in search_attributes(account, ("crm", "shop"))}
    assert shown == expected | {"UndeliveredTo": ["crm", "shop"]}


@pytest.mark.parametrize("length", [100, 101])
def test_R16_the_lists_show_the_beginning_of_a_code_however_long(length: int) -> None:
    account = past_due()
    assert account.payment is not None
    payment = account.payment.model_copy(update={"decline_code": "c" * length})
    shown = search_attributes(account.model_copy(update={"payment": payment}))
    assert shown[DECLINE_CODE] == "c" * 100
