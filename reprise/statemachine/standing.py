"""What an account's state means: sets of states, taken from the chart's own compound states and transitions once."""

from collections.abc import Iterator
from typing import Final

from statemachine import State

from reprise.statemachine.account import Account, AccountState
from reprise.statemachine.chart import AccountChart


def _inside(compound: str) -> frozenset[AccountState]:
    return frozenset(AccountState(each.value) for each in AccountChart.states_map[compound].states)


def _allowing(event: str) -> frozenset[AccountState]:
    known = (each for each in AccountState if event in AccountChart.states_map[each.value].transitions.unique_events)
    return frozenset(known)


IN_SERVICE: Final = _inside("in_service")
"""The states in which an account may work."""

MAY_REACTIVATE: Final = _allowing("reactivate")
"""The states from which an account can come back (R4, R6)."""


def is_in_service(account: Account) -> bool:
    """Whether the account is in the chart's compound state "in service"."""
    return account.state in IN_SERVICE


def renews(account: Account) -> bool:
    """Whether the account goes on into a next term by itself (R5)."""
    return is_in_service(account) and account.state is not AccountState.CANCELLED


def place_of(state: AccountState) -> tuple[str, ...]:
    """Return where the chart is when an account is in `state`: the states around it, then itself."""
    return _PLACES[state]


def _around(state: State) -> Iterator[str]:
    if state.parent is not None:
        yield from _around(state.parent)
    yield state.value


_PLACES: Final = {each: tuple(_around(AccountChart.states_map[each.value])) for each in AccountState}
