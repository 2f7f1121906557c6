"""R16: whether and until when an account may work, from what is known without a worker."""

from datetime import timedelta

import pytest

from reprise.statemachine import editions
from reprise.statemachine.access import access_until, grace_until, may_work
from reprise.statemachine.account import AccountState
from reprise.statemachine.chart import AccountChart
from reprise.statemachine.deadlines import deadline_of
from reprise.statemachine.standing import IN_SERVICE
from tests.statemachine.book import Book, utc
from tests.statemachine.standings import cancelled, lapsed, past_due, payment_of

END = utc("2027-02-28T10:00")
LATER = END + timedelta(days=7)


def test_R16_in_service_is_the_charts_compound_state() -> None:
    """Neither knows a state that the other does not."""
    assert {state.value for state in AccountChart.states_map["in_service"].states} == IN_SERVICE


@pytest.mark.parametrize("state", [*AccountState, None])
def test_R16_access_ends_on_the_second(state: AccountState | None) -> None:
    """Half-open, like every interval; out of service, or not opened yet, there is none."""
    assert may_work(state, END, END - timedelta(seconds=1)) == (state in IN_SERVICE)
    assert not may_work(state, END, END)
    assert not may_work(state, None, END)


def test_R9_R16_grace_is_what_goes_past_the_term() -> None:
    """Without a term that is known, all of it."""
    assert grace_until(END, LATER) == LATER
    assert grace_until(None, LATER) == LATER
    assert grace_until(END, END) is None
    assert grace_until(END, None) is None


def test_R16_until_when_an_account_has_access_without_a_worker() -> None:
    """term.end when cancelled, plus the retries when it renews, the last retry when past due."""
    assert Book.open().access_until == utc("2027-03-07T10:00")
    assert cancelled().access_until == utc("2027-02-28T10:00")
    assert past_due().access_until == utc("2027-03-07T10:00")
    assert lapsed().access_until is None


def test_R16_a_damaged_record_has_neither_access_nor_anything_to_do() -> None:
    """In service without a term: no account is so; whoever reads one all the same is told that it may not work."""
    damaged = Book.open().account.model_copy(update={"term": None})
    assert (access_until(damaged), deadline_of(damaged)) == (None, None)
    unpaid = past_due().account.model_copy(update={"payment": None})
    assert access_until(unpaid) == utc("2027-03-07T10:00")


def test_R16_by_edition_1_a_stopped_renewal_has_access_to_its_next_try() -> None:
    """As 0.1.0 said: beyond the last retry, hour by hour."""
    book = Book.open(edition=editions.FIRST).at("2027-02-20T10:00")
    book.card = "stopped"
    book.at("2027-03-10T10:30")
    assert (book.state, book.access_until) == ("past_due", utc("2027-03-10T11:00"))


def test_R28_R16_access_by_edition_1() -> None:
    """Until the last retry, or a later try that is planned; of one that is active, whatever its payment says."""
    elsewhere = Book.open(edition=editions.FIRST, paid_through=utc("2027-02-10T10:00"))
    assert access_until(elsewhere.account) == utc("2027-02-17T10:00")
    book = Book.open(edition=editions.FIRST)
    in_service = book.account.model_copy(
        update={"payment": payment_of(book).model_copy(update={"next_attempt_at": utc("2028-01-01T10:00")})}
    )
    assert access_until(in_service) == utc("2027-03-07T10:00")
    book.card = "generic_decline"
    book.at("2027-02-28T10:00")
    assert access_until(book.account) == utc("2027-03-07T10:00")
    book.card = "stopped"
    book.at("2027-03-07T10:00")
    assert access_until(book.account) == utc("2027-03-07T11:00")
