"""R16: whether an account may work is decided in one place, from what is known without a worker."""

from datetime import timedelta

import pytest

from reprise.statemachine.access import grace_until, may_work
from reprise.statemachine.account import AccountState
from reprise.statemachine.chart import AccountChart
from reprise.statemachine.standing import IN_SERVICE
from tests.statemachine.book import utc

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
