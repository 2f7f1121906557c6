"""R16: an access lease answers while the API is out of reach, and ends when access ends."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from reprise.client import AccessLease, AccountNotFound, Unreachable
from reprise.client.exchange import Outcome
from reprise.client.lease import PATIENCE, leased
from tests.client.conversations import OPTIONS, Conversation, answered, drive, problem

DOWN = httpx.ConnectError("[Errno 111] Connection refused")


def access(*, until: datetime | None, **changes: Any) -> httpx.Response:
    """Return an answer of `/access`."""
    said = until.isoformat() if until else None
    return answered(200, {"access": until is not None, "state": "active", "until": said, **changes})


def from_now(**span: float) -> datetime:
    """Return an instant that far from now, in whole seconds as the API says them."""
    return (datetime.now(UTC) + timedelta(**span)).replace(microsecond=0)


def asked(lease: AccessLease, *outcomes: Outcome) -> Conversation:
    """Ask a lease, and through it the API."""
    return drive(leased(lease, OPTIONS), outcomes)


def test_R16_an_answer_is_believed_for_a_while() -> None:
    """The API is asked once, then again when the answer is old."""
    lease = AccessLease("shop-42")
    assert asked(lease, access(until=from_now(days=3))).answer is True
    assert asked(lease).sent == []
    assert lease.answered_at is not None
    lease.answered_at -= lease.refresh_after
    later = asked(lease, access(until=None, state="disabled"))
    assert (len(later.sent), later.answer) == (1, False)


@pytest.mark.parametrize("failure", [DOWN, answered(503, problem(503, "engine_unavailable"), retry_after="5")])
def test_R16_while_the_API_is_out_of_reach_the_last_answer_decides(
    failure: "httpx.Response | httpx.RequestError",
) -> None:
    """By its `until` and this clock: neither sooner nor later."""
    lease = AccessLease("shop-42", refresh_after=timedelta())
    asked(lease, access(until=from_now(hours=1)))
    told = drive(leased(lease, OPTIONS), [failure] * 20)
    assert told.answer is True
    assert lease.answer is not None
    lease.answer = lease.answer.model_copy(update={"until": from_now(seconds=-1)})
    assert drive(leased(lease, OPTIONS), [failure] * 20).answer is False


def test_R16_a_fresh_answer_ends_with_its_until_as_well() -> None:
    """A lease is no longer than access is."""
    lease = AccessLease("shop-42", refresh_after=timedelta(days=1))
    assert asked(lease, access(until=from_now(seconds=-1), access=True)).answer is False
    assert asked(lease).answer is False


def test_whoever_serves_somebody_does_not_wait_long() -> None:
    """A try takes two seconds at the most, however patient the client is."""
    lease = AccessLease("shop-42")
    told = asked(lease, access(until=from_now(hours=1)))
    assert told.sent[0].extensions["timeout"]["read"] == PATIENCE


def test_without_an_answer_nothing_is_made_up() -> None:
    """The error is the caller's to judge."""
    told = drive(leased(AccessLease("shop-42"), OPTIONS), [DOWN] * 20)
    assert isinstance(told.error, Unreachable)


def test_R19_an_account_that_is_none_has_no_lease() -> None:
    """What was known is dropped."""
    lease = AccessLease("shop-42", refresh_after=timedelta())
    asked(lease, access(until=from_now(hours=1)))
    told = asked(lease, answered(404, problem(404, "account_not_found")))
    assert isinstance(told.error, AccountNotFound)
    assert isinstance(drive(leased(lease, OPTIONS), [DOWN] * 20).error, Unreachable)


def test_a_clock_that_was_set_back_makes_no_answer_fresh_for_ever() -> None:
    """An answer of the future is asked for again."""
    lease = AccessLease("shop-42")
    asked(lease, access(until=from_now(hours=1)))
    lease.answered_at = from_now(hours=1)
    assert len(asked(lease, access(until=from_now(hours=1))).sent) == 1
