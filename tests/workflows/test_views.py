"""What the account's view says may be done with it is what the core takes (R3, R4, R6, R13, R14)."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from reprise.statemachine import machine
from reprise.statemachine.account import Account
from reprise.statemachine.commands import AnyCommand, Cancel, Reactivate
from reprise.statemachine.refusals import Refused
from reprise.workflows.account_views import account_view
from tests.statemachine.book import Book
from tests.workflows.records import ALL


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
