"""How the chart is driven: put where a record is, moved by events, each of them whole or not at all, and left.

An instance of the chart costs 290 KB and 1.9 ms; putting one somewhere costs next to nothing. So instances are lent: to
whoever decides, for that decision, and then to the next. There are as many as threads have ever decided at once.
"""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

from statemachine.exceptions import TransitionNotAllowed
from statemachine.orderedset import OrderedSet

from reprise.statemachine.access import access_until
from reprise.statemachine.account import Account, AccountState
from reprise.statemachine.chart import AccountChart
from reprise.statemachine.decisions import Decisions
from reprise.statemachine.effects import Announce, Effect
from reprise.statemachine.refusals import RefusalCode, Refused
from reprise.statemachine.standing import is_in_service, place_of

Effects = tuple[Effect, ...]

_idle: Final[deque[AccountChart]] = deque()
"""Charts that nobody uses, holding no account. A deque's `pop` and `append` are safe between threads."""


@contextmanager
def chart_with(account: Account) -> Iterator[AccountChart]:
    """Lend a chart with a record in it, for one decision.

    One that anything but a refusal has broken off is not lent again: Temporal's deadlock detector, for one, interrupts
    a thread wherever it is.
    """
    try:
        chart = _idle.pop()
    except IndexError:
        chart = AccountChart(Decisions())
    chart.model.take_up(account)
    try:
        yield chart
    except Refused:
        _leave(chart)
        raise
    _leave(chart)


def _leave(chart: AccountChart) -> None:
    chart.model.leave()
    chart._engine.clear_cache()  # noqa: SLF001 - the library (3.2) keeps the last event there until the next one
    _idle.append(chart)


class Driver:
    """A chart that was lent, and the record in it."""

    def __init__(self, chart: AccountChart) -> None:
        self._chart = chart
        self.model = chart.model

    @property
    def account(self) -> Account:
        """The record as it stands."""
        return self.model.account

    @property
    def _is_closed(self) -> bool:
        return self.account.state is AccountState.CLOSED

    def _happen(self, trigger: str, now: datetime, **facts: Any) -> Effects:
        before = self.model.account
        self._chart.current_state_value = OrderedSet(place_of(before.state))
        self.model.begin()
        try:
            self._chart.send(trigger, now=now, **facts)
        except TransitionNotAllowed:
            raise refusal(before) from None
        except Refused:
            self.model.account = before
            raise
        return self._conclude(self._state(), now)

    def _if_allowed(self, trigger: str, now: datetime, **facts: Any) -> Effects:
        try:
            return self._happen(trigger, now, **facts)
        except Refused:
            return ()

    def _note(self, now: datetime, action: Callable[[], None]) -> Effects:
        """Let something be noted that moves no state."""
        self.model.begin()
        action()
        return self._conclude(self.account.state, now)

    def _conclude(self, state: AccountState, now: datetime) -> Effects:
        entries = self.model.conclude(state, now, access_until)
        return (*self.model.effects, *(Announce(entry=entry) for entry in entries))

    def _state(self) -> AccountState:
        return next(state for state in AccountState if state.value in self._chart.configuration_values)


def refusal(account: Account) -> Refused:
    """Return how an event is refused that the account's state does not know."""
    if account.state is AccountState.CLOSED:
        return Refused(RefusalCode.ACCOUNT_CLOSED, "This account is closed for good. Open a new one.")
    if is_in_service(account):
        return Refused(RefusalCode.ALREADY_IN_SERVICE, "This account is in service: there is nothing to bring back.")
    return Refused(
        RefusalCode.NOT_IN_SERVICE,
        "This account is out of service. Reactivate it first (with its quote).",
    )
